// What the files of <math.h>'s functions share.
#ifndef RUNG_USER_LIBC_MATH_H
#define RUNG_USER_LIBC_MATH_H

#include "lib/types.h"
#include "user/libc/x87.h"

#include <errno.h>
#include <math.h>

// Returns the value of a function; sets errno to EDOM where numbers, to ERANGE where finite numbers
// as its arguments have none.
double math_checked(double value, double x, double y);

#endif
