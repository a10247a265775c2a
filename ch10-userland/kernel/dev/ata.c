// Three parts: giving commands and waiting for their end; block requests, with what is done when
// they fail; finding channels and drives.
#include "kernel/dev/ata.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/io.h"
#include "kernel/cpu/irq.h"
#include "kernel/dev/console.h"
#include "kernel/dev/pci.h"
#include "lib/errno.h"
#include "lib/printf.h"

#define CHANNELS_MAX (BLOCK_DEVICES_MAX / 2)

// Commands: read and write, by PIO and by DMA, with 28 and with 48 bits of address.
#define READ_PIO 0x20
#define READ_PIO_EXT 0x24
#define READ_DMA 0xc8
#define READ_DMA_EXT 0x25
#define WRITE_PIO 0x30
#define WRITE_PIO_EXT 0x34
#define WRITE_DMA 0xca
#define WRITE_DMA_EXT 0x35
#define FLUSH_CACHE 0xe7
#define FLUSH_CACHE_EXT 0xea
#define IDENTIFY 0xec

#define CONTROL_NO_INTERRUPT 0x02
#define CONTROL_RESET 0x04
#define DEVICE_ALWAYS 0xa0 // bits that once were always set
#define DEVICE_ADDRESS 0x40 // sectors have numbers, not cylinders and heads
#define DEVICE_SECOND 0x10
#define ERROR_CRC 0x80 // between controller and drive
#define ADDRESSES_28 ((uint64_t)1 << 28)
#define ADDRESSES_48 ((uint64_t)1 << 48)

#define POLLS_MAX 50 // one microsecond each
#define PAUSE_MIN_NS (16 * CLOCK_NS_PER_MS)
#define SELECT_TIMEOUT_MS 1000
#define RESET_TIMEOUT_MS 10000
#define TRANSFER_TIMEOUT_S 10 // the motor may have to start
#define FLUSH_TIMEOUT_S 60
#define TRIES 4 // of a read or write
#define INTERRUPTS_MAX 100000 // for one command of 256 sectors

// PCI IDE controllers: bits of the programming interface.
#define CLASS_IDE 0x0101
#define INTERFACE_NATIVE(number) (1u << 2 * (number)) // ports and interrupt as PCI has it
#define INTERFACE_BUS_MASTER 0x80
#define BUS_MASTER_SIZE 8

// Lines that are not wired to something else in every PC. A controller that has none of them is
// looked at now and then.
#define LINES_USABLE 0xdea8

static struct ata_channel channels[CHANNELS_MAX];
static unsigned channel_count;
static struct ata_drive drives[BLOCK_DEVICES_MAX];
static unsigned drive_count;

// ---- Commands ----

void ata_settle(struct ata_channel *channel)
{
    for (unsigned i = 0; i < 5; i++) {
        in8(channel->control); // takes 100 ns, or more
    }
}

bool ata_poll(struct ata_channel *channel, uint8_t mask, unsigned timeout_ms)
{
    uint64_t deadline = clock_now_ns() + timeout_ms * CLOCK_NS_PER_MS;
    for (unsigned i = 0; in8(channel->control) & mask; i++) {
        if (clock_now_ns() >= deadline) {
            return false;
        }
        if (i < POLLS_MAX) {
            clock_delay_us(1);
        } else {
            clock_sleep_ms(1);
        }
    }
    return true;
}

static bool is_done(struct ata_channel *channel)
{
    return channel->command.dma ? ata_dma_done(channel) : !(in8(channel->control) & ATA_BUSY);
}

bool ata_wait(struct ata_channel *channel)
{
    // Looks now and then, less and less often, for the end that no interrupt told of.
    uint64_t now = clock_now_ns(), end = channel->deadline_ns;
    for (uint64_t pause = PAUSE_MIN_NS; now < end; now = clock_now_ns(), pause *= 2) {
        if (wait_until_deadline(&channel->queue, is_done(channel),
                                pause < end - now ? now + pause : end)) {
            return true;
        }
    }
    return is_done(channel);
}

// One handler for all lines, since channels may share one: whoever waits sees for himself whether
// it is his drive that is done. A drive that does not stop interrupting is cut off from the line.
static void interrupt(void)
{
    for (struct ata_channel *channel = channels; channel < channels + channel_count; channel++) {
        if (++channel->interrupts == INTERRUPTS_MAX) {
            out8(channel->control, CONTROL_NO_INTERRUPT);
        }
        if (!channel->command.dma || ata_dma_interrupted(channel)) {
            in8(channel->ports + ATA_STATUS);
            wait_wake_all(&channel->queue);
        }
    }
}

static void let_interrupt(struct ata_channel *channel)
{
    channel->interrupts = 0;
    out8(channel->control, 0);
}

