/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration of a netns: the table in which the packet path finds the
 * plan of a service. A single change replaces one plan in place; a
 * transaction builds a new table and publishes it with one pointer.
 */
#ifndef _HALB_CONFIG_H
#define _HALB_CONFIG_H

#include <linux/rculist.h>
#include <linux/siphash.h>

#include "service.h"

struct halb_net;

/**
 * struct halb_config - table of plans
 * @parity: which of &halb_plan.node links this table
 * @mask: number of @buckets of each kind less one
 * @free_work: frees it after a grace period, in process context
 * @buckets: by hash of the service's key, then as many by hash of the VIP
 */
struct halb_config {
	unsigned int parity;
	u32 mask;
	struct rcu_work free_work;
	struct hlist_head buckets[];
};

extern hsiphash_key_t halb_hash_key;

/*
 * Names of services are chosen by the administrator: who sends packets can
 * ask for any, but not make a chain long. So a fast hash is good enough.
 */
static inline u32 halb_service_key_hash(const struct halb_service_key *key)
{
	const u64 *word = (const u64 *)key;
	u64 hash = halb_hash_key.key[0];

	BUILD_BUG_ON(sizeof(*key) != 3 * sizeof(*word));
	hash = (hash ^ word[0]) * 0x9e3779b97f4a7c15ULL;
	hash = (hash ^ (hash >> 32) ^ word[1]) * 0x9e3779b97f4a7c15ULL;
	hash = (hash ^ (hash >> 32) ^ word[2]) * 0x9e3779b97f4a7c15ULL;
	return hash >> 32;
}

static inline u32 halb_vip_hash(const union nf_inet_addr *vip)
{
	return hsiphash(vip, sizeof(*vip), &halb_hash_key);
}

/* The bucket that holds the services of a VIP, and maybe others. */
static inline struct hlist_head *
halb_config_vip_bucket(struct halb_config *config, const union nf_inet_addr *vip)
{
	return &config->buckets[config->mask + 1 +
				(halb_vip_hash(vip) & config->mask)];
}

static inline bool halb_service_key_equal(const struct halb_service_key *a,
					  const struct halb_service_key *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/**
 * halb_config_find - the plan of a service
 * @config: table
 * @key: name of the service, unused bytes zero
 *
 * Context: RCU read side, or the netns' mutex held.
 * Return: the plan or NULL.
 */
static inline struct halb_plan *
halb_config_find(const struct halb_config *config,
		 const struct halb_service_key *key)
{
	unsigned int parity = config->parity;
	const struct hlist_head *head;
	struct hlist_node *node;

	head = &config->buckets[halb_service_key_hash(key) & config->mask];
	for (node = rcu_dereference_raw(hlist_first_rcu(head)); node;
	     node = rcu_dereference_raw(hlist_next_rcu(node))) {
		struct halb_plan *plan;

		plan = container_of(node, struct halb_plan, node[parity]);
		if (halb_service_key_equal(&plan->key, key))
			return plan;
	}
	return NULL;
}

/**
 * halb_config_match - the plan for a new flow
 * @config: table
 * @key: where it goes to, as the key of a service; overwritten
 * @mark: firewall mark, or 0
 *
 * By mark, by VIP and port, by VIP for all ports: ip_vs's order. Context: as
 * halb_config_find().
 * Return: the plan or NULL.
 */
static inline struct halb_plan *
halb_config_match(const struct halb_config *config,
		  struct halb_service_key *key, u32 mark)
{
	struct halb_service_key marked = { .fwmark = mark, .af = key->af };
	struct halb_plan *plan;

	if (mark) {
		plan = halb_config_find(config, &marked);
		if (plan)
			return plan;
	}
	plan = halb_config_find(config, key);
	if (plan)
		return plan;
	key->port = 0;
	return halb_config_find(config, key);
}

/**
 * halb_config_has_vip - whether an address is the VIP of a service served here
 * @config: table
 * @af: family
 * @addr: address
 *
 * Context: RCU read side. Return: yes or no, exactly.
 */
bool halb_config_has_vip(struct halb_config *config, u8 af,
			 const union nf_inet_addr *addr);

/* config.c, for the control side: */
struct halb_config *halb_config_create(u32 services, unsigned int parity);
void halb_config_insert(struct halb_config *config, struct halb_plan *plan);
void halb_config_replace(struct halb_config *config, struct halb_plan *old,
			 struct halb_plan *plan);
void halb_config_remove(struct halb_config *config, struct halb_plan *plan);
void halb_config_publish(struct halb_net *hn, struct halb_config *config);
void halb_config_let_server_go(struct halb_net *hn, struct halb_server *server);
void halb_config_let_go(struct halb_net *hn, struct halb_service *service);
unsigned int halb_config_hooks(const struct halb_net *hn);
int halb_config_init_net(struct halb_net *hn);
void halb_config_exit_net(struct halb_net *hn);

/**
 * halb_service_server_gone - a removed server is about to be freed
 * @server: server, out of all lists but its service's
 *
 * Its statistics stay with the service. Context: process, under the netns'
 * mutex.
 */
void halb_service_server_gone(struct halb_server *server);

#endif
