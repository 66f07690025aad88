// SPDX-License-Identifier: GPL-2.0
/*
 * Command lines as ipvsadm 1.31 reads them. It reads them with libpopt, whose
 * habits are part of the grammar: the first option is the command, the rest
 * comes in any order and is judged in the order given; options are not
 * abbreviated; short ones are joined (-Ln) and take their argument joined
 * (-p300, -p=300) or apart; an optional argument does not begin with '-'.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipvsadm_parse.h"

#define DEFAULT_SCHEDULER	"wlc"

int ipvsadm_fail(struct ipvsadm_error *err, int status, const char *fmt, ...)
{
	va_list args;

	free(err->text);
	va_start(args, fmt);
	if (vasprintf(&err->text, fmt, args) < 0)
		err->text = NULL;
	va_end(args);
	err->status = status;
	return -1;
}

/* --- what goes with what -------------------------------------------------------- */

#define B(option)	IPVSADM_BIT(option)

/* Of the options with one bit in `one`, a command line has at most one. What is
 * in none of the masks is illegal.
 */
struct legality {
	const char *name;
	uint64_t needs, may, one;
};

#define SERVICE_OPTIONS	(B(SCHEDULER) | B(PERSISTENT) | B(NETMASK) | B(OPS) | B(PE) | \
			 B(SCHED_FLAGS))
#define TUNNEL_OPTIONS	(B(TUN_PORT) | B(TUN_NOCSUM) | B(TUN_CSUM) | B(TUN_REMCSUM))
#define SERVER_OPTIONS	(B(FORWARD) | B(WEIGHT) | B(UPPER) | B(LOWER) | B(TUN_TYPE) | \
			 TUNNEL_OPTIONS)
#define LIST_OPTIONS	(B(NUMERIC) | B(STATS) | B(RATE) | B(THRESHOLDS) | B(NOSORT) | \
			 B(PERSISTENT_CONN) | B(EXACT) | B(TUN_INFO))
#define DAEMON_OPTIONS	(B(MCAST) | B(SYNCID) | B(MCAST_GROUP) | B(MCAST_PORT) | \
			 B(MCAST_TTL) | B(SYNC_MAXLEN))

static const struct legality verbs[] = {
	[IPVSADM_ADD] = { "add-service", .needs = B(SERVICE), .may = SERVICE_OPTIONS },
	[IPVSADM_EDIT] = { "edit-service", .needs = B(SERVICE), .may = SERVICE_OPTIONS },
	[IPVSADM_DEL] = { "delete-service", .needs = B(SERVICE) },
	[IPVSADM_FLUSH] = { "flush" },
	[IPVSADM_LIST] = { "list", .may = LIST_OPTIONS | B(SYNCID),
		.one = B(CONNECTION) | B(SERVICE) | B(TIMEOUT) | B(DAEMON) },
	[IPVSADM_ADD_SERVER] = { "add-server", .needs = B(SERVICE) | B(SERVER),
		.may = SERVER_OPTIONS },
	[IPVSADM_DEL_SERVER] = { "delete-server", .needs = B(SERVICE) | B(SERVER) },
	[IPVSADM_EDIT_SERVER] = { "edit-server", .needs = B(SERVICE) | B(SERVER),
		.may = SERVER_OPTIONS },
	[IPVSADM_TIMEOUT] = { "set" },
	[IPVSADM_START_DAEMON] = { "start-daemon", .may = DAEMON_OPTIONS },
	[IPVSADM_STOP_DAEMON] = { "stop-daemon", .may = B(SYNCID) },
	[IPVSADM_RESTORE] = { "restore" },
	[IPVSADM_SAVE] = { "save", .may = B(NUMERIC) },
	[IPVSADM_ZERO] = { "zero", .may = B(SERVICE) },
};

static const struct legality tunnels[] = {
	[HALB_TUN_TYPE_IPIP] = { "ipip" },
	[HALB_TUN_TYPE_GUE] = { "gue", .needs = B(TUN_PORT),
		.one = B(TUN_NOCSUM) | B(TUN_CSUM) | B(TUN_REMCSUM) },
	[HALB_TUN_TYPE_GRE] = { "gre", .one = B(TUN_NOCSUM) | B(TUN_CSUM) },
};

