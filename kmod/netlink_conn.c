// SPDX-License-Identifier: GPL-2.0
/*
 * Connections: one by its name, all that match a filter, and their end.
 */
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "netlink_msg.h"

/* entries between two chances for others to run */
#define HALB_WALK_BATCH		256U

/* --- filters ------------------------------------------------------------------ */

/**
 * struct halb_conn_filter - what a connection must be like
 * @given: HALB_A_CONN_* bits of those that count
 * @client: client's address
 * @vip: service's address
 * @server: server's address
 * @client_af: family of @client
 * @vip_af: family of @vip
 * @server_af: family of @server
 * @protocol: IPPROTO_*
 * @client_port: client's port
 * @vport: service's port
 * @server_port: server's port
 * @method: enum halb_method
 * @state: enum halb_conn_state
 * @fwmark: firewall mark of the service
 */
struct halb_conn_filter {
	u32 given;
	union nf_inet_addr client;
	union nf_inet_addr vip;
	union nf_inet_addr server;
	u8 client_af;
	u8 vip_af;
	u8 server_af;
	u8 protocol;
	__be16 client_port;
	__be16 vport;
	__be16 server_port;
	u32 method;
	u32 state;
	u32 fwmark;
};

static int parse_addresses(struct nlattr * const tb[],
			   struct halb_conn_filter *filter,
			   struct netlink_ext_ack *extack)
{
	const struct nlattr *client = tb[HALB_A_CONN_CLIENT_ADDRESS];
	const struct nlattr *vip = tb[HALB_A_CONN_SERVICE_ADDRESS];
	const struct nlattr *server = tb[HALB_A_CONN_SERVER_ADDRESS];
	int err = 0;

	if (client)
		err = halb_nl_parse_address(client, &filter->client,
					    &filter->client_af, extack);
	if (!err && vip)
		err = halb_nl_parse_address(vip, &filter->vip, &filter->vip_af,
					    extack);
	if (!err && server)
		err = halb_nl_parse_address(server, &filter->server,
					    &filter->server_af, extack);
	return err;
}

static void parse_numbers(struct nlattr * const tb[],
			  struct halb_conn_filter *filter)
{
	if (tb[HALB_A_CONN_PROTOCOL])
		filter->protocol = nla_get_u8(tb[HALB_A_CONN_PROTOCOL]);
	if (tb[HALB_A_CONN_CLIENT_PORT])
		filter->client_port = nla_get_be16(tb[HALB_A_CONN_CLIENT_PORT]);
	if (tb[HALB_A_CONN_SERVICE_PORT])
		filter->vport = nla_get_be16(tb[HALB_A_CONN_SERVICE_PORT]);
	if (tb[HALB_A_CONN_SERVER_PORT])
		filter->server_port = nla_get_be16(tb[HALB_A_CONN_SERVER_PORT]);
	if (tb[HALB_A_CONN_METHOD])
		filter->method = nla_get_u32(tb[HALB_A_CONN_METHOD]);
	if (tb[HALB_A_CONN_STATE])
		filter->state = nla_get_u32(tb[HALB_A_CONN_STATE]);
	if (tb[HALB_A_CONN_FWMARK])
		filter->fwmark = nla_get_u32(tb[HALB_A_CONN_FWMARK]);
}

static int parse_filter(const struct nlattr *nest,
			struct halb_conn_filter *filter,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[HALB_A_CONN_MAX + 1];
	int i, err;

	memset(filter, 0, sizeof(*filter));
	if (!nest)
		return 0;
	err = nla_parse_nested(tb, HALB_A_CONN_MAX, nest, halb_conn_nl_policy,
			       extack);
	if (err)
		return err;
	for (i = 1; i <= HALB_A_CONN_MAX; i++)
		if (tb[i])
			filter->given |= BIT(i);
	if (tb[HALB_A_CONN_EXPIRES])
		return halb_refuse_attr(extack, tb[HALB_A_CONN_EXPIRES], -EINVAL,
					"connections cannot be selected by when they expire");
	if (tb[HALB_A_CONN_SOURCE_ADDRESS] || tb[HALB_A_CONN_SOURCE_PORT])
		return halb_refuse_attr(extack, tb[HALB_A_CONN_SOURCE_ADDRESS] ?:
					tb[HALB_A_CONN_SOURCE_PORT], -EINVAL,
					"connections cannot be selected by their source address");
	parse_numbers(tb, filter);
	return parse_addresses(tb, filter, extack);
}

