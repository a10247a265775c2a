// System calls on files, directories and pipes.
#include "tests/user/check.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

struct piece {
    const void *address;
    size_t size;
};

// In a directory of its own, which each test makes anew.
static int top;

static void begin(void)
{
    static int number;
    char name[32];
    CHECK(chdir("/") == 0);
    (void)mkdir("/files", 0755);
    snprintf(name, sizeof(name), "/files/%d-%d", (int)getpid(), number++);
    CHECK(mkdir(name, 0755) == 0 && chdir(name) == 0);
    CHECK((top = open(".", O_RDONLY | O_DIRECTORY)) >= 0);
}

static void put(const char *name, const char *text)
{
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(file >= 0);
    CHECK(write(file, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(close(file) == 0);
}

static bool has(const char *name, const char *text)
{
    char buffer[256];
    int file = open(name, O_RDONLY);
    ssize_t size = file >= 0 ? read(file, buffer, sizeof(buffer)) : -1;
    close(file);
    return size == (ssize_t)strlen(text) && memcmp(buffer, text, strlen(text)) == 0;
}

TEST(broken_pipe, "writing to a pipe that nobody reads is SIGPIPE, and EPIPE for who ignores it")
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    CHECK(close(ends[0]) == 0);
    int status = IN_CHILD(write(ends[1], "x", 1));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERROR(write(ends[1], "x", 1), EPIPE);
    struct piece piece = {"x", 1};
    CHECK_ERROR(syscall(SYS_writev, ends[1], &piece, 1), EPIPE);
    CHECK(write(ends[1], "", 0) == 0);
}

static int events_of(int descriptor, int events)
{
    struct pollfd file = {.fd = descriptor, .events = (short)events, .revents = 0x55};
    int count = poll(&file, 1, 0);
    CHECK(count == (file.revents != 0));
    return file.revents;
}

TEST(poll_states, "poll tells of each file what can be done with it without waiting")
{
    static char full[65536];
    int ends[2];
    begin();
    put("f", "text");
    CHECK(pipe2(ends, O_NONBLOCK) == 0);
    CHECK(events_of(ends[0], POLLIN) == 0 && events_of(ends[1], POLLOUT) == POLLOUT);
    CHECK(write(ends[1], "x", 1) == 1);
    CHECK(events_of(ends[0], POLLIN | POLLOUT) == POLLIN && events_of(ends[0], 0) == 0);
    CHECK(read(ends[0], full, sizeof(full)) == 1);
    CHECK(write(ends[1], full, sizeof(full)) == sizeof(full));
    CHECK(events_of(ends[1], POLLOUT) == 0);
    CHECK_ERROR(write(ends[1], "x", 1), EAGAIN);
    CHECK(read(ends[0], full, sizeof(full)) == sizeof(full));
    CHECK_ERROR(read(ends[0], full, 1), EAGAIN);
    CHECK(write(ends[1], "x", 1) == 1 && close(ends[1]) == 0);
    CHECK(events_of(ends[0], POLLIN) == (POLLIN | POLLHUP));
    CHECK(read(ends[0], full, 2) == 1 && events_of(ends[0], POLLIN) == POLLHUP);
    CHECK(close(ends[0]) == 0 && events_of(ends[0], POLLIN) == POLLNVAL);
    CHECK(pipe(ends) == 0 && close(ends[0]) == 0);
    CHECK((events_of(ends[1], 0) & POLLERR) == POLLERR);
    CHECK(events_of(-1, POLLIN) == 0);
    int file = open("f", O_RDWR);
    CHECK(events_of(file, POLLIN | POLLOUT) == (POLLIN | POLLOUT));
    struct pollfd none;
    CHECK(poll(&none, 0, 1) == 0);
    CHECK_ERROR(poll(&none, 100000, 0), EINVAL);
}

TEST(poll_waits, "poll sleeps until a file is ready, or the time is over")
{
    int ends[2], other[2];
    CHECK(pipe(ends) == 0 && pipe(other) == 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        _exit(write(ends[1], "x", 1) != 1);
    }
    struct pollfd files[] = {{.fd = other[0], .events = POLLIN}, {.fd = ends[0], .events = POLLIN}};
    CHECK(poll(files, 2, -1) == 1);
    CHECK(files[0].revents == 0 && files[1].revents == POLLIN);
    CHECK(check_wait(child) == 0);
    CHECK(poll(files, 1, 20) == 0);
    child = fork();
    if (child == 0) {
        usleep(20000);
        _exit(0); // with the last other writer
    }
    close(other[1]);
    CHECK(poll(files, 1, -1) == 1 && files[0].revents == POLLHUP);
    CHECK(check_wait(child) == 0);
}

TEST(select_sets, "select tells in its sets, and counts each bit")
{
    struct {
        long seconds, microseconds;
    } time = {0, 10000};
    unsigned long in[4] = {0}, out[4] = {0};
    int ends[2];
    CHECK(pipe(ends) == 0 && dup2(ends[0], 100) == 100 && dup2(ends[1], 70) == 70);
    in[100 / 64] = 1ul << 100 % 64;
    out[70 / 64] = 1ul << 70 % 64;
    CHECK(syscall(SYS_select, 101, in, out, NULL, &time) == 1);
    CHECK(in[1] == 0 && out[1] == 1ul << 6);
    CHECK(write(70, "x", 1) == 1);
    in[1] = 1ul << 36;
    CHECK(syscall(SYS_select, 101, in, out, NULL, &time) == 2);
    CHECK(in[1] == 1ul << 36 && out[1] == 1ul << 6);
    CHECK(syscall(SYS_select, 100, in, NULL, NULL, &time) == 0); // 100 is not asked about
    in[0] = 1ul << 50;
    CHECK_ERROR(syscall(SYS_select, 101, in, NULL, NULL, &time), EBADF);
    CHECK_ERROR(syscall(SYS_select, -1, NULL, NULL, NULL, &time), EINVAL);
    time.seconds = -1;
    CHECK_ERROR(syscall(SYS_select, 0, NULL, NULL, NULL, &time), EINVAL);
}

TEST(rights, "chmod, chown and umask do what they say, and keep the file's type")
{
    struct stat status;
    begin();
    umask(027);
    CHECK(umask(022) == 027);
    put("f", "");
    CHECK(stat("f", &status) == 0 && status.st_mode == (S_IFREG | 0644));
    umask(0);
    CHECK(mkdir("d", 0777) == 0 && stat("d", &status) == 0 && status.st_mode == (S_IFDIR | 0777));
    umask(077);
    CHECK(mkdir("e", 0777) == 0 && stat("e", &status) == 0 && status.st_mode == (S_IFDIR | 0700));
    CHECK(chmod("f", 04751) == 0 && stat("f", &status) == 0);
    CHECK(status.st_mode == (S_IFREG | 04751));
    CHECK(access("f", 1) == 0 && chmod("f", 0600) == 0);
    CHECK_ERROR(access("f", 1), EACCES);
    CHECK(access("f", 6) == 0 && access("d", 7) == 0);
    CHECK_ERROR(access("f", 8), EINVAL);
    CHECK_ERROR(access("none", 0), ENOENT);
    CHECK(chown("f", 70000, (gid_t)-1) == 0 && stat("f", &status) == 0);
    CHECK(status.st_uid == 70000 && status.st_gid == 0);
    CHECK(symlink("f", "l") == 0 && lchown("l", 5, 6) == 0);
    CHECK(lstat("l", &status) == 0 && status.st_uid == 5 && status.st_gid == 6);
    CHECK(stat("l", &status) == 0 && status.st_uid == 70000);
    CHECK_ERROR(chmod("none", 0), ENOENT);
}

TEST(times, "utimensat sets times to what is said, to now, or leaves them")
{
    struct timespec times[2] = {{.tv_sec = 1000000001, .tv_nsec = 999999999},
                                {.tv_sec = -5, .tv_nsec = 7}};
    struct stat before, after;
    begin();
    put("f", "");
    CHECK(utimensat(AT_FDCWD, "f", times, 0) == 0 && stat("f", &before) == 0);
    CHECK(before.st_atim.tv_sec == 1000000001 && before.st_atim.tv_nsec == 999999999);
    CHECK(before.st_mtim.tv_sec == -5 && before.st_mtim.tv_nsec == 7);
    times[0].tv_nsec = 0x3ffffffe; // UTIME_OMIT
    times[1].tv_nsec = 0x3fffffff; // UTIME_NOW
    CHECK(utimensat(AT_FDCWD, "f", times, 0) == 0 && stat("f", &after) == 0);
    CHECK(after.st_atim.tv_sec == 1000000001 && after.st_mtim.tv_sec > 900000000);
    CHECK(after.st_mtim.tv_sec >= after.st_ctim.tv_sec - 1);
    times[0].tv_nsec = 1000000000;
    CHECK_ERROR(utimensat(AT_FDCWD, "f", times, 0), EINVAL);
    CHECK_ERROR(utimensat(AT_FDCWD, "f", NULL, 1), EINVAL);
    int file = open("f", O_RDONLY);
    CHECK(futimens(file, NULL) == 0 && fstat(file, &after) == 0);
    CHECK(after.st_atim.tv_sec > 900000000 && after.st_atim.tv_sec != 1000000001);
}

TEST(bases, "paths start at a directory's descriptor, wherever that is now")
{
    struct stat status;
    begin();
    CHECK(mkdir("d", 0755) == 0);
    int directory = open("d", O_RDONLY | O_DIRECTORY);
    CHECK(rename("d", "moved") == 0);
    int file = openat(directory, "f", O_WRONLY | O_CREAT, 0644);
    CHECK(file >= 0 && access("moved/f", 0) == 0);
    CHECK(syscall(SYS_mkdirat, directory, "sub", 0755) == 0);
    CHECK(syscall(SYS_symlinkat, "../f", directory, "sub/link") == 0);
    CHECK(fstatat(directory, "sub/link", &status, 0) == 0 && S_ISREG(status.st_mode));
    CHECK(fstatat(directory, "sub/link", &status, AT_SYMLINK_NOFOLLOW) == 0);
    CHECK(S_ISLNK(status.st_mode));
    CHECK(syscall(SYS_linkat, directory, "f", top, "other", 0) == 0);
    CHECK(syscall(SYS_renameat, directory, "f", top, "renamed") == 0 && access("renamed", 0) == 0);
    CHECK(syscall(SYS_linkat, directory, "sub/link", top, "kept", 0) == 0);
    CHECK(lstat("kept", &status) == 0 && S_ISLNK(status.st_mode));
    CHECK(syscall(SYS_renameat, top, "renamed", directory, "f") == 0);
    CHECK(syscall(SYS_linkat, directory, "sub/link", top, "followed", AT_SYMLINK_FOLLOW) == 0);
    CHECK(lstat("followed", &status) == 0 && S_ISREG(status.st_mode));
    CHECK(syscall(SYS_renameat2, top, "other", top, "kept", 1) == -1 && errno == EEXIST);
    CHECK(syscall(SYS_renameat2, top, "other", top, "other2", 1) == 0);
    CHECK_ERROR(syscall(SYS_unlinkat, directory, "sub", 0), EISDIR);
    CHECK_ERROR(syscall(SYS_unlinkat, directory, "sub", AT_REMOVEDIR), ENOTEMPTY);
    CHECK(syscall(SYS_unlinkat, directory, "sub/link", 0) == 0);
    CHECK(syscall(SYS_unlinkat, directory, "sub", AT_REMOVEDIR) == 0);
    CHECK_ERROR(openat(file, "x", O_RDONLY), ENOTDIR);
    CHECK_ERROR(openat(99, "x", O_RDONLY), EBADF);
    CHECK(openat(99, "/", O_RDONLY) >= 0);
    CHECK_ERROR(openat(directory, "", O_RDONLY), ENOENT);
    CHECK(fstatat(file, "", &status, AT_EMPTY_PATH) == 0 && S_ISREG(status.st_mode));
    CHECK(fchdir(directory) == 0 && access("f", 0) == 0);
    CHECK_ERROR(fchdir(file), ENOTDIR);
    CHECK_ERROR(chdir("f"), ENOTDIR);
}

TEST(where, "getcwd tells the way to a directory, ERANGE, or that it is gone")
{
    char path[64], expected[64];
    begin();
    CHECK(getcwd(expected, sizeof(expected) - 2) != NULL && mkdir("d", 0755) == 0);
    strcat(expected, "/d");
    CHECK(chdir("d") == 0 && getcwd(path, sizeof(path)) && strcmp(path, expected) == 0);
    CHECK(syscall(SYS_getcwd, path, strlen(expected) + 1) == (long)strlen(expected) + 1);
    CHECK_ERROR(syscall(SYS_getcwd, path, strlen(expected)), ERANGE);
    CHECK_ERROR(syscall(SYS_getcwd, path, 0), ERANGE);
    CHECK(rmdir("../d") == 0);
    CHECK_ERROR(syscall(SYS_getcwd, path, sizeof(path)), ENOENT);
    CHECK_ERROR(open("new", O_WRONLY | O_CREAT, 0644), ENOENT);
    CHECK(open("..", O_WRONLY | O_CREAT, 0644) == -1 && (errno == ENOENT || errno == EISDIR));
    CHECK(chdir("/dev") == 0 && getcwd(path, sizeof(path)) && strcmp(path, "/dev") == 0);
    CHECK(chdir("..") == 0 && getcwd(path, sizeof(path)) && strcmp(path, "/") == 0);
}

TEST(vectors, "readv and writev take the pieces in order, as one read or write")
{
    char one[3], two[1], three[10] = "";
    struct piece out[] = {{"ab", 2}, {NULL, 0}, {"cdef", 4}, {"g", 1}};
    struct piece in[] = {{one, 3}, {two, 1}, {NULL, 0}, {three, 10}};
    int ends[2];
    CHECK(pipe(ends) == 0);
    CHECK(syscall(SYS_writev, ends[1], out, 4) == 7);
    CHECK(syscall(SYS_readv, ends[0], in, 4) == 7); // and does not wait for more
    CHECK(memcmp(one, "abc", 3) == 0 && two[0] == 'd' && strcmp(three, "efg") == 0);
    CHECK(syscall(SYS_writev, ends[1], out, 0) == 0);
    CHECK_ERROR(syscall(SYS_writev, ends[1], out, 1025), EINVAL);
    CHECK_ERROR(syscall(SYS_writev, ends[1], out, -1), EINVAL);
    out[1].size = (size_t)-1;
    CHECK_ERROR(syscall(SYS_writev, ends[1], out, 4), EINVAL);
    out[1] = (struct piece){(void *)1, 5};
    CHECK_ERROR(syscall(SYS_writev, ends[1], out + 1, 1), EFAULT);
    struct piece many[1024];
    static char bytes[1024], back[1024];
    for (int i = 0; i < 1024; i++) {
        bytes[i] = (char)(i * 7);
        many[i] = (struct piece){bytes + i, 1};
    }
    CHECK(syscall(SYS_writev, ends[1], many, 1024) == 1024);
    CHECK(read(ends[0], back, 1024) == 1024 && memcmp(bytes, back, 1024) == 0);
}

TEST(appended, "what several processes append by writev is not mixed")
{
    static char line[100];
    begin();
    int file = open("log", O_WRONLY | O_CREAT | O_APPEND, 0644);
    for (int i = 0; i < 3; i++) {
        if (fork() == 0) {
            memset(line, 'a' + i, sizeof(line));
            struct piece pieces[] = {{line, 40}, {line, 60}};
            for (int k = 0; k < 3000; k++) {
                CHECK(syscall(SYS_writev, file, pieces, 2) == sizeof(line));
            }
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    file = open("log", O_RDONLY);
    for (int i = 0; i < 9000; i++) {
        CHECK(read(file, line, sizeof(line)) == sizeof(line));
        for (size_t k = 1; k < sizeof(line); k++) {
            CHECK(line[k] == line[0]);
        }
    }
    CHECK(read(file, line, 1) == 0);
}

TEST(numbers, "dup, dup2, dup3 and fcntl give numbers as POSIX says, and share the position")
{
    begin();
    put("f", "0123456789");
    char byte;
    int file = open("f", O_RDONLY), copy = dup(file);
    CHECK(copy == file + 1);
    CHECK(read(file, &byte, 1) == 1 && read(copy, &byte, 1) == 1 && byte == '1');
    CHECK(IN_CHILD(CHECK(read(file, &byte, 1) == 1)) == 0);
    CHECK(read(copy, &byte, 1) == 1 && byte == '3');
    CHECK(pread(file, &byte, 1, 9) == 1 && byte == '9' && lseek(copy, 0, SEEK_CUR) == 4);
    CHECK(fcntl(file, F_DUPFD, 100) == 100 && fcntl(file, F_DUPFD_CLOEXEC, 100) == 101);
    CHECK(fcntl(100, F_GETFD) == 0 && fcntl(101, F_GETFD) == FD_CLOEXEC);
    CHECK(dup2(101, 102) == 102 && fcntl(102, F_GETFD) == 0);
    CHECK(dup2(101, 101) == 101 && fcntl(101, F_GETFD) == FD_CLOEXEC);
    CHECK(dup3(file, 103, O_CLOEXEC) == 103 && fcntl(103, F_GETFD) == FD_CLOEXEC);
    CHECK(fcntl(103, F_SETFD, 0) == 0 && fcntl(103, F_GETFD) == 0);
    CHECK_ERROR(dup3(file, file, 0), EINVAL);
    CHECK_ERROR(dup3(file, 104, O_APPEND), EINVAL);
    CHECK_ERROR(dup2(file, -1), EBADF);
    CHECK_ERROR(dup2(99, 98), EBADF);
    CHECK_ERROR(dup2(99, 99), EBADF);
    CHECK_ERROR(fcntl(file, F_DUPFD, -1), EINVAL);
    CHECK_ERROR(fcntl(file, 9999), EINVAL);
    CHECK((fcntl(file, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK)) == O_RDONLY);
    CHECK(fcntl(file, F_SETFL, O_APPEND | O_NONBLOCK | O_WRONLY) == 0);
    CHECK((fcntl(copy, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK)) == (O_APPEND | O_NONBLOCK));
    CHECK_ERROR(close(99), EBADF);
}

TEST(no_position, "pipes have no position, and take no offset")
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    CHECK_ERROR(lseek(ends[0], 0, SEEK_CUR), ESPIPE);
    CHECK_ERROR(pread(ends[0], ends, 1, 0), ESPIPE);
    CHECK_ERROR(pwrite(ends[1], ends, 1, 0), ESPIPE);
    CHECK_ERROR(ftruncate(ends[1], 0), EINVAL);
    CHECK_ERROR(fsync(ends[1]), EINVAL);
    CHECK_ERROR(pipe2(ends, O_APPEND), EINVAL);
}

TEST(sizes, "files are cut and lengthened by holes; no size is below 0")
{
    char buffer[8];
    struct stat status;
    begin();
    put("f", "text");
    int file = open("f", O_RDWR);
    CHECK(ftruncate(file, 2) == 0 && truncate("f", 6) == 0);
    CHECK(read(file, buffer, 8) == 6 && memcmp(buffer, "te\0\0\0\0", 6) == 0);
    CHECK_ERROR(ftruncate(file, -1), EINVAL);
    CHECK_ERROR(truncate("f", -1), EINVAL);
    CHECK_ERROR(truncate(".", 0), EISDIR);
    CHECK_ERROR(lseek(file, -1, SEEK_SET), EINVAL);
    CHECK_ERROR(lseek(file, 0, 77), EINVAL);
    CHECK_ERROR(pread(file, buffer, 1, -1), EINVAL);
    CHECK(lseek(file, 1000000, SEEK_SET) == 1000000 && write(file, "x", 1) == 1);
    CHECK(fstat(file, &status) == 0 && status.st_size == 1000001 && status.st_blocks < 100);
}

TEST(copied, "sendfile copies from an offset, or the position, which it advances")
{
    long offset = 2;
    begin();
    put("f", "0123456789");
    int from = open("f", O_RDONLY), to = open("g", O_WRONLY | O_CREAT, 0644);
    CHECK(syscall(SYS_sendfile, to, from, &offset, 3) == 3 && offset == 5);
    CHECK(lseek(from, 0, SEEK_CUR) == 0 && lseek(from, 8, SEEK_SET) == 8);
    CHECK(syscall(SYS_sendfile, to, from, NULL, 100) == 2 && lseek(from, 0, SEEK_CUR) == 10);
    CHECK(syscall(SYS_sendfile, to, from, NULL, 100) == 0);
    CHECK(has("g", "23489"));
    CHECK_ERROR(syscall(SYS_sendfile, 99, from, NULL, 1), EBADF);
    CHECK_ERROR(syscall(SYS_sendfile, to, to, NULL, 1), EBADF);
}

// Pages that nobody has touched before the kernel does: they lie in the program's file.
static char untouched[8 * 4096] = {1, [4095] = 2, [4096] = 3, [5 * 4096 + 100] = 4};

TEST(pages_on_demand, "what the kernel reads from or writes to comes when it is wanted")
{
    static char back[sizeof(untouched)];
    char *fresh = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int ends[2];
    begin();
    int file = open("f", O_RDWR | O_CREAT, 0644);
    CHECK(write(file, untouched + 10, sizeof(untouched) - 10) == sizeof(untouched) - 10);
    CHECK(pread(file, back, sizeof(back), 0) == sizeof(untouched) - 10);
    CHECK(memcmp(back, untouched + 10, sizeof(untouched) - 10) == 0);
    CHECK(fresh != MAP_FAILED && lseek(file, 0, SEEK_SET) == 0);
    CHECK(read(file, fresh + 1000, sizeof(untouched)) == sizeof(untouched) - 10);
    CHECK(memcmp(fresh + 1000, untouched + 10, sizeof(untouched) - 10) == 0);
    CHECK(pipe(ends) == 0);
    CHECK(write(ends[1], back + 4000, 4096) == 4096);
    CHECK(read(ends[0], fresh + 40 * 4096 + 3000, 8192) == 4096);
    CHECK(memcmp(fresh + 40 * 4096 + 3000, back + 4000, 4096) == 0);
    // What is done before the first address that is none is told.
    CHECK(munmap(fresh + 16 * 4096, 4096) == 0);
    CHECK(pread(file, fresh + 15 * 4096, 8192, 0) == 4096);
    CHECK_ERROR(pread(file, fresh + 16 * 4096, 8192, 0), EFAULT);
    CHECK_ERROR(write(ends[1], fresh + 16 * 4096 - 8, 16), EFAULT); // all or none
    CHECK(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    CHECK_ERROR(read(ends[0], back, 1), EAGAIN);
}

TEST(numbers_run_out, "when all descriptors are taken that is EMFILE, also for half a pipe")
{
    int last = 0, next, ends[2];
    begin();
    put("f", "");
    while ((next = open("f", O_RDONLY)) >= 0) {
        last = next;
        if (last == 1000) {
            return; // this system has more
        }
    }
    CHECK(errno == EMFILE && last >= 250);
    CHECK_ERROR(pipe(ends), EMFILE);
    CHECK(close(last) == 0);
    CHECK_ERROR(pipe(ends), EMFILE);
    CHECK(open("f", O_RDONLY) == last);
}

static const struct test tests[] = {
    ENTRY(broken_pipe), ENTRY(poll_states), ENTRY(poll_waits), ENTRY(select_sets), ENTRY(rights),
    ENTRY(times), ENTRY(bases), ENTRY(where), ENTRY(vectors), ENTRY(appended), ENTRY(numbers),
    ENTRY(no_position), ENTRY(sizes), ENTRY(copied), ENTRY(pages_on_demand),
    ENTRY(numbers_run_out), {NULL, NULL},
};

int main(int argc, char **argv)
{
    return check_run(tests, argc, argv);
}
