/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel as halb's pure parts and schedulers need, in user
 * space. Every <linux/...> header that they include leads here (see Makefile).
 *
 * The atomic operations are real ones, with at least the kernel's ordering, so
 * that tests with threads mean something, under ThreadSanitizer too.
 */
#ifndef SHIM_KERNEL_H
#define SHIM_KERNEL_H

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;
typedef uint16_t __be16;
typedef uint32_t __be32;

#define U16_MAX		UINT16_MAX
#define U32_MAX		UINT32_MAX
#define be16_to_cpu	be16toh
#define be32_to_cpu	be32toh
#define cpu_to_be16	htobe16
#define cpu_to_be32	htobe32

#define __init
#define __initconst
#define __percpu
#define __rcu
#define __force
#define __read_mostly
#define __aligned(n)	__attribute__((aligned(n)))
#define ____cacheline_aligned_in_smp	__aligned(64)
#define fallthrough	__attribute__((fallthrough))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define BIT(n)		(1UL << (n))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BUILD_BUG_ON(x)	_Static_assert(!(x), #x)
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define struct_size(p, member, n) \
	(sizeof(*(p)) + sizeof((p)->member[0]) * (size_t)(n))

#define min(a, b) ({							\
	__typeof__(a) a_ = (a); __typeof__(b) b_ = (b);			\
	_Static_assert(__builtin_types_compatible_p(__typeof__(a_ + 0),	\
						    __typeof__(b_ + 0)), \
		       "min");						\
	a_ < b_ ? a_ : b_; })
#define max_t(type, a, b)	max((type)(a), (type)(b))
#define max(a, b) ({							\
	__typeof__(a) a_ = (a); __typeof__(b) b_ = (b);			\
	_Static_assert(__builtin_types_compatible_p(__typeof__(a_ + 0),	\
						    __typeof__(b_ + 0)), \
		       "max");						\
	a_ > b_ ? a_ : b_; })

/* Addresses: shim/kernel.c. */
int in4_pton(const char *src, int len, u8 *dst, int delim, const char **end);
int in6_pton(const char *src, int len, u8 *dst, int delim, const char **end);

/* Memory. */
#define GFP_KERNEL		0
#define GFP_KERNEL_ACCOUNT	0
extern bool shim_no_memory;	/* every allocation fails */

static inline void *shim_alloc(size_t n, bool zero)
{
	void *p;

	if (shim_no_memory)
		return NULL;
	p = malloc(n);
	if (p)
		memset(p, zero ? 0 : 0xa5, n);
	return p;
}

#define GFP_ATOMIC		0
#define __GFP_NOWARN		0
#define kmalloc(n, gfp)			shim_alloc(n, false)
#define kzalloc(n, gfp)			shim_alloc(n, true)
#define kvmalloc(n, gfp)		shim_alloc(n, false)
#define kvzalloc(n, gfp)		shim_alloc(n, true)
#define kvmalloc_array(n, size, gfp)	shim_alloc((size_t)(n) * (size), false)
#define kvcalloc(n, size, gfp)		shim_alloc((size_t)(n) * (size), true)
#define kfree(p)			free((void *)(p))
#define kvfree(p)			free((void *)(p))

/* Atomics. */
#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), v, __ATOMIC_RELAXED)

#define smp_mb()	__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_mb__before_atomic()	smp_mb()
#define smp_mb__after_atomic()	smp_mb()

typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;
typedef struct { int counter; } refcount_t;

#define atomic_read(a)		READ_ONCE((a)->counter)
#define atomic_set(a, v)	WRITE_ONCE((a)->counter, v)
#define atomic_inc(a)		atomic_add(1, a)
#define atomic_dec(a)		atomic_add(-1, a)
#define atomic_add(v, a) \
	((void)__atomic_fetch_add(&(a)->counter, v, __ATOMIC_RELAXED))
#define refcount_set		atomic_set
#define refcount_inc		atomic_inc
#define refcount_dec_and_test(r) \
	(__atomic_sub_fetch(&(r)->counter, 1, __ATOMIC_ACQ_REL) == 0)
#define atomic64_read(a)	READ_ONCE((a)->counter)
#define atomic64_set(a, v)	WRITE_ONCE((a)->counter, v)
#define atomic64_try_cmpxchg(a, old, new)				\
	__atomic_compare_exchange_n(&(a)->counter, old, new, false,	\
				    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)

