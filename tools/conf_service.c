// SPDX-License-Identifier: GPL-2.0
/* virtual_server_group, virtual_server, real_server. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "addr.h"
#include "conf_rows.h"
#include "conf_takes.h"

#define WEIGHT_MAX	65535
/* Addresses of one line of a group. */
#define RANGE_MAX	65536

/* --- groups ------------------------------------------------------------------------- */

static bool parse_port(struct parser *p, const struct node *node, const char *word, uint16_t *port)
{
	int64_t value;
	char *end;

	value = strtol(word, &end, 10);
	if (*word < '0' || *word > '9' || *end || value > UINT16_MAX) {
		conf_error(p, &node->pos, "port '%s' of %s: it is 0 to 65535, by number", word,
			   node->words[0]);
		return false;
	}
	*port = (uint16_t)value;
	return true;
}

static bool parse_mark(struct parser *p, const struct node *node, const char *word, uint32_t *mark)
{
	unsigned long long value;
	char *end;

	value = word ? strtoull(word, &end, 0) : 0;
	if (word && *word >= '0' && *word <= '9' && !*end && value && value <= UINT32_MAX) {
		*mark = (uint32_t)value;
		return true;
	}
	conf_error(p, &node->pos, "fwmark %s: it is a number, 1 to 4294967295", word ? word : "has no value");
	return false;
}

/* The addresses differ in the last 32 bits only. */
static bool count_range(const struct halb_addr *first, const struct halb_addr *last, uint32_t *count)
{
	size_t size = first->family == AF_INET ? 4 : 16;
	uint32_t a, b;

	if (first->family != last->family || memcmp(first->bytes, last->bytes, size - 4))
		return false;
	memcpy(&a, first->bytes + size - 4, 4);
	memcpy(&b, last->bytes + size - 4, 4);
	a = ntohl(a);
	b = ntohl(b);
	if (b < a || b - a >= RANGE_MAX)
		return false;
	*count = b - a + 1;
	return true;
}

/* What follows the - of a range: an address, or its last part */
static bool range_end(const char *text, const struct halb_addr *first, struct halb_addr *last)
{
	unsigned long value;
	char *end;

	if (strpbrk(text, ".:"))
		return addr_parse(text, last);
	*last = *first;
	value = strtoul(text, &end, first->family == AF_INET ? 10 : 16);
	if (!*text || *end || value > (first->family == AF_INET ? 255 : 65535))
		return false;
	if (first->family == AF_INET) {
		last->bytes[3] = (uint8_t)value;
	} else {
		last->bytes[14] = (uint8_t)(value >> 8);
		last->bytes[15] = (uint8_t)value;
	}
	return true;
}

/* ADDR, ADDR-END, ADDR/PREFIX */
static bool parse_range(struct parser *p, const struct node *node, const char *word,
			struct conf_group_entry *entry)
{
	char text[INET6_ADDRSTRLEN];
	size_t len = strcspn(word, "-/");
	struct halb_addr last = { 0 };
	uint8_t prefix, bits;
	char err[256];

	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	memcpy(text, word, len);
	text[len] = '\0';
	if (!addr_parse(text, &entry->first)) {
		conf_error(p, &node->pos, "'%s' is not an IPv4 or IPv6 address", word);
		return false;
	}
	entry->count = 1;
	if (word[len] == '-') {
		if (range_end(word + len + 1, &entry->first, &last) &&
		    count_range(&entry->first, &last, &entry->count))
			return true;
		conf_error(p, &node->pos, "range '%s': it is FIRST-LAST, or FIRST and the last part of LAST, which is no less, with %d addresses at most",
			   word, RANGE_MAX);
		return false;
	}
	if (word[len] != '/')
		return true;
	bits = entry->first.family == AF_INET ? 32 : 128;
	if (!addr_parse_prefix(word + len + 1, entry->first.family, &prefix, err, sizeof(err)) ||
	    bits - prefix > 16) {
		conf_error(p, &node->pos, "range '%s': the number after / is %d to %d", word,
			   bits - 16, bits);
		return false;
	}
	entry->count = 1u << (bits - prefix);
	for (uint8_t bit = prefix; bit < bits; bit++) {
		if (!(entry->first.bytes[bit / 8] & 0x80 >> bit % 8))
			continue;
		conf_error(p, &node->pos, "range '%s': the address has bits beyond /%u; write the first address of the range",
			   word, prefix);
		return false;
	}
	return true;
}

