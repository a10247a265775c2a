// Files that are made up, commands as files, and paths without detours.
#include "user/libc/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <paths.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIES 100
#define LINKS_MAX 40

// Puts letters in place of the XXXXXX at a pattern's end until make(pattern) does not say -EEXIST.
static int make_unique(char *pattern, int (*make)(const char *path))
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEF";
    size_t length = strlen(pattern);
    if (length < 6 || strcmp(pattern + length - 6, "XXXXXX") != 0) {
        errno = EINVAL;
        return -1;
    }
    for (unsigned i = 0; i < TRIES; i++) {
        uint32_t bits;
        if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits)) {
            return -1;
        }
        for (size_t at = length - 6; at < length; at++, bits >>= 5) {
            pattern[at] = letters[bits % 32];
        }
        int result = make(pattern);
        if (result >= 0 || errno != EEXIST) {
            return result;
        }
    }
    return -1;
}

static int make_file(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
}

static int make_folder(const char *path)
{
    return mkdir(path, 0700);
}

int mkstemp(char *pattern)
{
    return make_unique(pattern, make_file);
}

char *mkdtemp(char *pattern)
{
    return make_unique(pattern, make_folder) >= 0 ? pattern : NULL;
}

// Somebody else may take the name before the caller does: mkstemp is better.
char *tmpnam(char *name)
{
    static char own[L_tmpnam];
    name = strcpy(name != NULL ? name : own, P_tmpdir "/XXXXXX");
    int descriptor = mkstemp(name);
    if (descriptor < 0) {
        return NULL;
    }
    close(descriptor);
    return unlink(name) == 0 ? name : NULL;
}

FILE *tmpfile(void)
{
    char path[] = P_tmpdir "/XXXXXX";
    int descriptor = mkstemp(path);
    if (descriptor < 0) {
        return NULL;
    }
    unlink(path);
    FILE *file = stream_open(descriptor, O_RDWR);
    if (file == NULL) {
        close(descriptor);
    }
    return file;
}

FILE *popen(const char *command, const char *mode)
{
    int ends[2], flags = stream_flags(mode);
    if (flags < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        return NULL;
    }
    bool reads = (flags & O_ACCMODE) == O_RDONLY;
    FILE *file = stream_open(ends[!reads], flags);
    pid_t pid = file != NULL ? fork() : -1;
    if (pid == 0) {
        if (ends[reads] == reads) {
            fcntl(reads, F_SETFD, 0);
        } else {
            dup2(ends[reads], reads);
        }
        execl(_PATH_BSHELL, "sh", "-c", command, NULL);
        _exit(127);
    }
    close(ends[reads]);
    if (pid < 0) {
        int error = errno;
        if (file != NULL) {
            fclose(file);
        } else {
            close(ends[!reads]);
        }
        errno = error;
        return NULL;
    }
    file->child = pid;
    return file;
}

int pclose(FILE *file)
{
    pid_t pid = file->child;
    int status;
    fclose(file);
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return status;
}

// Puts `rest`, or what a link there says, before what is still to be resolved.
static bool prepend(char todo[PATH_MAX], const char *rest, const char *link)
{
    char joined[PATH_MAX];
    if (snprintf(joined, sizeof(joined), "%s/%s", link, rest) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(todo, joined, sizeof(joined));
    return true;
}

// Resolves path, which is taken apart, into done.
static bool resolve(char todo[PATH_MAX], char done[PATH_MAX])
{
    size_t length = 0; // of done, without a '/' at its end
    unsigned links = 0;
    while (*todo != '\0') {
        size_t part = strcspn(todo, "/");
        size_t next = part + strspn(todo + part, "/");
        if (part == 2 && memcmp(todo, "..", 2) == 0) {
            while (length > 0 && done[--length] != '/') {
            }
        } else if (part > 0 && !(part == 1 && todo[0] == '.')) {
            if (length + 1 + part >= PATH_MAX) {
                errno = ENAMETOOLONG;
                return false;
            }
            size_t before = length;
            done[length++] = '/';
            memcpy(done + length, todo, part);
            length += part;
            done[length] = '\0';
            struct stat status;
            char link[PATH_MAX];
            if (lstat(done, &status) != 0) {
                return false;
            }
            if (S_ISLNK(status.st_mode)) {
                ssize_t size = readlink(done, link, sizeof(link) - 1);
                if (size < 0 || ++links > LINKS_MAX) {
                    errno = size < 0 ? errno : ELOOP;
                    return false;
                }
                link[size] = '\0';
                length = link[0] == '/' ? 0 : before;
                if (!prepend(todo, todo + next, link)) {
                    return false;
                }
                continue;
            }
            if (todo[part] == '/' && !S_ISDIR(status.st_mode)) {
                errno = ENOTDIR;
                return false;
            }
        }
        memmove(todo, todo + next, strlen(todo + next) + 1);
    }
    done[length > 0 ? length : 1] = '\0';
    done[0] = '/';
    return true;
}

char *realpath(const char *restrict path, char *restrict resolved)
{
    char todo[PATH_MAX], done[PATH_MAX], start[PATH_MAX];
    start[0] = '\0';
    if (*path == '\0') {
        errno = ENOENT;
        return NULL;
    }
    if (path[0] != '/' && getcwd(start, sizeof(start)) == NULL) {
        return NULL;
    }
    if (!prepend(todo, path, start) || !resolve(todo, done)) {
        return NULL;
    }
    return resolved != NULL ? strcpy(resolved, done) : strdup(done);
}
