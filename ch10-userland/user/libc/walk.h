// Through a tree of directories, without recursion: the depth is bounded by the length of a path,
// and a directory is read wholly before anything in it is met, so that it may change meanwhile.
#ifndef RUNG_USER_LIBC_WALK_H
#define RUNG_USER_LIBC_WALK_H

#include "user/libc/command.h"

#include <sys/stat.h>

// Names of a directory, without "." and "..".
struct names {
    char **name;
    size_t count;
};

// Reads a directory's names, sorted. 0, or -1 with errno.
int names_read(struct names *names, const char *path);
void names_free(struct names *names);

enum walk_event {
    WALK_END, // there is nothing more
    WALK_FILE, // anything but a directory
    WALK_ENTER, // a directory, before what is in it
    WALK_LEAVE, // the same directory, after that
    WALK_ERROR, // errno says why there is no more about this path, or nothing of what is in it
};

struct walk {
    char *path; // of what has been met: starts with what was given
    size_t name; // where its last part starts in the path
    struct stat stat; // of that itself, of WALK_LEAVE too; not with WALK_ERROR
    unsigned depth; // 0: what was given
    // walk.c's own
    struct walk_level *levels;
    bool follow_start, started, entered, skip;
};

// Starts at a path. With follow_start a symbolic link there stands for what it names; others are
// never followed.
void walk_start(struct walk *walk, const char *path, bool follow_start);

// Goes on to the next. After WALK_END all is freed.
enum walk_event walk_next(struct walk *walk);

// After WALK_ENTER: leaves out what is in the directory; WALK_LEAVE comes next. Else nothing.
void walk_skip(struct walk *walk);

#endif
