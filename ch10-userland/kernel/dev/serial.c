#include "kernel/dev/serial.h"

#include "boot/uart.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/io.h"
#include "kernel/cpu/irq.h"
#include "kernel/dev/console.h"
#include "kernel/dev/input.h"
#include "kernel/sync/wait.h"
#include "lib/errno.h"
#include "lib/ring.h"

// Registers and bits that the boot loader has no need of (16550D data sheet, 8.0).
#define COM1_SCRATCH 0x3ff
#define FIFO_INTERRUPT_AT_8 0x80 // of 16 bytes received, or after a pause on the line
#define IER_RECEIVED 0x01 // interrupt by data, or by a pause with data in the FIFO
#define IER_HOLDING_EMPTY 0x02 // interrupt when another byte can be sent, or can already
#define MCR_INTERRUPT 0x08 // OUT2: on a PC's board it connects the interrupt line
#define MCR_DTR 0x01
#define LSR_RECEIVED 0x01
#define LSR_OVERRUN 0x02 // a byte was lost: the FIFO was full
#define LSR_BAD 0x1c // parity or framing error, break: the byte is not one

static bool receiving;

// Bytes on their way out, as far as the transmitter's FIFO has no room for them.
#define TRANSMIT_FIFO_SIZE 16 // bytes that it takes when it is empty
#define TRANSMIT_PATIENCE_NS (2 * CLOCK_NS_PER_SECOND) // several times what a full queue takes
static char sent_bytes[4096];
static struct ring sending = RING(sent_bytes);
static struct wait_queue writers = {.name = "serial line"};
static bool exists; // the UART

// Bytes on their way from the FIFO to the input queue.
static char received_bytes[256];
static struct ring received = RING(received_bytes);

// Reading the status clears its error bits, so they are kept here for the byte that they are about.
static uint8_t errors;

static uint8_t read_status(void)
{
    uint8_t status = in8(COM1_LINE_STATUS);

    errors |= status & (LSR_OVERRUN | LSR_BAD);
    return status;
}

// Fills the transmitter's FIFO. On the emulated line it is empty again at once.
static void transmit(void)
{
    while (sending.count > 0 && read_status() & LSR_HOLDING_EMPTY) {
        for (unsigned i = 0; i < TRANSMIT_FIFO_SIZE && sending.count > 0; i++) {
            out8(COM1_DATA, (uint8_t)ring_get(&sending));
        }
    }
}

// Asks the other side to wait, or to go on.
static void set_ready(bool ready)
{
    out8(COM1_MODEM_CONTROL, (ready ? MCR_DTR_AND_RTS : MCR_DTR) | MCR_INTERRUPT);
}

// Empties the FIFO as far as there is room for its bytes here.
static void empty_fifo(void)
{
    while (ring_room(&received) > 0 && read_status() & LSR_RECEIVED) {
        char byte = (char)in8(COM1_DATA);

        if (errors & LSR_OVERRUN) {
            input_count_overflow();
        }
        if (!(errors & LSR_BAD)) {
            ring_put(&received, byte);
        }
        errors = 0;
    }
}

// The same while a text goes out. The console is locked, so nobody may be woken up now: the
// interrupt that comes as soon as interrupts are on again hands the bytes over.
static void receive_meanwhile(void)
{
    empty_fifo();
    if (received.count > 0) {
        out8(COM1_INTERRUPT_ENABLE, IER_RECEIVED | IER_HOLDING_EMPTY);
    }
    if (ring_room(&received) <= INPUT_ROOM_LOW) {
        set_ready(false);
    }
}

// Hands over all that has come, as far as the queue has room. In the end the FIFO has been empty,
// or the interrupts are off: while one holds the line, the controller sees no other begin.
static void receive(void)
{
    out8(COM1_INTERRUPT_ENABLE, IER_RECEIVED);
    do {
        empty_fifo();
        while (received.count > 0 && input_room() > 0) {
            char byte = ring_get(&received);

            input_put(&byte, 1);
        }
    } while (received.count == 0 && read_status() & LSR_RECEIVED);
    // A sender that is asked to wait sends on for a while, so it is asked early. With no room at
    // all, what comes stays in the FIFO until input_read has made some, and calls this again.
    set_ready(input_room() > INPUT_ROOM_LOW);
    if (received.count > 0) {
        out8(COM1_INTERRUPT_ENABLE, 0);
    }
    transmit();
    if (sending.count > 0) {
        uint8_t enable = received.count > 0 ? 0 : IER_RECEIVED;
        out8(COM1_INTERRUPT_ENABLE, enable | IER_HOLDING_EMPTY);
    }
    if (sending.count <= sending.size / 2) {
        wait_wake_all(&writers);
    }
}

