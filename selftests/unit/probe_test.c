// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/probe.c: the bitmap says yes of every address that was put in and of few
 * others, its set of exactly those; also while others are put in, and however
 * they were chosen.
 */
#include <time.h>

#include "shim/kernel.h"
#include "tap.h"
#include "../../kmod/probe.h"

#define MANY	20000U

struct address {
	union nf_inet_addr addr;
	u8 af;
	enum halb_probe_side side;
};

static struct address known[MANY];
static u32 known_count;	/* atomic: a reader follows the writer */

static struct address random_address(u8 af)
{
	struct address a = { .af = af, .side = get_random_u64() >> 63 };
	int i;

	for (i = 0; i < (af == AF_INET6 ? 4 : 1); i++)
		a.addr.all[i] = get_random_u64() >> 32;
	return a;
}

static bool knows(const struct halb_probe *probe, const struct address *a)
{
	return halb_probe_knows(probe, a->af, &a->addr, a->side);
}

static bool maybe(const struct halb_probe *probe, const struct address *a,
		  enum halb_probe_side side)
{
	return a->af == AF_INET6 ? halb_probe6(probe, &a->addr.in6, side) :
				   halb_probe4(probe, a->addr.ip, side);
}

static void add(struct halb_probe *probe, const struct address *a)
{
	halb_probe_add(probe, a->af, &a->addr, a->side);
}

/* As many as there is room for, of both families and sides. */
static struct halb_probe *fill(u32 room)
{
	struct halb_probe *probe = halb_probe_create(room, true);
	u32 i;

	for (i = 0; i < room; i++) {
		known[i] = random_address(i % 2 ? AF_INET6 : AF_INET);
		add(probe, &known[i]);
	}
	return probe;
}

static void test_exact(u32 room)
{
	struct halb_probe *probe = fill(room);
	u32 i, missed = 0, strangers = 0, sides = 0, families = 0;

	for (i = 0; i < room; i++) {
		struct address a = known[i], b = random_address(a.af);

		missed += !maybe(probe, &a, a.side) || !knows(probe, &a);
		strangers += knows(probe, &b);
		a.side = !a.side;
		sides += knows(probe, &a);
		a.side = !a.side;
		a.af = a.af == AF_INET ? AF_INET6 : AF_INET;
		families += knows(probe, &a);
	}
	ok(!missed, "%u addresses: all are known (%u are not)", room, missed);
	ok(!strangers, "... as many others are not (%u are)", strangers);
	ok(!sides, "... nor the same as the other side (%u are)", sides);
	ok(!families, "... nor their bytes in the other family (%u are)",
	   families);
	kvfree(probe);
}

/* What probe.h promises of a full probe: one foreign packet in sixteen. */
static void test_guesses(void)
{
	struct halb_probe *probe = fill(MANY);
	u32 i, n = 200000, yes = 0;

	for (i = 0; i < n; i++) {
		struct address from = random_address(AF_INET);
		struct address to = random_address(AF_INET);

		yes += maybe(probe, &to, HALB_PROBE_VIP) ||
		       maybe(probe, &from, HALB_PROBE_REPLY);
	}
	ok(yes > 0 && yes <= n / 16,
	   "full: of %u foreign packets %u look like ours, at most %u", n, yes,
	   n / 16);
	kvfree(probe);
}

static double seconds_to_fill(bool chosen)
{
	struct halb_probe *probe = halb_probe_create(65536, true);
	clock_t start = clock();
	double took;
	u32 i;

	for (i = 0; i < 65536; i++) {
		struct address a = random_address(AF_INET6);

		a.side = HALB_PROBE_VIP;
		/* halb_probe_word6() is the same for all of these */
		if (chosen)
			a.addr = (union nf_inet_addr){
				.all = { 0x20, 0, i, -31 * i },
			};
		add(probe, &a);
	}
	took = (double)(clock() - start) / CLOCKS_PER_SEC;
	kvfree(probe);
	return took;
}

static void test_chosen(void)
{
	union nf_inet_addr a = { .all = { 0x20, 0, 7, -31 * 7 } };
	union nf_inet_addr b = { .all = { 0x20, 0, 65535, -31 * 65535 } };
	double usual = seconds_to_fill(false), chosen = seconds_to_fill(true);

	ok(halb_probe_word6(&a.in6) == halb_probe_word6(&b.in6),
	   "addresses can be chosen that are one to the bitmap");
	ok(chosen < 20 * usual,
	   "... but not to the set: 65536 take %.0f ms, others %.0f ms",
	   chosen * 1e3, usual * 1e3);
}

/* What was put in stays known, whatever comes beside it. */
static void *read_beside(void *arg)
{
	struct halb_probe *probe = arg;
	unsigned long missed = 0;
	u32 count;

	do {
		count = smp_load_acquire(&known_count);
		if (!count)
			continue;
		missed += !knows(probe, &known[get_random_u64() % count]);
		missed += !knows(probe, &known[count - 1]);
		/* one that is yet to come, or comes just now: either will do */
		knows(probe, &known[(count + get_random_u64() % 4) % MANY]);
	} while (count < MANY);
	return (void *)missed;
}

static void test_readers(void)
{
	struct halb_probe *probe = halb_probe_create(MANY, true);
	pthread_t reader[2];
	void *missed[2];
	u32 i;

	for (i = 0; i < MANY; i++)
		known[i] = random_address(i % 2 ? AF_INET6 : AF_INET);
	for (i = 0; i < 2; i++)
		pthread_create(&reader[i], NULL, read_beside, probe);
	for (i = 0; i < MANY; i++) {
		add(probe, &known[i]);
		smp_store_release(&known_count, i + 1);
	}
	for (i = 0; i < 2; i++)
		pthread_join(reader[i], &missed[i]);
	ok(!missed[0] && !missed[1],
	   "two readers know all that has been put in so far");
	kvfree(probe);
}

int main(void)
{
	static const u32 rooms[] = { 1, 2, 16, 17, 1000, 1024, MANY };
	u32 i;

	shim_seed(1);
	for (i = 0; i < ARRAY_SIZE(rooms); i++)
		test_exact(rooms[i]);
	test_guesses();
	test_chosen();
	test_readers();
	return done();
}
