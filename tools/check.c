// SPDX-License-Identifier: GPL-2.0
/* The engine of health checks: when each of them runs, and who is told. */
#include "check.h"

#include <errno.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <syslog.h>
#include <time.h>

#include "addr.h"
#include "check_key.h"
#include "check_probe.h"
#include "curl_loop.h"

/* Descriptors that are not for checks. */
#define RESERVED_FDS	128

static const struct check_ops *const check_ops[] = {
	[CHECK_TCP]	= &check_tcp_ops,
	[CHECK_HTTP]	= &check_http_ops,
	[CHECK_SMTP]	= &check_smtp_ops,
	[CHECK_DNS]	= &check_dns_ops,
	[CHECK_UDP]	= &check_udp_ops,
	[CHECK_PING]	= &check_ping_ops,
	[CHECK_MISC]	= &check_misc_ops,
	[CHECK_FILE]	= &check_file_ops,
};

struct check {
	struct check_spec spec;
	char *key;			/* equal ones are the same check */
	char *target;			/* equal ones check the same, by other rules */
	struct checks *checks;
	const struct check_ops *ops;
	struct health health;
	struct event *timer;
	struct probe *probe;		/* while it runs */
	void *attached;
	struct check_watch *watches;
	uint32_t watchers;
	uint32_t suspended;
	bool waits;			/* for descriptors */
	bool again;			/* hurry, as soon as this run is over */
	uint64_t due;
	uint64_t began;
	struct check_status status;
	char reason[160];
	/* of those that wait */
	TAILQ_ENTRY(check) queue;
};

TAILQ_HEAD(check_queue, check);

