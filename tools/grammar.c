// SPDX-License-Identifier: GPL-2.0
#include "grammar.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

/* The longest timeout that the contract allows: 31 days. */
#define TIMEOUT_MAX	2678400
/* Thresholds and conn-limit: counts of connections. */
#define CONNS_MAX	INT32_MAX
#define SUSPECT_MAX	65535

/* --- what names a service or a server ---------------------------------------- */

/* A mark is often written in hexadecimal, as nft and iptables print it. */
static bool parse_mark(struct args *args, uint32_t *mark)
{
	unsigned long long value;
	const char *word;
	char *end;
	int base;

	if (!args_need(args, "a firewall mark", &word))
		return false;
	base = !strncmp(word, "0x", 2) ? 16 : 10;
	errno = 0;
	value = strtoull(word, &end, base);
	if (*word < '0' || *word > '9' || *end)
		return args_fail(args, "fwmark '%s' is not a number: it is 1 to 4294967295", word);
	if (errno || value < 1 || value > UINT32_MAX)
		return args_fail(args, "fwmark %s is out of range: it is 1 to 4294967295", word);
	*mark = (uint32_t)value;
	return true;
}

static bool parse_endpoint(struct args *args, const char *what, enum addr_port want,
			   struct halb_addr *addr, uint16_t *port, bool *has_port)
{
	const char *word;

	if (!args_need(args, what, &word))
		return false;
	return addr_parse_endpoint(word, want, addr, port, has_port,
				   args->err, sizeof(args->err)) || args_failed(args);
}

bool grammar_key(struct args *args, struct halb_key *key)
{
	static const char *const kinds[] = { "tcp", "udp", "sctp", "fwmark" };
	const char *word, *next;

	memset(key, 0, sizeof(*key));
	if (!args_need(args, "a service (tcp, udp or sctp ADDR:PORT, or fwmark N)", &word))
		return false;
	if (!strcmp(word, "fwmark")) {
		key->addr.family = AF_INET;
		if (!parse_mark(args, &key->fwmark))
			return false;
		next = args_peek(args);
		if (next && !strcmp(next, "inet6")) {
			args_next(args);
			key->addr.family = AF_INET6;
		}
		return true;
	}
	if (!strcmp(word, "tcp"))
		key->protocol = IPPROTO_TCP;
	else if (!strcmp(word, "udp"))
		key->protocol = IPPROTO_UDP;
	else if (!strcmp(word, "sctp"))
		key->protocol = IPPROTO_SCTP;
	else if (strpbrk(word, ".:"))
		return args_fail(args, "a service begins with its protocol: write tcp %s or udp %s",
				 word, word);
	else
		return args_unknown(args, "protocol", word, NULL, kinds, ARRAY_SIZE(kinds));
	return parse_endpoint(args, "the service's address", ADDR_PORT_REQUIRED,
			      &key->addr, &key->port, NULL);
}

bool grammar_server_addr(struct args *args, const struct halb_key *service,
			 struct halb_server *server)
{
	bool has_port;

	server->service = *service;
	if (!parse_endpoint(args, "the server's address", ADDR_PORT_OPTIONAL,
			    &server->addr, &server->port, &has_port))
		return false;
	if (has_port)
		server->present |= HALB_SRV_PORT;
	return true;
}

/* --- what a service is like -------------------------------------------------- */

enum {
	SVC_SLOT_SCHEDULER,
	SVC_SLOT_PERSISTENT,
	SVC_SLOT_PREFIX,
	SVC_SLOT_VRRP,
	SVC_SLOT_SOURCES,
	SVC_SLOT_LIMITS,		/* five */
	SVC_SLOT_FLAGS = SVC_SLOT_LIMITS + 5,
};

static bool take_scheduler(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_service *service = object;
	const char *word;

	(void)keyword;
	if (!args_need(args, "the scheduler's name", &word))
		return false;
	/* Which ones there are is the kernel's to say. */
	snprintf(service->scheduler, sizeof(service->scheduler), "%s", word);
	service->present |= HALB_SVC_SCHEDULER;
	return true;
}