static bool parse_entry(struct parser *p, const struct node *line, struct conf_group_entry *entry)
{
	*entry = (struct conf_group_entry){ .pos = line->pos };
	if (!strcmp(line->words[0], "fwmark")) {
		const char *family = conf_word(line, 2);

		if (!parse_mark(p, line, conf_word(line, 1), &entry->fwmark))
			return false;
		conf_no_more(p, line, 3);
		if (family && strcmp(family, "inet") && strcmp(family, "inet6")) {
			conf_error(p, &line->pos, "unknown word '%s' after fwmark %u: it is inet or inet6",
				   family, entry->fwmark);
			return false;
		}
		if (family)
			entry->family = strcmp(family, "inet") ? AF_INET6 : AF_INET;
		return true;
	}
	conf_no_more(p, line, 2);
	return parse_range(p, line, line->words[0], entry) &&
	       (line->count < 2 || parse_port(p, line, line->words[1], &entry->port));
}

void conf_take_server_group(struct parser *p, const struct conf_row *row, const struct node *node,
			    void *object)
{
	struct conf_server_group group = { .pos = node->pos };
	struct conf_group_entry entry;
	const struct node *line;
	const char *word;

	(void)row;
	(void)object;
	if (!conf_need(p, node, "a name", &word))
		return;
	conf_no_more(p, node, 2);
	group.name = node->words[1];
	for (size_t i = 0; i < p->server_groups_count; i++) {
		if (strcmp(p->server_groups[i].name, group.name))
			continue;
		conf_error(p, &node->pos, "virtual_server_group %s exists already, since line %u: give this one another name",
			   group.name, p->server_groups[i].pos.line);
		return;
	}
	for (line = node->children; line; line = line->next)
		if (parse_entry(p, line, &entry))
			*arena_push(p->arena, group.entries, group.count) = entry;
	if (!group.count)
		conf_error(p, &node->pos, "virtual_server_group %s is empty: give it addresses, each with a port, or fwmark N",
			   group.name);
	*arena_push(p->arena, p->server_groups, p->server_groups_count) = group;
}

/* --- values of their own ------------------------------------------------------------------ */

static void take_ip_family(struct parser *p, const struct conf_row *row, const struct node *node,
			   void *object)
{
	static const struct conf_choice choices[] = { { "inet", AF_INET }, { "inet6", AF_INET6 } };
	struct vs_parse *vs = object;
	const char *word;
	int family;

	(void)row;
	if (!conf_need(p, node, "inet or inet6", &word))
		return;
	conf_no_more(p, node, 2);
	family = conf_choose(p, node, node->words[0], word, choices, ARRAY_SIZE(choices));
	if (family >= 0 && vs->key.addr.family && vs->key.addr.family != family &&
	    !vs->key.fwmark)
		conf_error(p, &node->pos, "ip_family %s contradicts the address of the virtual_server: remove it",
			   word);
	else if (family >= 0)
		vs->v.family = (uint8_t)family;
}

