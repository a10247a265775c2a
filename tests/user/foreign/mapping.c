// Files in memory: what is written to a shared mapping is the file's, for everybody and at once.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 10000 // two pages and a part of one

static char *map(int file, int rights, int flags)
{
    char *bytes = mmap(NULL, SIZE, rights, flags, file, 0);
    if (bytes == MAP_FAILED) {
        printf("no mapping: %s\n", strerror(errno));
    }
    return bytes;
}

// Bytes of the file, as read tells them.
static void show(const char *what, int file)
{
    char bytes[4];
    pread(file, bytes, 1, 1);
    pread(file, bytes + 1, 1, 4097);
    pread(file, bytes + 2, 1, SIZE - 1);
    printf("%s: %.3s\n", what, bytes);
}

static void in_child(void (*work)(char *bytes, int file), char *bytes, int file)
{
    pid_t pid = fork();
    if (pid == 0) {
        work(bytes, file);
        _exit(0);
    }
    int status;
    waitpid(pid, &status, 0);
    printf("child: %d\n", status);
}

static void write_inherited(char *bytes, int file)
{
    (void)file;
    bytes[1] = 'k';
}

static void write_own(char *bytes, int file)
{
    (void)bytes;
    char *own = map(file, PROT_READ | PROT_WRITE, MAP_SHARED);
    own[4097] = 'o'; // and ends without munmap
}

int main(void)
{
    char text[SIZE], *bytes, *other;
    int file = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0644);
    int reader = open("mapped", O_RDONLY);
    memset(text, 'a', sizeof(text));
    setvbuf(stdout, NULL, _IONBF, 0);
    printf("%zd\n", write(file, text, sizeof(text)));

    bytes = map(file, PROT_READ | PROT_WRITE, MAP_SHARED);
    other = map(reader, PROT_READ, MAP_SHARED);
    bytes[1] = 'b';
    bytes[4097] = 'c';
    bytes[SIZE - 1] = 'd';
    bytes[SIZE + 1] = 'z'; // behind the end: nowhere
    show("written", file);
    printf("another view: %c%c\n", other[1], other[4097]);
    pwrite(file, "W", 1, 1);
    printf("after write: %c%c\n", bytes[1], other[1]);
    char *private = map(file, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    printf("private: %c\n", private[4097]);
    private[4097] = 'p';
    show("still", file);
    printf("msync: %d\n", msync(bytes, SIZE, MS_SYNC));
    printf("protect: %d %s\n", mprotect(other, SIZE, PROT_READ | PROT_WRITE), strerror(errno));

    in_child(write_inherited, bytes, file);
    show("inherited", file);
    in_child(write_own, bytes, file);
    show("own", file);
    printf("and here: %c%c\n", bytes[1], bytes[4097]);
    printf("protect: %d %d\n", mprotect(bytes, SIZE, PROT_READ),
           mprotect(bytes, SIZE, PROT_READ | PROT_WRITE));
    bytes[1] = 'm';
    show("protected", file);

    ftruncate(file, 4098);
    ftruncate(file, SIZE);
    printf("cut: %c %d\n", bytes[4097], bytes[4098]);
    close(file);
    bytes[1] = 'e';
    munmap(bytes, SIZE);
    show("closed", reader);
    printf("for reading: ");
    map(reader, PROT_READ | PROT_WRITE, MAP_SHARED);
    struct stat status;
    fstat(reader, &status);
    printf("%d bytes\n", (int)status.st_size);

    // The last one to go takes it to the file.
    munmap(other, SIZE);
    file = open("mapped", O_RDWR);
    bytes = map(file, PROT_READ | PROT_WRITE, MAP_SHARED);
    bytes[1] = 'l';
    munmap(bytes, SIZE);
    show("last", file);
    other = map(file, PROT_READ | PROT_WRITE, MAP_SHARED);

    printf("lock: %d %d", mlock(private + 5, 5000), munlock(private, SIZE));
    printf(" %d %d", mlockall(MCL_CURRENT | MCL_FUTURE), munlockall());
    munmap(private, SIZE);
    printf(" %d %s\n", mlock(private, SIZE), strerror(errno));
    unlink("mapped");
    other[4097] = 'u';
    show("unlinked", file);
    return 0;
}
