// SPDX-License-Identifier: GPL-2.0
/*
 * The way in: which packets are looked at, and where. What becomes of those is
 * in flow.c.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "compat.h"
#include "hook.h"
#include "marked.h"
#include "packet.h"

/* just after raw: raw and netdev rules see the packet, conntrack does not */
#define HALB_PRIORITY	(NF_IP_PRI_RAW + 1)
/* just after mangle, where rules have marked the packet */
#define HALB_PRIORITY_MARK	(NF_IP_PRI_MANGLE + 1)
/*
 * At FORWARD and LOCAL_OUT: after conntrack, which so sees both directions of a
 * flow alike, and after the rules that filter.
 */
#define HALB_PRIORITY_LATE	(NF_IP_PRI_NAT_SRC - 1)

/**
 * halb_hook4 - entry point of IPv4 packets
 * @priv: &struct halb_net
 * @skb: packet, its IP header checked by the stack
 * @state: where it is
 *
 * A packet that is not ours touches two words of the probe's bitmap, and one of
 * that of the flows by mark if there are any, and goes on.
 * A packet of a known connection touches: the probe, one hash bucket, the
 * connection (one cache line), the server's first line, the route and its
 * neighbour, and this CPU's counters; it writes the packet, the counters, and
 * the connection only when its state or the second of its last packet change.
 */
static unsigned int halb_hook4(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	struct halb_net *hn = priv;
	const struct halb_probe *probe = rcu_dereference(hn->probe);
	const struct iphdr *iph = ip_hdr(skb);

	if (!halb_probe4(probe, iph->daddr, HALB_PROBE_VIP) &&
	    !halb_probe4(probe, iph->saddr, HALB_PROBE_REPLY) &&
	    likely(!halb_was_marked4(hn, iph->daddr)) &&
	    (likely(iph->protocol != IPPROTO_ICMP) ||
	     skb->pkt_type != PACKET_HOST))
		return NF_ACCEPT;
	return halb_flow4(hn, skb, state, 0);
}

/* Entry point of IPv6 packets: see halb_hook4(). */
static unsigned int halb_hook6(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	struct halb_net *hn = priv;
	const struct halb_probe *probe = rcu_dereference(hn->probe);
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);

	if (!halb_probe6(probe, &ip6h->daddr, HALB_PROBE_VIP) &&
	    !halb_probe6(probe, &ip6h->saddr, HALB_PROBE_REPLY) &&
	    likely(!halb_was_marked6(hn, &ip6h->daddr)) &&
	    (likely(ip6h->nexthdr != IPPROTO_ICMPV6) ||
	     skb->pkt_type != PACKET_HOST))
		return NF_ACCEPT;
	return halb_flow6(hn, skb, state, 0);
}

/**
 * halb_hook_mark4 - where new IPv4 flows begin while services by mark exist
 * @priv: &struct halb_net
 * @skb: packet that halb_hook4() left alone
 * @state: where it is
 *
 * conntrack has seen the packet: what is stolen here leaves without the entry,
 * which was never confirmed.
 */
static unsigned int halb_hook_mark4(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	struct halb_net *hn = priv;
	const struct halb_probe *probe = rcu_dereference(hn->probe);

	if (!halb_has_mark_service(hn, skb->mark, AF_INET) &&
	    !halb_probe4(probe, ip_hdr(skb)->daddr, HALB_PROBE_VIP))
		return NF_ACCEPT;
	return halb_flow4(hn, skb, state, HALB_PACKET_MARKED);
}

/* New IPv6 flows: see halb_hook_mark4(). */
static unsigned int halb_hook_mark6(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	struct halb_net *hn = priv;
	const struct halb_probe *probe = rcu_dereference(hn->probe);

	if (!halb_has_mark_service(hn, skb->mark, AF_INET6) &&
	    !halb_probe6(probe, &ipv6_hdr(skb)->daddr, HALB_PROBE_VIP))
		return NF_ACCEPT;
	return halb_flow6(hn, skb, state, HALB_PACKET_MARKED);
}

/**
 * halb_hook_forward4 - where IPv4 answers of through-stack's nat servers are
 * translated
 * @priv: &struct halb_net
 * @skb: packet that the stack forwards
 * @state: where it is
 *
 * Exists while there is such a server.
 */
