// SPDX-License-Identifier: GPL-2.0
#include <linux/cache.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "conn_new.h"
#include "conn_table.h"
#include "half_open.h"

/* the share of the limit that half-open connections may have */
#define HALB_HALF_OPEN_SHARE	4U
/* remembered by all CPUs together, and by each of them at least */
#define HALB_HALF_OPEN_MAX	(1U << 20)
#define HALB_HALF_OPEN_MIN	64U
/* evictions between two calls for the worker that frees the dead */
#define HALB_HALF_OPEN_REAP	256U

/* in a slot: the table; tables have less than 2^31 buckets */
#define HALB_HALF_OPEN_V6	BIT(31)

/**
 * struct halb_half_open - what the CPUs of a netns remember
 * @depth: slots of each CPU
 * @stride: from one CPU's words to the next one's
 * @free_work: frees it after a grace period, in process context
 * @words: of each CPU: next slot, evictions since the dead were freed, slots
 */
struct halb_half_open {
	u32 depth;
	u32 stride;
	struct rcu_work free_work;
	u32 words[] ____cacheline_aligned_in_smp;
};

enum { HALB_HALF_OPEN_NEXT, HALB_HALF_OPEN_EVICTED, HALB_HALF_OPEN_SLOTS };

static int has_other_hash(struct rhashtable_compare_arg *arg, const void *data)
{
	const struct halb_key4 *key = arg->key;
	const struct halb_conn *conn = halb_conn_of(data);

	return halb_conn_side(data) != HALB_SIDE_CLIENT ||
	       (conn->hash[0] ^ key->hash) & ~HALB_HALF_OPEN_V6 ||
	       !halb_conn_is_half_open(READ_ONCE(conn->state));
}

/* both tables: only the hash is looked at */
static const struct rhashtable_params by_hash = {
	.key_len = sizeof(struct halb_tuple4),
	.head_offset = 0,
	.hashfn = halb_hash_key_of4,
	.obj_hashfn = halb_hash_node,
	.obj_cmpfn = has_other_hash,
	.min_size = 1024,
	.automatic_shrinking = true,
};

/* Whether there was a half-open one, and it is no more. */
static bool evict(struct halb_net *hn, u32 slot)
{
	struct halb_key4 key = { .hash = slot & ~HALB_HALF_OPEN_V6 };
	struct rhash_head *node;
	struct halb_conn *conn;
	u32 state;

	node = rhashtable_lookup(&hn->conns[!!(slot & HALB_HALF_OPEN_V6)], &key,
				 by_hash);
	if (!node)
		return false;
	conn = halb_conn_of(node);
	state = READ_ONCE(conn->state);
	/* its handshake may end on another CPU: then it stays */
	if (!halb_conn_is_half_open(state) ||
	    !halb_conn_change(conn, state, state | HALB_CONN_DEAD))
		return false;
	halb_conn_take_out(hn, conn);
	halb_drop_count(hn, HALF_OPEN);
	return true;
}

/**
 * halb_half_open_add - a half-open connection was made
 * @hn: netns
 * @hash: of the client's tuple, as the table of connections has it
 * @v6: family
 *
 * Context: softirq or with bottom halves disabled, RCU read side.
 */
void halb_half_open_add(struct halb_net *hn, u32 hash, bool v6)
{
	struct halb_half_open *ho = rcu_dereference(hn->half_open);
	u32 *words, *slot, old;

	if (unlikely(!ho))
		return;
	words = &ho->words[smp_processor_id() * ho->stride];
	slot = &words[HALB_HALF_OPEN_SLOTS + words[HALB_HALF_OPEN_NEXT]];
	if (++words[HALB_HALF_OPEN_NEXT] == ho->depth)
		words[HALB_HALF_OPEN_NEXT] = 0;
	old = *slot;
	*slot = (hash & ~HALB_HALF_OPEN_V6) | (v6 ? HALB_HALF_OPEN_V6 : 0);
	/* never used; a hash of zero goes without */
	if (!old || !evict(hn, old))
		return;
	if (++words[HALB_HALF_OPEN_EVICTED] == HALB_HALF_OPEN_REAP) {
		words[HALB_HALF_OPEN_EVICTED] = 0;
		queue_work(halb_wq, &hn->reap);
	}
}

static void free_later(struct work_struct *work)
{
	kvfree(container_of(to_rcu_work(work), struct halb_half_open,
			    free_work));
}

/**
 * halb_half_open_prepare - room for the half-open ones of a netns
 * @hn: netns, its mutex held
 * @conn_limit: the limit of connections of which they may have a share
 *
 * With another limit what was remembered is forgotten: such connections end by
 * their timeout. Context: process, may sleep. Return: 0 or -ENOMEM.
 */
int halb_half_open_prepare(struct halb_net *hn, u32 conn_limit)
{
	struct halb_half_open *ho, *old;
	u32 depth, stride;

	lockdep_assert_held(&hn->mutex);
	depth = min(conn_limit / HALB_HALF_OPEN_SHARE, HALB_HALF_OPEN_MAX);
	depth = max(depth / num_possible_cpus(), HALB_HALF_OPEN_MIN);
	old = rcu_dereference_protected(hn->half_open,
					lockdep_is_held(&hn->mutex));
	if (old && old->depth == depth)
		return 0;
	stride = ALIGN(depth + HALB_HALF_OPEN_SLOTS,
		       SMP_CACHE_BYTES / sizeof(u32));
	ho = kvzalloc(struct_size(ho, words, (size_t)stride * nr_cpu_ids),
		      GFP_KERNEL_ACCOUNT);
	if (!ho)
		return -ENOMEM;
	ho->depth = depth;
	ho->stride = stride;
	rcu_assign_pointer(hn->half_open, ho);
	if (old) {
		INIT_RCU_WORK(&old->free_work, free_later);
		queue_rcu_work(halb_wq, &old->free_work);
	}
	return 0;
}

/**
 * halb_half_open_free - nothing is remembered any more
 * @hn: netns that goes away, without hooks
 */
void halb_half_open_free(struct halb_net *hn)
{
	kvfree(rcu_dereference_protected(hn->half_open, true));
	RCU_INIT_POINTER(hn->half_open, NULL);
}
