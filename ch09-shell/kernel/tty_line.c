#include "kernel/tty_line.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/dev/input.h"
#include "kernel/proc/signal.h"
#include "kernel/sync/wait.h"
#include "kernel/tty_output.h"
#include "lib/errno.h"
#include "lib/string.h"

// Interrupt handlers bring the input, so all of the state is read and changed with interrupts off.

#define CONTROL(letter) ((letter) ^ 0x40)
#define NS_PER_TENTH (CLOCK_NS_PER_SECOND / 10) // VTIME's unit

static struct termios settings = {
    .c_iflag = ICRNL | IXON,
    .c_oflag = OPOST | ONLCR,
    .c_cflag = B38400 | CS8 | CREAD | HUPCL,
    .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    .c_cc = {[VINTR] = CONTROL('C'),
             [VQUIT] = CONTROL('\\'),
             [VERASE] = CONTROL('?'),
             [VKILL] = CONTROL('U'),
             [VEOF] = CONTROL('D'),
             [VMIN] = 1,
             [VSTART] = CONTROL('Q'),
             [VSTOP] = CONTROL('S'),
             [VSUSP] = CONTROL('Z'),
             [VREPRINT] = CONTROL('R'),
             [VDISCARD] = CONTROL('O'),
             [VWERASE] = CONTROL('W'),
             [VLNEXT] = CONTROL('V')},
};
static void (*send_signal)(int signal);

// Whether a byte is one of the special characters, of which 0 says that there is none.
static bool is(char byte, unsigned which)
{
    return settings.c_cc[which] != 0 && (uint8_t)byte == settings.c_cc[which];
}

// ---- Input: a ring of bytes, of which those in complete lines may be read ----

#define INPUT_SIZE 4096
#define END_OF_FILE '\0' // as the end of a line: VEOF, which is no byte of it

static char input[INPUT_SIZE];
static uint8_t line_ends[INPUT_SIZE / 8]; // a bit for each byte that ends a line
static size_t first; // index of the oldest byte
static size_t count; // bytes
static size_t complete; // of these in complete lines: all, when there are no lines (not ICANON)
static unsigned line_column; // where the echo of the last line begins
static bool literal; // the next byte is no special character
static struct wait_queue readers = {.name = "terminal input"};

static size_t index_of(size_t place)
{
    return (first + place) % INPUT_SIZE;
}

static bool is_line_end(size_t index)
{
    return line_ends[index / 8] & 1 << index % 8;
}

static unsigned hang_ups; // how often the terminal was taken from whoever had it

static void wake_readers(void)
{
    wait_wake_all(&readers);
}

// Takes away the oldest bytes.
static void drop(size_t size)
{
    for (size_t i = 0; i < size; i++) {
        line_ends[index_of(i) / 8] &= (uint8_t) ~(1 << index_of(i) % 8);
    }
    first = index_of(size);
    count -= size;
    complete -= size;
}

void tty_line_flush(void)
{
    complete = count;
    drop(count);
    literal = false;
}

void tty_line_hang_up(void)
{
    hang_ups++;
    wake_readers();
}

// A byte's room is kept for the end of a line. A line that is longer gets no further, but can still
// be ended or erased: so there is always room then.
static size_t room(void)
{
    size_t free = count < INPUT_SIZE - 1 ? INPUT_SIZE - 1 - count : 0;
    return settings.c_lflag & ICANON && complete == 0 ? INPUT_SIZE : free;
}

static bool is_control(char byte)
{
    return (byte >= 0 && byte < ' ') || byte == CONTROL('?');
}

static void echo(struct tty_output *output, char byte)
{
    if (!(settings.c_lflag & ECHO) &&
        !(byte == '\n' && settings.c_lflag & ECHONL && settings.c_lflag & ICANON)) {
        return;
    }
    if (settings.c_lflag & ECHOCTL && is_control(byte) && byte != '\n' && byte != '\t') {
        tty_output_put(output, '^', settings.c_oflag);
        byte = CONTROL(byte);
    }
    tty_output_put(output, byte, settings.c_oflag);
}

static void add(struct tty_output *output, char byte, bool ends_line)
{
    if (count >= (ends_line ? INPUT_SIZE : INPUT_SIZE - 1)) {
        tty_output_raw(output, '\a');
        return;
    }
    if (count == complete) {
        line_column = tty_output_column();
    }
    if (byte != END_OF_FILE || !ends_line) {
        echo(output, byte);
    }
    size_t index = index_of(count++);
    input[index] = byte;
    if (ends_line) {
        line_ends[index / 8] |= (uint8_t)(1 << index % 8);
    }
    if (ends_line || !(settings.c_lflag & ICANON)) {
        complete = count;
        wake_readers();
    }
}

