// kmain: one line for each part of the system, in the order in which they need each other.
#include "kernel/main.h"

#include "boot/boot_info.h"
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/cpuid.h"
#include "kernel/cpu/fpu.h"
#include "kernel/cpu/gdt.h"
#include "kernel/cpu/idt.h"
#include "kernel/cpu/irq.h"
#include "kernel/cpu/tsc.h"
#include "kernel/cpu/user_mode.h"
#include "kernel/dev/acpi.h"
#include "kernel/dev/ata.h"
#include "kernel/dev/keyboard.h"
#include "kernel/dev/rtc.h"
#include "kernel/dev/serial.h"
#include "kernel/dev/vga.h"
#include "kernel/fs/devfs.h"
#include "kernel/fs/root.h"
#include "kernel/layout.h"
#include "kernel/mm/fault.h"
#include "kernel/mm/kernel_area.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/options.h"
#include "kernel/panic.h"
#include "kernel/proc/proc_files.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/writeback.h"
#include "kernel/sys/syscall.h"
#include "kernel/tty.h"

// What a loader from another version of this tree hands over is not to be believed.
static void check_boot_info(struct boot_info *boot)
{
    if (boot->magic != BOOT_INFO_MAGIC || boot->version != BOOT_INFO_VERSION) {
        panic("boot_info: expected magic %#x version %d, found magic %#x version %u",
              BOOT_INFO_MAGIC, BOOT_INFO_VERSION, boot->magic, boot->version);
    }
    if (boot->memory_range_count > MEMORY_MAP_MAX) {
        panic("boot_info: expected at most %d memory ranges, found %u", MEMORY_MAP_MAX,
              boot->memory_range_count);
    }
    boot->command_line[COMMAND_LINE_SIZE - 1] = '\0';
}

// The guard value changes while it runs, so that it must not check its own.
__attribute__((no_stack_protector)) void kmain(uint32_t boot_info_address)
{
    static struct boot_info boot;

    stack_guard_init();
    boot = *(const struct boot_info *)phys_to_virt(boot_info_address);
    vga_init();
    serial_init();
    check_boot_info(&boot);
    options_init(boot.command_line);
    cpuid_init();
    gdt_init();
    idt_init();
    tsc_start();
    pmm_init(&boot);
    kernel_map_init(&boot);
    pmm_add_high_memory(&boot); // only now is it mapped
    kmalloc_init();
    tss_init(kernel_area_alloc_stack);
    fault_init();
    irq_init();
    clock_init();
    serial_receive_init();
    cpu_enable_interrupts();
    tsc_finish();
    keyboard_init();
    user_mode_init();
    fpu_init();
    process_init();
    acpi_init();
    rtc_init();
    ata_init();
    root_mount(boot.disk_signature);
    writeback_init();
    devfs_init();
    proc_files_init();
    tty_init();
    syscall_init();
    signal_init();
    first_program();
}
