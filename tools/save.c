// SPDX-License-Identifier: GPL-2.0
/* halbctl save, halbctl restore */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "grammar.h"
#include "lines.h"

/* --- save -------------------------------------------------------------------- */

static bool save_change(const struct halb_change *change)
{
	char line[GRAMMAR_LINE];

	return puts(grammar_format(change, line)) != EOF;
}

/* Stops at the first failure to write; main finds it. */
static void save_config(const struct halb_config *config)
{
	struct halb_change change = {
		.op = HALB_CHANGE_OP_SET,
		.object = HALB_OBJECT_SETTINGS,
		.settings = config->settings,
	};
	bool good = save_change(&change);

	change.op = HALB_CHANGE_OP_ADD;
	for (size_t i = 0; good && i < config->services_count; i++) {
		const struct halb_server *servers = &config->servers[config->servers_first[i]];

		change.object = HALB_OBJECT_SERVICE;
		change.service = config->services[i];
		good = save_change(&change);
		change.object = HALB_OBJECT_SERVER;
		for (size_t j = 0; good && j < config->servers_count[i]; j++) {
			change.server = servers[j];
			good = save_change(&change);
		}
	}
}

int cmd_save(const struct cli *cli, struct args *args)
{
	struct halb_config config;
	struct nl_ctx ctx;
	int ret = CLI_OK;

	if (cli->json) {
		args_fail(args, "save writes commands, not JSON: use halbctl -j service show");
		return cli_usage(args);
	}
	if (!args_end(args))
		return cli_usage(args);
	if (nl_open(&ctx) || nl_config_get(&ctx, &config)) {
		ret = cli_refused(&ctx);
	} else {
		save_config(&config);
		halb_config_free(&config);
	}
	nl_close(&ctx);
	return ret;
}

/* --- restore ----------------------------------------------------------------- */

static void complain(const char *name, unsigned int number, const char *sentence)
{
	fprintf(stderr, "halbctl: %s line %u: %s\n", name, number, sentence);
}

/* The first pass: every line parses, or nothing is even begun. */
static int check_lines(struct lines *lines, const char *name, size_t *count)
{
	struct halb_change change;
	struct args args;
	int more;

	*count = 0;
	while ((more = lines_next(lines, &args))) {
		if (more < 0 || !grammar_change(&args, &change)) {
			complain(name, lines->number, args.err);
			return CLI_USAGE;
		}
		++*count;
	}
	if (*count)
		return CLI_OK;
	/* An empty file is what an interrupted save leaves. */
	fprintf(stderr,
		"halbctl: %s has no line to restore; to remove every service: halbctl service flush\n",
		name);
	return CLI_REFUSED;
}

/* What the kernel refused: a line, if it was about one. */
static int refused(const struct nl_txn *txn, const char *name, const unsigned int *numbers)
{
	if (txn->failed == NL_TXN_NO_CHANGE)
		return cli_refused(txn->ctx);
	complain(name, numbers[txn->failed], txn->ctx->err.text);
	return CLI_REFUSED;
}

/* The second pass: the lines, which all parse, as one transaction. numbers[i]
 * becomes the line of change i.
 */
static int send_lines(struct nl_ctx *ctx, struct lines *lines, const char *name,
		      unsigned int *numbers)
{
	struct halb_change change;
	struct nl_txn txn;
	struct args args;
	size_t i = 0;

	if (nl_txn_begin(ctx, &txn, HALB_TRANSACTION_FLAG_REPLACE, NULL))
		return cli_refused(ctx);
	lines_rewind(lines);
	while (lines_next(lines, &args) > 0 && grammar_change(&args, &change)) {
		numbers[i++] = lines->number;
		if (nl_txn_put(&txn, &change))
			return refused(&txn, name, numbers);
	}
	if (nl_txn_commit(&txn, NULL))
		return refused(&txn, name, numbers);
	return CLI_OK;
}

static int restore(struct lines *lines, const char *name)
{
	unsigned int *numbers;
	struct nl_ctx ctx;
	size_t count;
	int ret;

	ret = check_lines(lines, name, &count);
	if (ret)
		return ret;
	numbers = calloc(count, sizeof(*numbers));
	if (!numbers)
		abort();
	if (nl_open(&ctx))
		ret = cli_refused(&ctx);
	else
		ret = send_lines(&ctx, lines, name, numbers);
	nl_close(&ctx);
	free(numbers);
	return ret;
}

int cmd_restore(const struct cli *cli, struct args *args)
{
	const char *path = args_next(args);
	bool is_stdin = !path || !strcmp(path, "-");
	const char *name = is_stdin ? "stdin" : path;
	struct lines lines = { 0 };
	FILE *file;
	int ret;

	(void)cli;
	if (!args_end(args))
		return cli_usage(args);
	file = is_stdin ? stdin : fopen(path, "re");
	ret = file ? lines_read(&lines, file) : -errno;
	if (file && !is_stdin)
		fclose(file);
	if (ret) {
		fprintf(stderr, "halbctl: cannot read %s: %s\n", name, strerror(-ret));
		ret = CLI_REFUSED;
	} else {
		ret = restore(&lines, name);
	}
	lines_free(&lines);
	return ret;
}
