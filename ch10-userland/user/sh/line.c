#include "user/sh/line.h"

#include "user/sh/complete.h"
#include "user/sh/history.h"
#include "user/sh/line_view.h"

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
    KEY_WORD_LEFT,
    KEY_WORD_RIGHT,
    KEY_UNKNOWN
};

static void insert(struct line *line, const char *text, size_t length)
{
    if (length > LINE_MAX_LENGTH - line->length) {
        line_put(line, "\a");
        return;
    }
    memmove(line->text + line->cursor + length, line->text + line->cursor,
            line->length - line->cursor);
    memcpy(line->text + line->cursor, text, length);
    line->length += length;
    line->cursor += length;
    line_show(line, line->cursor - length, false);
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
    line_show(line, from, true);
}

// The same, but keeps it for Ctrl-Y.
static void take(struct line *line, size_t from, size_t to)
{
    struct history *history = line->shell->history;

    if (from < to) {
        free(history->cut);
        history->cut = memory_get(to - from + 1);
        memcpy(history->cut, line->text + from, to - from);
        history->cut[to - from] = '\0';
        cut(line, from, to);
    }
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

static size_t word_behind(const struct line *line)
{
    size_t position = line->cursor;

    while (position < line->length && line->text[position] == ' ') {
        position++;
    }
    while (position < line->length && line->text[position] != ' ') {
        position++;
    }
    return position;
}

// Has the text be a line of the history, or what was being typed; false: there is none.
static bool recall(struct line *line, int wanted)
{
    struct history *history = line->shell->history;
    const char *text;

    if (wanted < 0 || wanted > history->count) {
        return false;
    }
    if (line->old == history->count) {
        free(line->draft);
        line->text[line->length] = '\0';
        line->draft = memory_string(line->text);
    }
    line->old = wanted;
    text = wanted == history->count ? line->draft : history->lines[wanted];
    line->length = strlen(text) < LINE_MAX_LENGTH ? strlen(text) : LINE_MAX_LENGTH;
    line->cursor = line->length;
    memcpy(line->text, text, line->length);
    return true;
}

// The line before (-1) or behind (1) in the history.
static void go_back(struct line *line, int direction)
{
    if (recall(line, line->old + direction)) {
        line_show(line, 0, true);
    }
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
    line_move(line, line->length);
    line_put(line, "\n");
    for (const struct word *word = completion->candidates; word; word = word->next) {
        if (column > 0 && column + width > line->columns) {
            line_put(line, "\n");
            column = 0;
        }
        line_put(line, word->text);
        for (size_t i = strlen(word->text); i < width && column + width <= line->columns; i++) {
            line_put(line, " ");
        }
        column += width;
    }
    line_put(line, "\n");
    line_show_prompt(line, prompt);
    line_show(line, 0, true);
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
        line_put(line, "\a");
    }
    arena_release(&line->shell->arena, mark);
}

static int read_byte(struct line *line)
{
    unsigned char byte;
    ssize_t got;

    line_flush(line);
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
    if (byte == 'b' || byte == 'f') { // Alt and a letter
        return byte == 'b' ? KEY_WORD_LEFT : KEY_WORD_RIGHT;
    }
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
    line_move(line, position);
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
    case KEY_WORD_LEFT:
        go(line, word_before(line));
        break;
    case KEY_WORD_RIGHT:
        go(line, word_behind(line));
        break;
    case CONTROL('U'):
        take(line, 0, cursor);
        break;
    case CONTROL('K'):
        take(line, cursor, line->length);
        break;
    case CONTROL('W'):
        take(line, word_before(line), cursor);
        break;
    case CONTROL('Y'):
        if (line->shell->history->cut) {
            insert(line, line->shell->history->cut, strlen(line->shell->history->cut));
        }
        break;
    case CONTROL('L'):
        line_put(line, "\033[H\033[J");
        line_show_prompt(line, prompt);
        line_show(line, 0, false);
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

// Ctrl-R: looks for the youngest line with what is typed in it, and for the one before with another
// Ctrl-R. The key that is for neither: Ctrl-G goes back to what was there, others go on from the
// line found.
static int search(struct line *line, const char *prompt)
{
    struct history *history = line->shell->history;
    char wanted[40] = "", label[64];
    size_t length = 0;
    int key, at;

    for (;;) {
        snprintf(label, sizeof(label), "(search: %s) ", wanted);
        line_restart(line, label);
        key = read_key(line);
        at = line->old;
        if (key == CONTROL('R')) {
            at--;
        } else if (key == 127 || key == '\b') {
            length -= length > 0;
            at = history->count;
        } else if (key >= ' ' && key < 256 && length + 1 < sizeof(wanted)) {
            wanted[length++] = (char)key;
        } else {
            break;
        }
        wanted[length] = '\0';
        at -= at == history->count;
        while (at >= 0 && !strstr(history->lines[at], wanted)) {
            at--;
        }
        if (!recall(line, at)) {
            line_put(line, "\a");
        }
    }
    if (key == CONTROL('G')) {
        recall(line, history->count);
    }
    line_restart(line, prompt);
    return key;
}

static enum line_end edit_line(struct line *line, const char *prompt)
{
    enum line_end end;

    line_show_prompt(line, prompt);
    for (;;) {
        int key = read_key(line);

        if (key == CONTROL('R')) {
            key = search(line, prompt);
        }
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
        line_move(line, line->length);
        line_put(line, end == LINE_INTERRUPTED ? "^C\n" : "\n");
        line_flush(line);
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
