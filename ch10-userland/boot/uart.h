// The registers of COM1's UART, a 16550 (National Semiconductor PC16550D data sheet, section 8).
#ifndef RUNG_BOOT_UART_H
#define RUNG_BOOT_UART_H

#define COM1_DATA 0x3f8
#define COM1_INTERRUPT_ENABLE 0x3f9
#define COM1_FIFO_CONTROL 0x3fa
#define COM1_LINE_CONTROL 0x3fb
#define COM1_MODEM_CONTROL 0x3fc
#define COM1_LINE_STATUS 0x3fd

// With LCR_DIVISOR_ACCESS set, the first two registers hold the divisor of the baud rate instead.
#define COM1_DIVISOR_LOW 0x3f8
#define COM1_DIVISOR_HIGH 0x3f9
#define DIVISOR_115200_BAUD 1

#define FIFO_ENABLE_AND_CLEAR 0x07
#define LCR_8_BITS_NO_PARITY_1_STOP 0x03
#define LCR_DIVISOR_ACCESS 0x80
#define MCR_DTR_AND_RTS 0x03
#define LSR_HOLDING_EMPTY 0x20 // takes a byte, and may still be sending the one before

// A byte takes 87 microseconds at this rate and a port read about one. So a port that is still
// busy after this many reads is broken, and mustn't stop the boot.
#define UART_POLLS 0xffff

#endif
