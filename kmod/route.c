// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/lwtunnel.h>
#include <net/route.h>

#include "compat.h"
#include "route.h"

static void halb_route_free(struct rcu_head *rcu)
{
	struct halb_route *route = container_of(rcu, struct halb_route, rcu);

	dst_release(route->dst);
	kfree(route);
}

static struct dst_entry *find4(struct net *net, __be32 daddr,
			       union nf_inet_addr *saddr, u8 flags)
{
	struct flowi4 fl4 = {
		.daddr = daddr,
		.saddr = saddr->ip,
		.flowi4_flags = flags,
	};
	struct rtable *rt = ip_route_output_key(net, &fl4);

	if (IS_ERR(rt))
		return NULL;
	saddr->ip = fl4.saddr;
	return &rt->dst;
}

static struct dst_entry *find6(struct net *net, const struct in6_addr *daddr,
			       union nf_inet_addr *saddr, u8 flags, bool source)
{
	struct flowi6 fl6 = {
		.daddr = *daddr,
		.saddr = saddr->in6,
		.flowi6_flags = flags,
	};
	struct dst_entry *dst = ip6_route_output(net, NULL, &fl6);

	if (dst->error ||
	    (source && ipv6_addr_any(&saddr->in6) &&
	     ipv6_dev_get_saddr(net, dst->dev, daddr, 0, &saddr->in6))) {
		dst_release(dst);
		return NULL;
	}
	return dst;
}

static struct dst_entry *find(struct net *net, u8 af,
			      const union nf_inet_addr *daddr,
			      union nf_inet_addr *saddr, u8 flags, bool source)
{
	return af == AF_INET6 ? find6(net, &daddr->in6, saddr, flags, source) :
				find4(net, daddr->ip, saddr, flags);
}

/* May packets be handed to the neighbour without dst_output()? */
static bool may_leave_directly(const struct dst_entry *dst, u8 af)
{
	if (dst_xfrm(dst) || dst->lwtstate || dst->dev->flags & IFF_LOOPBACK)
		return false;
	return af == AF_INET6 ? dst->output == ip6_output :
				dst->output == ip_output;
}

/**
 * halb_route_find - looks a route up
 * @net: netns
 * @af: family
 * @daddr: where to
 * @saddr: where from, for routing by source; may be the unspecified address,
 *	need not be an address of this machine
 * @want: HALB_ROUTE_*; with HALB_ROUTE_GATEWAY the route carries its next hop
 *	itself, so that the neighbour does not depend on the packet's
 *	destination (which is the VIP with direct routing)
 *
 * Context: softirq or process, RCU read side. Return: a route that nobody else
 * knows, or NULL (no route, or no memory).
 */
struct halb_route *halb_route_find(struct net *net, u8 af,
				   const union nf_inet_addr *daddr,
				   const union nf_inet_addr *saddr,
				   unsigned int want)
{
	bool source = want & HALB_ROUTE_SOURCE;
	union nf_inet_addr from = *saddr;
	u8 flags = FLOWI_FLAG_ANYSRC;
	struct halb_route *route;
	struct dst_entry *dst;

	if (want & HALB_ROUTE_GATEWAY)
		flags |= FLOWI_FLAG_KNOWN_NH;
	dst = find(net, af, daddr, &from, flags, source);
	if (!dst)
		return NULL;
	/* what leaves by dst_output() must carry its next hop as well */
	if (!(want & HALB_ROUTE_GATEWAY) && !may_leave_directly(dst, af)) {
		dst_release(dst);
		dst = find(net, af, daddr, &from, flags | FLOWI_FLAG_KNOWN_NH,
			   source);
		if (!dst)
			return NULL;
	}
	route = kmalloc(want & HALB_ROUTE_SOURCE ? sizeof(*route) :
			offsetof(struct halb_route, saddr),
			GFP_ATOMIC | __GFP_NOWARN);
	if (!route) {
		dst_release(dst);
		return NULL;
	}
	route->dst = dst;
	route->cookie = af == AF_INET6 ?
		rt6_get_cookie(container_of(dst, struct rt6_info, dst)) : 0;
	route->direct = may_leave_directly(dst, af);
	if (want & HALB_ROUTE_SOURCE)
		route->saddr = from;
	return route;
}

/**
 * halb_route_discard - frees a route that was not published
 * @route: route
 *
 * Context: any.
 */
void halb_route_discard(struct halb_route *route)
{
	halb_route_free(&route->rcu);
}

/**
 * halb_route_publish - makes a route the cached one
 * @slot: where it is published
 * @route: route, or NULL
 *
 * Whoever comes last wins: two CPUs that renew at once found the same route.
 * Context: any.
 */
void halb_route_publish(struct halb_route __rcu **slot,
			struct halb_route *route)
{
	struct halb_route *old;

	old = unrcu_pointer(xchg(slot, RCU_INITIALIZER(route)));
	if (old)
		call_rcu(&old->rcu, halb_route_free);
}

/**
 * halb_route_forget - drops the cached route
 * @slot: where it is published
 *
 * Context: any.
 */
void halb_route_forget(struct halb_route __rcu **slot)
{
	halb_route_publish(slot, NULL);
}
