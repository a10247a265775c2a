// What chapter 5 shows: a map of physical memory, drawn while some of it is in use, and kmalloc at
// work.
#include "kernel/dev/console.h"
#include "kernel/dev/vga.h"
#include "kernel/main.h"
#include "kernel/mm/kernel_area.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "lib/string.h"

#define MAP_COLUMNS 64
#define MAP_ROWS 8
#define SMALL_COUNT 2000 // small blocks in use while the map is drawn

static const struct {
    char letter;
    enum vga_color color;
} marks[PAGE_USE_COUNT] = {
    [PAGE_RESERVED] = {'#', VGA_BROWN},    [PAGE_FREE] = {'.', VGA_DARK_GREY},
    [PAGE_KERNEL] = {'K', VGA_LIGHT_RED},  [PAGE_TABLE] = {'T', VGA_YELLOW},
    [PAGE_STACK] = {'S', VGA_WHITE},       [PAGE_SLAB] = {'s', VGA_LIGHT_CYAN},
    [PAGE_LARGE] = {'L', VGA_LIGHT_GREEN}, [PAGE_OTHER] = {'o', VGA_LIGHT_MAGENTA},
};

static void print_mark(enum page_use use)
{
    vga_set_color(marks[use].color, VGA_BLACK);
    kprintf("%c", marks[use].letter);
    vga_set_color(VGA_LIGHT_GREY, VGA_BLACK);
}

// Where the block (or the reserved page) that an address lies in ends, and what it is used for.
static phys_t next_block(phys_t address, enum page_use *use)
{
    const struct page *block = pmm_block(address);

    *use = block == NULL ? PAGE_RESERVED : (enum page_use)block->use;
    return block == NULL ? address + PAGE_SIZE
                         : pmm_page_address(block) + ((phys_t)PAGE_SIZE << block->order);
}

// The pieces of usable memory, as the buddy system has them from the BIOS's map, E820.
static void print_pieces(void)
{
    enum page_use use;
    bool inside = false;

    kprintf("pieces     ");
    for (phys_t address = 0, next; address < pmm_end(); address = next) {
        next = next_block(address, &use);
        if (!inside && use != PAGE_RESERVED) {
            kprintf(" %#lx-", address);
        }
        if (inside && use == PAGE_RESERVED) {
            kprintf("%#lx", address);
        }
        inside = use != PAGE_RESERVED;
    }
    kprintf("%#lx\n", pmm_end());
}

// What takes most of a piece of memory, though anything in use hides what is free or reserved.
static enum page_use main_use(phys_t start, phys_t end)
{
    phys_t bytes[PAGE_USE_COUNT] = {0};
    enum page_use use, result = PAGE_KERNEL;

    for (phys_t address = start, next; address < end; address = next) {
        next = next_block(address, &use);
        bytes[use] += (next < end ? next : end) - address;
    }
    for (use = PAGE_KERNEL; use < PAGE_USE_COUNT; use++) {
        result = bytes[use] > bytes[result] ? use : result;
    }
    if (bytes[result] == 0) {
        result = bytes[PAGE_FREE] > 0 ? PAGE_FREE : PAGE_RESERVED;
    }
    return result;
}

static void draw_map(void)
{
    phys_t cell = PAGE_SIZE;

    while (cell * MAP_COLUMNS * MAP_ROWS < pmm_end()) {
        cell *= 2;
    }
    kprintf("map         one character for %lu KiB\n", cell / 1024);
    for (phys_t row = 0; row < pmm_end(); row += cell * MAP_COLUMNS) {
        kprintf("0x%09lx ", row);
        for (phys_t start = row; start < row + cell * MAP_COLUMNS && start < pmm_end();
             start += cell) {
            phys_t end = start + cell < pmm_end() ? start + cell : pmm_end();
            print_mark(main_use(start, end));
        }
        kprintf("\n");
    }
}

// What the map's characters mean, and how much there is of each.
static void print_legend(void)
{
    for (unsigned use = 0; use < PAGE_USE_COUNT; use++) {
        kprintf("%s", use % 3 == 0 ? "            " : "   ");
        print_mark(use);
        kprintf(" %-10s%8zu", pmm_use_name(use), pmm_used_pages(use) * (PAGE_SIZE / 1024));
        kprintf("%s", use == PAGE_USE_COUNT - 1 ? " KiB\n" : use % 3 == 2 ? "\n" : "");
    }
}

static void show_kmalloc(void)
{
    size_t too_much = pmm_total_pages() * PAGE_SIZE;

    char *text = kmalloc(100);
    if (text == NULL) {
        kprintf("kmalloc(100) found no memory\n");
        return;
    }
    strlcpy(text, "contents", 100);
    kprintf("kmalloc     100 bytes at %p, a block of %zu\n", (void *)text, kmalloc_size(text));
    char *moved = krealloc(text, 5000);
    if (moved != NULL) {
        text = moved;
    }
    kprintf("krealloc    5000 bytes at %p, a block of %zu: \"%s\"\n", (void *)text,
            kmalloc_size(text), text);
    kfree(text);
    kprintf("kmalloc     %zu MiB: %s\n", too_much >> 20,
            kmalloc(too_much) == NULL ? "NULL, since that is all there is" : "too good to be true");
}

void first_program(void)
{
    static void *small[SMALL_COUNT], *large[3];
    size_t bytes = pmm_total_pages() * PAGE_SIZE;

    vga_set_color(VGA_YELLOW, VGA_BLACK);
    kprintf("Rung, chapter 5: physical memory, page tables and a malloc of our own\n");
    vga_set_color(VGA_LIGHT_GREY, VGA_BLACK);
    kprintf("memory      %zu KiB, usable below %#lx\n", bytes / 1024, pmm_end());
    print_pieces();
    void *stack = kernel_area_alloc_stack();
    for (size_t i = 0; i < SMALL_COUNT; i++) {
        small[i] = kmalloc(i % 1000);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(large); i++) {
        large[i] = kmalloc(bytes / 16 >> i);
    }
    draw_map();
    print_legend();
    kprintf("in use      %zu blocks of kmalloc, %zu KiB", kmalloc_blocks(), kmalloc_bytes() / 1024);
    for (size_t i = 0; i < SMALL_COUNT; i++) {
        kfree(small[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(large); i++) {
        kfree(large[i]);
    }
    if (stack != NULL) {
        kernel_area_free_stack(stack);
    }
    kprintf("; after kfree %zu, %zu KiB\n", kmalloc_blocks(), kmalloc_bytes() / 1024);
    show_kmalloc();
    kprintf("%s: ready\n", CHAPTER);
}
