// A PC on the host: one ATA channel with two drives, a PCI bus with their controller, a clock, and
// interrupts that come between any two port accesses. The drives can be honest or not. What the
// driver must never do ends the program: a register that is written while the drive is busy, data
// moved that was not asked for, memory touched that is not part of the request.
#ifndef RUNG_TESTS_FS_ATA_MODEL_H
#define RUNG_TESTS_FS_ATA_MODEL_H

#include "kernel/fs/block.h"

#define DISK_SECTORS 4096

// What goes wrong with commands, each once in so many; 0: never.
enum fault {
    FAULT_LOST_INTERRUPT, // the line stays low
    FAULT_STRAY_INTERRUPT, // at any port access
    FAULT_ERROR,           // status ERR, at once or after some sectors
    FAULT_FAULT,           // status DF
    FAULT_BUSY,            // BSY until a reset
    FAULT_SLOW_SELECT,     // BSY for a while after a selection
    FAULT_NO_DATA,         // the end without DRQ
    FAULT_MORE_DATA,       // DRQ in the end, until a reset
    FAULT_SHORT_DMA,       // the drive is done before the bus master
    FAULT_DMA_ERROR,       // the bus master says so
    FAULT_DMA,             // nothing ever happens after a command by DMA
    FAULT_GONE,            // all registers read as FFh, for good
    FAULT_DEAD,            // BSY, through resets too
    FAULT_STORM,           // the line stays high whatever is read, until nIEN or a reset: while it
                           // does nothing but the handler runs
    FAULTS,
};

struct drive_model {
    bool present, packet; // packet: answers as CD-ROM drives do
    uint16_t identity[256];
    char *data; // DISK_SECTORS sectors, at multiples of DISK_SECTORS the same ones again
    unsigned flushes; // commands that came
};

struct model {
    bool pci, native, bus_master, one_channel; // what the machine has; one_channel: of two by DMA
    unsigned line; // interrupt line in native mode
    unsigned faults[FAULTS];
    unsigned fault_commands; // not 0: faults end after so many commands
    struct drive_model drives[2];
    uint64_t slow_ns; // how much longer than others the drives take, for each sector by PIO
    uint64_t now_ns;
    uint64_t random;
    unsigned commands, handled; // commands given, interrupts handled
    bool chatty; // print what the driver says
    unsigned said; // lines that it has said
};

extern struct model model;

// A machine with honest drives, one present.
void model_init(uint64_t seed);

// The next random number below limit.
uint64_t model_random(uint64_t limit);

// Fills sectors with random bytes.
void model_fill(char *data, unsigned sector_count);

// Makes a drive present that tells it has so many sectors.
void model_add_drive(unsigned number, uint64_t sector_count);

// Ends the program with a message.
_Noreturn void model_fail(const char *text, ...) __attribute__((format(printf, 1, 2)));

#endif
