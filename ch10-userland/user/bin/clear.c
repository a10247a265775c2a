// clear: empties the screen.
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    return dprintf(STDOUT_FILENO, "\033[H\033[2J") < 0;
}