static void take_scheduler(struct parser *p, const struct conf_row *row, const struct node *node,
			   void *object)
{
	static const char *const names[] = {
		"rr", "wrr", "lc", "wlc", "sed", "nq", "sh", "dh", "mh", "fo", "ovf", "lblc", "lblcr",
		"twos",
	};
	struct vs_parse *vs = object;
	const char *word;

	(void)row;
	if (!conf_need(p, node, "a scheduler", &word))
		return;
	conf_no_more(p, node, 2);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcasecmp(word, names[i]))
			continue;
		vs->v.scheduler = (char *)names[i];
		return;
	}
	conf_error(p, &node->pos, "unknown %s '%s': it is rr, wrr, lc, wlc, sed, nq, sh, dh, mh, fo, ovf, lblc, lblcr or twos",
		   node->words[0], word);
}

static void take_sched_flag(struct parser *p, const struct conf_row *row, const struct node *node,
			    void *object)
{
	struct vs_parse *vs = object;

	conf_no_more(p, node, 1);
	vs->v.sched_flag[row->arg] = true;
}

/* sh-port belongs to sh, mh-port to mh: taken once lb_algo is known. */
static void take_scheduler_flag(struct parser *p, const struct conf_row *row,
				const struct node *node, void *object)
{
	struct vs_parse *vs = object;

	conf_no_more(p, node, 1);
	if (!vs->v.scheduler)
		return;			/* of a virtual_server that is in error */
	if (strncmp(vs->v.scheduler, row->keyword, 2))
		conf_error(p, &node->pos, "%s belongs to lb_algo %.2s, and here it is %s: it is ignored",
			   node->words[0], row->keyword, vs->v.scheduler);
	else
		vs->v.sched_flag[row->arg] = true;
}

static bool forward_option(struct parser *p, const struct node *node, size_t *at,
			   struct conf_forward *forward)
{
	static const struct conf_choice types[] = {
		{ "ipip", CONF_TUNNEL_IPIP }, { "gue", CONF_TUNNEL_GUE },
		{ "gre", CONF_TUNNEL_GRE },
	};
	static const struct conf_choice csums[] = {
		{ "nocsum", CONF_CSUM_NONE }, { "csum", CONF_CSUM_FULL },
		{ "remcsum", CONF_CSUM_REMOTE },
	};
	const char *word = node->words[*at], *next = conf_word(node, *at + 1);
	int type;

	for (size_t i = 0; i < ARRAY_SIZE(csums); i++) {
		if (strcasecmp(word, csums[i].name))
			continue;
		forward->tunnel_csum = (enum conf_tunnel_csum)csums[i].value;
		return true;
	}
	if (!next || (strcmp(word, "type") && strcmp(word, "port"))) {
		conf_error(p, &node->pos, next ? "unknown word '%s' after the method: it is type ipip, gue or gre, port N, nocsum, csum or remcsum" :
			   "%s needs a value", word);
		return false;
	}
	++*at;
	if (!strcmp(word, "port"))
		return parse_port(p, node, next, &forward->tunnel_port);
	type = conf_choose(p, node, "type of tunnel", next, types, ARRAY_SIZE(types));
	if (type < 0)
		return false;
	forward->tunnel = (enum conf_tunnel)type;
	return true;
}

static void take_forward(struct parser *p, const struct conf_row *row, const struct node *node,
			 void *object)
{
	static const struct conf_choice methods[] = {
		{ "NAT", CONF_NAT }, { "DR", CONF_DR }, { "TUN", CONF_TUN },
		{ "FULLNAT", CONF_FULLNAT },
	};
	struct conf_forward forward = { 0 };
	const char *word;
	int method;

	if (!conf_need(p, node, "NAT, DR or TUN", &word))
		return;
	method = conf_choose(p, node, node->words[0], word, methods, ARRAY_SIZE(methods));
	if (method < 0)
		return;
	forward.method = (enum conf_method)method;
	for (size_t i = 2; i < node->count; i++)
		if (!forward_option(p, node, &i, &forward))
			return;
	if (node->count > 2 && forward.method != CONF_TUN) {
		conf_error(p, &node->pos, "'%s' belongs to TUN, not to %s", node->words[2], word);
		return;
	}
	if ((forward.tunnel == CONF_TUNNEL_GUE) != (forward.tunnel_port != 0)) {
		conf_error(p, &node->pos, "a gue tunnel needs a port, and no other has one: write TUN type gue port N");
		return;
	}
	if (forward.tunnel == CONF_TUNNEL_IPIP && forward.tunnel_csum != CONF_CSUM_NONE) {
		conf_error(p, &node->pos, "an ipip tunnel has no checksum: remove it, or use type gue or gre");
		return;
	}
	if (forward.tunnel == CONF_TUNNEL_GRE && forward.tunnel_csum == CONF_CSUM_REMOTE) {
		conf_error(p, &node->pos, "a gre tunnel has no remcsum: write csum or nocsum");
		return;
	}
	MEMBER(object, row, struct conf_forward) = forward;
}

