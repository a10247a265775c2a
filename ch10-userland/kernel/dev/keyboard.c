// Three parts: setting controller and keyboard up, by polling with time-outs; turning scan codes
// into bytes; and the light of caps lock, which the interrupt handler keeps in step. Registers and
// commands: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device
// Controller" and "Keyboards (101- and 102-Key)".
#include "kernel/dev/keyboard.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/io.h"
#include "kernel/cpu/irq.h"
#include "kernel/dev/console.h"
#include "kernel/dev/input.h"
#include "lib/errno.h"
#include "lib/string.h"

#define DATA_PORT 0x60
#define STATUS_PORT 0x64 // when read
#define COMMAND_PORT 0x64 // when written

#define STATUS_OUTPUT_FULL 0x01 // a byte for us
#define STATUS_INPUT_FULL 0x02 // our last byte has not been taken yet
#define STATUS_MOUSE 0x20 // the byte for us is the mouse's
#define STATUS_ABSENT 0xff // what an empty bus reads as

#define CONTROLLER_READ_CONFIG 0x20
#define CONTROLLER_WRITE_CONFIG 0x60
#define CONTROLLER_DISABLE_MOUSE 0xa7
#define CONTROLLER_SELF_TEST 0xaa
#define CONTROLLER_TEST_PORT 0xab
#define CONTROLLER_DISABLE_KEYBOARD 0xad
#define CONTROLLER_ENABLE_KEYBOARD 0xae
#define CONTROLLER_PULSE_RESET 0xfe // pulls the line that is the processor's reset
#define CONTROLLER_SELF_TEST_PASSED 0x55
#define CONTROLLER_PORT_TEST_PASSED 0x00

#define CONFIG_KEYBOARD_IRQ 0x01
#define CONFIG_MOUSE_IRQ 0x02
#define CONFIG_KEYBOARD_OFF 0x10
#define CONFIG_MOUSE_OFF 0x20
#define CONFIG_TRANSLATE 0x40 // set 2 to set 1

#define KEYBOARD_SET_LEDS 0xed
#define KEYBOARD_ENABLE 0xf4
#define KEYBOARD_RESET 0xff
#define KEYBOARD_SELF_TEST_PASSED 0xaa
#define KEYBOARD_ACK 0xfa
#define KEYBOARD_RESEND 0xfe
#define LED_CAPS_LOCK 0x04

#define ANSWER_TIMEOUT_MS 50
#define SELF_TEST_TIMEOUT_MS 1000
#define INPUT_TIMEOUT_US 100 // in the interrupt handler
#define STALE_BYTES_MAX 64
#define BYTES_MAX 16 // at one interrupt
#define SEND_TRIES 3

// Scan codes that stand for more than a character. EXTENDED + code is a key with the prefix 0xe0.
#define SCAN_RELEASE 0x80 // this bit: the key goes up
#define SCAN_PREFIX 0xe0
#define SCAN_PREFIX_PAUSE 0xe1 // two more bytes, which only the Pause key sends
#define EXTENDED 0x100
#define SCAN_ENTER 0x1c
#define SCAN_CTRL 0x1d
#define SCAN_SHIFT_LEFT 0x2a
#define SCAN_SLASH 0x35
#define SCAN_SHIFT_RIGHT 0x36
#define SCAN_ALT 0x38
#define SCAN_CAPS_LOCK 0x3a

#define ESC 0x1b
#define KEY_BYTES_MAX 8

// Characters of runs of scan codes. The keypad has digits, there is no Num Lock.
static const struct {
    uint8_t first;
    const char *plain, *shifted;
} rows[] = {
    {0x01, "\0331234567890-=\177\t", "\033!@#$%^&*()_+\177\t"},
    {0x10, "qwertyuiop[]\r", "QWERTYUIOP{}\r"},
    {0x1e, "asdfghjkl;'`", "ASDFGHJKL:\"~"},
    {0x2b, "\\zxcvbnm,./", "|ZXCVBNM<>?"},
    {0x37, "*", "*"},
    {0x39, " ", " "},
    {0x47, "789-456+1230.", "789-456+1230."},
    {0x56, "\\", "|"}, // the key that only European keyboards have
};

