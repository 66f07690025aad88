// SPDX-License-Identifier: GPL-2.0
/*
 * -R: the lines that -S prints, or any others of the grammar. ipvsadm carries
 * them out one by one and goes on after a refusal; here all lines are read
 * first, all their changes are one transaction on top of what is configured,
 * and a bad line means that nothing was changed. What is not a change (-L, -S,
 * -Z) follows after the commit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipvsadm_restore.h"
#include "nl.h"

#define ATTEMPTS	5	/* against somebody else's changes meanwhile */

struct line {
	unsigned int number;
	struct ipvsadm_command cmd;
};

struct table {
	char *program;
	struct line *lines;
	size_t count, room;
	/* what went wrong, and where; 0: nowhere in particular */
	struct ipvsadm_error err;
	struct nl_error why;
	unsigned int bad_line;
};

/* --- reading ------------------------------------------------------------------- */

static int no_memory(struct table *t)
{
	return ipvsadm_fail(&t->err, 255, "%s", strerror(ENOMEM));
}

static struct line *new_line(struct table *t)
{
	size_t room = t->room ? 2 * t->room : 64;
	struct line *lines;

	if (t->count == t->room) {
		lines = realloc(t->lines, room * sizeof(*lines));
		if (!lines)
			return NULL;
		t->lines = lines;
		t->room = room;
	}
	return &t->lines[t->count];
}

/* Cuts text into argv[1] and on; returns argc. The word ipvsadm may stand before
 * the options, as in a script; argv has room for every word.
 */
static int cut_words(char *text, char **argv)
{
	char *state, *word;
	int argc = 1;

	for (word = strtok_r(text, " \t\r\n", &state); word;
	     word = strtok_r(NULL, " \t\r\n", &state)) {
		if (argc == 1 && *word == '#')
			break;
		if (strcmp(word, "ipvsadm"))
			argv[argc++] = word;
	}
	return argc;
}

static int parse_line(struct table *t, unsigned int number, int argc, char **argv)
{
	struct line *line = new_line(t);

	if (!line)
		return no_memory(t);
	t->bad_line = number;
	if (ipvsadm_parse(argc, argv, &line->cmd, &t->err))
		return -1;
	switch (line->cmd.verb) {
	case IPVSADM_RESTORE:
	case IPVSADM_HELP:
	case IPVSADM_VERSION:
		return ipvsadm_fail(&t->err, 255,
				    "Try `%s -h' or '%s --help' for more information.",
				    t->program, t->program);
	default:
		break;
	}
	if (ipvsadm_supported(&line->cmd, &t->err))
		return -1;
	t->bad_line = 0;
	line->number = number;
	t->count++;
	return 0;
}

static int read_line(struct table *t, unsigned int number, char *text)
{
	char **argv = calloc(strlen(text) / 2 + 3, sizeof(*argv));
	int argc, ret = 0;

	if (!argv)
		return no_memory(t);
	argv[0] = t->program;
	argc = cut_words(text, argv);
	if (argc > 1)
		ret = parse_line(t, number, argc, argv);
	free(argv);
	return ret;
}

static int read_table(struct table *t, FILE *in)
{
	unsigned int number = 0;
	char *text = NULL;
	size_t size = 0;
	int ret = 0;

	while (!ret && getline(&text, &size, in) >= 0)
		ret = read_line(t, ++number, text);
	if (!ret && ferror(in))
		ret = ipvsadm_fail(&t->err, 255, "%s", strerror(errno));
	free(text);
	return ret;
}

/* --- carrying out ---------------------------------------------------------------- */

/* Was there such a service when line n of the table was carried out? */
static bool service_existed(struct nl_ctx *ctx, const struct table *t, size_t n)
{
	const struct halb_key *key = &t->lines[n].cmd.service;
	bool exists = ipvsadm_service_exists(ctx, key);
	const struct ipvsadm_command *cmd;
	size_t i;

	for (i = 0; i < n; i++) {
		cmd = &t->lines[i].cmd;
		if (cmd->verb == IPVSADM_FLUSH)
			exists = false;
		else if (cmd->verb == IPVSADM_ADD && halb_key_equal(&cmd->service, key))
			exists = true;
		else if (cmd->verb == IPVSADM_DEL && halb_key_equal(&cmd->service, key))
			exists = false;
	}
	return exists;
}

