// What chapter 3 shows: a screen with colours, formatted numbers, the machine's memory, and how a
// panic looks (make run CMDLINE="demo=panic").
#include "boot/boot_info.h"
#include "kernel/dev/console.h"
#include "kernel/dev/vga.h"
#include "kernel/layout.h"
#include "kernel/main.h"
#include "kernel/options.h"
#include "kernel/panic.h"
#include "lib/assert.h"
#include "lib/string.h"

// A line in all sixteen colours. The serial port gets the characters alone.
static void show_colors(void)
{
    kprintf("colors     ");
    for (unsigned i = 0; i < 16; i++) {
        vga_set_color((enum vga_color)i, i == VGA_BLACK ? VGA_DARK_GREY : VGA_BLACK);
        kprintf(" %2u", i);
    }
    for (unsigned i = 0; i < 16; i++) {
        vga_set_color(VGA_WHITE, (enum vga_color)i);
        kprintf(" ");
    }
    vga_set_color(VGA_LIGHT_GREY, VGA_BLACK);
    kprintf("\n");
}

// What kprintf can do, 64-bit numbers on a 32-bit machine included.
static void show_numbers(void)
{
    kprintf("numbers     %d %u %#x %#o, padded [%6d] [%-6d] [%06d]\n", -42, 4000000000u, 0xc0ffee,
            0755, 42, 42, 42);
    kprintf("64 bits     %llu = %#llx\n", 0xffffffffffffffffull, 0xffffffffffffffffull);
    kprintf("strings     [%s] [%8s] [%-8s] [%.2s] [%c]\n", "four", "four", "four", "four", '4');
}

// Where the linker put things, and where the stack is.
static void show_places(void)
{
    int local = 0;

    kprintf("kernel      %p to %p, of which text ends at %p\n", (void *)kernel_start,
            (void *)kernel_end, (void *)kernel_text_end);
    kprintf("here        function %p, string %p, local variable %p\n", (void *)first_program,
            (const void *)"", (void *)&local);
    kprintf("pointer     %zu bytes; long %zu bytes\n", sizeof(void *), sizeof(long));
}

void first_program(void)
{
    char demo[16];

    vga_set_color(VGA_YELLOW, VGA_BLACK);
    kprintf("Rung, chapter 3: 32-bit protected mode\n");
    vga_set_color(VGA_LIGHT_GREY, VGA_BLACK);
    show_colors();
    show_numbers();
    show_places();
    if (options_get("demo", demo, sizeof(demo))) {
        kprintf("option      demo=%s\n", demo);
        if (strcmp(demo, "panic") == 0) {
            panic("asked for by demo=panic; %d expected, %d found", 1, 2);
        }
        if (strcmp(demo, "assert") == 0) {
            ASSERT(strlen(demo) == 0);
        }
    }
    kprintf("%s: ready\n", CHAPTER);
}
