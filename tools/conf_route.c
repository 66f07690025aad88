// SPDX-License-Identifier: GPL-2.0
/*
 * Lines of virtual_ipaddress, virtual_routes and virtual_rules: the words of
 * `ip address`, `ip route` and `ip rule`.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "conf_priv.h"

#define RTPROT_OURS	18		/* RTPROT_KEEPALIVED */

/* The words of a line, taken one by one. */
struct words {
	struct parser *p;
	const struct node *node;
	size_t at;
	const char *word;		/* the one whose value is wanted */
	bool failed;
};

static const char *peek(const struct words *w)
{
	return conf_word(w->node, w->at);
}

static const char *take_word(struct words *w)
{
	const char *word = peek(w);

	if (word) {
		w->at++;
		return word;
	}
	if (!w->failed)
		conf_error(w->p, &w->node->pos, "%s needs a value after it", w->word);
	w->failed = true;
	return NULL;
}

static void wrong(struct words *w, const char *what)
{
	if (!w->failed)
		conf_error(w->p, &w->node->pos, "%s '%s': it is %s", w->word,
			   conf_word(w->node, w->at - 1), what);
	w->failed = true;
}

static uint32_t number(struct words *w, uint64_t min, uint64_t max)
{
	const char *word = take_word(w);
	unsigned long long n;
	char what[64], *end;

	if (!word)
		return 0;
	errno = 0;
	n = strtoull(word, &end, 0);
	if (*word < '0' || *word > '9' || *end || errno || n < min || n > max) {
		snprintf(what, sizeof(what), "%llu to %llu", (unsigned long long)min,
			 (unsigned long long)max);
		wrong(w, what);
		return 0;
	}
	return (uint32_t)n;
}

static char *name(struct words *w)
{
	const char *word = take_word(w);

	if (word && !conf_ifname(w->p, w->node, word))
		w->failed = true;
	return word ? w->node->words[w->at - 1] : NULL;
}

static void take_addr(struct words *w, uint8_t family, struct halb_addr *addr)
{
	const char *word = take_word(w);
	struct halb_addr parsed = { 0 };

	if (!word)
		return;
	if (!addr_parse(word, &parsed)) {
		wrong(w, "an IPv4 or IPv6 address");
	} else if (family && parsed.family != family) {
		wrong(w, family == AF_INET ? "an IPv4 address, as the rest of the line" :
		      "an IPv6 address, as the rest of the line");
	} else {
		*addr = parsed;
	}
}

/* any, all, default, or ADDR[/PREFIX] */
static void network(struct words *w, uint8_t *family, struct halb_addr *addr, uint8_t *prefix)
{
	const char *word = take_word(w);
	bool set;

	if (!word)
		return;
	if (!strcmp(word, "default") || !strcmp(word, "any") || !strcmp(word, "all")) {
		memset(addr, 0, sizeof(*addr));
		*prefix = 0;
		return;
	}
	if (!conf_network(w->p, w->node, word, addr, prefix, &set))
		w->failed = true;
	else if (*family && addr->family != *family)
		wrong(w, "of the same family as the rest of the line");
	else
		*family = addr->family;
}

/* A number, or a name of a small list, or of one of iproute2's files: "254 main" */
static uint32_t named(struct words *w, const struct conf_choice *names, size_t count,
		      const char *file, uint64_t max)
{
	const char *word = take_word(w);
	char line[256], found[64];
	unsigned int n;
	FILE *in;

	if (!word)
		return 0;
	if (*word >= '0' && *word <= '9') {
		w->at--;
		return number(w, 0, max);
	}
	for (size_t i = 0; i < count; i++)
		if (!strcmp(word, names[i].name))
			return (uint32_t)names[i].value;
	in = file ? fopen(file, "re") : NULL;
	while (in && fgets(line, sizeof(line), in)) {
		if (sscanf(line, "%i %63s", (int *)&n, found) == 2 && !strcmp(found, word)) {
			fclose(in);
			return n;
		}
	}
	if (in)
		fclose(in);
	wrong(w, file ? "a number, or a name that iproute2 knows" : "a number or a name");
	return 0;
}

