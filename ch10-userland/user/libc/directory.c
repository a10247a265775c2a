// Directories: opendir and its like over getdents64.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE 2048

struct directory_stream {
    int descriptor;
    size_t start, end; // of the entries that have been read and not given
    long position; // behind the one that was given last
    struct dirent buffer[BUFFER_SIZE / sizeof(struct dirent)];
};

static DIR *open_stream(int descriptor)
{
    DIR *directory = malloc(sizeof(*directory));
    if (directory != NULL) {
        directory->descriptor = descriptor;
        directory->start = directory->end = 0;
        directory->position = 0;
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
    directory->position = entry->d_off;
    return entry;
}

int closedir(DIR *directory)
{
    int descriptor = directory->descriptor;
    free(directory);
    return close(descriptor);
}

DIR *fdopendir(int descriptor)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        return NULL;
    }
    if (!S_ISDIR(status.st_mode)) {
        errno = ENOTDIR;
        return NULL;
    }
    return open_stream(descriptor);
}

void rewinddir(DIR *directory)
{
    seekdir(directory, 0);
}

int dirfd(DIR *directory)
{
    return directory->descriptor;
}

long telldir(DIR *directory)
{
    return directory->position;
}

void seekdir(DIR *directory, long position)
{
    lseek(directory->descriptor, position, SEEK_SET);
    directory->position = position;
    directory->start = directory->end = 0;
}

int alphasort(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

int scandir(const char *path, struct dirent ***entries, int (*select)(const struct dirent *),
            int (*compare)(const struct dirent **, const struct dirent **))
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return -1;
    }
    struct dirent **list = NULL, *entry;
    int count = 0;
    bool failed = false;
    while (!failed && (entry = readdir(directory)) != NULL) {
        if (select != NULL && !select(entry)) {
            continue;
        }
        struct dirent **longer = realloc(list, ((size_t)count + 1) * sizeof(struct dirent *));
        list = longer != NULL ? longer : list;
        struct dirent *copy = longer != NULL ? malloc(entry->d_reclen) : NULL;
        failed = copy == NULL;
        if (!failed) {
            memcpy(copy, entry, entry->d_reclen);
            int at = count++;
            for (;
                 compare != NULL && at > 0 &&
                 compare((const struct dirent **)&list[at - 1], (const struct dirent **)&copy) > 0;
                 at--) {
                list[at] = list[at - 1];
            }
            list[at] = copy;
        }
    }
    closedir(directory);
    if (failed) {
        while (count > 0) {
            free(list[--count]);
        }
        free(list);
        errno = ENOMEM;
        return -1;
    }
    *entries = list;
    return count;
}

int remove(const char *path)
{
    if (unlink(path) == 0) {
        return 0;
    }
    return errno == EISDIR ? rmdir(path) : -1;
}
