// Who is who: /etc/passwd and /etc/group.
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMBERS_MAX 32

static FILE *users;
static char *line;
static size_t line_size;

// The next line that has so many fields, its ':' replaced by their ends.
static bool read_fields(FILE *file, char **fields, int count)
{
    ssize_t length;
    while (file != NULL && (length = getline(&line, &line_size, file)) > 0) {
        line[strcspn(line, "\n")] = '\0';
        char *rest = line;
        int found = 0;
        while (rest != NULL && found < count) {
            fields[found++] = strsep(&rest, ":");
        }
        if (found == count) {
            return true;
        }
    }
    return false;
}

struct passwd *getpwent(void)
{
    static struct passwd user;
    char *field[7];
    users = users != NULL ? users : fopen("/etc/passwd", "re");
    if (!read_fields(users, field, 7)) {
        return NULL;
    }
    user =
        (struct passwd){field[0], field[1], (uid_t)atoi(field[2]), (gid_t)atoi(field[3]), field[4],
                        field[5], field[6]};
    return &user;
}

void endpwent(void)
{
    if (users != NULL) {
        fclose(users);
        users = NULL;
    }
}

void setpwent(void)
{
    endpwent();
}

static struct passwd *find_user(const char *name, uid_t uid)
{
    struct passwd *user;
    setpwent();
    while ((user = getpwent()) != NULL &&
           (name != NULL ? strcmp(user->pw_name, name) != 0 : user->pw_uid != uid)) {
    }
    endpwent();
    return user;
}

struct passwd *getpwuid(uid_t uid)
{
    return find_user(NULL, uid);
}

struct passwd *getpwnam(const char *name)
{
    return find_user(name, 0);
}

char *getlogin(void)
{
    const struct passwd *user = getpwuid(getuid());
    return user != NULL ? user->pw_name : NULL;
}

static struct group *find_group(const char *name, gid_t gid)
{
    static struct group group;
    static char *members[MEMBERS_MAX + 1];
    FILE *file = fopen("/etc/group", "re");
    char *field[4];
    bool found = false;
    while (!found && read_fields(file, field, 4)) {
        group = (struct group){field[0], field[1], (gid_t)atoi(field[2]), members};
        found = name != NULL ? strcmp(group.gr_name, name) == 0 : group.gr_gid == gid;
    }
    if (file != NULL) {
        fclose(file);
    }
    size_t count = 0;
    char *rest = field[3];
    while (found && count < MEMBERS_MAX && rest != NULL && *rest != '\0') {
        members[count++] = strsep(&rest, ",");
    }
    members[count] = NULL;
    return found ? &group : NULL;
}

struct group *getgrgid(gid_t gid)
{
    return find_group(NULL, gid);
}

struct group *getgrnam(const char *name)
{
    return find_group(name, 0);
}