/* --- what a connection is ------------------------------------------------------- */

/**
 * struct halb_conn_view - a connection, read once
 * @client: client's address
 * @vip: address that the client sends to
 * @cport: client's port
 * @vport: port that the client sends to
 * @sport: port of the server
 * @protocol: IPPROTO_*
 * @af: family of @client and @vip
 * @state: enum halb_conn_state
 */
struct halb_conn_view {
	union nf_inet_addr client;
	union nf_inet_addr vip;
	__be16 cport;
	__be16 vport;
	__be16 sport;
	u8 protocol;
	u8 af;
	u8 state;
};

static void view_conn(const struct halb_conn *conn, u32 state,
		      struct halb_conn_view *view)
{
	memset(view, 0, sizeof(*view));
	view->af = halb_conn_af(conn);
	view->state = state & HALB_CONN_STATE_MASK;
	if (view->af == AF_INET6) {
		view->client.in6 = conn->tuple6.client;
		view->vip.in6 = conn->tuple6.vip;
		view->cport = conn->tuple6.cport;
		view->vport = conn->tuple6.vport;
		view->protocol = conn->tuple6.protocol;
	} else {
		view->client.ip = conn->tuple4.client;
		view->vip.ip = conn->tuple4.vip;
		view->cport = conn->tuple4.cport;
		view->vport = conn->tuple4.vport;
		view->protocol = conn->tuple4.protocol;
	}
	view->sport = halb_conn_server_port(conn, view->vport);
}

