// SPDX-License-Identifier: GPL-2.0
/*
 * At insmod: Maglev tables against the paper's algorithm, done naively; shares,
 * order of members, disruption; and fixed values, since all directors must
 * agree, whatever their architecture. selftests/unit has many more sets.
 */
#include <linux/init.h>
#include <linux/printk.h>

#define TEST_MEMBERS	20
#define TEST_SIZE	1021

struct maglev_test {
	struct halb_maglev_member members[TEST_MEMBERS];
	struct halb_maglev_member reversed[TEST_MEMBERS];
	u32 next[TEST_MEMBERS];
	u16 naive[TEST_SIZE];
	u16 table[TEST_SIZE];
	u16 other[TEST_SIZE];
};

#define EXPECT(condition) ({						\
	bool holds_ = (condition);					\
									\
	if (!holds_)							\
		pr_err("halb: maglev self-test: line %d: not %s\n",	\
		       __LINE__, #condition);				\
	holds_; })

/* Pseudocode 1 of the paper; the members are sorted. */
static void __init naive_table(struct maglev_test *t)
{
	u32 i, c, filled = 0;

	memset(t->naive, 0xff, sizeof(t->naive));
	memset(t->next, 0, sizeof(t->next));
	for (i = 0; filled < TEST_SIZE; i = (i + 1) % TEST_MEMBERS) {
		const u8 *id = t->members[i].id;
		u64 offset, skip, place;

		offset = siphash(id, HALB_MAGLEV_ID_LEN,
				 &halb_maglev_key_offset);
		skip = siphash(id, HALB_MAGLEV_ID_LEN, &halb_maglev_key_skip);
		div64_u64_rem(offset, TEST_SIZE, &offset);
		div64_u64_rem(skip, TEST_SIZE - 1, &skip);
		do {
			place = offset + t->next[i]++ * (skip + 1);
			div64_u64_rem(place, TEST_SIZE, &place);
			c = place;
		} while (t->naive[c] != HALB_MAGLEV_NONE);
		t->naive[c] = i;
		filled++;
	}
}

static void __init test_members(struct maglev_test *t, bool weighted)
{
	u32 i;

	for (i = 0; i < TEST_MEMBERS; i++) {
		u8 addr[4] = { 192, 0, 2, i + 1 };

		halb_maglev_id(t->members[i].id, false, addr,
			       cpu_to_be16(8080));
		t->members[i].weight = weighted ? i : 5;
	}
	for (i = 0; i < TEST_MEMBERS; i++)
		t->reversed[i] = t->members[TEST_MEMBERS - 1 - i];
}

static bool __init test_equal(struct maglev_test *t)
{
	u32 i, stray = 0;
	bool ok;

	test_members(t, false);
	naive_table(t);
	ok = EXPECT(!halb_maglev_build(t->members, TEST_MEMBERS, t->table,
				       TEST_SIZE));
	ok &= EXPECT(!memcmp(t->table, t->naive, sizeof(t->table)));

	/* one leaves: at most 5 % of the others' slots move */
	t->members[7].weight = 0;
	ok &= EXPECT(!halb_maglev_build(t->members, TEST_MEMBERS, t->other,
					TEST_SIZE));
	for (i = 0; i < TEST_SIZE; i++)
		stray += t->table[i] != 7 && t->table[i] != t->other[i];
	ok &= EXPECT(stray < TEST_SIZE / 20);
	return ok;
}

static bool __init test_weighted(struct maglev_test *t)
{
	u32 i, got[TEST_MEMBERS] = {};
	u64 sum = 0;
	bool ok;

	test_members(t, true);
	ok = EXPECT(!halb_maglev_build(t->members, TEST_MEMBERS, t->table,
				       TEST_SIZE));
	ok &= EXPECT(!halb_maglev_build(t->reversed, TEST_MEMBERS, t->other,
					TEST_SIZE));
	for (i = 0; i < TEST_SIZE; i++) {
		if (!EXPECT(t->table[i] < TEST_MEMBERS) ||
		    !EXPECT(t->table[i] + t->other[i] == TEST_MEMBERS - 1))
			return false;
		got[t->table[i]]++;
		sum = sum * 31 + t->table[i];
	}
	/* all weights: 0 + 1 + ... + 19 = 190 */
	for (i = 0; i < TEST_MEMBERS; i++)
		ok &= EXPECT(got[i] == i * TEST_SIZE / 190 ||
			     got[i] == i * TEST_SIZE / 190 + 1);
	ok &= EXPECT(!got[0]);

	/* the contract between directors; see maglev.c before changing it */
	ok &= EXPECT(sum == 0xa0a5121f5b34a751ULL);
	return ok;
}

static bool __init test_flow_hash(void)
{
	__be32 addr6[4] = { cpu_to_be32(0x20010db8), 0, 0, cpu_to_be32(1) };
	__be32 addr = cpu_to_be32(0xc0000201);
	bool ok;

	ok = EXPECT(halb_maglev_hash4(addr, 0, 0) == 0xe9dba240);
	ok &= EXPECT(halb_maglev_hash4(addr, cpu_to_be16(80), 0) == 0x6fcc4650);
	ok &= EXPECT(halb_maglev_hash4(addr, 0, 1) == 0xf0956a69);
	ok &= EXPECT(halb_maglev_hash6(addr6, cpu_to_be16(80), 2) ==
		     0xe41a7f56);
	return ok;
}

bool __init halb_maglev_selftest(void)
{
	struct maglev_test *t = kvzalloc(sizeof(*t), GFP_KERNEL);
	bool ok;

	if (!t)
		return false;
	ok = test_equal(t);
	ok &= test_weighted(t);
	ok &= test_flow_hash();
	kvfree(t);
	if (ok)
		pr_info("halb: maglev self-test: pass\n");
	else
		pr_err("halb: maglev self-test: fail\n");
	return ok;
}

#undef EXPECT
#undef TEST_MEMBERS
#undef TEST_SIZE
