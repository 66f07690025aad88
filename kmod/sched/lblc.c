// SPDX-License-Identifier: GPL-2.0
/*
 * lblc and lblcr: a destination stays with the server that served it before,
 * for caches behind a mark.
 *
 *  - lblc remembers one server per destination. A new destination gets the one
 *    that wlc would choose, and so does one whose server has more active
 *    connections than its weight while another has less than half of its own.
 *  - lblcr remembers a set of servers per destination, and takes the one of the
 *    set with the fewest connections for its weight. Where lblc would move to
 *    another server, lblcr adds that one to the set. A set that has not
 *    changed for a day loses the server with the most connections.
 *
 * These are ip_vs's rules, and its choices. Two things are different: a server
 * at its upper threshold gets no flow, which lblc in ip_vs does not look at;
 * and a set has 32 servers at most, so that choosing from it has a bound: one
 * that is added to a full set takes the place of one that is gone, or else of
 * the one with the most connections.
 *
 * Cost of a known destination: one lookup in the table (locality.c), and as
 * many names as its set has, each one probe of a hash table. No lock. That of
 * a new one besides: the table's lock. What wlc would choose is at the root of
 * a tournament, see least.c; whether there is a server with less than half of
 * its weight is a count that is kept with it.
 */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "least.h"
#include "locality.h"

#define HALB_LBLC_NONE	U32_MAX

/**
 * struct member - a server of the plan
 * @name: in the locality table
 * @spare: less than half as many active connections as its weight
 */
struct member {
	u64 name;
	bool spare;
};

/**
 * struct lblc - table of a plan
 * @locality: what is remembered, shared with the plans before and after
 * @least: which server wlc would choose
 * @spares: how many members are spare
 * @mask: length of @index less one
 * @index: slots by name of the server, with linear probing
 * @member: by slot
 */
struct lblc {
	struct halb_locality *locality;
	struct halb_least *least;
	u32 spares;
	u32 mask;
	u32 *index;
	struct member member[];
};

/**
 * struct choice - what a pick comes to
 * @server: for the flow
 * @place: the destination as it was found, NULL if it was not
 * @write: @servers are to be remembered
 * @count: number of @servers
 * @servers: names
 */
struct choice {
	struct halb_server *server;
	struct halb_place *place;
	bool write;
	u32 count;
	u64 servers[HALB_LOCALITY_SERVERS];
};

/* --- the plan's table -------------------------------------------------------- */

static void lblc_destroy(void *table)
{
	struct lblc *lblc = table;

	if (lblc->locality)
		halb_locality_put(lblc->locality);
	kvfree(lblc->least);
	kvfree(lblc->index);
	kvfree(lblc);
}

/* That of the plan that is published now, if its scheduler is the same. */
static struct halb_locality *locality_for(const struct halb_plan *plan)
{
	/* changes under the netns' mutex, as this is; and then it is not freed */
	const struct halb_plan *present = plan->service->sched_plan;
	struct halb_locality *locality;

	if (!present || present->sched != plan->sched)
		return halb_locality_create();
	locality = ((const struct lblc *)present->table)->locality;
	halb_locality_hold(locality);
	return locality;
}

static bool is_spare(const struct halb_slot *slot)
{
	u32 active = max(atomic_read(&slot->server->active), 0);

	return 2 * (u64)active < slot->weight;
}

static u64 name_of(const struct lblc *lblc, const struct halb_server *server)
{
	return halb_locality_name(lblc->locality, server->af, &server->addr,
				  server->port);
}

static void fill(struct lblc *lblc, const struct halb_plan *plan)
{
	u32 i, p;

	for (p = 0; p <= lblc->mask; p++)
		lblc->index[p] = HALB_LBLC_NONE;
	for (i = 0; i < plan->count; i++) {
		u64 name = name_of(lblc, plan->slots[i].server);

		lblc->member[i].name = name;
		lblc->member[i].spare = is_spare(&plan->slots[i]);
		lblc->spares += lblc->member[i].spare;
		for (p = name & lblc->mask; lblc->index[p] != HALB_LBLC_NONE; )
			p = (p + 1) & lblc->mask;
		lblc->index[p] = i;
	}
}

