// SPDX-License-Identifier: GPL-2.0
/*
 * Resets: for connections whose server is gone, and for VIPs that refuse.
 *
 * SCTP's is an ABORT with the verification tag of the packet that asks for it
 * (RFC 9260, section 8.4). A TCP reset is the reflection of the segment that
 * asks for it: its sequence number is what the sender acknowledged, or, without
 * an acknowledgment, it acknowledges what the sender sent (RFC 9293, section
 * 3.10.7.1). So both are exact without stored numbers. A TCP client that says
 * nothing is asked.
 */
#include <linux/random.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>

#include "conn_new.h"
#include "packet.h"
#include "sctp.h"
#include "sctp_state.h"
#include "segment.h"

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

static unsigned int transport_len(const struct halb_packet *pkt)
{
	const struct sk_buff *skb = pkt->skb;
	unsigned int len = pkt->v6 ?
		sizeof(struct ipv6hdr) + ntohs(ipv6_hdr(skb)->payload_len) :
		ntohs(ip_hdr(skb)->tot_len);

	return len > pkt->thoff ? len - pkt->thoff : 0;
}

/* The reflection of a TCP segment of @len bytes. */
static void reflect_tcp(const struct halb_packet *pkt, unsigned int len,
			struct halb_segment *reset)
{
	const struct tcphdr *th = halb_tcp_hdr(pkt);

	reset->flags = HALB_TCP_RST;
	if (th->ack) {
		reset->seq = th->ack_seq;
		return;
	}
	reset->flags |= HALB_TCP_ACK;
	reset->ack_seq = htonl(ntohl(th->seq) + th->syn + th->fin + len -
			       (th->doff << 2));
}

/*
 * The tag is the one that the packet carried, and the chunk says so; an INIT
 * carries none, and names the one that it wants to see.
 */
static void reflect_sctp(const struct halb_packet *pkt,
			 struct halb_segment *reset)
{
	const struct sctphdr *sh = (const void *)halb_udp_hdr(pkt);
	const __be32 *tag = NULL;
	__be32 _tag;

	if (pkt->sctp_event == HALB_SCTP_INIT)
		tag = skb_header_pointer(pkt->skb, pkt->thoff + HALB_SCTP_VALUE,
					 sizeof(_tag), &_tag);
	reset->vtag = tag ? *tag : sh->vtag;
	reset->flags = tag ? 0 : SCTP_CHUNK_FLAG_T;
}

/* What answers a packet of @len bytes. */
static void reflect(const struct halb_packet *pkt, unsigned int len,
		    struct halb_segment *reset)
{
	const struct udphdr *ports = halb_udp_hdr(pkt);

	*reset = (struct halb_segment) {
		.v6 = pkt->v6,
		.protocol = pkt->protocol,
		.sport = ports->dest,
		.dport = ports->source,
		.mark = IP4_REPLY_MARK(pkt->hn->net, pkt->skb->mark),
	};
	if (pkt->v6) {
		reset->from.in6 = pkt->tuple6.vip;
		reset->to.in6 = pkt->tuple6.client;
	} else {
		reset->from.ip = pkt->tuple4.vip;
		reset->to.ip = pkt->tuple4.client;
	}
	if (pkt->protocol == IPPROTO_TCP)
		reflect_tcp(pkt, len, reset);
	else
		reflect_sctp(pkt, reset);
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
	unsigned int len = transport_len(pkt);
	struct halb_segment reset;

	if (is_last_word(pkt) || len < halb_transport_need(pkt->protocol) ||
	    !checksum_ok(pkt, len) || !may_send(pkt->hn))
		return;
	reflect(pkt, len, &reset);
	if (halb_segment_send(pkt->hn, &reset))
		halb_path_count(pkt->hn, RST_SENT);
}

/**
 * halb_probe_client - asks a client whether it still waits for a server
 * @hn: netns
 * @conn: TCP connection that is an orphan
 *
 * Who is idle never sends the segment that would be answered with a reset, and
 * would wait for a dead server until it gives up itself. An acknowledgment with
 * numbers that fit nothing makes it say what its own are (RFC 9293, section
 * 3.10.7.4: an unacceptable segment is answered by an acknowledgment), and that
 * answer is reset exactly. A client that is gone answers with a reset.
 * Context: process, RCU read side.
 */
void halb_probe_client(struct halb_net *hn, const struct halb_conn *conn)
{
	struct halb_segment probe = {
		.v6 = halb_conn_af(conn) == AF_INET6,
		.protocol = IPPROTO_TCP,
		.seq = (__force __be32)get_random_u32(),
		.ack_seq = (__force __be32)get_random_u32(),
		.flags = HALB_TCP_ACK,
	};

	if (probe.v6) {
		probe.from.in6 = conn->tuple6.vip;
		probe.to.in6 = conn->tuple6.client;
		probe.sport = conn->tuple6.vport;
		probe.dport = conn->tuple6.cport;
	} else {
		probe.from.ip = conn->tuple4.vip;
		probe.to.ip = conn->tuple4.client;
		probe.sport = conn->tuple4.vport;
		probe.dport = conn->tuple4.cport;
	}
	local_bh_disable();
	if (halb_segment_send(hn, &probe))
		halb_path_count(hn, PROBE_SENT);
	local_bh_enable();
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
			return halb_forward(pkt, conn, side);
		}
		halb_answer_reset(pkt);
		return halb_drop(pkt, SERVER_REMOVED);
	}
	if (side == HALB_SIDE_SERVER)
		return halb_drop(pkt, SERVER_REMOVED);
	halb_conn_kill(pkt->hn, conn);
	return halb_schedule(pkt);
}
