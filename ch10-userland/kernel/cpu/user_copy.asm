; The only code of the kernel that touches programs' memory: loops whose instructions may fault.
;
; The addresses have been checked to lie below USER_END, but not what is there. When the fault
; handler can't bring a page there, it looks for the instruction in user_copy_fixups and goes on
; where the table says: the function then comes back early and tells how much it has not done.
;
; With SMAP the processor lets the kernel do that only while RFLAGS.AC is set (Intel SDM vol. 3A,
; 4.6). An exception clears AC on its way in (isr.asm), and its return brings it back.

bits 64
default rel

global user_copy_bytes
global user_zero_bytes
global user_copy_string
global user_copy_fixups
global user_copy_smap

%macro open_user 0
        cmp byte [user_copy_smap], 0
        je %%done
        stac
%%done:
%endmacro

%macro close_user 0
        cmp byte [user_copy_smap], 0
        je %%done
        clac
%%done:
%endmacro

section .text

; size_t user_copy_bytes(void *to, const void *from, size_t size): returns how many bytes have been
; copied. A quadword that faults is tried again in bytes: a part of it may be there.
user_copy_bytes:
        open_user
        mov rcx, rdx
        shr rcx, 3
.quads: rep movsq
        mov ecx, edx
        and ecx, 7
.bytes: rep movsb
.out:   mov rax, rdx
        sub rax, rcx
        close_user
        ret
.quads_fault:
        mov eax, edx
        and eax, 7
        lea rcx, [rax + rcx * 8]
        jmp .bytes

; size_t user_zero_bytes(void *to, size_t size): the same with zeroes.
user_zero_bytes:
        open_user
        xor eax, eax
        mov rcx, rsi
        shr rcx, 3
.quads: rep stosq
        mov ecx, esi
        and ecx, 7
.bytes: rep stosb
.out:   mov rax, rsi
        sub rax, rcx
        close_user
        ret
.quads_fault:
        mov edx, esi
        and edx, 7
        lea rcx, [rdx + rcx * 8]
        jmp .bytes

; int64_t user_copy_string(char *to, const char *from, size_t size): copies up to and with a NUL, at
; most size bytes, at least 1. Returns the length without it, size if there was none, or -1.
user_copy_string:
        open_user
        mov rcx, rdx
.byte:  lodsb
        stosb
        test al, al
        loopnz .byte
        sub rdx, rcx
        cmp al, 1
        sbb rdx, 0                      ; the NUL does not count
.out:   close_user
        mov rax, rdx
        ret
.fault: mov rdx, -1
        jmp .out

section .rodata

user_copy_fixups:                       ; what may fault, and where to go on; ends with 0
        dq user_copy_bytes.quads, user_copy_bytes.quads_fault
        dq user_copy_bytes.bytes, user_copy_bytes.out
        dq user_zero_bytes.quads, user_zero_bytes.quads_fault
        dq user_zero_bytes.bytes, user_zero_bytes.out
        dq user_copy_string.byte, user_copy_string.fault
        dq 0

section .bss nobits alloc noexec write

user_copy_smap: resb 1                  ; bool: set by user_mode_init
