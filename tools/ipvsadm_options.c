// SPDX-License-Identifier: GPL-2.0
/*
 * The options of ipvsadm 1.31: one line each in a table, and what becomes of
 * their arguments.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ipvsadm_parse.h"

#define DEFAULT_PERSISTENCE	360
#define MAX_TIMEOUT		(31 * 86400)
#define MAX_SYNC_MESSAGE	(65535 - 20 - 8)	/* in UDP over IPv4 */

/* --- values ---------------------------------------------------------------- */

/* A decimal number as strtoll() reads it; -1 if it is none or out of range. */
static long long to_number(const char *text, long long min, long long max)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || *end || errno == ERANGE || n < min || n > max)
		return -1;
	return n;
}

static bool all_digits(const char *text)
{
	while (isdigit((unsigned char)*text))
		text++;
	return !*text;
}

/* An IPv4 address in any notation of inet_aton(), or a host's name. */
static bool to_ipv4(const char *text, struct in_addr *addr)
{
	const struct addrinfo hints = {
		.ai_family = AF_INET,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found;

	if (inet_aton(text, addr))
		return true;
	if (!*text || getaddrinfo(text, NULL, &hints, &found))
		return false;
	*addr = ((struct sockaddr_in *)found->ai_addr)->sin_addr;
	freeaddrinfo(found);
	return true;
}

/* As the services database calls them; NULL: it has none for this one. */
const char *ipvsadm_protocol_name(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	default:
		return NULL;
	}
}

/* A number, or a name from /etc/services; -1 for neither. */
static long to_port(const char *text, uint8_t protocol)
{
	const char *name = ipvsadm_protocol_name(protocol);
	const struct servent *service;
	long port;

	port = to_number(text, 0, 65535);
	if (port >= 0 || !name)
		return port;
	service = getservbyname(text, name);
	return service ? ntohs(service->s_port) : -1;
}

struct endpoint {
	struct halb_addr addr;
	uint16_t port;
};

/* Cuts "[ADDRESS]:PORT" in place. The port is not optional behind brackets. */
static bool cut_brackets(char *text, char **host, char **port)
{
	char *end = strchr(text, ']');

	if (!end || end[1] != ':')
		return false;
	*end = '\0';
	*host = text + 1;
	*port = end + 2;
	return true;
}

/* HOST[:PORT], [IPV6]:PORT, or a bare IPv6 address. Cuts text into pieces.
 * Without a port, e->port stays as it is. What is in brackets and not IPv6
 * loses its port: ipvsadm looks for it inside of the brackets.
 */
static bool to_endpoint(char *text, uint8_t protocol, struct endpoint *e)
{
	char *host = text, *port = NULL;
	long n;

	if (all_digits(text))
		return false;
	if (*text == '[' && !cut_brackets(text, &host, &port))
		return false;
	memset(&e->addr, 0, sizeof(e->addr));
	if (inet_pton(AF_INET6, host, &e->addr.v6) > 0) {
		e->addr.family = AF_INET6;
	} else {
		port = strrchr(host, ':');
		if (port)
			*port++ = '\0';
		if (!to_ipv4(host, &e->addr.v4))
			return false;
		e->addr.family = AF_INET;
	}
	if (!port)
		return true;
	n = to_port(port, protocol);
	if (n < 0)
		return false;
	e->port = n;
	return true;
}

/* --- options with arguments -------------------------------------------------- */

static int take_number(struct ipvsadm_parse *p, const struct ipvsadm_spec *o, const char *arg)
{
	long long n = to_number(arg, o->min, o->max);

	if (n < 0)
		return fail(p, "%s", o->complaint);
	*(uint32_t *)((char *)p->cmd + o->field) = n;
	return 0;
}