static uint32_t table(struct words *w)
{
	static const struct conf_choice names[] = {
		{ "main", RT_TABLE_MAIN }, { "local", RT_TABLE_LOCAL },
		{ "default", RT_TABLE_DEFAULT },
	};

	return named(w, names, ARRAY_SIZE(names), "/etc/iproute2/rt_tables", UINT32_MAX);
}

static uint8_t protocol(struct words *w)
{
	static const struct conf_choice names[] = {
		{ "kernel", RTPROT_KERNEL }, { "boot", RTPROT_BOOT },
		{ "static", RTPROT_STATIC }, { "keepalived", RTPROT_OURS },
	};

	return (uint8_t)named(w, names, ARRAY_SIZE(names), "/etc/iproute2/rt_protos", 255);
}

static int scope(struct words *w)
{
	static const struct conf_choice names[] = {
		{ "global", RT_SCOPE_UNIVERSE }, { "nowhere", RT_SCOPE_NOWHERE },
		{ "host", RT_SCOPE_HOST }, { "link", RT_SCOPE_LINK }, { "site", RT_SCOPE_SITE },
	};

	return (int)named(w, names, ARRAY_SIZE(names), "/etc/iproute2/rt_scopes", 255);
}

static uint8_t tos(struct words *w)
{
	return (uint8_t)number(w, 0, 255);
}

static bool is(const struct words *w, const char *a, const char *b)
{
	return !strcmp(w->word, a) || (b && !strcmp(w->word, b));
}

