// calc: a calculator. As in C a number is an integer of 64 bits, exact or not at all (what does not
// fit is an error), unless it has a point or an exponent or comes from such a number: 7 / 2 is 3,
// and 7.0 / 2 is 3.5.
#include "user/libc/command.h"

#include <ctype.h>
#include <err.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_SIZE 32
#define DEPTH_MAX 200 // of parentheses

struct value {
    bool decimal;
    int64_t integer;
    double number; // of either kind
};

struct variable {
    char name[NAME_SIZE];
    struct value value;
};

struct calc {
    struct variable *variables;
    size_t count;
    bool hexadecimal;
    const char *at;
    const char *error;
    int depth;
};

// Binary operators, the longer of two that begin alike first, and how strongly they bind. Those of
// one strength go from left to right, but for the power.
static const struct operator
{
    const char *text;
    int strength;
    bool to_left;
} operators[] = {
    {"||", 1, 0}, {"&&", 2, 0}, {"==", 6, 0}, {"!=", 6, 0}, {"<=", 7, 0}, {">=", 7, 0},
    {"<<", 8, 0}, {">>", 8, 0}, {"**", 11, 1}, {"|", 3, 0}, {"^", 4, 0}, {"&", 5, 0},
    {"<", 7, 0}, {">", 7, 0}, {"+", 9, 0}, {"-", 9, 0}, {"*", 10, 0}, {"/", 10, 0}, {"%", 10, 0},
};

#define UNARY_STRENGTH 11 // -2 ** 2 is -4

static const struct function {
    const char *name;
    double (*function)(double);
} functions[] = {
    {"sqrt", sqrt}, {"exp", exp}, {"log", log}, {"log10", log10}, {"sin", sin}, {"cos", cos},
    {"tan", tan}, {"asin", asin}, {"acos", acos}, {"atan", atan}, {"abs", fabs}, {"floor", floor},
    {"ceil", ceil}, {"round", round},
};

static struct value integer(int64_t value)
{
    return (struct value){.integer = value, .number = (double)value};
}

static int64_t fail(struct calc *calc, const char *error)
{
    if (calc->error == NULL) {
        calc->error = error;
    }
    return 0;
}

static struct value decimal(struct calc *calc, double number)
{
    if (!isfinite(number)) {
        fail(calc, isnan(number) ? "no such number" : "result too large");
    }
    return (struct value){.decimal = true, .number = number};
}

static void skip_blanks(struct calc *calc)
{
    while (isspace((unsigned char)*calc->at)) {
        calc->at++;
    }
}

static struct variable *find_variable(struct calc *calc, const char *name, size_t length, bool make)
{
    for (size_t i = 0; i < calc->count; i++) {
        const char *other = calc->variables[i].name;
        if (strncmp(other, name, length) == 0 && other[length] == '\0') {
            return &calc->variables[i];
        }
    }
    if (!make) {
        return NULL;
    }
    calc->variables = must_grow(calc->variables, calc->count, sizeof(*calc->variables));
    struct variable *variable = &calc->variables[calc->count++];
    *variable = (struct variable){0};
    memcpy(variable->name, name, length);
    return variable;
}

static size_t name_length(const char *text)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_') {
        length++;
    }
    return isdigit((unsigned char)*text) ? 0 : length;
}

// 1.5, .5, 1e6
static bool is_decimal(const char *text)
{
    text += strspn(text, "0123456789");
    return *text == '.' || *text == 'e' || *text == 'E';
}

static struct value parse_decimal(struct calc *calc)
{
    char *end;
    double number = strtod(calc->at, &end);
    if (end == calc->at || isalnum((unsigned char)*end) || *end == '.') {
        return integer(fail(calc, "not a number"));
    }
    calc->at = end;
    return decimal(calc, number);
}

// 12, 0x1f, 0b101, 0o17
static int64_t parse_integer(struct calc *calc)
{
    unsigned base = 10;
    if (calc->at[0] == '0' && calc->at[1] != '\0' && strchr("xXbBoO", calc->at[1]) != NULL) {
        char letter = (char)(calc->at[1] | 0x20);
        base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
        calc->at += 2;
    }
    uint64_t value = 0;
    bool any = false, fits = true;
    for (; isalnum((unsigned char)*calc->at); calc->at++, any = true) {
        char byte = *calc->at;
        unsigned digit = (unsigned)(byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10);
        if (digit >= base) {
            return fail(calc, "not a number");
        }
        fits &= !__builtin_mul_overflow(value, base, &value) &&
                !__builtin_add_overflow(value, digit, &value);
    }
    if (!any) {
        return fail(calc, "not a number");
    }
    return fits && value <= INT64_MAX ? (int64_t)value : fail(calc, "number too large");
}

