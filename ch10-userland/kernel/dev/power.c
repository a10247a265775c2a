#include "kernel/dev/power.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/io.h"
#include "kernel/dev/acpi.h"
#include "kernel/dev/console.h"
#include "kernel/dev/keyboard.h"
#include "kernel/dev/serial.h"
#include "lib/assert.h"
#include "lib/errno.h"

// PM1 control registers (ACPI Specification 6.5, Table 4.13).
#define PM1_SCI_ENABLED 0x0001 // they are ours, not the BIOS's
#define PM1_SLEEP_TYPE_SHIFT 10
#define PM1_SLEEP_TYPE 0x1c00
#define PM1_SLEEP 0x2000

// The reset control register of Intel's chipsets (PIIX3, "RC"), which nearly all others have too.
#define RESET_CONTROL 0xcf9
#define RESET_HARD 0x02
#define RESET_NOW 0x04 // on its change from 0

#define ENABLE_TRIES_MS 3000
#define PATIENCE_MS 100 // for a machine that is to go off
#define LINE_MS 20 // what waits in the serial port goes out, at 9600 baud too

static int (*shutdown)(void);

void power_on_shutdown(int (*callback)(void))
{
    ASSERT(!shutdown);
    shutdown = callback;
}

static void shut_down(const char *what)
{
    int error = shutdown ? shutdown() : 0;
    if (error != 0) {
        kprintf("shutdown: %s\n", errno_text(error));
    }
    kprintf("%s\n", what);
    serial_flush();
    clock_sleep_ms(LINE_MS);
}

// The BIOS may keep the registers to itself until it is asked.
static void enable_acpi(const struct acpi_info *acpi)
{
    if (in16(acpi->control_port[0]) & PM1_SCI_ENABLED || acpi->enable_port == 0) {
        return;
    }
    out8(acpi->enable_port, acpi->enable_value);
    for (unsigned ms = 0; ms < ENABLE_TRIES_MS; ms++) {
        if (in16(acpi->control_port[0]) & PM1_SCI_ENABLED) {
            return;
        }
        clock_sleep_ms(1);
    }
}

static void sleep(const struct acpi_info *acpi, uint16_t command)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(acpi->control_port); i++) {
        uint16_t port = acpi->control_port[i];
        if (port != 0) {
            unsigned rest = in16(port) & ~(PM1_SLEEP_TYPE | PM1_SLEEP);
            unsigned type = (unsigned)acpi->sleep_type[i] << PM1_SLEEP_TYPE_SHIFT;
            out16(port, (uint16_t)(rest | type | command));
        }
    }
}

void power_off(void)
{
    const struct acpi_info *acpi = acpi_info();
    shut_down("power: off");
    if (acpi->can_sleep) {
        enable_acpi(acpi);
        sleep(acpi, 0); // the type first, in both, then the command
        sleep(acpi, PM1_SLEEP);
        clock_sleep_ms(PATIENCE_MS);
    }
    kprintf("It is now safe to turn off the machine.\n");
    serial_flush();
    cpu_halt();
}

void power_reboot(void)
{
    static const struct cpu_table_pointer no_vectors;
    const struct acpi_info *acpi = acpi_info();
    shut_down("power: reboot");
    if (acpi->reset_port != 0) {
        out8(acpi->reset_port, acpi->reset_value);
        clock_sleep_ms(PATIENCE_MS);
    }
    keyboard_reset_machine();
    clock_sleep_ms(PATIENCE_MS);
    out8(RESET_CONTROL, RESET_HARD);
    out8(RESET_CONTROL, RESET_HARD | RESET_NOW);
    clock_sleep_ms(PATIENCE_MS);
    // Without an interrupt table an exception cannot be delivered, nor the double fault that
    // follows from that: the processor resets.
    __asm__ volatile("lidt %0; int3" : : "m"(no_vectors));
    cpu_halt();
}
