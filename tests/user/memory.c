// Memory of a program: mmap, munmap, mprotect, mremap, madvise, mincore, brk, the stack, and what
// fork and the end of memory do to them.
#include "tests/user/check.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096ul
#define MIB (1ul << 20)
#define READ_WRITE (PROT_READ | PROT_WRITE)

static long raw(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return number;
}

static long map(uintptr_t start, size_t size, int rights, int flags, int file, long offset)
{
    return raw(SYS_mmap, (long)start, (long)size, rights, flags, file, offset);
}

static char *map_pages(size_t count, int rights, int flags)
{
    char *start = mmap(NULL, count * PAGE, rights, MAP_ANONYMOUS | flags, -1, 0);
    CHECK(start != MAP_FAILED);
    return start;
}

static sigjmp_buf back;
static volatile int last_signal, last_code;
static char *volatile last_address;

static void caught(int signal, siginfo_t *info, void *context)
{
    (void)context;
    last_signal = signal;
    last_code = info->si_code;
    last_address = info->si_addr;
    siglongjmp(back, 1);
}

static void catch (void)
{
    struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0 && sigaction(SIGBUS, &action, NULL) == 0);
}

// The signal that an access to a byte gets, 0: none.
static int touch(volatile char *address, bool write)
{
    last_signal = 0;
    if (sigsetjmp(back, 1) == 0) {
        if (write) {
            *address = 1;
        } else {
            (void)*address;
        }
    }
    return last_signal;
}

TEST(mmap_rights, "a page can be used as its rights say, and a fault tells address and reason")
{
    catch ();
    char *page = map_pages(3, PROT_NONE, MAP_PRIVATE);
    CHECK(touch(page, false) == SIGSEGV && last_code == 2 && last_address == page);
    CHECK(mprotect(page, PAGE, PROT_READ) == 0);
    CHECK(touch(page, false) == 0 && touch(page + 5, true) == SIGSEGV);
    CHECK(last_code == 2 && last_address == page + 5);
    CHECK(mprotect(page, PAGE, READ_WRITE) == 0 && touch(page, true) == 0 && page[0] == 1);
    CHECK(mprotect(page, PAGE, PROT_NONE) == 0 && touch(page, false) == SIGSEGV);
    CHECK(mprotect(page, PAGE, PROT_READ) == 0 && page[0] == 1); // it has not been lost
    CHECK(munmap(page, PAGE) == 0 && touch(page, false) == SIGSEGV && last_code == 1);
    CHECK_ERROR(mprotect(page, 2 * PAGE, PROT_READ), ENOMEM);
    CHECK(munmap(page, 3 * PAGE) == 0);
}

TEST(mmap_execute, "code runs where PROT_EXEC is, and nowhere else")
{
    static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3}; // mov eax, 42; ret
    catch ();
    char *page = map_pages(1, READ_WRITE, MAP_PRIVATE);
    memcpy(page, code, sizeof(code));
    int (*function)(void) = (int (*)(void))(uintptr_t)page;
    last_signal = 0;
    if (sigsetjmp(back, 1) == 0) {
        function();
    }
    CHECK(last_signal == SIGSEGV && last_address == page);
    CHECK(mprotect(page, PAGE, PROT_READ | PROT_EXEC) == 0 && function() == 42);
}

TEST(mmap_fixed,
     "MAP_FIXED replaces what was there, MAP_FIXED_NOREPLACE does not, a wish is a wish")
{
    char *pages = map_pages(4, READ_WRITE, MAP_PRIVATE);
    memset(pages, 7, 4 * PAGE);
    uintptr_t second = (uintptr_t)pages + PAGE;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    CHECK(map(second, PAGE, READ_WRITE, flags | MAP_FIXED, -1, 0) == (long)second);
    CHECK(pages[0] == 7 && pages[PAGE] == 0 && pages[2 * PAGE] == 7);
    CHECK(map(second, PAGE, READ_WRITE, flags | MAP_FIXED_NOREPLACE, -1, 0) == -EEXIST);
    long elsewhere = map(second, PAGE, READ_WRITE, flags, -1, 0);
    CHECK(elsewhere > 0 && elsewhere != (long)second);
    CHECK(munmap(pages + 2 * PAGE, PAGE) == 0);
    CHECK(map(second + PAGE, PAGE, READ_WRITE, flags, -1, 0) == (long)(second + PAGE));
}