static void take_vs_forward(struct parser *p, const struct conf_row *row, const struct node *node,
			    void *object)
{
	((struct vs_parse *)object)->method_given = true;
	take_forward(p, row, node, object);
}

/* ADDRESS, or ADDRESS-ADDRESS */
static void take_sources(struct parser *p, const struct conf_row *row, const struct node *node,
			 void *object)
{
	struct vs_parse *vs = object;
	char err[256];
	const char *word;

	(void)row;
	conf_no_more(p, node, 2);
	if (conf_need(p, node, "an address or a range of addresses", &word) &&
	    !addr_parse_range(word, &vs->v.source, &vs->v.source_count, err, sizeof(err)))
		conf_error(p, &node->pos, "sources: %s", err);
}

static void take_persistence(struct parser *p, const struct conf_row *row, const struct node *node,
			     void *object)
{
	struct vs_parse *vs = object;
	int64_t value = 360;

	conf_no_more(p, node, 2);
	if (node->count < 2 ||
	    conf_number(p, node, node->words[1], row->min, row->max, &value))
		vs->v.persistence_timeout = (uint32_t)value;
}

static void take_granularity(struct parser *p, const struct conf_row *row,
			     const struct node *node, void *object)
{
	struct vs_parse *vs = object;
	const char *word;

	(void)row;
	if (!conf_need(p, node, "a netmask (255.255.255.0), or the length of a prefix", &word))
		return;
	conf_no_more(p, node, 2);
	vs->granularity = node->words[1];
	vs->granularity_pos = node->pos;
}

static void take_protocol(struct parser *p, const struct conf_row *row, const struct node *node,
			  void *object)
{
	static const struct conf_choice choices[] = {
		{ "TCP", IPPROTO_TCP }, { "UDP", IPPROTO_UDP }, { "SCTP", IPPROTO_SCTP },
	};
	struct vs_parse *vs = object;
	const char *word;
	int protocol;

	(void)row;
	if (!conf_need(p, node, "TCP or UDP", &word))
		return;
	conf_no_more(p, node, 2);
	protocol = conf_choose(p, node, node->words[0], word, choices, ARRAY_SIZE(choices));
	if (protocol < 0)
		return;
	vs->v.protocol = (uint8_t)protocol;
	vs->protocol_given = true;
}

static void take_engine(struct parser *p, const struct conf_row *row, const struct node *node,
			void *object)
{
	(void)row;
	(void)object;
	conf_error(p, &node->pos, "persistence_engine %s is not supported: clients are told apart by address",
		   conf_word(node, 1) ? conf_word(node, 1) : "");
}

/* --- servers ----------------------------------------------------------------------------------- */

static bool server_address(struct parser *p, const struct node *node, struct conf_real_server *r)
{
	const char *word;

	r->pos = node->pos;
	if (!conf_need(p, node, "an address and a port", &word) ||
	    !conf_address(p, node, word, &r->addr))
		return false;
	conf_no_more(p, node, 3);
	return node->count < 3 || parse_port(p, node, node->words[2], &r->port);
}

