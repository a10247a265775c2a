// Has what was written put onto the disk before long, whether or not anybody asks for it.
#ifndef RUNG_KERNEL_PROC_WRITEBACK_H
#define RUNG_KERNEL_PROC_WRITEBACK_H

#define WRITEBACK_PERIOD_MS 4000 // and the writing itself takes its time: 5 seconds are promised

// Starts the kernel process "writeback", which calls vfs_sync every WRITEBACK_PERIOD_MS. When it
// fails, that is said on the console, once until it succeeds again. Called once by kmain, after
// root_mount. Panics without memory.
void writeback_init(void);

#endif
