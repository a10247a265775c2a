// The two ports of the chip with the clock and the CMOS memory (IBM PC/AT Technical Reference,
// "Real-Time Clock/CMOS RAM"): the index of a register, and then its value. A write of the index
// must be followed by an access to the value.
#ifndef RUNG_BOOT_CMOS_H
#define RUNG_BOOT_CMOS_H

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71

// In the index: the board's gate for NMIs, which has nothing to do with the clock.
#define CMOS_NMI_OFF 0x80

#endif