TEST(mmap_refused, "sizes, addresses, flags and files that make no sense are refused")
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    CHECK(map(0, 0, READ_WRITE, flags, -1, 0) == -EINVAL);
    CHECK(map(0, -1ul, READ_WRITE, flags, -1, 0) == -ENOMEM);
    CHECK(map(0, 1ul << 46, READ_WRITE, flags, -1, 0) == -ENOMEM);
    CHECK(map(0, PAGE, READ_WRITE, MAP_ANONYMOUS, -1, 0) == -EINVAL);
    CHECK(map(0x10001, PAGE, READ_WRITE, flags | MAP_FIXED, -1, 0) == -EINVAL);
    CHECK(map(0x7ffffffff000, PAGE, READ_WRITE, flags | MAP_FIXED, -1, 0) < 0);
    CHECK(map(0x800000000000, PAGE, READ_WRITE, flags | MAP_FIXED, -1, 0) < 0);
    CHECK(map(-PAGE, PAGE, READ_WRITE, flags | MAP_FIXED, -1, 0) < 0);
    CHECK(map(0x400000, -PAGE, READ_WRITE, flags | MAP_FIXED, -1, 0) < 0);
    CHECK(map(0, PAGE, PROT_READ, MAP_PRIVATE, -1, 0) == -EBADF);
    CHECK(map(0, PAGE, PROT_READ, MAP_PRIVATE, 9999, 0) == -EBADF);
    CHECK(raw(SYS_munmap, 0x1001, PAGE, 0, 0, 0, 0) == -EINVAL);
    CHECK(raw(SYS_munmap, 0x400000, 0, 0, 0, 0, 0) == -EINVAL);
    CHECK(raw(SYS_munmap, 0x400000, -1, 0, 0, 0, 0) == -EINVAL);
    CHECK(raw(SYS_mprotect, 0x1001, PAGE, 0, 0, 0, 0) == -EINVAL);
    CHECK(raw(SYS_mprotect, (long)0xffffffff80000000, PAGE, 3, 0, 0, 0) == -ENOMEM);
    CHECK(raw(SYS_mremap, 0x1001, PAGE, 2 * PAGE, 1, 0, 0) == -EINVAL);
    CHECK(raw(SYS_mremap, 0x1000, PAGE, 2 * PAGE, 1, 0, 0) == -EFAULT);
    CHECK(raw(SYS_madvise, 0x1001, PAGE, 4, 0, 0, 0) == -EINVAL);
}

TEST(mmap_file, "a private view of a file shows it, keeps what is written, and ends with the file")
{
    static char bytes[2 * PAGE + 100];
    catch ();
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(i % 251);
    }
    int file = open("/tmp/memory", O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(file >= 0 && write(file, bytes, sizeof(bytes)) == sizeof(bytes));
    char *view = mmap(NULL, 4 * PAGE, READ_WRITE, MAP_PRIVATE, file, 0);
    CHECK(view != MAP_FAILED && memcmp(view, bytes, sizeof(bytes)) == 0);
    CHECK(view[sizeof(bytes)] == 0 && view[3 * PAGE - 1] == 0);
    CHECK(touch(view + 3 * PAGE, false) == SIGBUS && last_address == view + 3 * PAGE);
    view[10] = 99;
    char byte;
    CHECK(pread(file, &byte, 1, 10) == 1 && byte == 10);
    char *second = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, PAGE);
    CHECK(second != MAP_FAILED && memcmp(second, bytes + PAGE, PAGE) == 0);
    CHECK(map(0, PAGE, PROT_READ, MAP_PRIVATE, file, 100) == -EINVAL);
    CHECK(close(file) == 0 && unlink("/tmp/memory") == 0);
    CHECK(view[PAGE] == bytes[PAGE] && view[10] == 99); // it holds the file
    // What a system call reads or writes is brought there for it.
    file = open("/tmp/memory", O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(file >= 0 && write(file, bytes, sizeof(bytes)) == sizeof(bytes));
    char *source = mmap(NULL, 2 * PAGE, READ_WRITE, MAP_PRIVATE, file, 0);
    CHECK(source != MAP_FAILED && pwrite(file, source + 1, 2 * PAGE - 1, 0) == 2 * PAGE - 1);
    CHECK(pread(file, source, 2 * PAGE - 1, 0) == 2 * PAGE - 1);
    CHECK(memcmp(source, bytes + 1, 2 * PAGE - 1) == 0);
    CHECK(close(file) == 0 && unlink("/tmp/memory") == 0);
}

