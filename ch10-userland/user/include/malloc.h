// <malloc.h> of old, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_MALLOC_H
#define RUNG_USER_INCLUDE_MALLOC_H

#include <stdlib.h>

#endif