static void unknown_word(struct words *w, const char *where, const char *const *names, size_t count)
{
	const char *near = args_nearest(w->word, names, count);

	conf_error(w->p, &w->node->pos, "unknown word '%s' in %s%s%s%s", w->word, where,
		   near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
	w->failed = true;
}

/* --- addresses -------------------------------------------------------------------- */

static void set_brd(struct words *w, struct conf_ipaddr *addr)
{
	const char *word = peek(w);
	uint32_t host;

	if (!word || (strcmp(word, "+") && strcmp(word, "-"))) {
		take_addr(w, AF_INET, &addr->brd);
		return;
	}
	w->at++;
	if (addr->addr.family != AF_INET || addr->prefix > 30) {
		wrong(w, "for IPv4 with a prefix of 30 at most: write the prefix after the address");
		return;
	}
	host = UINT32_MAX >> addr->prefix;
	addr->brd = addr->addr;
	if (*word == '+')
		addr->brd.v4.s_addr |= htonl(host);
	else
		addr->brd.v4.s_addr &= ~htonl(host);
}

static void ipaddr_word(struct words *w, struct conf_ipaddr *addr)
{
	static const char *const names[] = {
		"dev", "scope", "brd", "broadcast", "label", "peer", "home", "mngtmpaddr",
		"noprefixroute", "autojoin", "nodad", "no_track", "preferred_lft", "track_group",
		"use_vmac",
	};
	bool set;

	if (is(w, "dev", NULL)) {
		addr->dev = name(w);
	} else if (is(w, "scope", NULL)) {
		addr->scope = scope(w);
	} else if (is(w, "brd", "broadcast")) {
		set_brd(w, addr);
	} else if (is(w, "label", NULL)) {
		addr->label = name(w);
	} else if (is(w, "peer", NULL)) {
		const char *word = take_word(w);

		if (word && !conf_network(w->p, w->node, word, &addr->peer, &addr->peer_prefix,
					  &set))
			w->failed = true;
		else if (word && addr->peer.family != addr->addr.family)
			wrong(w, "of the address's own family");
	} else if (is(w, "home", NULL)) {
		addr->flags |= IFA_F_HOMEADDRESS;
	} else if (is(w, "mngtmpaddr", NULL)) {
		addr->flags |= IFA_F_MANAGETEMPADDR;
	} else if (is(w, "noprefixroute", NULL)) {
		addr->flags |= IFA_F_NOPREFIXROUTE;
	} else if (is(w, "autojoin", NULL)) {
		addr->flags |= IFA_F_MCAUTOJOIN;
	} else if (is(w, "nodad", NULL)) {
		addr->flags |= IFA_F_NODAD;
	} else if (is(w, "no_track", NULL)) {
		addr->no_track = true;
	} else if (is(w, "use_vmac", NULL)) {
		addr->use_vmac = true;
	} else if (is(w, "track_group", NULL)) {
		addr->track_group = (char *)take_word(w);
	} else if (is(w, "preferred_lft", NULL)) {
		if (peek(w) && !strcmp(peek(w), "forever"))
			w->at++;
		else
			addr->preferred_lft = number(w, 0, UINT32_MAX);
	} else {
		unknown_word(w, "the line of an address", names, ARRAY_SIZE(names));
	}
}

static void check_ipaddr(struct words *w, struct conf_ipaddr *addr)
{
	const struct conf_pos *pos = &w->node->pos;

	if (addr->addr.family == AF_INET6) {
		if (addr->label)
			conf_warn(w->p, pos, "an IPv6 address has no label: it is ignored");
		if (addr->scope >= 0)
			conf_warn(w->p, pos, "the kernel chooses the scope of an IPv6 address: it is ignored");
		if (addr->brd.family)
			conf_warn(w->p, pos, "an IPv6 address has no broadcast address: it is ignored");
		addr->label = NULL;
		addr->scope = -1;
		memset(&addr->brd, 0, sizeof(addr->brd));
	}
	if (addr->peer.family && addr->brd.family) {
		conf_warn(w->p, pos, "an address has a peer or a broadcast address: the latter is ignored");
		memset(&addr->brd, 0, sizeof(addr->brd));
	}
}

bool conf_parse_ipaddr(struct parser *p, const struct node *node, struct conf_ipaddr *addr)
{
	struct words w = { .p = p, .node = node };

	memset(addr, 0, sizeof(*addr));
	addr->pos = node->pos;
	addr->scope = -1;
	addr->preferred_lft = UINT32_MAX;
	if (!conf_network(p, node, node->words[0], &addr->addr, &addr->prefix,
			  &addr->prefix_set))
		return false;
	for (w.at = 1; !w.failed && (w.word = peek(&w));) {
		w.at++;
		ipaddr_word(&w, addr);
	}
	if (!w.failed)
		check_ipaddr(&w, addr);
	return !w.failed;
}

/* --- routes -------------------------------------------------------------------------- */

static const struct conf_choice route_types[] = {
	{ "unicast", RTN_UNICAST }, { "local", RTN_LOCAL }, { "broadcast", RTN_BROADCAST },
	{ "anycast", RTN_ANYCAST }, { "multicast", RTN_MULTICAST },
	{ "blackhole", RTN_BLACKHOLE }, { "unreachable", RTN_UNREACHABLE },
	{ "prohibit", RTN_PROHIBIT }, { "throw", RTN_THROW }, { "nat", RTN_NAT },
};

/* Milliseconds, unless a unit follows; the kernel counts rtt in eighths of them. */
static const struct {
	const char *name;
	uint16_t type;
	uint8_t shift;
} metrics[] = {
	{ "mtu", RTAX_MTU, 0 }, { "hoplimit", RTAX_HOPLIMIT, 0 }, { "advmss", RTAX_ADVMSS, 0 },
	{ "rtt", RTAX_RTT, 3 }, { "rttvar", RTAX_RTTVAR, 2 }, { "reordering", RTAX_REORDERING, 0 },
	{ "window", RTAX_WINDOW, 0 }, { "cwnd", RTAX_CWND, 0 }, { "ssthresh", RTAX_SSTHRESH, 0 },
	{ "rto_min", RTAX_RTO_MIN, 0 }, { "initcwnd", RTAX_INITCWND, 0 },
	{ "initrwnd", RTAX_INITRWND, 0 }, { "quickack", RTAX_QUICKACK, 0 },
	{ "fastopen_no_cookie", RTAX_FASTOPEN_NO_COOKIE, 0 },
};

static bool metric_word(struct words *w, struct conf_route *route)
{
	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++) {
		struct conf_metric *metric;

		if (!is(w, metrics[i].name, NULL))
			continue;
		metric = arena_push(w->p->arena, route->metrics, route->metrics_count);
		metric->type = metrics[i].type;
		if (peek(w) && !strcmp(peek(w), "lock")) {
			metric->lock = true;
			w->at++;
		}
		metric->value = number(w, 0, UINT32_MAX >> metrics[i].shift) << metrics[i].shift;
		return true;
	}
	if (is(w, "features", NULL)) {
		const char *word = take_word(w);
		struct conf_metric *metric;

		if (word && strcmp(word, "ecn"))
			wrong(w, "ecn");
		metric = arena_push(w->p->arena, route->metrics, route->metrics_count);
		metric->type = RTAX_FEATURES;
		metric->value = RTAX_FEATURE_ECN;
		return true;
	}
	return false;
}