/* Words the refusal of change number `change`. */
static int refused(struct nl_ctx *ctx, struct table *t, size_t change)
{
	const struct ipvsadm_command none = { 0 };
	struct halb_change ignored;
	size_t i;

	t->why = ctx->err;
	for (i = 0; i < t->count; i++) {
		if (!ipvsadm_to_change(&t->lines[i].cmd, &ignored) || change--)
			continue;
		t->bad_line = t->lines[i].number;
		ipvsadm_refused(&t->why, &t->lines[i].cmd, service_existed(ctx, t, i), &t->err);
		return -1;
	}
	ipvsadm_refused(&t->why, &none, true, &t->err);
	return -1;
}

/* Does line n add a service for FTP, and have all the servers that follow -m? */
static bool adds_ftp(const struct table *t, size_t n)
{
	const struct ipvsadm_command *cmd = &t->lines[n].cmd;
	bool any = false;

	if (cmd->verb != IPVSADM_ADD || !halb_key_is_ftp(&cmd->service))
		return false;
	while (++n < t->count) {
		const struct ipvsadm_command *next = &t->lines[n].cmd;

		if ((next->verb != IPVSADM_ADD_SERVER && next->verb != IPVSADM_EDIT_SERVER) ||
		    !halb_key_equal(&next->service, &cmd->service))
			continue;
		if (next->method != HALB_METHOD_NAT)
			return false;
		any = true;
	}
	return any;
}

/* 0 or a negative errno, with *failed the number of the change at fault */
static int transact(struct nl_ctx *ctx, const struct table *t, size_t *failed)
{
	struct halb_change change;
	struct nl_txn txn;
	size_t i;
	int ret;

	*failed = NL_TXN_NO_CHANGE;
	ret = nl_txn_begin(ctx, &txn, 0, NULL);
	if (ret)
		return ret;
	for (i = 0; i < t->count && !ret; i++) {
		if (!ipvsadm_to_change(&t->lines[i].cmd, &change))
			continue;
		if (adds_ftp(t, i)) {
			change.service.flags |= HALB_SERVICE_FLAG_FTP;
			change.service.flags_mask |= HALB_SERVICE_FLAG_FTP;
		}
		ret = nl_txn_put(&txn, &change);
	}
	if (!ret)
		ret = nl_txn_commit(&txn, NULL);
	*failed = txn.failed;
	return ret;
}

static bool has_changes(const struct table *t)
{
	struct halb_change ignored;
	size_t i;

	for (i = 0; i < t->count; i++) {
		if (ipvsadm_to_change(&t->lines[i].cmd, &ignored))
			return true;
	}
	return false;
}

static int carry_out(struct nl_ctx *ctx, struct table *t)
{
	int attempt, ret = 0;
	size_t failed, i;

	if (has_changes(t)) {
		for (attempt = 0; attempt < ATTEMPTS; attempt++) {
			ret = transact(ctx, t, &failed);
			if (ret != -EAGAIN)
				break;
		}
		if (ret)
			return refused(ctx, t, failed);
	}
	for (i = 0; i < t->count; i++) {
		if (IPVSADM_CHANGES & (1U << t->lines[i].cmd.verb))
			continue;
		if (ipvsadm_run(ctx, &t->lines[i].cmd, &t->err, &t->why))
			return -1;
	}
	return 0;
}

int ipvsadm_restore(FILE *in, char *program)
{
	const struct ipvsadm_command none = { .verb = IPVSADM_RESTORE };
	struct table t = { .program = program };
	struct nl_ctx ctx;
	int ret;

	ret = read_table(&t, in);
	if (!ret && nl_open(&ctx)) {
		t.why = ctx.err;
		ipvsadm_refused(&t.why, &none, true, &t.err);
		nl_close(&ctx);
		ret = -1;
	} else if (!ret) {
		ret = carry_out(&ctx, &t);
		nl_close(&ctx);
	}
	if (ret)
		ipvsadm_complain(&t.err, t.bad_line, &t.why);
	free(t.lines);
	return ret ? t.err.status : 0;
}
