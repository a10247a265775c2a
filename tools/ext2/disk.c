#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "host.h"

#include "lib/errno.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAULTS_MAX 16

struct host_disk {
    struct block_device device;
    int file; // -1: data is the disk
    char *data;
    size_t mapped; // bytes of data that are ours
    enum host_disk_mode mode;
    struct block_request *under_way;
    uint64_t counts[3];
    struct host_disk_fault faults[FAULTS_MAX];
    unsigned fault_count;
    uint64_t writes_left;
    bool exit_when_cut;
    FILE *log;
    uint64_t log_entries;
};

// ---- The image ----

static bool transfer(struct host_disk *disk, bool write, uint64_t sector, char *data,
                     uint64_t sector_count)
{
    uint64_t offset = sector * BLOCK_SECTOR_SIZE;
    size_t size = sector_count * BLOCK_SECTOR_SIZE;

    if (disk->file < 0) {
        memcpy(write ? disk->data + offset : data, write ? data : disk->data + offset, size);
        return true;
    }
    while (size > 0) {
        ssize_t done = write ? pwrite(disk->file, data, size, (off_t)offset)
                             : pread(disk->file, data, size, (off_t)offset);
        if (done <= 0) {
            return false;
        }
        data += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    return true;
}

// ---- The log: a superblock, then each entry in a sector of its own and its data behind it ----

#define LOG_MAGIC 0x6a736677736872
#define LOG_FLUSH 1
#define LOG_MARK 8

struct log_superblock {
    uint64_t magic, version, entry_count;
    uint32_t sector_size;
};

struct log_entry {
    uint64_t sector, sector_count, flags, data_length;
};

static void log_superblock(struct host_disk *disk)
{
    char block[BLOCK_SECTOR_SIZE] = {0};
    struct log_superblock super = {LOG_MAGIC, 1, disk->log_entries, BLOCK_SECTOR_SIZE};

    memcpy(block, &super, sizeof(super));
    rewind(disk->log);
    fwrite(block, sizeof(block), 1, disk->log);
    fflush(disk->log);
    fseek(disk->log, 0, 2);
}

static void log_entry(struct host_disk *disk, uint64_t sector, uint64_t sector_count,
                      uint64_t flags, const char *text)
{
    char block[BLOCK_SECTOR_SIZE] = {0};
    size_t length = strnlen(text, sizeof(block) - sizeof(struct log_entry));
    struct log_entry entry = {sector, sector_count, flags, length};

    memcpy(block, &entry, sizeof(entry));
    memcpy(block + sizeof(entry), text, length);
    fwrite(block, sizeof(block), 1, disk->log);
    disk->log_entries++;
}

void host_disk_log(struct host_disk *disk, const char *path)
{
    disk->log = fopen(path, "w+b");
    if (!disk->log) {
        host_fail("%s: can't be written", path);
    }
    disk->log_entries = 0;
    log_superblock(disk);
}

void host_disk_mark(struct host_disk *disk, const char *text)
{
    if (disk->log) {
        log_entry(disk, 0, 0, LOG_MARK, text);
        log_superblock(disk);
    }
}

// ---- Faults ----

void host_disk_fail(struct host_disk *disk, const struct host_disk_fault *fault)
{
    if (disk->fault_count == FAULTS_MAX) {
        host_fail("at most %d faults", FAULTS_MAX);
    }
    disk->faults[disk->fault_count++] = *fault;
}

void host_disk_heal(struct host_disk *disk)
{
    disk->fault_count = 0;
}

// How many of the sectors go well: all, or those before the first bad one.
static uint64_t sectors_good(struct host_disk *disk, enum host_disk_operation operation,
                             uint64_t sector, uint64_t sector_count)
{
    uint64_t good = sector_count;

    disk->counts[operation]++;
    for (unsigned i = 0; i < disk->fault_count; i++) {
        struct host_disk_fault *fault = &disk->faults[i];
        bool touches = operation == HOST_DISK_FLUSHES ||
                       (sector <= fault->last && sector + sector_count > fault->first);
        if (fault->operation != operation || !touches || fault->count == 0) {
            continue;
        }
        if (fault->after > 0) {
            fault->after--;
            continue;
        }
        fault->count--;
        uint64_t before = fault->first > sector ? fault->first - sector : 0;
        good = before < good ? before : good;
    }
    return good;
}

void host_disk_cut(struct host_disk *disk, uint64_t writes, bool exit)
{
    disk->writes_left = writes;
    disk->exit_when_cut = exit;
}

bool host_disk_off(const struct host_disk *disk)
{
    return disk->writes_left == 0;
}

uint64_t host_disk_count(const struct host_disk *disk, enum host_disk_operation operation)
{
    return disk->counts[operation];
}

// ---- The driver ----

static bool powered(struct host_disk *disk)
{
    if (disk->writes_left > 0) {
        disk->writes_left -= disk->writes_left != UINT64_MAX;
        return true;
    }
    if (disk->exit_when_cut) {
        _exit(HOST_POWER_CUT);
    }
    return false;
}

static int disk_read(struct host_disk *disk, struct block_request *request, uint64_t good)
{
    uint64_t sector = request->disk_sector;

    for (unsigned i = 0; i < request->segment_count && good > 0; i++) {
        const struct block_segment *segment = &request->segments[i];
        uint64_t count = segment->sector_count < good ? segment->sector_count : good;
        if (!transfer(disk, false, sector, segment->data, count)) {
            return -EIO;
        }
        sector += count;
        good -= count;
    }
    return 0;
}

static int disk_write(struct host_disk *disk, struct block_request *request, uint64_t good)
{
    uint64_t sector = request->disk_sector;

    if (good == 0 || !powered(disk)) {
        return 0;
    }
    if (disk->log) {
        log_entry(disk, sector, good, 0, "");
    }
    for (unsigned i = 0; i < request->segment_count && good > 0; i++) {
        const struct block_segment *segment = &request->segments[i];
        uint64_t count = segment->sector_count < good ? segment->sector_count : good;
        if (disk->log) {
            fwrite(segment->data, BLOCK_SECTOR_SIZE, count, disk->log);
        }
        if (!transfer(disk, true, sector, segment->data, count)) {
            return -EIO;
        }
        sector += count;
        good -= count;
    }
    return 0;
}

// The work is done as late as a real disk may do it: when it is waited for.
static void complete(struct host_disk *disk)
{
    struct block_request *request = disk->under_way;

    if (!request) {
        return;
    }
    disk->under_way = NULL;

    uint64_t good = sectors_good(disk, request->write ? HOST_DISK_WRITES : HOST_DISK_READS,
                                 request->disk_sector, request->sector_count);
    int result = good < request->sector_count ? -EIO : 0;
    int error = 0;
    if (request->write && disk->mode == HOST_DISK_READ) {
        error = -EIO;
    } else {
        error = request->write ? disk_write(disk, request, good) : disk_read(disk, request, good);
    }
    request->result = error ? error : result;
    request->finished = true;
}

static void disk_start(void *driver, struct block_request *request)
{
    struct host_disk *disk = driver;

    if (request->sector_count == 0 || request->disk_sector > disk->device.sector_count ||
        request->sector_count > disk->device.sector_count - request->disk_sector) {
        fprintf(stderr, "disk: a request that block.c should not have let through\n");
        abort();
    }
    complete(disk);
    request->finished = false;
    disk->under_way = request;
}

static int disk_finish(void *driver, struct block_request *request)
{
    struct host_disk *disk = driver;

    if (disk->under_way == request) {
        complete(disk);
    }
    if (!request->finished) {
        fprintf(stderr, "disk: a request is finished that was not started\n");
        abort();
    }
    return request->result;
}

static int disk_flush(void *driver)
{
    struct host_disk *disk = driver;

    complete(disk);
    if (sectors_good(disk, HOST_DISK_FLUSHES, 0, 1) == 0) {
        return -EIO;
    }
    if (disk->log && !host_disk_off(disk)) {
        log_entry(disk, 0, 0, LOG_FLUSH, "");
        log_superblock(disk);
    }
    return 0;
}

static const struct block_operations disk_operations = {disk_start, disk_finish, disk_flush};

// ---- Opening ----

static struct host_disk *disk_new(uint64_t size)
{
    struct host_disk *disk = calloc(1, sizeof(*disk));

    if (!disk) {
        host_fail("no memory");
    }
    disk->file = -1;
    disk->writes_left = UINT64_MAX;
    disk->mode = HOST_DISK_WRITE;
    disk->device = (struct block_device){.name = "host0",
                                         .operations = &disk_operations,
                                         .driver = disk,
                                         .sector_count = size / BLOCK_SECTOR_SIZE};
    return disk;
}

struct host_disk *host_disk_memory(void *data, size_t size)
{
    struct host_disk *disk = disk_new(size);
    disk->data = data;
    return disk;
}

struct host_disk *host_disk_open(const char *path, enum host_disk_mode mode)
{
    struct stat status;
    int file = open(path, (mode == HOST_DISK_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC);

    if (file < 0 || fstat(file, &status) != 0) {
        perror(path);
        exit(2);
    }
    struct host_disk *disk = disk_new((uint64_t)status.st_size);
    disk->mode = mode;
    disk->file = file;
    if (mode == HOST_DISK_PRIVATE && status.st_size > 0) {
        disk->mapped = (size_t)status.st_size;
        disk->data =
            mmap(NULL, disk->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, 0);
        if (disk->data == MAP_FAILED) {
            perror(path);
            exit(2);
        }
        close(file);
        disk->file = -1;
    }
    return disk;
}

void host_disk_close(struct host_disk *disk)
{
    if (disk->under_way) {
        fprintf(stderr, "disk: a request was never finished\n");
        abort();
    }
    if (disk->log) {
        log_superblock(disk);
        fclose(disk->log);
    }
    if (disk->mapped) {
        munmap(disk->data, disk->mapped);
    }
    if (disk->file >= 0) {
        close(disk->file);
    }
    free(disk);
}

struct block_device *host_disk_device(struct host_disk *disk)
{
    return &disk->device;
}
