// SPDX-License-Identifier: GPL-2.0
/*
 * Schedulers that choose the best server by its counts of connections: lc,
 * wlc, sed, nq; and by its weight: fo, ovf.
 *
 * The table is a tournament: a complete binary tree over the slots, each inner
 * node of which names the winner of its subtree, so that the root names the
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

#include "sched.h"

enum rule { RULE_LC, RULE_WLC, RULE_SED, RULE_NQ, RULE_FO, RULE_OVF };

/* A weight of 0 never wins against another: a server that may not be chosen. */
struct price {
	u64 cost;
	u32 weight;
};

/**
 * struct least - table of a plan
 * @rule: what is the best server
 * @leaves: number of slots rounded up to a power of two, at least 2
 * @winner: slot that won the subtree of a node; the root is 1, the children of
 *	node i are 2i and 2i + 1, the slots are nodes @leaves and up
 * @price: of each slot
 */
struct least {
	enum rule rule;
	u32 leaves;
	u32 *winner;
	struct price price[];
};

static struct price price_of(enum rule rule, const struct halb_slot *slot)
{
	const struct halb_server *server = slot->server;
	u32 active = max(atomic_read(&server->active), 0);
	struct price price = { .cost = 1 };

	if (!halb_slot_usable(slot))
		return price;
	price.weight = slot->weight;
	switch (rule) {
	case RULE_LC:
		price.weight = 1;
		fallthrough;
	case RULE_WLC:
		price.cost = halb_server_load(server);
		break;
	case RULE_NQ:
		/* an idle server at once, whatever its weight */
		price.cost = active ? (u64)active + 1 : 0;
		break;
	case RULE_SED:
		price.cost = (u64)active + 1;
		break;
	case RULE_OVF:
		if (active > slot->weight) {
			price.weight = 0;
			break;
		}
		fallthrough;
	case RULE_FO:
		price.cost = U32_MAX - slot->weight;
		price.weight = 1;
		break;
	}
	return price;
}

/* @b must be better to win; 2^41 connections times 2^16 do not overflow */
static u32 match(const struct least *least, u32 a, u32 b)
{
	const struct price *x = &least->price[a], *y = &least->price[b];

	return y->cost * x->weight < x->cost * y->weight ? b : a;
}

static u32 winner(const struct least *least, u32 p)
{
	return p < least->leaves ? least->winner[p] : p - least->leaves;
}

static u32 play(const struct least *least, u32 p)
{
	return match(least, winner(least, 2 * p), winner(least, 2 * p + 1));
}

static void least_update(struct halb_plan *plan, u32 slot)
{
	struct least *least = plan->table;
	u32 p = least->leaves + slot;
	struct price price;

	price = price_of(least->rule, &plan->slots[slot]);
	least->price[slot].cost = price.cost;
	/* read by picks that do not hold the lock */
	WRITE_ONCE(least->price[slot].weight, price.weight);
	while (p >>= 1) {
		u32 won = play(least, p);

		/* a match between others has the result that it had */
		if (won != slot && won == least->winner[p])
			break;
		WRITE_ONCE(least->winner[p], won);
	}
}

static int least_build(struct halb_plan *plan, enum rule rule)
{
	u32 leaves = roundup_pow_of_two(max(plan->count, 2U));
	struct least *least;
	u32 i;

	least = kvzalloc(struct_size(least, price, leaves) +
			 leaves * sizeof(*least->winner), GFP_KERNEL_ACCOUNT);
	if (!least)
		return -ENOMEM;
	least->rule = rule;
	least->leaves = leaves;
	least->winner = (u32 *)&least->price[leaves];
	for (i = 0; i < plan->count; i++)
		least->price[i] = price_of(rule, &plan->slots[i]);
	for (i = leaves - 1; i > 0; i--)
		least->winner[i] = play(least, i);
	plan->table = least;
	return 0;
}

static struct halb_server *least_pick(struct halb_plan *plan,
				      const struct halb_client *client)
{
	struct halb_service *service = plan->service;
	const struct least *least = plan->table;
	u32 tries = HALB_SCHED_TRIES;

	halb_sched_catch_up(plan);
	while (tries--) {
		u32 best = READ_ONCE(least->winner[1]);
		struct halb_server *server;

		if (!READ_ONCE(least->price[best].weight))
			break;
		server = plan->slots[best].server;
		if (likely(halb_server_available(server)))
			return server;
		/* it will say so itself in a moment; do not wait */
		spin_lock(&service->sched_lock);
		least_update(plan, best);
		spin_unlock(&service->sched_lock);
	}
	return NULL;
}

static int lc_build(struct halb_plan *plan)
{
	return least_build(plan, RULE_LC);
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
	return least_build(plan, RULE_WLC);
}

const struct halb_sched halb_sched_wlc = {
	.name = "wlc",
	.build = wlc_build,
	.update = least_update,
	.pick = least_pick,
	.watch = HALB_WATCH_CONNS,
};

static int sed_build(struct halb_plan *plan)
{
	return least_build(plan, RULE_SED);
}

const struct halb_sched halb_sched_sed = {
	.name = "sed",
	.build = sed_build,
	.update = least_update,
	.pick = least_pick,
	.watch = HALB_WATCH_CONNS,
};

static int nq_build(struct halb_plan *plan)
{
	return least_build(plan, RULE_NQ);
}

const struct halb_sched halb_sched_nq = {
	.name = "nq",
	.build = nq_build,
	.update = least_update,
	.pick = least_pick,
	.watch = HALB_WATCH_CONNS,
};

static int fo_build(struct halb_plan *plan)
{
	return least_build(plan, RULE_FO);
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
	return least_build(plan, RULE_OVF);
}

const struct halb_sched halb_sched_ovf = {
	.name = "ovf",
	.build = ovf_build,
	.update = least_update,
	.pick = least_pick,
	.watch = HALB_WATCH_CONNS,
};
