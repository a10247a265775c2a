// The root file system: where it is, and its mounting.
#ifndef RUNG_KERNEL_FS_ROOT_H
#define RUNG_KERNEL_FS_ROOT_H

#include "lib/types.h"

// Mounts partition 1 of the disk that we were booted from, which is the one whose MBR has this
// signature, as the root of the tree, and has it unmounted when the power goes off. Where there is
// none, or it cannot be mounted: one line that says why, and a halt. Called once by kmain.
void root_mount(uint32_t disk_signature);

#endif
