// The way of input: lib/ring.h, kernel/dev/input.c, and keyboard.c with scan codes that the 8042
// is told to deliver as if a key had sent them.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/io.h"
#include "kernel/dev/input.h"
#include "kernel/options.h"
#include "lib/ring.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define DATA_PORT 0x60
#define STATUS_PORT 0x64
#define STATUS_OUTPUT_FULL 0x01
#define STATUS_INPUT_FULL 0x02
#define CONTROLLER_WRITE_OUTPUT 0xd2 // the next byte comes back as the keyboard's
#define CONTROLLER_WRITE_MOUSE_OUTPUT 0xd3
#define KEYBOARD_VECTOR 33

TEST(ring_random, "a ring gives its bytes back in order, whatever its size")
{
    static const size_t sizes[] = {1, 2, 7, 64};
    char bytes[64];
    for (size_t s = 0; s < ARRAY_LENGTH(sizes); s++) {
        struct ring ring = {.bytes = bytes, .size = sizes[s]};
        uint8_t next_in = 0, next_out = 0;
        unsigned wrong = 0;
        for (unsigned i = 0; i < 20000; i++) {
            if (ring_room(&ring) > 0 && (ring.count == 0 || test_random_below(2))) {
                ring_put(&ring, (char)next_in++);
            } else {
                wrong += (uint8_t)ring_get(&ring) != next_out++;
            }
            wrong += ring_room(&ring) + ring.count != sizes[s];
            wrong += (uint8_t)(next_in - next_out) != ring.count;
        }
        CHECK_EQUAL(wrong, 0);
    }
}

static void drain(void)
{
    while (input_room() < INPUT_QUEUE_SIZE) {
        input_read();
    }
}

static bool put(const char *bytes, size_t count)
{
    cpu_disable_interrupts();
    bool done = input_put(bytes, count);
    cpu_enable_interrupts();
    return done;
}

TEST(input_order, "bytes are read in the order they came, all 256 values")
{
    drain();
    for (unsigned i = 0; i < 3 * INPUT_QUEUE_SIZE; i += 2) {
        char pair[2] = {(char)i, (char)(i + 1)};
        CHECK(put(pair, 2));
        CHECK_EQUAL((uint8_t)input_read(), i % 256);
        CHECK_EQUAL((uint8_t)input_read(), (i + 1) % 256);
    }
    CHECK_EQUAL(input_room(), INPUT_QUEUE_SIZE);
}

TEST(input_overflow, "a key's bytes go into the queue all or not at all, and the loss is counted")
{
    drain();
    for (unsigned i = 0; i < INPUT_QUEUE_SIZE - 2; i++) {
        REQUIRE(put("x", 1));
    }
    unsigned overflows = input_overflows();
    CHECK(!put("abc", 3));
    CHECK_EQUAL(input_overflows(), overflows + 1);
    CHECK_EQUAL(input_room(), 2);
    CHECK(put("yz", 2));
    CHECK_EQUAL(input_room(), 0);
    CHECK(!put("!", 1));
    CHECK_EQUAL(input_overflows(), overflows + 2);
    for (unsigned i = 0; i < INPUT_QUEUE_SIZE - 2; i++) {
        REQUIRE(input_read() == 'x');
    }
    CHECK_EQUAL(input_read(), 'y');
    CHECK_EQUAL(input_read(), 'z');
    CHECK_EQUAL(input_room(), INPUT_QUEUE_SIZE);
}

// ---- Scan codes ----

static void scan(const uint8_t *codes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        // The byte before has been read by the interrupt handler when both buffers are empty.
        while (in8(STATUS_PORT) & (STATUS_INPUT_FULL | STATUS_OUTPUT_FULL)) {
        }
        out8(STATUS_PORT, CONTROLLER_WRITE_OUTPUT);
        while (in8(STATUS_PORT) & STATUS_INPUT_FULL) {
        }
        out8(DATA_PORT, codes[i]);
    }
    while (in8(STATUS_PORT) & (STATUS_INPUT_FULL | STATUS_OUTPUT_FULL)) {
    }
    clock_sleep_ms(2); // a light may still be changed
}

// Checks which bytes the scan codes become.
static void check_scan(const char *what, const char *codes, size_t count, const char *expected)
{
    char bytes[64];
    size_t length = 0;
    drain();
    scan((const uint8_t *)codes, count);
    while (input_room() < INPUT_QUEUE_SIZE && length + 1 < sizeof(bytes)) {
        bytes[length++] = input_read();
    }
    bytes[length] = '\0';
    test_check_string(bytes, expected, __FILE__, __LINE__, what);
}

#define CHECK_SCAN(codes, expected) check_scan(codes, codes, sizeof(codes) - 1, expected)

TEST(keyboard_plain, "presses give characters, releases nothing")
{
    CHECK_SCAN("\x1e\x9e\x30\xb0\x2e\xae", "abc");
    CHECK_SCAN("\x02\x82\x0b\x8b\x0c\x0d\x1c\x9c\x0e\x0f\x39\x01", "10-=\r\x7f\t \x1b");
    CHECK_SCAN("\x1e\x1e\x1e\x9e", "aaa"); // held down: repeated
}

TEST(keyboard_shift, "shift counts while either of its keys is down")
{
    CHECK_SCAN("\x2a\x1e\xaa\x1e", "Aa");
    CHECK_SCAN("\x36\x03\xb6\x03", "@2");
    CHECK_SCAN("\x2a\x36\x1e\xaa\x1e\xb6\x1e", "AAa");
}

