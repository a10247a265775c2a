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
DIR *fdopendir(int descriptor);
void rewinddir(DIR *directory);
int dirfd(DIR *directory);
long telldir(DIR *directory);
void seekdir(DIR *directory, long position);

// All entries that `select` takes (NULL: all), each in memory of its own, in the order of `compare`
// (NULL: none): their number; -1 for an error.
int scandir(const char *path, struct dirent ***entries, int (*select)(const struct dirent *),
            int (*compare)(const struct dirent **, const struct dirent **));
int alphasort(const struct dirent **left, const struct dirent **right);

// The call behind it: as many entries as fit, one behind the other; the number of bytes.
ssize_t getdents64(int descriptor, void *buffer, size_t size);

#endif
