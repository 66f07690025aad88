// SPDX-License-Identifier: GPL-2.0
/*
 * Requests, from netlink attributes to the structs of transaction.h. Ranges are
 * checked here, what depends on the configuration is checked in transaction.c.
 */
#include <net/ipv6.h>
#include <net/route.h>

#include "netlink_msg.h"
#include "slow_start.h"

#define HALB_SECONDS_MAX	2678400U	/* 31 days */
#define HALB_SUSPECT_AFTER_MAX	65535U

/* --- addresses -------------------------------------------------------------- */

/**
 * halb_nl_parse_address - an address, whose length is its family
 * @attr: attribute
 * @addr: result, unused bytes zero
 * @af: its family
 * @extack: for the sentence
 */
int halb_nl_parse_address(const struct nlattr *attr, union nf_inet_addr *addr,
			  u8 *af, struct netlink_ext_ack *extack)
{
	memset(addr, 0, sizeof(*addr));
	switch (nla_len(attr)) {
	case sizeof(struct in_addr):
		*af = AF_INET;
		break;
	case sizeof(struct in6_addr):
		*af = AF_INET6;
		break;
	default:
		return halb_refuse_attr(extack, attr, -EINVAL,
					"an address has 4 bytes (IPv4) or 16 (IPv6)");
	}
	memcpy(addr, nla_data(attr), nla_len(attr));
	return 0;
}

static bool is_unicast(u8 af, const union nf_inet_addr *addr)
{
	if (af == AF_INET6)
		return ipv6_addr_type(&addr->in6) & IPV6_ADDR_UNICAST;
	return !ipv4_is_zeronet(addr->ip) && !ipv4_is_multicast(addr->ip) &&
	       !ipv4_is_lbcast(addr->ip);
}

static bool is_linklocal(u8 af, const union nf_inet_addr *addr)
{
	return af == AF_INET6 &&
	       ipv6_addr_type(&addr->in6) & IPV6_ADDR_LINKLOCAL;
}

/* --- services --------------------------------------------------------------- */

#define HALB_SERVICE_NAMING						\
	(BIT(HALB_A_SERVICE_PROTOCOL) | BIT(HALB_A_SERVICE_ADDRESS) |	\
	 BIT(HALB_A_SERVICE_PORT) | BIT(HALB_A_SERVICE_FWMARK) |	\
	 BIT(HALB_A_SERVICE_FAMILY))
#define HALB_SERVICE_READONLY						\
	(BIT(HALB_A_SERVICE_ACTIVE_CONNS) |				\
	 BIT(HALB_A_SERVICE_INACTIVE_CONNS) |				\
	 BIT(HALB_A_SERVICE_SERVERS) | BIT(HALB_A_SERVICE_STATS))

static u32 given(struct nlattr * const tb[], int max)
{
	u32 bits = 0;
	int i;

	for (i = 1; i <= max; i++)
		if (tb[i])
			bits |= BIT(i);
	return bits;
}

static int parse_fwmark(struct nlattr * const tb[],
			struct halb_service_key *key,
			struct netlink_ext_ack *extack)
{
	if (tb[HALB_A_SERVICE_PROTOCOL] || tb[HALB_A_SERVICE_ADDRESS] ||
	    tb[HALB_A_SERVICE_PORT])
		return halb_refuse(extack, -EINVAL,
				   "name a service by a firewall mark, or by protocol, address and port, not by both");
	key->af = AF_INET;
	if (tb[HALB_A_SERVICE_FAMILY])
		key->af = nla_get_u8(tb[HALB_A_SERVICE_FAMILY]);
	if (key->af != AF_INET && key->af != AF_INET6)
		return halb_refuse_attr(extack, tb[HALB_A_SERVICE_FAMILY],
					-EAFNOSUPPORT,
					"the family must be IPv4 (2) or IPv6 (10)");
	key->fwmark = nla_get_u32(tb[HALB_A_SERVICE_FWMARK]);
	if (!key->fwmark)
		return halb_refuse_attr(extack, tb[HALB_A_SERVICE_FWMARK],
					-EINVAL,
					"a firewall mark must be 1..4294967295");
	return 0;
}

static int parse_key(struct nlattr * const tb[], struct halb_service_key *key,
		     struct netlink_ext_ack *extack)
{
	struct nlattr *protocol = tb[HALB_A_SERVICE_PROTOCOL];
	struct nlattr *address = tb[HALB_A_SERVICE_ADDRESS];
	struct nlattr *port = tb[HALB_A_SERVICE_PORT];
	int err;

