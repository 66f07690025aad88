// SPDX-License-Identifier: GPL-2.0
/*
 * The reference part of halbd.conf(5), from the grammar's own rows, so that neither has
 * a keyword that the other has not. conf_manual.sh puts it in and compares.
 */
#include <string.h>

#include "conf_priv.h"

static void print_range(const struct conf_row *row)
{
	if (row->take == take_time)
		printf(" (seconds, %g to %g)", (double)row->min / 1e6, (double)row->max / 1e6);
	else if (row->take == take_haproxy_time)
		printf(" (milliseconds, or with a unit)");
	else if (row->take == take_bool || row->take == take_tristate)
		printf(" (true or false; alone: true)");
	else if (row->take == take_u8 || row->take == take_u16 || row->take == take_u32 ||
		 row->take == take_int)
		printf(" (%lld to %lld)", (long long)row->min, (long long)row->max);
}

static void print_text(const char *text)
{
	for (; *text; text++)
		if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
}

static void print_row(const struct conf_row *row)
{
	fputs(".TP\n.B ", stdout);
	print_text(row->keyword);
	fputs(row->flags & ROW_BLOCK ? " { }\n" : "\n", stdout);
	if (row->flags & ROW_NO_EFFECT)
		fputs("No effect: ", stdout);
	else if (row->flags & ROW_REFUSED)
		fputs("Not supported: ", stdout);
	print_text(row->effect);
	print_range(row);
	if (row->flags & ROW_DEPRECATED)
		printf("; an old name of %s", row->instead);
	if (row->flags & ROW_OURS)
		fputs("; not in keepalived", stdout);
	fputs(".\n", stdout);
}

int main(void)
{
	const struct conf_block *block;

	for (size_t b = 0; (block = conf_block_at(b)); b++) {
		fputs(".SS ", stdout);
		print_text(!strcmp(block->name, "top") ? "The top level" :
			   !strcmp(block->name, "connection") ? "Of every check that connects" :
			   !strcmp(block->name, "check") ? "Of every check" : block->name);
		putchar('\n');
		if (block->also && !strcmp(block->also, "connection"))
			puts("With the keywords of every check that connects.");
		else if (block->also)
			puts("With the keywords of every check.");
		for (size_t i = 0; i < block->count; i++)
			print_row(&block->rows[i]);
	}
	return 0;
}
