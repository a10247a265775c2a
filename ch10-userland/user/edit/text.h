// The editor's text: lines of any length and bytes of any kind, changed by two operations that can
// be undone: something is inserted, or taken out.
#ifndef RUNG_USER_EDIT_TEXT_H
#define RUNG_USER_EDIT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct line {
    char *bytes;
    size_t length;
    size_t room; // 0: the bytes belong to what was read, and are copied before they are changed
};

struct place {
    size_t line, column; // from 0; bytes
};

struct change {
    bool inserted; // else taken out
    bool typed; // what is typed next joins it
    struct place start, end; // where it is, or was
    char *bytes;
    size_t length;
    bool chained; // undone together with the one before
};

struct text {
    struct line *lines; // at least one; between two of them is a '\n'
    size_t count, room;
    char *read; // what the file held
    struct change *changes; // those that were undone stand behind `done`
    size_t done, change_count;
    size_t saved; // value of `done` when the text was as it is in the file
    bool never_saved; // there is no such value any more
};

// Makes a text of what is in memory from malloc, which it takes over.
void text_make(struct text *text, char *bytes, size_t length);

// Inserts bytes, lines too, at a place; returns where they end. typed: joins the change before, if
// that was typed right before it.
struct place text_insert(struct text *text, struct place at, const char *bytes, size_t length,
                         bool typed);

// Takes out what is between two places; start is not behind end.
void text_remove(struct text *text, struct place start, struct place end);

// A copy of what is between two places, on the heap.
char *text_copy(const struct text *text, struct place start, struct place end, size_t *length);

// Joins the last change with the one before: both are undone in one.
void text_chain(struct text *text);

// Undoes, or does again; false: there is nothing. *place is where that was.
bool text_undo(struct text *text, struct place *place);
bool text_redo(struct text *text, struct place *place);

// Whether it differs from what was read, or saved.
bool text_is_changed(const struct text *text);
void text_was_saved(struct text *text);

#endif