static int64_t power(struct calc *calc, int64_t base, int64_t exponent)
{
    int64_t result = 1;
    if (exponent < 0) {
        return fail(calc, "negative exponent");
    }
    for (; exponent > 0; exponent /= 2) {
        if (exponent % 2 != 0 && __builtin_mul_overflow(result, base, &result)) {
            return fail(calc, "result too large");
        }
        if (exponent > 1 && __builtin_mul_overflow(base, base, &base)) {
            return fail(calc, "result too large");
        }
    }
    return result;
}

static struct value apply_decimal(struct calc *calc, const char *operator, double left,
                                  double right)
{
    if ((*operator== '/' || * operator== '%') && right == 0) {
        return integer(fail(calc, "division by zero"));
    }
    if (strcmp(operator, "**") == 0) {
        return decimal(calc, pow(left, right));
    }
    switch (*operator|(operator[1] << 8)) {
    case '+':
        return decimal(calc, left + right);
    case '-':
        return decimal(calc, left - right);
    case '*':
        return decimal(calc, left * right);
    case '/':
        return decimal(calc, left / right);
    case '%':
        return decimal(calc, fmod(left, right));
    case '<':
        return integer(left < right);
    case '>':
        return integer(left > right);
    case '<' | '=' << 8:
        return integer(left <= right);
    case '>' | '=' << 8:
        return integer(left >= right);
    case '=' | '=' << 8:
        return integer(left == right);
    case '!' | '=' << 8:
        return integer(left != right);
    case '&' | '&' << 8:
        return integer(left != 0 && right != 0);
    case '|' | '|' << 8:
        return integer(left != 0 || right != 0);
    default:
        return integer(fail(calc, "for integers only"));
    }
}

static int64_t apply_integer(struct calc *calc, const char *operator, int64_t left, int64_t right)
{
    int64_t result = 0;
    bool too_large = false;
    bool shifts = strcmp(operator, "<<") == 0 || strcmp(operator, ">>") == 0;
    if (shifts && (right < 0 || right > 63)) {
        return fail(calc, "shift by less than 0 or more than 63");
    }
    if (strcmp(operator, "**") == 0) {
        return power(calc, left, right);
    }
    if (operator[1] != '\0') {
        switch (operator[0]) {
        case '|':
            return left || right;
        case '&':
            return left && right;
        case '=':
            return left == right;
        case '!':
            return left != right;
        case '<':
            result = (int64_t)((uint64_t)left << (shifts ? right : 0));
            too_large = shifts && result >> right != left;
            result = shifts ? result : left <= right;
            return too_large ? fail(calc, "result too large") : result;
        default:
            return shifts ? left >> right : left >= right;
        }
    }
    switch (operator[0]) {
    case '|':
        return left | right;
    case '^':
        return left ^ right;
    case '&':
        return left & right;
    case '<':
        return left < right;
    case '>':
        return left > right;
    case '+':
        too_large = __builtin_add_overflow(left, right, &result);
        break;
    case '-':
        too_large = __builtin_sub_overflow(left, right, &result);
        break;
    case '*':
        too_large = __builtin_mul_overflow(left, right, &result);
        break;
    default:
        if (right == 0) {
            return fail(calc, "division by zero");
        }
        if (right == -1) { // the one quotient that may not fit
            too_large = operator[0] == '/' && left == INT64_MIN;
            result = operator[0] == '%' || too_large ? 0 : - left;
        } else {
            result = operator[0] == '/' ? left / right : left % right;
        }
    }
    return too_large ? fail(calc, "result too large") : result;
}

static struct value apply(struct calc *calc, const char *operator, struct value left,
                          struct value right)
{
    return left.decimal || right.decimal
               ? apply_decimal(calc, operator, left.number, right.number)
               : integer(apply_integer(calc, operator, left.integer, right.integer));
}

static struct value parse_expression(struct calc *calc, int strength);

// What is in parentheses behind a function's name.
static struct value call(struct calc *calc, const char *name, size_t length)
{
    struct value value = parse_expression(calc, UNARY_STRENGTH + 1);
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]) && !calc->error; i++) {
        const char *other = functions[i].name;
        if (strncmp(other, name, length) == 0 && other[length] == '\0') {
            return decimal(calc, functions[i].function(value.number));
        }
    }
    return integer(fail(calc, "no such function"));
}

