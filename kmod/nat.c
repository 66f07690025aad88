// SPDX-License-Identifier: GPL-2.0
/*
 * Rewriting of addresses and ports, with checksums adjusted, never computed:
 * a wrong checksum stays wrong.
 */
#include <linux/skbuff.h>
#include <net/checksum.h>
#include <net/ip.h>

#include "packet.h"
#include "sctp.h"

static __sum16 *checksum_of(const struct halb_packet *pkt)
{
	return pkt->protocol == IPPROTO_TCP ? &halb_tcp_hdr(pkt)->check :
					      &halb_udp_hdr(pkt)->check;
}

/*
 * UDP over IPv4 may have no checksum (RFC 768): then there is nothing to
 * adjust, and zero stays zero. SCTP has a CRC, which covers its ports only: see
 * halb_sctp_mend().
 */
static bool has_checksum(const struct halb_packet *pkt)
{
	if (pkt->protocol == IPPROTO_SCTP)
		return false;
	return pkt->protocol != IPPROTO_UDP || halb_udp_hdr(pkt)->check ||
	       pkt->skb->ip_summed == CHECKSUM_PARTIAL;
}

/* A UDP checksum that comes out as zero is sent as all ones. */
static void mend_zero(const struct halb_packet *pkt)
{
	struct udphdr *uh = halb_udp_hdr(pkt);

	if (pkt->protocol == IPPROTO_UDP && !uh->check &&
	    pkt->skb->ip_summed != CHECKSUM_PARTIAL)
		uh->check = CSUM_MANGLED_0;
}

static void rewrite_port(struct halb_packet *pkt, bool sum, __be16 *port,
			 __be16 new)
{
	if (sum)
		inet_proto_csum_replace2(checksum_of(pkt), pkt->skb, *port, new,
					 false);
	else if (pkt->protocol == IPPROTO_SCTP)
		halb_sctp_mend(pkt, port, new);
	*port = new;
}

static void rewrite_addr4(struct halb_packet *pkt, bool sum, __be32 *addr,
			  __be32 new)
{
	if (sum)
		inet_proto_csum_replace4(checksum_of(pkt), pkt->skb, *addr, new,
					 true);
	csum_replace4(&ip_hdr(pkt->skb)->check, *addr, new);
	*addr = new;
}

static void rewrite_addr6(struct halb_packet *pkt, bool sum,
			  struct in6_addr *addr, const struct in6_addr *new)
{
	if (sum)
		inet_proto_csum_replace16(checksum_of(pkt), pkt->skb,
					  addr->s6_addr32, new->s6_addr32,
					  true);
	*addr = *new;
}

/* the transport header up to its checksum */
static bool make_writable(const struct halb_packet *pkt)
{
	return !skb_ensure_writable(pkt->skb, pkt->thoff +
				    halb_transport_need(pkt->protocol));
}

/* fullnat: what the server sees as client */
static void set_source(struct halb_packet *pkt, bool sum,
		       const struct halb_conn *conn)
{
	struct udphdr *ports = halb_udp_hdr(pkt);

	if (pkt->v6) {
		rewrite_port(pkt, sum, &ports->source, conn->source6.port);
		rewrite_addr6(pkt, sum, &ipv6_hdr(pkt->skb)->saddr,
			      &conn->source6.addr);
	} else {
		rewrite_port(pkt, sum, &ports->source, conn->source4.port);
		rewrite_addr4(pkt, sum, &ip_hdr(pkt->skb)->saddr,
			      conn->source4.addr);
	}
}

/* fullnat: back to whom the server does not know */
static void set_client(struct halb_packet *pkt, bool sum,
		       const struct halb_conn *conn)
{
	struct udphdr *ports = halb_udp_hdr(pkt);

	if (pkt->v6) {
		rewrite_port(pkt, sum, &ports->dest, conn->tuple6.cport);
		rewrite_addr6(pkt, sum, &ipv6_hdr(pkt->skb)->daddr,
			      &conn->tuple6.client);
	} else {
		rewrite_port(pkt, sum, &ports->dest, conn->tuple4.cport);
		rewrite_addr4(pkt, sum, &ip_hdr(pkt->skb)->daddr,
			      conn->tuple4.client);
	}
}

/**
 * halb_nat_to_server - rewrites destination address and port, and the source
 * @pkt: packet from the client
 * @conn: its connection
 *
 * Return: false if there was no memory to make the headers writable.
 */
bool halb_nat_to_server(struct halb_packet *pkt, const struct halb_conn *conn)
{
	const struct halb_server *server = conn->server;
	struct udphdr *ports;
	bool sum;

	if (unlikely(!make_writable(pkt)))
		return false;
	ports = halb_udp_hdr(pkt);
	sum = has_checksum(pkt);
	rewrite_port(pkt, sum, &ports->dest,
		     halb_conn_server_port(conn, ports->dest));
	if (pkt->v6)
		rewrite_addr6(pkt, sum, &ipv6_hdr(pkt->skb)->daddr,
			      &server->addr.in6);
	else
		rewrite_addr4(pkt, sum, &ip_hdr(pkt->skb)->daddr, server->addr.ip);
	if (server->method == HALB_METHOD_FULLNAT)
		set_source(pkt, sum, conn);
	if (sum)
		mend_zero(pkt);
	return true;
}

/**
 * halb_nat_to_client - rewrites source address and port, and the destination
 * @pkt: packet from the server
 * @conn: its connection
 *
 * Return: false if there was no memory to make the headers writable.
 */
bool halb_nat_to_client(struct halb_packet *pkt, const struct halb_conn *conn)
{
	struct udphdr *ports;
	bool sum;

	if (unlikely(!make_writable(pkt)))
		return false;
	ports = halb_udp_hdr(pkt);
	sum = has_checksum(pkt);
	if (pkt->v6) {
		rewrite_port(pkt, sum, &ports->source, conn->tuple6.vport);
		rewrite_addr6(pkt, sum, &ipv6_hdr(pkt->skb)->saddr,
			      &conn->tuple6.vip);
	} else {
		rewrite_port(pkt, sum, &ports->source, conn->tuple4.vport);
		rewrite_addr4(pkt, sum, &ip_hdr(pkt->skb)->saddr, conn->tuple4.vip);
	}
	if (conn->server->method == HALB_METHOD_FULLNAT)
		set_client(pkt, sum, conn);
	if (sum)
		mend_zero(pkt);
	return true;
}