static int take_service(struct ipvsadm_parse *p, const struct ipvsadm_spec *o, const char *arg)
{
	struct halb_key *key = &p->cmd->service;
	struct endpoint e = { .port = key->port };
	char *text = strdup(arg);
	bool valid;

	key->protocol = o->value;
	valid = text && to_endpoint(text, key->protocol, &e);
	free(text);
	if (!valid)
		return fail(p, "illegal virtual server address[:port] specified");
	key->addr = e.addr;
	key->port = e.port;
	if (e.addr.family == AF_INET6)
		p->cmd->netmask = 128;
	return 0;
}

static int take_fwmark(struct ipvsadm_parse *p, const struct ipvsadm_spec *o, const char *arg)
{
	struct halb_key *key = &p->cmd->service;
	long long mark = to_number(arg, 1, UINT32_MAX);

	if (mark < 0)
		return fail(p, "invalid fwmark value `%s' specified", arg);
	key->addr.family = o->value;
	key->fwmark = mark;
	return 0;
}

static int take_ipv6(struct ipvsadm_parse *p, const struct ipvsadm_spec *o, const char *arg)
{
	struct halb_key *key = &p->cmd->service;

	(void)arg;
	if (!key->fwmark)
		return fail(p, "-6 used before -f\n");
	key->addr.family = o->value;
	p->cmd->netmask = 128;
	return 0;
}

static int take_scheduler(struct ipvsadm_parse *p, const struct ipvsadm_spec *o, const char *arg)
{
	(void)o;
	snprintf(p->cmd->scheduler, sizeof(p->cmd->scheduler), "%s", arg);
	return 0;
}

int ipvsadm_to_timeout(struct ipvsadm_parse *p, const char *arg, int min,
		       uint32_t *timeout)
{
	long long n = arg ? to_number(arg, min, MAX_TIMEOUT) : DEFAULT_PERSISTENCE;

	if (n < 0)
		return fail(p, "invalid timeout value `%s' specified", arg);
	*timeout = n;
	return 0;
}

static int take_persistent(struct ipvsadm_parse *p, const struct ipvsadm_spec *o, const char *arg)
{
	return ipvsadm_to_timeout(p, arg, o->min, &p->cmd->persist_timeout);
}

/* The family is that of the service if it was named before. */
static int take_netmask(struct ipvsadm_parse *p, const struct ipvsadm_spec *o, const char *arg)
{
	struct ipvsadm_command *cmd = p->cmd;
	struct in_addr mask;
	long bits;

	(void)o;
	if (cmd->service.addr.family == AF_INET6) {
		bits = strtol(arg, NULL, 10);
		if (bits < 1 || bits > 128)
			return fail(p, "illegal ipv6 netmask specified");
		cmd->netmask = bits;
		return 0;
	}
	if (!to_ipv4(arg, &mask))
		return fail(p, "illegal virtual server persistent mask specified");
	cmd->netmask = mask.s_addr;
	return 0;
}

/* Without a port it is the service's, if the service was named before. */
static int take_server(struct ipvsadm_parse *p, const struct ipvsadm_spec *o, const char *arg)
{
	const struct halb_key *key = &p->cmd->service;
	uint8_t protocol = key->fwmark ? IPPROTO_TCP : key->protocol;
	struct endpoint e = { .port = key->port };
	char *text = strdup(arg);
	bool valid;

	(void)o;
	valid = text && to_endpoint(text, protocol, &e);
	free(text);
	if (!valid)
		return fail(p, "illegal real server address[:port] specified");
	p->cmd->server = e.addr;
	p->cmd->server_port = e.port;
	return 0;
}

static int take_method(struct ipvsadm_parse *p, const struct ipvsadm_spec *o, const char *arg)
{
	(void)arg;
	p->cmd->method = o->value;
	return 0;
}

static int take_sched_flags(struct ipvsadm_parse *p, const struct ipvsadm_spec *o, const char *arg)
{
	(void)o;
	p->sched_flags = strdup(arg);
	return p->sched_flags ? 0 : fail(p, "%s", strerror(ENOMEM));
}

