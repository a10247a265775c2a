// The final map of the kernel's half. The first tables, made by kernel/long_mode.asm, let the
// kernel write and execute everything below 4 GiB; these grant what each part needs.
//
//   ffff800000000000  direct map    usable RAM  rw-   without page 0 and the boot stack's guard
//                                   VGA window  rw-   uncached
//                                   image       r--   text and rodata; its data as other RAM
//   ffffc00000000000  dynamic area  nothing yet       kernel/mm/kernel_area.c
//   ffffffff80000000  image         text        r-x
//                                   rodata      r--
//                                   data, bss   rw-   without the boot stack's guard
#include "kernel/mm/kernel_map.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/cpuid.h"
#include "kernel/mm/pmm.h"
#include "kernel/panic.h"
#include "lib/assert.h"

#define VGA_WINDOW 0xa0000 // graphics and text memory of the VGA, up to the BIOS ROMs
#define VGA_WINDOW_SIZE 0x20000

struct page_table kernel_page_table;

static virt_t direct(phys_t physical)
{
    return (virt_t)phys_to_virt(physical);
}

static void map(virt_t virtual, phys_t physical, size_t size, unsigned rights)
{
    int error = paging_map(&kernel_page_table, virtual, physical, size, rights | PAGE_GLOBAL);

    if (error != 0) {
        panic("cannot map %#zx bytes at %#lx: error %d", size, virtual, error);
    }
}

static void protect(virt_t virtual, size_t size, unsigned rights)
{
    int error = paging_protect(&kernel_page_table, virtual, size, rights | PAGE_GLOBAL);

    if (error != 0) {
        panic("cannot protect %#zx bytes at %#lx: error %d", size, virtual, error);
    }
}

static void unmap(virt_t virtual, size_t size)
{
    int error = paging_unmap(&kernel_page_table, virtual, size);

    if (error != 0) {
        panic("cannot unmap %#zx bytes at %#lx: error %d", size, virtual, error);
    }
}

static void add_top_level(virt_t virtual)
{
    if (paging_add_top_level(&kernel_page_table, virtual) != 0) {
        panic("no memory for the kernel's page tables");
    }
}

static void map_image_part(const char *start, const char *end, unsigned rights)
{
    map((virt_t)start, image_to_phys(start), (virt_t)end - (virt_t)start, rights);
}

static void map_image(void)
{
    map_image_part(kernel_text_start, kernel_text_end, PAGE_EXECUTE);
    map_image_part(kernel_rodata_start, kernel_rodata_end, PAGE_READ);
    map_image_part(kernel_data_start, kernel_end, PAGE_WRITE);
    unmap((virt_t)boot_stack_guard, PAGE_SIZE);
}

// Whole pages only: what shares its page with something else is not RAM to us, and neither is
// physical page 0, which the BIOS uses. Where a machine has too much RAM, pmm_end() is below its
// end.
static void map_ram(const struct memory_range *range)
{
    phys_t start = (range->start + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
    phys_t end = pmm_end();

    if (start == 0) {
        start = PAGE_SIZE;
    }
    if (range->start < end && range->size < end - range->start) {
        end = (range->start + range->size) / PAGE_SIZE * PAGE_SIZE;
    }
    if (start < end) {
        map(direct(start), start, end - start, PAGE_WRITE);
    }
}

// The direct map is a second way to the image, and must not be a way around its rights.
static void protect_image_alias(void)
{
    protect(direct(KERNEL_PHYS), image_to_phys(kernel_rodata_end) - KERNEL_PHYS, PAGE_READ);
    unmap(direct(image_to_phys(boot_stack_guard)), PAGE_SIZE);
}

static void map_direct(const struct boot_info *boot)
{
    for (uint32_t i = 0; i < boot->memory_range_count; i++) {
        if (boot->memory[i].type == MEMORY_USABLE) {
            map_ram(&boot->memory[i]);
        }
    }
    map(direct(VGA_WINDOW), VGA_WINDOW, VGA_WINDOW_SIZE, PAGE_WRITE | PAGE_UNCACHED);
    protect_image_alias();
}

static void add_top_levels(void)
{
    ASSERT(pmm_end() <= KERNEL_AREA_BASE - DIRECT_MAP_BASE);
    for (phys_t physical = 0; physical < pmm_end(); physical += TOP_LEVEL_SIZE) {
        add_top_level(direct(physical));
    }
    _Static_assert(KERNEL_AREA_SIZE == TOP_LEVEL_SIZE, "one entry for the dynamic area");
    add_top_level(KERNEL_AREA_BASE);
    add_top_level(KERNEL_BASE);
}

void kernel_map_init(const struct boot_info *boot)
{
    if (paging_create(&kernel_page_table) != 0) {
        panic("no memory for the kernel's page tables");
    }
    add_top_levels();
    map_image();
    map_direct(boot);

    // EFER.NXE and CR0.WP, without which PTE.XD is a reserved bit and the kernel would not heed
    // read-only pages, have been set since kernel/long_mode.asm.
    paging_activate(&kernel_page_table);
    if (cpuid_has(CPU_FEATURE_PGE)) {
        cpu_write_cr4(cpu_read_cr4() | CR4_PGE); // after CR3: nothing of the first tables stays
    }
}
