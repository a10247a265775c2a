// Processes: kernel/proc/process.c. The test itself is process 1.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/layout.h"
#include "kernel/mm/kernel_area.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/proc/process.h"
#include "kernel/proc/sched.h"
#include "kernel/sync/mutex.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

// What is in use; stacks that stay mapped after they were freed are made to be there.
struct memory {
    size_t pages, blocks;
};

static struct memory memory_now(void)
{
    void *stacks[KERNEL_AREA_KEPT_STACKS];
    for (unsigned i = 0; i < ARRAY_LENGTH(stacks); i++) {
        stacks[i] = kernel_area_alloc_stack();
    }
    for (unsigned i = 0; i < ARRAY_LENGTH(stacks); i++) {
        kernel_area_free_stack(stacks[i]);
    }
    return (struct memory){.pages = pmm_free_pages(), .blocks = kmalloc_blocks()};
}

static void check_memory(struct memory before)
{
    struct memory after = memory_now();
    CHECK_EQUAL(after.blocks, before.blocks);
    // Slab caches keep an empty slab each, and stacks that stay mapped a page table: those that
    // were freed last may lie far from each other.
    CHECK(after.pages <= before.pages + 8 && after.pages + 8 >= before.pages);
}

static unsigned count_processes(void)
{
    struct process_info info;
    unsigned count = 0;
    for (int pid = 0; (pid = process_next(pid, &info)) != 0;) {
        count++;
    }
    return count;
}

// Lets others run until a process is in a state.
static void until(int pid, enum process_state state)
{
    struct process_info info = {0};
    for (unsigned i = 0; i < 100000; i++) {
        if (process_next(pid - 1, &info) == pid && info.state == state) {
            return;
        }
        sched_yield();
    }
    CHECK_EQUAL(info.pid, pid);
    CHECK_EQUAL(info.state, state);
}

// Lets others run until there are so many.
static void until_count(unsigned count)
{
    for (unsigned i = 0; i < 100000 && count_processes() != count; i++) {
        sched_yield();
    }
    CHECK_EQUAL(count_processes(), count);
}

static int return_argument(void *argument)
{
    return (int)(intptr_t)argument;
}

static int create_returning(int status)
{
    return process_create("returns", return_argument, (void *)(intptr_t)status);
}

TEST(process_status, "a process runs once and leaves its status for its parent")
{
    int status = 0;
    int pid = create_returning(42);
    REQUIRE(pid > 1);
    CHECK_EQUAL(process_wait(pid, &status), pid);
    CHECK_EQUAL(status, 42);
    CHECK_EQUAL(process_wait(pid, &status), -ECHILD);
}

static int exit_seven(void *argument)
{
    (void)argument;
    process_exit(7);
}

TEST(process_exit, "a process may end anywhere")
{
    int status = 0;
    int pid = process_create("exits", exit_seven, NULL);
    CHECK_EQUAL(process_wait(-1, &status), pid);
    CHECK_EQUAL(status, 7);
}

struct look {
    bool interrupts, own_stack;
    int pid, parent;
    uint64_t stack_remainder;
    char name[THREAD_NAME_SIZE];
};

static int look_around(void *argument)
{
    struct look *look = argument;
    virt_t here = (virt_t)&look;
    look->interrupts = cpu_interrupts_enabled();
    look->own_stack = kernel_area_in_stack(here, 8);
    look->stack_remainder = (virt_t)__builtin_frame_address(0) % 16;
    look->pid = process_current()->thread.pid;
    look->parent = process_current()->parent->thread.pid;
    strlcpy(look->name, process_current()->thread.name, sizeof(look->name));
    return 0;
}

TEST(process_start,
     "a process starts with interrupts on, its argument, a name and a stack of its own")
{
    struct look look = {0};
    int pid = process_create("a name that is too long", look_around, &look);
    CHECK_EQUAL(process_wait(pid, NULL), pid);
    CHECK(look.interrupts && look.own_stack);
    CHECK_EQUAL(look.stack_remainder, 0);
    CHECK_EQUAL(look.pid, pid);
    CHECK_EQUAL(look.parent, 1);
    CHECK_STRING(look.name, "a name that is ");
}

