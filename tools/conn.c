// SPDX-License-Identifier: GPL-2.0
/* halbctl conn */
#include <string.h>

#include "addr.h"
#include "cli.h"
#include "grammar.h"

enum { PROTOCOL, CLIENT, SERVICE, SOURCE, SERVER, METHOD, STATE, EXPIRES, MARK, COLUMNS };

static const struct column columns[COLUMNS] = {
	[PROTOCOL] = { "PROTOCOL", false },
	[CLIENT] = { "CLIENT", false },
	[SERVICE] = { "SERVICE", false },
	[SOURCE] = { "SOURCE", false },
	[SERVER] = { "SERVER", false },
	[METHOD] = { "METHOD", false },
	[STATE] = { "STATE", false },
	[EXPIRES] = { "EXPIRES", true },
	[MARK] = { "FWMARK", true },
};

static void show_end(struct out *out, const char *address_key, const char *port_key,
		     int column, const struct halb_addr *addr, uint16_t port)
{
	char text[ENDPOINT_STRLEN], address[ADDR_STRLEN];

	out_cell(out, column, "%s", endpoint_format(addr, port, text));
	out_str(out, address_key, OUT_NO_COLUMN, addr_format(addr, address));
	out_uint(out, port_key, OUT_NO_COLUMN, port);
}

static int show_conn(const struct halb_conn *conn, void *arg)
{
	struct out *out = arg;

	out_object_begin(out, NULL);
	out_row(out, 0);
	/* The template of a service by mark is of no protocol. */
	out_str(out, "protocol", PROTOCOL,
		conn->protocol ? halb_protocol_name(conn->protocol) : "any");
	show_end(out, "client_address", "client_port", CLIENT, &conn->client, conn->client_port);
	show_end(out, "service_address", "service_port", SERVICE, &conn->service,
		 conn->service_port);
	if (conn->present & HALB_CONN_SOURCE)
		show_end(out, "source_address", "source_port", SOURCE, &conn->source,
			 conn->source_port);
	show_end(out, "server_address", "server_port", SERVER, &conn->server, conn->server_port);
	out_str(out, "method", METHOD, halb_method_name(conn->method));
	out_str(out, "state", STATE, halb_conn_state_name(conn->state));
	out_uint(out, "expires", EXPIRES, conn->expires);
	if (conn->fwmark)
		out_uint(out, "fwmark", MARK, conn->fwmark);
	out_object_end(out);
	/* Nobody reads on: no need to fetch the other millions. */
	return -out_error(out);
}

static int show(const struct cli *cli, const struct halb_conn *filter)
{
	struct out *out = NULL;
	struct nl_ctx ctx;
	int ret = CLI_OK;

	if (nl_open(&ctx)) {
		ret = cli_refused(&ctx);
	} else {
		out = cli_out(cli);
		out_table(out, columns, COLUMNS);
		out_array_begin(out, NULL);
		if (nl_conn_dump(&ctx, filter, show_conn, out) && !out_error(out))
			ret = cli_refused(&ctx);
		else
			out_array_end(out);
	}
	out_free(out);
	nl_close(&ctx);
	return ret;
}

static int flush(const struct cli *cli, const struct halb_conn *filter)
{
	struct nl_ctx ctx;
	int ret = CLI_OK;
	uint32_t flushed;
	struct out *out;

	if (nl_open(&ctx) || nl_conn_flush(&ctx, filter, &flushed)) {
		ret = cli_refused(&ctx);
	} else {
		out = cli_out(cli);
		out_line(out, "%u connection%s removed", flushed, flushed == 1 ? "" : "s");
		out_object_begin(out, NULL);
		out_uint(out, "flushed", OUT_NO_COLUMN, flushed);
		out_object_end(out);
		out_free(out);
	}
	nl_close(&ctx);
	return ret;
}

int cmd_conn(const struct cli *cli, struct args *args)
{
	static const char *const verbs[] = { "show", "flush" };
	struct halb_conn filter;
	bool is_show = cli_is_show(args);
	const char *verb = is_show ? "show" : args_next(args);

	if (!is_show && strcmp(verb, "flush")) {
		args_unknown(args, "command", verb, "conn", verbs, ARRAY_SIZE(verbs));
		return cli_usage(args);
	}
	if (!grammar_conn_filter(args, &filter))
		return cli_usage(args);
	return is_show ? show(cli, &filter) : flush(cli, &filter);
}
