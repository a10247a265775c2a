// Sequences and their parts: ECMA-48, 5th edition, section 5; what is not in there is DEC's ("VT100
// User Guide", chapter 3) or xterm's ("XTerm Control Sequences").
#include "kernel/dev/ansi.h"

#include "kernel/cpu/cpu.h"
#include "kernel/dev/ansi_screen.h"
#include "kernel/dev/input.h"
#include "kernel/dev/serial.h"
#include "lib/string.h"

#define ESC '\033'
#define CAN '\030' // ends a sequence without effect, as does:
#define SUB '\032'
#define DELETE '\177'

#define PARAMETER_VALUE_MAX 9999
#define STRING_MAX 256 // bytes: a longer one is none
#define HELD_MAX 16

static enum { GROUND, ESCAPE, CONTROL, STRING, STRING_ESCAPE, SKIP_ONE } state;
static struct ansi_sequence sequence; // as far as it has come
static bool unknown; // with characters that no sequence has which is understood
static unsigned string_length;

static void begin_control(void)
{
    state = CONTROL;
    sequence = (struct ansi_sequence){.count = 1};
    unknown = false;
}

static void escape_byte(char byte)
{
    state = GROUND;
    switch (byte) {
    case '[':
        begin_control();
        break;
    case ']': // strings for other devices, or for a window's title
    case 'P':
    case 'X':
    case '^':
    case '_':
        state = STRING;
        string_length = 0;
        break;
    case ' ' ... '/': // character sets and the like
        state = SKIP_ONE;
        break;
    default:
        ansi_escape(byte);
        break;
    }
}

// A digit of the last parameter. Those that are too many are passed over.
static void add_digit(unsigned digit)
{
    if (sequence.count <= ANSI_PARAMETERS_MAX) {
        unsigned *value = &sequence.parameters[sequence.count - 1];
        *value = *value * 10 + digit;
        *value = *value < PARAMETER_VALUE_MAX ? *value : PARAMETER_VALUE_MAX;
    }
}

static void control_byte(char byte, char *answer, size_t size)
{
    switch (byte) {
    case '0' ... '9':
        add_digit((unsigned)(byte - '0'));
        break;
    case ':':
    case ';':
        sequence.count += sequence.count <= ANSI_PARAMETERS_MAX;
        break;
    case '<' ... '?':
        sequence.mark = byte;
        break;
    case '@' ... '~':
        state = GROUND;
        sequence.what = byte;
        sequence.count -= sequence.count > ANSI_PARAMETERS_MAX;
        if (!unknown) {
            ansi_control(&sequence, answer, size);
        }
        break;
    default:
        unknown = true;
        break;
    }
}

static void string_byte(char byte)
{
    if (byte == ESC) {
        state = STRING_ESCAPE;
    } else if ((byte >= 0 && byte < ' ') || ++string_length > STRING_MAX) {
        state = GROUND; // BEL ends it, and so does what no string has
    }
}

// Takes a byte that is not plain text in the ground state.
static void take_byte(char byte, char *answer, size_t size)
{
    if (state == STRING) {
        string_byte(byte);
    } else if (byte == ESC) {
        state = ESCAPE;
    } else if (byte == CAN || byte == SUB) {
        state = GROUND;
    } else if (byte >= 0 && byte < ' ') {
        ansi_character(byte);
    } else if (state == ESCAPE || state == STRING_ESCAPE) {
        escape_byte(byte);
    } else if (state == CONTROL) {
        control_byte(byte, answer, size);
    } else {
        state = GROUND; // SKIP_ONE, or DEL, which is nothing
    }
}

static bool is_text(char byte)
{
    return (byte < 0 || byte >= ' ') && byte != DELETE;
}

// ---- The line ----

// The beginning of a sequence that another write has to end: the line gets it when it has turned
// out to be no request.
static char held[HELD_MAX];
static size_t held_length;

static void release_held(void)
{
    serial_write_raw(held, held_length);
    held_length = 0;
}

// Holds a sequence's bytes back, or gives them to the line if there are too many.
static void hold(const char *text, size_t length)
{
    if (held_length + length <= sizeof(held)) {
        memcpy(held + held_length, text, length);
        held_length += length;
    } else {
        release_held();
        serial_write_raw(text, length);
    }
}

void ansi_write(const char *text, size_t length)
{
    bool interrupts = cpu_save_interrupts(); // handlers write too
    size_t sent = 0; // up to here the line has got the text, or must not
    size_t start = 0; // of the sequence that we are in
    for (size_t i = 0; i < length;) {
        if (state == GROUND && is_text(text[i])) {
            size_t first = i;
            while (i < length && is_text(text[i])) {
                i++;
            }
            ansi_text(text + first, i - first);
            continue;
        }
        char answer[24] = "";
        start = text[i] == ESC ? i : start;
        take_byte(text[i++], answer, sizeof(answer));
        if (answer[0] != '\0') {
            serial_write_raw(text + sent, start - sent);
            sent = i;
            held_length = 0;
            input_put(answer, strlen(answer)); // may be echoed, and so come here again
        } else if (state == GROUND) {
            release_held();
        }
    }
    size_t end = state == ESCAPE || state == CONTROL ? start : length;
    if (end > sent) {
        release_held();
        serial_write_raw(text + sent, end - sent);
    }
    hold(text + end, length - end);
    ansi_show_cursor();
    cpu_restore_interrupts(interrupts);
}
