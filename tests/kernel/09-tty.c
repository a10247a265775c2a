// kernel/tty.c, tty_line.c: keys become lines, or bytes; what is written gets to the screen.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/dev/ansi.h"
#include "kernel/dev/input.h"
#include "kernel/dev/vga.h"
#include "kernel/fs/file.h"
#include "kernel/layout.h"
#include "kernel/proc/group.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "kernel/tty.h"
#include "lib/abi/ioctl.h"
#include "lib/abi/termios.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define MS_PER_TENTH 100
#define A_WHILE_MS 20
#define LINE_MAX 4096

static struct file *terminal;
static struct termios original;

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

static void set(const struct termios *settings)
{
    struct termios copy = *settings;
    CHECK_EQUAL(control(TCSETSF, &copy, sizeof(copy)), 0);
}

// Opens the terminal, with the settings that it has at first.
static bool start(void)
{
    if (!test_check(file_open(NULL, "/dev/console", O_RDWR, 0, &terminal) == 0, __FILE__, __LINE__,
                    "/dev/console opens")) {
        return false;
    }
    control(TCGETS, &original, sizeof(original));
    control_value(TCFLSH, TCIFLUSH);
    ansi_write("\033c", 2);
    return true;
}

static void finish(void)
{
    set(&original);
    file_close(terminal);
    ansi_write("\033c", 2);
}

static bool put(const char *keys, size_t length)
{
    bool interrupts = cpu_save_interrupts(), taken = input_put(keys, length);
    cpu_restore_interrupts(interrupts);
    return taken;
}

static void type(const char *keys)
{
    for (; *keys; keys++) {
        put(keys, 1);
    }
}

static char got[LINE_MAX + 1];

static int64_t read_some(size_t size, bool nonblocking)
{
    struct io io = io_kernel(got, size);
    io.nonblocking = nonblocking;
    int64_t length = terminal->inode->operations->read(terminal->inode, &io, 0);
    got[length > 0 ? length : 0] = '\0';
    return length;
}

static int64_t write_some(const char *text, bool nonblocking)
{
    struct io io = io_kernel(text, strlen(text));
    io.nonblocking = nonblocking;
    return terminal->inode->operations->write(terminal->inode, &io, 0, NULL);
}

// A row of the screen without the blanks at its end.
static const char *row_text(unsigned row)
{
    static char text[VGA_COLUMNS + 1];
    const volatile uint16_t *cells = phys_to_virt(VGA_PHYS);
    size_t length = 0;
    for (unsigned i = 0; i < VGA_COLUMNS; i++) {
        text[i] = (char)cells[row * VGA_COLUMNS + i];
        length = text[i] != ' ' ? i + 1 : length;
    }
    text[length] = '\0';
    return text;
}

TEST(tty_settings, "the terminal begins with the settings that Linux gives one")
{
    REQUIRE(start());
    CHECK_EQUAL(original.c_iflag, 0x500);
    CHECK_EQUAL(original.c_oflag, 0x5);
    CHECK_EQUAL(original.c_cflag, 0x4bf);
    CHECK_EQUAL(original.c_lflag, 0x8a3b);
    CHECK(memcmp(original.c_cc, "\3\34\177\25\4\0\1\0\21\23\32\0\22\17\27\26\0\0\0", NCCS) == 0);
    struct winsize window;
    CHECK_EQUAL(control(TIOCGWINSZ, &window, sizeof(window)), 0);
    CHECK_EQUAL(window.ws_row, VGA_ROWS);
    CHECK_EQUAL(window.ws_col, VGA_COLUMNS);
    CHECK_EQUAL(control_value(0x5499, 0), -ENOTTY);
    CHECK_EQUAL(control_value(TCFLSH, 3), -EINVAL);
    CHECK_EQUAL(control_value(TCXONC, 4), -EINVAL);
    finish();
}

TEST(tty_lines, "a line can be read when Enter has ended it; what has no room comes next")
{
    REQUIRE(start());
    type("one");
    CHECK_EQUAL(read_some(LINE_MAX, true), -EAGAIN);
    type("\rtwo\rthree");
    int waiting;
    CHECK_EQUAL(control(FIONREAD, &waiting, sizeof(waiting)), 0);
    CHECK_EQUAL(waiting, 8);
    CHECK_EQUAL(read_some(0, false), 0);
    CHECK_EQUAL(read_some(2, false), 2);
    CHECK_STRING(got, "on");
    CHECK_EQUAL(read_some(LINE_MAX, false), 2);
    CHECK_STRING(got, "e\n");
    CHECK_EQUAL(read_some(LINE_MAX, false), 4);
    CHECK_STRING(got, "two\n");
    CHECK_EQUAL(read_some(LINE_MAX, true), -EAGAIN);
    finish();
}

