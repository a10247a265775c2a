#include "kernel/fs/descriptor.h"

#include "kernel/mm/kmalloc.h"
#include "lib/errno.h"
#include "lib/string.h"

#define WORD_BITS 64

int descriptors_create(struct descriptors **table)
{
    struct descriptors *made = kcalloc(1, sizeof(*made));
    if (!made) {
        return -ENOMEM;
    }
    made->files = made->few;
    made->size = DESCRIPTORS_FEW;
    *table = made;
    return 0;
}

// Makes a table larger, so that it has a place for a number below DESCRIPTOR_MAX.
static int grow(struct descriptors *table, unsigned number)
{
    unsigned size = table->size;

    while (size <= number) {
        size *= 2;
    }
    if (size == table->size) {
        return 0;
    }
    struct file **files = kcalloc(size, sizeof(struct file *));
    if (!files) {
        return -ENOMEM;
    }
    struct file **before = table->files;
    memcpy(files, before, table->size * sizeof(struct file *));
    table->files = files;
    table->size = size;
    if (before != table->few) {
        kfree(before);
    }
    return 0;
}

int descriptors_copy(const struct descriptors *from, struct descriptors **copy)
{
    struct descriptors *made;
    int error = descriptors_create(&made);

    if (error == 0) {
        error = grow(made, from->size - 1);
        if (error) {
            kfree(made);
        }
    }
    if (error) {
        return error;
    }
    for (unsigned i = 0; i < from->size; i++) {
        made->files[i] = from->files[i] ? file_hold(from->files[i]) : NULL;
    }
    memcpy(made->close_on_exec, from->close_on_exec, sizeof(made->close_on_exec));
    *copy = made;
    return 0;
}

void descriptors_destroy(struct descriptors *table)
{
    if (!table) {
        return;
    }
    for (unsigned i = 0; i < table->size; i++) {
        if (table->files[i]) {
            file_close(table->files[i]);
        }
    }
    if (table->files != table->few) {
        kfree(table->files);
    }
    kfree(table);
}

static void put(struct descriptors *table, unsigned number, struct file *file, bool close_on_exec)
{
    uint64_t bit = (uint64_t)1 << number % WORD_BITS, *word;

    word = &table->close_on_exec[number / WORD_BITS];
    *word = close_on_exec ? *word | bit : *word & ~bit;
    table->files[number] = file;
}

int descriptor_find_free(struct descriptors *table, int lowest)
{
    if (lowest < 0 || lowest >= DESCRIPTOR_MAX) {
        return -EINVAL;
    }
    unsigned number = (unsigned)lowest;
    while (number < table->size && table->files[number]) {
        number++;
    }
    if (number >= DESCRIPTOR_MAX) {
        return -EMFILE;
    }
    int error = grow(table, number);
    return error ? error : (int)number;
}

int descriptor_add(struct descriptors *table, struct file *file, int lowest, bool close_on_exec)
{
    int number = descriptor_find_free(table, lowest);
    if (number >= 0) {
        put(table, (unsigned)number, file, close_on_exec);
    }
    return number;
}

int descriptor_close(struct descriptors *table, int number)
{
    struct file *file = descriptor_file(table, number);

    if (!file) {
        return -EBADF;
    }
    put(table, (unsigned)number, NULL, false);
    file_close(file);
    return 0;
}

int descriptor_replace(struct descriptors *table, int from, int to, bool close_on_exec)
{
    struct file *file = descriptor_file(table, from);

    if (!file || to < 0 || to >= DESCRIPTOR_MAX) {
        return -EBADF;
    }
    if (from == to) {
        return to;
    }
    int error = grow(table, (unsigned)to);
    if (error) {
        return error;
    }
    struct file *before = table->files[to];
    put(table, (unsigned)to, file_hold(file), close_on_exec);
    if (before) {
        file_close(before);
    }
    return to;
}

int descriptor_close_on_exec(const struct descriptors *table, int number)
{
    if (!descriptor_file(table, number)) {
        return -EBADF;
    }
    return table->close_on_exec[number / WORD_BITS] >> number % WORD_BITS & 1;
}

int descriptor_set_close_on_exec(struct descriptors *table, int number, bool close_on_exec)
{
    struct file *file = descriptor_file(table, number);

    if (!file) {
        return -EBADF;
    }
    put(table, (unsigned)number, file, close_on_exec);
    return 0;
}

void descriptors_exec(struct descriptors *table)
{
    for (unsigned i = 0; i < table->size; i++) {
        if (table->close_on_exec[i / WORD_BITS] >> i % WORD_BITS & 1) {
            (void)descriptor_close(table, (int)i);
        }
    }
}
