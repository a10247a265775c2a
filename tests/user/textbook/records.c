// Records in a binary file, lines in a text file, and what goes wrong with files.
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct account {
    int number;
    char name[20];
    double balance;
};

static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

int main(void)
{
    char path[L_tmpnam], other[L_tmpnam], line[80];
    static const char *const names[] = {"Ada", "Brian", "Dennis", "Ken", "Linus"};
    struct account account;
    FILE *file;
    if (tmpnam(path) == NULL || tmpnam(other) == NULL || (file = fopen(path, "wb+")) == NULL) {
        fail("fopen");
    }
    for (int i = 0; i < 5; i++) {
        memset(&account, 0, sizeof(account));
        account.number = i;
        strncpy(account.name, names[i], sizeof(account.name) - 1);
        account.balance = 100.5 * (i + 1);
        if (fwrite(&account, sizeof(account), 1, file) != 1) {
            fail("fwrite");
        }
    }
    printf("%ld bytes\n", ftell(file));
    fseek(file, 3 * (long)sizeof(account), SEEK_SET);
    assert(fread(&account, sizeof(account), 1, file) == 1);
    account.balance -= 0.25;
    fseek(file, -(long)sizeof(account), SEEK_CUR);
    fwrite(&account, sizeof(account), 1, file);
    rewind(file);
    while (fread(&account, sizeof(account), 1, file) == 1) {
        printf("%2d %-8s %8.2f\n", account.number, account.name, account.balance);
    }
    printf("%s, %s\n", feof(file) ? "at the end" : "not at the end",
           ferror(file) ? "error" : "no error");
    fclose(file);
    if (rename(path, other) != 0 || (file = fopen(other, "r")) == NULL) {
        fail("rename");
    }
    fclose(file);
    file = fopen(path, "r");
    printf("%s: %s\n", file == NULL ? "gone" : "there", strerror(errno));
    file = fopen(other, "w");
    static char buffer[256];
    setvbuf(file, buffer, _IOFBF, sizeof(buffer));
    fputs("first line\nsecond line\n", file);
    fprintf(file, "%s %d %c\n", "third", 3, '!');
    fclose(file);
    file = fopen(other, "a");
    fputc('z', file);
    fclose(file);
    file = fopen(other, "r");
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        printf("[%s]\n", line);
    }
    fclose(file);
    if (freopen(other, "r", stdin) == NULL) {
        fail("freopen");
    }
    int c, n = 0;
    while ((c = getchar()) != EOF) {
        n++;
    }
    printf("%d characters; remove: %d, again: %d\n", n, remove(other), remove(other));
    file = tmpfile();
    fprintf(file, "12 abc 3.5");
    rewind(file);
    int i;
    double x;
    n = fscanf(file, "%d %79s %lf", &i, line, &x);
    printf("%d: %d %s %.2f\n", n, i, line, x);
    fclose(file);
    return 0;
}
