#include "user/sh/line.h"

#include "user/sh/complete.h"
#include "user/sh/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define CONTROL(letter) ((letter)&0x1f)
#define LINE_MAX_LENGTH 4096

// Keys that are no characters.
enum key {
    KEY_END_OF_INPUT = 256,
    KEY_UP,
    KEY_DOWN,
    KEY_RIGHT,
    KEY_LEFT,
    KEY_HOME,
    KEY_END,
    KEY_DELETE,
    KEY_UNKNOWN
};

// A line under way. A place on the screen is a number of columns behind the prompt's beginning:
// lines that are too long for the screen go on below.
struct line {
    struct shell *shell;
    char *text;
    size_t length, cursor;
    size_t prompt; // its columns
    size_t columns; // of the screen
    size_t at; // where the screen's cursor is, as a position in the text
    char *draft; // what was typed before the history was looked at
    int old; // line of the history that is shown
    bool tabbed; // the key before was Tab, and led nowhere
    size_t waiting; // bytes of output
    char output[256];
};

static void flush(struct line *line)
{
    size_t done = 0;

    while (done < line->waiting) {
        ssize_t written = write(STDERR_FILENO, line->output + done, line->waiting - done);

        if (written <= 0) {
            break;
        }
        done += (size_t)written;
    }
    line->waiting = 0;
}

static void put(struct line *line, const char *text, size_t length)
{
    while (length-- > 0) {
        if (line->waiting == sizeof(line->output)) {
            flush(line);
        }
        line->output[line->waiting++] = *text++;
    }
}

