// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration of a netns: its table of plans, and how it begins and
 * ends. What changes it is in transaction.c and commit.c.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "conn.h"
#include "drain.h"
#include "estimator.h"
#include "instance.h"
#include "net.h"
#include "probe_set.h"
#include "sctp_state.h"
#include "slow_start.h"
#include "tcp_state.h"

#define HALB_BUCKETS_MIN	8U
#define HALB_SUSPECT_AFTER	3U
#define HALB_UDP_TIMEOUT	300U
/* a connection may be made for this much memory of the machine */
#define HALB_BYTES_PER_CONN	2048U

/* --- the table ------------------------------------------------------------- */

/**
 * halb_config_create - an empty table
 * @services: how many it is going to hold
 * @parity: which of &halb_plan.node is going to link it
 *
 * Context: process, may sleep. Return: the table or NULL.
 */
struct halb_config *halb_config_create(u32 services, unsigned int parity)
{
	u32 size = roundup_pow_of_two(max(services, HALB_BUCKETS_MIN));
	struct halb_config *config;

	config = kvzalloc(struct_size(config, buckets, 2 * size),
			  GFP_KERNEL_ACCOUNT);
	if (!config)
		return NULL;
	config->parity = parity;
	config->mask = size - 1;
	return config;
}

void halb_config_insert(struct halb_config *config, struct halb_plan *plan)
{
	u32 hash = halb_service_key_hash(&plan->key);

	hlist_add_head_rcu(&plan->node[config->parity],
			   &config->buckets[hash & config->mask]);
	hlist_add_head_rcu(&plan->vip_node[config->parity],
			   halb_config_vip_bucket(config, &plan->key.addr));
}

void halb_config_replace(struct halb_config *config, struct halb_plan *old,
			 struct halb_plan *plan)
{
	hlist_replace_rcu(&old->node[config->parity],
			  &plan->node[config->parity]);
	hlist_replace_rcu(&old->vip_node[config->parity],
			  &plan->vip_node[config->parity]);
}

void halb_config_remove(struct halb_config *config, struct halb_plan *plan)
{
	hlist_del_rcu(&plan->node[config->parity]);
	hlist_del_rcu(&plan->vip_node[config->parity]);
}

bool halb_config_has_vip(struct halb_config *config, u8 af,
			 const union nf_inet_addr *addr)
{
	unsigned int parity = config->parity;
	struct hlist_node *node;

	node = rcu_dereference(hlist_first_rcu(halb_config_vip_bucket(config,
								      addr)));
	for (; node; node = rcu_dereference(hlist_next_rcu(node))) {
		const struct halb_plan *plan;

		plan = container_of(node, struct halb_plan, vip_node[parity]);
		if (plan->key.af == af && !plan->key.fwmark &&
		    !READ_ONCE(plan->service->standby) &&
		    nf_inet_addr_cmp(&plan->key.addr, addr))
			return true;
	}
	return false;
}

static void free_config(struct work_struct *work)
{
	kvfree(container_of(to_rcu_work(work), struct halb_config, free_work));
}

/**
 * halb_config_publish - puts a new table in place of the present one
 * @hn: netns
 * @config: table of the other parity
 *
 * Plans that are in both need nothing else. Whoever comes next with a table
 * of the old parity waits for &halb_net.config_grace first: readers of the old
 * table follow the same links.
 */
void halb_config_publish(struct halb_net *hn, struct halb_config *config)
{
	struct halb_config *old;

	old = rcu_replace_pointer(hn->config, config,
				  lockdep_is_held(&hn->mutex));
	hn->config_grace = get_state_synchronize_rcu();
	INIT_RCU_WORK(&old->free_work, free_config);
	queue_rcu_work(halb_wq, &old->free_work);
}

/**
 * halb_config_hooks - the hooks that the present services need
 * @hn: netns, its mutex held
 *
 * Return: HALB_HOOKS_* bits; those for flows are always among them.
 */
unsigned int halb_config_hooks(const struct halb_net *hn)
{
	unsigned int want = HALB_HOOKS_FLOWS;

	lockdep_assert_held(&hn->mutex);
	if (hn->mark_count[0])
		want |= HALB_HOOKS_MARK4;
	if (hn->mark_count[1])
		want |= HALB_HOOKS_MARK6;
	if (atomic_read(&hn->stack_servers))
		want |= HALB_HOOKS_FORWARD;
	if (atomic_read(&hn->local_servers) || hn->settings.local_clients)
		want |= HALB_HOOKS_OUTPUT;
	return want;
}

/* --- what leaves the configuration ----------------------------------------- */

/**
 * halb_config_let_server_go - a removed server is on its own
 * @hn: netns, its mutex held
 * @server: server, found by no packet that starts a flow any more
 *
 * It stays among &halb_net.removed while it has connections.
 */
