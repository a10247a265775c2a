// VGA text mode 3: 80 x 25 cells of character and colour at physical 0xB8000.
#ifndef RUNG_KERNEL_DEV_VGA_H
#define RUNG_KERNEL_DEV_VGA_H

#include "lib/types.h"

#define VGA_COLUMNS 80
#define VGA_ROWS 25

enum vga_color {
    VGA_BLACK, VGA_BLUE, VGA_GREEN, VGA_CYAN, VGA_RED, VGA_MAGENTA, VGA_BROWN, VGA_LIGHT_GREY,
    VGA_DARK_GREY, VGA_LIGHT_BLUE, VGA_LIGHT_GREEN, VGA_LIGHT_CYAN, VGA_LIGHT_RED,
    VGA_LIGHT_MAGENTA, VGA_YELLOW, VGA_WHITE,
};

// Goes on below what the BIOS and the loader wrote, and registers the console sink. All sixteen
// colours can be backgrounds (none blinks). Called once by kmain.
void vga_init(void);

// Colours of what is written from now on. Any context.
void vga_set_color(enum vga_color foreground, enum vga_color background);

// Puts one cell anywhere, without moving the cursor. ASSERTs that row and column are on screen. Any
// context.
void vga_put_at(unsigned row, unsigned column, char character, enum vga_color foreground,
                enum vga_color background);

// Keeps the first `rows` rows for vga_put_at: clears them, and lets text go on, and scroll, below
// them alone. 0 gives the whole screen back. ASSERTs that a row is left for text. Any context.
void vga_keep_rows(unsigned rows);

// Clears the screen with the current background, cursor to the top left, below the rows that are
// kept. Any context.
void vga_clear(void);

// What kernel/dev/ansi.c makes a terminal of; called with interrupts off. Rows and columns count
// from 0; a cell's number is row * VGA_COLUMNS + column. All but vga_write leave the cursor's
// picture where it was: vga_show_cursor draws it, or hides it.

// Writes text as the console does, a line feed going to the start of the next row.
void vga_write(const char *text, size_t length);

// Where the next character goes; column VGA_COLUMNS: the row is full, and it will go to the next.
// Setting ASSERTs that the row exists, and the column but for that one.
void vga_get_cursor(unsigned *row, unsigned *column);
void vga_set_cursor(unsigned row, unsigned column);
void vga_show_cursor(bool visible);

// Has rows first to end - 1 scroll, when text goes beyond their end; the others stay. ASSERTs that
// there is one.
void vga_get_scroll_rows(unsigned *first, unsigned *end);
void vga_set_scroll_rows(unsigned first, unsigned end);

// Moves cells, which may overlap; makes them blank; gives their contents (colours << 8 | character)
// out and takes them back. ASSERT that they are on the screen.
void vga_move_cells(unsigned to, unsigned from, unsigned count);
void vga_clear_cells(unsigned first, unsigned end);
void vga_save_cells(uint16_t saved[VGA_ROWS * VGA_COLUMNS]);
void vga_restore_cells(const uint16_t saved[VGA_ROWS * VGA_COLUMNS]);

#endif
