; protected_mode_enter(entry, info): from 16-bit real mode to the kernel in 32-bit protected mode.
;
; In:   EAX = entry, EDX = info: we compile with -mregparm=3.
; Out:  at entry, NMIs off, with the registers as boot_info.h has them.

%include "boot/boot_info.inc"
%include "boot/cmos.inc"

bits 16
section .text

CODE_SELECTOR equ gdt.code - gdt
DATA_SELECTOR equ gdt.data - gdt
CR0_PE equ 1 << 0

global protected_mode_enter
protected_mode_enter:
    cli                         ; the BIOS's interrupt handlers are 16-bit code
    mov ebx, edx
    mov ecx, eax
    mov al, CMOS_NMI_OFF        ; CLI doesn't hold them off, and the kernel has no handler yet
    out CMOS_INDEX, al
    in al, CMOS_DATA
    lgdt [gdt_register]
    mov eax, cr0
    or eax, CR0_PE
    mov cr0, eax
    jmp CODE_SELECTOR:.protected ; only now does CS get a descriptor, and with it 32-bit code

bits 32
.protected:
    mov eax, DATA_SELECTOR
    mov ds, eax
    mov es, eax
    mov fs, eax
    mov gs, eax
    mov ss, eax
    mov eax, BOOT_INFO_MAGIC
    jmp ecx

section .data

; Two segments of 4 GiB from address 0: addresses are what they seem. (Intel SDM vol. 3, 3.4.5)
align 8
gdt:
    dq 0                        ; selector 0 is the null selector
.code:
    dw 0xffff, 0                ; limit 15:0, base 15:0
    db 0                        ; base 23:16
    db 0x9b                     ; present, ring 0, code, readable, accessed
    db 0xcf                     ; limit in units of 4 KiB, 32-bit code, limit 19:16
    db 0                        ; base 31:24
.data:
    dw 0xffff, 0
    db 0
    db 0x93                     ; present, ring 0, data, writable, accessed
    db 0xcf
    db 0
.end:

gdt_register:
    dw gdt.end - gdt - 1
    dd gdt