static bool matches(const struct halb_conn_filter *filter,
		    const struct halb_conn *conn,
		    const struct halb_conn_view *view)
{
	const struct halb_server *server = conn->server;

#define HALB_EXCLUDES(attr, want, have)					\
	(filter->given & BIT(HALB_A_CONN_##attr) && (want) != (have))
#define HALB_EXCLUDES_ADDR(attr, want, want_af, have, have_af)		\
	(filter->given & BIT(HALB_A_CONN_##attr) &&			\
	 ((want_af) != (have_af) || !nf_inet_addr_cmp(&(want), &(have))))

	if (HALB_EXCLUDES(PROTOCOL, filter->protocol, view->protocol) ||
	    HALB_EXCLUDES(CLIENT_PORT, filter->client_port, view->cport) ||
	    HALB_EXCLUDES(SERVICE_PORT, filter->vport, view->vport) ||
	    HALB_EXCLUDES(SERVER_PORT, filter->server_port, view->sport) ||
	    HALB_EXCLUDES(METHOD, filter->method, server->method) ||
	    HALB_EXCLUDES(STATE, filter->state, view->state) ||
	    HALB_EXCLUDES(FWMARK, filter->fwmark, server->service->key.fwmark))
		return false;
	return !HALB_EXCLUDES_ADDR(CLIENT_ADDRESS, filter->client,
				   filter->client_af, view->client, view->af) &&
	       !HALB_EXCLUDES_ADDR(SERVICE_ADDRESS, filter->vip,
				   filter->vip_af, view->vip, view->af) &&
	       !HALB_EXCLUDES_ADDR(SERVER_ADDRESS, filter->server,
				   filter->server_af, server->addr, server->af);
}

static int put_addr(struct sk_buff *msg, int type, u8 af,
		    const union nf_inet_addr *addr)
{
	return nla_put(msg, type, af == AF_INET6 ? sizeof(addr->in6) :
						   sizeof(addr->in), addr);
}

/* What a fullnat server sees as client. */
static int put_source(struct sk_buff *msg, const struct halb_conn *conn,
		      const struct halb_conn_view *view)
{
	union nf_inet_addr addr = {};
	__be16 port;

	if (conn->server->method != HALB_METHOD_FULLNAT ||
	    view->state == HALB_CONN_STATE_TEMPLATE)
		return 0;
	if (view->af == AF_INET6) {
		addr.in6 = conn->source6.addr;
		port = conn->source6.port;
	} else {
		addr.ip = conn->source4.addr;
		port = conn->source4.port;
	}
	return put_addr(msg, HALB_A_CONN_SOURCE_ADDRESS, view->af, &addr) ||
	       nla_put_be16(msg, HALB_A_CONN_SOURCE_PORT, port);
}

/* One nest, or nothing and -EMSGSIZE. RCU read side. */
static int fill_conn(struct sk_buff *msg, const struct halb_net *hn,
		     const struct halb_conn *conn,
		     const struct halb_conn_view *view)
{
	const struct halb_server *server = conn->server;
	u32 fwmark = server->service->key.fwmark;
	struct nlattr *nest = nla_nest_start(msg, HALB_A_CONN);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u8(msg, HALB_A_CONN_PROTOCOL, view->protocol) ||
	    put_addr(msg, HALB_A_CONN_CLIENT_ADDRESS, view->af, &view->client) ||
	    nla_put_be16(msg, HALB_A_CONN_CLIENT_PORT, view->cport) ||
	    put_addr(msg, HALB_A_CONN_SERVICE_ADDRESS, view->af, &view->vip) ||
	    nla_put_be16(msg, HALB_A_CONN_SERVICE_PORT, view->vport) ||
	    put_addr(msg, HALB_A_CONN_SERVER_ADDRESS, server->af,
		     &server->addr) ||
	    nla_put_be16(msg, HALB_A_CONN_SERVER_PORT, view->sport) ||
	    put_source(msg, conn, view) ||
	    nla_put_u32(msg, HALB_A_CONN_METHOD, server->method) ||
	    nla_put_u32(msg, HALB_A_CONN_STATE, view->state) ||
	    nla_put_u32(msg, HALB_A_CONN_EXPIRES, halb_conn_expires(hn, conn)) ||
	    (fwmark && nla_put_u32(msg, HALB_A_CONN_FWMARK, fwmark))) {
		nla_nest_cancel(msg, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	return 0;
}

/* --- walking the tables ------------------------------------------------------------ */

/*
 * A walk may pause only where it can go on without missing anything: at the
 * first entry of a bucket. Entries that leave the table during the pause shift
 * the ones behind them in the same bucket, but there are none before the first.
 * After the pause it goes on with rhashtable_walk_peek(), which yields the
 * entry at which it paused, or the one in its place. When the table was
 * resized, the walk begins again by itself. So entries may come twice.
 */
static bool at_bucket_start(const struct rhashtable_iter *iter)
{
	return iter->skip <= 1;
}

static struct rhash_head *walk_on(struct rhashtable_iter *iter, unsigned int *n)
{
	struct rhash_head *node = rhashtable_walk_next(iter);

	if (++*n < HALB_WALK_BATCH || !node || IS_ERR(node) ||
	    !at_bucket_start(iter))
		return node;
	*n = 0;
	rhashtable_walk_stop(iter);
	cond_resched();
	rhashtable_walk_start(iter);
	return rhashtable_walk_peek(iter);
}

/* The connection of an entry that is to be looked at, or NULL. */
static struct halb_conn *select_conn(struct rhash_head *node,
				     const struct halb_conn_filter *filter,
				     struct halb_conn_view *view)
{
	struct halb_conn *conn;
	u32 state;

	/* a nat connection is there twice */
	if (IS_ERR(node) || halb_conn_side(node) != HALB_SIDE_CLIENT)
		return NULL;
	conn = halb_conn_of(node);
	state = READ_ONCE(conn->state);
	if (state & HALB_CONN_GONE)
		return NULL;
	view_conn(conn, state, view);
	return matches(filter, conn, view) ? conn : NULL;
}

/* --- dump -------------------------------------------------------------------------- */

/**
 * struct halb_conn_dump - a dump of connections under way
 * @filter: which
 * @iter: how far, in the present table
 * @table: present table, index of &halb_net.conns
 * @walking: @iter is in use
 */
struct halb_conn_dump {
	struct halb_conn_filter filter;
	struct rhashtable_iter iter;
	unsigned int table;
	bool walking;
};

int halb_nl_conn_get_start(struct netlink_callback *cb)
{
	struct halb_conn_dump *dump;
	int err;

	dump = kzalloc(sizeof(*dump), GFP_KERNEL_ACCOUNT);
	if (!dump)
		return halb_nl_explain(cb->extack, -ENOMEM);
	err = parse_filter(halb_dump_attrs(cb)[HALB_A_CONN], &dump->filter,
			   cb->extack);
	if (err) {
		kfree(dump);
		return err;
	}
	cb->args[0] = (long)dump;
	return 0;
}

int halb_nl_conn_get_done(struct netlink_callback *cb)
{
	struct halb_conn_dump *dump = (struct halb_conn_dump *)cb->args[0];

	if (dump->walking)
		rhashtable_walk_exit(&dump->iter);
	kfree(dump);
	return 0;
}

static int dump_conn(struct sk_buff *msg, struct netlink_callback *cb,
		     const struct halb_net *hn, const struct halb_conn *conn,
		     const struct halb_conn_view *view)
{
	void *header = genlmsg_put(msg, NETLINK_CB(cb->skb).portid,
				   cb->nlh->nlmsg_seq, &halb_genl_family,
				   NLM_F_MULTI, HALB_CMD_CONN_GET);

	if (!header)
		return -EMSGSIZE;
	if (fill_conn(msg, hn, conn, view)) {
		genlmsg_cancel(msg, header);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, header);
	return 0;
}

/*
 * The message is full in the middle of a bucket: take back what came from this
 * bucket, and begin the next message with it. A bucket that does not fit in a
 * whole message does not exist (elasticity, see rhashtable), unless the buffer
 * is tiny: then go on after what has been written.
 */
static void back_to_bucket_start(struct sk_buff *msg, unsigned int bucket_start,
				 struct rhashtable_iter *iter)
{
	if (!bucket_start)
		return;
	skb_trim(msg, bucket_start);
	iter->p = NULL;
	iter->skip = 0;
}

/* Return: 0 at the end of the table, -EMSGSIZE if the message is full. */
static int dump_table(struct sk_buff *msg, struct netlink_callback *cb,
		      const struct halb_net *hn, struct halb_conn_dump *dump)
{
	struct rhashtable_iter *iter = &dump->iter;
	unsigned int bucket_start = msg->len;
	struct rhash_head *node;
	unsigned int n = 0;
	int err = 0;

	rhashtable_walk_start(iter);
	for (node = rhashtable_walk_peek(iter); node; node = walk_on(iter, &n)) {
		struct halb_conn_view view;
		struct halb_conn *conn;

		if (!IS_ERR(node) && at_bucket_start(iter))
			bucket_start = msg->len;
		conn = select_conn(node, &dump->filter, &view);
		if (!conn)
			continue;
		err = dump_conn(msg, cb, hn, conn, &view);
		if (err) {
			back_to_bucket_start(msg, bucket_start, iter);
			break;
		}
	}
	rhashtable_walk_stop(iter);
	return err;
}

int halb_nl_conn_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct halb_conn_dump *dump = (struct halb_conn_dump *)cb->args[0];
	struct halb_net *hn = halb_nl_net(cb->skb);

	while (dump->table < ARRAY_SIZE(hn->conns)) {
		if (!dump->walking)
			rhashtable_walk_enter(&hn->conns[dump->table],
					      &dump->iter);
		dump->walking = true;
		if (dump_table(msg, cb, hn, dump))
			break;
		rhashtable_walk_exit(&dump->iter);
		dump->walking = false;
		dump->table++;
	}
	return msg->len;
}

/* --- one connection ------------------------------------------------------------------ */

#define HALB_CONN_NAMING						\
	(BIT(HALB_A_CONN_PROTOCOL) | BIT(HALB_A_CONN_CLIENT_ADDRESS) |	\
	 BIT(HALB_A_CONN_CLIENT_PORT) |					\
	 BIT(HALB_A_CONN_SERVICE_ADDRESS) | BIT(HALB_A_CONN_SERVICE_PORT))

/**
 * halb_nl_parse_flow - reads what names a flow
 * @nest: HALB_A_CONN, or NULL
 * @optional: HALB_A_CONN_* bits of what it may have besides
 * @flow: result
 * @extack: for the sentence
 */
int halb_nl_parse_flow(const struct nlattr *nest, u32 optional,
		       struct halb_nl_flow *flow, struct netlink_ext_ack *extack)
{
	struct halb_conn_filter name;
	int err;

	err = parse_filter(nest, &name, extack);
	if (err)
		return err;
	if ((name.given & ~optional) != HALB_CONN_NAMING ||
	    name.client_af != name.vip_af)
		return halb_refuse(extack, -EINVAL,
				   "name the connection by protocol, client's and service's address and port");
	*flow = (struct halb_nl_flow) {
		.given = name.given,
		.client = name.client,
		.vip = name.vip,
		.cport = name.client_port,
		.vport = name.vport,
		.mark = name.fwmark,
		.protocol = name.protocol,
		.af = name.vip_af,
	};
	return 0;
}

static struct halb_conn *find_flow4(struct halb_net *hn,
				    const struct halb_nl_flow *flow)
{
	struct halb_tuple4 tuple = {
		.client = flow->client.ip,
		.vip = flow->vip.ip,
		.cport = flow->cport,
		.vport = flow->vport,
		.protocol = flow->protocol,
		.kind = HALB_TUPLE_FLOW,
	};

	return halb_conn_find4(hn, &tuple);
}

static struct halb_conn *find_flow6(struct halb_net *hn,
				    const struct halb_nl_flow *flow)
{
	struct halb_tuple6 tuple = {
		.client = flow->client.in6,
		.vip = flow->vip.in6,
		.cport = flow->cport,
		.vport = flow->vport,
		.protocol = flow->protocol,
		.kind = HALB_TUPLE_FLOW,
	};

	return halb_conn_find6(hn, &tuple);
}

struct halb_conn *halb_nl_find_flow(struct halb_net *hn,
				    const struct halb_nl_flow *flow)
{
	return flow->af == AF_INET6 ? find_flow6(hn, flow) :
				      find_flow4(hn, flow);
}

/**
 * halb_nl_fill_conn - a connection, as HALB_A_CONN
 * @msg: message
 * @hn: netns
 * @conn: connection
 *
 * Puts one nest, or nothing and returns -EMSGSIZE. Context: RCU read side.
 */
int halb_nl_fill_conn(struct sk_buff *msg, const struct halb_net *hn,
		      const struct halb_conn *conn)
{
	struct halb_conn_view view;

	view_conn(conn, READ_ONCE(conn->state), &view);
	return fill_conn(msg, hn, conn, &view);
}

int halb_nl_conn_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_net *hn = halb_nl_net(skb);
	struct halb_nl_flow flow;
	struct halb_conn *conn;
	struct sk_buff *msg;
	void *header;
	int err;

	err = halb_nl_parse_flow(info->attrs[HALB_A_CONN], 0, &flow,
				 info->extack);
	if (err)
		return err;
	msg = halb_nl_answer_new(info, NLMSG_DEFAULT_SIZE, &header);
	if (!msg)
		return halb_nl_explain(info->extack, -ENOMEM);
	rcu_read_lock();
	conn = halb_nl_find_flow(hn, &flow);
	err = conn ? halb_nl_fill_conn(msg, hn, conn) : -ENOENT;
	rcu_read_unlock();
	if (err == -ENOENT)
		NL_SET_ERR_MSG(info->extack, "no such connection");
	return halb_nl_answer(info, msg, header, err);
}

/* --- flush ---------------------------------------------------------------------------- */

static u32 flush_table(struct halb_net *hn, struct rhashtable *ht,
		       const struct halb_conn_filter *filter)
{
	struct rhashtable_iter iter;
	struct rhash_head *node;
	unsigned int n = 0;
	u32 flushed = 0;

	rhashtable_walk_enter(ht, &iter);
	rhashtable_walk_start(&iter);
	for (node = rhashtable_walk_next(&iter); node; node = walk_on(&iter, &n)) {
		struct halb_conn_view view;
		struct halb_conn *conn;

		conn = select_conn(node, filter, &view);
		if (conn && halb_conn_flush(hn, conn))
			flushed++;
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	return flushed;
}

int halb_nl_conn_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_net *hn = halb_nl_net(skb);
	struct halb_conn_filter filter;
	struct sk_buff *msg;
	void *header;
	u32 flushed;
	int err;

	err = parse_filter(info->attrs[HALB_A_CONN], &filter, info->extack);
	if (err)
		return err;
	msg = halb_nl_answer_new(info, NLMSG_DEFAULT_SIZE, &header);
	if (!msg)
		return halb_nl_explain(info->extack, -ENOMEM);
	flushed = flush_table(hn, &hn->conns[0], &filter) +
		  flush_table(hn, &hn->conns[1], &filter);
	halb_conn_gc_kick(hn);
	return halb_nl_answer(info, msg, header,
			      nla_put_u32(msg, HALB_A_FLUSHED, flushed));
}
