// SPDX-License-Identifier: GPL-2.0
/*
 * Birth, state and death of connections. They leave the table in conn_gc.c.
 */
#include <linux/slab.h>

#include "conn.h"
#include "conn_new.h"
#include "conn_table.h"
#include "ftp.h"
#include "pool_walk.h"
#include "sctp_state.h"
#include "suspect.h"
#include "tcp_state.h"

/* by family, and whether it is larger: fullnat's, and those of FTP */
static struct kmem_cache *halb_conn_caches[2][2] __read_mostly;
hsiphash_key_t halb_hash_key __read_mostly;

#define HALB_CONN4_SIZE	offsetofend(struct halb_conn, tuple4)
#define HALB_CONN6_SIZE	offsetofend(struct halb_conn, tuple6)

/* ports that a fullnat connection tries at most; when they are scarce, fewer */
#define HALB_PORT_TRIES		128
#define HALB_PORT_TRIES_SCARCE	8

struct halb_conn *halb_conn_find4(struct halb_net *hn,
				  const struct halb_tuple4 *tuple)
{
	struct halb_key4 key = { *tuple, halb_hash4(tuple) };
	struct rhash_head *node = halb_conn_lookup4(hn, &key);

	if (!node || halb_conn_side(node) != HALB_SIDE_CLIENT)
		return NULL;
	return halb_conn_of(node);
}

struct halb_conn *halb_conn_find6(struct halb_net *hn,
				  const struct halb_tuple6 *tuple)
{
	struct halb_key6 key = { *tuple, halb_hash6(tuple) };
	struct rhash_head *node = halb_conn_lookup6(hn, &key);

	if (!node || halb_conn_side(node) != HALB_SIDE_CLIENT)
		return NULL;
	return halb_conn_of(node);
}

/**
 * halb_conn_own_port - the port of a server that has not one for all
 * @conn: connection
 * @vport: port that the client sends to
 *
 * A server of a service for all ports may have none of its own. As in ip_vs, a
 * persistent client keeps the ports it asks for, whatever the server's. A data
 * connection of FTP has the port that was announced.
 */
__be16 halb_conn_own_port(const struct halb_conn *conn, __be16 vport)
{
	const struct halb_server *server = conn->server;
	u32 state = READ_ONCE(conn->state);

	if (state & HALB_CONN_DATA)
		return halb_conn_af(conn) == AF_INET6 ? conn->data6.port :
							conn->data4.port;
	if (server->service->key.port)
		return server->port;
	if (!server->port || state & HALB_CONN_PERSISTENT ||
	    (state & HALB_CONN_STATE_MASK) == HALB_CONN_STATE_TEMPLATE)
		return vport;
	return server->port;
}

/* What its service has of its own, or 0. */
static u32 own_timeout(const struct halb_conn *conn, u32 state)
{
	const struct halb_limits *limits = &conn->server->service->limits;

	switch (state) {
	case HALB_CONN_STATE_ESTABLISHED:
		return READ_ONCE(limits->tcp_timeout);
	case HALB_CONN_STATE_FIN_WAIT:
		return READ_ONCE(limits->tcp_fin_timeout);
	case HALB_CONN_STATE_UDP:
		return READ_ONCE(limits->udp_timeout);
	default:
		return 0;
	}
}

static u32 halb_conn_timeout(const struct halb_net *hn,
			     const struct halb_conn *conn, u32 state)
{
	state &= HALB_CONN_STATE_MASK;
	if (state == HALB_CONN_STATE_TEMPLATE)
		return READ_ONCE(conn->server->service->persist_timeout);
	return own_timeout(conn, state) ?:
	       READ_ONCE(hn->settings.timeout[state]);
}

u32 halb_conn_expires(const struct halb_net *hn, const struct halb_conn *conn)
{
	u32 timeout = halb_conn_timeout(hn, conn, READ_ONCE(conn->state));
	u32 idle = halb_now() - READ_ONCE(conn->seen);

	/* another CPU may have seen a packet in a later second than ours */
	if ((s32)idle < 0)
		idle = 0;
	return timeout > idle ? timeout - idle : 0;
}

/* Which of the server's counters a connection in this state stands in. */
static atomic_t *counter_of(struct halb_server *server, u32 state)
{
	if (state & HALB_CONN_GONE)
		return NULL;
	if ((state & HALB_CONN_STATE_MASK) == HALB_CONN_STATE_TEMPLATE)
		return &server->persist;
	return state & HALB_CONN_INACTIVE ? &server->inactive :
					    &server->active;
}

