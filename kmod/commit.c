// SPDX-License-Identifier: GPL-2.0
/*
 * Commit: of what is staged, objects; of the objects, the configuration.
 *
 * Everything that can fail comes first and leaves no trace: new services and
 * servers, plans with their schedulers' tables, a table of plans if more than
 * one of them changes, the probe, the hooks. From take_effect() on nothing can
 * fail.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "conn.h"
#include "drain.h"
#include "estimator.h"
#include "half_open.h"
#include "instance.h"
#include "own.h"
#include "slow_start.h"
#include "transaction.h"

/* destinations of flows by mark: a page of bits */
#define HALB_MARKED_ROOM	1024U

static struct halb_config *present_config(const struct halb_net *hn)
{
	return rcu_dereference_protected(hn->config,
					 lockdep_is_held(&hn->mutex));
}

/* --- what is to become of a service ---------------------------------------- */

static bool survives(const struct halb_transaction *txn,
		     const struct halb_service *service)
{
	return service->staged ? !service->staged->removed : !txn->replace;
}

static struct halb_plan *next_plan(const struct halb_service *service)
{
	return service->staged && service->staged->plan ?
		service->staged->plan : service->plan;
}

/* --- preparation: may fail -------------------------------------------------- */

static bool same_server(const struct halb_server *server,
			const struct halb_staged_server *staged)
{
	return server->port == staged->port && server->af == staged->af &&
	       server->method == staged->method &&
	       nf_inet_addr_cmp(&server->addr, &staged->addr);
}

/*
 * The present server that a staged one is, or NULL. Most are found at once:
 * @next is the one after the server that was found last.
 */
static struct halb_server *match_server(struct halb_service *service,
					const struct halb_staged_server *staged,
					struct list_head **next)
{
	struct halb_server *server;

	if (*next != &service->servers) {
		server = list_entry(*next, struct halb_server, list);
		if (same_server(server, staged))
			goto found;
	}
	list_for_each_entry(server, &service->servers, list)
		if (same_server(server, staged))
			goto found;
	return NULL;
found:
	*next = server->list.next;
	return server;
}

/* Does its drain begin, end, or get another deadline? */
static bool drain_changes(const struct halb_server *server,
			  const struct halb_staged_server *staged)
{
	return staged->drain_given &&
	       (staged->drain || server->drain_end ||
		test_bit(HALB_SERVER_DRAINED_BIT, &server->flags));
}

/*
 * Where the server is on its way to its weight. One that comes together with
 * its service has all of it.
 */
static void prepare_step(const struct halb_staged *staged,
			 struct halb_staged_server *s)
{
	const struct halb_service_options *options = &staged->options;
	const struct halb_server *server = s->server;
	bool comes = s->created ? !staged->created :
				  !server->weight && s->weight;
	bool coming = !s->created && server->slow_step < HALB_SLOW_STEPS;

	s->slow_step = HALB_SLOW_STEPS;
	s->slow_since = comes ? halb_now() : server->slow_since;
	if (options->slow_start && options->sched->shares && s->weight &&
	    (comes || coming))
		s->slow_step = halb_slow_step(s->slow_since,
					      options->slow_start);
}

static bool is_slow(const struct halb_staged *staged)
{
	u32 i;

	for (i = 0; i < staged->count; i++)
		if (staged->servers[i].slow_step < HALB_SLOW_STEPS)
			return true;
	return false;
}

/* The weights that the scheduler sees. */
static void prepare_shares(struct halb_staged *staged)
{
	u32 i, most = 1, factor = 1;

	for (i = 0; i < staged->count; i++) {
		prepare_step(staged, &staged->servers[i]);
		most = max(most, staged->servers[i].weight);
	}
	if (is_slow(staged))
		factor = clamp(HALB_WEIGHT_MAX / most, 1U, HALB_SLOW_STEPS);
	for (i = 0; i < staged->count; i++) {
		struct halb_staged_server *s = &staged->servers[i];

		s->share = DIV_ROUND_UP(s->weight * factor * s->slow_step,
					HALB_SLOW_STEPS);
	}
}

