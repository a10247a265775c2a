// chmod: sets the rights of files.
#include "user/libc/walk.h"

#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The bits that letters of "ugoa" stand for.
static mode_t parse_who(const char **text)
{
    mode_t who = 0;
    for (; **text != '\0' && strchr("ugoa", **text) != NULL; (*text)++) {
        who |= **text == 'u' ? 04700 : **text == 'g' ? 02070 : **text == 'o' ? 01007 : 07777;
    }
    return who;
}

// What "755" or "u+x,go-w" makes of a mode; false where it is neither.
static bool change(const char *text, mode_t mode, mode_t umask, mode_t *result)
{
    char *end;
    if (isdigit((unsigned char)*text)) {
        unsigned long number = strtoul(text, &end, 8);
        *result = (mode_t)number;
        return *end == '\0' && number <= 07777;
    }
    for (;; text++) {
        mode_t who = parse_who(&text);
        mode_t mask = who != 0 ? who : 07777 & ~umask; // nobody named: all, but for the umask
        do {
            char operation = *text++;
            if (operation == '\0' || strchr("+-=", operation) == NULL) {
                return false;
            }
            mode_t bits = 0;
            for (; *text != '\0' && strchr("rwxXst", *text) != NULL; text++) {
                bool some = S_ISDIR(mode) || (mode & 0111) != 0;
                bits |= *text == 'r'   ? 0444
                        : *text == 'w' ? 0222
                        : *text == 'x' ? 0111
                        : *text == 'X' ? (some ? 0111 : 0)
                        : *text == 's' ? 06000
                                       : 01000;
            }
            bits &= mask | (who == 0 ? 01000 : 0);
            mode_t cleared = operation != '=' ? 0 : (who != 0 ? who : 0777) & 0777;
            mode = operation == '-' ? mode & ~bits : (mode & ~cleared) | bits;
        } while (*text != '\0' && *text != ',');
        if (*text == '\0') {
            *result = mode & 07777;
            return true;
        }
    }
}

int main(int argc, char **argv)
{
    const char *usage = "chmod [-R] mode file...";
    bool recursive = false;
    int first = 1, status = 0;
    // "-x" is a mode, "-R" the only option.
    for (; first < argc && strcmp(argv[first], "-R") == 0; first++) {
        recursive = true;
    }
    if (first < argc && argv[first][0] == '-' &&
        (argv[first][1] == '\0' || strchr("rwxXst", argv[first][1]) == NULL)) {
        if (strcmp(argv[first], "--") != 0) {
            warnx("invalid option -- '%c'", argv[first][1]);
            command_usage(usage);
        }
        first++;
    }
    if (argc - first < 2) {
        first == argc ? warnx("missing operand") : warnx("missing operand after '%s'", argv[first]);
        command_usage(usage);
    }
    const char *text = argv[first];
    mode_t mask = umask(0), mode;
    umask(mask);
    if (!change(text, 0, mask, &mode)) {
        errx(1, "invalid mode: '%s'", text);
    }
    for (int i = first + 1; i < argc; i++) {
        struct walk walk;
        enum walk_event event;
        walk_start(&walk, argv[i], true);
        while ((event = walk_next(&walk)) != WALK_END) {
            if (event == WALK_ERROR) {
                warn("cannot access '%s'", walk.path);
                status = 1;
            } else if (event != WALK_LEAVE && !S_ISLNK(walk.stat.st_mode)) {
                change(text, walk.stat.st_mode, mask, &mode);
                if (chmod(walk.path, mode) != 0) {
                    warn("changing permissions of '%s'", walk.path);
                    status = 1;
                }
            }
            if (!recursive) {
                walk_skip(&walk);
            }
        }
    }
    return status;
}
