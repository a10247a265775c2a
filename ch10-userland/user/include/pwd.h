// <pwd.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_PWD_H
#define RUNG_USER_INCLUDE_PWD_H

#include <sys/types.h>

struct passwd {
    char *pw_name, *pw_passwd;
    uid_t pw_uid;
    gid_t pw_gid;
    char *pw_gecos, *pw_dir, *pw_shell;
};

// Lines of /etc/passwd. What is given stays until the next call of any of them; NULL: none.
struct passwd *getpwuid(uid_t uid);
struct passwd *getpwnam(const char *name);
struct passwd *getpwent(void);
void setpwent(void);
void endpwent(void);

#endif
