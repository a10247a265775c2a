; A guest for the tests of the machine driver, in one sector. Says "guest: ready" on COM1 and screen, then echoes what
; comes by serial port and keyboard. Some characters are commands:
;   !   end through isa-debug-exit with 42
;   #   send "two" to COM2
;   T   triple fault, by an invalid instruction at `guilty`
;   L   go to 64-bit mode and loop; its page tables are those that test_machine.py expects

COM1 equ 0x3f8
COM2 equ 0x2f8
LINE_STATUS equ 5
STATUS_DATA equ 1
STATUS_EMPTY equ 0x20

PML4 equ 0x10000
PDPT equ 0x11000
PD equ 0x12000
PT equ 0x13000
PRESENT equ 1
WRITABLE equ 2
USER equ 4
CACHE_DISABLE equ 16
LARGE_PAGE equ 128
GLOBAL_PAGE equ 256
NO_EXECUTE_HIGH equ 1 << 31         ; in an entry's upper half

section .text
bits 16
global start, put, echo, guilty, multiply, loop64
start:
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov sp, start
    cld
    mov dx, COM1 + 3
    mov al, 3                       ; 8N1
    out dx, al
    mov si, greeting
.next:
    lodsb
    test al, al
    jz echo
    call put
    mov ah, 0x0e                    ; BIOS teletype
    int 0x10
    jmp .next

put:                                ; AL to COM1; changes DX, keeps AL
    mov ah, al
    mov dx, COM1 + LINE_STATUS
.wait:
    in al, dx
    test al, STATUS_EMPTY
    jz .wait
    mov dx, COM1
    mov al, ah
    out dx, al
    ret

echo:
    mov ah, 1                       ; is there a key?
    int 0x16
    jz .serial
    xor ax, ax
    int 0x16
    call put
.serial:
    mov dx, COM1 + LINE_STATUS
    in al, dx
    test al, STATUS_DATA
    jz echo
    mov dx, COM1
    in al, dx
    cmp al, '!'
    je exit
    cmp al, 'T'
    je triple_fault
    cmp al, 'L'
    je long_mode
    cmp al, '#'
    je second_port
    call put
    jmp echo

second_port:
    mov dx, COM2
    mov si, two
    mov cx, 4
    rep outsb                       ; the FIFO is off and QEMU takes a byte at once
    jmp echo

exit:
    mov al, 42
    out 0xf4, al
    jmp $

triple_fault:
    cli
    lidt [no_idt]
guilty:
    ud2

long_mode:
    cli
    mov di, PML4 >> 4
    mov es, di
    xor di, di
    xor eax, eax
    mov cx, 0x4000 / 4
    rep stosd
    mov dword [es:0], PDPT | PRESENT | WRITABLE | USER
    mov dword [es:256 * 8], PDPT | PRESENT              ; the upper alias: read-only by its top level
    mov dword [es:PDPT - PML4], PD | PRESENT | WRITABLE | USER
    mov dword [es:PD - PML4], PT | PRESENT | WRITABLE
    mov dword [es:PD - PML4 + 8], 0x200000 | PRESENT | WRITABLE | LARGE_PAGE | GLOBAL_PAGE
    mov dword [es:PD - PML4 + 12], NO_EXECUTE_HIGH
    mov dword [es:PT - PML4 + 6 * 8], 0x6000 | PRESENT | WRITABLE
    mov dword [es:PT - PML4 + 6 * 8 + 4], NO_EXECUTE_HIGH
    mov dword [es:PT - PML4 + 7 * 8], 0x7000 | PRESENT
    mov dword [es:PT - PML4 + 0xb8 * 8], 0xb8000 | PRESENT | WRITABLE | CACHE_DISABLE
    mov eax, PML4
    mov cr3, eax
    mov eax, 0xa0                   ; CR4: PAE, PGE
    mov cr4, eax
    mov ecx, 0xc0000080             ; EFER: LME, NXE
    xor edx, edx
    mov eax, 0x900
    wrmsr
    lgdt [gdtr]
    mov eax, 0x80000001             ; CR0: PG, PE
    mov cr0, eax
    jmp 8:loop64

bits 64
loop64:
    mov esp, 0x7000                 ; the page below the code
    jmp $
multiply:                           ; (rdi - rsi) * rcx + r9
    lea rax, [rdi]
    sub rax, rsi
    imul rax, rcx
    add rax, r9
    push rax
    xor edi, edi
    pop rax
    ret

greeting: db "guest: ready", 13, 10, 0
two: db "two", 10
no_idt: times 6 db 0
gdt: dq 0, 0x00209a0000000000       ; 64-bit code
gdtr: dw gdtr - gdt - 1
    dd gdt
    times 510 - ($ - $$) db 0
    dw 0xaa55
