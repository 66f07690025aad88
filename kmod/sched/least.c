// SPDX-License-Identifier: GPL-2.0
/*
 * Schedulers that choose the best server by its counts of connections: lc,
 * wlc, sed, nq; and by its weight: fo, ovf.
 *
 * The table is a tournament: a complete binary tree over the slots, each inner
 * node of which holds the winner of its subtree, so that the root holds the
 * server for the next flow. A server whose counts changed plays its matches
 * again up to the root, O(log n); watch.c says when.
 *
 * Cost is a fraction, cost / weight, compared without dividing. Of equal ones
 * the server that comes first in the list wins, as a scan over the list would
 * have it, and as ip_vs has it.
 */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "least.h"

/**
 * struct entry - a server in the tournament
 * @cost: numerator of its cost
 * @weight: denominator; 0 never wins against another: may not be chosen
 * @slot: of the server
 */
struct entry {
	u64 cost;
	u32 weight;
	u32 slot;
};

/**
 * struct halb_least - the tournament of a plan
 * @rule: what is the best server
 * @leaves: number of slots rounded up to a power of two
 * @node: the root is 1, the children of node i are 2i and 2i + 1, the slots
 *	are nodes @leaves and up; each is a copy of the winner below it, so that
 *	a match reads one place only
 */
struct halb_least {
	enum halb_least_rule rule;
	u32 leaves;
	struct entry node[];
};

static struct entry entry_of(enum halb_least_rule rule,
			     const struct halb_plan *plan, u32 index)
{
	const struct halb_slot *slot = &plan->slots[index];
	const struct halb_server *server = slot->server;
	u32 active = max(atomic_read(&server->active), 0);
	struct entry entry = { .cost = 1, .slot = index };

	if (!halb_slot_usable(slot))
		return entry;
	entry.weight = slot->weight;
	switch (rule) {
	case HALB_LEAST_LC:
		entry.weight = 1;
		fallthrough;
	case HALB_LEAST_WLC:
		entry.cost = halb_server_load(server);
		break;
	case HALB_LEAST_NQ:
		/* an idle server at once, whatever its weight */
		entry.cost = active ? (u64)active + 1 : 0;
		break;
	case HALB_LEAST_SED:
		entry.cost = (u64)active + 1;
		break;
	case HALB_LEAST_OVF:
		if (active > slot->weight) {
			entry.weight = 0;
			break;
		}
		fallthrough;
	case HALB_LEAST_FO:
		entry.cost = U32_MAX - slot->weight;
		entry.weight = 1;
		break;
	}
	return entry;
}

/* Whether @b beats @a, which comes before it; 2^40 times 2^16 fits. */
static bool beats(const struct entry *b, const struct entry *a)
{
	return b->cost * a->weight < a->cost * b->weight;
}

/**
 * halb_least_update - a server in a slot plays again
 * @least: tournament
 * @plan: its plan
 * @slot: slot
 *
 * Context: under &halb_service.sched_lock.
 */
void halb_least_update(struct halb_least *least, const struct halb_plan *plan,
		       u32 slot)
{
	struct entry entry = entry_of(least->rule, plan, slot);
	struct entry *node = least->node, *other;
	u32 p = least->leaves + slot;

	do {
		/* a match between others has the result that it had */
		if (entry.slot != slot && entry.slot == node[p].slot)
			break;
		node[p].cost = entry.cost;
		/* read at the root by picks that do not hold the lock */
		WRITE_ONCE(node[p].weight, entry.weight);
		WRITE_ONCE(node[p].slot, entry.slot);

		/*
		 * Whether the other one beats it; of equal ones the left one
		 * wins, whose number is even. The root plays with node 0, for
		 * nothing.
		 */
		other = &node[p ^ 1];
		if (other->cost * entry.weight <
		    entry.cost * other->weight + (p & 1))
			entry = *other;
		p >>= 1;
	} while (p);
}

/**
 * halb_least_create - a tournament, played
 * @plan: plan, its slots filled
 * @rule: what is the best server
 *
 * Context: process, may sleep. Return: NULL without memory; free by kvfree().
 */