static void reset(struct ata_channel *channel)
{
    out8(channel->control, CONTROL_RESET | CONTROL_NO_INTERRUPT);
    clock_delay_us(10);
    let_interrupt(channel);
    clock_sleep_ms(3);
    if (!ata_poll(channel, ATA_BUSY, RESET_TIMEOUT_MS)) {
        channel->broken = true;
        kprintf("ata: no answer at port %#x any more\n", channel->ports);
    }
}

static bool is_ready(struct ata_channel *channel)
{
    return !channel->broken && ata_poll(channel, ATA_BUSY | ATA_DATA_REQUEST, SELECT_TIMEOUT_MS);
}

static void write_address(const struct ata_channel *channel, uint64_t sector, unsigned count)
{
    out8(channel->ports + ATA_COUNT, (uint8_t)count);
    for (unsigned i = 0; i < 3; i++) {
        out8((uint16_t)(channel->ports + ATA_ADDRESS + i), (uint8_t)(sector >> 8 * i));
    }
}

// Gives a command to a drive. Returns 0, or -EIO when the drive does not take it.
static int give(const struct ata_drive *drive, const struct ata_command *new)
{
    struct ata_channel *channel = drive->channel;
    struct ata_command *command = &channel->command;
    *command = *new;
    channel->deadline_ns = clock_now_ns() + command->timeout_s * CLOCK_NS_PER_SECOND;
    let_interrupt(channel);
    if (!is_ready(channel)) {
        return -EIO;
    }
    uint8_t high = command->extended ? 0 : (uint8_t)(command->sector >> 24);
    out8(channel->ports + ATA_DEVICE,
         DEVICE_ALWAYS | DEVICE_ADDRESS | (drive->number ? DEVICE_SECOND : 0) | high);
    ata_settle(channel);
    if (!is_ready(channel)) {
        return -EIO;
    }
    if (command->dma) {
        ata_dma_prepare(channel);
    }
    if (command->extended) {
        write_address(channel, command->sector >> 24, command->sector_count >> 8);
    }
    write_address(channel, command->sector, command->sector_count);
    out8(channel->ports + ATA_COMMAND, command->opcode);
    ata_settle(channel);
    if (command->dma) {
        ata_dma_go(channel);
    }
    return 0;
}

// Sees a command that was given (or not: started) to its end. Returns 0 or -EIO; after an error the
// channel is fit for the next command, or broken.
static int finish_command(struct ata_channel *channel, int started)
{
    struct ata_command *command = &channel->command;
    int result = started;
    if (result == 0 && !command->dma && command->segment_count > 0) {
        result = ata_pio_transfer(channel);
    } else if (result == 0) {
        result = ata_wait(channel) ? 0 : -EIO;
    }
    if (command->dma && ata_dma_stop(channel) < 0) {
        result = -EIO;
    }
    command->dma = false; // the bus master has nothing to say any more
    command->status = in8(channel->ports + ATA_STATUS);
    command->error = in8(channel->ports + ATA_ERROR);
    if (command->status & (ATA_BUSY | ATA_FAULT | ATA_DATA_REQUEST | ATA_FAILED)) {
        result = -EIO;
    }
    if (command->status & (ATA_BUSY | ATA_DATA_REQUEST) && !channel->broken) {
        reset(channel);
    }
    return result;
}

static int run(const struct ata_drive *drive, const struct ata_command *command)
{
    return finish_command(drive->channel, give(drive, command));
}

// ---- Requests ----

static int give_request(const struct ata_drive *drive, const struct block_request *request,
                        bool dma)
{
    static const uint8_t opcodes[2][2][2] = { // write, dma, extended
        {{READ_PIO, READ_PIO_EXT}, {READ_DMA, READ_DMA_EXT}},
        {{WRITE_PIO, WRITE_PIO_EXT}, {WRITE_DMA, WRITE_DMA_EXT}},
    };
    bool extended = drive->extended && request->disk_sector + request->sector_count >= ADDRESSES_28;
    return give(drive, &(struct ata_command){
                           .opcode = opcodes[request->write][dma][extended],
                           .write = request->write,
                           .dma = dma,
                           .extended = extended,
                           .sector = request->disk_sector,
                           .sector_count = request->sector_count,
                           .segments = request->segments,
                           .segment_count = request->segment_count,
                           .timeout_s = TRANSFER_TIMEOUT_S,
                       });
}

static void report(const struct ata_drive *drive, const char *what)
{
    const struct ata_command *command = &drive->channel->command;
    kprintf("%s: %s, command %02xh, sector %lu, count %u: status %02xh, error %02xh\n", drive->name,
            what, command->opcode, command->sector, command->sector_count, command->status,
            command->error);
}

