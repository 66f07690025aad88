// SPDX-License-Identifier: GPL-2.0
/*
 * Listings as ipvsadm 1.31 prints them, to the byte: widths, order, cuts. The
 * only additions are what -S must keep: thresholds, and firewall marks above
 * 2^31, which ipvsadm prints as negative numbers that it cannot read.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "addr.h"
#include "ipvsadm.h"
#include "nl.h"

/* Longer names are cut, as ipvsadm's are. */
#define NAME_SIZE		60
#define SERVICE_SIZE		(NAME_SIZE + sizeof("--sctp-service "))
#define IPV4_SERVICE_WIDTH	33
#define IPV4_SERVER_WIDTH	28

struct listing {
	bool numeric, exact, sorted;
	const struct layout *layout;
};

/* --- names and numbers ---------------------------------------------------------- */

static const char *host_name(const struct halb_addr *addr, char *buf, size_t size)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_addr = addr->v6 };
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = addr->v4 };
	bool v6 = addr->family == AF_INET6;
	int rc;

	rc = getnameinfo(v6 ? (struct sockaddr *)&sin6 : (struct sockaddr *)&sin,
			 v6 ? sizeof(sin6) : sizeof(sin), buf, size, NULL, 0, NI_NAMEREQD);
	return rc ? NULL : buf;
}

/* ADDRESS:PORT, by name if it has one; protocol 0 has no names for ports */
static void endpoint_name(char buf[static NAME_SIZE], const struct halb_addr *addr,
			  uint16_t port, uint8_t protocol, bool numeric)
{
	const char *protocol_name = ipvsadm_protocol_name(protocol);
	const struct servent *service = NULL;
	char host[NI_MAXHOST], number[sizeof("65535")];
	char whole[NI_MAXHOST + NI_MAXSERV] = "";
	bool v6 = addr->family == AF_INET6;

	if (!numeric && protocol_name)
		service = getservbyport(htons(port), protocol_name);
	snprintf(number, sizeof(number), "%u", port);
	if (numeric || !host_name(addr, host, sizeof(host)))
		inet_ntop(addr->family, addr->bytes, host, sizeof(host));
	snprintf(whole, sizeof(whole), "%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "",
		 service ? service->s_name : number);
	whole[NAME_SIZE - 1] = '\0';
	memcpy(buf, whole, NAME_SIZE);
}

static uint8_t port_protocol(const struct halb_key *key)
{
	return key->fwmark ? 0 : key->protocol;
}

static const struct {
	uint8_t protocol;
	const char *name;
	const char *option;
} protocols[] = {
	{ IPPROTO_TCP,	"TCP",	"-t" },
	{ IPPROTO_UDP,	"UDP",	"-u" },
	{ IPPROTO_SCTP,	"SCTP",	"--sctp-service" },
	{ 0,		"?",	"--xxx-service" },
};

static int protocol_index(uint8_t protocol)
{
	int i = 0;

	while (protocols[i].protocol && protocols[i].protocol != protocol)
		i++;
	return i;
}

/* A service as the first columns of a list show it. */
static void service_name(char buf[static SERVICE_SIZE], const struct halb_key *key,
			 bool numeric)
{
	bool v6 = key->addr.family == AF_INET6;
	char name[NAME_SIZE];

	if (key->fwmark) {
		snprintf(buf, SERVICE_SIZE, "FWM  %d%s", (int)key->fwmark, v6 ? " IPv6" : "");
		return;
	}
	endpoint_name(name, &key->addr, key->port, key->protocol, numeric);
	snprintf(buf, SERVICE_SIZE, "%-4s %s",
		 protocols[protocol_index(key->protocol)].name, name);
	if (!v6)
		buf[IPV4_SERVICE_WIDTH] = '\0';
}

/* The options that name a service. */
static void service_options(char buf[static SERVICE_SIZE], const struct halb_key *key,
			    bool numeric)
{
	char name[NAME_SIZE];

	if (key->fwmark) {
		snprintf(buf, SERVICE_SIZE, "-f %u%s", key->fwmark,
			 key->addr.family == AF_INET6 ? " -6" : "");
		return;
	}
	endpoint_name(name, &key->addr, key->port, key->protocol, numeric);
	snprintf(buf, SERVICE_SIZE, "%s %s",
		 protocols[protocol_index(key->protocol)].option, name);
}

