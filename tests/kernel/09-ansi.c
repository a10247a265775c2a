// kernel/dev/ansi.c: what programs write, seen in the video memory; and what the terminal answers.
#include "kernel/cpu/io.h"
#include "kernel/dev/ansi.h"
#include "kernel/dev/input.h"
#include "kernel/dev/vga.h"
#include "kernel/layout.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define CRTC_INDEX 0x3d4
#define CRTC_DATA 0x3d5
#define CURSOR_START 0x0a
#define CURSOR_HIDDEN 0x20
#define CURSOR_HIGH 0x0e
#define CURSOR_LOW 0x0f

static void write(const char *text)
{
    ansi_write(text, strlen(text));
}

static void start(void)
{
    write("\033c");
}

static uint16_t cell(unsigned row, unsigned column)
{
    const volatile uint16_t *cells = phys_to_virt(VGA_PHYS);
    return cells[row * VGA_COLUMNS + column];
}

static uint8_t crtc(uint8_t index)
{
    out8(CRTC_INDEX, index);
    return in8(CRTC_DATA);
}

static unsigned cursor(void)
{
    return (unsigned)crtc(CURSOR_HIGH) << 8 | crtc(CURSOR_LOW);
}

// A row's text without the blanks at its end.
static const char *row_text(unsigned row)
{
    static char text[VGA_COLUMNS + 1];
    size_t length = VGA_COLUMNS;
    for (unsigned i = 0; i < VGA_COLUMNS; i++) {
        text[i] = (char)cell(row, i);
    }
    while (length > 0 && text[length - 1] == ' ') {
        length--;
    }
    text[length] = '\0';
    return text;
}

#define CHECK_CURSOR(row, column) CHECK_EQUAL(cursor(), (row) * VGA_COLUMNS + (column))

TEST(ansi_move, "the cursor goes where it is sent, and stops at the edges")
{
    static const struct {
        const char *text;
        unsigned row, column;
    } cases[] = {
        {"\033[6;11H", 5, 10},       {"\033[6;11f", 5, 10},       {"\033[;5H", 0, 4},
        {"\033[3H", 2, 0},           {"\033[99;200H", 24, 79},    {"\033[5;5H\033[2A", 2, 4},
        {"\033[5;5H\033[A", 3, 4},   {"\033[5;5H\033[0B", 5, 4},  {"\033[5;5H\033[99B", 24, 4},
        {"\033[5;5H\033[3C", 4, 7},  {"\033[5;5H\033[9D", 4, 0},  {"\033[5;5H\033[2E", 6, 0},
        {"\033[5;5H\033[2F", 2, 0},  {"\033[5;5H\033[9G", 4, 8},  {"\033[5;5H\033[9d", 8, 4},
        {"\033[5;5H\r", 4, 0},       {"\033[5;5H\n", 5, 4},       {"\033[5;5H\b", 4, 3},
        {"\033[5;1H\b", 4, 0},       {"\033[5;5H\t", 4, 8},       {"\033[5;9H\t", 4, 16},
        {"\033[5;79H\t\t", 4, 79},   {"\033[5;9H\033[2I", 4, 24}, {"\033[5;20H\033[Z", 4, 16},
        {"\033[5;17H\033[Z", 4, 8},  {"\033[5;5H\033D", 5, 4},    {"\033[5;5H\033E", 5, 0},
        {"\033[5;5H\033M", 3, 4},    {"\033[5;5H\a\016", 4, 4},
        {"\033[5;5H\0337\033[H\0338", 4, 4},
        {"\033[5;5H\033[s\033[H\033[u", 4, 4},
        {"\033[99999999999999999999;3H", 24, 2},
        {"\033[2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20H", 1, 2},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        start();
        write(cases[i].text);
        CHECK_CURSOR(cases[i].row, cases[i].column);
    }
    start();
}

TEST(ansi_raw, "a line feed goes down and nothing else; a full row goes on in the next")
{
    start();
    write("ab\ncd\r\nef");
    CHECK_STRING(row_text(0), "ab");
    CHECK_STRING(row_text(1), "  cd");
    CHECK_STRING(row_text(2), "ef");
    start();
    write("\033[1;80Hx");
    CHECK_CURSOR(0, 79);
    write("y");
    CHECK_CURSOR(1, 1);
    write("\033[5;80Hx\b\by"); // the full row counts as its last column
    CHECK_EQUAL((char)cell(4, 77), 'y');
    start();
}

