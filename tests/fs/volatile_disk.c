#include "volatile_disk.h"

#include "lib/errno.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void check_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
    abort();
}

uint64_t random_state;

uint64_t random_bits(void)
{
    uint64_t value = random_state += 0x9e3779b97f4a7c15;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

size_t random_below(size_t limit)
{
    return random_bits() % limit;
}

// ---- The disk ----

static void log_add(struct volatile_disk *disk, uint32_t sector, const void *data)
{
    if (disk->log_count == disk->log_size) {
        disk->log_size = disk->log_size * 2 + 1024;
        disk->log = realloc(disk->log, disk->log_size * sizeof(disk->log[0]));
        disk->log_data = realloc(disk->log_data, disk->log_size * sizeof(disk->log_data[0]));
        CHECK(disk->log != NULL && disk->log_data != NULL);
    }
    disk->log[disk->log_count] = sector;
    if (data != NULL) {
        memcpy(disk->log_data[disk->log_count], data, SECTOR);
    }
    disk->log_count++;
}

static int move_sector(struct volatile_disk *disk, bool write, uint32_t sector, uint8_t *data)
{
    uint8_t *place = disk->data + (size_t)sector * SECTOR;

    if (disk->bad[sector] & (write ? 2 : 1)) {
        return -EIO;
    }
    if (write && disk->on_write != NULL) {
        disk->on_write(sector);
    }
    memcpy(write ? place : data, write ? data : place, SECTOR);
    if (write) {
        log_add(disk, sector, data);
    }
    return 0;
}

// A real disk may do the work at any time until it is waited for: this one does it as late as it
// can.
static void complete(struct volatile_disk *disk)
{
    struct block_request *request = disk->under_way;

    if (request == NULL) {
        return;
    }
    disk->under_way = NULL;
    request->finished = true;
    request->result = 0;
    uint32_t sector = (uint32_t)request->disk_sector;
    for (unsigned i = 0; i < request->segment_count && request->result == 0; i++) {
        uint8_t *data = request->segments[i].data;
        for (uint32_t k = 0; k < request->segments[i].sector_count && request->result == 0; k++) {
            request->result = move_sector(disk, request->write, sector++, data + k * SECTOR);
        }
    }
}

static void disk_start(void *driver, struct block_request *request)
{
    struct volatile_disk *disk = driver;

    complete(disk);
    disk->reads += !request->write;
    disk->writes += request->write;
    disk->under_way = request;
}

static int disk_finish(void *driver, struct block_request *request)
{
    struct volatile_disk *disk = driver;

    if (disk->under_way == request) {
        complete(disk);
    }
    CHECK(request->finished);
    return request->result;
}

static int disk_flush(void *driver)
{
    struct volatile_disk *disk = driver;

    complete(disk);
    if (disk->failing_flushes > 0) {
        disk->failing_flushes--;
        return -EIO;
    }
    disk->flushes++;
    log_add(disk, FLUSH, NULL);
    return 0;
}

void disk_create(struct volatile_disk *disk, size_t sector_count)
{
    static const struct block_operations operations = {disk_start, disk_finish, disk_flush};

    *disk = (struct volatile_disk){.sector_count = sector_count};
    disk->device = (struct block_device){
        .name = "test", .operations = &operations, .driver = disk, .sector_count = sector_count};
    disk->data = calloc(sector_count, SECTOR);
    disk->bad = calloc(sector_count, 1);
    CHECK(disk->data != NULL && disk->bad != NULL);
}

void disk_destroy(struct volatile_disk *disk)
{
    CHECK(disk->under_way == NULL);
    free(disk->data);
    free(disk->bad);
    free(disk->log);
    free(disk->log_data);
}

void disk_log_clear(struct volatile_disk *disk)
{
    CHECK(disk->under_way == NULL);
    disk->log_count = 0;
}

// ---- Power cuts ----

void crash_begin(struct crash *crash, const struct volatile_disk *disk, const uint8_t *begin,
                 struct volatile_disk *copy)
{
    size_t size = disk->sector_count * SECTOR;

    *crash = (struct crash){.disk = disk, .copy = copy, .base = malloc(size)};
    CHECK(crash->base != NULL && copy->sector_count == disk->sector_count);
    memcpy(crash->base, begin, size);
    memcpy(copy->data, begin, size);
}

void crash_end(struct crash *crash)
{
    free(crash->base);
}

static void apply(const struct crash *crash, size_t entry, uint8_t *data)
{
    memcpy(data + (size_t)crash->disk->log[entry] * SECTOR, crash->disk->log_data[entry], SECTOR);
}

size_t crash_seek(struct crash *crash, size_t cut)
{
    size_t flush = cut;

    CHECK(cut >= crash->cut && cut <= crash->disk->log_count);
    while (flush > crash->flushed && crash->disk->log[flush - 1] != FLUSH) {
        flush--;
    }
    for (; crash->flushed < flush; crash->flushed++) {
        if (crash->disk->log[crash->flushed] != FLUSH) {
            apply(crash, crash->flushed, crash->base);
            apply(crash, crash->flushed, crash->copy->data);
        }
    }
    crash->cut = cut;
    return cut - crash->flushed;
}

void crash_make(const struct crash *crash, bool (*chosen)(size_t i))
{
    disk_log_clear(crash->copy);
    for (size_t i = 0; i < crash->cut - crash->flushed; i++) {
        if (chosen(i)) {
            apply(crash, crash->flushed + i, crash->copy->data);
        }
    }
}

static void restore(const struct crash *crash, uint32_t sector)
{
    size_t offset = (size_t)sector * SECTOR;

    if (sector != FLUSH) {
        memcpy(crash->copy->data + offset, crash->base + offset, SECTOR);
    }
}

void crash_undo(const struct crash *crash)
{
    for (size_t i = crash->flushed; i < crash->cut; i++) {
        restore(crash, crash->disk->log[i]);
    }
    for (size_t i = 0; i < crash->copy->log_count; i++) {
        restore(crash, crash->copy->log[i]);
    }
    disk_log_clear(crash->copy);
}
