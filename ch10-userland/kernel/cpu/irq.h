// Hardware interrupts 0 to 15, above whatever controller delivers them.
#ifndef RUNG_KERNEL_CPU_IRQ_H
#define RUNG_KERNEL_CPU_IRQ_H

#include "lib/types.h"

#define IRQ_TIMER 0
#define IRQ_KEYBOARD 1
#define IRQ_SERIAL 4

// Initialises the interrupt controllers with all lines masked. Called once by kmain, interrupts
// off.
void irq_init(void);

// Registers the one handler of a line and unmasks it. The handler runs with interrupts off and
// must not sleep; end of interrupt is sent after it. ASSERTs that the line is free. Any context.
void irq_register(unsigned irq, void (*handler)(void));

// Whether the caller runs on behalf of a hardware interrupt. Any context.
bool irq_in_handler(void);

// Asks for a call at the end of each hardware interrupt, interrupts off, when its handler is
// through and the controller knows: what was interrupted goes on when the callback returns, which
// may be much later. One callback (ASSERTed).
void irq_on_end(void (*callback)(void));

// Spurious interrupts (lines 7 and 15) since boot. Any context.
unsigned irq_spurious(void);

#endif
