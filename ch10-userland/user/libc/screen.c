#include "user/libc/command.h"
#include "user/libc/screen.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define ROWS_MAX 200
#define COLUMNS_MAX 300
#define ESCAPE_MS 50 // a sequence's further bytes come within so long; else it was the key Esc

struct row {
    char *bytes; // with the escape sequences, as it was sent
    size_t length;
};

static struct {
    int terminal;
    bool open, drawn_hidden;
    struct termios settings; // as they were
    unsigned rows, columns;
    struct row shown[ROWS_MAX];
    bool in_row;
    unsigned row, column; // that is being made
    char *bytes; // of it
    size_t length;
    struct output *out;
    char keys[64]; // read and not given out
    size_t key_start, key_end;
} screen = {.terminal = -1};

void screen_close(void)
{
    if (screen.open) {
        screen.open = false;
        // Off the other screen, which brings back what was there before.
        output_text(screen.out, "\033[m\033[?25h\033[?1049l");
        output_flush(screen.out);
        tcsetattr(screen.terminal, TCSADRAIN, &screen.settings);
    }
}

static void on_signal(int signal)
{
    screen_close();
    _exit(128 + signal);
}

void screen_open(void)
{
    screen.terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (screen.terminal < 0) {
        screen.terminal = STDOUT_FILENO;
    }
    if (tcgetattr(screen.terminal, &screen.settings) != 0) {
        err(1, "no terminal");
    }
    screen.out = output_open(screen.terminal);
    struct termios raw = screen.settings;
    raw.c_iflag &= ~(unsigned)(ICRNL | INLCR | IGNCR | IXON | ISTRIP);
    raw.c_oflag &= ~(unsigned)OPOST;
    raw.c_lflag &= ~(unsigned)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(screen.terminal, TCSAFLUSH, &raw);
    screen.open = true;
    atexit(screen_close);
    signal(SIGTERM, on_signal);
    signal(SIGHUP, on_signal);
    output_text(screen.out, "\033[?1049h\033[2J");
}

// ---- Keys ----

// The next byte; -1: none in time, -2: none any more.
static int next_byte(int timeout_ms)
{
    while (screen.key_start == screen.key_end) {
        struct pollfd wanted = {.fd = screen.terminal, .events = POLLIN};
        int ready = poll(&wanted, 1, timeout_ms);
        if (ready == 0 || (ready < 0 && errno == EINTR)) {
            return -1; // a signal: perhaps the terminal's size has changed
        }
        ssize_t length = read(screen.terminal, screen.keys, sizeof(screen.keys));
        if (length <= 0 && !(length < 0 && errno == EINTR)) {
            return -2;
        }
        screen.key_start = 0;
        screen.key_end = length > 0 ? (size_t)length : 0;
    }
    return (unsigned char)screen.keys[screen.key_start++];
}

static int key_of_number(int number)
{
    static const enum screen_key keys[] = {KEY_UNKNOWN, KEY_HOME, KEY_INSERT, KEY_DELETE, KEY_END,
                                           KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_HOME, KEY_END};
    return number < (int)(sizeof(keys) / sizeof(keys[0])) ? (int)keys[number] : KEY_UNKNOWN;
}

// Behind ESC: "[A", "OA", "[3~", "[1;5C".
static int parse_sequence(void)
{
    int byte = next_byte(ESCAPE_MS);
    if (byte != '[' && byte != 'O') {
        screen.key_start -= byte >= 0; // a key of its own
        return KEY_ESCAPE;
    }
    int numbers[2] = {0, 0}, count = 0;
    while ((byte = next_byte(ESCAPE_MS)) >= 0) {
        if (byte >= '0' && byte <= '9') {
            numbers[count] = numbers[count] < 1000 ? numbers[count] * 10 + byte - '0' : 1000;
        } else if (byte == ';') {
            count = 1;
        } else {
            break;
        }
    }
    bool control = numbers[1] == 5;
    switch (byte) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return control ? KEY_WORD_RIGHT : KEY_RIGHT;
    case 'D':
        return control ? KEY_WORD_LEFT : KEY_LEFT;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_END;
    case '~':
        return key_of_number(numbers[0]);
    default:
        return KEY_UNKNOWN;
    }
}

