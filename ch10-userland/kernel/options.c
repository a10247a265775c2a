#include "kernel/options.h"

#include "boot/boot_info.h"
#include "kernel/dev/console.h"
#include "lib/assert.h"
#include "lib/string.h"

static char options[COMMAND_LINE_SIZE];

void options_init(const char *command_line)
{
    strlcpy(options, command_line, sizeof(options));
}

// The length of the word that starts here. Control characters separate words as blanks do.
static size_t word_length(const char *text)
{
    size_t length = 0;

    while ((uint8_t)text[length] > ' ') {
        length++;
    }
    return length;
}

bool options_get(const char *name, char *buffer, size_t size)
{
    size_t name_length = strlen(name), length;
    bool found = false;

    ASSERT(size > 0);
    for (const char *word = options; *word != '\0'; word += length > 0 ? length : 1) {
        length = word_length(word);
        if (length < name_length || memcmp(word, name, name_length) != 0) {
            continue;
        }
        if (length > name_length && word[name_length] != '=') {
            continue; // a longer name
        }
        const char *value = word + name_length + (length > name_length);
        size_t value_length = (size_t)(word + length - value);
        size_t kept = value_length < size ? value_length : size - 1;

        memcpy(buffer, value, kept);
        buffer[kept] = '\0';
        found = true;
    }
    return found;
}

// The value of a digit, or a number above 15.
static unsigned digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return (unsigned)(digit - '0');
    }
    char lower = (char)(digit | 0x20);

    return lower >= 'a' && lower <= 'f' ? (unsigned)(lower - 'a') + 10 : 16;
}

// Reads text as a whole as a number. Returns false when it is none, or one above UINT64_MAX.
static bool parse_number(const char *text, uint64_t *number)
{
    bool hexadecimal = text[0] == '0' && (text[1] | 0x20) == 'x';
    unsigned base = hexadecimal ? 16 : 10;
    uint64_t limit = hexadecimal ? UINT64_MAX / 16 : UINT64_MAX / 10;

    text += hexadecimal ? 2 : 0;
    *number = 0;
    do {
        unsigned digit = digit_value(*text++);

        if (digit >= base || *number > limit || *number * base > UINT64_MAX - digit) {
            return false;
        }
        *number = *number * base + digit;
    } while (*text != '\0');
    return true;
}

uint64_t options_number(const char *name, uint64_t otherwise)
{
    char value[COMMAND_LINE_SIZE];
    uint64_t number;

    if (!options_get(name, value, sizeof(value))) {
        return otherwise;
    }
    if (!parse_number(value, &number)) {
        kprintf("options: %s=%s is not a number\n", name, value);
        return otherwise;
    }
    return number;
}
