// The step out of the kernel: what has booted becomes process 1 of user mode, the parent of all.
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/trap.h"
#include "kernel/dev/console.h"
#include "kernel/fs/descriptor.h"
#include "kernel/main.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/options.h"
#include "kernel/panic.h"
#include "kernel/proc/exec.h"
#include "kernel/proc/group.h"
#include "kernel/proc/process.h"
#include "lib/errno.h"
#include "lib/string.h"

#define PATH_SIZE 128 // the kernel's command line is no longer
#define INIT_PATH "/bin/init"
#define CONSOLE_PATH "/dev/console"

static struct exec_strings strings(const char *bytes, size_t size, size_t count)
{
    struct exec_strings strings = {.bytes = kmalloc(size), .size = size, .count = count};
    if (!strings.bytes) {
        panic("init: no memory");
    }
    memcpy(strings.bytes, bytes, size);
    return strings;
}

// Opens the console as standard input, output and errors.
static void open_console(struct descriptors **descriptors)
{
    struct file *file;
    int error = *descriptors ? 0 : descriptors_create(descriptors);
    if (error == 0) {
        error = file_open(NULL, CONSOLE_PATH, O_RDWR | O_NOCTTY, 0, &file);
    }
    for (int number = 0; error == 0 && number < 3; number++) {
        int result =
            descriptor_add(*descriptors, number == 0 ? file : file_hold(file), number, false);
        error = result < 0 ? result : 0;
    }
    if (error) {
        panic("init: %s: %s", CONSOLE_PATH, errno_text(error));
    }
}

// In a function of its own, whose frame is not where the program's registers go.
__attribute__((noinline)) static void start(void)
{
    static const char environment_bytes[] = "HOME=/\0PATH=/bin\0TERM=linux";
    char path[PATH_SIZE] = INIT_PATH;
    options_get("init", path, sizeof(path));
    group_new_session();
    open_console(&process_current()->descriptors);
    struct exec_strings arguments = strings(path, strlen(path) + 1, 1);
    struct exec_strings environment = strings(environment_bytes, sizeof(environment_bytes), 3);
    int error = exec(NULL, path, &arguments, &environment);
    if (error) {
        panic("init: %s: %s", path, errno_text(error));
    }
    cpu_disable_interrupts();
    process_activate(process_current()); // for the first time as one with a program
    trap_leave(process_frame(process_current()));
}

void first_program(void)
{
    kprintf("%s: ready\n", CHAPTER);
    struct trap_frame room; // the top of this stack, from here up, becomes that of process 1
    __asm__ volatile("" : : "r"(&room) : "memory");
    start();
}
