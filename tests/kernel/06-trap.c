// Exceptions and interrupts at the lowest level: kernel/cpu/isr.asm, idt.c, trap.c.
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/gdt.h"
#include "kernel/cpu/idt.h"
#include "kernel/cpu/trap.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define FREE_VECTOR 0x80
#define DIRECTION_FLAG (1u << 10)

static struct trap_frame seen;
static uint64_t seen_flags, seen_frame_pointer;

static void remember(struct trap_frame *frame)
{
    seen = *frame;
    seen_flags = cpu_read_flags();
    seen_frame_pointer = (uint64_t)__builtin_frame_address(0);
}

static void register_once(void)
{
    static bool registered;
    if (!registered) {
        registered = true;
        trap_register(FREE_VECTOR, remember);
    }
}

TEST(trap_registers, "a handler sees all registers, and the interrupted code keeps them")
{
    register_once();
    static uint64_t after[15]; // in the order of struct trap_frame
    // RBP holds the pattern too, so nothing here is addressed by it.
    __asm__ volatile("pushq %%rbp\n"
                     "movq $15, %%r15\n movq $14, %%r14\n movq $13, %%r13\n movq $12, %%r12\n"
                     "movq $11, %%r11\n movq $10, %%r10\n movq $9, %%r9\n movq $8, %%r8\n"
                     "movq $7, %%rbp\n movq $6, %%rdi\n movq $5, %%rsi\n movq $4, %%rdx\n"
                     "movq $3, %%rcx\n movq $2, %%rbx\n movq $1, %%rax\n"
                     "int %[vector]\n"
                     "movq %%r15, 0+%[after]\n movq %%r14, 8+%[after]\n"
                     "movq %%r13, 16+%[after]\n movq %%r12, 24+%[after]\n"
                     "movq %%r11, 32+%[after]\n movq %%r10, 40+%[after]\n"
                     "movq %%r9, 48+%[after]\n movq %%r8, 56+%[after]\n"
                     "movq %%rbp, 64+%[after]\n movq %%rdi, 72+%[after]\n"
                     "movq %%rsi, 80+%[after]\n movq %%rdx, 88+%[after]\n"
                     "movq %%rcx, 96+%[after]\n movq %%rbx, 104+%[after]\n"
                     "movq %%rax, 112+%[after]\n"
                     "popq %%rbp\n"
                     : [after] "=m"(after)
                     : [vector] "i"(FREE_VECTOR)
                     : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
                       "r13", "r14", "r15", "memory");
    const uint64_t *in_frame = &seen.r15;
    for (size_t i = 0; i < ARRAY_LENGTH(after); i++) {
        CHECK_EQUAL(in_frame[i], ARRAY_LENGTH(after) - i);
        CHECK_EQUAL(after[i], ARRAY_LENGTH(after) - i);
    }
    CHECK_EQUAL(seen.vector, FREE_VECTOR);
    CHECK_EQUAL(seen.error_code, 0);
    CHECK_EQUAL(seen.cs, GDT_KERNEL_CODE);
}

TEST(trap_c_rules, "handlers run as C expects: interrupts and direction flag off, stack aligned")
{
    register_once();
    bool direction_kept = true;
    for (unsigned i = 0; i < 16; i++) {
        uint64_t flags;
        // The stack is moved by 8 bytes at each turn; the direction flag is set all the time.
        __asm__ volatile("movq %%rsp, %%rbx\n"
                         "subq %[move], %%rsp\n"
                         "std\n"
                         "int %[vector]\n"
                         "pushfq\n"
                         "popq %[flags]\n"
                         "cld\n"
                         "movq %%rbx, %%rsp\n"
                         : [flags] "=&r"(flags)
                         : [vector] "i"(FREE_VECTOR), [move] "r"((uint64_t)i * 8)
                         : "rbx", "memory");
        CHECK_EQUAL(seen_flags & (DIRECTION_FLAG | RFLAGS_IF), 0);
        CHECK_EQUAL(seen.rflags & (DIRECTION_FLAG | RFLAGS_IF), DIRECTION_FLAG | RFLAGS_IF);
        CHECK_EQUAL(seen_frame_pointer % 16, 0);
        direction_kept &= (flags & DIRECTION_FLAG) != 0;
    }
    CHECK(direction_kept);
}

static uint64_t fault_error_code;

static void skip_bad_selector(struct trap_frame *frame)
{
    fault_error_code = frame->error_code;
    frame->rip += 2; // MOV to DS from a 32-bit register
}

TEST(trap_change_frame, "a handler changes the frame, and the code goes on with it")
{
    trap_register(TRAP_GENERAL_PROTECTION, skip_bad_selector);
    __asm__ volatile("movl %0, %%ds" : : "a"(0x1230));
    CHECK_EQUAL(fault_error_code, 0x1230);
}

TEST(trap_gates, "256 interrupt gates to 256 stubs; NMI, #DF and #MC have stacks of their own")
{
    struct __attribute__((packed)) gate {
        uint16_t offset_0, selector;
        uint8_t ist, type;
        uint16_t offset_16;
        uint32_t offset_32, reserved;
    };
    extern const char isr_stubs[];
    struct cpu_table_pointer idt;
    __asm__ volatile("sidt %0" : "=m"(idt));
    REQUIRE(idt.limit == 256 * 16 - 1);
    const struct gate *gates = (const void *)idt.base;
    for (unsigned i = 0; i < 256; i++) {
        uint64_t offset = (uint64_t)gates[i].offset_32 << 32 | (uint32_t)gates[i].offset_16 << 16 |
                          gates[i].offset_0;
        CHECK_EQUAL(offset, (uint64_t)isr_stubs + i * ISR_STUB_SIZE);
        CHECK_EQUAL(gates[i].selector, GDT_KERNEL_CODE);
        // Programs may use the breakpoint's from chapter 10 on.
        CHECK_EQUAL(gates[i].type & (i == TRAP_BREAKPOINT ? 0x9f : 0xff), 0x8e);
        bool own_stack = i == TRAP_NMI || i == TRAP_DOUBLE_FAULT || i == TRAP_MACHINE_CHECK;
        CHECK_EQUAL(gates[i].ist != 0, own_stack);
    }
    CHECK(gates[TRAP_NMI].ist != gates[TRAP_DOUBLE_FAULT].ist);
    CHECK(gates[TRAP_NMI].ist != gates[TRAP_MACHINE_CHECK].ist);
    CHECK(gates[TRAP_DOUBLE_FAULT].ist != gates[TRAP_MACHINE_CHECK].ist);
}

TEST(trap_names, "exceptions are called what the manual calls them")
{
    CHECK_STRING(trap_name(TRAP_DIVIDE_ERROR), "#DE divide error");
    CHECK_STRING(trap_name(TRAP_PAGE_FAULT), "#PF page fault");
    CHECK_STRING(trap_name(31), "interrupt"); // reserved
    CHECK_STRING(trap_name(32), "interrupt");
    CHECK_STRING(trap_name(1000), "interrupt");
}

TEST(trap_breakpoint, "the code goes on after a breakpoint")
{
    uint64_t value = 1;
    __asm__ volatile("int3\n incq %0" : "+b"(value));
    CHECK_EQUAL(value, 2);
}

TEST_PANIC(trap_unexpected, "an interrupt that nobody expects panics with its vector",
           "panic: unexpected interrupt(.|\\n)*vector 144 ")
{
    __asm__ volatile("int $144");
}

TEST_PANIC(trap_twice, "a vector's second handler is refused",
           "panic: assertion failed: .*handlers\\[vector\\]")
{
    trap_register(TRAP_PAGE_FAULT, remember);
}
