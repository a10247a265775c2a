#include "user/libc/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct walk_level {
    struct names names;
    size_t next; // of names
    size_t length; // of the directory's path
    size_t name; // where its last part starts
    struct stat stat; // the directory's
};

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

int names_read(struct names *names, const char *path)
{
    *names = (struct names){0};
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return -1;
    }
    struct dirent *entry;
    while (errno = 0, (entry = readdir(directory)) != NULL) {
        const char *name = entry->d_name;
        if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'))) {
            continue;
        }
        names->name = must_grow(names->name, names->count, sizeof(*names->name));
        names->name[names->count++] = must_strdup(name);
    }
    int error = errno;
    closedir(directory);
    if (error != 0) {
        names_free(names);
        errno = error;
        return -1;
    }
    if (names->count > 1) {
        qsort(names->name, names->count, sizeof(*names->name), compare_names);
    }
    return 0;
}

void names_free(struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->name[i]);
    }
    free(names->name);
    *names = (struct names){0};
}

void walk_start(struct walk *walk, const char *path, bool follow_start)
{
    *walk = (struct walk){.path = must_strdup(path), .follow_start = follow_start};
    const char *slash = strrchr(path, '/');
    walk->name = slash != NULL && slash[1] != '\0' ? (size_t)(slash + 1 - path) : 0;
}

// Meets what the path names: a directory's names are read by the next step.
static enum walk_event meet(struct walk *walk)
{
    bool follow = walk->follow_start && walk->depth == 0;
    if ((follow ? stat : lstat)(walk->path, &walk->stat) != 0) {
        return WALK_ERROR;
    }
    walk->entered = S_ISDIR(walk->stat.st_mode);
    return walk->entered ? WALK_ENTER : WALK_FILE;
}

// Reads the directory that has been entered. False, with errno: it is left out.
static bool open_level(struct walk *walk)
{
    walk->levels = must_realloc(walk->levels, (walk->depth + 1) * sizeof(*walk->levels));
    struct walk_level *level = &walk->levels[walk->depth++];
    *level = (struct walk_level){.length = strlen(walk->path), .name = walk->name};
    level->stat = walk->stat;
    bool skipped = walk->skip;
    walk->entered = walk->skip = false;
    return skipped || names_read(&level->names, walk->path) == 0;
}

enum walk_event walk_next(struct walk *walk)
{
    if (!walk->started) {
        walk->started = true;
        return meet(walk);
    }
    if (walk->entered && !open_level(walk)) {
        return WALK_ERROR;
    }
    if (walk->depth == 0) {
        free(walk->path);
        free(walk->levels);
        *walk = (struct walk){0};
        return WALK_END;
    }
    struct walk_level *level = &walk->levels[walk->depth - 1];
    walk->path[level->length] = '\0';
    if (level->next == level->names.count) {
        names_free(&level->names);
        walk->depth--;
        walk->name = level->name;
        walk->stat = level->stat;
        return WALK_LEAVE;
    }
    char *path = path_join(walk->path, level->names.name[level->next++]);
    free(walk->path);
    walk->path = path;
    walk->name = (size_t)(strrchr(path, '/') + 1 - path);
    return meet(walk);
}

void walk_skip(struct walk *walk)
{
    walk->skip = walk->entered; // what is no directory has nothing to leave out
}
