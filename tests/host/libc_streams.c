// The chapter's streams and sscanf on the host: random calls, beside the same on the host's.
#define _GNU_SOURCE
#define CASES_MAIN
#include "libc.h"

#include <fcntl.h>

struct file_stream; // ours
typedef struct file_stream STREAM;
#define OURS(result, name, ...) result rung_##name(__VA_ARGS__)
OURS(STREAM *, fopen, const char *, const char *);
OURS(STREAM *, freopen, const char *, const char *, STREAM *);
OURS(int, fclose, STREAM *);
OURS(int, fflush, STREAM *);
OURS(int, setvbuf, STREAM *, char *, int, size_t);
OURS(size_t, fread, void *, size_t, size_t, STREAM *);
OURS(size_t, fwrite, const void *, size_t, size_t, STREAM *);
OURS(int, fgetc, STREAM *);
OURS(int, ungetc, int, STREAM *);
OURS(char *, fgets, char *, int, STREAM *);
OURS(ssize_t, getline, char **, size_t *, STREAM *);
OURS(int, fputc, int, STREAM *);
OURS(int, fputs, const char *, STREAM *);
OURS(int, fseek, STREAM *, long, int);
OURS(long, ftell, STREAM *);
OURS(int, feof, STREAM *);
OURS(int, ferror, STREAM *);
OURS(void, clearerr, STREAM *);
OURS(int, fprintf, STREAM *, const char *, ...);
OURS(int, fscanf, STREAM *, const char *, ...);
OURS(int, asprintf, char **, const char *, ...);
OURS(int, sscanf, const char *, const char *, ...);
OURS(void, free, void *);
extern STREAM *rung_stdout;

// ---- Files ----

static char *contents(const char *path, size_t *size)
{
    static char text[1 << 20];
    int descriptor = open(path, O_RDONLY);
    ssize_t length = read(descriptor, text, sizeof(text));
    CHECK(length >= 0);
    close(descriptor);
    *size = (size_t)length;
    return text;
}

static void same_files(const char *left, const char *right)
{
    size_t size, other;
    char *text = contents(left, &size), *copy = memcpy(malloc(size), text, size);
    text = contents(right, &other);
    CHECK(size == other && memcmp(text, copy, size) == 0);
    free(copy);
}

static void write_something(STREAM *ours, FILE *theirs)
{
    size_t length = random_below(random_below(8) ? 40 : 9000);
    char *text = random_text(length, "abc\n");
    int number = (int)random_bits();
    switch (random_below(4)) {
    case 0:
        CHECK(rung_fwrite(text, 1, length, ours) == fwrite(text, 1, length, theirs));
        break;
    case 1:
        CHECK((rung_fputs(text, ours) >= 0) == (fputs(text, theirs) >= 0));
        break;
    case 2:
        CHECK(rung_fputc(number, ours) == fputc(number, theirs));
        break;
    default:
        CHECK(rung_fprintf(ours, "%d %.300s|%-5x\n", number, text, number) ==
              fprintf(theirs, "%d %.300s|%-5x\n", number, text, number));
    }
    free(text);
}

static void read_something(STREAM *ours, FILE *theirs)
{
    static char text[9000], same[9000];
    static char *line, *same_line;
    static size_t line_size, same_size;
    memset(text, 1, sizeof(text));
    memset(same, 1, sizeof(same));
    switch (random_below(5)) {
    case 0: {
        size_t size = 1 + random_below(4), count = random_below(random_below(8) ? 20 : 2000);
        CHECK(rung_fread(text, size, count, ours) == fread(same, size, count, theirs));
        break;
    }
    case 1: {
        int size = 2 + (int)random_below(50);
        CHECK((rung_fgets(text, size, ours) != NULL) == (fgets(same, size, theirs) != NULL));
        break;
    }
    case 2: {
        ssize_t length = rung_getline(&line, &line_size, ours);
        CHECK(length == getline(&same_line, &same_size, theirs));
        CHECK(length < 0 || memcmp(line, same_line, (size_t)length + 1) == 0);
        break;
    }
    case 3: {
        int number = -1, other = -1;
        CHECK(rung_fscanf(ours, " %d", &number) == fscanf(theirs, " %d", &other) &&
              number == other);
        break;
    }
    default: {
        int byte = rung_fgetc(ours);
        CHECK(byte == fgetc(theirs));
        if (byte != EOF && random_below(2)) {
            byte = random_below(2) ? byte : 'u';
            CHECK(rung_ungetc(byte, ours) == ungetc(byte, theirs));
        }
    }
    }
    CHECK(memcmp(text, same, sizeof(text)) == 0);
}

