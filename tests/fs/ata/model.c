#include "model.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/io.h"
#include "kernel/cpu/irq.h"
#include "kernel/dev/console.h"
#include "kernel/layout.h"
#include "kernel/mm/pmm.h"
#include "kernel/panic.h"
#include "kernel/sync/mutex.h"
#include "kernel/sync/spinlock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR BLOCK_SECTOR_SIZE
#define BSY 0x80
#define READY 0x50
#define DF 0x20
#define DRQ 0x08
#define ERR 0x01
#define NEVER UINT64_MAX
#define NATIVE_PORTS 0xd000
#define NATIVE_CONTROL 0xd010
#define BUS_MASTER 0xc000
#define TAKEN_LINES 0x2117 // timer, keyboard, second controller, serial port, clock, coprocessor
#define MEMORY_SIZE (16 << 20)

struct model model;
char *host_memory;

static void (*handlers[16])(void);
static bool interrupts_on, in_handler;

// The channel.
static struct {
    uint8_t count[2], address[3][2], device, control;
    uint8_t status, error;
    bool line; // INTRQ
    bool storm, gone, dead;
    enum fault fault; // of the command under way, FAULTS: none
    uint8_t opcode;
    uint64_t done_ns; // when BSY goes
    uint64_t sector;
    unsigned left; // sectors of the command
    unsigned word; // of the sector that is being moved
    bool write, dma, moved; // moved: by DMA, the drive not yet at its end
    bool resting; // BSY without a command
    char buffer[SECTOR];
} chan;

static struct {
    uint8_t command, status;
    uint32_t table;
} master;

void model_fail(const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    printf("FAIL at %lu ns: ", model.now_ns);
    vprintf(text, arguments);
    printf("\n");
    va_end(arguments);
    fflush(stdout);
    abort();
}

uint64_t model_random(uint64_t limit)
{
    model.random ^= model.random >> 12;
    model.random ^= model.random << 25;
    model.random ^= model.random >> 27;
    return model.random * 0x2545f4914f6cdd1d % limit;
}

static bool strikes(enum fault fault)
{
    return model.faults[fault] && model_random(model.faults[fault]) == 0;
}

void model_fill(char *data, unsigned sector_count)
{
    for (size_t i = 0; i < sector_count * SECTOR; i += sizeof(uint64_t)) {
        uint64_t word = model_random(UINT64_MAX);
        memcpy(data + i, &word, sizeof(word));
    }
}

void model_init(uint64_t seed)
{
    model = (struct model){
        .random = seed * 0x9e3779b97f4a7c15 + 1, .pci = true, .line = 11, .bus_master = true};
    memset(&chan, 0, sizeof(chan));
    memset(&master, 0, sizeof(master));
    interrupts_on = true;
    chan.status = READY;
    chan.done_ns = NEVER;
    host_memory = host_memory ? host_memory : aligned_alloc(PAGE_SIZE, MEMORY_SIZE);
    model_add_drive(0, DISK_SECTORS);
}

void model_add_drive(unsigned number, uint64_t sector_count)
{
    struct drive_model *drive = &model.drives[number];
    *drive = (struct drive_model){.present = true, .data = malloc(DISK_SECTORS * SECTOR)};
    model_fill(drive->data, DISK_SECTORS);
    memset(drive->identity + 27, 'M' << 8 | 'M', 40);
    drive->identity[49] = 0x0300; // LBA, DMA
    uint64_t low = sector_count < 0xfffffff ? sector_count : 0xfffffff;
    memcpy(drive->identity + 60, &low, 4);
    drive->identity[83] = 0x7400; // LBA48, FLUSH, FLUSH EXT
    memcpy(drive->identity + 100, &sector_count, 8);
    drive->identity[106] = 0x4000;
}

// ---- The drive ----

static struct drive_model *selected(void)
{
    return &model.drives[chan.device >> 4 & 1];
}

static char *sector_data(uint64_t sector)
{
    return selected()->data + sector % DISK_SECTORS * SECTOR;
}

static void raise_line(void)
{
    if (chan.fault != FAULT_LOST_INTERRUPT) {
        chan.line = true;
    }
}

static void end_command(uint8_t status)
{
    chan.status = READY | status;
    chan.error = status & ERR ? 0x40 : 0;
    chan.done_ns = NEVER;
    if (chan.fault == FAULT_MORE_DATA) {
        chan.status |= DRQ;
        chan.word = 0;
        chan.left = 1000;
    }
    raise_line();
}

