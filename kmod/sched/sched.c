// SPDX-License-Identifier: GPL-2.0
/*
 * The table of schedulers.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "sched.h"

static const struct halb_sched * const halb_scheds[] = {
	&halb_sched_rr,
	&halb_sched_wrr,
	&halb_sched_lc,
	&halb_sched_wlc,
	&halb_sched_fo,
	&halb_sched_ovf,
	&halb_sched_lblc,
	&halb_sched_lblcr,
	&halb_sched_sh,
	&halb_sched_dh,
	&halb_sched_mh,
	&halb_sched_sed,
	&halb_sched_nq,
	&halb_sched_twos,
};

/**
 * halb_sched_find - the scheduler of a name
 * @name: as users write it
 *
 * Return: the scheduler or NULL.
 */
const struct halb_sched *halb_sched_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(halb_scheds); i++)
		if (!strcmp(halb_scheds[i]->name, name))
			return halb_scheds[i];
	return NULL;
}

/**
 * halb_sched_names - all names, for messages
 *
 * Return: "rr, wrr, ..."
 */
const char *halb_sched_names(void)
{
	/* the self-test compares it with the table */
	return "rr, wrr, lc, wlc, fo, ovf, lblc, lblcr, sh, dh, mh, sed, nq, twos";
}

#ifdef DEBUG
#include "../selftest/sched.c"
#endif
