// SPDX-License-Identifier: GPL-2.0
/*
 * The method tun: the packet as it is inside an outer one to the server, of
 * the server's family, whichever that of the packet is.
 *
 *	ipip	IP | packet			RFC 2003, RFC 2473, RFC 4213
 *	gue	IP | UDP | GUE | packet		draft-ietf-intarea-gue, version 0
 *	gre	IP | GRE | packet		RFC 2784
 *
 * The headers are made here: the stack's own tunnels would lead the packet
 * through LOCAL_OUT and POSTROUTING.
 */
#include <linux/if_tunnel.h>
#include <net/dsfield.h>
#include <net/gre.h>
#include <net/gue.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/ip_tunnels.h>
#include <net/udp.h>

#include "compat.h"
#include "packet.h"

#define HALB_GUE_REMCSUM_LEN	(GUE_LEN_PRIV + GUE_PLEN_REMCSUM)
#define HALB_GRE_CSUM_LEN	4
/* source ports of gue: the dynamic ones (RFC 6335), 2^14 of them */
#define HALB_GUE_PORT_BASE	49152U
#define HALB_GUE_PORT_SHIFT	18

/**
 * halb_tun_plan - what is going to be put before a packet
 * @pkt: packet
 * @server: its server
 * @encap: result
 */
void halb_tun_plan(const struct halb_packet *pkt,
		   const struct halb_server *server, struct halb_encap *encap)
{
	encap->tunnel = READ_ONCE(server->tunnel);
	encap->overhead = server->af == AF_INET6 ? sizeof(struct ipv6hdr) :
						   sizeof(struct iphdr);
	encap->remcsum = false;
	switch (encap->tunnel.type) {
	case HALB_TUN_TYPE_GUE:
		encap->overhead += sizeof(struct udphdr) +
				   sizeof(struct guehdr);
		encap->remcsum = encap->tunnel.csum == HALB_TUN_CSUM_REMCSUM &&
				 pkt->skb->ip_summed == CHECKSUM_PARTIAL;
		if (encap->remcsum)
			encap->overhead += HALB_GUE_REMCSUM_LEN;
		break;
	case HALB_TUN_TYPE_GRE:
		encap->overhead += sizeof(struct gre_base_hdr);
		if (encap->tunnel.csum)
			encap->overhead += HALB_GRE_CSUM_LEN;
		break;
	}
}

/* How a super-packet is to be cut, by whoever cuts it. */
static int gso_type(const struct halb_encap *encap, bool outer_v6)
{
	int type = outer_v6 ? SKB_GSO_IPXIP6 : SKB_GSO_IPXIP4;

	switch (encap->tunnel.type) {
	case HALB_TUN_TYPE_GUE:
		type |= encap->tunnel.csum ? SKB_GSO_UDP_TUNNEL_CSUM :
					     SKB_GSO_UDP_TUNNEL;
		if (encap->remcsum)
			type |= SKB_GSO_TUNNEL_REMCSUM;
		return type;
	case HALB_TUN_TYPE_GRE:
		return encap->tunnel.csum ? SKB_GSO_GRE_CSUM : SKB_GSO_GRE;
	default:
		return type;
	}
}

/*
 * Where the inner checksum, which is not computed yet, begins and belongs: the
 * server's end of the tunnel does the rest.
 */
static void push_remcsum(struct sk_buff *skb)
{
	u16 start = skb_checksum_start_offset(skb);
	__be32 *flags = skb_push(skb, HALB_GUE_REMCSUM_LEN);
	__be16 *where = (__be16 *)(flags + 1);

	*flags = GUE_PFLAG_REMCSUM;
	where[0] = htons(start);
	where[1] = htons(start + skb->csum_offset);
	if (skb_is_gso(skb))
		return;
	skb->ip_summed = CHECKSUM_NONE;
	skb->encapsulation = 0;
}

static void push_gue(struct halb_packet *pkt, const struct halb_encap *encap,
		     u8 protocol)
{
	struct sk_buff *skb = pkt->skb;
	struct guehdr *gueh;
	struct udphdr *uh;

	if (encap->remcsum)
		push_remcsum(skb);
	gueh = skb_push(skb, sizeof(*gueh));
	memset(gueh, 0, sizeof(*gueh));
	gueh->proto_ctype = protocol;
	if (encap->remcsum) {
		gueh->hlen = HALB_GUE_REMCSUM_LEN / 4;
		gueh->flags = GUE_FLAG_PRIV;
	}
	uh = skb_push(skb, sizeof(*uh));
	skb_reset_transport_header(skb);
	/* the flow's own, so that routers and queues can tell flows apart */
	uh->source = htons(HALB_GUE_PORT_BASE +
			   (pkt->hash >> HALB_GUE_PORT_SHIFT));
	uh->dest = encap->tunnel.port;
	uh->len = htons(skb->len);
	uh->check = 0;
}

static void set_gue_csum(struct sk_buff *skb, const struct halb_encap *encap,
			 const struct halb_server *server,
			 const struct halb_route *route)
{
	bool none = !encap->tunnel.csum;

	/* none with IPv6 is for tunnels only: RFC 6935 */
	if (server->af == AF_INET6)
		udp6_set_csum(none, skb, &route->saddr.in6, &server->addr.in6,
			      skb->len);
	else
		udp_set_csum(none, skb, route->saddr.ip, server->addr.ip,
			     skb->len);
}

