/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time, as connections and schedulers keep it.
 */
#ifndef _HALB_NOW_H
#define _HALB_NOW_H

#include <linux/timekeeping.h>

/* Seconds of uptime, the clock of connections: wraps after 136 years. */
static inline u32 halb_now(void)
{
	return (u32)ktime_get_seconds();
}

#endif
