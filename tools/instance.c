// SPDX-License-Identifier: GPL-2.0
/* halbctl vrrp */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const struct column columns[] = {
	{ "INSTANCE", false },
	{ "STATE", false },
	{ "SECONDS", true },
	{ "CHANGES", true },
	{ "SERVICES", true },
	{ "OWNER", false },
};

static void show_list(const struct cli *cli, const struct halb_instance *instances, size_t count)
{
	struct out *out = cli_out(cli);

	out_table(out, columns, ARRAY_SIZE(columns));
	out_array_begin(out, NULL);
	for (size_t i = 0; i < count; i++) {
		out_object_begin(out, NULL);
		show_instance(out, &instances[i]);
		out_object_end(out);
	}
	out_array_end(out);
	out_free(out);
}

static int show(const struct cli *cli, struct args *args)
{
	struct halb_instance one, *list = NULL;
	const char *name = args_next(args);
	struct nl_ctx ctx;
	int ret = CLI_OK;
	size_t count = 1;

	if (!args_end(args))
		return cli_usage(args);
	if (nl_open(&ctx) || (name ? nl_instance_get(&ctx, name, &one) :
				     nl_instance_list(&ctx, &list, &count)))
		ret = cli_refused(&ctx);
	else
		show_list(cli, name ? &one : list, count);
	free(list);
	nl_close(&ctx);
	return ret;
}

/* A name that is too long is the kernel's to refuse: room for a bit more. */
static bool parse_name(struct args *args, struct halb_instance *instance)
{
	const char *word;

	if (!args_need(args, "the name of a VRRP instance", &word))
		return false;
	snprintf(instance->name, sizeof(instance->name), "%s", word);
	return true;
}

static bool parse_state(struct args *args, struct halb_instance *instance)
{
	static const char *const states[] = { "master", "backup", "fault" };
	const char *word;
	int value;

	if (!args_need(args, "the state (master, backup or fault)", &word))
		return false;
	value = halb_director_state_value(word);
	if (value < 0)
		return args_unknown(args, "state", word, "vrrp set", states, ARRAY_SIZE(states));
	instance->state = (uint32_t)value;
	instance->present |= HALB_INST_STATE;
	return args_end(args);
}

int cmd_vrrp(const struct cli *cli, struct args *args)
{
	static const char *const verbs[] = { "show", "set", "del" };
	struct halb_instance instance = { 0 };
	struct nl_ctx ctx;
	const char *verb;
	int ret;
	bool set;

	if (cli_is_show(args))
		return show(cli, args);
	verb = args_next(args);
	set = !strcmp(verb, "set");
	if (!set && strcmp(verb, "del")) {
		args_unknown(args, "command", verb, "vrrp", verbs, ARRAY_SIZE(verbs));
		return cli_usage(args);
	}
	if (!parse_name(args, &instance) ||
	    !(set ? parse_state(args, &instance) : args_end(args)))
		return cli_usage(args);
	ret = nl_open(&ctx);
	if (!ret)
		ret = set ? nl_instance_set(&ctx, &instance, 1) :
			    nl_instance_del(&ctx, instance.name);
	if (ret)
		ret = cli_refused(&ctx);
	nl_close(&ctx);
	return ret;
}
