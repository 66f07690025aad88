// SPDX-License-Identifier: GPL-2.0
/*
 * From a packet with one of our addresses to its connection, and on. Who comes
 * here is up to hook.c.
 */
#include <linux/etherdevice.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "compat.h"
#include "conn_new.h"
#include "conn_table.h"
#include "marked.h"
#include "packet.h"
#include "sctp.h"
#include "sctp_state.h"
#include "suspect.h"
#include "xmit.h"

/* keeps our queues of IPv6 fragments apart from those of others */
#define HALB_DEFRAG_USER	0x68616c62U

/*
 * Frames on their way through a bridge come along here with br_netfilter; ours
 * are those that are addressed to the bridge itself.
 */
static bool is_bridged(const struct sk_buff *skb,
		       const struct net_device *in)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	return unlikely(skb_ext_exist(skb, SKB_EXT_BRIDGE_NF)) &&
	       !ether_addr_equal(eth_hdr(skb)->h_dest, in->dev_addr);
#else
	return false;
#endif
}

/*
 * The probe says yes of some foreign addresses as well. Where no lookup of a
 * connection follows that would tell: is it a VIP, or a server that answers
 * through us? A destination of a service by mark may be any, and is guessed.
 */
static noinline bool concerns_us(const struct halb_net *hn,
				 const struct sk_buff *skb, u8 af)
{
	const struct halb_probe *probe = rcu_dereference(hn->probe);
	union nf_inet_addr from = {}, to = {};

	if (af == AF_INET6) {
		from.in6 = ipv6_hdr(skb)->saddr;
		to.in6 = ipv6_hdr(skb)->daddr;
	} else {
		from.ip = ip_hdr(skb)->saddr;
		to.ip = ip_hdr(skb)->daddr;
	}
	return halb_probe_knows(probe, af, &to, HALB_PROBE_VIP) ||
	       halb_probe_knows(probe, af, &from, HALB_PROBE_REPLY) ||
	       halb_has_mark_service(hn, skb->mark, af) ||
	       (af == AF_INET6 ? halb_was_marked6(hn, &to.in6) :
				 halb_was_marked4(hn, to.ip));
}

/* Leaves a packet to the stack, counted if it is not a foreign one. */
#define let_pass(hn, skb, af, reason) ({		\
	if (concerns_us(hn, skb, af))			\
		halb_pass_count(hn, reason);		\
	(unsigned int)NF_ACCEPT;			\
})

/* Whether a packet with one of our addresses is one for us. */
static unsigned int admit(struct halb_net *hn, const struct sk_buff *skb,
			  const struct nf_hook_state *state, u8 flags)
{
	const struct net_device *in = state->in;

	if (unlikely(flags & HALB_PACKET_OWN)) {
		/* an answer would come in by the VRF, and be left alone */
		if (!netif_is_l3_slave(state->out) &&
		    !netif_is_l3_master(state->out))
			return HALB_GO_ON;
		return let_pass(hn, skb, state->pf, VRF);
	}
	if (unlikely(skb->pkt_type != PACKET_HOST))
		return let_pass(hn, skb, state->pf, NOT_UNICAST);
	/* its own, or given to a socket by a program at tc */
	if (unlikely(in->flags & IFF_LOOPBACK || skb->sk))
		return NF_ACCEPT;
	if (unlikely(netif_is_l3_slave(in) || netif_is_l3_master(in)))
		return let_pass(hn, skb, state->pf, VRF);
	if (is_bridged(skb, in))
		return let_pass(hn, skb, state->pf, BRIDGED);
	return HALB_GO_ON;
}

/*
 * A packet after a pause: the connection lives on, or its time is over and it
 * is not found any more.
 */
static noinline bool outlived(struct halb_packet *pkt, struct halb_conn *conn,
			      enum halb_side side, u32 now)
{
	struct halb_net *hn = pkt->hn;

	if (!halb_conn_expires(hn, conn)) {
		halb_conn_kill(hn, conn);
		return true;
	}
	WRITE_ONCE(conn->seen, now);
	if (unlikely(pkt->tcp_flags & HALB_TCP_SYN) &&
	    side == HALB_SIDE_CLIENT && halb_is_syn(pkt))
		halb_conn_repeats(hn, conn);
	return false;
}

