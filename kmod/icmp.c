// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP errors follow the connection of the packet that they quote, whoever
 * sent them:
 *
 *   quotes what a client or VIP sent to ...          goes to
 *   a client (from the VIP), any method              the server
 *   a nat server (from the client), or a fullnat
 *   server (from a source address)                   the client, translated
 *   a tun server (outer header, from this director)  the client, see
 *                                                    icmp_tunnel.c
 *
 * Everything else is the stack's.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "conn_table.h"
#include "icmp.h"
#include "packet.h"
#include "suspect.h"
#include "xmit.h"

static bool is_error4(u8 type)
{
	return type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETERPROB || type == ICMP_SOURCE_QUENCH;
}

static bool is_error6(u8 type)
{
	return !(type & ICMPV6_INFOMSG_MASK);
}

/* Reads the IPv4 header quoted at @off. */
static bool read_quote4(struct sk_buff *skb, unsigned int off, struct halb_quote *q)
{
	const struct iphdr *iph;

	if (!pskb_may_pull(skb, off + sizeof(*iph)))
		return false;
	iph = (const struct iphdr *)(skb->data + off);
	if (iph->version != 4 || iph->ihl < 5 ||
	    iph->frag_off & htons(IP_OFFSET))
		return false;
	q->off = off;
	q->thoff = off + iph->ihl * 4;
	q->protocol = iph->protocol;
	return pskb_may_pull(skb, q->thoff + (halb_has_ports(q->protocol) ?
					      HALB_QUOTED_TRANSPORT : 0));
}

static bool read_quote6(struct sk_buff *skb, unsigned int off, struct halb_quote *q)
{
	const struct ipv6hdr *ip6h;
	__be16 frag_off;
	int thoff;

	if (!pskb_may_pull(skb, off + sizeof(*ip6h)))
		return false;
	ip6h = (const struct ipv6hdr *)(skb->data + off);
	if (ip6h->version != 6)
		return false;
	q->off = off;
	q->protocol = ip6h->nexthdr;
	thoff = ipv6_skip_exthdr(skb, off + sizeof(*ip6h), &q->protocol,
				 &frag_off);
	if (thoff < 0 || frag_off & htons(~0x7))
		return false;
	q->thoff = thoff;
	return pskb_may_pull(skb, q->thoff + (halb_has_ports(q->protocol) ?
					      HALB_QUOTED_TRANSPORT : 0));
}

/**
 * halb_quote_read - reads the headers of a quoted packet
 * @skb: packet that holds it
 * @off: offset of its IP header from skb->data
 * @v6: family of that
 * @q: result
 *
 * Return: false if they are not there, or those of a later fragment.
 */
bool halb_quote_read(struct sk_buff *skb, unsigned int off, bool v6,
		     struct halb_quote *q)
{
	return v6 ? read_quote6(skb, off, q) : read_quote4(skb, off, q);
}

/* The flow that answers the quoted packet, named as a packet names itself. */
static void reversed4(const struct sk_buff *skb, const struct halb_quote *q,
		      struct halb_tuple4 *t)
{
	const struct iphdr *iph = (const void *)(skb->data + q->off);
	const struct halb_ports *p = (const void *)(skb->data + q->thoff);

	*t = (struct halb_tuple4) {
		.client = iph->daddr,
		.vip = iph->saddr,
		.cport = p->dest,
		.vport = p->source,
		.protocol = q->protocol,
	};
}

static void reversed6(const struct sk_buff *skb, const struct halb_quote *q,
		      struct halb_tuple6 *t)
{
	const struct ipv6hdr *ip6h = (const void *)(skb->data + q->off);
	const struct halb_ports *p = (const void *)(skb->data + q->thoff);

	*t = (struct halb_tuple6) {
		.client = ip6h->daddr,
		.vip = ip6h->saddr,
		.cport = p->dest,
		.vport = p->source,
		.protocol = q->protocol,
	};
}

/*
 * Quoted TCP headers end where their router cut them: only the checksum of a
 * UDP header is sure to be there, and may be absent by being zero.
 */
