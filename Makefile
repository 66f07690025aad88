# SPDX-License-Identifier: GPL-2.0
# halb: the kernel module and its tools. `make help` lists the targets.

# SHELL=1 on the command line asks the demo for a shell; it is not make's own shell.
ifeq ($(origin SHELL),command line)
DEMO_SHELL := $(SHELL)
MAKEOVERRIDES := $(filter-out SHELL=%,$(MAKEOVERRIDES))
endif
override SHELL := /bin/bash

HALB_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/halb
export HALB_CACHE

# The kernel to build for: the running one, or KVER=, or its build directory KDIR=.
KVER ?= $(shell uname -r)
ifndef KDIR
KDIR := $(firstword $(wildcard /lib/modules/$(KVER)/build \
	$(HALB_CACHE)/kernels/$(KVER)/usr/src/linux-headers-$(KVER)) /lib/modules/$(KVER)/build)
endif

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
SPECDIR ?= $(PREFIX)/share/ynl/specs
UNITDIR ?= $(PREFIX)/lib/systemd/system
MODDIR ?= /lib/modules/$(KVER)/updates
DEPMOD ?= /sbin/depmod

# Tests: both kernels unless K= names one; all scripts unless T= names some.
K ?= 6.1 6.12
T ?=
VM := selftests/vm

ifdef DEBUG
module-flags := DEBUG=$(DEBUG) KCFLAGS=-DDEBUG
endif

.PHONY: all module tools install uninstall clean help generate
.PHONY: deps kernels vm-modules demo check debug-module check-debug style bench bench-compare mutate
.DEFAULT_GOAL := all

all: module tools

