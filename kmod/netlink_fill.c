// SPDX-License-Identifier: GPL-2.0
/*
 * Objects, as netlink attributes: the same for an answer, a dump and an event.
 */
#include "counters.h"
#include "drain.h"
#include "estimator.h"
#include "instance.h"
#include "netlink_msg.h"
#include "slow_start.h"

static int put_stat(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_u64_64bit(skb, type, value, HALB_A_STATS_PAD);
}

static int fill_stats(struct sk_buff *skb, int type, struct halb_stats *sum,
		      const struct halb_stats *zero,
		      const struct halb_rate *rate)
{
	struct nlattr *nest = nla_nest_start(skb, type);
	struct halb_stats now;

	if (!nest)
		return -EMSGSIZE;
	halb_stats_sub(sum, zero);
	halb_rate_read(rate, &now);
	if (put_stat(skb, HALB_A_STATS_CONNS, sum->conns) ||
	    put_stat(skb, HALB_A_STATS_IN_PACKETS, sum->in_packets) ||
	    put_stat(skb, HALB_A_STATS_OUT_PACKETS, sum->out_packets) ||
	    put_stat(skb, HALB_A_STATS_IN_BYTES, sum->in_bytes) ||
	    put_stat(skb, HALB_A_STATS_OUT_BYTES, sum->out_bytes) ||
	    put_stat(skb, HALB_A_STATS_CPS, now.conns) ||
	    put_stat(skb, HALB_A_STATS_IN_PPS, now.in_packets) ||
	    put_stat(skb, HALB_A_STATS_OUT_PPS, now.out_packets) ||
	    put_stat(skb, HALB_A_STATS_IN_BPS, now.in_bytes) ||
	    put_stat(skb, HALB_A_STATS_OUT_BPS, now.out_bytes)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int put_addr(struct sk_buff *skb, int type, u8 af,
		    const union nf_inet_addr *addr)
{
	return nla_put(skb, type, af == AF_INET6 ? sizeof(addr->in6) :
						   sizeof(addr->in), addr);
}

/* What names a service, inside a nest. */
static int put_key(struct sk_buff *skb, const struct halb_service_key *key)
{
	if (key->fwmark)
		return nla_put_u32(skb, HALB_A_SERVICE_FWMARK, key->fwmark) ||
		       nla_put_u8(skb, HALB_A_SERVICE_FAMILY, key->af);
	return nla_put_u8(skb, HALB_A_SERVICE_PROTOCOL, key->protocol) ||
	       put_addr(skb, HALB_A_SERVICE_ADDRESS, key->af, &key->addr) ||
	       nla_put_be16(skb, HALB_A_SERVICE_PORT, key->port);
}

static int put_limits(struct sk_buff *skb, const struct halb_limits *limits)
{
	return nla_put_u32(skb, HALB_A_SERVICE_TCP_TIMEOUT,
			   limits->tcp_timeout) ||
	       nla_put_u32(skb, HALB_A_SERVICE_TCP_FIN_TIMEOUT,
			   limits->tcp_fin_timeout) ||
	       nla_put_u32(skb, HALB_A_SERVICE_UDP_TIMEOUT,
			   limits->udp_timeout) ||
	       nla_put_u32(skb, HALB_A_SERVICE_CONN_LIMIT, limits->conns);
}

static int put_options(struct sk_buff *skb, const struct halb_plan *plan)
{
	const struct halb_instance *instance = plan->service->instance;

	if (nla_put_string(skb, HALB_A_SERVICE_SCHEDULER, plan->sched->name) ||
	    nla_put_u32(skb, HALB_A_SERVICE_FLAGS, plan->flags) ||
	    put_limits(skb, &plan->limits) ||
	    nla_put_u32(skb, HALB_A_SERVICE_SLOW_START, plan->slow_start) ||
	    (instance &&
	     nla_put_string(skb, HALB_A_SERVICE_VRRP, instance->name)))
		return -EMSGSIZE;
	if (plan->pool.count &&
	    (put_addr(skb, HALB_A_SERVICE_SOURCE_ADDRESS, plan->key.af,
		      &plan->pool.first) ||
	     nla_put_u16(skb, HALB_A_SERVICE_SOURCE_COUNT, plan->pool.count)))
		return -EMSGSIZE;
	if (!(plan->flags & HALB_SERVICE_FLAG_PERSISTENT))
		return 0;
	return nla_put_u32(skb, HALB_A_SERVICE_PERSIST_TIMEOUT,
			   plan->persist_timeout) ||
	       nla_put_u8(skb, HALB_A_SERVICE_PERSIST_PREFIX,
			  plan->persist_prefix);
}

/* Counts that several CPUs move may be below zero for a moment. */
static u32 count(const atomic_t *counter)
{
	return max(atomic_read(counter), 0);
}

static int put_conns(struct sk_buff *skb, const struct halb_service *service)
{
	const struct halb_server *server;
	u32 active = 0, inactive = 0;

	list_for_each_entry(server, &service->servers, list) {
		active += count(&server->active);
		inactive += count(&server->inactive);
	}
	return nla_put_u32(skb, HALB_A_SERVICE_ACTIVE_CONNS, active) ||
	       nla_put_u32(skb, HALB_A_SERVICE_INACTIVE_CONNS, inactive) ||
	       nla_put_u32(skb, HALB_A_SERVICE_SERVERS, service->server_count);
}

/**
 * halb_nl_fill_service - a service, as HALB_A_SERVICE
 * @skb: message
 * @service: service, its netns' mutex held
 */
int halb_nl_fill_service(struct sk_buff *skb, const struct halb_service *service)
{
	struct nlattr *nest = nla_nest_start(skb, HALB_A_SERVICE);
	struct halb_stats sum;

	if (!nest)
		return -EMSGSIZE;
	halb_service_read_stats(service, &sum);
	if (put_key(skb, &service->key) || put_options(skb, service->plan) ||
	    put_conns(skb, service) ||
	    fill_stats(skb, HALB_A_SERVICE_STATS, &sum, &service->zero,
		       &service->rate)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int put_tunnel(struct sk_buff *skb, const struct halb_server *server)
{
	const struct halb_tunnel tunnel = server->tunnel;

	if (server->method != HALB_METHOD_TUN)
		return 0;
	if (nla_put_u32(skb, HALB_A_SERVER_TUN_TYPE, tunnel.type) ||
	    nla_put_u32(skb, HALB_A_SERVER_TUN_CSUM, tunnel.csum))
		return -EMSGSIZE;
	return tunnel.port ?
		nla_put_be16(skb, HALB_A_SERVER_TUN_PORT, tunnel.port) : 0;
}

static int put_drain(struct sk_buff *skb, const struct halb_server *server)
{
	u32 left = halb_drain_left(server);

	return left ? nla_put_u32(skb, HALB_A_SERVER_DRAIN, left) : 0;
}

static int put_failures(struct sk_buff *skb, const struct halb_server *server)
{
	struct nlattr *nest = nla_nest_start(skb, HALB_A_SERVER_FAILURES);
	u32 row = atomic_read(&server->failures_row);
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < HALB_FAILURES; i++)
		if (nla_put_u64_64bit(skb, HALB_A_FAILURES_UNANSWERED + i,
				      atomic64_read(&server->failures[i]),
				      HALB_A_FAILURES_PAD))
			return -EMSGSIZE;
	if (nla_put_u32(skb, HALB_A_FAILURES_ROW, row) ||
	    (row && nla_put_u32(skb, HALB_A_FAILURES_LAST,
				READ_ONCE(server->failure))))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_server(struct sk_buff *skb, const struct halb_server *server)
{
	u32 flags = 0;

	if (READ_ONCE(server->flags) & HALB_SERVER_OVERLOAD)
		flags |= HALB_SERVER_FLAG_OVERLOAD;
	if (test_bit(HALB_SERVER_NO_PORT_BIT, &server->flags))
		flags |= HALB_SERVER_FLAG_NO_SOURCE_PORT;
	if (test_bit(HALB_SERVER_DRAINED_BIT, &server->flags))
		flags |= HALB_SERVER_FLAG_DRAINED;
	if (test_bit(HALB_SERVER_SUSPECT_BIT, &server->flags))
		flags |= HALB_SERVER_FLAG_SUSPECT;
	return put_addr(skb, HALB_A_SERVER_ADDRESS, server->af, &server->addr) ||
	       nla_put_be16(skb, HALB_A_SERVER_PORT, server->port) ||
	       nla_put_u32(skb, HALB_A_SERVER_METHOD, server->method) ||
	       put_tunnel(skb, server) ||
	       nla_put_u32(skb, HALB_A_SERVER_WEIGHT, server->weight) ||
	       put_drain(skb, server) ||
	       nla_put_u32(skb, HALB_A_SERVER_UPPER, server->upper) ||
	       nla_put_u32(skb, HALB_A_SERVER_LOWER, server->lower) ||
	       nla_put_u8(skb, HALB_A_SERVER_BACKUP, server->backup) ||
	       (server->slow_step < HALB_SLOW_STEPS &&
		nla_put_u8(skb, HALB_A_SERVER_SLOW_PERCENT,
			   server->slow_step * 100 / HALB_SLOW_STEPS)) ||
	       nla_put_u32(skb, HALB_A_SERVER_FLAGS, flags) ||
	       nla_put_u32(skb, HALB_A_SERVER_ACTIVE_CONNS,
			   count(&server->active)) ||
	       nla_put_u32(skb, HALB_A_SERVER_INACTIVE_CONNS,
			   count(&server->inactive)) ||
	       nla_put_u32(skb, HALB_A_SERVER_PERSIST_CONNS,
			   count(&server->persist)) ||
	       put_failures(skb, server);
}

/**
 * halb_nl_fill_server - a server, as HALB_A_SERVER
 * @skb: message
 * @server: server, its netns' mutex held
 */
int halb_nl_fill_server(struct sk_buff *skb, const struct halb_server *server)
{
	struct nlattr *nest = nla_nest_start(skb, HALB_A_SERVER);
	struct nlattr *service;
	struct halb_stats sum;

	if (!nest)
		return -EMSGSIZE;
	service = nla_nest_start(skb, HALB_A_SERVER_SERVICE);
	if (!service || put_key(skb, &server->service->key))
		goto cancel;
	nla_nest_end(skb, service);
	halb_server_read_stats(server, &sum);
	if (put_server(skb, server) ||
	    fill_stats(skb, HALB_A_SERVER_STATS, &sum, &server->zero,
		       &server->rate))
		goto cancel;
	nla_nest_end(skb, nest);
	return 0;

cancel:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}

/**
 * halb_nl_fill_settings - the settings, as HALB_A_SETTINGS
 * @skb: message
 * @hn: netns, its mutex held
 */
int halb_nl_fill_settings(struct sk_buff *skb, const struct halb_net *hn)
{
	const struct halb_settings *settings = &hn->settings;
	const u32 *timeout = settings->timeout;
	struct nlattr *nest = nla_nest_start(skb, HALB_A_SETTINGS);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u32(skb, HALB_A_SETTINGS_TCP_TIMEOUT,
			timeout[HALB_CONN_STATE_ESTABLISHED]) ||
	    nla_put_u32(skb, HALB_A_SETTINGS_TCP_FIN_TIMEOUT,
			timeout[HALB_CONN_STATE_FIN_WAIT]) ||
	    nla_put_u32(skb, HALB_A_SETTINGS_UDP_TIMEOUT,
			timeout[HALB_CONN_STATE_UDP]) ||
	    nla_put_u32(skb, HALB_A_SETTINGS_CONN_LIMIT, settings->conn_limit) ||
	    nla_put_u32(skb, HALB_A_SETTINGS_VIP_UNMATCHED,
			settings->vip_unmatched) ||
	    nla_put_u8(skb, HALB_A_SETTINGS_SOURCE_CHECK,
		       settings->source_check) ||
	    nla_put_u8(skb, HALB_A_SETTINGS_EXPIRE_QUIESCENT_TEMPLATE,
		       settings->expire_quiescent) ||
	    nla_put_u8(skb, HALB_A_SETTINGS_LOCAL_CLIENTS,
		       settings->local_clients) ||
	    nla_put_u32(skb, HALB_A_SETTINGS_SUSPECT_AFTER,
			settings->suspect_after) ||
	    nla_put_u32(skb, HALB_A_SETTINGS_CONNS, count(&hn->conn_count))) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * halb_nl_fill_totals - the statistics of a netns, as HALB_A_STATS
 * @skb: message
 * @hn: netns, its mutex held
 */
int halb_nl_fill_totals(struct sk_buff *skb, const struct halb_net *hn)
{
	struct halb_stats sum;

	halb_net_read_stats(hn, &sum);
	return fill_stats(skb, HALB_A_STATS, &sum, &hn->zero, &hn->rate);
}

static int fill_counter(struct sk_buff *skb, int type, const char *name,
			u64 packets)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_string(skb, HALB_A_COUNTER_NAME, name) ||
	    nla_put_u64_64bit(skb, HALB_A_COUNTER_PACKETS, packets,
			      HALB_A_COUNTER_PAD)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_group(struct sk_buff *skb, int type, const char * const *names,
		      const unsigned long *sum, const unsigned long *zero,
		      int count)
{
	int i, err = 0;

	for (i = 0; !err && i < count; i++)
		err = fill_counter(skb, type, names[i], sum[i] - zero[i]);
	return err;
}

/**
 * halb_nl_fill_counters - why packets went where they went
 * @skb: message
 * @hn: netns
 */
int halb_nl_fill_counters(struct sk_buff *skb, const struct halb_net *hn)
{
	const struct halb_counters *zero = &hn->counters_zero;
	struct halb_counters sum;

	halb_counters_sum(hn->counters, &sum);
	return fill_group(skb, HALB_A_DROP, halb_drop_names, sum.drop,
			  zero->drop, HALB_DROP_COUNT) ?:
	       fill_group(skb, HALB_A_PASS, halb_pass_names, sum.pass,
			  zero->pass, HALB_PASS_COUNT) ?:
	       fill_group(skb, HALB_A_PATH, halb_path_names, sum.path,
			  zero->path, HALB_PATH_COUNT);
}
