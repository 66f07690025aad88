// SPDX-License-Identifier: GPL-2.0
/*
 * FTP's data connections. One that a control connection announces is an entry
 * in the table of connections, with port 0 on the side that is going to
 * connect: a SYN that belongs to nothing else finds it, and takes its place
 * with a connection to the same server, whatever the scheduler says. There is
 * one of each kind for a control connection.
 */
#include <linux/random.h>

#include "conn_new.h"
#include "conn_table.h"
#include "ftp_segment.h"
#include "half_open.h"
#include "xmit.h"

/* ports of the VIP that are tried for one that is free */
#define HALB_FTP_TRIES		16

/* --- what is expected ------------------------------------------------------- */

static __be16 control_cport(const struct halb_ftp_segment *s)
{
	return s->pkt->v6 ? s->conn->tuple6.cport : s->conn->tuple4.cport;
}

/* The VIP's port from which data comes: the one below its control port. */
static __be16 data_vport(const struct halb_ftp_segment *s)
{
	u16 port = ntohs(s->pkt->v6 ? s->conn->tuple6.vport :
				      s->conn->tuple4.vport);

	return htons(port > 1 ? port - 1 : HALB_FTP_CONTROL - 1);
}

static void name4(const struct halb_conn *like, u8 kind, __be16 cport,
		  __be16 vport, struct halb_tuple4 *t)
{
	*t = like->tuple4;
	t->kind = kind;
	t->cport = cport;
	t->vport = vport;
}

static void name6(const struct halb_conn *like, u8 kind, __be16 cport,
		  __be16 vport, struct halb_tuple6 *t)
{
	*t = like->tuple6;
	t->kind = kind;
	t->cport = cport;
	t->vport = vport;
}

/* Between the client and the VIP of @like. */
static struct halb_conn *find(struct halb_net *hn, const struct halb_conn *like,
			      u8 kind, __be16 cport, __be16 vport)
{
	struct halb_tuple4 t4;
	struct halb_tuple6 t6;

	if (halb_conn_af(like) == AF_INET6) {
		name6(like, kind, cport, vport, &t6);
		return halb_conn_find6(hn, &t6);
	}
	name4(like, kind, cport, vport, &t4);
	return halb_conn_find4(hn, &t4);
}

/* Between the server and the client of @like. */
static struct halb_conn *find_reply(struct halb_net *hn,
				    const struct halb_conn *like, u8 kind,
				    __be16 sport, __be16 cport)
{
	struct rhash_head *node;

	if (halb_conn_af(like) == AF_INET6) {
		struct halb_key6 key;

		halb_reply_tuple6(like, &key.tuple);
		key.tuple.kind = kind;
		key.tuple.cport = sport;
		key.tuple.vport = cport;
		key.hash = halb_hash6(&key.tuple);
		node = halb_conn_lookup6(hn, &key);
	} else {
		struct halb_key4 key;

		halb_reply_tuple4(like, &key.tuple);
		key.tuple.kind = kind;
		key.tuple.cport = sport;
		key.tuple.vport = cport;
		key.hash = halb_hash4(&key.tuple);
		node = halb_conn_lookup4(hn, &key);
	}
	if (!node || halb_conn_side(node) != HALB_SIDE_SERVER)
		return NULL;
	return halb_conn_of(node);
}

static void kill_if(struct halb_net *hn, struct halb_conn *conn)
{
	if (conn)
		halb_conn_kill(hn, conn);
}

/* What this control connection announced, and nobody has come for. */
static void forget(const struct halb_ftp_segment *s, __be16 cport, __be16 vport)
{
	struct halb_net *hn = s->pkt->hn;
	struct halb_conn *old = find(hn, s->conn, HALB_TUPLE_EXPECTED, cport,
				     vport);

	if (old && old->server == s->conn->server &&
	    halb_conn_data(old)->control == control_cport(s))
		halb_conn_kill(hn, old);
}

static bool has_room(const struct halb_ftp_segment *s)
{
	const struct halb_service *service = s->conn->server->service;
	u32 limit = READ_ONCE(service->limits.conns);

	return halb_has_room(s->pkt->hn) &&
	       (!limit || atomic_read(&service->conns) < limit);
}

/*
 * Into the table. Return: 0, or -EEXIST or -EADDRINUSE if there is one of this
 * name for the client, or for the server, or another error.
 */
