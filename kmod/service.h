/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtual service, and the plan by which it schedules.
 *
 * The service is the lasting part: name, counters, scheduler position. The
 * plan is what the packet path finds in the configuration: an immutable
 * picture of the service's servers, weights and options. A change of any of
 * these builds a new plan and publishes it in place of the old one.
 */
#ifndef _HALB_SERVICE_H
#define _HALB_SERVICE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/netfilter.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>

#include "pool.h"
#include "server.h"

struct halb_instance;
struct halb_net;
struct halb_sched;
struct halb_staged;

/**
 * struct halb_service_key - the name of a service
 * @addr: VIP; zero for a firewall mark
 * @fwmark: firewall mark, or 0
 * @port: port, network order; zero for a firewall mark
 * @protocol: IPPROTO_TCP, _UDP or _SCTP; zero for a firewall mark
 * @af: AF_INET or AF_INET6
 *
 * Compared and hashed as bytes: unused bytes are zero.
 */
struct halb_service_key {
	union nf_inet_addr addr;
	u32 fwmark;
	__be16 port;
	u8 protocol;
	u8 af;
} __aligned(sizeof(u64));

/**
 * struct halb_limits - what a service has of its own, each 0 for none
 * @tcp_timeout: seconds, as the setting
 * @tcp_fin_timeout: seconds, as the setting
 * @udp_timeout: seconds, as the setting
 * @conns: connections at most
 */
struct halb_limits {
	u32 tcp_timeout;
	u32 tcp_fin_timeout;
	u32 udp_timeout;
	u32 conns;
};

struct halb_slot {
	struct halb_server *server;
	u32 weight;
};

/**
 * struct halb_plan - immutable picture of a service, found by the packet path
 * @node: in the buckets of the configuration; configurations alternate between
 *	the two, so that a plan can stand in the old and the new one at once
 * @vip_node: the same, by the VIP alone
 * @key: name of the service
 * @service: the lasting part, one reference held
 * @sched: the scheduler
 * @table: the scheduler's own data, built by it for this plan
 * @flags: HALB_SERVICE_FLAG_*
 * @persist_timeout: seconds
 * @persist_prefix: bits of a client's address that name its network
 * @pool: source addresses of fullnat
 * @limits: timeouts and limit of its own
 * @slow_start: seconds that a server takes to come to its weight, 0 for none
 * @backup: plan of the backup servers, NULL if there are none; found by nobody
 *	but this plan
 * @count: number of @slots
 * @free_work: frees it after a grace period, in process context
 * @slots: the servers with their weights, newest first (ip_vs's order); while
 *	one of them starts slowly, multiples of their weights
 */
struct halb_plan {
	struct hlist_node node[2];
	struct hlist_node vip_node[2];
	struct halb_service_key key;
	struct halb_service *service;
	const struct halb_sched *sched;
	void *table;
	u32 flags;
	u32 persist_timeout;
	u8 persist_prefix;
	struct halb_pool pool;
	struct halb_limits limits;
	u32 slow_start;
	struct halb_plan *backup;
	u32 count;
	struct rcu_work free_work;
	struct halb_slot slots[] __counted_by(count);
};

/* Does each packet of a flow go its own way, and nobody remember it? */
static inline bool halb_plan_is_one_packet(const struct halb_plan *plan,
					   u8 protocol)
{
	return plan->flags & HALB_SERVICE_FLAG_OPS && protocol == IPPROTO_UDP;
}

/**
 * struct halb_service - the lasting part of a service
 * @key: its name
 * @net: its netns
 * @standby: its instance is not master: every packet goes on to the stack
 * @sched_pos: position of round robin schedulers, survives changes of the plan
 * @conns: connections of all its servers, those that have left included
 * @dirty: servers of which the scheduler must hear, see sched/watch.c
 * @dirty_rest: such servers taken from @dirty, but not heard yet
 * @sched_lock: protects @dirty_rest, and changes of the plan's table
 * @sched_plan: the newest published plan; to be looked into only under the
 *	netns' mutex
 * @sched: its scheduler, NULL before the first plan
 * @refs: one for the configuration, one per plan and per server
 * @persist_timeout: copy of the plan's for the sweep, written with WRITE_ONCE()
 * @persist_prefix: copy of the plan's for the sweep
 * @limits: copy of the plan's for the sweep, each written with WRITE_ONCE()
 * @plan: the published plan, under the netns' mutex
 * @instance: VRRP instance that decides whether it is served, or NULL
 * @staged: what the transaction that is being committed makes of it, or NULL
 * @list: in &halb_net.services, under the netns' mutex
 * @servers: configured servers, oldest first, under the netns' mutex
 * @leaving: removed servers that still have connections
 * @server_count: length of @servers
 * @deleted: no longer configured
 * @slow: a server is on its way to its weight
 * @gone: statistics of servers that left for good
 * @zero: sums when statistics were last set to zero
 * @rate: estimator
 */
struct halb_service {
	struct halb_service_key key;
	struct halb_net *net;
	bool standby;
	atomic64_t sched_pos ____cacheline_aligned_in_smp;
	atomic_t conns;
	struct llist_head dirty;
	struct llist_node *dirty_rest;
	spinlock_t sched_lock;
	const struct halb_plan *sched_plan;
	const struct halb_sched *sched;
	refcount_t refs;

