// What the files of this program share beside commands.h.
#ifndef RUNG_TOOLS_EXT2_PARTS_H
#define RUNG_TOOLS_EXT2_PARTS_H

#include "commands.h"

// ---- contents.c ----

// CRC-32 (that of zip and zlib) of some bytes behind others, 0 at the start.
uint32_t checksum(uint32_t crc, const char *data, size_t size);

// Prints a name: a blank, a backslash, and what is no ASCII, as \xHH.
void print_name(FILE *out, const char *name, size_t length);

// A number in a command, with K, M, G or T behind it.
uint64_t number(const char *word);

// The bytes that a word of a command stands for: =TEXT, @FILE, @FILE:OFFSET:LENGTH, 0:LENGTH
// (zeroes). To be freed; NULL when there is no such file.
char *data_of(const char *word, size_t *size);

// Gives a file's bytes from its position on, at most `limit`, to take: the number, or an error.
int64_t read_all(struct file *file, uint64_t limit,
                 void (*take)(void *context, const char *data, size_t size), void *context);

// What takes them: context is the uint32_t of a checksum, a FILE.
void take_checksum(void *context, const char *data, size_t size);
void take_output(void *context, const char *data, size_t size);

// Writes all at a file's position: the number, less where an error came after some.
int64_t write_all(struct file *file, const char *data, size_t size);

// ---- tree.c ----

// 'd' for a directory and so on, as ls -l has it, '-' for a file.
char type_letter(uint32_t mode);

// Commands.
int64_t do_tree(struct session *session, int count, char **words);
int64_t do_ls(struct session *session, int count, char **words);

#endif
