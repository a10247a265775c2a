// No include guard: NDEBUG may be another each time (ISO C, 7.2).
#include "lib/assert.h"

#undef assert
#ifdef NDEBUG
#define assert(expression) ((void)0)
#else
#define assert(expression) ((expression) ? (void)0 : assert_failed(#expression, __FILE__, __LINE__))
#endif
#define static_assert _Static_assert
