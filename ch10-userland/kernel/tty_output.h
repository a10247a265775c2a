// What goes to the terminal: the processing that OPOST stands for, and stopping by Ctrl-S.
#ifndef RUNG_KERNEL_TTY_OUTPUT_H
#define RUNG_KERNEL_TTY_OUTPUT_H

#include "kernel/fs/io.h"

#define TTY_TAB_WIDTH 8

// Bytes on their way to the screen and the serial line.
struct tty_output {
    char bytes[128];
    size_t length;
};

// Adds a byte, processed as flags (termios' c_oflag) say, or as it is. Interrupts off, as for all
// that use a struct tty_output.
void tty_output_put(struct tty_output *output, char byte, uint32_t flags);
void tty_output_raw(struct tty_output *output, char byte);

// Lets out what was added.
void tty_output_flush(struct tty_output *output);

// The cursor's column, as far as plain text tells.
unsigned tty_output_column(void);

// Writes what a program wants written: bytes, fewer when a signal comes; -EINTR, -EAGAIN (while
// stopped, io->nonblocking), -EFAULT. Sleeps.
int64_t tty_output_write(struct io *io, uint32_t flags);

// Stops what programs write, as Ctrl-S does; starts it, as Ctrl-Q. Any context.
void tty_output_stop(void);
void tty_output_start(void);
bool tty_output_stopped(void);

#endif
