// Locks on files, and reads and writes in pieces at an offset.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int file;
static pid_t parent;

static int lock(int command, int type, int whence, int start, int length)
{
    struct flock lock = {.l_type = (short)type,
                         .l_whence = (short)whence,
                         .l_start = start,
                         .l_len = length,
                         .l_pid = 0};
    int result = fcntl(file, command, &lock);
    if (result) {
        printf(" (%s)", errno == EACCES ? strerror(EAGAIN) : strerror(errno));
    } else if (command == F_GETLK && lock.l_type == F_UNLCK) {
        printf(" free");
    } else if (command == F_GETLK) {
        printf(" %s from %d, %d bytes, %s", lock.l_type == F_WRLCK ? "exclusive" : "shared",
               (int)lock.l_start, (int)lock.l_len, lock.l_pid == parent ? "parent" : "other");
    }
    return result;
}

static void in_child(void (*work)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        work();
        printf("\n");
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

static void look(void)
{
    for (int at = 0; at < 100; at += 10) {
        printf(" %d", lock(F_SETLK, F_RDLCK, SEEK_SET, at, 10));
    }
    lock(F_GETLK, F_WRLCK, SEEK_SET, 0, 0);
}

static void look_flock(void)
{
    int own = open("locked", O_RDONLY);
    printf("flock: %d", flock(file, LOCK_EX | LOCK_NB)); // the parent's open file, too
    printf(" %d %d", flock(own, LOCK_SH | LOCK_NB), errno);
    flock(file, LOCK_UN);
    printf(" %d", flock(own, LOCK_SH | LOCK_NB));
}

int main(void)
{
    char text[20] = "";
    struct iovec pieces[] = {{text, 3}, {text + 4, 5}};
    setvbuf(stdout, NULL, _IONBF, 0);
    parent = getpid();
    file = open("locked", O_RDWR | O_CREAT | O_TRUNC, 0644);
    printf("write %zd", write(file, "0123456789", 10));
    printf(" %zd %s %s", preadv(file, pieces, 2, 1), text, text + 4);
    printf(" %zd", pwritev(file, pieces, 2, 8));
    printf(" %zd %s", preadv(file, pieces, 2, -1), strerror(errno));
    printf(" at %d of %d\n", (int)lseek(file, 0, SEEK_CUR), (int)lseek(file, 0, SEEK_END));

    lock(F_SETLK, F_WRLCK, SEEK_SET, 10, 60);
    lock(F_SETLK, F_RDLCK, SEEK_SET, 20, 10);
    lock(F_SETLK, F_UNLCK, SEEK_SET, 40, 10);
    lock(F_SETLK, F_WRLCK, SEEK_END, -6, -4);
    in_child(look);
    lock(F_SETLK, F_UNLCK, SEEK_SET, 0, 0);
    in_child(look);
    lock(F_SETLK, F_WRLCK, SEEK_CUR, 0, 0);
    in_child(look);
    close(open("locked", O_RDONLY)); // the way of POSIX: that was it
    in_child(look);
    printf("wrong: %d", lock(F_SETLK, 9, SEEK_SET, 0, 0));
    printf(" %d", lock(F_SETLK, F_RDLCK, 9, 0, 0));
    printf(" %d", lock(F_SETLK, F_RDLCK, SEEK_SET, -1, 0));
    printf(" %d\n", lock(F_SETLK, F_RDLCK, SEEK_SET, 1, -2));

    // Who waits goes on when the other one ends.
    int ends[2];
    char byte;
    pipe(ends);
    if (fork() == 0) {
        lock(F_SETLK, F_WRLCK, SEEK_SET, 0, 5);
        write(ends[1], "x", 1);
        usleep(50000);
        printf("child ends\n");
        _exit(0);
    }
    read(ends[0], &byte, 1);
    printf("wait: %d\n", lock(F_SETLKW, F_WRLCK, SEEK_SET, 4, 5));
    wait(NULL);

    flock(file, LOCK_EX);
    in_child(look_flock);
    printf("wrong: %d %s\n", flock(file, 3), strerror(errno));
    printf("node: %d", mknod("node", S_IFREG | 0600, 0));
    printf(" %d %s\n", mknod("node", S_IFREG | 0600, 0), strerror(errno));
    unlink("node");
    unlink("locked");
    return 0;
}
