// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>

#include "kernel.h"

bool shim_no_memory;
u32 shim_now = 1000000;

static struct rcu_head *rcu_list;

void shim_kfree_rcu(struct rcu_head *rcu, void *object)
{
	rcu->object = object;
	rcu->next = __atomic_load_n(&rcu_list, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&rcu_list, &rcu->next, rcu, false,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

struct rcu_head *shim_rcu_take(void)
{
	return __atomic_exchange_n(&rcu_list, NULL, __ATOMIC_ACQUIRE);
}

void shim_rcu_free(struct rcu_head *list)
{
	while (list) {
		struct rcu_head *next = list->next;

		free(list->object);
		list = next;
	}
}

/* J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", 2012. */
static u64 rotl(u64 x, int n)
{
	return x << n | x >> (64 - n);
}

static void rounds(u64 v[4], int n)
{
	while (n--) {
		v[0] += v[1]; v[2] += v[3];
		v[1] = rotl(v[1], 13); v[3] = rotl(v[3], 16);
		v[1] ^= v[0]; v[3] ^= v[2];
		v[0] = rotl(v[0], 32);
		v[2] += v[1]; v[0] += v[3];
		v[1] = rotl(v[1], 17); v[3] = rotl(v[3], 21);
		v[1] ^= v[2]; v[3] ^= v[0];
		v[2] = rotl(v[2], 32);
	}
}

u64 siphash(const void *data, size_t len, const siphash_key_t *key)
{
	u64 v[4] = {
		key->key[0] ^ 0x736f6d6570736575ULL,
		key->key[1] ^ 0x646f72616e646f6dULL,
		key->key[0] ^ 0x6c7967656e657261ULL,
		key->key[1] ^ 0x7465646279746573ULL,
	};
	const u8 *p = data;
	size_t i, left = len % 8;
	u64 m;

	for (i = 0; i < len / 8; i++, p += 8) {
		memcpy(&m, p, 8);
		m = le64toh(m);
		v[3] ^= m;
		rounds(v, 2);
		v[0] ^= m;
	}
	m = (u64)len << 56;
	for (i = 0; i < left; i++)
		m |= (u64)p[i] << (8 * i);
	v[3] ^= m;
	rounds(v, 2);
	v[0] ^= m;
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* xorshift64*, one per thread: failures can be repeated. */
static _Thread_local u64 random_state = 88172645463325252ULL;

void shim_seed(u64 seed)
{
	random_state = seed * 0x9e3779b97f4a7c15ULL + 1;
}

u64 get_random_u64(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dULL;
}

static int shim_pton(int af, const char *src, int len, u8 *dst, int delim,
		     const char **end)
{
	char text[64];
	int n = 0;

	while (n < len && src[n] != delim && src[n])
		n++;
	*end = src + n;
	if (n >= (int)sizeof(text))
		return 0;
	memcpy(text, src, n);
	text[n] = 0;
	return inet_pton(af, text, dst) == 1;
}

int in4_pton(const char *src, int len, u8 *dst, int delim, const char **end)
{
	return shim_pton(AF_INET, src, len, dst, delim, end);
}

int in6_pton(const char *src, int len, u8 *dst, int delim, const char **end)
{
	return shim_pton(AF_INET6, src, len, dst, delim, end);
}