static void change_flag(struct halb_service *service, uint32_t flag, bool on)
{
	service->flags |= on ? flag : 0;
	service->flags_mask |= flag;
	service->present |= HALB_SVC_FLAGS;
}

static bool take_flag(struct args *args, const struct keyword *keyword, void *object)
{
	(void)args;
	change_flag(object, keyword->value, strncmp(keyword->name, "no-", 3));
	return true;
}

static bool take_persistent(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_service *service = object;
	const char *next = args_peek(args);

	change_flag(service, keyword->value, true);
	if (!next || *next < '0' || *next > '9')
		return true;
	service->present |= HALB_SVC_PERSIST_TIMEOUT;
	return args_uint(args, "persistent", 1, TIMEOUT_MAX, &service->persist_timeout);
}

/* "none" removes them. */
static bool take_sources(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_service *service = object;
	const char *word;

	if (!args_need(args, "source addresses, or none", &word))
		return false;
	service->present |= keyword->value;
	if (!strcmp(word, "none"))
		return true;
	return addr_parse_range(word, &service->source, &service->source_count,
				args->err, sizeof(args->err)) || args_failed(args);
}

static bool take_prefix(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_service *service = object;
	const char *word;

	if (!args_need(args, keyword->name, &word))
		return false;
	service->present |= HALB_SVC_PERSIST_PREFIX;
	return addr_parse_prefix(word, service->key.addr.family, &service->persist_prefix,
				 args->err, sizeof(args->err)) || args_failed(args);
}

/* No-vrrp is the empty name. */
static bool take_vrrp(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_service *service = object;
	const char *word = "";

	if (keyword->value && !args_need(args, "the name of a VRRP instance", &word))
		return false;
	snprintf(service->vrrp, sizeof(service->vrrp), "%s", word);
	service->present |= HALB_SVC_VRRP;
	return true;
}

/* 0 is what all services have. */
static bool take_own_limit(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_service *service = object;
	uint32_t max = TIMEOUT_MAX, *value;

	switch (keyword->value) {
	case HALB_SVC_TCP_TIMEOUT:
		value = &service->tcp_timeout;
		break;
	case HALB_SVC_TCP_FIN_TIMEOUT:
		value = &service->tcp_fin_timeout;
		break;
	case HALB_SVC_UDP_TIMEOUT:
		value = &service->udp_timeout;
		break;
	case HALB_SVC_SLOW_START:
		value = &service->slow_start;
		max = HALB_SLOW_START_MAX;
		break;
	default:
		value = &service->conn_limit;
		max = CONNS_MAX;
		break;
	}
	service->present |= keyword->value;
	return args_uint(args, keyword->name, 0, max, value);
}

