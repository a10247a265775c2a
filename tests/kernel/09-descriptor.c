// Descriptors.
#include "kernel/fs/descriptor.h"
#include "kernel/fs/pipe.h"
#include "kernel/mm/kmalloc.h"
#include "tests/kernel/files.h"

#define TOP "/descriptor"

static struct file *open_file(struct inode *top, const char *name)
{
    struct file *file = NULL;
    CHECK_EQUAL(file_open(top, name, O_RDWR | O_CREAT, 0644, &file), 0);
    return file;
}

TEST(descriptor_lowest, "a file gets the lowest free number that is at least the one asked for")
{
    struct inode *top = files_begin(TOP);
    struct descriptors *table;

    REQUIRE(descriptors_create(&table) == 0);
    for (int i = 0; i < 5; i++) {
        CHECK_EQUAL(descriptor_add(table, open_file(top, "f"), 0, false), i);
    }
    CHECK_EQUAL(descriptor_close(table, 3), 0);
    CHECK_EQUAL(descriptor_close(table, 1), 0);
    CHECK_EQUAL(descriptor_add(table, open_file(top, "f"), 2, false), 3);
    CHECK_EQUAL(descriptor_add(table, open_file(top, "f"), 0, false), 1);
    CHECK_EQUAL(descriptor_add(table, open_file(top, "f"), 200, false), 200);
    CHECK_EQUAL(descriptor_add(table, open_file(top, "f"), 0, false), 5);
    struct file *file = open_file(top, "f");
    CHECK_EQUAL(descriptor_add(table, file, -1, false), -EINVAL);
    CHECK_EQUAL(descriptor_add(table, file, DESCRIPTOR_MAX, false), -EINVAL);
    CHECK_EQUAL(descriptor_add(table, file, INT32_MAX, false), -EINVAL);
    CHECK_EQUAL(file->references, 1);
    file_close(file);
    descriptors_destroy(table);
    files_end(top, TOP);
}

TEST(descriptor_limit, "a full table says so, and all of it can be used")
{
    struct inode *top = files_begin(TOP);
    struct file *file = open_file(top, "f");
    struct descriptors *table;

    REQUIRE(descriptors_create(&table) == 0);
    for (int i = 0; i < DESCRIPTOR_MAX; i++) {
        CHECK_EQUAL(descriptor_add(table, file_hold(file), 0, false), i);
    }
    CHECK_EQUAL(descriptor_add(table, file, 0, false), -EMFILE);
    CHECK_EQUAL(descriptor_add(table, file, DESCRIPTOR_MAX - 1, false), -EMFILE);
    CHECK_EQUAL(file->references, DESCRIPTOR_MAX + 1);
    CHECK_EQUAL(descriptor_close(table, 77), 0);
    CHECK_EQUAL(descriptor_add(table, file_hold(file), 0, false), 77);
    for (int i = 0; i < DESCRIPTOR_MAX; i++) {
        CHECK(descriptor_file(table, i) == file);
    }
    descriptors_destroy(table);
    CHECK_EQUAL(file->references, 1);
    file_close(file);
    files_end(top, TOP);
}

TEST(descriptor_wrong, "numbers that name nothing are answered with -EBADF, whatever they are")
{
    static const int wrong[] = {-1, 1, 15, 16, 255, 256, 257, INT32_MAX, INT32_MIN};
    struct inode *top = files_begin(TOP);
    struct descriptors *table;

    REQUIRE(descriptors_create(&table) == 0);
    CHECK_EQUAL(descriptor_add(table, open_file(top, "f"), 0, false), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        CHECK(descriptor_file(table, wrong[i]) == NULL);
        CHECK_EQUAL(descriptor_close(table, wrong[i]), -EBADF);
        CHECK_EQUAL(descriptor_replace(table, wrong[i], 0, false), -EBADF);
        CHECK_EQUAL(descriptor_close_on_exec(table, wrong[i]), -EBADF);
        CHECK_EQUAL(descriptor_set_close_on_exec(table, wrong[i], true), -EBADF);
    }
    CHECK_EQUAL(descriptor_replace(table, 0, -1, false), -EBADF);
    CHECK_EQUAL(descriptor_replace(table, 0, DESCRIPTOR_MAX, false), -EBADF);
    CHECK(descriptor_file(NULL, 0) == NULL);
    descriptors_destroy(NULL);
    descriptors_destroy(table);
    files_end(top, TOP);
}

