// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP errors about packets in tunnels: they quote our outer header and are
 * addressed to the director. The client learns of it by an error of its own
 * family about its own packet, and the path MTU is noted.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_tunnel.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/gre.h>
#include <net/gue.h>
#include <net/icmp.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "compat.h"
#include "conn.h"
#include "icmp.h"
#include "packet.h"
#include "suspect.h"

/**
 * struct inside - what the quoted packet carries
 * @tunnel: type and port of the tunnel
 * @q: the packet inside
 * @v6: its family
 */
struct inside {
	struct halb_tunnel tunnel;
	struct halb_quote q;
	bool v6;
};

/* The offset of the packet behind a GRE header as ours, or 0. */
static unsigned int behind_gre(struct sk_buff *skb, unsigned int off,
			       struct inside *inside)
{
	const struct gre_base_hdr *greh;

	if (!pskb_may_pull(skb, off + sizeof(*greh)))
		return 0;
	greh = (const struct gre_base_hdr *)(skb->data + off);
	if (greh->flags & ~GRE_CSUM || (greh->protocol != htons(ETH_P_IP) &&
					greh->protocol != htons(ETH_P_IPV6)))
		return 0;
	inside->tunnel.type = HALB_TUN_TYPE_GRE;
	inside->v6 = greh->protocol == htons(ETH_P_IPV6);
	return off + sizeof(*greh) + (greh->flags ? 4 : 0);
}

/* The offset of the packet behind a UDP and a GUE header as ours, or 0. */
static unsigned int behind_gue(struct sk_buff *skb, unsigned int off,
			       struct inside *inside)
{
	const struct guehdr *gueh;
	const struct udphdr *uh;

	if (!pskb_may_pull(skb, off + sizeof(*uh) + sizeof(*gueh)))
		return 0;
	uh = (const struct udphdr *)(skb->data + off);
	gueh = (const struct guehdr *)(uh + 1);
	if (gueh->version || gueh->control ||
	    (gueh->proto_ctype != IPPROTO_IPIP &&
	     gueh->proto_ctype != IPPROTO_IPV6))
		return 0;
	inside->tunnel.type = HALB_TUN_TYPE_GUE;
	inside->tunnel.port = uh->dest;
	inside->v6 = gueh->proto_ctype == IPPROTO_IPV6;
	return off + sizeof(*uh) + sizeof(*gueh) + gueh->hlen * 4;
}

static bool look_inside(struct sk_buff *skb, const struct halb_quote *q,
			struct inside *inside)
{
	unsigned int off;

	memset(inside, 0, sizeof(*inside));
	switch (q->protocol) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		inside->v6 = q->protocol == IPPROTO_IPV6;
		off = q->thoff;
		break;
	case IPPROTO_GRE:
		off = behind_gre(skb, q->thoff, inside);
		break;
	case IPPROTO_UDP:
		off = behind_gue(skb, q->thoff, inside);
		break;
	default:
		return false;
	}
	return off && halb_quote_read(skb, off, inside->v6, &inside->q) &&
	       halb_has_ports(inside->q.protocol);
}

static struct halb_conn *find_conn4(struct halb_packet *pkt,
				    const struct halb_quote *q)
{
	const struct iphdr *iph = (const void *)(pkt->skb->data + q->off);
	const struct halb_ports *p = (const void *)(pkt->skb->data + q->thoff);
	struct halb_tuple4 tuple = {
		.client = iph->saddr,
		.vip = iph->daddr,
		.cport = p->source,
		.vport = p->dest,
		.protocol = q->protocol,
	};

	return halb_conn_find4(pkt->hn, &tuple);
}

static struct halb_conn *find_conn6(struct halb_packet *pkt,
				    const struct halb_quote *q)
{
	const struct ipv6hdr *ip6h = (const void *)(pkt->skb->data + q->off);
	const struct halb_ports *p = (const void *)(pkt->skb->data + q->thoff);
	struct halb_tuple6 tuple = {
		.client = ip6h->saddr,
		.vip = ip6h->daddr,
		.cport = p->source,
		.vport = p->dest,
		.protocol = q->protocol,
	};

	return halb_conn_find6(pkt->hn, &tuple);
}

/* The connection of the packet inside, which is a client's own. */
static struct halb_conn *find_conn(struct halb_packet *pkt,
				   const struct inside *inside)
{
	return inside->v6 ? find_conn6(pkt, &inside->q) :
			    find_conn4(pkt, &inside->q);
}

/* Who knows the flow but not its server has not seen our packet. */
static bool was_for(const struct halb_packet *pkt, const struct halb_quote *q,
		    const struct inside *inside,
		    const struct halb_server *server)
{
	struct halb_tunnel tunnel = READ_ONCE(server->tunnel);
	const void *outer = pkt->skb->data + q->off;

	if (server->method != HALB_METHOD_TUN ||
	    server->af != (pkt->v6 ? AF_INET6 : AF_INET) ||
	    tunnel.type != inside->tunnel.type ||
	    tunnel.port != inside->tunnel.port)
		return false;
	return pkt->v6 ?
		ipv6_addr_equal(&((const struct ipv6hdr *)outer)->daddr,
				&server->addr.in6) :
		((const struct iphdr *)outer)->daddr == server->addr.ip;
}

