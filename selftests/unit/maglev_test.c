// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/maglev.c against a reference that was written from the paper's
 * pseudocode (section 3.4) and from the description of weights in maglev.c,
 * without its data structures: every turn looks at every member.
 */
#include <time.h>

#include "shim/kernel.h"
#include "tap.h"
#include "../../kmod/maglev.h"

#define MANY	5000

/* --- reference ------------------------------------------------------------ */

struct ref {
	const struct halb_maglev_member *m;
	u32 index;
	u32 slots;
	u32 taken;
	u32 next;
	u64 rest;
};

/* The permutation: position of the j-th preference. */
static u32 preference(const struct ref *r, u32 j, u32 size)
{
	static const siphash_key_t keys[2] = {
		{ { 0x68616c62206f6666, 0x7365742020206b31 } },
		{ { 0x68616c6220736b69, 0x7020202020206b32 } },
	};
	u64 offset = siphash(r->m->id, 20, &keys[0]) % size;
	u64 skip = siphash(r->m->id, 20, &keys[1]) % (size - 1) + 1;

	return (offset + j * skip) % size;
}

static int by_weight_and_id(const void *a, const void *b)
{
	const struct ref *x = a, *y = b;

	if (x->m->weight != y->m->weight)
		return x->m->weight < y->m->weight ? 1 : -1;
	return memcmp(x->m->id, y->m->id, 20);
}

/* Largest remainder over all that deserve a slot, one slot for the others. */
static void reference_slots(struct ref *refs, u32 n, u32 size)
{
	u64 weights = 0, left, size_left = size;
	u32 i, big = n;

	for (i = 0; i < n; i++)
		weights += refs[i].m->weight;
	while (big && size_left * refs[big - 1].m->weight < weights) {
		refs[--big].slots = 1;
		size_left--;
		weights -= refs[big].m->weight;
	}
	left = big ? size_left : 0;
	for (i = 0; i < big; i++) {
		refs[i].slots = size_left * refs[i].m->weight / weights;
		refs[i].rest = size_left * refs[i].m->weight % weights + 1;
		left -= refs[i].slots;
	}
	while (left--) {
		struct ref *best = NULL;

		for (i = 0; i < big; i++)
			if (refs[i].rest && (!best || refs[i].rest > best->rest))
				best = &refs[i];
		best->slots++;
		best->rest = 0;
	}
}

static void reference(const struct halb_maglev_member *members, u32 count,
		      u16 *table, u32 size)
{
	struct ref *refs = calloc(count, sizeof(*refs));
	u32 i, n = 0, filled;

	memset(table, 0xff, size * sizeof(*table));
	for (i = 0; i < count; i++)
		if (members[i].weight)
			refs[n++] = (struct ref){ .m = &members[i], .index = i };
	if (n)
		qsort(refs, n, sizeof(*refs), by_weight_and_id);
	reference_slots(refs, n, size);

	for (filled = 0; n && filled < size; filled++) {
		struct ref *turn = NULL;
		u32 c;

		/* least (taken + 1/2) / weight, the first of equal ones */
		for (i = 0; i < n; i++)
			if (refs[i].taken < refs[i].slots &&
			    (!turn || (2ULL * refs[i].taken + 1) * turn->m->weight <
				      (2ULL * turn->taken + 1) * refs[i].m->weight))
				turn = &refs[i];
		do
			c = preference(turn, turn->next++, size);
		while (table[c] != HALB_MAGLEV_NONE);
		table[c] = turn->index;
		turn->taken++;
	}
	free(refs);
}

/* The paper's Pseudocode 1, word for word; members in order of their names. */
static void paper(const struct halb_maglev_member *members, u32 count,
		  u16 *table, u32 size)
{
	struct ref *refs = calloc(count, sizeof(*refs));
	u32 i, n = 0;

	memset(table, 0xff, size * sizeof(*table));
	for (i = 0; i < count; i++)
		refs[i] = (struct ref){ .m = &members[i], .index = i };
	qsort(refs, count, sizeof(*refs), by_weight_and_id);
	for (;;) {
		for (i = 0; i < count; i++) {
			u32 c = preference(&refs[i], refs[i].next, size);

			while (table[c] != HALB_MAGLEV_NONE) {
				refs[i].next++;
				c = preference(&refs[i], refs[i].next, size);
			}
			table[c] = refs[i].index;
			refs[i].next++;
			n++;
			if (n == size) {
				free(refs);
				return;
			}
		}
	}
}

