// SPDX-License-Identifier: GPL-2.0
/* halbctl real-server */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "cli.h"
#include "real_server.h"

enum { VIP, DEVICE, METHOD, SILENT, STATE, COLUMNS };

static const struct column columns[COLUMNS] = {
	[VIP] = { "VIP", false },
	[DEVICE] = { "DEVICE", false },
	[METHOD] = { "METHOD", false },
	[SILENT] = { "ARP", false },
	[STATE] = { "STATE", false },
};

static int refused(const struct rs_error *err)
{
	fprintf(stderr, "halbctl: %s\n", err->text);
	return CLI_REFUSED;
}

static void show_vip(struct out *out, const struct rs_vip *vip)
{
	char address[ADDR_STRLEN], tunnel[ADDR_STRLEN];
	struct rs_error err = { "ready" };
	bool ready = rs_check(vip, &err);

	out_object_begin(out, NULL);
	out_row(out, 0);
	out_str(out, "vip", VIP, addr_format(&vip->addr, address));
	out_str(out, "device", DEVICE, rs_device(vip));
	if (vip->tunnel.family) {
		out_cell(out, METHOD, "tun %s", addr_format(&vip->tunnel, tunnel));
		out_str(out, "tunnel_address", OUT_NO_COLUMN, tunnel);
	}
	out_str(out, "method", vip->tunnel.family ? OUT_NO_COLUMN : METHOD,
		vip->tunnel.family ? "tun" : "dr");
	if (vip->addr.family == AF_INET)
		out_str(out, "arp", SILENT, vip->dev);
	out_bool(out, "ready", OUT_NO_COLUMN, ready);
	out_str(out, ready ? NULL : "problem", STATE, err.text);
	out_object_end(out);
}

/* addr: that one, or all */
static int show(const struct cli *cli, const struct halb_addr *addr)
{
	struct rs_record record;
	struct rs_error err;
	char text[ADDR_STRLEN];
	struct out *out;

	if (!rs_record_open(&record, false, &err))
		return refused(&err);
	if (addr && !rs_record_find(&record, addr)) {
		rs_record_close(&record);
		rs_fail(&err, "%s is not set up here: halbctl real-server add %s",
			addr_format(addr, text), text);
		return refused(&err);
	}
	out = cli_out(cli);
	out_table(out, columns, COLUMNS);
	out_array_begin(out, NULL);
	for (size_t i = 0; i < record.vips_count; i++)
		if (!addr || halb_addr_equal(&record.vips[i].addr, addr))
			show_vip(out, &record.vips[i]);
	out_array_end(out);
	out_free(out);
	rs_record_close(&record);
	return CLI_OK;
}

static int change(const struct rs_vip *vip, bool add)
{
	struct rs_record record;
	struct rs_error err;
	bool good;

	if (!rs_record_open(&record, true, &err))
		return refused(&err);
	good = add ? rs_add(&record, vip, &err) : rs_del(&record, &vip->addr, &err);
	rs_record_close(&record);
	return good ? CLI_OK : refused(&err);
}

/* --- words -------------------------------------------------------------------------- */

static bool is_unicast(const struct halb_addr *addr)
{
	static const uint8_t loopback6[16] = { [15] = 1 }, any6[16];
	const uint8_t *bytes = addr->bytes;

	if (addr->family == AF_INET)
		return bytes[0] && bytes[0] != 127 && bytes[0] < 224;
	return bytes[0] != 0xff && memcmp(bytes, loopback6, 16) && memcmp(bytes, any6, 16);
}

static bool take_address(struct args *args, const char *what, struct halb_addr *addr)
{
	const char *word;

	if (!args_need(args, what, &word))
		return false;
	if (!addr_parse(word, addr) || !is_unicast(addr))
		return args_fail(args, "'%s' is not %s: write a unicast address without a port, such as 192.0.2.1 or 2001:db8::1",
				 word, what);
	return true;
}

static bool take_dev(struct args *args, const struct keyword *keyword, void *object)
{
	struct rs_vip *vip = object;
	const char *word;

	if (!args_need(args, "an interface after dev", &word))
		return false;
	if (strlen(word) >= sizeof(vip->dev) || !if_nametoindex(word))
		return args_fail(args, "there is no interface '%.32s': see ip link", word);
	if (vip->addr.family == AF_INET6)
		return args_fail(args, "%s is about ARP, which IPv6 does not have: leave it out",
				 keyword->name);
	snprintf(vip->dev, sizeof(vip->dev), "%s", word);
	return true;
}

static bool take_tunnel(struct args *args, const struct keyword *keyword, void *object)
{
	struct rs_vip *vip = object;

	(void)keyword;
	return take_address(args, "an address of this server, at which tunnels end", &vip->tunnel);
}

static bool parse_add(struct args *args, struct rs_vip *vip)
{
	static const struct keyword keywords[] = {
		{ "dev", 0, take_dev },
		{ "tun", 1, take_tunnel },
	};
	uint32_t slots;

	return args_keywords(args, keywords, ARRAY_SIZE(keywords), "real-server add", vip, &slots);
}

int cmd_real_server(const struct cli *cli, struct args *args)
{
	static const char *const verbs[] = { "show", "add", "del" };
	struct rs_vip vip = { .dev = "all" };
	bool add = false;
	const char *verb;

	if (cli_is_show(args)) {
		if (!args_peek(args))
			return show(cli, NULL);
		if (!take_address(args, "a VIP", &vip.addr) || !args_end(args))
			return cli_usage(args);
		return show(cli, &vip.addr);
	}
	verb = args_next(args);
	add = !strcmp(verb, "add");
	if (!add && strcmp(verb, "del")) {
		args_unknown(args, "command", verb, "real-server", verbs, ARRAY_SIZE(verbs));
		return cli_usage(args);
	}
	if (!take_address(args, "a VIP", &vip.addr) ||
	    !(add ? parse_add(args, &vip) : args_end(args)))
		return cli_usage(args);
	return change(&vip, add);
}
