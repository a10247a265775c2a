#include "kernel/cpu/fpu.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/cpuid.h"
#include "kernel/panic.h"
#include "lib/string.h"

// Where things are in the state, and what they are after a reset (Intel SDM vol. 1, 10.5.1, 8.1.5
// and 10.2.3): all exceptions masked, extended precision.
#define OFFSET_FCW 0
#define OFFSET_MXCSR 24
#define OFFSET_MXCSR_MASK 28
#define FCW_RESET 0x037f
#define MXCSR_RESET 0x1f80
#define MXCSR_MASK_DEFAULT 0xffbf // where FXSAVE gives no mask: without denormals-are-zeroes

static uint32_t mxcsr_mask; // the bits that there are

void fpu_init(void)
{
    struct fpu_state state = {0};

    if (!cpuid_has(CPU_FEATURE_FXSR) || !cpuid_has(CPU_FEATURE_SSE2)) {
        panic("fpu: this processor has no FXSAVE or no SSE2");
    }
    // x87 errors are exceptions (NE) and not interrupts, nothing is emulated (EM), and nothing
    // waits for another task to be saved (TS).
    cpu_write_cr0((cpu_read_cr0() & ~(uint64_t)(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
    cpu_write_cr4((cpu_read_cr4() & ~(uint64_t)CR4_OSXSAVE) | CR4_OSFXSR | CR4_OSXMMEXCPT);
    fpu_save(&state);
    memcpy(&mxcsr_mask, &state.bytes[OFFSET_MXCSR_MASK], sizeof(mxcsr_mask));
    if (mxcsr_mask == 0) {
        mxcsr_mask = MXCSR_MASK_DEFAULT;
    }
}

void fpu_reset(struct fpu_state *state)
{
    static const uint16_t fcw = FCW_RESET;
    static const uint32_t mxcsr = MXCSR_RESET;

    memset(state, 0, sizeof(*state));
    memcpy(&state->bytes[OFFSET_FCW], &fcw, sizeof(fcw));
    memcpy(&state->bytes[OFFSET_MXCSR], &mxcsr, sizeof(mxcsr));
}

void fpu_save(struct fpu_state *state)
{
    __asm__ volatile("fxsave64 %0" : "=m"(*state));
}

void fpu_load(const struct fpu_state *state)
{
    __asm__ volatile("fxrstor64 %0" : : "m"(*state));
}

void fpu_sanitize(struct fpu_state *state)
{
    uint32_t mxcsr;

    memcpy(&mxcsr, &state->bytes[OFFSET_MXCSR], sizeof(mxcsr));
    mxcsr &= mxcsr_mask;
    memcpy(&state->bytes[OFFSET_MXCSR], &mxcsr, sizeof(mxcsr));
}
