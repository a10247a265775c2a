// Processes and the pipes between them, popen and system.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int ends[2];
    char text[100];
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (pipe(ends)) {
        return 1;
    }
    if (fork() == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execlp("echo", "echo", "from", "a", "child", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *file = fdopen(ends[0], "r");
    printf("%s", fgets(text, sizeof(text), file));
    printf("end: %s\n", fgets(text, sizeof(text), file) ? "no" : "yes");
    fclose(file);
    int status;
    wait(&status);
    printf("status %d, wait again: %d %s\n", WEXITSTATUS(status), (int)wait(NULL), strerror(errno));

    if (pipe(ends)) {
        return 1;
    }
    struct pollfd poller = {.fd = ends[0], .events = POLLIN};
    printf("poll empty: %d\n", poll(&poller, 1, 10));
    ssize_t written = write(ends[1], "x", 1);
    printf("poll full: %zd %d %#x\n", written, poll(&poller, 1, -1), (unsigned)poller.revents);
    signal(SIGPIPE, SIG_IGN);
    close(ends[0]);
    printf("nobody reads: %zd %s\n", write(ends[1], "x", 1), strerror(errno));
    signal(SIGPIPE, SIG_DFL);

    FILE *program = popen("echo one; echo two; exit 3", "r");
    unsigned lines = 0;
    while (fgets(text, sizeof(text), program)) {
        lines++;
    }
    printf("popen: %u lines, status %d\n", lines, WEXITSTATUS(pclose(program)));
    printf("system: %d\n", WEXITSTATUS(system("test -d /tmp && exit 4")));
    execl("/bin/sh", "sh", "-c", "echo the end; exit 9", (char *)NULL);
    return 1;
}
