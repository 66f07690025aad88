// SPDX-License-Identifier: GPL-2.0
/* halbctl settings */
#include "cli.h"

static const struct column columns[] = {
	{ "SETTING", false },
	{ "VALUE", true },
	{ "", false },
};

static int show(const struct cli *cli, struct args *args)
{
	struct halb_settings settings;
	struct nl_ctx ctx;
	int ret = CLI_OK;
	struct out *out;

	if (!args_end(args))
		return cli_usage(args);
	if (nl_open(&ctx) || nl_settings_get(&ctx, &settings)) {
		ret = cli_refused(&ctx);
	} else {
		out = cli_out(cli);
		out_table(out, columns, ARRAY_SIZE(columns));
		out_object_begin(out, NULL);
		show_settings(out, &settings);
		out_object_end(out);
		out_free(out);
	}
	nl_close(&ctx);
	return ret;
}

int cmd_settings(const struct cli *cli, struct args *args)
{
	if (cli_is_show(args))
		return show(cli, args);
	return cli_change(args);
}
