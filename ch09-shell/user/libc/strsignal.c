// Signals in words.
#include <signal.h>
#include <string.h>

const char *strsignal(int signal)
{
    static const char *const texts[] = {
        [SIGHUP] = "Hangup",
        [SIGINT] = "Interrupt",
        [SIGQUIT] = "Quit",
        [SIGILL] = "Illegal instruction",
        [SIGTRAP] = "Trace/breakpoint trap",
        [SIGABRT] = "Aborted",
        [SIGBUS] = "Bus error",
        [SIGFPE] = "Floating point exception",
        [SIGKILL] = "Killed",
        [SIGUSR1] = "User defined signal 1",
        [SIGSEGV] = "Segmentation fault",
        [SIGUSR2] = "User defined signal 2",
        [SIGPIPE] = "Broken pipe",
        [SIGALRM] = "Alarm clock",
        [SIGTERM] = "Terminated",
        [SIGSTKFLT] = "Stack fault",
        [SIGCHLD] = "Child exited",
        [SIGCONT] = "Continued",
        [SIGSTOP] = "Stopped (signal)",
        [SIGTSTP] = "Stopped",
        [SIGTTIN] = "Stopped (tty input)",
        [SIGTTOU] = "Stopped (tty output)",
        [SIGURG] = "Urgent I/O condition",
        [SIGXCPU] = "CPU time limit exceeded",
        [SIGXFSZ] = "File size limit exceeded",
        [SIGVTALRM] = "Virtual timer expired",
        [SIGPROF] = "Profiling timer expired",
        [SIGWINCH] = "Window changed",
        [SIGIO] = "I/O possible",
        [SIGPWR] = "Power failure",
        [SIGSYS] = "Bad system call",
    };
    bool known = signal > 0 && (size_t)signal < ARRAY_LENGTH(texts);
    return known                                   ? texts[signal]
           : signal > 31 && signal <= SIGNAL_COUNT ? "Real-time signal"
                                                   : "Unknown signal";
}
