// What the sequences that kernel/dev/ansi.c finds do on the screen. Interrupts are off.
#ifndef RUNG_KERNEL_DEV_ANSI_SCREEN_H
#define RUNG_KERNEL_DEV_ANSI_SCREEN_H

#include "lib/types.h"

#define ANSI_PARAMETERS_MAX 16

// A control sequence: ESC [ mark parameter ; parameter... what.
struct ansi_sequence {
    char mark; // '?' and its like, or 0
    char what;
    unsigned count; // of parameters, at least 1
    unsigned parameters[ANSI_PARAMETERS_MAX]; // 0 where there is none
};

// Writes characters without control characters.
void ansi_text(const char *text, size_t length);

// A control character; ESC and another character; a control sequence, which may ask for something:
// then that is written to `answer`.
void ansi_character(char byte);
void ansi_escape(char what);
void ansi_control(const struct ansi_sequence *sequence, char *answer, size_t size);

// Draws the cursor where it is, unless it is hidden.
void ansi_show_cursor(void);

#endif
