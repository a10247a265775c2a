// Hostile programs: each system call with addresses that are none of the program's, descriptors that
// are none, and counts beyond all reason. It says what is wrong, and nothing else happens.
#include "tests/user/check.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096

static long raw(long number, long a, long b, long c, long d, long e)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    long result = number;
    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

// Arguments that are filled in.
#define BAD 0x7001 // the bad address
#define BUFFER 0x7002 // a good one
#define PATH 0x7003 // of a file that is there
#define FOLDER 0x7004
#define FILE 0x7005 // a descriptor: of a file, open for both
#define DIRECTORY 0x7006
#define ZERO 0x7007 // of /dev/zero
#define SIZE 0x7008 // 128

enum { READS = 1, WRITES = 2 }; // what the call does with the address

static const struct call {
    long number, arguments[5];
    int access;
} calls[] = {
    {SYS_read, {FILE, BAD, 16}, WRITES},
    {SYS_read, {ZERO, BAD, 16}, WRITES},
    {SYS_write, {FILE, BAD, 16}, READS},
    {SYS_pread64, {FILE, BAD, 16, 0}, WRITES},
    {SYS_pwrite64, {FILE, BAD, 16, 0}, READS},
    {SYS_readv, {FILE, BAD, 1}, READS},
    {SYS_writev, {FILE, BAD, 1}, READS},
    {SYS_open, {BAD, 0, 0}, READS},
    {SYS_openat, {AT_FDCWD, BAD, 0}, READS},
    {SYS_creat, {BAD, 0}, READS},
    {SYS_stat, {BAD, BUFFER}, READS},
    {SYS_stat, {PATH, BAD}, WRITES},
    {SYS_lstat, {BAD, BUFFER}, READS},
    {SYS_fstat, {FILE, BAD}, WRITES},
    {SYS_newfstatat, {AT_FDCWD, BAD, BUFFER, 0}, READS},
    {SYS_newfstatat, {AT_FDCWD, PATH, BAD, 0}, WRITES},
    {SYS_statx, {AT_FDCWD, PATH, 0, 0x7ff, BAD}, WRITES},
    {SYS_statfs, {BAD, BUFFER}, READS},
    {SYS_statfs, {PATH, BAD}, WRITES},
    {SYS_fstatfs, {FILE, BAD}, WRITES},
    {SYS_access, {BAD, 0}, READS},
    {SYS_getdents64, {DIRECTORY, BAD, SIZE}, WRITES},
    {SYS_getcwd, {BAD, SIZE}, WRITES},
    {SYS_chdir, {BAD}, READS},
    {SYS_mkdir, {BAD, 0}, READS},
    {SYS_rmdir, {BAD}, READS},
    {SYS_unlink, {BAD}, READS},
    {SYS_unlinkat, {AT_FDCWD, BAD, 0}, READS},
    {SYS_rename, {BAD, PATH}, READS},
    {SYS_rename, {PATH, BAD}, READS},
    {SYS_link, {BAD, PATH}, READS},
    {SYS_link, {PATH, BAD}, READS},
    {SYS_symlink, {BAD, FOLDER}, READS},
    {SYS_symlink, {PATH, BAD}, READS},
    {SYS_readlink, {BAD, BUFFER, SIZE}, READS},
    {SYS_chmod, {BAD, 0}, READS},
    {SYS_truncate, {BAD, 0}, READS},
    {SYS_utimensat, {AT_FDCWD, BAD, 0, 0}, READS},
    {SYS_utimensat, {AT_FDCWD, PATH, BAD, 0}, READS},
    {SYS_pipe, {BAD}, WRITES},
    {SYS_pipe2, {BAD, 0}, WRITES},
    {SYS_poll, {BAD, 1, 0}, READS},
    {SYS_ppoll, {BAD, 1, 0, 0}, READS},
    {SYS_select, {3, BAD, 0, 0, 0}, READS},
    {SYS_sendfile, {ZERO, FILE, BAD, 16}, READS},
    {SYS_execve, {BAD, 0, 0}, READS},
    {SYS_execve, {PATH, BAD, 0}, READS},
    {SYS_execve, {PATH, 0, BAD}, READS},
    {SYS_execveat, {AT_FDCWD, BAD, 0, 0, 0}, READS},
    {SYS_execveat, {AT_FDCWD, PATH, BAD, 0, 0}, READS},
    {SYS_rt_sigaction, {SIGUSR1, BAD, 0, 8}, READS},
    {SYS_rt_sigaction, {SIGUSR1, 0, BAD, 8}, WRITES},
    {SYS_rt_sigprocmask, {SIG_BLOCK, BAD, 0, 8}, READS},
    {SYS_rt_sigprocmask, {SIG_BLOCK, 0, BAD, 8}, WRITES},
    {SYS_rt_sigpending, {BAD, 8}, WRITES},
    {SYS_rt_sigsuspend, {BAD, 8}, READS},
    {SYS_rt_sigqueueinfo, {1, 0, BAD}, READS},
    {SYS_rt_sigtimedwait, {BAD, 0, 0, 8}, READS},
    {SYS_rt_sigtimedwait, {BUFFER, 0, BAD, 8}, READS},
    {SYS_sigaltstack, {BAD, 0}, READS},
    {SYS_sigaltstack, {0, BAD}, WRITES},
    {SYS_setitimer, {0, BAD, 0}, READS},
    {SYS_getitimer, {0, BAD}, WRITES},
    {SYS_nanosleep, {BAD, 0}, READS},
    {SYS_clock_nanosleep, {1, 0, BAD, 0}, READS},
    {SYS_clock_gettime, {1, BAD}, WRITES},
    {SYS_clock_getres, {1, BAD}, WRITES},
    {SYS_gettimeofday, {BAD, 0}, WRITES},
    {SYS_time, {BAD}, WRITES},
    {SYS_times, {BAD}, WRITES},
    {SYS_getrusage, {0, BAD}, WRITES},
    {SYS_getrlimit, {3, BAD}, WRITES},
    {SYS_setrlimit, {3, BAD}, READS},
    {SYS_prlimit64, {0, 3, BAD, 0}, READS},
    {SYS_prlimit64, {0, 3, 0, BAD}, WRITES},
    {SYS_uname, {BAD}, WRITES},
    {SYS_sysinfo, {BAD}, WRITES},
    {SYS_getrandom, {BAD, 16, 0}, WRITES},
    {SYS_getcpu, {BAD, 0}, WRITES},
    {SYS_getresuid, {BAD, BUFFER, BUFFER}, WRITES},
    {SYS_sched_getaffinity, {0, SIZE, BAD}, WRITES},
    {SYS_prctl, {15, BAD}, READS},
    {SYS_prctl, {16, BAD}, WRITES},
    {SYS_arch_prctl, {0x1003, BAD}, WRITES},
    {SYS_futex, {BAD, 0, 0, 0}, READS},
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

static char buffer[PAGE];
static int file, directory, zero;
static char
    *pages; // the first may be read and written, the second only read, the third is not there

static void prepare(void)
{
    file = open("/tmp/hostile", O_RDWR | O_CREAT | O_TRUNC, 0755);
    directory = open("/", O_RDONLY);
    zero = open("/dev/zero", O_RDWR);
    pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(file >= 0 && directory >= 0 && zero >= 0 && pages != MAP_FAILED);
    CHECK(write(file, buffer, sizeof(buffer)) == sizeof(buffer) && lseek(file, 0, SEEK_SET) == 0);
    memset(pages, 0x55, PAGE);
    CHECK(munmap(pages + 2 * PAGE, PAGE) == 0 && mprotect(pages + PAGE, PAGE, PROT_READ) == 0);
}

static long argument(long value, long bad)
{
    switch (value) {
    case BAD:
        return bad;
    case BUFFER:
        return (long)buffer;
    case PATH:
        return (long)"/tmp/hostile";
    case FOLDER:
        return (long)"/tmp";
    case FILE:
        return file;
    case DIRECTORY:
        return directory;
    case ZERO:
        return zero;
    case SIZE:
        return 128;
    default:
        return value;
    }
}

static long try(const struct call *call, long bad)
{
    const long *a = call->arguments;
    return raw(call->number, argument(a[0], bad), argument(a[1], bad), argument(a[2], bad),
               argument(a[3], bad), argument(a[4], bad));
}

static void all_fault(long bad, int access)
{
    prepare();
    for (size_t i = 0; i < CALLS; i++) {
        if (calls[i].access & access) {
            long result = try(&calls[i], bad);
            if (result != -EFAULT) {
                printf("# call %ld (line %zu of the table) with %#lx: %ld\n", calls[i].number, i,
                       (unsigned long)bad, result);
                CHECK(result == -EFAULT);
            }
            lseek(file, 0, SEEK_SET);
            lseek(directory, 0, SEEK_SET);
        }
    }
}

TEST(kernel_addresses, "no call reads or writes the kernel's memory for a program")
{
    static const unsigned long kernel[] = {0xffff800000000000, 0xffff800000200000,
                                           0xffffffff80100000, 0xffffffff80200000,
                                           0xffffc00000001000, 0xffffffffffffff80};
    for (size_t i = 0; i < sizeof(kernel) / sizeof(kernel[0]); i++) {
        all_fault((long)kernel[i], READS | WRITES);
    }
}

TEST(no_addresses, "addresses that are not mapped, not canonical, or wrap round are refused")
{
    static const unsigned long nowhere[] = {0x10, 0xfff0, 0x7ffffffff000, 0x800000000000,
                                            0x8000000000000000, ~0ul - 15};
    for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
        all_fault((long)nowhere[i], READS | WRITES);
    }
    prepare();
    all_fault((long)pages + 2 * PAGE, READS | WRITES);
}

