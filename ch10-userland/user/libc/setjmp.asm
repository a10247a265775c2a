; int setjmp(jmp_buf place): keeps what a function must keep, and where it returns to; returns 0.
; void longjmp(jmp_buf place, int value): goes back there, where setjmp returns value, or 1 for 0.

bits 64
global setjmp
global longjmp

section .text.setjmp exec progbits align=16
setjmp:
    mov [rdi], rbx
    mov [rdi + 8], rbp
    mov [rdi + 16], r12
    mov [rdi + 24], r13
    mov [rdi + 32], r14
    mov [rdi + 40], r15
    lea rdx, [rsp + 8]  ; RSP after the return
    mov [rdi + 48], rdx
    mov rdx, [rsp]
    mov [rdi + 56], rdx
    xor eax, eax
    ret

section .text.longjmp exec progbits align=16
longjmp:
    mov eax, esi
    cmp eax, 1
    adc eax, 0          ; 0 becomes 1
    mov rbx, [rdi]
    mov rbp, [rdi + 8]
    mov r12, [rdi + 16]
    mov r13, [rdi + 24]
    mov r14, [rdi + 32]
    mov r15, [rdi + 40]
    mov rsp, [rdi + 48]
    jmp [rdi + 56]