TEST(mmap_shared, "parent and children see the same in shared memory, whoever touches it first")
{
    char *pages = map_pages(600, READ_WRITE, MAP_SHARED);
    pages[0] = 1;
    CHECK(IN_CHILD(CHECK(pages[0] == 1);
                   for (unsigned i = 1; i < 600; i += 2) { pages[i * PAGE] = (char)i; }) == 0);
    for (unsigned i = 0; i < 600; i++) {
        CHECK(pages[i * PAGE] == (i % 2 || i == 0 ? (char)(i ? i : 1) : 0));
    }
    CHECK(munmap(pages, PAGE) == 0 && pages[PAGE] == 1);
}

TEST(mremap_moves, "a mapping grows with its contents, in place or elsewhere, and shrinks")
{
    catch ();
    char *pages = map_pages(3, READ_WRITE, MAP_PRIVATE);
    memset(pages, 5, 3 * PAGE);
    CHECK(mremap(pages, 3 * PAGE, PAGE, 0) == pages);
    CHECK(pages[0] == 5 && touch(pages + PAGE, false) == SIGSEGV);
    CHECK(mremap(pages, PAGE, 2 * PAGE, 0) == pages && pages[PAGE] == 0 && pages[0] == 5);
    char *wall =
        mmap(pages + 2 * PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(wall == pages + 2 * PAGE);
    CHECK(mremap(pages, 2 * PAGE, 1000 * PAGE, 0) == MAP_FAILED && errno == ENOMEM);
    char *moved = mremap(pages, 2 * PAGE, 1000 * PAGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED && moved != pages && moved[0] == 5 && moved[PAGE] == 0);
    CHECK(touch(moved + 999 * PAGE, true) == 0 && touch(pages, false) == SIGSEGV);
}

TEST(mremap_file, "a view of a file that grows shows more of the file")
{
    static char filler[16384];
    int file = open("/grown", O_CREAT | O_RDWR | O_TRUNC, 0644);
    memset(filler, 'x', sizeof(filler));
    CHECK(file >= 0 && write(file, filler, sizeof(filler)) == sizeof(filler));
    for (int flags = MAP_PRIVATE; flags != 0; flags = flags == MAP_PRIVATE ? MAP_SHARED : 0) {
        char *view = mmap(NULL, 4096, PROT_READ, flags, file, 0);
        CHECK(view != MAP_FAILED && view[0] == 'x');
        view = mremap(view, 4096, sizeof(filler), MREMAP_MAYMOVE);
        CHECK(view != MAP_FAILED && view[5000] == 'x' && view[16383] == 'x');
        CHECK(munmap(view, sizeof(filler)) == 0);
    }
}

// Grows a view to beyond where its file may end: refused, or nothing is there.
static void grow_beyond(char *view, size_t size, size_t offset)
{
    view = view == MAP_FAILED ? view : mremap(view, 4096, size, MREMAP_MAYMOVE);
    int status = view == MAP_FAILED ? SIGBUS : IN_CHILD(_exit(*(volatile char *)(view + offset)));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

TEST(mapped_beyond, "a view of a file does not grow to offsets at which there is something else")
{
    int file = open("/beyond", O_CREAT | O_RDWR | O_TRUNC, 0644);
    off_t last = 0x7fffffffe000; // of the last page below the end of addresses
    grow_beyond(mmap(NULL, 4096, READ_WRITE, MAP_SHARED, file, last), 4 << 20, 3 * 4096);
    grow_beyond(mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, last), 0x400000100000,
                0x400000002000);
    file = open("/proc/loadavg", O_RDONLY);
    CHECK(file >= 0 && mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0) == MAP_FAILED);
}

