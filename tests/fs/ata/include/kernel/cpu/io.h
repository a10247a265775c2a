// Stands in front of the chapter's kernel/cpu/io.h: the ports are those of model.c.
#ifndef RUNG_KERNEL_CPU_IO_H
#define RUNG_KERNEL_CPU_IO_H

#include "lib/types.h"

uint8_t in8(uint16_t port);
uint32_t in32(uint16_t port);
void out8(uint16_t port, uint8_t value);
void out32(uint16_t port, uint32_t value);
void in16_string(uint16_t port, void *words, size_t count);
void out16_string(uint16_t port, const void *words, size_t count);

#endif