int screen_key(int timeout_ms)
{
    int byte = next_byte(timeout_ms);
    if (byte == 0x1b) {
        return parse_sequence();
    }
    return byte >= 0 ? byte : byte == -1 ? KEY_NONE : KEY_CLOSED;
}

bool screen_keys_wait(void)
{
    return screen.key_start < screen.key_end;
}

int screen_terminal(void)
{
    return screen.terminal;
}

// ---- Rows ----

void screen_redraw(void)
{
    for (size_t i = 0; i < ROWS_MAX; i++) {
        free(screen.shown[i].bytes);
        screen.shown[i] = (struct row){0};
    }
    output_text(screen.out, "\033[m\033[2J");
}

void screen_begin(void)
{
    struct winsize size = {0};
    unsigned rows = 25, columns = 80;
    if (ioctl(screen.terminal, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
        rows = size.ws_row < ROWS_MAX ? size.ws_row : ROWS_MAX;
        columns = size.ws_col < COLUMNS_MAX ? size.ws_col : COLUMNS_MAX;
    }
    if (rows != screen.rows || columns != screen.columns) {
        screen.rows = rows;
        screen.columns = columns;
        screen_redraw();
    }
    if (!screen.drawn_hidden) {
        output_text(screen.out, "\033[?25l"); // it would be seen running
        screen.drawn_hidden = true;
    }
}

unsigned screen_rows(void)
{
    return screen.rows;
}

unsigned screen_columns(void)
{
    return screen.columns;
}

static void add(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        screen.bytes = must_grow(screen.bytes, screen.length, 1);
        screen.bytes[screen.length++] = bytes[i];
    }
}

// Sends the row that has been made, if it looks other than the one that is there.
static void end_row(void)
{
    if (!screen.in_row) {
        return;
    }
    screen.in_row = false;
    struct row *shown = &screen.shown[screen.row];
    if (shown->bytes != NULL && shown->length == screen.length &&
        memcmp(shown->bytes, screen.bytes, screen.length) == 0) {
        return;
    }
    output_format(screen.out, "\033[%u;1H\033[m", screen.row + 1);
    output_bytes(screen.out, screen.bytes, screen.length);
    // A full row leaves nothing to erase, and the cursor on its last character.
    output_text(screen.out, screen.column < screen.columns ? "\033[m\033[K" : "\033[m");
    shown->bytes = must_realloc(shown->bytes, screen.length);
    memcpy(shown->bytes, screen.bytes, screen.length);
    shown->length = screen.length;
}

void screen_row(unsigned row)
{
    end_row();
    screen.in_row = row < screen.rows;
    screen.row = row;
    screen.column = 0;
    screen.length = 0;
    if (screen.bytes == NULL) {
        add("", 1);
        screen.length = 0;
    }
}

void screen_put(char byte)
{
    if (screen.in_row && screen.column < screen.columns) {
        bool control = (unsigned char)byte < ' ' || byte == 0x7f;
        add(control ? "?" : &byte, 1);
        screen.column++;
    }
}

void screen_text(const char *text)
{
    for (; *text != '\0'; text++) {
        screen_put(*text);
    }
}

void screen_format(const char *format, ...)
{
    char text[COLUMNS_MAX + 1];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    screen_text(text);
}

void screen_fill(unsigned column)
{
    while (screen.column < column && screen.column < screen.columns) {
        screen_put(' ');
    }
}

void screen_style(const char *codes)
{
    add("\033[0;", 4);
    screen.length -= *codes == '\0'; // "\033[0m"
    add(codes, strlen(codes));
    add("m", 1);
}

void screen_show(unsigned row, unsigned column)
{
    end_row();
    output_format(screen.out, "\033[%u;%uH\033[?25h", row + 1, column + 1);
    screen.drawn_hidden = false;
    output_flush(screen.out);
}

void screen_show_hidden(void)
{
    end_row();
    output_flush(screen.out);
}