static inline bool test_bit(int n, const unsigned long *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED) >> n & 1;
}

#define BITS_PER_LONG		64
#define BIT_WORD(n)		((n) / BITS_PER_LONG)
#define BITS_TO_LONGS(n)	(((n) + BITS_PER_LONG - 1) / BITS_PER_LONG)

static inline void set_bit(long n, unsigned long *words)
{
	__atomic_fetch_or(words + BIT_WORD(n), BIT(n % BITS_PER_LONG),
			  __ATOMIC_RELAXED);
}

static inline void clear_bit(int n, unsigned long *word)
{
	__atomic_fetch_and(word, ~BIT(n), __ATOMIC_RELAXED);
}

static inline bool test_and_set_bit(int n, unsigned long *word)
{
	return __atomic_fetch_or(word, BIT(n), __ATOMIC_SEQ_CST) >> n & 1;
}

static inline bool test_and_clear_bit(int n, unsigned long *word)
{
	return __atomic_fetch_and(word, ~BIT(n), __ATOMIC_SEQ_CST) >> n & 1;
}

/* Threads that hold a lock may be preempted here: waiting for them sleeps. */
typedef struct { pthread_mutex_t mutex; } spinlock_t;

#define spin_lock_init(lock)	pthread_mutex_init(&(lock)->mutex, NULL)
#define spin_trylock(lock)	(!pthread_mutex_trylock(&(lock)->mutex))
#define spin_lock(lock)		pthread_mutex_lock(&(lock)->mutex)
#define spin_unlock(lock)	pthread_mutex_unlock(&(lock)->mutex)
#define local_bh_disable()	((void)0)
#define local_bh_enable()	((void)0)
#define spin_lock_bh	spin_lock
#define spin_unlock_bh	spin_unlock

static inline int cond_resched(void)
{
	return 0;
}

/* Lists. */
struct list_head { struct list_head *next, *prev; };
struct hlist_node { struct hlist_node *next, **pprev; };
struct llist_node { struct llist_node *next; };
struct llist_head { struct llist_node *first; };

struct hlist_head { struct hlist_node *first; };

/* Readers meet changes: links are published as rcu_assign_pointer() does. */
#define RCU_LINK(to, node)	__atomic_store_n(&(to), node, __ATOMIC_RELEASE)
#define RCU_FOLLOW(from)	__atomic_load_n(&(from), __ATOMIC_ACQUIRE)

static inline void hlist_add_head_rcu(struct hlist_node *node,
				      struct hlist_head *head)
{
	node->next = head->first;
	node->pprev = &head->first;
	if (node->next)
		node->next->pprev = &node->next;
	RCU_LINK(head->first, node);
}

static inline void hlist_del_rcu(struct hlist_node *node)
{
	RCU_LINK(*node->pprev, node->next);
	if (node->next)
		node->next->pprev = node->pprev;
}

static inline void hlist_replace_rcu(struct hlist_node *old,
				     struct hlist_node *node)
{
	node->next = old->next;
	node->pprev = old->pprev;
	RCU_LINK(*node->pprev, node);
	if (node->next)
		node->next->pprev = &node->next;
}

#define hlist_for_each_entry_rcu(pos, head, member)			\
	for (struct hlist_node *it_ = RCU_FOLLOW((head)->first);	\
	     it_ && (pos = container_of(it_, __typeof__(*pos), member), true); \
	     it_ = RCU_FOLLOW(it_->next))

#define hlist_for_each_entry_safe(pos, n, head, member)			\
	for (n = (head)->first;						\
	     n && (pos = container_of(n, __typeof__(*pos), member),	\
		   n = n->next, true); )

#define llist_entry	container_of
#define init_llist_head(head)	((head)->first = NULL)

static inline bool llist_empty(const struct llist_head *head)
{
	return !READ_ONCE(head->first);
}