void halb_config_let_server_go(struct halb_net *hn, struct halb_server *server)
{
	lockdep_assert_held(&hn->mutex);
	set_bit(HALB_SERVER_REMOVED_BIT, &server->flags);
	list_move_tail(&server->list, &hn->removed);
	hn->probe_stale++;
	halb_server_put(server);
}

/**
 * halb_config_let_go - a removed service is on its own
 * @hn: netns, its mutex held
 * @service: service, in no table any more
 */
void halb_config_let_go(struct halb_net *hn, struct halb_service *service)
{
	struct halb_server *server, *next;

	lockdep_assert_held(&hn->mutex);
	service->deleted = true;
	halb_instance_unbind(service);
	list_del_init(&service->list);
	halb_stats_add(&hn->gone, &service->gone);
	memset(&service->gone, 0, sizeof(service->gone));
	list_for_each_entry_safe(server, next, &service->servers, list)
		halb_config_let_server_go(hn, server);
	hn->probe_stale++;
	halb_plan_retire(service->plan);
	service->plan = NULL;
	halb_service_put(service);
}

void halb_service_server_gone(struct halb_server *server)
{
	struct halb_service *service = server->service;
	struct halb_net *hn = service->net;
	struct halb_stats stats;

	lockdep_assert_held(&hn->mutex);
	list_del_init(&server->leaving);
	halb_server_read_stats(server, &stats);
	halb_stats_add(service->deleted ? &hn->gone : &service->gone, &stats);
	halb_probe_tidy(hn);
}

/* --- begin and end --------------------------------------------------------- */

static void default_settings(struct halb_settings *settings)
{
	u64 conns = (u64)totalram_pages() * PAGE_SIZE / HALB_BYTES_PER_CONN;
	u8 i;

	BUILD_BUG_ON(HALB_TCP_STATES > HALB_STATES);
	memcpy(settings->timeout, halb_tcp_default_timeout,
	       HALB_TCP_STATES * sizeof(settings->timeout[0]));
	settings->timeout[HALB_CONN_STATE_UDP] = HALB_UDP_TIMEOUT;
	for (i = 1; i < HALB_SCTP_STATES; i++)
		settings->timeout[halb_sctp_state(i)] =
			halb_sctp_default_timeout[i];
	settings->conn_limit = min_t(u64, conns, INT_MAX);
	settings->vip_unmatched = HALB_VIP_UNMATCHED_ACCEPT;
	settings->source_check = 1;
	settings->suspect_after = HALB_SUSPECT_AFTER;
}

/**
 * halb_config_init_net - an empty configuration
 * @hn: netns
 *
 * Context: process. Return: 0 or -ENOMEM.
 */
int halb_config_init_net(struct halb_net *hn)
{
	struct halb_config *config;
	struct halb_probe *probe;

	hn->generation = 1;
	INIT_LIST_HEAD(&hn->services);
	INIT_LIST_HEAD(&hn->removed);
	INIT_LIST_HEAD(&hn->transactions);
	default_settings(&hn->settings);
	halb_estimator_init(hn);
	halb_drain_init(hn);
	halb_slow_init(hn);
	halb_instances_init(hn);

	config = halb_config_create(0, 0);
	if (!config)
		return -ENOMEM;
	probe = halb_probe_create(HALB_PROBE_ROOM_MIN, true);
	if (!probe) {
		kvfree(config);
		return -ENOMEM;
	}
	hn->probe_room = HALB_PROBE_ROOM_MIN;
	hn->config_grace = get_state_synchronize_rcu();
	RCU_INIT_POINTER(hn->config, config);
	RCU_INIT_POINTER(hn->probe, probe);
	return 0;
}

/**
 * halb_config_exit_net - the configuration of a netns that goes away
 * @hn: netns, @halb_net.closing set, hooks gone
 *
 * No packet and no request of the netns is under way any more. Services and
 * servers are freed by work items that still need @hn: the caller waits until
 * &halb_net.objects is zero. Context: process.
 */
void halb_config_exit_net(struct halb_net *hn)
{
	struct halb_service *service, *next;

	halb_estimator_stop(hn);
	halb_drain_stop(hn);
	halb_slow_stop(hn);
	halb_instances_stop(hn);
	mutex_lock(&hn->mutex);
	list_for_each_entry_safe(service, next, &hn->services, list)
		halb_config_let_go(hn, service);
	hn->service_count = 0;
	memset(hn->mark_count, 0, sizeof(hn->mark_count));
	hn->server_count = 0;
	mutex_unlock(&hn->mutex);

	kvfree(rcu_dereference_protected(hn->config, true));
	kvfree(rcu_dereference_protected(hn->probe, true));
	kvfree(rcu_dereference_protected(hn->marked, true));
	RCU_INIT_POINTER(hn->config, NULL);
	RCU_INIT_POINTER(hn->probe, NULL);
	RCU_INIT_POINTER(hn->marked, NULL);
}
