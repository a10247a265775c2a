// Sending in kernel/dev/serial.c, to itself by the UART's loopback mode.
#include "boot/uart.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/io.h"
#include "kernel/dev/input.h"
#include "kernel/dev/serial.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define MCR_LOOPBACK 0x10
#define PATIENCE 1000000

// What comes back of a text that is sent.
static const char *sent(void (*write)(const char *text, size_t length), const char *text)
{
    static char back[64];
    size_t length = 0;
    cpu_disable_interrupts();
    serial_flush();
    uint8_t modem = in8(COM1_MODEM_CONTROL);
    out8(COM1_MODEM_CONTROL, modem | MCR_LOOPBACK);
    write(text, strlen(text));
    serial_flush();
    out8(COM1_MODEM_CONTROL, modem);
    cpu_enable_interrupts();
    for (unsigned i = 0; i < PATIENCE && length + 1 < sizeof(back); i++) {
        if (input_room() < INPUT_QUEUE_SIZE) {
            back[length++] = input_read();
            i = 0;
        }
    }
    back[length] = '\0';
    return back;
}

TEST(serial_raw, "a text of the kernel gets carriage returns, what a program has written does not")
{
    REQUIRE(input_room() == INPUT_QUEUE_SIZE);
    CHECK_STRING(sent(serial_write, "a\nb\r\n"), "a\r\nb\r\r\n");
    CHECK_STRING(sent(serial_write_raw, "a\nb\r\n"), "a\nb\r\n");
}

TEST(serial_queue, "many bytes at once are sent all and in order, and who waits for that goes on")
{
    static char text[10000];
    memset(text, '.', sizeof(text) - 1);
    text[0] = text[sizeof(text) - 2] = '\n';
    serial_write(text, sizeof(text) - 1);
    CHECK_EQUAL(serial_wait(0), 0);
    CHECK_EQUAL(serial_unsent(), 0);
    CHECK_STRING(sent(serial_write_raw, "0123456789abcdef"), "0123456789abcdef");
}