static void mend_quoted_checksum(struct sk_buff *skb, const struct halb_quote *q,
				 __be32 *from, __be32 *to, int words,
				 __be16 port_from, __be16 port_to)
{
	__sum16 *check;
	int i;

	/* the CRC of a packet that is not all there */
	if (q->protocol == IPPROTO_SCTP)
		return;
	if (q->protocol == IPPROTO_UDP) {
		check = &((struct udphdr *)(skb->data + q->thoff))->check;
		if (!*check)
			return;
	} else {
		if (skb->len < q->thoff + sizeof(struct tcphdr) ||
		    skb_ensure_writable(skb, q->thoff + sizeof(struct tcphdr)))
			return;
		check = &((struct tcphdr *)(skb->data + q->thoff))->check;
	}
	for (i = 0; i < words; i++)
		csum_replace4(check, from[i], to[i]);
	csum_replace2(check, port_from, port_to);
}

/* Rewrites one address and port of the quoted packet. */
static void rewrite_quote(struct sk_buff *skb, const struct halb_quote *q, bool v6,
			  bool source, const union nf_inet_addr *addr,
			  __be16 port)
{
	struct halb_ports *p = (struct halb_ports *)(skb->data + q->thoff);
	__be16 *where = source ? &p->source : &p->dest;
	union nf_inet_addr old = {}, new = *addr;
	__be16 old_port = *where;

	if (v6) {
		struct ipv6hdr *ip6h = (struct ipv6hdr *)(skb->data + q->off);
		struct in6_addr *a = source ? &ip6h->saddr : &ip6h->daddr;

		old.in6 = *a;
		*a = addr->in6;
	} else {
		struct iphdr *iph = (struct iphdr *)(skb->data + q->off);
		__be32 *a = source ? &iph->saddr : &iph->daddr;

		old.ip = *a;
		csum_replace4(&iph->check, *a, addr->ip);
		*a = addr->ip;
	}
	*where = port;
	mend_quoted_checksum(skb, q, old.ip6, new.ip6, v6 ? 4 : 1, old_port,
			     port);
}

static void mend_icmp_checksum(struct sk_buff *skb, unsigned int off, bool v6)
{
	unsigned int len = skb->len - off;

	if (v6) {
		struct icmp6hdr *icmp6h = (struct icmp6hdr *)(skb->data + off);
		const struct ipv6hdr *ip6h = ipv6_hdr(skb);

		icmp6h->icmp6_cksum = 0;
		icmp6h->icmp6_cksum =
			csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr, len,
					IPPROTO_ICMPV6,
					skb_checksum(skb, off, len, 0));
	} else {
		struct icmphdr *icmph = (struct icmphdr *)(skb->data + off);

		icmph->checksum = 0;
		icmph->checksum = csum_fold(skb_checksum(skb, off, len, 0));
	}
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
}

static void set_outer(struct sk_buff *skb, bool v6, bool source,
		      const union nf_inet_addr *addr)
{
	if (v6) {
		struct ipv6hdr *ip6h = ipv6_hdr(skb);

		*(source ? &ip6h->saddr : &ip6h->daddr) = addr->in6;
	} else {
		struct iphdr *iph = ip_hdr(skb);
		__be32 *a = source ? &iph->saddr : &iph->daddr;

		csum_replace4(&iph->check, *a, addr->ip);
		*a = addr->ip;
	}
}

static bool outer_source_is(const struct sk_buff *skb, bool v6,
			    const union nf_inet_addr *addr)
{
	return v6 ? ipv6_addr_equal(&ipv6_hdr(skb)->saddr, &addr->in6) :
		    ip_hdr(skb)->saddr == addr->ip;
}

static void vip_of(const struct halb_conn *conn, bool v6,
		   union nf_inet_addr *vip, __be16 *port)
{
	memset(vip, 0, sizeof(*vip));
	if (v6) {
		vip->in6 = conn->tuple6.vip;
		*port = conn->tuple6.vport;
	} else {
		vip->ip = conn->tuple4.vip;
		*port = conn->tuple4.vport;
	}
}

/* What a fullnat server sees as client. */
static void source_of(const struct halb_conn *conn, bool v6,
		      union nf_inet_addr *addr, __be16 *port)
{
	memset(addr, 0, sizeof(*addr));
	if (v6) {
		addr->in6 = conn->source6.addr;
		*port = conn->source6.port;
	} else {
		addr->ip = conn->source4.addr;
		*port = conn->source4.port;
	}
}

static void client_of(const struct halb_conn *conn, bool v6,
		      union nf_inet_addr *client, __be16 *port)
{
	memset(client, 0, sizeof(*client));
	if (v6) {
		client->in6 = conn->tuple6.client;
		*port = conn->tuple6.cport;
	} else {
		client->ip = conn->tuple4.client;
		*port = conn->tuple4.cport;
	}
}

