// SPDX-License-Identifier: GPL-2.0
/*
 * Backup servers: those that serve only while no other server may.
 *
 * They have a plan of their own, with the scheduler of the service, which hangs
 * on the plan of the others. So every scheduler knows of one kind of servers
 * only, and what nobody needs costs nothing: the second plan is looked at when
 * the first one has no server for a flow.
 */
#include "sched.h"

/* O(n), when a scheduler had no server for this client. */
static bool any_usable(const struct halb_plan *plan)
{
	u32 i;

	for (i = 0; i < plan->count; i++)
		if (halb_slot_usable(&plan->slots[i]))
			return true;
	return false;
}

/* Some schedulers refuse a client while there are servers for others. */
static bool refuses(const struct halb_plan *plan)
{
	return plan->sched->by_client && any_usable(plan);
}

/**
 * halb_sched_pick_backup - a backup server for a flow
 * @plan: plan that has no server for it
 * @client: flow
 *
 * Context: as &halb_sched.pick. Return: NULL if none may get it.
 */
struct halb_server *halb_sched_pick_backup(struct halb_plan *plan,
					   const struct halb_client *client)
{
	if (refuses(plan))
		return NULL;
	return plan->backup->sched->pick(plan->backup, client);
}

static struct halb_server *peek(struct halb_plan *plan,
				const struct halb_client *client)
{
	const struct halb_sched *sched = plan->sched;

	return sched->peek ? sched->peek(plan, client) :
			     sched->pick(plan, client);
}

/**
 * halb_sched_peek - what halb_sched_pick() would choose now
 * @plan: plan of its service
 * @client: flow that does not begin
 *
 * Context: as halb_sched_pick(). Return: NULL if none would get it.
 */
struct halb_server *halb_sched_peek(struct halb_plan *plan,
				    const struct halb_client *client)
{
	struct halb_server *server = peek(plan, client);

	if (server || !plan->backup || refuses(plan))
		return server;
	return peek(plan->backup, client);
}