static void seek(STREAM *ours, FILE *theirs)
{
    int from = (int)random_below(3);
    long offset = (long)random_below(9000) - (from == SEEK_SET ? 10 : 4500);
    offset = random_below(3) == 0 ? 0 : offset;
    CHECK(rung_fseek(ours, offset, from) == fseek(theirs, offset, from));
}

CASE(files, "streams read, write and seek as the host's do in files: each mode, each buffering, "
            "60,000 random calls")
{
    static const char *const modes[] = {"r", "r+", "w", "w+", "a", "a+"};
    char folder[] = "/tmp/libc-XXXXXX";
    CHECK(mkdtemp(folder) != NULL && chdir(folder) == 0);
    close(open("ours", O_CREAT | O_WRONLY, 0600));
    close(open("theirs", O_CREAT | O_WRONLY, 0600));
    for (unsigned round = 0; round < 1500; round++) {
        unsigned mode = (unsigned)random_below(6);
        STREAM *ours = rung_fopen("ours", modes[mode]);
        FILE *theirs = fopen("theirs", modes[mode]);
        if (random_below(3) == 0) {
            int buffering = (int[]){_IOFBF, _IOLBF, _IONBF}[random_below(3)];
            CHECK(rung_setvbuf(ours, NULL, buffering, 0) == 0 &&
                  setvbuf(theirs, NULL, buffering, 0) == 0);
        }
        if (mode < 2 && random_below(2)) { // before anything was read
            CHECK(rung_ungetc('u', ours) == 'u' && ungetc('u', theirs) == 'u');
            CHECK(rung_fgetc(ours) == 'u' && fgetc(theirs) == 'u');
        }
        for (unsigned part = 0; part < 10; part++) {
            bool reads = mode == 0 || (mode % 2 == 1 && random_below(2));
            // ISO C: between reading and writing the position is set.
            CHECK((rung_fseek(ours, 0, SEEK_CUR) == 0) == (fseek(theirs, 0, SEEK_CUR) == 0));
            if (random_below(2)) {
                seek(ours, theirs);
            }
            for (unsigned i = 0; i < 4; i++) {
                (reads ? read_something : write_something)(ours, theirs);
                CHECK(!rung_feof(ours) == !feof(theirs) && !rung_ferror(ours) == !ferror(theirs));
            }
            if (random_below(2)) {
                CHECK(rung_fflush(ours) == 0 && fflush(theirs) == 0);
            }
        }
        CHECK(rung_fclose(ours) == 0 && fclose(theirs) == 0);
        same_files("ours", "theirs");
        CHECK(truncate("ours", 100000 % (1 + round)) == 0 &&
              truncate("theirs", 100000 % (1 + round)) == 0);
    }
    CHECK(unlink("ours") == 0 && unlink("theirs") == 0 && rmdir(folder) == 0);
}

CASE(refused, "bad modes, missing files, reading what is to be written: errors as on the host")
{
    CHECK(rung_fopen("/tmp", "q") == NULL && rung_errno == EINVAL);
    CHECK(rung_fopen("/tmp", "w") == NULL && errno == EISDIR);
    STREAM *full = rung_fopen("/dev/full", "w");
    CHECK(rung_fputs("lost", full) >= 0 && rung_fflush(full) == EOF && rung_ferror(full));
    CHECK(rung_fgetc(full) == EOF && rung_errno == EBADF);
    rung_clearerr(full);
    CHECK(rung_fclose(full) == 0);
    STREAM *null = rung_fopen("/dev/null", "r");
    CHECK(rung_fputc('x', null) == EOF && rung_ferror(null));
    CHECK(rung_fgetc(null) == EOF && rung_feof(null) && rung_fclose(null) == 0);
}