/* Names of options in complaints; not all are what is typed. */
static const char *const option_names[IPVSADM_OPT_COUNT] = {
	[IPVSADM_OPT_NUMERIC]		= "numeric",
	[IPVSADM_OPT_CONNECTION]	= "connection",
	[IPVSADM_OPT_SERVICE]		= "service-address",
	[IPVSADM_OPT_SCHEDULER]		= "scheduler",
	[IPVSADM_OPT_PERSISTENT]	= "persistent",
	[IPVSADM_OPT_NETMASK]		= "netmask",
	[IPVSADM_OPT_SERVER]		= "real-server",
	[IPVSADM_OPT_FORWARD]		= "forwarding-method",
	[IPVSADM_OPT_WEIGHT]		= "weight",
	[IPVSADM_OPT_UPPER]		= "u-threshold",
	[IPVSADM_OPT_LOWER]		= "l-threshold",
	[IPVSADM_OPT_MCAST]		= "mcast-interface",
	[IPVSADM_OPT_TIMEOUT]		= "timeout",
	[IPVSADM_OPT_DAEMON]		= "daemon",
	[IPVSADM_OPT_STATS]		= "stats",
	[IPVSADM_OPT_RATE]		= "rate",
	[IPVSADM_OPT_THRESHOLDS]	= "thresholds",
	[IPVSADM_OPT_PERSISTENT_CONN]	= "persistent-conn",
	[IPVSADM_OPT_NOSORT]		= "nosort",
	[IPVSADM_OPT_SYNCID]		= "syncid",
	[IPVSADM_OPT_EXACT]		= "exact",
	[IPVSADM_OPT_OPS]		= "ops",
	[IPVSADM_OPT_PE]		= "pe",
	[IPVSADM_OPT_SCHED_FLAGS]	= "sched-flags",
	[IPVSADM_OPT_MCAST_GROUP]	= "mcast-group",
	[IPVSADM_OPT_MCAST_PORT]	= "mcast-port",
	[IPVSADM_OPT_MCAST_TTL]		= "mcast-ttl",
	[IPVSADM_OPT_SYNC_MAXLEN]	= "sync-maxlen",
	[IPVSADM_OPT_TUN_INFO]		= "tun-info",
	[IPVSADM_OPT_TUN_TYPE]		= "tun-type",
	[IPVSADM_OPT_TUN_PORT]		= "tun-port",
	[IPVSADM_OPT_TUN_NOCSUM]	= "tun-nocsum",
	[IPVSADM_OPT_TUN_CSUM]		= "tun-csum",
	[IPVSADM_OPT_TUN_REMCSUM]	= "tun-remcsum",
};

/* Judges the options in `domain`. kind is what the rule is about. */
static int check_legality(struct ipvsadm_parse *p, const struct legality *rule,
			  const char *kind, uint64_t domain)
{
	const char *first = NULL;
	int i;

	for (i = 0; i < IPVSADM_OPT_COUNT; i++) {
		const char *name = option_names[i];
		uint64_t bit = 1ULL << i;

		if (!(domain & bit))
			continue;
		if (!(p->cmd->options & bit)) {
			if (rule->needs & bit)
				return fail(p, "You need to supply the '%s' option for the '%s' %s",
					    name, rule->name, kind);
		} else if (rule->one & bit) {
			if (first)
				return fail(p, "The option '%s' conflicts with the '%s' option in the '%s' %s",
					    name, first, rule->name, kind);
			first = name;
		} else if (!((rule->needs | rule->may) & bit)) {
			return fail(p, "Illegal '%s' option with the '%s' %s",
				    name, rule->name, kind);
		}
	}
	return 0;
}

static int check_service(struct ipvsadm_parse *p)
{
	struct ipvsadm_command *cmd = p->cmd;
	const struct halb_key *key = &cmd->service;

	if (!key->fwmark && !key->port && !(cmd->options & B(PERSISTENT)))
		return fail(p, "Zero port specified for non-persistent service");
	if ((cmd->options & B(OPS)) && !key->fwmark && key->protocol != IPPROTO_UDP)
		return fail(p, "One-Packet Scheduling is only for UDP virtual services");
	if (!*cmd->scheduler)
		snprintf(cmd->scheduler, sizeof(cmd->scheduler), "%s", DEFAULT_SCHEDULER);
	return 0;
}

static int check_server(struct ipvsadm_parse *p)
{
	struct ipvsadm_command *cmd = p->cmd;
	bool tunnel = cmd->method == HALB_METHOD_TUN;

	/* Only nat can change the port; another one is not an error. */
	if (!cmd->service.fwmark && cmd->method != HALB_METHOD_NAT)
		cmd->server_port = cmd->service.port;
	if (cmd->server.family != cmd->service.addr.family && !tunnel)
		return fail(p, "Different address family is allowed only for tunneling servers");
	if ((cmd->options & (B(TUN_TYPE) | TUNNEL_OPTIONS)) && !tunnel)
		return fail(p, "Tunnel options conflict with forward method");
	return check_legality(p, &tunnels[cmd->tun_type], "tunnel type", TUNNEL_OPTIONS);
}