/* Counters follow the state, moved by whoever changes it. */
static void account(struct halb_server *server, u32 from, u32 to)
{
	atomic_t *old = counter_of(server, from);
	atomic_t *new = counter_of(server, to);

	if (old == new)
		return;
	if (new)
		atomic_inc(new);
	if (old)
		atomic_dec(old);
	if (!new) {
		if (old != &server->persist)
			atomic_dec(&server->service->conns);
		halb_server_update_overload(server);
	}
	halb_server_conns_changed(server);
}

/**
 * halb_conn_change - moves a connection from one state word to another
 * @conn: connection
 * @from: what the caller read
 * @to: what it shall become
 *
 * Context: any, RCU read side. Return: whether this caller made the change; if
 * not, another CPU was first and the caller reads again.
 */
bool halb_conn_change(struct halb_conn *conn, u32 from, u32 to)
{
	if (cmpxchg(&conn->state, from, to) != from)
		return false;
	account(conn->server, from, to);
	return true;
}

static bool is_template(u32 state)
{
	return (state & HALB_CONN_STATE_MASK) == HALB_CONN_STATE_TEMPLATE;
}

static bool in_table_twice(const struct halb_conn *conn)
{
	return halb_method_rewrites(conn->server->method) &&
	       !is_template(conn->state);
}

static int take_link(struct halb_net *hn, struct halb_conn *conn,
		     enum halb_side side)
{
	if (halb_conn_af(conn) == AF_INET6)
		return rhashtable_remove_fast(&hn->conns[1], &conn->node[side],
					      halb_conn_params6);
	return rhashtable_remove_fast(&hn->conns[0], &conn->node[side],
				      halb_conn_params4);
}

/**
 * halb_conn_take_out - takes a dead connection out of the table
 * @hn: netns
 * @conn: connection, HALB_CONN_DEAD; found under RCU
 *
 * Whoever removes the client's link owns the rest: the connection is freed by
 * the sweep, after a grace period. Context: any, RCU read side.
 */
void halb_conn_take_out(struct halb_net *hn, struct halb_conn *conn)
{
	if (take_link(hn, conn, HALB_SIDE_CLIENT))
		return;
	if (in_table_twice(conn))
		take_link(hn, conn, HALB_SIDE_SERVER);
	llist_add(&conn->dead, &hn->dead);
}

/* Sets @bits unless one of them is set already. */
static bool set_gone(struct halb_conn *conn, u32 bits)
{
	u32 state;

	do {
		state = READ_ONCE(conn->state);
		if (state & bits)
			return false;
	} while (!halb_conn_change(conn, state, state | bits));
	return true;
}

/**
 * halb_conn_kill - a connection is over
 * @hn: netns
 * @conn: connection, found under RCU
 *
 * Context: any, RCU read side. Return: whether this call ended it.
 */
bool halb_conn_kill(struct halb_net *hn, struct halb_conn *conn)
{
	if (!set_gone(conn, HALB_CONN_DEAD))
		return false;
	halb_conn_take_out(hn, conn);
	return true;
}

bool halb_conn_flush(struct halb_net *hn, struct halb_conn *conn)
{
	u8 protocol = halb_conn_af(conn) == AF_INET6 ? conn->tuple6.protocol :
						       conn->tuple4.protocol;
	u32 state = READ_ONCE(conn->state);

	if (state & HALB_CONN_GONE)
		return false;
	if (protocol != IPPROTO_UDP && !is_template(state) &&
	    !(state & HALB_CONN_EXPECTED)) {
		if (!set_gone(conn, HALB_CONN_ORPHAN))
			return false;
		atomic_dec(&hn->conn_count);
		return true;
	}
	/* out of the table with the sweep, which also frees it */
	if (!set_gone(conn, HALB_CONN_DEAD))
		return false;
	halb_conn_gc_kick(hn);
	return true;
}

/*
 * Another state, as the packet at hand demands. False if another CPU was first
 * and the caller must think again.
 */
static bool enter(struct halb_conn *conn, u32 from, u8 state, bool active)
{
	u32 to = (from & ~(HALB_CONN_STATE_MASK | HALB_CONN_INACTIVE)) | state;

	if (!active)
		to |= HALB_CONN_INACTIVE;
	return from == to || from & HALB_CONN_GONE ||
	       halb_conn_change(conn, from, to);
}

