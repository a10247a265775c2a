// libFuzzer target: the loader refuses any file, or makes a plan of it that holds what elf_try.h says.
// Built and run by test_elf.py for a fixed number of runs.
#include "elf_try.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_plan plan;
    elf_try(data, size, &plan);
    return 0;
}
