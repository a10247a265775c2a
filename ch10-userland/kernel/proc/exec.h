// exec: puts another program into a process.
#ifndef RUNG_KERNEL_PROC_EXEC_H
#define RUNG_KERNEL_PROC_EXEC_H

#include "kernel/fs/vfs.h"

#define EXEC_ARGUMENTS_MAX 0x20000 // bytes of all arguments and environment together (ARG_MAX)

// Arguments or environment, each string with its NUL behind the other.
struct exec_strings {
    char *bytes; // kmalloc'd
    size_t size, count;
};

// Replaces the caller's program by the one in the file at path, which starts at base (NULL: the
// root): ELF, or a script that starts with #! (its interpreter is run with the path). The caller's
// frame is the new program's. The errors of path_find; -EACCES, -ENOEXEC, -ETXTBSY, -E2BIG,
// -ENOMEM, -EIO: then the caller's program goes on. The strings are taken over, on success and on
// failure. Sleeps.
int exec(struct inode *base, const char *path, struct exec_strings *arguments,
         struct exec_strings *environment);

#endif
