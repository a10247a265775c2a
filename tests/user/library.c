// The C library where it works with the kernel: starting and ending programs, streams, files that
// are made up, directories, signals, jumps.
#include "tests/user/check.h"

#include <assert.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <time.h>

// What a child prints that runs this, up to 255 bytes; its status.
static char printed[256];

static int print_of(void (*function)(void))
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        function();
        _exit(99);
    }
    close(ends[1]);
    size_t length = 0;
    ssize_t more;
    while ((more = read(ends[0], printed + length, sizeof(printed) - 1 - length)) > 0) {
        length += (size_t)more;
    }
    printed[length] = '\0';
    close(ends[0]);
    return check_wait(pid);
}

static void first(void)
{
    printf("first ");
}

static void second(void)
{
    printf("second ");
}

static void ends_by_exit(void)
{
    atexit(first);
    atexit(second);
    printf("printed ");
    exit(3);
}

static void ends_at_once(void)
{
    atexit(first);
    printf("lost");
    _exit(4);
}

TEST(exits, "exit calls the functions of atexit, the last first, and writes what streams hold; "
            "_exit does neither")
{
    CHECK(print_of(ends_by_exit) == 3 << 8 && strcmp(printed, "printed second first ") == 0);
    CHECK(print_of(ends_at_once) == 4 << 8 && printed[0] == '\0');
}

static void asserts(void)
{
    assert(getpid() == 0);
}

static void aborts(void)
{
    signal(SIGABRT, SIG_IGN);
    abort();
}

static void complains(void)
{
    errno = ENOENT;
    warn("%s", "x");
    warnx("%d", 5);
    errno = EACCES;
    err(7, "y");
}

TEST(bad_ends, "abort, assert and err end a program as ISO C, and BSD, say")
{
    CHECK(print_of(asserts) == SIGABRT && strstr(printed, "getpid() == 0") != NULL);
    CHECK(print_of(aborts) == SIGABRT);
    CHECK(print_of(complains) == 7 << 8);
    CHECK(strstr(printed, "library: x: No such file or directory\n") != NULL);
    CHECK(strstr(printed, "library: 5\n") != NULL &&
          strstr(printed, "library: y: Permission denied\n") != NULL);
}

TEST(shell,
     "system runs a command line and tells its status; popen reads from one and writes to one")
{
    CHECK(system(NULL) != 0);
    CHECK(system("exit 5") == 5 << 8);
    setenv("LIBRARY_TEST", "a value", 1);
    FILE *file = popen("echo \"<$LIBRARY_TEST>\"; exit 6", "r");
    char line[40];
    CHECK(file != NULL && fgets(line, sizeof(line), file) != NULL);
    CHECK(strcmp(line, "<a value>\n") == 0 && fgets(line, sizeof(line), file) == NULL);
    CHECK(pclose(file) == 6 << 8);
    file = popen("read word rest; test \"$rest\" = 'and more' && exit 8", "w");
    CHECK(file != NULL && fprintf(file, "one and %s\n", "more") > 0 && pclose(file) == 8 << 8);
}

TEST(path_search,
     "execvp and execlp look for a name in PATH's folders, and run what has no #! by the shell")
{
    char folder[] = "/tmp/path-XXXXXX", path[64], search[128];
    CHECK(mkdtemp(folder) == folder);
    snprintf(path, sizeof(path), "%s/a-script-of-ours", folder);
    int file = open(path, O_CREAT | O_WRONLY, 0755);
    CHECK(write(file, "exit $1\n", 8) == 8 && close(file) == 0);
    snprintf(search, sizeof(search), "/missing:%s:/bin", folder);
    setenv("PATH", search, 1);
    CHECK(IN_CHILD(execlp("a-script-of-ours", "script", "9", NULL)) == 9 << 8);
    CHECK(IN_CHILD(execlp("true", "true", NULL)) == 0);
    CHECK_ERROR(execlp("no-such-program", "x", NULL), ENOENT);
    CHECK(unlink(path) == 0);
    CHECK_ERROR(execlp("a-script-of-ours", "script", NULL), ENOENT);
    CHECK(rmdir(folder) == 0);
}

TEST(temporary, "mkstemp and tmpfile make files that were not there; a bad pattern is refused")
{
    char path[] = "/tmp/temporary-XXXXXX", other[] = "/tmp/temporary-XXXXXX", bad[] = "/tmp/XXXXX";
    int file = mkstemp(path), another = mkstemp(other);
    CHECK(file >= 0 && another >= 0 && strcmp(path, other) != 0);
    CHECK(write(file, "abc", 3) == 3 && close(file) == 0 && close(another) == 0);
    struct stat status;
    CHECK(stat(path, &status) == 0 && status.st_size == 3 && (status.st_mode & 0777) == 0600);
    CHECK(remove(path) == 0 && unlink(other) == 0);
    CHECK_ERROR(mkstemp(bad), EINVAL);
    FILE *stream = tmpfile();
    int number = 0;
    CHECK(fprintf(stream, "%d", 4711) == 4 && fseek(stream, 0, SEEK_SET) == 0);
    CHECK(fscanf(stream, "%d", &number) == 1 && number == 4711 && fclose(stream) == 0);
}