static void inherit(struct rs_parse *rs, const struct vs_parse *vs)
{
	rs->r.weight = vs->weight;
	rs->r.forward = vs->v.forward;
	rs->r.inhibit_on_failure = vs->v.inhibit_on_failure;
	rs->r.alpha = vs->v.alpha;
	rs->d = vs->d;
	rs->d.alpha = vs->v.alpha;
	rs->smtp_alert = vs->smtp_alert;
}

static const struct check_defaults defaults = {
	.connect_timeout_us = 5 * SEC,
	.delay_loop_us = 60 * SEC,
	.warmup_us = -1,
	.delay_before_retry_us = -1,
	.retry = UINT32_MAX,
	.inter_us = -1,
	.fastinter_us = -1,
	.downinter_us = -1,
	.rise = UINT32_MAX,
	.fall = UINT32_MAX,
};

static void start_service(struct vs_parse *vs, const struct global_parse *global)
{
	vs->v.scheduler = (char *)"wlc";
	vs->v.quorum = 1;
	vs->weight = 1;
	vs->smtp_alert = -1;
	vs->d = defaults;
	vs->d.log_all_failures = global->g.checker_log_all_failures;
}

static void take_real_server(struct parser *p, const struct conf_row *row,
			     const struct node *node, void *object)
{
	struct rs_parse rs = { 0 }, *outer = p->rs;
	struct vs_parse alone = { 0 }, *vs = p->vs;

	(void)object;
	if (p->dry || !vs) {
		start_service(&alone, &p->global);
		vs = &alone;
	}
	inherit(&rs, vs);
	/* Of a block that is in error anyway one line is enough. */
	if (!server_address(p, node, &rs.r) && !p->dry)
		return;
	p->rs = &rs;
	conf_apply(p, node, row->child, &rs);
	p->rs = outer;
	rs.r.smtp_alert = rs.smtp_alert >= 0 ? rs.smtp_alert :
			  p->global.g.smtp_alert_checker >= 0 ? p->global.g.smtp_alert_checker :
			  p->global.g.smtp_alert > 0;
	*arena_push(p->arena, vs->v.servers, vs->v.servers_count) = rs.r;
}

static void take_sorry_server(struct parser *p, const struct conf_row *row,
			      const struct node *node, void *object)
{
	struct vs_parse *vs = object;
	struct rs_parse rs = { 0 };

	(void)row;
	inherit(&rs, vs);
	rs.r.weight = 1;
	rs.r.inhibit_on_failure = false;
	if (!server_address(p, node, &rs.r))
		return;
	vs->v.sorry_server = arena_alloc(p->arena, sizeof(rs.r));
	*vs->v.sorry_server = rs.r;
}

static struct conf_real_server *sorry(struct parser *p, const struct node *node, void *object)
{
	struct vs_parse *vs = object;

	if (!vs->v.sorry_server)
		conf_error(p, &node->pos, "%s without sorry_server: it is ignored", node->words[0]);
	return vs->v.sorry_server;
}

static void take_sorry_inhibit(struct parser *p, const struct conf_row *row,
			       const struct node *node, void *object)
{
	struct vs_parse *vs = object;

	(void)row;
	conf_no_more(p, node, 1);
	if (sorry(p, node, object))
		vs->v.sorry_server_inhibit = vs->v.sorry_server->inhibit_on_failure = true;
}

static void take_sorry_forward(struct parser *p, const struct conf_row *row,
			       const struct node *node, void *object)
{
	struct conf_real_server *server = sorry(p, node, object);
	struct conf_row inner = *row;

	inner.offset = offsetof(struct conf_real_server, forward);
	if (server)
		take_forward(p, &inner, node, server);
}

/* --- services ------------------------------------------------------------------------------------ */