/**
 * halb_conn_tcp - lets a segment change the state of its connection
 * @conn: connection
 * @dir: who sent it
 * @flags: byte 13 of the TCP header
 *
 * Context: softirq, RCU read side.
 */
void halb_conn_tcp(struct halb_conn *conn, enum halb_tcp_dir dir, u8 flags)
{
	u32 from;
	u8 next;

	do {
		from = READ_ONCE(conn->state);
		next = halb_tcp_next(dir, flags, from & HALB_CONN_STATE_MASK);
	} while (!enter(conn, from, next, halb_tcp_state_active(next)));
	if (from & (HALB_CONN_ANSWERED | HALB_CONN_DATA))
		return;
	switch (halb_tcp_outcome(dir, flags, from & HALB_CONN_STATE_MASK)) {
	case HALB_TCP_ANSWERED:
		if (next == HALB_CONN_STATE_SYN_RECV)
			halb_conn_answered(conn);
		else
			halb_server_answered(conn->server);
		break;
	case HALB_TCP_REFUSED:
		halb_conn_refused(conn);
		break;
	default:
		break;
	}
}

/**
 * halb_conn_sctp - lets a packet change the state of its association
 * @conn: connection
 * @dir: who sent it
 * @event: enum halb_sctp_event
 *
 * Context: softirq, RCU read side.
 */
void halb_conn_sctp(struct halb_conn *conn, enum halb_tcp_dir dir, u8 event)
{
	u32 from;
	u8 next;

	do {
		from = READ_ONCE(conn->state);
		next = halb_sctp_next(dir, event, from & HALB_CONN_STATE_MASK);
	} while (!enter(conn, from, next, halb_sctp_state_active(next)));
}

static struct kmem_cache *cache_of(const struct halb_server *server, bool v6,
				   u32 state)
{
	bool large = state & (HALB_CONN_FTP | HALB_CONN_DATA) ||
		     (server->method == HALB_METHOD_FULLNAT &&
		      !is_template(state));

	return halb_conn_caches[v6][large];
}

/* What a connection of FTP has beside the others. */
static bool alloc_ftp(struct halb_conn *conn, bool v6)
{
	struct halb_ftp *ftp;

	if (!(conn->state & HALB_CONN_FTP))
		return true;
	ftp = kzalloc(sizeof(*ftp), GFP_ATOMIC | __GFP_NOWARN);
	if (!ftp)
		return false;
	spin_lock_init(&ftp->lock);
	if (v6)
		conn->ftp6 = ftp;
	else
		conn->ftp4 = ftp;
	return true;
}

static void free_ftp(struct halb_conn *conn)
{
	if (conn->state & HALB_CONN_FTP)
		kfree(halb_conn_ftp(conn));
	if (conn->state & HALB_CONN_EXPECTED)
		atomic_dec(&conn->server->service->net->expected);
}

void halb_conn_free(struct halb_conn *conn)
{
	struct halb_server *server = conn->server;
	bool v6 = halb_conn_af(conn) == AF_INET6;

	if (unlikely(conn->state & (HALB_CONN_FTP | HALB_CONN_EXPECTED)))
		free_ftp(conn);
	halb_route_forget(&conn->route);
	kmem_cache_free(cache_of(server, v6, conn->state), conn);
	halb_server_put(server);
}

/**
 * halb_conn_alloc - a connection that is in no table yet
 * @server: its server
 * @v6: family
 * @state: state word to begin with
 *
 * The caller fills in the tuple and its hash. Context: softirq, RCU read side.
 * Return: the connection, or ERR_PTR: -ENOMEM; -ESTALE if the server was
 * removed since it was picked.
 */
struct halb_conn *halb_conn_alloc(struct halb_server *server, bool v6,
				  u32 state)
{
	struct kmem_cache *cache = cache_of(server, v6, state);
	struct halb_conn *conn;

	conn = kmem_cache_alloc(cache, GFP_ATOMIC | __GFP_NOWARN);
	if (unlikely(!conn))
		return ERR_PTR(-ENOMEM);
	conn->state = state;
	if (unlikely(state & HALB_CONN_FTP && !alloc_ftp(conn, v6))) {
		kmem_cache_free(cache, conn);
		return ERR_PTR(-ENOMEM);
	}
	if (unlikely(!refcount_inc_not_zero(&server->refs))) {
		if (state & HALB_CONN_FTP)
			kfree(v6 ? conn->ftp6 : conn->ftp4);
		kmem_cache_free(cache, conn);
		return ERR_PTR(-ESTALE);
	}
	if (unlikely(state & HALB_CONN_EXPECTED))
		atomic_inc(&server->service->net->expected);
	conn->server = server;
	RCU_INIT_POINTER(conn->route, NULL);
	conn->seen = halb_now();
	return conn;
}

