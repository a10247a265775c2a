// What chapter 4 shows: the processor, and what 64 bits change: the size of a pointer and where
// things are (make run CMDLINE="demo=panic" for a panic).
#include "boot/boot_info.h"
#include "kernel/cpu/cpuid.h"
#include "kernel/dev/console.h"
#include "kernel/dev/vga.h"
#include "kernel/layout.h"
#include "kernel/main.h"
#include "kernel/options.h"
#include "kernel/panic.h"
#include "lib/string.h"

static int variable = 42;

static void show_sizes(void)
{
    kprintf("sizes       int %zu, long %zu, pointer %zu bytes\n", sizeof(int), sizeof(long),
            sizeof(void *));
}

static void show_place(const char *name, const void *pointer)
{
    kprintf("  %-9s %p, physical %#10llx\n", name, pointer,
            (unsigned long long)image_to_phys(pointer));
}

// All of the image lies KERNEL_BASE above the place where the loader put it.
static void show_places(void)
{
    int local = 0;

    kprintf("in the image\n");
    show_place("function", (const void *)first_program);
    show_place("constant", "");
    show_place("variable", &variable);
    show_place("stack", &local);
    show_place("end", kernel_end);
}

// The same byte seen twice: through the image and through the direct map.
static void show_alias(void)
{
    int *alias = phys_to_virt(image_to_phys(&variable));

    *alias += 1;
    kprintf("direct map\n");
    kprintf("  variable  %p is the same: adding 1 there makes it %d\n", (void *)alias,
            *(volatile int *)&variable);
    kprintf("  screen    %p\n", phys_to_virt(VGA_PHYS));
}

void first_program(void)
{
    char demo[16];

    vga_set_color(VGA_YELLOW, VGA_BLACK);
    kprintf("Rung, chapter 4: 64-bit long mode\n");
    vga_set_color(VGA_LIGHT_GREY, VGA_BLACK);
    cpuid_print();
    show_sizes();
    show_places();
    show_alias();
    if (options_get("demo", demo, sizeof(demo)) && strcmp(demo, "panic") == 0) {
        panic("asked for by demo=panic; the variable is %d at %p", variable, (void *)&variable);
    }
    kprintf("%s: ready\n", CHAPTER);
}
