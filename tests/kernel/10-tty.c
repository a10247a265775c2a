// Job control in kernel/tty.c: who is in the background, Ctrl-Z, hanging up; and poll.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/trap.h"
#include "kernel/dev/ansi.h"
#include "kernel/dev/input.h"
#include "kernel/fs/file.h"
#include "kernel/proc/group.h"
#include "kernel/proc/process.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/signal.h"
#include "kernel/tty.h"
#include "lib/abi/ioctl.h"
#include "lib/abi/poll.h"
#include "lib/abi/termios.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define CTRL_Q 0x11
#define CTRL_S 0x13
#define CTRL_Z 0x1a

static struct file *terminal;
static struct termios original;
static int64_t result; // of what the process in the background did

static int control(unsigned request, void *argument, size_t size)
{
    struct io io = io_kernel(argument, size);
    return terminal->inode->operations->ioctl(terminal->inode, request, &io);
}

static int control_value(unsigned request, uint64_t value)
{
    struct io io = {.data = (char *)value};
    return terminal->inode->operations->ioctl(terminal->inode, request, &io);
}

static int64_t read_nonblocking(void)
{
    char bytes[16];
    struct io io = io_kernel(bytes, sizeof(bytes));
    io.nonblocking = true;
    return terminal->inode->operations->read(terminal->inode, &io, 0);
}

static int64_t write_text(const char *text)
{
    struct io io = io_kernel(text, strlen(text));
    return terminal->inode->operations->write(terminal->inode, &io, 0, NULL);
}

static bool start(void)
{
    if (!test_check(file_open(NULL, "/dev/console", O_RDWR, 0, &terminal) == 0, __FILE__, __LINE__,
                    "/dev/console opens")) {
        return false;
    }
    control(TCGETS, &original, sizeof(original));
    return true;
}

static void finish(void)
{
    control(TCSETSF, &original, sizeof(original));
    file_close(terminal);
    ansi_write("\033c", 2);
}

static void type(char key)
{
    bool interrupts = cpu_save_interrupts();
    input_put(&key, 1);
    cpu_restore_interrupts(interrupts);
}

// ---- What a process in the background does; it ends with the signal that it gets ----

static int background_read(void *argument)
{
    (void)argument;
    group_set(0, 0);
    result = read_nonblocking();
    return signal_due();
}

static int background_write(void *argument)
{
    (void)argument;
    group_set(0, 0);
    result = write_text("background");
    return signal_due();
}

static int background_set(void *argument)
{
    struct termios settings = original;
    (void)argument;
    group_set(0, 0);
    result = control(TCSETS, &settings, sizeof(settings));
    return signal_due();
}

static int background_ignoring_read(void *argument)
{
    struct signal_action ignore = {.handler = SIGNAL_IGNORE};
    signal_set_action(SIGTTIN, &ignore, NULL);
    return background_read(argument);
}

static int background_blocking_set(void *argument)
{
    signal_set_blocked(SIGNAL_BIT(SIGTTOU));
    return background_set(argument);
}

static int orphan_status;

// Is alone in its session after its parent has ended: nobody could continue it.
static int orphan(void *argument)
{
    while (process_current()->parent) {
        clock_sleep_ms(1);
    }
    orphan_status = background_read(argument);
    return 0;
}

static int make_orphan(void *argument)
{
    process_create("orphan", orphan, argument);
    return 0;
}

static int run(int (*entry)(void *))
{
    int status = -1;
    result = 1;
    process_wait(process_create("background", entry, NULL), &status);
    return status;
}

static void check_background(void)
{
    CHECK_EQUAL(run(background_read), SIGTTIN);
    CHECK_EQUAL(result, -EINTR);
    CHECK_EQUAL(run(background_ignoring_read), 0);
    CHECK_EQUAL(result, -EIO);
    CHECK_EQUAL(run(background_write), 0);
    CHECK_EQUAL(result, 10);
    CHECK_EQUAL(run(background_set), SIGTTOU);
    CHECK_EQUAL(result, -EINTR);
    CHECK_EQUAL(run(background_blocking_set), 0);
    CHECK_EQUAL(result, 0);
    struct termios settings = original;
    settings.c_lflag |= TOSTOP;
    CHECK_EQUAL(control(TCSETS, &settings, sizeof(settings)), 0);
    CHECK_EQUAL(run(background_write), SIGTTOU);
    CHECK_EQUAL(result, -EINTR);
    CHECK_EQUAL(control(TCSETS, &original, sizeof(original)), 0);

    result = 1;
    orphan_status = -1;
    process_wait(process_create("parent", make_orphan, NULL), NULL);
    while (orphan_status < 0) {
        clock_sleep_ms(1);
    }
    CHECK_EQUAL(orphan_status, 0);
    CHECK_EQUAL(result, -EIO);
}

// Runs a function as the first process of a session that has the terminal, and returns its status.
static int lead(void *body)
{
    CHECK(group_new_session() > 0);
    CHECK_EQUAL(control_value(TIOCSCTTY, 1), 0);
    return ((int (*)(void))body)();
}

static int run_session(int (*body)(void))
{
    int status = -1;
    process_wait(process_create("leader", lead, body), &status);
    return status;
}

static int background_session(void)
{
    check_background();
    return 0;
}

TEST(tty_background, "who is in the background is stopped when it reads or changes the terminal")
{
    REQUIRE(start());
    CHECK_EQUAL(run_session(background_session), 0);
    finish();
}

// ---- Signals ----

static int stop_session(void)
{
    type(CTRL_Z);
    return signal_due();
}

TEST(tty_suspend, "Ctrl-Z sends SIGTSTP to the foreground")
{
    REQUIRE(start());
    CHECK_EQUAL(run_session(stop_session), SIGTSTP);
    finish();
}

