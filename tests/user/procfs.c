// What /proc tells of a process: its files and where it is, its memory, the time that it has used.
#include "tests/user/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>

#define FOLDER "/tmp/procfs"
#define PAGE 4096

static char path[64];

static const char *fd_path(int number)
{
    snprintf(path, sizeof(path), "/proc/self/fd/%d", number);
    return path;
}

static bool leads_to(const char *link, const char *expected)
{
    char target[256];
    ssize_t length = readlink(link, target, sizeof(target) - 1);
    target[length > 0 ? length : 0] = '\0';
    return strcmp(target, expected) == 0;
}

static void begin(void)
{
    (void)mkdir("/tmp", 0755);
    (void)mkdir(FOLDER, 0755);
    CHECK(chdir(FOLDER) == 0);
}

static int make_file(const char *name)
{
    int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(file >= 0 && write(file, "contents", 8) == 8);
    return file;
}

TEST(fd_names, "/proc/self/fd has a link for each open file, which says what it is")
{
    int ends[2], listed = 0, expected = 0;
    begin();
    int file = make_file(FOLDER "/f"), relative = open("f", O_RDONLY), folder = open(".", O_RDONLY);
    CHECK(pipe(ends) == 0);
    CHECK(leads_to(fd_path(file), FOLDER "/f") && leads_to(fd_path(relative), FOLDER "/f"));
    CHECK(leads_to(fd_path(folder), FOLDER));
    CHECK(leads_to(fd_path(open("/dev/null", O_RDONLY)), "/dev/null"));
    char text[32];
    CHECK(readlink(fd_path(ends[0]), text, sizeof(text)) > 7 && memcmp(text, "pipe:[", 6) == 0);
    struct stat link;
    CHECK(lstat(fd_path(file), &link) == 0 && S_ISLNK(link.st_mode));
    DIR *all = opendir("/proc/self/fd");
    CHECK(all != NULL);
    for (struct dirent *entry; (entry = readdir(all)) != NULL;) {
        if (entry->d_name[0] != '.') {
            CHECK(entry->d_type == DT_LNK && fcntl(atoi(entry->d_name), F_GETFD) >= 0);
            listed++;
        }
    }
    for (int i = 0; i < 1000; i++) {
        expected += fcntl(i, F_GETFD) >= 0;
    }
    CHECK(listed == expected && listed > 6);
    CHECK(close(file) == 0 && readlink(fd_path(file), text, sizeof(text)) == -1);
    CHECK(errno == ENOENT);
    CHECK_ERROR(open(fd_path(file), O_RDONLY), ENOENT);
    CHECK_ERROR(open("/proc/self/fd/00", O_RDONLY), ENOENT);
    CHECK_ERROR(open("/proc/self/fd/x", O_RDONLY), ENOENT);
    CHECK(access("/proc/self/fd/../fd/1/", 0) == -1 && access("/proc/self/fd/../fd", 0) == 0);
}

TEST(fd_opens, "to open such a link is to open the file anew, whether it has a name or not")
{
    char bytes[16];
    begin();
    int file = make_file("g");
    CHECK(unlink("g") == 0);
    int again = open(fd_path(file), O_RDONLY);
    CHECK(again >= 0 && read(again, bytes, 16) == 8 && memcmp(bytes, "contents", 8) == 0);
    CHECK(lseek(file, 0, SEEK_CUR) == 8 && lseek(again, 0, SEEK_SET) == 0);
    CHECK_ERROR(write(again, "x", 1), EBADF);
    int folder = open(".", O_RDONLY);
    close(make_file("h"));
    char inside[80];
    snprintf(inside, sizeof(inside), "%s/h", fd_path(folder));
    CHECK(access(inside, 0) == 0);
    CHECK_ERROR(open(fd_path(folder), O_WRONLY), EISDIR);
    CHECK_ERROR(open(fd_path(file), O_RDONLY | O_NOFOLLOW), ELOOP);
}

TEST(fd_pipes, "a pipe's ends can be opened anew, and are only closed when all of them are")
{
    int ends[2];
    char bytes[16];
    CHECK(pipe(ends) == 0);
    int in = open(fd_path(ends[0]), O_RDONLY), out = open(fd_path(ends[1]), O_WRONLY);
    CHECK(in >= 0 && out >= 0 && close(ends[0]) == 0 && close(ends[1]) == 0);
    CHECK(write(out, "abc", 3) == 3 && read(in, bytes, 16) == 3 && memcmp(bytes, "abc", 3) == 0);
    int both = open(fd_path(in), O_RDWR);
    CHECK(both >= 0 && close(out) == 0 && write(both, "d", 1) == 1 && read(in, bytes, 16) == 1);
    CHECK(write(both, "e", 1) == 1 && read(both, bytes, 16) == 1 && bytes[0] == 'e');
    CHECK(close(both) == 0 && read(in, bytes, 16) == 0);
    signal(SIGPIPE, SIG_IGN);
    out = open(fd_path(in), O_WRONLY);
    CHECK(out >= 0 && close(in) == 0);
    CHECK_ERROR(write(out, "x", 1), EPIPE);
}

