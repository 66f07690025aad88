// SPDX-License-Identifier: GPL-2.0
/*
 * Resets: for connections whose server is gone, and for VIPs that refuse.
 *
 * SCTP's is an ABORT with the verification tag of the packet that asks for it
 * (RFC 9260, section 8.4). A TCP reset is the reflection of the segment that
 * asks for it: its sequence number is what the sender acknowledged, or, without
 * an acknowledgment, it acknowledges what the sender sent (RFC 9293, section
 * 3.10.7.1). So both are exact without stored numbers.
 */
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/tcp.h>

#include "conn_new.h"
#include "packet.h"
#include "route.h"
#include "sctp.h"
#include "sctp_state.h"
#include "xmit.h"

/* resets a second and netns at most: whoever sends floods gets silence */
#define HALB_RESETS_PER_SECOND	1000

static bool may_send(struct halb_net *hn)
{
	u32 now = halb_now();

	if (READ_ONCE(hn->reset_second) != now) {
		WRITE_ONCE(hn->reset_second, now);
		atomic_set(&hn->resets, 0);
	}
	return atomic_inc_return(&hn->resets) <= HALB_RESETS_PER_SECOND;
}

static bool checksum_ok(const struct halb_packet *pkt, unsigned int len)
{
	struct sk_buff *skb = pkt->skb;

	if (pkt->protocol == IPPROTO_SCTP)
		return halb_sctp_checksum_ok(pkt);
	if (skb_csum_unnecessary(skb) || skb->ip_summed == CHECKSUM_PARTIAL)
		return true;
	return !nf_checksum(skb, NF_INET_PRE_ROUTING, pkt->thoff, IPPROTO_TCP,
			    pkt->v6 ? AF_INET6 : AF_INET) && len;
}

/* ABORT, RFC 9260, section 3.3.7 */
struct abort {
	struct sctphdr sh;
	struct sctp_chunkhdr chunk;
};

static unsigned int reset_size(const struct halb_packet *pkt)
{
	return pkt->protocol == IPPROTO_TCP ? sizeof(struct tcphdr) :
					      sizeof(struct abort);
}

/*
 * The tag is the one that the packet carried, and the chunk says so; an INIT
 * carries none, and names the one that it wants to see.
 */
static void fill_abort(const struct halb_packet *pkt, struct abort *abort)
{
	const struct sctphdr *old = (const void *)halb_udp_hdr(pkt);
	const __be32 *tag = NULL;
	__be32 _tag;

	if (pkt->sctp_event == HALB_SCTP_INIT)
		tag = skb_header_pointer(pkt->skb, pkt->thoff + HALB_SCTP_VALUE,
					 sizeof(_tag), &_tag);
	*abort = (struct abort) {
		.sh.source = old->dest,
		.sh.dest = old->source,
		.sh.vtag = tag ? *tag : old->vtag,
		.chunk.type = SCTP_CID_ABORT,
		.chunk.flags = tag ? 0 : SCTP_CHUNK_FLAG_T,
		.chunk.length = htons(sizeof(abort->chunk)),
	};
	abort->sh.checksum = halb_sctp_checksum(abort, sizeof(*abort));
}

static void fill_tcp(struct tcphdr *th, const struct tcphdr *old,
		     unsigned int len)
{
	memset(th, 0, sizeof(*th));
	th->source = old->dest;
	th->dest = old->source;
	th->doff = sizeof(*th) / 4;
	th->rst = 1;
	if (old->ack) {
		th->seq = old->ack_seq;
	} else {
		th->ack = 1;
		th->ack_seq = htonl(ntohl(old->seq) + old->syn + old->fin +
				    len - (old->doff << 2));
	}
}

static void fill4(struct halb_packet *pkt, struct sk_buff *reset,
		  const struct dst_entry *dst)
{
	const struct iphdr *old = ip_hdr(pkt->skb);
	struct iphdr *iph = ip_hdr(reset);
	struct tcphdr *th = tcp_hdr(reset);

	*iph = (struct iphdr) {
		.version = 4,
		.ihl = sizeof(*iph) / 4,
		.tot_len = htons(reset->len),
		.frag_off = htons(IP_DF),
		.ttl = ip4_dst_hoplimit(dst),
		.protocol = pkt->protocol,
		.saddr = old->daddr,
		.daddr = old->saddr,
	};
	ip_send_check(iph);
	if (pkt->protocol != IPPROTO_TCP)
		return;
	th->check = tcp_v4_check(sizeof(*th), iph->saddr, iph->daddr,
				 csum_partial(th, sizeof(*th), 0));
}

static void fill6(struct halb_packet *pkt, struct sk_buff *reset,
		  struct dst_entry *dst)
{
	const struct ipv6hdr *old = ipv6_hdr(pkt->skb);
	struct ipv6hdr *ip6h = ipv6_hdr(reset);
	struct tcphdr *th = tcp_hdr(reset);

