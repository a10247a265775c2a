// A directory is a file of entries, which fill each of its blocks to the end:
//
//     | 2 12 1 "." | 2 12 2 ".." | 12 20 8 "motd.old" | 0 980 (unused) |      a block of 1 KiB
//
// number of the inode, length of the entry, length of the name, name. What is taken out becomes a
// part of the entry before it, or unused where it is the first of its block; what is put in takes
// the end of an entry that is longer than its name needs. So no entry ever moves, and a position
// that readdir gave, a byte's offset, stays right whatever happens to other entries.
//
// Linux can index a directory by hashes of its names; the index lies where we see an unused entry
// or the end of one, so reading needs nothing of it, and a change says that it is no longer kept.
#include "kernel/fs/ext2.h"

#include "lib/errno.h"
#include "lib/string.h"

// An entry on a way through a directory.
struct cursor {
    struct ext2_inode *directory;
    uint32_t index, offset; // its block, and its offset in there
    struct ext2_directory_entry *entry; // only after step() has said so
    struct buffer *buffer; // held
};

static struct ext2_directory_entry *entry_at(const struct buffer *buffer, uint32_t offset)
{
    return (struct ext2_directory_entry *)((char *)buffer->data + offset);
}

static bool named(const struct ext2_directory_entry *entry, const char *name, size_t length)
{
    return entry->name_len == length && memcmp(entry->name, name, length) == 0;
}

// Whether the lengths in an entry can be believed, with `room` bytes left in its block, enough for
// a header. Asked for each entry on the way through a directory of thousands: it has to be quick.
static inline bool lengths_valid(const struct ext2_directory_entry *entry, uint32_t room)
{
    uint32_t rec_len = entry->rec_len;
    return rec_len >= entry->name_len + EXT2_ENTRY_HEADER && rec_len <= room && rec_len % 4 == 0;
}

// Whether the inode can: 0 is that of an unused entry.
static bool number_valid(const struct ext2 *ext2, const struct ext2_directory_entry *entry)
{
    uint32_t number = entry->inode;
    return number == 0 || (entry->name_len > 0 && number <= ext2->super->inodes_count &&
                           (number >= ext2->first_inode || number == EXT2_ROOT_INODE));
}

// Whether a directory's first block starts with "." and "..".
static bool starts_with_dots(const struct cursor *cursor)
{
    const struct ext2_directory_entry *dot = entry_at(cursor->buffer, 0);
    uint32_t size = ext2_of(&cursor->directory->inode)->block_size;

    return dot->inode == cursor->directory->inode.number && named(dot, ".", 1) &&
           dot->rec_len % 4 == 0 && dot->rec_len <= size - EXT2_ENTRY_SIZE(2) &&
           named(entry_at(cursor->buffer, dot->rec_len), "..", 2);
}

// Gets the block that the cursor has come to: 1, 0 behind the last one, or an error.
static int load(struct cursor *cursor)
{
    struct ext2_inode *directory = cursor->directory;
    struct ext2 *ext2 = ext2_of(&directory->inode);
    uint64_t count = directory->inode.size / ext2->block_size;

    if (count == 0 || count > ext2->block_count || directory->inode.size % ext2->block_size != 0) {
        return ext2_corrupt(ext2, "directory %u has %lu bytes", directory->inode.number,
                            directory->inode.size);
    }
    if (cursor->index >= count) {
        return 0;
    }
    uint64_t left = count - cursor->index;
    uint32_t block;
    unsigned run;
    int error = ext2_map(directory, cursor->index, &block,
                         left < CACHE_READ_AHEAD_MAX ? (unsigned)left : CACHE_READ_AHEAD_MAX, &run);
    if (error == 0 && block == 0) {
        error = ext2_corrupt(ext2, "directory %u has a hole", directory->inode.number);
    }
    if (error == 0) {
        cache_read_ahead(ext2->cache, block, run);
        error = cache_read(ext2->cache, block, &cursor->buffer);
    }
    if (error) {
        return error;
    }
    if (cursor->index == 0 && !starts_with_dots(cursor)) {
        return ext2_corrupt(ext2, "directory %u lacks its dots", directory->inode.number);
    }
    return 1;
}

// Gives the cursor's block back.
static void leave(struct cursor *cursor)
{
    if (cursor->buffer) {
        cache_release(ext2_of(&cursor->directory->inode)->cache, cursor->buffer);
        cursor->buffer = NULL;
    }
}

