// SPDX-License-Identifier: GPL-2.0
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>

#include "probe.h"

#define HALB_PROBE_BITS_PER_ADDRESS	32
#define HALB_PROBE_MIN_ORDER		9

struct halb_probe *halb_probe_create(u32 addresses)
{
	u64 bits = (u64)max(addresses, 1u) * HALB_PROBE_BITS_PER_ADDRESS;
	unsigned int order = max_t(unsigned int, ilog2(roundup_pow_of_two(bits)),
				   HALB_PROBE_MIN_ORDER);
	struct halb_probe *probe;
	unsigned int side;

	probe = kvzalloc(struct_size(probe, bits, BITS_TO_LONGS(1UL << order)),
			 GFP_KERNEL_ACCOUNT);
	if (!probe)
		return NULL;
	probe->shift = 64 - order;
	for (side = 0; side < HALB_PROBE_SIDES; side++)
		probe->seed[side] = get_random_u64() | 1;
	return probe;
}

void halb_probe_add(struct halb_probe *probe, u8 af,
		    const union nf_inet_addr *addr, enum halb_probe_side side)
{
	u64 word = af == AF_INET6 ? halb_probe_word6(&addr->in6) :
				    (__force u32)addr->ip;

	set_bit(halb_probe_bit(probe, word, side), probe->bits);
}