static int check_list(struct ipvsadm_parse *p)
{
	uint64_t given = p->cmd->options;

	if (((given & (B(CONNECTION) | B(TIMEOUT) | B(DAEMON))) &&
	     (given & (B(STATS) | B(RATE) | B(THRESHOLDS)))) ||
	    ((given & (B(TIMEOUT) | B(DAEMON))) && (given & B(PERSISTENT_CONN))))
		return fail(p, "options conflicts in the list command");
	return 0;
}

static int check(struct ipvsadm_parse *p)
{
	enum ipvsadm_verb verb = p->cmd->verb;

	if (check_legality(p, &verbs[verb], "command", ~0ULL))
		return -1;
	switch (verb) {
	case IPVSADM_ADD:
	case IPVSADM_EDIT:
		return check_service(p);
	case IPVSADM_ADD_SERVER:
	case IPVSADM_EDIT_SERVER:
		return check_server(p);
	case IPVSADM_LIST:
		return check_list(p);
	default:
		return 0;
	}
}

/* --- popt's way through a command line --------------------------------------- */

enum {
	NO_MORE = -1,
	MISSING_ARGUMENT = -2,
	UNWANTED_ARGUMENT = -3,
	UNKNOWN_OPTION = -4,
};

static const char *const scan_errors[] = {
	[-MISSING_ARGUMENT]	= "missing argument",
	[-UNWANTED_ARGUMENT]	= "option does not take an argument",
	[-UNKNOWN_OPTION]	= "unknown option",
};

/* The word in which the option was that was looked at last, or its argument. */
static const char *last_word(const struct ipvsadm_parse *p)
{
	return p->argv[p->next - 1];
}

/* What is joined to the option is its argument, else the next word is. */
static int scan_argument(struct ipvsadm_parse *p, const struct ipvsadm_spec *o,
			 const char *joined, const char **arg)
{
	*arg = joined;
	if (!joined && p->cluster) {
		*arg = p->cluster + (*p->cluster == '=');
		p->cluster = NULL;
	} else if (!joined && p->next < p->argc) {
		if (o->takes != MAYBE_ARGUMENT || p->argv[p->next][0] != '-')
			*arg = p->argv[p->next++];
	} else if (!joined && o->takes != MAYBE_ARGUMENT) {
		return MISSING_ARGUMENT;
	}
	return 0;
}

static int scan_short(struct ipvsadm_parse *p, const struct ipvsadm_spec **o)
{
	*o = ipvsadm_find_short(*p->cluster);
	if (!*o)
		return UNKNOWN_OPTION;
	p->cluster++;
	if (!*p->cluster)
		p->cluster = NULL;
	return 0;
}

/* Looks at the next word: a long option is in *o then, with what is joined to it
 * by '='; short ones are in p->cluster.
 */
static int scan_word(struct ipvsadm_parse *p, const struct ipvsadm_spec **o,
		     const char **joined)
{
	char *word = p->argv[p->next++];
	size_t length;

	if (p->no_more_options || word[0] != '-' || !word[1]) {
		p->leftovers[p->leftovers_count++] = word;
		if (getenv("POSIXLY_CORRECT") || getenv("POSIX_ME_HARDER"))
			p->no_more_options = true;
	} else if (word[1] != '-') {
		p->cluster = word + 1;
	} else if (!word[2]) {
		p->no_more_options = true;
	} else {
		word += 2;
		length = strcspn(word, "=");
		*o = ipvsadm_find_long(word, length);
		if (!*o)
			return UNKNOWN_OPTION;
		*joined = word[length] ? word + length + 1 : NULL;
	}
	return 0;
}

/* The next option and its argument: 0, or one of the above. */
static int scan(struct ipvsadm_parse *p, const struct ipvsadm_spec **o, const char **arg)
{
	const char *joined = NULL;

	*o = NULL;
	*arg = NULL;
	while (!*o && !p->cluster) {
		if (p->next == p->argc)
			return NO_MORE;
		if (scan_word(p, o, &joined))
			return UNKNOWN_OPTION;
	}
	if (!*o && scan_short(p, o))
		return UNKNOWN_OPTION;
	if ((*o)->takes != NOTHING)
		return scan_argument(p, *o, joined, arg);
	if (joined || (p->cluster && *p->cluster == '='))
		return UNWANTED_ARGUMENT;
	return 0;
}

/* --- all of it ---------------------------------------------------------------- */

static int parse_command(struct ipvsadm_parse *p)
{
	const struct ipvsadm_spec *o;
	const char *arg;

	if (scan(p, &o, &arg) || o->verb == IPVSADM_NONE)
		return ipvsadm_fail(p->err, 255,
				    "Try `%s -h' or '%s --help' for more information.",
				    p->argv[0], p->argv[0]);
	p->cmd->verb = o->verb;
	return o->take ? o->take(p, o, arg) : 0;
}

