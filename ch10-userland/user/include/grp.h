// <grp.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_GRP_H
#define RUNG_USER_INCLUDE_GRP_H

#include <sys/types.h>

struct group {
    char *gr_name, *gr_passwd;
    gid_t gr_gid;
    char **gr_mem;
};

// Lines of /etc/group. What is given stays until the next call of either; NULL: none.
struct group *getgrgid(gid_t gid);
struct group *getgrnam(const char *name);

#endif