static void server_name(char buf[static NAME_SIZE], const struct halb_server *server,
			bool numeric)
{
	endpoint_name(buf, &server->addr, server->port, port_protocol(&server->service),
		      numeric);
	if (server->addr.family != AF_INET6)
		buf[IPV4_SERVER_WIDTH] = '\0';
}

/* Nine columns: 99999999, 12345678K, 12345678M ... */
static void print_number(uint64_t n, bool exact)
{
	static const struct {
		uint64_t below, divisor;
		const char *unit;
	} scales[] = {
		{ 100000000ULL,		1,		"" },
		{ 1000000000ULL,	1000,		"K" },
		{ 100000000000ULL,	1000000,	"M" },
		{ 100000000000000ULL,	1000000000ULL,	"G" },
		{ UINT64_MAX,		1000000000000ULL, "T" },
	};
	size_t last = ARRAY_SIZE(scales) - 1;
	size_t i = 0;

	if (exact) {
		/* At least one blank, however long it is. */
		printf(" %8llu", (unsigned long long)n);
		return;
	}
	while (i < last && n >= scales[i].below)
		i++;
	printf("%*llu%s", *scales[i].unit ? 8 : 9,
	       (unsigned long long)(n / scales[i].divisor), scales[i].unit);
}

/* Scheduler flags by the names that the scheduler has for them. */
static void print_sched_flags(const struct halb_service *service, const char *before,
			      const char *after)
{
	static const struct {
		uint32_t bit;
		const char *sh, *mh, *other;
	} names[] = {
		{ HALB_SERVICE_FLAG_SH_FALLBACK, "sh-fallback", "mh-fallback", "flag-1" },
		{ HALB_SERVICE_FLAG_SH_PORT, "sh-port", "mh-port", "flag-2" },
	};
	bool sh = !strcmp(service->scheduler, "sh");
	bool mh = !strcmp(service->scheduler, "mh");
	bool any = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(service->flags & names[i].bit))
			continue;
		printf("%s%s", any ? "," : before,
		       sh ? names[i].sh : mh ? names[i].mh : names[i].other);
		any = true;
	}
	if (any)
		printf("%s", after);
}

/* The network of a persistent client, unless it is one address. */
static void print_netmask(const struct halb_service *service, const char *before)
{
	char mask[ADDR_STRLEN];

	if (service->key.addr.family == AF_INET6) {
		if (service->persist_prefix != 128)
			printf("%s%u", before, service->persist_prefix);
	} else if (service->persist_prefix != 32) {
		printf("%s%s", before, netmask_format(service->persist_prefix, mask));
	}
}

/* --- layouts of -L --------------------------------------------------------------- */

struct layout {
	uint64_t option;		/* that asks for it */
	const char *title, *server_title;
	void (*service)(const struct listing *l, const char *name,
			const struct halb_service *service);
	void (*server)(const struct listing *l, const char *name,
		       const struct halb_server *server);
};

static void print_service(const struct listing *l, const char *name,
			  const struct halb_service *service)
{
	(void)l;
	printf("%s %s", name, service->scheduler);
	print_sched_flags(service, " (", ")");
	if (service->flags & HALB_SERVICE_FLAG_PERSISTENT) {
		printf(" persistent %u", service->persist_timeout);
		print_netmask(service, " mask ");
	}
	if (service->flags & HALB_SERVICE_FLAG_OPS)
		printf(" ops");
	printf("\n");
}

static const char *method_name(uint32_t method)
{
	switch (method) {
	case HALB_METHOD_NAT:
		return "Masq";
	case HALB_METHOD_DR:
		return "Route";
	case HALB_METHOD_TUN:
		return "Tunnel";
	case HALB_METHOD_FULLNAT:
		return "FullNAT";
	default:
		return "?";
	}
}

static void print_server(const struct listing *l, const char *name,
			 const struct halb_server *server)
{
	(void)l;
	printf("  -> %-28s %-7s %-6d %-10u %-10u\n", name, method_name(server->method),
	       (int)server->weight, server->active_conns, server->inactive_conns);
}

/* "ipip", "gue:6080:+c", "gre:-c" */
static const char *tunnel_info(const struct halb_server *server, char buf[static 16])
{
	const char *csum = server->tun_csum == HALB_TUN_CSUM_NONE ? "-c" :
			   server->tun_csum == HALB_TUN_CSUM_CSUM ? "+c" : "r+c";
	const char *type = halb_tun_type_name(server->tun_type);

	if (server->method != HALB_METHOD_TUN)
		return "n/a";
	if (server->tun_type == HALB_TUN_TYPE_GUE)
		snprintf(buf, 16, "%s:%u:%s", type, server->tun_port, csum);
	else if (server->tun_type == HALB_TUN_TYPE_GRE)
		snprintf(buf, 16, "%s:%s", type, csum);
	else
		snprintf(buf, 16, "%s", type);
	return buf;
}

