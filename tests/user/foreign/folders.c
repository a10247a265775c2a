// Files and directories: made, listed, changed, removed.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void list(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (strcmp(entries[i]->d_name, "..") == 0) {
            continue;
        }
        struct stat status;
        char name[600];
        snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        int error = lstat(name, &status);
        int folder = S_ISDIR(status.st_mode);
        printf("%s %d %o %ld\n", name, error, (unsigned)status.st_mode,
               folder ? 0 : (long)status.st_size);
        if (folder && strcmp(entries[i]->d_name, ".") != 0) {
            list(name);
        }
    }
}

int main(void)
{
    char path[] = "/tmp/foreignXXXXXX", text[50];
    if (!mkdtemp(path) || chdir(path)) {
        perror("mkdtemp");
        return 1;
    }
    umask(022);
    printf("mkdir %d %d\n", mkdir("a", 0777), mkdir("a/b", 0700));
    FILE *file = fopen("a/b/file", "w");
    fprintf(file, "some text\n");
    fclose(file);
    printf("link %d symlink %d\n", link("a/b/file", "a/hard"), symlink("b/file", "a/soft"));
    printf("readlink %zd\n", readlink("a/soft", text, sizeof(text)));
    printf("rename %d chmod %d\n", rename("a/hard", "a/harder"), chmod("a/harder", 0604));
    printf("truncate %d\n", truncate("a/b/file", 4));
    struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1234567890}};
    printf("utimensat %d\n", utimensat(AT_FDCWD, "a/harder", times, 0));
    struct stat status;
    printf("stat %d %ld %ld\n", stat("a/soft", &status), (long)status.st_mtime,
           (long)status.st_nlink);
    struct tm *date = gmtime(&status.st_mtime);
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %j %a", date);
    puts(text);
    list(".");
    printf("rmdir %d %s\n", rmdir("a"), strerror(errno));
    printf("open %d %s\n", open("a/none", O_RDONLY), strerror(errno));
    printf("exclusive %d %s\n", open("a/harder", O_CREAT | O_EXCL | O_WRONLY, 0600),
           strerror(errno));
    printf("cwd %s\n",
           getcwd(text, sizeof(text)) && strncmp(text, "/tmp/foreign", 12) == 0 ? "right" : text);
    unlink("a/soft");
    unlink("a/harder");
    unlink("a/b/file");
    rmdir("a/b");
    printf("rmdir %d\n", rmdir("a"));
    return chdir("/") || rmdir(path);
}