	if (tb[HALB_A_SERVICE_FWMARK])
		return parse_fwmark(tb, key, extack);
	if (!protocol || !address || !port)
		return halb_refuse(extack, -EINVAL,
				   "name the service by protocol, address and port");
	if (tb[HALB_A_SERVICE_FAMILY])
		return halb_refuse_attr(extack, tb[HALB_A_SERVICE_FAMILY],
					-EINVAL,
					"a family goes with a firewall mark only: an address has its own");
	key->protocol = nla_get_u8(protocol);
	if (key->protocol != IPPROTO_TCP && key->protocol != IPPROTO_UDP &&
	    key->protocol != IPPROTO_SCTP)
		return halb_refuse_attr(extack, protocol, -EPROTONOSUPPORT,
					"the protocol must be TCP (6), UDP (17) or SCTP (132)");
	err = halb_nl_parse_address(address, &key->addr, &key->af, extack);
	if (err)
		return err;
	if (!is_unicast(key->af, &key->addr))
		return halb_refuse_attr(extack, address, -EINVAL,
					"the VIP must be a unicast address");
	if (is_linklocal(key->af, &key->addr))
		return halb_refuse_attr(extack, address, -EINVAL,
					"the VIP must not be a link-local address");
	key->port = nla_get_be16(port);
	return 0;
}

/* "unknown scheduler: use one of rr, wrr, ..." */
static char unknown_scheduler[256] __ro_after_init;

void __init halb_nl_parse_init(void)
{
	snprintf(unknown_scheduler, sizeof(unknown_scheduler),
		 "unknown scheduler: use one of %s", halb_sched_names());
}

static int parse_scheduler(const struct nlattr *attr,
			   struct halb_service_options *options,
			   struct netlink_ext_ack *extack)
{
	options->sched = halb_sched_find(nla_data(attr));
	if (options->sched)
		return 0;
	/* longer than NL_SET_ERR_MSG_FMT() takes, and it lives long enough */
	extack->_msg = unknown_scheduler;
	NL_SET_BAD_ATTR(extack, attr);
	return -ENOENT;
}

static int parse_flags(struct nlattr * const tb[],
		       struct halb_service_request *request,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *flags = tb[HALB_A_SERVICE_FLAGS];
	struct nlattr *mask = tb[HALB_A_SERVICE_FLAGS_MASK];

	if (mask && !flags)
		return halb_refuse_attr(extack, mask, -EINVAL,
					"flags-mask says which bits of flags count: give flags, too");
	if (!flags)
		return 0;
	request->options.flags = nla_get_u32(flags);
	request->flags_mask = mask ? nla_get_u32(mask) : U32_MAX;
	return 0;
}

static int parse_persistence(struct nlattr * const tb[],
			     struct halb_service_request *request,
			     struct netlink_ext_ack *extack)
{
	struct nlattr *timeout = tb[HALB_A_SERVICE_PERSIST_TIMEOUT];
	struct nlattr *prefix = tb[HALB_A_SERVICE_PERSIST_PREFIX];
	bool v6 = request->key.af == AF_INET6;

	if (timeout) {
		u32 seconds = nla_get_u32(timeout);

		if (!seconds || seconds > HALB_SECONDS_MAX)
			return halb_refuse_attr(extack, timeout, -EINVAL,
						"a persistence timeout must be 1..2678400 seconds (31 days)");
		request->options.persist_timeout = seconds;
	}
	if (prefix) {
		u8 bits = nla_get_u8(prefix);

		if (v6 && (!bits || bits > 128))
			return halb_refuse_attr(extack, prefix, -EINVAL,
						"a persistence netmask must have 1..128 bits");
		if (!v6 && (!bits || bits > 32))
			return halb_refuse_attr(extack, prefix, -EINVAL,
						"a persistence netmask must have 1..32 bits");
		request->options.persist_prefix = bits;
	}
	return 0;
}

static bool last_of_pool(const struct halb_pool *pool, u8 af,
			 union nf_inet_addr *last)
{
	u32 more = pool->count - 1;
	__be32 *word;
	u32 low;

