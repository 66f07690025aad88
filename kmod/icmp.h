/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ICMP errors and the packets that they quote.
 */
#ifndef _HALB_ICMP_H
#define _HALB_ICMP_H

#include "packet.h"

/**
 * struct halb_quote - the packet that an ICMP error quotes
 * @off: offset of its IP header from skb->data
 * @thoff: offset of its transport header
 * @protocol: its transport protocol
 */
struct halb_quote {
	unsigned int off;
	unsigned int thoff;
	u8 protocol;
};

struct halb_ports {
	__be16 source;
	__be16 dest;
};

/* TCP, UDP and SCTP quotes have eight bytes of transport header at least. */
#define HALB_QUOTED_TRANSPORT	8

/**
 * struct halb_icmp_error - the header of an ICMP or ICMPv6 error
 * @type: its type
 * @code: its code
 * @mtu: of what says that a packet was too big, else without meaning
 */
struct halb_icmp_error {
	u8 type;
	u8 code;
	u32 mtu;
};

static inline bool halb_has_ports(u8 protocol)
{
	return halb_transport_need(protocol);
}

/* icmp.c: */
bool halb_quote_read(struct sk_buff *skb, unsigned int off, bool v6,
		     struct halb_quote *q);
bool halb_icmp_says_unreachable(bool v6, const struct halb_icmp_error *error);

/* icmp_tunnel.c: */
unsigned int halb_icmp_tunnel(struct halb_packet *pkt,
			      const struct halb_quote *q,
			      const struct halb_icmp_error *error);

#endif
