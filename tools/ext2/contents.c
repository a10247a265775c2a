#include "parts.h"

#define CHUNK 65536

uint32_t checksum(uint32_t crc, const char *data, size_t size)
{
    static uint32_t table[8][256];

    if (table[0][1] == 0) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t value = i;
            for (int bit = 0; bit < 8; bit++) {
                value = value & 1 ? value >> 1 ^ 0xedb88320 : value >> 1;
            }
            table[0][i] = value;
        }
        for (uint32_t i = 0; i < 256; i++) {
            for (int n = 1; n < 8; n++) {
                table[n][i] = table[n - 1][i] >> 8 ^ table[0][table[n - 1][i] & 0xff];
            }
        }
    }
    crc = ~crc;
    for (; size >= 8; data += 8, size -= 8) {
        uint32_t low, high;
        memcpy(&low, data, 4);
        memcpy(&high, data + 4, 4);
        low ^= crc;
        crc = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^
              table[4][low >> 24] ^ table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^
              table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
    }
    for (; size > 0; data++, size--) {
        crc = crc >> 8 ^ table[0][(crc ^ (uint8_t)*data) & 0xff];
    }
    return ~crc;
}

void print_name(FILE *out, const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)name[i];
        fprintf(out, byte <= ' ' || byte >= 127 || byte == '\\' ? "\\x%02x" : "%c", byte);
    }
}

uint64_t number(const char *word)
{
    char *end;
    uint64_t value = strtoull(word, &end, 0);
    const char *units = "KMGT", *unit = *end ? strchr(units, *end) : NULL;
    return unit ? value << (10 * (unit - units + 1)) : value;
}

char *data_of(const char *word, size_t *size)
{
    if (word[0] == '=') {
        *size = strlen(word + 1);
        return strdup(word + 1);
    }
    if (word[0] == '0' && word[1] == ':') {
        *size = number(word + 2);
        return calloc(*size + 1, 1);
    }
    if (word[0] != '@') {
        return NULL;
    }
    char *path = strdup(word + 1), *colon = strchr(path, ':');
    uint64_t offset = 0, length = UINT64_MAX;
    if (colon) {
        *colon = '\0';
        char *second = strchr(colon + 1, ':');
        offset = number(colon + 1);
        length = second ? number(second + 1) : length;
    }
    FILE *file = fopen(path, "rb");
    free(path);
    if (!file) {
        return NULL;
    }
    fseek(file, 0, 2);
    uint64_t bytes = (uint64_t)ftell(file);
    bytes = offset < bytes ? bytes - offset : 0;
    *size = length < bytes ? length : bytes;
    char *data = malloc(*size + 1);
    fseek(file, (long)offset, 0);
    if (data && fread(data, 1, *size, file) != *size) {
        free(data);
        data = NULL;
    }
    fclose(file);
    return data;
}

int64_t read_all(struct file *file, uint64_t limit,
                 void (*take)(void *context, const char *data, size_t size), void *context)
{
    static char buffer[CHUNK];
    int64_t total = 0;

    while (limit > 0) {
        struct io io = io_kernel(buffer, limit < CHUNK ? limit : CHUNK);
        int64_t size = file_read(file, &io);
        if (size <= 0) {
            return size < 0 ? size : total;
        }
        take(context, buffer, (size_t)size);
        total += size;
        limit -= (uint64_t)size;
    }
    return total;
}

void take_checksum(void *context, const char *data, size_t size)
{
    uint32_t *crc = context;
    *crc = checksum(*crc, data, size);
}

void take_output(void *context, const char *data, size_t size)
{
    fwrite(data, 1, size, context);
}

int64_t write_all(struct file *file, const char *data, size_t size)
{
    struct io io = io_kernel(data, size);
    int64_t total = 0;

    while (io.left > 0) {
        int64_t written = file_write(file, &io);
        if (written <= 0) {
            return total ? total : written;
        }
        total += written;
    }
    return total;
}
