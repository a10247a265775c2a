// The inside of a FILE, for the files of the library that work on it.
#ifndef RUNG_USER_LIBC_STREAM_H
#define RUNG_USER_LIBC_STREAM_H

#include <stdio.h>

#define UNGET_MAX 8 // bytes in the buffer before what is read, for ungetc

enum stream_buffering { STREAM_FULL = _IOFBF, STREAM_LINE = _IOLBF, STREAM_NONE = _IONBF };

struct file_stream {
    int descriptor; // -1: a text in memory (sscanf)
    bool readable, writable, appending;
    bool writing; // the buffer holds what is to be written; else what has been read
    bool at_end, failed;
    bool chosen; // buffering and buffer have been
    bool own_buffer; // to be freed
    enum stream_buffering buffering;
    char *buffer;
    size_t size; // more than UNGET_MAX
    size_t start, end; // reading: buffer[start..end) is unread; writing: buffer[0..end)
    pid_t child; // of popen; 0: none
    FILE *next; // in the list of all that are open
};

// Flushes all streams at the program's end: exit calls it through this, if it is set.
extern void (*stream_at_exit)(void);

// Makes a stream of a descriptor; flags as of open. NULL: without memory.
FILE *stream_open(int descriptor, int flags);

// What open's flags are for a mode ("r+"); -1 and EINVAL for none.
int stream_flags(const char *mode);

// Chooses a buffer, and how it is used, before the first byte: a terminal sees each line at once.
// False, and the stream has failed, without memory.
bool stream_choose(FILE *file);

// Writes bytes through the buffer; returns how many of them could be taken.
size_t stream_write(FILE *file, const char *bytes, size_t size);

// Makes some bytes unread, if there are none. False at the end, and after an error.
bool stream_fill(FILE *file);

#endif
