// kernel/mm/{address_space,demand,user_pages}.c against a simple model: an array of pages.
#include "kernel/layout.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/mm/user_pages.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define WINDOW (0x8000000000 - 48 * PAGE_SIZE) // its middle is a border of tables on all levels
#define PAGES 96
#define SPACES 4
#define OPERATIONS 20000
#define SOURCE_PAGES 40 // what the file has

static virt_t page_address(unsigned page)
{
    return WINDOW + page * (virt_t)PAGE_SIZE;
}

// ---- A file ----

static unsigned source_holds;

static void hold(struct region_source *source)
{
    (void)source;
    source_holds++;
}

static void release(struct region_source *source)
{
    (void)source;
    source_holds--;
}

// Each byte of the file is a function of the page's number.
static int64_t read(struct region_source *source, void *to, size_t size, uint64_t offset)
{
    (void)source;
    if (offset >= SOURCE_PAGES * (uint64_t)PAGE_SIZE) {
        return 0;
    }
    memset(to, (int)(100 + offset / PAGE_SIZE), size);
    return (int64_t)size;
}

static struct region_source source = {.hold = hold, .release = release, .read = read};

// ---- The model ----

struct shared {
    uint8_t values[PAGES];
};

struct model_page {
    bool mapped;
    unsigned rights;
    uint8_t value; // of each byte, if private
    struct shared *shared; // else the value is there
    unsigned shared_page;
    int file_page; // that it has at first, -1: none
};

struct model {
    struct address_space *space; // NULL: not in use
    struct model_page pages[PAGES];
};

static struct model models[SPACES];
static struct shared shared_values[200]; // never reused within one test
static unsigned shared_used;

static uint8_t initial(const struct model_page *page)
{
    return page->file_page >= 0 ? (uint8_t)(100 + page->file_page) : 0;
}

static uint8_t *model_value(struct model_page *page)
{
    return page->shared ? &page->shared->values[page->shared_page] : &page->value;
}

// Does to a page what a program would, by way of the fault handler; returns the error, and checks
// that error and contents are those of the model.
static void touch(struct model *model, unsigned number, enum access access, uint8_t value)
{
    struct model_page *page = &model->pages[number];
    static const unsigned needed[] = {0, PAGE_WRITE, PAGE_EXECUTE};
    bool allowed = page->mapped && !(page->rights & PAGE_NONE) &&
                   (page->rights & needed[access]) == needed[access];
    bool beyond = page->file_page >= SOURCE_PAGES;
    virt_t address = page_address(number) + test_random_below(PAGE_SIZE);
    int error = address_space_fault(model->space, address, access, true);
    CHECK_EQUAL(error, !allowed ? -EFAULT : beyond ? -EIO : 0);
    if (error) {
        return;
    }
    const uint64_t *entry = user_pages_find(&model->space->table, address);
    CHECK(entry && *entry & PTE_P && *entry & PTE_US);
    if (!entry || !*entry) {
        return;
    }
    CHECK(!(*entry & PTE_RW) || page->rights & PAGE_WRITE);
    CHECK_EQUAL(*entry & PTE_XD, page->rights & PAGE_EXECUTE ? 0 : PTE_XD);
    uint8_t *bytes = phys_to_virt(*entry & PTE_ADDRESS);
    CHECK_EQUAL(bytes[0], *model_value(page));
    CHECK_EQUAL(bytes[PAGE_SIZE - 1], *model_value(page));
    if (access == ACCESS_WRITE) {
        CHECK(*entry & PTE_RW);
        memset(bytes, value, PAGE_SIZE);
        *model_value(page) = value;
    }
}

static void check_all(struct model *model)
{
    for (unsigned i = 0; i < PAGES; i++) {
        const struct region *region = address_space_find(model->space, page_address(i));
        CHECK_EQUAL(region != NULL, model->pages[i].mapped);
        if (region) {
            CHECK_EQUAL(region->rights, model->pages[i].rights);
        }
        const uint64_t *entry = user_pages_find(&model->space->table, page_address(i));
        if (entry && *entry) {
            CHECK(model->pages[i].mapped);
            const uint8_t *bytes = phys_to_virt(*entry & PTE_ADDRESS);
            CHECK_EQUAL(bytes[test_random_below(PAGE_SIZE)], *model_value(&model->pages[i]));
        }
    }
}