// Whether the last command failed on the drive's own ground, however well its data was moved.
static bool is_drive_error(const struct ata_command *command)
{
    return (command->status & (ATA_BUSY | ATA_FAILED)) == ATA_FAILED &&
           !(command->error & ERROR_CRC);
}

// Sees the channel's request under way, if there is one, to its end. An error may pass, so it is
// tried again, the last time by PIO: where that goes well it is DMA that does not work.
static void complete(struct ata_channel *channel)
{
    struct block_request *request = channel->request;
    struct ata_drive *drive = channel->drive;
    if (!request) {
        return;
    }
    request->result = finish_command(channel, channel->started);
    for (unsigned try = 2; request->result < 0 && try <= TRIES; try++) {
        bool dma = drive->dma && (try < TRIES || is_drive_error(&channel->command));
        request->result = finish_command(channel, give_request(drive, request, dma));
        if (request->result == 0 && drive->dma && !dma) {
            drive->dma = false;
            report(drive, "DMA does not work, PIO does");
        }
    }
    if (request->result < 0) {
        report(drive, "failed");
    }
    request->finished = true;
    channel->request = NULL;
}

static void start(void *driver, struct block_request *request)
{
    struct ata_drive *drive = driver;
    struct ata_channel *channel = drive->channel;
    mutex_lock(&channel->mutex);
    complete(channel);
    channel->drive = drive;
    channel->request = request;
    channel->started = give_request(drive, request, drive->dma);
    if (!drive->dma) {
        complete(channel); // nobody else moves the data
    }
    mutex_unlock(&channel->mutex);
}

static int finish(void *driver, struct block_request *request)
{
    struct ata_channel *channel = ((struct ata_drive *)driver)->channel;
    mutex_lock(&channel->mutex);
    if (!request->finished) { // by whoever came with another one
        complete(channel);
    }
    mutex_unlock(&channel->mutex);
    return request->result;
}

// Not tried again when it fails: a drive may have thrown away what it could not write, and then
// report success.
static int flush(void *driver)
{
    struct ata_drive *drive = driver;
    struct ata_channel *channel = drive->channel;
    int result = 0;
    mutex_lock(&channel->mutex);
    complete(channel);
    if (drive->flush) {
        result =
            run(drive, &(struct ata_command){.opcode = drive->flush, .timeout_s = FLUSH_TIMEOUT_S});
    }
    if (result < 0) {
        report(drive, "failed");
    }
    mutex_unlock(&channel->mutex);
    return result;
}

static const struct block_operations operations = {start, finish, flush};

// ---- Finding ----

// Words of what a drive tells about itself (ATA/ATAPI-7 vol. 1, 6.17), and their bits.
enum {
    WORD_MODEL = 27, // to 46, two characters each, the first in the high byte
    WORD_CAPABILITIES = 49,
    WORD_SECTORS_28 = 60, // and 61
    WORD_COMMANDS = 83,
    WORD_SECTORS_48 = 100, // to 103
    WORD_SECTOR_SIZE = 106,
    WORDS = 256,
};
#define MODEL_CHARACTERS 40
#define CAPABILITY_DMA 0x0100
#define CAPABILITY_ADDRESS 0x0200
#define COMMANDS_48 0x0400
#define COMMANDS_FLUSH 0x1000
#define COMMANDS_FLUSH_EXT 0x2000
#define SECTOR_SIZE_OTHER 0x1000

// Words 83 and 106 say in their upper two bits that they mean anything.
static uint16_t valid_word(const uint16_t *words, unsigned index)
{
    return words[index] >> 14 == 1 ? words[index] : 0;
}

static void copy_model(char *text, const uint16_t *words)
{
    unsigned length = 0;
    for (unsigned i = 0; i < MODEL_CHARACTERS; i++) {
        char character = (char)(words[WORD_MODEL + i / 2] >> (i % 2 ? 0 : 8));
        text[i] = character >= ' ' && character <= '~' ? character : '?';
        length = text[i] != ' ' ? i + 1 : length;
    }
    text[length] = '\0';
}

static uint64_t count_sectors(const uint16_t *words, bool extended)
{
    uint64_t count = words[WORD_SECTORS_28] | (uint64_t)words[WORD_SECTORS_28 + 1] << 16;
    uint64_t limit = ADDRESSES_28;
    if (extended) {
        uint64_t count_48 = 0;
        for (unsigned i = 4; i-- > 0;) {
            count_48 = count_48 << 16 | words[WORD_SECTORS_48 + i];
        }
        count = count_48 > 0 ? count_48 : count;
        limit = ADDRESSES_48;
    }
    return count < limit ? count : limit;
}

