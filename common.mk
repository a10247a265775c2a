# The build rules that every chapter shares. A chapter's Makefile sets CHAPTER and KERNEL_BITS, names
# its sources with one `ROOM += FILES` line per room, and includes this file. Nothing here knows a
# chapter by its number: what is built follows from what is named. `make help` lists the targets.

.DEFAULT_GOAL := all

ifneq ($(filter 3.%,$(MAKE_VERSION)),)
# Too old for what follows (macOS): let a newer make do it.
.PHONY: newer-make
$(or $(MAKECMDGOALS),all): newer-make
newer-make:
	@command -v gmake >/dev/null || { echo 'GNU make 4.0 or newer is needed, this is $(MAKE_VERSION):' \
		'brew install make, then gmake' >&2; exit 1; }
	@gmake --no-print-directory $(MAKECMDGOALS)
else

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:
SHELL := /bin/sh
# Where package managers hide tools that we need.
export PATH := $(subst $() ,:,$(wildcard /opt/homebrew/opt/*/bin /usr/local/opt/*/bin) $(PATH)):/usr/sbin:/sbin
export LC_ALL := C

# Tools. They are looked up when a rule runs, not here. LLVM is a version suffix (-22) or a folder
# (/usr/lib/llvm-22/bin/, with the slash).
TOOL_PREFIX := $(filter %/,$(LLVM))
TOOL_SUFFIX := $(filter-out %/,$(LLVM))
CC := $(TOOL_PREFIX)clang$(TOOL_SUFFIX)
LD := $(TOOL_PREFIX)ld.lld$(TOOL_SUFFIX)
OBJCOPY := $(TOOL_PREFIX)llvm-objcopy$(TOOL_SUFFIX)
OBJDUMP := $(TOOL_PREFIX)llvm-objdump$(TOOL_SUFFIX)
NM := $(TOOL_PREFIX)llvm-nm$(TOOL_SUFFIX)
SYMBOLIZER := $(TOOL_PREFIX)llvm-symbolizer$(TOOL_SUFFIX)
AS := nasm
QEMU := qemu-system-x86_64
NUMBER := $(CHAPTER:ch%=%)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)')
# Stops with one clear line when a program is not there.
need = for tool in $(1); do command -v $$tool >/dev/null 2>&1 || { \
	echo "$$tool is not installed: run 'make setup' in the folder above" >&2; exit 1; }; done

# Sources: boot/ is 16-bit code, user/ are programs, everything else is the kernel.
ROOMS := kernel kernel/cpu kernel/sync kernel/dev kernel/mm kernel/fs kernel/proc kernel/sys lib
in_room = $(addprefix $(1)/,$($(1)))
BOOT_SOURCES := $(call in_room,boot)
KERNEL_SOURCES := $(strip $(foreach room,$(ROOMS),$(call in_room,$(room))))

# Programs: each file of user/bin is one, and so are all files of any other room in user/ together,
# but for user/libc, which all of them have. With a start-up code of their own (crt0) they are files
# on the disk, in /bin; without it they are functions of the kernel, main() of ls.c being ls_main(),
# and `demo` names those that kernel/demo.c has.
PROGRAM_ROOMS := $(sort $(filter user/%,$(.VARIABLES)))
PROGRAM_SOURCES := $(strip $(foreach room,$(PROGRAM_ROOMS),$(call in_room,$(room))))
PROGRAMS := $(sort $(basename $(user/bin)) $(notdir $(filter-out user/bin user/libc,$(PROGRAM_ROOMS))) \
	$(if $(TEST),,$(demo)))
STANDALONE := $(filter crt0.asm,$(user/libc))

# A test kernel has the suite's runner and the tests that hold for the chapter in place of the file
# that defines first_program().
ifdef TEST
KERNEL_SOURCES := $(filter-out kernel/demo.c kernel/proc/init.c,$(KERNEL_SOURCES))
TEST_SOURCES := runner.c $(shell cd ../tests/kernel && ls | awk -v chapter=$(NUMBER) ' \
	/^[0-9][0-9]-[0-9][0-9]-.*\.c$$/ { if (chapter < substr($$0, 1, 2) || substr($$0, 4, 2) < chapter) next } \
	/^[0-9][0-9]-.*\.c$$/ { if (substr($$0, 1, 2) <= chapter) print }')
endif

BUILD ?= build$(if $(TEST),/test$(if $(SAN),-san),$(if $(SAN),/san))
B := $(BUILD)
IMAGE := $(B)/os.img