module:
	@test -e $(KDIR)/Makefile || { \
		echo "No kernel headers in $(KDIR)." >&2; \
		echo "Install linux-headers-$(KVER), or name a kernel: make KVER=..., make KDIR=..." >&2; \
		exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(module-flags) modules

tools:
	@if test -e tools/Makefile; then $(MAKE) --no-print-directory -C tools; fi

install: all
	install -d $(DESTDIR)$(MODDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(MANDIR)/man8 \
		$(DESTDIR)$(BASHCOMPDIR) $(DESTDIR)$(SPECDIR)
	install -m 644 kmod/halb.ko $(DESTDIR)$(MODDIR)/halb.ko
	for f in $(wildcard tools/halbctl tools/halbd); do install -m 755 $$f $(DESTDIR)$(SBINDIR)/; done
	for f in $(wildcard tools/*.8); do install -m 644 $$f $(DESTDIR)$(MANDIR)/man8/; done
	install -d $(DESTDIR)$(MANDIR)/man5
	for f in $(wildcard tools/*.5); do install -m 644 $$f $(DESTDIR)$(MANDIR)/man5/; done
	for f in $(wildcard tools/halbctl.bash-completion); do \
		install -m 644 $$f $(DESTDIR)$(BASHCOMPDIR)/halbctl; done
	install -m 644 uapi/halb.yaml $(DESTDIR)$(SPECDIR)/halb.yaml
	@# Started by nobody: that is for whoever runs the machine.
	install -d $(DESTDIR)$(UNITDIR)
	sed 's,/usr/local/sbin,$(SBINDIR),' tools/halbd.service > $(DESTDIR)$(UNITDIR)/halbd.service
	$(if $(COMPAT),ln -sf halbctl $(DESTDIR)$(SBINDIR)/ipvsadm)
	$(if $(DESTDIR),,$(DEPMOD) -a $(KVER))

uninstall:
	rm -f $(DESTDIR)$(MODDIR)/halb.ko $(DESTDIR)$(SBINDIR)/halbctl $(DESTDIR)$(SBINDIR)/halbd \
		$(patsubst tools/%,$(DESTDIR)$(MANDIR)/man8/%,$(wildcard tools/*.8)) \
		$(patsubst tools/%,$(DESTDIR)$(MANDIR)/man5/%,$(wildcard tools/*.5)) \
		$(DESTDIR)$(BASHCOMPDIR)/halbctl $(DESTDIR)$(SPECDIR)/halb.yaml \
		$(DESTDIR)$(UNITDIR)/halbd.service
	@# Only our own ipvsadm, never the real one.
	@if [ "$$(readlink $(DESTDIR)$(SBINDIR)/ipvsadm)" = halbctl ]; then \
		rm -f $(DESTDIR)$(SBINDIR)/ipvsadm; fi
	$(if $(DESTDIR),,$(DEPMOD) -a $(KVER))

# Without kernel headers, too.
clean:
	@find kmod Kbuild . -maxdepth 2 \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name 'Module.symvers' -o -name 'modules.order' \
		-o -name '.module-common.o' \) -not -path './.git/*' -delete 2>/dev/null || true
	@find kmod -name '*.o' -o -name '.*.cmd' | xargs -r rm -f
	@if test -e tools/Makefile; then $(MAKE) --no-print-directory -C tools clean; fi

generate: deps
	@tree=$$($(VM)/source.sh) && uapi/generate.sh "$$tree"

# --- tests --------------------------------------------------------------------------

deps:
	@$(VM)/deps.sh

kernels: deps
	@$(VM)/kernels.sh $(K)

# The module for each kernel under test, beside each other in the cache, plain and DEBUG=1.
vm-modules: deps tools
	@set -o pipefail; $(VM)/kernels.sh $(filter-out debug,$(K)) | while read -r series kver kdir; do \
		echo "Building the module for $$kver"; \
		$(VM)/build.sh $$kver $$kdir > /dev/null || exit 1; \
		HALB_VARIANT=debug $(VM)/build.sh $$kver $$kdir DEBUG=1 KCFLAGS=-DDEBUG > /dev/null || exit 1; \
	done

demo: override K := $(lastword $(K))
demo:
	@$(MAKE) --no-print-directory vm-modules K=$(K)
	@$(VM)/run.sh -k $(K) $(if $(DEMO_SHELL),-s) selftests/demo.sh

check:
	@$(MAKE) --no-print-directory vm-modules K="$(K)" || { echo "0 passed, 1 failed"; exit 1; }
	@$(VM)/check.sh -k "$(K)" $(T)

# The same on the kernel that watches (KASAN, lockdep, kmemleak, ...): debug-kernel.sh builds it
# once, which takes 20 to 30 minutes on two cores. DEBUG=1 is the module that runs there.
debug-module: deps tools
	@set -o pipefail; $(VM)/debug-kernel.sh | while read -r _ kver kdir; do \
		echo "Building the module for $$kver"; \
		HALB_VARIANT=debug $(VM)/build.sh $$kver $$kdir DEBUG=1 KCFLAGS=-DDEBUG > /dev/null || exit 1; \
	done

check-debug:
	@$(MAKE) --no-print-directory debug-module || { echo "0 passed, 1 failed"; exit 1; }
	@$(VM)/check.sh -k debug $(T)

# What a packet costs beside ip_vs and nftables: selftests/bench/README.md. ROWS='udp4-dr/*'.
bench: override K := $(lastword $(K))
bench:
	@$(MAKE) --no-print-directory vm-modules K=$(K) > /dev/null
	@selftests/bench/run.sh -k $(K) $(ROWS)

bench-compare: override K := $(lastword $(K))
bench-compare:
	@$(MAKE) --no-print-directory vm-modules K=$(K) > /dev/null
	@K=$(K) selftests/bench/compare.sh $(BASE) $(ROWS)

style: deps
	@selftests/unit/style.t

# K= names one kernel; M= a regular expression, those mutants whose name matches.
mutate: override K := $(lastword $(K))
mutate: deps tools
	@$(VM)/kernels.sh $(K) > /dev/null
	@selftests/mutate/run.py -k $(K) "$(M)"

help:
	@echo 'halb: a layer-4 load balancer for Linux'
	@echo
	@echo '  make                 the module kmod/halb.ko and the tools'
	@echo '                         KVER=6.12.1-amd64  for that kernel, not the running one'
	@echo '                         KDIR=/path         against these headers'
	@echo '                         DEBUG=1            with the self-tests that run at insmod'
	@echo '  make module | tools  one of the two'
	@echo '  make install         DESTDIR=, PREFIX=/usr/local; COMPAT=1 also installs the name ipvsadm'
	@echo '  make uninstall       removes what install put there'
	@echo '  make clean'
	@echo '  make generate        the netlink code from uapi/halb.yaml'
	@echo
	@echo '  make demo            real HTTP through a VIP, in a VM; SHELL=1 leaves a shell in it'
	@echo '  make check           the whole test suite: on the host, and in a VM per kernel'
	@echo '                         T="nat dr@6.1"     only these scripts, one of them on 6.1 only'
	@echo '                         K=6.12             only this kernel'
	@echo '  make check-debug     the scripts on a kernel with KASAN, lockdep, kmemleak and more;'
	@echo '                         builds that kernel first, once (20 to 30 minutes), T= as above'
	@echo '  make bench           instructions per packet beside ip_vs and nftables, in a VM;'
	@echo '                         ROWS="udp4-dr/*"   only these rows'
	@echo '  make bench-compare   BASE=revision: what changed since then; ROWS= as above'
	@echo '  make mutate          breaks the sources in some eighty ways: for each, does a test fail?'
	@echo '                         M=checksum         only those whose name matches'
	@echo '  make style           sparse, W=1, checkpatch, shellcheck, mandoc'
	@echo
	@echo 'demo and check install what they need with apt, and need root. One script by hand:'
	@echo '  selftests/vm/run.sh -k 6.1 selftests/nat.sh'
