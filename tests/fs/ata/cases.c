// The ATA driver against drives that are honest, slow, silent or mad. Each scenario is a process of
// its own, since the driver starts once.
//
//     cases NAME SEED [RUNS]      runs a case; one that uses random numbers RUNS times
#include "kernel/cpu/clock.h"
#include "kernel/dev/ata.h"
#include "kernel/layout.h"
#include "lib/errno.h"
#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            model_fail("line %d: not true: %s", __LINE__, #condition);                             \
        }                                                                                          \
    } while (0)

// The longest that one call may take: four tries of ten seconds, each with two waits for the drive
// of a second, one to take its first sector, and a reset of up to ten; or a flush before it.
#define CALL_LIMIT_NS (95 * CLOCK_NS_PER_SECOND)
#define MEMORY 0x100000 // physical, where requests have their data

// ---- Requests ----

static unsigned issued; // commands that the driver needs for what it was asked for

struct job {
    struct block_request request;
    struct block_device *device;
    char *expected; // what a write is to leave, or the disk held at the start of a read
};

static struct drive_model *drive_of(const struct block_device *device)
{
    return &model.drives[((struct ata_drive *)device->driver)->number];
}

static char *sector_of(const struct job *job, unsigned index)
{
    return drive_of(job->device)->data +
           (job->request.sector + index) % DISK_SECTORS * BLOCK_SECTOR_SIZE;
}

// Makes a request of random size, place and layout, its pages from `memory` on.
static void make_job(struct job *job, struct block_device *device, phys_t memory, bool write)
{
    *job = (struct job){.device = device};
    struct block_request *request = &job->request;
    unsigned count = 0;
    request->write = write;
    request->segment_count = 1 + (unsigned)model_random(BLOCK_SEGMENTS_MAX);
    for (unsigned i = 0; i < request->segment_count; i++) {
        unsigned size = 1 + (unsigned)model_random(8), offset = (unsigned)model_random(9 - size);
        request->segments[i] = (struct block_segment){
            .data = (char *)phys_to_virt(memory + i * PAGE_SIZE) + offset * BLOCK_SECTOR_SIZE,
            .sector_count = size,
        };
        count += size;
        model_fill(request->segments[i].data, size);
    }
    request->sector = model_random(device->sector_count - count + 1);
    if (device->sector_count > 1 << 28 && model_random(2)) { // across the 28-bit border
        request->sector = (1 << 28) - model_random(count + 1);
    }
}

// Whether the disk holds what is in the request's memory.
static bool same(const struct job *job)
{
    unsigned index = 0;
    for (unsigned i = 0; i < job->request.segment_count; i++) {
        for (unsigned j = 0; j < job->request.segments[i].sector_count; j++) {
            if (memcmp((char *)job->request.segments[i].data + j * BLOCK_SECTOR_SIZE,
                       sector_of(job, index++), BLOCK_SECTOR_SIZE) != 0) {
                return false;
            }
        }
    }
    return true;
}

static int finish_job(struct job *job)
{
    uint64_t since = model.now_ns;
    int result = block_finish(job->device, &job->request);
    EXPECT(result == 0 || result == -EIO);
    EXPECT(model.now_ns - since < CALL_LIMIT_NS);
    return result;
}

// One or two requests, on any drives, the second started before the first is finished, perhaps with
// a flush in between. Returns how many failed; those that did not moved the right data.
static unsigned run_jobs(unsigned disks)
{
    struct job jobs[2];
    unsigned count = 1 + (unsigned)model_random(2), failed = 0;
    for (unsigned i = 0; i < count; i++) {
        make_job(&jobs[i], block_device((unsigned)model_random(disks)), MEMORY + i * 0x100000,
                 model_random(2));
        uint64_t since = model.now_ns;
        block_start(jobs[i].device, &jobs[i].request);
        EXPECT(model.now_ns - since < 2 * CALL_LIMIT_NS);
    }
    issued += count;
    if (model_random(4) == 0) {
        issued++;
        failed += block_flush(block_device((unsigned)model_random(disks))) != 0;
    }
    // In the order in which they were done, which is that of their start.
    for (unsigned i = 0; i < count; i++) {
        int result = finish_job(&jobs[i]);
        failed += result != 0;
        jobs[i].expected = result == 0 ? "" : NULL;
    }
    bool overlap = count == 2 && jobs[0].device == jobs[1].device && jobs[1].request.write;
    for (unsigned i = 0; i < count; i++) {
        EXPECT(!jobs[i].expected || (i == 0 && overlap) || same(&jobs[i]));
    }
    return failed;
}

static unsigned count_disks(void)
{
    unsigned count = 0;
    while (block_device(count)) {
        count++;
    }
    return count;
}

// ---- Cases ----

