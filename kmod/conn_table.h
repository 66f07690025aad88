/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How connections are hashed and compared: inlined into the packet path.
 */
#ifndef _HALB_CONN_TABLE_H
#define _HALB_CONN_TABLE_H

#include <linux/rhashtable.h>
#include <linux/siphash.h>

#include "conn.h"

/**
 * struct halb_key4 - what a connection is looked up by
 * @tuple: addresses and ports as the packet has them; first, see halb_cmp4()
 * @hash: halb_hash4() of it, computed once for lookup and insertion
 */
struct halb_key4 {
	struct halb_tuple4 tuple;
	u32 hash;
};

struct halb_key6 {
	struct halb_tuple6 tuple;
	u32 hash;
};

/*
 * A keyed hash over the whole tuple: whoever can choose addresses and ports
 * cannot choose the bucket. On 64 bit this is SipHash-1-3.
 */
static inline u32 halb_hash4(const struct halb_tuple4 *t)
{
	return hsiphash_4u32((__force u32)t->client, (__force u32)t->vip,
			     (__force u32)t->cport << 16 | (__force u32)t->vport,
			     t->protocol << 8 | t->kind, &halb_hash_key);
}

static inline u32 halb_hash6(const struct halb_tuple6 *t)
{
	return hsiphash(t, sizeof(*t), &halb_hash_key);
}

/* What the server sends, named as the packet itself names it. */
static inline void halb_reply_tuple4(const struct halb_conn *conn,
				     struct halb_tuple4 *t)
{
	const struct halb_server *server = conn->server;

	*t = (struct halb_tuple4) {
		.client = server->addr.ip,
		.vip = conn->tuple4.client,
		.cport = halb_conn_server_port(conn, conn->tuple4.vport),
		.vport = conn->tuple4.cport,
		.protocol = conn->tuple4.protocol,
		.kind = conn->tuple4.kind,
	};
	if (server->method == HALB_METHOD_FULLNAT) {
		t->vip = conn->source4.addr;
		t->vport = conn->source4.port;
	}
}

static inline void halb_reply_tuple6(const struct halb_conn *conn,
				     struct halb_tuple6 *t)
{
	const struct halb_server *server = conn->server;

	*t = (struct halb_tuple6) {
		.client = server->addr.in6,
		.vip = conn->tuple6.client,
		.cport = halb_conn_server_port(conn, conn->tuple6.vport),
		.vport = conn->tuple6.cport,
		.protocol = conn->tuple6.protocol,
		.kind = conn->tuple6.kind,
	};
	if (server->method == HALB_METHOD_FULLNAT) {
		t->vip = conn->source6.addr;
		t->vport = conn->source6.port;
	}
}

/*
 * The hash is secret and does not change with the table's seed: buckets are
 * taken from more of its bits as the table grows.
 */
static inline u32 halb_hash_key_of4(const void *data, u32 len, u32 seed)
{
	return ((const struct halb_key4 *)data)->hash;
}

static inline u32 halb_hash_key_of6(const void *data, u32 len, u32 seed)
{
	return ((const struct halb_key6 *)data)->hash;
}

static inline u32 halb_hash_node(const void *data, u32 len, u32 seed)
{
	return halb_conn_of(data)->hash[halb_conn_side(data)];
}

static inline bool halb_tuple4_equal(const struct halb_tuple4 *a,
				     const struct halb_tuple4 *b)
{
	const u64 *x = (const u64 *)a, *y = (const u64 *)b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]));
}

static inline bool halb_conn_is_dead(const struct halb_conn *conn)
{
	return READ_ONCE(conn->state) & HALB_CONN_DEAD;
}

/*
 * Dead connections equal nothing: the flow that comes after them may enter
 * the table while they still wait for the sweep.
 */
static inline int halb_cmp4(struct rhashtable_compare_arg *arg,
			    const void *data)
{
	const struct halb_conn *conn = halb_conn_of(data);
	const struct halb_tuple4 *key = arg->key;	/* begins halb_key4 */

	if (halb_conn_side(data) == HALB_SIDE_SERVER) {
		struct halb_tuple4 reply;

		halb_reply_tuple4(conn, &reply);
		if (!halb_tuple4_equal(&reply, key))
			return 1;
	} else if (!halb_tuple4_equal(&conn->tuple4, key)) {
		return 1;
	}
	return halb_conn_is_dead(conn);
}

static inline int halb_cmp6(struct rhashtable_compare_arg *arg,
			    const void *data)
{
	const struct halb_conn *conn = halb_conn_of(data);

	if (halb_conn_side(data) == HALB_SIDE_SERVER) {
		struct halb_tuple6 reply;

		halb_reply_tuple6(conn, &reply);
		if (memcmp(&reply, arg->key, sizeof(reply)))
			return 1;
	} else if (memcmp(&conn->tuple6, arg->key, sizeof(conn->tuple6))) {
		return 1;
	}
	return halb_conn_is_dead(conn);
}

static const struct rhashtable_params halb_conn_params4 = {
	.key_len = sizeof(struct halb_tuple4),
	.head_offset = 0,
	.hashfn = halb_hash_key_of4,
	.obj_hashfn = halb_hash_node,
	.obj_cmpfn = halb_cmp4,
	.min_size = 1024,
	.automatic_shrinking = true,
};

static const struct rhashtable_params halb_conn_params6 = {
	.key_len = sizeof(struct halb_tuple6),
	.head_offset = 0,
	.hashfn = halb_hash_key_of6,
	.obj_hashfn = halb_hash_node,
	.obj_cmpfn = halb_cmp6,
	.min_size = 1024,
	.automatic_shrinking = true,
};

/**
 * halb_conn_lookup4 - finds the connection that a packet belongs to
 * @hn: netns
 * @key: source, destination and ports of the packet, with their hash
 *
 * Context: RCU read side. Return: the link that matched (halb_conn_side()
 * tells who sent the packet), or NULL.
 */
static __always_inline struct rhash_head *
halb_conn_lookup4(struct halb_net *hn, const struct halb_key4 *key)
{
	return rhashtable_lookup(&hn->conns[0], key, halb_conn_params4);
}

static __always_inline struct rhash_head *
halb_conn_lookup6(struct halb_net *hn, const struct halb_key6 *key)
{
	return rhashtable_lookup(&hn->conns[1], key, halb_conn_params6);
}

#endif
