// SPDX-License-Identifier: GPL-2.0
/*
 * At insmod: the table of schedulers.
 */
#include <linux/init.h>
#include <linux/printk.h>

bool __init halb_sched_selftest(void)
{
	bool ok = halb_sched_find("wrr") == &halb_sched_wrr &&
		  !halb_sched_find("wr") && !halb_sched_find("");

	if (ok)
		pr_info("halb: sched self-test: pass\n");
	else
		pr_err("halb: sched self-test: fail\n");
	return ok;
}
