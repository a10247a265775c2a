// The C library's malloc in all sizes, and mappings.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BLOCKS 500

int main(void)
{
    static unsigned char *blocks[BLOCKS];
    static size_t sizes[BLOCKS];
    uint64_t state = 7;
    unsigned wrong = 0;
    for (unsigned round = 0; round < 20000; round++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        unsigned i = (unsigned)(state >> 33) % BLOCKS;
        for (size_t j = 0; j < sizes[i]; j += 61) {
            wrong += blocks[i][j] != (unsigned char)i;
        }
        size_t size = (state >> 20) % ((state >> 50) % 100 == 0 ? 300000 : 2000);
        unsigned char *block = realloc(blocks[i], size + 1);
        if (!block) {
            puts("no memory");
            return 1;
        }
        memset(block, (int)i, size);
        blocks[i] = block;
        sizes[i] = size;
    }
    printf("wrong bytes: %u\n", wrong);
    unsigned char *map =
        mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned sum = 0;
    for (size_t i = 0; i < 1 << 20; i++) {
        sum += map[i];
    }
    map[12345] = 1;
    printf("zeroes: %s; protect %d; unmap %d\n", sum == 0 ? "yes" : "no",
           mprotect(map, 4096, PROT_READ), munmap(map, 1 << 20));
    printf("huge: %s\n", malloc((size_t)1 << 46) ? "yes" : "no");
    void *aligned = NULL;
    printf("aligned: %d %d\n", posix_memalign(&aligned, 65536, 10),
           (int)((uintptr_t)aligned % 65536));
    char *stack = __builtin_alloca(1 << 20);
    memset(stack, 1, 1 << 20);
    printf("stack: %d\n", stack[1 << 19]);
    return 0;
}
