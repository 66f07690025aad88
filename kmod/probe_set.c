// SPDX-License-Identifier: GPL-2.0
/*
 * Which addresses the probe of a netns holds: VIPs, and the servers whose
 * replies pass us; of removed servers as long as they have connections.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "net.h"
#include "probe_set.h"
#include "transaction.h"

/* How many addresses that @probe lacks it got; with %NULL, how many there are. */
static u32 put(struct halb_probe *probe, u8 af, const union nf_inet_addr *addr,
	       enum halb_probe_side side)
{
	return !probe || halb_probe_add(probe, af, addr, side);
}

static u32 put_vip(struct halb_probe *probe, const struct halb_service_key *key)
{
	/* packets of a marked service may have any destination */
	if (key->fwmark)
		return 0;
	return put(probe, key->af, &key->addr, HALB_PROBE_VIP);
}

static u32 put_server(struct halb_probe *probe, const struct halb_server *server)
{
	if (!halb_method_rewrites(server->method))
		return 0;
	return put(probe, server->af, &server->addr, HALB_PROBE_REPLY);
}

/* What a transaction adds. */
static u32 put_new(struct halb_probe *probe, const struct halb_transaction *txn)
{
	const struct halb_staged *staged;
	u32 i, n = 0;

	list_for_each_entry(staged, &txn->services, list) {
		if (staged->removed)
			continue;
		if (staged->created)
			n += put_vip(probe, &staged->key);
		for (i = 0; i < staged->count; i++)
			if (staged->servers[i].created)
				n += put_server(probe, staged->servers[i].server);
	}
	return n;
}

static u32 put_present(struct halb_probe *probe, const struct halb_net *hn)
{
	const struct halb_service *service;
	const struct halb_server *server;
	u32 n = 0;

	list_for_each_entry(service, &hn->services, list) {
		n += put_vip(probe, &service->key);
		list_for_each_entry(server, &service->servers, list)
			n += put_server(probe, server);
		cond_resched();
	}
	list_for_each_entry(server, &hn->removed, list) {
		n += put_vip(probe, &server->service->key);
		n += put_server(probe, server);
	}
	return n;
}

static u32 put_all(struct halb_probe *probe, const struct halb_net *hn,
		   const struct halb_transaction *txn)
{
	return put_present(probe, hn) + (txn ? put_new(probe, txn) : 0);
}

static bool make(struct halb_probe_made *made, const struct halb_net *hn,
		 const struct halb_transaction *txn, u32 room)
{
	struct halb_probe *probe = halb_probe_create(room, true);

	if (!probe)
		return false;
	kvfree(made->probe);
	made->probe = probe;
	made->room = room;
	made->used = put_all(probe, hn, txn);
	return true;
}

/* With as much room again as it needs now. */
static int make_probe(struct halb_probe_made *made, const struct halb_net *hn,
		      const struct halb_transaction *txn)
{
	u32 addresses = put_all(NULL, hn, txn);

	if (!make(made, hn, txn, max(2 * addresses, HALB_PROBE_ROOM_MIN)))
		return -ENOMEM;
	/* Many services on one VIP: a small probe stays in the cache. */
	if (made->used < addresses / 4)
		make(made, hn, txn, max(2 * made->used, HALB_PROBE_ROOM_MIN));
	return 0;
}

static bool lacks(const struct halb_probe *probe,
		  const struct halb_transaction *txn, u32 *missing)
{
	const struct halb_staged *staged;
	u32 i;

	*missing = 0;
	list_for_each_entry(staged, &txn->services, list) {
		if (staged->removed)
			continue;
		if (staged->created && !staged->key.fwmark)
			*missing += !halb_probe_knows(probe, staged->key.af,
						      &staged->key.addr,
						      HALB_PROBE_VIP);
		for (i = 0; i < staged->count; i++) {
			const struct halb_staged_server *server;

			server = &staged->servers[i];
			if (server->created &&
			    halb_method_rewrites(server->method))
				*missing += !halb_probe_knows(probe, server->af,
							      &server->addr,
							      HALB_PROBE_REPLY);
		}
	}
	return *missing;
}

int halb_probe_prepare(struct halb_transaction *txn)
{
	struct halb_net *hn = txn->hn;
	struct halb_probe *probe;
	u32 missing;

	probe = rcu_dereference_protected(hn->probe,
					  lockdep_is_held(&hn->mutex));
	if (!lacks(probe, txn, &missing))
		return 0;
	if (hn->probe_used + missing <= hn->probe_room) {
		txn->probe.added = put_new(probe, txn);
		hn->probe_used += txn->probe.added;
		return 0;
	}
	return make_probe(&txn->probe, hn, txn);
}

void halb_probe_undo(struct halb_transaction *txn)
{
	lockdep_assert_held(&txn->hn->mutex);
	kvfree(txn->probe.probe);
	txn->probe.probe = NULL;
	txn->hn->probe_stale += txn->probe.added;
	txn->probe.added = 0;
}

static void publish(struct halb_net *hn, struct halb_probe_made *made)
{
	struct halb_probe *old;

	old = rcu_replace_pointer(hn->probe, made->probe,
				  lockdep_is_held(&hn->mutex));
	hn->probe_room = made->room;
	hn->probe_used = made->used;
	hn->probe_stale = 0;
	made->probe = NULL;
	kvfree_rcu(old, rcu);
}

void halb_probe_publish(struct halb_transaction *txn)
{
	lockdep_assert_held(&txn->hn->mutex);
	if (txn->probe.probe)
		publish(txn->hn, &txn->probe);
}

void halb_probe_tidy(struct halb_net *hn)
{
	struct halb_probe_made made = {};

	lockdep_assert_held(&hn->mutex);
	if (hn->closing || !list_empty(&hn->removed) ||
	    hn->probe_stale <= hn->probe_used / 4)
		return;
	if (!make_probe(&made, hn, NULL))
		publish(hn, &made);
}
