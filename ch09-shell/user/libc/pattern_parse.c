// Regular expressions: from text to steps.
#include "user/libc/command.h"
#include "user/libc/pattern_steps.h"

#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 8192
#define DEPTH_MAX 24 // of groups: each is a few frames of the parser on a small stack
#define REPEAT_MAX 255 // RE_DUP_MAX

struct parser {
    struct pattern *pattern;
    const char *text;
    int flags;
    int depth;
    const char *error;
};

static void set_add(uint64_t set[4], unsigned byte)
{
    set[byte / 64] |= 1ull << byte % 64;
}

static void set_invert(uint64_t set[4])
{
    for (int i = 0; i < 4; i++) {
        set[i] = ~set[i];
    }
}

static void fail(struct parser *parser, const char *error)
{
    if (parser->error == NULL) {
        parser->error = error;
    }
}

// Makes room for `count` steps at a place; what was there moves on. NULL: the pattern is too large.
static struct step *insert(struct parser *parser, size_t place, size_t count)
{
    struct pattern *pattern = parser->pattern;
    if (parser->error != NULL || count > STEPS_MAX - pattern->count) {
        fail(parser, "Regular expression too big");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        pattern->steps = must_grow(pattern->steps, pattern->count + i, sizeof(*pattern->steps));
    }
    struct step *step = &pattern->steps[place];
    memmove(step + count, step, (pattern->count - place) * sizeof(*step));
    memset(step, 0, count * sizeof(*step));
    pattern->count += count;
    return step;
}

static struct step *append(struct parser *parser, enum operation operation)
{
    struct step *step = insert(parser, parser->pattern->count, 1);
    if (step != NULL) {
        step->operation = operation;
    }
    return step;
}

static void fold_case(const struct parser *parser, uint64_t set[4])
{
    for (unsigned byte = 'a'; byte <= 'z' && (parser->flags & PATTERN_IGNORE_CASE); byte++) {
        unsigned upper = byte - 'a' + 'A';
        if (pattern_set_has(set, (unsigned char)byte) ||
            pattern_set_has(set, (unsigned char)upper)) {
            set_add(set, byte);
            set_add(set, upper);
        }
    }
}

static void append_byte(struct parser *parser, char byte)
{
    struct step *step = append(parser, SET);
    if (step != NULL) {
        set_add(step->set, (unsigned char)byte);
        fold_case(parser, step->set);
    }
}

static bool in_class(const char *name, size_t length, unsigned c)
{
    bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
    bool graph = c > ' ' && c < 0x7f;
    const struct {
        const char *name;
        bool is;
    } classes[] = {
        {"alpha", upper || lower}, {"digit", digit}, {"alnum", upper || lower || digit},
        {"upper", upper}, {"lower", lower}, {"space", c == ' ' || (c >= '\t' && c <= '\r')},
        {"blank", c == ' ' || c == '\t'}, {"punct", graph && !upper && !lower && !digit},
        {"print", graph || c == ' '}, {"graph", graph}, {"cntrl", c < ' ' || c == 0x7f},
        {"xdigit", digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')},
    };
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (strncmp(classes[i].name, name, length) == 0 && classes[i].name[length] == '\0') {
            return classes[i].is;
        }
    }
    return false;
}

// [:name:] in a bracket: the text is behind "[:".
static void add_class(struct parser *parser, uint64_t set[4])
{
    const char *name = parser->text;
    size_t length = 0;
    while (name[length] >= 'a' && name[length] <= 'z') {
        length++;
    }
    if (name[length] != ':' || name[length + 1] != ']') {
        fail(parser, "Unmatched [, [^, [:, [., or [=");
        return;
    }
    bool known = false;
    for (unsigned c = 0; c < 128; c++) {
        if (in_class(name, length, c)) {
            known = true;
            set_add(set, c);
        }
    }
    if (!known) {
        fail(parser, "Invalid character class name");
    }
    parser->text += length + 2;
}

