// The terminal's line discipline: from keys to lines (or bytes, as they are), from what programs
// write to what the terminal shows; as termios says.
#ifndef RUNG_KERNEL_TTY_LINE_H
#define RUNG_KERNEL_TTY_LINE_H

#include "kernel/fs/io.h"
#include "lib/abi/termios.h"

// Takes the input over from kernel/dev/input, and what is in its queue. What keys ask for is sent
// by `signal`: SIGINT, SIGQUIT (from ch10 on: SIGTSTP), interrupts off. Any context.
void tty_line_open(void (*signal)(int signal));

// Gives the input back, and throws away what nobody has read. Any context.
void tty_line_close(void);

// Reads a line, of which what the io has no room for comes next time, or as VMIN and VTIME say:
// bytes, 0 at the end of the file; -EINTR, -EAGAIN (io->nonblocking), -EFAULT, -EIO when the
// terminal was taken away meanwhile. Sleeps.
int64_t tty_line_read(struct io *io);

// Writes: bytes, fewer when a signal comes; -EINTR, -EAGAIN (while stopped by Ctrl-S), -EFAULT.
// Sleeps.
int64_t tty_line_write(struct io *io);

// The settings as they are. Any context.
void tty_line_settings(struct termios *current);

// Changes them, and before that throws unread input away if flush says so. Any context.
void tty_line_set(const struct termios *wanted, bool flush);

// How many bytes a read gets at once. Any context.
size_t tty_line_readable(void);

// Throws away what has not been read. Interrupts off.
void tty_line_flush(void);

// Ends the reads that wait: the terminal belongs to somebody else now. Interrupts off.
void tty_line_hang_up(void);

#endif
