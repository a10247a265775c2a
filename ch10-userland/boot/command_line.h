// The command line for the kernel, such as "name=value name": stored in the last sector of the boot
// area, where a tool may write it into a finished image.
#ifndef RUNG_BOOT_COMMAND_LINE_H
#define RUNG_BOOT_COMMAND_LINE_H

#include <stdint.h>

#define COMMAND_LINE_SIZE 128 // with the terminating zero

// The command line, once it was read.
extern char command_line[COMMAND_LINE_SIZE];

// Reads and prints the command line. If the sector isn't marked as the end of the boot area, the
// image on the disk is not whole: one line, and a halt.
void command_line_read(uint32_t drive);

#endif
