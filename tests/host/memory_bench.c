// Operations per second of the allocators on the host, built with -O2, no sanitizers. Prints
// one line "NAME OPERATIONS_PER_SECOND" for each measurement. An operation is one allocation or one
// free.
#define _GNU_SOURCE
#include "memory.h"

#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 3, OPERATIONS = 2000000, LIVE = 2048 };

static struct choices random_source = {.state = 1};
static void *live[LIVE];

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// One page and back while no block is smaller than 1 GiB: 18 splits, then 18 joins.
static void page_pairs(void)
{
    for (unsigned i = 0; i < OPERATIONS / 2; i++) {
        pmm_free(pmm_alloc(0, PAGE_OTHER));
    }
}

// Blocks of random orders come and go among 2048 others.
static void page_random(void)
{
    for (unsigned i = 0; i < OPERATIONS; i++) {
        void **slot = &live[choose(&random_source, LIVE)];
        if (*slot != NULL) {
            pmm_free(virt_to_phys(*slot));
            *slot = NULL;
        } else {
            *slot = phys_to_virt(pmm_alloc(choose(&random_source, 4), PAGE_OTHER));
        }
    }
    for (unsigned i = 0; i < LIVE; i++) {
        if (live[i] != NULL) {
            pmm_free(virt_to_phys(live[i]));
            live[i] = NULL;
        }
    }
}

static void kmalloc_pairs(void)
{
    for (unsigned i = 0; i < OPERATIONS / 2; i++) {
        kfree(kmalloc(64));
    }
}

// Objects of 1 to 2048 bytes come and go among 2048 others.
static void kmalloc_random(void)
{
    for (unsigned i = 0; i < OPERATIONS; i++) {
        void **slot = &live[choose(&random_source, LIVE)];
        if (*slot != NULL) {
            kfree(*slot);
            *slot = NULL;
        } else {
            *slot = kmalloc(1 + choose(&random_source, 2048));
        }
    }
    for (unsigned i = 0; i < LIVE; i++) {
        kfree(live[i]);
        live[i] = NULL;
    }
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } measurements[] = {
        {"pmm_pairs", page_pairs},
        {"pmm_random", page_random},
        {"kmalloc_pairs", kmalloc_pairs},
        {"kmalloc_random", kmalloc_random},
    };
    static struct boot_info boot;

    map_clear(&boot);
    map_add(&boot, MIB, 63 * MIB, MEMORY_USABLE); // struct page[] goes here
    map_add(&boot, GIB, GIB, MEMORY_USABLE);
    machine_start(&boot);
    for (unsigned order = PMM_ORDER_MAX; order-- > 0;) { // all but the block of 1 GiB
        while (pmm_free_pages() > GIB / PAGE_SIZE && pmm_block(GIB)->order == PMM_ORDER_MAX) {
            phys_t address = pmm_alloc(order, PAGE_OTHER);
            if (address >= GIB) {
                pmm_free(address);
                break;
            }
        }
    }
    for (unsigned i = 0; i < ARRAY_LENGTH(measurements); i++) {
        double best = 1e9;
        for (unsigned round = 0; round < ROUNDS; round++) {
            double start = seconds();
            measurements[i].run();
            double taken = seconds() - start;
            best = taken < best ? taken : best;
        }
        printf("%s %.0f\n", measurements[i].name, OPERATIONS / best);
    }
    return 0;
}