TEST(dev_names, "/dev/stdin and its like, and /dev/fd, are the caller's own files")
{
    int ends[2];
    char bytes[16];
    struct stat status;
    CHECK(pipe(ends) == 0);
    int status_of_child = IN_CHILD({
        CHECK(dup2(ends[0], 0) == 0 && dup2(ends[1], 1) == 1 && dup2(ends[1], 2) == 2);
        int in = open("/dev/stdin", O_RDONLY), out = open("/dev/stdout", O_WRONLY | O_TRUNC);
        int error = open("/dev/stderr", O_WRONLY | O_CREAT, 0644), number = open("/dev/fd/0", 0);
        _exit(in < 0 || out < 0 || error < 0 || number < 0 || write(out, "a", 1) != 1 ||
              read(in, bytes, 16) != 1 || write(error, "b", 1) != 1 ||
              read(number, bytes, 16) != 1);
    });
    CHECK(status_of_child == 0);
    CHECK(lstat("/dev/stdin", &status) == 0 && S_ISLNK(status.st_mode));
    CHECK(lstat("/dev/fd", &status) == 0 && S_ISLNK(status.st_mode));
}

TEST(of_others, "files and directory of another process are seen as well, until it ends")
{
    int ends[2], back[2];
    char byte, bytes[8];
    begin();
    CHECK(pipe(ends) == 0 && pipe(back) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(mkdir("below", 0755) == 0 || errno == EEXIST);
        CHECK(chdir("below") == 0 && dup2(make_file("i"), 50) == 50);
        CHECK(write(back[1], "x", 1) == 1 && read(ends[0], &byte, 1) == 1);
        _exit(0);
    }
    CHECK(read(back[0], &byte, 1) == 1);
    snprintf(path, sizeof(path), "/proc/%d/cwd", (int)pid);
    CHECK(leads_to(path, FOLDER "/below") && leads_to("/proc/self/cwd", FOLDER));
    CHECK(open("/proc/self/cwd/below/i", O_RDONLY) >= 0);
    snprintf(path, sizeof(path), "/proc/%d/cwd/../below/i", (int)pid);
    CHECK(access(path, 0) == 0);
    snprintf(path, sizeof(path), "/proc/%d/fd/50", (int)pid);
    CHECK(leads_to(path, FOLDER "/below/i"));
    int file = open(path, O_RDONLY);
    CHECK(file >= 0 && read(file, bytes, 8) == 8);
    // While it has ended, but nobody has asked how: it has nothing any more.
    CHECK(write(ends[1], "x", 1) == 1);
    check_state(pid, 'Z');
    CHECK_ERROR(access(path, 0), ENOENT);
    snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
    struct stat status;
    CHECK(lstat(path, &status) == 0 && S_ISLNK(status.st_mode));
    CHECK_ERROR(readlink(path, bytes, sizeof(bytes)), ENOENT);
    CHECK_ERROR(open(path, O_RDONLY), ENOENT);
    CHECK(check_wait(pid) == 0);
    CHECK_ERROR(lstat(path, &status), ENOENT);
}

static long free_bytes(void)
{
    struct sysinfo info;
    sysinfo(&info);
    return (long)(info.freeram * info.mem_unit);
}