/* ADDR [PORT], fwmark N, group NAME */
static bool service_name(struct parser *p, const struct node *node, struct vs_parse *vs)
{
	const char *first, *second = conf_word(node, 2);

	vs->v.pos = node->pos;
	if (!conf_need(p, node, "ADDRESS PORT, fwmark N or group NAME", &first))
		return false;
	conf_no_more(p, node, 3);
	vs->v.name = second ? arena_printf(p->arena, "%s %s", first, second) : node->words[1];
	if (!strcmp(first, "group")) {
		if (!second)
			conf_error(p, &node->pos, "virtual_server group needs the name of a virtual_server_group");
		vs->v.group = second ? node->words[2] : NULL;
		return second;
	}
	if (!strcmp(first, "fwmark"))
		return parse_mark(p, node, second, &vs->key.fwmark);
	if (!conf_address(p, node, first, &vs->key.addr))
		return false;
	vs->v.family = vs->key.addr.family;
	return !second || parse_port(p, node, second, &vs->key.port);
}

void conf_take_virtual_server(struct parser *p, const struct conf_row *row, const struct node *node,
			      void *object)
{
	struct vs_parse vs = { 0 };

	(void)object;
	start_service(&vs, &p->global);
	if (!service_name(p, node, &vs))
		return;
	p->vs = &vs;
	conf_apply(p, node, row->child, &vs);
	p->vs = NULL;
	*arena_push(p->arena, p->services, p->services_count) = vs;
}

/* --- rows ------------------------------------------------------------------------------------------ */

#define CHECK	"net/checks.t"		/* what it does to checks */
#define HAS	"virtual_server.sh"		/* what the module has then */
#define VS_FORWARD "how packets reach servers; FTP is understood with NAT for all, TCP and port 21"

/* What checkers inherit, of virtual_server and real_server alike */
#define INHERITED \
	TIME("delay_loop", d.delay_loop_us, 1, YEAR, "time between checks", CHECK), \
	TIME("connect_timeout", d.connect_timeout_us, 1, YEAR, "how long a server may take to answer", CHECK), \
	U32("retry", d.retry, 0, INT32_MAX, "further tries before a server is down", CHECK), \
	TIME("delay_before_retry", d.delay_before_retry_us, 0, YEAR, "time before such a try", CHECK), \
	TIME("warmup", d.warmup_us, 0, YEAR, "the first check comes within this time", CHECK), \
	STRING("virtualhost", d.virtualhost, "name of the host that HTTP_GET asks for", CHECK), \
	HAPROXY

#define HAPROXY \
	{ .keyword = "inter", .take = take_haproxy_time, .flags = ROW_OURS, .min = 1000, .max = YEAR, \
	  .offset = offsetof(OBJ, d.inter_us), .effect = "as HAProxy: time between checks", .test = CHECK }, \
	{ .keyword = "fastinter", .take = take_haproxy_time, .flags = ROW_OURS, .min = 1000, .max = YEAR, \
	  .offset = offsetof(OBJ, d.fastinter_us), .effect = "as HAProxy: time between checks in doubt", \
	  .test = CHECK }, \
	{ .keyword = "downinter", .take = take_haproxy_time, .flags = ROW_OURS, .min = 1000, .max = YEAR, \
	  .offset = offsetof(OBJ, d.downinter_us), .effect = "as HAProxy: time between checks of a server that is down", \
	  .test = CHECK }, \
	{ .keyword = "rise", .take = take_u32, .flags = ROW_OURS, .min = 1, .max = INT32_MAX, \
	  .offset = offsetof(OBJ, d.rise), .effect = "as HAProxy: good checks until a server is up", .test = CHECK }, \
	{ .keyword = "fall", .take = take_u32, .flags = ROW_OURS, .min = 1, .max = INT32_MAX, \
	  .offset = offsetof(OBJ, d.fall), .effect = "as HAProxy: bad checks until a server is down", .test = CHECK }

#define CHECKER(kw, eff) \
	BLOCK(kw, conf_take_check, ROW_REPEAT | ROW_LATE, kw, eff, CHECK)

