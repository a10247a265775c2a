// kernel/dev/vga.c, seen from the other side: the video memory and the cursor's registers.
#include "kernel/cpu/io.h"
#include "kernel/dev/console.h"
#include "kernel/dev/vga.h"
#include "kernel/layout.h"
#include "tests/kernel/test.h"

#define CRTC_INDEX 0x3d4
#define CRTC_DATA 0x3d5
#define CURSOR_HIGH 0x0e
#define CURSOR_LOW 0x0f

static uint16_t cell(unsigned row, unsigned column)
{
    const volatile uint16_t *cells = phys_to_virt(VGA_PHYS);
    return cells[row * VGA_COLUMNS + column];
}

static char character(unsigned row, unsigned column)
{
    return (char)cell(row, column);
}

static unsigned cursor(void)
{
    out8(CRTC_INDEX, CURSOR_HIGH);
    unsigned high = in8(CRTC_DATA);
    out8(CRTC_INDEX, CURSOR_LOW);
    return high << 8 | in8(CRTC_DATA);
}

static void start(void)
{
    vga_set_color(VGA_LIGHT_GREY, VGA_BLACK);
    vga_clear();
}

TEST(vga_text, "text goes to its cells in the colours chosen, and the cursor follows")
{
    vga_set_color(VGA_YELLOW, VGA_BLUE);
    vga_clear();
    CHECK_EQUAL(cell(24, 79), 0x1e20);
    CHECK_EQUAL(cursor(), 0);
    kprintf("ab\nc");
    vga_set_color(VGA_WHITE, VGA_LIGHT_RED);
    kprintf("d");
    CHECK_EQUAL(cell(0, 0), 0x1e61);
    CHECK_EQUAL(cell(0, 1), 0x1e62);
    CHECK_EQUAL(cell(0, 2), 0x1e20);
    CHECK_EQUAL(cell(1, 0), 0x1e63);
    CHECK_EQUAL(cell(1, 1), 0xcf64);
    CHECK_EQUAL(cursor(), VGA_COLUMNS + 2);
    start();
}

TEST(vga_put_at, "a cell can be put anywhere, and the cursor stays")
{
    start();
    kprintf("ab");
    vga_put_at(24, 79, 'z', VGA_BLACK, VGA_WHITE);
    CHECK_EQUAL(cell(24, 79), 0xf07a);
    CHECK_EQUAL(cursor(), 2);
    start();
}

TEST(vga_full_row,
     "the character after a full row begins the next one, a newline adds no empty row")
{
    start();
    kprintf("%80s", "x");
    CHECK_EQUAL(cursor(), VGA_COLUMNS - 1);
    kprintf("\ny");
    CHECK_EQUAL(character(1, 0), 'y');
    kprintf("\r%80sz", "x");
    CHECK_EQUAL(character(1, 79), 'x');
    CHECK_EQUAL(character(2, 0), 'z');
    CHECK_EQUAL(cursor(), 2 * VGA_COLUMNS + 1);
    kprintf("\r%80s\bw", "x");
    CHECK_EQUAL(character(2, 79), 'w');
    start();
}

TEST(vga_scroll, "the screen scrolls by rows, and the new row is blank")
{
    start();
    for (int i = 0; i < 40; i++) {
        kprintf("\n%c%78s%c", 'A' + i % 26, "", 'a' + i % 26);
    }
    for (int i = 0; i < VGA_ROWS; i++) {
        CHECK_EQUAL(character((unsigned)i, 0), 'A' + (i + 15) % 26);
        CHECK_EQUAL(character((unsigned)i, 79), 'a' + (i + 15) % 26);
    }
    kprintf("\n");
    for (unsigned column = 0; column < VGA_COLUMNS; column++) {
        CHECK_EQUAL(cell(24, column), 0x0720);
    }
    CHECK_EQUAL(cursor(), 24 * VGA_COLUMNS);
    start();
}

TEST(vga_scroll_copy, "scrolling does not read the card's memory, which takes long")
{
    volatile uint16_t *cells = phys_to_virt(VGA_PHYS);
    start();
    vga_put_at(5, 0, 'a', VGA_WHITE, VGA_BLACK);
    cells[5 * VGA_COLUMNS] = 'b';
    for (unsigned i = 0; i < VGA_ROWS; i++) {
        kprintf("\n");
    }
    CHECK_EQUAL(character(4, 0), 'a');
    start();
}

TEST(vga_controls, "tab, carriage return and backspace move as on a terminal")
{
    start();
    kprintf("\tx\ty\rz\b\b\bw");
    CHECK_EQUAL(character(0, 0), 'w');
    CHECK_EQUAL(character(0, 8), 'x');
    CHECK_EQUAL(character(0, 16), 'y');
    CHECK_EQUAL(cursor(), 1);
    kprintf("\r1234567\t|");
    CHECK_EQUAL(character(0, 8), '|');
    start();
}

TEST(vga_no_blink, "a bright background is a colour, not a blinking character")
{
    in8(0x3da); // Attribute controller: the index is next. Bit 5 leaves the screen on.
    out8(0x3c0, 0x30);
    CHECK_EQUAL(in8(0x3c1) & 0x08, 0);
}

TEST_PANIC(vga_put_at_bounds, "a cell outside of the screen is a caller's error",
           "panic: assertion failed: at_row < VGA_ROWS.*\n +at kernel/dev/vga\\.c:[0-9]+")
{
    vga_put_at(0, VGA_COLUMNS, 'x', VGA_BLACK, VGA_WHITE);
}
