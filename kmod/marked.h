/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Services by mark take packets to whatever destination.
 */
#ifndef _HALB_MARKED_H
#define _HALB_MARKED_H

#include "config.h"
#include "net.h"

/* Has a flow of a service by mark gone to this destination? */
static __always_inline bool halb_was_marked4(const struct halb_net *hn, __be32 addr)
{
	const struct halb_probe *marked = rcu_dereference(hn->marked);

	return unlikely(marked) && halb_probe4(marked, addr, HALB_PROBE_VIP);
}

static __always_inline bool halb_was_marked6(const struct halb_net *hn,
					const struct in6_addr *addr)
{
	const struct halb_probe *marked = rcu_dereference(hn->marked);

	return unlikely(marked) && halb_probe6(marked, addr, HALB_PROBE_VIP);
}

static inline bool halb_has_mark_service(const struct halb_net *hn, u32 mark, u8 af)
{
	struct halb_service_key key;

	if (!mark)
		return false;
	memset(&key, 0, sizeof(key));
	key.fwmark = mark;
	key.af = af;
	return halb_config_find(rcu_dereference(hn->config), &key);
}

#endif