static int wrong_entry(const struct cursor *cursor, uint32_t offset)
{
    struct inode *inode = &cursor->directory->inode;
    return ext2_corrupt(ext2_of(inode), "directory %u: wrong entry in block %u at %u",
                        inode->number, cursor->index, offset);
}

// Goes to the next entry, at first to that at the start of block cursor->index: 1, 0 behind the
// last one, or an error. The caller calls leave() at the end.
static int step(struct cursor *cursor)
{
    struct ext2 *ext2 = ext2_of(&cursor->directory->inode);

    if (cursor->buffer) {
        cursor->offset += cursor->entry->rec_len;
        if (cursor->offset == ext2->block_size) {
            leave(cursor);
            cursor->index++;
            cursor->offset = 0;
        }
    }
    int result = cursor->buffer ? 1 : load(cursor);
    if (result > 0) {
        cursor->entry = entry_at(cursor->buffer, cursor->offset);
        uint32_t room = ext2->block_size - cursor->offset;
        if (room < EXT2_ENTRY_HEADER || !lengths_valid(cursor->entry, room) ||
            !number_valid(ext2, cursor->entry)) {
            return wrong_entry(cursor, cursor->offset);
        }
    }
    return result;
}

// Looks for a name in the cursor's block: 1 with its offset, 0, or an error. The last byte is
// compared first: names often begin alike.
static int search(const struct cursor *cursor, const char *name, size_t name_length,
                  uint32_t *offset)
{
    const struct ext2 *ext2 = ext2_of(&cursor->directory->inode);
    const uint32_t size = ext2->block_size;
    const char last = name[name_length - 1];

    uint32_t at = 0;
    while (at <= size - EXT2_ENTRY_HEADER) {
        const struct ext2_directory_entry *entry = entry_at(cursor->buffer, at);
        if (!lengths_valid(entry, size - at)) {
            break;
        }
        if (entry->name_len == name_length && entry->name[name_length - 1] == last &&
            entry->inode != 0 && memcmp(entry->name, name, name_length) == 0) {
            *offset = at;
            return number_valid(ext2, entry) ? 1 : wrong_entry(cursor, at);
        }
        at += entry->rec_len;
    }
    return at == size ? 0 : wrong_entry(cursor, at);
}

// Looks for a name in the blocks from first on, before `end`.
static int find_in(struct ext2_inode *directory, const char *name, size_t name_length,
                   uint32_t first, uint32_t end, struct ext2_place *place)
{
    struct cursor cursor = {.directory = directory, .index = first};

    for (; cursor.index < end; cursor.index++) {
        int result = load(&cursor);
        if (result <= 0) {
            leave(&cursor);
            return result < 0 ? result : -ENOENT;
        }
        result = search(&cursor, name, name_length, &place->offset);
        if (result > 0) {
            // The cursor's hold is the place's now.
            place->buffer = cursor.buffer;
            place->index = cursor.index;
            place->number = entry_at(cursor.buffer, place->offset)->inode;
            return 0;
        }
        leave(&cursor);
        if (result < 0) {
            return result;
        }
    }
    return -ENOENT;
}

int ext2_directory_find(struct ext2_inode *directory, const char *name, size_t name_length,
                        struct ext2_place *place)
{
    uint32_t first = name_dots(name, name_length) ? 0 : directory->find_from;

    // Names are mostly wanted in the order in which readdir gave them: so go on where the last one
    // was found, and look at the blocks before that in the end.
    int result = find_in(directory, name, name_length, first, UINT32_MAX, place);
    if (result == -ENOENT && first > 0) {
        result = find_in(directory, name, name_length, 0, first, place);
    }
    if (result == 0) {
        directory->find_from = place->index;
    }
    return result;
}

void ext2_place_release(struct ext2 *ext2, struct ext2_place *place)
{
    if (place->buffer) {
        cache_release(ext2->cache, place->buffer);
        place->buffer = NULL;
    }
}

int ext2_place_inode(struct ext2 *ext2, const struct ext2_place *place, struct ext2_inode **inode)
{
    int error = ext2_inode_get(ext2, place->number, false, inode);
    return error == -ENOENT ? ext2_corrupt(ext2, "a name of free inode %u", place->number) : error;
}