CASE(reopened, "freopen lets the standard output go into a file, under its old number")
{
    char path[] = "/tmp/libc-XXXXXX";
    close(mkstemp(path));
    CHECK(rung_freopen(path, "w", rung_stdout) == rung_stdout);
    CHECK(rung_fputs("a stream\n", rung_stdout) >= 0 && rung_fflush(rung_stdout) == 0);
    CHECK(write(STDOUT_FILENO, "a number\n", 9) == 9);
    size_t size;
    CHECK(strncmp(contents(path, &size), "a stream\na number\n", 18) == 0 && size == 18);
    unlink(path);
}

CASE(allocated, "asprintf gives a text of any length")
{
    for (unsigned round = 0; round < 300; round++) {
        char *text = random_text(random_below(5000), "abc"), *ours, *theirs;
        CHECK(rung_asprintf(&ours, "%s|%5zu", text, strlen(text)) ==
              asprintf(&theirs, "%s|%5zu", text, strlen(text)));
        CHECK(strcmp(ours, theirs) == 0);
        rung_free(ours);
        free(theirs);
        free(text);
    }
}

// ---- sscanf ----

static const char *const conversions[] = {
    "%d",    "%i",  "%u",  "%x",  "%o",  "%ld", "%hhd", "%hd", "%lld",   "%zu",
    "%jd",   "%3d", "%2x", "%4i", "%c",  "%1c", "%s",   "%5s", "%[a-c]", "%3[^ ]",
    "%[]x]", "%*d", "%*s", "%%",  "%n",  " ",   ",",    "%1d", "%[^]]",  "%*[0-9]"};

CASE(scanned, "sscanf takes random texts apart as the host's does, for random formats of up to "
              "four conversions")
{
    for (unsigned round = 0; round < 300000; round++) {
        char format[64] = "";
        for (size_t i = random_below(4) + 1; i > 0; i--) {
            strcat(format, conversions[random_below(sizeof(conversions) / sizeof(*conversions))]);
        }
        char *text =
            random_text(random_below(16), random_below(2) ? "0123456789 ," : "-+01a7f ,]b%\n");
        char ours[4][64], theirs[4][64];
        memset(ours, 0x5a, sizeof(ours));
        memset(theirs, 0x5a, sizeof(theirs));
        int result = rung_sscanf(text, format, ours[0], ours[1], ours[2], ours[3]);
        int expected = sscanf(text, format, theirs[0], theirs[1], theirs[2], theirs[3]);
        if (result != expected || memcmp(ours, theirs, sizeof(ours)) != 0) {
            fprintf(stderr, "text \"%s\", format \"%s\": %d, on the host %d\n", text, format,
                    result, expected);
            // What a conversion that failed has written before is nobody's business.
            CHECK(result == expected && strpbrk(format, "sc[") != NULL);
        }
        free(text);
    }
    char text[8] = "";
    CHECK(rung_sscanf("abcd", "%3c%*c%n", text, &(int){0}) == 1 && strcmp(text, "abc") == 0);
    CHECK(rung_sscanf("ab", "%3c", text) == 0);
    // A prefix without digits does not fit (ISO C, 7.21.6.2; the host's takes it for 0).
    unsigned number = 1;
    CHECK(rung_sscanf("0x1aG", "%x", &number) == 1 && number == 0x1a);
    CHECK(rung_sscanf("-0X10", "%i", &number) == 1 && number == -16u);
    CHECK(rung_sscanf("0x", "%x", &number) == 0 && rung_sscanf("0x1", "%2x", &number) == 0);
}
