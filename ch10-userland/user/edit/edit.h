// The editor's state, which its files share.
#ifndef RUNG_USER_EDIT_EDIT_H
#define RUNG_USER_EDIT_EDIT_H

#include "user/edit/text.h"

#include <stdbool.h>

#define MESSAGE_SIZE 128
#define PROMPT_SIZE 256

struct edit {
    struct text text;
    char *path; // "": it has no name yet
    struct place cursor;
    size_t wanted; // the column on the screen that up and down keep to
    size_t top, left; // what the screen shows starts at this line, and this column of the screen
    size_t page; // lines that the screen shows
    char *cut; // what was cut or copied last
    size_t cut_length;
    bool cutting; // the last key cut too: the next line comes to it
    char search[PROMPT_SIZE], replacement[PROMPT_SIZE];
    char message[MESSAGE_SIZE];
    bool ended;
};

// ---- view.c ----

// The column on the screen at which a byte of a line is shown: tabulators go to the next of eight.
size_t view_column(const struct line *line, size_t column);

// The reverse: the byte that is shown at a column or behind it, at most the line's end.
size_t view_byte(const struct line *line, size_t wanted);

// Draws everything. With a prompt that is drawn in the place of the message, with the cursor in it.
void view_draw(struct edit *edit, const char *prompt, const char *answer);

// Asks for a line: the answer holds what is proposed. False when Esc or Ctrl-C was the answer.
bool view_ask(struct edit *edit, const char *prompt, char answer[PROMPT_SIZE]);

// Asks for one of the letters. Returns it, or 0 for Esc and Ctrl-C.
char view_choose(struct edit *edit, const char *prompt, const char *letters);

// Says something, until the next key.
void view_say(struct edit *edit, const char *format, ...) __attribute__((format(printf, 2, 3)));

// ---- file.c ----

// Reads the file, an empty text if there is none yet. False after a message on the standard error.
bool file_load(struct edit *edit, const char *path);

// Writes the text to its path: whatever goes wrong, what the file held before remains, and so does
// the text. False after view_say.
bool file_save(struct edit *edit);

// ---- search.c ----

// Asks what to search for and goes there; goes to the next one; replaces, asking at each place.
void search_ask(struct edit *edit);
void search_next(struct edit *edit);
void search_replace(struct edit *edit);

#endif
