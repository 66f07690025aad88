// SPDX-License-Identifier: GPL-2.0
/*
 * At insmod: each scheduler on a service of three servers, in this kernel and
 * on this CPU. selftests/unit compares them with their definitions at length.
 */
#include <linux/bottom_half.h>
#include <linux/init.h>
#include <linux/printk.h>
#include <linux/slab.h>

#define TEST_SERVERS	3

struct sched_test {
	struct halb_service service;
	struct halb_server servers[TEST_SERVERS];
	struct halb_plan *plan;
};

#define EXPECT(condition) ({						\
	bool holds_ = (condition);					\
									\
	if (!holds_)							\
		pr_err("halb: sched self-test: %s: line %d: not %s\n",	\
		       t->plan ? t->plan->sched->name : "?", __LINE__,	\
		       #condition);					\
	holds_; })

static void __init test_stop(struct sched_test *t)
{
	struct halb_plan *plan = t->plan;
	u32 i;

	for (i = 0; i < TEST_SERVERS; i++) {
		set_bit(HALB_SERVER_REMOVED_BIT, &t->servers[i].flags);
		halb_sched_forget(&t->servers[i]);
	}
	t->plan = NULL;
	if (!plan)
		return;
	if (plan->sched->destroy)
		plan->sched->destroy(plan->table);
	else
		kvfree(plan->table);
	kfree(plan);
}

/* A fresh service with servers A, B, C of weights 4, 3, 2, in this order. */
static bool __init test_start(struct sched_test *t,
			      const struct halb_sched *sched)
{
	struct halb_plan *plan;
	u32 i;

	memset(t, 0, sizeof(*t));
	halb_sched_init(&t->service);
	plan = kzalloc(struct_size(plan, slots, TEST_SERVERS), GFP_KERNEL);
	if (!plan)
		return false;
	plan->service = &t->service;
	plan->sched = sched;
	plan->flags = HALB_SERVICE_FLAG_SH_FALLBACK;
	plan->count = TEST_SERVERS;
	for (i = 0; i < TEST_SERVERS; i++) {
		t->servers[i].service = &t->service;
		t->servers[i].af = AF_INET;
		t->servers[i].addr.ip = cpu_to_be32(0xc0000201 + i);
		plan->slots[i].server = &t->servers[i];
		plan->slots[i].weight = 4 - i;
	}
	if (sched->build(plan)) {
		kfree(plan);
		return false;
	}
	t->plan = plan;
	halb_sched_start(plan);
	return true;
}

static void __init test_overload(struct sched_test *t, u32 i, bool on)
{
	if (on)
		set_bit(HALB_SERVER_OVERLOAD_BIT, &t->servers[i].flags);
	else
		clear_bit(HALB_SERVER_OVERLOAD_BIT, &t->servers[i].flags);
	halb_server_conns_changed(&t->servers[i]);
}

/* 'A', 'B', 'C', or '-' for none. */
static char __init test_pick(struct sched_test *t, u32 number)
{
	union nf_inet_addr addr = { .ip = cpu_to_be32(0x0a000000 + number) };
	struct halb_client client = {
		.addr = &addr, .vip = &addr, .af = AF_INET,
	};
	struct halb_server *server;

	local_bh_disable();
	server = t->plan->sched->pick(t->plan, &client);
	local_bh_enable();
	return server ? 'A' + (server - t->servers) : '-';
}

static bool __init test_sequence(struct sched_test *t, const char *expected)
{
	u32 i;

	for (i = 0; expected[i]; i++) {
		char got = test_pick(t, i);

		if (got != expected[i]) {
			pr_err("halb: sched self-test: %s: pick %u of \"%s\" is %c\n",
			       t->plan->sched->name, i + 1, expected, got);
			return false;
		}
	}
	return true;
}

/* Whatever the scheduler: nobody, the only one, somebody. */
static bool __init test_any(struct sched_test *t)
{
	bool ok = true;
	char got;
	u32 i;

	for (i = 0; i < TEST_SERVERS; i++)
		test_overload(t, i, true);
	ok &= EXPECT(test_pick(t, 1) == '-');
	if (t->plan->sched == &halb_sched_dh)
		return ok;
	for (i = 0; i < TEST_SERVERS; i++) {
		test_overload(t, i, false);
		got = test_pick(t, i);
		ok &= EXPECT(got == 'A' + i);
		test_overload(t, i, true);
	}
	test_overload(t, 0, false);
	test_overload(t, 2, false);
	got = test_pick(t, 7);
	ok &= EXPECT(got == 'A' || got == 'C');
	test_overload(t, 1, false);
	return ok;
}

static bool __init test_order(struct sched_test *t)
{
	bool ok = true;
	u32 i;

	if (!test_start(t, &halb_sched_wrr))
		return false;
	/* as ip_vs, after C, B and A were added one by one */
	ok &= test_sequence(t, "ABCAABABCABCAABABC");
	test_overload(t, 0, true);
	ok &= test_sequence(t, "BCBBCBCB");
	test_stop(t);

	if (!test_start(t, &halb_sched_rr))
		return false;
	ok &= test_sequence(t, "ABCABCA");
	test_overload(t, 1, true);
	ok &= test_sequence(t, "CACA");
	test_overload(t, 1, false);
	ok &= test_sequence(t, "BCA");
	test_stop(t);

	if (!test_start(t, &halb_sched_wlc))
		return false;
	for (i = 0; i < 900; i++) {
		char got = test_pick(t, i);

		if (got == '-')
			break;
		atomic_inc(&t->servers[got - 'A'].active);
		halb_server_conns_changed(&t->servers[got - 'A']);
	}
	ok &= EXPECT(atomic_read(&t->servers[0].active) == 400);
	ok &= EXPECT(atomic_read(&t->servers[1].active) == 300);
	ok &= EXPECT(atomic_read(&t->servers[2].active) == 200);
	test_stop(t);
	return ok;
}

/* halb_sched_names() names what is in the table, in its order. */
static bool __init test_names(void)
{
	const char *rest = halb_sched_names();
	u32 i;

	for (i = 0; i < ARRAY_SIZE(halb_scheds); i++) {
		const char *name = halb_scheds[i]->name;

		if (i && strncmp(rest, ", ", 2))
			return false;
		rest += i ? 2 : 0;
		if (strncmp(rest, name, strlen(name)) ||
		    halb_sched_find(name) != halb_scheds[i])
			return false;
		rest += strlen(name);
	}
	return !*rest;
}

bool __init halb_sched_selftest(void)
{
	struct sched_test *t = kvzalloc(sizeof(*t), GFP_KERNEL);
	bool ok;
	u32 i;

	if (!t)
		return false;
	ok = EXPECT(test_names());
	ok &= EXPECT(!halb_sched_find("wr"));
	for (i = 0; i < ARRAY_SIZE(halb_scheds); i++) {
		ok &= EXPECT(test_start(t, halb_scheds[i]));
		if (t->plan)
			ok &= test_any(t);
		test_stop(t);
	}
	ok &= test_order(t);
	kvfree(t);
	if (ok)
		pr_info("halb: sched self-test: pass\n");
	else
		pr_err("halb: sched self-test: fail\n");
	return ok;
}

#undef EXPECT
#undef TEST_SERVERS