static int take_mcast_group(struct ipvsadm_parse *p, const struct ipvsadm_spec *o, const char *arg)
{
	bool v6 = strchr(arg, ':');
	struct in6_addr group6;
	struct in_addr group4;

	(void)o;
	if (v6 ? inet_pton(AF_INET6, arg, &group6) > 0 && IN6_IS_ADDR_MULTICAST(&group6)
	       : inet_pton(AF_INET, arg, &group4) > 0 && IN_MULTICAST(ntohl(group4.s_addr)))
		return 0;
	return fail(p, "invalid %s mcast-group `%s'", v6 ? "IPv6" : "IPv4", arg);
}

static int take_tun_type(struct ipvsadm_parse *p, const struct ipvsadm_spec *o, const char *arg)
{
	int type = halb_tun_type_value(arg);

	(void)o;
	if (type < 0)
		return fail(p, "illegal tunnel type specified");
	p->cmd->tun_type = (uint32_t)type;
	return 0;
}

/* --start-daemon and --stop-daemon, which word their complaints differently */
static int take_daemon(struct ipvsadm_parse *p, const struct ipvsadm_spec *o, const char *arg)
{
	if (strcmp(arg, "master") && strcmp(arg, "backup"))
		return fail(p, "%s", o->complaint);
	return 0;
}

/* --- the options ------------------------------------------------------------- */