	ip6_flow_hdr(ip6h, 0, 0);
	ip6h->payload_len = htons(reset_size(pkt));
	ip6h->nexthdr = pkt->protocol;
	ip6h->hop_limit = ip6_dst_hoplimit(dst);
	ip6h->saddr = old->daddr;
	ip6h->daddr = old->saddr;
	if (pkt->protocol != IPPROTO_TCP)
		return;
	th->check = tcp_v6_check(sizeof(*th), &ip6h->saddr, &ip6h->daddr,
				 csum_partial(th, sizeof(*th), 0));
}

static struct sk_buff *build(struct halb_packet *pkt, struct dst_entry *dst,
			     unsigned int len)
{
	unsigned int hlen = pkt->v6 ? sizeof(struct ipv6hdr) :
				      sizeof(struct iphdr);
	struct sk_buff *reset;

	reset = alloc_skb(LL_RESERVED_SPACE(dst->dev) + hlen +
			  reset_size(pkt), GFP_ATOMIC);
	if (!reset)
		return NULL;
	skb_reserve(reset, LL_RESERVED_SPACE(dst->dev));
	skb_put(reset, hlen + reset_size(pkt));
	skb_reset_network_header(reset);
	skb_set_transport_header(reset, hlen);
	reset->protocol = pkt->v6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP);
	reset->mark = IP4_REPLY_MARK(pkt->hn->net, pkt->skb->mark);
	if (pkt->protocol == IPPROTO_TCP)
		fill_tcp(tcp_hdr(reset), halb_tcp_hdr(pkt), len);
	else
		fill_abort(pkt, (struct abort *)skb_transport_header(reset));
	if (pkt->v6)
		fill6(pkt, reset, dst);
	else
		fill4(pkt, reset, dst);
	return reset;
}

static unsigned int transport_len(const struct halb_packet *pkt)
{
	const struct sk_buff *skb = pkt->skb;
	unsigned int len = pkt->v6 ?
		sizeof(struct ipv6hdr) + ntohs(ipv6_hdr(skb)->payload_len) :
		ntohs(ip_hdr(skb)->tot_len);

	return len > pkt->thoff ? len - pkt->thoff : 0;
}

/* To a reset there is no answer, nor to the end of an association. */
static bool is_last_word(const struct halb_packet *pkt)
{
	return pkt->tcp_flags & HALB_TCP_RST ||
	       pkt->sctp_event == HALB_SCTP_ABORT ||
	       pkt->sctp_event == HALB_SCTP_SHUTDOWN_COMPLETE;
}

/**
 * halb_answer_reset - answers a TCP or SCTP packet with a reset
 * @pkt: the packet, unchanged
 *
 * Sends nothing for a packet that is a reset itself, has a wrong checksum, or
 * comes when a thousand others were reset in the same second.
 * Context: softirq, RCU read side.
 */
void halb_answer_reset(struct halb_packet *pkt)
{
	union nf_inet_addr to = {}, from = {};
	unsigned int len = transport_len(pkt);
	struct halb_route *route;
	struct sk_buff *reset;

	if (is_last_word(pkt) || len < halb_transport_need(pkt->protocol) ||
	    !checksum_ok(pkt, len) || !may_send(pkt->hn))
		return;
	if (pkt->v6) {
		to.in6 = pkt->tuple6.client;
		from.in6 = pkt->tuple6.vip;
	} else {
		to.ip = pkt->tuple4.client;
		from.ip = pkt->tuple4.vip;
	}
	route = halb_route_find(pkt->hn->net, pkt->v6 ? AF_INET6 : AF_INET,
				&to, &from, 0);
	if (!route)
		return;
	reset = build(pkt, route->dst, len);
	if (reset) {
		halb_path_count(pkt->hn, RST_SENT);
		halb_xmit_own(pkt->hn, reset, route, pkt->v6, &to);
	}
	halb_route_discard(route);
}

static bool begins(const struct halb_packet *pkt)
{
	return pkt->protocol == IPPROTO_TCP ? halb_is_syn(pkt) :
					      pkt->sctp_event == HALB_SCTP_INIT;
}

/**
 * halb_orphan - a packet of a connection that was flushed or lost its server
 * @pkt: packet
 * @conn: its connection
 * @side: who sent it
 *
 * TCP and SCTP are reset towards whoever speaks, a client that begins anew and
 * UDP are scheduled again. A client's own reset still reaches the
 * old server. Context: softirq, RCU read side. Return: verdict.
 */
unsigned int halb_orphan(struct halb_packet *pkt, struct halb_conn *conn,
			 enum halb_side side)
{
	if (pkt->protocol != IPPROTO_UDP && !begins(pkt)) {
		if (is_last_word(pkt)) {
			halb_conn_kill(pkt->hn, conn);
			return side == HALB_SIDE_CLIENT ?
				halb_xmit_to_server(pkt, conn) :
				halb_xmit_to_client(pkt, conn);
		}
		halb_answer_reset(pkt);
		return halb_drop(pkt, SERVER_REMOVED);
	}
	if (side == HALB_SIDE_SERVER)
		return halb_drop(pkt, SERVER_REMOVED);
	halb_conn_kill(pkt->hn, conn);
	return halb_schedule(pkt);
}