/* The error comes from where the client is, which a server may not route to. */
static void hide_client(struct halb_packet *pkt, const struct halb_quote *q,
			const struct halb_conn *conn)
{
	union nf_inet_addr addr;
	__be16 port;

	source_of(conn, pkt->v6, &addr, &port);
	rewrite_quote(pkt->skb, q, pkt->v6, false, &addr, port);
	set_outer(pkt->skb, pkt->v6, true, &addr);
}

static void show_client(struct halb_packet *pkt, const struct halb_quote *q,
			const struct halb_conn *conn)
{
	union nf_inet_addr client;
	__be16 port;

	client_of(conn, pkt->v6, &client, &port);
	rewrite_quote(pkt->skb, q, pkt->v6, true, &client, port);
	set_outer(pkt->skb, pkt->v6, false, &client);
}

/* FTP: the quoted packet was counted as the client counts. */
static void mend_quoted_seq(struct sk_buff *skb, const struct halb_quote *q,
			    const struct halb_conn *conn)
{
	struct tcphdr *th = (struct tcphdr *)(skb->data + q->thoff);
	__be32 old = th->seq, new = old;

	halb_ftp_quoted(conn, &new);
	th->seq = new;
	mend_quoted_checksum(skb, q, &old, &new, 1, 0, 0);
}

static __be16 server_port(const struct halb_conn *conn, bool v6)
{
	return halb_conn_server_port(conn, v6 ? conn->tuple6.vport :
						conn->tuple4.vport);
}

/* About what the VIP sent to the client: the server wants to know. */
static unsigned int to_server(struct halb_packet *pkt, const struct halb_quote *q,
			      struct halb_conn *conn)
{
	struct halb_server *server = conn->server;

	halb_count_in(server, pkt->skb);
	if (halb_method_rewrites(server->method)) {
		if (skb_ensure_writable(pkt->skb,
					q->thoff + HALB_QUOTED_TRANSPORT))
			return halb_drop(pkt, NO_MEMORY);
		rewrite_quote(pkt->skb, q, pkt->v6, true, &server->addr,
			      server_port(conn, pkt->v6));
		set_outer(pkt->skb, pkt->v6, false, &server->addr);
		if (server->method == HALB_METHOD_FULLNAT)
			hide_client(pkt, q, conn);
		if (unlikely(READ_ONCE(conn->state) & HALB_CONN_FTP))
			mend_quoted_seq(pkt->skb, q, conn);
		mend_icmp_checksum(pkt->skb, pkt->thoff, pkt->v6);
	}
	pkt->rewritten = true;
	return halb_xmit_to_server(pkt, conn);
}

/* About what the director sent to a nat server: the client wants to know. */
static unsigned int to_client(struct halb_packet *pkt, const struct halb_quote *q,
			      struct halb_conn *conn)
{
	union nf_inet_addr vip;
	__be16 port;

	if (skb_ensure_writable(pkt->skb, q->thoff + HALB_QUOTED_TRANSPORT))
		return halb_drop(pkt, NO_MEMORY);
	halb_count_out(conn->server, pkt->skb);
	vip_of(conn, pkt->v6, &vip, &port);
	rewrite_quote(pkt->skb, q, pkt->v6, false, &vip, port);
	/* a router between keeps its name, a server has none to the client */
	if (outer_source_is(pkt->skb, pkt->v6, &conn->server->addr))
		set_outer(pkt->skb, pkt->v6, true, &vip);
	if (conn->server->method == HALB_METHOD_FULLNAT)
		show_client(pkt, q, conn);
	mend_icmp_checksum(pkt->skb, pkt->thoff, pkt->v6);
	pkt->rewritten = true;
	return halb_xmit_to_client(pkt, conn);
}

/**
 * halb_icmp_says_unreachable - whether an error says that nobody takes packets
 * @v6: its family
 * @error: error
 *
 * Not what is said of the packet rather than of its destination.
 */
bool halb_icmp_says_unreachable(bool v6, const struct halb_icmp_error *error)
{
	if (v6)
		return error->type == ICMPV6_DEST_UNREACH;
	return error->type == ICMP_DEST_UNREACH &&
	       error->code <= NR_ICMP_UNREACH &&
	       error->code != ICMP_FRAG_NEEDED && error->code != ICMP_SR_FAILED;
}

static unsigned int follow(struct halb_packet *pkt, const struct halb_quote *q,
			   const struct halb_icmp_error *error,
			   struct rhash_head *node)
{
	struct halb_conn *conn = halb_conn_of(node);

