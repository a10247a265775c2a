// The bits of an entry of the page tables (Intel SDM vol. 3A, tables 4-15 to 4-20).
#ifndef RUNG_KERNEL_MM_PAGE_ENTRY_H
#define RUNG_KERNEL_MM_PAGE_ENTRY_H

#define PTE_P (1ull << 0) // present
#define PTE_RW (1ull << 1) // writable
#define PTE_US (1ull << 2) // user mode may use it
#define PTE_PWT (1ull << 3) // with PCD: uncached, in the PAT as it is after reset (11.12.4)
#define PTE_PCD (1ull << 4)
#define PTE_A (1ull << 5) // accessed, set by the processor
#define PTE_D (1ull << 6) // dirty, set by the processor
#define PTE_PS (1ull << 7) // in a PD entry: a large page
#define PTE_G (1ull << 8) // global
#define PTE_ADDRESS 0x000ffffffffff000ull
#define PTE_XD (1ull << 63) // execute disable

#define ENTRY_COUNT 512

#endif