#define COMMAND(long_name, short_name, the_verb, ...) \
	{ .name = long_name, .letter = short_name, .verb = IPVSADM_##the_verb, \
	  ##__VA_ARGS__ }
#define OPTION(long_name, short_name, the_opt, ...) \
	{ .name = long_name, .letter = short_name, .limited = true, \
	  .opt = IPVSADM_OPT_##the_opt, ##__VA_ARGS__ }
#define WITH_ARG(fn, ...)	.takes = ARGUMENT, .take = fn, ##__VA_ARGS__
#define NUMBER(member, low, high, otherwise) \
	WITH_ARG(take_number, .field = offsetof(struct ipvsadm_command, member), \
		 .min = low, .max = high, .complaint = otherwise)

static const struct ipvsadm_spec options[] = {
	COMMAND("add-service",		'A',	ADD),
	COMMAND("edit-service",		'E',	EDIT),
	COMMAND("delete-service",	'D',	DEL),
	COMMAND("clear",		'C',	FLUSH),
	COMMAND("list",			'L',	LIST),
	COMMAND("list",			'l',	LIST),
	COMMAND("zero",			'Z',	ZERO),
	COMMAND("add-server",		'a',	ADD_SERVER),
	COMMAND("edit-server",		'e',	EDIT_SERVER),
	COMMAND("delete-server",	'd',	DEL_SERVER),
	COMMAND("set",			0,	TIMEOUT),
	COMMAND("help",			'h',	HELP),
	COMMAND("version",		'v',	VERSION),
	COMMAND("restore",		'R',	RESTORE),
	COMMAND("save",			'S',	SAVE),
	COMMAND("start-daemon",		0,	START_DAEMON,
		WITH_ARG(take_daemon,
			 .complaint = "illegal start-daemon parameter specified")),
	COMMAND("stop-daemon",		0,	STOP_DAEMON,
		WITH_ARG(take_daemon,
			 .complaint = "illegal start_daemon specified")),

	OPTION("tcp-service",		't',	SERVICE,
	       WITH_ARG(take_service, .value = IPPROTO_TCP)),
	OPTION("udp-service",		'u',	SERVICE,
	       WITH_ARG(take_service, .value = IPPROTO_UDP)),
	OPTION("sctp-service",		0,	SERVICE,
	       WITH_ARG(take_service, .value = IPPROTO_SCTP)),
	OPTION("fwmark-service",	'f',	SERVICE,
	       WITH_ARG(take_fwmark, .value = AF_INET)),
	{ .name = "ipv6", .letter = '6', .take = take_ipv6, .value = AF_INET6 },
	OPTION("scheduler",		's',	SCHEDULER, WITH_ARG(take_scheduler)),
	OPTION("sched-flags",		'b',	SCHED_FLAGS, WITH_ARG(take_sched_flags)),
	OPTION("persistent",		'p',	PERSISTENT, .min = 1,
	       .takes = MAYBE_ARGUMENT, .take = take_persistent),
	OPTION("netmask",		'M',	NETMASK, WITH_ARG(take_netmask)),
	OPTION("pe",			0,	PE, .takes = ARGUMENT),
	OPTION("ops",			'o',	OPS),

	OPTION("real-server",		'r',	SERVER, WITH_ARG(take_server)),
	OPTION("gatewaying",		'g',	FORWARD,
	       .take = take_method, .value = HALB_METHOD_DR),
	OPTION("masquerading",		'm',	FORWARD,
	       .take = take_method, .value = HALB_METHOD_NAT),
	OPTION("ipip",			'i',	FORWARD,
	       .take = take_method, .value = HALB_METHOD_TUN),
	OPTION("weight",		'w',	WEIGHT,
	       NUMBER(weight, 0, INT_MAX, "illegal weight specified")),
	OPTION("u-threshold",		'x',	UPPER,
	       NUMBER(upper, 0, INT_MAX, "illegal u_threshold specified")),
	OPTION("l-threshold",		'y',	LOWER,
	       NUMBER(lower, 0, INT_MAX, "illegal l_threshold specified")),
	OPTION("tun-type",		0,	TUN_TYPE, WITH_ARG(take_tun_type)),
	OPTION("tun-port",		0,	TUN_PORT,
	       NUMBER(tun_port, 1, 65535, "illegal tunnel port specified")),
	OPTION("tun-nocsum",		0,	TUN_NOCSUM),
	OPTION("tun-csum",		0,	TUN_CSUM),
	OPTION("tun-remcsum",		0,	TUN_REMCSUM),

	OPTION("numeric",		'n',	NUMERIC),
	OPTION("connection",		'c',	CONNECTION),
	OPTION("timeout",		0,	TIMEOUT),
	OPTION("daemon",		0,	DAEMON),
	OPTION("stats",			0,	STATS),
	OPTION("rate",			0,	RATE),
	OPTION("thresholds",		0,	THRESHOLDS),
	OPTION("persistent-conn",	0,	PERSISTENT_CONN),
	OPTION("tun-info",		0,	TUN_INFO),
	OPTION("exact",			'X',	EXACT),
	OPTION("nosort",		0,	NOSORT),
	{ .name = "sort" },

	OPTION("mcast-interface",	0,	MCAST, .takes = ARGUMENT),
	OPTION("mcast-group",		0,	MCAST_GROUP, WITH_ARG(take_mcast_group)),
	OPTION("mcast-port",		0,	MCAST_PORT,
	       NUMBER(mcast_port, 1, 65535, "illegal mcast-port specified")),
	OPTION("mcast-ttl",		0,	MCAST_TTL,
	       NUMBER(mcast_ttl, 1, 255, "illegal mcast-ttl specified")),
	OPTION("syncid",		0,	SYNCID,
	       NUMBER(sync_id, 0, 255, "illegal syncid specified")),
	OPTION("sync-maxlen",		0,	SYNC_MAXLEN,
	       NUMBER(sync_maxlen, 1, MAX_SYNC_MESSAGE, "illegal sync-maxlen specified")),
};

const struct ipvsadm_spec *ipvsadm_find_long(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		if (strlen(options[i].name) == length &&
		    !strncmp(options[i].name, name, length))
			return &options[i];
	}
	return NULL;
}

const struct ipvsadm_spec *ipvsadm_find_short(char letter)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		if (letter && options[i].letter == letter)
			return &options[i];
	}
	return NULL;
}

bool ipvsadm_wants(const char *arg)
{
	const struct ipvsadm_spec *o;

	if (arg[0] != '-')
		return false;
	o = arg[1] == '-' ? ipvsadm_find_long(arg + 2, strcspn(arg + 2, "=")) : ipvsadm_find_short(arg[1]);
	return o && o->verb != IPVSADM_HELP && o->verb != IPVSADM_VERSION;
}


