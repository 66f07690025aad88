// SPDX-License-Identifier: GPL-2.0
/*
 * Slow start: a server that comes takes its share over some seconds.
 *
 * A server that is added to a service, or whose weight was 0, begins with a
 * twentieth of its weight and gets a twentieth more at each step, as HAProxy
 * has it; steps are a second long at least. What the schedulers see are the
 * weights in the slots of a plan, so a step is another plan for the service:
 * it is made here, by a transaction that changes nothing else, in place of the
 * present one. So at most twenty tables are built however long it takes (and
 * no more than one a second), which matters to mh.
 *
 * Small weights have no twentieths: while a server of a plan is on its way,
 * all weights of the plan are multiplied. Only schedulers that look at nothing
 * but their ratio take part (&halb_sched.shares).
 */
#include "net.h"
#include "slow_start.h"
#include "transaction.h"

#define HALB_SLOW_TICK	HZ

/**
 * halb_slow_step - how far a server has come
 * @since: halb_now() when it came
 * @length: seconds that it takes
 *
 * Return: 1..HALB_SLOW_STEPS.
 */
u8 halb_slow_step(u32 since, u32 length)
{
	u32 passed = halb_now() - since;

	if (passed >= length)
		return HALB_SLOW_STEPS;
	return max(1U, passed * HALB_SLOW_STEPS / length);
}

/* Is there a step to be made? */
static bool is_due(const struct halb_service *service)
{
	const struct halb_server *server;

	list_for_each_entry(server, &service->servers, list)
		if (server->slow_step < HALB_SLOW_STEPS &&
		    halb_slow_step(server->slow_since,
				   service->plan->slow_start) !=
		    server->slow_step)
			return true;
	return false;
}

/* The steps that are due. Without memory the next tick tries again. */
static void make_steps(struct halb_net *hn)
{
	struct halb_transaction txn;
	struct halb_service *service;
	bool any = false;
	int err = 0;

	halb_transaction_init(&txn, hn);
	txn.quiet = true;
	list_for_each_entry(service, &hn->services, list) {
		if (!service->slow || !is_due(service))
			continue;
		any = true;
		err = halb_stage_service_again(&txn, &service->key);
		if (err)
			break;
	}
	if (any && !err)
		halb_transaction_commit(&txn, NULL);
	halb_transaction_release(&txn);
}

static bool any_slow(const struct halb_net *hn)
{
	const struct halb_service *service;

	list_for_each_entry(service, &hn->services, list)
		if (service->slow)
			return true;
	return false;
}

static void tick(struct work_struct *work)
{
	struct halb_net *hn = container_of(to_delayed_work(work),
					   struct halb_net, slow_start);

	mutex_lock(&hn->mutex);
	if (!hn->closing) {
		make_steps(hn);
		if (any_slow(hn))
			halb_slow_start(hn);
	}
	mutex_unlock(&hn->mutex);
}

void halb_slow_start(struct halb_net *hn)
{
	lockdep_assert_held(&hn->mutex);
	queue_delayed_work(halb_wq, &hn->slow_start, HALB_SLOW_TICK);
}

void halb_slow_init(struct halb_net *hn)
{
	INIT_DELAYED_WORK(&hn->slow_start, tick);
}

void halb_slow_stop(struct halb_net *hn)
{
	cancel_delayed_work_sync(&hn->slow_start);
}
