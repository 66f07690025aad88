// SPDX-License-Identifier: GPL-2.0
/*
 * IP in IP: RFC 2003 for IPv4, RFC 2473 for IPv6.
 */
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ip_tunnels.h>

#include "packet.h"

/**
 * halb_tun_overhead - bytes that encapsulation adds
 * @pkt: packet
 */
unsigned int halb_tun_overhead(const struct halb_packet *pkt)
{
	return pkt->v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
}

/*
 * The copy of the packet's DSCP and ECN in the outer header follows RFC 2983
 * (uniform model) and RFC 6040 (normal mode: congestion experienced is copied
 * like the rest); the TTL is this director's own, since the packet has its
 * time to live inside (RFC 2003, section 3.1). What the packet came in, its
 * fragments, says nothing about the outer one.
 */
static void push4(struct halb_packet *pkt, const struct halb_server *server,
		  const struct halb_route *route)
{
	struct sk_buff *skb = pkt->skb;
	const struct iphdr *inner = ip_hdr(skb);
	u8 tos = inner->tos;
	__be16 df = inner->frag_off & htons(IP_DF);
	struct iphdr *outer;

	skb_push(skb, sizeof(*outer));
	skb_reset_network_header(skb);
	outer = ip_hdr(skb);
	*outer = (struct iphdr) {
		.version = 4,
		.ihl = sizeof(*outer) / 4,
		.tos = tos,
		/* a super-packet's lengths are set when it is segmented */
		.tot_len = htons(min(skb->len, IP_MAX_MTU)),
		.frag_off = df,
		.ttl = ip4_dst_hoplimit(route->dst),
		.protocol = IPPROTO_IPIP,
		.saddr = route->saddr.ip,
		.daddr = server->addr.ip,
	};
	__ip_select_ident(pkt->hn->net, outer, skb_shinfo(skb)->gso_segs ?: 1);
	ip_send_check(outer);
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	IPCB(skb)->flags = IPSKB_FORWARDED;
}

static void push6(struct halb_packet *pkt, const struct halb_server *server,
		  const struct halb_route *route)
{
	struct sk_buff *skb = pkt->skb;
	u8 tos = ipv6_get_dsfield(ipv6_hdr(skb));
	unsigned int len = skb->len;
	struct ipv6hdr *outer;

	skb_push(skb, sizeof(*outer));
	skb_reset_network_header(skb);
	outer = ipv6_hdr(skb);
	ip6_flow_hdr(outer, tos, 0);
	/* a super-packet beyond 64 KiB gets its lengths when it is segmented */
	outer->payload_len = len <= IPV6_MAXPLEN ? htons(len) : 0;
	outer->nexthdr = IPPROTO_IPV6;
	outer->hop_limit = ip6_dst_hoplimit(route->dst);
	outer->saddr = route->saddr.in6;
	outer->daddr = server->addr.in6;
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
}

/**
 * halb_tun_encapsulate - puts the packet inside one to the server
 * @pkt: packet, headroom ensured, TTL already lowered
 * @server: server
 * @route: route to the server, with source
 *
 * Return: false if there was no memory.
 */
bool halb_tun_encapsulate(struct halb_packet *pkt,
			  const struct halb_server *server,
			  const struct halb_route *route)
{
	struct sk_buff *skb = pkt->skb;

	if (iptunnel_handle_offloads(skb, pkt->v6 ? SKB_GSO_IPXIP6 :
						    SKB_GSO_IPXIP4))
		return false;
	skb->transport_header = skb->network_header;
	skb_set_inner_ipproto(skb, pkt->v6 ? IPPROTO_IPV6 : IPPROTO_IPIP);
	skb_set_inner_mac_header(skb, skb_inner_network_offset(skb));
	if (pkt->v6)
		push6(pkt, server, route);
	else
		push4(pkt, server, route);
	return true;
}
