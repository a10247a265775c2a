#include "kernel/tty_output.h"

#include "kernel/cpu/cpu.h"
#include "kernel/dev/ansi.h"
#include "kernel/dev/serial.h"
#include "kernel/fs/poll.h"
#include "kernel/proc/signal.h"
#include "kernel/sync/wait.h"
#include "lib/abi/termios.h"
#include "lib/errno.h"

#define SERIAL_UNSENT_MAX 2048 // bytes: a program that has written more waits

static unsigned column;
static bool stopped;
static struct wait_queue writers = {.name = "Ctrl-Q"};

void tty_output_flush(struct tty_output *output)
{
    ansi_write(output->bytes, output->length);
    output->length = 0;
}

void tty_output_raw(struct tty_output *output, char byte)
{
    if (output->length == sizeof(output->bytes)) {
        tty_output_flush(output);
    }
    output->bytes[output->length++] = byte;
}

static void put_newline(struct tty_output *output, uint32_t flags)
{
    if (flags & ONLCR) {
        tty_output_raw(output, '\r');
    }
    if (flags & (ONLCR | ONLRET)) {
        column = 0;
    }
    tty_output_raw(output, '\n');
}

void tty_output_put(struct tty_output *output, char byte, uint32_t flags)
{
    if (!(flags & OPOST)) {
        tty_output_raw(output, byte);
        return;
    }
    if (byte == '\n' || (byte == '\r' && flags & OCRNL)) {
        put_newline(output, flags);
        return;
    }
    if (byte == '\r' && flags & ONOCR && column == 0) {
        return;
    }
    if (byte == '\r') {
        column = 0;
    } else if (byte == '\t') {
        column += TTY_TAB_WIDTH - column % TTY_TAB_WIDTH;
    } else if (byte == '\b') {
        column -= column > 0;
    } else if (byte < 0 || byte >= ' ') {
        column++;
    }
    tty_output_raw(output, byte);
}

unsigned tty_output_column(void)
{
    return column;
}

static int wait_for_room(const struct io *io)
{
    if (io->nonblocking && stopped) {
        return -EAGAIN;
    }
    int error = wait_until_interrupted(&writers, !stopped);
    return error == 0 && serial_unsent() > SERIAL_UNSENT_MAX ? serial_wait(SERIAL_UNSENT_MAX)
                                                             : error;
}

int64_t tty_output_write(struct io *io, uint32_t flags)
{
    int64_t written = 0;
    while (io->left > 0) {
        char bytes[256];
        struct tty_output output;
        int error = written > 0 && signal_due() != 0 ? -EINTR : wait_for_room(io);
        if (error != 0) {
            return written > 0 ? written : error;
        }
        size_t size = io->left < sizeof(bytes) ? io->left : sizeof(bytes);
        size_t copied = io_copy_in(io, bytes, size);
        output.length = 0;
        bool interrupts = cpu_save_interrupts();
        for (size_t i = 0; i < copied; i++) {
            tty_output_put(&output, bytes[i], flags);
        }
        tty_output_flush(&output);
        cpu_restore_interrupts(interrupts);
        written += (int64_t)copied;
        if (copied < size) {
            return written > 0 ? written : -EFAULT;
        }
    }
    return written;
}

void tty_output_stop(void)
{
    stopped = true;
}

void tty_output_start(void)
{
    stopped = false;
    wait_wake_all(&writers);
    poll_wake();
}

bool tty_output_stopped(void)
{
    return stopped;
}
