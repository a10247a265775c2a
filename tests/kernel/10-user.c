// The way into user mode and back, and what a program can do on it to harm the kernel: nothing.
// kernel/cpu/{user_mode,trap,gdt}.c, syscall.asm, kernel/mm/fault.c.
#include "tests/kernel/user.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/cpuid.h"
#include "kernel/cpu/fpu.h"
#include "kernel/cpu/gdt.h"
#include "kernel/cpu/trap.h"
#include "kernel/layout.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/mm/user_copy.h"
#include "kernel/proc/process.h"
#include "lib/abi/signal.h"
#include "lib/abi/wait.h"
#include "tests/kernel/test.h"

#define NOT_STARTED WAIT_EXITED(99)

struct job {
    const char *start, *end;
    bool (*in_kernel)(void);
};

static bool map(virt_t start, virt_t end)
{
    struct region region = {.end = end - start, .rights = PAGE_WRITE};
    return address_space_map(process_current()->address_space, &start, &region, false) == 0;
}

static bool load(const struct job *job)
{
    struct process *self = process_current();
    size_t size = (size_t)(job->end - job->start);
    virt_t code_end = USER_CODE + (size + PAGE_SIZE) / PAGE_SIZE * PAGE_SIZE;
    struct fpu_state *fpu = kmalloc(sizeof(*fpu));
    struct address_space *space;
    if (!fpu || address_space_create(&space) != 0) {
        return false;
    }
    fpu_reset(fpu);
    bool interrupts = cpu_save_interrupts();
    fpu_load(fpu);
    self->fpu = fpu;
    self->address_space = space;
    process_activate(self);
    cpu_restore_interrupts(interrupts);
    return map(USER_CODE, code_end) && map(USER_DATA, USER_DATA + PAGE_SIZE) &&
           map(USER_STACK - PAGE_SIZE, USER_STACK) &&
           copy_to_user(USER_CODE, job->start, size) == 0 &&
           address_space_protect(space, USER_CODE, code_end, PAGE_EXECUTE) == 0;
}

// Not inlined: its caller's frame keeps this one's away from where the program's frame goes.
__attribute__((noinline)) static void enter(void)
{
    cpu_disable_interrupts();
    struct trap_frame *frame = process_frame(process_current());
    *frame = (struct trap_frame){
        .rip = USER_CODE,
        .cs = GDT_USER_CODE,
        .rflags = RFLAGS_IF,
        .rsp = USER_STACK,
        .ss = GDT_USER_DATA,
    };
    trap_leave(frame);
}

static int run_job(void *argument)
{
    struct trap_frame room;
    __asm__ volatile("" : : "r"(&room) : "memory");
    const struct job *job = argument;
    if (!load(job) || (job->in_kernel && !job->in_kernel())) {
        return NOT_STARTED;
    }
    enter();
    return NOT_STARTED;
}

int user_run(const char *start, const char *end, bool (*in_kernel)(void))
{
    struct job job = {start, end, in_kernel};
    int status = -1, pid = process_create("program", run_job, &job);
    CHECK(pid > 0);
    CHECK_EQUAL(process_wait(pid, &status), pid);
    return status;
}

PROGRAM(exit, "movl $42, %edi\n" EXIT);

TEST(user_exit, "a program runs in ring 3, ends by a system call, and leaves nothing behind")
{
    CHECK_EQUAL(RUN(exit), WAIT_EXITED(42)); // what is kept for reuse is there now
    size_t pages = pmm_free_pages(), blocks = kmalloc_blocks();
    CHECK_EQUAL(RUN(exit), WAIT_EXITED(42));
    CHECK_EQUAL(pmm_free_pages(), pages);
    CHECK_EQUAL(kmalloc_blocks(), blocks);
}

// Status: 0, or the number of the first check that failed.
PROGRAM(start,
        "movl $1, %edi\n movq %cs, %rax\n cmpl $0x33, %eax\n jne 1f\n"
        "movl $2, %edi\n movq %ss, %rax\n cmpl $0x2b, %eax\n jne 1f\n"
        "movl $3, %edi\n movq %ds, %rax\n testl %eax, %eax\n jne 1f\n"
        "movl $4, %edi\n movq %fs, %rax\n testl %eax, %eax\n jne 1f\n"
        "movl $5, %edi\n pushfq\n popq %rax\n andl $0xfffff72a, %eax\n cmpl $0x202, %eax\n jne 1f\n"
        "xorl %edi, %edi\n"
        "1:" EXIT);

