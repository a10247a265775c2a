#include "kernel/cpu/symbols.h"

#include "kernel/layout.h"
#include "lib/printf.h"

struct symbol {
    virt_t start;
    const char *name;
};

// Sorted by address. Weak, since the kernel is first linked without it: the names come from there.
extern const struct symbol_table {
    size_t count;
    struct symbol symbols[];
} symbols_table __attribute__((weak));

const char *symbols_find(virt_t address, size_t *offset)
{
    if (!&symbols_table || address < (virt_t)kernel_text_start ||
        address >= (virt_t)kernel_text_end) {
        return NULL;
    }
    // Search for the first symbol behind the address: it is in [low, high].
    size_t low = 0, high = symbols_table.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (symbols_table.symbols[middle].start <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return NULL;
    }
    const struct symbol *found = &symbols_table.symbols[low - 1];
    *offset = address - found->start;
    return found->name;
}

const char *symbols_describe(virt_t address, char *text, size_t size)
{
    size_t offset;
    const char *name = symbols_find(address, &offset);
    if (name) {
        snprintf(text, size, "%s+0x%zx", name, offset);
    } else {
        snprintf(text, size, "?");
    }
    return text;
}