static struct wait_queue gate = WAIT_QUEUE;
static bool gate_open;

static int wait_at_gate(void *argument)
{
    wait_until(&gate, gate_open);
    return (int)(intptr_t)argument;
}

static void open_gate(void)
{
    gate_open = true;
    wait_wake_all(&gate);
}

TEST(process_wait_matrix, "waiting finds the right child, ended before or later, and nobody else's")
{
    int status = 0, pid[3];
    CHECK_EQUAL(process_wait(-1, &status), -ECHILD);
    CHECK_EQUAL(process_wait(1, &status), -ECHILD); // oneself
    CHECK_EQUAL(process_wait(0, &status), -ECHILD);
    CHECK_EQUAL(process_wait(-2, &status), -ECHILD);
    CHECK_EQUAL(process_wait(INT32_MAX, &status), -ECHILD);
    CHECK_EQUAL(process_wait(INT32_MIN, &status), -ECHILD);
    gate_open = false;
    for (int i = 0; i < 3; i++) {
        pid[i] = process_create("waits", wait_at_gate, (void *)(intptr_t)(10 + i));
        REQUIRE(pid[i] > 0);
        CHECK_EQUAL(process_wait(pid[i] + PROCESS_MAX, &status),
                    -ECHILD); // same place in the table
    }
    int early = create_returning(99);
    CHECK_EQUAL(process_wait(-1, &status), early); // the only one that has ended
    CHECK_EQUAL(status, 99);
    open_gate();
    CHECK_EQUAL(process_wait(pid[1], &status), pid[1]); // still running
    CHECK_EQUAL(status, 11);
    clock_sleep_ms(5); // meanwhile the others end
    CHECK_EQUAL(process_wait(pid[2], NULL), pid[2]);
    CHECK_EQUAL(process_wait(-1, &status), pid[0]);
    CHECK_EQUAL(status, 10);
    CHECK_EQUAL(process_wait(-1, NULL), -ECHILD);
}

static int wait_for_one(void *argument)
{
    int status;
    int pid = process_create("grandchild", return_argument, argument);
    return process_wait(pid, &status) == pid ? status : -1;
}

TEST(process_not_mine, "a grandchild is no child")
{
    int status = 0;
    int pid = process_create("child", wait_for_one, (void *)5);
    CHECK_EQUAL(process_wait(pid + 1, NULL), -ECHILD);
    CHECK_EQUAL(process_wait(-1, &status), pid);
    CHECK_EQUAL(status, 5);
}

TEST(process_ten_thousand, "ten thousand processes, one after the other, leave no trace")
{
    CHECK_EQUAL(process_wait(create_returning(0), NULL) > 0, true);
    struct memory before = memory_now();
    unsigned processes = count_processes();
    for (int i = 0; i < 10000; i++) {
        int status = -1;
        int pid = create_returning(i);
        if (pid <= 0 || process_wait(i % 2 ? pid : -1, &status) != pid || status != i) {
            CHECK_EQUAL(status, i);
            return;
        }
    }
    CHECK_EQUAL(count_processes(), processes);
    check_memory(before);
}

TEST(process_cost, "a short life costs a few thousand instructions")
{
    const unsigned count = 1000;
    uint64_t start = cpu_read_tsc();
    for (unsigned i = 0; i < count; i++) {
        process_wait(create_returning(0), NULL);
    }
    test_note("create_exit_wait %lu", (cpu_read_tsc() - start) / count);
    CHECK_EQUAL(process_wait(-1, NULL), -ECHILD);
}

// Creates processes until it is refused or there are `limit`. Returns how many, and why it stopped.
static unsigned create_many(unsigned limit, int *error)
{
    unsigned count = 0;
    *error = 0;
    while (count < limit) {
        int pid = process_create("one of many", wait_at_gate, NULL);
        if (pid < 0) {
            *error = pid;
            break;
        }
        count++;
    }
    return count;
}

