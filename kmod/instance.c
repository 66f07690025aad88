// SPDX-License-Identifier: GPL-2.0
/*
 * VRRP instances, and what they decide: see instance.h.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "instance.h"
#include "net.h"

/**
 * halb_instance_find - an instance by its name
 * @hn: netns, its mutex held
 * @name: name
 *
 * Return: NULL if there is none.
 */
struct halb_instance *halb_instance_find(const struct halb_net *hn,
					 const char *name)
{
	struct halb_instance *instance;

	lockdep_assert_held(&hn->mutex);
	list_for_each_entry(instance, &hn->instances, list)
		if (!strcmp(instance->name, name))
			return instance;
	return NULL;
}

/**
 * halb_instance_get - an instance by its name, in fault if it is new
 * @hn: netns, its mutex held
 * @name: name
 *
 * Context: process, may sleep. Return: the instance with a use of the
 * caller's, or ERR_PTR: -ENOMEM, -ENOSPC if there are too many.
 */
struct halb_instance *halb_instance_get(struct halb_net *hn, const char *name)
{
	struct halb_instance *instance = halb_instance_find(hn, name);

	if (!instance) {
		if (hn->instance_count >= HALB_INSTANCES_MAX)
			return ERR_PTR(-ENOSPC);
		instance = kzalloc(sizeof(*instance), GFP_KERNEL_ACCOUNT);
		if (!instance)
			return ERR_PTR(-ENOMEM);
		strscpy(instance->name, name, sizeof(instance->name));
		instance->state = HALB_DIRECTOR_STATE_FAULT;
		instance->changed = halb_now();
		list_add_tail(&instance->list, &hn->instances);
		hn->instance_count++;
	}
	atomic_inc(&instance->users);
	return instance;
}

/**
 * halb_instance_put - ends a use of an instance
 * @instance: instance
 *
 * What is not used any more is freed by halb_instances_reap(): whoever drops
 * the last reference on a service may not take the mutex. Context: any.
 */
void halb_instance_put(struct halb_instance *instance)
{
	atomic_dec(&instance->users);
}

static void free_instance(struct halb_net *hn, struct halb_instance *instance)
{
	list_del(&instance->list);
	hn->instance_count--;
	kfree(instance);
}

/**
 * halb_instances_reap - frees instances that nobody needs
 * @hn: netns, its mutex held
 */
void halb_instances_reap(struct halb_net *hn)
{
	struct halb_instance *instance, *next;

	lockdep_assert_held(&hn->mutex);
	list_for_each_entry_safe(instance, next, &hn->instances, list)
		if (!instance->kept && !atomic_read(&instance->users))
			free_instance(hn, instance);
}

static void gate_server(struct halb_server *server, bool standby)
{
	if (standby)
		set_bit(HALB_SERVER_STANDBY_BIT, &server->flags);
	else
		clear_bit(HALB_SERVER_STANDBY_BIT, &server->flags);
}

/**
 * halb_instance_gate - opens or closes a service to its packets
 * @service: service, its netns' mutex held
 *
 * By the state of its instance; without one it is open. Its servers include
 * those that were removed and still have connections.
 */
void halb_instance_gate(struct halb_service *service)
{
	const struct halb_instance *instance = service->instance;
	struct halb_server *server;
	bool standby;

	lockdep_assert_held(&service->net->mutex);
	standby = instance && instance->state != HALB_DIRECTOR_STATE_MASTER;
	WRITE_ONCE(service->standby, standby);
	list_for_each_entry(server, &service->servers, list)
		gate_server(server, standby);
	list_for_each_entry(server, &service->leaving, leaving)
		gate_server(server, standby);
}

/**
 * halb_instance_bind - makes an instance that of a service
 * @service: service, its netns' mutex held
 * @instance: the instance, or NULL; the caller's use becomes the service's
 */
void halb_instance_bind(struct halb_service *service,
			struct halb_instance *instance)
{
	struct halb_instance *old = service->instance;

	if (old) {
		old->services--;
		halb_instance_put(old);
	}
	service->instance = instance;
	if (instance)
		instance->services++;
}

/**
 * halb_instance_unbind - a service is no longer configured
 * @service: service, its netns' mutex held
 *
 * Its connections still heed the state of the instance, until they are over.
 */
void halb_instance_unbind(struct halb_service *service)
{
	if (service->instance)
		service->instance->services--;
}

/**
 * halb_instance_set_state - the state of an instance changes
 * @hn: netns, its mutex held
 * @instance: instance
 * @state: enum halb_director_state
 *
 * Takes effect at once: packets that are in halb's hands already go on as they
 * began. Costs a visit to every service and server of the instance. Context:
 * process. Return: whether that is another state than before.
 */
bool halb_instance_set_state(struct halb_net *hn,
			     struct halb_instance *instance, u8 state)
{
	struct halb_service *service;
	struct halb_server *server;

	lockdep_assert_held(&hn->mutex);
	if (instance->state == state)
		return false;
	instance->state = state;
	instance->changed = halb_now();
	instance->transitions++;
	if (!atomic_read(&instance->users))
		return true;
	list_for_each_entry(service, &hn->services, list)
		if (service->instance == instance)
			halb_instance_gate(service);
	/* of services that are gone, but for their connections */
	list_for_each_entry(server, &hn->removed, list)
		if (server->service->deleted &&
		    server->service->instance == instance)
			gate_server(server,
				    state != HALB_DIRECTOR_STATE_MASTER);
	return true;
}

u32 halb_instance_waiting(const struct halb_instance *instance)
{
	long left = instance->deadline - jiffies;

	return left > 0 ? jiffies_to_msecs(left) : 0;
}

void halb_instance_orphan(struct halb_net *hn, struct halb_instance *instance)
{
	unsigned long grace = msecs_to_jiffies(instance->grace);

	lockdep_assert_held(&hn->mutex);
	instance->portid = 0;
	instance->waiting = true;
	instance->deadline = jiffies + grace;
	if (hn->closing)
		return;
	/* whichever instance is due first decides; the work looks at all */
	if (!delayed_work_pending(&hn->grace) ||
	    time_before(instance->deadline, hn->grace_next)) {
		hn->grace_next = instance->deadline;
		mod_delayed_work(halb_wq, &hn->grace, grace);
	}
}

void halb_instances_init(struct halb_net *hn)
{
	INIT_LIST_HEAD(&hn->instances);
}

/**
 * halb_instances_stop - no grace runs any more
 * @hn: netns, @halb_net.closing set
 */
void halb_instances_stop(struct halb_net *hn)
{
	cancel_delayed_work_sync(&hn->grace);
}

/**
 * halb_instances_free - the end
 * @hn: netns, its services freed
 */
void halb_instances_free(struct halb_net *hn)
{
	struct halb_instance *instance, *next;

	list_for_each_entry_safe(instance, next, &hn->instances, list)
		free_instance(hn, instance);
}
