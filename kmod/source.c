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
#include "packet.h"

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
static bool own_address(const struct halb_packet *pkt)
{
	struct net *net = pkt->hn->net;
	unsigned int type;

	if (pkt->v6)
		return unlikely(halb_own_maybe6(pkt->hn, &pkt->tuple6.client)) &&
		       ipv6_chk_addr(net, &pkt->tuple6.client, NULL, 0);
	if (likely(!halb_own_maybe4(pkt->hn, pkt->tuple4.client)))
		return false;
	type = inet_addr_type(net, pkt->tuple4.client);
	return type == RTN_LOCAL || type == RTN_BROADCAST;
}

/*
 * The rule of rp_filter (RFC 3704): strict, the way back leaves by the device
 * that the packet came in by; loose, there is a way back.
 */
static bool reverse_path_ok(const struct halb_packet *pkt)
{
	struct net_device *dev = pkt->skb->dev;
	struct in_device *in_dev = __in_dev_get_rcu(dev);
	struct flowi4 fl4 = {
		.daddr = pkt->tuple4.client,
		.saddr = pkt->tuple4.vip,
		.flowi4_iif = LOOPBACK_IFINDEX,
		.flowi4_scope = RT_SCOPE_UNIVERSE,
	};
	struct fib_result res;
	int mode;

	mode = in_dev ? IN_DEV_RPFILTER(in_dev) : 0;
	if (likely(!mode))
		return true;
	if (in_dev && IN_DEV_SRC_VMARK(in_dev))
		fl4.flowi4_mark = pkt->skb->mark;
	if (fib_lookup(pkt->hn->net, &fl4, &res, 0) || res.type != RTN_UNICAST)
		return false;
	return mode == 2 || fib_info_nh_uses_dev(res.fi, dev);
}

/* A VIP, as a source, is forged: or our own answer that came back. */
static bool is_vip(const struct halb_packet *pkt)
{
	const struct halb_probe *probe = rcu_dereference(pkt->hn->probe);
	union nf_inet_addr addr = {};

	if (pkt->v6) {
		if (likely(!halb_probe6(probe, &pkt->tuple6.client,
					HALB_PROBE_VIP)))
			return false;
		addr.in6 = pkt->tuple6.client;
	} else {
		if (likely(!halb_probe4(probe, pkt->tuple4.client,
					HALB_PROBE_VIP)))
			return false;
		addr.ip = pkt->tuple4.client;
	}
	return halb_config_has_vip(rcu_dereference(pkt->hn->config),
				   pkt->v6 ? AF_INET6 : AF_INET, &addr);
}

/**
 * halb_source_valid - whether a new flow may come from where it says
 * @pkt: packet
 *
 * Context: softirq, RCU read side. Return: false after counting the reason for
 * the drop.
 */
bool halb_source_valid(struct halb_packet *pkt)
{
	struct halb_net *hn = pkt->hn;

	if (unlikely(pkt->v6 ? martian6(&pkt->tuple6.client) :
			       martian4(pkt->tuple4.client))) {
		halb_drop_count(hn, MARTIAN);
		return false;
	}
	if (unlikely(is_vip(pkt) || own_address(pkt))) {
		halb_drop_count(hn, OWN_SOURCE);
		return false;
	}
	if (!pkt->v6 && READ_ONCE(hn->settings.source_check) &&
	    unlikely(!reverse_path_ok(pkt))) {
		halb_drop_count(hn, SOURCE_CHECK);
		return false;
	}
	return true;
}
