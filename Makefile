# The whole repository. `make setup run` installs what is missing and boots the newest chapter,
# `make help` lists the goals. CH=06 picks a chapter.

.DEFAULT_GOAL := help

ifneq ($(filter 3.%,$(MAKE_VERSION)),)
# Too old for what follows (macOS): let a newer make do it. It may come with `make setup`.
.PHONY: newer-make setup
setup:
	@tools/setup setup
$(or $(filter-out setup,$(MAKECMDGOALS)),help): newer-make
newer-make: $(filter setup,$(MAKECMDGOALS))
	@PATH="$$PATH:/opt/homebrew/bin:/usr/local/bin"; command -v gmake >/dev/null || { \
		echo 'GNU make 4.0 or newer is needed, this is $(MAKE_VERSION): brew install make, then gmake' >&2; \
		exit 1; }; \
	gmake --no-print-directory $(or $(filter-out setup,$(MAKECMDGOALS)),help)
else

# Goals run in the order of the command line, also with -j: run and test need what setup installs.
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules --no-print-directory

CHAPTERS := $(sort $(wildcard ch[0-9][0-9]-*))
NUMBER := $(patsubst ch%,%,$(firstword $(subst -, ,$(CH))))
NUMBER := $(if $(filter 1 2 3 4 5 6 7 8 9,$(NUMBER)),0)$(NUMBER)
CHAPTER := $(if $(CH),$(filter ch$(NUMBER)-%,$(CHAPTERS)),$(lastword $(CHAPTERS)))
$(if $(CHAPTER),,$(if $(CH),$(error There is no chapter $(CH). There are: $(CHAPTERS))))

PYTHON := tools/python
JOBS ?= $$(getconf _NPROCESSORS_ONLN)
ARGS ?=
SOAK ?= 20
pytest = $(PYTHON) -m pytest -q -n $(JOBS) $(if $(CH),--chapter $(NUMBER)) $(ARGS)

.PHONY: setup doctor
setup doctor:
	@tools/setup $@

.PHONY: run debug bochs disasm test-kernel
run debug bochs disasm test-kernel:
	@$(MAKE) -C $(CHAPTER) $@

# With CH the one chapter, otherwise all of them.
.PHONY: all clean compdb
all clean compdb:
	@for chapter in $(if $(CH),$(CHAPTER),$(CHAPTERS)); do $(MAKE) -C $$chapter $@ || exit; done
	@$(if $(filter clean,$@),rm -rf build)

.PHONY: test
test:
	@$(pytest) tests

# The same with many more operations, then what depends on random numbers with other ones.
.PHONY: soak
soak:
	@RUNG_EVERY_CHAPTER=1 RUNG_FUZZ_RUNS=1000000 RUNG_ROUNDS=100 RUNG_PAGING_CHANGES=100000 RUNG_POWERCUT_STATES=10000 \
		RUNG_KERNEL_OPTIONS=switches=10000000 RUNG_EXT2_SCALE=20 RUNG_RANDOM_CALLS=10000000 \
		RUNG_TIMEOUT_SCALE=50 \
		$(pytest) tests
	@for seed in $$(seq 2 $(SOAK)); do echo "seed $$seed"; \
		$(pytest) --seed $$seed tests/kernel tests/host || exit; done

# Each patch in tests/breaks/ must turn its test red. ARGS names patches.
.PHONY: test-breaks
test-breaks:
	@$(PYTHON) tests/breaks/run.py $(if $(CH),--chapter $(NUMBER)) $(ARGS)

.PHONY: diff
diff:
	@$(PYTHON) tools/rung diff $(if $(ALL),--all) $(NUMBER_OR_LAST)
NUMBER_OR_LAST = $(patsubst ch%,%,$(firstword $(subst -, ,$(CHAPTER))))

.PHONY: bench
bench:
	@$(PYTHON) tools/bench $(if $(CH),--chapter $(NUMBER)) $(ARGS)

define HELP
make setup         install what is missing, with the system's package manager
make doctor        what is installed, and what is needed
make run           boot a chapter in QEMU: the newest, or CH=05
make test          test all chapters, or CH=05; ARGS="-k buddy" goes to pytest
make diff          what a chapter changes in the one before it; ALL=1 with text and demo
make bench         build times, boot in instructions, memory allocators
make soak          the tests with more operations and other random numbers
make test-breaks   break each claim on purpose: its test must notice
make all           build every chapter
make compdb        what clangd needs to know
make clean         remove everything built
make debug bochs disasm: as in a chapter (make -C CHAPTER help)

Chapters: $(CHAPTERS)
endef

.PHONY: help
help: export HELP := $(HELP)
help:
	@printf '%s\n' "$$HELP"

endif