TEST(user_start, "a program starts with the selectors and flags that it would have on Linux")
{
    CHECK_EQUAL(RUN(start), WAIT_EXITED(0));
}

PROGRAM(registers,
        "movq $0x101, %rbx\n movq $0x102, %rbp\n movq $0x103, %r12\n movq $0x104, %r13\n"
        "movq $0x105, %r14\n movq $0x106, %r15\n movq $0x107, %rdi\n movq $0x108, %rsi\n"
        "movq $0x109, %rdx\n movq $0x10a, %r8\n movq $0x10b, %r9\n movq $0x10c, %r10\n"
        "movl $39, %eax\n stc\n syscall\n"
        "jnc 1f\n"
        "cmpq $0x101, %rbx\n jne 1f\n cmpq $0x102, %rbp\n jne 1f\n cmpq $0x103, %r12\n jne 1f\n"
        "cmpq $0x104, %r13\n jne 1f\n cmpq $0x105, %r14\n jne 1f\n cmpq $0x106, %r15\n jne 1f\n"
        "cmpq $0x107, %rdi\n jne 1f\n cmpq $0x108, %rsi\n jne 1f\n cmpq $0x109, %rdx\n jne 1f\n"
        "cmpq $0x10a, %r8\n jne 1f\n cmpq $0x10b, %r9\n jne 1f\n cmpq $0x10c, %r10\n jne 1f\n"
        "leaq 2f(%rip), %rdx\n" // RCX and R11 hold RIP and RFLAGS, nothing of the kernel's
        "movl $39, %eax\n syscall\n"
        "2: cmpq %rdx, %rcx\n jne 1f\n"
        "xorl %edi, %edi\n" EXIT "1: movl $1, %edi\n" EXIT);

TEST(user_registers, "a system call keeps all registers but RAX, RCX and R11, and the flags")
{
    CHECK_EQUAL(RUN(registers), WAIT_EXITED(0));
}

// A list of programs of a line each, with the signal that ends them.
struct crime {
    const char *start, *end;
    int signal, other; // 0: none
    const char *text;
};