// Makes an entry name an inode, or nothing (number 0).
static void set_inode(struct ext2_inode *directory, struct buffer *buffer,
                      struct ext2_directory_entry *entry, uint32_t number, uint32_t mode)
{
    struct ext2 *ext2 = ext2_of(&directory->inode);
    bool typed = ext2->super->feature_incompat & EXT2_INCOMPAT_FILETYPE;

    entry->inode = number;
    entry->file_type = number != 0 && typed ? ext2_type_of_mode(mode) : 0;
    directory->flags &= ~(uint32_t)EXT2_FLAG_INDEX;
    directory->change = ++ext2->changes;
    ext2_changed(ext2, buffer);
}

// Writes an entry of rec_len bytes.
static void put(struct ext2_inode *directory, struct buffer *buffer, uint32_t offset,
                uint32_t rec_len, const char *name, size_t name_length, uint32_t number,
                uint32_t mode)
{
    struct ext2_directory_entry *entry = entry_at(buffer, offset);

    entry->rec_len = (uint16_t)rec_len;
    entry->name_len = (uint8_t)name_length;
    memcpy(entry->name, name, name_length);
    set_inode(directory, buffer, entry, number, mode);
}

// Gives the directory one more block, number `index`, and gets it, full of zeroes.
static int extend(struct ext2_inode *directory, uint32_t index, struct buffer **buffer)
{
    struct ext2 *ext2 = ext2_of(&directory->inode);
    uint32_t block;
    bool allocated;

    int error = ext2_map_allocate(directory, index, false, &block, &allocated);
    if (error == 0) {
        // A block just allocated is in the cache: this can fail only for one that was there before.
        error = cache_read(ext2->cache, block, buffer);
    }
    if (error == 0) {
        memset((*buffer)->data, 0, ext2->block_size);
        directory->inode.size = ((uint64_t)index + 1) * ext2->block_size;
    }
    return error;
}

int ext2_directory_insert(struct ext2_inode *directory, const char *name, size_t name_length,
                          uint32_t number, uint32_t mode)
{
    uint32_t block_size = ext2_of(&directory->inode)->block_size;
    uint32_t needed = EXT2_ENTRY_SIZE(name_length), used = 0;
    struct cursor cursor = {.directory = directory, .index = directory->room_from};
    int result;

    while ((result = step(&cursor)) > 0) {
        used = cursor.entry->inode != 0 ? EXT2_ENTRY_SIZE(cursor.entry->name_len) : 0;
        if (cursor.entry->rec_len >= used + needed) {
            break;
        }
    }
    uint32_t rec_len = block_size;
    if (result > 0) {
        rec_len = cursor.entry->rec_len - used;
        if (used > 0) {
            cursor.entry->rec_len = (uint16_t)used;
        }
    } else if (result == 0) {
        used = 0;
        result = extend(directory, cursor.index, &cursor.buffer);
    }
    if (result >= 0) {
        put(directory, cursor.buffer, cursor.offset + used, rec_len, name, name_length, number,
            mode);
        directory->room_from = cursor.index;
        result = 0;
    }
    leave(&cursor);
    return result;
}

void ext2_directory_remove(struct ext2_inode *directory, const struct ext2_place *place)
{
    struct ext2_directory_entry *entry = entry_at(place->buffer, place->offset), *previous = NULL;
    uint32_t offset = 0;

    // The entry before it may be one that was inserted since it was found.
    while (offset < place->offset) {
        previous = entry_at(place->buffer, offset);
        if (previous->rec_len < EXT2_ENTRY_HEADER) {
            break; // the block was handed out once more: its bitmap said that it is free
        }
        offset += previous->rec_len;
    }
    if (previous && offset == place->offset) {
        previous->rec_len += entry->rec_len;
    }
    set_inode(directory, place->buffer, entry, 0, 0);
    if (directory->room_from > place->index) {
        directory->room_from = place->index;
    }
}

void ext2_directory_replace(struct ext2_inode *directory, const struct ext2_place *place,
                            uint32_t number, uint32_t mode)
{
    set_inode(directory, place->buffer, entry_at(place->buffer, place->offset), number, mode);
}

