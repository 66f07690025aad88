/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A packet on its way through halb: what the hook read from it, once.
 */
#ifndef _HALB_PACKET_H
#define _HALB_PACKET_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/sctp.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "conn.h"

/**
 * struct halb_packet - what the steps of the packet path hand on
 * @hn: netns
 * @skb: the packet, data at the network header
 * @thoff: offset of the transport header from skb->data
 * @protocol: transport protocol
 * @tcp_flags: byte 13 of the TCP header, 0 for other protocols
 * @sctp_event: enum halb_sctp_event, 0 for other protocols
 * @hash: of the tuple, as the table of connections has it
 * @v6: IPv6
 * @rewritten: addresses are right already: an ICMP error
 * @flags: HALB_PACKET_*
 * @tuple4: source, destination and ports (IPv4)
 * @tuple6: the same (IPv6)
 */
struct halb_packet {
	struct halb_net *hn;
	struct sk_buff *skb;
	u16 thoff;
	u8 protocol;
	u8 tcp_flags;
	u8 sctp_event;
	u32 hash;
	bool v6;
	bool rewritten;
	u8 flags;
	union {
		struct halb_tuple4 tuple4;
		struct halb_tuple6 tuple6;
	};
};

/* where it is: PREROUTING before conntrack, or */
#define HALB_PACKET_MARKED	BIT(0)	/* after mangle: it has its mark */
#define HALB_PACKET_FORWARD	BIT(1)	/* FORWARD: a server's, see stack.c */
#define HALB_PACKET_OWN		BIT(2)	/* LOCAL_OUT: the director's own */
/* its service has through-stack */
#define HALB_PACKET_STACK	BIT(3)
/* after conntrack and the rules that filter; it goes on by itself */
#define HALB_PACKETS_LATE	(HALB_PACKET_FORWARD | HALB_PACKET_OWN)

#define HALB_TCP_FIN	0x01
#define HALB_TCP_SYN	0x02
#define HALB_TCP_RST	0x04
#define HALB_TCP_ACK	0x10

/* Drops the packet: the reason is counted here, netfilter's core frees it. */
#define halb_drop(pkt, reason) ({		\
	halb_drop_count((pkt)->hn, reason);	\
	(unsigned int)NF_DROP;			\
})

/* Leaves the packet to the stack, untouched. */
#define halb_pass(pkt, reason) ({		\
	halb_pass_count((pkt)->hn, reason);	\
	(unsigned int)NF_ACCEPT;		\
})

/* Which server the packet is for or from decides whether the stack sends it. */
static inline void halb_packet_follow(struct halb_packet *pkt,
				      const struct halb_server *server)
{
	pkt->flags &= ~HALB_PACKET_STACK;
	if (unlikely(READ_ONCE(server->flags) & HALB_SERVER_STACK) &&
	    !(pkt->flags & HALB_PACKET_OWN))
		pkt->flags |= HALB_PACKET_STACK;
}

static inline struct tcphdr *halb_tcp_hdr(const struct halb_packet *pkt)
{
	return (struct tcphdr *)(pkt->skb->data + pkt->thoff);
}

static inline struct udphdr *halb_udp_hdr(const struct halb_packet *pkt)
{
	return (struct udphdr *)(pkt->skb->data + pkt->thoff);
}

/* from a client, without the bits that make it part of a connection */
static inline bool halb_is_syn(const struct halb_packet *pkt)
{
	return (pkt->tcp_flags & (HALB_TCP_SYN | HALB_TCP_ACK | HALB_TCP_RST)) ==
	       HALB_TCP_SYN;
}

/* what every packet needs of its transport header, 0 for unknown protocols */
static inline unsigned int halb_transport_need(u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return sizeof(struct tcphdr);
	case IPPROTO_UDP:
		return sizeof(struct udphdr);
	case IPPROTO_SCTP:
		return sizeof(struct sctphdr);
	default:
		return 0;
	}
}

