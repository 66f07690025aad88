// SPDX-License-Identifier: GPL-2.0
/*
 * What would become of a packet, by the rules of the packet path and in its
 * order, but without a packet: nothing is counted, nothing advances.
 */
#include <net/arp.h>
#include <net/ip6_route.h>
#include <net/ndisc.h>
#include <net/route.h>

#include "instance.h"
#include "netlink_msg.h"
#include "source.h"
#include "template.h"

/**
 * struct halb_why - a question, and the answer as far as it is known
 * @hn: netns, its mutex held
 * @flow: the packet
 * @in: where it comes in, or NULL
 * @verdict: enum halb_why_verdict
 * @reason: name of a counter, or NULL
 * @service: what it meets, or NULL
 * @server: where it would go, or NULL
 * @conn: to which it belongs, or NULL
 * @template: persistence has chosen @server
 * @ending: the connection that the packet would end to begin another, or NULL
 * @out: device towards @server, or NULL
 * @neighbour: enum halb_neighbour, with @out
 * @path: name of a counter of paths, or NULL if halb sends it
 * @own: a process of the director sends it, and local-clients is on
 */
struct halb_why {
	struct halb_net *hn;
	struct halb_nl_flow flow;
	struct net_device *in;
	enum halb_why_verdict verdict;
	const char *reason;
	const struct halb_service *service;
	const struct halb_server *server;
	const struct halb_conn *conn;
	const struct halb_conn *ending;
	bool template;
	struct net_device *out;
	enum halb_neighbour neighbour;
	const char *path;
	bool own;
};

static void pass(struct halb_why *why, enum halb_pass reason)
{
	why->verdict = HALB_WHY_VERDICT_PASS;
	why->reason = halb_pass_names[reason];
}

static void drop(struct halb_why *why, enum halb_drop reason)
{
	why->verdict = HALB_WHY_VERDICT_DROP;
	why->reason = halb_drop_names[reason];
}

/* --- the way to the server ----------------------------------------------------- */

static enum halb_neighbour state_of(struct neighbour *neigh)
{
	enum halb_neighbour state = HALB_NEIGHBOUR_UNKNOWN;
	u8 nud;

	if (!neigh)
		return state;
	nud = READ_ONCE(neigh->nud_state);
	if (nud & NUD_FAILED)
		state = HALB_NEIGHBOUR_FAILED;
	else if (nud & NUD_VALID)
		state = HALB_NEIGHBOUR_REACHABLE;
	else if (nud & NUD_INCOMPLETE)
		state = HALB_NEIGHBOUR_RESOLVING;
	neigh_release(neigh);
	return state;
}

static struct neighbour *find_neighbour6(struct dst_entry *dst,
					 const struct in6_addr *to)
{
	const struct rt6_info *rt = container_of(dst, struct rt6_info, dst);

	return neigh_lookup(&nd_tbl, rt6_nexthop(rt, to), dst->dev);
}

static struct neighbour *find_neighbour4(struct dst_entry *dst, __be32 to)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);
	__be32 hop;

	if (rt->rt_gw_family == AF_INET6)
		return neigh_lookup(&nd_tbl, &rt->rt_gw6, dst->dev);
	hop = rt_nexthop(rt, to);
	return neigh_lookup(&arp_tbl, &hop, dst->dev);
}

static void look_at_neighbour(struct halb_why *why, struct dst_entry *dst)
{
	const struct halb_server *server = why->server;

	why->out = dst->dev;
	if (dst->dev->flags & (IFF_NOARP | IFF_LOOPBACK | IFF_POINTOPOINT))
		why->neighbour = HALB_NEIGHBOUR_REACHABLE;
	else if (server->af == AF_INET6)
		why->neighbour = state_of(find_neighbour6(dst, &server->addr.in6));
	else
		why->neighbour = state_of(find_neighbour4(dst, server->addr.ip));
}

/* The server is the director itself, see to_local_server() in xmit.c. */
static void end_here(struct halb_why *why)
{
	const struct halb_server *server = why->server;

	if (!halb_method_rewrites(server->method))
		pass(why, HALB_PASS_LOCAL_SERVER);
	else if (!READ_ONCE(why->hn->output_hooks) ||
		 (!why->own &&
		  halb_addr_is_loopback(server->af, &server->addr)))
		drop(why, HALB_DROP_SERVER_LOCAL);
	else if (why->own)
		why->path = halb_path_names[HALB_PATH_THROUGH_STACK];
	else
		why->path = halb_path_names[HALB_PATH_LOCAL];
}

