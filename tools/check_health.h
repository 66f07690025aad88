/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the results of a check make of it: up or down, and when to look again.
 * Pure: no clock, no socket, no allocation. Times are microseconds.
 *
 * There are two sets of words for it, and a check uses one of them:
 *
 *   keepalived's: a check that fails is tried `retry` times more, with
 *   `delay_before_retry` between, before it is down; one success is up. Pauses
 *   count from the end of a check (MISC_CHECK: from its beginning). Each kind of
 *   check has habits of its own there, which are the HEALTH_* flags.
 *
 *   HAProxy's: `fall` failures in a row are down, `rise` successes in a row are
 *   up; `inter`, `fastinter` while it is undecided, `downinter` while it is
 *   surely down. Intervals count from the beginning of a check.
 */
#ifndef HALB_CHECK_HEALTH_H
#define HALB_CHECK_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

enum {					/* health_rules.flags */
	/* rise, fall and inter count, retry and delay_loop do not */
	HEALTH_COUNTERS		= 1 << 0,
	/* down until a check has passed; else up until one has failed */
	HEALTH_ALPHA		= 1 << 1,
	/* what is down is retried as what is up (TCP_CHECK, SMTP_CHECK) */
	HEALTH_RETRY_DOWN	= 1 << 2,
	/* the first check of all has its retries, too (SMTP_CHECK) */
	HEALTH_RETRY_FIRST	= 1 << 3,
	/* the step that failed must pass, and then all of them again (HTTP_GET) */
	HEALTH_RECHECK		= 1 << 4,
	/* no pause on the way up (HTTP_GET with fast_recovery) */
	HEALTH_FAST_RECOVERY	= 1 << 5,
	/* delay_loop and delay_before_retry count from the beginning (MISC_CHECK) */
	HEALTH_FROM_START	= 1 << 6,
};

struct health_rules {
	uint32_t flags;
	uint32_t steps;			/* urls of a HTTP_GET; 0 is 1 */
	uint32_t retry;
	uint64_t delay_loop;
	uint64_t delay_before_retry;
	uint32_t rise;
	uint32_t fall;
	uint64_t inter;
	uint64_t fastinter;		/* 0: inter */
	uint64_t downinter;		/* 0: inter */
};

struct health {
	bool up;
	bool known;			/* a check has decided so */
	bool failed;			/* HEALTH_RECHECK: step is the one that failed */
	uint32_t step;			/* to do next, from 0 */
	/* retries that were made; HAProxy's "health", 0..rise + fall - 1 */
	uint32_t count;
};

enum health_change {
	HEALTH_SAME,
	HEALTH_CONFIRMED,		/* known from now on, and as assumed */
	HEALTH_UP,
	HEALTH_DOWN,
};

void health_init(struct health *health, const struct health_rules *rules);

/* A check that began and ended then has passed or failed. *next is when the next
 * one is due, which may be in the past.
 */
enum health_change health_result(struct health *health,
				 const struct health_rules *rules, bool passed,
				 uint64_t began, uint64_t ended, uint64_t *next);

/* The rules changed (reload): what is known stays so. */
void health_rules_changed(struct health *health, const struct health_rules *old,
			  const struct health_rules *now);

/* The pause between two checks while nothing changes; what they are spread over. */
uint64_t health_period(const struct health *health, const struct health_rules *rules);

#endif
