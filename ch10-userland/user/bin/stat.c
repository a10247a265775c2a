// stat: all that is known about a file.
#include "user/libc/command.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define LINK_SIZE 4096

static const char *type_text(const struct stat *status)
{
    mode_t mode = status->st_mode;
    return S_ISREG(mode)    ? (status->st_size > 0 ? "regular file" : "regular empty file")
           : S_ISDIR(mode)  ? "directory"
           : S_ISLNK(mode)  ? "symbolic link"
           : S_ISCHR(mode)  ? "character special file"
           : S_ISBLK(mode)  ? "block special file"
           : S_ISFIFO(mode) ? "fifo"
           : S_ISSOCK(mode) ? "socket"
                            : "weird file";
}

static void print_time(struct output *out, const struct timespec *time)
{
    struct tm date;
    char text[32] = "?";
    if (gmtime_r(&time->tv_sec, &date) != NULL) {
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &date);
    }
    output_format(out, "%s.%09ld +0000", text, (long)time->tv_nsec);
}

static void print_owner(struct output *out, unsigned id)
{
    if (id == 0) {
        output_text(out, "root");
    } else {
        output_text(out, "UNKNOWN");
    }
}

static void print_name(struct output *out, const char *path, const struct stat *status)
{
    output_text(out, path);
    if (S_ISLNK(status->st_mode)) {
        char *target = must_malloc(LINK_SIZE);
        ssize_t length = readlink(path, target, LINK_SIZE);
        output_text(out, " -> ");
        output_bytes(out, target, length > 0 ? (size_t)length : 0);
        free(target);
    }
}

// One of the things that a format names; false: there is no such letter.
static bool print_item(struct output *out, char letter, const char *path, const struct stat *status)
{
    char mode[11];
    mode_text(mode, status->st_mode);
    unsigned long long number = 0;
    switch (letter) {
    case 'n':
        output_text(out, path);
        return true;
    case 'N':
        print_name(out, path, status);
        return true;
    case 'F':
        output_text(out, type_text(status));
        return true;
    case 'A':
        output_text(out, mode);
        return true;
    case 'a':
        output_format(out, "%o", status->st_mode & 07777);
        return true;
    case 'f':
        output_format(out, "%x", status->st_mode);
        return true;
    case 'U':
        print_owner(out, status->st_uid);
        return true;
    case 'G':
        print_owner(out, status->st_gid);
        return true;
    case 'x':
        print_time(out, &status->st_atim);
        return true;
    case 'y':
        print_time(out, &status->st_mtim);
        return true;
    case 'z':
        print_time(out, &status->st_ctim);
        return true;
    case '%':
        output_char(out, '%');
        return true;
    case 's':
        number = (unsigned long long)status->st_size;
        break;
    case 'b':
        number = (unsigned long long)status->st_blocks;
        break;
    case 'B':
        number = 512;
        break;
    case 'o':
        number = (unsigned long long)status->st_blksize;
        break;
    case 'd':
        number = status->st_dev;
        break;
    case 'i':
        number = status->st_ino;
        break;
    case 'h':
        number = status->st_nlink;
        break;
    case 'u':
        number = status->st_uid;
        break;
    case 'g':
        number = status->st_gid;
        break;
    case 't':
        output_format(out, "%x", major(status->st_rdev));
        return true;
    case 'T':
        output_format(out, "%x", minor(status->st_rdev));
        return true;
    case 'X':
        number = (unsigned long long)status->st_atim.tv_sec;
        break;
    case 'Y':
        number = (unsigned long long)status->st_mtim.tv_sec;
        break;
    case 'Z':
        number = (unsigned long long)status->st_ctim.tv_sec;
        break;
    default:
        return false;
    }
    output_format(out, "%llu", number);
    return true;
}

static void print_format(struct output *out, const char *format, const char *path,
                         const struct stat *status)
{
    for (; *format != '\0'; format++) {
        if (*format != '%' || format[1] == '\0') {
            output_char(out, *format);
        } else if (!print_item(out, *++format, path, status)) {
            output_char(out, '?');
        }
    }
    output_char(out, '\n');
}

static void print_all(struct output *out, const char *path, const struct stat *status)
{
    bool device = S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode);
    print_format(out, "  File: %N", path, status);
    char size[24], blocks[24], links[24];
    snprintf(size, sizeof(size), "%lld", (long long)status->st_size);
    snprintf(blocks, sizeof(blocks), "%lld", (long long)status->st_blocks);
    snprintf(links, sizeof(links), "%llu", (unsigned long long)status->st_nlink);
    output_format(out, "  Size: %-10s\tBlocks: %-10s IO Block: %-6lld %s\n", size, blocks,
                  (long long)status->st_blksize, type_text(status));
    char inode[24];
    snprintf(inode, sizeof(inode), "%llu", (unsigned long long)status->st_ino);
    output_format(out, "Device: %u,%u\tInode: %-11s Links: %s", major(status->st_dev),
                  minor(status->st_dev), inode, device ? "" : links);
    if (device) {
        output_format(out, "%-5s Device type: %u,%u", links, major(status->st_rdev),
                      minor(status->st_rdev));
    }
    char mode[11], owner[16], group[16];
    mode_text(mode, status->st_mode);
    snprintf(owner, sizeof(owner), "%s", status->st_uid == 0 ? "root" : "UNKNOWN");
    snprintf(group, sizeof(group), "%s", status->st_gid == 0 ? "root" : "UNKNOWN");
    output_format(out, "\nAccess: (%04o/%s)  Uid: (%5u/%8s)   Gid: (%5u/%8s)\n",
                  status->st_mode & 07777, mode, status->st_uid, owner, status->st_gid, group);
    print_format(out, "Access: %x\nModify: %y\nChange: %z", path, status);
}

int main(int argc, char **argv)
{
    const char *format = NULL;
    bool follow = false;
    int option, status = 0;
    while ((option = getopt(argc, argv, "Lc:")) != -1) {
        if (option == '?') {
            command_usage("stat [-L] [-c format] file...");
        }
        format = option == 'c' ? optarg : format;
        follow |= option == 'L';
    }
    if (optind == argc) {
        warnx("missing operand");
        command_usage("stat [-L] [-c format] file...");
    }
    struct output *out = output_open(STDOUT_FILENO);
    for (int i = optind; i < argc; i++) {
        struct stat about;
        if ((follow ? stat : lstat)(argv[i], &about) != 0) {
            output_flush(out);
            warn("cannot stat '%s'", argv[i]);
            status = 1;
        } else if (format != NULL) {
            print_format(out, format, argv[i], &about);
        } else {
            print_all(out, argv[i], &about);
        }
    }
    return status | output_close(out);
}