	*last = pool->first;
	word = af == AF_INET6 ? &last->ip6[3] : &last->ip;
	low = ntohl(*word);
	*word = htonl(low + more);
	return low + more >= low;
}

static int parse_pool(struct nlattr * const tb[],
		      struct halb_service_request *request,
		      struct netlink_ext_ack *extack)
{
	struct nlattr *address = tb[HALB_A_SERVICE_SOURCE_ADDRESS];
	struct nlattr *count = tb[HALB_A_SERVICE_SOURCE_COUNT];
	struct halb_pool *pool = &request->options.pool;
	union nf_inet_addr last;
	int err;
	u8 af;

	if (!address && !count)
		return 0;
	pool->count = count ? nla_get_u16(count) : 1;
	if (pool->count > HALB_POOL_MAX)
		return halb_refuse_attr(extack, count, -ERANGE,
					"there may be 1..256 source addresses, or 0 to remove them");
	if (!address && pool->count)
		return halb_refuse_attr(extack, count, -EINVAL,
					"source-count needs source-address, the first of them");
	if (!pool->count)
		return address ?
			halb_refuse_attr(extack, address, -EINVAL,
					 "to remove the source addresses give source-count 0 alone") :
			0;
	err = halb_nl_parse_address(address, &pool->first, &af, extack);
	if (err)
		return err;
	if (af != request->key.af)
		return halb_refuse_attr(extack, address, -EINVAL,
					"source addresses must have the service's family");
	if (!last_of_pool(pool, af, &last) || !is_unicast(af, &pool->first) ||
	    !is_unicast(af, &last) || is_linklocal(af, &pool->first))
		return halb_refuse_attr(extack, address, -EINVAL,
					"source addresses must be unicast and not link-local, all of them");
	return 0;
}

static int parse_own_timeout(const struct nlattr *attr, u32 *seconds,
			     struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	*seconds = nla_get_u32(attr);
	if (*seconds > HALB_SECONDS_MAX)
		return halb_refuse_attr(extack, attr, -EINVAL,
					"a timeout must be 1..2678400 seconds (31 days), or 0: the setting");
	return 0;
}

static int parse_limits(struct nlattr * const tb[], struct halb_limits *limits,
			struct netlink_ext_ack *extack)
{
	const struct nlattr *limit = tb[HALB_A_SERVICE_CONN_LIMIT];
	int err;

	err = parse_own_timeout(tb[HALB_A_SERVICE_TCP_TIMEOUT],
				&limits->tcp_timeout, extack);
	if (err)
		return err;
	err = parse_own_timeout(tb[HALB_A_SERVICE_TCP_FIN_TIMEOUT],
				&limits->tcp_fin_timeout, extack);
	if (err)
		return err;
	err = parse_own_timeout(tb[HALB_A_SERVICE_UDP_TIMEOUT],
				&limits->udp_timeout, extack);
	if (err)
		return err;
	if (!limit)
		return 0;
	limits->conns = nla_get_u32(limit);
	if (limits->conns > INT_MAX)
		return halb_refuse_attr(extack, limit, -EINVAL,
					"conn-limit must be 1..2147483647, or 0 for none");
	return 0;
}

/**
 * halb_nl_parse_service - what a request says about a service
 * @nest: HALB_A_SERVICE or alike, or NULL
 * @want: whether to allow more than the key
 * @request: result
 * @extack: for the sentence
 */
int halb_nl_parse_service(const struct nlattr *nest, enum halb_nl_want want,
			  struct halb_service_request *request,
			  struct netlink_ext_ack *extack)
{
	struct nlattr *tb[HALB_A_SERVICE_MAX + 1];
	int err;