	if (test_bit(HALB_SERVER_STANDBY_BIT, &conn->server->flags))
		return halb_pass(pkt, NOT_MASTER);
	halb_packet_follow(pkt, conn->server);
	if (test_bit(HALB_SERVER_REMOVED_BIT, &conn->server->flags) ||
	    READ_ONCE(conn->state) & HALB_CONN_ORPHAN)
		return halb_drop(pkt, SERVER_REMOVED);
	if (halb_conn_side(node) == HALB_SIDE_CLIENT)
		return to_server(pkt, q, conn);
	if (halb_icmp_says_unreachable(pkt->v6, error))
		halb_conn_unreachable(pkt->hn, conn);
	return to_client(pkt, q, conn);
}

/**
 * halb_icmp4 - an ICMP packet, whatever its addresses
 * @hn: netns
 * @skb: packet
 * @flags: HALB_PACKET_*
 *
 * Context: softirq, RCU read side. Return: verdict.
 */
unsigned int halb_icmp4(struct halb_net *hn, struct sk_buff *skb, u8 flags)
{
	unsigned int off = ip_hdrlen(skb);
	struct halb_packet pkt = {
		.hn = hn, .skb = skb, .thoff = off, .protocol = IPPROTO_ICMP,
		.flags = flags,
	};
	struct halb_key4 key;
	struct halb_icmp_error error;
	struct rhash_head *node;
	struct icmphdr icmph;
	struct halb_quote q;

	if (ip_is_fragment(ip_hdr(skb)) ||
	    skb_copy_bits(skb, off, &icmph, sizeof(icmph)) ||
	    !is_error4(icmph.type))
		return NF_ACCEPT;
	if (!read_quote4(skb, off + sizeof(icmph), &q))
		return NF_ACCEPT;
	error = (struct halb_icmp_error) {
		icmph.type, icmph.code, ntohs(icmph.un.frag.mtu)
	};
	if (!halb_has_ports(q.protocol))
		return halb_icmp_tunnel(&pkt, &q, &error);
	reversed4(skb, &q, &key.tuple);
	key.hash = halb_hash4(&key.tuple);
	node = halb_conn_lookup4(hn, &key);
	if (!node)
		return halb_icmp_tunnel(&pkt, &q, &error);
	/* what was wrong when it came must not leave with a right checksum */
	if (nf_ip_checksum(skb, NF_INET_PRE_ROUTING, off, IPPROTO_ICMP))
		return halb_drop(&pkt, ICMP_BAD);
	return follow(&pkt, &q, &error, node);
}

/* ICMPv6: see halb_icmp4(). */
unsigned int halb_icmp6(struct halb_net *hn, struct sk_buff *skb, u8 flags)
{
	struct halb_packet pkt = {
		.hn = hn, .skb = skb, .v6 = true, .protocol = IPPROTO_ICMPV6,
		.flags = flags,
	};
	u8 nexthdr = ipv6_hdr(skb)->nexthdr;
	struct halb_key6 key;
	struct halb_icmp_error error;
	struct rhash_head *node;
	struct icmp6hdr icmp6h;
	__be16 frag_off;
	struct halb_quote q;
	int off;

	off = ipv6_skip_exthdr(skb, sizeof(struct ipv6hdr), &nexthdr,
			       &frag_off);
	if (off < 0 || nexthdr != IPPROTO_ICMPV6 || frag_off ||
	    skb_copy_bits(skb, off, &icmp6h, sizeof(icmp6h)) ||
	    !is_error6(icmp6h.icmp6_type))
		return NF_ACCEPT;
	pkt.thoff = off;
	if (!read_quote6(skb, off + sizeof(icmp6h), &q))
		return NF_ACCEPT;
	error = (struct halb_icmp_error) {
		icmp6h.icmp6_type, icmp6h.icmp6_code, ntohl(icmp6h.icmp6_mtu)
	};
	if (!halb_has_ports(q.protocol))
		return halb_icmp_tunnel(&pkt, &q, &error);
	reversed6(skb, &q, &key.tuple);
	key.hash = halb_hash6(&key.tuple);
	node = halb_conn_lookup6(hn, &key);
	if (!node)
		return halb_icmp_tunnel(&pkt, &q, &error);
	if (nf_ip6_checksum(skb, NF_INET_PRE_ROUTING, off, IPPROTO_ICMPV6))
		return halb_drop(&pkt, ICMP_BAD);
	return follow(&pkt, &q, &error, node);
}
