; Stage 1, the boot sector: loads stage 2, which lies on the disk right behind it, and jumps there.
;
; In:   real mode, DL = the BIOS's number of the drive that was booted.
; Out:  start.asm with the same DL, or one line with the BIOS's status on screen and COM1.

%include "boot/layout.inc"
%include "boot/uart.inc"

bits 16
section .stage1 exec

; On a disk with a FAT file system its parameters (BPB) lie from byte 3 on. Some BIOSes write into
; them, whatever is there, so there is nothing.
BPB_END equ 0x5a

extern start
extern stage2_sectors   ; a number, from boot.ld
extern stack_top        ; from boot.ld

stage1:
    jmp short .start
    nop
    times BPB_END - ($ - stage1) db 0
.start:
    jmp 0:.segments     ; some BIOSes enter at 07C0:0000, but our offsets count from segment 0
.segments:
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax          ; holds interrupts off until the next instruction is done
    mov sp, stack_top
    cld
    mov [drive], dl
    call serial_init

    ; Are there the extensions, which read by sector number on disks of any size? (EDD-3, 8.1.1)
    mov ah, 0x41
    mov bx, 0x55aa
    mov dl, [drive]
    stc                 ; a BIOS that doesn't know the function leaves the flag as it is
    int 0x13
    mov si, no_extensions
    jc fail
    cmp bx, 0xaa55
    jne fail
    test cl, 1          ; bit 0: function 42h, extended read
    jz fail

read:
    mov word [packet.count], stage2_sectors ; again each time: after an error it says how many came
    mov si, packet
    mov ah, 0x42
    mov dl, [drive]
    int 0x13
    mov dl, [drive]
    jnc start           ; all there: on to stage 2, with DL as we got it

    dec byte [tries]
    mov si, read_failed
    jz fail
    mov ah, 0           ; resets the drive: what a floppy needed, and some USB sticks still do
    int 0x13
    jmp read

; Prints the text at SI and the status in AH, and halts.
fail:
    push ax
    call print
    pop ax
    mov al, ah
    shr al, 4
    call put_digit
    mov al, ah
    and al, 0x0f
    call put_digit
    mov si, line_end
    call print
.halt:
    hlt
    jmp .halt

; Prints the zero-terminated text at SI. Changes AL and SI.
print:
    lodsb
    test al, al
    jz .done
    call put
    jmp print
.done:
    ret

; Prints AL, 0 to 15, as a hexadecimal digit. Changes AL.
put_digit:
    add al, '0'
    cmp al, '9'
    jbe put
    add al, 'a' - '9' - 1
    ; and on into put

; Prints the character in AL on screen and COM1.
put:
    pusha               ; some BIOSes lose BP when the screen scrolls
    mov ah, 0x0e        ; teletype
    mov bx, 0x0007
    int 0x10
    popa

    pusha
    mov ah, al
    mov cx, UART_POLLS
    mov dx, COM1_LINE_STATUS
.busy:
    in al, dx
    test al, LSR_HOLDING_EMPTY
    loopz .busy         ; until it is ready, or for good broken
    mov al, ah
    mov dx, COM1_DATA
    out dx, al
    popa
    ret

; Sets COM1 to 115200 baud, 8 data bits, no parity, 1 stop bit, as print_init does in C.
serial_init:
    mov si, serial_values
.next:
    lodsw
    mov dx, ax
    lodsb
    out dx, al
    cmp si, serial_values.end
    jb .next
    ret

section .stage1_data

%macro register 2       ; port, value
    dw %1
    db %2
%endmacro

serial_values:
    register COM1_INTERRUPT_ENABLE, 0
    register COM1_LINE_CONTROL, LCR_DIVISOR_ACCESS
    register COM1_DIVISOR_LOW, DIVISOR_115200_BAUD
    register COM1_DIVISOR_HIGH, 0
    register COM1_LINE_CONTROL, LCR_8_BITS_NO_PARITY_1_STOP
    register COM1_FIFO_CONTROL, FIFO_ENABLE_AND_CLEAR
    register COM1_MODEM_CONTROL, MCR_DTR_AND_RTS
.end:

; What function 42h is to read (EDD-3, 8.1.2).
packet:
    db 16, 0            ; size of the packet
.count:
    dw 0
    dw start, 0         ; to 0000:start
    dq 1                ; from sector 1 on

drive:
    db 0
tries:
    db DISK_TRIES

no_extensions:
    db "boot: this BIOS cannot read by sector number, status 0x", 0
read_failed:
    db "boot: cannot read stage 2, BIOS status 0x", 0
line_end:
    db 13, 10, 0