static int prepare_servers(struct halb_staged *staged)
{
	struct halb_service *service = staged->service;
	struct list_head *next = service->servers.next;
	u32 i;

	for (i = 0; i < staged->count; i++) {
		struct halb_staged_server *s = &staged->servers[i];

		s->server = match_server(service, s, &next);
		if (s->server) {
			s->changed = s->server->weight != s->weight ||
				     s->server->upper != s->upper ||
				     s->server->lower != s->lower ||
				     s->server->backup != s->backup ||
				     !halb_tunnel_equal(s->server->tunnel,
							s->tunnel) ||
				     drain_changes(s->server, s);
			continue;
		}
		s->server = halb_server_create(service, s->af, &s->addr,
					       s->port, s->method);
		if (!s->server)
			return -ENOMEM;
		INIT_LIST_HEAD(&s->server->leaving);
		s->created = true;
	}
	prepare_shares(staged);
	return 0;
}

/* The name of a service's VRRP instance, empty if it has none. */
static const char *instance_name(const struct halb_instance *instance)
{
	return instance ? instance->name : "";
}

static bool same_pool(const struct halb_pool *a,
		      const struct halb_pool *b)
{
	return a->count == b->count && nf_inet_addr_cmp(&a->first, &b->first);
}

static bool same_options(const struct halb_plan *plan,
			 const struct halb_service_options *options)
{
	return !strcmp(instance_name(plan->service->instance), options->vrrp) &&
	       plan->sched == options->sched && plan->flags == options->flags &&
	       plan->persist_timeout == options->persist_timeout &&
	       plan->persist_prefix == options->persist_prefix &&
	       same_pool(&plan->pool, &options->pool) &&
	       plan->slow_start == options->slow_start &&
	       !memcmp(&plan->limits, &options->limits, sizeof(plan->limits));
}

/* Slots are newest first, staged servers are oldest first. */
static bool same_slots(const struct halb_plan *plan,
		       const struct halb_staged *staged)
{
	u32 i, at[2] = {};

	for (i = staged->count; i-- > 0; ) {
		const struct halb_staged_server *s = &staged->servers[i];
		const struct halb_plan *part = s->backup ? plan->backup : plan;
		u32 slot = at[s->backup]++;

		if (!part || slot >= part->count ||
		    part->slots[slot].server != s->server ||
		    part->slots[slot].weight != s->share)
			return false;
	}
	return plan->count == at[0] &&
	       (plan->backup ? plan->backup->count : 0) == at[1];
}

static void fill_slots(struct halb_plan *plan, const struct halb_staged *staged,
		       bool backup)
{
	u32 i, slot = 0;

	for (i = staged->count; i-- > 0; ) {
		const struct halb_staged_server *s = &staged->servers[i];

		if (s->backup == backup)
			plan->slots[slot++] = (struct halb_slot) {
				s->server, s->share,
			};
	}
}

/* A plan of the servers that are backup ones, or of the others. */
static int build_part(const struct halb_staged *staged, bool backup, u32 count,
		      struct halb_plan **part)
{
	const struct halb_service_options *options = &staged->options;
	struct halb_plan *plan;

	plan = halb_plan_create(staged->service, options->sched, count);
	if (!plan)
		return -ENOMEM;
	*part = plan;
	plan->flags = options->flags;
	plan->persist_timeout = options->persist_timeout;
	plan->persist_prefix = options->persist_prefix;
	plan->pool = options->pool;
	plan->limits = options->limits;
	plan->slow_start = options->slow_start;
	fill_slots(plan, staged, backup);
	return plan->sched->build ? plan->sched->build(plan) : 0;
}

static int build_plan(struct halb_staged *staged)
{
	u32 i, backups = 0;
	int err;

	for (i = 0; i < staged->count; i++)
		backups += staged->servers[i].backup;
	err = build_part(staged, false, staged->count - backups, &staged->plan);
	if (err || !backups)
		return err;
	return build_part(staged, true, backups, &staged->plan->backup);
}

static int prepare_instance(struct halb_transaction *txn,
			    struct halb_staged *staged)
{
	struct halb_instance *instance;