static void print_server_tunnel(const struct listing *l, const char *name,
				const struct halb_server *server)
{
	char info[16];

	(void)l;
	printf("  -> %-28s %-7s %-13s %-6d %-10u %-10u\n", name,
	       method_name(server->method), tunnel_info(server, info),
	       (int)server->weight, server->active_conns, server->inactive_conns);
}

static void print_server_thresholds(const struct listing *l, const char *name,
				    const struct halb_server *server)
{
	(void)l;
	printf("  -> %-28s %-10u %-10u %-10u %-10u\n", name, server->upper, server->lower,
	       server->active_conns, server->inactive_conns);
}

static void print_server_persistent(const struct listing *l, const char *name,
				    const struct halb_server *server)
{
	(void)l;
	printf("  -> %-28s %-9u %-11u %-10u %-10u\n", name, server->weight,
	       server->persist_conns, server->active_conns, server->inactive_conns);
}

static void print_totals(const struct halb_stats *stats, bool exact)
{
	const uint64_t columns[] = {
		stats->conns, stats->in_packets, stats->out_packets,
		stats->in_bytes, stats->out_bytes,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(columns); i++)
		print_number(columns[i], exact);
	printf("\n");
}

static void print_service_stats(const struct listing *l, const char *name,
				const struct halb_service *service)
{
	printf("%-33s", name);
	print_totals(&service->stats, l->exact);
}

static void print_server_stats(const struct listing *l, const char *name,
			       const struct halb_server *server)
{
	printf("  -> %-28s", name);
	print_totals(&server->stats, l->exact);
}

static void print_byte_rates(const struct halb_stats *stats, bool exact)
{
	print_number(stats->in_bps, exact);
	print_number(stats->out_bps, exact);
	printf("\n");
}

static void print_service_rate(const struct listing *l, const char *name,
			       const struct halb_service *service)
{
	printf("%-33s", name);
	print_number(service->stats.cps, l->exact);
	print_number(service->stats.in_pps, l->exact);
	print_number(service->stats.out_pps, l->exact);
	print_byte_rates(&service->stats, l->exact);
}

/* Rates of packets are exact here, whatever was asked for. */
static void print_server_rate(const struct listing *l, const char *name,
			      const struct halb_server *server)
{
	printf("  -> %-28s %8llu %8llu %8llu", name,
	       (unsigned long long)server->stats.cps,
	       (unsigned long long)server->stats.in_pps,
	       (unsigned long long)server->stats.out_pps);
	print_byte_rates(&server->stats, l->exact);
}

/* The first whose option was given; the last is for none. */
static const struct layout layouts[] = {
	{ IPVSADM_BIT(STATS),
	  "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes",
	  "  -> RemoteAddress:Port",
	  print_service_stats, print_server_stats },
	{ IPVSADM_BIT(RATE),
	  "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS",
	  "  -> RemoteAddress:Port",
	  print_service_rate, print_server_rate },
	{ IPVSADM_BIT(THRESHOLDS),
	  "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn ",
	  "  -> RemoteAddress:Port",
	  print_service, print_server_thresholds },
	{ IPVSADM_BIT(PERSISTENT_CONN),
	  "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn ",
	  "  -> RemoteAddress:Port",
	  print_service, print_server_persistent },
	{ IPVSADM_BIT(TUN_INFO),
	  "Prot LocalAddress:Port Scheduler Flags",
	  "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn",
	  print_service, print_server_tunnel },
	{ 0,
	  "Prot LocalAddress:Port Scheduler Flags",
	  "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn",
	  print_service, print_server },
};

static struct listing listing_of(const struct ipvsadm_command *cmd)
{
	const struct layout *layout = layouts;

	while (layout->option && !(cmd->options & layout->option))
		layout++;
	return (struct listing) {
		.numeric = cmd->options & IPVSADM_BIT(NUMERIC),
		.exact = cmd->options & IPVSADM_BIT(EXACT),
		.sorted = !(cmd->options & IPVSADM_BIT(NOSORT)),
		.layout = layout,
	};
}

/* --- order -------------------------------------------------------------------- */

/* ipvsadm sorts by differences of 32 bit words, taken as signed numbers. Where
 * two are further apart than 2^31 the greater one comes first.
 */