// How many of them sleep, and where they should.
static unsigned count_sleeping(void)
{
    struct process_info info;
    unsigned sleeping = 0;
    int last_pid = 0;
    for (int pid = 0; (pid = process_next(pid, &info)) != 0; last_pid = pid) {
        CHECK(pid > last_pid);
        CHECK_EQUAL(pid, info.pid);
        sleeping += strcmp(info.name, "one of many") == 0 && info.parent == 1 &&
                    info.state == PROCESS_SLEEPING && strcmp(info.waits_for, "wait_at_gate") == 0;
    }
    return sleeping;
}

static unsigned wait_for_all(void)
{
    unsigned count = 0;
    while (process_wait(-1, NULL) > 0) {
        count++;
    }
    return count;
}

TEST(process_five_hundred,
     "500 processes live at once, each with a pid of its own, and leave no trace")
{
    struct memory before = memory_now();
    unsigned others = count_processes();
    int error;
    gate_open = false;
    REQUIRE(create_many(500, &error) == 500);
    for (unsigned i = 0; i < 1000 && count_sleeping() < 500; i++) {
        sched_yield();
    }
    CHECK_EQUAL(count_sleeping(), 500);
    CHECK_EQUAL(count_processes(), others + 500);
    open_gate();
    CHECK_EQUAL(wait_for_all(), 500);
    CHECK_EQUAL(count_processes(), others);
    check_memory(before);
}

TEST(process_limit, "at the limit there is no other process, and below it there is again")
{
    struct memory before = memory_now();
    unsigned others = count_processes();
    int error;
    gate_open = false;
    CHECK_EQUAL(create_many(PROCESS_MAX, &error), PROCESS_MAX - others);
    CHECK_EQUAL(error, -EAGAIN);
    CHECK_EQUAL(create_returning(0), -EAGAIN);
    open_gate();
    CHECK(process_wait(-1, NULL) > 0);
    CHECK(create_returning(0) > 0);
    CHECK_EQUAL(wait_for_all(), PROCESS_MAX - others);
    check_memory(before);
}

TEST(process_no_memory, "without memory for its stack or itself there is no process, and no leak")
{
    struct list_node blocks;
    struct memory before = memory_now();
    size_t left = before.pages;
    list_init(&blocks);
    // All pages but a few: how many are left decides where creating one fails.
    for (unsigned keep = 40; keep > 0; keep--) {
        phys_t page;
        while (pmm_free_pages() > keep && (page = pmm_alloc(0, PAGE_OTHER)) != 0) {
            list_append(&blocks, phys_to_virt(page));
        }
        int pid = create_returning(3), status = 0;
        CHECK(pid > 0 || pid == -ENOMEM);
        if (pid > 0) {
            CHECK_EQUAL(process_wait(pid, &status), pid);
            CHECK_EQUAL(status, 3);
        }
    }
    gate_open = false;
    int error;
    unsigned count = create_many(PROCESS_MAX, &error);
    CHECK_EQUAL(error, -ENOMEM);
    open_gate();
    CHECK_EQUAL(wait_for_all(), count);
    while (!list_empty(&blocks)) {
        struct list_node *block = blocks.next;
        list_remove(block);
        pmm_free(virt_to_phys(block));
    }
    CHECK(left > 40);
    check_memory(before);
}

TEST(process_pids, "pids grow, start again after the last one, and are never those of the living")
{
    gate_open = false;
    int living = process_create("lives on", wait_at_gate, NULL);
    int last = living, wraps = 0;
    REQUIRE(living > 0);
    for (unsigned i = 0; i < PROCESS_PID_MAX + 1000u; i++) {
        int pid = create_returning(0);
        if (pid <= 1 || pid > PROCESS_PID_MAX || pid == living || process_wait(pid, NULL) != pid) {
            CHECK_EQUAL(pid, last + 1);
            break;
        }
        wraps += pid < last;
        last = pid;
    }
    CHECK_EQUAL(wraps, 1);
    open_gate();
    CHECK_EQUAL(process_wait(-1, NULL), living);
}

