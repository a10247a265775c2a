// The registers of x87 and SSE: a program's, since the kernel uses none.
#ifndef RUNG_KERNEL_CPU_FPU_H
#define RUNG_KERNEL_CPU_FPU_H

#include "lib/types.h"

// What FXSAVE writes (Intel SDM vol. 1, 10.5.1).
struct fpu_state {
    uint8_t bytes[512];
} __attribute__((aligned(16)));

// Sets CR0 and CR4 up for x87 and SSE (Intel SDM vol. 3A, 9.6), without XSAVE: so that no program
// chooses AVX, whose registers FXSAVE does not keep. Called once by kmain.
void fpu_init(void);

// The state that a program begins with.
void fpu_reset(struct fpu_state *state);

// Save, load the processor's registers. Any context.
void fpu_save(struct fpu_state *state);
void fpu_load(const struct fpu_state *state);

// Makes a state one that can be loaded, whatever a program put there: reserved bits of MXCSR are 0.
void fpu_sanitize(struct fpu_state *state);

#endif
