// The parts of a path.
#include <libgen.h>
#include <string.h>

// POSIX's basename, not GNU's: "a/b/" has "b".
char *basename(char *path)
{
    if (path == NULL || *path == '\0') {
        return ".";
    }
    char *end = path + strlen(path);
    while (end > path + 1 && end[-1] == '/') {
        *--end = '\0';
    }
    char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

char *dirname(char *path)
{
    char *end = path != NULL ? path + strlen(path) : NULL;
    while (end > path && end[-1] == '/') {
        end--;
    }
    while (end > path && end[-1] != '/') {
        end--;
    }
    while (end > path && end[-1] == '/') {
        end--;
    }
    if (end == path) {
        return path != NULL && *path == '/' ? "/" : ".";
    }
    *end = '\0';
    return path;
}