static void parse_bracket(struct parser *parser)
{
    uint64_t set[4] = {0};
    bool inverted = *parser->text == '^';
    parser->text += inverted;
    for (bool first = true; first || *parser->text != ']'; first = false) {
        unsigned char low = (unsigned char)*parser->text++;
        if (low == '\0') {
            fail(parser, "Unmatched [, [^, [:, [., or [=");
            return;
        }
        if (low == '[' && *parser->text == ':') {
            parser->text++;
            add_class(parser, set);
            if (parser->error != NULL) {
                return;
            }
            continue;
        }
        unsigned char high = low;
        if (parser->text[0] == '-' && parser->text[1] != ']' && parser->text[1] != '\0') {
            high = (unsigned char)parser->text[1];
            parser->text += 2;
        }
        if (high < low) {
            fail(parser, "Invalid range end");
        }
        for (unsigned c = low; c <= high; c++) {
            set_add(set, c);
        }
    }
    parser->text++;
    fold_case(parser, set);
    if (inverted) {
        set_invert(set);
    }
    struct step *step = append(parser, SET);
    if (step != NULL) {
        memcpy(step->set, set, sizeof(set));
    }
}

static void parse_alternatives(struct parser *parser);

// Whether an operator of the extended syntax is next: "(", or "\(" in the basic one. If so it is
// passed over.
static bool accept(struct parser *parser, char operator)
{
    bool extended = (parser->flags & PATTERN_EXTENDED) != 0;
    const char *text = parser->text;
    if (parser->flags & PATTERN_FIXED || (!extended && text[0] != '\\') ||
        text[extended ? 0 : 1] != operator) {
        return false;
    }
    parser->text += extended ? 1 : 2;
    return true;
}

static bool peek(struct parser *parser, char operator)
{
    const char *text = parser->text;
    bool is = accept(parser, operator);
    parser->text = text;
    return is;
}

static void parse_escape(struct parser *parser)
{
    static const char letters[] = "<>bB";
    static const enum operation operations[] = {WORD_START, WORD_END, BORDER, NO_BORDER};
    char byte = *parser->text++;
    const char *letter = byte != '\0' ? strchr(letters, byte) : NULL;
    if (letter != NULL) {
        append(parser, operations[letter - letters]);
    } else if (byte == 'w' || byte == 'W' || byte == 's' || byte == 'S') {
        struct step *step = append(parser, SET);
        for (unsigned c = 0; c < 256 && step != NULL; c++) {
            bool is = byte == 'w' || byte == 'W' ? pattern_is_word((unsigned char)c)
                                                 : c == ' ' || (c >= '\t' && c <= '\r');
            if (is == (byte == 'w' || byte == 's')) {
                set_add(step->set, c);
            }
        }
    } else if (byte >= '1' && byte <= '9') {
        fail(parser, "Back references are not supported");
    } else if (byte == '\0') {
        parser->text--;
        fail(parser, "Trailing backslash");
    } else {
        append_byte(parser, byte);
    }
}

// One thing that a repetition can follow. `start`: nothing is before it in its branch.
static void parse_atom(struct parser *parser, bool start)
{
    bool extended = (parser->flags & PATTERN_EXTENDED) != 0;
    if (parser->flags & PATTERN_FIXED) {
        append_byte(parser, *parser->text++);
        return;
    }
    if (accept(parser, '(')) {
        if (++parser->depth > DEPTH_MAX) {
            fail(parser, "Regular expression too big");
            return;
        }
        parse_alternatives(parser);
        parser->depth--;
        if (!accept(parser, ')')) {
            fail(parser, "Unmatched ( or \\(");
        }
        return;
    }
    char byte = *parser->text++;
    if (byte == '[') {
        parse_bracket(parser);
    } else if (byte == '.') {
        struct step *step = append(parser, SET);
        if (step != NULL) {
            set_invert(step->set);
        }
    } else if (byte == '^' && (extended || start)) {
        append(parser, LINE_START);
    } else if (byte == '$' &&
               (extended || *parser->text == '\0' || peek(parser, ')') || peek(parser, '|'))) {
        append(parser, LINE_END);
    } else if (byte == '\\') {
        parse_escape(parser);
    } else {
        append_byte(parser, byte);
    }
}

// Reads "m}", "m,}", ",n}" or "m,n}". maximum -1: no limit.
static void parse_bounds(struct parser *parser, int *minimum, int *maximum)
{
    int bound[2] = {-1, -1}, i = 0;
    for (;; parser->text++) {
        char byte = *parser->text;
        if (byte >= '0' && byte <= '9') {
            bound[i] = (bound[i] < 0 ? 0 : bound[i]) * 10 + byte - '0';
            if (bound[i] > REPEAT_MAX) {
                fail(parser, "Regular expression too big");
                return;
            }
        } else if (byte == ',' && i == 0) {
            i = 1;
        } else {
            break;
        }
    }
    *minimum = bound[0] < 0 ? 0 : bound[0];
    *maximum = i == 0 ? bound[0] : bound[1];
    bool nothing = i == 0 && bound[0] < 0;
    if (nothing || !accept(parser, '}') || (*maximum >= 0 && *maximum < *minimum)) {
        fail(parser, "Invalid content of \\{\\}");
    }
}

