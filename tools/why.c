// SPDX-License-Identifier: GPL-2.0
/* halbctl why: what becomes of a packet, and what is wrong. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "cli.h"

/* --- sentences ----------------------------------------------------------------------- */

/* What to do about a verdict; the rest of the reasons need a look at more. */
static const struct {
	const char *reason;
	const char *sentence;
} reasons[] = {
	{ "no-service", "no service has this port of the VIP: halbctl service add" },
	{ "vip-unmatched", "no service has this port of the VIP, and the setting vip-unmatched is not accept" },
	{ "yielded", "the service leaves new flows to the stack: halbctl service set ... no-yield" },
	{ "martian-source", "no packet may come from such an address: multicast, loopback, link-local or none at all" },
	{ "own-source", "the client's address is a VIP, or an address of this director, whose own processes are balanced with halbctl settings set local-clients on" },
	{ "source-check", "the way back to the client does not leave by this interface, and its rp_filter wants that: a route, or halbctl settings set source-check off" },
	{ "conn-limit", "the table of connections is full: halbctl settings set conn-limit" },
	{ "service-conn-limit", "the service has as many connections as its own limit allows: halbctl service set ... conn-limit" },
	{ "no-route", "the director has no route to the server: see ip route get" },
	{ "local-server", "the server is the director itself: its own program gets the packet, if one listens" },
};

struct problems {
	char text[8][256];
	unsigned int count;
};

static void problem(struct problems *problems, const char *format, ...)
	__printf(2, 3);

static void problem(struct problems *problems, const char *format, ...)
{
	va_list args;

	if (problems->count == ARRAY_SIZE(problems->text))
		return;
	va_start(args, format);
	vsnprintf(problems->text[problems->count++], sizeof(problems->text[0]), format, args);
	va_end(args);
}

/* Nobody can be chosen: why not? */
static void explain_no_server(struct nl_ctx *ctx, const struct halb_why *why,
			      struct problems *problems)
{
	size_t count = 0, weighty = 0, overloaded = 0;
	struct halb_server *list;

	if (nl_server_list(ctx, &why->service.key, &list, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		weighty += list[i].weight > 0;
		overloaded += list[i].weight > 0 && list[i].flags & HALB_SERVER_FLAG_OVERLOAD;
	}
	free(list);
	if (!count)
		problem(problems, "the service has no server: halbctl server add");
	else if (!weighty)
		problem(problems, "none of the service's %zu server%s has a weight: halbctl server set ... weight 1",
			count, count == 1 ? "" : "s");
	else if (overloaded)
		problem(problems, "%zu of %zu servers with a weight are overloaded: see upper and lower in halbctl server show",
			overloaded, weighty);
	else
		problem(problems, "the scheduler %s finds no server for this client, see sh-fallback",
			why->service.scheduler);
}

static bool is_loopback(const struct halb_addr *addr)
{
	return addr->family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&addr->v6) :
					  addr->bytes[0] == 127;
}

/* nat and fullnat reach the director itself: why not this time? */
static void explain_local_server(const struct halb_why *why, struct problems *problems)
{
	const struct halb_addr *addr = &why->server.addr;

	if (is_loopback(addr))
		problem(problems, "the server is a loopback address, whose answers do not leave the director: give it another of the director's addresses, or the method dr");
	else
		problem(problems, "the server's address is the director's own only since a moment ago: the next packets reach it");
}

static void explain_verdict(struct nl_ctx *ctx, const struct halb_why *why,
			    struct problems *problems)
{
	if (why->verdict == HALB_WHY_VERDICT_PASS && !*why->reason)
		problem(problems, "no service has this VIP: halbctl service add");
	if (!strcmp(why->reason, "no-server"))
		explain_no_server(ctx, why, problems);
	if (!strcmp(why->reason, "server-is-local"))
		explain_local_server(why, problems);
	if (!strcmp(why->reason, "not-master"))
		problem(problems, "the VRRP instance %s is not master here: see halbctl vrrp show, halbctl status",
			why->service.vrrp);
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (!strcmp(why->reason, reasons[i].reason))
			problem(problems, "%s", reasons[i].sentence);
}

static void explain_server(const struct halb_why *why, const struct halb_conn *packet,
			   struct problems *problems)
{
	const struct halb_server *server = &why->server;
	char text[ADDR_STRLEN];

	if (!why->has_server)
		return;
	if (*why->out_device && why->neighbour == HALB_NEIGHBOUR_FAILED)
		problem(problems, "nobody on %s answers for the server or the router towards it: is %s up?",
			why->out_device, addr_format(&server->addr, text));
	if ((server->method == HALB_METHOD_DR || server->method == HALB_METHOD_TUN) &&
	    server->port && server->port != packet->service_port)
		problem(problems, "%s does not translate ports: the packet comes to the server's port %u, not %u",
			halb_method_name(server->method), packet->service_port, server->port);
	if (server->method == HALB_METHOD_DR && server->addr.family != packet->service.family)
		problem(problems, "dr needs a server of the VIP's family");
	if (why->verdict == HALB_WHY_VERDICT_NEW && server->backup && !why->template)
		problem(problems, "this is a backup server, and no other server of the service may serve: see weights and thresholds in halbctl server show");
}