static int parse_options(struct ipvsadm_parse *p)
{
	const struct ipvsadm_spec *o;
	const char *arg;
	int rc;

	while (!(rc = scan(p, &o, &arg))) {
		if (o->verb != IPVSADM_NONE)
			return fail(p, "invalid option `%s'", last_word(p));
		if (o->limited) {
			if (p->cmd->options & (1ULL << o->opt))
				return fail(p, "multiple '%s' options specified",
					    option_names[o->opt]);
			p->cmd->options |= 1ULL << o->opt;
		}
		if (o->take && o->take(p, o, arg))
			return -1;
	}
	if (rc != NO_MORE)
		return ipvsadm_fail(p->err, 255, "%s: %s", last_word(p), scan_errors[-rc]);
	return 0;
}

/* Only --set has arguments of its own. */
static int parse_leftovers(struct ipvsadm_parse *p)
{
	struct ipvsadm_command *cmd = p->cmd;
	uint32_t *const timeouts[] = {
		&cmd->tcp_timeout, &cmd->tcp_fin_timeout, &cmd->udp_timeout
	};
	int expected = cmd->verb == IPVSADM_TIMEOUT ? 3 : 0;
	int i;

	if (p->leftovers_count < expected)
		return fail(p, "--set option requires 3 timeout values");
	for (i = 0; i < expected; i++) {
		if (ipvsadm_to_timeout(p, p->leftovers[i], 0, timeouts[i]))
			return -1;
	}
	if (p->leftovers_count > expected)
		return fail(p, "unexpected argument %s", p->leftovers[expected]);
	return 0;
}

static const struct {
	const char *name;
	const char *scheduler;		/* the only one that has it, or NULL */
	uint32_t bit;
} sched_flags[] = {
	{ "flag-1",	 NULL, IPVSADM_SCHED_FLAG_1 },
	{ "flag-2",	 NULL, IPVSADM_SCHED_FLAG_2 },
	{ "flag-3",	 NULL, IPVSADM_SCHED_FLAG_3 },
	{ "sh-fallback", "sh", IPVSADM_SCHED_FLAG_1 },
	{ "sh-port",	 "sh", IPVSADM_SCHED_FLAG_2 },
	{ "mh-fallback", "mh", IPVSADM_SCHED_FLAG_1 },
	{ "mh-port",	 "mh", IPVSADM_SCHED_FLAG_2 },
};

static int parse_sched_flag(struct ipvsadm_parse *p, const char *name)
{
	const char *scheduler = *p->cmd->scheduler ? p->cmd->scheduler : DEFAULT_SCHEDULER;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sched_flags); i++) {
		if (strcmp(name, sched_flags[i].name))
			continue;
		if (sched_flags[i].scheduler && strcmp(scheduler, sched_flags[i].scheduler))
			return fail(p, "incompatible scheduler flag `%s'", name);
		p->cmd->sched_flags |= sched_flags[i].bit;
		return 0;
	}
	return fail(p, "invalid scheduler flag `%s'", name);
}

static int parse_sched_flags(struct ipvsadm_parse *p)
{
	char *state, *name;

	if (!p->sched_flags || !*p->sched_flags)
		return 0;
	name = strtok_r(p->sched_flags, ",", &state);
	if (!name)
		return fail(p, "invalid scheduler flag `%s'", p->sched_flags);
	for (; name; name = strtok_r(NULL, ",", &state)) {
		if (parse_sched_flag(p, name))
			return -1;
	}
	return 0;
}

static int parse_all(struct ipvsadm_parse *p)
{
	if (parse_command(p))
		return -1;
	if (p->cmd->verb == IPVSADM_HELP || p->cmd->verb == IPVSADM_VERSION)
		return 0;
	if (parse_options(p) || parse_leftovers(p) || parse_sched_flags(p))
		return -1;
	return check(p);
}

int ipvsadm_parse(int argc, char **argv, struct ipvsadm_command *cmd,
		  struct ipvsadm_error *err)
{
	struct ipvsadm_parse p = {
		.cmd = cmd, .err = err, .argc = argc, .argv = argv, .next = 1,
	};
	int ret;

	*cmd = (struct ipvsadm_command) {
		.netmask = UINT32_MAX,
		.method = HALB_METHOD_DR,
		.weight = 1,
	};
	*err = (struct ipvsadm_error) { 0 };
	p.leftovers = calloc(argc + 1, sizeof(*p.leftovers));
	if (!p.leftovers)
		return ipvsadm_fail(err, 255, "%s", strerror(ENOMEM));
	ret = parse_all(&p);
	free(p.leftovers);
	free(p.sched_flags);
	return ret;
}
