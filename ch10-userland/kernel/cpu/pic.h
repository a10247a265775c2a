// The pair of 8259A interrupt controllers, with their lines moved to vectors 32 to 47 (Intel 8259A
// data sheet).
#ifndef RUNG_KERNEL_CPU_PIC_H
#define RUNG_KERNEL_CPU_PIC_H

#include "lib/types.h"

#define PIC_FIRST_VECTOR 32
#define PIC_LINES 16

// Initialises both controllers, all lines masked. Called by irq_init.
void pic_init(void);

// Lets a line (0 to 15) through, and with one of the second controller's the line that joins the
// two. Interrupts off.
void pic_unmask(unsigned irq);

// Whether an interrupt of line 7 or 15 is real: its in-service bit is set. For a spurious 15 the
// master is acknowledged here, since for it the interrupt was real. Called in the handler, before
// pic_acknowledge; a spurious interrupt is not acknowledged.
bool pic_in_service(unsigned irq);

// End of interrupt, for the controllers that delivered the line.
void pic_acknowledge(unsigned irq);

#endif
