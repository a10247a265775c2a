// Variables of the environment.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Where the variable is in the environment: NULL, or its text.
static char **find(const char *name, size_t length)
{
    char **at = environ;
    if (at == NULL || length == 0) {
        return NULL;
    }
    while (*at != NULL && (strncmp(*at, name, length) != 0 || (*at)[length] != '=')) {
        at++;
    }
    return *at != NULL ? at : NULL;
}

char *getenv(const char *name)
{
    size_t length = strlen(name);
    char **found = find(name, length);
    return found != NULL ? *found + length + 1 : NULL;
}

// The array that setenv made last, to be freed when a larger one takes its place. The texts that it
// makes are never freed: somebody may have asked for them.
static char **own_array;

// Puts an assignment, as it is, into the environment.
static int put(char *assignment, size_t length)
{
    char **found = find(assignment, length);
    if (found != NULL) {
        *found = assignment;
        return 0;
    }
    size_t count = 0;
    while (environ != NULL && environ[count] != NULL) {
        count++;
    }
    char **array = malloc((count + 2) * sizeof(*array));
    if (array == NULL) {
        return -1;
    }
    if (count > 0) {
        memcpy(array, environ, count * sizeof(*array));
    }
    array[count] = assignment;
    array[count + 1] = NULL;
    free(own_array);
    environ = own_array = array;
    return 0;
}

int putenv(char *assignment)
{
    const char *equals = strchr(assignment, '=');
    return equals != NULL ? put(assignment, (size_t)(equals - assignment)) : unsetenv(assignment);
}

int setenv(const char *name, const char *value, int overwrite)
{
    size_t length = strlen(name), value_size = strlen(value) + 1;
    if (length == 0 || strchr(name, '=') != NULL) {
        errno = EINVAL;
        return -1;
    }
    if (!overwrite && find(name, length) != NULL) {
        return 0;
    }
    char *assignment = malloc(length + 1 + value_size);
    if (assignment == NULL) {
        return -1;
    }
    memcpy(assignment, name, length);
    assignment[length] = '=';
    memcpy(assignment + length + 1, value, value_size);
    return put(assignment, length);
}

int unsetenv(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || strchr(name, '=') != NULL) {
        errno = EINVAL;
        return -1;
    }
    for (char **found; (found = find(name, length)) != NULL;) {
        for (; *found != NULL; found++) {
            found[0] = found[1];
        }
    }
    return 0;
}

int clearenv(void)
{
    environ = NULL;
    return 0;
}