	memset(request, 0, sizeof(*request));
	if (!nest)
		return halb_refuse(extack, -EINVAL,
				   "name the service by protocol, address and port");
	err = nla_parse_nested(tb, HALB_A_SERVICE_MAX, nest,
			       halb_service_nl_policy, extack);
	if (err)
		return err;
	request->given = given(tb, HALB_A_SERVICE_MAX);
	if (want == HALB_NL_KEY && request->given & ~HALB_SERVICE_NAMING)
		return halb_refuse_attr(extack, nest, -EINVAL,
					"here protocol, address and port name the service, and nothing else is taken");
	if (request->given & HALB_SERVICE_READONLY)
		return halb_refuse_attr(extack, nest, -EINVAL,
					"connections, the number of servers and statistics are read only");
	err = parse_key(tb, &request->key, extack);
	if (err)
		return err;
	if (tb[HALB_A_SERVICE_SCHEDULER]) {
		err = parse_scheduler(tb[HALB_A_SERVICE_SCHEDULER],
				      &request->options, extack);
		if (err)
			return err;
	}
	if (tb[HALB_A_SERVICE_VRRP]) {
		err = halb_nl_parse_instance_name(tb[HALB_A_SERVICE_VRRP],
						  request->options.vrrp,
						  extack);
		if (err)
			return err;
	}
	err = parse_flags(tb, request, extack);
	if (err)
		return err;
	err = parse_persistence(tb, request, extack);
	if (err)
		return err;
	err = parse_limits(tb, &request->options.limits, extack);
	if (err)
		return err;
	if (tb[HALB_A_SERVICE_SLOW_START])
		request->options.slow_start =
			nla_get_u32(tb[HALB_A_SERVICE_SLOW_START]);
	if (request->options.slow_start > HALB_SLOW_SECONDS_MAX)
		return halb_refuse_attr(extack, tb[HALB_A_SERVICE_SLOW_START],
					-EINVAL,
					"slow-start must be 1..86400 seconds, or 0 for none");
	return parse_pool(tb, request, extack);
}

/* --- servers ---------------------------------------------------------------- */

#define HALB_SERVER_NAMING						\
	(BIT(HALB_A_SERVER_SERVICE) | BIT(HALB_A_SERVER_ADDRESS) |	\
	 BIT(HALB_A_SERVER_PORT))
#define HALB_SERVER_READONLY						\
	(BIT(HALB_A_SERVER_FLAGS) | BIT(HALB_A_SERVER_ACTIVE_CONNS) |	\
	 BIT(HALB_A_SERVER_INACTIVE_CONNS) |				\
	 BIT(HALB_A_SERVER_PERSIST_CONNS) | BIT(HALB_A_SERVER_STATS) |	\
	 BIT(HALB_A_SERVER_SLOW_PERCENT) | BIT(HALB_A_SERVER_FAILURES))

static int parse_server_address(struct net *net, const struct nlattr *attr,
				struct halb_server_request *request,
				struct netlink_ext_ack *extack)
{
	int err;

	if (!attr)
		return halb_refuse(extack, -EINVAL,
				   "name the server by its address, and its port if it is not the service's");
	err = halb_nl_parse_address(attr, &request->addr, &request->af, extack);
	if (err)
		return err;
	if (!is_unicast(request->af, &request->addr))
		return halb_refuse_attr(extack, attr, -EINVAL,
					"a server must have a unicast address");
	if (is_linklocal(request->af, &request->addr))
		return halb_refuse_attr(extack, attr, -EINVAL,
					"a server must not have a link-local address");
	if (request->af == AF_INET &&
	    inet_addr_type(net, request->addr.ip) == RTN_BROADCAST)
		return halb_refuse_attr(extack, attr, -EINVAL,
					"a server must have a unicast address: this one is a network's broadcast address");
	return 0;
}

static int parse_threshold(const struct nlattr *attr, u32 *value,
			   struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	*value = nla_get_u32(attr);
	if (*value > INT_MAX)
		return halb_refuse_attr(extack, attr, -EINVAL,
					"a threshold must be 0..2147483647");
	return 0;
}

static int parse_tunnel(struct nlattr * const tb[],
			struct halb_server_request *request,
			struct netlink_ext_ack *extack)
{
	struct nlattr *port = tb[HALB_A_SERVER_TUN_PORT];

	if (tb[HALB_A_SERVER_TUN_TYPE])
		request->tunnel.type = nla_get_u32(tb[HALB_A_SERVER_TUN_TYPE]);
	if (tb[HALB_A_SERVER_TUN_CSUM])
		request->tunnel.csum = nla_get_u32(tb[HALB_A_SERVER_TUN_CSUM]);
	if (!port)
		return 0;
	request->tunnel.port = nla_get_be16(port);
	if (!request->tunnel.port)
		return halb_refuse_attr(extack, port, -EINVAL,
					"a tunnel's port must be 1..65535");
	return 0;
}

static int parse_server_values(struct nlattr * const tb[],
			       struct halb_server_request *request,
			       struct netlink_ext_ack *extack)
{
	int err;

