; bios_call(vector, registers): a service of the BIOS with all registers as we choose (bios.h).
;
; In:   EAX = vector, EDX = address of a struct bios_registers: we compile with -mregparm=3.
; Out:  the struct holds what the service left in the registers; C's own are unchanged.

bits 16
section .text

REGISTERS_SIZE equ 40           ; sizeof(struct bios_registers)
EFLAGS_INTERRUPT equ 1 << 9

; The stack around the service, with SP as it is before room for the copy is made:
;
;   SP + 36   return address to C
;   SP + 4    C's registers, as PUSHAD leaves them
;   SP + 0    address of the struct
;   SP - 40   a copy of the struct, from which the registers are popped and to which they are pushed

global bios_call
bios_call:
    pushad
    push edx
    mov [.service + 1], al      ; INT takes its vector from the instruction, so we write it there

    sub sp, REGISTERS_SIZE
    mov si, dx
    mov di, sp
    mov cx, REGISTERS_SIZE / 2
    rep movsw
    or word [esp + REGISTERS_SIZE - 4], EFLAGS_INTERRUPT
    popad                       ; all but ESP
    pop es
    pop ds
    popfd
.service:
    int 0
    pushfd
    push ds
    push es
    pushad

    movzx esp, sp               ; what C counts on, and a service may have changed
    mov ax, 0
    mov ds, ax
    mov es, ax
    cld
    sti

    mov si, sp
    mov di, [esp + REGISTERS_SIZE]
    mov cx, REGISTERS_SIZE / 2
    rep movsw
    add sp, REGISTERS_SIZE + 4
    popad
    o32 ret