static int lblc_build(struct halb_plan *plan)
{
	u32 size = roundup_pow_of_two(2 * plan->count + 1);
	struct lblc *lblc;

	lblc = kvzalloc(struct_size(lblc, member, plan->count),
			GFP_KERNEL_ACCOUNT);
	if (!lblc)
		return -ENOMEM;
	lblc->mask = size - 1;
	lblc->index = kvmalloc_array(size, sizeof(*lblc->index),
				     GFP_KERNEL_ACCOUNT);
	lblc->least = halb_least_create(plan, HALB_LEAST_WLC);
	lblc->locality = locality_for(plan);
	if (!lblc->index || !lblc->least || !lblc->locality) {
		lblc_destroy(lblc);
		return -ENOMEM;
	}
	fill(lblc, plan);
	plan->table = lblc;
	return 0;
}

static void lblc_update(struct halb_plan *plan, u32 slot)
{
	struct lblc *lblc = plan->table;
	struct member *member = &lblc->member[slot];
	bool spare = is_spare(&plan->slots[slot]);

	halb_least_update(lblc->least, plan, slot);
	if (member->spare == spare)
		return;
	member->spare = spare;
	WRITE_ONCE(lblc->spares, spare ? lblc->spares + 1 : lblc->spares - 1);
}

/* The slot of a server by its name; NULL: the plan does not have it. */
static const struct halb_slot *find_slot(const struct halb_plan *plan, u64 name)
{
	const struct lblc *lblc = plan->table;
	u32 p, i;

	for (p = name & lblc->mask; ; p = (p + 1) & lblc->mask) {
		i = lblc->index[p];
		if (i == HALB_LBLC_NONE)
			return NULL;
		if (lblc->member[i].name == name)
			return &plan->slots[i];
	}
}

/* ip_vs's rule: over its weight, and another is below half of its own */
static bool overloaded(const struct lblc *lblc, const struct halb_slot *slot)
{
	u32 active = max(atomic_read(&slot->server->active), 0);

	return active > slot->weight && READ_ONCE(lblc->spares);
}

/* --- lblc --------------------------------------------------------------------- */

static void lblc_choose(struct halb_plan *plan,
			const struct halb_client *client, struct choice *c)
{
	const struct lblc *lblc = plan->table;
	const struct halb_slot *slot = NULL;

	c->place = halb_locality_find(lblc->locality, client->vip);
	if (c->place)
		slot = find_slot(plan, c->place->servers[0]);
	c->write = false;
	if (slot && halb_slot_usable(slot) && !overloaded(lblc, slot)) {
		c->server = slot->server;
		return;
	}
	c->server = halb_least_best(lblc->least, plan);
	if (!c->server || (slot && c->server == slot->server))
		return;
	c->write = true;
	c->count = 1;
	c->servers[0] = name_of(lblc, c->server);
}

/* --- lblcr -------------------------------------------------------------------- */

static bool less_loaded(const struct halb_slot *a, const struct halb_slot *b)
{
	return halb_server_load(a->server) * b->weight <
	       halb_server_load(b->server) * a->weight;
}

/* The usable server of a set with the fewest connections for its weight. */
static const struct halb_slot *set_min(const struct halb_plan *plan,
				       const struct choice *c)
{
	const struct halb_slot *slot, *best = NULL;
	u32 i;

	for (i = 0; i < c->count; i++) {
		slot = find_slot(plan, c->servers[i]);
		if (slot && halb_slot_usable(slot) &&
		    (!best || less_loaded(slot, best)))
			best = slot;
	}
	return best;
}

/* Index of the one with the most of those that have a weight, or @c->count. */
static u32 set_max(const struct halb_plan *plan, const struct choice *c)
{
	const struct halb_slot *slot, *most = NULL;
	u32 i, index = c->count;

	for (i = 0; i < c->count; i++) {
		slot = find_slot(plan, c->servers[i]);
		if (!slot || !slot->weight || (most && !less_loaded(most, slot)))
			continue;
		most = slot;
		index = i;
	}
	return index;
}

