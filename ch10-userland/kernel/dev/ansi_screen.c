#include "kernel/dev/ansi_screen.h"

#include "kernel/dev/vga.h"
#include "lib/printf.h"

#define TAB_WIDTH 8
#define LAST_COLUMN (VGA_COLUMNS - 1)

// ---- Colours ----

struct attributes {
    uint8_t foreground, background; // 0 to 15 in the order of ECMA-48: bit 0 is red
    bool bold, reverse;
};

#define PLAIN {.foreground = 7}

static const struct attributes plain = PLAIN;
static struct attributes attributes = PLAIN;

static enum vga_color vga_color(unsigned color)
{
    return (color & 1) << 2 | (color & 2) | (color & 4) >> 2 | (color & 8);
}

static void use_attributes(void)
{
    enum vga_color front = vga_color(attributes.foreground | (attributes.bold ? 8 : 0));
    enum vga_color back = vga_color(attributes.background);

    vga_set_color(attributes.reverse ? back : front, attributes.reverse ? front : back);
}

// What is erased gets the background that was chosen, also while text is written in reverse.
static void use_erase_colors(void)
{
    vga_set_color(vga_color(attributes.foreground), vga_color(attributes.background));
}

static void erase(unsigned first, unsigned end)
{
    use_erase_colors();
    vga_clear_cells(first, end);
    use_attributes();
}

// The nearest of the sixteen, from shares between 0 and 255.
static uint8_t nearest_color(unsigned red, unsigned green, unsigned blue)
{
    unsigned most = red > green ? red : green;
    most = most > blue ? most : blue;
    if (most < 64) {
        return most < 32 ? 0 : 8;
    }
    unsigned limit = most / 2 + 1;
    return (uint8_t)((red >= limit) | (green >= limit) << 1 | (blue >= limit) << 2 |
                     (most > 192) << 3);
}

// One of xterm's 256: sixteen, a cube of 6 x 6 x 6, and 24 greys.
static uint8_t palette_color(unsigned number)
{
    if (number < 16) {
        return (uint8_t)number;
    }
    if (number < 232) {
        number -= 16;
        return nearest_color(number / 36 * 51, number / 6 % 6 * 51, number % 6 * 51);
    }
    unsigned grey = (number - 232) * 10 + 8;
    return nearest_color(grey, grey, grey);
}

// ---- Parameters ----

// How often, or how far.
static unsigned count_of(const struct ansi_sequence *sequence, unsigned index)
{
    return sequence->parameters[index] > 0 ? sequence->parameters[index] : 1;
}

static unsigned at_most(unsigned value, unsigned most)
{
    return value < most ? value : most;
}

// ---- Cursor ----

static struct {
    unsigned row, column;
    struct attributes attributes;
} saved = {.attributes = PLAIN};

static bool cursor_hidden;

// Where the cursor is seen: a full row does not show.
static void get_cursor(unsigned *row, unsigned *column)
{
    vga_get_cursor(row, column);
    *column = at_most(*column, LAST_COLUMN);
}

static void set_cursor(unsigned row, unsigned column)
{
    vga_set_cursor(at_most(row, VGA_ROWS - 1), at_most(column, LAST_COLUMN));
}

static void save_cursor(void)
{
    get_cursor(&saved.row, &saved.column);
    saved.attributes = attributes;
}

static void restore_cursor(void)
{
    set_cursor(saved.row, saved.column);
    attributes = saved.attributes;
    use_attributes();
}

// ---- Rows ----

static void insert_rows(unsigned first, unsigned end, unsigned count)
{
    count = at_most(count, end - first);
    unsigned from = first * VGA_COLUMNS, to = (first + count) * VGA_COLUMNS;
    vga_move_cells(to, from, end * VGA_COLUMNS - to);
    erase(from, to);
}

static void delete_rows(unsigned first, unsigned end, unsigned count)
{
    count = at_most(count, end - first);
    unsigned to = first * VGA_COLUMNS, from = (first + count) * VGA_COLUMNS;
    vga_move_cells(to, from, end * VGA_COLUMNS - from);
    erase((end - count) * VGA_COLUMNS, end * VGA_COLUMNS);
}

static void line_feed(void)
{
    unsigned row, column, ignored;
    get_cursor(&row, &column);
    use_erase_colors();
    vga_write("\n", 1);
    use_attributes();
    vga_get_cursor(&row, &ignored);
    set_cursor(row, column);
}

