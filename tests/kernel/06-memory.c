// The allocators while interrupt handlers use them too. COM2, which is the tests' own, interrupts
// some thousand times a second, out of step with everything: it sends itself a byte, which waits in
// its FIFO until the time-out for a FIFO that does not fill (16550 data sheet).
#include "kernel/cpu/io.h"
#include "kernel/cpu/irq.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "tests/kernel/test.h"

#define IRQ_COM2 3
#define COM2 0x2f8
#define DATA (COM2 + 0)
#define INTERRUPT_ENABLE (COM2 + 1)
#define DATA_RECEIVED 0x01
#define FIFO_CONTROL (COM2 + 2)
#define FIFO_OFTEN 0x07  // cleared, one byte is enough for an interrupt: as the runner has it
#define FIFO_SELDOM 0xc7 // cleared, 14 bytes are
#define MODEM_CONTROL (COM2 + 4)
#define DTR_RTS 0x03
#define OUT2 0x08 // lets the interrupt line through
#define LOOPBACK 0x10
#define LINE_STATUS (COM2 + 5)
#define TRANSMITTER_EMPTY 0x40

#define INTERRUPTS 2000 // of the test
#define SIZE 40         // of all blocks, so that all meet in one slab cache

static volatile unsigned interrupts;
static volatile bool running;
static uint64_t *held[16]; // by the handler, from one interrupt to another
static phys_t held_pages[ARRAY_LENGTH(held)];

// Exchanges a block and a page for others. `value` says whose they are.
static void exchange(uint64_t **block, phys_t *page, unsigned order, uint64_t value)
{
    if (*block != NULL) {
        CHECK_EQUAL(**block, value);
        kfree(*block);
    }
    if (*page != 0) {
        CHECK_EQUAL(*(uint64_t *)phys_to_virt(*page), value);
        pmm_free(*page);
    }
    *block = kmalloc(SIZE);
    *page = pmm_alloc(order, PAGE_OTHER);
    if (*block != NULL) {
        **block = value;
    }
    if (*page != 0) {
        *(uint64_t *)phys_to_virt(*page) = value;
    }
}

static void give_back(uint64_t **block, phys_t *page)
{
    CHECK(*block != NULL && *page != 0);
    kfree(*block);
    if (*page != 0) {
        pmm_free(*page);
    }
    *block = NULL;
    *page = 0;
}

static void on_interrupt(void)
{
    unsigned slot = interrupts % ARRAY_LENGTH(held);

    in8(DATA); // acknowledges
    if (!running) {
        return; // it was on its way when the interrupts were stopped
    }
    exchange(&held[slot], &held_pages[slot], interrupts % 3, slot);
    interrupts++;
    out8(DATA, 0); // and starts the next one
}

static void start_interrupts(void)
{
    irq_register(IRQ_COM2, on_interrupt);
    running = true;
    while (!(in8(LINE_STATUS) & TRANSMITTER_EMPTY)) {
    }
    out8(MODEM_CONTROL, DTR_RTS | OUT2 | LOOPBACK);
    out8(FIFO_CONTROL, FIFO_SELDOM);
    out8(INTERRUPT_ENABLE, DATA_RECEIVED);
    out8(DATA, 0);
}

static void stop_interrupts(void)
{
    running = false;
    out8(INTERRUPT_ENABLE, 0);
    out8(FIFO_CONTROL, FIFO_OFTEN);
    out8(MODEM_CONTROL, DTR_RTS);
}

TEST(memory_in_interrupts, "interrupt handlers may allocate and free while the kernel does")
{
    static uint64_t *blocks[100];
    static phys_t pages[ARRAY_LENGTH(blocks)];
    size_t blocks_before = kmalloc_blocks(), pages_before = pmm_used_pages(PAGE_OTHER);

    for (unsigned slot = 0; slot < ARRAY_LENGTH(blocks); slot++) {
        exchange(&blocks[slot], &pages[slot], 0, ~slot);
    }
    start_interrupts();
    for (unsigned i = 0; interrupts < INTERRUPTS; i++) {
        unsigned slot = i * 37 % ARRAY_LENGTH(blocks);
        exchange(&blocks[slot], &pages[slot], i % 3, ~slot);
    }
    stop_interrupts();
    for (unsigned slot = 0; slot < ARRAY_LENGTH(blocks); slot++) {
        give_back(&blocks[slot], &pages[slot]);
    }
    for (unsigned slot = 0; slot < ARRAY_LENGTH(held); slot++) {
        give_back(&held[slot], &held_pages[slot]);
    }
    CHECK_EQUAL(kmalloc_blocks(), blocks_before);
    CHECK_EQUAL(pmm_used_pages(PAGE_OTHER), pages_before);
    pmm_check();
}