static void push_gre(struct sk_buff *skb, const struct halb_encap *encap,
		     __be16 protocol)
{
	bool csum = encap->tunnel.csum;
	struct gre_base_hdr *greh;
	__sum16 *check;

	if (csum)
		memset(skb_push(skb, HALB_GRE_CSUM_LEN), 0, HALB_GRE_CSUM_LEN);
	greh = skb_push(skb, sizeof(*greh));
	skb_reset_transport_header(skb);
	/* in the place of the inner transport protocol's number */
	skb_set_inner_protocol(skb, protocol);
	greh->flags = csum ? GRE_CSUM : 0;
	greh->protocol = protocol;
	/* each segment of a super-packet gets its own */
	if (!csum || skb_is_gso(skb))
		return;
	check = (__sum16 *)(greh + 1);
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		*check = csum_fold(lco_csum(skb));
	} else {
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_transport_header(skb) - skb->head;
		skb->csum_offset = sizeof(*greh);
	}
}

/*
 * IPv6 packets of the least size that all links carry cannot become smaller:
 * routers may cut what carries them (RFC 4213, section 3.2.2).
 */
static __be16 df_for6(const struct sk_buff *skb)
{
	bool small = skb->len <= IPV6_MIN_MTU ||
		     (skb_is_gso(skb) &&
		      skb_gso_validate_network_len(skb, IPV6_MIN_MTU));

	return small ? 0 : htons(IP_DF);
}

/*
 * The copy of the packet's DSCP and ECN in the outer header follows RFC 2983
 * (uniform model) and RFC 6040 (normal mode: congestion experienced is copied
 * like the rest); the TTL is this director's own, since the packet has its
 * time to live inside (RFC 2003, section 3.1). What the packet came in, its
 * fragments, says nothing about the outer one.
 */
static void push4(struct halb_packet *pkt, const struct halb_server *server,
		  const struct halb_route *route, u8 protocol, u8 tos,
		  __be16 df)
{
	struct sk_buff *skb = pkt->skb;
	struct iphdr *outer = skb_push(skb, sizeof(*outer));

	skb_reset_network_header(skb);
	*outer = (struct iphdr) {
		.version = 4,
		.ihl = sizeof(*outer) / 4,
		.tos = tos,
		/* a super-packet's lengths are set when it is segmented */
		.tot_len = htons(min(skb->len, IP_MAX_MTU)),
		.frag_off = df,
		.ttl = ip4_dst_hoplimit(route->dst),
		.protocol = protocol,
		.saddr = route->saddr.ip,
		.daddr = server->addr.ip,
	};
	__ip_select_ident(pkt->hn->net, outer, skb_shinfo(skb)->gso_segs ?: 1);
	ip_send_check(outer);
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	IPCB(skb)->flags = IPSKB_FORWARDED;
}

static void push6(struct halb_packet *pkt, const struct halb_server *server,
		  const struct halb_route *route, u8 protocol, u8 tos)
{
	struct sk_buff *skb = pkt->skb;
	unsigned int len = skb->len;
	struct ipv6hdr *outer = skb_push(skb, sizeof(*outer));

	skb_reset_network_header(skb);
	ip6_flow_hdr(outer, tos, 0);
	/* a super-packet beyond 64 KiB gets its lengths when it is segmented */
	outer->payload_len = len <= IPV6_MAXPLEN ? htons(len) : 0;
	outer->nexthdr = protocol;
	outer->hop_limit = ip6_dst_hoplimit(route->dst);
	outer->saddr = route->saddr.in6;
	outer->daddr = server->addr.in6;
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
	/* IPv4 that may be cut is cut as what carries it: RFC 2473, 7.2 */
	if (!pkt->v6)
		skb->ignore_df = 1;
}

/**
 * halb_tun_encapsulate - puts the packet inside one to the server
 * @pkt: packet, headroom ensured, TTL already lowered; afterwards the outer one
 * @server: server
 * @route: route to the server, with source
 * @encap: halb_tun_plan()'s result
 *
 * Return: false if there was no memory.
 */
bool halb_tun_encapsulate(struct halb_packet *pkt,
			  const struct halb_server *server,
			  const struct halb_route *route,
			  const struct halb_encap *encap)
{
	u8 protocol = pkt->v6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	bool outer_v6 = server->af == AF_INET6;
	struct sk_buff *skb = pkt->skb;
	__be16 df;
	u8 tos;

	if (pkt->v6) {
		tos = ipv6_get_dsfield(ipv6_hdr(skb));
		df = outer_v6 ? 0 : df_for6(skb);
	} else {
		tos = ipv4_get_dsfield(ip_hdr(skb));
		df = ip_hdr(skb)->frag_off & htons(IP_DF);
	}
	if (iptunnel_handle_offloads(skb, gso_type(encap, outer_v6)))
		return false;
	skb->transport_header = skb->network_header;
	skb_set_inner_ipproto(skb, protocol);
	skb_set_inner_mac_header(skb, skb_inner_network_offset(skb));

	switch (encap->tunnel.type) {
	case HALB_TUN_TYPE_GUE:
		push_gue(pkt, encap, protocol);
		set_gue_csum(skb, encap, server, route);
		protocol = IPPROTO_UDP;
		break;
	case HALB_TUN_TYPE_GRE:
		push_gre(skb, encap, pkt->v6 ? htons(ETH_P_IPV6) :
					       htons(ETH_P_IP));
		protocol = IPPROTO_GRE;
		break;
	}
	if (outer_v6)
		push6(pkt, server, route, protocol, tos);
	else
		push4(pkt, server, route, protocol, tos, df);
	skb->protocol = outer_v6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP);
	pkt->v6 = outer_v6;
	return true;
}
