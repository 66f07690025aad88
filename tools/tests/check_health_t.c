// SPDX-License-Identifier: GPL-2.0
/* Up and down, and when to look again, against the rules told in other words. */
#include <stdlib.h>

#include "check_health.h"
#include "tap.h"
#include "util.h"

#define SEC	1000000ull

/* --- keepalived's habits ------------------------------------------------------ */

/* As its sources have them (2.2.7, keepalived/check/check_*.c), in its words. */
struct model {
	bool is_up, has_run;
	unsigned int retry_it, retry;
	int url_it, urls;
	bool failed_url, fast;
	uint64_t delay_loop, delay_before_retry;
};

static uint64_t model_tcp(struct model *m, bool success)
{
	uint64_t delay;

	if (success || m->retry_it >= m->retry) {
		delay = m->delay_loop;
		m->retry_it = 0;
		m->is_up = success;
	} else {
		delay = m->delay_before_retry;
		++m->retry_it;
	}
	m->has_run = true;
	return delay;
}

/* PING_CHECK, UDP_CHECK; DNS_CHECK and MISC_CHECK decide the same. */
static uint64_t model_ping(struct model *m, bool success)
{
	uint64_t delay = m->delay_loop;

	if (success || ((m->is_up || !m->has_run) && m->retry_it >= m->retry)) {
		m->retry_it = 0;
		m->is_up = success;
	} else if (m->is_up) {
		delay = m->delay_before_retry;
		++m->retry_it;
	}
	m->has_run = true;
	return delay;
}

static uint64_t model_smtp(struct model *m, bool success)
{
	if (!success) {
		if (++m->retry_it <= m->retry)
			return m->delay_before_retry;
		m->is_up = false;
	} else {
		m->is_up = true;
	}
	m->has_run = true;
	m->retry_it = 0;		/* smtp_start_check_thread */
	return m->delay_loop;
}

static uint64_t model_http(struct model *m, bool success)
{
	enum { NEW, RETRY, FAILED } method = NEW;
	uint64_t delay;

	if (!success) {
		method = FAILED;
		if (m->is_up || !m->has_run) {
			m->has_run = true;
			method = RETRY;
		}
	}
	if (method == NEW) {
		m->url_it++;
		m->retry_it = 0;
	} else if (method == RETRY) {
		m->retry_it++;
	}
	if (method == NEW && m->url_it == m->urls && !m->failed_url) {
		m->is_up = true;
		m->has_run = true;
		m->url_it = 0;
	} else if (method == RETRY && m->retry_it > m->retry) {
		m->is_up = false;
		m->failed_url = true;
	} else if (method == NEW && m->failed_url) {
		m->failed_url = false;
		m->url_it = 0;
	}
	if (method == NEW) {
		delay = m->delay_loop;
		if (!m->has_run)
			m->retry_it = m->retry;
	} else if (m->failed_url) {
		delay = m->delay_before_retry > m->delay_loop ?
			m->delay_before_retry : m->delay_loop;
	} else {
		delay = m->delay_before_retry;
	}
	/* Not after a failure, as keepalived does: it would check without any pause. */
	if (m->fast && (!m->has_run || (!m->is_up && !m->failed_url)))
		return method == NEW ? 0 : delay;
	return delay;
}

static const struct habit {
	const char *name;
	uint64_t (*model)(struct model *m, bool success);
	uint32_t flags;
} habits[] = {
	{ "TCP_CHECK", model_tcp, HEALTH_RETRY_DOWN },
	{ "PING_CHECK, UDP_CHECK, DNS_CHECK", model_ping, 0 },
	{ "MISC_CHECK", model_ping, HEALTH_FROM_START },
	{ "SMTP_CHECK", model_smtp, HEALTH_RETRY_DOWN | HEALTH_RETRY_FIRST },
	{ "HTTP_GET", model_http, HEALTH_RECHECK },
	{ "HTTP_GET with fast_recovery", model_http, HEALTH_RECHECK | HEALTH_FAST_RECOVERY },
};

/* Runs of the same result, so that long streaks happen. */
static bool next_result(bool last)
{
	return rand() % 100 < 70 ? last : rand() % 2;
}

static bool follows(const struct habit *habit)
{
	struct health_rules rules = {
		.flags = habit->flags | (rand() % 2 ? HEALTH_ALPHA : 0),
		.steps = habit->model == model_http ? 1 + rand() % 4 : rand() % 2,
		.retry = rand() % 5,
		.delay_loop = (1 + rand() % 10) * SEC,
		.delay_before_retry = (rand() % 10) * SEC,
	};
	struct model model = {
		.is_up = !(rules.flags & HEALTH_ALPHA),
		.retry_it = habit->model == model_smtp ? 0 : rules.retry,
		.retry = rules.retry,
		.urls = rules.steps ? rules.steps : 1,
		.fast = rules.flags & HEALTH_FAST_RECOVERY,
		.delay_loop = rules.delay_loop,
		.delay_before_retry = rules.delay_before_retry,
	};
	struct health health;
	uint64_t now = 77 * SEC;
	bool result = rand() % 2;

	health_init(&health, &rules);
	if (health.up != model.is_up)
		return false;
	for (int i = 0; i < 200; i++) {
		uint64_t took = rand() % (2 * SEC), pause, next, from;
		bool was_up = model.is_up;
		enum health_change change;

		result = next_result(result);
		pause = habit->model(&model, result);
		change = health_result(&health, &rules, result, now, now + took, &next);
		from = rules.flags & HEALTH_FROM_START ? now : now + took;
		if (health.up != model.is_up || next != from + pause ||
		    (change == HEALTH_UP) != (model.is_up && !was_up) ||
		    (change == HEALTH_DOWN) != (!model.is_up && was_up)) {
			note("step %d, retry %u, urls %u: up %d not %d, next %llu not %llu",
			     i, rules.retry, rules.steps, health.up, model.is_up,
			     (unsigned long long)(next - from), (unsigned long long)pause);
			return false;
		}
		now = next > now + took ? next : now + took;
	}
	return true;
}

