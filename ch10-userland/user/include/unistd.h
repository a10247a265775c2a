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
int pipe2(int descriptors[2], int flags);
int dup3(int from, int to, int flags);
ssize_t pread(int descriptor, void *buffer, size_t size, off_t offset);
ssize_t pwrite(int descriptor, const void *buffer, size_t size, off_t offset);
int fdatasync(int descriptor);
char *ttyname(int descriptor);

// Names
int access(const char *path, int mode);
int chdir(const char *path);
char *getcwd(char *buffer, size_t size);
int link(const char *old_path, const char *new_path);
int symlink(const char *target, const char *path);
ssize_t readlink(const char *path, char *buffer, size_t size);
int unlink(const char *path);
int rmdir(const char *path);
int fchdir(int descriptor);
int chown(const char *path, uid_t uid, gid_t gid);
int lchown(const char *path, uid_t uid, gid_t gid);
int fchownat(int directory, const char *path, uid_t uid, gid_t gid, int flags);
int faccessat(int directory, const char *path, int mode, int flags);
int linkat(int old_directory, const char *old_path, int new_directory, const char *new_path,
           int flags);
int symlinkat(const char *target, int directory, const char *path);
ssize_t readlinkat(int directory, const char *path, char *buffer, size_t size);
int unlinkat(int directory, const char *path, int flags);
int fchown(int descriptor, uid_t uid, gid_t gid);

// Processes
extern char **environ;
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
pid_t fork(void);
pid_t vfork(void); // fork
int execve(const char *path, char *const arguments[], char *const environment[]);
int execv(const char *path, char *const arguments[]);
int execvp(const char *name, char *const arguments[]);
int execl(const char *path, const char *argument, ...);
int execle(const char *path, const char *argument, ...);
int execlp(const char *name, const char *argument, ...);
pid_t getsid(pid_t pid);
int pause(void);
unsigned alarm(unsigned seconds);
int usleep(useconds_t microseconds);
uid_t getuid(void);
uid_t geteuid(void);
gid_t getgid(void);
gid_t getegid(void);
int setuid(uid_t uid);
int setgid(gid_t gid);
int seteuid(uid_t uid);
int setegid(gid_t gid);
char *getlogin(void);
int nice(int increment);
void *sbrk(intptr_t increment);
int brk(void *end);
long syscall(long number, ...);

// Only what does not depend on the file: the names that programs ask for.
enum { _SC_CLK_TCK = 2, _SC_OPEN_MAX = 4, _SC_PAGESIZE = 30, _SC_PAGE_SIZE = 30, _SC_ARG_MAX = 0 };
enum { _SC_NPROCESSORS_CONF = 83, _SC_NPROCESSORS_ONLN, _SC_PHYS_PAGES, _SC_AVPHYS_PAGES };
enum { _PC_LINK_MAX, _PC_NAME_MAX = 3, _PC_PATH_MAX, _PC_PIPE_BUF };
#define _POSIX_VERSION 200809l
long sysconf(int name);
long pathconf(const char *path, int name);
int getpagesize(void);
int gethostname(char *name, size_t size);
int getentropy(void *buffer, size_t size);

// getopt (POSIX): its variables belong to the running program.
extern char *optarg;
extern int optind, optopt, opterr;
extern const char *getopt_next; // letter within argv[optind - 1]; NULL: look for an option
int getopt(int count, char *const arguments[], const char *letters);

#endif
