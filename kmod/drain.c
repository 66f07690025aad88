// SPDX-License-Identifier: GPL-2.0
/*
 * Deadlines of drains: one worker per netns, which waits for the next of them.
 */
#include <linux/sched.h>

#include "conn.h"
#include "drain.h"
#include "net.h"

static void wait_until(struct halb_net *hn, u64 when)
{
	u64 now = get_jiffies_64();

	if (hn->closing)
		return;
	mod_delayed_work(halb_wq, &hn->drain,
			 when > now ? min_t(u64, when - now, MAX_JIFFY_OFFSET) :
				      0);
}

/* Ends the drains that are due. Return: when the next one is, 0 for never. */
static u64 end_due(struct halb_service *service, u64 now, bool *any)
{
	struct halb_server *server;
	u64 next = 0;

	list_for_each_entry(server, &service->servers, list) {
		u64 end = server->drain_end;

		if (!end)
			continue;
		if (end <= now) {
			server->drain_end = 0;
			halb_server_drained(server);
			*any = true;
		} else if (!next || end < next) {
			next = end;
		}
	}
	return next;
}

static void halb_drain(struct work_struct *work)
{
	struct halb_net *hn = container_of(to_delayed_work(work),
					   struct halb_net, drain);
	u64 now = get_jiffies_64(), next = 0;
	struct halb_service *service;
	bool any = false;

	mutex_lock(&hn->mutex);
	list_for_each_entry(service, &hn->services, list) {
		u64 end = end_due(service, now, &any);

		if (end && (!next || end < next))
			next = end;
		cond_resched();
	}
	if (next)
		wait_until(hn, next);
	mutex_unlock(&hn->mutex);
	if (any)
		halb_conn_gc_kick(hn);
}

void halb_drain_set(struct halb_server *server, u32 seconds)
{
	struct halb_net *hn = server->service->net;

	lockdep_assert_held(&hn->mutex);
	clear_bit(HALB_SERVER_DRAINED_BIT, &server->flags);
	server->drain_end = 0;
	if (!seconds)
		return;
	server->drain_end = get_jiffies_64() + (u64)seconds * HZ;
	/* the worker finds out which one is the next */
	wait_until(hn, 0);
}

u32 halb_drain_left(const struct halb_server *server)
{
	u64 now = get_jiffies_64(), end = server->drain_end;

	lockdep_assert_held(&server->service->net->mutex);
	if (!end)
		return 0;
	return end > now ? div_u64(end - now + HZ - 1, HZ) : 1;
}

void halb_drain_init(struct halb_net *hn)
{
	INIT_DELAYED_WORK(&hn->drain, halb_drain);
}

void halb_drain_stop(struct halb_net *hn)
{
	cancel_delayed_work_sync(&hn->drain);
}
