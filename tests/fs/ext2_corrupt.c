// Corrupts file systems in many ways and has each of them used (ext2_exercise.c).
//
//     ext2_corrupt SEED FIRST COUNT SAVE IMAGE...
//
// Number i is a corruption of one of the images, from SEED and i alone. What goes wrong ends the
// program with the number; SAVE, if not "-", is where the corrupt image is put then.
#include "commands.h"
#include "ext2_exercise.h"

#include "kernel/fs/ext2.h"

#include <inttypes.h>
#include <signal.h>
#include <unistd.h>

#define SECONDS_MAX 20 // for each image
#define PLACES_MAX 4096
#define INODES_MAX 64
#define JOURNAL_MAGIC 0xc03b3998

enum kind { SUPER, GROUPS, BITMAP, INODES, DIRECTORY, MAP, JOURNAL, KINDS };

// A block that holds metadata.
struct place {
    enum kind kind;
    uint32_t block;
};

struct image {
    char *data;
    size_t size, block_size;
    struct ext2_superblock *super;
    struct place places[PLACES_MAX];
    unsigned place_count;
};

static uint64_t random_state;
static uint64_t current;
static const char *save_path;
static char *work;
static size_t work_size;

static uint64_t choose(uint64_t limit)
{
    return exercise_random(&random_state, limit);
}

// ---- Where metadata is ----

static void *block_at(struct image *image, uint32_t block)
{
    return image->data + (size_t)block * image->block_size;
}

static bool in_image(struct image *image, uint32_t block)
{
    return block > 0 && ((size_t)block + 1) * image->block_size <= image->size;
}

static void add_place(struct image *image, enum kind kind, uint32_t block)
{
    if (in_image(image, block) && image->place_count < PLACES_MAX) {
        image->places[image->place_count++] = (struct place){kind, block};
    }
}

static void add_tree(struct image *image, uint32_t block, int level, enum kind kind)
{
    if (!in_image(image, block)) {
        return;
    }
    if (level == 0) {
        if (kind != KINDS) {
            add_place(image, kind, block);
        }
        return;
    }
    add_place(image, MAP, block);
    const uint32_t *words = block_at(image, block);
    for (size_t i = 0; i < image->block_size / 4; i++) {
        add_tree(image, words[i], level - 1, kind);
    }
}

static struct ext2_disk_inode *inode_at(struct image *image, char *data, uint32_t number)
{
    const struct ext2_group *groups =
        (const void *)(image->data + (image->super->first_data_block + 1) * image->block_size);
    uint32_t index = (number - 1) % image->super->inodes_per_group;
    const struct ext2_group *group = &groups[(number - 1) / image->super->inodes_per_group];
    return (void *)(data + (size_t)group->inode_table * image->block_size +
                    (size_t)index * image->super->inode_size);
}

static void find_places(struct image *image)
{
    image->super = (void *)(image->data + EXT2_SUPER_OFFSET);
    image->block_size = 1024u << image->super->log_block_size;
    uint32_t descriptors = image->super->first_data_block + 1;
    const struct ext2_group *groups = block_at(image, descriptors);
    uint32_t group_count = (image->super->blocks_count - image->super->first_data_block +
                            image->super->blocks_per_group - 1) /
                           image->super->blocks_per_group;

    add_place(image, GROUPS, descriptors);
    for (uint32_t i = 0; i < group_count; i++) {
        add_place(image, BITMAP, groups[i].block_bitmap);
        add_place(image, BITMAP, groups[i].inode_bitmap);
        add_place(image, INODES, groups[i].inode_table);
    }
    for (uint32_t number = 1; number <= INODES_MAX && number <= image->super->inodes_count;
         number++) {
        const struct ext2_disk_inode *inode = inode_at(image, image->data, number);
        bool inline_link = S_ISLNK(inode->mode) && inode->blocks == 0;
        enum kind kind = S_ISDIR(inode->mode) ? DIRECTORY : number == 8 ? JOURNAL : KINDS;
        for (int i = 0; i < EXT2_MAP_WORDS && inode->links_count > 0 && !inline_link; i++) {
            add_tree(image, inode->block[i], i < 12 ? 0 : i - 11, kind);
        }
    }
}

