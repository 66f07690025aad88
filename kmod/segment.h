/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TCP segments and SCTP aborts that halb itself sends in the name of a VIP or a
 * server.
 */
#ifndef _HALB_SEGMENT_H
#define _HALB_SEGMENT_H

#include <linux/netfilter.h>

struct halb_net;

/**
 * struct halb_segment - a segment without data and options, or an ABORT
 * @from: source address
 * @to: destination address
 * @sport: source port
 * @dport: destination port
 * @seq: sequence number (TCP)
 * @ack_seq: acknowledgment number (TCP)
 * @vtag: verification tag (SCTP)
 * @mark: firewall mark of the packet
 * @protocol: IPPROTO_TCP or IPPROTO_SCTP
 * @flags: HALB_TCP_*, or the flags of the chunk ABORT
 * @v6: IPv6
 */
struct halb_segment {
	union nf_inet_addr from;
	union nf_inet_addr to;
	__be16 sport;
	__be16 dport;
	__be32 seq;
	__be32 ack_seq;
	__be32 vtag;
	u32 mark;
	u8 protocol;
	u8 flags;
	bool v6;
};

bool halb_segment_send(struct halb_net *hn, const struct halb_segment *segment);

#endif