static void via(struct words *w, const struct conf_route *route, struct halb_addr *addr)
{
	uint8_t family = route->family;

	if (peek(w) && (!strcmp(peek(w), "inet") || !strcmp(peek(w), "inet6")))
		family = strcmp(take_word(w), "inet") ? AF_INET6 : AF_INET;
	take_addr(w, family, addr);
}

/* nexthop via A dev D weight N onlink nexthop ... */
static void nexthop_words(struct words *w, struct conf_route *route)
{
	struct conf_nexthop *hop = arena_push(w->p->arena, route->nexthops,
					      route->nexthops_count);

	while (!w->failed && (w->word = peek(w)) && strcmp(w->word, "nexthop")) {
		w->at++;
		if (is(w, "via", "gw"))
			via(w, route, &hop->via);
		else if (is(w, "dev", "oif"))
			hop->dev = name(w);
		else if (is(w, "weight", NULL))
			hop->weight = (uint8_t)(number(w, 1, 256) - 1);
		else if (is(w, "onlink", NULL))
			hop->onlink = true;
		else
			unknown_word(w, "a nexthop", (const char *const []){ "via", "dev", "weight",
				"onlink" }, 4);
	}
}

/* via A or B: what nexthop via A nexthop via B says today */
static void or_word(struct words *w, struct conf_route *route)
{
	struct conf_nexthop *hop;

	conf_warn(w->p, &w->node->pos, "'or' is an old word: write nexthop via A nexthop via B");
	if (route->via.family) {
		hop = arena_push(w->p->arena, route->nexthops, route->nexthops_count);
		hop->via = route->via;
		hop->dev = route->dev;
		route->dev = NULL;
		memset(&route->via, 0, sizeof(route->via));
	}
	if (peek(w) && !strcmp(peek(w), "via"))
		w->at++;
	hop = arena_push(w->p->arena, route->nexthops, route->nexthops_count);
	via(w, route, &hop->via);
}

static void route_pref(struct words *w, struct conf_route *route)
{
	static const struct conf_choice prefs[] = {
		{ "low", 3 }, { "medium", 0 }, { "high", 1 },
	};

	route->pref = (int)named(w, prefs, ARRAY_SIZE(prefs), NULL, 3);
}

static bool route_type(struct words *w, struct conf_route *route)
{
	for (size_t i = 0; i < ARRAY_SIZE(route_types); i++) {
		if (!is(w, route_types[i].name, NULL))
			continue;
		route->type = (uint8_t)route_types[i].value;
		return true;
	}
	return false;
}

