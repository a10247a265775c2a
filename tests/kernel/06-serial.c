// Receiving in kernel/dev/serial.c. The UART's loopback mode sends what is written back in.
#include "boot/uart.h"
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/io.h"
#include "kernel/dev/console.h"
#include "kernel/dev/input.h"
#include "tests/kernel/test.h"

#define MCR_RTS 0x02
#define MCR_OUT2 0x08 // connects the interrupt on a PC's board; QEMU does without
#define MCR_LOOPBACK 0x10
#define IER_RECEIVED 0x01
#define LSR_ALL_SENT 0x40
#define PATIENCE 1000000
#define FIFO_SIZE 16
#define BYTE_US 90

static void send_to_self(char byte)
{
    bool interrupts = cpu_save_interrupts();
    uint8_t modem = in8(COM1_MODEM_CONTROL);
    for (unsigned i = 0; i < PATIENCE && !(in8(COM1_LINE_STATUS) & LSR_HOLDING_EMPTY); i++) {
    }
    out8(COM1_MODEM_CONTROL, modem | MCR_LOOPBACK);
    out8(COM1_DATA, (uint8_t)byte);
    for (unsigned i = 0; i < PATIENCE && !(in8(COM1_LINE_STATUS) & LSR_ALL_SENT); i++) {
    }
    out8(COM1_MODEM_CONTROL, modem);
    cpu_restore_interrupts(interrupts);
}

// Waits until the queue has so much room.
static bool wait_for_room(size_t room)
{
    for (unsigned i = 0; i < PATIENCE && input_room() != room; i++) {
        in8(COM1_LINE_STATUS); // takes time, in which interrupts come
    }
    return input_room() == room;
}

TEST(serial_receive, "a byte that arrives at COM1 gets into the input queue by interrupt")
{
    REQUIRE(input_room() == INPUT_QUEUE_SIZE);
    send_to_self('s');
    REQUIRE(wait_for_room(INPUT_QUEUE_SIZE - 1));
    CHECK_EQUAL(input_read(), 's');
    CHECK_EQUAL(in8(COM1_MODEM_CONTROL) & MCR_OUT2, MCR_OUT2);
}

TEST(serial_receive_meanwhile,
     "bytes that come while a text goes out are kept, and handed over after it")
{
    REQUIRE(input_room() == INPUT_QUEUE_SIZE);
    cpu_disable_interrupts();
    for (unsigned i = 0; i < 3 * FIFO_SIZE; i++) {
        send_to_self((char)i);
        kprintf(i == 0 ? "\n" : ".");
    }
    CHECK_EQUAL(input_room(), INPUT_QUEUE_SIZE); // the console was locked: nobody could be woken up
    cpu_enable_interrupts();
    REQUIRE(wait_for_room(INPUT_QUEUE_SIZE - 3 * FIFO_SIZE));
    for (unsigned i = 0; i < 3 * FIFO_SIZE; i++) {
        CHECK_EQUAL(input_read(), (char)i);
    }
    CHECK_EQUAL(in8(COM1_INTERRUPT_ENABLE), IER_RECEIVED);
}

TEST(serial_meanwhile_full,
     "as many bytes as a text leaves no room for: RTS is dropped for a while")
{
    unsigned sent = 0;
    REQUIRE(input_room() == INPUT_QUEUE_SIZE);
    cpu_disable_interrupts();
    while (in8(COM1_MODEM_CONTROL) & MCR_RTS && sent < INPUT_QUEUE_SIZE) {
        send_to_self((char)sent++);
        kprintf(sent == 1 ? "\n" : ".");
    }
    CHECK(sent < INPUT_QUEUE_SIZE);
    for (unsigned i = 0; i < INPUT_ROOM_LOW; i++) {
        send_to_self((char)sent++);
        kprintf(".");
    }
    cpu_enable_interrupts();
    REQUIRE(wait_for_room(INPUT_QUEUE_SIZE - sent));
    CHECK_EQUAL(in8(COM1_MODEM_CONTROL) & MCR_RTS, MCR_RTS);
    for (unsigned i = 0; i < sent; i++) {
        CHECK_EQUAL(input_read(), (char)i);
    }
}