static const struct keyword service_keywords[] = {
	{ "scheduler", SVC_SLOT_SCHEDULER, take_scheduler, 0 },
	{ "persistent", SVC_SLOT_PERSISTENT, take_persistent, HALB_SERVICE_FLAG_PERSISTENT },
	{ "no-persistent", SVC_SLOT_PERSISTENT, take_flag, HALB_SERVICE_FLAG_PERSISTENT },
	{ "netmask", SVC_SLOT_PREFIX, take_prefix, 0 },
	{ "prefix", SVC_SLOT_PREFIX, take_prefix, 0 },
	{ "sh-fallback", SVC_SLOT_FLAGS, take_flag, HALB_SERVICE_FLAG_SH_FALLBACK },
	{ "no-sh-fallback", SVC_SLOT_FLAGS, take_flag, HALB_SERVICE_FLAG_SH_FALLBACK },
	{ "sh-port", SVC_SLOT_FLAGS + 1, take_flag, HALB_SERVICE_FLAG_SH_PORT },
	{ "no-sh-port", SVC_SLOT_FLAGS + 1, take_flag, HALB_SERVICE_FLAG_SH_PORT },
	{ "sources", SVC_SLOT_SOURCES, take_sources, HALB_SVC_SOURCES },
	{ "ops", SVC_SLOT_FLAGS + 4, take_flag, HALB_SERVICE_FLAG_OPS },
	{ "no-ops", SVC_SLOT_FLAGS + 4, take_flag, HALB_SERVICE_FLAG_OPS },
	{ "ftp", SVC_SLOT_FLAGS + 5, take_flag, HALB_SERVICE_FLAG_FTP },
	{ "no-ftp", SVC_SLOT_FLAGS + 5, take_flag, HALB_SERVICE_FLAG_FTP },
	{ "tcp-timeout", SVC_SLOT_LIMITS, take_own_limit, HALB_SVC_TCP_TIMEOUT },
	{ "tcp-fin-timeout", SVC_SLOT_LIMITS + 1, take_own_limit, HALB_SVC_TCP_FIN_TIMEOUT },
	{ "udp-timeout", SVC_SLOT_LIMITS + 2, take_own_limit, HALB_SVC_UDP_TIMEOUT },
	{ "conn-limit", SVC_SLOT_LIMITS + 3, take_own_limit, HALB_SVC_CONN_LIMIT },
	{ "slow-start", SVC_SLOT_LIMITS + 4, take_own_limit, HALB_SVC_SLOW_START },
	{ "vrrp", SVC_SLOT_VRRP, take_vrrp, 1 },
	{ "no-vrrp", SVC_SLOT_VRRP, take_vrrp, 0 },
	{ "adopt", SVC_SLOT_FLAGS + 2, take_flag, HALB_SERVICE_FLAG_ADOPT },
	{ "no-adopt", SVC_SLOT_FLAGS + 2, take_flag, HALB_SERVICE_FLAG_ADOPT },
	{ "yield", SVC_SLOT_FLAGS + 3, take_flag, HALB_SERVICE_FLAG_YIELD },
	{ "no-yield", SVC_SLOT_FLAGS + 3, take_flag, HALB_SERVICE_FLAG_YIELD },
	{ "through-stack", SVC_SLOT_FLAGS + 6, take_flag, HALB_SERVICE_FLAG_THROUGH_STACK },
	{ "no-through-stack", SVC_SLOT_FLAGS + 6, take_flag, HALB_SERVICE_FLAG_THROUGH_STACK },
};

static bool parse_service(struct args *args, struct halb_change *change)
{
	struct halb_service *service = &change->service;
	bool add = change->op == HALB_CHANGE_OP_ADD;
	uint32_t slots;

	if (!grammar_key(args, &service->key))
		return false;
	if (change->op == HALB_CHANGE_OP_DEL)
		return args_end(args);
	if (!args_keywords(args, service_keywords, ARRAY_SIZE(service_keywords),
			   add ? "service add" : "service set", service, &slots))
		return false;
	if (!add && !slots)
		return args_fail(args, "nothing to set: give scheduler, persistent, netmask, sh-fallback, sh-port, ops, ftp, sources, vrrp, adopt, yield, through-stack, conn-limit, slow-start or a timeout");
	if ((slots & 1u << SVC_SLOT_PREFIX) && !(service->flags & HALB_SERVICE_FLAG_PERSISTENT) &&
	    (add || slots & 1u << SVC_SLOT_PERSISTENT))
		return args_fail(args, "a netmask is of no use without persistence: add persistent [SECONDS]");
	return true;
}

/* --- what a server is like --------------------------------------------------- */

static bool take_method(struct args *args, const struct keyword *keyword, void *object)
{
	static const char *const methods[] = { "nat", "dr", "tun", "fullnat" };
	struct halb_server *server = object;
	const char *word;
	int value;

	(void)keyword;
	if (!args_need(args, "the method (nat, dr, tun or fullnat)", &word))
		return false;
	value = halb_method_value(word);
	if (value < 0)
		return args_unknown(args, "method", word, NULL, methods, ARRAY_SIZE(methods));
	server->method = (uint32_t)value;
	server->present |= HALB_SRV_METHOD;
	return true;
}

static bool take_tun_type(struct args *args, const struct keyword *keyword, void *object)
{
	static const char *const types[] = { "ipip", "gue", "gre" };
	struct halb_server *server = object;
	const char *word;
	int value;

	if (!args_need(args, "the kind of tunnel (ipip, gue or gre)", &word))
		return false;
	value = halb_tun_type_value(word);
	if (value < 0)
		return args_unknown(args, "tunnel", word, NULL, types, ARRAY_SIZE(types));
	server->tun_type = (uint32_t)value;
	server->present |= keyword->value;
	return true;
}

