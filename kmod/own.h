/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The director's own addresses, as every new flow asks for them: could this
 * source be one? A "no" is certain, a "yes" is looked up in the routing table.
 */
#ifndef _HALB_OWN_H
#define _HALB_OWN_H

#include "net.h"

/**
 * struct halb_own - what the routing tables of a netns have as local
 * @probe: addresses that are local or broadcast by a route of their own. One
 *	that is no longer so stays in it, and costs a lookup in vain
 * @ranges: IPv4 prefixes are local or broadcast: every address is looked up
 * @room: for how many addresses @probe was made
 * @used: addresses in @probe
 * @net: halb in the netns
 * @block: tells us of changes of the routing tables
 * @rcu: to free it
 */
struct halb_own {
	struct halb_probe *probe;
	bool ranges;
	u32 room;
	atomic_t used;
	struct halb_net *net;
	struct notifier_block block;
	struct rcu_head rcu;
};

/* RCU read side */
static inline bool halb_own_maybe4(const struct halb_net *hn, __be32 addr)
{
	const struct halb_own *own = rcu_dereference(hn->own);

	return unlikely(!own || READ_ONCE(own->ranges)) ||
	       halb_probe4(own->probe, addr, HALB_PROBE_OWN);
}

static inline bool halb_own_maybe6(const struct halb_net *hn,
				   const struct in6_addr *addr)
{
	const struct halb_own *own = rcu_dereference(hn->own);

	return unlikely(!own) || halb_probe6(own->probe, addr, HALB_PROBE_OWN);
}

void halb_own_start(struct halb_net *hn);
void halb_own_init(struct halb_net *hn);
void halb_own_stop(struct halb_net *hn);

#endif
