; Where a signal's handler returns to: the kernel put this address on the stack (SA_RESTORER). RSP
; points to what the kernel put there above it.

%include "lib/abi/syscall.inc"

bits 64
global signal_restorer

section .text.signal_restorer exec progbits align=16
signal_restorer:
    mov eax, SYS_rt_sigreturn
    syscall