/* One write per packet: the server's counters of this CPU. */
static inline void halb_count_in(const struct halb_server *server,
				 const struct sk_buff *skb)
{
	struct halb_stats_pcpu *stats = this_cpu_ptr(server->stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_inc(&stats->in_packets);
	u64_stats_add(&stats->in_bytes, skb->len);
	u64_stats_update_end(&stats->syncp);
}

static inline void halb_count_out(const struct halb_server *server,
				  const struct sk_buff *skb)
{
	struct halb_stats_pcpu *stats = this_cpu_ptr(server->stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_inc(&stats->out_packets);
	u64_stats_add(&stats->out_bytes, skb->len);
	u64_stats_update_end(&stats->syncp);
}

static inline void halb_count_conn(const struct halb_server *server)
{
	struct halb_stats_pcpu *stats = this_cpu_ptr(server->stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_inc(&stats->conns);
	u64_stats_update_end(&stats->syncp);
}

/* nat.c: */
bool halb_nat_to_server(struct halb_packet *pkt, const struct halb_conn *conn);
bool halb_nat_to_client(struct halb_packet *pkt, const struct halb_conn *conn);

/**
 * struct halb_encap - what the method tun puts before a packet
 * @tunnel: the server's, as it was for this packet
 * @remcsum: the inner checksum is left to the server
 * @overhead: bytes of all headers before the packet
 */
struct halb_encap {
	struct halb_tunnel tunnel;
	bool remcsum;
	unsigned int overhead;
};

/* tun.c: */
void halb_tun_plan(const struct halb_packet *pkt,
		   const struct halb_server *server, struct halb_encap *encap);
bool halb_tun_encapsulate(struct halb_packet *pkt,
			  const struct halb_server *server,
			  const struct halb_route *route,
			  const struct halb_encap *encap);

/* Several whole packets, of which only the first one's headers are at hand? */
static inline bool halb_is_list(const struct sk_buff *skb)
{
	return skb_is_nonlinear(skb) &&
	       unlikely(skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST);
}

/* flow.c: */
unsigned int halb_flow4(struct halb_net *hn, struct sk_buff *skb,
			const struct nf_hook_state *state, u8 flags);
unsigned int halb_flow6(struct halb_net *hn, struct sk_buff *skb,
			const struct nf_hook_state *state, u8 flags);

/* xmit.c: */
unsigned int halb_one_by_one(struct halb_packet *pkt, struct halb_conn *conn,
			     unsigned int (*xmit)(struct halb_packet *pkt,
						  struct halb_conn *conn));
unsigned int halb_xmit_to_server(struct halb_packet *pkt,
				 struct halb_conn *conn);
unsigned int halb_xmit_to_client(struct halb_packet *pkt,
				 struct halb_conn *conn);

void halb_xmit_own(struct halb_net *hn, struct sk_buff *skb,
		   const struct halb_route *route, bool v6,
		   const union nf_inet_addr *to);

/* stack.c: */
unsigned int halb_stack_reroute(struct halb_packet *pkt);
unsigned int halb_stack_deliver(struct halb_packet *pkt,
				const struct halb_route *route);
unsigned int halb_stack_own(struct halb_packet *pkt,
			    const struct halb_route *route);
void halb_stack_forward(struct halb_packet *pkt);
bool halb_stack_has(const struct halb_packet *pkt);

/* schedule.c: */
unsigned int halb_schedule(struct halb_packet *pkt);
unsigned int halb_refuse_flow(struct halb_packet *pkt, int err);
bool halb_has_room(struct halb_net *hn);
bool halb_source_valid(const struct halb_packet *pkt);

/* ftp_expect.c: */
unsigned int halb_ftp_schedule(struct halb_packet *pkt);

/* ftp.c: */
unsigned int halb_ftp_forward(struct halb_packet *pkt, struct halb_conn *conn,
			      enum halb_side side);
void halb_ftp_quoted(const struct halb_conn *conn, __be32 *seq);

/* Towards the other side of its connection. */
static inline unsigned int halb_forward(struct halb_packet *pkt,
					struct halb_conn *conn,
					enum halb_side side)
{
	if (unlikely(READ_ONCE(conn->state) & HALB_CONN_FTP))
		return halb_ftp_forward(pkt, conn, side);
	return side == HALB_SIDE_CLIENT ? halb_xmit_to_server(pkt, conn) :
					  halb_xmit_to_client(pkt, conn);
}

/* unmatched.c: */
unsigned int halb_unmatched(struct halb_packet *pkt);

/* answer.c: */
void halb_answer_icmp(struct halb_packet *pkt, u8 type, u8 code, u32 info);
void halb_answer_unreachable(struct halb_packet *pkt);

/* icmp.c: */
unsigned int halb_icmp4(struct halb_net *hn, struct sk_buff *skb, u8 flags);
unsigned int halb_icmp6(struct halb_net *hn, struct sk_buff *skb, u8 flags);

/* reset.c: */
void halb_answer_reset(struct halb_packet *pkt);
void halb_probe_client(struct halb_net *hn, const struct halb_conn *conn);
unsigned int halb_orphan(struct halb_packet *pkt, struct halb_conn *conn,
			 enum halb_side side);

#endif