static void load(struct image *image, const char *path)
{
    FILE *file = fopen(path, "rb");

    if (!file) {
        host_fail("%s: can't be read", path);
    }
    fseek(file, 0, 2);
    image->size = (size_t)ftell(file);
    rewind(file);
    image->data = malloc(image->size);
    if (!image->data || fread(image->data, 1, image->size, file) != image->size) {
        host_fail("%s: can't be read", path);
    }
    fclose(file);
    find_places(image);
}

// ---- Corruption ----

static uint32_t wild_number(struct image *image)
{
    const struct ext2_superblock *super = image->super;
    uint32_t numbers[] = {
        0, 1, 2, 3, 7, 8, 11, 12, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0xffff, 0x10000,
        super->blocks_count, super->blocks_count - 1, super->inodes_count, super->inodes_count + 1,
        (uint32_t)image->block_size, (uint32_t)image->block_size - 1, super->blocks_per_group,
        image->places[choose(image->place_count)].block, (uint32_t)choose(super->blocks_count),
        (uint32_t)choose(1ull << 32), (uint32_t)choose(256), 1u << choose(32),
    };
    return numbers[choose(ARRAY_LENGTH(numbers))];
}

// Puts a wild number of 1, 2 or 4 bytes, in either byte order, to a place.
static void put_wild(struct image *image, char *to)
{
    uint32_t value = wild_number(image);
    if (choose(4) == 0) {
        uint32_t old;
        memcpy(&old, to, 4);
        value = old + (uint32_t)choose(9) - 4;
    }
    value = choose(4) == 0 ? __builtin_bswap32(value) : value;
    memcpy(to, &value, 1u << choose(3));
}

static void corrupt_inode(struct image *image)
{
    uint32_t number = 1 + (uint32_t)choose(20);
    struct ext2_disk_inode *inode = inode_at(image, work, number);

    switch (choose(8)) {
    case 0:
    case 1:
    case 2:
        inode->block[choose(EXT2_MAP_WORDS)] = wild_number(image);
        break;
    case 3:
        inode->size = wild_number(image);
        break;
    case 4:
        inode->size_high = wild_number(image);
        break;
    case 5:
        inode->mode = (uint16_t)(choose(16) << 12 | 0644);
        break;
    case 6:
        inode->links_count = (uint16_t)wild_number(image);
        break;
    default:
        put_wild(image, (char *)inode + 4 * choose(image->super->inode_size / 4));
    }
}

static void corrupt_directory(struct image *image, char *block)
{
    size_t offset = 0, entries[64], count = 0;

    while (offset + 8 <= image->block_size && count < 64) {
        const struct ext2_directory_entry *entry = (const void *)(block + offset);
        entries[count++] = offset;
        if (entry->rec_len < 8 || entry->rec_len % 4) {
            break;
        }
        offset += entry->rec_len;
    }
    struct ext2_directory_entry *entry = (void *)(block + entries[choose(count)]);
    switch (choose(6)) {
    case 0:
        entry->rec_len = (uint16_t)wild_number(image);
        break;
    case 1:
        entry->rec_len = (uint16_t)(entry->rec_len + 4 * choose(5) - 8);
        break;
    case 2:
        entry->name_len = (uint8_t)choose(256);
        break;
    case 3:
        entry->inode = 1 + (uint32_t)choose(20); // loops, wrong kinds, two parents
        break;
    case 4:
        entry->inode = wild_number(image);
        break;
    default:
        entry->name[choose(4)] = (char)(choose(2) ? '/' : '\0');
    }
}

