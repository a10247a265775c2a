# The build rules that every chapter shares. A chapter's Makefile sets CHAPTER and KERNEL_BITS, names its
# sources with one `ROOM += FILES` line per room, and includes this file. Nothing here knows a chapter by
# number: what is built follows from what is named.
#
#   LLVM=-22    a version suffix for the LLVM tools (or a folder, with a slash at its end)
#   V=1         show the commands
#   SAN=1       kernel with the undefined behaviour sanitizer in trap mode, freed memory poisoned
#   BUILD=DIR   another build folder

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDEXPANSION:
SHELL := /bin/sh
export PATH := $(PATH):/usr/sbin:/sbin
export LC_ALL := C

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)')

# Tools. They are looked up when a rule runs, not here.
TOOL_PREFIX := $(if $(filter %/,$(LLVM)),$(LLVM))
TOOL_SUFFIX := $(if $(filter %/,$(LLVM)),,$(LLVM))
CC := $(TOOL_PREFIX)clang$(TOOL_SUFFIX)
LD := $(TOOL_PREFIX)ld.lld$(TOOL_SUFFIX)
OBJCOPY := $(TOOL_PREFIX)llvm-objcopy$(TOOL_SUFFIX)
OBJDUMP := $(TOOL_PREFIX)llvm-objdump$(TOOL_SUFFIX)
NM := $(TOOL_PREFIX)llvm-nm$(TOOL_SUFFIX)
AS := nasm
QEMU := qemu-system-x86_64

# Sources: boot/ is 16-bit code, everything else is the kernel.
ROOMS := kernel kernel/cpu kernel/sync kernel/dev kernel/mm kernel/fs kernel/proc kernel/sys lib
in_room = $(addprefix $(1)/,$($(1)))
BOOT_SOURCES := $(call in_room,boot)
KERNEL_SOURCES := $(foreach room,$(ROOMS),$(call in_room,$(room)))

# A test kernel has the suite's runner and tests in place of the chapter's show.
ifdef TEST
KERNEL_SOURCES := $(filter-out kernel/demo.c kernel/proc/init.c,$(KERNEL_SOURCES))
TEST_SOURCES := $(shell cd ../tests/kernel 2>/dev/null && ls | awk -v chapter=$(CHAPTER:ch%=%) \
	'/^runner\.c$$/ || (/^[0-9][0-9]-[0-9][0-9]-.*\.c$$/ && substr($$0, 1, 2) <= chapter && chapter <= substr($$0, 4, 2)) || \
	(/^[0-9][0-9]-[^0-9].*\.c$$/ && substr($$0, 1, 2) <= chapter)')
endif

BUILD ?= build$(if $(TEST),/test)$(if $(SAN),-san)
B := $(BUILD)
IMAGE := $(B)/os.img

COMMON_FLAGS := -std=c17 -g -ffreestanding -fno-pic -Wall -Wextra $(if $(TEST),-Werror) \
	-I. -DCHAPTER='"$(CHAPTER)"'
BOOT_CFLAGS := --target=i386-none-elf -m16 -march=i386 -Oz -mregparm=3 -fno-stack-protector \
	-fno-asynchronous-unwind-tables -mno-sse -mno-mmx -mno-80387 $(COMMON_FLAGS)
KERNEL_TARGET_32 := --target=i686-none-elf
KERNEL_TARGET_64 := --target=x86_64-none-elf -mcmodel=kernel
KERNEL_CFLAGS := $(KERNEL_TARGET_$(KERNEL_BITS)) -O2 -mno-red-zone -mgeneral-regs-only \
	-fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fstack-protector-strong \
	-mstack-protector-guard=global $(COMMON_FLAGS) \
	$(if $(SAN),-DSAN -fsanitize=undefined -fsanitize-trap=undefined) $(if $(TEST),-I..)
NASM_FLAGS := -g -F dwarf -I$(B)/include/ -I. $(if $(TEST),-Werror)
KERNEL_EMULATION_32 := elf_i386
KERNEL_EMULATION_64 := elf_x86_64
LD_FLAGS := -nostdlib -static --build-id=none -z max-page-size=0x1000 --fatal-warnings

BOOT_OBJECTS := $(BOOT_SOURCES:%=$(B)/%.o)
KERNEL_OBJECTS := $(KERNEL_SOURCES:%=$(B)/%.o) $(TEST_SOURCES:%=$(B)/tests/%.o)
KERNEL_BIN := $(if $(KERNEL_SOURCES),$(B)/kernel.bin)
SYMBOLS := $(filter kernel/cpu/symbols.c,$(KERNEL_SOURCES))

# ---- Build ----

.PHONY: all
all: $(IMAGE)

# Rewritten when a flag, a tool or the list of sources changes; everything built depends on it.
SETTINGS := $(CC) | $(BOOT_CFLAGS) | $(KERNEL_CFLAGS) | $(NASM_FLAGS) | $(LD_FLAGS) | $(BOOT_SOURCES) | \
	$(KERNEL_SOURCES) | $(TEST_SOURCES)
$(B)/settings: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$SETTINGS" | cmp -s - $@ || printf '%s\n' "$$SETTINGS" > $@
$(B)/settings: export SETTINGS := $(SETTINGS)
.PHONY: FORCE
FORCE:

