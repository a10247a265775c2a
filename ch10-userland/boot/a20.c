#include "boot/a20.h"

#include <stdbool.h>
#include <stdint.h>

#include "boot/bios.h"
#include "boot/io.h"
#include "boot/print.h"
#include "boot/start.h"

#define A20_VECTOR 0x15
#define A20_ENABLE 0x2401

// The 8042 keyboard controller (IBM PC/AT Technical Reference, "Keyboard Controller"). Its output
// port has the A20 gate at bit 1; bit 0 resets the processor.
#define KEYBOARD_DATA 0x60
#define KEYBOARD_STATUS 0x64
#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_OUTPUT_FULL 0x01
#define KEYBOARD_INPUT_FULL 0x02
#define KEYBOARD_DISABLE 0xad
#define KEYBOARD_ENABLE 0xae
#define KEYBOARD_READ_OUTPUT_PORT 0xd0
#define KEYBOARD_WRITE_OUTPUT_PORT 0xd1
#define KEYBOARD_NO_RESET 0x01
#define KEYBOARD_A20 0x02

// System control port A has the same two bits.
#define SYSTEM_CONTROL_A 0x92
#define SYSTEM_RESET 0x01
#define SYSTEM_A20 0x02

// Port reads, of about a microsecond each, after which a controller is taken for dead.
#define KEYBOARD_POLLS 20000

// The same for the gate, which may follow some time after the command.
#define GATE_POLLS 100000

// Reads the byte 1 MiB above `address`. A 16-bit program can just reach it: segment FFFFh begins 16
// bytes below 1 MiB.
static uint8_t read_above(const volatile uint8_t *address)
{
    uint8_t value;

    __asm__ volatile("movw %w1, %%fs; movb %%fs:16(%2), %0"
                     : "=q"(value)
                     : "r"(0xffff), "r"(address)
                     : "memory");
    return value;
}

// With A20 closed, the byte 1 MiB up is our own byte. Both may hold the same by chance, but not for
// two values.
static bool is_open(void)
{
    volatile uint8_t probe = 0x55; // on the stack, so below 64 KiB

    if (read_above(&probe) != 0x55) {
        return true;
    }
    probe = 0xaa;
    return read_above(&probe) != 0xaa;
}

static bool opens_soon(void)
{
    for (unsigned polls = GATE_POLLS; polls > 0; polls--) {
        if (is_open()) {
            return true;
        }
        in8(KEYBOARD_STATUS); // for the time it takes
    }
    return false;
}

static void open_by_bios(void)
{
    struct bios_registers registers = {.eax = A20_ENABLE};

    bios_call(A20_VECTOR, &registers); // whether it worked, the check will tell
}

static void wait_for_keyboard(uint8_t mask, uint8_t value)
{
    for (unsigned polls = KEYBOARD_POLLS; polls > 0; polls--) {
        if ((in8(KEYBOARD_STATUS) & mask) == value) {
            return;
        }
    }
}

static void keyboard_command(uint8_t command)
{
    wait_for_keyboard(KEYBOARD_INPUT_FULL, 0);
    out8(KEYBOARD_COMMAND, command);
    wait_for_keyboard(KEYBOARD_INPUT_FULL, 0);
}

static void open_by_keyboard_controller(void)
{
    __asm__ volatile("cli"); // or the BIOS would take what we ask for as a key
    keyboard_command(KEYBOARD_DISABLE);
    in8(KEYBOARD_DATA); // a key that came before
    keyboard_command(KEYBOARD_READ_OUTPUT_PORT);
    wait_for_keyboard(KEYBOARD_OUTPUT_FULL, KEYBOARD_OUTPUT_FULL);
    uint8_t port = in8(KEYBOARD_DATA);
    keyboard_command(KEYBOARD_WRITE_OUTPUT_PORT);
    out8(KEYBOARD_DATA, port | KEYBOARD_A20 | KEYBOARD_NO_RESET);
    keyboard_command(KEYBOARD_ENABLE);
    __asm__ volatile("sti");
}

static void open_by_port_92h(void)
{
    out8(SYSTEM_CONTROL_A, (in8(SYSTEM_CONTROL_A) | SYSTEM_A20) & ~SYSTEM_RESET);
}

// From the one that knows the machine best to the one that may not exist on it.
static const struct {
    const char *name;
    void (*open)(void);
} ways[] = {
    {"the BIOS", open_by_bios},
    {"the keyboard controller", open_by_keyboard_controller},
    {"port 92h", open_by_port_92h},
};

void a20_open(void)
{
    if (is_open()) {
        print("A20: open\n");
        return;
    }
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        ways[i].open();
        if (opens_soon()) {
            print("A20: opened by ");
            print(ways[i].name);
            print("\n");
            return;
        }
    }
    print("A20: stays closed, so memory above 1 MiB is out of reach\n");
    halt();
}