	u32 persist_timeout;
	u8 persist_prefix;
	struct halb_limits limits;
	struct halb_plan *plan;
	struct halb_instance *instance;
	struct halb_staged *staged;
	struct list_head list;
	struct list_head servers;
	struct list_head leaving;
	u32 server_count;
	bool deleted;
	bool slow;
	struct halb_stats gone;
	struct halb_stats zero;
	struct halb_rate rate;
};

/**
 * struct halb_client - what schedulers may know of a new flow
 * @addr: client's address, masked by the persistence prefix if there is one
 * @port: client's port, 0 for a template
 * @vip: address that the client asked for
 * @af: family of @addr
 */
struct halb_client {
	const union nf_inet_addr *addr;
	const union nf_inet_addr *vip;
	__be16 port;
	u8 af;
};

/**
 * enum halb_watch - changes of its servers that a scheduler must hear of
 * @HALB_WATCH_NONE: none
 * @HALB_WATCH_OVERLOAD: the overload flag
 * @HALB_WATCH_CONNS: the counts of connections and the overload flag
 */
enum halb_watch {
	HALB_WATCH_NONE,
	HALB_WATCH_OVERLOAD,
	HALB_WATCH_CONNS,
};

/**
 * struct halb_sched - a scheduler
 * @name: as users write it
 * @build: fills @halb_plan.table before the plan is published; process
 *	context, may sleep, 0 or -ENOMEM; NULL if no table is needed
 * @destroy: frees the table after a grace period; NULL for kvfree()
 * @start: continues from the position of the plan before, or NULL; called once
 *	per plan by halb_sched_start()
 * @update: brings the table up to date with the server in a slot, under
 *	&halb_service.sched_lock; NULL without @watch
 * @pick: chooses a server for a new flow, or NULL if none may get it; softirq
 *	under RCU, no sleeping, any number of CPUs at once
 * @peek: what @pick would choose now, without taking a turn or remembering
 *	anything; context as @pick. NULL where @pick leaves no trace
 * @watch: what @update must hear of
 * @shares: weights count by their ratio only
 * @by_client: @pick may find no server for one client and one for another
 */
struct halb_sched {
	const char *name;
	int (*build)(struct halb_plan *plan);
	void (*destroy)(void *table);
	void (*start)(struct halb_plan *plan);
	void (*update)(struct halb_plan *plan, u32 slot);
	struct halb_server *(*pick)(struct halb_plan *plan,
				    const struct halb_client *client);
	struct halb_server *(*peek)(struct halb_plan *plan,
				    const struct halb_client *client);
	enum halb_watch watch;
	bool shares;
	bool by_client;
};

/* sched/sched.c: */
const struct halb_sched *halb_sched_find(const char *name);
const char *halb_sched_names(void);	/* "rr, wrr, ...", for messages */

/* sched/backup.c: */
struct halb_server *halb_sched_pick_backup(struct halb_plan *plan,
					   const struct halb_client *client);

/**
 * halb_sched_pick - the server for a new flow
 * @plan: plan of its service
 * @client: flow
 *
 * Context: softirq, RCU read side. Return: NULL if none may get it.
 */
static inline struct halb_server *
halb_sched_pick(struct halb_plan *plan, const struct halb_client *client)
{
	struct halb_server *server = plan->sched->pick(plan, client);

	if (likely(server) || likely(!plan->backup))
		return server;
	return halb_sched_pick_backup(plan, client);
}

struct halb_server *halb_sched_peek(struct halb_plan *plan,
				    const struct halb_client *client);

/**
 * halb_plan_below_limit - whether the service may have another connection
 * @plan: its plan
 * @ending: of its connections, how many end when this one begins
 *
 * CPUs that ask at once all may.
 */
static inline bool halb_plan_below_limit(const struct halb_plan *plan,
					 u32 ending)
{
	return likely(!plan->limits.conns) ||
	       atomic_read(&plan->service->conns) < plan->limits.conns + ending;
}

/* sched/watch.c: */

/* readies a new service for halb_sched_start() */
void halb_sched_init(struct halb_service *service);

/*
 * Every new plan, once it is published: from now on the scheduler hears of
 * changes. Process context, may sleep, under the netns' mutex.
 */
void halb_sched_start(struct halb_plan *plan);

/*
 * Every server, before its memory is freed and after a grace period without
 * connections or configuration. Process context; no mutex is needed.
 */
void halb_sched_forget(struct halb_server *server);

/* service.c: */
struct halb_service *halb_service_create(struct halb_net *hn,
					 const struct halb_service_key *key);
void halb_service_put(struct halb_service *service);
struct halb_plan *halb_plan_create(struct halb_service *service,
				   const struct halb_sched *sched, u32 count);
/* a plan that was never published, or that nobody can see any more */
void halb_plan_free(struct halb_plan *plan);
/* a plan that was just replaced or removed: frees it after a grace period */
void halb_plan_retire(struct halb_plan *plan);

#endif
