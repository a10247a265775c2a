#include "kernel/proc/signal_frame.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/fpu.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/user_copy.h"
#include "kernel/proc/process.h"
#include "lib/abi/ucontext.h"
#include "lib/errno.h"
#include "lib/string.h"

#define RED_ZONE 128 // below RSP, that a function may use without saying so (System V ABI, 3.2.2)
#define FPU_ALIGNMENT 64

// Linux's struct rt_sigframe.
struct signal_frame {
    uint64_t restorer; // the handler's return address
    struct ucontext context;
    struct signal_info info;
};

_Static_assert(sizeof(struct signal_frame) == 440, "as on Linux");

static bool on_signal_stack(const struct signals *signals, uint64_t rsp)
{
    return rsp > signals->stack && rsp - signals->stack <= signals->stack_size;
}

void signal_stack_get(uint64_t rsp, struct signal_stack *stack)
{
    const struct signals *signals = &process_current()->signals;
    *stack = (struct signal_stack){
        .start = (void *)signals->stack,
        .size = signals->stack_size,
        .flags = signals->stack_size == 0        ? SS_DISABLE
                 : on_signal_stack(signals, rsp) ? SS_ONSTACK
                                                 : 0,
    };
}

int signal_stack_set(uint64_t rsp, const struct signal_stack *stack)
{
    struct signals *signals = &process_current()->signals;
    if (on_signal_stack(signals, rsp)) {
        return -EPERM;
    }
    if (stack->flags & ~(SS_DISABLE | SS_ONSTACK)) {
        return -EINVAL;
    }
    bool disable = stack->flags & SS_DISABLE;
    if (!disable && stack->size < MINSIGSTKSZ) {
        return -ENOMEM;
    }
    signals->stack = disable ? 0 : (uint64_t)stack->start;
    signals->stack_size = disable ? 0 : stack->size;
    return 0;
}

// Where the FPU's state goes, and above all where the frame starts: below it.
static uint64_t fpu_place(const struct trap_frame *frame, const struct signal_action *action)
{
    const struct signals *signals = &process_current()->signals;
    uint64_t top = frame->rsp - RED_ZONE;
    if (action->flags & SA_ONSTACK && signals->stack_size > 0 &&
        !on_signal_stack(signals, frame->rsp)) {
        top = signals->stack + signals->stack_size;
    }
    return (top - sizeof(struct fpu_state)) & ~(FPU_ALIGNMENT - 1ul);
}

void signal_fill_info(struct signal_info *info, int signal,
                      const struct signal_information *information)
{
    *info = (struct signal_info){.signal = signal, .code = information->code};
    if (information->address) {
        info->address = (void *)information->address;
    } else {
        info->pid = information->pid;
        info->value = information->value;
    }
}

static void save_registers(struct signal_context *to, const struct trap_frame *frame)
{
    *to = (struct signal_context){
        .r8 = frame->r8,
        .r9 = frame->r9,
        .r10 = frame->r10,
        .r11 = frame->r11,
        .r12 = frame->r12,
        .r13 = frame->r13,
        .r14 = frame->r14,
        .r15 = frame->r15,
        .rdi = frame->rdi,
        .rsi = frame->rsi,
        .rbp = frame->rbp,
        .rbx = frame->rbx,
        .rdx = frame->rdx,
        .rax = frame->rax,
        .rcx = frame->rcx,
        .rsp = frame->rsp,
        .rip = frame->rip,
        .rflags = frame->rflags,
        .cs = (uint16_t)frame->cs,
        .ss = (uint16_t)frame->ss,
        .vector = frame->vector,
        .error_code = frame->error_code,
    };
}

static void restore_registers(struct trap_frame *frame, const struct signal_context *from)
{
    *frame = (struct trap_frame){
        .r8 = from->r8,
        .r9 = from->r9,
        .r10 = from->r10,
        .r11 = from->r11,
        .r12 = from->r12,
        .r13 = from->r13,
        .r14 = from->r14,
        .r15 = from->r15,
        .rdi = from->rdi,
        .rsi = from->rsi,
        .rbp = from->rbp,
        .rbx = from->rbx,
        .rdx = from->rdx,
        .rax = from->rax,
        .rcx = from->rcx,
        .rsp = from->rsp,
        .rip = from->rip,
        .rflags = from->rflags & ~(uint64_t)RFLAGS_NT, // a handler sets none, as on Linux
        .vector = TRAP_LOAD_ALL, // and trap_make_safe
    };
}

int signal_frame_push(struct trap_frame *frame, int signal, const struct signal_action *action,
                      const struct signal_information *information, signal_set_t old_mask)
{
    struct fpu_state fpu;
    struct signal_frame pushed = {.restorer = action->restorer, .context.mask = old_mask};
    uint64_t fpu_address = fpu_place(frame, action);
    uint64_t address = ((fpu_address - sizeof(pushed)) & ~15ul) - 8; // as if called: ABI, 3.2.2
    const struct signals *signals = &process_current()->signals;
    // A handler that runs on the signal stack already must not leave it at its lower end.
    bool overflow = on_signal_stack(signals, frame->rsp) && !on_signal_stack(signals, address);
    if (!(action->flags & SA_RESTORER) || action->handler >= USER_END || overflow) {
        return -EFAULT; // RIP must be canonical: IRETQ would fault in the kernel
    }
    memset(&fpu, 0, sizeof(fpu)); // FXSAVE leaves what is reserved as it is: our stack's bytes
    fpu_save(&fpu);
    pushed.context.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
    signal_stack_get(frame->rsp, &pushed.context.stack);
    save_registers(&pushed.context.registers, frame);
    pushed.context.registers.fpu = fpu_address;
    signal_fill_info(&pushed.info, signal, information);
    if (copy_to_user(fpu_address, &fpu, sizeof(fpu)) ||
        copy_to_user(address, &pushed, sizeof(pushed))) {
        return -EFAULT;
    }
    frame->rdi = (uint64_t)signal;
    frame->rsi = address + offsetof(struct signal_frame, info);
    frame->rdx = address + offsetof(struct signal_frame, context);
    frame->rax = 0; // a handler without a prototype: no vector registers are arguments
    frame->rsp = address;
    frame->rip = action->handler;
    frame->rflags &= ~(uint64_t)(RFLAGS_DF | RFLAGS_TF | RFLAGS_RF);
    fpu_reset(&fpu);
    fpu_load(&fpu);
    return 0;
}

int signal_frame_restore(struct trap_frame *frame)
{
    struct fpu_state fpu;
    struct ucontext context;
    // The handler's RET has taken the restorer's address away.
    uint64_t address = frame->rsp - sizeof(uint64_t) + offsetof(struct signal_frame, context);
    if (copy_from_user(&context, address, sizeof(context)) || context.registers.rip >= USER_END) {
        return -EFAULT;
    }
    if (!context.registers.fpu) {
        fpu_reset(&fpu);
    } else if (copy_from_user(&fpu, context.registers.fpu, sizeof(fpu))) {
        return -EFAULT;
    }
    fpu_sanitize(&fpu);
    fpu_load(&fpu);
    restore_registers(frame, &context.registers);
    signal_stack_set(frame->rsp, &context.stack); // as Linux: or not
    signal_set_blocked(context.mask);
    return 0;
}
