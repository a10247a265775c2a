// The editor: reading and writing files.
#include "user/edit/edit.h"
#include "user/libc/command.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE 65536
#define WRITE_SIZE 65536
#define LINK_SIZE 4096
#define LINKS_MAX 40

bool file_load(struct edit *edit, const char *path)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY);
    if (descriptor < 0 && errno != ENOENT) {
        warn("%s", path);
        return false;
    }
    if (descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
        warnx("%s: Is a directory", path);
        close(descriptor);
        return false;
    }
    size_t used = 0, size = READ_SIZE;
    char *bytes = must_malloc(size);
    ssize_t length = 0;
    while (descriptor >= 0 && (length = read(descriptor, bytes + used, size - used)) > 0) {
        used += (size_t)length;
        if (used == size) {
            size *= 2;
            bytes = must_realloc(bytes, size);
        }
    }
    if (length < 0) {
        warn("%s", path);
        free(bytes);
        close(descriptor);
        return false;
    }
    if (descriptor < 0) {
        view_say(edit, "A new file");
    } else {
        close(descriptor);
    }
    text_make(&edit->text, bytes, used);
    return true;
}

// Writes all bytes; what is short is tried again, so that it ends in success or with a reason.
static bool write_all(int descriptor, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(descriptor, bytes, length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            errno = written == 0 ? EIO : errno;
            return false;
        }
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

static bool write_lines(const struct text *text, int descriptor)
{
    char *buffer = must_malloc(WRITE_SIZE);
    size_t used = 0;
    bool done = true;
    for (size_t i = 0; i < text->count && done; i++) {
        const struct line *line = &text->lines[i];
        size_t newline = i + 1 < text->count;
        if (line->length + newline > WRITE_SIZE - used) {
            done = write_all(descriptor, buffer, used);
            used = 0;
        }
        if (line->length + newline > WRITE_SIZE) {
            done = done && write_all(descriptor, line->bytes, line->length);
        } else {
            memcpy(buffer + used, line->bytes, line->length);
            used += line->length;
        }
        if (newline) {
            buffer[used++] = '\n';
        }
    }
    done = done && write_all(descriptor, buffer, used);
    int error = errno;
    free(buffer);
    errno = error;
    return done;
}

// Where a path leads when the symbolic links at its end are followed; on the heap.
static char *follow_links(const char *path)
{
    char *result = must_strdup(path), *target = must_malloc(LINK_SIZE);
    for (int i = 0; i < LINKS_MAX; i++) {
        ssize_t length = readlink(result, target, LINK_SIZE - 1);
        if (length <= 0) {
            break;
        }
        target[length] = '\0';
        char *slash = strrchr(result, '/');
        char *next;
        if (slash == NULL || *target == '/') {
            next = must_strdup(target);
        } else {
            *slash = '\0';
            next = path_join(slash == result ? "/" : result, target);
        }
        free(result);
        result = next;
    }
    free(target);
    return result;
}

// Writes a new file beside the old one, has it safe on the disk and puts it in the old one's place:
// at no moment there is less than one of them.
static bool replace(struct edit *edit, const char *path, mode_t mode)
{
    size_t size = strlen(path) + 16;
    char *beside = must_malloc(size);
    snprintf(beside, size, "%s.%d.new", path, getpid());
    int descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL, mode);
    bool done = descriptor >= 0;
    done = done && fchmod(descriptor, mode) == 0 && write_lines(&edit->text, descriptor) &&
           fsync(descriptor) == 0;
    int error = errno;
    if (descriptor >= 0 && close(descriptor) != 0 && done) {
        done = false;
        error = errno;
    }
    if (done && rename(beside, path) != 0) {
        done = false;
        error = errno;
    }
    if (!done && descriptor >= 0) {
        unlink(beside);
    }
    free(beside);
    errno = error;
    return done;
}

bool file_save(struct edit *edit)
{
    struct stat status;
    char *path = follow_links(edit->path);
    bool exists = stat(path, &status) == 0, done;
    if (exists && !S_ISREG(status.st_mode)) { // a device is no file that could be replaced
        int descriptor = open(path, O_WRONLY);
        done = descriptor >= 0 && write_lines(&edit->text, descriptor);
        int error = errno;
        if (descriptor >= 0) {
            close(descriptor);
        }
        errno = error;
    } else {
        mode_t mask = umask(0);
        umask(mask);
        done = replace(edit, path, exists ? status.st_mode & 07777 : 0666 & ~mask);
    }
    if (done) {
        text_was_saved(&edit->text);
        view_say(edit, "Saved %.80s: %zu lines", edit->path,
                 edit->text.count - (edit->text.lines[edit->text.count - 1].length == 0));
    } else {
        view_say(edit, "NOT saved: %.60s: %s", edit->path, strerror(errno));
    }
    free(path);
    return done;
}
