// <assert.h> of ISO C.
#ifndef RUNG_USER_INCLUDE_ASSERT_H
#define RUNG_USER_INCLUDE_ASSERT_H

#include "lib/assert.h"

#define static_assert _Static_assert

#endif

// Without a guard: NDEBUG may be another each time (ISO C, 7.2).
#undef assert
#ifdef NDEBUG
#define assert(expression) ((void)0)
#else
#define assert(expression) ((expression) ? (void)0 : assert_failed(#expression, __FILE__, __LINE__))
#endif
