// Preconditions. An ASSERT that fails is a bug of the caller, never a matter of input: it panics
// with the expression and its place.
#ifndef RUNG_LIB_ASSERT_H
#define RUNG_LIB_ASSERT_H

// Called by ASSERT alone. In the kernel it panics (kernel/panic.c); on the host it aborts. Does
// not return.
_Noreturn void assert_failed(const char *expression, const char *file, int line);

#define ASSERT(expression)                                                                         \
    do {                                                                                           \
        if (!(expression)) {                                                                       \
            assert_failed(#expression, __FILE__, __LINE__);                                        \
        }                                                                                          \
    } while (0)

#endif
