// What the commands of user/bin share: memory that is there, buffered output, input by lines. They
// take the place of stdio, whose streams are variables, and a command of chapter 9 has none.
#ifndef RUNG_USER_LIBC_COMMAND_H
#define RUNG_USER_LIBC_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// malloc, realloc and strdup that end the program with a message where there is no memory.
void *must_malloc(size_t size);
void *must_realloc(void *memory, size_t size);
char *must_strdup(const char *text);

// The same for an array that grows one by one: room for count + 1 elements of this size, where
// there was room for count. It is moved seldom.
void *must_grow(void *array, size_t count, size_t size);

// Says "usage: TEXT" and ends the program with status 2.
_Noreturn void command_usage(const char *text);

// Looks at the operands of a command that puts files somewhere, "source... target": returns whether
// the target is a directory, into which they go. Ends the program with a message when there are too
// few of them, or too many for what is no directory.
bool command_target(int count, char *const *operands, const char *usage);

// Reads a whole text as a decimal number; false when it is none or does not fit.
bool command_number(const char *text, int64_t *number);

// Reads an option's number from 0 on; ends the program with a message when it is none. "What" names
// it: "head: invalid number of lines: 'x'".
int64_t command_count(const char *text, const char *what);

// Asks on the standard error, with a question mark, and reads the answer's line from the standard
// input: whether it begins with a y.
bool command_ask(const char *question, const char *path);

// Reads a moment: @seconds, or 2026-11-22, with 20:15 or 20:15:30 behind a blank or a T, in UTC.
bool command_date(const char *text, int64_t *seconds);

// directory/name, on the heap.
char *path_join(const char *directory, const char *name);

// What follows a path's last '/', which trailing ones are not; of "/" that itself. On the heap.
char *path_last(const char *path);

// A size as people read it, at most five characters: 512, 1.5K, 20M.
#define SIZE_TEXT 8
void size_text(char text[SIZE_TEXT], uint64_t bytes);

// ---- Output ----

struct output;

// Collects what is written to a descriptor. Each output that was opened ends by output_close.
struct output *output_open(int descriptor);

// Write bytes, a text, a character: what is collected goes out when the buffer is full.
void output_bytes(struct output *output, const void *bytes, size_t length);
void output_text(struct output *output, const char *text);
void output_char(struct output *output, char byte);
// printf of at most 511 bytes, beyond which it is cut: long texts go by output_text.
void output_format(struct output *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// count blanks; none if it is negative.
void output_blanks(struct output *output, int count);

// Writes what is there. The first error is kept, and nothing is written after it.
void output_flush(struct output *output);

// Flushes and frees. 0, or 1 after a message when anything could not be written.
int output_close(struct output *output);

// Whether an error makes it useless to go on.
bool output_failed(const struct output *output);

// ---- Input by lines ----

struct reader;

// Opens a file to read, "-" is the standard input; NULL after a message.
struct reader *reader_open(const char *path);
// The same for an open descriptor, which reader_close leaves open.
struct reader *reader_new(int descriptor);
void reader_close(struct reader *reader);

// The next line, of any length, ended by a NUL in place of its '\n'; it may hold other NULs. It is
// the reader's until the next call. NULL at the end, or after an error, which gets a message.
char *reader_line(struct reader *reader, size_t *length);

// Whether the line that was read last had a '\n'.
bool reader_line_ended(const struct reader *reader);

// The next piece of what is there, at the end 0 bytes, after a message -1.
ssize_t reader_piece(struct reader *reader, char **bytes);

// Whether reading has failed.
bool reader_failed(const struct reader *reader);

// A mode as "ls -l" shows it: type, rights, NUL.
void mode_text(char text[11], mode_t mode);

#endif
