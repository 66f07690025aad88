/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which servers have served a destination: the memory of lblc and lblcr, see
 * locality.c.
 */
#ifndef _HALB_LOCALITY_H
#define _HALB_LOCALITY_H

#include <linux/list.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>

#include "../compat.h"
#include "../now.h"

/* Seconds without a flow until a destination is forgotten: ip_vs's day. */
#define HALB_LOCALITY_TIMEOUT	86400U
/* Servers of a destination at most. */
#define HALB_LOCALITY_SERVERS	32U

struct halb_locality;

/**
 * struct halb_place - a destination
 * @node: in its bucket
 * @rcu: frees it
 * @addr: address
 * @used: halb_now() of its last flow
 * @changed: halb_now() when @servers were set
 * @count: number of @servers
 * @servers: names of servers, see halb_locality_name(); newest first
 *
 * Nothing but @used ever changes: other servers make another place of it.
 */
struct halb_place {
	struct hlist_node node;
	struct rcu_head rcu;
	union nf_inet_addr addr;
	u32 used;
	u32 changed;
	u32 count;
	u64 servers[] __counted_by(count);
};

struct halb_locality *halb_locality_create(void);
void halb_locality_hold(struct halb_locality *locality);
void halb_locality_put(struct halb_locality *locality);

u64 halb_locality_name(const struct halb_locality *locality, u8 af,
		       const union nf_inet_addr *addr, __be16 port);

struct halb_place *halb_locality_find(const struct halb_locality *locality,
				      const union nf_inet_addr *addr);
void halb_locality_set(struct halb_locality *locality,
		       const struct halb_place *seen,
		       const union nf_inet_addr *addr,
		       const u64 *servers, u32 count);

/* A flow to the place. */
static inline void halb_place_use(struct halb_place *place)
{
	u32 now = halb_now();

	if (READ_ONCE(place->used) != now)
		WRITE_ONCE(place->used, now);
}

#endif