// What follows ESC for keys without a character.
static const struct {
    uint16_t code;
    const char *sequence;
} sequences[] = {
    {EXTENDED + 0x48, "[A"}, // up
    {EXTENDED + 0x50, "[B"}, // down
    {EXTENDED + 0x4d, "[C"}, // right
    {EXTENDED + 0x4b, "[D"}, // left
    {EXTENDED + 0x47, "[H"}, // Home
    {EXTENDED + 0x4f, "[F"}, // End
    {EXTENDED + 0x52, "[2~"}, // Insert
    {EXTENDED + 0x53, "[3~"}, // Delete
    {EXTENDED + 0x49, "[5~"}, // Page Up
    {EXTENDED + 0x51, "[6~"}, // Page Down
    {0x3b, "OP"}, // F1
    {0x3c, "OQ"}, // F2
    {0x3d, "OR"}, // F3
    {0x3e, "OS"}, // F4
    {0x3f, "[15~"}, // F5
    {0x40, "[17~"}, // F6
    {0x41, "[18~"}, // F7
    {0x42, "[19~"}, // F8
    {0x43, "[20~"}, // F9
    {0x44, "[21~"}, // F10
    {0x57, "[23~"}, // F11
    {0x58, "[24~"}, // F12
};

// Keys that are down while they count.
enum modifier {
    SHIFT_LEFT = 1 << 0,
    SHIFT_RIGHT = 1 << 1,
    CTRL_LEFT = 1 << 2,
    CTRL_RIGHT = 1 << 3,
    ALT_LEFT = 1 << 4,
    ALT_RIGHT = 1 << 5,
    CAPS_LOCK = 1 << 6, // the key; what it switches is caps_lock
};

static unsigned modifiers;
static bool caps_lock;
static bool extended; // the last byte was SCAN_PREFIX
static unsigned skip_bytes; // of the Pause key

// ---- The light ----

static enum { LEDS_SET, LEDS_COMMAND_SENT, LEDS_VALUE_SENT } leds = LEDS_SET;
static unsigned leds_tries;

// Sends the byte that the state asks for. A controller that doesn't take it costs the light only.
static void leds_send(void)
{
    for (unsigned waited_us = 0; in8(STATUS_PORT) & STATUS_INPUT_FULL; waited_us++) {
        if (waited_us == INPUT_TIMEOUT_US) {
            leds = LEDS_SET;
            return;
        }
        clock_delay_us(1);
    }
    uint8_t value = caps_lock ? LED_CAPS_LOCK : 0;
    out8(DATA_PORT, leds == LEDS_COMMAND_SENT ? KEYBOARD_SET_LEDS : value);
}

static void leds_update(void)
{
    leds = LEDS_COMMAND_SENT;
    leds_tries = 1;
    leds_send();
}

static void leds_answer(uint8_t answer)
{
    if (leds == LEDS_SET) {
        return;
    }
    if (answer == KEYBOARD_ACK) {
        leds = leds == LEDS_COMMAND_SENT ? LEDS_VALUE_SENT : LEDS_SET;
        leds_tries = 0;
    }
    if (leds == LEDS_SET || leds_tries++ == SEND_TRIES) {
        leds = LEDS_SET;
        return;
    }
    leds_send();
}

// ---- Scan codes ----

static enum modifier modifier_of(unsigned code)
{
    switch (code) {
    case SCAN_SHIFT_LEFT:
        return SHIFT_LEFT;
    case SCAN_SHIFT_RIGHT:
        return SHIFT_RIGHT;
    case SCAN_CTRL:
        return CTRL_LEFT;
    case EXTENDED + SCAN_CTRL:
        return CTRL_RIGHT;
    case SCAN_ALT:
        return ALT_LEFT;
    case EXTENDED + SCAN_ALT:
        return ALT_RIGHT;
    case SCAN_CAPS_LOCK:
        return CAPS_LOCK;
    default:
        return 0;
    }
}

