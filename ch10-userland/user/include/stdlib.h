// <stdlib.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_STDLIB_H
#define RUNG_USER_INCLUDE_STDLIB_H

#include "lib/types.h"

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *pointer, size_t size);
void free(void *pointer);
_Noreturn void exit(int status);

char *getenv(const char *name);

int atoi(const char *text);
long atol(const char *text);
long strtol(const char *restrict text, char **restrict end, int base);
unsigned long strtoul(const char *restrict text, char **restrict end, int base);
long long strtoll(const char *restrict text, char **restrict end, int base);
unsigned long long strtoull(const char *restrict text, char **restrict end, int base);

int abs(int number);
long labs(long number);

void qsort(void *array, size_t count, size_t size, int (*compare)(const void *, const void *));
void *bsearch(const void *key, const void *array, size_t count, size_t size,
              int (*compare)(const void *, const void *));

#define RAND_MAX 0x7fffffff
#define MB_CUR_MAX 1

typedef struct {
    int quot, rem;
} div_t;
typedef struct {
    long quot, rem;
} ldiv_t;
typedef struct {
    long long quot, rem;
} lldiv_t;

void *reallocarray(void *pointer, size_t count, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void **pointer, size_t alignment, size_t size);
size_t malloc_usable_size(const void *pointer);

_Noreturn void _Exit(int status);
_Noreturn void abort(void);
int atexit(void (*function)(void));
int system(const char *command);

int setenv(const char *name, const char *value, int overwrite);
int unsetenv(const char *name);
int putenv(char *assignment);
int clearenv(void);

long long atoll(const char *text);
double atof(const char *text);
double strtod(const char *restrict text, char **restrict end);
float strtof(const char *restrict text, char **restrict end);
long double strtold(const char *restrict text, char **restrict end);
div_t div(int numerator, int denominator);
ldiv_t ldiv(long numerator, long denominator);
long long llabs(long long number);
lldiv_t lldiv(long long numerator, long long denominator);

int rand(void);
void srand(unsigned seed);
int rand_r(unsigned *seed);
long random(void);
void srandom(unsigned seed);
double drand48(void);
void srand48(long seed);

int mkstemp(char *pattern);
char *mkdtemp(char *pattern);
char *realpath(const char *restrict path, char *restrict resolved);

#endif
