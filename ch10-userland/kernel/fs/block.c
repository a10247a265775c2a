#include "kernel/fs/block.h"

#include "kernel/layout.h"
#include "kernel/mm/pmm.h"
#include "kernel/panic.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

#define PAGE_SECTORS (PAGE_SIZE / BLOCK_SECTOR_SIZE)

static struct block_device devices[BLOCK_DEVICES_MAX];
static unsigned device_count;

static void check_segment(const struct block_segment *segment)
{
    size_t offset = (virt_t)segment->data % PAGE_SIZE; // in its page
    ASSERT(segment->sector_count > 0 && segment->sector_count <= PAGE_SECTORS);
    ASSERT(offset % BLOCK_SECTOR_SIZE == 0);
    ASSERT(offset + (size_t)segment->sector_count * BLOCK_SECTOR_SIZE <= PAGE_SIZE);
}

void block_start(struct block_device *device, struct block_request *request)
{
    ASSERT(request->segment_count > 0 && request->segment_count <= BLOCK_SEGMENTS_MAX);
    request->sector_count = 0;
    for (unsigned i = 0; i < request->segment_count; i++) {
        check_segment(&request->segments[i]);
        request->sector_count += request->segments[i].sector_count;
    }
    request->finished = request->sector > device->sector_count ||
                        request->sector_count > device->sector_count - request->sector;
    request->result = -EINVAL;
    if (!request->finished) {
        request->disk_sector = device->first_sector + request->sector;
        device->operations->start(device->driver, request);
    }
}

int block_finish(struct block_device *device, struct block_request *request)
{
    return request->finished ? request->result
                             : device->operations->finish(device->driver, request);
}

static int transfer(struct block_device *device, struct block_request *request)
{
    block_start(device, request);
    return block_finish(device, request);
}

// Copies `sector_count` sectors in pieces through a page that the hardware can reach.
static int copy(struct block_device *device, bool write, uint64_t sector, char *data,
                size_t sector_count)
{
    phys_t page = pmm_alloc_low(0, PAGE_OTHER);
    if (!page) {
        return -ENOMEM;
    }
    char *buffer = phys_to_virt(page);
    int result = 0;
    while (result == 0 && sector_count > 0) {
        uint32_t count = sector_count < PAGE_SECTORS ? (uint32_t)sector_count : PAGE_SECTORS;
        size_t size = (size_t)count * BLOCK_SECTOR_SIZE;
        struct block_request request = {.write = write, .segment_count = 1, .sector = sector};
        request.segments[0] = (struct block_segment){.data = buffer, .sector_count = count};
        if (write) {
            memcpy(buffer, data, size);
        }
        result = transfer(device, &request);
        if (result == 0 && !write) {
            memcpy(data, buffer, size);
        }
        sector += count;
        sector_count -= count;
        data += size;
    }
    pmm_free(page);
    return result;
}

int block_read(struct block_device *device, uint64_t sector, void *data, size_t sector_count)
{
    return copy(device, false, sector, data, sector_count);
}

int block_write(struct block_device *device, uint64_t sector, const void *data, size_t sector_count)
{
    return copy(device, true, sector, (void *)data, sector_count);
}

int block_flush(struct block_device *device)
{
    return device->operations->flush(device->driver);
}

void block_register(const struct block_device *disk)
{
    if (device_count == BLOCK_DEVICES_MAX) {
        panic("block_register: no room for %s, %u disks are there", disk->name, device_count);
    }
    devices[device_count++] = *disk;
}

struct block_device *block_device(unsigned index)
{
    return index < device_count ? &devices[index] : NULL;
}