static void put_string(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

// ESC [ number letter, for a number above 0.
static void put_sequence(struct line *line, size_t number, char letter)
{
    char text[32];

    if (number > 0) {
        put(line, text, (size_t)snprintf(text, sizeof(text), "\033[%zu%c", number, letter));
    }
}

// Moves the screen's cursor to a position.
static void move(struct line *line, size_t to)
{
    size_t from_row = (line->prompt + line->at) / line->columns;
    size_t to_row = (line->prompt + to) / line->columns;
    size_t column = (line->prompt + to) % line->columns;

    if (to_row == from_row && to <= line->at && line->at - to < 4) {
        put(line, "\b\b\b", line->at - to);
    } else {
        put_sequence(line, from_row > to_row ? from_row - to_row : 0, 'A');
        put_sequence(line, to_row > from_row ? to_row - from_row : 0, 'B');
        put_string(line, "\r");
        put_sequence(line, column, 'C');
    }
    line->at = to;
}

// Shows the text from a position on, and moves the cursor to where it belongs. `shorter`: what is
// behind the text on the screen is old.
static void show(struct line *line, size_t from, bool shorter)
{
    move(line, from);
    for (size_t i = from; i < line->length; i++) {
        char c = line->text[i];

        put(line, (unsigned char)c < ' ' || c == 127 ? "?" : &c, 1);
    }
    line->at = line->length;
    // At the end of a row some screens go on to the next only with the next character.
    if (line->length > from && (line->prompt + line->at) % line->columns == 0) {
        put_string(line, " \r");
    }
    if (shorter) {
        put_string(line, "\033[J");
    }
    move(line, line->cursor);
}

static void insert(struct line *line, const char *text, size_t length)
{
    if (length > LINE_MAX_LENGTH - line->length) {
        put_string(line, "\a");
        return;
    }
    memmove(line->text + line->cursor + length, line->text + line->cursor,
            line->length - line->cursor);
    memcpy(line->text + line->cursor, text, length);
    line->length += length;
    line->cursor += length;
    show(line, line->cursor - length, false);
}

// Takes out what is between two positions.
static void cut(struct line *line, size_t from, size_t to)
{
    if (from == to) {
        return;
    }
    memmove(line->text + from, line->text + to, line->length - to);
    line->length -= to - from;
    line->cursor = from;
    show(line, from, true);
}

static size_t word_before(const struct line *line)
{
    size_t position = line->cursor;

    while (position > 0 && line->text[position - 1] == ' ') {
        position--;
    }
    while (position > 0 && line->text[position - 1] != ' ') {
        position--;
    }
    return position;
}

// Shows another line instead.
static void replace(struct line *line, const char *text)
{
    size_t length = strlen(text);

    line->length = line->cursor = length < LINE_MAX_LENGTH ? length : LINE_MAX_LENGTH;
    memcpy(line->text, text, line->length);
    show(line, 0, true);
}

// The line before (-1) or behind (1) in the history.
static void go_back(struct line *line, int direction)
{
    struct history *history = line->shell->history;
    int wanted = line->old + direction;

    if (wanted < 0 || wanted > history->count) {
        return;
    }
    if (line->old == history->count) {
        free(line->draft);
        line->text[line->length] = '\0';
        line->draft = memory_string(line->text);
    }
    line->old = wanted;
    replace(line, wanted == history->count ? line->draft : history->lines[wanted]);
}

static void show_prompt(struct line *line, const char *prompt)
{
    const char *last = strrchr(prompt, '\n');

    put_string(line, prompt);
    line->prompt = 0;
    for (last = last ? last + 1 : prompt; *last; last++) {
        if (*last != '\033') {
            line->prompt++;
            continue;
        }
        last += strcspn(last, "mHJK"); // colours and the like take no room
        if (!*last) {
            break;
        }
    }
    if (line->prompt > 0 && line->prompt % line->columns == 0) {
        put_string(line, " \r");
    }
    line->at = 0;
}

// Lists what the word may become, in columns, and begins the line anew below.
static void list(struct line *line, const struct completion *completion, const char *prompt)
{
    size_t width = 0, column = 0;

    for (const struct word *word = completion->candidates; word; word = word->next) {
        if (strlen(word->text) > width) {
            width = strlen(word->text);
        }
    }
    width += 2;
    move(line, line->length);
    put_string(line, "\n");
    for (const struct word *word = completion->candidates; word; word = word->next) {
        if (column > 0 && column + width > line->columns) {
            put_string(line, "\n");
            column = 0;
        }
        put_string(line, word->text);
        for (size_t i = strlen(word->text); i < width && column + width <= line->columns; i++) {
            put_string(line, " ");
        }
        column += width;
    }
    put_string(line, "\n");
    show_prompt(line, prompt);
    show(line, 0, true);
}

static void tab(struct line *line, const char *prompt)
{
    struct arena_mark mark = arena_mark(&line->shell->arena);
    struct completion completion;
    bool again = line->tabbed;

    line->text[line->length] = '\0';
    complete(line->shell, line->text, line->cursor, &completion);
    line->tabbed = *completion.more == '\0';
    if (*completion.more) {
        insert(line, completion.more, strlen(completion.more));
    } else if (again && completion.count > 0) {
        list(line, &completion, prompt);
    } else {
        put_string(line, "\a");
    }
    arena_release(&line->shell->arena, mark);
}

static int read_byte(struct line *line)
{
    unsigned char byte;
    ssize_t got;

    flush(line);
    do {
        got = read(STDIN_FILENO, &byte, 1);
    } while (got < 0 && errno == EINTR);
    return got == 1 ? byte : KEY_END_OF_INPUT;
}

// A key: a character, or what a sequence of several stands for.
static int read_key(struct line *line)
{
    static const struct {
        char last; // byte of the sequence
        char number; // before it, if that is ~
        enum key key;
    } keys[] = {
        {'A', 0, KEY_UP}, {'B', 0, KEY_DOWN}, {'C', 0, KEY_RIGHT}, {'D', 0, KEY_LEFT},
        {'H', 0, KEY_HOME}, {'F', 0, KEY_END}, {'~', 1, KEY_HOME}, {'~', 3, KEY_DELETE},
        {'~', 4, KEY_END}, {'~', 7, KEY_HOME}, {'~', 8, KEY_END},
    };
    int byte = read_byte(line), number = 0;

    if (byte != '\033') {
        return byte;
    }
    byte = read_byte(line);
    if (byte != '[' && byte != 'O') {
        return byte == KEY_END_OF_INPUT ? byte : KEY_UNKNOWN;
    }
    while ((byte = read_byte(line)) < 0x40 && byte >= ' ') {
        number = byte >= '0' && byte <= '9' ? (number * 10 + byte - '0') % 100 : 0;
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (byte == keys[i].last && (byte != '~' || number == keys[i].number)) {
            return keys[i].key;
        }
    }
    return byte == KEY_END_OF_INPUT ? byte : KEY_UNKNOWN;
}

static void go(struct line *line, size_t position)
{
    line->cursor = position;
    move(line, position);
}

// Does what a key says that doesn't end the line.
static void edit(struct line *line, int key, const char *prompt)
{
    size_t cursor = line->cursor;
    char c = (char)key;

    if (key != '\t') {
        line->tabbed = false;
    }
    switch (key) {
    case KEY_LEFT:
    case CONTROL('B'):
        go(line, cursor - (cursor > 0));
        break;
    case KEY_RIGHT:
    case CONTROL('F'):
        go(line, cursor + (cursor < line->length));
        break;
    case KEY_HOME:
    case CONTROL('A'):
        go(line, 0);
        break;
    case KEY_END:
    case CONTROL('E'):
        go(line, line->length);
        break;
    case KEY_UP:
    case CONTROL('P'):
        go_back(line, -1);
        break;
    case KEY_DOWN:
    case CONTROL('N'):
        go_back(line, 1);
        break;
    case 127:
    case '\b':
        cut(line, cursor - (cursor > 0), cursor);
        break;
    case KEY_DELETE:
    case CONTROL('D'):
        cut(line, cursor, cursor + (cursor < line->length));
        break;
    case CONTROL('U'):
        cut(line, 0, cursor);
        break;
    case CONTROL('K'):
        cut(line, cursor, line->length);
        break;
    case CONTROL('W'):
        cut(line, word_before(line), cursor);
        break;
    case CONTROL('L'):
        put_string(line, "\033[H\033[J");
        show_prompt(line, prompt);
        show(line, 0, false);
        break;
    case '\t':
        tab(line, prompt);
        break;
    default:
        if (key >= ' ' && key < 256) {
            insert(line, &c, 1);
        }
    }
}

static enum line_end edit_line(struct line *line, const char *prompt)
{
    enum line_end end;

    show_prompt(line, prompt);
    for (;;) {
        int key = read_key(line);

        if (key == '\r' || key == '\n') {
            end = LINE_DONE;
        } else if (key == CONTROL('C')) {
            end = LINE_INTERRUPTED;
        } else if (key == KEY_END_OF_INPUT || (key == CONTROL('D') && line->length == 0)) {
            end = LINE_ENDED;
        } else {
            edit(line, key, prompt);
            continue;
        }
        move(line, line->length);
        put_string(line, end == LINE_INTERRUPTED ? "^C\n" : "\n");
        flush(line);
        return end;
    }
}

enum line_end line_read(struct shell *shell, const char *prompt, struct buffer *text)
{
    struct line *line = memory_get(sizeof(*line));
    struct termios raw = *shell->terminal;
    struct winsize size;
    enum line_end end;

    *line = (struct line){.shell = shell, .old = shell->history->count, .columns = 80};
    line->text = memory_get(LINE_MAX_LENGTH + 1);
    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1) {
        line->columns = size.ws_col;
    }
    raw.c_lflag &= ~(unsigned)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~(unsigned)(IXON | ICRNL | INLCR);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    end = edit_line(line, prompt);
    tcsetattr(STDIN_FILENO, TCSADRAIN, shell->terminal);
    line->text[line->length] = '\0';
    if (end == LINE_DONE) {
        bool added = history_add(shell, line->text);

        if (added) {
            history_append(shell, line->text);
        }
        (void)added;
        buffer_add(text, line->text, line->length);
        buffer_put(text, '\n');
    }
    free(line->draft);
    free(line->text);
    free(line);
    return end;
}