/* Who sends it on: see by_stack() and leave() there. */
static void leave(struct halb_why *why)
{
	const struct halb_server *server = why->server;

	if (why->own ? server->method != HALB_METHOD_TUN :
		       READ_ONCE(server->flags) & HALB_SERVER_STACK)
		why->path = halb_path_names[HALB_PATH_THROUGH_STACK];
}

static bool is_sent(const struct halb_why *why)
{
	return why->verdict == HALB_WHY_VERDICT_NEW ||
	       why->verdict == HALB_WHY_VERDICT_KNOWN;
}

static void follow_route(struct halb_why *why)
{
	static const union nf_inet_addr any;
	const struct halb_server *server = why->server;
	struct halb_route *route;

	/* not the cached one: that would be renewed if it were out of date */
	route = halb_route_find(why->hn->net, server->af, &server->addr, &any,
				halb_server_route_wants(server));
	if (!route) {
		drop(why, HALB_DROP_NO_ROUTE);
		return;
	}
	if (!route->direct && halb_route_is_local(route, server->af))
		end_here(why);
	else
		leave(why);
	if (is_sent(why))
		look_at_neighbour(why, route->dst);
	halb_route_discard(route);
}

/* --- service and server ---------------------------------------------------------- */

/* Does a first packet begin another connection from the same port? */
static bool is_over(const struct halb_why *why, const struct halb_conn *conn)
{
	u32 state = READ_ONCE(conn->state);

	switch (why->flow.protocol) {
	case IPPROTO_TCP:
		return state & HALB_CONN_INACTIVE;
	case IPPROTO_SCTP:
		return (state & HALB_CONN_STATE_MASK) ==
		       HALB_CONN_STATE_SCTP_CLOSED;
	default:
		return false;
	}
}

static bool is_known(struct halb_why *why)
{
	const struct halb_conn *conn = halb_nl_find_flow(why->hn, &why->flow);

	if (!conn)
		return false;
	/* an orphan: a first packet is scheduled, see halb_orphan() */
	if (!halb_conn_expires(why->hn, conn) || is_over(why, conn) ||
	    test_bit(HALB_SERVER_REMOVED_BIT, &conn->server->flags) ||
	    READ_ONCE(conn->state) & HALB_CONN_ORPHAN) {
		why->ending = conn;
		return false;
	}
	why->conn = conn;
	why->server = conn->server;
	why->service = conn->server->service;
	why->verdict = HALB_WHY_VERDICT_KNOWN;
	if (READ_ONCE(conn->server->flags) & HALB_SERVER_STANDBY)
		pass(why, HALB_PASS_NOT_MASTER);
	return true;
}

static void unmatched(struct halb_why *why)
{
	const struct halb_nl_flow *flow = &why->flow;
	struct halb_net *hn = why->hn;

	why->verdict = HALB_WHY_VERDICT_PASS;
	if (!halb_config_has_vip(rcu_dereference(hn->config), flow->af,
				 &flow->vip))
		return;
	if (hn->settings.vip_unmatched == HALB_VIP_UNMATCHED_ACCEPT ||
	    why->own || halb_addr_is_local(hn->net, flow->af, &flow->vip))
		pass(why, HALB_PASS_NO_SERVICE);
	else
		drop(why, HALB_DROP_VIP_UNMATCHED);
}

static struct halb_plan *match(struct halb_why *why)
{
	const struct halb_nl_flow *flow = &why->flow;
	struct halb_service_key key;

	memset(&key, 0, sizeof(key));
	key.addr = flow->vip;
	key.port = flow->vport;
	key.protocol = flow->protocol;
	key.af = flow->af;
	return halb_config_match(rcu_dereference(why->hn->config), &key,
				 flow->mark);
}

/* Is there no room in the table for what the flow needs there? */
static bool is_full(const struct halb_why *why, const struct halb_plan *plan)
{
	if (halb_plan_is_one_packet(plan, why->flow.protocol) &&
	    !(plan->flags & HALB_SERVICE_FLAG_PERSISTENT))
		return false;
	return atomic_read(&why->hn->conn_count) >=
	       why->hn->settings.conn_limit;
}

