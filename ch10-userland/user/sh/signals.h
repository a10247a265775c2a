// Names of signals.
#ifndef RUNG_USER_SH_SIGNALS_H
#define RUNG_USER_SH_SIGNALS_H

// The number of a signal by its name (with or without SIG) or number; -1: there is none.
int signals_number(const char *text);

// Its name without SIG; NULL: it has none.
const char *signals_name(int signal);

#endif
