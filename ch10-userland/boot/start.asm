; The first instructions: they make the machine fit for C and call main.
;
; In:   real mode, DL = the BIOS's number of the drive that was booted. No other register is known.
; Out:  main(drive) with CS = DS = ES = SS = 0, so that a 16-bit offset is an address, and the
;       direction flag clear. If main returns, the processor halts.

bits 16
section .entry exec

extern main
extern stack_top        ; from boot.ld

global start
start:
    jmp 0:.segments     ; some BIOSes enter at 07C0:0000, but our offsets count from segment 0
.segments:
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax          ; holds interrupts off until the next instruction is done
    mov esp, stack_top  ; all of ESP, since C code addresses the stack through it
    cld                 ; the compiler takes for granted that strings are copied upwards

    movzx eax, dl       ; the first argument is in EAX: we compile with -mregparm=3
    call dword main     ; and C returns with a 32-bit RET, which takes four bytes off the stack

global halt
halt:
    hlt                 ; interrupts stay on, so that the BIOS still answers to Ctrl-Alt-Del
    jmp halt