// About a second: a port read takes a microsecond, a byte on the line 87 of them.
#define POLLS_MAX 1000000

// Waits until the transmitter takes a byte. Once it has failed to for a second, it is asked only
// once for each byte until it comes back.
static bool wait_ready(void)
{
    static unsigned polls = POLLS_MAX;

    for (unsigned i = 0; i < polls; i++) {
        uint8_t status = read_status();

        if (status & LSR_HOLDING_EMPTY) {
            polls = POLLS_MAX;
            return true;
        }
    }
    polls = 1;
    return false;
}

// Sends the oldest byte of those that wait.
static void send_byte(void)
{
    char byte = ring_get(&sending);

    if (wait_ready()) {
        out8(COM1_DATA, (uint8_t)byte);
    }
}

static void write_byte(char byte)
{
    while (ring_room(&sending) == 0) {
        send_byte();
        transmit();
        if (receiving && !console_in_panic()) {
            receive_meanwhile();
        }
    }
    ring_put(&sending, byte);
}

// Starts what write_byte has put into the queue on its way. Where no interrupt will come for the
// rest it goes out here.
static void finish_write(void)
{
    transmit();
    if (!receiving || console_in_panic()) {
        serial_flush();
        return;
    }
    receive_meanwhile();
    if (sending.count > 0) {
        out8(COM1_INTERRUPT_ENABLE, in8(COM1_INTERRUPT_ENABLE) | IER_HOLDING_EMPTY);
    }
}

void serial_flush(void)
{
    bool interrupts = cpu_save_interrupts();

    while (sending.count > 0) {
        send_byte();
    }
    cpu_restore_interrupts(interrupts);
}

void serial_write_raw(const char *text, size_t length)
{
    bool interrupts = cpu_save_interrupts();

    if (exists) {
        for (size_t i = 0; i < length; i++) {
            write_byte(text[i]);
        }
        finish_write();
    }
    cpu_restore_interrupts(interrupts);
}

int serial_wait(size_t unsent)
{
    uint64_t deadline = clock_now_ns() + TRANSMIT_PATIENCE_NS;
    int result = wait_until_interrupted_or(&writers, sending.count <= unsent, deadline);

    return result == -EINTR ? result : 0;
}

size_t serial_unsent(void)
{
    return sending.count;
}

void serial_write(const char *text, size_t length)
{
    bool interrupts = cpu_save_interrupts();

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            write_byte('\r');
        }
        write_byte(text[i]);
    }
    finish_write();
    cpu_restore_interrupts(interrupts);
}

static bool present(void)
{
    // Where there is no UART, nothing keeps what is written, and reads give all ones.
    out8(COM1_SCRATCH, 0x5a);
    bool kept = in8(COM1_SCRATCH) == 0x5a;

    out8(COM1_SCRATCH, 0xa5);
    return kept && in8(COM1_SCRATCH) == 0xa5;
}

void serial_init(void)
{
    static struct console_sink sink = {.write = serial_write};

    if (!present()) {
        return;
    }
    exists = true;
    out8(COM1_INTERRUPT_ENABLE, 0);
    out8(COM1_LINE_CONTROL, LCR_DIVISOR_ACCESS);
    out8(COM1_DIVISOR_LOW, DIVISOR_115200_BAUD);
    out8(COM1_DIVISOR_HIGH, 0);
    out8(COM1_LINE_CONTROL, LCR_8_BITS_NO_PARITY_1_STOP);
    out8(COM1_FIFO_CONTROL, FIFO_ENABLE_AND_CLEAR | FIFO_INTERRUPT_AT_8);
    out8(COM1_MODEM_CONTROL, MCR_DTR_AND_RTS);
    console_register(&sink);
}

void serial_receive_init(void)
{
    if (!present()) {
        return;
    }
    input_on_room(receive);
    irq_register(IRQ_SERIAL, receive);
    receive(); // what has come already, and the interrupt on
    receiving = true;
}