COMMON_FLAGS := -std=c17 -g -ffreestanding -fno-pic -Wall -Wextra -I. -DCHAPTER='"$(CHAPTER)"' \
	$(if $(TEST),-Werror -I.. -fmacro-prefix-map=../=)
BOOT_CFLAGS := --target=i386-none-elf -m16 -march=i386 -Oz -mregparm=3 -fomit-frame-pointer -fno-stack-protector \
	-fno-asynchronous-unwind-tables -mno-sse -mno-mmx -mno-80387 $(COMMON_FLAGS)
KERNEL_TARGET_32 := --target=i386-none-elf -march=i586
KERNEL_TARGET_64 := --target=x86_64-none-elf -mcmodel=kernel
KERNEL_CFLAGS := $(KERNEL_TARGET_$(KERNEL_BITS)) -O2 -mno-red-zone -mgeneral-regs-only \
	-fno-omit-frame-pointer -fno-optimize-sibling-calls -fno-asynchronous-unwind-tables -fstack-protector-strong \
	-mstack-protector-guard=global $(COMMON_FLAGS) \
	$(if $(SAN),-DSAN -fsanitize=undefined -fsanitize-trap=undefined)
PROGRAM_CFLAGS := $(if $(STANDALONE),$(KERNEL_TARGET_64:-mcmodel=%=) -O2 -fno-stack-protector \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections $(COMMON_FLAGS) -fhosted -fno-builtin,$(KERNEL_CFLAGS)) \
	-nostdlibinc -Iuser/include
NASM_FLAGS := -g -F dwarf -I$(B)/include/ -I. $(if $(TEST),-Werror)
KERNEL_EMULATION_32 := elf_i386
KERNEL_EMULATION_64 := elf_x86_64
LD_FLAGS := -nostdlib -static --build-id=none -z max-page-size=0x1000 --fatal-warnings
PROGRAM_LD_FLAGS := --image-base=0x400000 --gc-sections -z norelro -z separate-loadable-segments

