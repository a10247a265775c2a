// Port input and output. Any context.
#ifndef RUNG_KERNEL_CPU_IO_H
#define RUNG_KERNEL_CPU_IO_H

#include "lib/types.h"

// Writes a byte to a port.
static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

// Reads a byte from a port.
static inline uint8_t in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

#endif
