// Options with names: getopt_long, as GNU has it, but that all options come before other arguments.
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static int complain(const char *letters, const char *text, const char *option)
{
    if (opterr && letters[0] != ':') {
        dprintf(STDERR_FILENO, "%s: option '--%s' %s\n", program_state()->name, option, text);
    }
    return '?';
}

// The option of this name, or the only one that begins so; NULL, and *count is how many.
static const struct option *find(const struct option *options, const char *name, size_t length,
                                 int *count)
{
    const struct option *found = NULL;
    *count = 0;
    for (; options->name != NULL; options++) {
        if (strncmp(options->name, name, length) == 0) {
            found = options;
            if (options->name[length] == '\0') {
                *count = 1;
                return options;
            }
            ++*count;
        }
    }
    return *count == 1 ? found : NULL;
}

int getopt_long(int count, char *const arguments[], const char *letters,
                const struct option *options, int *index)
{
    const char *argument = optind < count ? arguments[optind] : NULL;
    letters += *letters == '+';
    if ((getopt_next != NULL && *getopt_next != '\0') || argument == NULL ||
        strncmp(argument, "--", 2) != 0 || argument[2] == '\0') {
        return getopt(count, arguments, letters);
    }
    const char *name = argument + 2;
    size_t length = strcspn(name, "=");
    int candidates;
    const struct option *option = find(options, name, length, &candidates);
    optind++;
    optopt = 0;
    if (option == NULL) {
        return complain(letters, candidates > 1 ? "is ambiguous" : "is unknown", name);
    }
    optopt = option->val;
    optarg = name[length] == '=' ? (char *)name + length + 1 : NULL;
    if (optarg != NULL && option->has_arg == no_argument) {
        return complain(letters, "allows no argument", option->name);
    }
    if (optarg == NULL && option->has_arg == required_argument) {
        if (optind >= count) {
            complain(letters, "requires an argument", option->name);
            return letters[0] == ':' ? ':' : '?';
        }
        optarg = arguments[optind++];
    }
    if (index != NULL) {
        *index = (int)(option - options);
    }
    if (option->flag != NULL) {
        *option->flag = option->val;
    }
    return option->flag != NULL ? 0 : option->val;
}