TEST(tty_edit, "characters, words and lines are erased, in the line and on the screen")
{
    static const struct {
        const char *keys, *line, *screen;
    } cases[] = {
        {"ab\177c", "ac", "ac"},
        {"\177\177a", "a", "a"},
        {"ls -l  file \027x", "ls -l  x", "ls -l  x"},
        {"one two\025three", "three", "three"},
        {"a\001b", "a\001b", "a^Ab"},
        {"a\001\177b", "ab", "ab"},
        {"a\tb", "a\tb", "a       b"},
        {"a\t\177b", "ab", "ab"},
        {"12345678\t\t\177b", "12345678\tb", "12345678        b"},
        {"a\026\003b", "a\003b", "a^Cb"},
        {"a\026\177b", "a\177b", "a^?b"},
        {"a\026\026b", "a\026b", "a^Vb"},
        {"\303\244\377", "\303\244\377", "\303\244\377"},
    };
    REQUIRE(start());
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char line[32];
        strlcpy(line, cases[i].line, sizeof(line));
        type("x\r"); // the echo begins in a row of its own
        read_some(LINE_MAX, false);
        ansi_write("\033[H\033[J", 6);
        type(cases[i].keys);
        CHECK_STRING(row_text(0), cases[i].screen);
        type("\r");
        CHECK_EQUAL(read_some(LINE_MAX, false), strlen(line) + 1);
        got[strlen(line)] = '\0';
        CHECK_STRING(got, line);
    }
    type("kept\r\177\027\025x\r"); // what has been ended cannot be edited
    CHECK_EQUAL(read_some(LINE_MAX, false), 5);
    CHECK_EQUAL(read_some(LINE_MAX, false), 2);
    ansi_write("\033[H\033[J", 6);
    type("again\022");
    CHECK_STRING(row_text(1), "again");
    finish();
}

TEST(tty_flags, "ECHO, ECHOE, ECHOKE, ECHOCTL, ECHONL, ICRNL, INLCR, IGNCR do what they say")
{
    static const struct {
        uint32_t input, local;
        const char *keys, *line, *screen;
    } cases[] = {
        {ICRNL, ICANON, "secret\r", "secret\n", ""},
        {ICRNL, ICANON | ECHO, "ab\177c\025d\r", "d\n", "ab\177c\025d"},
        {ICRNL, ICANON | ECHO | ECHOE | ECHOK, "ab\025", "", "ab\025"},
        {ICRNL, ICANON | ECHO | ECHOCTL, "a\001\r", "a\001\n", "a^A"},
        {INLCR, 0, "a\rb\n", "a\rb\r", ""},
        {IGNCR | ICRNL, ICANON | ECHO, "a\rb\n", "ab\n", "ab"},
        {0, ICANON, "a\rb\n", "a\rb\n", ""},
        {ISTRIP, 0, "\341\342", "ab", ""},
    };
    REQUIRE(start());
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct termios settings = original;
        settings.c_iflag = cases[i].input;
        settings.c_lflag = cases[i].local;
        set(&settings);
        ansi_write("\033c", 2);
        type(cases[i].keys);
        if (memchr(cases[i].screen, 025, strlen(cases[i].screen)) == NULL &&
            memchr(cases[i].screen, 0177, strlen(cases[i].screen)) == NULL) {
            CHECK_STRING(row_text(0), cases[i].screen); // those two are nothing to be seen
        }
        read_some(LINE_MAX, true);
        CHECK_STRING(got, cases[i].line);
    }
    struct termios settings = original;
    settings.c_lflag = ICANON | ECHONL;
    set(&settings);
    ansi_write("\033c", 2);
    type("a\rb\r");
    write_some("here", false);
    CHECK_STRING(row_text(2), "here");
    finish();
}