static char character_of(unsigned code)
{
    if (code == EXTENDED + SCAN_ENTER || code == EXTENDED + SCAN_SLASH) {
        code -= EXTENDED; // of the keypad
    }
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        if (code < rows[i].first || code >= rows[i].first + strlen(rows[i].plain)) {
            continue;
        }
        char character = rows[i].plain[code - rows[i].first];
        bool letter = character >= 'a' && character <= 'z';
        bool shift = modifiers & (SHIFT_LEFT | SHIFT_RIGHT);
        return shift != (letter && caps_lock) ? rows[i].shifted[code - rows[i].first] : character;
    }
    return 0;
}

// Puts what a key that goes down stands for into the queue.
static void put_key(unsigned code)
{
    char bytes[KEY_BYTES_MAX];
    size_t count = 0;
    char character = character_of(code);
    if (character) {
        if (modifiers & (ALT_LEFT | ALT_RIGHT)) {
            bytes[count++] = ESC;
        }
        bool control = modifiers & (CTRL_LEFT | CTRL_RIGHT);
        if (control && (character == ' ' || (character >= '@' && character <= '~'))) {
            character &= 0x1f; // the control codes stand in ASCII's first two columns
        }
        bytes[count++] = character;
    }
    for (size_t i = 0; !character && i < ARRAY_LENGTH(sequences); i++) {
        if (sequences[i].code == code) {
            bytes[count++] = ESC;
            size_t length = strlen(sequences[i].sequence);
            memcpy(bytes + count, sequences[i].sequence, length);
            count += length;
        }
    }
    if (count > 0) {
        input_put(bytes, count);
    }
}

static void receive(uint8_t byte)
{
    if (byte == KEYBOARD_ACK || byte == KEYBOARD_RESEND) { // no key has these codes
        leds_answer(byte);
        return;
    }
    if (skip_bytes > 0) {
        skip_bytes--;
        return;
    }
    if (byte == SCAN_PREFIX_PAUSE) {
        skip_bytes = 2;
        return;
    }
    if (byte == SCAN_PREFIX) {
        extended = true;
        return;
    }
    unsigned code = (byte & (unsigned)~SCAN_RELEASE) + (extended ? EXTENDED : 0);
    extended = false;
    unsigned modifier = modifier_of(code);
    if (byte & SCAN_RELEASE) {
        modifiers &= ~modifier;
    } else if (modifier == 0) {
        put_key(code);
    } else {
        if (modifier == CAPS_LOCK && !(modifiers & CAPS_LOCK)) { // not a repetition
            caps_lock = !caps_lock;
            leds_update();
        }
        modifiers |= modifier;
    }
}

static void interrupt(void)
{
    // A byte of the mouse, whose interrupt is off, would hold up the keyboard's: away with it.
    for (unsigned i = 0; i < BYTES_MAX; i++) {
        uint8_t status = in8(STATUS_PORT);
        if (!(status & STATUS_OUTPUT_FULL)) {
            break;
        }
        uint8_t byte = in8(DATA_PORT);
        if (!(status & STATUS_MOUSE)) {
            receive(byte);
        }
    }
}

// ---- Setting up ----

// Waits until the status bits in `mask` have the value. Returns false when the time is over.
static bool wait_status(uint8_t mask, uint8_t value, unsigned timeout_ms)
{
    uint64_t deadline = clock_now_ns() + timeout_ms * CLOCK_NS_PER_MS;
    while ((in8(STATUS_PORT) & mask) != value) {
        if (clock_now_ns() >= deadline) {
            return false;
        }
        clock_sleep_ms(1);
    }
    return true;
}

static bool write_byte(uint16_t port, uint8_t byte)
{
    if (!wait_status(STATUS_INPUT_FULL, 0, ANSWER_TIMEOUT_MS)) {
        return false;
    }
    out8(port, byte);
    return true;
}

// Returns the next byte, or -EIO when none comes in time.
static int read_byte(unsigned timeout_ms)
{
    if (!wait_status(STATUS_OUTPUT_FULL, STATUS_OUTPUT_FULL, timeout_ms)) {
        return -EIO;
    }
    return in8(DATA_PORT);
}

