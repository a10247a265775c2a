// assert that fails.
#include "lib/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void assert_failed(const char *expression, const char *file, int line)
{
    dprintf(STDERR_FILENO, "%s: %s:%d: not true: %s\n", program_state()->name, file, line,
            expression);
    abort();
}
