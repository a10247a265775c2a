// The PCI bus of the machine that runs this.
#include "kernel/dev/pci.h"
#include "lib/assert.h"
#include "tests/kernel/test.h"

#define CLASS_HOST_BRIDGE 0x0600
#define CLASS_IDE 0x0101
#define CLASS_VGA 0x0300
#define INTEL 0x8086

// For the host's side, which knows what the machine has.
TEST(pci_list, "each device is found by its class, once, in order")
{
    static const uint16_t classes[] = {0x00ff, 0x0100, 0x0101, 0x0106, 0x0200, 0x0300, 0x0600,
                                       0x0601, 0x0604, 0x0680, 0x0c03, 0x0c05};
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++) {
        struct pci_device device;
        uint32_t last = 0;
        for (unsigned j = 0; pci_find(classes[i], j, &device); j++) {
            uint32_t place = (uint32_t)device.bus << 8 | device.slot << 3 | device.function;
            CHECK(j == 0 || place > last);
            CHECK_EQUAL(device.class >> 8, classes[i]);
            CHECK_EQUAL(pci_read(&device, PCI_ID), device.id);
            test_note("pci %u:%u.%u %08x %04x", device.bus, device.slot, device.function, device.id,
                      classes[i]);
            last = place;
        }
    }
}

TEST(pci_none, "there is no device behind the last, nor one of an unknown class")
{
    struct pci_device device;
    CHECK(pci_find(CLASS_HOST_BRIDGE, 0, &device));
    CHECK(!pci_find(CLASS_HOST_BRIDGE, 1, &device));
    CHECK(!pci_find(CLASS_HOST_BRIDGE, UINT32_MAX, &device));
    CHECK(!pci_find(0xffff, 0, &device)); // what an empty slot reads as
}

TEST(pci_ide, "the IDE controller has bus master ports, and may use them")
{
    struct pci_device device;
    REQUIRE(pci_find(CLASS_IDE, 0, &device));
    CHECK_EQUAL(device.id & 0xffff, INTEL);
    CHECK(pci_ports(&device, 4) != 0);
    CHECK_EQUAL(pci_ports(&device, 4) % 16, 0);
    CHECK_EQUAL(pci_ports(&device, 0), 0); // compatible mode
    uint32_t both = PCI_COMMAND_IO | PCI_COMMAND_MASTER;
    CHECK_EQUAL(pci_read(&device, PCI_COMMAND) & both, both);
}

TEST(pci_memory_base, "a base address that is memory gives no ports")
{
    struct pci_device device;
    REQUIRE(pci_find(CLASS_VGA, 0, &device));
    CHECK(pci_read(&device, 0x10) != 0);
    CHECK_EQUAL(pci_ports(&device, 0), 0);
}

TEST(pci_write, "what is written to the configuration space stays there, and nothing else changes")
{
    struct pci_device device;
    REQUIRE(pci_find(CLASS_IDE, 0, &device));
    uint32_t before[16];
    for (unsigned i = 0; i < 16; i++) {
        before[i] = pci_read(&device, 4 * i);
    }
    pci_write(&device, PCI_INTERRUPT_LINE, before[15] ^ 0xff);
    for (unsigned i = 0; i < 16; i++) {
        CHECK_EQUAL(pci_read(&device, 4 * i), i == 15 ? before[i] ^ 0xff : before[i]);
    }
    pci_write(&device, PCI_INTERRUPT_LINE, before[15]);
}

TEST(pci_enable, "enabling sets bits, lets the device interrupt, and leaves the others")
{
    struct pci_device device;
    REQUIRE(pci_find(CLASS_IDE, 0, &device));
    uint32_t before = pci_read(&device, PCI_COMMAND) & 0xffff;
    pci_write(&device, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_NO_INTERRUPT);
    pci_enable(&device, PCI_COMMAND_MASTER);
    CHECK_EQUAL(pci_read(&device, PCI_COMMAND) & 0xffff, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
    pci_write(&device, PCI_COMMAND, before);
}

TEST_PANIC(pci_unaligned, "an offset that is not a multiple of 4 is caught",
           "panic: assertion failed: .*offset % 4")
{
    struct pci_device device = {0};
    pci_read(&device, 2);
}