	if (!*staged->options.vrrp)
		return 0;
	instance = halb_instance_get(txn->hn, staged->options.vrrp);
	if (IS_ERR(instance))
		return PTR_ERR(instance);
	staged->instance = instance;
	return 0;
}

static int prepare_service(struct halb_transaction *txn,
			   struct halb_staged *staged)
{
	struct halb_plan *plan = halb_config_find(present_config(txn->hn),
						  &staged->key);
	int err;

	if (plan) {
		staged->service = plan->service;
		staged->service->staged = staged;
	}
	if (staged->removed) {
		if (plan && !txn->replace)
			txn->changes++;
		return 0;
	}
	if (!plan) {
		staged->service = halb_service_create(txn->hn, &staged->key);
		if (!staged->service)
			return -ENOMEM;
		staged->created = true;
	}
	err = prepare_instance(txn, staged);
	if (err)
		return err;
	err = prepare_servers(staged);
	if (err)
		return err;
	if (plan) {
		staged->changed = !same_options(plan, &staged->options);
		if (!staged->changed && same_slots(plan, staged))
			return 0;
	}
	txn->changes++;
	return build_plan(staged);
}

static int prepare_services(struct halb_transaction *txn)
{
	struct halb_service *service;
	struct halb_staged *staged;
	int err;

	list_for_each_entry(staged, &txn->services, list) {
		err = prepare_service(txn, staged);
		if (err)
			return err;
		cond_resched();
	}
	if (txn->replace)
		list_for_each_entry(service, &txn->hn->services, list)
			txn->changes += !survives(txn, service);
	return 0;
}

/* How many there will be. */
static void count_objects(const struct halb_transaction *txn,
			  u32 *services, u32 *servers)
{
	const struct halb_staged *staged;

	*services = txn->service_count;
	*servers = txn->server_count;
	if (txn->replace)
		return;
	*services = txn->hn->service_count;
	*servers = txn->hn->server_count;
	list_for_each_entry(staged, &txn->services, list) {
		if (staged->service && !staged->created)
			*servers -= staged->service->server_count;
		if (staged->removed) {
			*services -= !!staged->service;
		} else {
			*services += staged->created;
			*servers += staged->count;
		}
	}
}

static int prepare_table(struct halb_transaction *txn, u32 services)
{
	const struct halb_config *present = present_config(txn->hn);

	if (!txn->changes)
		return 0;
	if (txn->changes == 1 && services / 2 <= present->mask)
		return 0;	/* done in place */
	txn->config = halb_config_create(services, !present->parity);
	if (!txn->config)
		return -ENOMEM;
	/* nobody may follow links of the table before the present one any more */
	cond_synchronize_rcu(txn->hn->config_grace);
	return 0;
}

/* The hooks that are needed before and after the commit. */
static unsigned int wanted_hooks(const struct halb_transaction *txn)
{
	unsigned int want = halb_config_hooks(txn->hn);
	const struct halb_staged *staged;

	list_for_each_entry(staged, &txn->services, list) {
		if (staged->removed)
			continue;
		if (staged->key.fwmark)
			want |= halb_mark_hook(staged->key.af);
		if (staged->options.flags & HALB_SERVICE_FLAG_THROUGH_STACK)
			want |= HALB_HOOKS_FORWARD;
	}
	if (txn->settings_given & BIT(HALB_A_SETTINGS_LOCAL_CLIENTS) &&
	    txn->settings.local_clients)
		want |= HALB_HOOKS_OUTPUT;
	return want;
}

static int prepare_hooks(const struct halb_transaction *txn,
			 struct netlink_ext_ack *extack)
{
	struct halb_net *hn = txn->hn;
	unsigned int want = wanted_hooks(txn);
	int err;

	if (want & (HALB_HOOKS_MARK4 | HALB_HOOKS_MARK6) &&
	    !rcu_access_pointer(hn->marked)) {
		struct halb_probe *marked;

		marked = halb_probe_create(HALB_MARKED_ROOM, false);
		if (!marked)
			return -ENOMEM;
		rcu_assign_pointer(hn->marked, marked);
	}
	err = hn->hooks(hn, want);
	if (err)
		NL_SET_ERR_MSG(extack, "cannot register the netfilter hooks");
	return err;
}

