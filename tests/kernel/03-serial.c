// kernel/dev/serial.c: the state that it leaves the UART in (16550D data sheet, 8.0).
#include "boot/uart.h"
#include "kernel/cpu/io.h"
#include "tests/kernel/test.h"

#define FIFOS_ENABLED 0xc0 // in the interrupt identification register, read at FIFO control's port

TEST(serial_setup, "COM1 is set to 115200 baud, 8N1, FIFO on, DTR and RTS raised")
{
    CHECK_EQUAL(in8(COM1_LINE_CONTROL), LCR_8_BITS_NO_PARITY_1_STOP);
    CHECK_EQUAL(in8(COM1_MODEM_CONTROL) & MCR_DTR_AND_RTS, MCR_DTR_AND_RTS);
    CHECK_EQUAL(in8(COM1_FIFO_CONTROL) & FIFOS_ENABLED, FIFOS_ENABLED);
    out8(COM1_LINE_CONTROL, LCR_8_BITS_NO_PARITY_1_STOP | LCR_DIVISOR_ACCESS);
    CHECK_EQUAL(in8(COM1_DIVISOR_LOW), DIVISOR_115200_BAUD);
    CHECK_EQUAL(in8(COM1_DIVISOR_HIGH), 0);
    out8(COM1_LINE_CONTROL, LCR_8_BITS_NO_PARITY_1_STOP);
}
