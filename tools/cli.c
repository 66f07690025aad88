// SPDX-License-Identifier: GPL-2.0
#include "cli.h"

#include <stdio.h>
#include <string.h>

#include "grammar.h"
#include "ip_vs.h"
#include "sources.h"

int cli_usage(const struct args *args)
{
	fprintf(stderr, "halbctl: %s\n", args->err);
	return CLI_USAGE;
}

int cli_refused(const struct nl_ctx *ctx)
{
	fprintf(stderr, "halbctl: %s\n", ctx->err.text);
	return CLI_REFUSED;
}

struct out *cli_out(const struct cli *cli)
{
	if (!cli->json)
		return out_new(OUT_TEXT, stdout);
	return out_new(cli->pretty ? OUT_JSON_PRETTY : OUT_JSON, stdout);
}

bool cli_is_show(struct args *args)
{
	const char *word = args_peek(args);

	if (word && strcmp(word, "show"))
		return false;
	args_next(args);
	return true;
}

int cli_change(struct args *args)
{
	struct halb_change change;
	struct nl_ctx ctx;
	int ret = CLI_OK;

	args->pos = 0;
	if (!grammar_change(args, &change))
		return cli_usage(args);
	if (nl_open(&ctx) || nl_change(&ctx, &change))
		ret = cli_refused(&ctx);
	else if (change.object == HALB_OBJECT_SERVICE)
		sources_warn(&change.service);
	if (change.object == HALB_OBJECT_SERVICE && change.op == HALB_CHANGE_OP_ADD)
		ip_vs_warn();
	nl_close(&ctx);
	return ret;
}
