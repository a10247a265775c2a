#include "kernel/proc/writeback.h"

#include "kernel/cpu/clock.h"
#include "kernel/dev/console.h"
#include "kernel/fs/vfs.h"
#include "kernel/panic.h"
#include "kernel/proc/process.h"
#include "lib/errno.h"

static int write_back(void *argument)
{
    (void)argument;
    int error = 0;
    while (true) {
        clock_sleep_ms(WRITEBACK_PERIOD_MS);
        int last_error = error;
        error = vfs_sync();
        if (error != 0 && error != last_error) {
            kprintf("writeback: %s\n", errno_text(error));
        }
    }
}

void writeback_init(void)
{
    int pid = process_create("writeback", write_back, NULL);
    if (pid < 0) {
        panic("writeback: %s", errno_text(pid));
    }
    process_disown(pid); // who waits for all children does not mean this one
}
