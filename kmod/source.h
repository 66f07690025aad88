/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HALB_SOURCE_H
#define _HALB_SOURCE_H

#include <linux/netdevice.h>
#include <linux/netfilter.h>

struct halb_net;

/**
 * struct halb_source - what a new flow says of where it comes from
 * @client: source address
 * @vip: destination
 * @dev: where it came in, or NULL to leave that out of account
 * @mark: firewall mark
 * @v6: IPv6
 */
struct halb_source {
	const union nf_inet_addr *client;
	const union nf_inet_addr *vip;
	struct net_device *dev;
	u32 mark;
	bool v6;
};

/* what halb_source_refuse() returns for a good one */
#define HALB_SOURCE_OK	(-1)

int halb_source_refuse(struct halb_net *hn, const struct halb_source *source);

#endif
