// SPDX-License-Identifier: GPL-2.0
/* What the results of a check make of it. */
#include "check_health.h"

static bool has(const struct health_rules *rules, uint32_t flag)
{
	return rules->flags & flag;
}

static uint32_t most(const struct health_rules *rules)
{
	return rules->rise + rules->fall - 1;
}

void health_init(struct health *health, const struct health_rules *rules)
{
	*health = (struct health){ .up = !has(rules, HEALTH_ALPHA) };
	/* One failure is enough in the beginning, when nothing is known. */
	if (has(rules, HEALTH_COUNTERS))
		health->count = health->up ? rules->rise : 0;
	else if (!has(rules, HEALTH_RETRY_FIRST))
		health->count = rules->retry;
}

/* --- HAProxy's counters ------------------------------------------------------ */

static void count_result(struct health *health, const struct health_rules *rules,
			 bool passed)
{
	if (!passed) {
		if (health->count > 0 && --health->count < rules->rise)
			health->count = 0;
	} else if (health->count < most(rules) && ++health->count >= rules->rise) {
		health->count = most(rules);
	}
	health->up = health->count >= rules->rise;
}

static uint64_t count_period(const struct health *health,
			     const struct health_rules *rules)
{
	if (health->known && health->count == most(rules))
		return rules->inter;
	if (health->known && health->count == 0)
		return rules->downinter ? rules->downinter : rules->inter;
	return rules->fastinter ? rules->fastinter : rules->inter;
}

/* A check that took longer than its interval leaves out those that it missed. */
static uint64_t count_next(uint64_t began, uint64_t ended, uint64_t period)
{
	uint64_t took = ended - began;

	return period ? began + (took / period + 1) * period : ended;
}

/* --- keepalived's retries ---------------------------------------------------- */

/* Returns the pause before the next check. */
static uint64_t retry_passed(struct health *health, const struct health_rules *rules)
{
	uint32_t steps = rules->steps ? rules->steps : 1;
	bool last = health->step + 1 >= steps;

	health->count = 0;
	if (health->failed) {
		/* It was down, and all of its steps have to pass again. */
		health->failed = false;
		health->step = 0;
	} else if (last) {
		health->step = 0;
		health->up = true;
		health->known = true;
	} else {
		health->step++;
		if (!health->known)
			health->count = rules->retry;
	}
	if (has(rules, HEALTH_FAST_RECOVERY) && (!health->known || !health->up))
		return 0;
	return rules->delay_loop;
}

static uint64_t retry_failed(struct health *health, const struct health_rules *rules)
{
	bool down = health->known && !health->up;

	if (down && has(rules, HEALTH_RECHECK)) {
		if (health->failed && rules->delay_loop > rules->delay_before_retry)
			return rules->delay_loop;
		return rules->delay_before_retry;
	}
	if (health->count < rules->retry &&
	    (!down || has(rules, HEALTH_RETRY_DOWN))) {
		health->count++;
		/* What failed is not new any more, though it may not be down yet. */
		if (!has(rules, HEALTH_RETRY_FIRST))
			health->known = true;
		return rules->delay_before_retry;
	}
	health->count = 0;
	health->up = false;
	health->known = true;
	if (!has(rules, HEALTH_RECHECK))
		return rules->delay_loop;
	health->failed = true;
	return rules->delay_loop > rules->delay_before_retry ?
		rules->delay_loop : rules->delay_before_retry;
}

/* --- both -------------------------------------------------------------------- */

enum health_change health_result(struct health *health,
				 const struct health_rules *rules, bool passed,
				 uint64_t began, uint64_t ended, uint64_t *next)
{
	bool up = health->up, known = health->known;

	if (has(rules, HEALTH_COUNTERS)) {
		health->known = true;
		count_result(health, rules, passed);
		*next = count_next(began, ended, count_period(health, rules));
	} else {
		uint64_t pause = passed ? retry_passed(health, rules) :
					  retry_failed(health, rules);

		*next = (has(rules, HEALTH_FROM_START) ? began : ended) + pause;
	}
	if (up != health->up)
		return health->up ? HEALTH_UP : HEALTH_DOWN;
	return health->known && !known ? HEALTH_CONFIRMED : HEALTH_SAME;
}

void health_rules_changed(struct health *health, const struct health_rules *old,
			  const struct health_rules *now)
{
	uint32_t steps = now->steps ? now->steps : 1;

	if (has(now, HEALTH_COUNTERS)) {
		/* In the middle of a decision it is made anew, from where it stood. */
		if (!has(old, HEALTH_COUNTERS) || old->rise != now->rise ||
		    old->fall != now->fall)
			health->count = health->up ? most(now) : 0;
	} else if (has(old, HEALTH_COUNTERS)) {
		health->count = 0;
	} else if (!health->known && !has(now, HEALTH_RETRY_FIRST)) {
		health->count = now->retry;
	}
	if (health->step >= steps) {
		health->step = 0;
		health->failed = false;
	}
}

uint64_t health_period(const struct health *health, const struct health_rules *rules)
{
	if (has(rules, HEALTH_COUNTERS))
		return count_period(health, rules);
	return rules->delay_loop;
}