TEST(keyboard_caps_lock, "caps lock swaps letters only, and toggles once however long it is held")
{
    CHECK_SCAN("\x3a\x3a\xba\x1e\x02\x2a\x1e\x02\xaa", "A1a!");
    CHECK_SCAN("\x3a\xba\x1e", "a");
}

TEST(keyboard_control, "Ctrl makes control codes, Alt puts ESC in front")
{
    CHECK_SCAN("\x1d\x2e\x9d\x2e", "\003c");
    CHECK_SCAN("\xe0\x1d\x16\xe0\x9d\x16", "\x15u");
    CHECK_SCAN("\x1d\x1a\x9d", "\x1b"); // Ctrl-[
    CHECK_SCAN("\x38\x1e\xb8\x1e", "\033aa");
    CHECK_SCAN("\xe0\x38\x2a\x1e\xaa\xe0\xb8", "\033A");
}

TEST(keyboard_sequences, "keys without a character give the sequences of a VT100")
{
    CHECK_SCAN("\xe0\x48\xe0\xc8\xe0\x50\xe0\x4d\xe0\x4b", "\x1b[A\x1b[B\x1b[C\x1b[D");
    CHECK_SCAN("\xe0\x47\xe0\x4f\xe0\x52\xe0\x53\xe0\x49\xe0\x51",
               "\x1b[H\x1b[F\x1b[2~\x1b[3~\x1b[5~\x1b[6~");
    CHECK_SCAN("\x3b\x3c\x3d\x3e\x3f\x40", "\x1bOP\x1bOQ\x1bOR\x1bOS\x1b[15~\x1b[17~");
    CHECK_SCAN("\x41\x42\x43\x44\x57\x58", "\x1b[18~\x1b[19~\x1b[20~\x1b[21~\x1b[23~\x1b[24~");
}

TEST(keyboard_prefixes, "prefixed keys are told from those without; Pause and fake shifts vanish")
{
    CHECK_SCAN("\x48\x4b", "84"); // the keypad's own
    CHECK_SCAN("\xe0\x35\xe0\x1c", "/\r");
    CHECK_SCAN("\xe0\x2a\xe0\x4b\x1e\xe0\xcb\xe0\xaa\x1e", "\x1b[Daa");
    CHECK_SCAN("\x1d\xe1\x1d\x45\xe1\x9d\xc5\x2e\x9d", "\003"); // Pause while Ctrl is down
    CHECK_SCAN("\xe0\x2a\xe0\x37\xe0\xb7\xe0\xaa\x1e", "a"); // Print Screen
    CHECK_SCAN("\x1d\xe0\x46\xe0\xc6\x9d\x1e", "a"); // Break
}

TEST(keyboard_no_key, "what is no key gives nothing and disturbs nothing")
{
    CHECK_SCAN("\xfa\x1e", "a"); // an acknowledgement that nobody waits for
    CHECK_SCAN("\xfe\x1e", "a");
    CHECK_SCAN("\xff\x1e", "a"); // more keys at once than the keyboard can tell
    CHECK_SCAN("\x54\x55\x5b\x7f\x1e", "a");
}

TEST(keyboard_mouse, "a byte of the mouse is taken away at the keyboard's next interrupt")
{
    drain();
    cpu_disable_interrupts();
    out8(STATUS_PORT, CONTROLLER_WRITE_MOUSE_OUTPUT);
    while (in8(STATUS_PORT) & STATUS_INPUT_FULL) {
    }
    out8(DATA_PORT, 0x1e);
    while (!(in8(STATUS_PORT) & STATUS_OUTPUT_FULL)) {
    }
    __asm__ volatile("int %0" : : "i"(KEYBOARD_VECTOR));
    CHECK_EQUAL(in8(STATUS_PORT) & STATUS_OUTPUT_FULL, 0);
    CHECK_EQUAL(input_room(), INPUT_QUEUE_SIZE);
    cpu_enable_interrupts();
    CHECK_SCAN("\x1e", "a");
}

TEST(keyboard_overflow, "a key that has no room is dropped whole")
{
    drain();
    for (unsigned i = 0; i < INPUT_QUEUE_SIZE - 2; i++) {
        REQUIRE(put("x", 1));
    }
    unsigned overflows = input_overflows();
    scan((const uint8_t *)"\xe0\x48\x1e", 3); // ESC [ A has no room, a has
    CHECK_EQUAL(input_overflows(), overflows + 1);
    CHECK_EQUAL(input_room(), 1);
    for (unsigned i = 0; i < INPUT_QUEUE_SIZE - 2; i++) {
        REQUIRE(input_read() == 'x');
    }
    CHECK_EQUAL(input_read(), 'a');
}

// ---- From outside ----

// tests/irq/test_input.py sends this many bytes to COM1 ("input=10000") and compares the sums.
TEST(input_stream, "what comes in is what was sent (without a sender: nothing)")
{
    uint64_t count = options_number("input", 0);
    uint32_t first = 1, second = 0; // Adler-32
    drain();
    if (count > 0) {
        test_note("input_ready");
    }
    for (uint64_t i = 0; i < count; i++) {
        // A reader that is slower than the line: let the queue fill up, and then wait a little.
        while (i % 2000 == 0 && count - i > 2 * INPUT_QUEUE_SIZE && input_room() > 0) {
            clock_sleep_ms(1);
        }
        if (i % 2000 == 0) {
            clock_sleep_ms(5);
        }
        first = (first + (uint8_t)input_read()) % 65521;
        second = (second + first) % 65521;
    }
    test_note("input_sum %08x overflows %u", second << 16 | first, input_overflows());
    CHECK_EQUAL(input_room(), INPUT_QUEUE_SIZE);
}
