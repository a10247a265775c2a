// <stdio.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_STDIO_H
#define RUNG_USER_INCLUDE_STDIO_H

#include "lib/abi/fcntl.h"

#include <stdarg.h>
#include <sys/types.h>

#define EOF (-1)
#define BUFSIZ 4096

// Without buffer: what is formatted goes to the descriptor in pieces of up to 256 bytes.
int dprintf(int descriptor, const char *text, ...) __attribute__((format(printf, 2, 3)));
int vdprintf(int descriptor, const char *text, va_list arguments)
    __attribute__((format(printf, 2, 0)));

// As in lib/printf.h, whose format() is behind all of them.
int snprintf(char *buffer, size_t size, const char *text, ...)
    __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buffer, size_t size, const char *text, va_list arguments)
    __attribute__((format(printf, 3, 0)));

void perror(const char *text);
int rename(const char *old_path, const char *new_path);
int remove(const char *path);

#define FILENAME_MAX 4096
#define FOPEN_MAX 256
#define L_tmpnam 32
#define TMP_MAX 100
#define P_tmpdir "/tmp"

typedef struct file_stream FILE;
typedef off_t fpos_t;

extern FILE *stdin;
extern FILE *stdout;
extern FILE *stderr;
#define stdin stdin
#define stdout stdout
#define stderr stderr

FILE *fopen(const char *restrict path, const char *restrict mode);
FILE *fdopen(int descriptor, const char *mode);
FILE *freopen(const char *restrict path, const char *restrict mode, FILE *restrict file);
FILE *popen(const char *command, const char *mode);
int pclose(FILE *file);
FILE *tmpfile(void);
int fclose(FILE *file);
int fflush(FILE *file);
int fileno(FILE *file);
char *tmpnam(char *name);
int renameat(int old_directory, const char *old_path, int new_directory, const char *new_path);

enum { _IOFBF, _IOLBF, _IONBF };
int setvbuf(FILE *restrict file, char *restrict buffer, int mode, size_t size);
void setbuf(FILE *restrict file, char *restrict buffer);
void setlinebuf(FILE *file);

size_t fread(void *restrict buffer, size_t size, size_t count, FILE *restrict file);
size_t fwrite(const void *restrict buffer, size_t size, size_t count, FILE *restrict file);
int fgetc(FILE *file);
int getc(FILE *file);
int getchar(void);
int ungetc(int byte, FILE *file);
char *fgets(char *restrict line, int size, FILE *restrict file);
ssize_t getline(char **restrict line, size_t *restrict size, FILE *restrict file);
ssize_t getdelim(char **restrict line, size_t *restrict size, int end, FILE *restrict file);
int fputc(int byte, FILE *file);
int putc(int byte, FILE *file);
int putchar(int byte);
int fputs(const char *restrict text, FILE *restrict file);
int puts(const char *text);
#define getc_unlocked getc
#define getchar_unlocked getchar
#define putc_unlocked putc
#define putchar_unlocked putchar

int fseek(FILE *file, long offset, int from);
int fseeko(FILE *file, off_t offset, int from);
long ftell(FILE *file);
off_t ftello(FILE *file);
void rewind(FILE *file);
int fgetpos(FILE *restrict file, fpos_t *restrict position);
int fsetpos(FILE *file, const fpos_t *position);
int feof(FILE *file);
int ferror(FILE *file);
void clearerr(FILE *file);

// Conversions: see lib/printf.h, and in programs also e E f F g G a A, and L.
int printf(const char *text, ...) __attribute__((format(printf, 1, 2)));
int fprintf(FILE *file, const char *text, ...) __attribute__((format(printf, 2, 3)));
int sprintf(char *buffer, const char *text, ...) __attribute__((format(printf, 2, 3)));
int asprintf(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int vprintf(const char *text, va_list arguments) __attribute__((format(printf, 1, 0)));
int vfprintf(FILE *file, const char *text, va_list arguments) __attribute__((format(printf, 2, 0)));
int vsprintf(char *buffer, const char *text, va_list arguments)
    __attribute__((format(printf, 2, 0)));
int vasprintf(char **text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

// Conversions d i u o x X p e f g a c s [ n %, *, width, lengths hh h l ll z t j L.
int scanf(const char *format, ...) __attribute__((format(scanf, 1, 2)));
int fscanf(FILE *file, const char *format, ...) __attribute__((format(scanf, 2, 3)));
int sscanf(const char *text, const char *format, ...) __attribute__((format(scanf, 2, 3)));
int vscanf(const char *format, va_list arguments) __attribute__((format(scanf, 1, 0)));
int vfscanf(FILE *file, const char *format, va_list arguments) __attribute__((format(scanf, 2, 0)));
int vsscanf(const char *text, const char *format, va_list arguments)
    __attribute__((format(scanf, 2, 0)));

#endif
