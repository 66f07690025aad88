/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A route that was found once and serves many packets: one per server, and one
 * for the way back to the client that nat connections share: as many as there
 * are ways to clients, which is few.
 */
#ifndef _HALB_ROUTE_H
#define _HALB_ROUTE_H

#include <linux/netfilter.h>
#include <linux/refcount.h>
#include <net/dst.h>

/**
 * struct halb_route - a cached route
 * @dst: the route, one reference held by this object
 * @cookie: what dst_check() wants to see
 * @refs: slots where it is published
 * @direct: dst may be left by way of the neighbour: no xfrm, no lwtunnel, and
 *	it leaves the machine
 * @rcu: readers hold it without a reference inside an RCU section
 * @saddr: what the stack would take for source (HALB_ROUTE_SOURCE only)
 */
struct halb_route {
	struct dst_entry *dst;
	u32 cookie;
	refcount_t refs;
	bool direct;
	struct rcu_head rcu;
	union nf_inet_addr saddr;
};

/* what a route must have beside the way out */
#define HALB_ROUTE_GATEWAY	BIT(0)	/* its next hop, see halb_route_find() */
#define HALB_ROUTE_SOURCE	BIT(1)	/* @saddr */

#define HALB_ROUTES_RECENT_BITS	3

/**
 * struct halb_routes_recent - the latest ways back to clients
 * @slot: by the address of the dst entry
 */
struct halb_routes_recent {
	struct halb_route __rcu *slot[1 << HALB_ROUTES_RECENT_BITS];
};

/**
 * halb_route_usable - the cached route if it still holds
 * @slot: where it is published
 *
 * Routes, links and addresses that change make dst_check() fail; the caller
 * then looks up a new one. Context: RCU read side. Return: the route or NULL.
 */
static inline struct halb_route *
halb_route_usable(struct halb_route __rcu * const *slot)
{
	struct halb_route *route = rcu_dereference(*slot);

	if (likely(route && dst_check(route->dst, route->cookie)))
		return route;
	return NULL;
}

struct halb_route *halb_route_find(struct net *net, u8 af,
				   const union nf_inet_addr *daddr,
				   const union nf_inet_addr *saddr,
				   unsigned int want);
struct halb_route *halb_route_find_shared(struct halb_routes_recent *recent,
					  struct net *net, u8 af,
					  const union nf_inet_addr *daddr,
					  const union nf_inet_addr *saddr);
bool halb_addr_is_local(struct net *net, u8 af, const union nf_inet_addr *addr);
bool halb_addr_is_loopback(u8 af, const union nf_inet_addr *addr);
bool halb_route_is_local(const struct halb_route *route, u8 af);
void halb_routes_forget(struct halb_routes_recent *recent);
void halb_route_discard(struct halb_route *route);
void halb_route_publish(struct halb_route __rcu **slot,
			struct halb_route *route);
void halb_route_forget(struct halb_route __rcu **slot);

#endif
