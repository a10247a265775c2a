#include "kernel/cpu/backtrace.h"

#include "kernel/cpu/symbols.h"
#include "kernel/cpu/trap.h"
#include "kernel/dev/console.h"
#include "kernel/layout.h"

#define LINES_MAX 32
#define FRAMES_MAX 10000 // a damaged chain may go in a circle

// What a function that keeps a frame pointer has at RBP.
struct call_frame {
    virt_t caller; // its RBP
    virt_t return_address;
};

extern const char isr_return[]; // isr.asm: where trap_dispatch returns to

static bool (*in_other_stack)(virt_t address, size_t size);

void backtrace_set_stacks(bool (*in_stack)(virt_t address, size_t size))
{
    in_other_stack = in_stack;
}

static bool in_stack(virt_t address, size_t size)
{
    if (address % sizeof(virt_t) != 0) {
        return false;
    }
    if (address >= (virt_t)boot_stack && address <= (virt_t)boot_stack_top - size) {
        return true;
    }
    return in_other_stack && in_other_stack(address, size);
}

// A return address may be the first byte behind a function that ends with a call: the call itself
// lies before it, so that is looked up. The address of an interrupted instruction is exact.
static void print_line(unsigned number, virt_t address, bool exact)
{
    char text[SYMBOL_TEXT_SIZE];
    kprintf("  #%u %016lx %s\n", number, address,
            symbols_describe(exact ? address : address - 1, text, sizeof(text)));
}

static void print_repeated(unsigned count)
{
    if (count > 0) {
        kprintf("     ... %u times more\n", count);
    }
}

// Prints the return addresses from the frame at rbp on, of which the first is line `number`.
static void print_callers(unsigned number, virt_t rbp)
{
    bool interrupted = false; // the frame at rbp is the pair that isr.asm pushes
    virt_t last = 0;
    unsigned repeated = 0;
    for (unsigned i = 0; i < FRAMES_MAX && number < LINES_MAX; i++) {
        if (!in_stack(rbp, sizeof(struct call_frame))) {
            break;
        }
        const struct call_frame *frame = (const struct call_frame *)rbp;
        if (frame->return_address == last) {
            repeated++;
        } else {
            print_repeated(repeated);
            repeated = 0;
            print_line(number++, frame->return_address, interrupted);
        }
        // An interrupt may have switched from any stack to any other.
        if (!interrupted && frame->caller <= rbp) {
            break;
        }
        last = frame->return_address;
        interrupted = last == (virt_t)isr_return;
        rbp = frame->caller;
    }
    print_repeated(repeated);
}

void backtrace_print(virt_t rip, virt_t rbp)
{
    print_line(0, rip, true);
    print_callers(1, rbp);
}

void backtrace_print_trap(const struct trap_frame *frame)
{
    unsigned number = 0;
    size_t offset;
    print_line(number++, frame->rip, true);
    if (!symbols_find(frame->rip, &offset) && in_stack(frame->rsp, sizeof(virt_t))) {
        print_line(number++, *(const virt_t *)frame->rsp, false);
    }
    print_callers(number, frame->rbp);
}
