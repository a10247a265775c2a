// The end: power-off and reboot.
#ifndef RUNG_KERNEL_DEV_POWER_H
#define RUNG_KERNEL_DEV_POWER_H

#include "lib/types.h"

// Registers what has to be done before the machine goes off: returns 0 or a negative error. One
// callback (ASSERTed).
void power_on_shutdown(int (*callback)(void));

// Calls the callback and says what failed, then turns the machine off (ACPI's state S5), or where
// that is not possible says that it may be turned off, and halts. Interrupts on; sleeps.
_Noreturn void power_off(void);

// The same, but resets the machine: as ACPI says, by the keyboard's controller, by the chipset, by
// a triple fault, until one of them does it.
_Noreturn void power_reboot(void);

#endif
