// exec and fork when memory runs out: kernel/proc/{exec,fork}.c. The programs are made here.
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/trap.h"
#include "kernel/fs/descriptor.h"
#include "kernel/layout.h"
#include "kernel/mm/kernel_area.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/proc/elf.h"
#include "kernel/proc/exec.h"
#include "kernel/proc/process.h"
#include "lib/abi/wait.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define PATH "/exec-test"
#define TEXT 0x400000
#define EXITED 7
#define STRING_SIZE (3 * PAGE_SIZE)
#define SHORT_MAX 2000 // pages: far more than any of this takes

// Ends with EXITED. The other one forks, its child ends; it waits for that, and ends with EXITED too,
// or with fork's error number.
__asm__(".section .rodata\n"
        "exit_code: movl $60, %eax\n movl $7, %edi\n syscall\n"
        "exit_code_end:\n"
        "fork_code: movl $57, %eax\n syscall\n testq %rax, %rax\n jz exit_code\n js 1f\n"
        " movl $61, %eax\n movq $-1, %rdi\n xorl %esi, %esi\n xorl %edx, %edx\n xorl %r10d, %r10d\n"
        " syscall\n movl $60, %eax\n movl $7, %edi\n syscall\n"
        "1: negq %rax\n movq %rax, %rdi\n movl $60, %eax\n syscall\n"
        "fork_code_end:\n .text\n");
extern const char exit_code[], exit_code_end[], fork_code[], fork_code_end[];

struct image {
    uint8_t header[ELF_HEADER_SIZE];
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, alignment;
    char code[128];
};

// Writes a program with one segment: [from, to), which starts at `entry`.
static bool write_program(const char *from, const char *to, const char *entry)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    struct image image = {.type = 1, .flags = 5, .address = TEXT, .file_size = sizeof(image),
                          .memory_size = sizeof(image)};
    uint64_t start = TEXT + offsetof(struct image, code) + (uint64_t)(entry - from);
    struct file *file;
    memcpy(image.header, ident, sizeof(ident));
    image.header[16] = 2; // ET_EXEC
    image.header[18] = 62;
    image.header[20] = 1;
    memcpy(image.header + 24, &start, sizeof(start));
    image.header[32] = ELF_HEADER_SIZE;
    image.header[54] = ELF_PROGRAM_HEADER_SIZE;
    image.header[56] = 1;
    memcpy(image.code, from, (size_t)(to - from));
    if (file_open(NULL, PATH, O_WRONLY | O_CREAT | O_TRUNC, 0755, &file)) {
        return false;
    }
    struct io io = io_kernel(&image, sizeof(image));
    bool written = file_write(file, &io) == sizeof(image);
    file_close(file);
    return written;
}

// Long: memory runs out in the middle of it, too.
static struct exec_strings one_string(void)
{
    struct exec_strings strings = {.bytes = kmalloc(STRING_SIZE), .size = STRING_SIZE, .count = 1};
    if (strings.bytes) {
        memset(strings.bytes, 'x', STRING_SIZE);
        strings.bytes[STRING_SIZE - 1] = '\0';
    }
    return strings;
}

static int run(void *result)
{
    struct process *self = process_current();
    struct exec_strings arguments = one_string(), environment = one_string();
    int error = self->descriptors ? 0 : descriptors_create(&self->descriptors);
    if (error || !arguments.bytes || !environment.bytes) {
        kfree(arguments.bytes);
        kfree(environment.bytes);
        error = -ENOMEM;
    } else {
        error = exec(NULL, PATH, &arguments, &environment);
    }
    *(int *)result = error;
    if (error) {
        return WAIT_EXITED(0);
    }
    cpu_disable_interrupts();
    process_activate(self);
    trap_leave(process_frame(self));
}

// Runs the program: its wait status, or the error of process_create or exec.
static int run_program(void)
{
    int result = 0, status = -1;
    int pid = process_create("test", run, &result);
    if (pid < 0) {
        return pid;
    }
    process_wait(pid, &status);
    return result ? result : status;
}

// Takes all pages but some; gives them back.
static struct page *hog(size_t left)
{
    struct page *taken = NULL;
    while (pmm_free_pages() > left) {
        struct page *page = pmm_page(pmm_alloc(0, PAGE_OTHER));
        page->node.next = (struct list_node *)(void *)taken;
        taken = page;
    }
    return taken;
}

static void give_back(struct page *taken)
{
    while (taken) {
        struct page *page = taken;
        taken = (struct page *)(void *)page->node.next;
        pmm_free(pmm_page_address(page));
    }
}

// Runs the program with more and more memory until it ends as it should. Until then, whatever fails
// is -ENOMEM (or SIGKILL, for a page that it needs itself) and keeps nothing.
static void run_short(void)
{
    bool done = false;
    size_t failures = 0, before = 0;
    CHECK_EQUAL(run_program(), WAIT_EXITED(EXITED)); // what is kept once is kept
    CHECK_EQUAL(run_program(), WAIT_EXITED(EXITED));
    struct page *most = hog(SHORT_MAX);
    for (size_t left = 0; !done && left < SHORT_MAX; left++) {
        struct page *taken = hog(left);
        int result = run_program();
        give_back(taken);
        bool expected = result == -ENOMEM || result == -EAGAIN || result == WAIT_SIGNALED(9) ||
                        result == WAIT_EXITED(ENOMEM) || result == WAIT_EXITED(EAGAIN);
        done = result == WAIT_EXITED(EXITED);
        CHECK(done || expected);
        failures += !done;
        run_program(); // with what it keeps for the next time
        before = failures == 1 ? pmm_free_pages() : before;
        CHECK_EQUAL(pmm_free_pages(), before);
    }
    give_back(most);
    CHECK(done && failures > 5);
}

TEST(exec_short_of_memory, "exec fails with -ENOMEM wherever memory runs out, and keeps none")
{
    REQUIRE(write_program(exit_code, exit_code_end, exit_code));
    run_short();
}

TEST(fork_short_of_memory, "fork fails with ENOMEM wherever memory runs out, and keeps none")
{
    REQUIRE(write_program(exit_code, fork_code_end, fork_code));
    run_short();
}
