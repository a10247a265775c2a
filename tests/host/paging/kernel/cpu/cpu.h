// Stands in front of the chapter's kernel/cpu/cpu.h when kernel/mm/paging.c is built for the host: the
// instructions that it uses, carried out by the processor that tests/host/paging.c plays.
#ifndef RUNG_KERNEL_CPU_CPU_H
#define RUNG_KERNEL_CPU_CPU_H

#include "lib/types.h"

#define CR4_PGE (1u << 7)

uint64_t cpu_read_cr3(void);
void cpu_write_cr3(uint64_t value);
uint64_t cpu_read_cr4(void);
void cpu_write_cr4(uint64_t value);
void cpu_invalidate_page(virt_t address);

#endif