BOOT_OBJECTS := $(BOOT_SOURCES:%=$(B)/%.o)
TEST_OBJECTS := $(if $(TEST),$(TEST_SOURCES:%=$(B)/tests/%.o) $(B)/tests/list.c.o)
PROGRAM_OBJECTS := $(PROGRAM_SOURCES:%=$(B)/%.o)
KERNEL_OBJECTS := $(KERNEL_SOURCES:%=$(B)/%.o) $(TEST_OBJECTS)
ifdef STANDALONE
LIBC_OBJECTS := $(user/libc:%=$(B)/user/libc/%.o) $(lib:%=$(B)/user/lib/%.o)
PROGRAM_FILES := $(PROGRAMS:%=$(B)/bin/%)
# make USER_TESTS=FOLDER: each of its C files is a program in /test; ROOT_EXTRA=FOLDER: lies over rootfs.
USER_TEST_FILES := $(if $(USER_TESTS),$(patsubst $(USER_TESTS)/%.c,$(B)/bin-test/%,$(wildcard $(USER_TESTS)/*.c)))
else ifdef PROGRAMS
KERNEL_OBJECTS += $(PROGRAM_OBJECTS) $(B)/programs.c.o
endif
KERNEL_BIN := $(if $(KERNEL_SOURCES),$(B)/kernel.bin)
# A kernel that mounts a root file system gets one, of ROOT_MIB MiB, as partition 1 of its disk.
ROOT := $(if $(filter kernel/fs/root.c,$(KERNEL_SOURCES)),$(B)/rootfs)
ROOT_MIB ?= 64
SYMBOLS := $(if $(filter kernel/cpu/symbols.c,$(KERNEL_SOURCES)),$(B)/symbols.asm.o)

# ---- Build ----

.PHONY: all
all: $(IMAGE)

# Rewritten when a flag or a tool changes (everything compiled depends on it), and when the list of
# sources does (what is linked depends on that).
$(B)/settings: export CONTENT := $(CC) $(LD) | $(BOOT_CFLAGS) | $(KERNEL_CFLAGS) | $(NASM_FLAGS) | $(LD_FLAGS) | \
	$(if $(PROGRAMS),$(PROGRAM_CFLAGS) $(PROGRAM_LD_FLAGS))
$(B)/sources: export CONTENT := $(BOOT_SOURCES) | $(KERNEL_SOURCES) | $(PROGRAM_SOURCES) | $(integer_programs) | $(TEST_SOURCES)$(ROOT:%= | $(ROOT_MIB))
$(B)/settings $(B)/sources: FORCE
	@$(call need,$(CC) $(LD) $(OBJCOPY) $(NM) $(AS))
	@mkdir -p $(@D)
	@printf '%s\n' "$$CONTENT" | cmp -s - $@ || printf '%s\n' "$$CONTENT" > $@
.PHONY: FORCE
FORCE: $(filter clean,$(MAKECMDGOALS)) # `make -j clean all` removes first, then builds

# Constants for nasm: the #define lines with values of a C header. They are there before anything is
# assembled; nasm itself lists who depends on which (-M; its -MD leaves includes out).
INCLUDES := $(patsubst %.h,$(B)/include/%.inc,$(wildcard boot/*.h kernel/*.h kernel/cpu/*.h lib/abi/*.h))
$(B)/include/%.inc: %.h $(B)/settings
	@mkdir -p $(@D)
	$(Q)sed -n -e 's|//.*||' -e 's/^#define \([A-Z][A-Za-z0-9_]*\) \([^ ].*\)/%define \1 \2/p' $< > $@

$(B)/boot/%.c.o: boot/%.c $(B)/settings
	@mkdir -p $(@D)
	$(call say,CC16,$<)
	$(Q)$(CC) $(BOOT_CFLAGS) -MMD -MP -c $< -o $@

$(B)/boot/%.asm.o: boot/%.asm $(B)/settings | $(INCLUDES)
	@mkdir -p $(@D)
	$(call say,NASM,$<)
	$(Q)$(AS) -f elf32 -M -MP -MT $@ -MF $(@:.o=.d) $(NASM_FLAGS) $<
	$(Q)$(AS) -f elf32 $(NASM_FLAGS) $< -o $@

$(B)/tests/%.c.o: ../tests/kernel/%.c $(B)/settings
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(KERNEL_CFLAGS) -MMD -MP -c $< -o $@

# The list of all tests: what the lines TEST(name, ... and TEST_PANIC(name, ... say.
$(B)/tests/list.c: $(TEST_SOURCES:%=../tests/kernel/%) $(B)/sources
	@mkdir -p $(@D)
	$(Q)awk -F'[(,]' 'BEGIN { print "#include \"tests/kernel/test.h\"" } \
		/^TEST(_PANIC)?\(/ { print "extern const struct test test_" $$2 ";"; list = list "\n    &test_" $$2 "," } \
		END { print "const struct test *const test_list[] = {" list "\n    NULL,\n};" }' $(filter %.c,$^) > $@

# The table of all programs, where they are functions.
$(B)/programs.c: $(B)/sources
	$(Q)printf '%s\n' '#include "user/libc/program_start.h"' \
		$(foreach program,$(PROGRAMS),'int $(program)_main(int$(comma) char **);') \
		'const struct program programs[] = {' \
		$(foreach program,$(PROGRAMS),'    {"$(program)"$(comma) $(program)_main}$(comma)') \
		'    {NULL$(comma) NULL}$(comma)' '};' > $@

$(B)/%.c.o: $(B)/%.c
	$(Q)$(CC) $(KERNEL_CFLAGS) -c $< -o $@

main_name = -Dmain=$(patsubst user/%/,%,$(dir $(patsubst user/bin/%.c,user/%/,$<)))_main
$(B)/user/%.c.o: user/%.c $(B)/settings
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(PROGRAM_CFLAGS) $(if $(STANDALONE),,$(main_name)) -MMD -MP -c $< -o $@

ifdef STANDALONE
$(B)/user/lib/%.c.o: lib/%.c $(B)/settings
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(PROGRAM_CFLAGS) -MMD -MP -c $< -o $@

$(B)/user/test/%.c.o: $(USER_TESTS)/%.c $(B)/settings
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(PROGRAM_CFLAGS) -I.. -MMD -MP -c $< -o $@

# With all that a debugger wants in NAME.elf, and without it on the disk. integer_programs do without
# what printf needs for floating-point numbers.
$(foreach room,$(filter-out user/bin user/libc,$(PROGRAM_ROOMS)),$(eval \
	$(B)/bin/$(notdir $(room)).elf: $(patsubst %,$(B)/$(room)/%.o,$($(room)))))
$(foreach name,$(basename $(user/bin)),$(eval $(B)/bin/$(name).elf: $(B)/user/bin/$(name).c.o))
$(B)/bin-test/%.elf: $(B)/user/test/%.c.o $(LIBC_OBJECTS) $(B)/sources
	$(program_link)
$(B)/bin/%.elf: $(LIBC_OBJECTS) $(B)/sources
	$(program_link)
define program_link
@mkdir -p $(@D)
$(call say,LD,$(@:.elf=))
$(Q)$(LD) -m elf_x86_64 $(LD_FLAGS) $(PROGRAM_LD_FLAGS) -o $@ \
	$(filter-out $(if $(filter $(*F),$(integer_programs)),%/format_floating.c.o),$(filter %.o,$^))
endef
$(PROGRAM_FILES) $(USER_TEST_FILES): %: %.elf
	$(Q)$(OBJCOPY) --strip-all $< $@
endif

$(B)/%.c.o: %.c $(B)/settings
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(KERNEL_CFLAGS) -MMD -MP -c $< -o $@

$(B)/%.asm.o: %.asm $(B)/settings | $(INCLUDES)
	@mkdir -p $(@D)
	$(call say,NASM,$<)
	$(Q)$(AS) -f elf$(KERNEL_BITS) -M -MP -MT $@ -MF $(@:.o=.d) $(NASM_FLAGS) $<
	$(Q)$(AS) -f elf$(KERNEL_BITS) $(NASM_FLAGS) $< -o $@

# Linker scripts include the same headers as C and nasm.
$(B)/%.ld: %.ld $(B)/settings
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x assembler-with-cpp -I. -MMD -MP -MT $@ -MF $@.d $< -o $@

# The kernel is linked twice where it carries a table of its own function names: first with an empty
# table, then with the one made from that link. The table lies behind all code, so no function moves.
kernel_link = $(LD) -m $(KERNEL_EMULATION_$(KERNEL_BITS)) $(LD_FLAGS) --orphan-handling=error -T $(B)/kernel/kernel.ld -o $@ \
	$(KERNEL_OBJECTS)

$(B)/kernel.elf: $(KERNEL_OBJECTS) $(B)/kernel/kernel.ld $(SYMBOLS) $(B)/sources
	$(call say,LD,$@)
	$(Q)$(kernel_link) $(SYMBOLS)

$(B)/kernel-nosymbols.elf: $(KERNEL_OBJECTS) $(B)/kernel/kernel.ld $(B)/sources
	$(Q)$(kernel_link)

$(B)/symbols.asm: $(B)/kernel-nosymbols.elf
	$(Q)$(NM) --numeric-sort --defined-only $< > $(B)/symbols.txt
	$(Q)awk '$$2 ~ /^[tT]$$/ && $$3 !~ /\./ && $$3 !~ /^kernel_(text_)?(start|end)$$/ && $$1 != last { \
			last = $$1; entries = entries "dq 0x" $$1 ", name" n + 0 "\n"; \
			names = names "name" n++ + 0 ": db \"" $$3 "\", 0\n" } \
		END { print "global symbols_table\nsection .symbols align=8"; \
			print "symbols_table: dq " n + 0 "\n" entries names }' $(B)/symbols.txt > $@

$(B)/symbols.asm.o: $(B)/symbols.asm
	$(Q)$(AS) -f elf$(KERNEL_BITS) $< -o $@

$(B)/kernel.bin: $(B)/kernel.elf
	$(Q)$(OBJCOPY) -O binary $< $@

# What the kernel takes of memory when it runs. The loader is linked with 32-bit addresses and can't
# read the kernel's symbols itself.
kernel_memory_size = $(if $(KERNEL_BIN),--defsym=kernel_memory_size=$$($(NM) $(B)/kernel.elf | awk \
	'{ value[$$3] = "0x" $$1 } END { print value["kernel_end"] "-" value["kernel_start"] }'))

# The boot area: MBR, stage 2 and kernel, laid out by boot.ld.
$(B)/boot.elf: $(BOOT_OBJECTS) $(B)/boot/boot.ld $(KERNEL_BIN) $(B)/sources
	$(call say,LD,$@)
	$(Q)$(LD) -m elf_i386 $(LD_FLAGS) -T $(B)/boot/boot.ld $(kernel_memory_size) \
		$(if $(ROOT),--defsym=root_mebibytes=$(ROOT_MIB)) -o $@ $(BOOT_OBJECTS) $(KERNEL_BIN:%=-b binary %)

ifndef ROOT
$(IMAGE): $(B)/boot.elf
	$(call say,IMAGE,$@)
	$(Q)$(OBJCOPY) -O binary $< $@
else
# What the guest wrote stays when only the boot area changes. When the files change that the root
# file system was made from, the disk starts afresh and the old one is kept beside it.
.PRECIOUS: $(IMAGE)
$(IMAGE): $(B)/boot.elf $(ROOT).list
	$(call say,IMAGE,$@)
	$(Q)$(OBJCOPY) -O binary $< $(B)/boot.img
	$(Q)if [ -f $@ ] && cmp -s $(ROOT).list $(ROOT).made; then \
		dd if=$(B)/boot.img of=$@ bs=1048576 conv=notrunc 2>/dev/null || { \
			touch -t 198001010000 $@; echo '$@: cannot be written' >&2; exit 1; }; \
	else \
		rm -f $(ROOT).made; $(make_root) && cat $(ROOT).list > $(ROOT).made && \
		if [ -f $@ ]; then mv -f $@ $@.old; \
			echo 'What the disk was made from has changed: it starts afresh. The old one is $@.old'; fi && \
		mv -f $@.new $@; \
	fi

# All that goes into the root file system: kind, contents and name of each file.
$(ROOT).list: $(PROGRAM_FILES) $(USER_TEST_FILES) FORCE
	@mkdir -p $(@D)
	@(echo '$(ROOT_MIB) MiB $(LINKS)'; cksum $(PROGRAM_FILES) $(USER_TEST_FILES) < /dev/null; \
		for folder in rootfs '$(ROOT_EXTRA)'; do [ -z "$$folder" ] || (cd "$$folder" && \
		find . ! -name .gitkeep | sort | while IFS= read -r name; do \
		if [ -h "$$name" ]; then echo "link $$name $$(readlink "$$name")"; \
		elif [ -d "$$name" ]; then echo "folder $$name"; \
		elif [ -x "$$name" ]; then echo "program $$(cksum "$$name")"; \
		else echo "file $$(cksum "$$name")"; fi; done) || exit; done) > $@.new
	@cmp -s $@.new $@ || cp $@.new $@; rm -f $@.new

# The same files give the same file system, whoever makes it, when and where: identifiers are fixed,
# the host's mke2fs.conf is not read, rights follow from whether a file is a program, and debugfs
# sets what mke2fs -d takes from the builder's files (inodes from 12 on, one for each). It is 2026-01-01.
ROOT_TIME := 1767225600
ROOT_FEATURES := ext_attr,resize_inode,dir_index,filetype,sparse_super,large_file
ROOT_UUID := 676e7552-0000-4000-8000-00000000000
ROOT_OPTIONS := offset=1048576,hash_seed=$(ROOT_UUID)2,root_owner=0:0,lazy_itable_init=0,nodiscard
define ROOT_CONFIG
[defaults]
  base_features = none
[fs_types]
  ext2 = {
    inode_ratio = 8192
  }
  small = {
    inode_ratio = 8192
  }
endef
$(IMAGE): export ROOT_CONFIG := $(ROOT_CONFIG)
hash := \#
# LINKS are more names of programs, as in `LINKS := more=less`. What a reader put into rootfs comes first.
add_programs = $(if $(PROGRAM_FILES),mkdir -p $(ROOT)/bin && for program in $(PROGRAM_FILES); do \
	[ -e $(ROOT)/bin/$${program$(hash)$(hash)*/} ] || cp $$program $(ROOT)/bin || exit; done && \
	for link in $(LINKS); do ln -sf "$${link$(hash)*=}" "$(ROOT)/bin/$${link%%=*}" || exit; done && \
	$(if $(USER_TEST_FILES),mkdir -p $(ROOT)/test && cp $(USER_TEST_FILES) $(ROOT)/test &&) )
