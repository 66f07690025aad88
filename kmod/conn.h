/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections and templates: one growing hash per family and netns.
 *
 * A nat connection is in the table twice, under the tuple that the client
 * sends and under the tuple that the server answers with. Nothing in the
 * packet path takes a lock or a reference: an entry found under RCU stays
 * valid until the end of the RCU section. There is no timer per connection;
 * the gc worker sweeps the table (see conn_gc.c).
 */
#ifndef _HALB_CONN_H
#define _HALB_CONN_H

#include <linux/llist.h>
#include <linux/rhashtable-types.h>

#include "net.h"
#include "pool.h"
#include "server.h"

/* bits of struct halb_conn.state beside the state itself */
#define HALB_CONN_STATE_MASK	0x1fU
#define HALB_CONN_INACTIVE	BIT(5)	/* counts as inactive */
#define HALB_CONN_DEAD		BIT(6)	/* expired: not found any more */
#define HALB_CONN_PERSISTENT	BIT(7)	/* its client has a template */
#define HALB_CONN_ORPHAN	BIT(8)	/* flushed: stays to reset who speaks next */
#define HALB_CONN_PROBED	BIT(9)	/* counts in two bits, see conn_gc.c */
#define HALB_CONN_PROBED_MASK	(3U * HALB_CONN_PROBED)
#define HALB_CONN_FTP		BIT(11)	/* FTP's control connection, has @ftp */
#define HALB_CONN_DATA		BIT(12)	/* FTP's data connection, has @data */
#define HALB_CONN_EXPECTED	BIT(13)	/* one that is announced, see ftp_expect.c */
#define HALB_CONN_ANSWERED	BIT(14)	/* the server has answered its SYN */
#define HALB_CONN_FAILED	BIT(15)	/* a failure of its is counted */
#define HALB_CONN_GONE		(HALB_CONN_DEAD | HALB_CONN_ORPHAN)

/* struct halb_tuple4.kind and struct halb_tuple6.kind */
enum halb_tuple_kind {
	HALB_TUPLE_FLOW,	/* a connection */
	HALB_TUPLE_TEMPLATE,	/* a template: client is a network, cport 0 */
	HALB_TUPLE_EXPECTED,	/* announced: whoever connects has port 0 */
};

/**
 * struct halb_tuple4 - what names an IPv4 connection, seen from the client
 * @client: client's address
 * @vip: address that the client sends to
 * @cport: client's port
 * @vport: port that the client sends to
 * @protocol: IPPROTO_*
 * @kind: enum halb_tuple_kind
 * @pad: zero
 */
struct halb_tuple4 {
	__be32 client;
	__be32 vip;
	__be16 cport;
	__be16 vport;
	u8 protocol;
	u8 kind;
	u16 pad;
} __aligned(sizeof(u64));	/* compared as two words */

struct halb_tuple6 {
	struct in6_addr client;
	struct in6_addr vip;
	__be16 cport;
	__be16 vport;
	u8 protocol;
	u8 kind;
	u16 pad;
};

/**
 * struct halb_source4 - what a fullnat server sees as client
 * @addr: one of the service's source addresses
 * @port: its port
 */
struct halb_source4 {
	__be32 addr;
	__be16 port;
};

struct halb_source6 {
	struct in6_addr addr;
	__be16 port;
};

/**
 * struct halb_data - what FTP's data connections have of their own
 * @port: the server's
 * @control: the client's port of the control connection
 */
struct halb_data {
	__be16 port;
	__be16 control;
};

struct halb_ftp;

/**
 * struct halb_conn - a connection or a template
 * @node: links to the hash table, [0] under the client's tuple, [1] under the
 *	reply's; which one an address is shows in its bit 3, see
 *	halb_conn_side()
 * @server: the server, one reference held
 * @route: cached route back to the client (nat only)
 * @state: enum halb_conn_state and HALB_CONN_* bits
 * @seen: halb_now() of the last packet
 * @hash: of the tuple by which @node is found, while it is in the table
 * @dead: links it into &halb_net.dead once it left the table
 * @tuple4: its name; IPv4 connections are allocated up to here (64 bytes)
 * @source4: fullnat only: IPv4 ones are allocated up to here
 * @data4: instead of it, with HALB_CONN_DATA
 * @ftp4: instead of it, with HALB_CONN_FTP
 * @tuple6: its name; IPv6 ones are allocated up to here
 * @source6: fullnat only: IPv6 ones are allocated up to here
 * @data6: instead of it, with HALB_CONN_DATA
 * @ftp6: instead of it, with HALB_CONN_FTP
 */