# Constants for nasm: the #define lines with values of a C header.
INCLUDES := $(patsubst %.h,$(B)/include/%.inc,$(wildcard boot/*.h kernel/*.h kernel/cpu/*.h))
$(B)/include/%.inc: %.h $(B)/settings
	@mkdir -p $(@D)
	$(Q)sed -n -e 's|//.*||' -e 's/^#define \([A-Z][A-Z0-9_]*\) \([^ ].*\)/%define \1 \2/p' $< > $@

$(B)/boot/%.c.o: boot/%.c $(B)/settings
	@mkdir -p $(@D)
	$(call say,CC16,$<)
	$(Q)$(CC) $(BOOT_CFLAGS) -MMD -MP -c $< -o $@

$(B)/boot/%.asm.o: boot/%.asm $(INCLUDES) $(B)/settings
	@mkdir -p $(@D)
	$(call say,NASM,$<)
	$(Q)$(AS) -f elf32 $(NASM_FLAGS) -MD $(@:.o=.d) $< -o $@

$(B)/tests/%.c.o: ../tests/kernel/%.c $(B)/settings
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(KERNEL_CFLAGS) -MMD -MP -c $< -o $@

$(B)/%.c.o: %.c $(B)/settings
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(KERNEL_CFLAGS) -MMD -MP -c $< -o $@

$(B)/%.asm.o: %.asm $(INCLUDES) $(B)/settings
	@mkdir -p $(@D)
	$(call say,NASM,$<)
	$(Q)$(AS) -f elf$(KERNEL_BITS) $(NASM_FLAGS) -MD $(@:.o=.d) $< -o $@

# Linker scripts include the same headers as C and nasm.
$(B)/%.ld: %.ld $(B)/settings
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x assembler-with-cpp -I. -MMD -MP -MT $@ -MF $@.d $< -o $@

# The kernel is linked twice where it carries a table of its own function names: first with an empty
# table, then with the one made from that link. The table lies behind all code, so no function moves.
kernel_link = $(LD) -m $(KERNEL_EMULATION_$(KERNEL_BITS)) $(LD_FLAGS) -T $(B)/kernel/kernel.ld -o $@ $(KERNEL_OBJECTS)

$(B)/kernel.elf: $(KERNEL_OBJECTS) $(B)/kernel/kernel.ld $(if $(SYMBOLS),$(B)/symbols.asm.o)
	$(call say,LD,$@)
	$(Q)$(kernel_link) $(if $(SYMBOLS),$(B)/symbols.asm.o)

$(B)/kernel-nosymbols.elf: $(KERNEL_OBJECTS) $(B)/kernel/kernel.ld
	$(Q)$(kernel_link)

$(B)/symbols.asm: $(B)/kernel-nosymbols.elf
	$(Q)$(NM) --numeric-sort --defined-only $< | awk 'BEGIN { print "section .symbols" } \
		$$2 ~ /^[tT]$$/ && $$3 !~ /^\.|^kernel_/ || $$3 == "kernel_text_end" { \
			if ($$1 == last) next; last = $$1; \
			address[n] = $$1; name[n++] = $$3 } \
		END { for (i = 0; i < n; i++) printf "dd 0x%s - 0xffffffff80000000, name%d - names\n", address[i], i; \
			print "dd 0xffffffff, 0"; print "names:"; \
			for (i = 0; i < n; i++) printf "name%d: db \"%s\", 0\n", i, name[i] }' > $@

$(B)/symbols.asm.o: $(B)/symbols.asm
	$(Q)$(AS) -f elf$(KERNEL_BITS) $< -o $@

$(B)/kernel.bin: $(B)/kernel.elf
	$(Q)$(OBJCOPY) -O binary $< $@

# The boot area: MBR, stage 2 and kernel, laid out by boot.ld.
$(B)/boot.elf: $(BOOT_OBJECTS) $(B)/boot/boot.ld $(KERNEL_BIN)
	$(call say,LD,$@)
	$(Q)$(LD) -m elf_i386 $(LD_FLAGS) -T $(B)/boot/boot.ld -o $@ $(BOOT_OBJECTS) $(if $(KERNEL_BIN),-b binary $(KERNEL_BIN))

$(IMAGE): $(B)/boot.elf
	$(call say,IMAGE,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

-include $(wildcard $(B)/boot/*.d $(B)/boot/*.ld.d $(B)/lib/*.d $(B)/tests/*.d $(B)/kernel/*.d $(B)/kernel/*/*.d)

.PHONY: test-kernel
test-kernel:
	$(Q)$(MAKE) --no-print-directory TEST=1 all

# ---- Run ----

MEM ?= 128M
CMDLINE ?=

.PHONY: run
run: $(IMAGE)
	$(Q)printf '%s\0' '$(CMDLINE)' | dd of=$(IMAGE) bs=512 seek=2047 conv=notrunc status=none
	@echo "Ctrl-A X quits."
	$(Q)$(QEMU) -m $(MEM) -drive file=$(IMAGE),format=raw -display none -serial mon:stdio $(QEMU_EXTRA)

.PHONY: disasm
disasm: $(B)/boot.elf
	$(Q)$(OBJDUMP) -d --triple=i386-none-code16 $<

.PHONY: clean
clean:
	$(Q)rm -rf build
