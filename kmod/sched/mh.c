// SPDX-License-Identifier: GPL-2.0
/*
 * mh: weighted Maglev hashing of the client's address, with the port if the
 * service has the flag sh-port. Every director with the same servers and
 * weights sends a client to the same server; see maglev.c.
 *
 * A server of weight 0 has no share: its clients go to the others, and back to
 * it when it gets a weight again. (ip_vs keeps the share and, without its
 * fallback flag, refuses those clients.) A server at its upper threshold keeps
 * its share: its clients are refused, unless the service has sh-fallback; then
 * they are hashed again, which leaves the choice to the table and so respects
 * the weights. Where nearly all servers are overloaded that may fail, and any
 * available one is taken.
 *
 * Cost: one SipHash and one table lookup; with the fallback, eight of these at
 * most and O(log n). No lock, nothing written.
 */
#include <linux/kernel.h>

#include "../maglev.h"
#include "max_tree.h"
#include "sched.h"

#define HALB_MH_REHASH	8

/**
 * struct mh - table of a plan
 * @size: length of @table
 * @usable: 1 for slots that are available, 0 for others; NULL without
 *	sh-fallback
 * @table: slots by hash
 */
struct mh {
	u32 size;
	struct halb_max_tree *usable;
	u16 table[];
};

static void mh_destroy(void *table)
{
	struct mh *mh = table;

	kvfree(mh->usable);
	kvfree(mh);
}

static int mh_fill(struct mh *mh, const struct halb_plan *plan)
{
	struct halb_maglev_member *members;
	u32 i;
	int ret;

	members = kvmalloc_array(max(plan->count, 1U), sizeof(*members),
				 GFP_KERNEL_ACCOUNT);
	if (!members)
		return -ENOMEM;
	for (i = 0; i < plan->count; i++) {
		const struct halb_server *server = plan->slots[i].server;

		halb_maglev_id(members[i].id, server->af == AF_INET6,
			       &server->addr, server->port);
		members[i].weight = plan->slots[i].weight;
	}
	ret = halb_maglev_build(members, plan->count, mh->table, mh->size);
	kvfree(members);
	return ret;
}

static int mh_build(struct halb_plan *plan)
{
	u32 i, size = halb_maglev_size(plan->count);
	struct mh *mh;
	int ret;

	mh = kvmalloc(struct_size(mh, table, size), GFP_KERNEL_ACCOUNT);
	if (!mh)
		return -ENOMEM;
	mh->size = size;
	mh->usable = NULL;
	ret = mh_fill(mh, plan);
	if (ret)
		goto err;
	if (plan->flags & HALB_SERVICE_FLAG_SH_FALLBACK) {
		ret = -ENOMEM;
		mh->usable = halb_max_tree_alloc(plan->count);
		if (!mh->usable)
			goto err;
		for (i = 0; i < plan->count; i++)
			mh->usable->node[mh->usable->leaves + i] =
				halb_slot_usable(&plan->slots[i]);
		halb_max_tree_build(mh->usable);
	}
	plan->table = mh;
	return 0;
err:
	mh_destroy(mh);
	return ret;
}

static void mh_update(struct halb_plan *plan, u32 slot)
{
	struct mh *mh = plan->table;

	if (mh->usable)
		halb_max_tree_set(mh->usable, slot,
				  halb_slot_usable(&plan->slots[slot]));
}

static struct halb_server *mh_lookup(const struct halb_plan *plan, u32 hash)
{
	const struct mh *mh = plan->table;
	u32 slot = halb_maglev_lookup(mh->table, mh->size, hash);

	return slot < plan->count ? plan->slots[slot].server : NULL;
}

static u32 mh_hash(const struct halb_plan *plan,
		   const struct halb_client *client, u32 attempt)
{
	__be16 port = plan->flags & HALB_SERVICE_FLAG_SH_PORT ?
		      client->port : 0;

	return client->af == AF_INET6 ?
	       halb_maglev_hash6(client->addr->ip6, port, attempt) :
	       halb_maglev_hash4(client->addr->ip, port, attempt);
}

/* The first available server from a slot on that the hash names. */
static struct halb_server *mh_any(const struct halb_plan *plan, u32 hash)
{
	const struct mh *mh = plan->table;
	u32 slot = (u64)hash * plan->count >> 32;
	u32 tries = HALB_SCHED_TRIES;
	bool wrapped = false;

	while (tries--) {
		slot = halb_max_tree_next(mh->usable, slot, 1);
		if (slot == HALB_MAX_TREE_NONE) {
			if (wrapped)
				break;
			wrapped = true;
			slot = 0;
			continue;
		}
		if (slot < plan->count && halb_slot_usable(&plan->slots[slot]))
			return plan->slots[slot].server;
		slot++;
	}
	return NULL;
}

static struct halb_server *mh_pick(struct halb_plan *plan,
				   const struct halb_client *client)
{
	u32 attempt, hash = mh_hash(plan, client, 0);
	struct halb_server *server;

	server = mh_lookup(plan, hash);
	if (!server || likely(halb_server_available(server)))
		return server;
	if (!(plan->flags & HALB_SERVICE_FLAG_SH_FALLBACK))
		return NULL;

	for (attempt = 1; attempt <= HALB_MH_REHASH; attempt++) {
		server = mh_lookup(plan, mh_hash(plan, client, attempt));
		if (halb_server_available(server))
			return server;
	}
	halb_sched_catch_up(plan);
	return mh_any(plan, hash);
}

const struct halb_sched halb_sched_mh = {
	.name = "mh",
	.build = mh_build,
	.destroy = mh_destroy,
	.update = mh_update,
	.pick = mh_pick,
	.watch = HALB_WATCH_OVERLOAD,
	.shares = true,
	.by_client = true,
};