	if (tb[HALB_A_SERVER_METHOD])
		request->method = nla_get_u32(tb[HALB_A_SERVER_METHOD]);
	if (tb[HALB_A_SERVER_WEIGHT])
		request->weight = nla_get_u32(tb[HALB_A_SERVER_WEIGHT]);
	if (request->weight > HALB_WEIGHT_MAX)
		return halb_refuse_attr(extack, tb[HALB_A_SERVER_WEIGHT],
					-ERANGE, "a weight must be 0..65535");
	if (tb[HALB_A_SERVER_DRAIN]) {
		request->drain = nla_get_u32(tb[HALB_A_SERVER_DRAIN]);
		if (!request->drain || request->drain > HALB_SECONDS_MAX)
			return halb_refuse_attr(extack, tb[HALB_A_SERVER_DRAIN],
						-ERANGE,
						"a drain's deadline must be 1..2678400 seconds (31 days) away");
	}
	err = parse_threshold(tb[HALB_A_SERVER_UPPER], &request->upper, extack);
	if (err)
		return err;
	err = parse_threshold(tb[HALB_A_SERVER_LOWER], &request->lower, extack);
	if (err)
		return err;
	if (tb[HALB_A_SERVER_BACKUP]) {
		if (nla_get_u8(tb[HALB_A_SERVER_BACKUP]) > 1)
			return halb_refuse_attr(extack, tb[HALB_A_SERVER_BACKUP],
						-EINVAL, "backup must be 0 or 1");
		request->backup = nla_get_u8(tb[HALB_A_SERVER_BACKUP]);
	}
	return parse_tunnel(tb, request, extack);
}

/**
 * halb_nl_parse_server - what a request says about a server
 * @net: netns
 * @nest: HALB_A_SERVER or alike, or NULL
 * @want: whether to allow more than the key
 * @request: result
 * @extack: for the sentence
 */
int halb_nl_parse_server(struct net *net, const struct nlattr *nest,
			 enum halb_nl_want want,
			 struct halb_server_request *request,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *tb[HALB_A_SERVER_MAX + 1];
	struct halb_service_request service;
	int err;

	memset(request, 0, sizeof(*request));
	if (!nest)
		return halb_refuse(extack, -EINVAL,
				   "name the server by its service, address and port");
	err = nla_parse_nested(tb, HALB_A_SERVER_MAX, nest,
			       halb_server_nl_policy, extack);
	if (err)
		return err;
	request->given = given(tb, HALB_A_SERVER_MAX);
	if (want == HALB_NL_KEY && request->given & ~HALB_SERVER_NAMING)
		return halb_refuse_attr(extack, nest, -EINVAL,
					"here service, address and port name the server, and nothing else is taken");
	if (request->given & HALB_SERVER_READONLY)
		return halb_refuse_attr(extack, nest, -EINVAL,
					"flags, connections and statistics of a server are read only");
	err = halb_nl_parse_service(tb[HALB_A_SERVER_SERVICE], HALB_NL_KEY,
				    &service, extack);
	if (err)
		return err;
	request->service = service.key;
	err = parse_server_address(net, tb[HALB_A_SERVER_ADDRESS], request,
				   extack);
	if (err)
		return err;
	request->port = service.key.port;
	if (tb[HALB_A_SERVER_PORT])
		request->port = nla_get_be16(tb[HALB_A_SERVER_PORT]);
	if (!request->port && request->service.port)
		return halb_refuse_attr(extack, tb[HALB_A_SERVER_PORT], -EINVAL,
					"a server's port must be 1..65535");
	return parse_server_values(tb, request, extack);
}

int halb_nl_parse_server_filter(const struct nlattr *nest,
				struct halb_service_request *request,
				struct netlink_ext_ack *extack)
{
	struct nlattr *tb[HALB_A_SERVER_MAX + 1];
	int err;

	err = nla_parse_nested(tb, HALB_A_SERVER_MAX, nest,
			       halb_server_nl_policy, extack);
	if (err)
		return err;
	if (given(tb, HALB_A_SERVER_MAX) & ~BIT(HALB_A_SERVER_SERVICE))
		return halb_refuse_attr(extack, nest, -EINVAL,
					"servers are listed by service: give nothing else");
	return halb_nl_parse_service(tb[HALB_A_SERVER_SERVICE], HALB_NL_KEY,
				     request, extack);
}

/* --- settings --------------------------------------------------------------- */