static size_t count_entries(const struct address_space *space)
{
    size_t count = 0;
    for (unsigned i = 0; i < PAGES; i++) {
        const uint64_t *entry = user_pages_find(&space->table, page_address(i));
        count += entry && *entry;
    }
    return count;
}

static unsigned random_rights(void)
{
    static const unsigned all[] = {PAGE_READ,  PAGE_WRITE, PAGE_WRITE, PAGE_WRITE | PAGE_EXECUTE,
                                   PAGE_WRITE, PAGE_NONE,  PAGE_EXECUTE};
    return all[test_random_below(ARRAY_LENGTH(all))];
}

static void do_map(struct model *model, unsigned first, unsigned count)
{
    struct region region = {.end = count * (virt_t)PAGE_SIZE, .rights = random_rights()};
    virt_t start = page_address(first);
    bool replace = test_random_below(4) != 0, taken = false;
    unsigned kind = test_random_below(4);
    struct shared *shared = NULL;
    int file_page = -1;
    if (kind == 0 && shared_used < ARRAY_LENGTH(shared_values)) {
        region.kind = REGION_SHARED;
        shared = &shared_values[shared_used++];
    } else if (kind == 1) {
        file_page = (int)test_random_below(8);
        region.source = &source;
        region.offset = (uint64_t)file_page * PAGE_SIZE;
        region.source_end = region.end;
    }
    for (unsigned i = first; i < first + count; i++) {
        taken |= model->pages[i].mapped;
    }
    int error = address_space_map(model->space, &start, &region, replace);
    CHECK_EQUAL(error, taken && !replace ? -EEXIST : 0);
    CHECK_EQUAL(start, page_address(first));
    for (unsigned i = first; error == 0 && i < first + count; i++) {
        struct model_page *page = &model->pages[i];
        *page = (struct model_page){.mapped = true, .rights = region.rights, .shared = shared};
        page->shared_page = i - first;
        page->file_page = file_page < 0 ? -1 : file_page + (int)(i - first);
        page->value = initial(page);
    }
}

static void do_protect(struct model *model, unsigned first, unsigned count)
{
    unsigned rights = random_rights();
    bool covered = true;
    for (unsigned i = first; i < first + count; i++) {
        covered &= model->pages[i].mapped;
    }
    int error = address_space_protect(model->space, page_address(first),
                                      page_address(first + count), rights);
    CHECK_EQUAL(error, covered ? 0 : -ENOMEM);
    for (unsigned i = first; error == 0 && i < first + count; i++) {
        model->pages[i].rights = rights;
    }
}

static void do_discard(struct model *model, unsigned first, unsigned count)
{
    address_space_discard(model->space, page_address(first), page_address(first + count));
    for (unsigned i = first; i < first + count; i++) {
        model->pages[i].value = initial(&model->pages[i]);
    }
}

static void do_unmap(struct model *model, unsigned first, unsigned count)
{
    CHECK_EQUAL(address_space_unmap(model->space, page_address(first), page_address(first + count)),
                0);
    memset(&model->pages[first], 0, count * sizeof(model->pages[0]));
}

