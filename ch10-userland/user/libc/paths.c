// Calls that take names of files, most of them relative to a folder that is open.
#include "user/libc/system_call.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

int faccessat(int directory, const char *path, int mode, int flags)
{
    return (int)SYSTEM_CALL(SYS_faccessat2, directory, path, mode, flags);
}

int fchmodat(int directory, const char *path, mode_t mode, int flags)
{
    if (flags != 0) {
        errno = EOPNOTSUPP; // links have no rights
        return -1;
    }
    return (int)SYSTEM_CALL(SYS_fchmodat, directory, path, mode);
}

int fchownat(int directory, const char *path, uid_t uid, gid_t gid, int flags)
{
    return (int)SYSTEM_CALL(SYS_fchownat, directory, path, uid, gid, flags);
}

int mkdirat(int directory, const char *path, mode_t mode)
{
    return (int)SYSTEM_CALL(SYS_mkdirat, directory, path, mode);
}

int linkat(int old_directory, const char *old_path, int new_directory, const char *new_path,
           int flags)
{
    return (int)SYSTEM_CALL(SYS_linkat, old_directory, old_path, new_directory, new_path, flags);
}

int symlinkat(const char *target, int directory, const char *path)
{
    return (int)SYSTEM_CALL(SYS_symlinkat, target, directory, path);
}

ssize_t readlinkat(int directory, const char *path, char *buffer, size_t size)
{
    return SYSTEM_CALL(SYS_readlinkat, directory, path, buffer, size);
}

int unlinkat(int directory, const char *path, int flags)
{
    return (int)SYSTEM_CALL(SYS_unlinkat, directory, path, flags);
}

int renameat(int old_directory, const char *old_path, int new_directory, const char *new_path)
{
    return (int)SYSTEM_CALL(SYS_renameat, old_directory, old_path, new_directory, new_path);
}

int utimes(const char *path, const struct timeval times[2])
{
    return (int)SYSTEM_CALL(SYS_utimes, path, times);
}

int utime(const char *path, const struct utimbuf *times)
{
    struct timeval both[2];
    if (times != NULL) {
        both[0] = (struct timeval){.tv_sec = times->actime};
        both[1] = (struct timeval){.tv_sec = times->modtime};
    }
    return utimes(path, times != NULL ? both : NULL);
}

long pathconf(const char *path, int name)
{
    (void)path;
    return name == _PC_NAME_MAX   ? NAME_MAX
           : name == _PC_PATH_MAX ? PATH_MAX
           : name == _PC_PIPE_BUF ? PIPE_BUF
           : name == _PC_LINK_MAX ? 32000
                                  : -1;
}
