// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that halb changes, and the stack sends or takes:
 *
 *   of a client, to the director itself            up to LOCAL_IN
 *   of a local server or client, at LOCAL_OUT      on to POST_ROUTING
 *   of a service with through-stack:
 *     to a nat server                              on to PREROUTING's other
 *                                                  hooks, FORWARD, POST_ROUTING
 *     of a nat server, at FORWARD                  on to POST_ROUTING
 *     of other methods, both ways                  FORWARD, POST_ROUTING
 *
 * conntrack sees both directions of a flow either before or after they were
 * changed, or not at all; but for a local client of a local nat server, and
 * for a mark's flows to local nat servers, of which it sees halves.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/dst.h>
#include <net/netfilter/nf_conntrack.h>

#include "conn_table.h"
#include "packet.h"

/**
 * halb_stack_reroute - a packet at LOCAL_OUT or FORWARD has other addresses
 * @pkt: packet, rewritten
 *
 * Context: BH disabled, RCU read side. Return: verdict.
 */
unsigned int halb_stack_reroute(struct halb_packet *pkt)
{
	struct sk_buff *skb = pkt->skb;
	struct net *net = pkt->hn->net;
	int err;

	err = pkt->v6 ? ip6_route_me_harder(net, skb->sk, skb) :
			ip_route_me_harder(net, skb->sk, skb, RTN_UNSPEC);
	if (unlikely(err))
		return halb_drop(pkt, NO_ROUTE);
	halb_path_count(pkt->hn, THROUGH_STACK);
	return NF_ACCEPT;
}

/**
 * halb_stack_deliver - a packet at PREROUTING is for the director itself
 * @pkt: packet, rewritten
 * @route: a route to an address of the director
 *
 * The route also says how to take a packet in. With it the stack does not ask
 * whether the source is one that could come from outside: an answer to a local
 * client comes from a VIP, which may be an address of the director.
 * Context: softirq, RCU read side. Return: verdict.
 */
unsigned int halb_stack_deliver(struct halb_packet *pkt,
				const struct halb_route *route)
{
	skb_dst_drop(pkt->skb);
	skb_dst_set_noref(pkt->skb, route->dst);
	halb_path_count(pkt->hn, LOCAL);
	return NF_ACCEPT;
}

/**
 * halb_stack_own - a packet at LOCAL_OUT goes to a dr server
 * @pkt: packet, unchanged
 * @route: route to the server, with its next hop
 *
 * Context: BH disabled, RCU read side. Return: verdict.
 */
unsigned int halb_stack_own(struct halb_packet *pkt,
			    const struct halb_route *route)
{
	skb_dst_drop(pkt->skb);
	skb_dst_set(pkt->skb, dst_clone(route->dst));
	halb_path_count(pkt->hn, THROUGH_STACK);
	return NF_ACCEPT;
}

/**
 * halb_stack_forward - sends a packet by FORWARD and POST_ROUTING
 * @pkt: packet, ready to leave, with its route; consumed
 *
 * conntrack has not seen it, and is not to wonder. Context: softirq, RCU read
 * side.
 */
void halb_stack_forward(struct halb_packet *pkt)
{
	struct sk_buff *skb = pkt->skb;
	struct dst_entry *dst = skb_dst(skb);

	nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
	halb_path_count(pkt->hn, THROUGH_STACK);
	NF_HOOK(pkt->v6 ? NFPROTO_IPV6 : NFPROTO_IPV4, NF_INET_FORWARD,
		pkt->hn->net, NULL, skb, skb->dev, dst->dev, dst->output);
}

static struct rhash_head *find_reversed4(const struct halb_packet *pkt)
{
	const struct halb_tuple4 *tuple = &pkt->tuple4;
	struct halb_key4 key = {
		.tuple = {
			.client = tuple->vip,
			.vip = tuple->client,
			.cport = tuple->vport,
			.vport = tuple->cport,
			.protocol = tuple->protocol,
		},
	};

	key.hash = halb_hash4(&key.tuple);
	return halb_conn_lookup4(pkt->hn, &key);
}

static struct rhash_head *find_reversed6(const struct halb_packet *pkt)
{
	const struct halb_tuple6 *tuple = &pkt->tuple6;
	struct halb_key6 key = {
		.tuple = {
			.client = tuple->vip,
			.vip = tuple->client,
			.cport = tuple->vport,
			.vport = tuple->cport,
			.protocol = tuple->protocol,
		},
	};

	key.hash = halb_hash6(&key.tuple);
	return halb_conn_lookup6(pkt->hn, &key);
}

/**
 * halb_stack_has - was a packet rewritten, and is on its way through the stack?
 * @pkt: packet after mangle, of no connection
 *
 * Its mark, which may be one of a service, is of no account then. The
 * connection is found as it is by an answer to the packet. Not beside the
 * packet path's own lookup, which is in line because there is one of it.
 * Context: softirq, RCU read side.
 */
bool halb_stack_has(const struct halb_packet *pkt)
{
	struct rhash_head *node = pkt->v6 ? find_reversed6(pkt) :
					    find_reversed4(pkt);
	unsigned long flags;

	if (!node || halb_conn_side(node) != HALB_SIDE_SERVER)
		return false;
	flags = READ_ONCE(halb_conn_of(node)->server->flags);
	return flags & (HALB_SERVER_STACK | BIT(HALB_SERVER_LOCAL_BIT));
}