static int expect(const struct halb_ftp_segment *s, __be16 cport, __be16 vport,
		  __be16 sport)
{
	struct halb_server *server = s->conn->server;
	struct halb_conn *conn, *twin;

	/* from now on, for good: some of its connections have their own */
	if (!READ_ONCE(server->any_port))
		WRITE_ONCE(server->any_port, true);
	conn = halb_conn_alloc(server, s->pkt->v6,
			       HALB_CONN_STATE_LISTEN | HALB_CONN_INACTIVE |
			       HALB_CONN_DATA | HALB_CONN_EXPECTED);
	if (IS_ERR(conn))
		return PTR_ERR(conn);
	if (s->pkt->v6) {
		name6(s->conn, HALB_TUPLE_EXPECTED, cport, vport,
		      &conn->tuple6);
		conn->hash[0] = halb_hash6(&conn->tuple6);
	} else {
		name4(s->conn, HALB_TUPLE_EXPECTED, cport, vport,
		      &conn->tuple4);
		conn->hash[0] = halb_hash4(&conn->tuple4);
	}
	*halb_conn_data(conn) = (struct halb_data) {
		.port = sport,
		.control = control_cport(s),
	};
	twin = halb_conn_insert(s->pkt->hn, conn, NULL);
	if (IS_ERR(twin))
		return PTR_ERR(twin);
	return twin == conn ? 0 : -EEXIST;
}

/* Does the VIP have a service at this port? */
static bool is_served(const struct halb_ftp_segment *s, __be16 vport)
{
	struct halb_service_key key;

	memset(&key, 0, sizeof(key));
	key.protocol = IPPROTO_TCP;
	key.port = vport;
	if (s->pkt->v6) {
		key.af = AF_INET6;
		key.addr.in6 = s->conn->tuple6.vip;
	} else {
		key.af = AF_INET;
		key.addr.ip = s->conn->tuple4.vip;
	}
	return halb_config_find(rcu_dereference(s->pkt->hn->config), &key);
}

/**
 * halb_ftp_expect_client - the client is going to connect to the server
 * @s: segment that says so, its connection's lock held
 * @port: where the server listens
 *
 * By way of a port of the VIP, the same if it is free: &halb_ftp.passive.
 * Context: softirq, RCU read side. Return: HALB_GO_ON, or a verdict.
 */
unsigned int halb_ftp_expect_client(const struct halb_ftp_segment *s, u16 port)
{
	struct halb_net *hn = s->pkt->hn;
	__be16 vport = htons(port);
	int i, err;

	if (s->ftp->passive)
		forget(s, 0, s->ftp->passive);
	s->ftp->passive = 0;
	/* the server has said it anew, to this connection */
	kill_if(hn, find_reply(hn, s->conn, HALB_TUPLE_EXPECTED, vport, 0));
	if (!has_room(s))
		return halb_drop(s->pkt, CONN_LIMIT);
	for (i = 0; i < HALB_FTP_TRIES; i++) {
		if (!is_served(s, vport)) {
			err = expect(s, 0, vport, htons(port));
			if (!err) {
				s->ftp->passive = vport;
				return HALB_GO_ON;
			}
			if (err != -EEXIST)
				return halb_refuse_flow(s->pkt, err);
		}
		vport = htons(HALB_FTP_PORT_MIN +
			      get_random_u32() % (U16_MAX + 1 -
						  HALB_FTP_PORT_MIN));
	}
	return halb_drop(s->pkt, FTP_PORT);
}

/**
 * halb_ftp_expect_server - the server is going to connect to the client
 * @s: segment that says so, its connection's lock held
 * @port: where the client listens: &halb_ftp.active
 *
 * Context: softirq, RCU read side. Return: HALB_GO_ON, or a verdict.
 */
unsigned int halb_ftp_expect_server(const struct halb_ftp_segment *s, u16 port)
{
	struct halb_net *hn = s->pkt->hn;
	__be16 cport = htons(port), vport = data_vport(s);
	int err;

	if (s->ftp->active)
		forget(s, s->ftp->active, vport);
	s->ftp->active = 0;
	/* the client has said it anew, to this connection */
	kill_if(hn, find(hn, s->conn, HALB_TUPLE_EXPECTED, cport, vport));
	kill_if(hn, find_reply(hn, s->conn, HALB_TUPLE_EXPECTED, 0, cport));
	if (!has_room(s))
		return halb_drop(s->pkt, CONN_LIMIT);
	err = expect(s, cport, vport, 0);
	if (err)
		return halb_refuse_flow(s->pkt, err);
	s->ftp->active = cport;
	return HALB_GO_ON;
}

/* --- who was expected ------------------------------------------------------- */

/* The name of a packet's sender without its port. */
static struct rhash_head *find_expected(const struct halb_packet *pkt)
{
	struct halb_key4 key4;
	struct halb_key6 key6;

	if (pkt->v6) {
		key6.tuple = pkt->tuple6;
		key6.tuple.kind = HALB_TUPLE_EXPECTED;
		key6.tuple.cport = 0;
		key6.hash = halb_hash6(&key6.tuple);
		return halb_conn_lookup6(pkt->hn, &key6);
	}
	key4.tuple = pkt->tuple4;
	key4.tuple.kind = HALB_TUPLE_EXPECTED;
	key4.tuple.cport = 0;
	key4.hash = halb_hash4(&key4.tuple);
	return halb_conn_lookup4(pkt->hn, &key4);
}