#define OBJ struct vs_parse
static const struct conf_row virtual_server_rows[] = {
	INHERITED,
	OWN("ip_family", take_ip_family, 0, "family of a service by mark", HAS),
	OWN("lb_algo", take_scheduler, 0, "how a server is picked", HAS),
	OWN("lvs_sched", take_scheduler, 0, "how a server is picked", HAS),
	NONE("hashed", "services are always found by a hash"),
	FLAG("ops", v.ops, "each datagram is scheduled by itself", HAS),
	ROW("flag-1", take_sched_flag, 0, v, 0, 0, 0, "first flag of the scheduler", HAS),
	ROW("flag-2", take_sched_flag, 0, v, 0, 0, 1, "second flag of the scheduler", HAS),
	NONE("flag-3", "no scheduler has a third flag"),
	ROW("sh-fallback", take_scheduler_flag, ROW_LATE, v, 0, 0, 0, "sh goes past a server that is down", HAS),
	ROW("sh-port", take_scheduler_flag, ROW_LATE, v, 0, 0, 1, "sh hashes the port too", HAS),
	ROW("mh-fallback", take_scheduler_flag, ROW_LATE, v, 0, 0, 0, "mh goes past a server that is down", HAS),
	ROW("mh-port", take_scheduler_flag, ROW_LATE, v, 0, 0, 1, "mh hashes the port too", HAS),
	ROW("lb_kind", take_vs_forward, 0, v.forward, 0, 0, 0, VS_FORWARD, HAS),
	ROW("lvs_method", take_vs_forward, 0, v.forward, 0, 0, 0, VS_FORWARD, HAS),
	{ .keyword = "sources", .take = take_sources, .flags = ROW_OURS,
	  .effect = "addresses from which FULLNAT talks to servers", .test = HAS },
	ROW("persistence_timeout", take_persistence, 0, v, 1, 2678400, 0,
	    "how long a client stays with its server", HAS),
	OWN("persistence_granularity", take_granularity, 0, "netmask of what counts as one client", HAS),
	{ .keyword = "persistence_engine", .take = take_engine, .flags = ROW_REFUSED,
	  .effect = "clients are told apart by address", .test = "conf_rows_t" },
	OWN("protocol", take_protocol, 0, "TCP or UDP", HAS),
	FLAG("ha_suspend", v.ha_suspend, "no checks while the instance is not master", "checker_t"),
	{ .keyword = "passive_health", .take = take_flag, .flags = ROW_OURS,
	  .offset = offsetof(OBJ, v.passive_health), .arg = 1,
	  .effect = "a server that new connections fail at is checked at once",
	  .test = "passive.sh" },
	BOOL("alpha", v.alpha, "servers begin as down", CHECK),
	FLAG("omega", v.omega, "notify_down and quorum_down run at the end", CHECK),
	U32("quorum", v.quorum, 1, INT32_MAX, "weight that must be up", CHECK),
	U32("hysteresis", v.hysteresis, 0, INT32_MAX, "weight around the quorum that changes nothing", CHECK),
	SCRIPT("quorum_up", v.quorum_up, "run when the quorum is reached", CHECK),
	SCRIPT("quorum_down", v.quorum_down, "run when the quorum is lost", CHECK),
	U32("weight", weight, 0, WEIGHT_MAX, "weight of servers that name none", CHECK),
	FLAG("inhibit_on_failure", v.inhibit_on_failure, "a server that is down has weight 0 and stays", HAS),
	TRI("smtp_alert", smtp_alert, "mails about servers and the quorum", "checker_t"),
	NONE("snmp_name", "halb has no SNMP; halbctl status -j tells the same"),
	{ .keyword = "vrrp", .take = take_string, .flags = ROW_OURS, .offset = offsetof(OBJ, v.vrrp),
	  .effect = "name of the instance whose state the service follows", .test = HAS },
	OWN("sorry_server", take_sorry_server, ROW_LATE, "takes connections while no server is up", HAS),
	OWN("sorry_server_inhibit", take_sorry_inhibit, ROW_LAST, "the sorry server has weight 0 and stays", HAS),
	OWN("sorry_server_lvs_method", take_sorry_forward, ROW_LAST, "how packets reach the sorry server", HAS),
	BLOCK("real_server", take_real_server, ROW_REPEAT | ROW_LATE, "real_server", "a server", CHECK),
};
#undef OBJ