/* Does this SYN begin another connection from the same port? */
static bool begins_anew(const struct halb_packet *pkt,
			const struct halb_conn *conn)
{
	return halb_is_syn(pkt) && READ_ONCE(conn->state) & HALB_CONN_INACTIVE;
}

/* The same for an INIT, which also comes repeatedly until it is answered. */
static bool begins_another(const struct halb_packet *pkt,
			   const struct halb_conn *conn)
{
	return pkt->sctp_event == HALB_SCTP_INIT &&
	       (READ_ONCE(conn->state) & HALB_CONN_STATE_MASK) ==
	       HALB_CONN_STATE_SCTP_CLOSED;
}

static enum halb_tcp_dir direction(const struct halb_conn *conn,
				   enum halb_side side)
{
	if (side == HALB_SIDE_SERVER)
		return HALB_TCP_OUTPUT;
	return halb_method_rewrites(conn->server->method) ?
		HALB_TCP_INPUT : HALB_TCP_INPUT_ONLY;
}

static void follow_sctp(const struct halb_packet *pkt, struct halb_conn *conn,
			enum halb_side side)
{
	u32 state = READ_ONCE(conn->state) & HALB_CONN_STATE_MASK;
	enum halb_tcp_dir dir = direction(conn, side);

	if (unlikely(halb_sctp_next(dir, pkt->sctp_event, state) != state))
		halb_conn_sctp(conn, dir, pkt->sctp_event);
}

static void follow_tcp(const struct halb_packet *pkt, struct halb_conn *conn,
		       enum halb_side side)
{
	u32 state = READ_ONCE(conn->state) & HALB_CONN_STATE_MASK;
	enum halb_tcp_dir dir = direction(conn, side);

	/* a handshake has segments that change nothing and say something */
	if (unlikely(halb_tcp_next(dir, pkt->tcp_flags, state) != state ||
		     pkt->tcp_flags & (HALB_TCP_SYN | HALB_TCP_RST)))
		halb_conn_tcp(conn, dir, pkt->tcp_flags);
}

static noinline unsigned int follow_ftp(struct halb_packet *pkt,
					struct halb_conn *conn,
					enum halb_side side)
{
	if (side == HALB_SIDE_CLIENT)
		halb_count_in(conn->server, pkt->skb);
	else
		halb_count_out(conn->server, pkt->skb);
	return halb_ftp_forward(pkt, conn, side);
}

/* What has no handshake is set up when the server says something. */
static void note_answer(const struct halb_packet *pkt,
			struct halb_server *server)
{
	if (pkt->protocol == IPPROTO_UDP ||
	    (pkt->protocol == IPPROTO_SCTP &&
	     pkt->sctp_event != HALB_SCTP_ABORT))
		halb_server_answered(server);
}

/*
 * The rare servers: is the packet the stack's, for good or until it is at
 * FORWARD?
 */
static noinline bool is_others(struct halb_packet *pkt,
			       struct halb_server *server,
			       enum halb_side side)
{
	unsigned long flags = READ_ONCE(server->flags);

	if (flags & HALB_SERVER_STANDBY) {
		/* after mangle: counted when it was here before */
		if (!pkt->flags)
			halb_pass_count(pkt->hn, NOT_MASTER);
		return true;
	}
	if (flags & HALB_SERVER_FAILING && side == HALB_SIDE_SERVER)
		note_answer(pkt, server);
	if (!(flags & HALB_SERVER_STACK))
		return false;
	/* a client that is a server elsewhere: we sent the packet here */
	if (side == HALB_SIDE_CLIENT && pkt->flags & HALB_PACKET_FORWARD)
		return true;
	halb_packet_follow(pkt, server);
	/* the server's answers meet conntrack and the rules as they came */
	return side == HALB_SIDE_SERVER &&
	       server->method == HALB_METHOD_NAT &&
	       !(pkt->flags & HALB_PACKETS_LATE);
}

static __always_inline unsigned int known(struct halb_packet *pkt,
					  struct rhash_head *node)
{
	enum halb_side side = halb_conn_side(node);
	struct halb_conn *conn = halb_conn_of(node);
	struct halb_server *server = conn->server;
	unsigned long flags = READ_ONCE(server->flags);
	u32 now = halb_now();
	u32 state;

