// Uses a file system that may be corrupt, in every way there is, within bounds.
#ifndef RUNG_TESTS_FS_EXT2_EXERCISE_H
#define RUNG_TESTS_FS_EXT2_EXERCISE_H

#include "lib/types.h"

// Where it may go wrong, errors are what is expected; what is not comes to light by the sanitizers,
// by kernel panics, and by what this aborts for: memory or locks that are not given back. It takes
// `size` bytes of memory as a disk, and changes them. False when it could not even be mounted.
bool exercise(void *image, size_t size, uint64_t seed);

// The next number of a sequence, from 0 to limit - 1.
uint64_t exercise_random(uint64_t *state, uint64_t limit);

#endif
