#include "kernel/dev/serial.h"

#include "boot/uart.h"
#include "kernel/cpu/io.h"
#include "kernel/dev/console.h"

// Registers and bits that the boot loader has no need of (16550D data sheet, 8.0).
#define COM1_SCRATCH 0x3ff
#define FIFO_INTERRUPT_AT_8 0x80 // of 16 bytes received, or after a pause on the line

// About a second: a port read takes a microsecond, a byte on the line 87 of them.
#define POLLS_MAX 1000000

// Waits until the transmitter takes a byte. Once it has failed to for a second, it is asked only
// once for each byte until it comes back.
static bool wait_ready(void)
{
    static unsigned polls = POLLS_MAX;

    for (unsigned i = 0; i < polls; i++) {
        uint8_t status = in8(COM1_LINE_STATUS);

        if (status & LSR_HOLDING_EMPTY) {
            polls = POLLS_MAX;
            return true;
        }
    }
    polls = 1;
    return false;
}

static void write_byte(char byte)
{
    if (wait_ready()) {
        out8(COM1_DATA, (uint8_t)byte);
    }
}

void serial_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            write_byte('\r');
        }
        write_byte(text[i]);
    }
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
    out8(COM1_INTERRUPT_ENABLE, 0);
    out8(COM1_LINE_CONTROL, LCR_DIVISOR_ACCESS);
    out8(COM1_DIVISOR_LOW, DIVISOR_115200_BAUD);
    out8(COM1_DIVISOR_HIGH, 0);
    out8(COM1_LINE_CONTROL, LCR_8_BITS_NO_PARITY_1_STOP);
    out8(COM1_FIFO_CONTROL, FIFO_ENABLE_AND_CLEAR | FIFO_INTERRUPT_AT_8);
    out8(COM1_MODEM_CONTROL, MCR_DTR_AND_RTS);
    console_register(&sink);
}
