// What this processor is and can do (CPUID: Intel SDM vol. 2A, AMD APM vol. 3 appendix E).
#ifndef RUNG_KERNEL_CPU_CPUID_H
#define RUNG_KERNEL_CPU_CPUID_H

#include "lib/types.h"

enum cpu_feature {
    CPU_FEATURE_FPU, CPU_FEATURE_TSC, CPU_FEATURE_PAE, CPU_FEATURE_PGE, CPU_FEATURE_FXSR,
    CPU_FEATURE_MCE,
    CPU_FEATURE_SSE, CPU_FEATURE_SSE2, CPU_FEATURE_NX, CPU_FEATURE_LM, CPU_FEATURE_PDPE1GB,
    CPU_FEATURE_SMEP, CPU_FEATURE_SMAP, CPU_FEATURE_INVARIANT_TSC, CPU_FEATURE_HYPERVISOR,
    CPU_FEATURE_UMIP,
    CPU_FEATURE_COUNT,
};

// Reads vendor, model, features and address widths once. Called by kmain before any other
// function of this file.
void cpuid_init(void);

// Whether this processor has the feature. Any context.
bool cpuid_has(enum cpu_feature feature);

// The widest physical address that this processor takes, in bits (MAXPHYADDR).
unsigned cpuid_physical_bits(void);

// The model's name as the processor gives it, or "".
const char *cpuid_name(void);

// Prints vendor, model and features in a few lines.
void cpuid_print(void);

#endif
