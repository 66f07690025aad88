/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HALB_XMIT_H
#define _HALB_XMIT_H

#include <linux/limits.h>
#include <linux/netfilter.h>

/* not a verdict: the next step decides */
#define HALB_GO_ON	UINT_MAX

/**
 * struct halb_way - how one packet leaves
 * @to: where to; the neighbour, if the route has no gateway
 * @fragment: too large for the way, and may be cut
 */
struct halb_way {
	const union nf_inet_addr *to;
	bool fragment;
};

#endif
