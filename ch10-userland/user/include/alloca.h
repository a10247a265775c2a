#ifndef RUNG_USER_ALLOCA_H
#define RUNG_USER_ALLOCA_H

#define alloca(size) __builtin_alloca(size)

#endif