TEST(directories, "opendir, readdir and rewinddir give each of 300 names once each time")
{
    char folder[] = "/tmp/folder-XXXXXX", path[64];
    CHECK(mkdtemp(folder) == folder);
    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof(path), "%s/a-long-name-of-a-file-%d", folder, i);
        CHECK(close(open(path, O_CREAT | O_WRONLY, 0644)) == 0);
    }
    DIR *directory = opendir(folder);
    CHECK(directory != NULL);
    for (int round = 0; round < 2; round++) {
        unsigned char seen[300] = {0};
        int dots = 0, number;
        for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
            if (sscanf(entry->d_name, "a-long-name-of-a-file-%d", &number) == 1) {
                CHECK(number >= 0 && number < 300 && seen[number]++ == 0);
            } else {
                dots++;
            }
        }
        CHECK(dots == 2 && memchr(seen, 0, sizeof(seen)) == NULL);
        rewinddir(directory);
    }
    CHECK(closedir(directory) == 0 && opendir("/tmp/missing") == NULL && errno == ENOENT);
    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof(path), "%s/a-long-name-of-a-file-%d", folder, i);
        CHECK(remove(path) == 0);
    }
    CHECK(remove(folder) == 0);
}

TEST(real_paths,
     "realpath resolves links, dots and doubled slashes; circles and missing names are errors")
{
    char folder[] = "/tmp/real-XXXXXX", path[PATH_MAX], result[PATH_MAX], expected[PATH_MAX];
    CHECK(mkdtemp(folder) == folder && chdir(folder) == 0 && mkdir("d", 0755) == 0);
    CHECK(realpath(".", path) == path && symlink("d/../d", "link") == 0);
    CHECK(symlink("circle", "circle") == 0 && symlink(path, "d/up") == 0);
    snprintf(expected, sizeof(expected), "%.4000s/d", path);
    CHECK(realpath("link/up//./link", result) == result && strcmp(result, expected) == 0);
    CHECK(realpath("../../../..//", result) == result && strcmp(result, "/") == 0);
    CHECK(realpath("circle", result) == NULL && errno == ELOOP);
    CHECK(realpath("d/missing", result) == NULL && errno == ENOENT);
    char *own = realpath("/tmp/../tmp", NULL);
    CHECK(own != NULL && strcmp(own, "/tmp") == 0);
    free(own);
    CHECK(unlink("link") == 0 && unlink("circle") == 0 && unlink("d/up") == 0 && rmdir("d") == 0);
    CHECK(chdir("/") == 0 && rmdir(folder) == 0);
}

static jmp_buf place;
static sigjmp_buf signal_place;

static _Noreturn void deep(int depth, int value)
{
    char room[64];
    snprintf(room, sizeof(room), "%d", depth);
    if (depth == 0) {
        longjmp(place, value);
    }
    deep(depth - 1, value);
}

TEST(jumps, "longjmp goes back to setjmp with its value, 1 for 0; variables that did not change "
            "are as they were")
{
    static const int values[] = {1, 7, -3, 0}, expected[] = {1, 7, -3, 1};
    for (volatile unsigned i = 0; i < 4; i++) {
        double kept = i * 1.5;
        volatile bool jumped = false;
        int value = setjmp(place);
        if (!jumped) {
            jumped = true;
            CHECK(value == 0);
            deep(20, values[i]);
        }
        CHECK(value == expected[i] && kept == i * 1.5);
    }
}

static void jump_out(int number)
{
    siglongjmp(signal_place, number);
}

TEST(jumps_from_handlers, "siglongjmp leaves a handler, and the signal is no longer blocked")
{
    signal(SIGUSR1, jump_out);
    for (volatile int i = 0; i < 3; i++) {
        if (sigsetjmp(signal_place, 1) == 0) {
            raise(SIGUSR1);
            CHECK(false);
        }
        sigset_t blocked;
        CHECK(sigprocmask(SIG_SETMASK, NULL, &blocked) == 0 && !sigismember(&blocked, SIGUSR1));
    }
}

TEST(line_buffer, "what was printed before fork is printed once, when it was flushed")
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    FILE *file = fdopen(ends[1], "w");
    setvbuf(file, NULL, _IOLBF, BUFSIZ);
    CHECK(fputs("a line\nand ", file) >= 0);
    CHECK(IN_CHILD(exit(0)) == 0);
    CHECK(fputs("another\n", file) >= 0 && fclose(file) == 0);
    char text[64] = "";
    ssize_t length = 0, more;
    while ((more = read(ends[0], text + length, sizeof(text) - 1 - (size_t)length)) > 0) {
        length += more;
    }
    CHECK(strcmp(text, "a line\nand and another\n") == 0); // the child had the rest too
}

TEST(clocks, "clock counts processor time, not time that passes; sleep passes time")
{
    clock_t used = clock();
    time_t start = time(NULL);
    CHECK(sleep(1) == 0);
    CHECK(time(NULL) >= start + 1 && clock() - used < CLOCKS_PER_SEC / 4);
    while (clock() - used < CLOCKS_PER_SEC / 50) {
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        ENTRY(exits),       ENTRY(bad_ends), ENTRY(shell),       ENTRY(path_search),
        ENTRY(temporary),   ENTRY(directories), ENTRY(real_paths), ENTRY(jumps),
        ENTRY(jumps_from_handlers), ENTRY(line_buffer), ENTRY(clocks), {NULL, NULL}};
    return check_run(tests, argc, argv);
}