/* --- helpers -------------------------------------------------------------- */

static u32 below(u32 n)
{
	return get_random_u64() % n;
}

static void make_member(struct halb_maglev_member *m, u32 number, u32 weight)
{
	u8 addr[16] = { 0x20, 0x01, 0x0d, 0xb8, [13] = number >> 16,
			[14] = number >> 8, [15] = number };

	if (number % 3) {
		addr[0] = 10;
		addr[1] = number >> 16;
		addr[2] = number >> 8;
		addr[3] = number;
	}
	halb_maglev_id(m->id, !(number % 3), addr, cpu_to_be16(80));
	m->weight = weight;
}

static u16 *build(const struct halb_maglev_member *members, u32 n, u32 size)
{
	u16 *table = malloc(size * sizeof(*table));
	int ret = halb_maglev_build(members, n, table, size);

	if (ret) {
		note("halb_maglev_build: %d", ret);
		exit(1);
	}
	return table;
}

/* Slots that moved although their member is still there. */
static u32 moved(const u16 *a, const u16 *b, u32 size, u32 gone)
{
	u32 i, n = 0;

	for (i = 0; i < size; i++)
		n += a[i] != b[i] && a[i] != gone;
	return n;
}

enum weights { EQUAL, SMALL, FEW, HUGE_RANGE, WITH_ZEROS, WEIGHTS };
static const char * const weights_name[WEIGHTS] = {
	"equal weights", "weights 1..10", "weights 1, 2 and 100",
	"weights 1..65535", "weights 0..3",
};

static u32 make_weight(enum weights kind)
{
	switch (kind) {
	case SMALL:		return 1 + below(10);
	case FEW:		return (u32[]){ 1, 2, 100 }[below(3)];
	case HUGE_RANGE:	return 1 + below(1 + below(65535));
	case WITH_ZEROS:	return below(4);
	default:		return 7;
	}
}

/* --- tests ---------------------------------------------------------------- */

static struct halb_maglev_member members[MANY], shuffled[MANY];

static void test_reference(void)
{
	static const u32 sizes[] = { 251, 509, 1021, 4093 };
	enum weights kind;

	for (kind = 0; kind < WEIGHTS; kind++) {
		u32 sets = 0, bad = 0, badpaper = 0, badorder = 0;
		u32 round, i, size, n;

		for (round = 0; round < 60; round++) {
			u16 *a, *b, *c;

			size = sizes[round % ARRAY_SIZE(sizes)];
			n = 1 + below(round % 7 ? 40 : 200);
			for (i = 0; i < n; i++)
				make_member(&members[i], round * 1000 + i,
					    make_weight(kind));
			a = build(members, n, size);
			b = malloc(size * sizeof(*b));
			reference(members, n, b, size);
			bad += memcmp(a, b, size * sizeof(*a)) != 0;
			if (kind == EQUAL) {
				paper(members, n, b, size);
				badpaper += memcmp(a, b, size * sizeof(*a)) != 0;
			}

			memcpy(shuffled, members, n * sizeof(*members));
			for (i = n - 1; i > 0; i--) {
				struct halb_maglev_member swap = shuffled[i];
				u32 j = below(i + 1);

				shuffled[i] = shuffled[j];
				shuffled[j] = swap;
			}
			c = build(shuffled, n, size);
			for (i = 0; i < size; i++)
				if (a[i] == HALB_MAGLEV_NONE ? c[i] != a[i] :
				    memcmp(members[a[i]].id, shuffled[c[i]].id,
					   HALB_MAGLEV_ID_LEN))
					badorder++;
			sets++;
			free(a);
			free(b);
			free(c);
		}
		ok(!bad, "%s: %u random sets as the reference has them",
		   weights_name[kind], sets);
		if (kind == EQUAL)
			ok(!badpaper, "%s: the same as the paper's pseudocode",
			   weights_name[kind]);
		ok(!badorder, "%s: the order of the members does not matter",
		   weights_name[kind]);
	}
}