// Makes the piece that starts at a step repeat between minimum and maximum (-1: any) times.
static void repeat(struct parser *parser, size_t start, int minimum, int maximum)
{
    size_t length = parser->pattern->count - start;
    int copies = maximum < 0 ? minimum + 1 : maximum;
    if (copies == 0) {
        parser->pattern->count = start;
        return;
    }
    for (int i = 1; i < copies; i++) {
        if (insert(parser, parser->pattern->count, length) == NULL) {
            return;
        }
        struct step *steps = parser->pattern->steps;
        memcpy(&steps[start + (size_t)i * length], &steps[start], length * sizeof(*steps));
    }
    // The optional ones, from the last: FORK to behind it before each; after an endless one a JUMP.
    for (int i = copies - 1; i >= minimum; i--) {
        struct step *fork = insert(parser, start + (size_t)i * length, 1);
        if (fork == NULL) {
            return;
        }
        fork->operation = FORK;
        fork->to = (int)(parser->pattern->count - (size_t)(fork - parser->pattern->steps));
        if (maximum < 0) {
            fork->to++;
            struct step *jump = append(parser, JUMP);
            if (jump != NULL) {
                jump->to = -(int)length - 1;
            }
        }
    }
}

static void parse_branch(struct parser *parser)
{
    bool extended = (parser->flags & PATTERN_EXTENDED) != 0;
    bool start = true;
    while (parser->error == NULL && *parser->text != '\0' && !peek(parser, '|') &&
           !(peek(parser, ')') && parser->depth > 0)) {
        if (!extended && peek(parser, ')')) {
            fail(parser, "Unmatched ) or \\)");
            return;
        }
        size_t place = parser->pattern->count;
        // What would repeat nothing stands for itself.
        bool literal = start && *parser->text != '\0' && (*parser->text == '*' ||
                       (extended && strchr("+?{", *parser->text) != NULL));
        if (literal && !(parser->flags & PATTERN_FIXED)) {
            append_byte(parser, *parser->text++);
        } else {
            parse_atom(parser, start);
        }
        bool anchor = parser->pattern->count == place + 1 && parser->error == NULL &&
                      parser->pattern->steps[place].operation == LINE_START;
        start = start && anchor && !extended;
        int minimum, maximum;
        for (;;) {
            if (parser->error != NULL || parser->flags & PATTERN_FIXED || start) {
                break;
            }
            minimum = 0;
            maximum = -1;
            if (*parser->text == '*') {
                parser->text++;
            } else if (accept(parser, '+')) {
                minimum = 1;
            } else if (accept(parser, '?')) {
                maximum = 1;
            } else if (accept(parser, '{')) {
                parse_bounds(parser, &minimum, &maximum);
            } else {
                break;
            }
            repeat(parser, place, minimum, maximum);
        }
    }
}

static void parse_alternatives(struct parser *parser)
{
    struct pattern *pattern = parser->pattern;
    size_t last_jump = 0; // + 1; each jump to the end names the one before until that is known
    for (;;) {
        size_t start = pattern->count;
        parse_branch(parser);
        if (parser->error != NULL || !accept(parser, '|')) {
            break;
        }
        struct step *fork = insert(parser, start, 1);
        if (fork == NULL) {
            return;
        }
        fork->operation = FORK;
        fork->to = (int)(pattern->count - start) + 1;
        struct step *jump = append(parser, JUMP);
        if (jump == NULL) {
            return;
        }
        jump->to = (int)last_jump;
        last_jump = pattern->count;
    }
    while (last_jump != 0) {
        struct step *jump = &pattern->steps[last_jump - 1];
        size_t before = (size_t)jump->to;
        jump->to = (int)(pattern->count - (last_jump - 1));
        last_jump = before;
    }
}

const char *pattern_parse(struct pattern *pattern, const char *text, int flags)
{
    struct parser parser = {.pattern = pattern, .text = text, .flags = flags};
    if (flags & PATTERN_WORD) {
        append(&parser, WORD_NOT_BEFORE);
    }
    parse_alternatives(&parser);
    if (flags & PATTERN_WORD) {
        append(&parser, WORD_NOT_BEHIND);
    }
    append(&parser, MATCH);
    return parser.error;
}
