// SPDX-License-Identifier: GPL-2.0
/* halbctl service */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "grammar.h"

static const struct column columns[SHOW_COLUMNS] = {
	[SHOW_NAME] = { "SERVICE", false },
	[SHOW_WHAT] = { "SCHEDULER", false },
	[SHOW_METHOD] = { "METHOD", false },
	[SHOW_WEIGHT] = { "WEIGHT", true },
	[SHOW_ACTIVE] = { "ACTIVE", true },
	[SHOW_INACTIVE] = { "INACTIVE", true },
	[SHOW_OPTIONS] = { "OPTIONS", false },
};

static void show_one(struct out *out, const struct halb_service *service,
		     const struct halb_server *servers, size_t count)
{
	out_object_begin(out, NULL);
	show_service(out, service);
	out_array_begin(out, "servers");
	for (size_t i = 0; i < count; i++) {
		out_object_begin(out, NULL);
		show_server(out, 1, &servers[i], false);
		out_object_end(out);
	}
	out_array_end(out);
	out_object_end(out);
}

static void show_config(struct out *out, const struct halb_config *config)
{
	out_table(out, columns, SHOW_COLUMNS);
	out_array_begin(out, NULL);
	for (size_t i = 0; i < config->services_count; i++)
		show_one(out, &config->services[i], &config->servers[config->servers_first[i]],
			 config->servers_count[i]);
	out_array_end(out);
}

/* One service and its servers. They are two questions: a service that goes
 * between them is refused by the second.
 */
static int show_named(const struct cli *cli, struct nl_ctx *ctx, const struct halb_key *key)
{
	struct halb_service service;
	struct halb_server *servers;
	struct out *out;
	size_t count;

	if (nl_service_get(ctx, key, &service) ||
	    nl_server_list(ctx, key, &servers, &count))
		return cli_refused(ctx);
	out = cli_out(cli);
	out_table(out, columns, SHOW_COLUMNS);
	out_array_begin(out, NULL);
	show_one(out, &service, servers, count);
	out_array_end(out);
	out_free(out);
	free(servers);
	return CLI_OK;
}

static int show_all(const struct cli *cli, struct nl_ctx *ctx)
{
	struct halb_config config;
	struct out *out;

	if (nl_config_get(ctx, &config))
		return cli_refused(ctx);
	out = cli_out(cli);
	show_config(out, &config);
	out_free(out);
	halb_config_free(&config);
	return CLI_OK;
}

static int show(const struct cli *cli, struct args *args)
{
	bool all = !args_peek(args);
	struct halb_key key;
	struct nl_ctx ctx;
	int ret;

	if (!all && (!grammar_key(args, &key) || !args_end(args)))
		return cli_usage(args);
	if (nl_open(&ctx))
		ret = cli_refused(&ctx);
	else if (all)
		ret = show_all(cli, &ctx);
	else
		ret = show_named(cli, &ctx, &key);
	nl_close(&ctx);
	return ret;
}

int cmd_service(const struct cli *cli, struct args *args)
{
	if (cli_is_show(args))
		return show(cli, args);
	return cli_change(args);
}