static bool checksum_ok(const struct halb_packet *pkt)
{
	return !(pkt->v6 ? nf_ip6_checksum(pkt->skb, NF_INET_PRE_ROUTING,
					   pkt->thoff, IPPROTO_ICMPV6) :
			   nf_ip_checksum(pkt->skb, NF_INET_PRE_ROUTING,
					  pkt->thoff, IPPROTO_ICMP));
}

static void note_path_mtu(struct halb_packet *pkt, const struct halb_quote *q,
			  struct halb_server *server, u32 mtu)
{
	struct sk_buff *skb = pkt->skb;
	struct net *net = pkt->hn->net;

	skb_pull(skb, q->off);
	skb_reset_network_header(skb);
	if (pkt->v6)
		ip6_update_pmtu(skb, net, htonl(mtu), 0, 0,
				sock_net_uid(net, NULL));
	else
		ipv4_update_pmtu(skb, net, mtu, 0, q->protocol);
	skb_push(skb, q->off);
	skb_reset_network_header(skb);
	/* the cached route does not know it yet */
	halb_route_forget(&server->route);
}

static bool is_too_big(bool v6, const struct halb_icmp_error *error)
{
	return v6 ? error->type == ICMPV6_PKT_TOOBIG :
		    error->type == ICMP_DEST_UNREACH &&
		    error->code == ICMP_FRAG_NEEDED;
}

/*
 * Whatever else happens in the tunnel, its end cannot be reached (RFC 2003,
 * sections 4.1 and 4.3; RFC 2473, section 8).
 */
static bool is_unreachable(bool v6, const struct halb_icmp_error *error)
{
	if (v6)
		return error->type == ICMPV6_DEST_UNREACH ||
		       error->type == ICMPV6_TIME_EXCEED;
	return error->type == ICMP_DEST_UNREACH ||
	       error->type == ICMP_TIME_EXCEEDED;
}

/* From now on the packet is the one inside, as the client sent it. */
static bool unwrap(struct halb_packet *pkt, const struct inside *inside)
{
	struct sk_buff *skb = pkt->skb;

	if (!pskb_pull(skb, inside->q.off))
		return false;
	skb_reset_network_header(skb);
	pkt->v6 = inside->v6;
	if (pkt->v6) {
		memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
		skb->protocol = htons(ETH_P_IPV6);
	} else {
		memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
		skb->protocol = htons(ETH_P_IP);
	}
	return true;
}

/* @mtu: of the tunnel, 0 if its server cannot be reached */
static void tell_client(struct halb_packet *pkt, u32 mtu)
{
	if (!mtu) {
		/* that it was a tunnel is nothing to the client */
		if (pkt->v6)
			halb_answer_icmp(pkt, ICMPV6_DEST_UNREACH,
					 ICMPV6_ADDR_UNREACH, 0);
		else
			halb_answer_icmp(pkt, ICMP_DEST_UNREACH,
					 ICMP_HOST_UNREACH, 0);
	} else if (pkt->v6) {
		halb_answer_icmp(pkt, ICMPV6_PKT_TOOBIG, 0,
				 max_t(u32, mtu, IPV6_MIN_MTU));
	} else if (ip_hdr(pkt->skb)->frag_off & htons(IP_DF)) {
		halb_answer_icmp(pkt, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu);
	}
	/* what may be cut is cut from now on, and nobody need know */
}

/**
 * halb_icmp_tunnel - an ICMP error that may be about a packet in a tunnel
 * @pkt: the error
 * @q: what it quotes
 * @error: its header
 *
 * Context: softirq, RCU read side. Return: verdict.
 */
unsigned int halb_icmp_tunnel(struct halb_packet *pkt,
			      const struct halb_quote *q,
			      const struct halb_icmp_error *error)
{
	bool too_big = is_too_big(pkt->v6, error);
	struct inside inside;
	struct halb_conn *conn;
	u32 overhead, mtu = 0;

	if (!look_inside(pkt->skb, q, &inside))
		return NF_ACCEPT;
	conn = find_conn(pkt, &inside);
	if (!conn || !was_for(pkt, q, &inside, conn->server))
		return NF_ACCEPT;
	if (READ_ONCE(conn->server->flags) & HALB_SERVER_STANDBY)
		return halb_pass(pkt, NOT_MASTER);
	if (!checksum_ok(pkt))
		return NF_ACCEPT;
	if (!too_big && !is_unreachable(pkt->v6, error))
		return halb_drop(pkt, ICMP_BAD);
	if (halb_icmp_says_unreachable(pkt->v6, error))
		halb_conn_unreachable(pkt->hn, conn);
	if (too_big) {
		overhead = inside.q.off - q->off;
		note_path_mtu(pkt, q, conn->server, error->mtu);
		mtu = error->mtu > overhead ? error->mtu - overhead : 1;
	}
	if (!unwrap(pkt, &inside))
		return halb_drop(pkt, ICMP_BAD);
	tell_client(pkt, mtu);
	return NF_DROP;
}
