// Random bytes.
#ifndef RUNG_KERNEL_DEV_RANDOM_H
#define RUNG_KERNEL_DEV_RANDOM_H

#include "lib/types.h"

// Fills memory with random bytes: from the processor's own source where it has one (RDRAND), else
// only from the times at which they are asked for, which are no secret from who knows the machine
// well. Any context.
void random_bytes(void *to, size_t size);

#endif
