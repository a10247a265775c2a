// libFuzzer target: the fuzzer's bytes choose the operations of the traces. Built and run by
// tests/host/test_memory.py for a fixed number of runs; for longer ones see there.
#include "memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct boot_info boot;
    struct choices choices = {.bytes = data, .end = data + size};

    if (size == 0) {
        return 0;
    }
    bool pages = choose(&choices, 2) == 0;
    map_pc(&boot, 4 * MIB);
    machine_start(&boot);
    if (pages) {
        trace_pages(&choices, &boot, 10000);
    } else {
        trace_kmalloc(&choices, 10000);
    }
    return 0;
}
