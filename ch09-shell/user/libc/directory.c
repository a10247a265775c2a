// Directories: opendir and its like over getdents64.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE 2048

struct directory_stream {
    int descriptor;
    size_t start, end; // of the entries that have been read and not given
    struct dirent buffer[BUFFER_SIZE / sizeof(struct dirent)];
};

static DIR *open_stream(int descriptor)
{
    DIR *directory = malloc(sizeof(*directory));
    if (directory != NULL) {
        directory->descriptor = descriptor;
        directory->start = directory->end = 0;
    }
    return directory;
}

DIR *opendir(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return NULL;
    }
    DIR *directory = open_stream(descriptor);
    if (directory == NULL) {
        close(descriptor);
        errno = ENOMEM;
    }
    return directory;
}

struct dirent *readdir(DIR *directory)
{
    if (directory->start == directory->end) {
        ssize_t size =
            getdents64(directory->descriptor, directory->buffer, sizeof(directory->buffer));
        if (size <= 0) {
            return NULL;
        }
        directory->start = 0;
        directory->end = (size_t)size;
    }
    struct dirent *entry = (struct dirent *)((char *)directory->buffer + directory->start);
    directory->start += entry->d_reclen;
    return entry;
}

int closedir(DIR *directory)
{
    int descriptor = directory->descriptor;
    free(directory);
    return close(descriptor);
}

int remove(const char *path)
{
    if (unlink(path) == 0) {
        return 0;
    }
    return errno == EISDIR ? rmdir(path) : -1;
}