TEST(mapped_changed, "what is cut off from a file, or comes into it, is so where it is mapped")
{
    static char bytes[4096];
    int file = open("/mapped", O_CREAT | O_RDWR | O_TRUNC, 0644);
    CHECK(file >= 0 && ftruncate(file, 4096) == 0);
    char *view = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK(view != MAP_FAILED);
    memset(view, 'A', 4096);
    int other = open("/mapped", O_WRONLY | O_TRUNC);
    CHECK(other >= 0 && pwrite(other, "B", 1, 4095) == 1);
    CHECK(pread(file, bytes, 4096, 0) == 4096 && bytes[0] == 0 && bytes[4094] == 0);
    CHECK(bytes[4095] == 'B' && view[0] == 0 && view[4095] == 'B');
    memset(view, 'A', 4096);
    CHECK(truncate("/mapped", 0) == 0 && truncate("/mapped", 4096) == 0);
    CHECK(pread(file, bytes, 4096, 0) == 4096 && bytes[0] == 0 && bytes[4095] == 0);
    memset(view, 'A', 4096);
    int from = open("/filler", O_CREAT | O_RDWR | O_TRUNC, 0644);
    CHECK(from >= 0 && write(from, "hello", 5) == 5 && lseek(from, 0, SEEK_SET) == 0);
    CHECK(lseek(other, 0, SEEK_SET) == 0 && syscall(SYS_sendfile, other, from, NULL, 5) == 5);
    CHECK(memcmp(view, "helloA", 6) == 0 && fsync(file) == 0);
    CHECK(pread(file, bytes, 6, 0) == 6 && memcmp(bytes, "helloA", 6) == 0);
}

TEST(mremap_there,
     "a mapping is moved to where it is asked to be, over what is there, but not over itself")
{
    catch ();
    char *pages = map_pages(16, READ_WRITE, MAP_PRIVATE), *there = pages + 8 * PAGE;
    for (int i = 0; i < 16; i++) {
        pages[i * PAGE] = (char)i;
    }
    int fixed = MREMAP_MAYMOVE | MREMAP_FIXED;
    CHECK(mremap(pages, PAGE, 2 * PAGE, MREMAP_FIXED, there) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(pages, PAGE, PAGE, fixed, there + 1) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(pages, 4 * PAGE, 4 * PAGE, fixed, pages + 3 * PAGE) == MAP_FAILED);
    CHECK(mremap(pages + PAGE, 4 * PAGE, 4 * PAGE, fixed, pages) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(pages, PAGE, PAGE, fixed, (void *)(1ul << 47)) == MAP_FAILED && errno == EINVAL);
    CHECK(pages[0] == 0 && there[0] == 8);
    // Larger, smaller, of the same size.
    CHECK(mremap(pages, 2 * PAGE, 3 * PAGE, fixed, there) == there);
    CHECK(there[0] == 0 && there[PAGE] == 1 && there[2 * PAGE] == 0 && there[3 * PAGE] == 11);
    CHECK(touch(pages, false) == SIGSEGV && touch(pages + 2 * PAGE, false) == 0);
    CHECK(mremap(pages + 2 * PAGE, 2 * PAGE, PAGE, fixed, there + 5 * PAGE) == there + 5 * PAGE);
    CHECK(there[5 * PAGE] == 2 && there[6 * PAGE] == 14);
    CHECK(touch(pages + 3 * PAGE, false) == SIGSEGV && pages[4 * PAGE] == 4);
    CHECK(mremap(pages + 4 * PAGE, PAGE, PAGE, fixed, pages) == pages && pages[0] == 4);
}

TEST(shared_ends,
     "shared pages have no numbers beyond those of addresses: that is where the kernel's are")
{
    // Each round cuts all off but the last page, so that numbers go on from there.
    size_t size = 1ul << 46;
    char *start = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (unsigned round = 0; start != MAP_FAILED && round < 8; round++) {
        CHECK(munmap(start, size - PAGE) == 0);
        start = mremap(start + size - PAGE, PAGE, size, MREMAP_MAYMOVE);
    }
    CHECK(start == MAP_FAILED && errno == ENOMEM);
}

TEST(madvise_forgets, "MADV_DONTNEED gives private memory back: it reads as zeroes")
{
    char *pages = map_pages(4, READ_WRITE, MAP_PRIVATE);
    memset(pages, 5, 4 * PAGE);
    CHECK(raw(SYS_madvise, (long)pages + (long)PAGE, 2 * PAGE, 4, 0, 0, 0) == 0);
    CHECK(pages[0] == 5 && pages[PAGE] == 0 && pages[2 * PAGE] == 0 && pages[3 * PAGE] == 5);
    unsigned char present[4];
    CHECK(raw(SYS_madvise, (long)pages, PAGE, 4, 0, 0, 0) == 0);
    CHECK(raw(SYS_mincore, (long)pages, 4 * PAGE, (long)present, 0, 0, 0) == 0);
    CHECK((present[0] & 1) == 0 && (present[3] & 1) == 1);
}

