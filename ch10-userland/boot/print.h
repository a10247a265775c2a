// The loader's only output: characters that appear on the screen, through the BIOS, and on the
// first serial port, COM1, through its registers. "\n" ends a line on both.
#ifndef RUNG_BOOT_PRINT_H
#define RUNG_BOOT_PRINT_H

#include <stdint.h>

// Sets COM1 to 115200 baud, 8 data bits, no parity, 1 stop bit. Called once, before any other.
void print_init(void);

// Prints a zero-terminated string.
void print(const char *text);

// Prints a number in base 2 to 36.
void print_number(uint32_t value, unsigned base);

// Prints the lowest `digits` hexadecimal digits of value, zeros in front included.
void print_hex(uint64_t value, unsigned digits);

#endif