/* --- -h and -v ---------------------------------------------------------------- */

/* What ipvsadm 1.31 says of itself: scripts look for its version. */
void ipvsadm_print_version(void)
{
	printf("ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n");
}

static const char *const usages[] = {
	"-A|-E SERVICE [-s SCHEDULER] [-p [SECONDS]] [-M NETMASK] [-b FLAGS] [-o] [--pe NAME]",
	"-D SERVICE",
	"-C",
	"-a|-e SERVICE -r SERVER [-g|-m|-i] [-w WEIGHT] [-x UPPER] [-y LOWER] [TUNNEL OPTIONS]",
	"-d SERVICE -r SERVER",
	"-L|-l [SERVICE] [LIST OPTIONS]",
	"-Z [SERVICE]",
	"-S [-n]",
	"-R",
	"--set TCP TCPFIN UDP",
	"--start-daemon|--stop-daemon master|backup [DAEMON OPTIONS]",
	"-h | -v",
};

static const char help[] =
	"\n"
	"Commands:\n"
	"  -A --add-service      add a service        -a --add-server       add a server to it\n"
	"  -E --edit-service     change a service     -e --edit-server      change a server\n"
	"  -D --delete-service   delete a service     -d --delete-server    delete a server\n"
	"  -C --clear            delete all services  -Z --zero             statistics to zero\n"
	"  -L -l --list          show the table       -S --save             print it as commands\n"
	"  -R --restore          carry out commands from standard input, all or none\n"
	"     --set              timeouts in seconds: TCP, TCP after a FIN, UDP; 0 keeps one\n"
	"\n"
	"SERVICE:\n"
	"  -t --tcp-service      ADDRESS:PORT or [IPV6]:PORT\n"
	"  -u --udp-service      ADDRESS:PORT or [IPV6]:PORT\n"
	"     --sctp-service     ADDRESS:PORT or [IPV6]:PORT\n"
	"  -f --fwmark-service   firewall mark, for IPv6 followed by -6 --ipv6\n"
	"\n"
	"Options of a service:\n"
	"  -s --scheduler        default wlc\n"
	"  -b --sched-flags      sh-fallback,sh-port or mh-fallback,mh-port\n"
	"  -p --persistent       a client stays on its server; default 360 seconds\n"
	"  -M --netmask          clients of one network count as one\n"
	"  -o --ops              one-packet scheduling\n"
	"     --pe               persistence engine\n"
	"\n"
	"Options of a server:\n"
	"  -r --real-server      ADDRESS[:PORT]\n"
	"  -g --gatewaying       direct routing (default)\n"
	"  -m --masquerading     NAT\n"
	"  -i --ipip             tunnel\n"
	"  -w --weight           0..65535, default 1\n"
	"  -x --u-threshold      no new connections from this many on\n"
	"  -y --l-threshold      new connections again below this many\n"
	"     --tun-type         ipip (default), gue, gre\n"
	"     --tun-port  --tun-nocsum  --tun-csum  --tun-remcsum\n"
	"\n"
	"Options of a list:\n"
	"  -n --numeric          addresses and ports as numbers\n"
	"  -c --connection       connections             --timeout          timeouts\n"
	"     --stats            counters                --rate             per second\n"
	"     --thresholds       -x and -y               --persistent-conn  persistence\n"
	"     --tun-info         kind of tunnel          --daemon           synchronization\n"
	"  -X --exact            no K, M, G, T           --nosort --sort    order\n"
	"\n"
	"Options of a daemon:\n"
	"     --syncid  --sync-maxlen  --mcast-interface  --mcast-group  --mcast-port  --mcast-ttl\n";

void ipvsadm_print_help(const char *program)
{
	size_t i;

	ipvsadm_print_version();
	printf("Usage:\n");
	for (i = 0; i < ARRAY_SIZE(usages); i++)
		printf("  %s %s\n", program, usages[i]);
	fputs(help, stdout);
}
