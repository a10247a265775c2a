// Paths.
#include "kernel/mm/kmalloc.h"
#include "tests/kernel/files.h"

static uint32_t number_of(struct inode *base, const char *path)
{
    struct file_status status;
    int error = vfs_stat(base, path, true, &status);
    return error ? (uint32_t)error : status.number;
}

TEST(path_forms, "slashes, dots and bases lead where they should")
{
    struct inode *top = files_begin("/path");
    uint32_t root = number_of(NULL, "/");

    CHECK_EQUAL(vfs_mkdir(top, "d", 0755), 0);
    CHECK_EQUAL(vfs_mkdir(top, "d/e/", 0755), 0);
    CHECK_EQUAL(files_put(top, "d/e/f", "text"), 0);
    uint32_t file = number_of(top, "d/e/f"), d = number_of(top, "d");
    const char *const files[] = {"/path/d/e/f", "//path///d//e/f", "path/d/e/f", "/./path/./d/e/./f",
                                 "/../../path/d/e/f", "/path/d/../d/e/../../d/e/f"};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        CHECK_EQUAL(number_of(NULL, files[i]), file);
        CHECK_EQUAL(files[i][0] == '/' ? number_of(top, files[i]) : file, file);
    }
    CHECK_EQUAL(number_of(top, "./d/e/f"), file);
    CHECK_EQUAL(number_of(top, "../path/d/e/f"), file);
    CHECK_EQUAL(number_of(top, "../../path/d/e/f"), file);
    CHECK_EQUAL(number_of(top, "."), top->number);
    CHECK_EQUAL(number_of(top, ".."), root);
    CHECK_EQUAL(number_of(NULL, "//"), root);
    CHECK_EQUAL(number_of(NULL, "/.."), root);
    CHECK_EQUAL(number_of(NULL, "."), root);
    CHECK_EQUAL(number_of(NULL, "path/d/e/.."), d);
    CHECK_EQUAL(number_of(NULL, "/path/d/"), d);
    CHECK_EQUAL(number_of(NULL, "/path/d//."), d);
    CHECK_EQUAL(number_of(top, "d/e/f/"), (uint32_t)-ENOTDIR);
    CHECK_EQUAL(number_of(top, "d/e/f/."), (uint32_t)-ENOTDIR);
    CHECK_EQUAL(number_of(top, "d/e/f/.."), (uint32_t)-ENOTDIR);
    CHECK_EQUAL(number_of(top, "d/e/f/x"), (uint32_t)-ENOTDIR);
    CHECK_EQUAL(number_of(top, "d/x"), (uint32_t)-ENOENT);
    CHECK_EQUAL(number_of(top, "d/x/e"), (uint32_t)-ENOENT);
    CHECK_EQUAL(number_of(top, "d/x/../e"), (uint32_t)-ENOENT);
    CHECK_EQUAL(number_of(top, ""), (uint32_t)-ENOENT);
    CHECK_EQUAL(number_of(NULL, ""), (uint32_t)-ENOENT);
    files_end(top, "/path");
}

TEST(path_lengths, "names up to 255 bytes and paths up to 4095 are taken, longer ones refused")
{
    struct inode *top = files_begin("/path");
    char *path = kmalloc(2 * PATH_MAX);

    REQUIRE(path != NULL);
    memset(path, 'n', 2 * PATH_MAX);
    path[NAME_MAX] = '\0';
    CHECK_EQUAL(files_put(top, path, "long"), 0);
    CHECK(files_have(top, path, "long"));
    CHECK_EQUAL(vfs_mkdir(top, "d", 0755), 0);
    CHECK_EQUAL(vfs_rename(top, path, "d/x"), 0);
    path[NAME_MAX] = 'n';
    path[NAME_MAX + 1] = '\0';
    CHECK_EQUAL(files_put(top, path, "long"), -ENAMETOOLONG);
    CHECK_EQUAL(vfs_mkdir(top, path, 0755), -ENAMETOOLONG);
    CHECK_EQUAL(vfs_rename(top, "d", path), -ENAMETOOLONG);
    CHECK_EQUAL(number_of(top, path), (uint32_t)-ENAMETOOLONG);
    path[NAME_MAX + 1] = '/';
    path[NAME_MAX + 2] = 'x';
    path[NAME_MAX + 3] = '\0';
    CHECK_EQUAL(number_of(top, path), (uint32_t)-ENAMETOOLONG);

    for (unsigned i = 0; i < PATH_MAX; i++) {
        path[i] = i % 2 ? '/' : '.';
    }
    path[PATH_MAX - 2] = 'd';
    path[PATH_MAX - 1] = '\0';
    CHECK_EQUAL(number_of(top, path), number_of(top, "d"));
    path[PATH_MAX - 1] = '/';
    path[PATH_MAX] = '\0';
    CHECK_EQUAL(number_of(top, path), (uint32_t)-ENAMETOOLONG);
    CHECK_EQUAL(vfs_symlink(top, path, "link"), -ENAMETOOLONG);
    kfree(path);
    files_end(top, "/path");
}