make_root = $(call need,mke2fs debugfs) && rm -rf $(ROOT) $@.new && cp -RP rootfs $(ROOT) && \
	$(add_programs) $(if $(ROOT_EXTRA),cp -RP '$(ROOT_EXTRA)'/. $(ROOT) &&) \
	find $(ROOT) -name .gitkeep -exec rm {} + && chmod -R u=rwX,go=rX $(ROOT) && \
	cat $(B)/boot.img > $@.new && \
	dd if=/dev/null of=$@.new bs=1048576 seek=$$((1 + $(ROOT_MIB))) 2>/dev/null && \
	printf '%s\n' "$$ROOT_CONFIG" > $(ROOT).conf && export E2FSPROGS_FAKE_TIME=$(ROOT_TIME) && \
	MKE2FS_CONFIG=$(ROOT).conf mke2fs -q -t ext2 -j -J size=4 -b 4096 -I 256 -m 0 -L rung \
		-U $(ROOT_UUID)1 -O $(ROOT_FEATURES) -E $(ROOT_OPTIONS) -d $(ROOT) $@.new $(ROOT_MIB)M && \
	find $(ROOT) | awk 'NR > 1 { for (n = split("uid 0,gid 0,atime,ctime,mtime", field, ","); n; n--) \
		print "set_inode_field <" NR + 10 "> " field[n] (field[n] ~ /time/ ? " @$(ROOT_TIME)" : "") }' \
		> $(ROOT).debugfs && \
	debugfs -w -f $(ROOT).debugfs '$@.new?offset=1048576' > $(ROOT).log 2>&1