TEST(tty_end_of_file, "Ctrl-D lets a line go as it is; alone it is the end of the file, once")
{
    REQUIRE(start());
    type("ab\004cd\r");
    CHECK_EQUAL(read_some(LINE_MAX, false), 2);
    CHECK_STRING(got, "ab");
    CHECK_EQUAL(read_some(LINE_MAX, false), 3);
    type("\004x\r");
    CHECK_EQUAL(read_some(LINE_MAX, false), 0);
    CHECK_EQUAL(read_some(LINE_MAX, false), 2);
    type("abc\004\004");
    CHECK_EQUAL(read_some(3, false),
                3); // the line ends with the third byte: that is no end of file
    CHECK_EQUAL(read_some(3, false), 0);
    CHECK_EQUAL(read_some(3, true), -EAGAIN);
    finish();
}

TEST(tty_long_line, "a line gets as long as 4095 bytes and can still be ended, or edited")
{
    REQUIRE(start());
    for (unsigned i = 0; i < LINE_MAX + 1000; i++) {
        CHECK(put("x", 1));
    }
    type("\r");
    CHECK_EQUAL(read_some(LINE_MAX, false), LINE_MAX);
    CHECK_EQUAL(got[LINE_MAX - 1], '\n');
    for (unsigned i = 0; i < LINE_MAX; i++) {
        put("y", 1);
    }
    type("\177\177z\r");
    CHECK_EQUAL(read_some(LINE_MAX, false), LINE_MAX - 1);
    CHECK_EQUAL(got[LINE_MAX - 3], 'z');
    finish();
}

TEST(tty_full, "what nobody reads fills the buffer; then keys are refused, but not Ctrl-C")
{
    REQUIRE(start());
    unsigned lines = 0, overflows = input_overflows();
    while (lines < LINE_MAX && input_room() >= 4) {
        put("abc\r", 4);
        lines++;
    }
    CHECK(lines > 1000 && lines < LINE_MAX / 4);
    while (input_room() > 0) {
        put("a", 1);
    }
    CHECK(!put("a", 1));
    CHECK_EQUAL(input_overflows(), overflows + 1);
    for (unsigned i = 0; i < lines; i++) {
        CHECK_EQUAL(read_some(LINE_MAX, false), 4);
    }
    CHECK(put("\r", 1));
    while (input_room() > 0) {
        put("a\r", 2);
        put("\r", 1);
    }
    CHECK(put("\003", 1)); // throws it all away
    CHECK_EQUAL(read_some(LINE_MAX, true), -EAGAIN);
    CHECK(input_room() > 0);
    finish();
}

TEST(tty_raw, "without ICANON bytes come as they are typed, as VMIN and VTIME say")
{
    REQUIRE(start());
    struct termios settings = original;
    settings.c_lflag &= ~(uint32_t)(ICANON | ECHO | ISIG);
    settings.c_iflag = 0;
    set(&settings);
    type("\177\004\003\r\n\021");
    CHECK_EQUAL(read_some(LINE_MAX, false), 6);
    CHECK_STRING(got, "\177\004\003\r\n\021");
    CHECK_EQUAL(read_some(LINE_MAX, true), -EAGAIN);

    settings.c_cc[VMIN] = 0; // what there is, at once
    set(&settings);
    CHECK_EQUAL(read_some(LINE_MAX, false), 0);
    CHECK_EQUAL(read_some(LINE_MAX, true), 0);
    type("ab");
    CHECK_EQUAL(read_some(LINE_MAX, false), 2);

    settings.c_cc[VTIME] = 1; // a tenth of a second at most
    set(&settings);
    uint64_t before = clock_now_ns();
    CHECK_EQUAL(read_some(LINE_MAX, false), 0);
    CHECK(clock_now_ns() - before >= MS_PER_TENTH * CLOCK_NS_PER_MS);

    settings.c_cc[VMIN] = 3; // three bytes, or a pause of a tenth
    set(&settings);
    type("abcd");
    CHECK_EQUAL(read_some(LINE_MAX, false), 4);
    settings.c_cc[VTIME] = 50;
    set(&settings);
    type("ab");
    before = clock_now_ns();
    CHECK_EQUAL(read_some(2, false), 2); // no more were asked for
    CHECK(clock_now_ns() - before < 50 * MS_PER_TENTH * CLOCK_NS_PER_MS);
    settings.c_cc[VTIME] = 1;
    set(&settings);
    type("ab");
    before = clock_now_ns();
    CHECK_EQUAL(read_some(LINE_MAX, false), 2);
    CHECK(clock_now_ns() - before >= MS_PER_TENTH * CLOCK_NS_PER_MS);
    finish();
}