static void reverse_line_feed(void)
{
    unsigned row, column, top, bottom;
    get_cursor(&row, &column);
    vga_get_scroll_rows(&top, &bottom);
    if (row == top) {
        insert_rows(top, bottom, 1);
    } else {
        set_cursor(row - (row > 0), column);
    }
}

static void set_scroll_rows(const struct ansi_sequence *sequence)
{
    unsigned first = count_of(sequence, 0) - 1, end = at_most(sequence->parameters[1], VGA_ROWS);
    end = end > 0 ? end : VGA_ROWS;
    if (first + 1 < end) {
        vga_set_scroll_rows(first, end);
        set_cursor(0, 0);
    }
}

// ---- The other screen ----

static uint16_t first_screen[VGA_ROWS * VGA_COLUMNS];
static bool other_screen;

static void show_screen(bool other)
{
    if (other && !other_screen) {
        vga_save_cells(first_screen);
        erase(0, VGA_ROWS * VGA_COLUMNS);
    } else if (!other && other_screen) {
        vga_restore_cells(first_screen);
    }
    other_screen = other;
}

static void set_mode(unsigned mode, bool on)
{
    switch (mode) {
    case 25:
        cursor_hidden = !on;
        break;
    case 47:
    case 1047:
        show_screen(on);
        break;
    case 1049:
        if (on == other_screen) {
            break;
        }
        if (on) {
            save_cursor();
        }
        show_screen(on);
        if (!on) {
            restore_cursor();
        }
        break;
    default:
        break;
    }
}

static void reset(void)
{
    attributes = saved.attributes = plain;
    saved.row = saved.column = 0;
    cursor_hidden = other_screen = false;
    vga_set_scroll_rows(0, VGA_ROWS);
    erase(0, VGA_ROWS * VGA_COLUMNS);
    set_cursor(0, 0);
}

// ---- Control sequences ----

// 38 or 48 at an index, and what follows: returns the index of the last parameter used.
static unsigned set_extended_color(const struct ansi_sequence *sequence, unsigned index,
                                   uint8_t *color)
{
    const unsigned *rest = &sequence->parameters[index];
    if (index + 2 < sequence->count && rest[1] == 5) {
        *color = palette_color(at_most(rest[2], 255));
        return index + 2;
    }
    if (index + 4 < sequence->count && rest[1] == 2) {
        *color = nearest_color(rest[2], rest[3], rest[4]);
        return index + 4;
    }
    return sequence->count;
}

static void select_attributes(const struct ansi_sequence *sequence)
{
    for (unsigned i = 0; i < sequence->count; i++) {
        unsigned value = sequence->parameters[i];
        uint8_t color = value % 10, bright = value >= 90 ? 8 : 0;
        if (value == 0) {
            attributes = plain;
        } else if (value == 1 || value == 22) {
            attributes.bold = value == 1;
        } else if (value == 7 || value == 27) {
            attributes.reverse = value == 7;
        } else if (value == 38) {
            i = set_extended_color(sequence, i, &attributes.foreground);
        } else if (value == 48) {
            i = set_extended_color(sequence, i, &attributes.background);
        } else if (value / 10 == 3 || value / 10 == 9) {
            attributes.foreground = color < 8 ? color | bright : plain.foreground;
        } else if (value / 10 == 4 || value / 10 == 10) {
            attributes.background = color < 8 ? color | bright : plain.background;
        }
    }
    use_attributes();
}

// Erases, of the cells from first to end, those behind the cursor (0), up to it (1), or all (2).
static void erase_part(unsigned which, unsigned first, unsigned cursor, unsigned end)
{
    switch (which) {
    case 0:
        erase(cursor, end);
        break;
    case 1:
        erase(first, cursor + 1);
        break;
    default:
        erase(first, end);
        break;
    }
}

// Makes room for characters in the cursor's row, takes them out, or blanks them.
static void edit_row(char what, unsigned cursor, unsigned end, unsigned count)
{
    count = at_most(count, end - cursor);
    unsigned rest = end - cursor - count;
    if (what == '@') {
        vga_move_cells(cursor + count, cursor, rest);
    } else if (what == 'P') {
        vga_move_cells(cursor, cursor + count, rest);
        cursor += rest;
    }
    erase(cursor, cursor + count);
}

static void edit_rows(char what, unsigned row, unsigned top, unsigned bottom, unsigned count)
{
    if (row < top || row >= bottom) {
        return;
    }
    if (what == 'L') {
        insert_rows(row, bottom, count);
    } else {
        delete_rows(row, bottom, count);
    }
    set_cursor(row, 0);
}

