#include "kernel/cpu/irq.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/percpu.h"
#include "kernel/cpu/pic.h"
#include "kernel/cpu/trap.h"
#include "lib/assert.h"

static void (*handlers[PIC_LINES])(void);
static void (*on_end)(void);
static unsigned spurious;

// A line that goes back before the processor asks for the vector leaves the controller without an
// answer: it gives its lowest line, 7 or 15, and sets no in-service bit. Ending such an interrupt
// would end another one that is being served.
static bool is_spurious(unsigned irq)
{
    return (irq == 7 || irq == 15) && !pic_in_service(irq);
}

static void dispatch(struct trap_frame *frame)
{
    unsigned irq = (unsigned)frame->vector - PIC_FIRST_VECTOR;
    clock_leave_idle();
    if (is_spurious(irq)) {
        spurious++;
        return;
    }
    if (handlers[irq]) {
        this_cpu()->in_handler = true;
        handlers[irq]();
        this_cpu()->in_handler = false;
    }
    pic_acknowledge(irq);
    this_cpu()->from_user = trap_from_user(frame);
    if (on_end) {
        on_end();
    }
}

void irq_init(void)
{
    pic_init();
    for (unsigned irq = 0; irq < PIC_LINES; irq++) {
        trap_register(PIC_FIRST_VECTOR + irq, dispatch);
    }
}

void irq_register(unsigned irq, void (*handler)(void))
{
    ASSERT(irq < PIC_LINES && !handlers[irq]);
    bool interrupts = cpu_save_interrupts(); // two drivers must not change the mask at once
    handlers[irq] = handler;
    pic_unmask(irq);
    cpu_restore_interrupts(interrupts);
}

bool irq_in_handler(void)
{
    return this_cpu()->in_handler;
}

void irq_on_end(void (*callback)(void))
{
    ASSERT(!on_end);
    on_end = callback;
}

unsigned irq_spurious(void)
{
    return spurious;
}
