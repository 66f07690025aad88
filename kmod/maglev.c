// SPDX-License-Identifier: GPL-2.0
/*
 * Weighted Maglev hashing.
 *
 * D. E. Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load
 * Balancer", NSDI 2016, section 3.4: each member has its own order of
 * preference over all slots of the table, a permutation that follows from two
 * hashes of its name. The members take turns; at each turn a member gets the
 * slot that it prefers most among those still free.
 *
 * Weights change how many turns a member has, and when:
 *
 *  - Each has a number of slots in proportion to its weight, to within one
 *    slot (largest remainder, ties to the member that comes first), but at
 *    least one, so that a small weight beside a huge one is not none.
 *  - A member's k-th turn, from 0, stands at (k + 1/2) / weight; turns are
 *    taken in this order, of equal ones the heavier member's first, then by
 *    name. Members of equal weight simply alternate: with no other weights
 *    this is the paper's algorithm.
 *
 * The place of one member's turn among another's depends on these two only,
 * not on who else is there: when a member leaves, the others' turns keep their
 * order, and that keeps most slots where they were.
 *
 * Cost of building: O(size log size) steps expected for looking for free slots
 * (the paper's figure), O(members log members) for sorting, and O(log w) per
 * round of members of equal weight, where w is the number of different weights.
 *
 * The hash keys are constants, known to everybody, since all directors must
 * agree without exchanging a secret. For the permutations this is harmless:
 * who could choose servers' addresses to spoil them has the configuration in
 * hand anyway. For flows it means that an attacker who can choose source
 * addresses can compute which of them meet on one server, and aim at it. The
 * same attacker can fill every server at once with little more effort; and
 * halb's own hash of connections has a random key, so that nothing of the
 * director itself can be aimed at. ip_vs's mh makes the same choice.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "maglev.h"

/* Part of the contract between directors, as is every constant below. */
static const siphash_key_t halb_maglev_key_offset = {
	{ 0x68616c62206f6666ULL, 0x7365742020206b31ULL }
};

static const siphash_key_t halb_maglev_key_skip = {
	{ 0x68616c6220736b69ULL, 0x7020202020206b32ULL }
};

static const siphash_key_t halb_maglev_key_flow = {
	{ 0x68616c6220666c6fULL, 0x7720202020206b33ULL }
};

/*
 * Table sizes: primes, since a member's skip must be coprime to them. With at
 * least 100 slots per member shares are right to within 1 %. Steps are coarse
 * because a service that moves to another size moves most of its flows: that
 * happens only between 40 and 41 and between 655 and 656 configured servers
 * (those of weight 0 count, so that draining never changes the size). Beyond
 * 2621 servers there are fewer slots per member, at least three. The price of
 * never less than 4093 is memory, 8 KiB per service.
 */
static const u32 halb_maglev_sizes[] = { 4093, 65521, 262139 };

#define HALB_MAGLEV_SLOTS_PER_MEMBER	100

/* A member while the table is built. */
struct turn {
	const u8 *id;
	u32 weight;
	u32 pos;	/* of the slots not yet tried, the one preferred */
	u32 skip;
	u16 index;
};

/* Members of equal weight, neighbours in order of their names. */
struct group {
	u32 weight;
	u32 first;
	u32 len;
	u32 round;	/* turns that each member has taken */
	u32 slots;	/* slots that are still to be taken, by all together */
	u64 remainder;
};

/**
 * halb_maglev_id - the name of a server
 * @id: result
 * @ipv6: family of @addr
 * @addr: address, 4 or 16 bytes in network order
 * @port: port
 *
 * Sorted as bytes, names are sorted by address, then port.
 */
void halb_maglev_id(u8 id[HALB_MAGLEV_ID_LEN], bool ipv6, const void *addr,
		    __be16 port)
{
	memset(id, 0, HALB_MAGLEV_ID_LEN);
	memcpy(id, addr, ipv6 ? 16 : 4);
	memcpy(id + 16, &port, sizeof(port));
	id[18] = ipv6 ? 6 : 4;
}

/**
 * halb_maglev_size - how large a table should be
 * @count: configured members, those of weight 0 included
 *
 * Return: a prime.
 */
u32 halb_maglev_size(u32 count)
{
	const u32 last = ARRAY_SIZE(halb_maglev_sizes) - 1;
	u32 i;

	for (i = 0; i < last; i++)
		if ((u64)count * HALB_MAGLEV_SLOTS_PER_MEMBER <=
		    halb_maglev_sizes[i])
			break;
	return halb_maglev_sizes[i];
}

/* Heavier first, then by name. */
static int compare_turns(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return memcmp(x->id, y->id, HALB_MAGLEV_ID_LEN);
}

/* Larger remainder first, then heavier. */
static int compare_remainders(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->remainder != y->remainder)
		return x->remainder > y->remainder ? -1 : 1;
	return x->weight > y->weight ? -1 : 1;
}

static u32 make_turns(struct turn *turns,
		      const struct halb_maglev_member *members, u32 count,
		      u32 size)
{
	u32 i, n = 0;

	for (i = 0; i < count; i++) {
		const struct halb_maglev_member *m = &members[i];
		u64 offset, skip;

		if (!m->weight)
			continue;
		offset = siphash(m->id, sizeof(m->id), &halb_maglev_key_offset);
		skip = siphash(m->id, sizeof(m->id), &halb_maglev_key_skip);
		div64_u64_rem(offset, size, &offset);
		div64_u64_rem(skip, size - 1, &skip);
		turns[n++] = (struct turn) {
			.id = m->id,
			.weight = m->weight,
			.pos = offset,
			.skip = skip + 1,
			.index = i,
		};
	}
	sort(turns, n, sizeof(*turns), compare_turns, NULL);
	return n;
}

