/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cheap question that every packet of the netns pays for: could this
 * address be a VIP, or a server whose replies we translate? One bitmap,
 * indexed by a hash of the address that differs for the two questions. A "no"
 * is certain; a "yes" is looked up, among the connections, or for what has no
 * ports to look up in the set of the addresses themselves behind the bitmap.
 */
#ifndef _HALB_PROBE_H
#define _HALB_PROBE_H

#include <linux/bitops.h>
#include <linux/in6.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/siphash.h>

enum halb_probe_side {
	HALB_PROBE_VIP,
	HALB_PROBE_REPLY,
	HALB_PROBE_SIDES,
	/* in a probe that holds nothing else, see own.h */
	HALB_PROBE_OWN = HALB_PROBE_VIP,
};

/**
 * struct halb_probe_entry - one address of an exact probe
 * @addr: address, unused bytes zero
 * @side: &enum halb_probe_side
 * @af: its family, written last; 0: the place is free
 */
struct halb_probe_entry {
	union nf_inet_addr addr;
	u8 side;
	u8 af;
};

/**
 * struct halb_probe - bitmap of addresses
 * @shift: 64 less the number of index bits
 * @set_order: the set has two to the power of this places
 * @seed: random multipliers, odd, one for each side
 * @set: the addresses by a hash, in the next free place; or NULL
 * @set_key: of that hash; the bitmap's, which all packets pay for, is a weak one
 * @rcu: to free it
 * @bits: of both sides
 */
struct halb_probe {
	unsigned int shift;
	unsigned int set_order;
	u64 seed[HALB_PROBE_SIDES];
	struct halb_probe_entry *set;
	siphash_key_t set_key;
	struct rcu_head rcu;
	unsigned long bits[];
};

static inline unsigned long halb_probe_bit(const struct halb_probe *probe,
					   u64 word, enum halb_probe_side side)
{
	return (word * probe->seed[side]) >> probe->shift;
}

/* A word shifted, not a bit: every packet asks this twice. */
static inline bool halb_probe_word(const struct halb_probe *probe, u64 word,
				   enum halb_probe_side side)
{
	unsigned long bit = halb_probe_bit(probe, word, side);

	return probe->bits[BIT_WORD(bit)] >> (bit % BITS_PER_LONG) & 1;
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
	return halb_probe_word(probe, (__force u32)addr, side);
}

static inline bool halb_probe6(const struct halb_probe *probe,
			       const struct in6_addr *addr,
			       enum halb_probe_side side)
{
	return halb_probe_word(probe, halb_probe_word6(addr), side);
}

/**
 * halb_probe_create - an empty probe
 * @addresses: how many it is going to hold; with a set, at most
 * @exact: with a set of them, for halb_probe_knows()
 *
 * Thirty-two bits per address: a foreign packet, whose two addresses are asked
 * for, is taken for ours once in sixteen times at worst, typically far less,
 * and then looked up in vain.
 *
 * Context: process, may sleep. Return: the probe or NULL.
 */
struct halb_probe *halb_probe_create(u32 addresses, bool exact);

/**
 * halb_probe_add - puts in an address
 * @probe: probe
 * @af: family
 * @addr: address, unused bytes zero
 * @side: what it is
 *
 * Context: any, beside readers; of an exact probe, one caller at a time.
 * Return: false if the probe is exact and knows it already.
 */
bool halb_probe_add(struct halb_probe *probe, u8 af,
		    const union nf_inet_addr *addr, enum halb_probe_side side);

/**
 * halb_probe_knows - whether an address is in an exact probe
 * @probe: probe
 * @af: family
 * @addr: address, unused bytes zero
 * @side: as what
 *
 * A removed address is known until the probe is made anew (probe_set.h).
 *
 * Context: any. Return: yes or no, both certain.
 */
bool halb_probe_knows(const struct halb_probe *probe, u8 af,
		      const union nf_inet_addr *addr,
		      enum halb_probe_side side);

#endif