static bool settings_differ(const struct halb_transaction *txn)
{
	const struct halb_settings *a = &txn->settings, *b = &txn->hn->settings;
	u32 given = txn->settings_given;

#define HALB_DIFFERS(attr, member) \
	(given & BIT(HALB_A_SETTINGS_##attr) && a->member != b->member)

	return HALB_DIFFERS(TCP_TIMEOUT, timeout[HALB_CONN_STATE_ESTABLISHED]) ||
	       HALB_DIFFERS(TCP_FIN_TIMEOUT, timeout[HALB_CONN_STATE_FIN_WAIT]) ||
	       HALB_DIFFERS(UDP_TIMEOUT, timeout[HALB_CONN_STATE_UDP]) ||
	       HALB_DIFFERS(CONN_LIMIT, conn_limit) ||
	       HALB_DIFFERS(VIP_UNMATCHED, vip_unmatched) ||
	       HALB_DIFFERS(SOURCE_CHECK, source_check) ||
	       HALB_DIFFERS(EXPIRE_QUIESCENT_TEMPLATE, expire_quiescent) ||
	       HALB_DIFFERS(LOCAL_CLIENTS, local_clients) ||
	       HALB_DIFFERS(SUSPECT_AFTER, suspect_after);
}

static int prepare(struct halb_transaction *txn, struct netlink_ext_ack *extack)
{
	struct halb_net *hn = txn->hn;
	u32 services, servers;
	int err;

	err = prepare_services(txn);
	if (err == -ENOSPC)
		NL_SET_ERR_MSG(extack,
			       "at most 4096 VRRP instances fit in a network namespace: bind services to fewer");
	if (err)
		return err;
	count_objects(txn, &services, &servers);
	if (services > HALB_SERVICES_MAX && services > hn->service_count)
		return halb_refuse(extack, -ENOSPC,
				   "at most 65536 services fit in a network namespace: remove some");
	if (servers > HALB_SERVERS_MAX && servers > hn->server_count)
		return halb_refuse(extack, -ENOSPC,
				   "at most 262144 servers fit in a network namespace: remove some");
	err = prepare_table(txn, services);
	if (err)
		return err;
	txn->settings_changed = settings_differ(txn);
	err = halb_probe_prepare(txn);
	if (err)
		return err;
	if (!services)
		return 0;
	err = halb_half_open_prepare(hn, txn->settings_given &
				     BIT(HALB_A_SETTINGS_CONN_LIMIT) ?
				     txn->settings.conn_limit :
				     hn->settings.conn_limit);
	if (err)
		return err;
	return prepare_hooks(txn, extack);
}

static void undo(struct halb_transaction *txn)
{
	struct halb_staged *staged;
	u32 i;

	kvfree(txn->config);
	txn->config = NULL;
	halb_probe_undo(txn);
	list_for_each_entry(staged, &txn->services, list) {
		halb_plan_free(staged->plan);
		staged->plan = NULL;
		for (i = 0; i < staged->count; i++)
			if (staged->servers[i].created)
				halb_server_put(staged->servers[i].server);
		if (staged->service)
			staged->service->staged = NULL;
		if (staged->created)
			halb_service_put(staged->service);
		if (staged->instance)
			halb_instance_put(staged->instance);
		staged->instance = NULL;
	}
	halb_instances_reap(txn->hn);
}

/* --- taking effect: cannot fail --------------------------------------------- */

#define HALB_APPLY_SETTING(attr, member) do {				\
	if (txn->settings_given & BIT(HALB_A_SETTINGS_##attr))		\
		WRITE_ONCE(settings->member, txn->settings.member);	\
} while (0)

static void apply_settings(struct halb_transaction *txn)
{
	struct halb_settings *settings = &txn->hn->settings;

	HALB_APPLY_SETTING(TCP_TIMEOUT, timeout[HALB_CONN_STATE_ESTABLISHED]);
	HALB_APPLY_SETTING(TCP_FIN_TIMEOUT, timeout[HALB_CONN_STATE_FIN_WAIT]);
	HALB_APPLY_SETTING(UDP_TIMEOUT, timeout[HALB_CONN_STATE_UDP]);
	HALB_APPLY_SETTING(CONN_LIMIT, conn_limit);
	HALB_APPLY_SETTING(VIP_UNMATCHED, vip_unmatched);
	HALB_APPLY_SETTING(SOURCE_CHECK, source_check);
	HALB_APPLY_SETTING(EXPIRE_QUIESCENT_TEMPLATE, expire_quiescent);
	HALB_APPLY_SETTING(LOCAL_CLIENTS, local_clients);
	HALB_APPLY_SETTING(SUSPECT_AFTER, suspect_after);
}

/*
 * Before anyone can find them: services and servers that this director does not
 * serve are closed from the first packet on.
 */
static void bind_instances(struct halb_transaction *txn)
{
	struct halb_staged *staged;
	u32 i;

	list_for_each_entry(staged, &txn->services, list) {
		struct halb_service *service = staged->service;

		if (staged->removed)
			continue;
		halb_instance_bind(service, staged->instance);
		staged->instance = NULL;
		halb_instance_gate(service);
		for (i = 0; service->standby && i < staged->count; i++)
			if (staged->servers[i].created)
				set_bit(HALB_SERVER_STANDBY_BIT,
					&staged->servers[i].server->flags);
	}
}

/* Before anyone can find the new ones; of the others the next packets. */
static void set_stack(struct halb_transaction *txn)
{
	struct halb_staged *staged;
	struct halb_server *server;
	bool stack;
	u32 i;

	list_for_each_entry(staged, &txn->services, list) {
		if (staged->removed)
			continue;
		stack = staged->options.flags & HALB_SERVICE_FLAG_THROUGH_STACK;
		list_for_each_entry(server, &staged->service->servers, list)
			halb_server_set_stack(server, stack);
		list_for_each_entry(server, &staged->service->leaving, leaving)
			halb_server_set_stack(server, stack);
		for (i = 0; i < staged->count; i++)
			halb_server_set_stack(staged->servers[i].server, stack);
	}
}

/* The one plan that changes, in the table that is in use. */
static void change_in_place(struct halb_transaction *txn)
{
	struct halb_config *config = present_config(txn->hn);
	struct halb_service *service;
	struct halb_staged *staged;

	list_for_each_entry(staged, &txn->services, list) {
		if (!staged->plan)
			continue;
		if (staged->created)
			halb_config_insert(config, staged->plan);
		else
			halb_config_replace(config, staged->service->plan,
					    staged->plan);
	}
	list_for_each_entry(service, &txn->gone, list)
		halb_config_remove(config, service->plan);
}

/* All plans, in the table that takes its place at once. */
static void change_table(struct halb_transaction *txn)
{
	struct halb_service *service;
	struct halb_staged *staged;

	list_for_each_entry(service, &txn->hn->services, list)
		halb_config_insert(txn->config, next_plan(service));
	list_for_each_entry(staged, &txn->services, list)
		if (staged->created)
			halb_config_insert(txn->config, staged->plan);
	halb_config_publish(txn->hn, txn->config);
	txn->config = NULL;
}

static void count_mark(struct halb_net *hn, const struct halb_service *service,
		       int by)
{
	if (service->key.fwmark)
		hn->mark_count[halb_af_index(service->key.af)] += by;
}

/* Removed services, from the netns' list to the transaction's. */
static void collect_gone(struct halb_transaction *txn)
{
	struct halb_service *service, *next;
	struct halb_staged *staged;

	if (txn->replace) {
		list_for_each_entry_safe(service, next, &txn->hn->services, list)
			if (!survives(txn, service))
				list_move_tail(&service->list, &txn->gone);
	} else {
		list_for_each_entry(staged, &txn->services, list)
			if (staged->removed && staged->service)
				list_move_tail(&staged->service->list,
					       &txn->gone);
	}
	list_for_each_entry(service, &txn->gone, list) {
		txn->hn->service_count--;
		count_mark(txn->hn, service, -1);
		txn->hn->server_count -= service->server_count;
	}
}

static void apply_server(struct halb_staged_server *staged)
{
	struct halb_server *server = staged->server;

	server->slow_step = staged->slow_step;
	server->slow_since = staged->slow_since;
	if (!staged->created && !staged->changed)
		return;
	if (staged->drain_given || server->weight != staged->weight)
		halb_drain_set(server, staged->drain);
	WRITE_ONCE(server->weight, staged->weight);
	server->backup = staged->backup;
	/* encapsulation changes with the next packet, connections stay */
	WRITE_ONCE(server->tunnel, staged->tunnel);
	if (server->upper == staged->upper && server->lower == staged->lower)
		return;
	WRITE_ONCE(server->upper, staged->upper);
	WRITE_ONCE(server->lower, staged->lower);
	halb_server_update_overload(server);
	halb_server_conns_changed(server);
}

static void apply_servers(struct halb_net *hn, struct halb_staged *staged)
{
	struct halb_service *service = staged->service;
	struct halb_server *server;
	u32 i;

	list_splice_init(&service->servers, &staged->gone);
	for (i = 0; i < staged->count; i++) {
		list_move_tail(&staged->servers[i].server->list,
			       &service->servers);
		apply_server(&staged->servers[i]);
	}
	list_for_each_entry(server, &staged->gone, list)
		list_add_tail(&server->leaving, &service->leaving);
	hn->server_count += staged->count - service->server_count;
	service->server_count = staged->count;
}

static void apply_limits(struct halb_limits *limits,
			 const struct halb_limits *new)
{
	WRITE_ONCE(limits->tcp_timeout, new->tcp_timeout);
	WRITE_ONCE(limits->tcp_fin_timeout, new->tcp_fin_timeout);
	WRITE_ONCE(limits->udp_timeout, new->udp_timeout);
	WRITE_ONCE(limits->conns, new->conns);
}

/* After its plan was published. */
static void apply_service(struct halb_net *hn, struct halb_staged *staged)
{
	struct halb_service *service = staged->service;
	struct halb_plan *plan = staged->plan;

	if (staged->created) {
		list_add_tail(&service->list, &hn->services);
		hn->service_count++;
		count_mark(hn, service, 1);
	}
	apply_servers(hn, staged);
	service->slow = is_slow(staged);
	if (service->slow)
		halb_slow_start(hn);
	if (plan) {
		WRITE_ONCE(service->persist_timeout, plan->persist_timeout);
		WRITE_ONCE(service->persist_prefix, plan->persist_prefix);
		apply_limits(&service->limits, &plan->limits);
		halb_sched_start(plan);
		if (service->plan)
			halb_plan_retire(service->plan);
		service->plan = plan;
		staged->plan = NULL;
	}
	service->staged = NULL;
}

/* Lists the services in the order of the transaction; whether that is new. */
static bool put_in_order(struct halb_transaction *txn)
{
	struct list_head *services = &txn->hn->services;
	struct list_head *next = services->next;
	struct halb_staged *staged;
	bool moved = false;

	if (!txn->replace)
		return false;
	list_for_each_entry(staged, &txn->services, list) {
		if (staged->removed)
			continue;
		if (&staged->service->list == next) {
			next = next->next;
			continue;
		}
		list_move_tail(&staged->service->list, next);
		moved = true;
	}
	return moved;
}

static bool any_server_changed(const struct halb_transaction *txn)
{
	const struct halb_staged *staged;
	u32 i;

	list_for_each_entry(staged, &txn->services, list)
		for (i = 0; i < staged->count; i++)
			if (staged->servers[i].changed)
				return true;
	return false;
}

static void take_effect(struct halb_transaction *txn)
{
	struct halb_net *hn = txn->hn;
	struct halb_staged *staged;
	bool changed = txn->changes || txn->settings_changed ||
		       any_server_changed(txn);

	apply_settings(txn);
	halb_probe_publish(txn);
	collect_gone(txn);
	bind_instances(txn);
	set_stack(txn);
	if (txn->config)
		change_table(txn);
	else if (txn->changes)
		change_in_place(txn);
	list_for_each_entry(staged, &txn->services, list)
		if (!staged->removed)
			apply_service(hn, staged);
	changed |= put_in_order(txn);
	if (changed && !txn->quiet && !++hn->generation)
		hn->generation = 1;
	if (hn->service_count) {
		halb_estimator_start(hn);
		halb_own_start(hn);
	}
}

int halb_transaction_check(const struct halb_transaction *txn,
			   struct netlink_ext_ack *extack)
{
	u32 generation = txn->hn->generation;

	if (!txn->pinned || txn->generation == generation)
		return 0;
	halb_set_err_msg_fmt(extack,
			     "the configuration has changed meanwhile: begin again",
			     "the configuration has generation %u, not %u: begin again",
			     generation, txn->generation);
	return -EAGAIN;
}

int halb_transaction_commit(struct halb_transaction *txn,
			    struct netlink_ext_ack *extack)
{
	int err;

	lockdep_assert_held(&txn->hn->mutex);
	err = halb_transaction_check(txn, extack);
	if (err)
		return err;
	err = prepare(txn, extack);
	if (err) {
		undo(txn);
		return err;
	}
	take_effect(txn);
	return 0;
}

/* --- afterwards -------------------------------------------------------------- */

static void tell_service(const struct halb_staged *staged, halb_tell_fn tell,
			 void *arg)
{
	const struct halb_service *service = staged->service;
	const struct halb_server *server;
	u32 i;

	if (staged->created)
		tell(HALB_CMD_SERVICE_ADD_NTF, service, NULL, arg);
	else if (staged->changed)
		tell(HALB_CMD_SERVICE_SET_NTF, service, NULL, arg);
	list_for_each_entry(server, &staged->gone, list)
		tell(HALB_CMD_SERVER_DEL_NTF, service, server, arg);
	for (i = 0; i < staged->count; i++) {
		const struct halb_staged_server *s = &staged->servers[i];

		if (s->created)
			tell(HALB_CMD_SERVER_ADD_NTF, service, s->server, arg);
		else if (s->changed)
			tell(HALB_CMD_SERVER_SET_NTF, service, s->server, arg);
	}
}

void halb_transaction_tell(struct halb_transaction *txn, halb_tell_fn tell,
			   void *arg)
{
	const struct halb_service *service;
	const struct halb_staged *staged;

	lockdep_assert_held(&txn->hn->mutex);
	list_for_each_entry(service, &txn->gone, list)
		tell(HALB_CMD_SERVICE_DEL_NTF, service, NULL, arg);
	list_for_each_entry(staged, &txn->services, list)
		if (!staged->removed)
			tell_service(staged, tell, arg);
	if (txn->settings_changed)
		tell(HALB_CMD_SETTINGS_NTF, NULL, NULL, arg);
}

/* What a commit has taken out of the configuration goes its own way. */
static bool let_go(struct halb_transaction *txn)
{
	struct halb_service *service, *next_service;
	struct halb_server *server, *next;
	struct halb_staged *staged;
	bool any = false;

	list_for_each_entry_safe(service, next_service, &txn->gone, list) {
		halb_config_let_go(txn->hn, service);
		any = true;
	}
	list_for_each_entry(staged, &txn->services, list) {
		list_for_each_entry_safe(server, next, &staged->gone, list) {
			halb_config_let_server_go(txn->hn, server);
			any = true;
		}
	}
	return any;
}

/**
 * halb_transaction_release - the end of a transaction, committed or not
 * @txn: transaction; its memory is the caller's
 */
void halb_transaction_release(struct halb_transaction *txn)
{
	struct halb_net *hn = txn->hn;

	lockdep_assert_held(&hn->mutex);
	list_del_init(&txn->list);
	halb_instances_reap(hn);
	if (let_go(txn)) {
		/* their connections are orphans, and the hooks may be idle */
		halb_conn_gc_kick(hn);
		halb_probe_tidy(hn);
	}
	halb_transaction_forget(txn);
}
