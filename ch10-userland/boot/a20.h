// Address line 20.
#ifndef RUNG_BOOT_A20_H
#define RUNG_BOOT_A20_H

// Sees to it that address bit 20 counts: on a PC it can be forced to 0, so that memory above 1 MiB
// looks like the memory below, as it did to the programs of 1981. If no way opens it: one line,
// and a halt.
void a20_open(void);

#endif
