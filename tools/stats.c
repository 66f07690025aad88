// SPDX-License-Identifier: GPL-2.0
/* halbctl stats, halbctl zero */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "grammar.h"

enum { NAME, FIRST_NUMBER, COLUMNS = FIRST_NUMBER + 5 };

static const struct column count_columns[COLUMNS] = {
	{ "SERVICE", false },
	{ "CONNS", true },
	{ "IN-PACKETS", true },
	{ "OUT-PACKETS", true },
	{ "IN-BYTES", true },
	{ "OUT-BYTES", true },
};

static const struct column rate_columns[COLUMNS] = {
	{ "PER SECOND", false },
	{ "CONNS", true },
	{ "IN-PACKETS", true },
	{ "OUT-PACKETS", true },
	{ "IN-BYTES", true },
	{ "OUT-BYTES", true },
};

static void show_services(struct out *out, const struct halb_config *config, bool rates)
{
	out_array_begin(out, "services");
	for (size_t i = 0; i < config->services_count; i++) {
		const struct halb_service *service = &config->services[i];
		const struct halb_server *servers = &config->servers[config->servers_first[i]];

		out_object_begin(out, NULL);
		out_row(out, 0);
		show_key(out, NAME, &service->key);
		show_stats(out, "stats", FIRST_NUMBER, rates, &service->stats);
		out_array_begin(out, "servers");
		for (size_t j = 0; j < config->servers_count[i]; j++) {
			out_object_begin(out, NULL);
			out_row(out, 1);
			show_endpoint(out, NAME, &servers[j].addr, servers[j].port);
			show_stats(out, "stats", FIRST_NUMBER, rates, &servers[j].stats);
			out_object_end(out);
		}
		out_array_end(out);
		out_object_end(out);
	}
	out_array_end(out);
}

/* The counters of one kind: in JSON all of them, for people those that count. */
static void show_counters(struct out *out, const struct halb_info *info,
			  enum halb_counter_kind kind, const char *key,
			  const struct column *columns, bool all)
{
	bool any = false;

	out_object_begin(out, key);
	for (size_t i = 0; i < info->counters_count; i++) {
		const struct halb_counter *counter = &info->counters[i];

		if (counter->kind != kind)
			continue;
		out_uint(out, counter->name, OUT_NO_COLUMN, counter->packets);
		if (!counter->packets && !all)
			continue;
		if (!any) {
			out_line(out, "%s", "");
			out_table(out, columns, 2);
			any = true;
		}
		out_row(out, 0);
		out_cell(out, 0, "%s", counter->name);
		out_cell(out, 1, "%llu", (unsigned long long)counter->packets);
	}
	out_object_end(out);
}

static void show_all_counters(struct out *out, const struct halb_info *info, bool all)
{
	static const struct column drops[] = { { "DROPPED", false }, { "PACKETS", true } };
	static const struct column passes[] = {
		{ "LEFT TO THE STACK", false }, { "PACKETS", true }
	};
	static const struct column paths[] = { { "SENT BY", false }, { "PACKETS", true } };

	show_counters(out, info, HALB_COUNTER_DROP, "drops", drops, all);
	show_counters(out, info, HALB_COUNTER_PASS, "passes", passes, all);
	show_counters(out, info, HALB_COUNTER_PATH, "paths", paths, all);
}

static void show_document(const struct cli *cli, const struct halb_info *info,
			  const struct halb_config *config, bool rates)
{
	struct out *out = cli_out(cli);

	out_line(out, "%u connections and templates of at most %u", info->settings.conns,
		 info->settings.conn_limit);
	out_line(out, "%s", "");
	out_table(out, rates ? rate_columns : count_columns, COLUMNS);
	out_object_begin(out, NULL);
	out_str(out, "version", OUT_NO_COLUMN, info->version);
	out_uint(out, "generation", OUT_NO_COLUMN, info->generation);
	out_uint(out, "conn_limit", OUT_NO_COLUMN, info->settings.conn_limit);
	out_uint(out, "current_conns", OUT_NO_COLUMN, info->settings.conns);
	out_row(out, 0);
	out_cell(out, NAME, "total");
	show_stats(out, "total", FIRST_NUMBER, rates, &info->stats);
	show_services(out, config, rates);
	if (!rates || cli->json)
		show_all_counters(out, info, cli->all);
	out_object_end(out);
	out_free(out);
}

int cmd_stats(const struct cli *cli, struct args *args)
{
	static const char *const words[] = { "rate" };
	const char *word = args_next(args);
	struct halb_config config = { 0 };
	struct halb_info info = { 0 };
	struct nl_ctx ctx;
	int ret = CLI_OK;

	if (word && strcmp(word, "rate")) {
		args_unknown(args, "word", word, "stats", words, ARRAY_SIZE(words));
		return cli_usage(args);
	}
	if (!args_end(args))
		return cli_usage(args);
	if (nl_open(&ctx) || nl_info_get(&ctx, &info) || nl_config_get(&ctx, &config))
		ret = cli_refused(&ctx);
	else
		show_document(cli, &info, &config, word);
	halb_config_free(&config);
	halb_info_free(&info);
	nl_close(&ctx);
	return ret;
}

int cmd_zero(const struct cli *cli, struct args *args)
{
	bool all = !args_peek(args);
	struct halb_key key;
	struct nl_ctx ctx;
	int ret = CLI_OK;

	(void)cli;
	if (!all && (!grammar_key(args, &key) || !args_end(args)))
		return cli_usage(args);
	if (nl_open(&ctx) || nl_zero(&ctx, all ? NULL : &key))
		ret = cli_refused(&ctx);
	nl_close(&ctx);
	return ret;
}