static bool take_tun_csum(struct args *args, const struct keyword *keyword, void *object)
{
	static const char *const csums[] = { "none", "csum", "remcsum" };
	struct halb_server *server = object;
	const char *word;
	int value;

	if (!args_need(args, "none, csum or remcsum", &word))
		return false;
	value = halb_tun_csum_value(word);
	if (value < 0)
		return args_unknown(args, "value", word, keyword->name, csums,
				    ARRAY_SIZE(csums));
	server->tun_csum = (uint32_t)value;
	server->present |= keyword->value;
	return true;
}

static bool take_tun_port(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_server *server = object;
	uint32_t port;

	if (!args_uint(args, keyword->name, 1, UINT16_MAX, &port))
		return false;
	server->tun_port = (uint16_t)port;
	server->present |= keyword->value;
	return true;
}

static bool take_server_number(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_server *server = object;
	uint32_t max = CONNS_MAX, *value;

	switch (keyword->value) {
	case HALB_SRV_WEIGHT:
		value = &server->weight;
		max = HALB_WEIGHT_MAX;
		break;
	case HALB_SRV_UPPER:
		value = &server->upper;
		break;
	default:
		value = &server->lower;
		break;
	}
	server->present |= keyword->value;
	return args_uint(args, keyword->name, 0, max, value);
}

static bool take_backup(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_server *server = object;

	(void)args;
	server->backup = keyword->value;
	server->present |= HALB_SRV_BACKUP;
	return true;
}

/* When connections that are left end: drain of a property, timeout of server drain. */
static bool take_drain(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_server *server = object;

	server->present |= HALB_SRV_DRAIN;
	return args_uint(args, keyword->name, 1, TIMEOUT_MAX, &server->drain);
}

static const struct keyword server_keywords[] = {
	{ "method", 0, take_method, 0 },
	{ "weight", 1, take_server_number, HALB_SRV_WEIGHT },
	{ "upper", 2, take_server_number, HALB_SRV_UPPER },
	{ "lower", 3, take_server_number, HALB_SRV_LOWER },
	{ "tun-type", 4, take_tun_type, HALB_SRV_TUN_TYPE },
	{ "tun-port", 5, take_tun_port, HALB_SRV_TUN_PORT },
	{ "tun-csum", 6, take_tun_csum, HALB_SRV_TUN_CSUM },
	{ "backup", 7, take_backup, true },
	{ "no-backup", 7, take_backup, false },
	{ "drain", 8, take_drain, 0 },
};

static const struct keyword drain_keywords[] = {
	{ "timeout", 0, take_drain, 0 },
};

static bool parse_server(struct args *args, struct halb_change *change, bool drain)
{
	struct halb_server *server = &change->server;
	bool add = change->op == HALB_CHANGE_OP_ADD;
	struct halb_key service;
	uint32_t slots;

	if (!grammar_key(args, &service) || !grammar_server_addr(args, &service, server))
		return false;
	if (drain) {
		server->weight = 0;
		server->present |= HALB_SRV_WEIGHT;
		return args_keywords(args, drain_keywords, ARRAY_SIZE(drain_keywords),
				     "server drain", server, &slots);
	}
	if (change->op == HALB_CHANGE_OP_DEL)
		return args_end(args);
	if (!args_keywords(args, server_keywords, ARRAY_SIZE(server_keywords),
			   add ? "server add" : "server set", server, &slots))
		return false;
	return add || slots ||
	       args_fail(args, "nothing to set: give method, weight, upper, lower, backup, drain or tun-type");
}

/* --- settings ---------------------------------------------------------------- */

static bool take_seconds(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_settings *settings = object;
	uint32_t *value;

	switch (keyword->value) {
	case HALB_SET_TCP_TIMEOUT:
		value = &settings->tcp_timeout;
		break;
	case HALB_SET_TCP_FIN_TIMEOUT:
		value = &settings->tcp_fin_timeout;
		break;
	default:
		value = &settings->udp_timeout;
		break;
	}
	settings->present |= keyword->value;
	return args_uint(args, keyword->name, 1, TIMEOUT_MAX, value);
}

