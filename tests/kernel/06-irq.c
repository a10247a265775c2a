// Hardware interrupts and waiting for them: kernel/cpu/irq.c, pic.c, kernel/sync/wait.c. The
// real-time clock is the device, on the second controller: nothing else uses it.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/io.h"
#include "kernel/cpu/irq.h"
#include "kernel/sync/spinlock.h"
#include "kernel/sync/wait.h"
#include "tests/kernel/test.h"

#define MASTER_COMMAND 0x20
#define MASTER_MASK 0x21
#define SLAVE_MASK 0xa1
#define OCW3_READ_IN_SERVICE 0x0b
#define CASCADE 2
#define DISK_LINES 0xc0 // 14 and 15, from chapter 7 on

#define IRQ_RTC 8
#define RTC_INDEX 0x70
#define RTC_DATA 0x71
#define RTC_STATUS_B 0x0b
#define RTC_STATUS_C 0x0c
#define RTC_PERIODIC 0x40 // 1024 times a second

static struct wait_queue rtc_queue = WAIT_QUEUE;
static unsigned rtc_interrupts;
static void (*in_handler)(void); // what the handler does beside counting

static uint8_t rtc_read(uint8_t index)
{
    out8(RTC_INDEX, index);
    return in8(RTC_DATA);
}

static void rtc_write(uint8_t index, uint8_t value)
{
    out8(RTC_INDEX, index);
    out8(RTC_DATA, value);
}

static void rtc_interrupt(void)
{
    rtc_interrupts++;
    rtc_read(RTC_STATUS_C); // acknowledges: without it no other comes
    if (in_handler) {
        in_handler();
    }
    wait_wake_all(&rtc_queue);
}

// Lets interrupts come, with `action` done in each, until rtc_stop.
static void rtc_start(void (*action)(void))
{
    static bool registered;
    if (!registered) {
        registered = true;
        irq_register(IRQ_RTC, rtc_interrupt);
    }
    in_handler = action;
    rtc_interrupts = 0;
    rtc_read(RTC_STATUS_C);
    rtc_write(RTC_STATUS_B, rtc_read(RTC_STATUS_B) | RTC_PERIODIC);
}

static void rtc_stop(void)
{
    rtc_write(RTC_STATUS_B, rtc_read(RTC_STATUS_B) & ~RTC_PERIODIC);
}

static void rtc_run(unsigned count, void (*action)(void))
{
    rtc_start(action);
    wait_until(&rtc_queue, rtc_interrupts >= count);
    rtc_stop();
}

TEST(irq_masked, "lines without a handler are masked, the others are not")
{
    CHECK_EQUAL(in8(MASTER_MASK) & ~(1u << CASCADE),
                0xff & ~(1 << IRQ_TIMER | 1 << IRQ_KEYBOARD | 1 << IRQ_SERIAL | 1 << CASCADE));
    CHECK_EQUAL(in8(SLAVE_MASK) | 1 | DISK_LINES, 0xff);
}

static bool seen_in_handler, seen_interrupts;

static void look_around(void)
{
    seen_in_handler = irq_in_handler();
    seen_interrupts = cpu_interrupts_enabled();
}

TEST(irq_second_controller, "interrupts of the second controller arrive, again and again")
{
    rtc_run(10, look_around);
    CHECK(rtc_interrupts >= 10);
    CHECK(seen_in_handler);
    CHECK(!seen_interrupts);
    CHECK(!irq_in_handler());
}

TEST(irq_spurious, "a line 7 or 15 that is not in service counts as spurious, and time goes on")
{
    unsigned before = irq_spurious();
    __asm__ volatile("int $39");
    CHECK_EQUAL(irq_spurious(), before + 1);
    __asm__ volatile("int $47");
    CHECK_EQUAL(irq_spurious(), before + 2);
    clock_sleep_ms(2);
}

static uint8_t in_service_after;