struct checks {
	struct event_base *base;
	struct curl_loop *curl;
	check_log log;
	void *log_arg;
	void (*on_start)(void *arg, uint64_t late);
	void *on_start_arg;
	void *by_key;			/* trees of tsearch(3) */
	void *by_target;
	struct check_queue waiting;
	uint64_t max_running;
	uint32_t spread;
	struct checks_totals totals;
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct timeval probe_timeval(uint64_t us)
{
	return (struct timeval){ .tv_sec = us / 1000000, .tv_usec = us % 1000000 };
}

uint32_t check_habits(enum check_type type)
{
	return check_ops[type]->habits;
}

const char *check_name(const struct check_spec *spec)
{
	if (spec->type == CHECK_HTTP && spec->http.tls)
		return "SSL_GET";
	return check_ops[spec->type]->name;
}

/* "[192.0.2.1]:tcp:80", or what is looked at here */
static const char *subject(const struct check_spec *spec, char *buf, size_t size)
{
	bool datagrams = spec->type == CHECK_UDP || spec->type == CHECK_DNS;
	char addr[ADDR_STRLEN];

	if (spec->type == CHECK_MISC)
		snprintf(buf, size, "[%s]", spec->misc.argv[0]);
	else if (spec->type == CHECK_FILE)
		snprintf(buf, size, "[%s]", spec->file.path);
	else
		snprintf(buf, size, "[%s]:%s:%u", addr_format(&spec->addr, addr),
			 datagrams ? "udp" : "tcp", spec->port);
	return buf;
}

static void say(const struct check *check, int priority, const char *format, ...)
	__printf(3, 4);

static void say(const struct check *check, int priority, const char *format, ...)
{
	char line[512];
	va_list ap;

	if (!check->checks->log)
		return;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	check->checks->log(check->checks->log_arg, priority, line);
}

/* --- when it runs ------------------------------------------------------------ */

static bool idle(const struct check *check)
{
	return check->suspended == check->watchers;
}

/* Due then: in the past is now. */
static void schedule(struct check *check, uint64_t due)
{
	uint64_t now = now_us();
	struct timeval in;

	check->due = due;
	in = probe_timeval(due > now ? due - now : 0);
	evtimer_add(check->timer, &in);
}

/* Multiples of the golden ratio modulo 1: however many have been given, the next
 * lies in the widest gap.
 */
static uint64_t spread(struct checks *checks, uint64_t within)
{
	uint32_t place = checks->spread++ * 2654435769u;

	return (within >> 32) * place + (((within & UINT32_MAX) * place) >> 32);
}

static void start(struct check *check)
{
	struct checks *checks = check->checks;
	uint64_t late;
	unsigned int step;

	check->probe = calloc(1, check->ops->size);
	if (!check->probe) {
		schedule(check, now_us() + health_period(&check->health, &check->spec.rules));
		return;
	}
	*check->probe = (struct probe){
		.spec = &check->spec,
		.checks = checks,
		.base = checks->base,
		.check = check,
		.attached = check->attached,
		.step = check->health.step,
	};
	check->began = now_us();
	check->again = false;
	late = check->began > check->due ? check->began - check->due : 0;
	for (step = 0; step < CHECKS_LATENESS_STEPS - 1 && late >> (step + 1); step++)
		;
	checks->totals.lateness[step]++;
	checks->totals.started++;
	checks->totals.running++;
	if (checks->on_start)
		checks->on_start(checks->on_start_arg, late);
	check->ops->start(check->probe);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct check *check = arg;
	struct checks *checks = check->checks;

	(void)fd;
	(void)what;
	if (idle(check) || check->probe || check->waits)
		return;
	if (checks->totals.running >= checks->max_running) {
		check->waits = true;
		checks->totals.put_off++;
		TAILQ_INSERT_TAIL(&checks->waiting, check, queue);
		return;
	}
	start(check);
}

void check_hurry(struct check *check)
{
	if (check->probe)
		check->again = true;
	else if (!check->waits && !idle(check))
		schedule(check, now_us());
}

void checks_hurry(struct check_watch *watch)
{
	check_hurry(watch->check);
}

/* --- how it ended ------------------------------------------------------------ */

static void tell(struct check *check, enum health_change change)
{
	struct check_watch *watch, *next;

	/* Somebody who gives up in changed() is gone then, and maybe the check. */
	check->watchers++;
	check->suspended++;
	for (watch = check->watches; watch; watch = next) {
		next = watch->next;
		watch->changed(watch, change);
	}
	check->watchers--;
	check->suspended--;
}

static void check_free(struct check *check);

static void log_success(const struct check *check)
{
	char name[256], line[400];

	subject(&check->spec, name, sizeof(name));
	snprintf(line, sizeof(line), check->ops->log_success, name);
	say(check, LOG_INFO, "%s%s%s.", line, *check->reason ? ": " : "", check->reason);
}

static void log_failure(const struct check *check, const char *what)
{
	char name[256];

	say(check, LOG_INFO, "%s on service %s %s: %s.", check->ops->log_name,
	    subject(&check->spec, name, sizeof(name)), what, check->reason);
}

static void log_result(const struct check *check, enum health_change change, bool passed,
		       bool was_up)
{
	bool decided = change == HEALTH_UP || change == HEALTH_DOWN ||
		       change == HEALTH_CONFIRMED;
	char what[64];

	if (passed && decided) {
		log_success(check);
	} else if (decided && check->status.failures_in_row > 1) {
		snprintf(what, sizeof(what), "failed after %u retries",
			 check->status.failures_in_row - 1);
		log_failure(check, what);
	} else if (!passed && decided) {
		log_failure(check, "failed");
	} else if (!passed && was_up && check->spec.log_all_failures) {
		log_failure(check, "failed, will be tried again");
	}
}

/* The probe is over and may be freed; what comes next is the engine's. */
static void release(struct check *check)
{
	struct checks *checks = check->checks;
	struct check *first;

	free(check->probe);
	check->probe = NULL;
	checks->totals.running--;
	first = TAILQ_FIRST(&checks->waiting);
	if (first) {
		TAILQ_REMOVE(&checks->waiting, first, queue);
		first->waits = false;
		/* By its timer: not from within somebody else's end. */
		event_active(first->timer, EV_TIMEOUT, 1);
	}
}

static void finish(struct check *check, bool passed, enum check_weight kind, int64_t weight)
{
	struct check_status *status = &check->status;
	bool was_up = check->health.up, weighs;
	enum health_change change;
	uint64_t now = now_us(), next;

	weighs = kind != status->weight_kind || weight != status->weight;
	status->weight_kind = kind;
	status->weight = weight;
	status->last = now;
	status->took = now - check->began;
	status->last_passed = passed;
	status->checks++;
	status->failures += !passed;
	status->failures_in_row = passed ? 0 : status->failures_in_row + 1;
	change = health_result(&check->health, &check->spec.rules, passed, check->began,
			       now, &next);
	if (change == HEALTH_UP || change == HEALTH_DOWN || !status->since)
		status->since = now;
	log_result(check, change, passed, was_up);
	if (change != HEALTH_SAME || weighs)
		tell(check, change);
	if (!check->watches)
		check_free(check);
	else
		schedule(check, check->again || next < now ? now : next);
}

void probe_end(struct probe *probe, bool passed, const char *format, ...)
{
	struct check *check = probe->check;
	enum check_weight kind = probe->weight_kind;
	int64_t weight = probe->weight;
	va_list ap;

	va_start(ap, format);
	vsnprintf(check->reason, sizeof(check->reason), format, ap);
	va_end(ap);
	release(check);
	finish(check, passed, kind, weight);
}

void probe_errno(struct probe *probe, const char *what, int err)
{
	probe_end(probe, false, "%s: %s", what, strerror(err));
}

void probe_skip(struct probe *probe, const char *what, int err)
{
	struct check *check = probe->check;
	char reason[sizeof(check->reason)];

	snprintf(reason, sizeof(reason), "%s: %s", what, strerror(err));
	release(check);
	/* Once, not each time. */
	if (strcmp(reason, check->reason)) {
		memcpy(check->reason, reason, sizeof(reason));
		log_failure(check, "could not be tried");
	}
	schedule(check, now_us() + health_period(&check->health, &check->spec.rules));
}

struct curl_loop *probe_curl(struct probe *probe)
{
	struct checks *checks = probe->checks;