static int type_later(void *keys)
{
    for (const char *key = keys; *key; key++) {
        clock_sleep_ms(A_WHILE_MS);
        put(key, 1);
    }
    return 0;
}

TEST(tty_waits, "a reader sleeps until there is enough")
{
    REQUIRE(start());
    process_create("keys", type_later, "abc\r");
    CHECK_EQUAL(read_some(LINE_MAX, false), 4);
    struct termios settings = original;
    settings.c_lflag &= ~(uint32_t)(ICANON | ECHO);
    settings.c_cc[VMIN] = 3;
    set(&settings);
    process_create("keys", type_later, "abc");
    CHECK_EQUAL(read_some(LINE_MAX, false), 3);
    process_create("keys", type_later, "d");
    CHECK_EQUAL(read_some(1, false), 1);
    while (process_wait(-1, NULL) > 0) {
    }
    finish();
}

TEST(tty_switch, "what was typed before the mode changes is not lost")
{
    REQUIRE(start());
    struct termios raw = original;
    raw.c_lflag &= ~(uint32_t)(ICANON | ECHO);
    type("ab");
    CHECK_EQUAL(control(TCSETS, &raw, sizeof(raw)), 0);
    CHECK_EQUAL(read_some(1, true), 1);
    CHECK_STRING(got, "a");
    CHECK_EQUAL(control(TCSETSW, &original, sizeof(original)), 0);
    type("c\r");
    CHECK_EQUAL(read_some(LINE_MAX, true), 3);
    CHECK_STRING(got, "bc\n");
    type("d");
    CHECK_EQUAL(control(TCSETSF, &raw, sizeof(raw)), 0); // but for this
    CHECK_EQUAL(read_some(LINE_MAX, true), -EAGAIN);
    type("wy\177x\rz\026\004\004\004end");
    CHECK_EQUAL(control(TCSETS, &original, sizeof(original)), 0);
    CHECK_EQUAL(read_some(LINE_MAX, true), 3);
    CHECK_STRING(got, "wx\n"); // made a line of, since a line is wanted now
    CHECK_EQUAL(read_some(LINE_MAX, true), 2);
    CHECK_STRING(got, "z\004");
    CHECK_EQUAL(read_some(LINE_MAX, true), 0);
    CHECK_EQUAL(read_some(LINE_MAX, true), -EAGAIN);
    type("\r");
    CHECK_EQUAL(read_some(LINE_MAX, true), 4);
    CHECK_STRING(got, "end\n");
    finish();
}

TEST(tty_output, "ONLCR puts a carriage return in front of a line feed; without OPOST nothing is")
{
    REQUIRE(start());
    CHECK_EQUAL(write_some("a\nb", false), 3);
    CHECK_STRING(row_text(1), "b");
    struct termios settings = original;
    settings.c_oflag &= ~(uint32_t)OPOST;
    set(&settings);
    ansi_write("\033c", 2);
    write_some("a\nb\r\nc", false);
    CHECK_STRING(row_text(1), " b");
    CHECK_STRING(row_text(2), "c");
    finish();
}

TEST(tty_flow, "Ctrl-S stops what programs write, Ctrl-Q and Ctrl-C let it go on")
{
    REQUIRE(start());
    type("\023");
    CHECK_EQUAL(write_some("a", true), -EAGAIN);
    process_create("keys", type_later, "\021");
    CHECK_EQUAL(write_some("b", false), 1);
    CHECK_STRING(row_text(0), "b");
    type("\023\003");
    CHECK_EQUAL(write_some("c", true), 1);
    control_value(TCXONC, TCOOFF);
    CHECK_EQUAL(write_some("d", true), -EAGAIN);
    control_value(TCXONC, TCOON);
    CHECK_EQUAL(write_some("d", true), 1);
    type("\023\021");
    struct termios settings = original;
    settings.c_iflag &= ~(uint32_t)IXON;
    set(&settings);
    type("\023\021\r");
    CHECK_EQUAL(read_some(LINE_MAX, true), 3);
    process_wait(-1, NULL);
    finish();
}