	if (unlikely(flags & (HALB_SERVER_STANDBY | HALB_SERVER_STACK |
			      HALB_SERVER_FAILING)) &&
	    is_others(pkt, server, side))
		return NF_ACCEPT;
	if (unlikely(READ_ONCE(conn->seen) != now) &&
	    outlived(pkt, conn, side, now))
		return side == HALB_SIDE_CLIENT ? halb_schedule(pkt) :
						  NF_ACCEPT;
	state = READ_ONCE(conn->state);
	if (unlikely(flags & HALB_SERVER_REMOVED || state & HALB_CONN_ORPHAN))
		return halb_orphan(pkt, conn, side);
	if (pkt->protocol == IPPROTO_TCP) {
		if (side == HALB_SIDE_CLIENT && begins_anew(pkt, conn)) {
			halb_conn_kill(pkt->hn, conn);
			return halb_schedule(pkt);
		}
		follow_tcp(pkt, conn, side);
		if (unlikely(state & HALB_CONN_FTP))
			return follow_ftp(pkt, conn, side);
	} else if (unlikely(pkt->protocol == IPPROTO_SCTP)) {
		if (side == HALB_SIDE_CLIENT && begins_another(pkt, conn)) {
			halb_conn_kill(pkt->hn, conn);
			return halb_schedule(pkt);
		}
		follow_sctp(pkt, conn, side);
	}
	if (side == HALB_SIDE_CLIENT) {
		halb_count_in(server, pkt->skb);
		return halb_xmit_to_server(pkt, conn);
	}
	halb_count_out(server, pkt->skb);
	return halb_xmit_to_client(pkt, conn);
}

/*
 * Too short for its headers: ours to drop if it is for a VIP. The probe alone
 * may have been wrong about that.
 */
static noinline unsigned int bad_header(struct halb_packet *pkt)
{
	union nf_inet_addr to = {};

	if (pkt->v6)
		to.in6 = ipv6_hdr(pkt->skb)->daddr;
	else
		to.ip = ip_hdr(pkt->skb)->daddr;
	if (!halb_config_has_vip(rcu_dereference(pkt->hn->config),
				 pkt->v6 ? AF_INET6 : AF_INET, &to))
		return NF_ACCEPT;
	return halb_drop(pkt, BAD_HEADER);
}

/*
 * Reads ports and flags. HALB_GO_ON, or the verdict for what has none, or not
 * enough of them.
 */
static __always_inline unsigned int
read_transport(struct halb_packet *pkt, __be16 *sport, __be16 *dport)
{
	const struct udphdr *uh;
	unsigned int need;

	if (pkt->protocol == IPPROTO_TCP)
		need = sizeof(struct tcphdr);
	else if (likely(pkt->protocol == IPPROTO_UDP))
		need = sizeof(struct udphdr);
	else if (pkt->protocol == IPPROTO_SCTP)
		need = sizeof(struct sctphdr);
	else
		return let_pass(pkt->hn, pkt->skb, pkt->v6 ? AF_INET6 : AF_INET,
			     PROTOCOL);
	if (unlikely(!pskb_may_pull(pkt->skb, pkt->thoff + need)))
		return bad_header(pkt);
	uh = halb_udp_hdr(pkt);
	*sport = uh->source;
	*dport = uh->dest;
	pkt->tcp_flags = pkt->protocol == IPPROTO_TCP ? ((const u8 *)uh)[13] :
							0;
	if (unlikely(pkt->protocol == IPPROTO_SCTP))
		pkt->sctp_event = halb_sctp_read_event(pkt);
	return HALB_GO_ON;
}

enum options { OPTIONS_PLAIN, OPTIONS_SOURCE_ROUTE, OPTIONS_BAD };

static enum options read_options(const struct iphdr *iph)
{
	const u8 *opt = (const u8 *)(iph + 1);
	const u8 *end = (const u8 *)iph + iph->ihl * 4;

	while (opt < end && *opt != IPOPT_END) {
		if (*opt == IPOPT_NOOP) {
			opt++;
			continue;
		}
		if (*opt == IPOPT_LSRR || *opt == IPOPT_SSRR)
			return OPTIONS_SOURCE_ROUTE;
		if (end - opt < 2 || opt[1] < 2 || opt[1] > end - opt)
			return OPTIONS_BAD;
		opt += opt[1];
	}
	return OPTIONS_PLAIN;
}

