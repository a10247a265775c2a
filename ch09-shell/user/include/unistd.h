// <unistd.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_UNISTD_H
#define RUNG_USER_INCLUDE_UNISTD_H

#include "lib/abi/fcntl.h"
#include "user/include/program.h"

#include <sys/types.h>

#define STDIN_FILENO 0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2

enum access_mode { F_OK = 0, X_OK = 1, W_OK = 2, R_OK = 4 };

// Files
ssize_t read(int descriptor, void *buffer, size_t size);
ssize_t write(int descriptor, const void *buffer, size_t size);
off_t lseek(int descriptor, off_t offset, int from);
int close(int descriptor);
int pipe(int descriptors[2]);
int dup(int descriptor);
int dup2(int from, int to);
int isatty(int descriptor);
int ftruncate(int descriptor, off_t size);
int truncate(const char *path, off_t size);
int fsync(int descriptor);
void sync(void);

// Names
int access(const char *path, int mode);
int chdir(const char *path);
char *getcwd(char *buffer, size_t size);
int link(const char *old_path, const char *new_path);
int symlink(const char *target, const char *path);
ssize_t readlink(const char *path, char *buffer, size_t size);
int unlink(const char *path);
int rmdir(const char *path);

// Processes
#define environ (program_state()->environment)
_Noreturn void _exit(int status);
pid_t getpid(void);
pid_t getppid(void);
int setpgid(pid_t pid, pid_t group);
pid_t getpgid(pid_t pid);
pid_t getpgrp(void);
pid_t setsid(void);
pid_t tcgetpgrp(int descriptor);
int tcsetpgrp(int descriptor, pid_t group);
unsigned sleep(unsigned seconds);

// getopt (POSIX): its variables belong to the running program.
#define optarg (program_state()->options.argument)
#define optind (program_state()->options.index)
#define optopt (program_state()->options.option)
#define opterr (program_state()->options.errors)
#define getopt_next (program_state()->options.next)
int getopt(int count, char *const arguments[], const char *letters);

#endif
