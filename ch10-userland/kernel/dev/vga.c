#include "kernel/dev/vga.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/io.h"
#include "kernel/dev/console.h"
#include "kernel/layout.h"
#include "lib/assert.h"
#include "lib/string.h"

// CRT controller: an index port, a data port, and the registers with the cursor's cell number.
#define CRTC_INDEX 0x3d4
#define CRTC_DATA 0x3d5
#define CRTC_CURSOR_START 0x0a // the cursor's first line, and:
#define CRTC_CURSOR_START_HIDDEN 0x20
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW 0x0f

// Attribute controller: index and data are written to one port in turn, and reading the input
// status makes it the index's turn. Index bit 5 leaves the screen on.
#define INPUT_STATUS 0x3da
#define ATTRIBUTE_WRITE 0x3c0
#define ATTRIBUTE_READ 0x3c1
#define ATTRIBUTE_MODE (0x10 | 0x20)
#define ATTRIBUTE_MODE_BLINK 0x08 // bit 7 of a cell's colours: blink, not bright background

#define TAB_WIDTH 8

static uint16_t *cells;
static uint16_t copy[VGA_ROWS * VGA_COLUMNS]; // of all cells: the card is slow to read
static unsigned top; // the first row for text
static unsigned bottom = VGA_ROWS; // the row behind the last one that scrolls
static unsigned row;
static unsigned column; // VGA_COLUMNS when the row is full: the next character starts a new one
static uint8_t color;

static uint8_t make_color(enum vga_color foreground, enum vga_color background)
{
    return (uint8_t)(background << 4 | foreground);
}

static uint16_t make_cell(char character, uint8_t cell_color)
{
    return (uint16_t)(cell_color << 8 | (uint8_t)character);
}

static void put_cell(unsigned cell, uint16_t value)
{
    copy[cell] = value;
    cells[cell] = value;
}

static void clear_cells(unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++) {
        put_cell(i, make_cell(' ', color));
    }
}

static uint8_t crtc_read(uint8_t index)
{
    out8(CRTC_INDEX, index);
    return in8(CRTC_DATA);
}

static void crtc_write(uint8_t index, uint8_t value)
{
    out8(CRTC_INDEX, index);
    out8(CRTC_DATA, value);
}

void vga_move_cells(unsigned to, unsigned from, unsigned count)
{
    ASSERT(to + count <= ARRAY_LENGTH(copy) && from + count <= ARRAY_LENGTH(copy));
    memmove(copy + to, copy + from, count * sizeof(*copy));
    memcpy(cells + to, copy + to, count * sizeof(*cells));
}

void vga_clear_cells(unsigned first, unsigned end)
{
    ASSERT(first <= end && end <= ARRAY_LENGTH(copy));
    clear_cells(first, end);
}

void vga_save_cells(uint16_t saved[VGA_ROWS * VGA_COLUMNS])
{
    memcpy(saved, copy, sizeof(copy));
}

void vga_restore_cells(const uint16_t saved[VGA_ROWS * VGA_COLUMNS])
{
    memcpy(copy, saved, sizeof(copy));
    memcpy(cells, copy, sizeof(copy));
}

void vga_get_cursor(unsigned *at_row, unsigned *at_column)
{
    *at_row = row;
    *at_column = column;
}

void vga_set_cursor(unsigned to_row, unsigned to_column)
{
    ASSERT(to_row < VGA_ROWS && to_column <= VGA_COLUMNS);
    row = to_row;
    column = to_column;
}

void vga_get_scroll_rows(unsigned *first, unsigned *end)
{
    *first = top;
    *end = bottom;
}

void vga_set_scroll_rows(unsigned first, unsigned end)
{
    ASSERT(first < end && end <= VGA_ROWS);
    top = first;
    bottom = end;
}

// Shows the hardware's cursor where the next character goes.
static void move_cursor(void)
{
    unsigned cell = row * VGA_COLUMNS + (column < VGA_COLUMNS ? column : VGA_COLUMNS - 1);

    crtc_write(CRTC_CURSOR_HIGH, (uint8_t)(cell >> 8));
    crtc_write(CRTC_CURSOR_LOW, (uint8_t)cell);
}

