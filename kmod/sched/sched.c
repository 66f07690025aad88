// SPDX-License-Identifier: GPL-2.0
/*
 * The table of schedulers.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "sched.h"

#define HALB_SCHED_ENTRY(name)	&halb_sched_##name,
#define HALB_SCHED_NAME(name)	", " #name

static const struct halb_sched * const halb_scheds[] = {
	HALB_SCHEDS(HALB_SCHED_ENTRY)
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
	static const char names[] = HALB_SCHEDS(HALB_SCHED_NAME);

	return names + strlen(", ");
}

#ifdef DEBUG
#include "../selftest/sched.c"
#endif
