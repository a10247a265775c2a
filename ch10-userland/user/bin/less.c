// less: reads a text page by page, back and forth. As much of it is read as is shown.
#include "user/libc/command.h"
#include "user/libc/pattern.h"
#include "user/libc/screen.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE 65536
#define ANSWER_SIZE 128
#define TAB 8

// A row of the screen: a long line takes several.
struct place {
    size_t line;
    size_t row; // of the line, from 0
};

struct less {
    char **files; // the names, up to NULL
    size_t file, file_count;
    int input;
    bool at_end; // everything has been read
    char *bytes;
    size_t used, size;
    size_t *starts; // of lines
    size_t count;
    struct place top;
    bool numbers, chop, end_quits;
    struct pattern *pattern;
    bool backwards; // the last search
    char message[ANSWER_SIZE + 32];
    size_t columns, rows; // for the text
};

static void say(struct less *less, const char *text)
{
    snprintf(less->message, sizeof(less->message), "%s", text);
}

// Reads a piece more. False: there is none, or the reader does not want to wait for it.
static bool read_more(struct less *less)
{
    if (less->at_end) {
        return false;
    }
    struct pollfd wanted[2] = {{.fd = less->input, .events = POLLIN},
                               {.fd = screen_terminal(), .events = POLLIN}};
    while (screen_terminal() >= 0 && poll(wanted, 2, -1) >= 0 && wanted[0].revents == 0) {
        int key = screen_key(0);
        if (key == CONTROL('C') || key == 'q' || key == KEY_CLOSED) {
            return false;
        }
    }
    if (less->size - less->used < READ_SIZE) {
        less->size = 2 * less->size + READ_SIZE;
        less->bytes = must_realloc(less->bytes, less->size);
    }
    ssize_t length = read(less->input, less->bytes + less->used, READ_SIZE);
    if (length < 0 && errno == EINTR) {
        return true;
    }
    if (length < 0) {
        snprintf(less->message, sizeof(less->message), "read error: %s", strerror(errno));
    }
    if (length <= 0) {
        less->at_end = true;
        return less->used > 0 && less->bytes[less->used - 1] != '\n'; // the last line is whole now
    }
    for (ssize_t i = 0; i < length; i++) {
        if (less->bytes[less->used + (size_t)i] == '\n') {
            less->starts = must_grow(less->starts, less->count + 1, sizeof(size_t));
            less->starts[++less->count] = less->used + (size_t)i + 1;
        }
    }
    less->used += (size_t)length;
    return true;
}

// How many lines there are, of which as many as that are wanted: the last one may have no end.
static size_t lines(struct less *less, size_t wanted)
{
    while (less->count < wanted && read_more(less)) {
    }
    return less->count + (less->at_end && less->starts[less->count] < less->used);
}

static const char *line_bytes(const struct less *less, size_t line, size_t *length)
{
    size_t start = less->starts[line];
    size_t end = line < less->count ? less->starts[line + 1] - 1 : less->used;
    *length = end - start;
    return less->bytes + start;
}

static size_t width(unsigned char byte, size_t column)
{
    return byte == '\t' ? TAB - column % TAB : byte < ' ' || byte == 0x7f ? 2 : 1;
}

static size_t rows_of(const struct less *less, size_t line)
{
    size_t length, column = 0;
    const char *bytes = line_bytes(less, line, &length);
    if (less->chop) {
        return 1;
    }
    for (size_t i = 0; i < length; i++) {
        column += width((unsigned char)bytes[i], column);
    }
    return column > 0 ? (column + less->columns - 1) / less->columns : 1;
}

// One row on, or back. False: there is none.
static bool step_down(struct less *less, struct place *place)
{
    if (place->row + 1 < rows_of(less, place->line)) {
        place->row++;
        return true;
    }
    if (place->line + 1 >= lines(less, place->line + 2)) {
        return false;
    }
    *place = (struct place){place->line + 1, 0};
    return true;
}

static bool step_up(const struct less *less, struct place *place)
{
    if (place->row > 0) {
        place->row--;
        return true;
    }
    if (place->line == 0) {
        return false;
    }
    place->line--;
    place->row = rows_of(less, place->line) - 1;
    return true;
}

// Draws one row of a line; what matches the search is shown so.
static void draw_row(struct less *less, struct place place)
{
    size_t length, column = 0, from = place.row * less->columns, start = 0, end = 0;
    const char *bytes = line_bytes(less, place.line, &length);
    if (less->numbers) {
        place.row == 0 ? screen_format("%6zu ", place.line + 1) : screen_fill(7);
    }
    bool marked = false, found = less->pattern != NULL;
    for (size_t i = 0; i < length && column < from + less->columns; i++) {
        while (found && i >= end) {
            found = pattern_find(less->pattern, bytes, length, i, &start, &end);
            if (found && start == end) { // an empty match shows nothing
                end = start + 1;
                start = end;
            }
        }
        bool inside = found && i >= start && i < end;
        if (inside != marked) {
            screen_style(inside ? "7" : "");
            marked = inside;
        }
        unsigned char byte = (unsigned char)bytes[i];
        size_t next = column + width(byte, column);
        for (size_t cell = column; cell < next; cell++) {
            char shown = byte >= ' ' && byte != 0x7f ? (char)byte
                         : byte == '\t'              ? ' '
                         : cell == column            ? '^'
                                                     : (char)(byte ^ 0x40);
            if (cell >= from && cell < from + less->columns) {
                screen_put(shown);
            }
        }
        column = next;
    }
    screen_style("");
}