static int compare_words(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* The family is that of a. Unused bytes of addresses are zero. */
static int compare_addrs(const struct halb_addr *a, const struct halb_addr *b)
{
	int words = a->family == AF_INET6 ? 4 : 1;
	int i, c = 0;

	for (i = 0; i < words && !c; i++)
		c = compare_words(ntohl(a->v6.s6_addr32[i]), ntohl(b->v6.s6_addr32[i]));
	return c;
}

static int compare_services(const void *pa, const void *pb)
{
	const struct halb_key *a = &(*(const struct halb_service *const *)pa)->key;
	const struct halb_key *b = &(*(const struct halb_service *const *)pb)->key;
	int c;

	c = compare_words(a->fwmark, b->fwmark);
	if (!c)
		c = a->addr.family - b->addr.family;
	if (!c)
		c = a->protocol - b->protocol;
	if (!c)
		c = compare_addrs(&a->addr, &b->addr);
	return c ? c : a->port - b->port;
}

static int compare_servers(const void *pa, const void *pb)
{
	const struct halb_server *a = *(const struct halb_server *const *)pa;
	const struct halb_server *b = *(const struct halb_server *const *)pb;
	int c = compare_addrs(&a->addr, &b->addr);

	return c ? c : a->port - b->port;
}

/* Pointers to the elements of an array, in the order in which they are listed:
 * unsorted it is ip_vs's, newest first, while the kernel's is oldest first.
 */
static const void **in_order(const void *array, size_t count, size_t size,
			     int (*compare)(const void *, const void *))
{
	const void **order = calloc(count + 1, sizeof(*order));
	size_t i;

	if (!order)
		return NULL;
	for (i = 0; i < count; i++)
		order[i] = (const char *)array + (count - 1 - i) * size;
	if (compare)
		qsort(order, count, sizeof(*order), compare);
	return order;
}

/* --- -L and -S ------------------------------------------------------------------ */

typedef void (*print_servers_fn)(const struct listing *l,
				 const struct halb_service *service,
				 const struct halb_server **servers, size_t count);

static void list_service(const struct listing *l, const struct halb_service *service,
			 const struct halb_server **servers, size_t count)
{
	char name[SERVICE_SIZE];
	size_t i;

	service_name(name, &service->key, l->numeric);
	l->layout->service(l, name, service);
	for (i = 0; i < count; i++) {
		server_name(name, servers[i], l->numeric);
		l->layout->server(l, name, servers[i]);
	}
}

static void save_tunnel(const struct halb_server *server)
{
	printf(" --tun-type %s", halb_tun_type_name(server->tun_type));
	if (server->tun_type == HALB_TUN_TYPE_GUE)
		printf(" --tun-port %u", server->tun_port);
	if (server->tun_type != HALB_TUN_TYPE_IPIP)
		printf(" --tun-%s", server->tun_csum == HALB_TUN_CSUM_NONE ? "nocsum" :
				    halb_tun_csum_name(server->tun_csum));
}

static void save_server(const struct listing *l, const char *service,
			const struct halb_server *server)
{
	static const char *const methods[] = {
		[HALB_METHOD_NAT]	= "-m",
		[HALB_METHOD_DR]	= "-g",
		[HALB_METHOD_TUN]	= "-i",
	};
	char name[NAME_SIZE];

	endpoint_name(name, &server->addr, server->port, port_protocol(&server->service),
		      l->numeric);
	printf("-a %s -r %s %s -w %d", service, name,
	       server->method < ARRAY_SIZE(methods) ? methods[server->method] : "-?",
	       (int)server->weight);
	if (server->upper)
		printf(" -x %u", server->upper);
	if (server->lower)
		printf(" -y %u", server->lower);
	if (server->method == HALB_METHOD_TUN)
		save_tunnel(server);
	printf("\n");
}

static void save_service(const struct listing *l, const struct halb_service *service,
			 const struct halb_server **servers, size_t count)
{
	char name[SERVICE_SIZE];
	size_t i;

	service_options(name, &service->key, l->numeric);
	printf("-A %s -s %s", name, service->scheduler);
	if (service->flags & HALB_SERVICE_FLAG_PERSISTENT) {
		printf(" -p %u", service->persist_timeout);
		print_netmask(service, " -M ");
	}
	if (service->flags & HALB_SERVICE_FLAG_OPS)
		printf(" -o");
	print_sched_flags(service, " -b ", "");
	printf("\n");
	for (i = 0; i < count; i++)
		save_server(l, name, servers[i]);
}

/* A service and its servers, which are in the kernel's order. */
static int print_sorted(const struct listing *l, print_servers_fn print,
			const struct halb_service *service,
			const struct halb_server *servers, size_t count)
{
	const void **order;

	order = in_order(servers, count, sizeof(*servers), l->sorted ? compare_servers : NULL);
	if (!order)
		return -ENOMEM;
	print(l, service, (const struct halb_server **)order, count);
	free(order);
	return 0;
}

static int print_config(const struct listing *l, print_servers_fn print,
			const struct halb_config *config)
{
	const struct halb_service *service;
	const void **order;
	size_t i, n;
	int ret = 0;

	order = in_order(config->services, config->services_count, sizeof(*config->services),
			 l->sorted ? compare_services : NULL);
	if (!order)
		return -ENOMEM;
	for (i = 0; i < config->services_count && !ret; i++) {
		service = order[i];
		n = service - config->services;
		ret = print_sorted(l, print, service,
				   config->servers + config->servers_first[n],
				   config->servers_count[n]);
	}
	free(order);
	return ret;
}

static void print_title(const struct listing *l)
{
	printf("%s\n%s\n", l->layout->title, l->layout->server_title);
}

/* The table grows as it must: its size is what it may hold. */
static int list_all(struct nl_ctx *ctx, const struct listing *l)
{
	struct halb_config config;
	int ret;

	ret = nl_config_get(ctx, &config);
	if (ret)
		return ret;
	printf("IP Virtual Server version 1.2.1 (size=%u)\n", config.settings.conn_limit);
	print_title(l);
	ret = print_config(l, list_service, &config);
	halb_config_free(&config);
	return ret;
}

static int list_one(struct nl_ctx *ctx, const struct listing *l, const struct halb_key *key)
{
	struct halb_service service;
	struct halb_server *servers;
	size_t count;
	int ret;

	ret = nl_service_get(ctx, key, &service);
	if (!ret)
		ret = nl_server_list(ctx, key, &servers, &count);
	if (ret)
		return ret;
	print_title(l);
	ret = print_sorted(l, list_service, &service, servers, count);
	free(servers);
	return ret;
}

/* What would be lost, or read as something else, is not saved at all. */
static int check_words(struct nl_ctx *ctx, const struct halb_config *config)
{
	size_t i;

	for (i = 0; i < config->services_count; i++) {
		if (!config->services[i].source_count)
			continue;
		ctx->err = (struct nl_error) { .code = EOPNOTSUPP };
		snprintf(ctx->err.text, sizeof(ctx->err.text),
			 "ipvsadm has no words for a service's source addresses (fullnat): use halbctl save");
		return -EOPNOTSUPP;
	}
	return 0;
}

int ipvsadm_save(struct nl_ctx *ctx, const struct ipvsadm_command *cmd)
{
	const struct listing l = listing_of(cmd);
	struct halb_config config;
	int ret;

	ret = nl_config_get(ctx, &config);
	if (ret)
		return ret;
	ret = check_words(ctx, &config);
	if (!ret)
		ret = print_config(&l, save_service, &config);
	halb_config_free(&config);
	return ret;
}

/* --- -L --timeout, -L -c ----------------------------------------------------------- */

static int list_timeouts(struct nl_ctx *ctx)
{
	struct halb_settings settings;
	int ret;

	ret = nl_settings_get(ctx, &settings);
	if (ret)
		return ret;
	printf("Timeout (tcp tcpfin udp): %u %u %u\n", settings.tcp_timeout,
	       settings.tcp_fin_timeout, settings.udp_timeout);
	return 0;
}

static const char *const states[] = {
	[HALB_CONN_STATE_NONE]		= "NONE",
	[HALB_CONN_STATE_ESTABLISHED]	= "ESTABLISHED",
	[HALB_CONN_STATE_SYN_SENT]	= "SYN_SENT",
	[HALB_CONN_STATE_SYN_RECV]	= "SYN_RECV",
	[HALB_CONN_STATE_FIN_WAIT]	= "FIN_WAIT",
	[HALB_CONN_STATE_TIME_WAIT]	= "TIME_WAIT",
	[HALB_CONN_STATE_CLOSE]		= "CLOSE",
	[HALB_CONN_STATE_CLOSE_WAIT]	= "CLOSE_WAIT",
	[HALB_CONN_STATE_LAST_ACK]	= "LAST_ACK",
	[HALB_CONN_STATE_LISTEN]	= "LISTEN",
	[HALB_CONN_STATE_SYNACK]	= "SYNACK",
	[HALB_CONN_STATE_UDP]		= "UDP",
	/* ip_vs says so once the client has answered, which is nearly always. */
	[HALB_CONN_STATE_TEMPLATE]	= "ASSURED",
	[HALB_CONN_STATE_SCTP_INIT1] = "INIT1",
	[HALB_CONN_STATE_SCTP_INIT] = "INIT",
	[HALB_CONN_STATE_SCTP_COOKIE_SENT] = "C-SENT",
	[HALB_CONN_STATE_SCTP_COOKIE_REPLIED] = "C-REPLIED",
	[HALB_CONN_STATE_SCTP_COOKIE_WAIT] = "C-WAIT",
	[HALB_CONN_STATE_SCTP_COOKIE] = "COOKIE",
	[HALB_CONN_STATE_SCTP_COOKIE_ECHOED] = "C-ECHOED",
	[HALB_CONN_STATE_SCTP_ESTABLISHED] = "ESTABLISHED",
	[HALB_CONN_STATE_SCTP_SHUTDOWN_SENT] = "S-SENT",
	[HALB_CONN_STATE_SCTP_SHUTDOWN_RECEIVED] = "S-RECEIVED",
	[HALB_CONN_STATE_SCTP_SHUTDOWN_ACK_SENT] = "S-ACK-SENT",
	[HALB_CONN_STATE_SCTP_REJECTED] = "REJECTED",
	[HALB_CONN_STATE_SCTP_CLOSED] = "CLOSED",
};

struct conn_listing {
	bool numeric;
	bool persistent;		/* columns for a persistence engine */
	bool titled;
};

/* Not before the kernel has agreed to tell. */
static void print_conn_title(struct conn_listing *l)
{
	if (l->titled)
		return;
	printf("IPVS connection entries\n"
	       "pro expire state       source             virtual            %s\n",
	       l->persistent ? "destination        pe name          pe_data" : "destination");
	l->titled = true;
}

static int print_conn(const struct halb_conn *conn, void *arg)
{
	struct conn_listing *l = arg;
	char source[NAME_SIZE], virtual[NAME_SIZE], destination[NAME_SIZE], expires[24];
	struct halb_addr vip = conn->service;
	uint8_t protocol = conn->protocol;
	const char *name = protocols[protocol_index(protocol)].name;

	/* A template of a mark has no protocol, and the mark for an address. */
	if (conn->fwmark && conn->state == HALB_CONN_STATE_TEMPLATE) {
		vip = (struct halb_addr) { .family = conn->client.family };
		vip.v4.s_addr = htonl(conn->fwmark);
		protocol = 0;
		name = "IP";
	}
	endpoint_name(source, &conn->client, conn->client_port, protocol, l->numeric);
	endpoint_name(virtual, &vip, conn->service_port, protocol, l->numeric);
	endpoint_name(destination, &conn->server, conn->server_port, protocol, l->numeric);
	snprintf(expires, sizeof(expires), "%02u:%02u", conn->expires / 60, conn->expires % 60);
	print_conn_title(l);
	printf("%-3s %-6s %-11s %-18s %-18s %s\n", name, expires,
	       conn->state < ARRAY_SIZE(states) ? states[conn->state] : "ERR!",
	       source, virtual, destination);
	return 0;
}

static int list_conns(struct nl_ctx *ctx, const struct ipvsadm_command *cmd)
{
	struct conn_listing l = {
		.numeric = cmd->options & IPVSADM_BIT(NUMERIC),
		.persistent = cmd->options & IPVSADM_BIT(PERSISTENT_CONN),
	};
	int ret;

	ret = nl_conn_dump(ctx, NULL, print_conn, &l);
	if (!ret)
		print_conn_title(&l);
	return ret;
}

int ipvsadm_list(struct nl_ctx *ctx, const struct ipvsadm_command *cmd)
{
	const struct listing l = listing_of(cmd);

	if (cmd->options & IPVSADM_BIT(CONNECTION))
		return list_conns(ctx, cmd);
	if (cmd->options & IPVSADM_BIT(SERVICE))
		return list_one(ctx, &l, &cmd->service);
	if (cmd->options & IPVSADM_BIT(TIMEOUT))
		return list_timeouts(ctx);
	/* There is no synchronisation daemon: its list is empty. */
	if (cmd->options & IPVSADM_BIT(DAEMON))
		return 0;
	return list_all(ctx, &l);
}
