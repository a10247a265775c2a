; A program's first instructions (System V ABI, AMD64 supplement, 3.4.1). The kernel starts it with
; RDX = 0 and this at RSP, which is a multiple of 16:
;
;     argc | argv[0] ... argv[argc - 1] | NULL | the environment | NULL | the auxiliary vector
;
; Everything else is C: program_start(argc, argv) in start.c.

bits 64
global _start
extern program_start

section .text._start exec progbits align=16
_start:
    xor ebp, ebp        ; where a backtrace ends
    mov rdi, [rsp]
    lea rsi, [rsp + 8]
    call program_start  ; pushes 8 bytes, as the ABI has it at a function's start; does not return
    ud2