// Moves the cursor. False: the character stands for no movement.
static bool move(const struct ansi_sequence *sequence, unsigned row, unsigned column, unsigned top,
                 unsigned bottom)
{
    char what = sequence->what;
    unsigned count = count_of(sequence, 0);
    unsigned highest = row >= top ? top : 0, lowest = row < bottom ? bottom - 1 : VGA_ROWS - 1;
    switch (what) {
    case 'A':
    case 'F':
        row -= at_most(count, row - highest);
        column = what == 'A' ? column : 0;
        break;
    case 'B':
    case 'E':
    case 'e':
        row += at_most(count, lowest - row);
        column = what == 'E' ? 0 : column;
        break;
    case 'C':
    case 'a':
        column += count;
        break;
    case 'D':
        column -= at_most(count, column);
        break;
    case 'G':
    case '`':
        column = count - 1;
        break;
    case 'd':
        row = count - 1;
        break;
    case 'H':
    case 'f':
        row = count - 1;
        column = count_of(sequence, 1) - 1;
        break;
    case 'I':
        column = column / TAB_WIDTH * TAB_WIDTH + count * TAB_WIDTH;
        break;
    case 'Z':
        column = (column + TAB_WIDTH - 1) / TAB_WIDTH;
        column = (column - at_most(count, column)) * TAB_WIDTH;
        break;
    default:
        return false;
    }
    set_cursor(row, column);
    return true;
}

void ansi_control(const struct ansi_sequence *sequence, char *answer, size_t size)
{
    char what = sequence->what;
    unsigned row, column, top, bottom;
    get_cursor(&row, &column);
    vga_get_scroll_rows(&top, &bottom);
    unsigned line = row * VGA_COLUMNS, cursor = line + column;

    if (sequence->mark == '?' && (what == 'h' || what == 'l')) {
        for (unsigned i = 0; i < sequence->count; i++) {
            set_mode(sequence->parameters[i], what == 'h');
        }
    }
    if (sequence->mark != 0 || move(sequence, row, column, top, bottom)) {
        return;
    }
    switch (what) {
    case 'J':
        erase_part(sequence->parameters[0], 0, cursor, VGA_ROWS * VGA_COLUMNS);
        break;
    case 'K':
        erase_part(sequence->parameters[0], line, cursor, line + VGA_COLUMNS);
        break;
    case 'L':
    case 'M':
        edit_rows(what, row, top, bottom, count_of(sequence, 0));
        break;
    case '@':
    case 'P':
    case 'X':
        edit_row(what, cursor, line + VGA_COLUMNS, count_of(sequence, 0));
        break;
    case 'S':
        delete_rows(top, bottom, count_of(sequence, 0));
        break;
    case 'T':
        insert_rows(top, bottom, count_of(sequence, 0));
        break;
    case 'm':
        select_attributes(sequence);
        break;
    case 'r':
        set_scroll_rows(sequence);
        break;
    case 's':
        save_cursor();
        break;
    case 'u':
        restore_cursor();
        break;
    case 'n':
        if (sequence->parameters[0] == 5) {
            snprintf(answer, size, "\033[0n");
        } else if (sequence->parameters[0] == 6) {
            snprintf(answer, size, "\033[%u;%uR", row + 1, column + 1);
        }
        break;
    case 'c':
        snprintf(answer, size, "\033[?6c"); // a VT102
        break;
    default:
        break;
    }
}

// ---- Single characters ----

void ansi_character(char byte)
{
    unsigned row, column;
    get_cursor(&row, &column);
    switch (byte) {
    case '\b':
        set_cursor(row, column - (column > 0));
        break;
    case '\t':
        set_cursor(row, (column / TAB_WIDTH + 1) * TAB_WIDTH);
        break;
    case '\n':
    case '\v':
    case '\f':
        line_feed();
        break;
    case '\r':
        set_cursor(row, 0);
        break;
    default:
        break;
    }
}

void ansi_escape(char what)
{
    switch (what) {
    case '7':
        save_cursor();
        break;
    case '8':
        restore_cursor();
        break;
    case 'E':
        ansi_character('\r');
        line_feed();
        break;
    case 'D':
        line_feed();
        break;
    case 'M':
        reverse_line_feed();
        break;
    case 'c':
        reset();
        break;
    default:
        break;
    }
}

void ansi_text(const char *text, size_t length)
{
    vga_write(text, length);
}

void ansi_show_cursor(void)
{
    vga_show_cursor(!cursor_hidden);
}