static void route_target(struct words *w, struct conf_route *route)
{
	uint8_t family = route->family;

	network(w, &family, &route->dst, &route->dst_prefix);
	route->family = family;
}

static bool route_simple_word(struct words *w, struct conf_route *route)
{
	if (is(w, "dev", "oif"))
		route->dev = name(w);
	else if (is(w, "table", NULL))
		route->table = table(w);
	else if (is(w, "protocol", "proto"))
		route->protocol = protocol(w);
	else if (is(w, "scope", NULL))
		route->scope = scope(w);
	else if (is(w, "tos", "dsfield"))
		route->tos = tos(w);
	else if (is(w, "onlink", NULL))
		route->onlink = true;
	else if (is(w, "expires", NULL))
		route->expires = number(w, 1, INT32_MAX);
	else if (is(w, "congctl", NULL))
		route->congctl = (char *)take_word(w);
	else if (is(w, "pref", NULL))
		route_pref(w, route);
	else if (is(w, "no_track", NULL))
		route->no_track = true;
	else if (is(w, "track_group", NULL))
		route->track_group = (char *)take_word(w);
	else
		return false;
	return true;
}

static void route_word(struct words *w, struct conf_route *route)
{
	static const char *const names[] = {
		"via", "dev", "src", "from", "to", "table", "protocol", "scope", "metric", "tos",
		"mtu", "advmss", "hoplimit", "initcwnd", "initrwnd", "window", "rtt", "rttvar",
		"reordering", "cwnd", "ssthresh", "rto_min", "quickack", "fastopen_no_cookie",
		"features", "congctl", "pref", "onlink", "expires", "nexthop", "no_track",
		"track_group", "blackhole", "unreachable", "prohibit",
	};

	if (is(w, "inet", NULL) || is(w, "inet6", NULL)) {
		route->family = is(w, "inet", NULL) ? AF_INET : AF_INET6;
	} else if (is(w, "src", NULL)) {
		take_addr(w, route->family, &route->src);
	} else if (is(w, "from", NULL)) {
		network(w, &route->family, &route->from, &route->from_prefix);
	} else if (is(w, "via", "gw")) {
		if (is(w, "gw", NULL))
			conf_warn(w->p, &w->node->pos, "'gw' is an old word: write via");
		via(w, route, &route->via);
	} else if (is(w, "metric", "priority") || is(w, "preference", NULL)) {
		route->metric = number(w, 0, UINT32_MAX);
		route->metric_set = true;
	} else if (is(w, "nexthop", NULL)) {
		nexthop_words(w, route);
	} else if (is(w, "or", NULL)) {
		or_word(w, route);
	} else if (is(w, "encap", NULL) || is(w, "realms", NULL) || is(w, "vrf", NULL)) {
		conf_error(w->p, &w->node->pos, "%s is not supported in routes: use the table of the vrf, and ip route for encapsulation",
			   w->word);
		w->failed = true;
	} else if (is(w, "to", NULL)) {
		route_target(w, route);
	} else if (!route_simple_word(w, route) && !metric_word(w, route) &&
		   !route_type(w, route)) {
		/* A destination needs no word before it. */
		if (!route->dst.family && (strchr(w->word, '.') || strchr(w->word, ':') ||
					   !strcmp(w->word, "default"))) {
			w->at--;
			w->word = "destination";
			route_target(w, route);
		} else {
			unknown_word(w, "a route", names, ARRAY_SIZE(names));
		}
	}
}

static void check_route(struct words *w, struct conf_route *route)
{
	bool leads = route->via.family || route->dev || route->nexthops_count;
	bool needs = route->type == RTN_UNICAST || route->type == RTN_LOCAL;

	if (!route->family)
		route->family = route->via.family ? route->via.family :
				route->src.family ? route->src.family : AF_INET;
	if (needs && !leads) {
		conf_error(w->p, &w->node->pos, "the route leads nowhere: add via ADDRESS or dev INTERFACE");
		w->failed = true;
	}
	if (route->nexthops_count && (route->via.family || route->dev)) {
		conf_error(w->p, &w->node->pos, "a route has via and dev, or nexthops: not both");
		w->failed = true;
	}
}

