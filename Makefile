# SPDX-License-Identifier: GPL-2.0
# The user's face of the project; `make help` lists the targets. What is fresh
# and what is not is known to the scripts, so every target always calls them.

HV ?= pv32
override BUILD := $(abspath $(or $(BUILD),build))
export HV BUILD

# Not one for the scripts' own makes.
unexport MAKEFLAGS
.NOTPARALLEL:
.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@echo "make TARGET [VARIABLE=value ...]"
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | \
		awk -F '\t' '{ printf "  %-16s %s\n", $$1, $$2 }'
	@echo
	@sed -n 's/^#: \(.*\)/  \1/p' Makefile

#: HV=pv32|shim     hypervisor: Xen with 32-bit PV, or Debian's with the PV shim
#: ROOT=debian      what `make boot` boots: a Debian system instead of a busybox
#: LOADER=xl|pvgrub kernel of ROOT=debian: the built one, or the one on its disk
#: MEM=<MiB>        memory of the guest `make boot` starts (128; Debian 256)
#: LINUX=<dir>      your own tree instead of Debian's; a copy of it is used
#: CONFIG=<file>    your own .config instead of the default configuration
#: BUILD=<dir>      where everything is built (build)
#: TREE=<version>   another Linux: 6.1 or 7.2 (6.12); built in build/<version>
#: TREEDIR=<dir>    where the patched tree is made (build/linux)
#: CC=clang|gcc     compiler of the kernel: clang is 19; built in build/clang
#: LLVM=1           clang, and LLVM's linker and tools; built in build/llvm
#: OF=x86_64|arm64|pae|allmod   check-native compares the objects of these instead
#: POST=<options>   for scripts/post; see its --help
#: MOVE=<options>   for scripts/migrate; see its --help
#: ROWS=<rows>      `make matrix` of these only; see scripts/matrix --help
#: TURN=<minutes>   the row of `make matrix` that is CI's today, if it builds in those
#: XEN=4.20         trixie's Xen instead of bookworm's, with HV=shim
#: RUNS=<number>    how often `make bench` measures (3)
#: J=<jobs>         compilers at a time (one a processor)

.PHONY: boot kernel tree lab deb image
boot: kernel lab $(if $(filter debian,$(ROOT)),image) ## a shell inside a 32-bit Xen guest; Ctrl-] or poweroff leaves it
	@scripts/boot --hv $(HV) $(if $(MEM),--memory $(MEM)) \
		$(if $(ROOT),--root $(ROOT)) $(if $(LOADER),--loader $(LOADER))

kernel: ## the guest's kernel, from the tree with the stack applied
	@scripts/kernel

tree: ## a Linux tree with the stack applied, in build/linux
	@scripts/tree $(if $(TREEDIR),--output "$(TREEDIR)")

lab: ## the hypervisor, dom0 and the guest's user space
	@scripts/lab-hypervisor $(HV)
	@scripts/lab-dom0
	@scripts/lab-guest-initrd

deb: ## Debian packages of the kernel and of its headers, in build/deb
	@scripts/deb

image: ## the disk of a Debian i386 system with that kernel, for ROOT=debian
	@scripts/image
	@scripts/lab-pvgrub

.PHONY: refresh footprint
refresh: ## write the adding patches anew from the three source folders
	@scripts/refresh

footprint: ## the existing kernel files the stack modifies, with lines and totals
	@scripts/footprint

.PHONY: bench
bench: ## the guest's speed, beside a native kernel's and a 64-bit guest's, in build/results/bench
	@scripts/bench --hv $(HV) $(if $(RUNS),--runs $(RUNS))

.PHONY: migrate
migrate: kernel lab image ## a Debian guest moves between two machines while it works, beside a 64-bit guest
	@scripts/lab-devices
	@scripts/lab-qemu
	@scripts/migrate $(MOVE)

.PHONY: check check-all check-boot check-devices check-smp check-life check-proof
.PHONY: check-speed
.PHONY: check-native check-patches check-static check-bisect
check: ## the short tests of all groups
	@scripts/check

check-all: ## all tests, the long ones too
	@scripts/check --long

check-boot: ## the tests of the group boot: the guest under both hypervisors
	@scripts/check --group boot

check-devices: ## the tests of the group devices: disks, network, the others, a Debian system
	@scripts/check --group devices

check-smp: ## the tests of the group smp: many vCPUs, much memory, right time
	@scripts/check --group smp

check-life: ## the tests of the group life: saved, restored, moved, crashed, controlled
	@scripts/check --group life

check-speed: ## the tests of the group speed: how many hypercalls an operation makes
	@scripts/check --group speed

check-proof: ## the tests of the group proof: the mails, the documentation, the scripts below
	@scripts/check --group proof

check-native: ## a native i386 kernel is the same with and without the stack
	@scripts/check-native $(if $(OF),--arch $(OF))

check-static: ## nothing new from W=1, sparse, clang, kernel-doc and coccinelle
	@scripts/tree $(if $(TREEDIR),--output "$(TREEDIR)")
	@scripts/tree --unpatched
	@scripts/check-static

check-bisect: lab ## each patch by itself builds in every configuration, without a new warning, and boots
	@scripts/check-bisect

check-patches: ## sources and patches agree, README's footprint, checkpatch
	@scripts/refresh --check
	@scripts/footprint --check-readme
	@scripts/tree $(if $(TREEDIR),--output "$(TREEDIR)")
	@scripts/checkpatch

.PHONY: matrix
matrix: ## builds, boots and tests each tree, Xen and compiler; the table is Documentation/matrix.rst
	@scripts/matrix $(if $(TURN),--turn --minutes $(TURN),$(or $(ROWS),--write))

.PHONY: post
post: ## the series as mails under your git identity, in build/post; sends nothing
	@scripts/tree $(if $(TREEDIR),--output "$(TREEDIR)")
	@scripts/post $(POST)

.PHONY: clean distclean
clean: ## remove what was built; trees and downloads stay
	@scripts/clean

distclean: ## remove the build folder
	@scripts/clean --all