static unsigned int halb_hook_forward4(void *priv, struct sk_buff *skb,
				       const struct nf_hook_state *state)
{
	struct halb_net *hn = priv;

	if (!halb_probe4(rcu_dereference(hn->probe), ip_hdr(skb)->saddr,
			 HALB_PROBE_REPLY))
		return NF_ACCEPT;
	return halb_flow4(hn, skb, state, HALB_PACKET_MARKED | HALB_PACKET_FORWARD);
}

/* IPv6: see halb_hook_forward4(). */
static unsigned int halb_hook_forward6(void *priv, struct sk_buff *skb,
				       const struct nf_hook_state *state)
{
	struct halb_net *hn = priv;

	if (!halb_probe6(rcu_dereference(hn->probe), &ipv6_hdr(skb)->saddr,
			 HALB_PROBE_REPLY))
		return NF_ACCEPT;
	return halb_flow6(hn, skb, state, HALB_PACKET_MARKED | HALB_PACKET_FORWARD);
}

/* Does a process of the director ask for a service? */
static bool is_clients4(const struct halb_net *hn, const struct sk_buff *skb,
			const struct halb_probe *probe)
{
	return READ_ONCE(hn->settings.local_clients) &&
	       (halb_probe4(probe, ip_hdr(skb)->daddr, HALB_PROBE_VIP) ||
		halb_was_marked4(hn, ip_hdr(skb)->daddr) ||
		halb_has_mark_service(hn, skb->mark, AF_INET));
}

static bool is_clients6(const struct halb_net *hn, const struct sk_buff *skb,
			const struct halb_probe *probe)
{
	return READ_ONCE(hn->settings.local_clients) &&
	       (halb_probe6(probe, &ipv6_hdr(skb)->daddr, HALB_PROBE_VIP) ||
		halb_was_marked6(hn, &ipv6_hdr(skb)->daddr) ||
		halb_has_mark_service(hn, skb->mark, AF_INET6));
}

/**
 * halb_hook_output4 - IPv4 packets of the director's own processes: answers of
 * local nat servers, and requests of local clients
 * @priv: &struct halb_net
 * @skb: packet that the director sends
 * @state: where it is
 *
 * Exists while there is such a server, or the setting local-clients. Context:
 * any; the rest of the packet path is at home in softirq.
 */
static unsigned int halb_hook_output4(void *priv, struct sk_buff *skb,
				      const struct nf_hook_state *state)
{
	struct halb_net *hn = priv;
	const struct halb_probe *probe = rcu_dereference(hn->probe);
	unsigned int verdict;

	if (!halb_probe4(probe, ip_hdr(skb)->saddr, HALB_PROBE_REPLY) &&
	    !is_clients4(hn, skb, probe))
		return NF_ACCEPT;
	skb->dev = state->out;
	local_bh_disable();
	verdict = halb_flow4(hn, skb, state, HALB_PACKET_MARKED | HALB_PACKET_OWN);
	local_bh_enable();
	return verdict;
}

/* IPv6: see halb_hook_output4(). */
static unsigned int halb_hook_output6(void *priv, struct sk_buff *skb,
				      const struct nf_hook_state *state)
{
	struct halb_net *hn = priv;
	const struct halb_probe *probe = rcu_dereference(hn->probe);
	unsigned int verdict;

	if (!halb_probe6(probe, &ipv6_hdr(skb)->saddr, HALB_PROBE_REPLY) &&
	    !is_clients6(hn, skb, probe))
		return NF_ACCEPT;
	skb->dev = state->out;
	local_bh_disable();
	verdict = halb_flow6(hn, skb, state, HALB_PACKET_MARKED | HALB_PACKET_OWN);
	local_bh_enable();
	return verdict;
}

static const struct nf_hook_ops flow_ops[] = {
	{
		.hook		= halb_hook4,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_PRE_ROUTING,
		.priority	= HALB_PRIORITY,
	},
	{
		.hook		= halb_hook6,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_PRE_ROUTING,
		.priority	= HALB_PRIORITY,
	},
};

static const struct nf_hook_ops mark4_ops[] = {
	{
		.hook		= halb_hook_mark4,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_PRE_ROUTING,
		.priority	= HALB_PRIORITY_MARK,
	},
};