static inline bool llist_add(struct llist_node *node, struct llist_head *head)
{
	struct llist_node *first = READ_ONCE(head->first);

	do {
		node->next = first;
	} while (!__atomic_compare_exchange_n(&head->first, &first, node, false,
					      __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	return !first;
}

static inline struct llist_node *llist_del_all(struct llist_head *head)
{
	return __atomic_exchange_n(&head->first, NULL, __ATOMIC_SEQ_CST);
}

#define llist_for_each_entry_safe(pos, n, node, member)			\
	for (struct llist_node *it_ = (node), *next_;			\
	     it_ && (next_ = it_->next,					\
		     pos = llist_entry(it_, __typeof__(*pos), member),	\
		     n = NULL, (void)n, true);				\
	     it_ = next_)

/* Numbers. */
#define ilog2(n)	__builtin_ctzl(n)	/* of a power of two */

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return n <= 1 ? 1 : 1UL << (64 - __builtin_clzl(n - 1));
}

static inline unsigned int order_base_2(unsigned long n)
{
	return ilog2(roundup_pow_of_two(n));
}

static inline u64 div64_u64_rem(u64 n, u64 by, u64 *rem)
{
	*rem = n % by;
	return n / by;
}

static inline u64 mul_u64_u64_shr(u64 a, u64 b, unsigned int shift)
{
	return (unsigned __int128)a * b >> shift;
}

static inline unsigned long gcd(unsigned long a, unsigned long b)
{
	while (b) {
		unsigned long rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static inline u32 hash_32(u32 value, unsigned int bits)
{
	return value * 0x61C88647u >> (32 - bits);
}

u64 get_random_u64(void);	/* repeatable, see shim_seed() */

static inline void get_random_bytes(void *p, size_t n)
{
	u8 *b = p;

	while (n--)
		*b++ = get_random_u64() >> 32;
}

void shim_seed(u64 seed);

static inline void sort(void *base, size_t n, size_t size,
			int (*compare)(const void *, const void *), void *swap)
{
	assert(!swap);
	if (n)
		qsort(base, n, size, compare);
}

static inline void *memchr_inv(const void *p, int c, size_t n)
{
	const u8 *b = p;

	for (; n; b++, n--)
		if (*b != (u8)c)
			return (void *)b;
	return NULL;
}

/* SipHash-2-4, written from its paper, see kernel.c. */
typedef struct { u64 key[2]; } siphash_key_t;
typedef struct { u64 key[2]; } hsiphash_key_t;

u64 siphash(const void *data, size_t len, const siphash_key_t *key);

static inline u64 siphash_2u64(u64 a, u64 b, const siphash_key_t *key)
{
	u64 words[2] = { htole64(a), htole64(b) };

	return siphash(words, sizeof(words), key);
}

static inline u64 siphash_3u64(u64 a, u64 b, u64 c, const siphash_key_t *key)
{
	u64 words[3] = { htole64(a), htole64(b), htole64(c) };

	return siphash(words, sizeof(words), key);
}

union nf_inet_addr {
	u32 all[4];
	__be32 ip;
	__be32 ip6[4];
	struct in_addr in;
	struct in6_addr in6;
};

static inline bool nf_inet_addr_cmp(const union nf_inet_addr *a,
				    const union nf_inet_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Named in structures only. */
struct rcu_head { struct rcu_head *next; void *object; };
struct work_struct { void *unused; };
struct rcu_work { struct work_struct work; struct rcu_head rcu; };
struct u64_stats_sync { int unused; };
typedef struct { u64 v; } u64_stats_t;

/*
 * kfree_rcu(): what is freed waits for shim_rcu_free(shim_rcu_take()), between
 * which a test with threads waits for a grace period.
 */
void shim_kfree_rcu(struct rcu_head *rcu, void *object);
struct rcu_head *shim_rcu_take(void);
void shim_rcu_free(struct rcu_head *list);

#define kfree_rcu(p, member)	shim_kfree_rcu(&(p)->member, p)

/* These of halb's headers need more of the kernel than there is here. */
#define _HALB_COMPAT_H
#define _HALB_ROUTE_H
#undef __counted_by /* newer headers of user space have it too */
#define __counted_by(member)
struct halb_route;
#define HALB_ROUTE_GATEWAY	1
#define HALB_ROUTE_SOURCE	2

/* Seconds stand still unless a test moves them. */
#define _HALB_NOW_H
extern u32 shim_now;
#define halb_now()	READ_ONCE(shim_now)

#define pr_info(...)	printf("# " __VA_ARGS__)
#define pr_err(...)	printf("# " __VA_ARGS__)

#endif
