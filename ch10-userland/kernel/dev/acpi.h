// What the firmware's ACPI tables say about turning the machine off and on again. Nothing in them
// is believed beyond its checksum and bounds; of AML, ACPI's byte code, one package is looked for.
#ifndef RUNG_KERNEL_DEV_ACPI_H
#define RUNG_KERNEL_DEV_ACPI_H

#include "lib/types.h"

// 0 or false stands for what there is not.
struct acpi_info {
    bool can_sleep; // the two below are known
    uint16_t control_port[2]; // PM1a_CNT and PM1b_CNT
    uint8_t sleep_type[2]; // what to write to them for state S5, "soft off"
    uint16_t enable_port; // SMI_CMD: takes enable_value to hand those registers over to us
    uint8_t enable_value;
    uint16_t reset_port; // takes reset_value
    uint8_t reset_value;
    uint8_t century_register; // in the clock's CMOS memory
};

// Reads the tables, and says in a line what came of it. Called once by kmain, after kmalloc_init.
void acpi_init(void);

// What they said. Any context.
const struct acpi_info *acpi_info(void);

#endif