// The bus master moves what the table says; the drive has `bytes` for it, or wants them.
static bool move_dma(size_t bytes)
{
    if (!(master.command & 8) != chan.write) {
        model_fail("the bus master moves in the wrong direction");
    }
    size_t moved = 0;
    for (uint32_t entry = master.table;; entry += 8) {
        uint32_t address, size_flags;
        if (entry < 0x1000 || entry >= MEMORY_SIZE) {
            model_fail("the table is at %#x", entry);
        }
        memcpy(&address, host_memory + entry, 4);
        memcpy(&size_flags, host_memory + entry + 4, 4);
        size_t size = size_flags & 0xffff ? size_flags & 0xffff : 0x10000;
        if (address % 2 || address / 0x10000 != (address + size - 1) / 0x10000 ||
            address + size > MEMORY_SIZE) {
            model_fail("a region of %zu bytes at %#x", size, address);
        }
        for (size_t i = 0; i < size && moved < bytes; i++, moved++) {
            char *byte = sector_data(chan.sector + moved / SECTOR) + moved % SECTOR;
            if (chan.write) {
                *byte = host_memory[address + i];
            } else {
                host_memory[address + i] = *byte;
            }
        }
        if (size_flags & 0x80000000) {
            if (size == 0 || moved < bytes) {
                model_fail("the table ends after %zu of %zu bytes", moved, bytes);
            }
            return moved == bytes;
        }
    }
}

// BSY goes: the drive is ready for a sector, or at its end.
static void proceed(void)
{
    chan.done_ns = NEVER;
    if (chan.resting) {
        chan.resting = false;
        chan.status = selected()->present ? READY : 0;
        return;
    }
    if (chan.dma) {
        if (!(master.command & 1) && !chan.moved) {
            chan.done_ns = model.now_ns + 1000; // waits for the bus master
            return;
        }
        size_t bytes = chan.moved ? 0 : (size_t)chan.left * SECTOR;
        if (chan.fault == FAULT_SHORT_DMA || chan.fault == FAULT_ERROR) {
            bytes = model_random(chan.left) * SECTOR;
        }
        if (bytes == (size_t)chan.left * SECTOR) {
            move_dma(bytes);
            master.status &= ~1;
            chan.moved = true;
            if (model_random(2)) {
                chan.done_ns = model.now_ns + model_random(3000000);
                return;
            }
        }
        if (chan.fault == FAULT_DMA_ERROR) {
            master.status |= 2;
        }
        end_command(chan.fault == FAULT_ERROR ? ERR : chan.fault == FAULT_FAULT ? DF : 0);
        if (chan.line) {
            master.status |= 4;
        }
        return;
    }
    if (chan.left == 0) {
        end_command(0);
        return;
    }
    if (chan.fault == FAULT_NO_DATA) {
        end_command(0);
        return;
    }
    if ((chan.fault == FAULT_ERROR || chan.fault == FAULT_FAULT) && model_random(4) == 0) {
        end_command(chan.fault == FAULT_ERROR ? ERR : DF);
        return;
    }
    if (!chan.write && chan.opcode != 0xec) {
        memcpy(chan.buffer, sector_data(chan.sector), SECTOR);
    }
    bool quiet = chan.write && chan.status == (BSY | 1); // before the first sector
    chan.status = READY | DRQ;
    chan.word = 0;
    if (!quiet) {
        raise_line();
    }
}

static void work(bool first)
{
    chan.status = BSY | (first ? 1 : 0); // whose other bits mean nothing
    chan.done_ns = model.now_ns + model.slow_ns + model_random(3) * model_random(3000000);
    if (chan.fault == FAULT_BUSY || (chan.fault == FAULT_DMA && chan.dma)) {
        chan.done_ns = NEVER;
    }
}