TEST(brk_moves, "brk grows and shrinks the heap, and says where it is when it can't")
{
    catch ();
    long start = raw(SYS_brk, 0, 0, 0, 0, 0, 0), end = start + (long)MIB;
    CHECK(raw(SYS_brk, end, 0, 0, 0, 0, 0) == end);
    CHECK(touch((char *)end - 1, true) == 0 && touch((char *)start, false) == 0);
    CHECK(raw(SYS_brk, (long)(1ul << 46), 0, 0, 0, 0, 0) == end);
    CHECK(raw(SYS_brk, -1, 0, 0, 0, 0, 0) == end && raw(SYS_brk, 1, 0, 0, 0, 0, 0) == end);
    CHECK(raw(SYS_brk, start, 0, 0, 0, 0, 0) == start);
    CHECK(touch((char *)end - 1, false) == SIGSEGV);
    CHECK(raw(SYS_brk, end, 0, 0, 0, 0, 0) == end && ((char *)end)[-1] == 0);
}

static int recurse(unsigned depth)
{
    volatile char room[1000];
    memset((char *)room, (int)depth, sizeof(room));
    return depth == 0 ? 0 : recurse(depth - 1) + room[999] - (char)depth;
}

TEST(stack_grows, "a stack grows to megabytes, and beyond its limit is a SIGSEGV")
{
    CHECK(recurse(6000) == 0);
    CHECK(WTERMSIG(IN_CHILD(signal(SIGSEGV, SIG_DFL); recurse(100000))) == SIGSEGV);
}

TEST(copy_on_write, "what one of two processes writes after a fork, the other does not see")
{
    enum { PAGES = 700 };
    char *pages = map_pages(PAGES, READ_WRITE, MAP_PRIVATE);
    memset(pages, 1, PAGES * PAGE);
    int go[2];
    CHECK(pipe(go) == 0);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        for (unsigned i = 0; i < PAGES; i += 2) {
            pages[i * PAGE] = 2;
        }
        CHECK(read(go[0], &byte, 1) == 1);
        for (unsigned i = 0; i < PAGES; i++) {
            CHECK(pages[i * PAGE] == (i % 2 ? 1 : 2) && pages[i * PAGE + 1] == 1);
        }
        _exit(0);
    }
    for (unsigned i = 0; i < PAGES; i += 3) {
        pages[i * PAGE] = 3;
    }
    CHECK(write(go[1], "", 1) == 1 && check_wait(child) == 0);
    for (unsigned i = 0; i < PAGES; i++) {
        CHECK(pages[i * PAGE] == (i % 3 ? 1 : 3));
    }
}

TEST(many_regions, "thousands of small mappings are refused with ENOMEM, and nothing is lost")
{
    CHECK(IN_CHILD(
              char *pages = map_pages(200000, PROT_NONE, MAP_PRIVATE); unsigned count = 0;
              while (count < 100000 && mprotect(pages + 2 * PAGE * count, PAGE, PROT_READ) == 0) {
                  count++;
              } CHECK(count > 500 && errno == ENOMEM);) == 0);
}

// Not for Linux, where the end of memory is somebody else's.
TEST(memory_ends, "a program that wants all memory is killed, and others go on")
{
    if (getppid() != 1) {
        return;
    }
    for (unsigned round = 0; round < 3; round++) {
        int status = IN_CHILD(while (true) {
            char *more = mmap(NULL, MIB, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            CHECK(more != MAP_FAILED);
            memset(more, 1, MIB);
        });
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    char *pages = map_pages(64, READ_WRITE, MAP_PRIVATE);
    memset(pages, 1, 64 * PAGE);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        ENTRY(mmap_rights), ENTRY(mmap_execute), ENTRY(mmap_fixed), ENTRY(mmap_refused),
        ENTRY(mmap_file), ENTRY(mmap_shared), ENTRY(mremap_moves), ENTRY(mremap_there),
        ENTRY(mremap_file), ENTRY(mapped_beyond), ENTRY(mapped_changed), ENTRY(shared_ends), ENTRY(madvise_forgets), ENTRY(brk_moves),
        ENTRY(stack_grows), ENTRY(copy_on_write), ENTRY(many_regions), ENTRY(memory_ends), {NULL, NULL},
    };
    return check_run(tests, argc, argv);
}