static bool take_conn_limit(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_settings *settings = object;

	settings->present |= keyword->value;
	return args_uint(args, keyword->name, 1, CONNS_MAX, &settings->conn_limit);
}

static bool take_suspect_after(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_settings *settings = object;

	settings->present |= keyword->value;
	return args_uint(args, keyword->name, 0, SUSPECT_MAX, &settings->suspect_after);
}

static bool take_vip_unmatched(struct args *args, const struct keyword *keyword, void *object)
{
	static const char *const actions[] = { "accept", "reject", "drop" };
	struct halb_settings *settings = object;
	const char *word;
	int value;

	if (!args_need(args, "accept, reject or drop", &word))
		return false;
	value = halb_vip_unmatched_value(word);
	if (value < 0)
		return args_unknown(args, "value", word, "vip-unmatched", actions,
				    ARRAY_SIZE(actions));
	settings->vip_unmatched = (uint32_t)value;
	settings->present |= keyword->value;
	return true;
}

static bool take_switch(struct args *args, const struct keyword *keyword, void *object)
{
	static const char *const states[] = { "on", "off" };
	struct halb_settings *settings = object;
	const char *word;

	if (!args_need(args, "on or off", &word))
		return false;
	if (strcmp(word, "on") && strcmp(word, "off"))
		return args_unknown(args, "value", word, keyword->name, states,
				    ARRAY_SIZE(states));
	if (keyword->value == HALB_SET_SOURCE_CHECK)
		settings->source_check = !strcmp(word, "on");
	else if (keyword->value == HALB_SET_LOCAL_CLIENTS)
		settings->local_clients = !strcmp(word, "on");
	else
		settings->expire_quiescent = !strcmp(word, "on");
	settings->present |= keyword->value;
	return true;
}

static const struct keyword settings_keywords[] = {
	{ "tcp-timeout", 0, take_seconds, HALB_SET_TCP_TIMEOUT },
	{ "tcp-fin-timeout", 1, take_seconds, HALB_SET_TCP_FIN_TIMEOUT },
	{ "udp-timeout", 2, take_seconds, HALB_SET_UDP_TIMEOUT },
	{ "conn-limit", 3, take_conn_limit, HALB_SET_CONN_LIMIT },
	{ "vip-unmatched", 4, take_vip_unmatched, HALB_SET_VIP_UNMATCHED },
	{ "source-check", 5, take_switch, HALB_SET_SOURCE_CHECK },
	{ "expire-quiescent-template", 6, take_switch, HALB_SET_EXPIRE_QUIESCENT },
	{ "local-clients", 7, take_switch, HALB_SET_LOCAL_CLIENTS },
	{ "suspect-after", 8, take_suspect_after, HALB_SET_SUSPECT_AFTER },
};

static bool parse_settings(struct args *args, struct halb_change *change)
{
	uint32_t slots;

	if (!args_keywords(args, settings_keywords, ARRAY_SIZE(settings_keywords),
			   "settings set", &change->settings, &slots))
		return false;
	return slots || args_fail(args, "nothing to set: give a setting and its value, such as tcp-timeout 900");
}

/* --- whole commands ---------------------------------------------------------- */

/* verbs: those that change something, and last of all show. */
static bool parse_verb(struct args *args, const char *noun, const char *const *verbs,
		       size_t count, const char **verb)
{
	char what[64];

	snprintf(what, sizeof(what), "what to do with the %s", noun);
	if (!args_need(args, what, verb))
		return false;
	for (size_t i = 0; i + 1 < count; i++)
		if (!strcmp(*verb, verbs[i]))
			return true;
	/* Whoever shows things does not come here, but with a restore. */
	if (!strcmp(*verb, "show"))
		return args_fail(args, "'%s show' changes nothing: it is no part of a configuration",
				 noun);
	return args_unknown(args, "command", *verb, noun, verbs, count);
}

static enum halb_change_op op_of(const char *verb)
{
	if (!strcmp(verb, "add"))
		return HALB_CHANGE_OP_ADD;
	if (!strcmp(verb, "del"))
		return HALB_CHANGE_OP_DEL;
	return HALB_CHANGE_OP_SET;
}