/* Is the director a router? Unknown counts as yes. */
static bool forwards(uint8_t family)
{
	FILE *file = fopen(family == AF_INET6 ? "/proc/sys/net/ipv6/conf/all/forwarding" :
						"/proc/sys/net/ipv4/ip_forward", "re");
	int byte = file ? getc(file) : EOF;

	if (file)
		fclose(file);
	return byte != '0';
}

/* Packets that the stack sends on, or does not. */
static void explain_stack(const struct halb_why *why, const struct halb_conn *packet,
			  struct problems *problems)
{
	uint8_t family = packet->service.family;
	uint32_t method = why->server.method;

	if (!why->has_server)
		return;
	if (!why->own && !strcmp(why->path, "through-stack") && method == HALB_METHOD_NAT &&
	    !forwards(family))
		problem(problems, "through-stack needs IP forwarding under nat: sysctl %s=1",
			family == AF_INET6 ? "net.ipv6.conf.all.forwarding" :
					     "net.ipv4.ip_forward");
	if (why->own && (method == HALB_METHOD_DR || method == HALB_METHOD_TUN) &&
	    halb_addr_equal(&packet->client, &packet->service))
		problem(problems, "a process of the director asks from the VIP, which the server has, too, and does not answer under %s: use nat",
			halb_method_name(method));
}

/* A VIP that is not local is as good, if its packets are routed here: then some have come. */
static void explain_vip(const struct halb_why *why, struct problems *problems)
{
	if (why->has_service && !why->own && !why->vip_local && !why->service.stats.in_packets)
		problem(problems, "the VIP is no address of this director, and no packet for it has come yet: ip address add, or a route to this director on the router");
}

/* --- output ------------------------------------------------------------------------------ */

static void show_service_and_server(struct out *out, const struct halb_why *why)
{
	char key[KEY_STRLEN], end[ENDPOINT_STRLEN], slow[48] = "";

	if (why->has_service) {
		out_line(out, "service  %s, %s%s%s", key_format(&why->service.key, key),
			 why->service.scheduler, *why->service.vrrp ? ", vrrp " : "",
			 why->service.vrrp);
		out_object_begin(out, "service");
		show_key(out, OUT_NO_COLUMN, &why->service.key);
		out_str(out, "scheduler", OUT_NO_COLUMN, why->service.scheduler);
		if (*why->service.vrrp)
			out_str(out, "vrrp", OUT_NO_COLUMN, why->service.vrrp);
		out_object_end(out);
	}
	if (!why->has_server)
		return;
	if (why->server.slow_percent)
		snprintf(slow, sizeof(slow), ", %u %% of it at present (slow-start)",
			 why->server.slow_percent);
	out_line(out, "server   %s, %s, weight %u%s%s%s%s",
		 endpoint_format(&why->server.addr, why->server.port, end),
		 halb_method_name(why->server.method), why->server.weight, slow,
		 why->server.backup ? ", backup" : "",
		 why->template ? ", to which the client is pinned" : "",
		 why->server.flags & HALB_SERVER_FLAG_SUSPECT ? ", suspect" : "");
	out_object_begin(out, "server");
	show_endpoint(out, OUT_NO_COLUMN, &why->server.addr, why->server.port);
	out_str(out, "method", OUT_NO_COLUMN, halb_method_name(why->server.method));
	out_uint(out, "weight", OUT_NO_COLUMN, why->server.weight);
	out_uint(out, "weight_percent", OUT_NO_COLUMN,
		 why->server.slow_percent ? why->server.slow_percent : 100);
	out_bool(out, "backup", OUT_NO_COLUMN, why->server.backup);
	out_bool(out, "suspect", OUT_NO_COLUMN,
		 why->server.flags & HALB_SERVER_FLAG_SUSPECT);
	out_bool(out, "persistent", OUT_NO_COLUMN, why->template);
	out_object_end(out);
	if (!*why->out_device)
		return;
	out_line(out, "way      %s, neighbour %s%s%s", why->out_device,
		 halb_neighbour_name(why->neighbour), *why->path ? ", " : "", why->path);
	out_str(out, "device", OUT_NO_COLUMN, why->out_device);
	out_str(out, "neighbour", OUT_NO_COLUMN, halb_neighbour_name(why->neighbour));
	if (*why->path)
		out_str(out, "path", OUT_NO_COLUMN, why->path);
}

static const char *verdict_sentence(const struct halb_why *why, const struct halb_conn *packet)
{
	static const char *const sentences[] = {
		[HALB_WHY_VERDICT_KNOWN] = "belongs to a connection, and goes to its server",
		[HALB_WHY_VERDICT_NEW] = "begins a connection, and goes to this server",
		[HALB_WHY_VERDICT_PASS] = "is left to the director's own stack",
		[HALB_WHY_VERDICT_DROP] = "is dropped",
	};

	if (why->verdict == HALB_WHY_VERDICT_NEW && packet->protocol == IPPROTO_UDP &&
	    why->service.flags & HALB_SERVICE_FLAG_OPS)
		return "goes to this server, and begins no connection: each is scheduled by itself";
	if (why->verdict == HALB_WHY_VERDICT_NEW && !why->template &&
	    !strcmp(why->service.scheduler, "twos"))
		return "begins a connection, and goes to a server drawn at random, now this one";
	return why->verdict < ARRAY_SIZE(sentences) ? sentences[why->verdict] : "?";
}