struct halb_conn {
	struct rhash_head node[2];
	struct halb_server *server;
	struct halb_route __rcu *route;
	u32 state;
	u32 seen;
	union {
		u32 hash[2];
		struct llist_node dead;
	};
	union {
		struct {
			struct halb_tuple4 tuple4;
			union {
				struct halb_source4 source4;
				struct halb_data data4;
				struct halb_ftp *ftp4;
			};
		};
		struct {
			struct halb_tuple6 tuple6;
			union {
				struct halb_source6 source6;
				struct halb_data data6;
				struct halb_ftp *ftp6;
			};
		};
	};
} __aligned(16);

enum halb_side { HALB_SIDE_CLIENT, HALB_SIDE_SERVER };

static inline enum halb_side halb_conn_side(const struct rhash_head *node)
{
	return (unsigned long)node & sizeof(struct rhash_head) ?
		HALB_SIDE_SERVER : HALB_SIDE_CLIENT;
}

static inline struct halb_conn *halb_conn_of(const struct rhash_head *node)
{
	return container_of(node - halb_conn_side(node), struct halb_conn,
			    node[0]);
}

static inline u8 halb_conn_af(const struct halb_conn *conn)
{
	return conn->server->service->key.af;
}

__be16 halb_conn_own_port(const struct halb_conn *conn, __be16 vport);

/**
 * halb_conn_server_port - the port at which the server serves a connection
 * @conn: connection
 * @vport: port that the client sends to
 */
static inline __be16 halb_conn_server_port(const struct halb_conn *conn,
					   __be16 vport)
{
	const struct halb_server *server = conn->server;

	if (likely(!READ_ONCE(server->any_port)))
		return server->port;
	return halb_conn_own_port(conn, vport);
}

static inline struct halb_data *halb_conn_data(struct halb_conn *conn)
{
	return halb_conn_af(conn) == AF_INET6 ? &conn->data6 : &conn->data4;
}

static inline struct halb_ftp *halb_conn_ftp(const struct halb_conn *conn)
{
	return halb_conn_af(conn) == AF_INET6 ? conn->ftp6 : conn->ftp4;
}

/* conn.c, for the control side: */

/**
 * halb_conn_flush - ends a connection by order of an administrator
 * @hn: netns
 * @conn: connection, found under RCU
 *
 * UDP is not found any more from now on. TCP and SCTP stay in the table,
 * uncounted, until they would have expired, and reset whoever speaks next.
 * Context: any, RCU read side. Return: whether this call ended it.
 */
bool halb_conn_flush(struct halb_net *hn, struct halb_conn *conn);

/**
 * halb_conn_find4 - a connection by the client's tuple
 * @hn: netns
 * @tuple: what the client sends
 *
 * Context: RCU read side. Return: the connection or NULL.
 */
struct halb_conn *halb_conn_find4(struct halb_net *hn,
				  const struct halb_tuple4 *tuple);
struct halb_conn *halb_conn_find6(struct halb_net *hn,
				  const struct halb_tuple6 *tuple);

/* seconds until @conn expires without a further packet, 0 if it has */
u32 halb_conn_expires(const struct halb_net *hn, const struct halb_conn *conn);

/* starts the gc worker if it is not under way; any context */
void halb_conn_gc_kick(struct halb_net *hn);

void halb_conn_gc_init(struct halb_net *hn);
int halb_conn_tables_init(struct halb_net *hn);
void halb_conn_tables_destroy(struct halb_net *hn);
int __init halb_conn_init(void);
void halb_conn_exit(void);

#endif
