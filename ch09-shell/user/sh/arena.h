// Memory that is given back all at once: what belongs to one command line.
#ifndef RUNG_USER_SH_ARENA_H
#define RUNG_USER_SH_ARENA_H

#include <stddef.h>

struct arena_block;

// All zero at first.
struct arena {
    struct arena_block *last;
};

// A place in it.
struct arena_mark {
    struct arena_block *block;
    size_t used;
};

// Memory, cleared. All that ask here for some end the shell with a message when there is none.
void *arena_get(struct arena *arena, size_t size);

// A copy of a text of some length, or of a whole string, with a NUL behind it.
char *arena_text(struct arena *arena, const char *text, size_t length);
char *arena_string(struct arena *arena, const char *string);

// Where it stands; gives back all that was got since.
struct arena_mark arena_mark(const struct arena *arena);
void arena_release(struct arena *arena, struct arena_mark mark);

// A text that grows, in an arena: all zero at first but for the arena.
struct buffer {
    struct arena *arena;
    char *text; // a NUL follows it; NULL: nothing yet
    size_t length, room;
};

// Append a character, bytes.
void buffer_put(struct buffer *buffer, char c);
void buffer_add(struct buffer *buffer, const char *text, size_t length);

// Its string, never NULL.
char *buffer_string(struct buffer *buffer);

// malloc, of a copy of a string; as above, they end the shell rather than return NULL.
void *memory_get(size_t size);
char *memory_string(const char *string);

#endif
