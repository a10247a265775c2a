// Names of the kernel's functions, static ones included, in a table made when the kernel is linked
// (common.mk).
#ifndef RUNG_KERNEL_CPU_SYMBOLS_H
#define RUNG_KERNEL_CPU_SYMBOLS_H

#include "lib/types.h"

#define SYMBOL_TEXT_SIZE 64 // enough for symbols_describe; longer names are cut

// Finds the function that contains an address. Returns its name and sets *offset to the distance
// from its start; NULL when the address is outside the kernel's text. Any context.
const char *symbols_find(virt_t address, size_t *offset);

// Writes an address as "demo_divide+0x12" into text (cut to size - 1, always terminated), or as
// "?" when it is outside the kernel's text. Returns text. Any context.
const char *symbols_describe(virt_t address, char *text, size_t size);

#endif
