#include "kernel/tty.h"

#include "kernel/cpu/cpu.h"
#include "kernel/dev/serial.h"
#include "kernel/dev/vga.h"
#include "kernel/fs/devfs.h"
#include "kernel/proc/group.h"
#include "kernel/proc/process.h"
#include "kernel/tty_line.h"
#include "kernel/tty_output.h"
#include "lib/abi/fcntl.h"
#include "lib/abi/ioctl.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/string.h"

#define CONSOLE_NUMBER (5 << 8 | 1) // major << 8 | minor, as Linux has them
#define TTY_NUMBER (5 << 8 | 0)
#define SERIAL_NUMBER (4 << 8 | 64)

static struct winsize window = {.ws_row = VGA_ROWS, .ws_col = VGA_COLUMNS};
static unsigned opens; // files that are open
static int session, foreground; // whose terminal it is, and which of its groups has it; 0: none

// ---- Job control ----

static void signal_foreground(int signal)
{
    if (foreground > 0) {
        signal_send_group(foreground, signal);
    }
}

// Whether it is the terminal of the caller's session.
static bool is_own(void)
{
    return session != 0 && process_current()->session == session;
}

static bool leads_session(void)
{
    return process_current()->session == process_current()->thread.pid;
}

// Whoever had the terminal has it no more.
static void hang_up(int ended)
{
    bool interrupts = cpu_save_interrupts();
    if (ended == session) {
        signal_foreground(SIGHUP);
        signal_foreground(SIGCONT);
        session = foreground = 0;
        tty_line_hang_up();
    }
    cpu_restore_interrupts(interrupts);
}

// ioctl TIOCSCTTY: the caller's session gets the terminal, also from another one if it is forced.
// Others may want it, too: nobody comes between the look and the change.
static int take_terminal(bool force)
{
    int error = 0;
    bool interrupts = cpu_save_interrupts();
    if (!is_own() && (!leads_session() || (session != 0 && !force))) {
        error = -EPERM;
    } else if (!is_own()) {
        session = process_current()->session;
        foreground = process_current()->group;
        tty_line_hang_up();
    }
    cpu_restore_interrupts(interrupts);
    return error;
}

static int leave_terminal(void)
{
    if (!is_own()) {
        return -ENOTTY;
    }
    if (leads_session()) {
        hang_up(session);
    }
    return 0;
}

static int set_foreground(int group)
{
    bool interrupts = cpu_save_interrupts();
    int error = !is_own()                       ? -ENOTTY
                : group <= 0                    ? -EINVAL
                : !group_exists(group, session) ? -EPERM
                                                : 0;
    foreground = error == 0 ? group : foreground;
    cpu_restore_interrupts(interrupts);
    return error;
}

// What a program in the background may not do stops it (POSIX, 11.1.4): -EINTR, and it tries again
// when it is continued. 0: it may; -EIO where nobody would continue it.
static int check_foreground(int signal)
{
    struct process *self = process_current();
    if (!is_own()) { // whoever has it now reads it alone
        return signal == SIGTTIN && session != 0 ? -EIO : 0;
    }
    if (foreground == 0 || self->group == foreground) {
        return 0;
    }
    if ((self->signals.ignored | self->signals.blocked) & SIGNAL_BIT(signal)) {
        return signal == SIGTTIN ? -EIO : 0;
    }
    if (group_orphaned(self->group)) {
        return -EIO;
    }
    signal_send_group(self->group, signal);
    return -EINTR;
}

// ---- Files ----

static int tty_open(struct inode *inode, unsigned flags)
{
    uint32_t number = LIST_ENTRY(inode, struct device, inode)->number;
    if (number == TTY_NUMBER && !is_own()) {
        return -ENXIO;
    }
    if (number == SERIAL_NUMBER && !(flags & O_NOCTTY) && leads_session()) {
        take_terminal(false);
    }
    bool interrupts = cpu_save_interrupts(); // others open and close it at the same time
    if (opens++ == 0) {
        tty_line_open(signal_foreground);
    }
    cpu_restore_interrupts(interrupts);
    return 0;
}

static void tty_close(struct inode *inode, unsigned flags)
{
    (void)inode;
    (void)flags;
    bool interrupts = cpu_save_interrupts();
    if (--opens == 0) {
        tty_line_close();
    }
    cpu_restore_interrupts(interrupts);
}

static int64_t tty_read(struct inode *inode, struct io *io, uint64_t offset)
{
    (void)inode;
    (void)offset;
    int error = check_foreground(SIGTTIN);
    if (error != 0) {
        return error;
    }
    return tty_line_read(io);
}