static void honest(uint64_t run)
{
    model.pci = run % 5 != 0;
    model.native = run % 5 >= 3;
    model.bus_master = run % 5 % 2 == 1;
    if (run / 5 % 2) {
        model_add_drive(0, ((uint64_t)1 << 28) + 10000);
    }
    if (run / 10 % 2) {
        model_add_drive(1, DISK_SECTORS);
    }
    ata_init();
    unsigned disks = 1 + (run / 10 % 2), before = model.commands;
    EXPECT(count_disks() == disks && model.said == disks);
    uint64_t since = model.now_ns;
    for (unsigned i = 0; i < 50; i++) {
        EXPECT(run_jobs(disks) == 0);
    }
    EXPECT(model.said == disks);
    EXPECT(model.commands - before == issued); // nothing was tried twice
    EXPECT(model.now_ns - since < 60 * CLOCK_NS_PER_SECOND);
}

// Everything goes wrong now and then, for a while.
static void hostile(uint64_t run)
{
    model.pci = model_random(4) != 0;
    model.native = model_random(2);
    model.bus_master = model_random(4) != 0;
    model_add_drive(1, ((uint64_t)1 << 28) + 10000);
    bool early = run % 4 == 0;
    for (unsigned twice = 0; twice < 2; twice++) {
        if (twice == early) {
            ata_init();
        } else {
            for (enum fault fault = 0; fault < FAULTS; fault++) {
                unsigned rarely = fault >= FAULT_GONE ? 300 : 40;
                model.faults[fault] = model_random(3) ? 0 : 1 + (unsigned)model_random(rarely);
            }
            // A storm takes a while to be believed.
            model.faults[FAULT_STORM] = model_random(10) ? 0 : model.faults[FAULT_STORM];
        }
    }
    unsigned disks = count_disks();
    if (!early) {
        EXPECT(disks == 2);
    }
    for (unsigned i = 0; i < 30 && disks > 0; i++) {
        run_jobs(disks);
    }
    // From now on all is well, if the drives still are there.
    unsigned gone = model.faults[FAULT_GONE] + model.faults[FAULT_DEAD];
    memset(model.faults, 0, sizeof(model.faults));
    for (unsigned i = 0; i < 10 && disks > 0; i++) {
        unsigned failed = run_jobs(disks);
        EXPECT(failed == 0 || gone || i == 0);
    }
}

// Whatever the drive says of itself.
static void identity(uint64_t run)
{
    uint16_t *words = model.drives[0].identity;
    for (unsigned i = 0; i < 256; i++) {
        words[i] = model_random(2) ? (uint16_t)model_random(65536) : words[i];
    }
    if (run % 2) {
        words[49] |= 0x0200;
        words[106] = 0;
    }
    ata_init();
    for (unsigned i = 0; i < count_disks(); i++) {
        struct block_device *device = block_device(i);
        EXPECT(device->sector_count > 0 && device->sector_count <= (uint64_t)1 << 48);
        EXPECT(words[83] >> 14 == 1 && words[83] & 0x400 ? true : device->sector_count <= 1 << 28);
    }
}

static void dma_broken(uint64_t run)
{
    (void)run;
    ata_init();
    EXPECT(count_disks() == 1);
    model.faults[FAULT_DMA] = 1;
    unsigned before = model.said, commands = model.commands;
    EXPECT(run_jobs(1) == 0);
    EXPECT(model.said == before + 1); // that it is not used any more
    EXPECT(model.commands - commands >= 4);
    uint64_t since = model.now_ns;
    for (unsigned i = 0; i < 20; i++) {
        EXPECT(run_jobs(1) == 0);
    }
    EXPECT(model.now_ns - since < 30 * CLOCK_NS_PER_SECOND && model.said == before + 1);
}

static void storm(uint64_t run)
{
    model.native = run % 2;
    model.bus_master = run % 4 < 2;
    model.faults[FAULT_STORM] = 1;
    ata_init();
    EXPECT(count_disks() == 1);
    unsigned before = model.handled;
    for (unsigned i = 0; i < 5; i++) {
        EXPECT(run_jobs(1) == 0);
    }
    EXPECT(model.handled - before < 5 * 3 * 110000);
}

static void flush(uint64_t run)
{
    model_add_drive(1, DISK_SECTORS);
    model.drives[run % 2].identity[83] = run % 4 < 2 ? 0x4000 : 0; // says it has no cache
    ata_init();
    EXPECT(block_flush(block_device(0)) == 0 && block_flush(block_device(1)) == 0);
    EXPECT(model.drives[run % 2].flushes == 0 && model.drives[!(run % 2)].flushes == 1);
    model.faults[FAULT_ERROR] = 1;
    EXPECT(block_flush(block_device(!(run % 2))) == -EIO);
    EXPECT(model.drives[!(run % 2)].flushes ==
           2); // asked once: it may have thrown away what failed
    EXPECT(block_flush(block_device(run % 2)) == 0);
    model.faults[FAULT_ERROR] = 0;
    EXPECT(block_flush(block_device(!(run % 2))) == 0);
}

