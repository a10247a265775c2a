// A terminal for programs: the screen understands a part of what a VT100 and xterm do (ECMA-48),
// and the serial line gets the same bytes for the terminal at its other end.
//
// Understood are the control characters BEL, BS, HT, LF, VT, FF and CR; cursor movements (CSI A to
// H, a, d, e, f, `), tabulators (I, Z), erasing (J, K, X), inserting and deleting lines and
// characters (L, M, @, P), scrolling (S, T, r, ESC D, E, M), colours (m), the cursor's position
// saved (ESC 7, 8, CSI s, u) and hidden (CSI ?25l), the other screen (CSI ?1049h), and reset
// (ESC c). The requests for the cursor's position, state and kind of the terminal (CSI 6n, 5n, c)
// are answered as if the answer were typed; they do not go to the line, whose terminal would answer
// once more. What else looks like a sequence is passed over.
#ifndef RUNG_KERNEL_DEV_ANSI_H
#define RUNG_KERNEL_DEV_ANSI_H

#include "lib/types.h"

// Writes bytes as they are: a line feed goes down and nothing else. Any context.
void ansi_write(const char *text, size_t length);

#endif
