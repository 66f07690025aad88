// SPDX-License-Identifier: GPL-2.0
/*
 * rr and wrr: the servers in turn.
 *
 * wrr is ip_vs's: in a pass, every server of at least the present weight gets
 * one flow, in the order of the servers, newest first. The present weight
 * starts at the greatest weight and falls by the greatest common divisor of
 * all weights from pass to pass. rr is wrr where every weight is 1.
 *
 * Both go on where they were when servers change: rr behind the server that it
 * chose last, wrr with the first server of the pass, as ip_vs does.
 *
 * Cost: one compare-and-swap on the service's position, which all CPUs share;
 * O(log n) to find the next server, one comparison if that is the next in the
 * list. No lock.
 */
#include <linux/gcd.h>
#include <linux/kernel.h>

#include "max_tree.h"
#include "sched.h"

/**
 * struct robin - table of a plan
 * @step: by which the present weight falls
 * @top: present weight of the first pass; the last pass has 1
 * @tree: weights by slot, 0 for servers that are not available
 */
struct robin {
	u32 step;
	u32 top;
	struct halb_max_tree *tree;
};

/*
 * The position: present weight in the upper half, below it the slot chosen
 * last, counted from the end from 1, so that it stays the same server when a
 * new one takes its place at the front. 0: none yet.
 */
static s64 encode(u32 weight, u32 place)
{
	return (u64)weight << 32 | place;
}

static u32 position_weight(s64 position)
{
	return (u64)position >> 32;
}

static u32 position_place(s64 position)
{
	return (u32)position;
}

static void robin_destroy(void *table)
{
	struct robin *robin = table;

	kvfree(robin->tree);
	kfree(robin);
}

static u16 rr_weight(const struct halb_plan *plan, u32 slot)
{
	return halb_slot_usable(&plan->slots[slot]);
}

static u16 wrr_weight(const struct halb_plan *plan, u32 slot)
{
	return halb_server_available(plan->slots[slot].server) ?
	       plan->slots[slot].weight : 0;
}

static int robin_build(struct halb_plan *plan,
		       u16 (*weight)(const struct halb_plan *plan, u32 slot))
{
	struct robin *robin;
	u32 i;

	robin = kmalloc(sizeof(*robin), GFP_KERNEL_ACCOUNT);
	if (!robin)
		return -ENOMEM;
	robin->tree = halb_max_tree_alloc(plan->count);
	if (!robin->tree) {
		kfree(robin);
		return -ENOMEM;
	}
	for (i = 0; i < plan->count; i++)
		robin->tree->node[robin->tree->leaves + i] = weight(plan, i);
	halb_max_tree_build(robin->tree);
	robin->step = 1;
	robin->top = 1;
	plan->table = robin;
	return 0;
}

static int rr_build(struct halb_plan *plan)
{
	return robin_build(plan, rr_weight);
}

static void rr_update(struct halb_plan *plan, u32 slot)
{
	struct robin *robin = plan->table;

	halb_max_tree_set(robin->tree, slot, rr_weight(plan, slot));
}

/* Step and top for a set of weights with one more weight in it. */
static void wrr_add(u32 weight, u32 *step, u32 *most, u32 *top)
{
	*step = gcd(*step, weight);
	*most = max(*most, weight);
	*top = *most ? *most - (*step - 1) : 0;
}

static int wrr_build(struct halb_plan *plan)
{
	u32 i, step = 0, most = 0, top = 0;
	struct robin *robin;
	int ret;

	ret = robin_build(plan, wrr_weight);
	if (ret)
		return ret;
	for (i = 0; i < plan->count; i++)
		wrr_add(plan->slots[i].weight, &step, &most, &top);
	robin = plan->table;
	robin->step = max(step, 1U);
	robin->top = top;
	return 0;
}

static void wrr_update(struct halb_plan *plan, u32 slot)
{
	struct robin *robin = plan->table;

	halb_max_tree_set(robin->tree, slot, wrr_weight(plan, slot));
}

