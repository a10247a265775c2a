// Processes, pipes, signals and the environment, as books about Unix have them.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static volatile sig_atomic_t seen;

static void handler(int number)
{
    seen = number;
}

static void say_status(const char *what, int status)
{
    if (WIFEXITED(status)) {
        printf("%s: exit %d\n", what, WEXITSTATUS(status));
    } else if (WIFSIGNALED(status)) {
        printf("%s: %s\n", what, strsignal(WTERMSIG(status)));
    }
}

static void left(void)
{
    printf("left\n");
}

int main(void)
{
    int ends[2], status;
    char text[80];
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    if (pipe(ends) < 0) {
        perror("pipe");
        return 1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        dup2(ends[1], STDOUT_FILENO);
        execlp("echo", "echo", "from", "the child", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    ssize_t size = read(ends[0], text, sizeof(text) - 1);
    text[size > 0 ? size : 0] = '\0';
    printf("read %zd: %s", size, text);
    waitpid(pid, &status, 0);
    say_status("echo", status);
    if ((pid = fork()) == 0) {
        execl("/no/such/program", "program", (char *)NULL);
        _exit(errno == ENOENT ? 42 : 1);
    }
    wait(&status);
    say_status("missing", status);
    if ((pid = fork()) == 0) {
        pause();
        _exit(0);
    }
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
    say_status("killed", status);
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    struct itimerval timer = {{0, 20000}, {0, 20000}}; // again: the first may come before the pause
    setitimer(ITIMER_REAL, &timer, NULL);
    pause();
    memset(&timer, 0, sizeof(timer));
    setitimer(ITIMER_REAL, &timer, NULL);
    printf("signal: %d\n", seen == SIGALRM);
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    printf("raised: %d\n", seen == SIGUSR1);
    setenv("TEXTBOOK", "a value", 1);
    for (char **variable = environ; *variable != NULL; variable++) {
        if (strncmp(*variable, "TEXTBOOK=", 9) == 0) {
            puts(*variable);
        }
    }
    fflush(stdout);
    say_status("system", system("echo \"$TEXTBOOK\"; exit 3"));
    FILE *pipe_stream = popen("echo 3 1 2 | tr ' ' '\\n' | sort", "r");
    while (fgets(text, sizeof(text), pipe_stream) != NULL) {
        fputs(text, stdout);
    }
    pclose(pipe_stream);
    pipe(ends);
    struct iovec pieces[2] = {{"two ", 4}, {"pieces", 6}};
    fd_set set;
    struct timeval timeout = {0, 1000};
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    printf("select: %d", select(ends[0] + 1, &set, NULL, NULL, &timeout));
    printf(", %zd", writev(ends[1], pieces, 2));
    FD_SET(ends[0], &set);
    timeout.tv_sec = 5;
    printf(", %d, %d\n", select(ends[0] + 1, &set, NULL, NULL, &timeout),
           FD_ISSET(ends[0], &set) != 0);
    printf("terminal: %d\n", isatty(ends[0]));
    atexit(left);
    exit(7);
}