TEST(path_links, "symbolic links are followed, at the end only where they should be")
{
    struct inode *top = files_begin("/path");
    struct inode *inode;

    CHECK_EQUAL(vfs_mkdir(top, "d", 0755), 0);
    CHECK_EQUAL(files_put(top, "d/f", "text"), 0);
    CHECK_EQUAL(vfs_symlink(top, "d/f", "relative"), 0);
    CHECK_EQUAL(vfs_symlink(top, "/path/d/f", "absolute"), 0);
    CHECK_EQUAL(vfs_symlink(top, "../d", "d/back"), 0);
    CHECK_EQUAL(vfs_symlink(top, "d/back/back/", "slash"), 0);
    CHECK_EQUAL(vfs_symlink(top, "nowhere", "dangling"), 0);
    CHECK_EQUAL(vfs_symlink(top, "loop", "loop"), 0);
    CHECK_EQUAL(vfs_symlink(top, "pong/x", "ping"), 0);
    CHECK_EQUAL(vfs_symlink(top, "ping/x", "pong"), 0);
    CHECK_EQUAL(vfs_symlink(top, "/", "root"), 0);

    uint32_t file = number_of(top, "d/f"), d = number_of(top, "d");
    CHECK_EQUAL(number_of(top, "relative"), file);
    CHECK_EQUAL(number_of(NULL, "/path/relative"), file);
    CHECK_EQUAL(number_of(top, "absolute"), file);
    CHECK_EQUAL(number_of(top, "d/back"), d);
    CHECK_EQUAL(number_of(top, "d/back/back/back/f"), file);
    CHECK_EQUAL(number_of(top, "slash"), d);
    CHECK_EQUAL(number_of(top, "slash/f"), file);
    CHECK_EQUAL(number_of(top, "root/path/d/f"), file);
    CHECK_EQUAL(number_of(top, "root"), number_of(NULL, "/"));
    CHECK_EQUAL(number_of(top, "root/.."), number_of(NULL, "/"));
    CHECK_EQUAL(number_of(top, "d/back/.."), top->number);
    CHECK_EQUAL(number_of(top, "relative/"), (uint32_t)-ENOTDIR);
    CHECK_EQUAL(number_of(top, "relative/x"), (uint32_t)-ENOTDIR);
    CHECK_EQUAL(number_of(top, "dangling"), (uint32_t)-ENOENT);
    CHECK_EQUAL(number_of(top, "dangling/x"), (uint32_t)-ENOENT);
    CHECK_EQUAL(number_of(top, "loop"), (uint32_t)-ELOOP);
    CHECK_EQUAL(number_of(top, "loop/x"), (uint32_t)-ELOOP);
    CHECK_EQUAL(number_of(top, "ping"), (uint32_t)-ELOOP);

    REQUIRE(path_find(top, "relative", false, &inode) == 0);
    CHECK(S_ISLNK(inode->mode));
    CHECK_EQUAL(inode->size, strlen("d/f"));
    inode_release(inode);
    REQUIRE(path_find(top, "d/back/", false, &inode) == 0);
    CHECK_EQUAL(inode->number, d);
    inode_release(inode);
    files_end(top, "/path");
}

