// SPDX-License-Identifier: GPL-2.0
/*
 * sh and dh: tables of 256 buckets, by hash of the client's address (sh, with
 * the port if the service has the flag sh-port) or of the VIP (dh, for caches
 * behind a mark). For a table that changes little when servers do, see mh.
 *
 * Hash and buckets are ip_vs's, so that a director that moves from ip_vs to
 * halb, or stands beside one with ip_vs, sends a client to the same server:
 *
 *  - The hash is multiplicative, without a key (<linux/hash.h>), over the
 *    address plus port; an IPv6 address is the XOR of its four words. Who can
 *    choose source addresses can choose the server, see maglev.c.
 *  - sh gives the servers, newest first, as many buckets in a row as their
 *    weight says, and starts again, until all buckets have one. So weights
 *    beyond 256 in sum leave the last servers without a bucket. A server of
 *    weight 0 has one bucket at its turn.
 *  - dh gives every server one bucket in turn, whatever its weight.
 *
 * A client whose bucket belongs to a server of weight 0 or an overloaded one
 * is refused; with sh-fallback, sh takes the next bucket with a usable server.
 *
 * Cost: O(1); the fallback looks at 256 buckets at most. No lock, nothing
 * written.
 */
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "sched.h"

#define HALB_HASH_BUCKETS	256
#define HALB_HASH_NONE		0xffff

struct hash_table {
	u16 slot[HALB_HASH_BUCKETS];
};

static int hash_build(struct halb_plan *plan, bool weighted)
{
	struct hash_table *table;
	u32 i, slot = 0, got = 0;

	table = kmalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < HALB_HASH_BUCKETS; i++) {
		if (!plan->count) {
			table->slot[i] = HALB_HASH_NONE;
			continue;
		}
		table->slot[i] = slot;
		if (weighted && ++got < plan->slots[slot].weight)
			continue;
		slot = (slot + 1) % plan->count;
		got = 0;
	}
	plan->table = table;
	return 0;
}

static int sh_build(struct halb_plan *plan)
{
	return hash_build(plan, true);
}

static int dh_build(struct halb_plan *plan)
{
	return hash_build(plan, false);
}

static u32 hash_addr(u8 af, const union nf_inet_addr *addr, __be16 port)
{
	__be32 word = addr->ip;

	if (af == AF_INET6)
		word = addr->ip6[0] ^ addr->ip6[1] ^ addr->ip6[2] ^
		       addr->ip6[3];
	return hash_32(be32_to_cpu(word) + be16_to_cpu(port),
		       ilog2(HALB_HASH_BUCKETS));
}

/* Whether there is a server at all; @server is NULL if it is not usable. */
static bool hash_lookup(const struct halb_plan *plan, u32 bucket,
			struct halb_server **server)
{
	const struct hash_table *table = plan->table;
	u32 slot = table->slot[bucket % HALB_HASH_BUCKETS];

	*server = NULL;
	if (slot >= plan->count)
		return false;
	if (halb_slot_usable(&plan->slots[slot]))
		*server = plan->slots[slot].server;
	return true;
}

static struct halb_server *sh_pick(struct halb_plan *plan,
				   const struct halb_client *client)
{
	__be16 port = plan->flags & HALB_SERVICE_FLAG_SH_PORT ?
		      client->port : 0;
	u32 i, bucket = hash_addr(client->af, client->addr, port);
	struct halb_server *server;

	if (!hash_lookup(plan, bucket, &server) || likely(server) ||
	    !(plan->flags & HALB_SERVICE_FLAG_SH_FALLBACK))
		return server;
	/* ip_vs's order: all buckets, from twice the hash on */
	for (i = 0; i < HALB_HASH_BUCKETS && !server; i++)
		hash_lookup(plan, 2 * bucket + i, &server);
	return server;
}

static struct halb_server *dh_pick(struct halb_plan *plan,
				   const struct halb_client *client)
{
	struct halb_server *server;

	hash_lookup(plan, hash_addr(client->af, client->vip, 0), &server);
	return server;
}

const struct halb_sched halb_sched_sh = {
	.name = "sh",
	.build = sh_build,
	.pick = sh_pick,
	.watch = HALB_WATCH_NONE,
	.by_client = true,
};

const struct halb_sched halb_sched_dh = {
	.name = "dh",
	.build = dh_build,
	.pick = dh_pick,
	.watch = HALB_WATCH_NONE,
	.by_client = true,
};
