// SPDX-License-Identifier: GPL-2.0
/*
 * At insmod: weighted Maglev.
 */
#include <linux/init.h>
#include <linux/printk.h>

bool __init halb_maglev_selftest(void)
{
	u16 table[7];
	struct halb_maglev_member members[2] = {
		{ .id = { 10, 0, 0, 1 }, .weight = 1 },
		{ .id = { 10, 0, 0, 2 }, .weight = 0 },
	};
	bool ok = !halb_maglev_build(members, 2, table, ARRAY_SIZE(table)) &&
		  !memchr_inv(table, 0, sizeof(table));

	if (ok)
		pr_info("halb: maglev self-test: pass\n");
	else
		pr_err("halb: maglev self-test: fail\n");
	return ok;
}
