// Messages as commands give them, as in BSD: "NAME: TEXT: reason" on the standard error output.
#ifndef RUNG_USER_INCLUDE_ERR_H
#define RUNG_USER_INCLUDE_ERR_H

// With the reason that errno says, and (warnx, errx) without. err and errx end the program.
void warn(const char *text, ...) __attribute__((format(printf, 1, 2)));
void warnx(const char *text, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void err(int status, const char *text, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void errx(int status, const char *text, ...) __attribute__((format(printf, 2, 3)));

#endif
