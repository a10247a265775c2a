// The PS/2 keyboard behind an 8042 controller, in scan code set 1 (which the controller makes of
// the keyboard's set 2), with US layout.
#ifndef RUNG_KERNEL_DEV_KEYBOARD_H
#define RUNG_KERNEL_DEV_KEYBOARD_H

// Initialises controller and keyboard, and lets keys go to input_put by interrupt (IRQ 1): a
// character (Enter is CR, Backspace DEL, as terminals send them), a control code, or an escape
// sequence as a VT100 and xterm after it send it for arrows, Home, End, Insert, Delete, Page Up and
// Down, F1 to F12. Alt puts ESC in front of a character or control code. A key for which the queue
// has no room is dropped whole. A mouse is switched off, and what it has sent thrown away. Without
// a controller or keyboard says so on one line and returns. Sleeps (a keyboard takes half a second
// for its self-test); needs tsc_finish and interrupts on.
void keyboard_init(void);

// Has the controller reset the machine, as the IBM PC/AT's does. Comes back where it doesn't.
// Sleeps.
void keyboard_reset_machine(void);

#endif