static u32 first_state(const struct halb_packet *pkt, enum halb_side side)
{
	u32 state = halb_tcp_next(side == HALB_SIDE_CLIENT ? HALB_TCP_INPUT :
							     HALB_TCP_OUTPUT,
				  pkt->tcp_flags, HALB_CONN_STATE_NONE);

	if (!halb_tcp_state_active(state))
		state |= HALB_CONN_INACTIVE;
	return state | HALB_CONN_DATA;
}

/* The connection that takes the place of @expected. */
static struct halb_conn *make_data(const struct halb_packet *pkt,
				   struct halb_conn *expected,
				   enum halb_side side)
{
	struct halb_conn *conn;
	__be16 port;

	conn = halb_conn_alloc(expected->server, pkt->v6,
			       first_state(pkt, side));
	if (IS_ERR(conn))
		return conn;
	*halb_conn_data(conn) = *halb_conn_data(expected);
	port = pkt->v6 ? pkt->tuple6.cport : pkt->tuple4.cport;
	if (side == HALB_SIDE_SERVER)
		halb_conn_data(conn)->port = port;
	if (pkt->v6) {
		conn->tuple6 = expected->tuple6;
		conn->tuple6.kind = HALB_TUPLE_FLOW;
		if (side == HALB_SIDE_CLIENT)
			conn->tuple6.cport = port;
		conn->hash[0] = halb_hash6(&conn->tuple6);
	} else {
		conn->tuple4 = expected->tuple4;
		conn->tuple4.kind = HALB_TUPLE_FLOW;
		if (side == HALB_SIDE_CLIENT)
			conn->tuple4.cport = port;
		conn->hash[0] = halb_hash4(&conn->tuple4);
	}
	return conn;
}

/* A connection from the same ports that has ended makes room. */
static bool make_way(struct halb_net *hn, struct halb_conn *old)
{
	if (!old || !(READ_ONCE(old->state) & HALB_CONN_INACTIVE))
		return false;
	halb_conn_kill(hn, old);
	return true;
}

static struct halb_conn *find_clash(const struct halb_packet *pkt,
				    struct halb_conn *expected,
				    enum halb_side side)
{
	__be16 port = pkt->v6 ? pkt->tuple6.cport : pkt->tuple4.cport;
	__be16 cport = pkt->v6 ? expected->tuple6.cport :
				 expected->tuple4.cport;

	if (side == HALB_SIDE_CLIENT)
		return find_reply(pkt->hn, expected, HALB_TUPLE_FLOW,
				  halb_conn_data(expected)->port, port);
	return find_reply(pkt->hn, expected, HALB_TUPLE_FLOW, port, cport);
}

static struct halb_conn *connect(const struct halb_packet *pkt,
				 struct halb_conn *expected,
				 enum halb_side side)
{
	struct halb_net *hn = pkt->hn;
	struct halb_conn *conn, *old;
	int i;

	for (i = 0; i < 3; i++) {
		conn = make_data(pkt, expected, side);
		if (IS_ERR(conn))
			return conn;
		old = halb_conn_insert(hn, conn, NULL);
		if (old == conn) {
			halb_count_conn(conn->server);
			return conn;
		}
		if (old == ERR_PTR(-EADDRINUSE))
			old = find_clash(pkt, expected, side);
		if (IS_ERR(old))
			return old;
		if (!make_way(hn, old))
			break;
	}
	return ERR_PTR(-EADDRINUSE);
}

/**
 * halb_ftp_schedule - a SYN of no connection: is it one that is expected?
 * @pkt: SYN, of a client or a server
 *
 * Context: softirq, RCU read side. Return: HALB_GO_ON if it is not, or a
 * verdict.
 */
unsigned int halb_ftp_schedule(struct halb_packet *pkt)
{
	struct rhash_head *node = find_expected(pkt);
	struct halb_conn *expected, *conn;
	enum halb_side side;
	unsigned long flags;

	if (!node)
		return HALB_GO_ON;
	expected = halb_conn_of(node);
	side = halb_conn_side(node);
	flags = READ_ONCE(expected->server->flags);
	if (flags & HALB_SERVER_STANDBY)
		return halb_pass(pkt, NOT_MASTER);
	/* has come to its service since: it has no ftp any more */
	if (flags & (HALB_SERVER_REMOVED | HALB_SERVER_STACK) ||
	    !halb_conn_expires(pkt->hn, expected)) {
		halb_conn_kill(pkt->hn, expected);
		return HALB_GO_ON;
	}
	if (!halb_source_valid(pkt))
		return NF_DROP;
	/* on another CPU another one was first, or the same one, repeated */
	if (!halb_conn_kill(pkt->hn, expected))
		return halb_drop(pkt, TABLE_BUSY);
	conn = connect(pkt, expected, side);
	if (IS_ERR(conn))
		return halb_refuse_flow(pkt, PTR_ERR(conn));
	halb_half_open_add(pkt->hn, conn->hash[0], pkt->v6);
	halb_packet_follow(pkt, conn->server);
	if (side == HALB_SIDE_CLIENT)
		halb_count_in(conn->server, pkt->skb);
	else
		halb_count_out(conn->server, pkt->skb);
	return halb_forward(pkt, conn, side);
}