static bool write_config(uint8_t config)
{
    return write_byte(COMMAND_PORT, CONTROLLER_WRITE_CONFIG) && write_byte(DATA_PORT, config);
}

// Sends a byte to the keyboard until it is acknowledged. Key presses that come before are lost.
static bool send(uint8_t byte)
{
    for (unsigned try = 0; try < SEND_TRIES; try++) {
        if (!write_byte(DATA_PORT, byte)) {
            return false;
        }
        int answer;
        do {
            answer = read_byte(ANSWER_TIMEOUT_MS);
        } while (answer >= 0 && answer != KEYBOARD_ACK && answer != KEYBOARD_RESEND);
        if (answer == KEYBOARD_ACK) {
            return true;
        }
    }
    return false;
}

// Returns what is wrong with the controller, or NULL. Leaves it with interrupts off, its
// configuration in `config`.
static const char *start_controller(uint8_t *config)
{
    if (in8(STATUS_PORT) == STATUS_ABSENT) {
        return "no controller";
    }
    if (!write_byte(COMMAND_PORT, CONTROLLER_DISABLE_KEYBOARD) ||
        !write_byte(COMMAND_PORT, CONTROLLER_DISABLE_MOUSE)) {
        return "the controller takes no commands";
    }
    for (unsigned i = 0; i < STALE_BYTES_MAX && in8(STATUS_PORT) & STATUS_OUTPUT_FULL; i++) {
        in8(DATA_PORT);
    }
    int found =
        write_byte(COMMAND_PORT, CONTROLLER_READ_CONFIG) ? read_byte(ANSWER_TIMEOUT_MS) : -EIO;
    if (found < 0) {
        return "the controller does not answer";
    }
    found &= ~(CONFIG_KEYBOARD_IRQ | CONFIG_MOUSE_IRQ | CONFIG_KEYBOARD_OFF);
    *config = (uint8_t)found | CONFIG_MOUSE_OFF | CONFIG_TRANSLATE;
    // The self-test may reset the controller, so the configuration is written after it.
    if (!write_byte(COMMAND_PORT, CONTROLLER_SELF_TEST) ||
        read_byte(SELF_TEST_TIMEOUT_MS) != CONTROLLER_SELF_TEST_PASSED) {
        return "the controller fails its self-test";
    }
    if (!write_config(*config) || !write_byte(COMMAND_PORT, CONTROLLER_TEST_PORT) ||
        read_byte(ANSWER_TIMEOUT_MS) != CONTROLLER_PORT_TEST_PASSED) {
        return "the controller's port fails its test";
    }
    return write_byte(COMMAND_PORT, CONTROLLER_ENABLE_KEYBOARD) ? NULL : "the controller is stuck";
}

static const char *start_keyboard(void)
{
    if (!send(KEYBOARD_RESET)) {
        return "no keyboard";
    }
    if (read_byte(SELF_TEST_TIMEOUT_MS) != KEYBOARD_SELF_TEST_PASSED) {
        return "the keyboard fails its self-test";
    }
    if (!send(KEYBOARD_SET_LEDS) || !send(0) || !send(KEYBOARD_ENABLE)) {
        return "the keyboard takes no commands";
    }
    return NULL;
}

static const char *start_interrupts(uint8_t config)
{
    irq_register(IRQ_KEYBOARD, interrupt);
    if (!write_config(config | CONFIG_KEYBOARD_IRQ)) {
        return "the controller does not take its configuration";
    }
    // A byte that came before the interrupt was on has raised none, and holds up all others.
    bool interrupts = cpu_save_interrupts();
    interrupt();
    cpu_restore_interrupts(interrupts);
    return NULL;
}

void keyboard_init(void)
{
    uint8_t config;
    const char *problem = start_controller(&config);
    if (!problem) {
        problem = start_keyboard();
    }
    if (!problem) {
        problem = start_interrupts(config);
    }
    if (problem) {
        kprintf("keyboard: %s\n", problem);
    }
}

void keyboard_reset_machine(void)
{
    write_byte(COMMAND_PORT, CONTROLLER_PULSE_RESET);
}