static void *insert4(struct halb_net *hn, struct halb_conn *conn,
		     enum halb_side side)
{
	struct halb_key4 key;

	if (side == HALB_SIDE_CLIENT) {
		key.tuple = conn->tuple4;
	} else {
		halb_reply_tuple4(conn, &key.tuple);
		conn->hash[side] = halb_hash4(&key.tuple);
	}
	key.hash = conn->hash[side];
	return rhashtable_lookup_get_insert_key(&hn->conns[0], &key,
						&conn->node[side],
						halb_conn_params4);
}

static void *insert6(struct halb_net *hn, struct halb_conn *conn,
		     enum halb_side side)
{
	struct halb_key6 key;

	if (side == HALB_SIDE_CLIENT) {
		key.tuple = conn->tuple6;
	} else {
		halb_reply_tuple6(conn, &key.tuple);
		conn->hash[side] = halb_hash6(&key.tuple);
	}
	key.hash = conn->hash[side];
	return rhashtable_lookup_get_insert_key(&hn->conns[1], &key,
						&conn->node[side],
						halb_conn_params6);
}

static void *insert(struct halb_net *hn, struct halb_conn *conn,
		    enum halb_side side)
{
	return halb_conn_af(conn) == AF_INET6 ? insert6(hn, conn, side) :
						insert4(hn, conn, side);
}

/* Before anyone can find it: what ends it moves the counters back. */
static void count(struct halb_net *hn, struct halb_conn *conn)
{
	atomic_t *counter;

	atomic_inc(&hn->conn_count);
	counter = counter_of(conn->server, conn->state);
	atomic_inc(counter);
	if (counter != &conn->server->persist)
		atomic_inc(&conn->server->service->conns);
	halb_server_update_overload(conn->server);
	halb_server_conns_changed(conn->server);
}

/* Of a connection that nobody could find. */
static void forget(struct halb_net *hn, struct halb_conn *conn)
{
	atomic_dec(&hn->conn_count);
	account(conn->server, conn->state, conn->state | HALB_CONN_DEAD);
	halb_conn_free(conn);
}

/* The connection that another CPU made for the same flow, or NULL. */
static struct halb_conn *find_twin(struct halb_net *hn,
				   const struct halb_conn *conn)
{
	return halb_conn_af(conn) == AF_INET6 ?
		halb_conn_find6(hn, &conn->tuple6) :
		halb_conn_find4(hn, &conn->tuple4);
}

static void take_seat(struct halb_conn *conn, struct halb_pool_walk *walk)
{
	u32 number;
	__be16 port = halb_pool_next(walk, &number);

	if (halb_conn_af(conn) == AF_INET6) {
		conn->source6.addr = halb_pool_addr6(walk->pool, number);
		conn->source6.port = port;
	} else {
		conn->source4.addr = halb_pool_addr4(walk->pool, number);
		conn->source4.port = port;
	}
}

/* With fullnat: finds a source for which the table has no reply yet. */
static void *insert_with_source(struct halb_net *hn, struct halb_conn *conn,
				const struct halb_pool *pool)
{
	struct halb_server *server = conn->server;
	bool scarce = test_bit(HALB_SERVER_NO_PORT_BIT, &server->flags);
	int i, tries = scarce ? HALB_PORT_TRIES_SCARCE : HALB_PORT_TRIES;
	struct halb_pool_walk walk;
	void *old;

	halb_pool_start(&walk, hn->net, pool, conn->hash[HALB_SIDE_CLIENT]);
	for (i = 0; walk.seats && i < tries; i++) {
		take_seat(conn, &walk);
		old = insert(hn, conn, HALB_SIDE_SERVER);
		if (IS_ERR(old))
			return old;
		if (old)
			continue;
		if (unlikely(scarce && !i))
			halb_server_source_port(server, true);
		return NULL;
	}
	halb_server_source_port(server, false);
	return ERR_PTR(-EADDRNOTAVAIL);
}

static bool same_flow(const struct halb_conn *a, const struct halb_conn *b)
{
	return halb_conn_af(a) == AF_INET6 ?
		!memcmp(&a->tuple6, &b->tuple6, sizeof(a->tuple6)) :
		halb_tuple4_equal(&a->tuple4, &b->tuple4);
}