struct halb_least *halb_least_create(const struct halb_plan *plan,
				     enum halb_least_rule rule)
{
	u32 leaves = roundup_pow_of_two(max(plan->count, 1U));
	struct halb_least *least;
	u32 i;

	least = kvzalloc(struct_size(least, node, 2 * (size_t)leaves),
			 GFP_KERNEL_ACCOUNT);
	if (!least)
		return NULL;
	least->rule = rule;
	least->leaves = leaves;
	for (i = 0; i < leaves; i++)
		least->node[leaves + i] = i < plan->count ?
					  entry_of(rule, plan, i) :
					  (struct entry) { .cost = 1 };
	for (i = leaves - 1; i > 0; i--) {
		const struct entry *pair = &least->node[2 * i];

		least->node[i] = pair[beats(&pair[1], &pair[0])];
	}
	return least;
}

/**
 * halb_least_best - the server that won
 * @least: tournament
 * @plan: its plan
 *
 * Context: as &halb_sched.pick. Return: NULL if none is available.
 */
struct halb_server *halb_least_best(struct halb_least *least,
				    const struct halb_plan *plan)
{
	struct halb_service *service = plan->service;
	const struct entry *best = &least->node[1];
	u32 tries = HALB_SCHED_TRIES;

	while (tries--) {
		struct halb_server *server;
		u32 slot;

		if (!READ_ONCE(best->weight))
			break;
		slot = READ_ONCE(best->slot);
		server = plan->slots[slot].server;
		if (likely(halb_server_available(server)))
			return server;
		/* it will say so itself in a moment; do not wait */
		spin_lock(&service->sched_lock);
		halb_least_update(least, plan, slot);
		spin_unlock(&service->sched_lock);
	}
	return NULL;
}

static int least_build(struct halb_plan *plan, enum halb_least_rule rule)
{
	plan->table = halb_least_create(plan, rule);
	return plan->table ? 0 : -ENOMEM;
}

static void least_update(struct halb_plan *plan, u32 slot)
{
	halb_least_update(plan->table, plan, slot);
}

static struct halb_server *least_pick(struct halb_plan *plan,
				      const struct halb_client *client)
{
	halb_sched_catch_up(plan);
	return halb_least_best(plan->table, plan);
}

static int lc_build(struct halb_plan *plan)
{
	return least_build(plan, HALB_LEAST_LC);
}

const struct halb_sched halb_sched_lc = {
	.name = "lc",
	.build = lc_build,
	.update = least_update,
	.pick = least_pick,
	.watch = HALB_WATCH_CONNS,
};

static int wlc_build(struct halb_plan *plan)
{
	return least_build(plan, HALB_LEAST_WLC);
}

const struct halb_sched halb_sched_wlc = {
	.name = "wlc",
	.build = wlc_build,
	.update = least_update,
	.pick = least_pick,
	.watch = HALB_WATCH_CONNS,
	.shares = true,
};

static int sed_build(struct halb_plan *plan)
{
	return least_build(plan, HALB_LEAST_SED);
}

const struct halb_sched halb_sched_sed = {
	.name = "sed",
	.build = sed_build,
	.update = least_update,
	.pick = least_pick,
	.watch = HALB_WATCH_CONNS,
	.shares = true,
};

static int nq_build(struct halb_plan *plan)
{
	return least_build(plan, HALB_LEAST_NQ);
}

const struct halb_sched halb_sched_nq = {
	.name = "nq",
	.build = nq_build,
	.update = least_update,
	.pick = least_pick,
	.watch = HALB_WATCH_CONNS,
	.shares = true,
};

static int fo_build(struct halb_plan *plan)
{
	return least_build(plan, HALB_LEAST_FO);
}

const struct halb_sched halb_sched_fo = {
	.name = "fo",
	.build = fo_build,
	.update = least_update,
	.pick = least_pick,
	.watch = HALB_WATCH_OVERLOAD,
};

static int ovf_build(struct halb_plan *plan)
{
	return least_build(plan, HALB_LEAST_OVF);
}

const struct halb_sched halb_sched_ovf = {
	.name = "ovf",
	.build = ovf_build,
	.update = least_update,
	.pick = least_pick,
	.watch = HALB_WATCH_CONNS,
};