bool conf_parse_route(struct parser *p, const struct node *node, struct conf_route *route)
{
	struct words w = { .p = p, .node = node };

	memset(route, 0, sizeof(*route));
	route->pos = node->pos;
	route->type = RTN_UNICAST;
	route->table = RT_TABLE_MAIN;
	route->protocol = RTPROT_OURS;
	route->scope = -1;
	route->pref = -1;
	while (!w.failed && (w.word = peek(&w))) {
		w.at++;
		route_word(&w, route);
	}
	if (!w.failed)
		check_route(&w, route);
	return !w.failed;
}

/* --- rules ------------------------------------------------------------------------------- */

static void rule_fwmark(struct words *w, struct conf_rule *rule)
{
	const char *word = take_word(w);
	unsigned long mark, mask = UINT32_MAX;
	char *end;

	if (!word)
		return;
	errno = 0;
	mark = strtoul(word, &end, 0);
	if (end != word && *end == '/')
		mask = strtoul(end + 1, &end, 0);
	if (end == word || *end || errno || mark > UINT32_MAX || mask > UINT32_MAX) {
		wrong(w, "MARK or MARK/MASK, 0 to 0xffffffff");
		return;
	}
	rule->fwmark = (uint32_t)mark;
	rule->fwmask = (uint32_t)mask;
	rule->fwmark_set = true;
}

/* N or N-M */
static void range(struct words *w, uint64_t max, uint32_t *start, uint32_t *end)
{
	const char *word = take_word(w);
	unsigned long first, last;
	char *rest;

	if (!word)
		return;
	errno = 0;
	first = last = strtoul(word, &rest, 10);
	if (rest != word && *rest == '-')
		last = strtoul(rest + 1, &rest, 10);
	if (*word < '0' || *word > '9' || *rest || errno || first > last || last > max) {
		wrong(w, "FIRST-LAST, FIRST being no greater than LAST");
		return;
	}
	*start = (uint32_t)first;
	*end = (uint32_t)last;
}

static void ports(struct words *w, uint16_t *start, uint16_t *end)
{
	uint32_t first = 0, last = 0;

	range(w, UINT16_MAX, &first, &last);
	*start = (uint16_t)first;
	*end = (uint16_t)last;
}

static uint8_t ip_protocol(struct words *w)
{
	static const struct conf_choice names[] = {
		{ "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "sctp", IPPROTO_SCTP },
		{ "icmp", IPPROTO_ICMP }, { "ipv6-icmp", IPPROTO_ICMPV6 },
	};

	return (uint8_t)named(w, names, ARRAY_SIZE(names), NULL, 255);
}

static bool rule_action(struct words *w, struct conf_rule *rule)
{
	static const struct conf_choice actions[] = {
		{ "blackhole", FR_ACT_BLACKHOLE }, { "unreachable", FR_ACT_UNREACHABLE },
		{ "prohibit", FR_ACT_PROHIBIT }, { "nop", FR_ACT_NOP }, { "goto", FR_ACT_GOTO },
	};

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!is(w, actions[i].name, NULL))
			continue;
		rule->action = (uint8_t)actions[i].value;
		if (rule->action == FR_ACT_GOTO)
			rule->goto_priority = number(w, 1, UINT32_MAX);
		return true;
	}
	return false;
}