static bool parse_service_command(struct args *args, struct halb_change *change)
{
	static const char *const verbs[] = { "add", "set", "del", "flush", "show" };
	const char *verb;

	if (!parse_verb(args, "service", verbs, ARRAY_SIZE(verbs), &verb))
		return false;
	if (!strcmp(verb, "flush")) {
		change->op = HALB_CHANGE_OP_FLUSH;
		return args_end(args);
	}
	change->object = HALB_OBJECT_SERVICE;
	change->op = op_of(verb);
	return parse_service(args, change);
}

static bool parse_server_command(struct args *args, struct halb_change *change)
{
	static const char *const verbs[] = { "add", "set", "del", "drain", "show" };
	const char *verb;

	if (!parse_verb(args, "server", verbs, ARRAY_SIZE(verbs), &verb))
		return false;
	change->object = HALB_OBJECT_SERVER;
	change->op = op_of(verb);
	return parse_server(args, change, !strcmp(verb, "drain"));
}

static bool parse_settings_command(struct args *args, struct halb_change *change)
{
	static const char *const verbs[] = { "set", "show" };
	const char *verb;

	if (!parse_verb(args, "settings", verbs, ARRAY_SIZE(verbs), &verb))
		return false;
	change->object = HALB_OBJECT_SETTINGS;
	change->op = HALB_CHANGE_OP_SET;
	return parse_settings(args, change);
}

bool grammar_change(struct args *args, struct halb_change *change)
{
	static const char *const nouns[] = { "service", "server", "settings" };
	const char *noun;

	memset(change, 0, sizeof(*change));
	if (!args_need(args, "a command", &noun))
		return false;
	if (!strcmp(noun, "service"))
		return parse_service_command(args, change);
	if (!strcmp(noun, "server"))
		return parse_server_command(args, change);
	if (!strcmp(noun, "settings"))
		return parse_settings_command(args, change);
	if (*noun == '-')
		return args_fail(args, "'%s' is ipvsadm's grammar: such files are for halbctl -R",
				 noun);
	return args_unknown(args, "command", noun, NULL, nouns, ARRAY_SIZE(nouns));
}

/* --- filters of connections -------------------------------------------------- */

enum { CONN_SLOT_SERVICE, CONN_SLOT_SERVER, CONN_SLOT_CLIENT, CONN_SLOT_PROTOCOL };

static bool take_conn_service(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_conn *conn = object;
	struct halb_key key;

	(void)keyword;
	if (!grammar_key(args, &key))
		return false;
	if (key.fwmark) {
		conn->fwmark = key.fwmark;
		conn->present |= HALB_CONN_FWMARK;
		return true;
	}
	if (conn->present & HALB_CONN_PROTOCOL && conn->protocol != key.protocol)
		return args_fail(args, "the service is %s, and the filter %s",
				 halb_protocol_name(key.protocol),
				 halb_protocol_name(conn->protocol));
	conn->protocol = key.protocol;
	conn->service = key.addr;
	conn->service_port = key.port;
	conn->present |= HALB_CONN_PROTOCOL | HALB_CONN_SERVICE;
	/* port 0 is all ports */
	if (key.port)
		conn->present |= HALB_CONN_SERVICE_PORT;
	return true;
}

static bool take_conn_server(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_conn *conn = object;
	bool has_port;

	(void)keyword;
	if (!parse_endpoint(args, "the server's address", ADDR_PORT_OPTIONAL,
			    &conn->server, &conn->server_port, &has_port))
		return false;
	conn->present |= HALB_CONN_SERVER | (has_port ? HALB_CONN_SERVER_PORT : 0);
	return true;
}

static bool take_conn_client(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_conn *conn = object;
	bool has_port;

	(void)keyword;
	if (!parse_endpoint(args, "the client's address", ADDR_PORT_OPTIONAL,
			    &conn->client, &conn->client_port, &has_port))
		return false;
	conn->present |= HALB_CONN_CLIENT | (has_port ? HALB_CONN_CLIENT_PORT : 0);
	return true;
}

