// The 16550 UART at COM1: 115200 baud, 8 data bits, no parity, 1 stop bit.
#ifndef RUNG_KERNEL_DEV_SERIAL_H
#define RUNG_KERNEL_DEV_SERIAL_H

#include "lib/types.h"

// Initialises divisor, line control, FIFO and modem lines, and registers the console sink. Without
// a UART (the scratch register does not hold a value) nothing is registered. Called once by kmain.
void serial_init(void);

// Writes, a CR before each LF. What the transmitter does not take at once waits in a queue and goes
// out by interrupt; in a panic, before serial_receive_init, and as far as the queue has no room, it
// goes out polled. Any context. A UART that stays busy loses the byte after a bounded number of
// polls rather than hanging the kernel.
void serial_write(const char *text, size_t length);

// The same without the CR.
void serial_write_raw(const char *text, size_t length);

// Waits until at most so many bytes are in the queue, but not for long if the line stands still:
// 0, -EINTR. Sleeps.
int serial_wait(size_t unsent);

// How many bytes are in the queue.
size_t serial_unsent(void);

// Sends all that is in the queue, polled: interrupts will not come any more. Any context.
void serial_flush(void);

// Lets received bytes go to input_put by interrupt (IRQ 4). While the input queue has room for at
// most INPUT_ROOM_LOW bytes, RTS is dropped, and while it is full bytes wait in the FIFO: nothing
// is lost on a line with flow control. What is lost counts as an overflow of the queue. Called once
// by kmain, after irq_init.
void serial_receive_init(void);

#endif
