// kernel/dev/console.c: from kprintf to the sinks.
#include "kernel/dev/console.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

static char written[1024];
static size_t written_length;
static unsigned calls;
static bool listening;

static void listen(const char *text, size_t length)
{
    if (listening && written_length + length < sizeof(written)) {
        memcpy(written + written_length, text, length);
        written_length += length;
        written[written_length] = '\0';
        calls++;
    }
}

static void start_listening(void)
{
    static struct console_sink sink = {.write = listen};
    static bool registered;
    if (!registered) {
        registered = true;
        console_register(&sink);
    }
    written_length = 0;
    calls = 0;
    listening = true;
}

TEST(console_sink, "what is written reaches a registered sink whole and in order")
{
    char expected[600];
    snprintf(expected, sizeof(expected), "%0300d %s%c%200s|", 7, "", 'x', "end");

    start_listening();
    int length = kprintf("%0300d %s%c%200s|", 7, "", 'x', "end");
    listening = false;
    CHECK_STRING(written, expected);
    CHECK_EQUAL(length, strlen(expected));

    start_listening();
    console_write("a\0b", 3);
    listening = false;
    CHECK_EQUAL(written_length, 3);
    CHECK(memcmp(written, "a\0b", 3) == 0);
}

TEST(console_pieces, "a short formatted text is one write for the sink, not one for each piece")
{
    start_listening();
    kprintf("%d %s %c %x %8d\n", 1, "two", '3', 4, 5);
    listening = false;
    CHECK_EQUAL(calls, 1);
}
