// SPDX-License-Identifier: GPL-2.0
/* halbctl monitor */
#include <errno.h>

#include "addr.h"
#include "cli.h"
#include "grammar.h"

/* No command causes it. */
static void print_suspect(struct out *out, const struct halb_server *server)
{
	char key[KEY_STRLEN], end[ENDPOINT_STRLEN];

	key_format(&server->service, key);
	endpoint_format(&server->addr, server->port, end);
	if (server->flags & HALB_SERVER_FLAG_SUSPECT)
		out_line(out, "# server %s %s suspect: %u in a row failed, the last: %s", key,
			 end, server->failures.row, halb_failure_name(server->failures.last));
	else
		out_line(out, "# server %s %s no longer suspect", key, end);
}

/* The event as the command that would have caused it. */
static void print_line(struct out *out, const struct halb_event *event)
{
	static const enum halb_change_op ops[] = {
		[HALB_EVENT_SERVICE_ADD] = HALB_CHANGE_OP_ADD,
		[HALB_EVENT_SERVICE_SET] = HALB_CHANGE_OP_SET,
		[HALB_EVENT_SERVICE_DEL] = HALB_CHANGE_OP_DEL,
		[HALB_EVENT_SERVER_ADD] = HALB_CHANGE_OP_ADD,
		[HALB_EVENT_SERVER_SET] = HALB_CHANGE_OP_SET,
		[HALB_EVENT_SERVER_DEL] = HALB_CHANGE_OP_DEL,
		[HALB_EVENT_SETTINGS] = HALB_CHANGE_OP_SET,
		[HALB_EVENT_INSTANCE] = HALB_CHANGE_OP_SET,
	};
	struct halb_change change = { .op = ops[event->type] };
	const char *note = "";
	char line[GRAMMAR_LINE];

	switch (event->type) {
	case HALB_EVENT_SERVICE_ADD:
	case HALB_EVENT_SERVICE_SET:
	case HALB_EVENT_SERVICE_DEL:
		change.object = HALB_OBJECT_SERVICE;
		change.service = event->service;
		break;
	case HALB_EVENT_SERVER_ADD:
	case HALB_EVENT_SERVER_SET:
	case HALB_EVENT_SERVER_DEL:
		change.object = HALB_OBJECT_SERVER;
		change.server = event->server;
		if (event->server.flags & HALB_SERVER_FLAG_DRAINED)
			note = " # drained";
		else if (event->server.flags & HALB_SERVER_FLAG_OVERLOAD)
			note = " # overload";
		else if (event->server.flags & HALB_SERVER_FLAG_NO_SOURCE_PORT)
			note = " # no-source-port";
		break;
	case HALB_EVENT_SERVER_SUSPECT:
		print_suspect(out, &event->server);
		return;
	case HALB_EVENT_INSTANCE:
		out_line(out, "vrrp set %s %s", event->instance.name,
			 halb_director_state_name(event->instance.state));
		return;
	case HALB_EVENT_SETTINGS:
	case HALB_EVENT_LOST:
		change.object = HALB_OBJECT_SETTINGS;
		change.settings = event->settings;
		break;
	}
	out_line(out, "%s%s", grammar_format(&change, line), note);
}

static void print_json(struct out *out, const struct halb_event *event)
{
	out_object_begin(out, NULL);
	out_str(out, "event", OUT_NO_COLUMN, halb_event_name(event->type));
	switch (event->type) {
	case HALB_EVENT_SERVICE_ADD:
	case HALB_EVENT_SERVICE_SET:
	case HALB_EVENT_SERVICE_DEL:
		out_object_begin(out, "service");
		show_service(out, &event->service);
		out_object_end(out);
		break;
	case HALB_EVENT_SERVER_ADD:
	case HALB_EVENT_SERVER_SET:
	case HALB_EVENT_SERVER_DEL:
	case HALB_EVENT_SERVER_SUSPECT:
		out_object_begin(out, "server");
		show_server(out, 0, &event->server, true);
		out_object_end(out);
		break;
	case HALB_EVENT_SETTINGS:
		out_object_begin(out, "settings");
		show_settings(out, &event->settings);
		out_object_end(out);
		break;
	case HALB_EVENT_INSTANCE:
		out_object_begin(out, "instance");
		show_instance(out, &event->instance);
		out_object_end(out);
		break;
	case HALB_EVENT_LOST:
		break;
	}
	out_object_end(out);
}

static int print_event(const struct halb_event *event, void *arg)
{
	struct out *out = arg;

	if (event->type == HALB_EVENT_LOST)
		out_line(out, "# events were lost: they came faster than they were read");
	else
		print_line(out, event);
	print_json(out, event);
	/* Whoever waits for an event waits for this one. */
	out_flush(out);
	return out_error(out) ? -out_error(out) : 0;
}

int cmd_monitor(const struct cli *cli, struct args *args)
{
	struct out *out = NULL;
	struct nl_ctx ctx;
	int ret;

	if (!args_end(args))
		return cli_usage(args);
	ret = nl_open(&ctx);
	if (!ret)
		ret = nl_events_subscribe(&ctx);
	if (!ret) {
		out = cli_out(cli);
		do {
			ret = nl_events_read(&ctx, print_event, out);
		} while (!ret);
	}
	/* Who stopped reading is told by main, which checks the output. */
	if (!out || !out_error(out))
		cli_refused(&ctx);
	out_free(out);
	nl_close(&ctx);
	return CLI_REFUSED;
}
