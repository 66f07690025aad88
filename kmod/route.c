// SPDX-License-Identifier: GPL-2.0
#include <linux/hash.h>
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

/* What the stack would take for source: what the route says, or the device. */
static bool source6(struct net *net, const struct dst_entry *dst,
		    const struct in6_addr *daddr, struct in6_addr *saddr)
{
	const struct rt6_info *rt = container_of(dst, struct rt6_info, dst);
	const struct fib6_info *from;
	bool found = false;

	rcu_read_lock();
	from = rcu_dereference(rt->from);
	if (from && from->fib6_prefsrc.plen) {
		*saddr = from->fib6_prefsrc.addr;
		found = true;
	}
	rcu_read_unlock();
	return found || !ipv6_dev_get_saddr(net, dst->dev, daddr, 0, saddr);
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
	     !source6(net, dst, daddr, &saddr->in6))) {
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

static struct dst_entry *find_usable(struct net *net, u8 af,
				     const union nf_inet_addr *daddr,
				     union nf_inet_addr *saddr,
				     unsigned int want)
{
	bool source = want & HALB_ROUTE_SOURCE;
	u8 flags = FLOWI_FLAG_ANYSRC;
	struct dst_entry *dst;

	if (want & HALB_ROUTE_GATEWAY)
		flags |= FLOWI_FLAG_KNOWN_NH;
	dst = find(net, af, daddr, saddr, flags, source);
	if (!dst || want & HALB_ROUTE_GATEWAY || may_leave_directly(dst, af))
		return dst;
	/* what leaves by dst_output() must carry its next hop as well */
	dst_release(dst);
	return find(net, af, daddr, saddr, flags | FLOWI_FLAG_KNOWN_NH, source);
}

static u32 cookie_of(struct dst_entry *dst, u8 af)
{
	return af == AF_INET6 ?
		rt6_get_cookie(container_of(dst, struct rt6_info, dst)) : 0;
}

/* Takes over the reference of @dst. */
static struct halb_route *create(struct dst_entry *dst, u8 af, size_t size)
{
	struct halb_route *route = kmalloc(size, GFP_ATOMIC | __GFP_NOWARN);

	if (!route) {
		dst_release(dst);
		return NULL;
	}
	route->dst = dst;
	route->cookie = cookie_of(dst, af);
	refcount_set(&route->refs, 1);
	route->direct = may_leave_directly(dst, af);
	return route;
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
	union nf_inet_addr from = *saddr;
	struct halb_route *route;
	struct dst_entry *dst;

	dst = find_usable(net, af, daddr, &from, want);
	if (!dst)
		return NULL;
	route = create(dst, af, want & HALB_ROUTE_SOURCE ? sizeof(*route) :
			offsetof(struct halb_route, saddr));
	if (route && want & HALB_ROUTE_SOURCE)
		route->saddr = from;
	return route;
}

/**
 * halb_route_find_shared - looks a route up that others may use as well
 * @recent: where to look for the same one
 * @net: netns
 * @af: family
 * @daddr: where to
 * @saddr: where from
 *
 * Clients behind the same next hop share one entry of the routing table, and
 * so one route here, instead of 64 bytes each. Context: softirq, RCU read
 * side. Return: a route with a reference for the caller, or NULL.
 */
struct halb_route *halb_route_find_shared(struct halb_routes_recent *recent,
					  struct net *net, u8 af,
					  const union nf_inet_addr *daddr,
					  const union nf_inet_addr *saddr)
{
	union nf_inet_addr from = *saddr;
	struct halb_route __rcu **slot;
	struct halb_route *route;
	struct dst_entry *dst;

	dst = find_usable(net, af, daddr, &from, 0);
	if (!dst)
		return NULL;
	slot = &recent->slot[hash_ptr(dst, HALB_ROUTES_RECENT_BITS)];
	route = rcu_dereference(*slot);
	if (route && route->dst == dst && route->cookie == cookie_of(dst, af) &&
	    route->direct == may_leave_directly(dst, af) &&
	    refcount_inc_not_zero(&route->refs)) {
		dst_release(dst);
		return route;
	}
	route = create(dst, af, offsetof(struct halb_route, saddr));
	if (route) {
		refcount_inc(&route->refs);
		halb_route_publish(slot, route);
	}
	return route;
}

/**
 * halb_routes_forget - lets go of the latest ways back to clients
 * @recent: them
 *
 * Context: any.
 */
void halb_routes_forget(struct halb_routes_recent *recent)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(recent->slot); i++)
		halb_route_forget(&recent->slot[i]);
}

/**
 * halb_route_is_local - whether it ends at this machine
 * @route: route
 * @af: family
 *
 * Context: any.
 */
bool halb_route_is_local(const struct halb_route *route, u8 af)
{
	if (af == AF_INET6)
		return container_of(route->dst, struct rt6_info,
				    dst)->rt6i_flags & RTF_LOCAL;
	return container_of(route->dst, struct rtable, dst)->rt_flags &
	       RTCF_LOCAL;
}

/**
 * halb_addr_is_local - whether an address is one of this machine's
 * @net: netns
 * @af: family
 * @addr: address
 *
 * Context: any.
 */
bool halb_addr_is_local(struct net *net, u8 af, const union nf_inet_addr *addr)
{
	return af == AF_INET6 ? ipv6_chk_addr(net, &addr->in6, NULL, 0) :
				inet_addr_type(net, addr->ip) == RTN_LOCAL;
}

/**
 * halb_addr_is_loopback - whether an address never leaves a machine
 * @af: family
 * @addr: address
 *
 * Context: any.
 */
bool halb_addr_is_loopback(u8 af, const union nf_inet_addr *addr)
{
	return af == AF_INET6 ? ipv6_addr_loopback(&addr->in6) :
				ipv4_is_loopback(addr->ip);
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
 * @route: route, or NULL; the caller's reference is the slot's from now on
 *
 * Whoever comes last wins: two CPUs that renew at once found the same route.
 * Context: any.
 */
void halb_route_publish(struct halb_route __rcu **slot,
			struct halb_route *route)
{
	struct halb_route *old;

	old = unrcu_pointer(xchg(slot, RCU_INITIALIZER(route)));
	if (old && refcount_dec_and_test(&old->refs))
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
