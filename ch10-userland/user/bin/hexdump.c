// hexdump: bytes as numbers and as characters, sixteen in a row.
#include "user/libc/command.h"

#include <err.h>
#include <string.h>
#include <unistd.h>

#define ROW 16

struct hexdump {
    uint64_t position; // of the row
    uint64_t skip, left; // bytes to pass over, and to show
    bool all, any, star;
    size_t used;
    unsigned char row[ROW], last[ROW];
    struct output *out;
};

static void print_row(struct hexdump *dump)
{
    // A row like the one before it is not shown again; a star says so once.
    if (!dump->all && dump->any && dump->used == ROW && memcmp(dump->row, dump->last, ROW) == 0) {
        output_text(dump->out, dump->star ? "" : "*\n");
        dump->star = true;
    } else {
        output_format(dump->out, "%08llx  ", (unsigned long long)dump->position);
        for (size_t i = 0; i < ROW; i++) {
            if (i < dump->used) {
                output_format(dump->out, "%02x ", dump->row[i]);
            } else {
                output_text(dump->out, "   ");
            }
            output_text(dump->out, i == ROW / 2 - 1 ? " " : "");
        }
        output_text(dump->out, " |");
        for (size_t i = 0; i < dump->used; i++) {
            bool shown = dump->row[i] >= ' ' && dump->row[i] < 0x7f;
            output_char(dump->out, shown ? (char)dump->row[i] : '.');
        }
        output_text(dump->out, "|\n");
        dump->star = false;
    }
    memcpy(dump->last, dump->row, ROW);
    dump->any = true;
    dump->position += dump->used;
    dump->used = 0;
}

static int add_file(struct hexdump *dump, const char *path)
{
    struct reader *reader = reader_open(path);
    if (reader == NULL) {
        return 1;
    }
    char *piece;
    ssize_t length;
    while (dump->left > 0 && (length = reader_piece(reader, &piece)) > 0) {
        for (ssize_t i = 0; i < length && dump->left > 0 && !output_failed(dump->out); i++) {
            if (dump->skip > 0) {
                dump->skip--;
                dump->position++;
                continue;
            }
            dump->row[dump->used++] = (unsigned char)piece[i];
            dump->left--;
            if (dump->used == ROW) {
                print_row(dump);
            }
        }
    }
    int status = reader_failed(reader);
    reader_close(reader);
    return status;
}

int main(int argc, char **argv)
{
    struct hexdump dump = {.left = UINT64_MAX};
    int option;
    while ((option = getopt(argc, argv, "Cvn:s:")) != -1) {
        if (option == '?') {
            command_usage("hexdump [-Cv] [-n length] [-s skip] [file...]");
        } else if (option == 'n') {
            dump.left = (uint64_t)command_count(optarg, "length");
        } else if (option == 's') {
            dump.skip = (uint64_t)command_count(optarg, "number of bytes to skip");
        }
        dump.all |= option == 'v';
    }
    dump.out = output_open(STDOUT_FILENO);
    int status = optind == argc ? add_file(&dump, "-") : 0;
    for (int i = optind; i < argc; i++) {
        status |= add_file(&dump, argv[i]);
    }
    if (dump.used > 0) {
        print_row(&dump);
    }
    if (dump.any) {
        output_format(dump.out, "%08llx\n", (unsigned long long)dump.position);
    }
    return status | output_close(dump.out);
}