/*
 * Has the service as many connections as it may? Of the limit of the table a
 * connection that ends is part until it is swept, of this one it is not.
 */
static bool is_at_limit(const struct halb_why *why,
			const struct halb_plan *plan)
{
	const struct halb_conn *ending = why->ending;
	bool counts = ending && ending->server->service == plan->service &&
		      !(READ_ONCE(ending->state) & HALB_CONN_GONE);

	return !halb_plan_is_one_packet(plan, why->flow.protocol) &&
	       !halb_plan_below_limit(plan, counts);
}

/* May a new flow begin? */
static bool admits(struct halb_why *why, const struct halb_plan *plan)
{
	struct halb_source source = {
		.client = &why->flow.client,
		.vip = &why->flow.vip,
		.dev = why->in,
		.mark = why->flow.mark,
		.v6 = why->flow.af == AF_INET6,
	};
	int reason = HALB_SOURCE_OK;

	if (READ_ONCE(plan->service->standby)) {
		pass(why, HALB_PASS_NOT_MASTER);
		return false;
	}
	if (plan->flags & HALB_SERVICE_FLAG_YIELD) {
		pass(why, HALB_PASS_YIELDED);
		return false;
	}
	if (!why->own)
		reason = halb_source_refuse(why->hn, &source);
	if (reason == HALB_SOURCE_OK && is_full(why, plan))
		reason = HALB_DROP_CONN_LIMIT;
	else if (reason == HALB_SOURCE_OK && is_at_limit(why, plan))
		reason = HALB_DROP_SERVICE_LIMIT;
	if (reason != HALB_SOURCE_OK)
		drop(why, reason);
	return reason == HALB_SOURCE_OK;
}

static struct halb_conn *find_template(const struct halb_why *why,
				       const struct halb_plan *plan)
{
	const struct halb_nl_flow *flow = &why->flow;
	struct halb_tuple4 t4;
	struct halb_tuple6 t6;

	if (flow->af == AF_INET6) {
		halb_template_tuple6(&t6, &plan->key, &flow->client.in6,
				     plan->persist_prefix);
		return halb_conn_find6(why->hn, &t6);
	}
	halb_template_tuple4(&t4, &plan->key, flow->client.ip,
			     plan->persist_prefix);
	return halb_conn_find4(why->hn, &t4);
}

/* Asks the scheduler; a persistent client is asked for by its network. */
static struct halb_server *peek(const struct halb_why *why,
				struct halb_plan *plan)
{
	const struct halb_nl_flow *flow = &why->flow;
	union nf_inet_addr addr = flow->client;
	struct halb_client client = {
		.addr = &addr,
		.vip = &flow->vip,
		.port = flow->cport,
		.af = flow->af,
	};
	struct halb_server *server;

	if (plan->flags & HALB_SERVICE_FLAG_PERSISTENT) {
		client.port = 0;
		if (flow->af == AF_INET6)
			ipv6_addr_prefix(&addr.in6, &flow->client.in6,
					 plan->persist_prefix);
		else
			addr.ip &= inet_make_mask(plan->persist_prefix);
	}
	/* as in the packet path: a scheduler may take its lock */
	local_bh_disable();
	server = halb_sched_peek(plan, &client);
	local_bh_enable();
	return server;
}

static void choose(struct halb_why *why, struct halb_plan *plan)
{
	const struct halb_conn *template = NULL;

	if (plan->flags & HALB_SERVICE_FLAG_PERSISTENT)
		template = find_template(why, plan);
	if (template && !halb_template_is_over(why->hn, template)) {
		why->server = template->server;
		why->template = true;
	} else {
		why->server = peek(why, plan);
	}
	if (!why->server)
		drop(why, HALB_DROP_NO_SERVER);
}

static void judge(struct halb_why *why)
{
	struct halb_plan *plan;

	if (!is_known(why)) {
		plan = match(why);
		if (!plan) {
			unmatched(why);
			return;
		}
		why->service = plan->service;
		why->verdict = HALB_WHY_VERDICT_NEW;
		if (!admits(why, plan))
			return;
		choose(why, plan);
	}
	if (why->server && is_sent(why))
		follow_route(why);
}

/* --- question and answer ------------------------------------------------------------ */

