/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which port of its service's source addresses a fullnat connection takes.
 *
 * There is no list of free ports: a port is taken by the connection that has
 * its reply tuple in the table, and free when no connection has. So one port
 * serves as many connections as there are servers. A connection tries the port
 * that its client's tuple names, then others at equal distances: no CPU waits
 * for another, and a client that comes back gets its old port.
 *
 * The ports of net.ipv4.ip_local_port_range are the sockets' own, and never
 * taken: the director may speak to the same servers from the same address.
 */
#ifndef _HALB_POOL_WALK_H
#define _HALB_POOL_WALK_H

#include <linux/hash.h>
#include <linux/minmax.h>
#include <net/ip.h>

#include "pool.h"

/* ports below are those of services */
#define HALB_POOL_PORT_MIN	1024U

/**
 * struct halb_pool_walk - a connection's way through a pool's ports
 * @pool: the pool
 * @low: first port that is a socket's
 * @high: last port that is a socket's
 * @ports: number of ports of an address
 * @seats: number of ports of all addresses
 * @at: where the walk is
 */
struct halb_pool_walk {
	const struct halb_pool *pool;
	u32 low;
	u32 high;
	u32 ports;
	u32 seats;
	u32 at;
};

static inline void halb_pool_start(struct halb_pool_walk *walk,
				   struct net *net,
				   const struct halb_pool *pool, u32 hash)
{
	int low, high;

	inet_get_local_port_range(net, &low, &high);
	walk->pool = pool;
	walk->low = clamp_t(u32, low, HALB_POOL_PORT_MIN, U16_MAX);
	walk->high = clamp_t(u32, high, HALB_POOL_PORT_MIN - 1, U16_MAX);
	walk->ports = walk->low - HALB_POOL_PORT_MIN + U16_MAX - walk->high;
	walk->seats = walk->ports * pool->count;
	walk->at = hash;
}

/* The next port and the number of its address; there must be seats. */
static inline __be16 halb_pool_next(struct halb_pool_walk *walk, u32 *number)
{
	u32 seat = reciprocal_scale(walk->at, walk->seats);
	u32 port = HALB_POOL_PORT_MIN + seat % walk->ports;

	*number = seat / walk->ports;
	if (port >= walk->low)
		port += walk->high + 1 - walk->low;
	walk->at += GOLDEN_RATIO_32;
	return htons(port);
}

static inline __be32 halb_pool_addr4(const struct halb_pool *pool, u32 number)
{
	return htonl(ntohl(pool->first.ip) + number);
}

/* All addresses of a pool differ in the last word only. */
static inline struct in6_addr halb_pool_addr6(const struct halb_pool *pool,
					      u32 number)
{
	struct in6_addr addr = pool->first.in6;

	addr.s6_addr32[3] = htonl(ntohl(addr.s6_addr32[3]) + number);
	return addr;
}

#endif