endif

-include $(wildcard $(patsubst %.o,%.d,$(BOOT_OBJECTS) $(KERNEL_OBJECTS) $(PROGRAM_OBJECTS) $(LIBC_OBJECTS)) \
	$(if $(USER_TESTS),$(B)/user/test/*.d) $(B)/boot/boot.ld.d \
	$(B)/kernel/kernel.ld.d)

.PHONY: clean
clean:
	$(Q)rm -rf build

# ---- Run ----

ACCEL ?= tcg
MACHINE ?= pc
MEM ?= 128M
CMDLINE ?=
DISPLAY_MODE ?=
QEMU_EXTRA ?=
GDB_PORT ?= 1234
BOCHS_DISPLAY ?= rfb

# Puts the kernel's command line into the image: 128 bytes in the last sector of the boot area.
set_command_line = $(if $(filter command_line.c,$(boot)),line='$(CMDLINE)'; \
	[ $$(printf %s "$$line" | wc -c) -le 127 ] || { echo 'CMDLINE: at most 127 bytes fit' >&2; exit 1; }; \
	{ printf %s "$$line"; head -c 128 /dev/zero; } | head -c 128 | \
	dd of=$(IMAGE) bs=128 seek=8188 conv=notrunc 2>/dev/null,:)

# A window where there is a screen, this terminal where there is none.
choose_display = mode='$(DISPLAY_MODE)'; \
	if [ -z "$$mode" ]; then mode=none; \
	[ -z "$$DISPLAY$$WAYLAND_DISPLAY" ] && [ "$$(uname)" != Darwin ] || mode=window; fi; \
	case $$mode in none) display='-display none';; window) display=;; *) display="-display $$mode";; esac; \
	case $$mode in none) echo 'The console is this terminal. Ctrl-A X quits.';; \
	*) echo 'The serial port is this terminal. Ctrl-A X here quits, as does closing the window.';; esac

# A kernel without an interrupt table can't report an exception: the processor resets. Then QEMU
# keeps a log of exceptions and stops at the reset, and we say what happened.
FAULTS := $(if $(filter kernel/cpu/idt.c,$(KERNEL_SOURCES)),,$(B)/faults.log)
report_fault = status=$$?; $(if $(FAULTS),sh -c "$$REPORT_FAULT" || exit 1;) exit $$status

qemu = $(QEMU) -accel $(ACCEL) -machine $(MACHINE) -m $(MEM) -drive file=$(IMAGE),format=raw \
	-serial mon:stdio $(FAULTS:%=-no-reboot -d int,cpu_reset -D %) $(QEMU_EXTRA)

.PHONY: run
run: $(IMAGE)
	@$(call need,$(QEMU))
	$(Q)$(set_command_line)
	@$(choose_display); $(if $(V),set -x;) $(qemu) $$display; $(report_fault)

# gdb wants the registers of one processor throughout: a 64-bit one where the kernel is 64-bit code.
# Breakpoints are hardware ones, since what they stand in has not been loaded yet.
.PHONY: debug
debug: QEMU := $(if $(filter 64,$(KERNEL_BITS)),$(QEMU),qemu-system-i386)
debug: $(IMAGE)
	@$(call need,$(QEMU))
	$(Q)$(set_command_line)
	$(Q)printf '%s\n' 'set confirm off' $(if $(KERNEL_BIN),'symbol-file $(B)/kernel.elf') \
		'add-symbol-file $(B)/boot.elf' \
		'set architecture i386$(if $(filter 64,$(KERNEL_BITS)),:x86-64)' \
		'target remote localhost:$(GDB_PORT)' 'thbreak *0x7c00' 'thbreak main' \
		$(if $(KERNEL_BIN),'thbreak kmain') > $(B)/debug.gdb
	@$(choose_display); \
	echo 'The machine waits for gdb. In another terminal, in this folder:  gdb -x $(B)/debug.gdb'; \
	echo 'Then: continue (to 0x7c00, to main$(if $(KERNEL_BIN),$(comma) to kmain)), next, step, print, backtrace, hbreak FUNCTION.'; \
	$(if $(V),set -x;) $(qemu) -S -gdb tcp:localhost:$(GDB_PORT) $$display; $(report_fault)

# Of the exceptions that led to a triple fault the first is the guilty one: "old: 0xffffffff" says
# that none was being delivered before it; but a second one whose error code names the first one's
# gate (bit 1, the vector above bit 3) only says that this gate is missing. Addresses below 1 MiB are the loader's; the kernel may
# still run at its physical address, where symbols have the virtual one.
define REPORT_FAULT
grep -q '^Triple fault' $(FAULTS) || exit 0
set -- $$(awk '
    function hex(text, i, n) {
        for (i = 1; i <= length(text); i++) n = 16 * n + index("0123456789abcdef", substr(text, i, 1)) - 1
        return n
    }
    /^check_exception old: 0xffffffff/ { first = 1 }
    /^ *[0-9]+: v=/ {
        for (i = 1; i <= NF; i++) { split($$i, part, "="); new[part[1]] = part[2] }
        error = hex(new["e"])
        if (first && !(vector != "" && int(error / 2) % 2 && int(error / 8) == hex(vector))) {
            for (i in new) value[i] = new[i]
            registers = 1
        }
        vector = new["v"]; first = 0
    }
    registers && /CR2=/ { sub(/.*CR2=/, ""); cr2 = $$1; registers = 0 }
    END { print value["v"], value["e"], value["pc"], cr2 }' $(FAULTS))
case $$1 in
    00) name='divide error';; 03) name='breakpoint';; 06) name='invalid opcode';;
    08) name='double fault';; 0d) name='general protection';; 0e) name='page fault';; *) name='other';;
esac
case $$3 in 00000000000*) elf=$(B)/boot.elf;; *) elf=$(firstword $(KERNEL_BIN:.bin=.elf) $(B)/boot.elf);; esac
for address in $$3 ffffffff8$${3#?????????}; do
    place=$$($(SYMBOLIZER) --pretty-print -e $$elf 0x$$address 2>/dev/null | head -n 1)
    case $$place in ''|'??'*) place=;; *) break;; esac
done
echo
echo 'The machine was reset: an exception could not be delivered (triple fault). It began with'
echo "  vector $$1h, $$name, error code $$2"
echo "  RIP $$3  $$place"
echo "  CR2 $$4"
echo '(all registers: $(FAULTS))'
exit 1
endef
run debug: export REPORT_FAULT := $(REPORT_FAULT)

# ---- The second emulator ----

define BOCHSRC
config_interface: textconfig
display_library: $(BOCHS_DISPLAY)$(if $(filter rfb,$(BOCHS_DISPLAY)),$(comma) options="timeout=0")
romimage: file=SHARE/BIOS-bochs-latest
vgaromimage: file=SHARE/VGABIOS-lgpl-latest
cpu: model=ryzen, count=1, ips=50000000, reset_on_triple_fault=0
memory: guest=128, host=128
ata0-master: type=disk, path="$(B)/bochs.img", mode=flat, cylinders=CYLINDERS, heads=16, spt=63
boot: disk
com1: enabled=1, mode=file, dev=/dev/stdout
sound: driver=dummy
clock: sync=none, time0=946684800
log: $(B)/bochs.log
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
endef
comma := ,

# The image is padded to whole cylinders. A Bochs with a debugger starts stopped: "c" continues. Bochs
# empties the file that it writes the serial port to: a pipe keeps what was there.
.PHONY: bochs
bochs: export BOCHSRC := $(BOCHSRC)
bochs: $(IMAGE)
	$(Q)$(set_command_line)
	@program=$$(command -v bochs-bin || command -v bochs) || { \
		echo "bochs is not installed: run 'make setup' in the folder above" >&2; exit 1; }; \
	for share in "$$BXSHARE" /usr/share/bochs /usr/local/share/bochs /opt/homebrew/share/bochs; do \
		[ -f "$$share/BIOS-bochs-latest" ] && break; done; \
	bytes=$$(wc -c < $(IMAGE)); cylinders=$$(( (bytes + 516095) / 516096 )); \
	cp $(IMAGE) $(B)/bochs.img; rm -f $(B)/bochs.img.lock; \
	dd if=/dev/null of=$(B)/bochs.img bs=516096 seek=$$cylinders 2>/dev/null; \
	printf '%s\n' "$$BOCHSRC" | sed -e "s|SHARE|$$share|; s|CYLINDERS|$$cylinders|" > $(B)/bochsrc; \
	echo c > $(B)/bochs.rc; commands=; \
	"$$program" --help 2>&1 | grep -q -e '-rc ' && commands='-rc $(B)/bochs.rc'; \
	echo 'The serial port is this terminal$(if $(filter rfb,$(BOCHS_DISPLAY)),$(comma) the screen is at \
	VNC port 5900). Ctrl-C and then "quit" ends it.$(if $(ROOT), It runs on a copy of the disk.)'; \
	"$$program" -q -f $(B)/bochsrc $$commands 2> $(B)/bochs.err | cat

# ---- Look ----

# The loader is 16-bit code but for what runs after its switch to protected mode; the entry code of a
# 64-bit kernel is 32-bit code but for what runs after the switch to long mode.
CODE_32 := protected_mode_enter.protected
CODE_64 := long_mode
all_but = awk '/^[0-9a-f]+ </ { hidden = index($$0, "<$(1)>:") } !hidden'

.PHONY: disasm
disasm: $(B)/boot.elf
	@$(call need,$(OBJDUMP))
	$(Q){ $(OBJDUMP) -d --triple=i386-none-code16 $< | $(call all_but,$(CODE_32)); \
		$(if $(KERNEL_BIN),$(OBJDUMP) -d --disassemble-symbols=$(CODE_32) $<; \
		$(if $(filter 64,$(KERNEL_BITS)),$(OBJDUMP) -d -j .entry --triple=i386-none-elf $(B)/kernel.elf | \
		$(call all_but,$(CODE_64)); $(OBJDUMP) -d --disassemble-symbols=$(CODE_64) $(B)/kernel.elf;) \
		$(OBJDUMP) -d -j .text $(if $(filter 32,$(KERNEL_BITS)),-j .entry) $(B)/kernel.elf;) } \
		| if [ -t 1 ]; then $${PAGER:-less}; else cat; fi

# What clangd needs; it looks into build/ by itself.
as_json = $(foreach word,$(1),"$(subst ",\",$(subst ',,$(word)))"$(comma))
compile_command = {"directory": "$(CURDIR)", "file": "$(2)", "arguments": [$(call \
	as_json,$(CC) $(1)) "-c", "$(2)"]}$(comma)
define COMPILE_COMMANDS
[
$(foreach source,$(filter %.c,$(BOOT_SOURCES)),$(call compile_command,$(BOOT_CFLAGS),$(source))
)$(foreach source,$(filter %.c,$(KERNEL_SOURCES) $(TEST_SOURCES:%=../tests/kernel/%)),$(call \
	compile_command,$(KERNEL_CFLAGS),$(source))
)$(foreach source,$(filter %.c,$(PROGRAM_SOURCES)),$(call compile_command,$(PROGRAM_CFLAGS),$(source))
)]
endef

.PHONY: compdb
compdb: export COMPILE_COMMANDS := $(COMPILE_COMMANDS)
compdb:
	@mkdir -p $(B)
	$(Q)printf '%s\n' "$$COMPILE_COMMANDS" | awk '{ line[NR] = $$0 } \
		END { sub(/,$$/, "", line[NR - 1]); for (i = 1; i <= NR; i++) print line[i] }' > $(B)/compile_commands.json

# ---- With the rest of the repository ----

whole_tree = [ -f ../Makefile ] && [ -d ../tests ] && [ -d ../tools ] || { \
	echo "make $@ needs the whole repository: there is no tests/ and tools/ beside this folder" >&2; exit 1; }

.PHONY: test diff bench
test diff bench:
	@$(whole_tree)
	@$(MAKE) --no-print-directory -C .. $@ CH=$(NUMBER)

.PHONY: test-kernel
test-kernel:
	@$(whole_tree)
	@$(MAKE) --no-print-directory TEST=1 all

# ---- Help ----

define HELP
make [all]         build the disk image, $(IMAGE)
make run           boot it in QEMU
make debug         boot it stopped, and say how to attach gdb
make bochs         boot it in Bochs, the stricter emulator
make disasm        the machine code, 16-bit and kernel
make test          test this chapter          (needs the whole repository,
make diff          what this chapter changed   as do these: ALL=1 with text and demo)
make bench         measure this chapter
make test-kernel   build the kernel that tests itself, in build/test/
make compdb        build/compile_commands.json for clangd
make clean         remove build/

Variables, as in make run MEM=64M:
MEM=$(MEM)  MACHINE=$(MACHINE)  ACCEL=$(ACCEL)   of the machine (ACCEL=kvm: fast, no report of a reset)
CMDLINE="..."      the kernel's command line
DISPLAY_MODE=none  no window; window, or what QEMU's -display takes
QEMU_EXTRA="..."   more arguments for QEMU
LLVM=-22           clang-22 and so on, or a folder ending in a slash
SAN=1              kernel with the undefined behaviour sanitizer, in build/san/
V=1                show the commands
endef

.PHONY: help
help: export HELP := $(HELP)
help:
	@printf '%s\n' "$$HELP"

endif
