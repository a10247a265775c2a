// The first program of all: its end is success, though it doesn't say so.
#include <stdio.h>

int main(void)
{
    printf("hello, world\n");
}
