// A program to start from: see README.md beside it.
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    printf("Hello! I am process %d, and was called with %d words:\n", getpid(), argc);
    for (int i = 0; i < argc; i++) {
        printf("%d: %s\n", i, argv[i]);
    }
    return 0;
}