static void begin_command(uint8_t opcode)
{
    struct drive_model *drive = selected();
    if (!drive->present) {
        return;
    }
    model.commands++;
    chan.opcode = opcode;
    chan.line = chan.moved = false;
    chan.fault = FAULTS;
    for (enum fault fault = FAULT_LOST_INTERRUPT; fault < FAULT_GONE; fault++) {
        if (fault != FAULT_STRAY_INTERRUPT && fault != FAULT_SLOW_SELECT && strikes(fault)) {
            chan.fault = fault;
        }
    }
    if (model.fault_commands && --model.fault_commands == 0) {
        memset(model.faults, 0, sizeof(model.faults));
    }
    chan.gone |= strikes(FAULT_GONE);
    chan.dead |= strikes(FAULT_DEAD);
    chan.storm |= strikes(FAULT_STORM);
    bool extended = opcode == 0x24 || opcode == 0x25 || opcode == 0x34 || opcode == 0x35;
    chan.write = opcode == 0x30 || opcode == 0x34 || opcode == 0xca || opcode == 0x35;
    chan.dma = opcode == 0xc8 || opcode == 0x25 || opcode == 0xca || opcode == 0x35;
    chan.left = chan.count[0];
    chan.sector = chan.address[0][0] | chan.address[1][0] << 8 | chan.address[2][0] << 16;
    if (extended) {
        chan.left |= (unsigned)chan.count[1] << 8;
        for (unsigned i = 0; i < 3; i++) {
            chan.sector |= (uint64_t)chan.address[i][1] << (24 + 8 * i);
        }
        chan.left = chan.left ? chan.left : 65536;
    } else {
        chan.sector |= (uint64_t)(chan.device & 15) << 24;
        chan.left = chan.left ? chan.left : 256;
    }
    work(true);
    uint64_t sectors;
    memcpy(&sectors, drive->identity + 100, 8);
    if (drive->packet) {
        chan.left = 0;
        chan.fault = FAULT_ERROR;
        end_command(ERR);
    } else if (opcode == 0xec) {
        memcpy(chan.buffer, drive->identity, SECTOR);
        chan.left = 1;
    } else if (opcode == 0xe7 || opcode == 0xea) {
        chan.left = 0;
        drive->flushes++;
        if (chan.fault == FAULT_ERROR) {
            end_command(ERR);
        }
    } else if (!chan.dma && opcode != 0x20 && opcode != 0x24 && !chan.write) {
        model_fail("command %02xh", opcode);
    } else if (!(chan.device & 0x40) || chan.sector + chan.left > sectors ||
               (!extended && chan.sector + chan.left > 0xfffffff)) {
        model_fail("command %02xh: %u sectors at %lu of %lu", opcode, chan.left, chan.sector,
                   sectors);
    }
}

static void reset_channel(void)
{
    chan.line = chan.dma = chan.storm = false;
    chan.left = 0;
    chan.fault = FAULTS;
    chan.device &= ~0x10;
    chan.resting = true;
    chan.status = BSY;
    chan.done_ns = chan.dead ? NEVER : model.now_ns + model_random(20000000);
}

// ---- The machine ----

static void advance(uint64_t ns);

static void deliver(void)
{
    unsigned line = model.pci && model.native ? model.line % 16 : 14;
    bool stray = strikes(FAULT_STRAY_INTERRUPT);
    unsigned times = 0;
    while (interrupts_on && !in_handler && handlers[line] &&
           (((chan.line || chan.storm) && !(chan.control & 2) && !chan.gone) || stray)) {
        in_handler = true;
        model.handled++;
        handlers[line]();
        in_handler = stray = false;
        if (++times > 1000000) {
            model_fail("the interrupt line is never let go");
        }
        advance(1000);
    }
}

// Time goes on, and what was to happen in it happens.
static void advance(uint64_t ns)
{
    uint64_t until = model.now_ns + ns;
    while (chan.done_ns <= until) {
        model.now_ns = chan.done_ns > model.now_ns ? chan.done_ns : model.now_ns;
        proceed();
    }
    model.now_ns = until;
}

static uint8_t read_status(void)
{
    if (chan.dead) {
        return BSY;
    }
    return chan.gone ? 0xff : selected()->present ? chan.status : 0;
}

// The channel's register that a port is, 8 for the control block's, -1 for none.
static int register_of(uint16_t port)
{
    uint16_t ports = model.pci && model.native ? NATIVE_PORTS : 0x1f0;
    uint16_t control = model.pci && model.native ? NATIVE_CONTROL + 2 : 0x3f6;
    return port == control ? 8 : port >= ports && port < ports + 8 ? port - ports : -1;
}

static uint8_t port_in(uint16_t port)
{
    bool there = model.pci && model.bus_master;
    if (there && port == BUS_MASTER + 2) {
        return master.status | (model.one_channel ? 0x80 : 0);
    }
    if (there && port == BUS_MASTER) {
        return master.command;
    }
    switch (register_of(port)) {
    case 1:
        return chan.gone ? 0xff : chan.error;
    case 7:
        chan.line = false;
        return read_status();
    case 8:
        return read_status();
    case -1:
        return 0xff;
    default:
        model_fail("port %#x is read", port);
    }
}