static struct value parse_operand(struct calc *calc)
{
    skip_blanks(calc);
    char byte = *calc->at;
    if (calc->depth > DEPTH_MAX) {
        return integer(fail(calc, "nested too deeply"));
    }
    const char *name = calc->at;
    size_t length = name_length(name);
    if (length > 0) {
        const struct variable *variable = find_variable(calc, name, length, false);
        calc->at += length;
        skip_blanks(calc);
        if (*calc->at == '(') {
            return call(calc, name, length);
        }
        return variable != NULL ? variable->value : integer(fail(calc, "no such variable"));
    }
    if (is_decimal(calc->at)) {
        return parse_decimal(calc);
    }
    if (isdigit((unsigned char)byte)) {
        return integer(parse_integer(calc));
    }
    if (byte == '\0' || strchr("(-+~!", byte) == NULL) {
        return integer(fail(calc, byte == '\0' ? "unexpected end" : "not an operand"));
    }
    calc->at++;
    calc->depth++;
    struct value value = parse_expression(calc, byte == '(' ? 0 : UNARY_STRENGTH);
    calc->depth--;
    if (byte == '(') {
        skip_blanks(calc);
        if (*calc->at != ')') {
            return integer(fail(calc, "a ')' is missing"));
        }
        calc->at++;
    }
    switch (byte) {
    case '!':
        return integer(value.number == 0);
    case '-':
        return value.decimal ? decimal(calc, -value.number) : apply(calc, "-", integer(0), value);
    case '~':
        return integer(value.decimal ? fail(calc, "for integers only") : ~value.integer);
    default:
        return value;
    }
}

// What follows up to an operator that binds less strongly.
static struct value parse_expression(struct calc *calc, int strength)
{
    struct value value = parse_operand(calc);
    while (calc->error == NULL) {
        skip_blanks(calc);
        const struct operator* found = NULL;
        for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]) && found == NULL; i++) {
            if (strncmp(calc->at, operators[i].text, strlen(operators[i].text)) == 0) {
                found = &operators[i];
            }
        }
        if (found == NULL || found->strength < strength) {
            break;
        }
        calc->at += strlen(found->text);
        calc->depth++;
        struct value right = parse_expression(calc, found->strength + !found->to_left);
        calc->depth--;
        if (calc->error == NULL) {
            value = apply(calc, found->text, value, right);
        }
    }
    return value;
}

// One line: an expression, or NAME = expression. The last result is the variable "_".
static int calculate(struct calc *calc, struct output *out, const char *line)
{
    calc->at = line;
    calc->error = NULL;
    calc->depth = 0;
    skip_blanks(calc);
    if (*calc->at == '\0' || *calc->at == '#') {
        return 0;
    }
    const char *name = calc->at;
    size_t length = name_length(name);
    calc->at += length;
    skip_blanks(calc);
    bool assigns = length > 0 && calc->at[0] == '=' && calc->at[1] != '=';
    if (assigns && length >= NAME_SIZE) {
        fail(calc, "name too long");
    }
    calc->at = assigns ? calc->at + 1 : name;
    struct value value = parse_expression(calc, 0);
    if (calc->error == NULL && *calc->at != '\0') {
        fail(calc, "an operator is missing");
    }
    if (calc->error != NULL) {
        output_flush(out);
        warnx("%s: '%.30s'", calc->error, *calc->at != '\0' ? calc->at : line);
        return 1;
    }
    find_variable(calc, "_", 1, true)->value = value;
    if (assigns) {
        find_variable(calc, name, length, true)->value = value;
        return 0;
    }
    if (value.decimal) {
        output_format(out, "%.15g\n", value.number);
    } else {
        output_format(out, calc->hexadecimal ? "%#lx\n" : "%ld\n", value.integer);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct calc calc = {0};
    int first = 1, status = 0;
    // Not getopt's: an expression may begin with "-".
    if (argc > 1 && strcmp(argv[1], "-x") == 0) {
        calc.hexadecimal = true;
        first++;
    }
    find_variable(&calc, "pi", 2, true)->value = decimal(&calc, M_PI);
    struct output *out = output_open(STDOUT_FILENO);
    for (int i = first; i < argc; i++) {
        status |= calculate(&calc, out, argv[i]);
    }
    bool prompt = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    struct reader *reader = first == argc ? reader_new(STDIN_FILENO) : NULL;
    while (reader != NULL) {
        size_t length;
        output_text(out, prompt ? "= " : "");
        output_flush(out);
        char *line = reader_line(reader, &length);
        if (line == NULL) {
            status |= reader_failed(reader);
            reader_close(reader);
            output_text(out, prompt ? "\n" : "");
            break;
        }
        status |= calculate(&calc, out, line);
    }
    free(calc.variables);
    return status | output_close(out);
}
