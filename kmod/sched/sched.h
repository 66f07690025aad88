/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What schedulers have in common. Their interface is struct halb_sched.
 */
#ifndef _HALB_SCHED_H
#define _HALB_SCHED_H

#include <linux/llist.h>

#include "../service.h"

extern const struct halb_sched halb_sched_rr;
extern const struct halb_sched halb_sched_wrr;
extern const struct halb_sched halb_sched_lc;
extern const struct halb_sched halb_sched_wlc;
extern const struct halb_sched halb_sched_fo;
extern const struct halb_sched halb_sched_ovf;
extern const struct halb_sched halb_sched_lblc;
extern const struct halb_sched halb_sched_lblcr;
extern const struct halb_sched halb_sched_sh;
extern const struct halb_sched halb_sched_dh;
extern const struct halb_sched halb_sched_mh;
extern const struct halb_sched halb_sched_sed;
extern const struct halb_sched halb_sched_nq;
extern const struct halb_sched halb_sched_twos;

/* Stale entries of a table that a pick passes over before it gives up. */
#define HALB_SCHED_TRIES	32

/* watch.c: */
void halb_sched_hear(struct halb_plan *plan);

/**
 * halb_sched_catch_up - brings the table of a plan up to date
 * @plan: plan
 *
 * One CPU does so, the others go on with the table as it is: what they choose
 * is what they would have chosen a moment earlier. So a server that a table
 * yields may be unavailable by now, and pick() looks. Context: as pick().
 */
static inline void halb_sched_catch_up(struct halb_plan *plan)
{
	const struct halb_service *service = plan->service;

	if (!llist_empty(&service->dirty) ||
	    unlikely(READ_ONCE(service->dirty_rest)))
		halb_sched_hear(plan);
}

/* A slot may get new connections. */
static inline bool halb_slot_usable(const struct halb_slot *slot)
{
	return slot->weight && halb_server_available(slot->server);
}

/*
 * ip_vs's estimate of the load: 256 for an active connection, and one for every
 * connection. Counts that several CPUs move may be below zero for a moment.
 */
static inline u64 halb_server_load(const struct halb_server *server)
{
	u64 active = max(atomic_read(&server->active), 0);
	u64 inactive = max(atomic_read(&server->inactive), 0);

	return active * 256 + active + inactive;
}

#ifdef DEBUG
bool halb_sched_selftest(void);
#endif

#endif
