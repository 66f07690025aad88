// SPDX-License-Identifier: GPL-2.0
/*
 * Packets to a VIP that nobody serves.
 */
#include "packet.h"

/**
 * halb_unmatched - a packet without a service
 * @pkt: packet; its destination may be a VIP, or no business of ours
 *
 * Context: softirq, RCU read side. Return: verdict.
 */
unsigned int halb_unmatched(struct halb_packet *pkt)
{
	struct halb_net *hn = pkt->hn;
	u8 rule = READ_ONCE(hn->settings.vip_unmatched);
	u8 af = pkt->v6 ? AF_INET6 : AF_INET;
	union nf_inet_addr vip = {};

	if (pkt->v6)
		vip.in6 = pkt->tuple6.vip;
	else
		vip.ip = pkt->tuple4.vip;
	if (!halb_config_has_vip(rcu_dereference(hn->config), af, &vip))
		return NF_ACCEPT;
	if (rule == HALB_VIP_UNMATCHED_ACCEPT ||
	    pkt->flags & HALB_PACKET_OWN ||
	    halb_addr_is_local(hn->net, af, &vip))
		return halb_pass(pkt, NO_SERVICE);
	if (rule == HALB_VIP_UNMATCHED_REJECT) {
		if (pkt->protocol != IPPROTO_UDP)
			halb_answer_reset(pkt);
		else
			halb_answer_unreachable(pkt);
	}
	return halb_drop(pkt, VIP_UNMATCHED);
}