static void new_line(void)
{
    column = 0;
    if (row != bottom - 1) {
        row += row < VGA_ROWS - 1;
        return;
    }
    unsigned first = top * VGA_COLUMNS, end = bottom * VGA_COLUMNS;

    vga_move_cells(first, first + VGA_COLUMNS, end - first - VGA_COLUMNS);
    clear_cells(end - VGA_COLUMNS, end);
}

void vga_show_cursor(bool visible)
{
    uint8_t start = crtc_read(CRTC_CURSOR_START) & (uint8_t)~CRTC_CURSOR_START_HIDDEN;

    crtc_write(CRTC_CURSOR_START, visible ? start : start | CRTC_CURSOR_START_HIDDEN);
    move_cursor();
}

static void put_glyph(char character)
{
    if (column == VGA_COLUMNS) {
        new_line();
    }
    put_cell(row * VGA_COLUMNS + column++, make_cell(character, color));
}

static void put_tab(void)
{
    do {
        put_glyph(' ');
    } while (column % TAB_WIDTH != 0);
}

static void put_character(char character)
{
    switch (character) {
    case '\n':
        new_line();
        break;
    case '\r':
        column = 0;
        break;
    case '\b':
        column -= column > 0;
        break;
    case '\t':
        put_tab();
        break;
    default:
        put_glyph(character);
        break;
    }
}

static void write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        put_character(text[i]);
    }
    move_cursor();
}

void vga_write(const char *text, size_t length)
{
    write(text, length);
}

void vga_set_color(enum vga_color foreground, enum vga_color background)
{
    color = make_color(foreground, background);
}

void vga_put_at(unsigned at_row, unsigned at_column, char character, enum vga_color foreground,
                enum vga_color background)
{
    uint8_t cell_color = make_color(foreground, background);

    ASSERT(at_row < VGA_ROWS && at_column < VGA_COLUMNS);
    put_cell(at_row * VGA_COLUMNS + at_column, make_cell(character, cell_color));
}

void vga_clear(void)
{
    bool interrupts = cpu_save_interrupts(); // a handler may print

    clear_cells(0, VGA_ROWS * VGA_COLUMNS);
    row = top;
    column = 0;
    move_cursor();
    cpu_restore_interrupts(interrupts);
}

void vga_keep_rows(unsigned rows)
{
    bool interrupts = cpu_save_interrupts();

    ASSERT(rows < VGA_ROWS);
    clear_cells(0, rows * VGA_COLUMNS);
    top = rows;
    bottom = VGA_ROWS;
    if (row < top) {
        row = top;
        column = 0;
    }
    move_cursor();
    cpu_restore_interrupts(interrupts);
}

static void disable_blinking(void)
{
    in8(INPUT_STATUS);
    out8(ATTRIBUTE_WRITE, ATTRIBUTE_MODE);
    uint8_t mode = in8(ATTRIBUTE_READ);

    out8(ATTRIBUTE_WRITE, mode & (uint8_t)~ATTRIBUTE_MODE_BLINK);
}

void vga_init(void)
{
    static struct console_sink sink = {.write = write};
    unsigned cursor = (unsigned)crtc_read(CRTC_CURSOR_HIGH) << 8 | crtc_read(CRTC_CURSOR_LOW);

    cells = phys_to_virt(VGA_PHYS);
    memcpy(copy, phys_to_virt(VGA_PHYS), sizeof(copy));
    vga_set_color(VGA_LIGHT_GREY, VGA_BLACK);
    disable_blinking();
    // The loader's last line is kept, and a line of our own begun; a cursor hidden beyond the
    // screen counts as one at its end.
    row = cursor / VGA_COLUMNS < VGA_ROWS ? cursor / VGA_COLUMNS : VGA_ROWS - 1;
    if (cursor % VGA_COLUMNS != 0) {
        new_line();
    }
    move_cursor();
    console_register(&sink);
}