/* A server's alpha is that of its checkers, too. */
static void take_rs_alpha(struct parser *p, const struct conf_row *row, const struct node *node,
			  void *object)
{
	struct rs_parse *rs = object;

	take_bool(p, row, node, object);
	rs->d.alpha = rs->r.alpha;
}

#define OBJ struct rs_parse
static const struct conf_row real_server_rows[] = {
	INHERITED,
	U32("weight", r.weight, 0, WEIGHT_MAX, "share of connections; 0: none new", CHECK),
	ROW("lvs_method", take_forward, 0, r.forward, 0, 0, 0, "how packets reach it", HAS),
	U32("uthreshold", r.uthreshold, 0, INT32_MAX, "connections at most", HAS),
	U32("lthreshold", r.lthreshold, 0, INT32_MAX, "connections until it takes new ones again", HAS),
	BOOL("inhibit_on_failure", r.inhibit_on_failure, "when down it has weight 0 and stays", HAS),
	SCRIPT("notify_up", r.notify_up, "run when it comes up", CHECK),
	SCRIPT("notify_down", r.notify_down, "run when it goes down", CHECK),
	ROW("alpha", take_rs_alpha, 0, r.alpha, 0, 0, 0, "it begins as down", CHECK),
	TRI("smtp_alert", smtp_alert, "mails about it", "checker_t"),
	NONE("snmp_name", "halb has no SNMP; halbctl status -j tells the same"),
	{ .keyword = "slowstart", .take = take_haproxy_time, .flags = ROW_OURS, .min = 0, .max = YEAR,
	  .offset = offsetof(OBJ, r.slowstart_us), .effect = "as HAProxy: time until it has its whole weight; the longest of a virtual_server counts",
	  .test = HAS },
	{ .keyword = "maxconn", .take = take_u32, .flags = ROW_OURS, .min = 0, .max = INT32_MAX,
	  .offset = offsetof(OBJ, r.uthreshold), .effect = "as uthreshold", .test = HAS },
	{ .keyword = "backup", .take = take_flag, .flags = ROW_OURS, .arg = 1,
	  .offset = offsetof(OBJ, r.backup), .effect = "as HAProxy: used while no other server is up", .test = HAS },
	CHECKER("TCP_CHECK", "it must take connections"),
	CHECKER("HTTP_GET", "it must give pages"),
	CHECKER("HTTP_CHECK", "it must give pages"),
	CHECKER("SSL_GET", "it must give pages over TLS"),
	CHECKER("SMTP_CHECK", "it must be a mail server"),
	CHECKER("DNS_CHECK", "it must answer a question of DNS"),
	CHECKER("UDP_CHECK", "it must not refuse a datagram"),
	CHECKER("PING_CHECK", "it must answer an echo request"),
	CHECKER("MISC_CHECK", "a script must end with 0"),
	CHECKER("FILE_CHECK", "a file's number is its weight"),
	REFUSE("BFD_CHECK", "halb has no BFD; TCP_CHECK or PING_CHECK with inter 100 sees as much"),
};
#undef OBJ

#define TABLE(rows) rows, ARRAY_SIZE(rows)

const struct conf_block conf_blocks_service[] = {
	{ "virtual_server", NULL, TABLE(virtual_server_rows), sizeof(struct vs_parse) },
	{ "real_server", NULL, TABLE(real_server_rows), sizeof(struct rs_parse) },
};
const size_t conf_blocks_service_count = ARRAY_SIZE(conf_blocks_service);