static void draw(struct less *less, const char *prompt, const char *answer)
{
    screen_begin();
    less->rows = screen_rows() > 1 ? screen_rows() - 1 : 1;
    less->columns = screen_columns() - (less->numbers && screen_columns() > 20 ? 7 : 0);
    struct place place = less->top;
    bool more = lines(less, 1) > 0;
    for (size_t i = 0; i < less->rows; i++) {
        screen_row((unsigned)i);
        if (more) {
            draw_row(less, place);
            more = step_down(less, &place);
        } else {
            screen_text("~");
        }
    }
    screen_row((unsigned)less->rows);
    bool input = strcmp(less->files[less->file], "-") == 0;
    const char *name = input ? "standard input" : less->files[less->file];
    if (prompt == NULL) {
        screen_style("7");
        if (*less->message != '\0') {
            screen_text(less->message);
        } else if (more) {
            screen_format("%s, line %zu", name, less->top.line + 1);
        } else {
            screen_format("%s (END)", name);
        }
        screen_style("");
        screen_show((unsigned)less->rows, screen_columns() - 1);
    } else {
        screen_text(prompt);
        screen_text(answer);
        screen_show((unsigned)less->rows, (unsigned)(strlen(prompt) + strlen(answer)));
    }
}

static void scroll(struct less *less, size_t count, bool down)
{
    struct place bottom = less->top;
    for (size_t i = 0; down && i + 1 < less->rows; i++) {
        count = step_down(less, &bottom) ? count : 0; // all of the end is seen
    }
    for (; count > 0; count--) {
        if (down ? !step_down(less, &bottom) || !step_down(less, &less->top)
                 : !step_up(less, &less->top)) {
            return;
        }
    }
}

static void go_to_end(struct less *less)
{
    size_t count = lines(less, SIZE_MAX);
    less->top = (struct place){count > 0 ? count - 1 : 0, 0};
    less->top.row = count > 0 ? rows_of(less, less->top.line) - 1 : 0;
    for (size_t i = 0; i + 1 < less->rows; i++) {
        step_up(less, &less->top);
    }
}

static void search(struct less *less, bool backwards)
{
    size_t line = less->top.line, start, end, length;
    if (less->pattern == NULL) {
        say(less, "No search so far");
        return;
    }
    while (backwards ? line > 0 : line + 1 < lines(less, line + 2)) {
        line = backwards ? line - 1 : line + 1;
        const char *bytes = line_bytes(less, line, &length);
        if (pattern_find(less->pattern, bytes, length, 0, &start, &end)) {
            less->top = (struct place){line, 0};
            return;
        }
    }
    say(less, "Pattern not found");
}

static bool ask(struct less *less, const char *prompt, char answer[ANSWER_SIZE])
{
    size_t length = 0;
    for (answer[0] = '\0';; answer[length] = '\0') {
        draw(less, prompt, answer);
        int key = screen_key(-1);
        if (key == '\r' || key == '\n') {
            return true;
        }
        bool back = key == 0x7f || key == '\b';
        if (key == KEY_ESCAPE || key == CONTROL('C') || key == KEY_CLOSED ||
            (back && length == 0)) {
            return false;
        }
        length -= back;
        if (key >= ' ' && key <= 0xff && key != 0x7f && length + 1 < ANSWER_SIZE) {
            answer[length++] = (char)key;
        }
    }
}

static void ask_search(struct less *less, bool backwards)
{
    char answer[ANSWER_SIZE];
    if (!ask(less, backwards ? "?" : "/", answer)) {
        return;
    }
    if (*answer != '\0') {
        const char *error;
        int flags = PATTERN_EXTENDED | PATTERN_IGNORE_CASE;
        for (const char *byte = answer; *byte != '\0'; byte++) {
            flags &= *byte >= 'A' && *byte <= 'Z' ? ~PATTERN_IGNORE_CASE : flags;
        }
        struct pattern *pattern = pattern_compile(answer, flags, &error);
        if (pattern == NULL) {
            say(less, error);
            return;
        }
        pattern_free(less->pattern);
        less->pattern = pattern;
    }
    less->backwards = backwards;
    search(less, backwards);
}

// Opens one of the files; false after a message in the status line.
static bool open_file(struct less *less, size_t file)
{
    const char *name = less->files[file];
    struct stat status;
    int input = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY);
    if (input >= 0 && fstat(input, &status) == 0 && S_ISDIR(status.st_mode)) {
        close(input);
        input = -1;
        errno = EISDIR;
    }
    if (input < 0) {
        snprintf(less->message, sizeof(less->message), "%.80s: %s", name, strerror(errno));
        return false;
    }
    if (less->input > STDIN_FILENO) {
        close(less->input);
    }
    less->input = input;
    less->file = file;
    less->used = less->count = 0;
    less->at_end = false;
    less->top = (struct place){0, 0};
    less->starts = must_grow(less->starts, 0, sizeof(size_t));
    less->starts[0] = 0;
    return true;
}