TEST(path_many_links, "forty symbolic links are followed, and not one more")
{
    struct inode *top = files_begin("/path");
    char name[16], target[16];

    CHECK_EQUAL(files_put(top, "0", "text"), 0);
    for (unsigned i = 1; i <= PATH_LINKS_MAX + 1; i++) {
        snprintf(name, sizeof(name), "%u", i);
        snprintf(target, sizeof(target), "./%u", i - 1);
        CHECK_EQUAL(vfs_symlink(top, target, name), 0);
    }
    snprintf(name, sizeof(name), "%u", PATH_LINKS_MAX);
    CHECK(files_have(top, name, "text"));
    snprintf(name, sizeof(name), "%u", PATH_LINKS_MAX + 1);
    CHECK_EQUAL(number_of(top, name), (uint32_t)-ELOOP);
    CHECK_EQUAL(files_open(top, name, O_RDONLY | O_NOFOLLOW), -ELOOP);
    files_end(top, "/path");
}

TEST(path_long_links, "the longest targets nest to forty links: no stack, all memory given back")
{
    struct inode *top = files_begin("/path");
    struct file_status status;
    struct filesystem_statistics statistics;
    char *target = kmalloc(PATH_MAX), name[8];

    REQUIRE(target != NULL);
    top->filesystem->operations->statistics(top->filesystem, &statistics);
    size_t length = statistics.block_size < PATH_MAX ? statistics.block_size - 1 : PATH_MAX - 1;
    // Each link goes to the one before, and then stays where it is for the rest of its length.
    for (unsigned i = 1; i <= PATH_LINKS_MAX; i++) {
        int size =
            i == 1 ? snprintf(target, PATH_MAX, ".") : snprintf(target, PATH_MAX, "%u", i - 1);
        for (size_t k = (size_t)size; k < length; k++) {
            target[k] = (k - (size_t)size) % 2 ? '.' : '/';
        }
        target[length] = '\0';
        snprintf(name, sizeof(name), "%u", i);
        CHECK_EQUAL(vfs_symlink(top, target, name), 0);
        CHECK_EQUAL(files_status(top, name).size, length);
    }
    size_t blocks = kmalloc_blocks();
    CHECK_EQUAL(vfs_stat(top, name, true, &status), 0);
    CHECK_EQUAL(status.number, top->number);
    for (unsigned i = 0; i < 10; i++) {
        CHECK_EQUAL(vfs_stat(top, "40/none", true, &status), -ENOENT);
    }
    CHECK(kmalloc_blocks() <= blocks + 2 * PATH_LINKS_MAX); // inodes and blocks kept in memory
    kfree(target);
    files_end(top, "/path");
}

TEST(path_parents, "the last name of a path is found with its directory, and not followed")
{
    struct inode *top = files_begin("/path");
    struct path_parent *parent = kmalloc(sizeof(*parent));
    static const struct {
        const char *path, *directory, *name;
        bool slash;
    } cases[] = {
        {"x", ".", "x", false}, {"d/x", "d", "x", false}, {"d/x/", "d", "x", true},
        {"/path/d//x//", "d", "x", true}, {"link/x", "d", "x", false}, {"link", ".", "link", false},
        {"d/.", "d", ".", false}, {"d/../", "d", "..", true}, {"/", "..", ".", false},
        {"///", "..", ".", false},
    };

    REQUIRE(parent != NULL);
    CHECK_EQUAL(vfs_mkdir(top, "d", 0755), 0);
    CHECK_EQUAL(vfs_symlink(top, "d", "link"), 0);
    CHECK_EQUAL(files_put(top, "file", ""), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        REQUIRE(path_find_parent(top, cases[i].path, parent) == 0);
        CHECK_EQUAL(parent->directory->number, number_of(top, cases[i].directory));
        CHECK_STRING(parent->name, cases[i].name);
        CHECK_EQUAL(parent->name_length, strlen(cases[i].name));
        CHECK_EQUAL(parent->slash, cases[i].slash);
        inode_release(parent->directory);
    }
    CHECK_EQUAL(path_find_parent(top, "", parent), -ENOENT);
    CHECK_EQUAL(path_find_parent(top, "none/x", parent), -ENOENT);
    CHECK_EQUAL(path_find_parent(top, "file/x", parent), -ENOTDIR);
    kfree(parent);
    files_end(top, "/path");
}