	if (!checks->curl)
		checks->curl = curl_loop_new(checks->base);
	return checks->curl;
}

/* --- who watches ------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct check *)a)->key, ((const struct check *)b)->key);
}

static int compare_targets(const void *a, const void *b)
{
	return strcmp(((const struct check *)a)->target, ((const struct check *)b)->target);
}

static struct check *found(struct check *const *node)
{
	return node ? *node : NULL;
}

static void check_free(struct check *check)
{
	struct checks *checks = check->checks;

	if (check->probe) {
		check->ops->cancel(check->probe);
		release(check);
	}
	if (check->waits)
		TAILQ_REMOVE(&checks->waiting, check, queue);
	if (check->attached)
		check->ops->detach(check->attached);
	if (check->key && found(tfind(check, &checks->by_key, compare_keys)) == check) {
		tdelete(check, &checks->by_key, compare_keys);
		checks->totals.checks--;
	}
	if (check->target && found(tfind(check, &checks->by_target, compare_targets)) == check)
		tdelete(check, &checks->by_target, compare_targets);
	if (check->timer)
		event_free(check->timer);
	free(check->key);
	free(check->target);
	free(check);
}

/* What was known of the same target by other rules, or its own beginning. */
static void inherit(struct check *check, const struct check *old)
{
	const struct health_rules *rules = &check->spec.rules;
	uint64_t now = now_us(), period;

	if (!old || !old->health.known) {
		health_init(&check->health, rules);
		schedule(check, now + spread(check->checks, check->spec.warmup));
		return;
	}
	check->health = old->health;
	health_rules_changed(&check->health, &old->spec.rules, rules);
	check->status = old->status;
	memcpy(check->reason, old->reason, sizeof(check->reason));
	period = health_period(&check->health, rules);
	schedule(check, old->due > now && old->due < now + period ? old->due :
		 now + spread(check->checks, period));
}

static struct check *check_new(struct checks *checks, const struct check_spec *spec,
			       char *key, char *target)
{
	struct check *check = calloc(1, sizeof(*check));
	struct check *old;

	if (!check) {
		free(key);
		free(target);
		return NULL;
	}
	check->spec = *spec;
	check->key = key;
	check->target = target;
	check->checks = checks;
	check->ops = check_ops[spec->type];
	check->timer = evtimer_new(checks->base, on_timer, check);
	if (!check->timer)
		goto failed;
	if (!tsearch(check, &checks->by_key, compare_keys))
		goto failed;
	checks->totals.checks++;
	old = found(tfind(check, &checks->by_target, compare_targets));
	/* The newest is the one that a reload asks for. */
	if (old)
		tdelete(old, &checks->by_target, compare_targets);
	if (!tsearch(check, &checks->by_target, compare_targets))
		goto failed;
	if (check->ops->attach) {
		check->attached = check->ops->attach(check, &check->spec, checks->base);
		if (!check->attached)
			goto failed;
	}
	inherit(check, old);
	return check;
failed:
	check_free(check);
	return NULL;
}

int checks_watch(struct checks *checks, const struct check_spec *spec,
		 struct check_watch *watch)
{
	char *target = check_key_target(spec), *key = check_key(spec);
	struct check like = { .key = key };
	struct check *check;