static int fill_why(struct sk_buff *msg, const struct halb_why *why)
{
	struct nlattr *nest = nla_nest_start(msg, HALB_A_WHY);
	bool local = halb_addr_is_local(why->hn->net, why->flow.af,
					&why->flow.vip);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u32(msg, HALB_A_WHY_VERDICT, why->verdict) ||
	    (why->reason &&
	     nla_put_string(msg, HALB_A_WHY_REASON, why->reason)) ||
	    nla_put_u8(msg, HALB_A_WHY_VIP_LOCAL, local) ||
	    nla_put_u8(msg, HALB_A_WHY_TEMPLATE, why->template) ||
	    nla_put_u8(msg, HALB_A_WHY_OWN, why->own) ||
	    (why->path && nla_put_string(msg, HALB_A_WHY_PATH, why->path)) ||
	    (why->out &&
	     (nla_put_string(msg, HALB_A_WHY_OUT_DEVICE, why->out->name) ||
	      nla_put_u32(msg, HALB_A_WHY_NEIGHBOUR, why->neighbour)))) {
		nla_nest_cancel(msg, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	return 0;
}

static int fill(struct sk_buff *msg, const struct halb_why *why)
{
	int err = fill_why(msg, why);

	if (!err && why->service)
		err = halb_nl_fill_service(msg, why->service);
	if (!err && why->server)
		err = halb_nl_fill_server(msg, why->server);
	if (!err && why->conn)
		err = halb_nl_fill_conn(msg, why->hn, why->conn);
	return err;
}

static int parse(struct halb_why *why, const struct genl_info *info)
{
	int err;

	err = halb_nl_parse_flow(info->attrs[HALB_A_CONN],
				 BIT(HALB_A_CONN_FWMARK), &why->flow,
				 info->extack);
	if (err)
		return err;
	if (why->flow.protocol != IPPROTO_TCP &&
	    why->flow.protocol != IPPROTO_UDP &&
	    why->flow.protocol != IPPROTO_SCTP)
		return halb_refuse(info->extack, -EPROTONOSUPPORT,
				   "ask about tcp, udp or sctp");
	return 0;
}

/*
 * What has an address of the director for its source and does not come in by
 * an interface is sent by one of its processes.
 */
static bool is_own(const struct halb_why *why)
{
	return !why->in && why->hn->settings.local_clients &&
	       halb_addr_is_local(why->hn->net, why->flow.af,
				  &why->flow.client);
}

/* RCU read side */
static int find_device(struct halb_why *why, const struct genl_info *info)
{
	const struct nlattr *nest = info->attrs[HALB_A_WHY];
	struct nlattr *tb[HALB_A_WHY_MAX + 1];
	char name[IFNAMSIZ];
	int err;

	if (!nest)
		return 0;
	err = nla_parse_nested(tb, HALB_A_WHY_MAX, nest, halb_why_nl_policy,
			       info->extack);
	if (err || !tb[HALB_A_WHY_IN_DEVICE])
		return err;
	if (nla_strscpy(name, tb[HALB_A_WHY_IN_DEVICE], sizeof(name)) > 0)
		why->in = dev_get_by_name_rcu(why->hn->net, name);
	if (!why->in)
		return halb_refuse_attr(info->extack, tb[HALB_A_WHY_IN_DEVICE],
					-ENODEV, "there is no such interface");
	return 0;
}

/*
 * The mutex keeps services and servers, also removed ones: they are freed
 * under it. RCU keeps connections, devices and neighbours.
 */
int halb_nl_why_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_why why = { .hn = halb_nl_net(skb) };
	struct sk_buff *msg;
	void *header;
	int err;

	err = parse(&why, info);
	if (err)
		return err;
	msg = halb_nl_answer_new(info, NLMSG_DEFAULT_SIZE, &header);
	if (!msg)
		return halb_nl_explain(info->extack, -ENOMEM);
	err = halb_nl_lock(why.hn);
	if (err)
		return halb_nl_answer(info, msg, header, err);
	rcu_read_lock();
	err = find_device(&why, info);
	if (!err) {
		why.own = is_own(&why);
		judge(&why);
		err = fill(msg, &why);
	}
	rcu_read_unlock();
	halb_nl_unlock(why.hn);
	return halb_nl_answer(info, msg, header, err);
}