TEST(ansi_erase, "rows and screen are erased behind the cursor, up to it, or wholly")
{
    static const char *const commands[] = {"\033[K",  "\033[1K", "\033[2K", "\033[2X",
                                           "\033[2P", "\033[2@", "\033[99P", "\033[99@"};
    static const char *const results[] = {"ab", "   de", "", "ab  e", "abe", "ab  cde", "ab", "ab"};
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
        start();
        write("abcde\033[1;3H");
        write(commands[i]);
        CHECK_STRING(row_text(0), results[i]);
        CHECK_CURSOR(0, 2);
    }
    static const char *const parts[] = {"\033[J", "\033[1J", "\033[2J", "\033[3J"};
    static const char *const rows[][3] = {
        {"abc", "d", ""}, {"", "  f", "ghi"}, {"", "", ""}, {"", "", ""}};
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        start();
        write("abc\r\ndef\r\nghi\033[2;2H");
        write(parts[i]);
        for (unsigned row = 0; row < 3; row++) {
            CHECK_STRING(row_text(row), rows[i][row]);
        }
    }
    start();
}

// Fills the screen with the letters a to y, one for each row.
static void fill(void)
{
    start();
    for (char row = 0; row < VGA_ROWS; row++) {
        char letter[] = {(char)('a' + row), '\0'};
        write(row == 0 ? "" : "\r\n");
        write(letter);
    }
}

// The first column from top to bottom.
static const char *first_column(void)
{
    static char text[VGA_ROWS + 1];
    for (unsigned row = 0; row < VGA_ROWS; row++) {
        text[row] = (char)cell(row, 0);
    }
    return text;
}

TEST(ansi_rows, "lines are inserted, deleted and scrolled, in the rows that scroll alone")
{
    static const struct {
        const char *text, *result;
    } cases[] = {
        {"\033[3;5H\033[2L", "ab  cdefghijklmnopqrstuvw"},
        {"\033[3;5H\033[2M", "abefghijklmnopqrstuvwxy  "},
        {"\033[3;5H\033[99M", "ab                       "},
        {"\033[2S", "cdefghijklmnopqrstuvwxy  "},
        {"\033[2T", "  abcdefghijklmnopqrstuvw"},
        {"\033[25;1H\n\n", "cdefghijklmnopqrstuvwxy  "},
        {"\033[H\033M", " abcdefghijklmnopqrstuvwx"},
        {"\033[3;6r\033[6;1H\n", "abdef ghijklmnopqrstuvwxy"},
        {"\033[3;6r\033[3;1H\033M", "ab cdeghijklmnopqrstuvwxy"},
        {"\033[3;6r\033[2;1H\033M\033M\033M", "abcdefghijklmnopqrstuvwxy"},
        {"\033[3;6r\033[25;1H\n\n", "abcdefghijklmnopqrstuvwxy"},
        {"\033[3;6r\033[4;1H\033[L", "abc deghijklmnopqrstuvwxy"},
        {"\033[3;6r\033[4;1H\033[9M", "abc   ghijklmnopqrstuvwxy"},
        {"\033[3;6r\033[9;1H\033[L\033[M", "abcdefghijklmnopqrstuvwxy"},
        {"\033[3;6r\033[2S", "abef  ghijklmnopqrstuvwxy"},
        {"\033[3;6r\033[r\033[S", "bcdefghijklmnopqrstuvwxy "},
        {"\033[6;3r\033[S", "bcdefghijklmnopqrstuvwxy "}, // no such rows: nothing is set
        {"\033[24;99r\033[S", "abcdefghijklmnopqrstuvwy "},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        fill();
        write(cases[i].text);
        CHECK_STRING(first_column(), cases[i].result);
    }
    fill();
    write("\033[3;6rx");
    CHECK_EQUAL((char)cell(0, 0), 'x'); // setting them sends the cursor home
    fill();
    write("\033[3;6r\033[3;1H\033[9Ax\033[6;1H\033[9By"); // and stops it on its way
    CHECK_EQUAL((char)cell(2, 0), 'x');
    CHECK_EQUAL((char)cell(5, 0), 'y');
    start();
}

