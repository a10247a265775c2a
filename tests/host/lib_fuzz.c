// libFuzzer target: any text is a format that format() survives, with arguments that fit every
// conversion: pointers to strings. Built and run by test_lib.py for a fixed number of runs.
#include "lib.h"

#define CONVERSIONS_MAX 12
#define DIGITS_MAX 3 // of a width: a large one takes long and shows nothing more

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct counted {
    size_t length;
    unsigned sum;
};

static void count(void *context, const char *text, size_t length)
{
    struct counted *counted = context;
    for (size_t i = 0; i < length; i++) {
        counted->sum += (uint8_t)text[i]; // the address sanitizer sees it read
    }
    counted->length += length;
}

static int format_counted(struct counted *counted, const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    int length = format(count, counted, text, arguments);
    va_end(arguments);
    return length;
}

static int print(char *buffer, size_t size, const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    int length = rung_vsnprintf(buffer, size, text, arguments);
    va_end(arguments);
    return length;
}

#define ARGUMENTS s, s, s, s, s, s, s, s, s, s, s, s

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *s = "a string";
    char *text = malloc(size + 1);
    unsigned conversions = 0, digits = 0;
    size_t length = 0;

    for (size_t i = 0; i < size; i++) {
        char byte = (char)data[i];
        digits = byte >= '0' && byte <= '9' ? digits + 1 : 0;
        conversions += byte == '%';
        if (byte != '*' && byte != '\0' && digits <= DIGITS_MAX && conversions <= CONVERSIONS_MAX) {
            text[length++] = byte;
        }
    }
    text[length] = '\0';

    struct counted counted = {0};
    int whole = format_counted(&counted, text, ARGUMENTS);
    size_t room = size > 0 ? data[0] : 0;
    char *buffer = malloc(room);
    if (whole < 0 || (size_t)whole != counted.length ||
        print(buffer, room, text, ARGUMENTS) != whole ||
        (room > 0 && strlen(buffer) > (size_t)whole)) {
        abort();
    }
    free(buffer);
    free(text);
    return 0;
}
