// The PCI bus: finding devices, and their configuration space by mechanism 1 (PCI Local Bus
// Specification 3.0, chapter 6; for bridges PCI-to-PCI Bridge Architecture Specification 1.2, 3.2).
#ifndef RUNG_KERNEL_DEV_PCI_H
#define RUNG_KERNEL_DEV_PCI_H

#include "lib/types.h"

// Offsets in the configuration space.
#define PCI_ID 0x00 // vendor in the low half, device in the high one
#define PCI_COMMAND 0x04
#define PCI_CLASS 0x08 // class, subclass, programming interface, revision, from the top byte down
#define PCI_HEADER 0x0c // its type is in bits 16 to 23
#define PCI_BUSES 0x18 // of a bridge: primary, secondary (behind it), from the lowest byte up
#define PCI_INTERRUPT_LINE 0x3c // in the low byte

// Bits of the command register.
#define PCI_COMMAND_IO 0x0001
#define PCI_COMMAND_MASTER 0x0004 // the device may use the bus by itself: DMA
#define PCI_COMMAND_NO_INTERRUPT 0x0400

// A function of a device.
struct pci_device {
    uint8_t bus, slot, function;
    uint32_t id; // as at PCI_ID
    uint32_t class; // class, subclass and programming interface: 24 bits
};

// Finds the device number `index` (from 0) whose class and subclass are these (0x0101: IDE), on any
// bus, in order. Returns whether there is one: never where there is no PCI bus. Any context.
bool pci_find(uint16_t class, unsigned index, struct pci_device *device);

// Reads or writes 32 bits of the configuration space; offset is a multiple of 4 below 256. Any
// context.
uint32_t pci_read(const struct pci_device *device, unsigned offset);
void pci_write(const struct pci_device *device, unsigned offset, uint32_t value);

// The first port of base address register 0 to 5, or 0 if it does not hold one. Any context.
uint16_t pci_ports(const struct pci_device *device, unsigned index);

// Sets bits of the command register, and lets the device interrupt. Any context.
void pci_enable(const struct pci_device *device, uint16_t bits);

#endif
