// SPDX-License-Identifier: GPL-2.0
/*
 * Life of a service and of its plans.
 */
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "instance.h"
#include "net.h"
#include "service.h"

/**
 * halb_service_create - a service that nobody knows yet
 * @hn: its netns
 * @key: its name
 *
 * Context: process, may sleep. Return: the service with one reference, or NULL.
 */
struct halb_service *halb_service_create(struct halb_net *hn,
					 const struct halb_service_key *key)
{
	struct halb_service *service;

	service = kzalloc(sizeof(*service), GFP_KERNEL_ACCOUNT);
	if (!service)
		return NULL;
	service->key = *key;
	service->net = hn;
	refcount_set(&service->refs, 1);
	INIT_LIST_HEAD(&service->list);
	INIT_LIST_HEAD(&service->servers);
	INIT_LIST_HEAD(&service->leaving);
	halb_sched_init(service);
	atomic_inc(&hn->objects);
	return service;
}

/**
 * halb_service_put - drops a reference
 * @service: service
 *
 * The packet path reaches a service through a plan or a server, both of which
 * hold a reference until a grace period after nobody can find them any more:
 * the last reference needs no further one. Context: any.
 */
void halb_service_put(struct halb_service *service)
{
	struct halb_net *hn = service->net;

	if (!refcount_dec_and_test(&service->refs))
		return;
	if (service->instance)
		halb_instance_put(service->instance);
	kfree(service);
	/* the netns may be gone as soon as it is zero */
	if (atomic_dec_and_test(&hn->objects))
		wake_up_var(&hn->objects);
}

/**
 * halb_plan_create - a plan that is still to be filled
 * @service: its service
 * @sched: its scheduler
 * @count: number of slots
 *
 * Context: process, may sleep. Return: the plan, or NULL.
 */
struct halb_plan *halb_plan_create(struct halb_service *service,
				   const struct halb_sched *sched, u32 count)
{
	struct halb_plan *plan;

	plan = kvzalloc(struct_size(plan, slots, count), GFP_KERNEL_ACCOUNT);
	if (!plan)
		return NULL;
	refcount_inc(&service->refs);
	plan->key = service->key;
	plan->service = service;
	plan->sched = sched;
	plan->count = count;
	return plan;
}

void halb_plan_free(struct halb_plan *plan)
{
	if (!plan)
		return;
	halb_plan_free(plan->backup);
	if (plan->table) {
		if (plan->sched->destroy)
			plan->sched->destroy(plan->table);
		else
			kvfree(plan->table);
	}
	halb_service_put(plan->service);
	kvfree(plan);
}

static void free_retired(struct work_struct *work)
{
	halb_plan_free(container_of(to_rcu_work(work), struct halb_plan,
				    free_work));
}

void halb_plan_retire(struct halb_plan *plan)
{
	INIT_RCU_WORK(&plan->free_work, free_retired);
	queue_rcu_work(halb_wq, &plan->free_work);
}
