/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A service with its servers, as configuration and connections would change
 * it: what stands between the tests and the schedulers.
 */
#ifndef WORLD_H
#define WORLD_H

#include "shim/kernel.h"
#include "../../kmod/sched/sched.h"

struct world {
	struct halb_service *service;
	const struct halb_sched *sched;
	u32 flags;
	struct halb_plan *plan;		/* published */
	struct halb_server **server;	/* newest first */
	u32 *weight;
	u32 count;
	u32 backups;			/* so many of the newest are backup servers */
};

static inline struct world *world_new(const char *sched, u32 flags)
{
	struct world *w = calloc(1, sizeof(*w));

	w->service = aligned_alloc(64, sizeof(*w->service));
	memset(w->service, 0, sizeof(*w->service));
	halb_sched_init(w->service);
	w->sched = halb_sched_find(sched);
	w->flags = flags;
	return w;
}

/* The plan of servers [from, to). */
static inline struct halb_plan *world_part(const struct world *w, u32 from,
					   u32 to)
{
	struct halb_plan *plan;
	u32 i;

	plan = calloc(1, sizeof(*plan) + (to - from) * sizeof(plan->slots[0]));
	plan->service = w->service;
	plan->sched = w->sched;
	plan->flags = w->flags;
	plan->count = to - from;
	for (i = 0; i < plan->count; i++) {
		plan->slots[i].server = w->server[from + i];
		plan->slots[i].weight = w->weight[from + i];
	}
	if (w->sched->build && w->sched->build(plan)) {
		free(plan);
		return NULL;
	}
	return plan;
}

static inline struct halb_plan *world_plan(const struct world *w)
{
	struct halb_plan *plan = world_part(w, w->backups, w->count);

	if (plan && w->backups)
		plan->backup = world_part(w, 0, w->backups);
	return plan;
}

static inline void world_plan_free(struct halb_plan *plan)
{
	if (!plan)
		return;
	world_plan_free(plan->backup);
	if (plan->sched->destroy)
		plan->sched->destroy(plan->table);
	else
		kvfree(plan->table);
	free(plan);
}

/* What was changed takes effect. */
static inline void world_commit(struct world *w)
{
	struct halb_plan *old = w->plan;

	w->plan = world_plan(w);
	assert(w->plan);
	halb_sched_start(w->plan);
	world_plan_free(old);
}

static inline struct halb_server *world_add(struct world *w, u32 number,
					    u32 weight)
{
	struct halb_server *server = aligned_alloc(64, sizeof(*server));

	memset(server, 0, sizeof(*server));
	server->service = w->service;
	server->af = AF_INET;
	server->addr.ip = cpu_to_be32(0x0a000000 + number);
	server->port = cpu_to_be16(80);

	w->count++;
	w->server = realloc(w->server, w->count * sizeof(*w->server));
	w->weight = realloc(w->weight, w->count * sizeof(*w->weight));
	memmove(w->server + 1, w->server, (w->count - 1) * sizeof(*w->server));
	memmove(w->weight + 1, w->weight, (w->count - 1) * sizeof(*w->weight));
	w->server[0] = server;
	w->weight[0] = weight;
	return server;
}

/* Removes a server; nobody but the caller may use it any more afterwards. */
static inline void world_del(struct world *w, u32 i)
{
	struct halb_server *server = w->server[i];

	w->count--;
	memmove(w->server + i, w->server + i + 1,
		(w->count - i) * sizeof(*w->server));
	memmove(w->weight + i, w->weight + i + 1,
		(w->count - i) * sizeof(*w->weight));
	set_bit(HALB_SERVER_REMOVED_BIT, &server->flags);
	world_commit(w);
	halb_sched_forget(server);
	free(server);
}

static inline void world_free(struct world *w)
{
	u32 i;

	world_plan_free(w->plan);
	for (i = 0; i < w->count; i++)
		set_bit(HALB_SERVER_REMOVED_BIT, &w->server[i]->flags);
	for (i = 0; i < w->count; i++) {
		halb_sched_forget(w->server[i]);
		free(w->server[i]);
	}
	shim_rcu_free(shim_rcu_take());
	free(w->server);
	free(w->weight);
	free(w->service);
	free(w);
}

static inline void server_counts(struct halb_server *server, int active,
				 int inactive)
{
	if (active)
		atomic_add(active, &server->active);
	if (inactive)
		atomic_add(inactive, &server->inactive);
	halb_server_conns_changed(server);
}

static inline void server_overload(struct halb_server *server, bool on)
{
	if (on)
		set_bit(HALB_SERVER_OVERLOAD_BIT, &server->flags);
	else
		clear_bit(HALB_SERVER_OVERLOAD_BIT, &server->flags);
	halb_server_conns_changed(server);
}

/*
 * Every other time asks before who it will be, twice: that comes true, and as
 * all else is as without it, asking changes nothing.
 */
static inline struct halb_server *
world_foretold(struct world *w, const struct halb_client *client)
{
	static bool ask;
	struct halb_server *first, *second, *server;

	ask = !ask;
	if (!ask || !strcmp(w->plan->sched->name, "twos"))
		return halb_sched_pick(w->plan, client);
	first = halb_sched_peek(w->plan, client);
	second = halb_sched_peek(w->plan, client);
	server = halb_sched_pick(w->plan, client);
	assert(first == server && second == server);
	return server;
}

static inline struct halb_server *
world_pick_client(struct world *w, u8 af, const union nf_inet_addr *addr,
		  u16 port)
{
	struct halb_client client = {
		.addr = addr, .vip = addr, .port = cpu_to_be16(port), .af = af,
	};

	return world_foretold(w, &client);
}

static inline struct halb_server *world_pick(struct world *w)
{
	union nf_inet_addr addr = { .ip = cpu_to_be32(0x0a010203) };

	return world_pick_client(w, AF_INET, &addr, 1234);
}

static inline u32 world_index(const struct world *w,
			      const struct halb_server *server)
{
	u32 i;

	for (i = 0; i < w->count && w->server[i] != server; i++)
		;
	return i;
}

static inline u32 below(u32 n)
{
	return (get_random_u64() >> 32) * n >> 32;
}

#endif