#define CRIME(number, result, alternative, text)                                                   \
    {program_crime_##number, program_crime_##number##_end, result, alternative, text}

// (Not among them: INT1, at which QEMU stops the machine for a debugger.)
#define CRIMES(X)                                                                                  \
    X(1, SIGSEGV, 0, "cli")                                                                        \
    X(2, SIGSEGV, 0, "sti")                                                                        \
    X(3, SIGSEGV, 0, "hlt")                                                                        \
    X(4, SIGSEGV, 0, "inb $0x60, %al")                                                             \
    X(5, SIGSEGV, 0, "movw $0xcf9, %dx\n outb %al, %dx")                                           \
    X(6, SIGSEGV, 0, "movq %cr0, %rax")                                                            \
    X(7, SIGSEGV, 0, "movq %rax, %cr3")                                                            \
    X(8, SIGSEGV, 0, "movq %rax, %cr4")                                                            \
    X(9, SIGSEGV, 0, "movq %rax, %dr7")                                                            \
    X(10, SIGSEGV, 0, "lgdt (%rsp)")                                                               \
    X(11, SIGSEGV, 0, "lidt (%rsp)")                                                               \
    X(12, SIGSEGV, 0, "lldt %ax")                                                                  \
    X(13, SIGSEGV, 0, "ltr %ax")                                                                   \
    X(14, SIGSEGV, 0, "movl $0xc0000080, %ecx\n rdmsr")                                            \
    X(15, SIGSEGV, 0, "movl $0xc0000082, %ecx\n wrmsr")                                            \
    X(16, SIGSEGV, 0, "invlpg (%rsp)")                                                             \
    X(17, SIGSEGV, 0, "clts")                                                                      \
    X(18, SIGSEGV, 0, "lmsw %ax")                                                                  \
    X(19, SIGSEGV, 0, "wbinvd")                                                                    \
    X(20, SIGSEGV, 0, "swapgs")                                                                    \
    X(21, SIGSEGV, SIGILL, "sysretq")                                                              \
    X(22, SIGSEGV, SIGILL, "sysenter")                                                             \
    X(23, SIGSEGV, 0, "int $0x80")                                                                 \
    X(24, SIGSEGV, 0, "int $14")                                                                   \
    X(25, SIGSEGV, 0, "int $32")                                                                   \
    X(26, SIGSEGV, 0, "int $8")                                                                    \
    X(27, SIGTRAP, 0, "int3")                                                                      \
    X(29, SIGILL, 0, "ud2")                                                                        \
    X(30, SIGFPE, 0, "xorl %ecx, %ecx\n movl $1, %eax\n cltd\n idivl %ecx")                        \
    X(31, SIGTRAP, 0, "pushfq\n orq $0x100, (%rsp)\n popfq\n nop\n nop")                           \
    X(32, SIGSEGV, 0, "movl $0x33, %ecx\n rdpmc")                                                  \
    X(33, SIGSEGV, SIGILL, "xsetbv")                                                               \
    X(34, SIGSEGV, 0, "xorl %eax, %eax\n jmp *%rax")                                               \
    X(35, SIGSEGV, 0, "movq $0xffffffff80101000, %rax\n jmp *%rax")                                \
    X(36, SIGSEGV, 0, "movq $0xffff800000100000, %rax\n jmp *%rax")                                \
    X(37, SIGSEGV, SIGBUS, "movq $0x800000000000, %rax\n jmp *%rax")                               \
    X(38, SIGSEGV, SIGBUS, "movq $0xdeadbeefdeadbeef, %rax\n pushq %rax\n ret")                    \
    X(39, SIGSEGV, 0, "movq $0x7ffffffff000, %rax\n jmp *%rax")                                    \
    X(40, SIGSEGV, 0, "movq 0xffffffff80101000, %rax")                                             \
    X(41, SIGSEGV, 0, "movq $0xffff800000100000, %rax\n movq %rax, (%rax)")                        \
    X(42, SIGSEGV, SIGBUS, "movq $0x8000000000000000, %rax\n movq %rax, (%rax)")                   \
    X(43, SIGSEGV, 0, "movq %rax, 0x400000")                                                       \
    X(44, SIGSEGV, 0, "movb $0xc3, 0x600000\n movl $0x600000, %eax\n call *%rax")                  \
    X(45, SIGSEGV, 0, "movl $0x10, %eax\n movl %eax, %ds")                                         \
    X(46, SIGSEGV, 0, "movl $0x1b, %eax\n movl %eax, %es")                                         \
    X(47, SIGSEGV, 0, "movl $0x13, %eax\n movl %eax, %ss")                                         \
    X(48, SIGSEGV, 0, "xorl %eax, %eax\n movl %eax, %ss")                                          \
    X(49, SIGSEGV, 0, "movl $0x1230, %eax\n movl %eax, %fs")                                       \
    X(50, SIGSEGV, 0, "movl $0x8, %eax\n movl %eax, %gs")                                          \
    X(51, SIGSEGV, 0, "pushq $0x08\n pushq $0x400000\n lretq")                                     \
    X(52, SIGSEGV, 0, "pushq $0x23\n pushq $0x400000\n lretq")                                     \
    X(53, SIGSEGV, 0, "pushq $0x10\n pushq %rsp\n pushfq\n pushq $8\n pushq $0x400000\n iretq")    \
    X(54, SIGSEGV, 0, "pushfq\n orl $0x4000, (%rsp)\n popfq\n iretq")                              \
    X(55, SIGSEGV, SIGBUS, "movq $0x900000000000, %rsp\n pushq %rax")                              \
    X(56, SIGSEGV, 0, "movq $0xffffffff80101000, %rsp\n pushq %rax")                               \
    X(57, SIGTRAP, 0, "movq $0xffffffff80101000, %rsp\n int3\n hlt")                               \
    X(58, SIGSEGV, 0, "call *0")

#define DEFINE_CRIME(number, result, alternative, text) PROGRAM(crime_##number, text "\n ud2\n");
CRIMES(DEFINE_CRIME)

TEST(user_crimes,
     "what only the kernel may do ends a program with the signal that it gets on Linux")
{
    static const struct crime crimes[] = {
#define LIST_CRIME(number, result, alternative, text) CRIME(number, result, alternative, text),
        CRIMES(LIST_CRIME)};
    for (unsigned i = 0; i < ARRAY_LENGTH(crimes); i++) {
        int status = user_run(crimes[i].start, crimes[i].end, NULL);
        bool as_expected = status == WAIT_SIGNALED(crimes[i].signal) ||
                           (crimes[i].other && status == WAIT_SIGNALED(crimes[i].other));
        CHECK(as_expected);
        if (!as_expected) {
            test_note("status %#x of: %s", status, crimes[i].text);
        }
    }
}

// A system call in each of the states that the kernel must not run in, and must not trip over.
PROGRAM(bad_states,
        "pushfq\n orl $0x4400, (%rsp)\n popfq\n movl $39, %eax\n syscall\n" // NT and DF
        "movl $1, %edi\n pushfq\n popq %rbx\n testl $0x400, %ebx\n jz 1f\n"
        "movl $2, %edi\n testl $0x4000, %ebx\n jz 1f\n"
        "movl $0x600800, %edi\n movl $63, %eax\n syscall\n" // uname: copied upwards, up to x86_64
        "movl $7, %edi\n testq %rax, %rax\n jnz 1f\n cmpb $120, 0x600904\n jne 1f\n"
        "movq $-1, %rcx\n 2: decq %rcx\n cmpq $-2000000, %rcx\n jne 2b\n" // and some interrupts
        "movl $8, %edi\n pushfq\n popq %rbx\n testl $0x4000, %ebx\n jz 1f\n"
        "pushq $0x202\n popfq\n"
        "pushfq\n orl $0x40000, (%rsp)\n popfq\n movl $39, %eax\n syscall\n" // AC
        "movl $3, %edi\n pushfq\n popq %rbx\n testl $0x40000, %ebx\n jz 1f\n"
        "pushq $0x202\n popfq\n"
        "movq %rsp, %rbp\n"
        "xorl %esp, %esp\n movl $39, %eax\n syscall\n"
        "movq $0xffffffff80101000, %rsp\n movl $39, %eax\n syscall\n"
        "movq $0xdeadbeefdeadbeef, %rsp\n movl $39, %eax\n syscall\n"
        "movl $4, %edi\n movq $0xdeadbeefdeadbeef, %rcx\n cmpq %rcx, %rsp\n jne 1f\n"
        "movq %rbp, %rsp\n"
        "movl $5, %edi\n movq $-1, %rax\n syscall\n cmpq $-38, %rax\n jne 1f\n"
        "movl $6, %edi\n movl $511, %eax\n syscall\n cmpq $-38, %rax\n jne 1f\n"
        "movl $0x2b, %eax\n movl %eax, %ds\n movl %eax, %es\n movl %eax, %fs\n movl %eax, %gs\n"
        "movl $39, %eax\n syscall\n movl $24, %eax\n syscall\n"
        "xorl %edi, %edi\n"
        "1:" EXIT);

// TF at a system call: the trap comes behind it, in the program.
PROGRAM(traced_call,
        "pushfq\n orl $0x100, (%rsp)\n movl $39, %eax\n popfq\n syscall\n nop\n ud2\n");

TEST(user_bad_states, "system calls work with NT, DF, AC, TF set and with any RSP")
{
    CHECK_EQUAL(RUN(bad_states), WAIT_EXITED(0));
    CHECK_EQUAL(RUN(traced_call), WAIT_SIGNALED(SIGTRAP));
}

static bool map_last_page(void)
{
    static const uint8_t code[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05}; // getpid
    return map(USER_END - PAGE_SIZE, USER_END) &&
           copy_to_user(USER_END - sizeof(code), code, sizeof(code)) == 0 &&
           address_space_protect(process_current()->address_space, USER_END - PAGE_SIZE, USER_END,
                                 PAGE_EXECUTE) == 0;
}

PROGRAM(last_call, "movq $0x7fffffffeff9, %rax\n jmp *%rax\n");

TEST(user_last_address, "a system call that is the last instruction of all comes back to a SIGSEGV")
{
    CHECK_EQUAL(user_run(program_last_call, program_last_call_end, map_last_page),
                WAIT_SIGNALED(SIGSEGV));
}

TEST(user_protection, "the processor keeps the kernel out of programs' pages, where it can")
{
    uint64_t cr4 = cpu_read_cr4();
    CHECK_EQUAL((cr4 & CR4_SMEP) != 0, cpuid_has(CPU_FEATURE_SMEP));
    CHECK_EQUAL((cr4 & CR4_SMAP) != 0, cpuid_has(CPU_FEATURE_SMAP));
    CHECK_EQUAL((cr4 & CR4_UMIP) != 0, cpuid_has(CPU_FEATURE_UMIP));
    CHECK_EQUAL(cr4 & CR4_OSXSAVE, 0);
    CHECK_EQUAL(cpu_read_flags() & RFLAGS_AC, 0);
}

// ---- FPU ----

// Fills all registers with a pattern, lets others run 200 times, and looks for the pattern.
#define FPU_PROGRAM(pattern)                                                                       \
    "movabsq $" pattern ", %rbx\n"                                                                 \
    "movl $7, %edi\n stmxcsr 0x600000\n cmpl $0x1f80, 0x600000\n jne 1f\n"                         \
    "movl $8, %edi\n movq %xmm5, %rax\n testq %rax, %rax\n jne 1f\n"                               \
    "movl $9, %edi\n fnstcw 0x600000\n cmpw $0x37f, 0x600000\n jne 1f\n"                           \
    "movq %rbx, %xmm0\n movq %rbx, %xmm7\n movq %rbx, %xmm15\n punpcklqdq %xmm15, %xmm15\n"        \
    "movq %rbx, 0x600008\n fildq 0x600008\n"                                                       \
    "movl $200, %r12d\n"                                                                           \
    "3: movl $24, %eax\n syscall\n"                                                                \
    "movl $1, %edi\n movq %xmm0, %rax\n cmpq %rbx, %rax\n jne 1f\n"                                \
    "movl $2, %edi\n movq %xmm7, %rax\n cmpq %rbx, %rax\n jne 1f\n"                                \
    "movl $3, %edi\n movhlps %xmm15, %xmm3\n movq %xmm3, %rax\n cmpq %rbx, %rax\n jne 1f\n"        \
    "decl %r12d\n jnz 3b\n"                                                                        \
    "movl $4, %edi\n fistpq 0x600010\n cmpq %rbx, 0x600010\n jne 1f\n"                             \
    "xorl %edi, %edi\n"                                                                            \
    "1:" EXIT

PROGRAM(fpu_1, FPU_PROGRAM("0x1111111111111111"));
PROGRAM(fpu_2, FPU_PROGRAM("0x2222222222222222"));

TEST(user_fpu, "each program has its own x87 and SSE registers, and starts with fresh ones")
{
    struct job jobs[] = {{program_fpu_1, program_fpu_1_end, NULL},
                         {program_fpu_2, program_fpu_2_end, NULL}};
    int pids[4];
    for (unsigned i = 0; i < ARRAY_LENGTH(pids); i++) {
        pids[i] = process_create("fpu", run_job, &jobs[i % 2]);
        CHECK(pids[i] > 0);
    }
    for (unsigned i = 0; i < ARRAY_LENGTH(pids); i++) {
        int status = -1;
        CHECK_EQUAL(process_wait(pids[i], &status), pids[i]);
        CHECK_EQUAL(status, WAIT_EXITED(0));
    }
}

TEST(user_fpu_sanitize, "an FPU state of random bytes can be loaded once it is sanitized")
{
    static struct fpu_state state, before;
    fpu_save(&before);
    for (unsigned i = 0; i < 1000; i++) {
        for (unsigned k = 0; k < sizeof(state); k++) {
            state.bytes[k] = (uint8_t)test_random();
        }
        fpu_sanitize(&state);
        fpu_load(&state);
    }
    fpu_load(&before);
    CHECK(true);
}
