; The SYSCALL instruction's way into the kernel and back.
;
; Entry (Intel SDM vol. 2B, "SYSCALL"): RCX = RIP of the program, R11 = its RFLAGS, CS and SS are
;       the kernel's, RFLAGS without what SFMASK clears (user_mode.c). All other registers are the
;       program's, RSP too: interrupts are off, and nothing is pushed before there is a stack of
;       ours. NMI, #DF and #MC, which could come in between, have stacks of their own; a trap by TF
;       does not come, since the flag is looked at when SFMASK has cleared it (but in Bochs 2.7).
; Exit: all registers as they were, but RAX = the result, RCX and R11 as at entry.
;
; There is one processor, so no SWAPGS is needed to find its stack, and GS is the program's alone.
;
; The frame is at the top of the process's stack, where an interrupt of the program puts its own
; (struct trap_frame; see isr.asm). It is whole, so that others may look at it and change it.

%include "kernel/cpu/cpu.inc"
%include "kernel/cpu/gdt.inc"
%include "kernel/cpu/trap.inc"

bits 64
default rel

extern syscall_dispatch                 ; void syscall_dispatch(struct trap_frame *frame)
extern trap_make_safe                   ; void trap_make_safe(struct trap_frame *frame)
global syscall_entry
global syscall_stack
global trap_leave

; Offsets in struct trap_frame.
FRAME_R10       equ 5 * 8
FRAME_R9        equ 6 * 8
FRAME_R8        equ 7 * 8
FRAME_RDI       equ 9 * 8
FRAME_RSI       equ 10 * 8
FRAME_RDX       equ 11 * 8
FRAME_RAX       equ 14 * 8
FRAME_VECTOR    equ 15 * 8
FRAME_RIP       equ 17 * 8
FRAME_RFLAGS    equ 19 * 8
FRAME_RSP       equ 20 * 8

section .text

syscall_entry:
        mov [program_stack], rsp
        mov rsp, [syscall_stack]
        push qword GDT_USER_DATA
        push qword [program_stack]
        push r11
        push qword GDT_USER_CODE
        push rcx
        push rax                        ; as the error code: the number asked for
        push qword TRAP_SYSCALL
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
        mov rdi, rsp                    ; the struct trap_frame; RSP is aligned to 16
        call syscall_dispatch
        cmp dword [rsp + FRAME_VECTOR], TRAP_SYSCALL
        jne leave_all

; Back by SYSRET. RBX, RBP and R12 to R15 are what they were: C functions preserve them. RIP is that
; of an instruction behind a SYSCALL in a page below USER_END, or trap_leave's: canonical, without
; which SYSRET would fault in the kernel with the program's stack.
        mov rax, [rsp + FRAME_RAX]
        mov rdi, [rsp + FRAME_RDI]
        mov rsi, [rsp + FRAME_RSI]
        mov rdx, [rsp + FRAME_RDX]
        mov r8, [rsp + FRAME_R8]
        mov r9, [rsp + FRAME_R9]
        mov r10, [rsp + FRAME_R10]
        mov rcx, [rsp + FRAME_RIP]
        mov r11, [rsp + FRAME_RFLAGS]
        mov rsp, [rsp + FRAME_RSP]
        o64 sysret

; _Noreturn void trap_leave(struct trap_frame *frame). Interrupts off.
trap_leave:
        mov rsp, rdi
leave_all:
        mov rdi, rsp
        call trap_make_safe
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

section .bss nobits alloc noexec write align=8

syscall_stack:  resq 1                  ; top of the running process's stack: tss_set_stack
program_stack:  resq 1                  ; RSP, for the one instruction until it is pushed
