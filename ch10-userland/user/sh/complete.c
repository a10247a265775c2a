#include "user/sh/complete.h"

#include "user/sh/builtin.h"
#include "user/sh/launch.h"
#include "user/sh/variable.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// The word under way.
struct begun {
    struct arena *arena;
    struct buffer word; // without its quotes
    char quote; // it is within these; 0: none
    bool command; // it is where a command stands
    const char *name; // the part behind the last slash: what candidates begin with
    struct completion *completion;
};

// Finds the beginning of the word that ends at the cursor, and takes its quotes away.
static void find_word(struct begun *begun, const char *text, size_t cursor)
{
    begun->command = true;
    for (size_t i = 0; i < cursor; i++) {
        char c = text[i];

        if (begun->quote) {
            if (c == begun->quote) {
                begun->quote = '\0';
            } else {
                buffer_put(&begun->word, c);
            }
        } else if (c == '\'' || c == '"') {
            begun->quote = c;
        } else if (c == '\\' && i + 1 < cursor) {
            buffer_put(&begun->word, text[++i]);
        } else if (strchr(";|&()`", c)) {
            begun->command = true;
            begun->word.length = 0;
        } else if (strchr(" \t<>", c)) {
            if (begun->word.length > 0 || c == '<' || c == '>') {
                begun->command = false;
            }
            begun->word.length = 0;
        } else {
            buffer_put(&begun->word, c);
        }
    }
}

// Takes a name, if it goes on as the word does; once only.
static void offer(void *context, const char *name)
{
    struct begun *begun = context;
    struct word **place = &begun->completion->candidates;
    struct word *word;

    if (strncmp(name, begun->name, strlen(begun->name)) != 0) {
        return;
    }
    while (*place && strcmp((*place)->text, name) < 0) {
        place = &(*place)->next;
    }
    if (*place && strcmp((*place)->text, name) == 0) {
        return;
    }
    word = arena_get(begun->arena, sizeof(*word));
    word->text = arena_string(begun->arena, name);
    word->next = *place;
    *place = word;
    begun->completion->count++;
}

// Offers what is in the word's folder; folders with a slash.
static void offer_paths(struct shell *shell, struct begun *begun)
{
    const char *word = buffer_string(&begun->word), *slash = strrchr(word, '/');
    const char *home = variable_get(shell, "HOME");
    struct buffer folder = {.arena = begun->arena};
    struct dirent *entry;
    struct stat status;
    DIR *directory;

    if (word[0] == '~' && word[1] == '/' && home) {
        buffer_add(&folder, home, strlen(home));
        word++;
    }
    if (slash) {
        buffer_add(&folder, word, (size_t)(slash + 1 - word));
    }
    begun->name = slash ? slash + 1 : word;
    directory = opendir(folder.length > 0 ? buffer_string(&folder) : ".");
    while (directory && (entry = readdir(directory)) != NULL) {
        struct buffer path = {.arena = begun->arena};

        if (strncmp(entry->d_name, begun->name, strlen(begun->name)) != 0 ||
            (entry->d_name[0] == '.' && begun->name[0] != '.') || strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        buffer_add(&path, buffer_string(&folder), folder.length);
        buffer_add(&path, entry->d_name, strlen(entry->d_name));
        if (stat(buffer_string(&path), &status) == 0 && S_ISDIR(status.st_mode)) {
            buffer_put(&path, '/');
        }
        offer(begun, buffer_string(&path) + folder.length);
    }
    if (directory) {
        closedir(directory);
    }
}

// The length of what all candidates begin with.
static size_t common(const struct completion *completion)
{
    const char *first = completion->candidates->text;
    size_t length = strlen(first);

    for (const struct word *word = completion->candidates->next; word; word = word->next) {
        size_t same = 0;

        while (same < length && word->text[same] == first[same]) {
            same++;
        }
        length = same;
    }
    return length;
}

// What is to be typed for the word to go on as the candidates do.
static const char *go_on(const struct begun *begun)
{
    const struct completion *completion = begun->completion;
    size_t length = common(completion);
    struct buffer more = {.arena = begun->arena};

    for (size_t i = strlen(begun->name); i < length; i++) {
        char c = completion->candidates->text[i];

        if (!begun->quote && strchr(" \t'\"\\$`*?[];&|<>()#~!", c)) {
            buffer_put(&more, '\\');
        }
        buffer_put(&more, c);
    }
    if (completion->count == 1 && completion->candidates->text[length - 1] != '/') {
        if (begun->quote) {
            buffer_put(&more, begun->quote);
        }
        buffer_put(&more, ' ');
    }
    return buffer_string(&more);
}

void complete(struct shell *shell, const char *text, size_t cursor, struct completion *completion)
{
    struct begun begun = {.arena = &shell->arena, .completion = completion};

    begun.word.arena = &shell->arena;
    *completion = (struct completion){.more = ""};
    find_word(&begun, text, cursor);
    begun.name = buffer_string(&begun.word);
    begun.word.text[begun.word.length] = '\0';
    if (begun.command && !strchr(begun.name, '/')) {
        builtin_list(offer, &begun);
        launch_list(shell, offer, &begun);
    } else {
        offer_paths(shell, &begun);
    }
    if (completion->count > 0) {
        completion->more = go_on(&begun);
    }
}