TEST(ansi_colors, "sixteen colours, bold and reverse; more colours become the nearest of these")
{
    static const struct {
        const char *text;
        uint8_t color;
    } cases[] = {
        {"", 0x07},
        {"\033[31m", 0x04},
        {"\033[1;34m", 0x09},
        {"\033[1;34;22m", 0x01},
        {"\033[33;46m", 0x36},
        {"\033[92;101m", 0xca},
        {"\033[31;7m", 0x40},
        {"\033[31;7;27m", 0x04},
        {"\033[31;42m\033[39;49m", 0x07},
        {"\033[31;42m\033[m", 0x07},
        {"\033[31;42m\033[0;32m", 0x02},
        {"\033[38;5;9m", 0x0c},
        {"\033[48;5;21;31m", 0x94},
        {"\033[38;5;196m", 0x0c},
        {"\033[38;5;232m", 0x00},
        {"\033[38;5;255m", 0x0f},
        {"\033[38;2;0;0;170m", 0x01},
        {"\033[38:5:2m", 0x02},
        {"\033[38;5m", 0x07},
        {"\033[4;5;58;99m", 0x07},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        start();
        write(cases[i].text);
        write("x\033[m");
        CHECK_EQUAL(cell(0, 0), cases[i].color << 8 | 'x');
    }
    start();
    write("\033[41;7m\033[K\033[m"); // what is erased is not in reverse
    CHECK_EQUAL(cell(0, 0), 0x4720);
    start();
}

TEST(ansi_modes, "the cursor can be hidden; the other screen leaves the first one as it was")
{
    start();
    write("\033[?25l");
    CHECK(crtc(CURSOR_START) & CURSOR_HIDDEN);
    write("\033[?25h");
    CHECK(!(crtc(CURSOR_START) & CURSOR_HIDDEN));
    fill();
    write("\033[3;4H\033[?1049h");
    CHECK_STRING(row_text(0), "");
    write("\033[?1049hother\033[9;9H\033[?1049l");
    CHECK_STRING(first_column(), "abcdefghijklmnopqrstuvwxy");
    CHECK_CURSOR(2, 3);
    write("\033[?1049l\033[?2004h\033[?1;1000l\033[4h\033=\033>");
    CHECK_STRING(first_column(), "abcdefghijklmnopqrstuvwxy");
    CHECK_CURSOR(2, 3);
    start();
}

// What has been answered so far.
static const char *answer(void)
{
    static char text[64];
    size_t length = 0;
    while (input_room() < INPUT_QUEUE_SIZE && length + 1 < sizeof(text)) {
        text[length++] = input_read();
    }
    text[length] = '\0';
    return text;
}

TEST(ansi_answers, "position, state and kind are answered as if typed, however the request comes")
{
    answer();
    start();
    write("\033[7;12H\033[6n");
    CHECK_STRING(answer(), "\033[7;12R");
    write("\033[1;80Hx\033[6n");
    CHECK_STRING(answer(), "\033[1;80R");
    write("\033[5n\033[c\033[0c");
    CHECK_STRING(answer(), "\033[0n\033[?6c\033[?6c");
    for (const char *text = "\033[2;2H\033[6n"; *text; text++) {
        ansi_write(text, 1);
    }
    CHECK_STRING(answer(), "\033[2;2R");
    write("\033[4n\033[?6n\033[>c\033[ 6n");
    CHECK_STRING(answer(), "");
    start();
}

TEST(ansi_strange, "what is no sequence that is known leaves nothing on the screen")
{
    static const char *const texts[] = {
        "\033]0;a title\a",  "\033]0;a title\033\\", "\033(B", "\033)0",      "\033#8",
        "\033Pq#0;2;0\033\\", "\033[?6;7$p",         "\033[!p", "\033[12;3y", "\033[1;2;3;4;5q",
        "\033[31\030",       "\033\032",            "\177\177", "\033[>4;2m",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        start();
        write("a");
        write(texts[i]);
        write("b");
        CHECK_STRING(row_text(0), "ab");
    }
    start();
    write("a\033[2\rb\nCc"); // control characters act within a sequence
    CHECK_EQUAL((char)cell(0, 0), 'a');
    start();
    write("\033]no end");
    for (unsigned i = 0; i < 40; i++) {
        write("0123456789");
    }
    write("\r\nseen");
    CHECK(strcmp(row_text(0), "") != 0); // a string without an end does not eat everything
    start();
}

TEST(ansi_random, "whatever is written, the terminal stays in its screen, and works after a reset")
{
    static const char likely[] = "\033[[;?0123456789ABCDEFGHIJKLMPSTXZ@hlmnrsu78c\n\r\t\bxy";
    for (unsigned i = 0; i < 4000; i++) {
        char bytes[16];
        for (size_t k = 0; k < sizeof(bytes); k++) {
            bytes[k] = test_random_below(8) > 0 ? likely[test_random_below(sizeof(likely) - 1)]
                                                : (char)test_random();
        }
        ansi_write(bytes, sizeof(bytes));
        if (i % 64 == 0) {
            answer();
        }
    }
    while (*answer()) {
    }
    CHECK(cursor() < VGA_ROWS * VGA_COLUMNS);
    write("\030\033c");
    fill();
    CHECK_STRING(first_column(), "abcdefghijklmnopqrstuvwxy");
    start();
}