static void port_out(uint16_t port, uint8_t value)
{
    if (model.pci && model.bus_master && port == BUS_MASTER) {
        master.command = value;
        master.status = value & 1 ? master.status | 1 : master.status & ~1;
        return;
    }
    if (model.pci && model.bus_master && port == BUS_MASTER + 2) {
        master.status &= ~(value & 6);
        return;
    }
    int reg = register_of(port);
    if (reg == 8) {
        if (chan.control & 4 && !(value & 4)) {
            reset_channel();
        }
        chan.control = value;
        return;
    }
    if (reg < 1) {
        model_fail("port %#x is written", port);
    }
    if (read_status() & (BSY | DRQ)) {
        model_fail("register %d is written while the status is %02xh", reg, read_status());
    }
    if (reg == 2) {
        chan.count[1] = chan.count[0];
        chan.count[0] = value;
    } else if (reg >= 3 && reg <= 5) {
        chan.address[reg - 3][1] = chan.address[reg - 3][0];
        chan.address[reg - 3][0] = value;
    } else if (reg == 6) {
        chan.device = value;
        if (strikes(FAULT_SLOW_SELECT)) {
            chan.resting = true;
            chan.status = BSY;
            chan.done_ns = model.now_ns + model_random(500000000);
        }
    } else if (reg == 7) {
        begin_command(value);
    }
}

static void check_call(uint16_t port)
{
    if (in_handler && port != (model.pci && model.native ? NATIVE_PORTS : 0x1f0) + 7 &&
        register_of(port) != 8 && (port < BUS_MASTER || port > BUS_MASTER + 15)) {
        model_fail("the interrupt handler uses port %#x", port);
    }
    advance(100);
}

uint8_t in8(uint16_t port)
{
    check_call(port);
    uint8_t value = port_in(port);
    deliver();
    return value;
}

void out8(uint16_t port, uint8_t value)
{
    check_call(port);
    port_out(port, value);
    deliver();
}

// A sector, all of it or nothing.
static void move_sector(uint16_t port, char *data, size_t words, bool write)
{
    if (register_of(port) != 0 || words != SECTOR / 2) {
        model_fail("%zu words at port %#x", words, port);
    }
    if (chan.gone) {
        memset(data, 0xff, write ? 0 : SECTOR);
        return;
    }
    if ((read_status() & (BSY | DRQ)) != DRQ || chan.write != write) {
        model_fail("data is %s, the status is %02xh", write ? "written" : "read", read_status());
    }
    if (chan.fault == FAULT_MORE_DATA && chan.left > 256) {
        model_fail("more data is moved than was asked for");
    }
    if (write) {
        memcpy(sector_data(chan.sector), data, SECTOR);
    } else {
        memcpy(data, chan.buffer, SECTOR);
    }
    chan.sector++;
    chan.left--;
    if (chan.left > 0 || write) {
        work(false);
    } else {
        chan.line = false;
        chan.status = READY | (chan.fault == FAULT_MORE_DATA ? DRQ : 0);
        chan.left = chan.fault == FAULT_MORE_DATA ? 1000 : 0;
    }
}

void in16_string(uint16_t port, void *words, size_t count)
{
    advance(count * 50);
    move_sector(port, words, count, false);
    deliver();
}

void out16_string(uint16_t port, const void *words, size_t count)
{
    advance(count * 50);
    move_sector(port, (char *)(uintptr_t)words, count, true);
    deliver();
}

// The bus holds a host bridge and the controller, as function 1 of device 1.
static uint32_t pci_address;

static uint32_t pci_register(void)
{
    unsigned place = pci_address >> 8 & 0xffffff, offset = pci_address & 0xff;
    if (place == 0x800000) {
        return offset == 0 ? 0x12378086 : offset == 8 ? 0x06000000 : 0;
    }
    if (place != 0x800008 && place != 0x800009) {
        return 0xffffffff;
    }
    bool ide = place == 0x800009;
    switch (offset) {
    case 0:
        return ide ? 0x70108086 : 0x70008086;
    case 8:
        return ide ? 0x01010000 | (model.bus_master ? 0x8000 : 0) | (model.native ? 0x500 : 0)
                   : 0x06010000;
    case 12:
        return 0x00800000;
    case 0x10:
        return ide && model.native ? NATIVE_PORTS | 1 : 0;
    case 0x14:
        return ide && model.native ? NATIVE_CONTROL | 1 : 0;
    case 0x20:
        return ide && model.bus_master ? BUS_MASTER | 1 : 0;
    case 0x3c:
        return 0x0100 | model.line;
    default:
        return 0;
    }
}