static const struct nf_hook_ops mark6_ops[] = {
	{
		.hook		= halb_hook_mark6,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_PRE_ROUTING,
		.priority	= HALB_PRIORITY_MARK,
	},
};

static const struct nf_hook_ops forward_ops[] = {
	{
		.hook		= halb_hook_forward4,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_FORWARD,
		.priority	= HALB_PRIORITY_LATE,
	},
	{
		.hook		= halb_hook_forward6,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_FORWARD,
		.priority	= HALB_PRIORITY_LATE,
	},
};

static const struct nf_hook_ops output_ops[] = {
	{
		.hook		= halb_hook_output4,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_LOCAL_OUT,
		.priority	= HALB_PRIORITY_LATE,
	},
	{
		.hook		= halb_hook_output6,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_LOCAL_OUT,
		.priority	= HALB_PRIORITY_LATE,
	},
};

/* By number of the HALB_HOOKS_* bit. */
static const struct hook_set {
	const struct nf_hook_ops *ops;
	unsigned int count;
} hook_sets[HALB_HOOK_SETS] = {
	{ flow_ops, ARRAY_SIZE(flow_ops) },
	{ mark4_ops, ARRAY_SIZE(mark4_ops) },
	{ mark6_ops, ARRAY_SIZE(mark6_ops) },
	{ forward_ops, ARRAY_SIZE(forward_ops) },
	{ output_ops, ARRAY_SIZE(output_ops) },
};

static int register_set(struct halb_net *hn, unsigned int n)
{
	const struct hook_set *set = &hook_sets[n];
	struct nf_hook_ops *ops;
	unsigned int i;
	int ret;

	ops = kmemdup(set->ops, set->count * sizeof(*ops), GFP_KERNEL_ACCOUNT);
	if (!ops)
		return -ENOMEM;
	for (i = 0; i < set->count; i++)
		ops[i].priv = hn;
	ret = nf_register_net_hooks(hn->net, ops, set->count);
	if (ret) {
		kfree(ops);
		return ret;
	}
	hn->hook_ops[n] = ops;
	return 0;
}

/**
 * halb_hooks_set - makes the registered hooks of a netns those that it wants
 * @hn: netns, its mutex held
 * @want: HALB_HOOKS_* bits
 *
 * Hooks stay as long as there are services or connections: without them
 * packets of nat connections would leave untranslated. The hooks after mangle
 * stay as long as there are services by mark; connections do not need them.
 * Those at FORWARD and LOCAL_OUT stay as long as there are servers that need
 * them, removed ones with connections included, or the setting local-clients.
 * Nothing is removed when something cannot be registered.
 * Context: process. Return: 0 or a negative errno.
 */
int halb_hooks_set(struct halb_net *hn, unsigned int want)
{
	unsigned int n, gone = 0;
	int ret;

	lockdep_assert_held(&hn->mutex);
	for (n = 0; n < HALB_HOOK_SETS; n++) {
		if (!(want & BIT(n)) || hn->hook_ops[n])
			continue;
		ret = register_set(hn, n);
		if (ret)
			return ret;
		/* from now on there may be connections to sweep */
		if (BIT(n) == HALB_HOOKS_FLOWS)
			halb_conn_gc_kick(hn);
	}
	WRITE_ONCE(hn->mark_hooks, want & (HALB_HOOKS_MARK4 | HALB_HOOKS_MARK6));
	WRITE_ONCE(hn->output_hooks, want & HALB_HOOKS_OUTPUT);
	for (n = 0; n < HALB_HOOK_SETS; n++)
		if (!(want & BIT(n)) && hn->hook_ops[n])
			gone |= BIT(n);
	if (!gone)
		return 0;
	/* what the first hook left to the second one meets it */
	if (gone & ~HALB_HOOKS_FLOWS)
		synchronize_net();
	for (n = 0; n < HALB_HOOK_SETS; n++)
		if (gone & BIT(n))
			nf_unregister_net_hooks(hn->net, hn->hook_ops[n],
						hook_sets[n].count);
	/* a listing of hooks may still look at them */
	synchronize_net();
	for (n = 0; n < HALB_HOOK_SETS; n++) {
		if (gone & BIT(n)) {
			kfree(hn->hook_ops[n]);
			hn->hook_ops[n] = NULL;
		}
	}
	return 0;
}