/* The present weight goes on from where it was, as far as that still exists. */
static u32 wrr_follow(u32 weight, u32 step, u32 top)
{
	if (!weight || weight > top)
		return top;
	return step > 1 ? weight / step * step + 1 : weight;
}

/*
 * A service that is new together with its servers begins as if they had been
 * added one by one, so that the sequence of servers does not depend on how
 * they were configured, and is that of ip_vs.
 */
static void wrr_start(struct halb_plan *plan)
{
	struct halb_service *service = plan->service;
	const struct robin *robin = plan->table;
	u32 i, step = 0, most = 0, top = 0, weight = 0;

	if (!service->sched) {
		for (i = plan->count; i-- > 0; ) {
			wrr_add(plan->slots[i].weight, &step, &most, &top);
			weight = wrr_follow(weight, step, top);
		}
	} else if (service->sched == plan->sched) {
		weight = position_weight(atomic64_read(&service->sched_pos));
		weight = wrr_follow(weight, robin->step, robin->top);
	} else {
		weight = robin->top;
	}
	atomic64_set(&service->sched_pos, encode(weight, 0));
}

/*
 * The slot to choose at a position. The position may be that of another plan,
 * if this one was just published; then it is not exact, but good for a start.
 */
static u32 robin_next(const struct halb_plan *plan, u32 *weight, u32 place)
{
	const struct robin *robin = plan->table;
	u32 slot, most, tries = HALB_SCHED_TRIES;

	slot = place && place <= plan->count ? plan->count - place + 1 : 0;
	if (!*weight || *weight > robin->top)
		*weight = robin->top;
	while (tries--) {
		most = halb_max_tree_max(robin->tree);
		if (!most)
			break;
		slot = halb_max_tree_next(robin->tree, slot, *weight);
		if (slot == HALB_MAX_TREE_NONE) {
			/* next pass, except those in which nobody has a turn */
			*weight = *weight > robin->step ?
				  *weight - robin->step : robin->top;
			if (*weight > most)
				*weight = most - (most - 1) % robin->step;
			slot = 0;
			continue;
		}
		if (likely(slot < plan->count &&
			   halb_server_available(plan->slots[slot].server)))
			return slot;
		slot++;
	}
	return HALB_MAX_TREE_NONE;
}

static struct halb_server *robin_pick(struct halb_plan *plan,
				      const struct halb_client *client)
{
	atomic64_t *position = &plan->service->sched_pos;
	u32 slot, weight;
	s64 old, new;

	halb_sched_catch_up(plan);
	old = atomic64_read(position);
	do {
		weight = position_weight(old);
		slot = robin_next(plan, &weight, position_place(old));
		if (slot == HALB_MAX_TREE_NONE)
			return NULL;
		new = encode(weight, plan->count - slot);
	} while (!atomic64_try_cmpxchg(position, &old, new));
	return plan->slots[slot].server;
}

static struct halb_server *robin_peek(struct halb_plan *plan,
				      const struct halb_client *client)
{
	u32 slot, weight;
	s64 position;

	halb_sched_catch_up(plan);
	position = atomic64_read(&plan->service->sched_pos);
	weight = position_weight(position);
	slot = robin_next(plan, &weight, position_place(position));
	return slot == HALB_MAX_TREE_NONE ? NULL : plan->slots[slot].server;
}

const struct halb_sched halb_sched_rr = {
	.name = "rr",
	.build = rr_build,
	.destroy = robin_destroy,
	.update = rr_update,
	.pick = robin_pick,
	.peek = robin_peek,
	.watch = HALB_WATCH_OVERLOAD,
};

const struct halb_sched halb_sched_wrr = {
	.name = "wrr",
	.build = wrr_build,
	.destroy = robin_destroy,
	.start = wrr_start,
	.update = wrr_update,
	.pick = robin_pick,
	.peek = robin_peek,
	.watch = HALB_WATCH_OVERLOAD,
	.shares = true,
};
