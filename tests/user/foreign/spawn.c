// vfork, and what is made of it: the child has its parent's memory, and the parent waits.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
    if (argc > 3) {
        printf("spawned: %s\n", argv[3]);
        return 7;
    }
    static volatile int shared;
    int status;
    pid_t pid;
    setvbuf(stdout, NULL, _IONBF, 0);

    shared = 1;
    pid = vfork();
    if (pid == 0) {
        shared++;
        if (vfork() == 0) {
            shared += 10;
            _exit(0);
        }
        shared *= 2; // behind the inner one
        _exit(3);
    }
    printf("shared: %d\n", shared);
    waitpid(pid, &status, 0);
    printf("status: %d\n", WEXITSTATUS(status));

    pid = vfork();
    if (pid == 0) {
        execl("/nowhere", "nowhere", (char *)NULL);
        shared = errno;
        _exit(127);
    }
    printf("exec: %s\n", strerror(shared));
    waitpid(pid, &status, 0);

    pid = vfork();
    if (pid == 0) {
        kill(getpid(), SIGKILL);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    printf("killed: %d\n", WTERMSIG(status));

    char *words[] = {argv[0], "a", "b", "words", NULL};
    printf("none: %s\n", strerror(posix_spawn(&pid, "/nowhere", NULL, NULL, words, environ)));
    printf("children: %d\n", (int)waitpid(-1, &status, 0));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "spawned", O_WRONLY | O_CREAT, 0600);
    printf("spawn: %d\n", posix_spawn(&pid, "/proc/self/exe", &actions, NULL, words, environ));
    waitpid(pid, &status, 0);
    printf("status: %d\n", WEXITSTATUS(status));
    printf("system: %d\n", system("cat spawned; rm spawned; exit 5") >> 8);
    FILE *pipe = popen("tr a-z A-Z", "w");
    fprintf(pipe, "through a pipe\n");
    printf("pclose: %d\n", pclose(pipe));
    return 0;
}