TEST(read_only, "what may only be read is not written for a program")
{
    prepare();
    all_fault((long)pages + PAGE, WRITES);
}

TEST(straddling, "what begins in a page that is there and ends in one that is not is refused")
{
    prepare();
    char *end = pages + 2 * PAGE;
    CHECK(mprotect(pages + PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
    for (size_t i = 0; i < CALLS; i++) {
        bool few = calls[i].number == SYS_getdents64 || calls[i].number == SYS_getcwd;
        memset(end - 3, 'x', 3);
        long result = few ? -EFAULT : try(&calls[i], (long)end - 3);
        bool partly = calls[i].number == SYS_read || calls[i].number == SYS_write ||
                      calls[i].number == SYS_pread64 || calls[i].number == SYS_pwrite64 ||
                      calls[i].number == SYS_getrandom;
        bool unaligned = calls[i].number == SYS_futex;
        bool right =
            result == -EFAULT || (partly && result == 3) || (unaligned && result == -EINVAL);
        if (!right) {
            printf("# call %ld (line %zu of the table): %ld\n", calls[i].number, i, result);
        }
        CHECK(right);
    }
}

TEST(descriptors, "what is no descriptor is refused by all calls that want one")
{
    static const long wanting[] = {SYS_read, SYS_write, SYS_close, SYS_fstat, SYS_lseek, SYS_ioctl,
                                   SYS_pread64, SYS_pwrite64, SYS_readv, SYS_writev, SYS_dup,
                                   SYS_dup2, SYS_fcntl, SYS_fsync, SYS_fdatasync, SYS_ftruncate,
                                   SYS_getdents64, SYS_fchdir, SYS_fchmod, SYS_fstatfs, SYS_flock,
                                   SYS_preadv, SYS_pwritev, SYS_fallocate};
    static const long wrong[] = {-1, 77, 255, 256, 1000, INT_MAX, INT_MIN, 1l << 32 | 77};
    struct {
        void *start;
        size_t size;
    } vector = {buffer, 1};
    prepare();
    for (size_t i = 0; i < sizeof(wanting) / sizeof(wanting[0]); i++) {
        for (size_t j = 0; j < sizeof(wrong) / sizeof(wrong[0]); j++) {
            bool vectored = wanting[i] == SYS_readv || wanting[i] == SYS_writev ||
                            wanting[i] == SYS_preadv || wanting[i] == SYS_pwritev;
            long second = vectored ? (long)&vector : (long)buffer;
            second = wanting[i] == SYS_dup2 ? 20 : wanting[i] == SYS_fcntl ? F_GETFD : second;
            second = wanting[i] == SYS_ftruncate || wanting[i] == SYS_lseek ? 0 : second;
            CHECK(raw(wanting[i], wrong[j], second, vectored, 0, 0) == -EBADF);
        }
    }
    CHECK(raw(SYS_dup2, file, 1 << 20, 0, 0, 0) == -EBADF);
    CHECK(raw(SYS_dup2, file, -1, 0, 0, 0) == -EBADF);
    CHECK(raw(SYS_openat, 77, (long)"x", 0, 0, 0) == -EBADF);
    CHECK(raw(SYS_openat, file, (long)"x", 0, 0, 0) == -ENOTDIR);
}

TEST(counts, "counts beyond all reason are refused, or what there is is done")
{
    struct {
        void *start;
        size_t size;
    } vector[3] = {{buffer, 1}, {buffer, LONG_MAX}, {buffer, LONG_MAX}};
    int null = open("/dev/null", O_RDWR);
    prepare();
    long result = raw(SYS_readv, file, (long)vector, 3, 0, 0);
    CHECK(result > 0 || result == -EINVAL || result == -EFAULT);
    vector[1].size = -1ul;
    CHECK(raw(SYS_readv, file, (long)vector, 3, 0, 0) == -EINVAL);
    CHECK(raw(SYS_readv, file, (long)vector, 1025, 0, 0) == -EINVAL);
    CHECK(raw(SYS_writev, file, (long)vector, -1, 0, 0) == -EINVAL);
    CHECK(raw(SYS_preadv, file, (long)vector, 1, -1, 0) == -EINVAL);
    CHECK(raw(SYS_mlock, (long)pages, -1, 0, 0, 0) == -ENOMEM);
    CHECK(raw(SYS_mlock, LONG_MAX, LONG_MAX, 0, 0, 0) == -ENOMEM);
    void *none = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, LONG_MAX & -PAGE);
    CHECK(none == MAP_FAILED && errno == EINVAL);
    result = raw(SYS_read, file, (long)pages, -1, 0, 0);
    CHECK(result == PAGE || result == -EFAULT);
    result = raw(SYS_read, zero, (long)pages, LONG_MAX, 0, 0);
    CHECK(result > 0 || result == -EFAULT);
    result = raw(SYS_write, null, (long)pages, LONG_MAX, 0, 0);
    CHECK(result > 0 || result == -EFAULT);
    CHECK(raw(SYS_poll, (long)buffer, LONG_MAX, 0, 0, 0) == -EINVAL);
    result = raw(SYS_select, -1, (long)buffer, 0, 0, 0);
    CHECK(result == -EINVAL);
    CHECK(raw(SYS_mmap, 0, -1l, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1) == -ENOMEM);
    CHECK(raw(SYS_mmap, 0, 1l << 46, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1) == -ENOMEM);
    CHECK(raw(SYS_mmap, 0, 0, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1) == -EINVAL);
    CHECK(raw(SYS_munmap, 0x10000, -PAGE, 0, 0, 0) == -EINVAL);
    CHECK(raw(SYS_munmap, 1, PAGE, 0, 0, 0) == -EINVAL);
    CHECK(raw(SYS_mprotect, (long)pages, LONG_MAX, 1, 0, 0) < 0);
    CHECK(raw(SYS_ftruncate, file, -1, 0, 0, 0) == -EINVAL);
    CHECK(raw(SYS_ftruncate, file, LONG_MAX, 0, 0, 0) == -EFBIG);
    CHECK(raw(SYS_lseek, file, LONG_MIN, SEEK_SET, 0, 0) == -EINVAL);
    CHECK(raw(SYS_lseek, file, 0, 17, 0, 0) == -EINVAL);
    CHECK(raw(SYS_pread64, file, (long)buffer, 1, -1, 0) == -EINVAL);
    CHECK(raw(SYS_getdents64, directory, (long)buffer, 3, 0, 0) == -EINVAL);
    CHECK(raw(SYS_getcwd, (long)buffer, 1, 0, 0, 0) == -ERANGE);
    CHECK(raw(SYS_rt_sigaction, SIGUSR1, 0, 0, 7, 0) == -EINVAL);
    CHECK(raw(SYS_rt_sigaction, 65, 0, 0, 8, 0) == -EINVAL);
    CHECK(raw(SYS_getgroups, -1, (long)buffer, 0, 0, 0) == -EINVAL);
    CHECK(raw(SYS_sched_getaffinity, 0, 0, (long)buffer, 0, 0) == -EINVAL);
}

TEST(locks, "a lock on bytes that there cannot be is refused")
{
    static const struct {
        short type, whence;
        long start, length;
        long error;
    } wrong[] = {
        {0, 0, LONG_MAX, 2, EOVERFLOW}, {0, 0, LONG_MIN, 0, EINVAL}, {0, 0, 0, LONG_MIN, EINVAL},
        {0, 0, 2, LONG_MAX, EOVERFLOW}, {0, 2, LONG_MIN, 1, EINVAL}, {0, 0, 5, -6, EINVAL},
        {0, 2, LONG_MAX, 0, EOVERFLOW}, {0, 3, 0, 0, EINVAL},        {0, -1, 0, 0, EINVAL},
        {3, 0, 0, 0, EINVAL},           {-1, 0, 0, 0, EINVAL},
    };
    prepare();
    CHECK(raw(SYS_pwrite64, file, (long)buffer, 1, 0, 0) == 1); // its end is behind 0
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct {
            short type, whence;
            long start, length;
            int pid;
        } lock = {wrong[i].type, wrong[i].whence, wrong[i].start, wrong[i].length, 0};
        CHECK(raw(SYS_fcntl, file, F_SETLK, (long)&lock, 0, 0) == -wrong[i].error);
        CHECK(raw(SYS_fcntl, file, F_GETLK, (long)&lock, 0, 0) == -wrong[i].error);
    }
    CHECK(raw(SYS_fcntl, file, F_SETLK, 0, 0, 0) == -EFAULT);
    CHECK(raw(SYS_fcntl, file, F_GETLK, (long)0xffff800000000000, 0, 0) == -EFAULT);
    CHECK(raw(SYS_flock, file, 0, 0, 0, 0) == -EINVAL);
    CHECK(raw(SYS_flock, file, 3, 0, 0, 0) == -EINVAL);
}

TEST(numbers, "a call that there isn't is ENOSYS, whatever its number")
{
    static const long none[] = {SYS_clone3, SYS_rseq, 335, 511, 512, 1000, -1, LONG_MIN, LONG_MAX,
                                1l << 32, 0x40000000};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        CHECK(raw(none[i], 0, 0, 0, 0, 0) == -ENOSYS);
    }
}

TEST(memory_hog, "a program that takes all memory is ended, and leaves the others alone")
{
    int status = IN_CHILD({
        for (;;) {
            char *more =
                mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (more == MAP_FAILED) {
                _exit(1);
            }
            for (int at = 0; at < 1 << 20; at += PAGE) {
                more[at] = 1;
            }
        }
    });
    CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) || WEXITSTATUS(status) == 1);
    CHECK(IN_CHILD(memset(malloc(1 << 20), 1, 1 << 20)) == 0);
}

static const struct test tests[] = {
    ENTRY(kernel_addresses), ENTRY(no_addresses), ENTRY(read_only), ENTRY(straddling),
    ENTRY(descriptors), ENTRY(counts), ENTRY(locks), ENTRY(numbers), ENTRY(memory_hog),
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    return check_run(tests, argc, argv);
}
