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
    uint64_t start_ns = clock_now_ns();
    while (true) {
        uint64_t passed_ms = (clock_now_ns() - start_ns) / CLOCK_NS_PER_MS;
        clock_sleep_ms(passed_ms < WRITEBACK_PERIOD_MS ? WRITEBACK_PERIOD_MS - passed_ms : 0);
        start_ns = clock_now_ns(); // a long writing does not put off the next one
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