static bool take_conn_protocol(struct args *args, const struct keyword *keyword, void *object)
{
	struct halb_conn *conn = object;

	if (conn->present & HALB_CONN_PROTOCOL && conn->protocol != keyword->value)
		return args_fail(args, "the service is %s, and the filter %s",
				 halb_protocol_name(conn->protocol), keyword->name);
	conn->protocol = (uint8_t)keyword->value;
	conn->present |= HALB_CONN_PROTOCOL;
	return true;
}

static const struct keyword conn_keywords[] = {
	{ "service", CONN_SLOT_SERVICE, take_conn_service, 0 },
	{ "server", CONN_SLOT_SERVER, take_conn_server, 0 },
	{ "client", CONN_SLOT_CLIENT, take_conn_client, 0 },
	{ "tcp", CONN_SLOT_PROTOCOL, take_conn_protocol, IPPROTO_TCP },
	{ "udp", CONN_SLOT_PROTOCOL, take_conn_protocol, IPPROTO_UDP },
	{ "sctp", CONN_SLOT_PROTOCOL, take_conn_protocol, IPPROTO_SCTP },
};

bool grammar_conn_filter(struct args *args, struct halb_conn *filter)
{
	uint32_t slots;

	memset(filter, 0, sizeof(*filter));
	return args_keywords(args, conn_keywords, ARRAY_SIZE(conn_keywords),
			     "a filter of connections", filter, &slots);
}

/* --- objects to words -------------------------------------------------------- */

static void append(char *buf, size_t size, const char *format, ...)
	__printf(3, 4);

static void append(char *buf, size_t size, const char *format, ...)
{
	size_t used = strlen(buf);
	va_list ap;

	va_start(ap, format);
	vsnprintf(buf + used, size - used, format, ap);
	va_end(ap);
}

const char *grammar_format_options(const struct halb_service *service,
				   char *buf, size_t size)
{
	uint8_t all = service->key.addr.family == AF_INET6 ? 128 : 32;
	char mask[ADDR_STRLEN], range[RANGE_STRLEN];

	*buf = '\0';
	if (service->flags & HALB_SERVICE_FLAG_PERSISTENT) {
		append(buf, size, " persistent %u", service->persist_timeout);
		/* One address is the default, and what 0 would say. */
		if (!service->persist_prefix || service->persist_prefix == all)
			;
		else if (all == 128)
			append(buf, size, " prefix %u", service->persist_prefix);
		else
			append(buf, size, " netmask %s",
			       netmask_format(service->persist_prefix, mask));
	}
	if (service->flags & HALB_SERVICE_FLAG_SH_FALLBACK)
		append(buf, size, " sh-fallback");
	if (service->flags & HALB_SERVICE_FLAG_SH_PORT)
		append(buf, size, " sh-port");
	if (service->flags & HALB_SERVICE_FLAG_ADOPT)
		append(buf, size, " adopt");
	if (service->flags & HALB_SERVICE_FLAG_YIELD)
		append(buf, size, " yield");
	if (service->flags & HALB_SERVICE_FLAG_OPS)
		append(buf, size, " ops");
	if (service->flags & HALB_SERVICE_FLAG_FTP)
		append(buf, size, " ftp");
	if (service->flags & HALB_SERVICE_FLAG_THROUGH_STACK)
		append(buf, size, " through-stack");
	if (service->source_count)
		append(buf, size, " sources %s",
		       range_format(&service->source, service->source_count, range));
	if (service->tcp_timeout)
		append(buf, size, " tcp-timeout %u", service->tcp_timeout);
	if (service->tcp_fin_timeout)
		append(buf, size, " tcp-fin-timeout %u", service->tcp_fin_timeout);
	if (service->udp_timeout)
		append(buf, size, " udp-timeout %u", service->udp_timeout);
	if (service->conn_limit)
		append(buf, size, " conn-limit %u", service->conn_limit);
	if (service->slow_start)
		append(buf, size, " slow-start %u", service->slow_start);
	if (*service->vrrp)
		append(buf, size, " vrrp %s", service->vrrp);
	return buf;
}