// How many columns the last byte of the line takes, when `start` is that of the first.
static unsigned width_of_last(void)
{
    unsigned at = line_column, width = 0;
    for (size_t i = complete; i < count; i++) {
        char byte = input[index_of(i)];
        width = byte == '\t' ? TTY_TAB_WIDTH - at % TTY_TAB_WIDTH : 1;
        if (is_control(byte) && byte != '\t') {
            width = settings.c_lflag & ECHOCTL ? 2 : 0;
        }
        at += width;
    }
    return width;
}

static void erase(struct tty_output *output)
{
    unsigned width = settings.c_lflag & ECHO ? width_of_last() : 0;
    count--;
    while (width-- > 0) {
        tty_output_put(output, '\b', settings.c_oflag);
        tty_output_put(output, ' ', settings.c_oflag);
        tty_output_put(output, '\b', settings.c_oflag);
    }
}

static char last_byte(void)
{
    return input[index_of(count - 1)];
}

static void erase_word(struct tty_output *output)
{
    while (count > complete && (last_byte() == ' ' || last_byte() == '\t')) {
        erase(output);
    }
    while (count > complete && last_byte() != ' ' && last_byte() != '\t') {
        erase(output);
    }
}

static void kill_line(struct tty_output *output, char byte)
{
    if (settings.c_lflag & ECHOKE && settings.c_lflag & ECHOE) {
        while (count > complete) {
            erase(output);
        }
        return;
    }
    count = complete;
    echo(output, byte);
    if (settings.c_lflag & ECHOK) {
        echo(output, '\n');
    }
}

static void reprint(struct tty_output *output, char byte)
{
    echo(output, byte);
    echo(output, '\n');
    line_column = tty_output_column();
    for (size_t i = complete; i < count; i++) {
        echo(output, input[index_of(i)]);
    }
}

// Edits the line, if the byte is meant for that.
static bool edit(struct tty_output *output, char byte)
{
    bool extended = settings.c_lflag & IEXTEN;
    if (is(byte, VERASE) || (extended && is(byte, VWERASE))) {
        if (count > complete && !(settings.c_lflag & ECHOE)) {
            echo(output, byte);
            count--;
        } else if (count > complete) {
            is(byte, VERASE) ? erase(output) : erase_word(output);
        }
    } else if (is(byte, VKILL)) {
        kill_line(output, byte);
    } else if (extended && is(byte, VREPRINT)) {
        reprint(output, byte);
    } else if (extended && is(byte, VLNEXT)) {
        literal = true;
    } else if (is(byte, VEOF)) {
        add(output, END_OF_FILE, true);
    } else if (byte == '\n' || is(byte, VEOL) || (extended && is(byte, VEOL2))) {
        add(output, byte, true);
    } else {
        return false;
    }
    return true;
}

// The signal that a byte stands for, or 0.
static int signal_of(char byte)
{
    if (!(settings.c_lflag & ISIG)) {
        return 0;
    }
    return is(byte, VINTR) ? SIGINT : is(byte, VQUIT) ? SIGQUIT : 0;
}

// Stops and starts output, if a byte is meant for that alone.
static bool control_flow(char byte)
{
    if (!(settings.c_iflag & IXON)) {
        return false;
    }
    bool start = is(byte, VSTART), stop = is(byte, VSTOP);
    if (stop) {
        tty_output_stop();
    } else if (start || settings.c_iflag & IXANY) {
        tty_output_start();
    }
    return start || stop;
}

static void take_signal(struct tty_output *output, char byte)
{
    if (!(settings.c_lflag & NOFLSH)) {
        tty_line_flush();
    }
    tty_output_start();
    echo(output, byte);
    send_signal(signal_of(byte));
}

// Takes a byte that is no signal, and is not about output.
static void take_text(struct tty_output *output, char byte)
{
    if (literal) {
        literal = false;
        add(output, byte, false);
        return;
    }
    if (byte == '\r' && settings.c_iflag & IGNCR) {
        return;
    }
    if (byte == '\r' && settings.c_iflag & ICRNL) {
        byte = '\n';
    } else if (byte == '\n' && settings.c_iflag & INLCR) {
        byte = '\r';
    }
    if (!(settings.c_lflag & ICANON && edit(output, byte))) {
        add(output, byte, false);
    }
}

static void take(struct tty_output *output, char byte)
{
    if (settings.c_iflag & ISTRIP) {
        byte &= 0x7f;
    }
    if (!literal && control_flow(byte)) {
        return;
    }
    if (!literal && signal_of(byte) != 0) {
        take_signal(output, byte);
        return;
    }
    take_text(output, byte);
}