// Leaves children of both kinds: some that have ended, some that have not.
static int leave_children(void *argument)
{
    (void)argument;
    for (int i = 0; i < 5; i++) {
        until(create_returning(i), PROCESS_ZOMBIE);
        until(process_create("orphan", wait_at_gate, NULL), PROCESS_SLEEPING);
    }
    return 0;
}

TEST(process_orphans, "nobody is left of a family whose head has ended, once all have")
{
    struct process_info info;
    struct memory before = memory_now();
    unsigned others = count_processes(), orphans = 0;
    gate_open = false;
    int pid = process_create("head", leave_children, NULL);
    CHECK_EQUAL(process_wait(pid, NULL), pid);
    CHECK_EQUAL(count_processes(), others + 5); // those that had ended have gone with it
    for (int next = 0; (next = process_next(next, &info)) != 0;) {
        orphans += info.parent == 0 && strcmp(info.name, "orphan") == 0;
    }
    CHECK_EQUAL(orphans, 5);
    CHECK_EQUAL(process_wait(-1, NULL), -ECHILD); // they are nobody's
    open_gate();
    until_count(others);
    check_memory(before);
}

TEST(process_disown, "a child that was disowned is no child, and forgotten at its end")
{
    struct memory before = memory_now();
    unsigned others = count_processes();
    gate_open = false;
    int early = create_returning(0), late = process_create("late", wait_at_gate, NULL);
    until(early, PROCESS_ZOMBIE);
    until(late, PROCESS_SLEEPING);
    CHECK_EQUAL(process_disown(early), 0);
    CHECK_EQUAL(process_disown(late), 0);
    CHECK_EQUAL(process_disown(late), -ECHILD);
    CHECK_EQUAL(process_disown(-1), -ECHILD);
    CHECK_EQUAL(count_processes(), others + 1);
    CHECK_EQUAL(process_wait(late, NULL), -ECHILD);
    open_gate();
    until_count(others);
    check_memory(before);
}

static bool stop_computing;

static int compute(void *argument)
{
    (void)argument;
    while (!__atomic_load_n(&stop_computing, __ATOMIC_RELAXED)) {
    }
    return 0;
}

static bool find_info(int pid, struct process_info *info)
{
    return process_next(pid - 1, info) == pid;
}

TEST(process_info, "the table tells states, parents, what is waited for, and processor time")
{
    struct process_info info;
    gate_open = stop_computing = false;
    int sleeper = process_create("sleeper", wait_at_gate, NULL);
    int computer = process_create("computer", compute, NULL);
    for (info.cpu_ns = 0; info.cpu_ns <= 10 * CLOCK_NS_PER_MS;) {
        clock_sleep_ms(1);
        REQUIRE(find_info(computer, &info));
    }
    int zombie = create_returning(0);
    until(sleeper, PROCESS_SLEEPING);
    until(zombie, PROCESS_ZOMBIE);
    REQUIRE(find_info(1, &info));
    CHECK_EQUAL(info.state, PROCESS_RUNNING);
    CHECK_EQUAL(info.parent, 0);
    CHECK_STRING(info.name, "kernel");
    REQUIRE(find_info(sleeper, &info));
    CHECK_EQUAL(info.state, PROCESS_SLEEPING);
    CHECK_EQUAL(info.parent, 1);
    CHECK_STRING(info.waits_for, "wait_at_gate");
    uint64_t sleeper_ns = info.cpu_ns;
    REQUIRE(find_info(computer, &info));
    CHECK_EQUAL(info.state, PROCESS_READY);
    CHECK_STRING(info.waits_for, "");
    CHECK(info.cpu_ns > sleeper_ns);
    stop_computing = true;
    CHECK_EQUAL(process_wait(computer, NULL), computer);
    REQUIRE(find_info(zombie, &info));
    CHECK_EQUAL(info.state, PROCESS_ZOMBIE);
    CHECK_EQUAL(process_wait(zombie, NULL), zombie);
    CHECK(!find_info(zombie, &info));
    open_gate();
    CHECK_EQUAL(process_wait(sleeper, NULL), sleeper);
}