static void show(const struct cli *cli, const struct halb_why *why,
		 const struct halb_conn *packet, const struct problems *problems)
{
	struct out *out = cli_out(cli);

	out_object_begin(out, NULL);
	out_line(out, "verdict  the packet %s%s%s", verdict_sentence(why, packet),
		 *why->reason ? ": " : "", why->reason);
	out_str(out, "verdict", OUT_NO_COLUMN, halb_why_verdict_name(why->verdict));
	if (*why->reason)
		out_str(out, "reason", OUT_NO_COLUMN, why->reason);
	out_bool(out, "vip_local", OUT_NO_COLUMN, why->vip_local);
	if (why->own)
		out_line(out, "client   a process of this director");
	out_bool(out, "local_client", OUT_NO_COLUMN, why->own);
	show_service_and_server(out, why);
	if (why->has_conn) {
		out_line(out, "state    %s, expires in %u s",
			 halb_conn_state_name(why->conn.state), why->conn.expires);
		out_object_begin(out, "connection");
		out_str(out, "state", OUT_NO_COLUMN, halb_conn_state_name(why->conn.state));
		out_uint(out, "expires", OUT_NO_COLUMN, why->conn.expires);
		out_object_end(out);
	}
	out_array_begin(out, "problems");
	for (unsigned int i = 0; i < problems->count; i++) {
		out_line(out, "problem  %s", problems->text[i]);
		out_object_begin(out, NULL);
		out_str(out, "text", OUT_NO_COLUMN, problems->text[i]);
		out_object_end(out);
	}
	out_array_end(out);
	out_object_end(out);
	out_free(out);
}

/* --- words --------------------------------------------------------------------------------- */

struct question {
	struct halb_conn packet;
	const char *device;
};

static bool take_mark(struct args *args, const struct keyword *keyword, void *object)
{
	struct question *question = object;

	question->packet.present |= HALB_CONN_FWMARK;
	return args_uint(args, keyword->name, 1, UINT32_MAX, &question->packet.fwmark);
}

static bool take_dev(struct args *args, const struct keyword *keyword, void *object)
{
	struct question *question = object;

	(void)keyword;
	return args_need(args, "an interface after dev", &question->device);
}

static bool take_end(struct args *args, const char *what, struct halb_addr *addr, uint16_t *port)
{
	const char *word;
	bool has_port;

	if (!args_need(args, what, &word))
		return false;
	if (addr_parse_endpoint(word, ADDR_PORT_REQUIRED, addr, port, &has_port, args->err,
				sizeof(args->err)))
		return true;
	return args_failed(args);
}

static bool take_protocol(struct args *args, uint8_t *protocol)
{
	static const char *const names[] = { "tcp", "udp", "sctp" };
	static const uint8_t numbers[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };
	const char *word;

	if (!args_need(args, "a protocol (tcp, udp or sctp)", &word))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		*protocol = numbers[i];
		if (!strcmp(names[i], word))
			return true;
	}
	return args_unknown(args, "protocol", word, "why", names, ARRAY_SIZE(names));
}

static bool parse(struct args *args, struct question *question)
{
	static const struct keyword keywords[] = {
		{ "mark", 0, take_mark },
		{ "dev", 1, take_dev },
	};
	struct halb_conn *packet = &question->packet;
	uint32_t slots;

	packet->present = HALB_CONN_PROTOCOL | HALB_CONN_CLIENT | HALB_CONN_CLIENT_PORT |
			  HALB_CONN_SERVICE | HALB_CONN_SERVICE_PORT;
	if (!take_protocol(args, &packet->protocol) ||
	    !take_end(args, "the client (ADDRESS:PORT)", &packet->client, &packet->client_port) ||
	    !take_end(args, "the VIP (ADDRESS:PORT)", &packet->service, &packet->service_port) ||
	    !args_keywords(args, keywords, ARRAY_SIZE(keywords), "why", question, &slots))
		return false;
	return packet->client.family == packet->service.family ||
	       args_fail(args, "client and VIP are of different families");
}

int cmd_why(const struct cli *cli, struct args *args)
{
	struct question question = { 0 };
	struct problems problems = { 0 };
	struct halb_why why;
	struct nl_ctx ctx;
	int ret = CLI_OK;

	if (!parse(args, &question))
		return cli_usage(args);
	if (nl_open(&ctx) || nl_why(&ctx, &question.packet, question.device, &why)) {
		ret = cli_refused(&ctx);
	} else {
		explain_verdict(&ctx, &why, &problems);
		explain_server(&why, &question.packet, &problems);
		explain_stack(&why, &question.packet, &problems);
		explain_vip(&why, &problems);
		show(cli, &why, &question.packet, &problems);
	}
	nl_close(&ctx);
	return ret;
}
