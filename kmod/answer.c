// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP that the director sends to clients, by the stack's own functions and
 * under its rate limits.
 */
#include <linux/icmpv6.h>
#include <net/icmp.h>
#include <net/ip.h>

#include "packet.h"
#include "route.h"

/**
 * halb_answer_icmp - answers a packet with an ICMP error
 * @pkt: packet, its headers unchanged; quoted in the answer
 * @type: ICMP or ICMPv6 type
 * @code: its code
 * @info: the last word of the ICMP header, host order
 *
 * The sender is @pkt's client. Nothing is sent about an ICMP error (RFC 1122,
 * section 3.2.2). Context: softirq, RCU read side.
 */
void halb_answer_icmp(struct halb_packet *pkt, u8 type, u8 code, u32 info)
{
	struct sk_buff *skb = pkt->skb;
	union nf_inet_addr to = {};
	union nf_inet_addr any = {};
	struct halb_route *route;

	if (unlikely(pkt->rewritten))
		return;
	if (pkt->v6) {
		icmpv6_send(skb, type, code, info);
		halb_path_count(pkt->hn, ICMP_SENT);
		return;
	}
	/* icmp_send() wants a route on the skb; a VIP need not have one */
	to.ip = ip_hdr(skb)->saddr;
	route = halb_route_find(pkt->hn->net, AF_INET, &to, &any, 0);
	if (!route)
		return;
	skb_dst_drop(skb);
	skb_dst_set(skb, dst_clone(route->dst));
	halb_route_discard(route);
	icmp_send(skb, type, code, htonl(info));
	halb_path_count(pkt->hn, ICMP_SENT);
}

/**
 * halb_answer_unreachable - answers a packet with "port unreachable"
 * @pkt: packet of a client, unchanged
 *
 * RFC 792; RFC 4443, section 3.1.
 */
void halb_answer_unreachable(struct halb_packet *pkt)
{
	if (pkt->v6)
		halb_answer_icmp(pkt, ICMPV6_DEST_UNREACH,
				 ICMPV6_PORT_UNREACH, 0);
	else
		halb_answer_icmp(pkt, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
}