static void test_shares(void)
{
	enum weights kind;

	for (kind = 0; kind < WEIGHTS; kind++) {
		u32 bad = 0, none = 0, round, i;

		for (round = 0; round < 200; round++) {
			u32 n = 1 + below(40), size = halb_maglev_size(n);
			u64 weights = 0;
			double least = 1e9;
			u32 *got = calloc(n + 1, sizeof(*got));
			u16 *table;

			for (i = 0; i < n; i++) {
				make_member(&members[i], round * 64 + i,
					    make_weight(kind));
				weights += members[i].weight;
			}
			if (!weights)
				members[0].weight = weights = 1;
			table = build(members, n, size);
			for (i = 0; i < size; i++)
				got[table[i]]++;
			for (i = 0; i < n; i++) {
				double share = (double)size * members[i].weight /
					       weights;

				if (members[i].weight && share < least)
					least = share;
				if (!members[i].weight != !got[i])
					none++;
			}
			for (i = 0; i < n; i++) {
				double share = (double)size * members[i].weight /
					       weights;

				/* a slot each for tiny shares comes from all */
				if (least >= 1 ? got[i] < share - 1 ||
						 got[i] > share + 1 :
						 got[i] < share - n - 1 ||
						 got[i] > share + 1)
					bad++;
			}
			free(got);
			free(table);
		}
		ok(!bad, "%s: shares are right to within a slot",
		   weights_name[kind]);
		ok(!none, "%s: every member with a weight has a slot, no other",
		   weights_name[kind]);
	}
}

/*
 * What changes beyond the slots of the member that leaves. Maglev trades a few
 * percent for even shares (the paper's section 5.3); plain hashing modulo the
 * number of members would move nearly all.
 */
static void disruption(u32 n, enum weights kind, double bound)
{
	u32 size = halb_maglev_size(n), i, k, tries = n < 20 ? n : 20;
	double sum = 0, worst = 0;
	u16 *before, *after;

	for (i = 0; i < n; i++)
		make_member(&members[i], i, make_weight(kind));
	before = build(members, n, size);
	for (k = 0; k < tries; k++) {
		u32 gone = (u64)k * n / tries, weight = members[gone].weight;
		double extra;

		members[gone].weight = 0;
		after = build(members, n, size);
		members[gone].weight = weight;
		extra = 100.0 * moved(before, after, size, gone) / size;
		sum += extra;
		if (extra > worst)
			worst = extra;
		free(after);
	}
	free(before);
	ok(worst < bound,
	   "%u members, %s: one leaves, %.2f %% of the others' slots move on average, %.2f %% at worst (bound %.1f)",
	   n, weights_name[kind], sum / tries, worst, bound);
}

static bool prime(u32 n)
{
	u32 i;

	for (i = 2; i * i <= n; i++)
		if (n % i == 0)
			return false;
	return n > 1;
}

static void test_sizes(void)
{
	u32 n, size, last = 0, steps = 0;
	bool good = true, enough = true;

	for (n = 0; n <= HALB_MAGLEV_MEMBERS_MAX; n++) {
		size = halb_maglev_size(n);
		if (size == last)
			continue;
		good = good && prime(size);
		steps++;
		last = size;
	}
	for (n = 0; n <= 2621; n++)
		enough = enough && halb_maglev_size(n) >= 100 * n;
	ok(good, "table sizes are primes");
	ok(enough, "100 slots per member up to 2621 members");
	ok(steps == 3 && halb_maglev_size(40) == 4093 &&
	   halb_maglev_size(41) == 65521 && halb_maglev_size(655) == 65521 &&
	   halb_maglev_size(656) == 262139,
	   "the size changes at 41 and 656 members only");
	ok(halb_maglev_size(HALB_MAGLEV_MEMBERS_MAX) >=
	   3 * HALB_MAGLEV_MEMBERS_MAX, "three slots per member at least");
}

