#include "lib/errno.h"

#include "lib/types.h"

const char *errno_text(int error)
{
    static const char *const texts[] = {
        [0] = "Success",
        [EPERM] = "Operation not permitted",
        [ENOENT] = "No such file or directory",
        [EIO] = "Input/output error",
        [EBADF] = "Bad file descriptor",
        [ENOMEM] = "Cannot allocate memory",
        [EFAULT] = "Bad address",
        [EBUSY] = "Device or resource busy",
        [EEXIST] = "File exists",
        [EXDEV] = "Invalid cross-device link",
        [ENODEV] = "No such device",
        [ENOTDIR] = "Not a directory",
        [EISDIR] = "Is a directory",
        [EINVAL] = "Invalid argument",
        [EFBIG] = "File too large",
        [ENOSPC] = "No space left on device",
        [EROFS] = "Read-only file system",
        [EMLINK] = "Too many links",
        [ERANGE] = "Numerical result out of range",
        [ENAMETOOLONG] = "File name too long",
        [ENOTEMPTY] = "Directory not empty",
        [ELOOP] = "Too many levels of symbolic links",
        [EOPNOTSUPP] = "Operation not supported",
        [EUCLEAN] = "Structure needs cleaning",
    };
    size_t index = error < 0 ? -(size_t)error : (size_t)error;
    return index < ARRAY_LENGTH(texts) && texts[index] ? texts[index] : "Unknown error";
}