// Puts a value into all registers that a function preserves, yields, and looks whether it is there.
static int yield_with_registers(void *argument)
{
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < 500; i++) {
        uint64_t value = (uint64_t)(virt_t)argument * 1000003 + i;
        __asm__ volatile("movq %1, %%rbx; movq %1, %%r12; movq %1, %%r13\n"
                         "movq %1, %%r14; movq %1, %%r15\n"
                         "call sched_yield\n"
                         "subq %1, %%rbx; subq %1, %%r12; subq %1, %%r13\n"
                         "subq %1, %%r14; subq %1, %%r15\n"
                         "orq %%rbx, %0; orq %%r12, %0; orq %%r13, %0\n"
                         "orq %%r14, %0; orq %%r15, %0\n"
                         : "+m"(wrong)
                         : "m"(value)
                         : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
                           "r12", "r13", "r14", "r15", "memory", "cc");
    }
    return wrong == 0;
}

// The same with all of them and no call: only interrupts come between.
static int compute_with_registers(void *argument)
{
    uint64_t value = (uint64_t)(virt_t)argument * 1000003, wrong = 0;
    for (uint64_t end = clock_now_ns() + 20 * CLOCK_NS_PER_MS; clock_now_ns() < end;) {
        __asm__ volatile("movq %1, %%rax; movq %1, %%rbx; movq %1, %%rdx; movq %1, %%rsi\n"
                         "movq %1, %%rdi; movq %1, %%r8; movq %1, %%r9; movq %1, %%r10\n"
                         "movq %1, %%r11; movq %1, %%r12; movq %1, %%r13; movq %1, %%r14\n"
                         "movq %1, %%r15; movl $20000, %%ecx\n"
                         "1: loop 1b\n"
                         "subq %1, %%rax; subq %1, %%rbx; subq %1, %%rdx; subq %1, %%rsi\n"
                         "subq %1, %%rdi; subq %1, %%r8; subq %1, %%r9; subq %1, %%r10\n"
                         "subq %1, %%r11; subq %1, %%r12; subq %1, %%r13; subq %1, %%r14\n"
                         "subq %1, %%r15\n"
                         "orq %%rbx, %%rax; orq %%rdx, %%rax; orq %%rsi, %%rax\n"
                         "orq %%rdi, %%rax; orq %%r8, %%rax; orq %%r9, %%rax\n"
                         "orq %%r10, %%rax; orq %%r11, %%rax; orq %%r12, %%rax\n"
                         "orq %%r13, %%rax; orq %%r14, %%rax; orq %%r15, %%rax\n"
                         "orq %%rax, %0\n"
                         : "+m"(wrong)
                         : "m"(value)
                         : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
                           "r12", "r13", "r14", "r15", "cc");
    }
    return wrong == 0;
}

TEST(process_registers, "a process finds its registers as it left them")
{
    int status, pids[4];
    for (size_t i = 0; i < ARRAY_LENGTH(pids); i++) {
        pids[i] = process_create("registers", i < 2 ? yield_with_registers : compute_with_registers,
                                 (void *)(i + 1));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(pids); i++) {
        status = 0;
        CHECK_EQUAL(process_wait(pids[i], &status), pids[i]);
        CHECK_EQUAL(status, 1);
    }
}

TEST_PANIC(process_first_ends, "process 1 cannot end",
           "panic: (assertion failed: self != &first|process 1 \\(kernel\\) has ended)(.*\n)+  in "
           "process 1 \\(kernel\\)\n")
{
    process_exit(0);
}

static struct mutex treasure = MUTEX("treasure");

static int take_and_end(void *argument)
{
    mutex_lock(argument);
    return 0;
}

TEST_PANIC(process_ends_with_mutex, "who ends with a mutex is named",
           "panic: process [0-9]+ \\(thief\\) ends with 1 mutexes held\n")
{
    process_wait(process_create("thief", take_and_end, &treasure), NULL);
}
