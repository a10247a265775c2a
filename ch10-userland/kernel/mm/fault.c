// Page faults (Intel SDM vol. 3A, 6.15, "Interrupt 14"). The processor tells the address in CR2 and
// what it tried in the error code; the rest is to say what that address is to this kernel.
//
// A stack that overflows runs into the guard page below it. If a push did it, the processor finds
// no room for the frame of the page fault either and makes it a double fault, which has a stack of
// its own. CR2 still tells the address.
//
// An address that is not canonical never gets here: it is a general protection fault.
#include "kernel/mm/fault.h"

#include "kernel/cpu/backtrace.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/percpu.h"
#include "kernel/dev/console.h"
#include "kernel/layout.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kernel_area.h"
#include "kernel/mm/pmm.h"
#include "kernel/panic.h"
#include "kernel/sync/wait.h"
#include "lib/abi/ucontext.h"
#include "lib/errno.h"
#include "lib/printf.h"

#define ERROR_P (1u << 0)    // the page is mapped, but its rights are not enough
#define ERROR_WR (1u << 1)   // a write
#define ERROR_US (1u << 2)   // by user mode
#define ERROR_RSVD (1u << 3) // an entry of the page tables has a reserved bit set
#define ERROR_ID (1u << 4)   // an instruction fetch

#define NULL_POINTER_SIZE 0x10000 // a NULL pointer to a struct or array, plus an offset into it
#define DESCRIPTION_SIZE 96
#define RETRY_NS (CLOCK_NS_PER_SECOND / 10) // of what had no memory

struct image_part {
    const char *start, *end;
    const char *name;
};

static const struct image_part image_parts[] = {
    {boot_stack_guard, boot_stack, "guard page below the boot stack"},
    {kernel_text_start, kernel_text_end, "the kernel's text"},
    {kernel_rodata_start, kernel_rodata_end, "the kernel's rodata"},
    {kernel_data_start, kernel_end, "the kernel's data"},
};

static const char *image_part_name(virt_t address)
{
    for (size_t i = 0; i < ARRAY_LENGTH(image_parts); i++) {
        if (address >= (virt_t)image_parts[i].start && address < (virt_t)image_parts[i].end) {
            return image_parts[i].name;
        }
    }
    return NULL;
}

static void describe_direct_map(phys_t physical, char *text, size_t size)
{
    const char *part = image_part_name(KERNEL_BASE + physical);

    if (physical >= pmm_end()) {
        snprintf(text, size, "direct map above the end of RAM, physical %#lx", physical);
    } else if (physical < PAGE_SIZE) {
        snprintf(text, size, "direct map of physical page 0, which stays unmapped");
    } else if (part != NULL) {
        snprintf(text, size, "direct map of %s", part);
    } else {
        snprintf(text, size, "direct map of physical %#lx", physical);
    }
}

static void describe(virt_t address, char *text, size_t size)
{
    const char *part = image_part_name(address);

    if (address < NULL_POINTER_SIZE) {
        snprintf(text, size, "null pointer");
    } else if (address < USER_HALF_END) {
        snprintf(text, size, "user half");
    } else if (address >= DIRECT_MAP_BASE && address < KERNEL_AREA_BASE) {
        describe_direct_map(address - DIRECT_MAP_BASE, text, size);
    } else if (part != NULL) {
        snprintf(text, size, "%s", part);
    } else if (!kernel_area_describe(address, text, size)) {
        snprintf(text, size, "no part of the kernel's address space");
    }
}

static bool is_stack_guard(virt_t address)
{
    return (address >= (virt_t)boot_stack_guard && address < (virt_t)boot_stack) ||
           kernel_area_is_stack_guard(address);
}

static const char *access_name(uint64_t error_code)
{
    if (error_code & ERROR_ID) {
        return "instruction fetch from";
    }
    return error_code & ERROR_WR ? "write to" : "read of";
}

static const char *cause_name(uint64_t error_code)
{
    if (error_code & ERROR_RSVD) {
        return "reserved bit in its page table entry"; // QEMU leaves P clear then, processors don't
    }
    if (!(error_code & ERROR_P)) {
        return "not mapped";
    }
    if (error_code & ERROR_ID) {
        return "not executable";
    }
    if (error_code & ERROR_WR) {
        return "read-only";
    }
    return "not accessible";
}