TEST(serial_overrun,
     "bytes that the FIFO had no room for count as an overflow, whoever reads of it")
{
    unsigned overflows = input_overflows();
    REQUIRE(input_room() == INPUT_QUEUE_SIZE);
    cpu_disable_interrupts();
    send_to_self('0');
    uint8_t modem = in8(COM1_MODEM_CONTROL);
    out8(COM1_MODEM_CONTROL, modem | MCR_LOOPBACK);
    for (unsigned i = 0; i < FIFO_SIZE; i++) { // reading the line's status would clear the error
        out8(COM1_DATA, '1');
        clock_delay_us(BYTE_US);
    }
    out8(COM1_MODEM_CONTROL, modem);
    kprintf("\n"); // asks for the transmitter's status
    cpu_enable_interrupts();
    REQUIRE(wait_for_room(INPUT_QUEUE_SIZE - FIFO_SIZE));
    CHECK_EQUAL(input_overflows(), overflows + 1);
    while (input_room() < INPUT_QUEUE_SIZE) {
        input_read();
    }
}

TEST(serial_early_stop, "RTS is dropped while there is room yet for what the sender has on its way")
{
    unsigned overflows = input_overflows();
    REQUIRE(input_room() == INPUT_QUEUE_SIZE);
    cpu_disable_interrupts();
    for (unsigned i = 0; i < INPUT_QUEUE_SIZE - INPUT_ROOM_LOW - 1; i++) {
        CHECK(input_put("x", 1));
    }
    cpu_enable_interrupts();
    CHECK_EQUAL(in8(COM1_MODEM_CONTROL) & MCR_RTS, MCR_RTS);
    for (unsigned i = 0; i < INPUT_ROOM_LOW + 1; i++) {
        send_to_self('y');
        CHECK(wait_for_room(INPUT_ROOM_LOW - i));
        CHECK_EQUAL(in8(COM1_MODEM_CONTROL) & MCR_RTS, 0);
    }
    while (input_room() < INPUT_QUEUE_SIZE) {
        input_read();
    }
    CHECK_EQUAL(in8(COM1_MODEM_CONTROL) & MCR_RTS, MCR_RTS);
    CHECK_EQUAL(input_overflows(), overflows);
}

TEST(serial_flow_control, "a full queue drops RTS and loses nothing; room in it raises RTS again")
{
    unsigned overflows = input_overflows();

    REQUIRE(input_room() == INPUT_QUEUE_SIZE);
    cpu_disable_interrupts();
    for (unsigned i = 0; i < INPUT_QUEUE_SIZE - 1; i++) {
        CHECK(input_put("x", 1));
    }
    cpu_enable_interrupts();
    send_to_self('a');
    CHECK(wait_for_room(0));
    send_to_self('b');
    send_to_self('c');
    for (unsigned i = 0; i < PATIENCE && in8(COM1_INTERRUPT_ENABLE) & IER_RECEIVED; i++) {
    }
    CHECK_EQUAL(in8(COM1_MODEM_CONTROL) & MCR_RTS, 0);
    CHECK_EQUAL(in8(COM1_INTERRUPT_ENABLE) & IER_RECEIVED, 0);

    unsigned left = INPUT_QUEUE_SIZE - 1;
    while (left-- > 0) {
        REQUIRE(input_read() == 'x');
    }
    CHECK_EQUAL(input_read(), 'a');
    CHECK_EQUAL(input_read(), 'b');
    CHECK_EQUAL(input_read(), 'c');
    CHECK_EQUAL(in8(COM1_MODEM_CONTROL) & MCR_RTS, MCR_RTS);
    CHECK_EQUAL(in8(COM1_INTERRUPT_ENABLE) & IER_RECEIVED, IER_RECEIVED);
    CHECK_EQUAL(input_overflows(), overflows);
    CHECK_EQUAL(input_room(), INPUT_QUEUE_SIZE);
}
