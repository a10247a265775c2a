// What is in a folder, and what files are like.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

static int no_dots(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void rights(mode_t mode, char text[11])
{
    static const char letters[] = "rwxrwxrwx";
    text[0] = S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : '-';
    for (int i = 0; i < 9; i++) {
        text[i + 1] = mode & (0400u >> i) ? letters[i] : '-';
    }
    text[10] = '\0';
}

int main(void)
{
    char folder[] = "/tmp/textbook-XXXXXX", text[11], target[32], date[32];
    struct stat status;
    struct dirent **entries;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        perror(folder);
        return 1;
    }
    umask(022);
    FILE *file = fopen("a file", "w");
    fprintf(file, "%d\n", 12345);
    fclose(file);
    mkdir("subfolder", 0755);
    symlink("a file", "link");
    close(open(".hidden", O_CREAT | O_WRONLY, 0600));
    chmod("a file", 0640);
    utime("a file", &(struct utimbuf){1000000000, 1234567890});
    int count = scandir(".", &entries, no_dots, alphasort);
    for (int i = 0; i < count; i++) {
        lstat(entries[i]->d_name, &status);
        rights(status.st_mode, text);
        const struct passwd *user = getpwuid(status.st_uid);
        const struct group *group = getgrgid(status.st_gid);
        printf("%s %d %s %s %s", text, S_ISDIR(status.st_mode) ? 0 : (int)status.st_size,
               user != NULL ? user->pw_name : "?", group != NULL ? group->gr_name : "?",
               entries[i]->d_name);
        if (S_ISLNK(status.st_mode)) {
            ssize_t size = readlink(entries[i]->d_name, target, sizeof(target) - 1);
            target[size] = '\0';
            printf(" -> %s", target);
        }
        putchar('\n');
        free(entries[i]);
    }
    free(entries);
    stat("a file", &status);
    strftime(date, sizeof(date), "%d %b %Y %T", gmtime(&status.st_mtime));
    printf("%s, %ld\n", date, (long)status.st_atime);
    int directory = open(".", O_RDONLY | O_DIRECTORY);
    mkdirat(directory, "new", 0700);
    renameat(directory, "a file", directory, "new/file");
    printf("%d %d\n", faccessat(directory, "new/file", R_OK, 0),
           access("a file", F_OK) == -1 && errno == ENOENT);
    unlinkat(directory, "new/file", 0);
    unlinkat(directory, "new", AT_REMOVEDIR);
    DIR *stream = opendir(".");
    int names = 0;
    while (readdir(stream) != NULL) {
        names++;
    }
    closedir(stream);
    printf("%d names; rmdir: %d, %s\n", names, rmdir("subfolder"),
           strerror(rmdir("link") == 0 ? 0 : errno));
    remove("link");
    remove(".hidden");
    chdir("/");
    printf("%d %u\n", rmdir(folder), getpwnam("root")->pw_uid);
    return 0;
}
