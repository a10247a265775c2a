// The C side of start.asm.
#ifndef RUNG_BOOT_START_H
#define RUNG_BOOT_START_H

// Stops for good, with interrupts on: the BIOS still answers to Ctrl-Alt-Del.
_Noreturn void halt(void);

#endif
