#include "kernel/dev/pci.h"

#include "kernel/cpu/io.h"
#include "kernel/sync/spinlock.h"
#include "lib/assert.h"

#define ADDRESS_PORT 0xcf8
#define DATA_PORT 0xcfc
#define ADDRESS_ENABLE 0x80000000

#define BUSES 256
#define SLOTS 32
#define FUNCTIONS 8
#define NO_DEVICE 0xffff // vendor
#define HEADER_MULTI_FUNCTION 0x80
#define HEADER_TYPE 0x7f
#define HEADER_BRIDGE 1 // PCI to PCI
#define BASE_ADDRESS 0x10
#define BASE_ADDRESSES 6
#define BASE_IS_PORT 0x1
#define BASE_PORT 0xfffc // there are no more ports

static struct spinlock lock = SPINLOCK("pci"); // nothing between address and data

static void select(const struct pci_device *device, unsigned offset)
{
    ASSERT(offset < 256 && offset % 4 == 0);
    out32(ADDRESS_PORT, ADDRESS_ENABLE | (uint32_t)device->bus << 16 |
                            (uint32_t)device->slot << 11 | (uint32_t)device->function << 8 |
                            offset);
}

uint32_t pci_read(const struct pci_device *device, unsigned offset)
{
    spinlock_acquire(&lock);
    select(device, offset);
    uint32_t value = in32(DATA_PORT);
    spinlock_release(&lock);
    return value;
}

void pci_write(const struct pci_device *device, unsigned offset, uint32_t value)
{
    spinlock_acquire(&lock);
    select(device, offset);
    out32(DATA_PORT, value);
    spinlock_release(&lock);
}

// Whether there is a bus: its address register keeps what is written.
static bool present(void)
{
    spinlock_acquire(&lock);
    out32(ADDRESS_PORT, ADDRESS_ENABLE);
    bool kept = in32(ADDRESS_PORT) == ADDRESS_ENABLE;
    spinlock_release(&lock);
    return kept;
}

// Fills in what a function is; false where there is none.
static bool look(struct pci_device *device)
{
    device->id = pci_read(device, PCI_ID);
    device->class = pci_read(device, PCI_CLASS) >> 8;
    return (device->id & 0xffff) != NO_DEVICE;
}

bool pci_find(uint16_t class, unsigned index, struct pci_device *device)
{
    // A bus behind a bridge has a higher number than the bridge's own.
    bool buses[BUSES] = {present()};
    for (unsigned bus = 0; bus < BUSES; bus++) {
        for (unsigned slot = 0; buses[bus] && slot < SLOTS; slot++) {
            // A device with one function may answer to all eight numbers.
            unsigned functions = 1;
            for (unsigned function = 0; function < functions; function++) {
                *device = (struct pci_device){(uint8_t)bus, (uint8_t)slot, (uint8_t)function, 0, 0};
                if (!look(device)) {
                    continue;
                }
                uint32_t header = pci_read(device, PCI_HEADER) >> 16;
                if (header & HEADER_MULTI_FUNCTION) {
                    functions = FUNCTIONS;
                }
                if ((header & HEADER_TYPE) == HEADER_BRIDGE) {
                    buses[pci_read(device, PCI_BUSES) >> 8 & 0xff] = true;
                }
                if (device->class >> 8 == class && index-- == 0) {
                    return true;
                }
            }
        }
    }
    return false;
}

uint16_t pci_ports(const struct pci_device *device, unsigned index)
{
    ASSERT(index < BASE_ADDRESSES);
    uint32_t base = pci_read(device, BASE_ADDRESS + 4 * index);
    return base & BASE_IS_PORT ? base & BASE_PORT : 0;
}

void pci_enable(const struct pci_device *device, uint16_t bits)
{
    // The upper half is the status, whose bits are cleared by writing ones.
    uint32_t command = pci_read(device, PCI_COMMAND) & 0xffff;
    pci_write(device, PCI_COMMAND, (command & ~(uint32_t)PCI_COMMAND_NO_INTERRUPT) | bits);
}