/*
 * IPv4 options: a source route leaves the packet to the stack, and what it
 * would drop for them is dropped. HALB_GO_ON, or a verdict.
 */
static noinline unsigned int check_options(struct halb_packet *pkt)
{
	switch (read_options(ip_hdr(pkt->skb))) {
	case OPTIONS_SOURCE_ROUTE:
		return let_pass(pkt->hn, pkt->skb, AF_INET, SOURCE_ROUTE);
	case OPTIONS_BAD:
		return bad_header(pkt);
	default:
		return HALB_GO_ON;
	}
}

/* HALB_GO_ON once the packet is whole, else a verdict. */
static noinline unsigned int defragment4(struct halb_net *hn,
					 struct sk_buff *skb, u8 flags)
{
	/* made so by a process; what comes to FORWARD was here before */
	if (flags & HALB_PACKETS_LATE)
		return NF_ACCEPT;
	/* its other parts may go another way */
	if (!concerns_us(hn, skb, AF_INET))
		return NF_ACCEPT;
	/* the user keeps our queues apart from those of other hooks */
	if (ip_defrag(hn->net, skb, IP_DEFRAG_VS_IN))
		return NF_STOLEN;
	ip_send_check(ip_hdr(skb));
	skb->ignore_df = 1;
	return HALB_GO_ON;
}

/* ICMP errors are looked at where they come first. */
static bool leaves_icmp(u8 flags)
{
	return flags && !(flags & HALB_PACKET_OWN);
}

/**
 * halb_flow4 - an IPv4 packet of which an address may be ours
 * @hn: netns
 * @skb: packet
 * @state: where it is
 * @flags: HALB_PACKET_*
 *
 * Not in line: the entry point, which foreign packets leave at once, saves no
 * register then. And there is one of it, so that the lookup is in line.
 * Context: softirq, RCU read side. Return: verdict.
 */
unsigned int halb_flow4(struct halb_net *hn, struct sk_buff *skb,
			const struct nf_hook_state *state, u8 flags)
{
	struct halb_packet pkt = { .hn = hn, .skb = skb, .flags = flags };
	struct halb_key4 key;
	const struct iphdr *iph = ip_hdr(skb);
	struct rhash_head *node;
	unsigned int verdict;
	__be16 sport, dport;

	verdict = admit(hn, skb, state, flags);
	if (unlikely(verdict != HALB_GO_ON))
		return verdict;
	if (unlikely(iph->ihl > 5)) {
		verdict = check_options(&pkt);
		if (verdict != HALB_GO_ON)
			return verdict;
	}
	if (unlikely(iph->protocol == IPPROTO_ICMP))
		return leaves_icmp(flags) ? NF_ACCEPT :
					    halb_icmp4(hn, skb, flags);
	if (unlikely(ip_is_fragment(iph))) {
		verdict = defragment4(hn, skb, flags);
		if (verdict != HALB_GO_ON)
			return verdict;
		iph = ip_hdr(skb);
	}
	pkt.protocol = iph->protocol;
	pkt.thoff = iph->ihl * 4;
	verdict = read_transport(&pkt, &sport, &dport);
	if (unlikely(verdict != HALB_GO_ON))
		return verdict;
	iph = ip_hdr(skb);
	pkt.tuple4 = (struct halb_tuple4) {
		.client = iph->saddr,
		.vip = iph->daddr,
		.cport = sport,
		.vport = dport,
		.protocol = pkt.protocol,
	};
	key.tuple = pkt.tuple4;
	key.hash = pkt.hash = halb_hash4(&key.tuple);
	node = halb_conn_lookup4(hn, &key);
	if (likely(node))
		return known(&pkt, node);
	if (unlikely(flags == HALB_PACKET_MARKED) && halb_stack_has(&pkt))
		return NF_ACCEPT;
	return halb_schedule(&pkt);
}

/* A fragment header on a whole packet is a header like others (RFC 6946). */
static bool skip_atomic(const struct sk_buff *skb, int *off, u8 *nexthdr)
{
	const struct frag_hdr *hdr;
	struct frag_hdr _hdr;

	hdr = skb_header_pointer(skb, *off, sizeof(_hdr), &_hdr);
	if (!hdr || hdr->frag_off & htons(IP6_OFFSET | IP6_MF))
		return false;
	*nexthdr = hdr->nexthdr;
	*off += sizeof(*hdr);
	return true;
}

