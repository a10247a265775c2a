#ifndef RUNG_USER_STRINGS_H
#define RUNG_USER_STRINGS_H

#include <string.h>

#endif
