#include "kernel/sys/info.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/dev/power.h"
#include "kernel/dev/random.h"
#include "kernel/layout.h"
#include "kernel/mm/pmm.h"
#include "kernel/mm/user_copy.h"
#include "kernel/proc/process.h"
#include "lib/abi/reboot.h"
#include "lib/abi/sysinfo.h"
#include "lib/abi/utsname.h"
#include "lib/errno.h"

#define GRND_ALL 7 // flags of getrandom: they make no difference here
#define RANDOM_PIECE 64
#define SYSLOG_LAST 10 // the highest request

// Programs look at the release to know what calls they may make: it is the Linux whose numbers and
// structures these are.
int64_t sys_uname(struct trap_frame *frame)
{
    static const struct utsname name = {
        .sysname = "Rung",
        .nodename = "rung",
        .release = "6.1.0-rung",
        .version = CHAPTER,
        .machine = "x86_64",
        .domainname = "(none)",
    };
    return copy_to_user(frame->rdi, &name, sizeof(name));
}

int64_t sys_sysinfo(struct trap_frame *frame)
{
    struct sysinfo info = {
        .uptime = (long)(clock_now_ns() / CLOCK_NS_PER_SECOND),
        .totalram = pmm_total_pages(),
        .freeram = pmm_free_pages(),
        .bufferram = pmm_used_pages(PAGE_CACHE),
        .mem_unit = PAGE_SIZE,
    };
    bool interrupts = cpu_save_interrupts();
    for (struct process *process = NULL; (process = process_after(process));) {
        info.procs++;
    }
    cpu_restore_interrupts(interrupts);
    return copy_to_user(frame->rdi, &info, sizeof(info));
}

int64_t sys_getrandom(struct trap_frame *frame)
{
    uint64_t to = frame->rdi, left = frame->rsi;
    uint8_t bytes[RANDOM_PIECE];
    if (frame->rdx & ~(uint64_t)GRND_ALL) {
        return -EINVAL;
    }
    left = left < INT32_MAX ? left : INT32_MAX;
    uint64_t size = left;
    while (left > 0 && !signal_due()) {
        size_t piece = left < sizeof(bytes) ? left : sizeof(bytes);
        random_bytes(bytes, piece);
        if (copy_to_user(to, bytes, piece)) {
            return left < size ? (int64_t)(size - left) : -EFAULT;
        }
        to += piece;
        left -= piece;
    }
    return left < size || size == 0 ? (int64_t)(size - left) : -EINTR;
}

int64_t sys_reboot(struct trap_frame *frame)
{
    if ((uint32_t)frame->rdi != REBOOT_MAGIC1 || (uint32_t)frame->rsi != REBOOT_MAGIC2) {
        return -EINVAL;
    }
    switch ((uint32_t)frame->rdx) {
    case RB_AUTOBOOT:
        power_reboot();
    case RB_HALT_SYSTEM:
    case RB_POWER_OFF:
        power_off();
    default:
        return -EINVAL;
    }
}

// There is no log but what the console showed: it is empty.
int64_t sys_syslog(struct trap_frame *frame)
{
    return frame->rdi <= SYSLOG_LAST ? 0 : -EINVAL;
}

int64_t sys_getcpu(struct trap_frame *frame)
{
    static const unsigned zero;
    if ((frame->rdi && copy_to_user(frame->rdi, &zero, sizeof(zero))) ||
        (frame->rsi && copy_to_user(frame->rsi, &zero, sizeof(zero)))) {
        return -EFAULT;
    }
    return 0;
}
