; From 32-bit protected mode into the 64-bit kernel in the higher half.
;
; In:  EBX = physical address of struct boot_info, .bss cleared, ESP = boot stack
; Out: kmain(EDI = that address) at KERNEL_BASE, nothing mapped at the addresses it came from
;
; The first page tables show the first 4 GiB of memory three times, by way of the same directories
; of 2 MiB pages (Intel SDM vol. 3A, 4.5):
;
;   PML4 [0]   -> first_pdpt [0..3]     -> page_directories   identity, until the jump up is done
;        [256] -> first_pdpt                                  DIRECT_MAP_BASE, no-execute
;        [511] -> image_pdpt [510, 511] -> the first two      KERNEL_BASE
;
; kernel_map_init replaces them.

%include "kernel/cpu/cpu.inc"
%include "kernel/cpu/gdt.inc"
%include "kernel/layout.inc"

%define PHYSICAL(symbol) (symbol - KERNEL_BASE)

EFLAGS_ID           equ 1 << 21         ; can be changed where CPUID exists
CPUID_EXTENDED      equ 0x80000000      ; EAX: the highest extended leaf
CPUID_FEATURES      equ 0x80000001
CPUID_FEATURES_NX   equ 1 << 20         ; in EDX
CPUID_FEATURES_LM   equ 1 << 29

PTE_P               equ 1 << 0          ; present
PTE_RW              equ 1 << 1          ; writable
PTE_PS              equ 1 << 7          ; in a page directory: a 2 MiB page
PTE_XD_HIGH         equ 1 << 31         ; no-execute, in the upper half of the entry
PTE_SIZE            equ 8
LARGE_PAGE          equ 2 << 20
LOW_MEMORY_PAGES    equ 4 * 512         ; 4 GiB of them

; Entries of the two upper levels by address.
%define PML4_INDEX(address) ((address >> 39) & 511)
%define PDPT_INDEX(address) ((address >> 30) & 511)

extern entry_fail, kmain, boot_stack_top
global enter_long_mode

section .entry progbits alloc exec nowrite align=16
bits 32

enter_long_mode:
    push ebx                            ; CPUID writes it
    call check_processor
    call build_page_tables
    pop ebx                             ; stays there until kmain

    mov eax, CR4_PAE                    ; long mode wants it; nothing else is on yet
    mov cr4, eax
    mov eax, PHYSICAL(first_pml4)
    mov cr3, eax
    mov ecx, MSR_EFER
    rdmsr
    or eax, EFER_LME | EFER_NXE         ; NXE: else the no-execute bit is a reserved one
    wrmsr
    mov eax, cr0
    or eax, CR0_PG | CR0_WP             ; WP: read-only binds the kernel, too
    mov cr0, eax                        ; now in long mode, in its 32-bit compatibility submode

    lgdt [first_gdt_pointer]
    jmp GDT_KERNEL_CODE:long_mode       ; the segment's L bit makes it 64-bit code

; Returns if this processor has what the kernel needs.
check_processor:
    pushfd
    pop eax
    mov ecx, eax
    xor eax, EFLAGS_ID
    push eax
    popfd
    pushfd
    pop eax
    push ecx
    popfd
    mov esi, no_cpuid
    cmp eax, ecx
    je entry_fail

    mov esi, no_long_mode
    mov eax, CPUID_EXTENDED
    cpuid
    cmp eax, CPUID_FEATURES
    jb entry_fail
    mov eax, CPUID_FEATURES
    cpuid
    test edx, CPUID_FEATURES_LM
    jz entry_fail
    mov esi, no_nx
    test edx, CPUID_FEATURES_NX
    jz entry_fail
    ret

; Fills the tables, which .bss has left all zero.
build_page_tables:
    mov edi, PHYSICAL(page_directories)
    mov eax, PTE_P | PTE_RW | PTE_PS
    mov ecx, LOW_MEMORY_PAGES
.next_page:
    mov [edi], eax                      ; the upper half stays 0: all below 4 GiB
    add edi, PTE_SIZE
    add eax, LARGE_PAGE
    loop .next_page

    mov edi, PHYSICAL(first_pdpt)
    mov eax, PHYSICAL(page_directories) + (PTE_P | PTE_RW)
    mov ecx, 4
.next_directory:
    mov [edi], eax
    add edi, PTE_SIZE
    add eax, PAGE_SIZE
    loop .next_directory

    mov edi, PHYSICAL(image_pdpt) + PDPT_INDEX(KERNEL_BASE) * PTE_SIZE
    mov eax, PHYSICAL(page_directories) + (PTE_P | PTE_RW)
    mov [edi], eax
    add eax, PAGE_SIZE
    mov [edi + PTE_SIZE], eax

    mov edi, PHYSICAL(first_pml4)
    mov eax, PHYSICAL(first_pdpt) + (PTE_P | PTE_RW)
    mov [edi], eax
    mov [edi + PML4_INDEX(DIRECT_MAP_BASE) * PTE_SIZE], eax
    mov dword [edi + PML4_INDEX(DIRECT_MAP_BASE) * PTE_SIZE + 4], PTE_XD_HIGH
    mov eax, PHYSICAL(image_pdpt) + (PTE_P | PTE_RW)
    mov [edi + PML4_INDEX(KERNEL_BASE) * PTE_SIZE], eax
    ret

bits 64
default rel

long_mode:                              ; still at the physical address
    mov ax, GDT_KERNEL_DATA
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov fs, ax
    mov gs, ax
    mov rax, higher_half
    jmp rax

; The descriptors have no base and no limit in 64-bit mode, only rights (Intel SDM vol. 3A, 3.4.5).
; "Accessed" is set, so that the processor need not write.
align 8
first_gdt:
    dq 0
    dq 0x00209b0000000000               ; GDT_KERNEL_CODE: L, present, code, readable, accessed
    dq 0x0000930000000000               ; GDT_KERNEL_DATA: present, data, writable, accessed
first_gdt_end:

first_gdt_pointer:
    dw first_gdt_end - first_gdt - 1
    dd first_gdt
high_gdt_pointer:
    dw first_gdt_end - first_gdt - 1
    dq first_gdt + KERNEL_BASE

no_cpuid: db "kernel: this processor is too old, it has no CPUID instruction", 0
no_long_mode: db "kernel: this is no 64-bit processor, it has no long mode", 0
no_nx: db "kernel: this processor has no no-execute pages (NX), or the BIOS disabled them", 0

section .text

higher_half:
    mov rsp, boot_stack_top
    push 0                              ; flags that the BIOS left on: with NT set, for one, IRETQ
    popfq                               ; would want a task to return to
    lgdt [high_gdt_pointer]
    xor eax, eax
    mov [first_pml4], rax               ; from here on nothing is mapped at low addresses
    mov rax, cr3
    mov cr3, rax                        ; and the TLB forgets it
    mov edi, ebx
    xor ebp, ebp                        ; a walk along the frame pointers ends here
    call kmain
.halt:
    cli
    hlt
    jmp .halt

section .bss nobits alloc noexec write align=PAGE_SIZE

first_pml4: resb PAGE_SIZE
first_pdpt: resb PAGE_SIZE
image_pdpt: resb PAGE_SIZE
page_directories: resb 4 * PAGE_SIZE