uint32_t in32(uint16_t port)
{
    if (!model.pci) {
        return 0xffffffff;
    }
    return port == 0xcf8 ? pci_address : port == 0xcfc ? pci_register() : 0xffffffff;
}

void out32(uint16_t port, uint32_t value)
{
    if (port == 0xcf8) {
        pci_address = value;
    } else if (port == BUS_MASTER + 4 && model.pci && model.bus_master) {
        master.table = value;
    } else if (port != 0xcfc) {
        model_fail("port %#x is written", port);
    }
}

// ---- The rest of the kernel ----

bool cpu_save_interrupts(void)
{
    bool were = interrupts_on;
    interrupts_on = false;
    return were;
}

void cpu_restore_interrupts(bool enabled)
{
    interrupts_on = enabled;
}

bool wait_sleep(struct wait_queue *queue, uint64_t deadline_ns)
{
    unsigned generation = queue->generation;
    if (interrupts_on || in_handler) {
        model_fail("sleeps with interrupts on");
    }
    if (model.now_ns >= deadline_ns) {
        return false;
    }
    interrupts_on = true;
    do {
        uint64_t step = deadline_ns - model.now_ns;
        if (chan.done_ns < deadline_ns) {
            step = chan.done_ns > model.now_ns ? chan.done_ns - model.now_ns : 0;
        }
        uint64_t most = model.faults[FAULT_STRAY_INTERRUPT] ? 1000000 : step;
        step = step < most ? step : most;
        if (model_random(8) == 0) {
            advance(model_random(step + 1)); // woken for no reason
            break;
        }
        advance(step);
        deliver();
    } while (queue->generation == generation && model.now_ns < deadline_ns);
    interrupts_on = false;
    return true;
}

void wait_wake_all(struct wait_queue *queue)
{
    queue->generation++;
}

void clock_sleep_ms(uint64_t time_ms)
{
    struct wait_queue queue = WAIT_QUEUE;
    wait_until_deadline(&queue, false, model.now_ns + time_ms * CLOCK_NS_PER_MS);
}

void clock_delay_us(unsigned time_us)
{
    if (time_us > 100) {
        model_fail("spins for %u microseconds", time_us);
    }
    advance(time_us * CLOCK_NS_PER_US);
}

uint64_t clock_now_ns(void)
{
    model.now_ns += 20;
    return model.now_ns;
}

void irq_register(unsigned irq, void (*handler)(void))
{
    if (irq >= 16 || handlers[irq] || TAKEN_LINES & 1u << irq) {
        model_fail("line %u is taken", irq);
    }
    handlers[irq] = handler;
}

void mutex_lock(struct mutex *mutex)
{
    if (mutex->holder || !mutex->name) {
        model_fail("the mutex is taken, or has no name");
    }
    mutex->holder = mutex;
}

void mutex_unlock(struct mutex *mutex)
{
    mutex->holder = NULL;
}

void spinlock_acquire(struct spinlock *lock)
{
    (void)lock;
}

void spinlock_release(struct spinlock *lock)
{
    (void)lock;
}

static phys_t next_page = PAGE_SIZE;

phys_t pmm_alloc_low(unsigned order, enum page_use use)
{
    (void)use;
    phys_t page = next_page;
    next_page += (phys_t)PAGE_SIZE << order;
    return page;
}

void pmm_free(phys_t address)
{
    next_page = address; // the last one
}

int kprintf(const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    char line[200];
    int result = vsnprintf(line, sizeof(line), text, arguments);
    model.said++;
    for (const char *byte = line; *byte; byte++) {
        if ((*byte < ' ' && *byte != '\n') || *byte > '~') {
            model_fail("the byte %02x goes to the console", (unsigned char)*byte);
        }
    }
    if (model.chatty) {
        printf("    %s", line);
    }
    va_end(arguments);
    return result;
}

void panic_at(const char *file, int line, const char *text, ...)
{
    model_fail("panic at %s:%d: %s", file, line, text);
}

void assert_failed(const char *expression, const char *file, int line)
{
    model_fail("assertion at %s:%d: %s", file, line, expression);
}
