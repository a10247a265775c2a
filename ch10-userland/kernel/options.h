// The kernel's command line, "name=value name ...", from the boot loader.
#ifndef RUNG_KERNEL_OPTIONS_H
#define RUNG_KERNEL_OPTIONS_H

#include "lib/types.h"

// Keeps a copy of the command line. Called once by kmain.
void options_init(const char *command_line);

// Copies the value of option `name` into buffer (cut to size - 1, always terminated). Returns true
// when the option is there; a name without "=" has the value "". Of two equal names the last one
// counts. Any context.
bool options_get(const char *name, char *buffer, size_t size);

// Returns the option's value as a number (decimal, or hexadecimal after 0x), `otherwise` when it
// is not there or not a number, which is said on the console. Any context.
uint64_t options_number(const char *name, uint64_t otherwise);

#endif
