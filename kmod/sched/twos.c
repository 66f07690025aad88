// SPDX-License-Identifier: GPL-2.0
/*
 * twos: of two servers drawn at random by weight, the less loaded one.
 *
 * M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing":
 * nearly as even as the least loaded of all, without the herd that follows a
 * count that is a moment old. Load is that of wlc.
 *
 * The table is a complete binary tree of sums of weights, in which a number
 * below the total leads to a slot. Cost: O(log n), two random numbers, no lock,
 * nothing written. A draw that meets a change of the tree may end at a slot
 * that does not match; then it is drawn again.
 */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "sched.h"

/**
 * struct twos - table of a plan
 * @leaves: number of slots rounded up to a power of two
 * @sum: weights of the available slots below a node, which the root is 1, the
 *	children of i are 2i and 2i + 1, and the slots @leaves and up
 */
struct twos {
	u32 leaves;
	u64 sum[];
};

static u32 twos_weight(const struct halb_slot *slot)
{
	return halb_server_available(slot->server) ? slot->weight : 0;
}

static int twos_build(struct halb_plan *plan)
{
	u32 leaves = roundup_pow_of_two(max(plan->count, 1U));
	struct twos *twos;
	u32 i;

	twos = kvzalloc(struct_size(twos, sum, 2 * (size_t)leaves),
			GFP_KERNEL_ACCOUNT);
	if (!twos)
		return -ENOMEM;
	twos->leaves = leaves;
	for (i = 0; i < plan->count; i++)
		twos->sum[leaves + i] = twos_weight(&plan->slots[i]);
	for (i = leaves - 1; i > 0; i--)
		twos->sum[i] = twos->sum[2 * i] + twos->sum[2 * i + 1];
	plan->table = twos;
	return 0;
}

static void twos_update(struct halb_plan *plan, u32 slot)
{
	struct twos *twos = plan->table;
	u32 p = twos->leaves + slot;

	WRITE_ONCE(twos->sum[p], twos_weight(&plan->slots[slot]));
	while (p >>= 1)
		WRITE_ONCE(twos->sum[p],
			   twos->sum[2 * p] + twos->sum[2 * p + 1]);
}

static const struct halb_slot *twos_draw(const struct halb_plan *plan,
					 u64 total)
{
	const struct twos *twos = plan->table;
	u64 rest = mul_u64_u64_shr(get_random_u64(), total, 64);
	u32 p = 1;

	while (p < twos->leaves) {
		u64 left;

		p *= 2;
		left = READ_ONCE(twos->sum[p]);
		if (rest >= left) {
			rest -= left;
			p++;
		}
	}
	p -= twos->leaves;
	if (unlikely(p >= plan->count || !halb_slot_usable(&plan->slots[p])))
		return NULL;
	return &plan->slots[p];
}

static struct halb_server *twos_pick(struct halb_plan *plan,
				     const struct halb_client *client)
{
	const struct twos *twos = plan->table;
	u32 tries = HALB_SCHED_TRIES;

	halb_sched_catch_up(plan);
	while (tries--) {
		u64 total = READ_ONCE(twos->sum[1]);
		const struct halb_slot *a, *b;

		if (!total)
			break;
		a = twos_draw(plan, total);
		b = twos_draw(plan, total);
		if (unlikely(!a || !b))
			continue;
		return halb_server_load(b->server) * a->weight <
		       halb_server_load(a->server) * b->weight ?
		       b->server : a->server;
	}
	return NULL;
}

const struct halb_sched halb_sched_twos = {
	.name = "twos",
	.build = twos_build,
	.update = twos_update,
	.pick = twos_pick,
	.watch = HALB_WATCH_OVERLOAD,
	.shares = true,
};
