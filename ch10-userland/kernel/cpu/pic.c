#include "kernel/cpu/pic.h"

#include "kernel/cpu/io.h"
#include "lib/assert.h"

#define MASTER_COMMAND 0x20
#define MASTER_DATA 0x21
#define SLAVE_COMMAND 0xa0
#define SLAVE_DATA 0xa1
#define SLAVE_FIRST_IRQ 8
#define CASCADE_IRQ 2 // the master's line that the slave is wired to

// Initialisation and operation command words.
#define ICW1_INIT_WITH_ICW4 0x11 // edge triggered, cascaded
#define ICW4_8086_MODE 0x01
#define OCW2_END_OF_INTERRUPT 0x20
#define OCW3_READ_IN_SERVICE 0x0b

#define DELAY_PORT 0x80 // a diagnostic display, if anything: a write takes about a microsecond

// Old controllers want time between two commands.
static void command(uint16_t port, uint8_t value)
{
    out8(port, value);
    out8(DELAY_PORT, 0);
}

void pic_init(void)
{
    command(MASTER_COMMAND, ICW1_INIT_WITH_ICW4);
    command(SLAVE_COMMAND, ICW1_INIT_WITH_ICW4);
    command(MASTER_DATA, PIC_FIRST_VECTOR);
    command(SLAVE_DATA, PIC_FIRST_VECTOR + SLAVE_FIRST_IRQ);
    command(MASTER_DATA, 1 << CASCADE_IRQ);
    command(SLAVE_DATA, CASCADE_IRQ);
    command(MASTER_DATA, ICW4_8086_MODE);
    command(SLAVE_DATA, ICW4_8086_MODE);
    command(MASTER_DATA, 0xff);
    command(SLAVE_DATA, 0xff);
}

void pic_unmask(unsigned irq)
{
    ASSERT(irq < PIC_LINES);
    if (irq >= SLAVE_FIRST_IRQ) {
        out8(SLAVE_DATA, in8(SLAVE_DATA) & ~(1u << (irq - SLAVE_FIRST_IRQ)));
        irq = CASCADE_IRQ;
    }
    out8(MASTER_DATA, in8(MASTER_DATA) & ~(1u << irq));
}

bool pic_in_service(unsigned irq)
{
    ASSERT(irq < PIC_LINES);
    if (irq < SLAVE_FIRST_IRQ) {
        out8(MASTER_COMMAND, OCW3_READ_IN_SERVICE);
        return in8(MASTER_COMMAND) & 1u << irq;
    }
    out8(SLAVE_COMMAND, OCW3_READ_IN_SERVICE);
    if (in8(SLAVE_COMMAND) & 1u << (irq - SLAVE_FIRST_IRQ)) {
        return true;
    }
    out8(MASTER_COMMAND, OCW2_END_OF_INTERRUPT);
    return false;
}

void pic_acknowledge(unsigned irq)
{
    ASSERT(irq < PIC_LINES);
    if (irq >= SLAVE_FIRST_IRQ) {
        out8(SLAVE_COMMAND, OCW2_END_OF_INTERRUPT);
    }
    out8(MASTER_COMMAND, OCW2_END_OF_INTERRUPT);
}
