#include "user/sh/signals.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

static const char names[][8] = {
    "EXIT", "HUP",    "INT",  "QUIT", "ILL",  "TRAP", "ABRT", "BUS",  "FPE",    "KILL", "USR1",
    "SEGV", "USR2",   "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR",    "SYS",
};

#define NAMES ((int)(sizeof(names) / sizeof(names[0])))

const char *signals_name(int signal)
{
    return signal >= 0 && signal < NAMES ? names[signal] : NULL;
}

int signals_number(const char *text)
{
    int number = 0;

    if (*text >= '0' && *text <= '9') {
        for (; *text >= '0' && *text <= '9' && number <= 64; text++) {
            number = number * 10 + (*text - '0');
        }
        return *text || number > 64 ? -1 : number;
    }
    if (strncmp(text, "SIG", 3) == 0) {
        text += 3;
    }
    while (number < NAMES && strcmp(names[number], text) != 0) {
        number++;
    }
    return number < NAMES ? number : -1;
}