// Takes a drive that has answered to IDENTIFY into use, or says why it cannot.
static void add_drive(struct ata_drive *drive, const uint16_t *words)
{
    char model[MODEL_CHARACTERS + 1];
    uint16_t commands = valid_word(words, WORD_COMMANDS);
    drive->extended = commands & COMMANDS_48;
    drive->dma = drive->channel->bus_master && words[WORD_CAPABILITIES] & CAPABILITY_DMA;
    drive->flush = commands & COMMANDS_FLUSH_EXT && drive->extended ? FLUSH_CACHE_EXT
                   : commands & COMMANDS_FLUSH                      ? FLUSH_CACHE
                                                                    : 0;
    snprintf(drive->name, sizeof(drive->name), "ata%u", drive_count);
    copy_model(model, words);
    uint64_t sector_count = count_sectors(words, drive->extended);
    if (!(words[WORD_CAPABILITIES] & CAPABILITY_ADDRESS) || sector_count == 0 ||
        valid_word(words, WORD_SECTOR_SIZE) & SECTOR_SIZE_OTHER) {
        kprintf("ata: %s: not used, its sectors have no numbers or not 512 bytes\n", model);
        return;
    }
    kprintf("%s: %s, %lu MiB, %s\n", drive->name, model, sector_count >> 11,
            drive->dma ? "DMA" : "PIO");
    struct block_device disk = {
        .operations = &operations,
        .driver = drive,
        .sector_count = sector_count,
    };
    snprintf(disk.name, sizeof(disk.name), "%s", drive->name);
    block_register(&disk);
    drive_count++;
}

static void probe(struct ata_channel *channel, uint8_t number)
{
    struct ata_drive *drive = &drives[drive_count];
    uint16_t words[WORDS];
    struct block_segment segment = {.data = words, .sector_count = 1};
    *drive = (struct ata_drive){.channel = channel, .number = number};
    // Where there is no drive, and of drives that are not disks, this fails.
    if (run(drive, &(struct ata_command){.opcode = IDENTIFY,
                                         .sector_count = 1,
                                         .segments = &segment,
                                         .segment_count = 1,
                                         .timeout_s = TRANSFER_TIMEOUT_S}) == 0) {
        add_drive(drive, words);
    }
}

// Adds a channel, if there is something at its ports that is not known yet, and looks for drives.
static void add_channel(uint16_t ports, uint16_t control, uint16_t bus_master, unsigned irq)
{
    static uint32_t lines_free = LINES_USABLE; // without our handler
    for (unsigned i = 0; i < channel_count; i++) {
        if (channels[i].ports == ports) {
            return;
        }
    }
    // Lines that nobody drives read as ones, but for BSY, which is pulled down.
    if (channel_count == CHANNELS_MAX || (in8(control) | ATA_BUSY) == 0xff) {
        return;
    }
    struct ata_channel *channel = &channels[channel_count++];
    channel->ports = ports;
    channel->control = control;
    channel->bus_master = bus_master;
    channel->mutex.name = "ata";
    if (bus_master && !ata_dma_init(channel)) {
        channel->bus_master = 0;
    }
    if (irq < 16 && lines_free & 1u << irq) {
        lines_free &= ~(1u << irq);
        irq_register(irq, interrupt);
    }
    reset(channel);
    for (uint8_t number = 0; number < 2 && !channel->broken; number++) {
        probe(channel, number);
    }
}

// The ports and lines of a PC's first two channels, also of PCI controllers that are told to be
// compatible.
static const struct {
    uint16_t ports, control;
    uint8_t irq;
} compatible[] = {{0x1f0, 0x3f6, 14}, {0x170, 0x376, 15}};

static void add_controller(const struct pci_device *device)
{
    uint32_t interface = device->class & 0xff;
    pci_enable(device, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
    uint16_t bus_master = interface & INTERFACE_BUS_MASTER ? pci_ports(device, 4) : 0;
    for (unsigned i = 0; i < ARRAY_LENGTH(compatible); i++) {
        uint16_t own = bus_master ? (uint16_t)(bus_master + i * BUS_MASTER_SIZE) : 0;
        if (!(interface & INTERFACE_NATIVE(i))) {
            add_channel(compatible[i].ports, compatible[i].control, own, compatible[i].irq);
        } else if (pci_ports(device, 2 * i) && pci_ports(device, 2 * i + 1)) {
            // The control block has four ports; the one that is used is its third.
            add_channel(pci_ports(device, 2 * i), pci_ports(device, 2 * i + 1) + 2, own,
                        pci_read(device, PCI_INTERRUPT_LINE) & 0xff);
        }
    }
}

void ata_init(void)
{
    struct pci_device device;
    for (unsigned i = 0; pci_find(CLASS_IDE, i, &device); i++) {
        add_controller(&device);
    }
    for (unsigned i = 0; i < ARRAY_LENGTH(compatible); i++) {
        add_channel(compatible[i].ports, compatible[i].control, 0, compatible[i].irq);
    }
}
