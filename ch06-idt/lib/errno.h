// Error numbers: the values of Linux on x86-64. Functions return them negated.
#ifndef RUNG_LIB_ERRNO_H
#define RUNG_LIB_ERRNO_H

#define EIO 5
#define ENOMEM 12
#define EEXIST 17
#define EINVAL 22
#define ERANGE 34

#endif