static int parse_timeout(const struct nlattr *attr, u32 *seconds,
			 struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	*seconds = nla_get_u32(attr);
	if (!*seconds || *seconds > HALB_SECONDS_MAX)
		return halb_refuse_attr(extack, attr, -EINVAL,
					"a timeout must be 1..2678400 seconds (31 days)");
	return 0;
}

static int parse_timeouts(struct nlattr * const tb[], u32 *timeout,
			  struct netlink_ext_ack *extack)
{
	int err;

	err = parse_timeout(tb[HALB_A_SETTINGS_TCP_TIMEOUT],
			    &timeout[HALB_CONN_STATE_ESTABLISHED], extack);
	if (err)
		return err;
	err = parse_timeout(tb[HALB_A_SETTINGS_TCP_FIN_TIMEOUT],
			    &timeout[HALB_CONN_STATE_FIN_WAIT], extack);
	if (err)
		return err;
	return parse_timeout(tb[HALB_A_SETTINGS_UDP_TIMEOUT],
			     &timeout[HALB_CONN_STATE_UDP], extack);
}

/* Whether it is off or on: 0 or 1. */
static bool parse_switch(const struct nlattr *attr, u8 *value)
{
	*value = nla_get_u8(attr);
	return *value <= 1;
}

/**
 * halb_nl_parse_settings - which settings to change
 * @nest: HALB_A_SETTINGS or alike, or NULL
 * @request: result
 * @extack: for the sentence
 */
int halb_nl_parse_settings(const struct nlattr *nest,
			   struct halb_settings_request *request,
			   struct netlink_ext_ack *extack)
{
	struct nlattr *tb[HALB_A_SETTINGS_MAX + 1];
	struct halb_settings *settings = &request->settings;
	struct nlattr *attr;
	int err;

	memset(request, 0, sizeof(*request));
	if (!nest)
		return halb_refuse(extack, -EINVAL, "name a setting");
	err = nla_parse_nested(tb, HALB_A_SETTINGS_MAX, nest,
			       halb_settings_nl_policy, extack);
	if (err)
		return err;
	request->given = given(tb, HALB_A_SETTINGS_MAX);
	if (!request->given)
		return halb_refuse_attr(extack, nest, -EINVAL, "name a setting");
	if (tb[HALB_A_SETTINGS_CONNS])
		return halb_refuse_attr(extack, tb[HALB_A_SETTINGS_CONNS],
					-EINVAL,
					"the number of connections is read only: conn-limit limits it");
	err = parse_timeouts(tb, settings->timeout, extack);
	if (err)
		return err;
	attr = tb[HALB_A_SETTINGS_CONN_LIMIT];
	if (attr) {
		settings->conn_limit = nla_get_u32(attr);
		if (!settings->conn_limit || settings->conn_limit > INT_MAX)
			return halb_refuse_attr(extack, attr, -EINVAL,
						"conn-limit must be 1..2147483647");
	}
	attr = tb[HALB_A_SETTINGS_VIP_UNMATCHED];
	if (attr)
		settings->vip_unmatched = nla_get_u32(attr);
	attr = tb[HALB_A_SETTINGS_SOURCE_CHECK];
	if (attr) {
		if (!parse_switch(attr, &settings->source_check))
			return halb_refuse_attr(extack, attr, -EINVAL,
						"source-check must be 0 or 1");
	}
	attr = tb[HALB_A_SETTINGS_EXPIRE_QUIESCENT_TEMPLATE];
	if (attr) {
		if (!parse_switch(attr, &settings->expire_quiescent))
			return halb_refuse_attr(extack, attr, -EINVAL,
						"expire-quiescent-template must be 0 or 1");
	}
	attr = tb[HALB_A_SETTINGS_LOCAL_CLIENTS];
	if (attr) {
		if (!parse_switch(attr, &settings->local_clients))
			return halb_refuse_attr(extack, attr, -EINVAL,
						"local-clients must be 0 or 1");
	}
	attr = tb[HALB_A_SETTINGS_SUSPECT_AFTER];
	if (attr) {
		settings->suspect_after = nla_get_u32(attr);
		if (settings->suspect_after > HALB_SUSPECT_AFTER_MAX)
			return halb_refuse_attr(extack, attr, -EINVAL,
						"suspect-after must be 1..65535 connections, or 0 for never");
	}
	return 0;
}