static void gone(uint64_t run)
{
    ata_init();
    EXPECT(run_jobs(1) == 0);
    model.faults[run % 2 ? FAULT_GONE : FAULT_DEAD] = 1;
    for (unsigned i = 0; i < 3; i++) {
        EXPECT(run_jobs(1) > 0);
    }
    uint64_t since = model.now_ns;
    for (unsigned i = 0; i < 100; i++) {
        EXPECT(run_jobs(1) > 0);
    }
    EXPECT(model.now_ns - since < CLOCK_NS_PER_SECOND); // one that is given up costs no time
}

static void errors(uint64_t run)
{
    static const enum fault faults[] = {FAULT_ERROR, FAULT_FAULT, FAULT_NO_DATA, FAULT_MORE_DATA,
                                        FAULT_SHORT_DMA, FAULT_DMA_ERROR, FAULT_BUSY};
    enum fault fault = faults[run % 7];
    bool of_dma = fault == FAULT_SHORT_DMA || fault == FAULT_DMA_ERROR;
    model.bus_master = fault != FAULT_NO_DATA && (of_dma || run / 7 % 2);
    ata_init();
    EXPECT(count_disks() == 1);
    model.faults[fault] = 1; // every time
    struct job job;
    for (unsigned i = 0; i < 3; i++) {
        make_job(&job, block_device(0), MEMORY, model_random(2));
        block_start(job.device, &job.request);
        int result = finish_job(&job);
        // PIO gets by without the bus master, and its random place of the error may be nowhere.
        EXPECT(result == -EIO || of_dma || fault == FAULT_ERROR || fault == FAULT_FAULT);
        EXPECT(result == -EIO || same(&job));
    }
    model.faults[fault] = 0;
    EXPECT(run_jobs(1) == 0);
    // What the drive itself reports is no reason to move its data more slowly from now on, even if
    // the last try goes well.
    model.faults[fault] = 1;
    model.fault_commands = 3;
    make_job(&job, block_device(0), MEMORY, false);
    block_start(job.device, &job.request);
    EXPECT(finish_job(&job) == 0 && same(&job));
    if (fault == FAULT_ERROR) {
        EXPECT(((struct ata_drive *)job.device->driver)->dma == model.bus_master);
    }
}

static void packet(uint64_t run)
{
    model_add_drive(1, DISK_SECTORS);
    if (run % 2) {
        model.drives[0].packet = true;
    } else {
        model.drives[0].present = false;
    }
    ata_init();
    EXPECT(count_disks() == 1 && model.said == 1);
    EXPECT(drive_of(block_device(0)) == &model.drives[1]);
    EXPECT(run_jobs(1) == 0);
}

static void no_line(uint64_t run)
{
    static const unsigned lines[] = {0, 1, 2, 4, 8, 13, 16, 255};
    model.native = true;
    model.line = lines[run % 8];
    ata_init();
    EXPECT(count_disks() == 1 && run_jobs(1) == 0);
    EXPECT(model.handled == 0);
}

static void one_channel(uint64_t run)
{
    (void)run;
    model.one_channel = true;
    ata_init();
    EXPECT(count_disks() == 1 && run_jobs(1) == 0);
    EXPECT(!((struct ata_drive *)block_device(0)->driver)->dma);
}

static void slow(uint64_t run)
{
    model.pci = run % 2;
    ata_init();
    EXPECT(count_disks() == 1);
    model.slow_ns = CLOCK_NS_PER_SECOND;
    struct job job;
    do {
        make_job(&job, block_device(0), MEMORY, model_random(2));
    } while (job.request.segment_count < 20);
    uint64_t since = model.now_ns;
    block_start(job.device, &job.request);
    EXPECT(finish_job(&job) == (model.pci ? 0 : -EIO));
    EXPECT(model.now_ns - since < 60 * CLOCK_NS_PER_SECOND);
}

static const struct {
    const char *name;
    void (*run)(uint64_t run);
} cases[] = {
    {"honest", honest}, {"hostile", hostile}, {"identity", identity}, {"dma_broken", dma_broken},
    {"storm", storm}, {"flush", flush}, {"gone", gone}, {"errors", errors}, {"packet", packet},
    {"no_line", no_line}, {"one_channel", one_channel}, {"slow", slow},
};

int main(int argc, char **argv)
{
    unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
    unsigned long runs = argc > 3 ? strtoul(argv[3], NULL, 0) : 1;
    for (size_t i = 0; argc > 1 && i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (strcmp(cases[i].name, argv[1]) != 0) {
            continue;
        }
        for (unsigned long run = 0; run < runs; run++) {
            pid_t child = fork();
            if (child == 0) {
                alarm(60); // a hang of the driver's
                model_init(seed + run);
                model.chatty = runs == 1;
                cases[i].run(seed + run - 1);
                fflush(stdout);
                _exit(0);
            }
            int status;
            if (waitpid(child, &status, 0) != child || status != 0) {
                printf("%s failed (%#x) with seed %lu\n", argv[1], status, seed + run);
                return 1;
            }
        }
        printf("%lu runs\n", runs);
        return 0;
    }
    fprintf(stderr, "usage: cases NAME SEED [RUNS]\n");
    return 2;
}
