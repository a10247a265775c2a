// <locale.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_LOCALE_H
#define RUNG_USER_INCLUDE_LOCALE_H

#include <stddef.h>

enum { LC_CTYPE, LC_NUMERIC, LC_TIME, LC_COLLATE, LC_MONETARY, LC_MESSAGES, LC_ALL };

struct lconv {
    char *decimal_point, *thousands_sep, *grouping, *mon_decimal_point, *mon_thousands_sep;
    char *mon_grouping, *positive_sign, *negative_sign, *currency_symbol, *int_curr_symbol;
    char frac_digits, p_cs_precedes, n_cs_precedes, p_sep_by_space, n_sep_by_space, p_sign_posn;
    char n_sign_posn, int_frac_digits, int_p_cs_precedes, int_n_cs_precedes, int_p_sep_by_space;
    char int_n_sep_by_space, int_p_sign_posn, int_n_sign_posn;
};

// There is one locale, "C" (also "POSIX" and ""): for others the answer is NULL.
char *setlocale(int category, const char *locale);
struct lconv *localeconv(void);

#endif