const char *grammar_format_server_options(const struct halb_server *server,
				  char *buf, size_t size)
{
	*buf = '\0';
	if (server->method == HALB_METHOD_TUN && server->tun_type != HALB_TUN_TYPE_IPIP) {
		append(buf, size, " tun-type %s", halb_tun_type_name(server->tun_type));
		if (server->tun_port)
			append(buf, size, " tun-port %u", server->tun_port);
		if (server->tun_csum)
			append(buf, size, " tun-csum %s", halb_tun_csum_name(server->tun_csum));
	}
	if (server->upper)
		append(buf, size, " upper %u", server->upper);
	if (server->lower)
		append(buf, size, " lower %u", server->lower);
	if (server->backup)
		append(buf, size, " backup");
	if (server->drain)
		append(buf, size, " drain %u", server->drain);
	return buf;
}

static void format_service(const struct halb_change *change, char *line, size_t size)
{
	static const char *const verbs[] = {
		[HALB_CHANGE_OP_ADD] = "add",
		[HALB_CHANGE_OP_SET] = "set",
		[HALB_CHANGE_OP_DEL] = "del",
	};
	char key[KEY_STRLEN], options[384];

	append(line, size, "service %s %s", verbs[change->op],
	       key_format(&change->service.key, key));
	if (change->op == HALB_CHANGE_OP_DEL)
		return;
	append(line, size, " scheduler %s%s", change->service.scheduler,
	       grammar_format_options(&change->service, options, sizeof(options)));
}

static void format_server(const struct halb_change *change, char *line, size_t size)
{
	static const char *const verbs[] = {
		[HALB_CHANGE_OP_ADD] = "add",
		[HALB_CHANGE_OP_SET] = "set",
		[HALB_CHANGE_OP_DEL] = "del",
	};
	const struct halb_server *server = &change->server;
	char key[KEY_STRLEN], endpoint[ENDPOINT_STRLEN], options[128];

	append(line, size, "server %s %s %s", verbs[change->op],
	       key_format(&server->service, key),
	       endpoint_format(&server->addr, server->port, endpoint));
	if (change->op == HALB_CHANGE_OP_DEL)
		return;
	append(line, size, " method %s weight %u%s", halb_method_name(server->method),
	       server->weight, grammar_format_server_options(server, options, sizeof(options)));
}

static void format_settings(const struct halb_settings *settings, char *line, size_t size)
{
	append(line, size, "settings set");
	if (settings->present & HALB_SET_TCP_TIMEOUT)
		append(line, size, " tcp-timeout %u", settings->tcp_timeout);
	if (settings->present & HALB_SET_TCP_FIN_TIMEOUT)
		append(line, size, " tcp-fin-timeout %u", settings->tcp_fin_timeout);
	if (settings->present & HALB_SET_UDP_TIMEOUT)
		append(line, size, " udp-timeout %u", settings->udp_timeout);
	if (settings->present & HALB_SET_CONN_LIMIT)
		append(line, size, " conn-limit %u", settings->conn_limit);
	if (settings->present & HALB_SET_VIP_UNMATCHED)
		append(line, size, " vip-unmatched %s",
		       halb_vip_unmatched_name(settings->vip_unmatched));
	if (settings->present & HALB_SET_SOURCE_CHECK)
		append(line, size, " source-check %s", settings->source_check ? "on" : "off");
	if (settings->present & HALB_SET_EXPIRE_QUIESCENT)
		append(line, size, " expire-quiescent-template %s",
		       settings->expire_quiescent ? "on" : "off");
	if (settings->present & HALB_SET_LOCAL_CLIENTS)
		append(line, size, " local-clients %s", settings->local_clients ? "on" : "off");
	if (settings->present & HALB_SET_SUSPECT_AFTER)
		append(line, size, " suspect-after %u", settings->suspect_after);
}

const char *grammar_format(const struct halb_change *change,
			   char line[static GRAMMAR_LINE])
{
	*line = '\0';
	if (change->op == HALB_CHANGE_OP_FLUSH)
		append(line, GRAMMAR_LINE, "service flush");
	else if (change->object == HALB_OBJECT_SERVICE)
		format_service(change, line, GRAMMAR_LINE);
	else if (change->object == HALB_OBJECT_SERVER)
		format_server(change, line, GRAMMAR_LINE);
	else if (change->object == HALB_OBJECT_SETTINGS)
		format_settings(&change->settings, line, GRAMMAR_LINE);
	return line;
}