static bool rule_match_word(struct words *w, struct conf_rule *rule)
{
	if (is(w, "from", NULL)) {
		network(w, &rule->family, &rule->from, &rule->from_prefix);
	} else if (is(w, "to", NULL)) {
		network(w, &rule->family, &rule->to, &rule->to_prefix);
	} else if (is(w, "tos", "dsfield")) {
		rule->tos = tos(w);
	} else if (is(w, "fwmark", NULL)) {
		rule_fwmark(w, rule);
	} else if (is(w, "dev", "iif")) {
		rule->iif = name(w);
	} else if (is(w, "oif", NULL)) {
		rule->oif = name(w);
	} else if (is(w, "uidrange", NULL)) {
		range(w, UINT32_MAX, &rule->uid_start, &rule->uid_end);
		rule->uidrange_set = true;
	} else if (is(w, "ipproto", NULL)) {
		rule->ipproto = ip_protocol(w);
	} else if (is(w, "sport", NULL)) {
		ports(w, &rule->sport_start, &rule->sport_end);
	} else if (is(w, "dport", NULL)) {
		ports(w, &rule->dport_start, &rule->dport_end);
	} else {
		return false;
	}
	return true;
}

static void rule_word(struct words *w, struct conf_rule *rule)
{
	static const char *const names[] = {
		"from", "to", "table", "lookup", "priority", "tos", "fwmark", "iif", "oif",
		"suppress_prefixlength", "suppress_ifgroup", "l3mdev", "uidrange", "protocol",
		"ipproto", "sport", "dport", "not", "goto", "nop", "blackhole", "unreachable",
		"prohibit", "no_track", "track_group",
	};

	if (is(w, "inet", NULL) || is(w, "inet6", NULL)) {
		rule->family = is(w, "inet", NULL) ? AF_INET : AF_INET6;
	} else if (is(w, "not", NULL)) {
		rule->invert = true;
	} else if (is(w, "table", "lookup")) {
		rule->table = table(w);
		rule->action = FR_ACT_TO_TBL;
	} else if (is(w, "priority", "preference") || is(w, "order", "pref")) {
		rule->priority = number(w, 0, UINT32_MAX);
		rule->priority_set = true;
	} else if (is(w, "suppress_prefixlength", "sup_pl")) {
		rule->suppress_prefixlength = (int)number(w, 0, 128);
	} else if (is(w, "suppress_ifgroup", "sup_group")) {
		rule->suppress_ifgroup = (int)number(w, 0, INT32_MAX);
	} else if (is(w, "l3mdev", NULL)) {
		rule->l3mdev = true;
	} else if (is(w, "protocol", NULL)) {
		rule->protocol = protocol(w);
	} else if (is(w, "no_track", NULL)) {
		rule->no_track = true;
	} else if (is(w, "track_group", NULL)) {
		rule->track_group = (char *)take_word(w);
	} else if (is(w, "type", NULL)) {
		/* the action follows */
	} else if (!rule_match_word(w, rule) && !rule_action(w, rule)) {
		unknown_word(w, "a rule", names, ARRAY_SIZE(names));
	}
}

bool conf_parse_rule(struct parser *p, const struct node *node, struct conf_rule *rule)
{
	struct words w = { .p = p, .node = node };

	memset(rule, 0, sizeof(*rule));
	rule->pos = node->pos;
	rule->action = FR_ACT_UNSPEC;
	rule->protocol = RTPROT_OURS;
	rule->suppress_prefixlength = -1;
	rule->suppress_ifgroup = -1;
	while (!w.failed && (w.word = peek(&w))) {
		w.at++;
		rule_word(&w, rule);
	}
	if (w.failed)
		return false;
	if (!rule->family)
		rule->family = AF_INET;
	if (rule->action == FR_ACT_UNSPEC && rule->l3mdev)
		rule->action = FR_ACT_TO_TBL;
	if (rule->action == FR_ACT_UNSPEC) {
		conf_error(p, &node->pos, "the rule does nothing: add table TABLE, goto PRIORITY, blackhole, unreachable or prohibit");
		return false;
	}
	if (!rule->priority_set) {
		/* keepalived's, so that a rule is found again after it was taken away */
		rule->priority = p->rule_priority--;
		rule->priority_set = true;
		conf_warn(p, &node->pos, "the rule has no priority and gets %u: add the priority N that you want",
			  rule->priority);
	}
	return true;
}
