// The terminal as a screen of rows, and its keys: for programs that are not line by line. A row is
// sent only when it differs from what is there. There is one screen, /dev/tty, whatever the
// standard input and output are.
#ifndef RUNG_USER_LIBC_SCREEN_H
#define RUNG_USER_LIBC_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

// Keys that are no character; control characters and bytes are themselves, Ctrl-A is 1.
enum screen_key {
    KEY_UP = 256, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME, KEY_END, KEY_INSERT, KEY_DELETE,
    KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_WORD_RIGHT, KEY_WORD_LEFT, KEY_ESCAPE,
    KEY_UNKNOWN, // a sequence that means nothing here
    KEY_NONE, // none in time
    KEY_CLOSED, // there will be none any more
};

#define CONTROL(letter) ((letter)&0x1f)

// Takes the terminal over: keys come one by one, unseen, and Ctrl-C is one of them. It is given
// back when the program ends. Ends the program with a message when there is no terminal.
void screen_open(void);
void screen_close(void);

// The next key; waits at most so long, -1: for ever.
int screen_key(int timeout_ms);

// Whether keys have been read and not been given out yet: they come faster than they are typed.
bool screen_keys_wait(void);

// The terminal's descriptor, to wait for keys and something else at once: poll.
int screen_terminal(void);

// Begins a picture: sees how large the terminal is now, and if that has changed draws all again.
void screen_begin(void);
unsigned screen_rows(void);
unsigned screen_columns(void);

// Have all be drawn again, since something else wrote to the terminal.
void screen_redraw(void);

// Begins a row, from 0 on; those that were begun before are done. What is put into it goes up to
// the screen's edge, and is blank behind. A row that is not begun in a picture stays as it was.
void screen_row(unsigned row);

// Puts text into the row; a control character counts as '?'.
void screen_put(char byte);
void screen_text(const char *text);
void screen_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Blanks up to a column.
void screen_fill(unsigned column);

// What follows looks so, to the row's end: codes of SGR such as "7" or "1;32"; "" is as usual.
void screen_style(const char *codes);

// Ends a picture: the cursor goes to a place; or is hidden.
void screen_show(unsigned row, unsigned column);
void screen_show_hidden(void);

#endif