// What has no room is refused, but for what does not need any.
static bool take_all(const char *bytes, size_t size)
{
    struct tty_output output = {.length = 0};
    bool control = size == 1 && !literal && (signal_of(bytes[0]) != 0 || control_flow(bytes[0]));
    if (size > room() && !control) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        take(&output, bytes[i]);
    }
    tty_output_flush(&output);
    input_made_room(); // if a signal has thrown away what nobody read
    return true;
}

// ---- Programs ----

// Waits until there is enough to be read: in lines one of them, else as VMIN and VTIME say. 0,
// -EAGAIN, -EINTR, -EIO.
static int wait_for_input(const struct io *io)
{
    bool lines = settings.c_lflag & ICANON;
    size_t wanted = lines ? 1 : settings.c_cc[VMIN];
    uint64_t pause = lines ? 0 : settings.c_cc[VTIME] * NS_PER_TENTH;
    wanted = wanted < io->left ? wanted : io->left;
    if (wanted == 0 && pause == 0) {
        return 0;
    }
    if (io->nonblocking) {
        return complete > 0 ? 0 : -EAGAIN;
    }
    unsigned before = hang_ups;
    int result;
    do {
        size_t seen = complete;
        bool hurry = pause > 0 && (wanted == 0 || seen > 0); // the pause is that behind a byte
        uint64_t deadline = hurry ? clock_now_ns() + pause : WAIT_FOREVER;
        result = wait_until_interrupted_or(
            &readers, complete > seen || hang_ups != before || (complete > 0 && complete >= wanted),
            deadline);
    } while (result == 0 && complete < wanted && hang_ups == before);
    if (hang_ups != before) {
        return -EIO;
    }
    return result == -EINTR && complete == 0 ? -EINTR : 0;
}

// Gives out the first line, or what there is.
static int64_t give(struct io *io)
{
    int64_t given = 0;
    bool ended = false;
    while (!ended && complete > 0) {
        size_t size = 0, most = complete < INPUT_SIZE - first ? complete : INPUT_SIZE - first;
        while (size < most && !is_line_end(first + size)) {
            size++;
        }
        bool at_end = size < most, end_of_file = at_end && input[first + size] == END_OF_FILE;
        size += at_end && !end_of_file;
        size_t wanted = size < io->left ? size : io->left;
        size_t copied = io_copy_out(io, input + first, wanted);
        ended = at_end && copied == size;
        drop(copied + (ended && end_of_file));
        given += (int64_t)copied;
        if (copied < wanted) {
            return given > 0 ? given : -EFAULT;
        }
        if (copied < size) {
            break;
        }
    }
    return given;
}

int64_t tty_line_read(struct io *io)
{
    if (io->left == 0) {
        return 0;
    }
    bool interrupts = cpu_save_interrupts(); // what was waited for is still there afterwards
    int64_t result = wait_for_input(io);
    if (result == 0) {
        result = give(io);
        input_made_room();
    }
    cpu_restore_interrupts(interrupts);
    return result;
}

int64_t tty_line_write(struct io *io)
{
    return tty_output_write(io, settings.c_oflag);
}

void tty_line_settings(struct termios *current)
{
    bool interrupts = cpu_save_interrupts();
    *current = settings;
    cpu_restore_interrupts(interrupts);
}

// Makes lines of what was typed before there were any: typed ahead for a program that wants them.
static void make_lines(void)
{
    struct tty_output output = {.length = 0};
    for (size_t left = count; left > 0; left--) {
        char byte = input[first];
        drop(1);
        take_text(&output, byte);
    }
    tty_output_flush(&output);
}

void tty_line_set(const struct termios *wanted, bool flush)
{
    bool interrupts = cpu_save_interrupts();
    bool had_lines = settings.c_lflag & ICANON, has_lines = wanted->c_lflag & ICANON;
    if (flush) {
        tty_line_flush();
    }
    settings = *wanted;
    settings.c_line = 0;
    if (had_lines && !has_lines) {
        memset(line_ends, 0, sizeof(line_ends));
        complete = count;
    } else if (has_lines && !had_lines) {
        make_lines();
    }
    if (!(settings.c_iflag & IXON)) {
        tty_output_start();
    }
    input_made_room();
    wake_readers();
    cpu_restore_interrupts(interrupts);
}

size_t tty_line_readable(void)
{
    return complete;
}

void tty_line_open(void (*signal)(int signal))
{
    static const struct input_sink sink = {.put = take_all, .room = room};
    send_signal = signal;
    input_set_sink(&sink);
}

void tty_line_close(void)
{
    bool interrupts = cpu_save_interrupts();
    input_set_sink(NULL);
    tty_line_flush();
    tty_output_start();
    cpu_restore_interrupts(interrupts);
}
