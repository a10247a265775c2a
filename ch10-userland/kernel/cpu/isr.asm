; Where the processor arrives at an exception or interrupt: 256 stubs, one way in, one way out.
;
; Entry (Intel SDM vol. 3A, 6.14): interrupts off, RSP aligned to 16 and then SS, RSP, RFLAGS, CS,
;       RIP and for some vectors an error code pushed. All other registers are the interrupted
;       code's.
; Exit: every register as it was, or as a handler has changed it in the struct trap_frame.
;
; The stack while trap_dispatch runs, highest address first:
;
;       ss rsp rflags cs rip            by the processor
;       error_code                      by the processor, or 0
;       vector                          by the stub
;       rax rbx rcx rdx rsi rdi rbp r8 ... r15
;       rip  rbp                        once more, in the shape of a call's frame: RBP points here,
;                                       so a walk along the frame pointers goes from the handler
;                                       on to the interrupted function
;
; The frame has 22 quadwords, with the pair 24: RSP is aligned to 16 again, as C wants it. GS is
; left alone: it belongs to user programs.

%include "kernel/cpu/cpu.inc"
%include "kernel/cpu/idt.inc"

bits 64

extern trap_dispatch                    ; void trap_dispatch(struct trap_frame *frame)
global isr_stubs
global isr_return

; Vectors that come with an error code: #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP, #VC, #SX.
%define PUSHES_ERROR(vector) ((vector) == 8 || (vector) >= 10 && (vector) <= 14 || \
        (vector) == 17 || (vector) == 21 || (vector) == 29 || (vector) == 30)

section .text

align ISR_STUB_SIZE
isr_stubs:                              ; idt.c computes the others' addresses
%assign vector 0
%rep 256
        align ISR_STUB_SIZE
    %if !PUSHES_ERROR(vector)
        push qword 0                    ; so that all frames have one shape
    %endif
        push qword vector
        jmp near isr_common
    %assign vector vector + 1
%endrep

isr_common:
        push rax
        push rbx
        push rcx
        push rdx
        push rsi
        push rdi
        push rbp
        push r8
        push r9
        push r10
        push r11
        push r12
        push r13
        push r14
        push r15
        cld                             ; C wants string instructions to go up
        push qword RFLAGS_FIXED
        popfq                           ; AC, which opens programs' pages to us, is the program's
        mov rdi, rsp                    ; the struct trap_frame
        push qword [rdi + 17 * 8]       ; trap_frame.rip
        push rbp
        mov rbp, rsp
        call trap_dispatch
isr_return:                             ; backtrace.c knows this return address
        add rsp, 2 * 8
        pop r15
        pop r14
        pop r13
        pop r12
        pop r11
        pop r10
        pop r9
        pop r8
        pop rbp
        pop rdi
        pop rsi
        pop rdx
        pop rcx
        pop rbx
        pop rax
        add rsp, 2 * 8                  ; vector and error code
        iretq