TEST(descriptor_replaced, "replacing closes what was there, and shares the file")
{
    struct inode *top = files_begin(TOP);
    struct descriptors *table;
    struct file *one = open_file(top, "one"), *two = open_file(top, "two");

    REQUIRE(descriptors_create(&table) == 0);
    CHECK_EQUAL(descriptor_add(table, one, 0, true), 0);
    CHECK_EQUAL(descriptor_add(table, two, 0, false), 1);
    file_hold(two);
    CHECK_EQUAL(descriptor_replace(table, 0, 0, false), 0);
    CHECK_EQUAL(descriptor_close_on_exec(table, 0), 1); // nothing happened
    CHECK_EQUAL(descriptor_replace(table, 0, 1, false), 1);
    CHECK_EQUAL(two->references, 1);
    CHECK(descriptor_file(table, 1) == one);
    CHECK_EQUAL(one->references, 2);
    CHECK_EQUAL(descriptor_close_on_exec(table, 1), 0);
    CHECK_EQUAL(descriptor_replace(table, 1, 100, true), 100);
    CHECK_EQUAL(descriptor_close_on_exec(table, 100), 1);
    file_close(two);
    descriptors_destroy(table);
    files_end(top, TOP);
}

TEST(descriptor_exec, "exec closes what is marked and nothing else; a copy has its own marks")
{
    struct inode *top = files_begin(TOP);
    struct descriptors *table, *copy;
    struct file *file = open_file(top, "f");

    REQUIRE(descriptors_create(&table) == 0);
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(descriptor_add(table, file_hold(file), 0, i % 3 == 0), i);
    }
    REQUIRE(descriptors_copy(table, &copy) == 0);
    CHECK_EQUAL(file->references, 201);
    CHECK_EQUAL(descriptor_set_close_on_exec(copy, 0, false), 0);
    CHECK_EQUAL(descriptor_close_on_exec(table, 0), 1);
    descriptors_exec(copy);
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(descriptor_file(copy, i) != NULL, i == 0 || i % 3 != 0);
    }
    CHECK_EQUAL(file->references, 201 - 33);
    descriptors_exec(table);
    CHECK_EQUAL(file->references, 201 - 33 - 34);
    CHECK_EQUAL(descriptor_add(table, file_hold(file), 0, false), 0);
    CHECK_EQUAL(descriptor_close_on_exec(table, 0), 0); // the mark went with the number
    descriptors_destroy(copy);
    descriptors_destroy(table);
    CHECK_EQUAL(file->references, 1);
    file_close(file);
    files_end(top, TOP);
}

TEST(descriptor_memory, "tables give back all their memory")
{
    struct file *ends[2];
    struct descriptors *table, *copy;
    size_t blocks = kmalloc_blocks();

    for (int round = 0; round < 3; round++) {
        REQUIRE(descriptors_create(&table) == 0);
        REQUIRE(pipe_open(&ends[0], &ends[1], 0) == 0);
        CHECK_EQUAL(descriptor_add(table, ends[0], round * 100, false), round * 100);
        CHECK_EQUAL(descriptor_add(table, ends[1], 0, true), round == 0 ? 1 : 0);
        REQUIRE(descriptors_copy(table, &copy) == 0);
        descriptors_exec(table);
        descriptors_destroy(table);
        descriptors_destroy(copy);
    }
    CHECK_EQUAL(kmalloc_blocks(), blocks);
}