// Moves pages out of the window and back: to the same place, since it is free then.
static void do_move(struct model *model, unsigned first, unsigned count)
{
    virt_t start = page_address(first);
    size_t size = count * (size_t)PAGE_SIZE;
    const struct region *region = address_space_find(model->space, start);
    bool whole = region && region->end - start >= size;
    bool grows = whole && region->end == start + size;
    if (grows) {
        return; // it might grow in place, over the window's end
    }
    int64_t moved = address_space_remap(model->space, start, size, size + PAGE_SIZE, true, 0);
    if (!whole) {
        CHECK_EQUAL(moved, -EFAULT);
        return;
    }
    REQUIRE(moved > 0 && moved % PAGE_SIZE == 0 && (virt_t)moved != start);
    const struct region *there = address_space_find(model->space, (virt_t)moved);
    REQUIRE(there && there->end - (virt_t)moved >= size + PAGE_SIZE);
    for (unsigned i = 0; i < count; i++) {
        const uint64_t *old = user_pages_find(&model->space->table, page_address(first + i));
        CHECK(!old || !*old);
        const uint64_t *entry =
            user_pages_find(&model->space->table, (virt_t)moved + i * (virt_t)PAGE_SIZE);
        if (entry && *entry) {
            const uint8_t *bytes = phys_to_virt(*entry & PTE_ADDRESS);
            CHECK_EQUAL(bytes[0], *model_value(&model->pages[first + i]));
        }
    }
    CHECK_EQUAL(address_space_unmap(model->space, (virt_t)moved, (virt_t)moved + size + PAGE_SIZE),
                0);
    memset(&model->pages[first], 0, count * sizeof(model->pages[0]));
}

static void do_fork(struct model *model)
{
    for (unsigned i = 0; i < SPACES; i++) {
        if (!models[i].space) {
            memcpy(&models[i], model, sizeof(*model));
            models[i].space = NULL;
            REQUIRE(address_space_copy(model->space, &models[i].space) == 0);
            CHECK_EQUAL(models[i].space->page_count, model->space->page_count);
            CHECK_EQUAL(models[i].space->reserved_count, model->space->reserved_count);
            return;
        }
    }
}

static void do_destroy(struct model *model)
{
    address_space_destroy(model->space);
    model->space = NULL;
}

static void step(void)
{
    struct model *model = &models[test_random_below(SPACES)];
    unsigned first = test_random_below(PAGES), count = 1 + test_random_below(PAGES - first);
    if (test_random_below(3) != 0 && count > 6) {
        count = 6;
    }
    if (!model->space) {
        memset(model, 0, sizeof(*model));
        REQUIRE(address_space_create(&model->space) == 0);
        return;
    }
    switch (test_random_below(16)) {
    case 0:
    case 1:
    case 2:
        do_map(model, first, count);
        break;
    case 3:
        do_unmap(model, first, count);
        break;
    case 4:
    case 5:
        do_protect(model, first, count);
        break;
    case 6:
        do_fork(model);
        break;
    case 7:
        if (test_random_below(4) == 0) {
            do_destroy(model);
        } else {
            do_discard(model, first, count);
        }
        break;
    case 8:
        do_move(model, first, count);
        break;
    case 9:
        touch(model, first, ACCESS_EXECUTE, 0);
        break;
    default:
        touch(model, first, test_random_below(3) ? ACCESS_WRITE : ACCESS_READ,
              (uint8_t)test_random());
    }
    if (model->space) {
        CHECK_EQUAL(model->space->page_count, count_entries(model->space));
    }
}

TEST(address_space_model, "random maps, faults, forks, moves: contents and rights are the model's")
{
    size_t blocks = kmalloc_blocks(), pages = 0;
    shared_used = 0;
    memset(shared_values, 0, sizeof(shared_values));
    for (unsigned round = 0; round < 2; round++) { // the first fills what is kept for reuse
        for (unsigned i = 0; i < OPERATIONS; i++) {
            step();
            if (i % 256 == 0) {
                for (unsigned k = 0; k < SPACES; k++) {
                    if (models[k].space) {
                        check_all(&models[k]);
                    }
                }
            }
        }
        for (unsigned i = 0; i < SPACES; i++) {
            do_destroy(&models[i]);
        }
        CHECK_EQUAL(kmalloc_blocks(), blocks);
        CHECK_EQUAL(source_holds, 0);
        CHECK_EQUAL(pmm_used_pages(PAGE_PROGRAM), 0);
        CHECK(round == 0 || pmm_used_pages(PAGE_TABLE) == pages);
        pages = pmm_used_pages(PAGE_TABLE);
    }
    pmm_check();
}
