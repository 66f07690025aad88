/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VRRP instances: whether this director serves the services that are bound to
 * them. RFC 9568 calls them virtual routers.
 *
 * The packet path never looks at an instance. What it finds are copies of the
 * answer: a flag of every server for packets of known connections, and one of
 * the service for new flows. Whoever changes the state changes them, under the
 * netns' mutex.
 */
#ifndef _HALB_INSTANCE_H
#define _HALB_INSTANCE_H

#include <linux/atomic.h>
#include <linux/list.h>

#include <uapi/linux/halb.h>

struct halb_net;
struct halb_service;

/* at most, in a netns: 255 IPv4 and as many IPv6 on some interfaces */
#define HALB_INSTANCES_MAX	4096U
#define HALB_GRACE_MAX		600000U	/* ms */

/**
 * struct halb_instance - a VRRP instance
 * @list: in &halb_net.instances
 * @name: its name
 * @users: services that name it, removed ones that are not freed yet included
 * @services: configured services that name it
 * @state: enum halb_director_state
 * @kept: somebody gave it a state; else it exists for its @users only
 * @waiting: its owner is gone, @deadline is when the grace is over
 * @portid: socket that it belongs to, 0 for none
 * @grace: milliseconds
 * @deadline: in jiffies
 * @changed: halb_now() of the last change of @state
 * @transitions: how often @state changed
 *
 * Under the netns' mutex, but for @users.
 */
struct halb_instance {
	struct list_head list;
	char name[HALB_INSTANCE_NAME_MAX + 1];
	atomic_t users;
	u32 services;
	u8 state;
	bool kept;
	bool waiting;
	u32 portid;
	u32 grace;
	unsigned long deadline;
	u32 changed;
	u32 transitions;
};

struct halb_instance *halb_instance_find(const struct halb_net *hn,
					 const char *name);
struct halb_instance *halb_instance_get(struct halb_net *hn, const char *name);
void halb_instance_put(struct halb_instance *instance);
void halb_instance_bind(struct halb_service *service,
			struct halb_instance *instance);
void halb_instance_unbind(struct halb_service *service);
void halb_instance_gate(struct halb_service *service);
bool halb_instance_set_state(struct halb_net *hn,
			     struct halb_instance *instance, u8 state);
void halb_instances_reap(struct halb_net *hn);
void halb_instances_init(struct halb_net *hn);
void halb_instances_stop(struct halb_net *hn);
void halb_instances_free(struct halb_net *hn);

/* milliseconds of grace that are left */
u32 halb_instance_waiting(const struct halb_instance *instance);

/* the grace of @instance begins: its owner's socket was closed */
void halb_instance_orphan(struct halb_net *hn, struct halb_instance *instance);

#endif
