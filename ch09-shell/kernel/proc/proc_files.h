// The files of /proc/PID: what ps, top and their like read about processes, as Linux has them.
#ifndef RUNG_KERNEL_PROC_PROC_FILES_H
#define RUNG_KERNEL_PROC_PROC_FILES_H

// Mounts /proc (procfs_init) with a directory for each process, and adds the files there. Called
// once by kmain.
void proc_files_init(void);

#endif