static void test_limits(void)
{
	u16 table[251];
	u32 i;

	ok(!halb_maglev_build(NULL, 0, table, 251) &&
	   !memchr_inv(table, 0xff, sizeof(table)), "no member: an empty table");
	for (i = 0; i < 300; i++)
		make_member(&members[i], i, 0);
	ok(!halb_maglev_build(members, 300, table, 251) &&
	   !memchr_inv(table, 0xff, sizeof(table)),
	   "members of weight 0 only: an empty table");
	ok(halb_maglev_lookup(table, 251, 0xffffffff) == HALB_MAGLEV_NONE,
	   "lookup in an empty table");
	for (i = 0; i < 300; i++)
		members[i].weight = 1;
	ok(halb_maglev_build(members, 300, table, 251) == -EINVAL,
	   "more members than slots: -EINVAL");
	ok(halb_maglev_build(members, 65536, table, 251) == -EINVAL,
	   "65536 members: -EINVAL");
	ok(!halb_maglev_build(members, 251, table, 251),
	   "as many members as slots");
	shim_no_memory = true;
	ok(halb_maglev_build(members, 10, table, 251) == -ENOMEM,
	   "no memory: -ENOMEM");
	shim_no_memory = false;
}

static void test_hash(void)
{
	u32 i, n = 100, size = halb_maglev_size(n), clients = 1000000;
	u32 got[100] = {}, six[100] = {}, again = 0;
	double chi4 = 0, chi6 = 0;
	u16 *table;

	for (i = 0; i < n; i++)
		make_member(&members[i], i, 1);
	table = build(members, n, size);
	for (i = 0; i < clients; i++) {
		__be32 addr = cpu_to_be32(0x0a000000 + i);
		__be32 addr6[4] = { cpu_to_be32(0x20010db8), 0, 0, addr };
		u32 hash = halb_maglev_hash4(addr, 0, 0);

		got[halb_maglev_lookup(table, size, hash)]++;
		again += hash == halb_maglev_hash4(addr, 0, 1) ||
			 hash == halb_maglev_hash4(addr, 1, 0);
		six[halb_maglev_lookup(table, size,
				       halb_maglev_hash6(addr6, 0, 0))]++;
	}
	for (i = 0; i < n; i++) {
		double e = clients / n;

		chi4 += (got[i] - e) * (got[i] - e) / e;
		chi6 += (six[i] - e) * (six[i] - e) / e;
	}
	/* 99 degrees of freedom and shares to within a slot of 655 */
	ok(chi4 < 200, "neighbouring IPv4 clients are spread evenly (%.0f)", chi4);
	ok(chi6 < 200, "neighbouring IPv6 clients are spread evenly (%.0f)", chi6);
	ok(again < 5, "port and attempt change the hash");
	free(table);
}

static void test_cost(void)
{
	static const u32 counts[] = { 2, 10, 40, 200, 655, 5000 };
	u32 i, k;

	for (k = 0; k < ARRAY_SIZE(counts); k++) {
		u32 n = counts[k], size = halb_maglev_size(n);
		double ms[2];
		int distinct;

		for (distinct = 0; distinct < 2; distinct++) {
			struct timespec a, b;

			for (i = 0; i < n; i++)
				make_member(&members[i], i,
					    distinct ? 1000 + i : 1);
			clock_gettime(CLOCK_MONOTONIC, &a);
			free(build(members, n, size));
			clock_gettime(CLOCK_MONOTONIC, &b);
			ms[distinct] = (b.tv_sec - a.tv_sec) * 1e3 +
				       (b.tv_nsec - a.tv_nsec) / 1e6;
		}
		note("build of %u members: %.2f ms, all weights different %.2f ms (with sanitizers)",
		     n, ms[0], ms[1]);
	}
}

/* The shim's SipHash is the real one: the test vector of its paper. */
static void test_siphash(void)
{
	siphash_key_t key = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };
	u8 i, in[15];

	for (i = 0; i < sizeof(in); i++)
		in[i] = i;
	ok(siphash(in, sizeof(in), &key) == 0xa129ca6149be45e5,
	   "SipHash has its paper's value");
}

int main(void)
{
	test_siphash();
	ok(halb_maglev_selftest(), "the self-test of the module");
	test_reference();
	test_shares();
	disruption(2, EQUAL, 0.1);
	disruption(10, EQUAL, 4);
	disruption(40, EQUAL, 4);
	disruption(655, EQUAL, 4);
	disruption(2000, EQUAL, 4);
	disruption(10, SMALL, 4);
	disruption(40, SMALL, 4);
	disruption(40, FEW, 4);
	disruption(500, HUGE_RANGE, 4);
	test_sizes();
	test_limits();
	test_hash();
	test_cost();
	return done();
}
