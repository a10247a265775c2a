// The one locale that there is.
#include <limits.h>
#include <locale.h>
#include <string.h>

char *setlocale(int category, const char *locale)
{
    bool known = locale == NULL || *locale == '\0' || strcmp(locale, "C") == 0 ||
                 strcmp(locale, "POSIX") == 0;
    return known && category >= LC_CTYPE && category <= LC_ALL ? "C" : NULL;
}

struct lconv *localeconv(void)
{
    static struct lconv conventions;
    memset(&conventions, CHAR_MAX, sizeof(conventions)); // what C has nothing to say about
    for (char **text = &conventions.decimal_point; text <= &conventions.int_curr_symbol; text++) {
        *text = "";
    }
    conventions.decimal_point = ".";
    return &conventions;
}
