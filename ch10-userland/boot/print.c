#include "boot/print.h"

#include "boot/io.h"
#include "boot/uart.h"

void print_init(void)
{
    out8(COM1_INTERRUPT_ENABLE, 0); // the BIOS may have left some on, and nobody would answer
    out8(COM1_LINE_CONTROL, LCR_DIVISOR_ACCESS);
    out8(COM1_DIVISOR_LOW, DIVISOR_115200_BAUD);
    out8(COM1_DIVISOR_HIGH, 0);
    out8(COM1_LINE_CONTROL, LCR_8_BITS_NO_PARITY_1_STOP);
    out8(COM1_FIFO_CONTROL, FIFO_ENABLE_AND_CLEAR);
    out8(COM1_MODEM_CONTROL, MCR_DTR_AND_RTS);
}

static void put_serial(char character)
{
    for (uint16_t polls = UART_POLLS; polls > 0; polls--) {
        if (in8(COM1_LINE_STATUS) & LSR_HOLDING_EMPTY) {
            break;
        }
    }
    out8(COM1_DATA, (uint8_t)character);
}

// Calls the BIOS's teletype: int 10h, AH = 0Eh, AL = character, BH = page, BL = colour in graphics
// modes. Some BIOSes lose BP when the screen scrolls, and none promises to keep what C counts on:
// DS, ES, the upper half of ESP, a clear direction flag.
static void put_screen(char character)
{
    __asm__ volatile("pushw %%ds\n"
                     "pushw %%es\n"
                     "pushal\n"
                     "movb $0x0e, %%ah\n"
                     "movw $0x0007, %%bx\n"
                     "int $0x10\n"
                     "popal\n"
                     "popw %%es\n"
                     "popw %%ds\n"
                     "movzwl %%sp, %%esp\n"
                     "cld"
                     :
                     : "a"(character)
                     : "memory", "cc");
}

static void put(char character)
{
    if (character == '\n') {
        put('\r'); // to the first column: "\n" alone only goes down
    }
    put_serial(character);
    put_screen(character);
}

void print(const char *text)
{
    while (*text != '\0') {
        put(*text++);
    }
}

void print_number(uint32_t value, unsigned base)
{
    char digit = (char)('0' + value % base);

    if (value >= base) {
        print_number(value / base, base);
    }
    if (digit > '9') {
        digit += 'a' - ('9' + 1); // after 9 comes a
    }
    put(digit);
}

void print_hex(uint64_t value, unsigned digits)
{
    if (digits > 1) {
        print_hex(value >> 4, digits - 1);
    }
    print_number((uint32_t)value & 0xf, 16);
}
