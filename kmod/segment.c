// SPDX-License-Identifier: GPL-2.0
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/tcp.h>

#include "packet.h"
#include "route.h"
#include "sctp.h"
#include "segment.h"

static void fill_tcp(struct tcphdr *th, const struct halb_segment *segment)
{
	memset(th, 0, sizeof(*th));
	th->source = segment->sport;
	th->dest = segment->dport;
	th->seq = segment->seq;
	th->ack_seq = segment->ack_seq;
	th->doff = sizeof(*th) / 4;
	((u8 *)th)[13] = segment->flags;
}

/* ABORT, RFC 9260, section 3.3.7 */
struct abort {
	struct sctphdr sh;
	struct sctp_chunkhdr chunk;
};

static void fill_abort(struct abort *abort, const struct halb_segment *segment)
{
	*abort = (struct abort) {
		.sh.source = segment->sport,
		.sh.dest = segment->dport,
		.sh.vtag = segment->vtag,
		.chunk.type = SCTP_CID_ABORT,
		.chunk.flags = segment->flags,
		.chunk.length = htons(sizeof(abort->chunk)),
	};
	abort->sh.checksum = halb_sctp_checksum(abort, sizeof(*abort));
}

static unsigned int transport_size(const struct halb_segment *segment)
{
	return segment->protocol == IPPROTO_TCP ? sizeof(struct tcphdr) :
						  sizeof(struct abort);
}

static void fill4(struct sk_buff *skb, const struct halb_segment *segment,
		  const struct dst_entry *dst)
{
	struct iphdr *iph = ip_hdr(skb);
	struct tcphdr *th = tcp_hdr(skb);

	*iph = (struct iphdr) {
		.version = 4,
		.ihl = sizeof(*iph) / 4,
		.tot_len = htons(skb->len),
		.frag_off = htons(IP_DF),
		.ttl = ip4_dst_hoplimit(dst),
		.protocol = segment->protocol,
		.saddr = segment->from.ip,
		.daddr = segment->to.ip,
	};
	ip_send_check(iph);
	if (segment->protocol != IPPROTO_TCP)
		return;
	th->check = tcp_v4_check(sizeof(*th), iph->saddr, iph->daddr,
				 csum_partial(th, sizeof(*th), 0));
}

static void fill6(struct sk_buff *skb, const struct halb_segment *segment,
		  struct dst_entry *dst)
{
	struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct tcphdr *th = tcp_hdr(skb);

	ip6_flow_hdr(ip6h, 0, 0);
	ip6h->payload_len = htons(transport_size(segment));
	ip6h->nexthdr = segment->protocol;
	ip6h->hop_limit = ip6_dst_hoplimit(dst);
	ip6h->saddr = segment->from.in6;
	ip6h->daddr = segment->to.in6;
	if (segment->protocol != IPPROTO_TCP)
		return;
	th->check = tcp_v6_check(sizeof(*th), &ip6h->saddr, &ip6h->daddr,
				 csum_partial(th, sizeof(*th), 0));
}

static struct sk_buff *build(const struct halb_segment *segment,
			     struct dst_entry *dst)
{
	unsigned int hlen = segment->v6 ? sizeof(struct ipv6hdr) :
					  sizeof(struct iphdr);
	unsigned int size = hlen + transport_size(segment);
	struct sk_buff *skb;

	skb = alloc_skb(LL_RESERVED_SPACE(dst->dev) + size,
			GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return NULL;
	skb_reserve(skb, LL_RESERVED_SPACE(dst->dev));
	skb_put(skb, size);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, hlen);
	skb->protocol = segment->v6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP);
	skb->mark = segment->mark;
	if (segment->protocol == IPPROTO_TCP)
		fill_tcp(tcp_hdr(skb), segment);
	else
		fill_abort((struct abort *)skb_transport_header(skb), segment);
	if (segment->v6)
		fill6(skb, segment, dst);
	else
		fill4(skb, segment, dst);
	return skb;
}

/**
 * halb_segment_send - makes a TCP segment or an SCTP ABORT and sends it
 * @hn: netns
 * @segment: what it is like; its source need not be an address of this machine
 *
 * Not seen by any hook. Context: softirq, or BH disabled; RCU read side.
 * Return: whether it was sent: false without a route or memory.
 */
bool halb_segment_send(struct halb_net *hn, const struct halb_segment *segment)
{
	struct halb_route *route;
	struct sk_buff *skb;

	route = halb_route_find(hn->net, segment->v6 ? AF_INET6 : AF_INET,
				&segment->to, &segment->from, 0);
	if (!route)
		return false;
	skb = build(segment, route->dst);
	if (skb)
		halb_xmit_own(hn, skb, route, segment->v6, &segment->to);
	halb_route_discard(route);
	return skb;
}
