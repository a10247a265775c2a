// which: where a command is.
#include "user/libc/command.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_program(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

static bool find(struct output *out, const char *name, bool all)
{
    const char *path = getenv("PATH");
    bool found = false;
    if (strchr(name, '/') != NULL) {
        path = "";
    }
    for (path = path != NULL ? path : "/bin"; path != NULL && (all || !found);) {
        const char *end = strchr(path, ':');
        size_t length = end != NULL ? (size_t)(end - path) : strlen(path);
        char *folder = memcpy(must_malloc(length + 1), path, length);
        folder[length] = '\0';
        char *file = path_join(folder, name);
        if (is_program(file)) {
            output_text(out, file);
            output_char(out, '\n');
            found = true;
        }
        free(file);
        free(folder);
        path = end != NULL ? end + 1 : NULL;
    }
    return found;
}

int main(int argc, char **argv)
{
    bool all = false;
    int option, status = 0;
    while ((option = getopt(argc, argv, "a")) != -1) {
        if (option == '?') {
            command_usage("which [-a] command...");
        }
        all = true;
    }
    struct output *out = output_open(STDOUT_FILENO);
    for (int i = optind; i < argc; i++) {
        status |= !find(out, argv[i], all);
    }
    return status | output_close(out);
}
