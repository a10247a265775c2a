// Variables of the environment.
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