static void set_erase(struct choice *c, u32 index)
{
	if (index >= c->count)
		return;
	c->count--;
	memmove(&c->servers[index], &c->servers[index + 1],
		(c->count - index) * sizeof(c->servers[0]));
	c->write = true;
}

static u32 find_gone(const struct halb_plan *plan, const struct choice *c)
{
	u32 i;

	for (i = 0; i < c->count; i++)
		if (!find_slot(plan, c->servers[i]))
			break;
	return i;
}

static void set_insert(const struct halb_plan *plan, struct choice *c, u64 name)
{
	u32 i;

	for (i = 0; i < c->count; i++)
		if (c->servers[i] == name)
			return;
	if (c->count == HALB_LOCALITY_SERVERS)
		set_erase(c, find_gone(plan, c));
	if (c->count == HALB_LOCALITY_SERVERS)
		set_erase(c, set_max(plan, c));
	if (c->count == HALB_LOCALITY_SERVERS)
		set_erase(c, c->count - 1);
	memmove(&c->servers[1], &c->servers[0],
		c->count * sizeof(c->servers[0]));
	c->servers[0] = name;
	c->count++;
	c->write = true;
}

static void lblcr_choose(struct halb_plan *plan,
			 const struct halb_client *client, struct choice *c)
{
	const struct lblc *lblc = plan->table;
	const struct halb_slot *slot = NULL;

	c->write = false;
	c->count = 0;
	c->place = halb_locality_find(lblc->locality, client->vip);
	if (c->place) {
		c->count = c->place->count;
		memcpy(c->servers, c->place->servers,
		       c->count * sizeof(c->servers[0]));
		slot = set_min(plan, c);
		if (c->count > 1 && halb_now() - c->place->changed >
				    HALB_LOCALITY_TIMEOUT)
			set_erase(c, set_max(plan, c));
	}
	if (slot && !overloaded(lblc, slot)) {
		c->server = slot->server;
		return;
	}
	c->server = halb_least_best(lblc->least, plan);
	if (c->server)
		set_insert(plan, c, name_of(lblc, c->server));
}

/* --- both --------------------------------------------------------------------- */

static void remember(const struct halb_plan *plan,
		     const struct halb_client *client, const struct choice *c)
{
	const struct lblc *lblc = plan->table;

	if (c->place)
		halb_place_use(c->place);
	if (c->write)
		halb_locality_set(lblc->locality, c->place, client->vip,
				  c->servers, c->count);
}

static struct halb_server *lblc_pick(struct halb_plan *plan,
				     const struct halb_client *client)
{
	struct choice c;

	halb_sched_catch_up(plan);
	lblc_choose(plan, client, &c);
	remember(plan, client, &c);
	return c.server;
}

static struct halb_server *lblcr_pick(struct halb_plan *plan,
				      const struct halb_client *client)
{
	struct choice c;

	halb_sched_catch_up(plan);
	lblcr_choose(plan, client, &c);
	remember(plan, client, &c);
	return c.server;
}

/* Nothing is remembered of what only asks. */
static struct halb_server *lblc_peek(struct halb_plan *plan,
				     const struct halb_client *client)
{
	struct choice c;

	halb_sched_catch_up(plan);
	lblc_choose(plan, client, &c);
	return c.server;
}

static struct halb_server *lblcr_peek(struct halb_plan *plan,
				      const struct halb_client *client)
{
	struct choice c;

	halb_sched_catch_up(plan);
	lblcr_choose(plan, client, &c);
	return c.server;
}

const struct halb_sched halb_sched_lblc = {
	.name = "lblc",
	.build = lblc_build,
	.destroy = lblc_destroy,
	.update = lblc_update,
	.pick = lblc_pick,
	.peek = lblc_peek,
	.watch = HALB_WATCH_CONNS,
};

const struct halb_sched halb_sched_lblcr = {
	.name = "lblcr",
	.build = lblc_build,
	.destroy = lblc_destroy,
	.update = lblc_update,
	.pick = lblcr_pick,
	.peek = lblcr_peek,
	.watch = HALB_WATCH_CONNS,
};
