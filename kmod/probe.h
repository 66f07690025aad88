/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cheap question that every packet of the netns pays for: could this
 * address be a VIP, or a server whose replies we translate? Two bitmaps
 * indexed by a hash of the address. A "no" is certain; a "yes" is looked up.
 */
#ifndef _HALB_PROBE_H
#define _HALB_PROBE_H

#include <linux/bitops.h>
#include <linux/in6.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>

/**
 * struct halb_probe - bitmaps of addresses
 * @shift: 64 less the number of index bits
 * @seed: random multiplier, odd
 * @rcu: to free it
 * @bits: VIPs at the even bits, reply sources at the odd ones
 */
struct halb_probe {
	unsigned int shift;
	u64 seed;
	struct rcu_head rcu;
	unsigned long bits[];
};

enum halb_probe_side { HALB_PROBE_VIP, HALB_PROBE_REPLY };

static inline unsigned long halb_probe_bit(const struct halb_probe *probe,
					   u64 word, enum halb_probe_side side)
{
	return (word * probe->seed) >> probe->shift << 1 | side;
}

static inline u64 halb_probe_word6(const struct in6_addr *addr)
{
	u32 a = (__force u32)addr->s6_addr32[0] + (__force u32)addr->s6_addr32[1] * 31;
	u32 b = (__force u32)addr->s6_addr32[2] * 31 + (__force u32)addr->s6_addr32[3];

	return (u64)a << 32 | b;
}

static inline bool halb_probe4(const struct halb_probe *probe, __be32 addr,
			       enum halb_probe_side side)
{
	unsigned long bit = halb_probe_bit(probe, (__force u32)addr, side);

	return probe->bits[BIT_WORD(bit)] & BIT_MASK(bit);
}

static inline bool halb_probe6(const struct halb_probe *probe,
			       const struct in6_addr *addr,
			       enum halb_probe_side side)
{
	unsigned long bit = halb_probe_bit(probe, halb_probe_word6(addr), side);

	return probe->bits[BIT_WORD(bit)] & BIT_MASK(bit);
}

/**
 * halb_probe_create - an empty probe
 * @addresses: how many it is going to hold
 *
 * Sixteen bits per address: a foreign address is taken for ours once in
 * sixteen times at worst, typically far less, and then looked up in vain.
 *
 * Context: process, may sleep. Return: the probe or NULL.
 */
struct halb_probe *halb_probe_create(u32 addresses);
void halb_probe_add(struct halb_probe *probe, u8 af,
		    const union nf_inet_addr *addr, enum halb_probe_side side);

#endif