TEST(maps_are_bounded, "many who have read a long /proc/self/maps do not take the memory")
{
    int count = 3900, opened = 0;
    char *memory = mmap(NULL, (size_t)count * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    for (int i = 0; i < count; i += 2) {
        CHECK(mprotect(memory + i * PAGE, PAGE, PROT_NONE) == 0);
    }
    long before = free_bytes();
    char byte;
    for (int file; opened < 200 && (file = open("/proc/self/maps", O_RDONLY)) >= 0; opened++) {
        CHECK(read(file, &byte, 1) == 1);
    }
    CHECK(opened == 200 && before - free_bytes() < opened * 80 * 1024l);
}

// ---- Time ----

static volatile sig_atomic_t alarms;

static void count_alarm(int signal)
{
    (void)signal;
    alarms++;
}

static long long us(struct timeval time)
{
    return time.tv_sec * 1000000ll + time.tv_usec;
}

// Uses up processor time, computing or in the kernel: until so much is used and, with `mostly`, two
// thirds of it are of this kind, or ten seconds are over. (The time for which a busy host stops the
// machine is put down to either.)
static void use_time(bool in_kernel, long long time_us, bool mostly)
{
    static char buffer[65536];
    int zero = open("/dev/zero", O_RDONLY);
    long long used, wanted;
    do {
        for (volatile int i = 0; i < 10000 && !in_kernel; i++) {
        }
        for (int i = 0; i < 20 && in_kernel; i++) {
            CHECK(read(zero, buffer, sizeof(buffer)) == sizeof(buffer));
        }
        struct rusage usage;
        getrusage(RUSAGE_SELF, &usage);
        used = us(usage.ru_utime) + us(usage.ru_stime);
        wanted = us(in_kernel ? usage.ru_stime : usage.ru_utime);
    } while (used < time_us || (mostly && wanted * 3 < used * 2 && used < 10000000));
    close(zero);
}

static void check_kind(bool in_kernel)
{
    struct rusage before, of_child, after;
    struct tms times_before, times_after;
    CHECK(getrusage(RUSAGE_CHILDREN, &before) == 0 && times(&times_before) != -1);
    pid_t pid = fork();
    if (pid == 0) {
        use_time(in_kernel, 200000, true);
        unsigned long user = 0, system = 0;
        FILE *stat = fopen("/proc/self/stat", "r");
        CHECK(stat != NULL &&
              fscanf(stat, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                     &system) == 2);
        CHECK(user + system >= 15 && (in_kernel ? user < system : system < user));
        struct tms times_now;
        CHECK(times(&times_now) != -1 && times_now.tms_utime + times_now.tms_stime >= 15);
        CHECK(in_kernel == (times_now.tms_stime > times_now.tms_utime));
        _exit(0);
    }
    int status;
    CHECK(wait4(pid, &status, 0, &of_child) == pid && status == 0);
    long long user = us(of_child.ru_utime), system = us(of_child.ru_stime);
    CHECK(user + system >= 200000 && (in_kernel ? user < system : system < user));
    CHECK(getrusage(RUSAGE_CHILDREN, &after) == 0 && times(&times_after) != -1);
    CHECK(us(after.ru_utime) - us(before.ru_utime) == user);
    CHECK(us(after.ru_stime) - us(before.ru_stime) == system);
    long ticks = in_kernel ? times_after.tms_cstime - times_before.tms_cstime
                           : times_after.tms_cutime - times_before.tms_cutime;
    CHECK(ticks >= 9);
}

TEST(user_time, "the time of a program that computes is its own")
{
    check_kind(false);
}

TEST(system_time, "the time of a program that has the kernel work is the kernel's")
{
    check_kind(true);
}

static void check_timer(int which, int number, bool in_kernel)
{
    struct itimerval timer = {{0, 20000}, {0, 50000}}, old;
    struct rusage before, after;
    alarms = 0;
    signal(number, count_alarm);
    getrusage(RUSAGE_SELF, &before);
    CHECK(setitimer(which, &timer, NULL) == 0 && getitimer(which, &old) == 0);
    CHECK(us(old.it_interval) == 20000 && us(old.it_value) > 0 && us(old.it_value) <= 60000);
    usleep(200000); // which is no processor time
    getrusage(RUSAGE_SELF, &after);
    CHECK(alarms == 0 || us(after.ru_utime) + us(after.ru_stime) >=
                             us(before.ru_utime) + us(before.ru_stime) + 49000);
    while (alarms < 3) {
        use_time(in_kernel, 0, false);
    }
    getrusage(RUSAGE_SELF, &after);
    long long user = us(after.ru_utime) - us(before.ru_utime);
    long long system = us(after.ru_stime) - us(before.ru_stime);
    CHECK((which == ITIMER_VIRTUAL ? user : user + system) >= 80000);
    timer = (struct itimerval){0};
    CHECK(setitimer(which, &timer, &old) == 0 && us(old.it_value) <= 30000);
    int before_that = alarms;
    getrusage(RUSAGE_SELF, &before);
    use_time(in_kernel, us(before.ru_utime) + us(before.ru_stime) + 50000, false);
    CHECK(alarms == before_that);
}

TEST(cpu_timers, "ITIMER_VIRTUAL counts a program's own time, ITIMER_PROF all of it")
{
    check_timer(ITIMER_VIRTUAL, SIGVTALRM, false);
    check_timer(ITIMER_PROF, SIGPROF, false);
    check_timer(ITIMER_PROF, SIGPROF, true);
    CHECK_ERROR(setitimer(3, &(struct itimerval){0}, NULL), EINVAL);
}

static const struct test tests[] = {
    ENTRY(fd_names), ENTRY(fd_opens), ENTRY(fd_pipes), ENTRY(dev_names), ENTRY(of_others),
    ENTRY(maps_are_bounded), ENTRY(user_time), ENTRY(system_time), ENTRY(cpu_timers), {NULL, NULL},
};

int main(int argc, char **argv)
{
    return check_run(tests, argc, argv);
}