static int64_t tty_write(struct inode *inode, struct io *io, uint64_t offset, uint64_t *append)
{
    (void)inode;
    (void)offset;
    (void)append;
    struct termios settings;
    tty_line_settings(&settings);
    int error = settings.c_lflag & TOSTOP ? check_foreground(SIGTTOU) : 0;
    if (error != 0) {
        return error;
    }
    return tty_line_write(io);
}

// ---- Control ----

static int give(struct io *argument, const void *value, size_t size)
{
    return io_copy_out(argument, value, size) == size ? 0 : -EFAULT;
}

static int give_number(struct io *argument, size_t number)
{
    int value = (int)number;
    return give(argument, &value, sizeof(value));
}

static int take(struct io *argument, void *value, size_t size)
{
    return io_copy_in(argument, value, size) == size ? 0 : -EFAULT;
}

static int set_settings(unsigned request, struct io *argument)
{
    struct termios wanted;
    int error = take(argument, &wanted, sizeof(wanted));
    if (error == 0 && request != TCSETS) {
        error = serial_wait(0);
    }
    if (error == 0) {
        tty_line_set(&wanted, request == TCSETSF);
    }
    return error;
}

static int set_window(struct io *argument)
{
    struct winsize wanted;
    int error = take(argument, &wanted, sizeof(wanted));
    if (error == 0 && memcmp(&wanted, &window, sizeof(window)) != 0) {
        window = wanted;
        signal_foreground(SIGWINCH);
    }
    return error;
}

static int flush(uint64_t which)
{
    if (which > TCIOFLUSH) {
        return -EINVAL;
    }
    if (which != TCOFLUSH) {
        bool interrupts = cpu_save_interrupts();
        tty_line_flush();
        cpu_restore_interrupts(interrupts);
    }
    return 0;
}

static int control_flow(uint64_t action)
{
    if (action > TCION) {
        return -EINVAL;
    }
    if (action == TCOOFF) {
        tty_output_stop();
    } else if (action == TCOON) {
        tty_output_start();
    }
    return 0;
}

static bool changes(unsigned request)
{
    return (request >= TCSETS && request <= TCSETSF) || request == TCSBRK || request == TCXONC ||
           request == TCFLSH || request == TIOCSPGRP;
}

static int tty_ioctl(struct inode *inode, unsigned request, struct io *argument)
{
    (void)inode;
    uint64_t value = (virt_t)argument->data; // where it is no pointer
    struct termios settings;
    int error, group;
    error = changes(request) ? check_foreground(SIGTTOU) : 0;
    if (error != 0) {
        return error;
    }
    switch (request) {
    case TCGETS:
        tty_line_settings(&settings);
        return give(argument, &settings, sizeof(settings));
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_settings(request, argument);
    case TCSBRK:
        return value != 0 ? serial_wait(0) : 0; // there are no breaks
    case TCSBRKP:
        return 0;
    case TCXONC:
        return control_flow(value);
    case TCFLSH:
        return flush(value);
    case TIOCSCTTY:
        return take_terminal(value == 1);
    case TIOCNOTTY:
        return leave_terminal();
    case TIOCGPGRP:
        return is_own() ? give_number(argument, (size_t)foreground) : -ENOTTY;
    case TIOCSPGRP:
        error = take(argument, &group, sizeof(group));
        return error != 0 ? error : set_foreground(group);
    case TIOCGSID:
        return is_own() ? give_number(argument, (size_t)session) : -ENOTTY;
    case TIOCOUTQ:
        return give_number(argument, serial_unsent());
    case FIONREAD:
        return give_number(argument, tty_line_readable());
    case TIOCGWINSZ:
        return give(argument, &window, sizeof(window));
    case TIOCSWINSZ:
        return set_window(argument);
    case TIOCGETD:
        return give_number(argument, 0);
    default:
        return -ENOTTY;
    }
}

static unsigned tty_poll(struct inode *inode, unsigned flags)
{
    (void)inode;
    (void)flags;
    return tty_line_poll();
}

void tty_init(void)
{
    static const struct inode_operations operations = {
        .read = tty_read,
        .write = tty_write,
        .open = tty_open,
        .close = tty_close,
        .ioctl = tty_ioctl,
        .poll = tty_poll,
    };
    static struct device devices[] = {
        {.name = "console", .operations = &operations, .number = CONSOLE_NUMBER},
        {.name = "tty", .operations = &operations, .number = TTY_NUMBER},
        {.name = "ttyS0", .operations = &operations, .number = SERIAL_NUMBER},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(devices); i++) {
        devfs_add(&devices[i]);
    }
    group_on_session_end(hang_up);
}
