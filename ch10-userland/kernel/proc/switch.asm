; From one kernel stack to another: the whole of a process switch that C cannot say.
;
; To its caller switch_stack is a function that takes a long time: it returns when somebody else
; switches back. So it saves only what a function has to preserve (System V ABI, 3.2.1); what the
; caller wanted to keep of the other registers, it has kept itself.
;
; A stack that does not run, highest address first, as process.c lays it out for a new one:
;
;       return address                  of switch_stack, or process_start
;       rbp rbx r12 r13 r14 r15
;                                       struct process's rsp points here

bits 64

extern process_begin                    ; _Noreturn void process_begin(void)
global switch_stack
global process_start

section .text

; void switch_stack(virt_t *save, virt_t load). Interrupts off before and after.
switch_stack:
        push rbp
        push rbx
        push r12
        push r13
        push r14
        push r15
        mov [rdi], rsp
        mov rsp, rsi
        pop r15
        pop r14
        pop r13
        pop r12
        pop rbx
        pop rbp
        ret

; Where a new process starts: RBP is 0, which ends its backtraces, and RSP is at the top of the
; stack, aligned to 16 as C wants it before a call.
process_start:
        call process_begin
        ud2                             ; it does not return