static void show_help(struct less *less)
{
    static const char *const help[] = {
        "  q               ends", "  space f PgDn    a page on", "  b PgUp          a page back",
        "  j Enter Down    a line on", "  k Up            a line back",
        "  d, u            half a page on, back", "  g Home          to the start, 12g: to line 12",
        "  G End           to the end", "  /text  ?text    searches on, back (extended syntax)",
        "  n, N            searches again, in the other direction",
        "  :n, :p          the next file, the one before",
        "  -N -S           line numbers; long lines are cut off", "", "  any key goes back",
    };
    screen_begin();
    for (unsigned row = 0; row < screen_rows(); row++) {
        screen_row(row);
        screen_text(row < sizeof(help) / sizeof(help[0]) ? help[row] : "");
    }
    screen_show_hidden();
    screen_key(-1);
    less->message[0] = '\0';
}

// Obeys one key; false: the end.
static bool obey(struct less *less, int key, size_t number)
{
    size_t page = less->rows > 1 ? less->rows - 1 : 1, times = number > 0 ? number : 1;
    switch (key) {
    case 'q':
    case CONTROL('C'):
    case KEY_CLOSED:
        return false;
    case ' ':
    case 'f':
    case KEY_PAGE_DOWN:
        if (less->end_quits) {
            struct place place = less->top;
            for (size_t i = 0; i < less->rows; i++) {
                if (!step_down(less, &place)) {
                    return false;
                }
            }
        }
        scroll(less, page * times, true);
        break;
    case 'b':
    case KEY_PAGE_UP:
        scroll(less, page * times, false);
        break;
    case 'j':
    case '\r':
    case '\n':
    case KEY_DOWN:
        scroll(less, times, true);
        break;
    case 'k':
    case KEY_UP:
        scroll(less, times, false);
        break;
    case 'd':
    case 'u':
        scroll(less, (page + 1) / 2, key == 'd');
        break;
    case 'g':
    case KEY_HOME:
        less->top = (struct place){0, 0};
        if (number > 0 && number <= lines(less, number)) {
            less->top.line = number - 1;
        }
        break;
    case 'G':
    case KEY_END:
        go_to_end(less);
        break;
    case '/':
    case '?':
        ask_search(less, key == '?');
        break;
    case 'n':
    case 'N':
        search(less, less->backwards != (key == 'N'));
        break;
    case 'h':
        show_help(less);
        break;
    case '-':
        key = screen_key(-1);
        less->numbers ^= key == 'N';
        less->chop ^= key == 'S';
        less->top.row = 0;
        break;
    case ':':
        key = screen_key(-1);
        if ((key == 'n' && less->file + 1 == less->file_count) || (key == 'p' && less->file == 0)) {
            say(less, "There is no other file");
        } else if (key == 'n' || key == 'p') {
            open_file(less, key == 'n' ? less->file + 1 : less->file - 1);
        }
        break;
    }
    return true;
}

// Where the output is no terminal nobody turns pages: everything goes through.
static int copy_all(struct less *less)
{
    struct output *out = output_open(STDOUT_FILENO);
    int status = 0;
    for (char **file = less->files; *file != NULL; file++) {
        struct reader *reader = reader_open(*file);
        char *piece;
        for (ssize_t length; reader != NULL && (length = reader_piece(reader, &piece)) > 0;) {
            output_bytes(out, piece, (size_t)length);
        }
        status |= reader == NULL || reader_failed(reader);
        if (reader != NULL) {
            reader_close(reader);
        }
    }
    return status | output_close(out);
}

int main(int argc, char **argv)
{
    static char *input[] = {"-", NULL};
    struct less less = {.input = -1};
    int option;
    while ((option = getopt(argc, argv, "ENS")) != -1) {
        if (option == '?') {
            command_usage("less [-ENS] [file...]");
        }
        less.end_quits |= option == 'E';
        less.numbers |= option == 'N';
        less.chop |= option == 'S';
    }
    less.files = optind < argc ? argv + optind : input;
    while (less.files[less.file_count] != NULL) {
        less.file_count++;
    }
    if (!isatty(STDOUT_FILENO)) {
        return copy_all(&less);
    }
    if (optind == argc && isatty(STDIN_FILENO)) {
        warnx("missing file operand");
        command_usage("less [-ENS] [file...]");
    }
    for (size_t file = 0; !open_file(&less, file); file++) {
        if (file + 1 == less.file_count) {
            errx(1, "%s", less.message);
        }
    }
    screen_open();
    size_t number = 0; // typed before a key
    for (int key = KEY_NONE; obey(&less, key, number);) {
        number = 0;
        draw(&less, NULL, NULL);
        while ((key = screen_key(-1)) >= '0' && key <= '9') {
            number = number < 100000000 ? number * 10 + (size_t)(key - '0') : number;
        }
        less.message[0] = '\0';
    }
    return 0;
}