// Prefers journal blocks that begin as descriptors, commits and the superblock do.
static void corrupt_journal(struct image *image, char *block)
{
    for (unsigned i = 0; i < 64 && __builtin_bswap32(*(uint32_t *)(void *)block) != JOURNAL_MAGIC;
         i++) {
        const struct place *place = &image->places[choose(image->place_count)];
        if (place->kind == JOURNAL) {
            block = work + (size_t)place->block * image->block_size;
        }
    }
    put_wild(image, block + 4 * choose(choose(2) ? 24 : image->block_size / 4));
}

static void corrupt(struct image *image)
{
    const struct place *place = &image->places[choose(image->place_count)];
    char *block = work + (size_t)place->block * image->block_size;
    char *super = work + EXT2_SUPER_OFFSET;
    const struct place *other = &image->places[choose(image->place_count)];

    switch (choose(12)) {
    case 0:
        put_wild(image, super + 4 * choose(68));
        return;
    case 1:
        put_wild(image,
                 work + (image->super->first_data_block + 1) * image->block_size + 4 * choose(16));
        return;
    case 2:
    case 3:
    case 4:
        corrupt_inode(image);
        return;
    case 5: // a block of another kind, or of another place
        memcpy(block, work + (size_t)other->block * image->block_size, image->block_size);
        return;
    case 6:
        memset(block, choose(2) ? 0 : 0xff, image->block_size);
        return;
    case 7: // bits
        for (uint64_t n = 1 + choose(16); n > 0; n--) {
            block[choose(image->block_size)] ^= (char)(1 << choose(8));
        }
        return;
    case 8:
        corrupt_journal(image, block);
        return;
    default:
        while (place->kind != DIRECTORY && place->kind != MAP) {
            place = &image->places[choose(image->place_count)];
        }
        block = work + (size_t)place->block * image->block_size;
        if (place->kind == DIRECTORY) {
            corrupt_directory(image, block);
        } else {
            put_wild(image, block + 4 * choose(choose(2) ? 8 : image->block_size / 4));
        }
    }
}

// ---- Reports ----

static void report(void)
{
    fprintf(stderr, "corruption number %" PRIu64 "\n", current);
}

static void on_signal(int number)
{
    report();
    fprintf(stderr, number == SIGALRM ? "it took more than %d seconds\n" : "aborted\n",
            SECONDS_MAX);
    _exit(98);
}

#if __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#endif

int main(int argc, char **argv)
{
    static struct image images[16];
    uint64_t mounted = 0;

    if (argc < 6 || argc - 5 > (int)ARRAY_LENGTH(images)) {
        host_fail("usage: ext2_corrupt SEED FIRST COUNT SAVE IMAGE...");
    }
    uint64_t seed = strtoull(argv[1], NULL, 0), first = strtoull(argv[2], NULL, 0);
    uint64_t count = strtoull(argv[3], NULL, 0);
    save_path = argv[4];
    uint64_t image_count = (uint64_t)argc - 5;
    for (uint64_t i = 0; i < image_count; i++) {
        load(&images[i], argv[5 + i]);
        work_size = images[i].size > work_size ? images[i].size : work_size;
    }
    work = malloc(work_size);
    if (!work) {
        host_fail("no memory");
    }
#if __has_feature(address_sanitizer)
    __sanitizer_set_death_callback(report);
#endif
    signal(SIGABRT, on_signal);
    signal(SIGALRM, on_signal);
    for (current = first; current < first + count; current++) {
        struct image *image = &images[current % image_count];
        random_state = seed * 1000003 + current;
        memcpy(work, image->data, image->size);
        for (uint64_t n = 1 + choose(3); n > 0; n--) {
            corrupt(image);
        }
        if (strcmp(save_path, "-") != 0) {
            FILE *file = fopen(save_path, "wb");
            if (!file || fwrite(work, 1, image->size, file) != image->size || fclose(file) != 0) {
                host_fail("%s: can't be written", save_path);
            }
        }
        alarm(SECONDS_MAX);
        mounted += exercise(work, image->size, random_state);
        alarm(0);
    }
    printf("images %" PRIu64 ", mounted %" PRIu64 "\n", count, mounted);
    return 0;
}
