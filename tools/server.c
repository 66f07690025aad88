// SPDX-License-Identifier: GPL-2.0
/* halbctl server */
#include <stdlib.h>

#include "cli.h"
#include "grammar.h"

static const struct column columns[SHOW_COLUMNS] = {
	[SHOW_NAME] = { "SERVER", false },
	[SHOW_WHAT] = { "SERVICE", false },
	[SHOW_METHOD] = { "METHOD", false },
	[SHOW_WEIGHT] = { "WEIGHT", true },
	[SHOW_ACTIVE] = { "ACTIVE", true },
	[SHOW_INACTIVE] = { "INACTIVE", true },
	[SHOW_OPTIONS] = { "OPTIONS", false },
};

static void show_list(const struct cli *cli, const struct halb_server *servers, size_t count)
{
	struct out *out = cli_out(cli);

	out_table(out, columns, SHOW_COLUMNS);
	out_array_begin(out, NULL);
	for (size_t i = 0; i < count; i++) {
		out_object_begin(out, NULL);
		show_server(out, 0, &servers[i], true);
		out_object_end(out);
	}
	out_array_end(out);
	out_free(out);
}

/* What show names: all servers, those of a service, or one. */
struct selection {
	bool service, server;
	struct halb_server wanted;
};

static bool parse_selection(struct args *args, struct selection *selection)
{
	struct halb_key key;

	*selection = (struct selection){ 0 };
	if (!args_peek(args))
		return true;
	if (!grammar_key(args, &key))
		return false;
	selection->service = true;
	selection->wanted.service = key;
	if (!args_peek(args))
		return true;
	selection->server = true;
	return grammar_server_addr(args, &key, &selection->wanted) && args_end(args);
}

static int fetch(struct nl_ctx *ctx, const struct selection *selection,
		 struct halb_server **servers, size_t *count)
{
	const struct halb_server *wanted = &selection->wanted;

	if (!selection->server)
		return nl_server_list(ctx, selection->service ? &wanted->service : NULL,
				      servers, count);
	*servers = malloc(sizeof(**servers));
	*count = 1;
	if (!*servers)
		abort();
	return nl_server_get(ctx, &wanted->service, &wanted->addr,
			     wanted->present & HALB_SRV_PORT ? &wanted->port : NULL, *servers);
}

static int show(const struct cli *cli, struct args *args)
{
	struct halb_server *servers = NULL;
	struct selection selection;
	struct nl_ctx ctx;
	int ret = CLI_OK;
	size_t count;

	if (!parse_selection(args, &selection))
		return cli_usage(args);
	if (nl_open(&ctx) || fetch(&ctx, &selection, &servers, &count))
		ret = cli_refused(&ctx);
	else
		show_list(cli, servers, count);
	free(servers);
	nl_close(&ctx);
	return ret;
}

int cmd_server(const struct cli *cli, struct args *args)
{
	if (cli_is_show(args))
		return show(cli, args);
	return cli_change(args);
}