static void test_habits(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(habits); i++) {
		int wrong = 0;

		for (int run = 0; run < 2000; run++)
			wrong += !follows(&habits[i]);
		ok(!wrong, "%s: as keepalived, 2000 random histories of 200 checks",
		   habits[i].name);
	}
}

/* --- HAProxy's counters ------------------------------------------------------- */

static bool counts(void)
{
	struct health_rules rules = {
		.flags = HEALTH_COUNTERS | (rand() % 2 ? HEALTH_ALPHA : 0),
		.rise = 1 + rand() % 5,
		.fall = 1 + rand() % 5,
		.inter = 2 * SEC,
		.fastinter = rand() % 2 ? SEC / 2 : 0,
		.downinter = rand() % 2 ? 10 * SEC : 0,
	};
	struct health health;
	unsigned int passes = 0, fails = 0;
	/* In the beginning one failure is enough, as if the others had happened. */
	unsigned int fails_needed = 1;
	bool up, result = rand() % 2;

	health_init(&health, &rules);
	up = health.up;
	for (int i = 0; i < 200; i++) {
		uint64_t next, want, took, period;

		result = next_result(result);
		passes = result ? passes + 1 : 0;
		fails = result ? 0 : fails + 1;
		took = rand() % (5 * SEC);
		health_result(&health, &rules, result, 100 * SEC, 100 * SEC + took, &next);
		if (up && result)
			fails_needed = rules.fall;
		if (up && fails >= fails_needed) {
			up = false;
			passes = 0;
		} else if (!up && passes >= rules.rise) {
			up = true;
			fails = 0;
			fails_needed = rules.fall;
		}
		period = (up && !fails) ? rules.inter :
		       (!up && !passes) ? (rules.downinter ?: rules.inter) :
		       (rules.fastinter ?: rules.inter);
		/* the first of began + n periods that is not over yet */
		for (want = period; want <= took; want += period)
			;
		if (health.up != up || next != 100 * SEC + want) {
			note("step %d, rise %u fall %u: up %d not %d, next %llu not %llu", i,
			     rules.rise, rules.fall, health.up, up,
			     (unsigned long long)(next - 100 * SEC), (unsigned long long)want);
			return false;
		}
	}
	return true;
}

static void test_counters(void)
{
	struct health_rules rules = {
		.flags = HEALTH_COUNTERS, .rise = 2, .fall = 3, .inter = 2 * SEC,
	};
	struct health health;
	uint64_t next;
	int wrong = 0;

	for (int run = 0; run < 5000; run++)
		wrong += !counts();
	ok(!wrong, "rise and fall: 5000 random histories of 200 checks");

	health_init(&health, &rules);
	health_result(&health, &rules, true, 0, 0, &next);
	ok(health.up && health.count == 4, "rise 2, fall 3: health is 4 when fully up");
	health_init(&health, &rules);
	ok(health_result(&health, &rules, false, 0, 0, &next) == HEALTH_DOWN,
	   "and one failure is down in the beginning");
}

/* --- a reload ----------------------------------------------------------------- */

static void test_reload(void)
{
	struct health_rules retry = { .retry = 3, .delay_loop = SEC };
	struct health_rules counters = {
		.flags = HEALTH_COUNTERS, .rise = 2, .fall = 3, .inter = SEC,
	};
	struct health_rules steps = { .flags = HEALTH_RECHECK, .steps = 4 };
	struct health_rules fewer = { .flags = HEALTH_RECHECK, .steps = 2 };
	struct health health;
	uint64_t next;
	int i;

	health_init(&health, &retry);
	health_result(&health, &retry, true, 0, 0, &next);
	health_rules_changed(&health, &retry, &counters);
	ok(health.up && health.known, "what is up stays up when its rules change");
	for (i = 1; health_result(&health, &counters, false, 0, 0, &next) != HEALTH_DOWN; i++)
		;
	ok(i == 3, "and goes down by the new rules");
	health_rules_changed(&health, &counters, &retry);
	ok(!health.up && health.known, "what is down stays down");
	health_result(&health, &retry, true, 0, 0, &next);
	for (i = 1; health_result(&health, &retry, false, 0, 0, &next) != HEALTH_DOWN; i++)
		;
	ok(i == 4, "and follows the new rules from there");

	health_init(&health, &steps);
	for (i = 0; i < 3; i++)
		health_result(&health, &steps, true, 0, 0, &next);
	health_rules_changed(&health, &steps, &fewer);
	ok(health.step < 2, "no step is left that the new rules do not have");
}

int main(void)
{
	srand(1);
	test_habits();
	test_counters();
	test_reload();
	return done();
}