/*
 * Walks to the transport header: HALB_GO_ON, or a verdict. A routing header
 * that still has to be followed is the stack's business (RFC 8200, 4.4).
 * @fragment tells whether the walk ended at a fragment header.
 */
static unsigned int find_transport6(struct halb_packet *pkt, bool *fragment)
{
	const struct sk_buff *skb = pkt->skb;
	u8 nexthdr = ipv6_hdr(skb)->nexthdr;
	int off = sizeof(struct ipv6hdr);

	*fragment = false;
	while (unlikely(ipv6_ext_hdr(nexthdr))) {
		struct ipv6_rt_hdr _hdr;
		const struct ipv6_rt_hdr *hdr;

		if (nexthdr == NEXTHDR_FRAGMENT) {
			*fragment = !skip_atomic(skb, &off, &nexthdr);
			if (*fragment)
				return HALB_GO_ON;
			continue;
		}
		if (nexthdr == NEXTHDR_NONE || nexthdr == NEXTHDR_AUTH)
			return let_pass(pkt->hn, skb, AF_INET6, PROTOCOL);
		hdr = skb_header_pointer(skb, off, sizeof(_hdr), &_hdr);
		if (!hdr)
			return bad_header(pkt);
		if (nexthdr == NEXTHDR_ROUTING && hdr->segments_left)
			return let_pass(pkt->hn, skb, AF_INET6, SOURCE_ROUTE);
		nexthdr = hdr->nexthdr;
		off += ipv6_optlen(hdr);
	}
	pkt->protocol = nexthdr;
	pkt->thoff = off;
	return HALB_GO_ON;
}

/*
 * Once the packet is whole, walks to its transport header; until then, and for
 * what is no fragment after all, a verdict.
 */
static noinline unsigned int defragment6(struct halb_packet *pkt)
{
	unsigned int verdict;
	bool fragment;
	int ret;

	if (pkt->flags & HALB_PACKETS_LATE ||
	    !concerns_us(pkt->hn, pkt->skb, AF_INET6))
		return NF_ACCEPT;
	ret = nf_ct_frag6_gather(pkt->hn->net, pkt->skb, HALB_DEFRAG_USER);
	if (ret == -EINPROGRESS)
		return NF_STOLEN;
	if (ret)
		return halb_drop(pkt, BAD_HEADER);
	verdict = find_transport6(pkt, &fragment);
	return fragment ? halb_pass(pkt, PROTOCOL) : verdict;
}

/* An IPv6 packet of which an address may be ours: see halb_flow4(). */
unsigned int halb_flow6(struct halb_net *hn, struct sk_buff *skb,
			const struct nf_hook_state *state, u8 flags)
{
	struct halb_packet pkt = {
		.hn = hn, .skb = skb, .v6 = true, .flags = flags,
	};
	struct halb_key6 key;
	const struct ipv6hdr *ip6h;
	struct rhash_head *node;
	unsigned int verdict;
	__be16 sport, dport;
	bool fragment;

	verdict = admit(hn, skb, state, flags);
	if (unlikely(verdict != HALB_GO_ON))
		return verdict;
	verdict = find_transport6(&pkt, &fragment);
	if (unlikely(fragment))
		verdict = defragment6(&pkt);
	if (unlikely(verdict != HALB_GO_ON))
		return verdict;
	if (unlikely(pkt.protocol == IPPROTO_ICMPV6))
		return leaves_icmp(flags) ? NF_ACCEPT :
					    halb_icmp6(hn, skb, flags);
	verdict = read_transport(&pkt, &sport, &dport);
	if (unlikely(verdict != HALB_GO_ON))
		return verdict;
	ip6h = ipv6_hdr(skb);
	pkt.tuple6 = (struct halb_tuple6) {
		.client = ip6h->saddr,
		.vip = ip6h->daddr,
		.cport = sport,
		.vport = dport,
		.protocol = pkt.protocol,
	};
	key.tuple = pkt.tuple6;
	key.hash = pkt.hash = halb_hash6(&key.tuple);
	node = halb_conn_lookup6(hn, &key);
	if (likely(node))
		return known(&pkt, node);
	if (unlikely(flags == HALB_PACKET_MARKED) && halb_stack_has(&pkt))
		return NF_ACCEPT;
	return halb_schedule(&pkt);
}
