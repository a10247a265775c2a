// The integer types of the kernel, and the two kinds of address that must never be confused.
#ifndef RUNG_LIB_TYPES_H
#define RUNG_LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A physical address: what goes into page tables, CR3 and device registers. 64 bits wide in every
// mode, since a 32-bit kernel too can be told of memory above 4 GiB.
typedef uint64_t phys_t;

// A virtual address as a number. A pointer is used where something is to be dereferenced.
typedef uintptr_t virt_t;

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
