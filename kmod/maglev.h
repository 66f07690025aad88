/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Weighted Maglev hashing: a lookup table that spreads flows over members by
 * weight and changes little when members come and go.
 *
 * The table depends on nothing but the members, their weights and the size, so
 * every director builds the same one, whatever the order in which the members
 * were configured. It is a shared contract: a director that computes anything
 * differently sends the flows that it takes over to other servers.
 */
#ifndef _HALB_MAGLEV_H
#define _HALB_MAGLEV_H

#include <linux/types.h>

#define HALB_MAGLEV_ID_LEN	20
#define HALB_MAGLEV_WEIGHT_MAX	65535
#define HALB_MAGLEV_MEMBERS_MAX	65535
#define HALB_MAGLEV_NONE	0xffff	/* no member */

/**
 * struct halb_maglev_member - one that takes a share of the table
 * @id: what names it on every director, see halb_maglev_id()
 * @weight: 0 .. HALB_MAGLEV_WEIGHT_MAX; no share for 0
 */
struct halb_maglev_member {
	u8 id[HALB_MAGLEV_ID_LEN];
	u32 weight;
};

void halb_maglev_id(u8 id[HALB_MAGLEV_ID_LEN], bool ipv6, const void *addr,
		    __be16 port);
u32 halb_maglev_size(u32 count);
int halb_maglev_build(const struct halb_maglev_member *members, u32 count,
		      u16 *table, u32 size);

u32 halb_maglev_hash4(__be32 addr, __be16 port, u32 attempt);
u32 halb_maglev_hash6(const __be32 addr[4], __be16 port, u32 attempt);

/**
 * halb_maglev_lookup - member for a hash
 * @table: made by halb_maglev_build()
 * @size: its size
 * @hash: from halb_maglev_hash4() or halb_maglev_hash6()
 *
 * Return: index of the member, or HALB_MAGLEV_NONE.
 */
static inline u16 halb_maglev_lookup(const u16 *table, u32 size, u32 hash)
{
	return table[(u64)hash * size >> 32];
}

#ifdef DEBUG
bool halb_maglev_selftest(void);
#endif

#endif
