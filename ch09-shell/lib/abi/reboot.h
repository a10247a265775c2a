// What reboot does: the values of Linux.
#ifndef RUNG_LIB_ABI_REBOOT_H
#define RUNG_LIB_ABI_REBOOT_H

#define RB_AUTOBOOT 0x01234567
#define RB_POWER_OFF 0x4321fedc

#endif
