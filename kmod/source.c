// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of a new flow's source that the stack makes after PREROUTING, where
 * the packet does not come any more.
 */
#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/ip_fib.h>
#include <net/route.h>

#include "compat.h"
#include "own.h"
#include "source.h"

static bool martian4(__be32 addr)
{
	return ipv4_is_multicast(addr) || ipv4_is_lbcast(addr) ||
	       ipv4_is_zeronet(addr) || ipv4_is_loopback(addr);
}

/*
 * A link-local source never leaves its link (RFC 4291, section 2.5.6): the
 * answer would not find its way back either.
 */
static bool martian6(const struct in6_addr *addr)
{
	return ipv6_addr_is_multicast(addr) || ipv6_addr_any(addr) ||
	       ipv6_addr_loopback(addr) || ipv6_addr_v4mapped(addr) ||
	       ipv6_addr_type(addr) & IPV6_ADDR_LINKLOCAL;
}

/* What the director itself or nobody at all sends from did not come by wire. */
static bool own_address(struct halb_net *hn, const struct halb_source *source)
{
	unsigned int type;

	if (source->v6)
		return unlikely(halb_own_maybe6(hn, &source->client->in6)) &&
		       ipv6_chk_addr(hn->net, &source->client->in6, NULL, 0);
	if (likely(!halb_own_maybe4(hn, source->client->ip)))
		return false;
	type = inet_addr_type(hn->net, source->client->ip);
	return type == RTN_LOCAL || type == RTN_BROADCAST;
}

/*
 * The rule of rp_filter (RFC 3704) where it is in force: strict, the way back
 * leaves by the device that the packet came in by; loose, there is a way back.
 */
static bool reverse_path_ok(struct net *net, const struct halb_source *source,
			    struct in_device *in_dev, int mode)
{
	struct flowi4 fl4 = {
		.daddr = source->client->ip,
		.saddr = source->vip->ip,
		.flowi4_iif = LOOPBACK_IFINDEX,
		.flowi4_scope = RT_SCOPE_UNIVERSE,
	};
	struct fib_result res;

	if (IN_DEV_SRC_VMARK(in_dev))
		fl4.flowi4_mark = source->mark;
	if (fib_lookup(net, &fl4, &res, 0) || res.type != RTN_UNICAST)
		return false;
	return mode == 2 || fib_info_nh_uses_dev(res.fi, source->dev);
}

static bool refused_by_rp_filter(struct net *net,
				 const struct halb_source *source)
{
	struct in_device *in_dev = __in_dev_get_rcu(source->dev);
	int mode = in_dev ? IN_DEV_RPFILTER(in_dev) : 0;

	return unlikely(mode) && !reverse_path_ok(net, source, in_dev, mode);
}

/* A VIP, as a source, is forged: or our own answer that came back. */
static bool is_vip(struct halb_net *hn, const struct halb_source *source)
{
	const struct halb_probe *probe = rcu_dereference(hn->probe);

	if (likely(source->v6 ?
		   !halb_probe6(probe, &source->client->in6, HALB_PROBE_VIP) :
		   !halb_probe4(probe, source->client->ip, HALB_PROBE_VIP)))
		return false;
	return halb_config_has_vip(rcu_dereference(hn->config),
				   source->v6 ? AF_INET6 : AF_INET,
				   source->client);
}

/**
 * halb_source_refuse - whether a new flow may come from where it says
 * @hn: netns, which has services
 * @source: where; unused bytes of its addresses are zero
 *
 * Context: softirq or process, RCU read side. Return: the reason for a drop
 * (enum halb_drop), not counted yet, or HALB_SOURCE_OK.
 */
int halb_source_refuse(struct halb_net *hn, const struct halb_source *source)
{
	if (unlikely(source->v6 ? martian6(&source->client->in6) :
				  martian4(source->client->ip)))
		return HALB_DROP_MARTIAN;
	if (unlikely(is_vip(hn, source) || own_address(hn, source)))
		return HALB_DROP_OWN_SOURCE;
	if (!source->v6 && source->dev &&
	    READ_ONCE(hn->settings.source_check) &&
	    refused_by_rp_filter(hn->net, source))
		return HALB_DROP_SOURCE_CHECK;
	return HALB_SOURCE_OK;
}