static int window_session(void)
{
    struct winsize window, other = {.ws_row = 10, .ws_col = 20};
    control(TIOCGWINSZ, &window, sizeof(window));
    CHECK_EQUAL(control(TIOCSWINSZ, &window, sizeof(window)), 0);
    CHECK_EQUAL(process_current()->signals.pending & SIGNAL_BIT(SIGWINCH), 0);
    signal_set_blocked(SIGNAL_BIT(SIGWINCH)); // so that it is not thrown away at once
    CHECK_EQUAL(control(TIOCSWINSZ, &other, sizeof(other)), 0);
    CHECK(process_current()->signals.pending & SIGNAL_BIT(SIGWINCH));
    CHECK_EQUAL(control(TIOCSWINSZ, &window, sizeof(window)), 0);
    return 0;
}

TEST(tty_window, "the foreground is told when the window gets another size")
{
    REQUIRE(start());
    CHECK_EQUAL(run_session(window_session), 0);
    finish();
}

static volatile bool child_ready;

static int wait_for_hang_up(void *argument)
{
    (void)argument;
    struct signal_action ignore = {.handler = SIGNAL_IGNORE};
    signal_set_action(SIGCONT, &ignore, NULL);
    child_ready = true;
    clock_sleep_ms(1);
    while (signal_due() == 0) {
        clock_sleep_ms(1);
    }
    orphan_status = signal_due();
    return 0;
}

static int hang_up_session(void)
{
    process_create("child", wait_for_hang_up, NULL);
    while (!child_ready) {
        clock_sleep_ms(1);
    }
    return 0;
}

TEST(tty_hang_up, "when the first process of its session ends, the foreground gets SIGHUP")
{
    int group;
    REQUIRE(start());
    child_ready = false;
    orphan_status = -1;
    CHECK_EQUAL(run_session(hang_up_session), 0);
    for (unsigned i = 0; i < 1000 && orphan_status < 0; i++) {
        clock_sleep_ms(1);
    }
    CHECK_EQUAL(orphan_status, SIGHUP);
    CHECK_EQUAL(control(TIOCGSID, &group, sizeof(group)), -ENOTTY);
    finish();
}

// ---- Two who want it at the same time ----

#define TRAP_DEBUG 1

static volatile unsigned steps; // instructions with interrupts on, until the rival gets its turn
static volatile bool called, over;
static volatile int rival_result;

// After each instruction (RFLAGS.TF): where the timer could let the rival run, it does.
static void step(struct trap_frame *frame)
{
    if (frame->rflags & RFLAGS_IF && steps > 0 && --steps == 0) {
        called = true;
        while (called) {
            sched_yield();
        }
    }
}

static int rival(void *argument)
{
    (void)argument;
    CHECK(group_new_session() > 0);
    for (;;) {
        while (!called) {
            sched_yield();
        }
        if (over) {
            return 0;
        }
        rival_result = control_value(TIOCSCTTY, 0);
        called = false;
    }
}

// Takes the terminal with the rival coming after `count` instructions. False: it takes fewer.
static bool take_with_rival(unsigned count)
{
    steps = count;
    __asm__ volatile("pushfq\n orl $0x100, (%%rsp)\n popfq" : : : "memory", "cc");
    int got = control_value(TIOCSCTTY, 0);
    __asm__ volatile("pushfq\n andl $~0x100, (%%rsp)\n popfq" : : : "memory", "cc");
    bool came = steps == 0;
    steps = 0;
    if (came) {
        CHECK(got == 0 ? rival_result == -EPERM : got == -EPERM && rival_result == 0);
        CHECK_EQUAL(control_value(TIOCSCTTY, 1), 0); // whoever has it
    }
    CHECK_EQUAL(control_value(TIOCNOTTY, 0), 0);
    return came;
}

static int take_session(void)
{
    unsigned count = 1;
    CHECK_EQUAL(control_value(TIOCNOTTY, 0), 0);
    while (take_with_rival(count)) {
        count++;
    }
    CHECK(count > 10);
    return 0;
}

TEST(tty_rivals, "of two sessions that want the terminal at the same time one gets it")
{
    trap_register(TRAP_DEBUG, step);
    REQUIRE(start());
    called = over = false;
    int pid = process_create("rival", rival, NULL);
    CHECK_EQUAL(run_session(take_session), 0);
    over = called = true;
    process_wait(pid, NULL);
    finish();
}

// ---- poll ----

static unsigned poll(void)
{
    return terminal->inode->operations->poll(terminal->inode, terminal->flags);
}

TEST(tty_poll, "there is something to be read when there is a line, or enough for VMIN")
{
    REQUIRE(start());
    CHECK_EQUAL(poll() & (POLLIN | POLLOUT), POLLOUT);
    type('a');
    CHECK_EQUAL(poll() & (POLLIN | POLLOUT), POLLOUT);
    type('\r');
    CHECK_EQUAL(poll() & (POLLIN | POLLOUT), POLLIN | POLLOUT);
    CHECK_EQUAL(read_nonblocking(), 2);
    CHECK_EQUAL(poll() & POLLIN, 0);
    type(CTRL_S);
    CHECK_EQUAL(poll() & POLLOUT, 0);
    type(CTRL_Q);
    struct termios settings = original;
    settings.c_lflag &= ~(uint32_t)ICANON;
    settings.c_cc[VMIN] = 2;
    control(TCSETS, &settings, sizeof(settings));
    type('a');
    CHECK_EQUAL(poll() & POLLIN, 0);
    type('b');
    CHECK_EQUAL(poll() & POLLIN, POLLIN);
    finish();
}
