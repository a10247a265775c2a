// <sys/param.h> of BSD, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_PARAM_H
#define RUNG_USER_INCLUDE_SYS_PARAM_H

#include <limits.h>
#include <sys/types.h>

#define MAXPATHLEN PATH_MAX
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