TEST(tty_answer, "a request of the cursor's position is answered to who reads")
{
    REQUIRE(start());
    struct termios settings = original;
    settings.c_lflag &= ~(uint32_t)(ICANON | ECHO);
    set(&settings);
    write_some("\033[5;6H\033[6n", false);
    CHECK_EQUAL(read_some(LINE_MAX, true), 6);
    CHECK_STRING(got, "\033[5;6R");
    settings.c_lflag |= ECHO; // the answer is echoed while it is asked for
    set(&settings);
    write_some("\033[6n.", false);
    CHECK_EQUAL(read_some(LINE_MAX, true), 6);
    CHECK_STRING(row_text(4), "     ^[[5;6R.");
    finish();
}

TEST(tty_closed, "while nobody has it open, keys wait for input_read, or for who opens it")
{
    REQUIRE(input_room() == INPUT_QUEUE_SIZE);
    type("k");
    CHECK_EQUAL(input_read(), 'k');
    type("ab\r");
    REQUIRE(start());
    file_close(terminal);
    CHECK_EQUAL(input_room(), INPUT_QUEUE_SIZE);
    type("cd\r");
    REQUIRE(file_open(NULL, "/dev/ttyS0", O_RDWR, 0, &terminal) == 0);
    CHECK_EQUAL(read_some(LINE_MAX, true), 3);
    CHECK_STRING(got, "cd\n");
    finish();
}

// ---- Sessions ----

static volatile bool reading;

// Types when the reader has the terminal.
static int type_to_reader(void *keys)
{
    while (!reading) {
        clock_sleep_ms(1);
    }
    return type_later(keys);
}

// A process that is the first of a session, has the terminal, and reads from it.
static int read_in_session(void *result)
{
    int64_t *length = result;
    int group = group_new_session();
    CHECK(group > 0);
    CHECK_EQUAL(control(TIOCGPGRP, &group, sizeof(group)), -ENOTTY);
    CHECK_EQUAL(control_value(TIOCSCTTY, 0), 0);
    CHECK_EQUAL(control(TIOCGPGRP, &group, sizeof(group)), 0);
    CHECK_EQUAL(group, process_current()->thread.pid);
    int other = group + 1;
    CHECK_EQUAL(control(TIOCSPGRP, &other, sizeof(other)), -EPERM);
    other = -1;
    CHECK_EQUAL(control(TIOCSPGRP, &other, sizeof(other)), -EINVAL);
    CHECK_EQUAL(control(TIOCSPGRP, &group, sizeof(group)), 0);
    CHECK_EQUAL(control(TIOCGSID, &group, sizeof(group)), 0);
    CHECK_EQUAL(group, process_current()->thread.pid);
    struct file *own;
    CHECK_EQUAL(file_open(NULL, "/dev/tty", O_RDWR, 0, &own), 0);
    file_close(own);
    reading = true;
    *length = read_some(LINE_MAX, false);
    return signal_due();
}

static void check_interrupted(const char *keys, int signal)
{
    int64_t length = 0;
    int status = 0;
    reading = false;
    int pid = process_create("reader", read_in_session, &length);
    process_create("keys", type_to_reader, (void *)(virt_t)keys);
    CHECK_EQUAL(process_wait(pid, &status), pid);
    CHECK_EQUAL(status, signal);
    CHECK_EQUAL(length, signal ? -EINTR : 3);
    process_wait(-1, NULL);
}

TEST(tty_signals, "Ctrl-C and Ctrl-\\ end a reader of the group in the foreground, and are shown")
{
    REQUIRE(start());
    check_interrupted("ab\003", SIGINT);
    CHECK_STRING(row_text(0), "ab^C");
    CHECK_EQUAL(read_some(LINE_MAX, true), -EAGAIN); // what was typed before is gone
    check_interrupted("\034", SIGQUIT);
    check_interrupted("ab\r", 0);
    struct termios settings = original;
    settings.c_lflag |= NOFLSH;
    set(&settings);
    check_interrupted("x\003", SIGINT);
    type("y\r");
    CHECK_EQUAL(read_some(LINE_MAX, true), 3);
    finish();
}

TEST(tty_nobody, "without a session that has it there is no terminal to be opened as one's own")
{
    struct file *own;
    REQUIRE(start());
    CHECK_EQUAL(file_open(NULL, "/dev/tty", O_RDWR, 0, &own), -ENXIO);
    CHECK_EQUAL(control_value(TIOCSCTTY, 0), -EPERM); // the kernel's own process leads none
    int group;
    CHECK_EQUAL(control(TIOCGPGRP, &group, sizeof(group)), -ENOTTY);
    type("\003");
    finish();
}
