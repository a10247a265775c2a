// qsort: heapsort needs no memory and no recursion.
#include <stdlib.h>

typedef int compare_function(const void *left, const void *right);

// Swaps by words as far as they go.
static void swap(char *left, char *right, size_t size)
{
    for (; size >= sizeof(uint64_t); size -= sizeof(uint64_t)) {
        uint64_t word;
        __builtin_memcpy(&word, left, sizeof(word));
        __builtin_memcpy(left, right, sizeof(word));
        __builtin_memcpy(right, &word, sizeof(word));
        left += sizeof(word);
        right += sizeof(word);
    }
    for (; size > 0; size--) {
        char byte = *left;
        *left++ = *right;
        *right++ = byte;
    }
}

// Lets the element at `index` sink to its place in a heap of count elements: none is below one of
// its two children, 2 * index + 1 and 2 * index + 2.
static void sink(char *array, size_t index, size_t count, size_t size, compare_function *compare)
{
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= count) {
            return;
        }
        if (child + 1 < count && compare(array + child * size, array + (child + 1) * size) < 0) {
            child++;
        }
        if (compare(array + index * size, array + child * size) >= 0) {
            return;
        }
        swap(array + index * size, array + child * size, size);
        index = child;
    }
}

// Heapsort: no order of the elements makes it slow, and it takes neither memory nor stack.
void qsort(void *elements, size_t count, size_t size, compare_function *compare)
{
    char *array = elements;
    for (size_t index = count / 2; index-- > 0;) {
        sink(array, index, count, size, compare);
    }
    for (size_t end = count; end-- > 1;) { // the greatest is first: it goes behind the heap
        swap(array, array + end * size, size);
        sink(array, 0, end, size, compare);
    }
}

void *bsearch(const void *key, const void *elements, size_t count, size_t size,
              compare_function *compare)
{
    const char *array = elements;
    while (count > 0) {
        const char *middle = array + count / 2 * size;
        int order = compare(key, middle);
        if (order == 0) {
            return (void *)middle;
        }
        if (order > 0) {
            array = middle + size;
            count--;
        }
        count /= 2;
    }
    return NULL;
}
