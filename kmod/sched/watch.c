// SPDX-License-Identifier: GPL-2.0
/*
 * How schedulers hear of changes of their servers.
 *
 * A scheduler that must know who is available, or how many connections each
 * server has, keeps a table in its plan that answers at once, instead of
 * asking every server for every new flow. A server whose state changes puts
 * itself on its service's list of dirty servers, once; the next pick takes the
 * list and brings the table up to date, O(log n) per server.
 *
 * Who takes the list must be the newest plan, or changes would get lost in the
 * table of an old one, which picks may still use until their RCU sections end.
 * So halb_sched_start() first makes the plan the one that listens, and then
 * brings each slot up to date; picks with another plan, older or not yet
 * started, leave the list alone and use their tables as they stand.
 *
 * A server on the list is not held by a reference: a server that is removed
 * from the configuration does not join the list any more, and before its
 * memory is freed halb_sched_forget() takes it from the list.
 */
#include <linux/kernel.h>
#include <linux/sched.h>

#include "sched.h"

/*
 * Servers heard per pick. More than that wait for the next pick, so that a
 * sweep over a huge service's connections does not fall due at once in
 * somebody's softirq.
 */
#define HALB_HEAR_MAX	1024

/* Slots brought up to date at a time when a plan starts. */
#define HALB_START_CHUNK	64

static bool overloaded(const struct halb_server *server)
{
	return READ_ONCE(server->flags) & HALB_SERVER_OVERLOAD;
}

/**
 * halb_server_conns_changed - tells the scheduler that a server changed
 * @server: server whose counts of connections or overload flag changed
 *
 * Called after the change. It costs a few instructions if the scheduler of the
 * service does not depend on what changed, or does not know of the last change
 * yet. Context: any.
 */
void halb_server_conns_changed(struct halb_server *server)
{
	u8 watch;

	/*
	 * The change was made by an atomic operation. Make it before looking
	 * who is interested: halb_sched_start() does it the other way round,
	 * and so does hear() with the bit and @overload_seen.
	 */
	smp_mb__after_atomic();
	watch = READ_ONCE(server->watch);
	if (watch == HALB_WATCH_NONE || test_bit(0, &server->dirty_bit))
		return;
	if (watch == HALB_WATCH_OVERLOAD &&
	    overloaded(server) == READ_ONCE(server->overload_seen))
		return;
	if (READ_ONCE(server->flags) & HALB_SERVER_REMOVED)
		return;
	if (!test_and_set_bit(0, &server->dirty_bit))
		llist_add(&server->dirty, &server->service->dirty);
}

/* The plan knows the server as it is now; or is told again. */
static void update(struct halb_plan *plan, struct halb_server *server, u32 slot)
{
	bool overload;

	if (plan->sched->watch == HALB_WATCH_OVERLOAD) {
		do {
			overload = overloaded(server);
			WRITE_ONCE(server->overload_seen, overload);
			smp_mb(); /* see halb_server_conns_changed() */
		} while (overload != overloaded(server));
	}
	plan->sched->update(plan, slot);
}

static void hear(struct halb_plan *plan, struct halb_server *server)
{
	u32 slot = READ_ONCE(server->slot);

	/* ordered: the list was read before, the state is read after */
	test_and_clear_bit(0, &server->dirty_bit);
	/* in neither: it was removed from the service, or is not yet in the plan */
	for (; plan; plan = plan->backup)
		if (slot < plan->count && plan->slots[slot].server == server)
			update(plan, server, slot);
}

/* Out of line part of halb_sched_catch_up(). */
void halb_sched_hear(struct halb_plan *plan)
{
	struct halb_service *service = plan->service;
	struct llist_node *node;
	unsigned int n;

	if (!spin_trylock(&service->sched_lock))
		return;
	if (service->sched_plan != plan)
		goto unlock;
	node = service->dirty_rest;
	for (n = 0; n < HALB_HEAR_MAX; n++) {
		struct halb_server *server;

		if (!node)
			node = llist_del_all(&service->dirty);
		if (!node)
			break;
		server = llist_entry(node, struct halb_server, dirty);
		/* once hear() cleared its bit, it may join the list again */
		node = node->next;
		hear(plan, server);
	}
	WRITE_ONCE(service->dirty_rest, node);
unlock:
	spin_unlock(&service->sched_lock);
}

/**
 * halb_sched_init - readies a new service for halb_sched_start()
 * @service: service
 */
void halb_sched_init(struct halb_service *service)
{
	atomic64_set(&service->sched_pos, 0);
	init_llist_head(&service->dirty);
	service->dirty_rest = NULL;
	spin_lock_init(&service->sched_lock);
	service->sched_plan = NULL;
	service->sched = NULL;
}

static void announce(const struct halb_plan *plan)
{
	u32 i;

	for (i = 0; i < plan->count; i++) {
		WRITE_ONCE(plan->slots[i].server->slot, i);
		WRITE_ONCE(plan->slots[i].server->watch, plan->sched->watch);
	}
}

static void update_all(struct halb_plan *plan)
{
	struct halb_service *service = plan->service;
	u32 i, end;

	for (i = 0; i < plan->count; i = end) {
		end = min(i + HALB_START_CHUNK, plan->count);
		spin_lock_bh(&service->sched_lock);
		for (; i < end; i++)
			update(plan, plan->slots[i].server, i);
		spin_unlock_bh(&service->sched_lock);
		cond_resched();
	}
}

/**
 * halb_sched_start - the scheduler of a published plan begins to listen
 * @plan: plan that was just published, in place of the service's plan before
 *
 * Before, picks of the plan use the table as it was built. The plan of backup
 * servers listens through this one; it has no position of its own. Context:
 * process, under the netns' mutex, may sleep.
 */
void halb_sched_start(struct halb_plan *plan)
{
	struct halb_service *service = plan->service;
	const struct halb_sched *sched = plan->sched;

	announce(plan);
	if (plan->backup)
		announce(plan->backup);
	if (sched->start)
		sched->start(plan);
	service->sched = sched;
	spin_lock_bh(&service->sched_lock);
	service->sched_plan = plan;
	spin_unlock_bh(&service->sched_lock);
	if (!sched->update)
		return;

	smp_mb(); /* see halb_server_conns_changed() */
	update_all(plan);
	if (plan->backup)
		update_all(plan->backup);
}

/**
 * halb_sched_forget - the scheduler shall not touch a server any more
 * @server: server without connections, removed from the configuration a grace
 *	period ago; so it cannot join the list of dirty servers again
 *
 * All removed servers are taken from the list, not only this one: thousands
 * that go at once cost one walk. Context: process.
 */
void halb_sched_forget(struct halb_server *server)
{
	struct halb_service *service = server->service;
	struct llist_node *lists[2], *keep = NULL;
	struct halb_server *other, *next;
	int i;

	/* the lock also waits for a pick that has just taken @server */
	spin_lock_bh(&service->sched_lock);
	if (!test_bit(0, &server->dirty_bit))
		goto unlock;
	lists[0] = service->dirty_rest;
	lists[1] = llist_del_all(&service->dirty);
	for (i = 0; i < 2; i++) {
		llist_for_each_entry_safe(other, next, lists[i], dirty) {
			if (READ_ONCE(other->flags) & HALB_SERVER_REMOVED) {
				test_and_clear_bit(0, &other->dirty_bit);
				continue;
			}
			other->dirty.next = keep;
			keep = &other->dirty;
		}
	}
	WRITE_ONCE(service->dirty_rest, keep);
unlock:
	spin_unlock_bh(&service->sched_lock);
}