/*
 * Whose is the link for replies that @conn would have? Of its twin, which need
 * not have the client's link yet, or of another flow.
 */
static struct halb_conn *reply_taken(struct halb_net *hn,
				     const struct halb_conn *conn,
				     const struct rhash_head *node)
{
	struct halb_conn *twin = find_twin(hn, conn);

	if (twin)
		return twin;
	if (halb_conn_side(node) == HALB_SIDE_SERVER &&
	    same_flow(halb_conn_of(node), conn))
		return halb_conn_of(node);
	return ERR_PTR(-EADDRINUSE);
}

/*
 * The link for replies comes first: who finds the client's link, and may take
 * the connection out by it, finds the connection complete.
 */
static struct halb_conn *insert_reply(struct halb_net *hn,
				      struct halb_conn *conn,
				      const struct halb_pool *pool)
{
	struct halb_conn *twin;
	void *old;

	if (conn->server->method == HALB_METHOD_FULLNAT)
		old = insert_with_source(hn, conn, pool);
	else
		old = insert(hn, conn, HALB_SIDE_SERVER);
	if (likely(!old))
		return conn;
	twin = IS_ERR(old) ? old : reply_taken(hn, conn, old);
	forget(hn, conn);
	return twin;
}

/**
 * halb_conn_insert - puts a connection into the table
 * @hn: netns
 * @conn: connection with its tuple and the hash of that; belongs to the table
 *	from now on, or is freed
 * @pool: source addresses, if the method is fullnat
 *
 * Context: softirq, RCU read side.
 * Return: @conn; or the connection that another CPU made for the same flow
 * meanwhile; or ERR_PTR: -EADDRINUSE if the server already answers another
 * flow of this client address and port, -EADDRNOTAVAIL if no source port was
 * free, else from the hash table.
 */
struct halb_conn *halb_conn_insert(struct halb_net *hn, struct halb_conn *conn,
				   const struct halb_pool *pool)
{
	bool twice = in_table_twice(conn);
	void *old;

	count(hn, conn);
	if (twice) {
		struct halb_conn *other = insert_reply(hn, conn, pool);

		if (unlikely(other != conn))
			return other;
	}
	old = insert(hn, conn, HALB_SIDE_CLIENT);
	if (likely(!old))
		return conn;
	old = IS_ERR(old) ? old : halb_conn_of(old);
	if (!twice) {
		forget(hn, conn);
		return old;
	}
	/* replies may have found it: it is freed as the dead are */
	set_gone(conn, HALB_CONN_DEAD);
	take_link(hn, conn, HALB_SIDE_SERVER);
	llist_add(&conn->dead, &hn->dead);
	return old;
}

int halb_conn_tables_init(struct halb_net *hn)
{
	int ret;

	ret = rhashtable_init(&hn->conns[0], &halb_conn_params4);
	if (ret)
		return ret;
	ret = rhashtable_init(&hn->conns[1], &halb_conn_params6);
	if (ret)
		rhashtable_destroy(&hn->conns[0]);
	return ret;
}

static struct kmem_cache *create_cache(const char *name, unsigned int size)
{
	return kmem_cache_create(name, size, __alignof__(struct halb_conn), 0,
				 NULL);
}

int __init halb_conn_init(void)
{
	get_random_bytes(&halb_hash_key, sizeof(halb_hash_key));
	halb_conn_caches[0][0] = create_cache("halb_conn4", HALB_CONN4_SIZE);
	halb_conn_caches[1][0] = create_cache("halb_conn6", HALB_CONN6_SIZE);
	halb_conn_caches[0][1] =
		create_cache("halb_fullnat4",
			     offsetofend(struct halb_conn, source4));
	halb_conn_caches[1][1] =
		create_cache("halb_fullnat6",
			     offsetofend(struct halb_conn, source6));
	if (!halb_conn_caches[0][0] || !halb_conn_caches[1][0] ||
	    !halb_conn_caches[0][1] || !halb_conn_caches[1][1]) {
		halb_conn_exit();
		return -ENOMEM;
	}
	BUILD_BUG_ON(HALB_CONN4_SIZE > 64);
	BUILD_BUG_ON(sizeof(struct halb_tuple4) != 2 * sizeof(u64));
	return 0;
}

void halb_conn_exit(void)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		kmem_cache_destroy(halb_conn_caches[i / 2][i % 2]);
}
