// SPDX-License-Identifier: GPL-2.0
/*
 * Which servers have served a destination, for lblc and lblcr.
 *
 * The table outlives the plans of its service, as long as they have a
 * scheduler that uses it: a change of servers or weights forgets nothing.
 *
 * Servers are named by a hash of address and port, not by pointers. So a place
 * keeps no server from being freed, nobody has to sweep the table when one
 * goes, and one that comes back finds the destinations that it knows.
 *
 * Bounds are ip_vs's: beyond 16,384 places those without a flow for six
 * minutes go, and at half as many more nothing is added. There is no timer:
 * whoever wants to add a place looks at a few buckets in turn and takes out
 * what has expired there, so that each pays for itself and nothing stalls. A
 * place that expired and was not yet met so is ignored when it is looked up.
 *
 * Lookup takes no lock and writes nothing; changes take the table's lock, for
 * a few buckets' time. Buckets are by SipHash with a key of the table, since
 * behind a mark clients may be able to choose destinations.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "../maglev.h"
#include "locality.h"

#define HALB_LOCALITY_BUCKETS	2048U
#define HALB_LOCALITY_GOAL	16384U
#define HALB_LOCALITY_MAX	(HALB_LOCALITY_GOAL * 3 / 2)
/* seconds without a flow, when there are more than the goal */
#define HALB_LOCALITY_SHORT	360U
/* buckets looked at for each place that is added */
#define HALB_LOCALITY_SWEEP	2U

/**
 * struct halb_locality - destinations
 * @refs: one per plan
 * @key: of the hashes
 * @lock: protects changes
 * @count: number of places
 * @rover: bucket that is swept next
 * @buckets: places by hash of their address
 */
struct halb_locality {
	refcount_t refs;
	siphash_key_t key;
	spinlock_t lock;
	u32 count;
	u32 rover;
	struct hlist_head buckets[HALB_LOCALITY_BUCKETS];
};

/**
 * halb_locality_create - an empty table
 *
 * Context: process, may sleep. Return: the table with one reference, or NULL.
 */
struct halb_locality *halb_locality_create(void)
{
	struct halb_locality *locality;

	locality = kvzalloc(sizeof(*locality), GFP_KERNEL_ACCOUNT);
	if (!locality)
		return NULL;
	refcount_set(&locality->refs, 1);
	locality->key.key[0] = get_random_u64();
	locality->key.key[1] = get_random_u64();
	spin_lock_init(&locality->lock);
	return locality;
}

void halb_locality_hold(struct halb_locality *locality)
{
	refcount_inc(&locality->refs);
}

/**
 * halb_locality_put - drops a reference
 * @locality: table; with the last one nobody looks anything up any more
 *
 * Context: process, may sleep.
 */
void halb_locality_put(struct halb_locality *locality)
{
	struct hlist_node *next;
	struct halb_place *place;
	u32 i;

	if (!refcount_dec_and_test(&locality->refs))
		return;
	for (i = 0; i < HALB_LOCALITY_BUCKETS; i++) {
		hlist_for_each_entry_safe(place, next, &locality->buckets[i],
					  node)
			kfree(place);
		cond_resched();
	}
	kvfree(locality);
}

/**
 * halb_locality_name - what a server is called in a table
 * @locality: table
 * @af: family of @addr
 * @addr: the server's address
 * @port: its port
 */
u64 halb_locality_name(const struct halb_locality *locality, u8 af,
		       const union nf_inet_addr *addr, __be16 port)
{
	u8 id[HALB_MAGLEV_ID_LEN];

	halb_maglev_id(id, af == AF_INET6, addr, port);
	return siphash(id, sizeof(id), &locality->key);
}

static u32 bucket_of(const struct halb_locality *locality,
		     const union nf_inet_addr *addr)
{
	return siphash(addr, sizeof(*addr), &locality->key) %
	       HALB_LOCALITY_BUCKETS;
}

static bool expired(const struct halb_place *place, u32 timeout)
{
	return halb_now() - READ_ONCE(place->used) > timeout;
}

static struct halb_place *lookup(const struct hlist_head *bucket,
				 const union nf_inet_addr *addr)
{
	struct halb_place *place;

	hlist_for_each_entry_rcu(place, bucket, node)
		if (!memcmp(&place->addr, addr, sizeof(*addr)))
			return place;
	return NULL;
}

/**
 * halb_locality_find - a destination
 * @locality: table
 * @addr: its address, unused bytes zero
 *
 * Context: RCU read side. Return: NULL if it is unknown or expired.
 */
struct halb_place *halb_locality_find(const struct halb_locality *locality,
				      const union nf_inet_addr *addr)
{
	struct halb_place *place;

	place = lookup(&locality->buckets[bucket_of(locality, addr)], addr);
	return place && !expired(place, HALB_LOCALITY_TIMEOUT) ? place : NULL;
}

static void sweep(struct halb_locality *locality)
{
	u32 timeout = locality->count > HALB_LOCALITY_GOAL ?
		      HALB_LOCALITY_SHORT : HALB_LOCALITY_TIMEOUT;
	u32 i;

	for (i = 0; i < HALB_LOCALITY_SWEEP; i++) {
		u32 b = locality->rover++ % HALB_LOCALITY_BUCKETS;
		struct halb_place *place;
		struct hlist_node *next;

		hlist_for_each_entry_safe(place, next, &locality->buckets[b],
					  node) {
			if (!expired(place, timeout))
				continue;
			hlist_del_rcu(&place->node);
			locality->count--;
			kfree_rcu(place, rcu);
		}
	}
}

/* Puts a place there, if nobody did so since it was looked up. */
static bool put(struct halb_locality *locality, const struct halb_place *seen,
		struct halb_place *place)
{
	struct hlist_head *bucket;
	struct halb_place *old;

	bucket = &locality->buckets[bucket_of(locality, &place->addr)];
	old = lookup(bucket, &place->addr);
	if (old != seen && !(old && expired(old, HALB_LOCALITY_TIMEOUT)))
		return false;
	if (old) {
		hlist_replace_rcu(&old->node, &place->node);
		kfree_rcu(old, rcu);
		return true;
	}
	if (locality->count >= HALB_LOCALITY_MAX)
		return false;
	hlist_add_head_rcu(&place->node, bucket);
	locality->count++;
	return true;
}

/**
 * halb_locality_set - other servers for a destination
 * @locality: table
 * @seen: what halb_locality_find() returned in the same RCU section; if
 *	another CPU was quicker, its place stays
 * @addr: address of the destination
 * @servers: their names
 * @count: number of @servers
 *
 * Without memory or room the table stays as it is: the next flow tries again.
 * Context: softirq, RCU read side.
 */
void halb_locality_set(struct halb_locality *locality,
		       const struct halb_place *seen,
		       const union nf_inet_addr *addr,
		       const u64 *servers, u32 count)
{
	struct halb_place *place;
	bool done;

	place = kmalloc(struct_size(place, servers, count),
			GFP_ATOMIC | __GFP_NOWARN);
	if (!place)
		return;
	place->addr = *addr;
	place->used = halb_now();
	place->changed = place->used;
	place->count = count;
	memcpy(place->servers, servers, count * sizeof(*servers));

	spin_lock(&locality->lock);
	sweep(locality);
	done = put(locality, seen, place);
	spin_unlock(&locality->lock);
	if (!done)
		kfree(place);
}