static void spurious_meanwhile(void)
{
    __asm__ volatile("int $39");
    out8(MASTER_COMMAND, OCW3_READ_IN_SERVICE);
    in_service_after = in8(MASTER_COMMAND);
}

TEST(irq_spurious_not_ended, "a spurious interrupt does not end the one that is being served")
{
    rtc_run(1, spurious_meanwhile);
    CHECK_EQUAL(in_service_after, 1 << CASCADE);
}

TEST(wait_interrupt_flag, "waiting leaves the interrupt flag as it was")
{
    rtc_run(3, NULL);
    CHECK(cpu_interrupts_enabled());
    cpu_disable_interrupts();
    rtc_run(3, NULL);
    CHECK(!cpu_interrupts_enabled());
    cpu_enable_interrupts();
}

TEST(wait_already_true, "who waits for what is so already does not sleep")
{
    uint64_t idle = clock_idle_tsc();
    struct wait_queue queue = WAIT_QUEUE; // which nobody wakes
    for (unsigned i = 0; i < 1000; i++) {
        wait_until(&queue, true);
    }
    CHECK_EQUAL(clock_idle_tsc(), idle);
}

static struct wait_queue own_queue = WAIT_QUEUE, other_queue = WAIT_QUEUE;

static void wake_own_at_last(void)
{
    wait_wake_all(rtc_interrupts < 10 ? &other_queue : &own_queue);
}

TEST(wait_own_queue, "a sleep ends with a wake-up of its own queue, and with nothing else")
{
    unsigned looks = 0;
    rtc_start(wake_own_at_last);
    wait_until(&own_queue, (looks++, rtc_interrupts >= 10));
    rtc_stop();
    CHECK_EQUAL(looks, 2);
}

TEST(wait_deadline, "a sleep with a deadline ends when the time is over, though nobody wakes it")
{
    uint64_t start = clock_now_ns(), deadline = start + 5 * CLOCK_NS_PER_MS;
    CHECK(!wait_until_deadline(&other_queue, false, deadline));
    CHECK(clock_now_ns() >= deadline);
    CHECK(cpu_interrupts_enabled());
    // What becomes true by itself is seen in the end.
    deadline = clock_now_ns() + 2 * CLOCK_NS_PER_MS;
    CHECK(wait_until_deadline(&other_queue, clock_now_ns() >= deadline, deadline));
    // Time that is over costs one look, and no sleep.
    uint64_t idle = clock_idle_tsc();
    CHECK(!wait_until_deadline(&other_queue, false, deadline));
    CHECK(wait_until_deadline(&other_queue, true, deadline));
    CHECK_EQUAL(clock_idle_tsc(), idle);
}

TEST(wait_before_deadline, "a sleep with a deadline ends with the wake-up that makes it true")
{
    uint64_t deadline = clock_now_ns() + 60 * CLOCK_NS_PER_SECOND;
    unsigned looks = 0;
    rtc_start(wake_own_at_last);
    bool held = wait_until_deadline(&own_queue, (looks++, rtc_interrupts >= 10), deadline);
    rtc_stop();
    CHECK(held);
    CHECK_EQUAL(looks, 2);
    CHECK(clock_now_ns() < deadline);
}

static void sleep_in_handler(void)
{
    wait_until(&other_queue, false);
}

TEST_PANIC(wait_in_handler, "an interrupt handler that waits is caught",
           "panic: assertion failed: .*irq_in_handler")
{
    rtc_run(1, sleep_in_handler);
}

TEST_PANIC(wait_with_spinlock, "who waits with a spinlock held is caught",
           "panic: (assertion failed: .*spinlock_count|spinlock test: kept over a sleep)")
{
    static struct spinlock lock = SPINLOCK("test");
    spinlock_acquire(&lock);
    clock_sleep_ms(1);
}

TEST_PANIC(irq_twice, "a line's second handler is refused", "panic: assertion failed: .*handlers")
{
    irq_register(IRQ_TIMER, rtc_interrupt);
}