	if (!target || !key) {
		free(target);
		free(key);
		return -ENOMEM;
	}
	check = found(tfind(&like, &checks->by_key, compare_keys));
	if (check) {
		free(target);
		free(key);
	} else {
		check = check_new(checks, spec, key, target);
		if (!check)
			return -ENOMEM;
	}
	watch->check = check;
	watch->spec = *spec;
	watch->suspended = false;
	watch->next = check->watches;
	watch->link = &check->watches;
	if (watch->next)
		watch->next->link = &watch->next;
	check->watches = watch;
	if (idle(check) && check->watchers)
		schedule(check, now_us() +
			 spread(checks, health_period(&check->health, &spec->rules)));
	check->watchers++;
	checks->totals.watchers++;
	return 0;
}

void checks_give_up(struct check_watch *watch)
{
	struct check *check = watch->check;

	if (!check)
		return;
	*watch->link = watch->next;
	if (watch->next)
		watch->next->link = watch->link;
	watch->check = NULL;
	/* An equal one, whose maker stays. */
	if (check->watches)
		check->spec = check->watches->spec;
	check->suspended -= watch->suspended;
	check->watchers--;
	check->checks->totals.watchers--;
	/* While it tells, tell() holds it as a watcher without a watch. */
	if (!check->watchers)
		check_free(check);
}

void checks_suspend(struct check_watch *watch, bool suspend)
{
	struct check *check = watch->check;
	bool was_idle = idle(check);

	if (watch->suspended == suspend)
		return;
	watch->suspended = suspend;
	check->suspended += suspend ? 1 : -1;
	/* All of a director's checks come back at the same moment. */
	if (was_idle && !idle(check) && !check->probe)
		schedule(check, now_us() +
			 spread(check->checks, health_period(&check->health,
							     &check->spec.rules)));
}

void check_status(const struct check_watch *watch, struct check_status *status)
{
	const struct check *check = watch->check;

	*status = check->status;
	status->up = check->health.up;
	status->known = check->health.known;
	status->running = check->probe;
	status->suspended = idle(check);
	status->watchers = check->watchers;
	status->next = check->due;
	status->reason = check->reason;
}

const struct check_spec *check_spec_of(const struct check_watch *watch)
{
	return &watch->check->spec;
}

/* --- the engine -------------------------------------------------------------- */

struct checks *checks_new(struct event_base *base, check_log log, void *log_arg)
{
	struct checks *checks = calloc(1, sizeof(*checks));
	struct rlimit files;

	if (!checks)
		return NULL;
	checks->base = base;
	checks->log = log;
	checks->log_arg = log_arg;
	TAILQ_INIT(&checks->waiting);
	/* One descriptor for each check that hangs. */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
		getrlimit(RLIMIT_NOFILE, &files);
		checks->max_running = files.rlim_cur > 2 * RESERVED_FDS ?
			files.rlim_cur - RESERVED_FDS : RESERVED_FDS / 2;
	}
	return checks;
}

void checks_free(struct checks *checks)
{
	if (!checks)
		return;
	curl_loop_free(checks->curl);
	free(checks);
}

void checks_totals(const struct checks *checks, struct checks_totals *totals)
{
	*totals = checks->totals;
}

void checks_on_start(struct checks *checks, void (*cb)(void *arg, uint64_t late), void *arg)
{
	checks->on_start = cb;
	checks->on_start_arg = arg;
}
