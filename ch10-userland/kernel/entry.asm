; The kernel's first instructions, at KERNEL_PHYS, where the loader jumps to.
;
; In:  32-bit protected mode, flat segments, paging and interrupts off;
;      EAX = BOOT_INFO_MAGIC, EBX = physical address of struct boot_info
; Out: enter_long_mode, on the boot stack, .bss cleared

%include "boot/boot_info.inc"
%include "boot/uart.inc"
%include "kernel/layout.inc"

; Where something in the kernel's image is while paging is off.
%define PHYSICAL(symbol) (symbol - KERNEL_BASE)

VGA_COLUMNS         equ 80
WHITE_ON_RED        equ 0x4f

extern bss_start, boot_stack_top
extern enter_long_mode
global entry, entry_fail

section .entry progbits alloc exec nowrite align=16
bits 32

entry:
    cld
    mov esp, PHYSICAL(boot_stack_top)
    mov esi, bad_magic
    cmp eax, BOOT_INFO_MAGIC
    jne entry_fail
    mov edi, PHYSICAL(bss_start)        ; C takes it for granted that statics begin as 0
    mov ecx, PHYSICAL(boot_stack_top)   ; the end of .bss
    sub ecx, edi
    shr ecx, 2                          ; both are multiples of 16
    xor eax, eax
    rep stosd
    xor ebp, ebp                        ; a walk along the frame pointers ends here
    jmp enter_long_mode

; Ends a start that cannot go on: the message in white on red across the top of the screen, and on
; the serial port, which the loader has initialised.
; In: ESI = physical address of the message, ended by a zero byte. Does not return.
entry_fail:
    mov edi, VGA_PHYS
    mov ecx, VGA_COLUMNS
    mov ax, WHITE_ON_RED << 8 | ' '
    rep stosw
    mov edi, VGA_PHYS
.next:
    lodsb
    test al, al
    jz .line_end
    mov ah, WHITE_ON_RED
    stosw
    call .send
    jmp .next
.line_end:
    mov al, 13
    call .send
    mov al, 10
    call .send
.halt:
    cli
    hlt
    jmp .halt

.send:                                  ; AL to the serial port, ready or not after a while
    mov ah, al
    mov dx, COM1_LINE_STATUS
    mov ecx, UART_POLLS
.wait:
    in al, dx
    test al, LSR_HOLDING_EMPTY
    loopz .wait
    mov al, ah
    mov dx, COM1_DATA
    out dx, al
    ret

bad_magic: db "kernel: entered without the magic number of its boot loader", 0