// What may fault in user_copy.asm, and where it goes on then; ends with zeroes.
extern const struct user_copy_fixup {
    virt_t instruction, resume;
} user_copy_fixups[];

// Where the kernel goes on after a fault that it was prepared for, 0 if it was not.
static virt_t resume_address(virt_t rip)
{
    const struct user_copy_fixup *fixup = user_copy_fixups;

    while (fixup->instruction && fixup->instruction != rip) {
        fixup++;
    }
    return fixup->instruction ? fixup->resume : 0;
}

// Brings a page of the running program there. The error code's bits are those of the access.
static int bring_page(const struct trap_frame *frame, virt_t address)
{
    bool may_sleep = frame->rflags & RFLAGS_IF && this_cpu()->thread->mutex_count == 0;
    enum access access = frame->error_code & ERROR_ID   ? ACCESS_EXECUTE
                         : frame->error_code & ERROR_WR ? ACCESS_WRITE
                                                        : ACCESS_READ;

    if (!address_space_current || address >= USER_END) {
        return -EFAULT;
    }
    cpu_restore_interrupts(may_sleep);
    int error = address_space_fault(address_space_current, address, access, may_sleep);
    cpu_disable_interrupts();
    return error;
}

// What a program gets for an access that leads nowhere.
static void blame_program(struct trap_frame *frame, virt_t address, int error)
{
    static struct wait_queue memory = {.name = "memory"};
    const struct thread *thread = this_cpu()->thread;

    if (error == -ENOMEM && thread->pid == 1) { // its end would be the system's: it tries again
        wait_until_deadline(&memory, false, clock_now_ns() + RETRY_NS);
    } else if (error == -ENOMEM) {
        kprintf("out of memory: process %d (%s) is killed\n", thread->pid, thread->name);
        trap_user_exception(frame, SIGKILL, SI_KERNEL, 0);
    } else if (error == -EIO) {
        trap_user_exception(frame, SIGBUS, BUS_ADRERR, address);
    } else {
        bool mapped = address < USER_END && address_space_find(address_space_current, address);
        trap_user_exception(frame, SIGSEGV, mapped ? SEGV_ACCERR : SEGV_MAPERR, address);
    }
}

// Faults of programs, and of the kernel where it touches their memory. False: it is neither.
static bool user_fault(struct trap_frame *frame, virt_t address)
{
    bool user = trap_from_user(frame);
    virt_t resume = user ? 0 : resume_address(frame->rip);

    if (frame->error_code & ERROR_RSVD || (!user && (!resume || address >= USER_HALF_END))) {
        return false; // nothing that a program can do
    }
    // With ERROR_US clear the processor itself looked something up for a program: in no program's
    // page. (QEMU with SMAP has far returns do so, which no page brought there would satisfy.)
    bool implicit = user && !(frame->error_code & ERROR_US);
    int error = implicit ? -EFAULT : bring_page(frame, address);
    if (error && user) {
        blame_program(frame, address, error);
    } else if (error) {
        frame->rip = resume;
    }
    return true;
}

static void page_fault(struct trap_frame *frame)
{
    virt_t address = cpu_read_cr2();
    char description[DESCRIPTION_SIZE];

    if (user_fault(frame, address)) {
        return;
    }
    describe(address, description, sizeof(description));
    panic_trap(frame, "%s: %s%s 0x%016lx (%s): %s",
               is_stack_guard(address) ? "kernel stack overflow" : "page fault",
               frame->error_code & ERROR_US ? "user-mode " : "", access_name(frame->error_code),
               address, description, cause_name(frame->error_code));
}

static void double_fault(struct trap_frame *frame)
{
    virt_t address = cpu_read_cr2();
    char description[DESCRIPTION_SIZE];

    describe(address, description, sizeof(description));
    if (is_stack_guard(address)) {
        panic_trap(frame, "kernel stack overflow: double fault at 0x%016lx (%s)", address,
                   description);
    }
    panic_trap(frame, "double fault; the last page fault was at 0x%016lx (%s)", address,
               description);
}

void fault_init(void)
{
    trap_register(TRAP_PAGE_FAULT, page_fault);
    trap_register(TRAP_DOUBLE_FAULT, double_fault);
    backtrace_set_stacks(kernel_area_in_stack);
}
