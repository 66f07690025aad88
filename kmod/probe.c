// SPDX-License-Identifier: GPL-2.0
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>

#include "probe.h"

#define HALB_PROBE_BITS_PER_ADDRESS	32
#define HALB_PROBE_MIN_ORDER		9

struct halb_probe *halb_probe_create(u32 addresses, bool exact)
{
	u64 bits = (u64)max(addresses, 1u) * HALB_PROBE_BITS_PER_ADDRESS;
	unsigned int order = max_t(unsigned int, order_base_2(bits),
				   HALB_PROBE_MIN_ORDER);
	/* a third of the places stays free, so that a search soon ends */
	unsigned int set_order = order_base_2(addresses + addresses / 2 + 1);
	struct halb_probe *probe;
	unsigned int side;
	size_t size, set;

	size = struct_size(probe, bits, BITS_TO_LONGS(1UL << order));
	set = exact ? sizeof(probe->set[0]) << set_order : 0;
	probe = kvzalloc(size + set, GFP_KERNEL_ACCOUNT);
	if (!probe)
		return NULL;
	probe->shift = 64 - order;
	if (exact) {
		probe->set_order = set_order;
		probe->set = (void *)probe + size;
		get_random_bytes(&probe->set_key, sizeof(probe->set_key));
	}
	for (side = 0; side < HALB_PROBE_SIDES; side++)
		probe->seed[side] = get_random_u64() | 1;
	return probe;
}

static u64 word_of(u8 af, const union nf_inet_addr *addr)
{
	return af == AF_INET6 ? halb_probe_word6(&addr->in6) :
				(__force u32)addr->ip;
}

/*
 * The address' place in the set, or the free one where it would be. @knows
 * tells which of the two.
 */
static struct halb_probe_entry *find_place(const struct halb_probe *probe,
					   u8 af,
					   const union nf_inet_addr *addr,
					   enum halb_probe_side side,
					   bool *knows)
{
	u32 mask = (1U << probe->set_order) - 1;
	u32 place = siphash(addr, sizeof(*addr), &probe->set_key);

	for (;; place++) {
		struct halb_probe_entry *entry = &probe->set[place & mask];
		/* pairs with halb_probe_add() */
		u8 is = smp_load_acquire(&entry->af);

		*knows = is == af && entry->side == side &&
			 nf_inet_addr_cmp(&entry->addr, addr);
		if (*knows || !is)
			return entry;
	}
}

bool halb_probe_knows(const struct halb_probe *probe, u8 af,
		      const union nf_inet_addr *addr,
		      enum halb_probe_side side)
{
	bool knows;

	find_place(probe, af, addr, side, &knows);
	return knows;
}

bool halb_probe_add(struct halb_probe *probe, u8 af,
		    const union nf_inet_addr *addr, enum halb_probe_side side)
{
	if (probe->set) {
		struct halb_probe_entry *entry;
		bool knows;

		entry = find_place(probe, af, addr, side, &knows);
		if (knows)
			return false;
		entry->addr = *addr;
		entry->side = side;
		/* pairs with find_place() */
		smp_store_release(&entry->af, af);
	}
	set_bit(halb_probe_bit(probe, word_of(af, addr), side), probe->bits);
	return true;
}
