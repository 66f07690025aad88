// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU's TCG: which guest instructions ran between two calls of gen_mark() in
 * gen.c, exactly.
 *
 *	qemu-system-x86_64 -plugin profile.so,mark=ADDRESS,out=FILE
 *
 * FILE gets a line "ADDRESS INSTRUCTIONS EXECUTIONS" for every block that ran between the last
 * two marks. profile.sh makes it a table of functions. QEMU's own header is not packaged by
 * Debian: what is used of its interface (version 1) is declared here.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;

enum { QEMU_PLUGIN_CB_NO_REGS };
enum { QEMU_PLUGIN_INLINE_ADD_U64 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*cb)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*cb)(unsigned int, void *), int flags, void *data);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *ptr,
					      uint64_t imm);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

struct block {
	struct block *next;
	uint64_t addr, insns, runs, before;
};

/* one CPU under -icount: no lock is needed */
static struct block *blocks;
static uint64_t mark;
static char out[4096];

static void at_mark(unsigned int cpu, void *data)
{
	FILE *f = fopen(out, "w");
	struct block *b;

	(void)cpu, (void)data;
	if (!f)
		return;
	for (b = blocks; b; b = b->next) {
		if (b->runs != b->before)
			fprintf(f, "%llx %llu %llu\n", (unsigned long long)b->addr,
				(unsigned long long)b->insns,
				(unsigned long long)(b->runs - b->before));
		b->before = b->runs;
	}
	fclose(f);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct block *b = calloc(1, sizeof(*b));

	(void)id;
	if (!b)
		abort();
	b->addr = qemu_plugin_tb_vaddr(tb);
	b->insns = qemu_plugin_tb_n_insns(tb);
	b->next = blocks;
	blocks = b;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &b->runs, 1);
	if (b->addr == mark)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, at_mark, QEMU_PLUGIN_CB_NO_REGS, NULL);
}

__attribute__((visibility("default")))
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "mark=", 5))
			mark = strtoull(argv[i] + 5, NULL, 16);
		else if (!strncmp(argv[i], "out=", 4))
			snprintf(out, sizeof(out), "%s", argv[i] + 4);
		else
			return -1;
	}
	if (!mark || !*out)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
