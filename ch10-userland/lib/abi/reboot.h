// What reboot does: the values of Linux.
#ifndef RUNG_LIB_ABI_REBOOT_H
#define RUNG_LIB_ABI_REBOOT_H

#define RB_AUTOBOOT 0x01234567
#define RB_POWER_OFF 0x4321fedc
#define RB_HALT_SYSTEM 0xcdef0123

// The system call's first two arguments: nobody calls it by mistake.
#define REBOOT_MAGIC1 0xfee1dead
#define REBOOT_MAGIC2 672274793

#endif