static u32 make_groups(struct group *groups, const struct turn *turns, u32 n)
{
	u32 i, g = 0;

	for (i = 0; i < n; i++) {
		if (!g || groups[g - 1].weight != turns[i].weight)
			groups[g++] = (struct group) {
				.weight = turns[i].weight,
				.first = i,
			};
		groups[g - 1].len++;
	}
	return g;
}

/*
 * Gives each group its number of slots. The groups are sorted by weight,
 * heaviest first, and are in another order afterwards.
 */
static void apportion(struct group *groups, u32 g, u32 size)
{
	u64 weights = 0;
	u32 left, i;

	for (i = 0; i < g; i++)
		weights += (u64)groups[i].weight * groups[i].len;

	/* one slot for those whose share is less, the rest for the others */
	while ((u64)size * groups[g - 1].weight < weights) {
		struct group *last = &groups[--g];

		last->slots = last->len;
		size -= last->len;
		weights -= (u64)last->weight * last->len;
	}

	left = size;
	for (i = 0; i < g; i++) {
		u64 each = div64_u64_rem((u64)size * groups[i].weight, weights,
					 &groups[i].remainder);

		groups[i].slots = each * groups[i].len;
		left -= groups[i].slots;
	}
	sort(groups, g, sizeof(*groups), compare_remainders, NULL);
	for (i = 0; left; i++) {
		u32 extra = min(left, groups[i].len);

		groups[i].slots += extra;
		left -= extra;
	}
}

/* Whether @a's next turn comes before @b's. */
static bool before(const struct group *a, const struct group *b)
{
	u64 x = (2ULL * a->round + 1) * b->weight;
	u64 y = (2ULL * b->round + 1) * a->weight;

	return x != y ? x < y : a->weight > b->weight;
}

static void sift_down(struct group *heap, u32 n, u32 i)
{
	struct group moving = heap[i];
	u32 child;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && before(&heap[child + 1], &heap[child]))
			child++;
		if (!before(&heap[child], &moving))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = moving;
}

static void take(struct turn *turn, u16 *table, u32 size)
{
	u32 pos = turn->pos;

	while (table[pos] != HALB_MAGLEV_NONE) {
		pos += turn->skip;
		if (pos >= size)
			pos -= size;
	}
	table[pos] = turn->index;
	turn->pos = pos;
}

/* Plays all turns; the groups are a heap by their next turn. */
static void populate(struct group *heap, u32 g, struct turn *turns,
		     u16 *table, u32 size)
{
	u32 i, since = 0;

	for (i = g / 2; i-- > 0; )
		sift_down(heap, g, i);

	while (g) {
		struct group *next = &heap[0];
		u32 n = min(next->len, next->slots);

		for (i = next->first; i < next->first + n; i++)
			take(&turns[i], table, size);
		next->slots -= n;
		next->round++;
		if (!next->slots)
			*next = heap[--g];
		sift_down(heap, g, 0);

		since += n;
		if (since >= 1024) {
			since = 0;
			cond_resched();
		}
	}
}

/**
 * halb_maglev_build - fills a lookup table
 * @members: members, each once, in any order
 * @count: their number, up to HALB_MAGLEV_MEMBERS_MAX
 * @table: result: indexes of @members; all HALB_MAGLEV_NONE if no member has a
 *	weight
 * @size: number of slots, see halb_maglev_size(); not less than the number of
 *	members that have a weight
 *
 * Context: process, may sleep.
 * Return: 0, -EINVAL for numbers out of range, -ENOMEM.
 */
int halb_maglev_build(const struct halb_maglev_member *members, u32 count,
		      u16 *table, u32 size)
{
	struct group *groups;
	struct turn *turns;
	u32 n, g;
	int ret = 0;

	memset(table, 0xff, size * sizeof(*table));
	if (count > HALB_MAGLEV_MEMBERS_MAX)
		return -EINVAL;

	turns = kvmalloc_array(count, sizeof(*turns), GFP_KERNEL);
	groups = kvmalloc_array(count, sizeof(*groups), GFP_KERNEL);
	if (count && (!turns || !groups)) {
		ret = -ENOMEM;
		goto out;
	}

	n = make_turns(turns, members, count, size);
	if (n > size) {
		ret = -EINVAL;
		goto out;
	}
	if (n) {
		g = make_groups(groups, turns, n);
		apportion(groups, g, size);
		populate(groups, g, turns, table, size);
	}
out:
	kvfree(groups);
	kvfree(turns);
	return ret;
}

/**
 * halb_maglev_hash4 - hash of a client, equal on all directors
 * @addr: client's address
 * @port: client's port, or 0 if all flows of a client shall meet
 * @attempt: 0, or the number of the attempt to find another member
 */
u32 halb_maglev_hash4(__be32 addr, __be16 port, u32 attempt)
{
	return siphash_2u64((u64)be32_to_cpu(addr) << 32 | be16_to_cpu(port),
			    attempt, &halb_maglev_key_flow);
}

/**
 * halb_maglev_hash6 - as halb_maglev_hash4(), for IPv6
 * @addr: client's address
 * @port: client's port or 0
 * @attempt: 0, or the number of the attempt to find another member
 */
u32 halb_maglev_hash6(const __be32 addr[4], __be16 port, u32 attempt)
{
	return siphash_3u64((u64)be32_to_cpu(addr[0]) << 32 |
			    be32_to_cpu(addr[1]),
			    (u64)be32_to_cpu(addr[2]) << 32 |
			    be32_to_cpu(addr[3]),
			    (u64)be16_to_cpu(port) << 32 | attempt,
			    &halb_maglev_key_flow);
}

#ifdef DEBUG
#include "selftest/maglev.c"
#endif
