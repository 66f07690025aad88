/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The best server by its counts of connections or its weight, see least.c.
 */
#ifndef _HALB_LEAST_H
#define _HALB_LEAST_H

#include "sched.h"

enum halb_least_rule {
	HALB_LEAST_LC,
	HALB_LEAST_WLC,
	HALB_LEAST_SED,
	HALB_LEAST_NQ,
	HALB_LEAST_FO,
	HALB_LEAST_OVF,
};

struct halb_least;

struct halb_least *halb_least_create(const struct halb_plan *plan,
				     enum halb_least_rule rule);
void halb_least_update(struct halb_least *least, const struct halb_plan *plan,
		       u32 slot);
struct halb_server *halb_least_best(struct halb_least *least,
				    const struct halb_plan *plan);

#endif
