// <dirent.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_DIRENT_H
#define RUNG_USER_INCLUDE_DIRENT_H

#include "lib/abi/dirent.h"

#include <sys/types.h>

typedef struct directory_stream DIR;

// An entry stays until the next readdir of its stream, or closedir.
DIR *opendir(const char *path);
struct dirent *readdir(DIR *directory);
int closedir(DIR *directory);

// The call behind it: as many entries as fit, one behind the other; the number of bytes.
ssize_t getdents64(int descriptor, void *buffer, size_t size);

#endif