int ext2_directory_start(struct ext2_inode *directory, uint32_t parent)
{
    struct ext2 *ext2 = ext2_of(&directory->inode);
    uint32_t first = EXT2_ENTRY_SIZE(1);
    struct buffer *buffer;

    int error = extend(directory, 0, &buffer);
    if (error) {
        return error;
    }
    put(directory, buffer, 0, first, ".", 1, directory->inode.number, S_IFDIR);
    put(directory, buffer, first, ext2->block_size - first, "..", 2, parent, S_IFDIR);
    cache_release(ext2->cache, buffer);
    return 0;
}

int ext2_directory_empty(struct ext2_inode *directory)
{
    struct cursor cursor = {.directory = directory};
    int result;

    while ((result = step(&cursor)) > 0) {
        if (cursor.entry->inode != 0 && !name_dots(cursor.entry->name, cursor.entry->name_len)) {
            result = -ENOTEMPTY;
            break;
        }
    }
    leave(&cursor);
    return result;
}

// Looks a name up that is not remembered, or was not in the place that it shares with others: it is
// from now on.
static __attribute__((noinline)) int find_name(struct ext2_inode *directory, const char *name,
                                               size_t name_length, struct ext2_name *known,
                                               struct ext2_inode **inode)
{
    struct ext2_place place;

    // The ".." of a directory that was removed may be gone as well.
    int error = directory->inode.link_count == 0
                    ? -ENOENT
                    : ext2_directory_find(directory, name, name_length, &place);
    if (error == 0) {
        error = ext2_place_inode(ext2_of(&directory->inode), &place, inode);
        ext2_place_release(ext2_of(&directory->inode), &place);
    }
    if (error == 0 && name_length <= sizeof(known->name)) {
        known->change = directory->change;
        known->number = place.number;
        known->length = (uint8_t)name_length;
        memcpy(known->name, name, name_length);
    }
    return error;
}

int ext2_lookup(struct inode *inode, const char *name, size_t name_length, struct inode **found)
{
    struct ext2 *ext2 = ext2_of(inode);
    struct ext2_inode *directory = ext2_inode_of(inode), *result;

    mutex_lock(&ext2->lock);
    uint64_t hash = directory->change + name_length + (uint8_t)name[0] * 5u +
                    (uint8_t)name[name_length - 1] * 3u;
    struct ext2_name *known = &ext2->names[hash % EXT2_NAMES];
    bool remembered = known->change == directory->change && known->length == name_length &&
                      inode->link_count > 0 && memcmp(known->name, name, name_length) == 0;
    int error = remembered ? ext2_inode_get(ext2, known->number, false, &result)
                           : find_name(directory, name, name_length, known, &result);
    mutex_unlock(&ext2->lock);
    if (error == 0) {
        *found = &result->inode;
    }
    return error;
}

// A name that nobody could open.
static bool name_wrong(const struct ext2_directory_entry *entry)
{
    return memchr(entry->name, '/', entry->name_len) || memchr(entry->name, 0, entry->name_len);
}

int ext2_readdir(struct inode *inode, uint64_t position,
                 bool (*emit)(void *context, const struct directory_entry *entry), void *context)
{
    struct ext2 *ext2 = ext2_of(inode);
    bool typed = ext2->super->feature_incompat & EXT2_INCOMPAT_FILETYPE;
    uint64_t index = position / ext2->block_size;
    // What was the start of an entry may lie within one by now: so begin with its block's first.
    struct cursor cursor = {.directory = ext2_inode_of(inode),
                            .index = index < UINT32_MAX ? (uint32_t)index : UINT32_MAX};

    mutex_lock(&ext2->lock);
    int result = inode->link_count == 0 ? -ENOENT : step(&cursor);
    for (; result > 0; result = step(&cursor)) {
        const struct ext2_directory_entry *entry = cursor.entry;
        uint64_t start = (uint64_t)cursor.index * ext2->block_size + cursor.offset;
        if (entry->inode == 0 || start < position) {
            continue;
        }
        if (name_wrong(entry)) {
            result = ext2_corrupt(ext2, "directory %u has a name with / or NUL", inode->number);
            break;
        }
        struct directory_entry told = {.number = entry->inode,
                                       .type = typed ? ext2_mode_of_type(entry->file_type) : 0,
                                       .name_length = entry->name_len,
                                       .name = entry->name,
                                       .next = start + entry->rec_len};
        if (!emit(context, &told)) {
            result = 0;
            break;
        }
    }
    leave(&cursor);
    mutex_unlock(&ext2->lock);
    return result;
}
