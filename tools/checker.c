// SPDX-License-Identifier: GPL-2.0
/* The checker process. */
#include "checker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <event2/event.h>

#include "alert.h"
#include "check.h"
#include "virtual_server.h"

#define RETRY_SECONDS	5		/* after the module refused */
#define DRAIN_SECONDS	1

struct slot {
	struct virtual_server *vs;
	bool dirty;
};

struct checker {
	struct event_base *base;
	const struct conf *conf;
	struct checker_options options;
	struct virtual_server_host host;
	struct checks *checks;
	struct services *services;
	struct alerts *alerts;
	struct slot *slots;
	size_t count;
	struct event *commit;		/* soon: all changes of this turn of the loop at once */
	struct event *drain;
	bool adopted;
	char why[512];			/* the services cannot be served; "": they are */
};

static void say(const struct checker *checker, int priority, const char *line)
{
	if (checker->options.log)
		checker->options.log(checker->options.arg, priority, line);
}

/* --- the module -------------------------------------------------------------------- */

static void commit_in(struct checker *checker, unsigned int seconds)
{
	struct timeval in = { .tv_sec = seconds };

	evtimer_add(checker->commit, &in);
}

static void set_why(struct checker *checker, const char *why)
{
	char line[640];

	if (!strcmp(checker->why, why))
		return;
	snprintf(checker->why, sizeof(checker->why), "%s", why);
	if (*why)
		snprintf(line, sizeof(line), "Services cannot be served: %s", why);
	else
		snprintf(line, sizeof(line), "Services are served");
	say(checker, *why ? LOG_ERR : LOG_INFO, line);
	if (checker->options.fault)
		checker->options.fault(checker->options.arg, *why ? checker->why : NULL);
}

static int set_timeouts(struct checker *checker)
{
	const struct conf_global *global = &checker->conf->global;
	struct halb_change change = {
		.op = HALB_CHANGE_OP_SET,
		.object = HALB_OBJECT_SETTINGS,
		.settings = {
			.tcp_timeout = global->lvs_timeout_tcp,
			.tcp_fin_timeout = global->lvs_timeout_tcpfin,
			.udp_timeout = global->lvs_timeout_udp,
		},
	};
	char err[512] = "";
	int ret;

	if (global->lvs_timeout_tcp)
		change.settings.present |= HALB_SET_TCP_TIMEOUT;
	if (global->lvs_timeout_tcpfin)
		change.settings.present |= HALB_SET_TCP_FIN_TIMEOUT;
	if (global->lvs_timeout_udp)
		change.settings.present |= HALB_SET_UDP_TIMEOUT;
	if (!change.settings.present)
		return 0;
	ret = checker->options.ops->apply(checker->options.ops_arg, &change, 1, err,
					  sizeof(err));
	if (ret)
		set_why(checker, err);
	return ret;
}

static int adopt(struct checker *checker)
{
	int err = services_adopt(checker->services);

	if (err) {
		set_why(checker, services_error(checker->services));
		return err;
	}
	if (checker->conf->global.lvs_flush)
		services_flush(checker->services);
	err = set_timeouts(checker);
	checker->adopted = !err;
	return err;
}

static int want(struct checker *checker)
{
	for (size_t i = 0; i < checker->count; i++) {
		if (!checker->slots[i].dirty)
			continue;
		if (virtual_server_want(checker->slots[i].vs))
			return -ENOMEM;
		checker->slots[i].dirty = false;
	}
	return 0;
}

static void on_commit(evutil_socket_t fd, short what, void *arg)
{
	struct checker *checker = arg;
	struct timeval drain = { .tv_sec = DRAIN_SECONDS };

	(void)fd;
	(void)what;
	if (!checker->adopted && adopt(checker)) {
		commit_in(checker, RETRY_SECONDS);
		return;
	}
	if (want(checker)) {
		set_why(checker, "no memory");
		commit_in(checker, RETRY_SECONDS);
		return;
	}
	if (services_commit(checker->services)) {
		set_why(checker, services_error(checker->services));
		commit_in(checker, RETRY_SECONDS);
		return;
	}
	set_why(checker, "");
	if (services_draining(checker->services))
		evtimer_add(checker->drain, &drain);
}

static void on_drain(evutil_socket_t fd, short what, void *arg)
{
	struct timeval drain = { .tv_sec = DRAIN_SECONDS };
	struct checker *checker = arg;

	(void)fd;
	(void)what;
	if (services_poll(checker->services))
		evtimer_add(checker->drain, &drain);
}

static void on_changed(void *arg, struct virtual_server *vs)
{
	struct checker *checker = arg;

	for (size_t i = 0; i < checker->count; i++)
		if (checker->slots[i].vs == vs)
			checker->slots[i].dirty = true;
	/* One after a refusal waits for its time; the next turn is sooner. */
	if (!*checker->why)
		commit_in(checker, 0);
}

static void on_log(void *arg, int priority, const char *line)
{
	say(arg, priority, line);
}

/* --- configurations ------------------------------------------------------------------ */

static struct virtual_server *find(const struct checker *checker,
				   const struct conf_virtual_server *conf)
{
	for (size_t i = 0; i < checker->count; i++) {
		const struct conf_virtual_server *old =
			virtual_server_conf(checker->slots[i].vs);

		if (old->protocol == conf->protocol && !strcmp(old->name, conf->name))
			return checker->slots[i].vs;
	}
	return NULL;
}

static void free_slots(struct slot *slots, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slots[i].vs)
			virtual_server_free(slots[i].vs);
	free(slots);
}

static bool has_key(const struct conf *conf, const struct halb_key *key)
{
	for (size_t i = 0; i < conf->services_count; i++)
		for (size_t k = 0; k < conf->services[i].keys_count; k++)
			if (halb_key_equal(&conf->services[i].keys[k].key, key))
				return true;
	return false;
}

/* Services that only the old one has go. */
static void drop_gone(struct checker *checker, const struct conf *conf)
{
	for (size_t i = 0; i < checker->conf->services_count; i++) {
		const struct conf_virtual_server *vs = &checker->conf->services[i];

		for (size_t k = 0; k < vs->keys_count; k++)
			if (!has_key(conf, &vs->keys[k].key))
				services_drop(checker->services, &vs->keys[k].key);
	}
}

int checker_reload(struct checker *checker, const struct conf *conf)
{
	size_t count = conf->services_count, old_count = checker->count;
	struct slot *slots = calloc(count + 1, sizeof(*slots)), *old = checker->slots;

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		slots[i].vs = virtual_server_new(&checker->host, conf, &conf->services[i],
						 find(checker, &conf->services[i]));
		if (!slots[i].vs) {
			free_slots(slots, count);
			return -ENOMEM;
		}
	}
	drop_gone(checker, conf);
	checker->slots = slots;
	checker->count = count;
	checker->conf = conf;
	alerts_configure(checker->alerts, &conf->global);
	free_slots(old, old_count);
	if (checker->adopted)
		set_timeouts(checker);
	for (size_t i = 0; i < count; i++)
		virtual_server_begin(slots[i].vs);
	commit_in(checker, 0);
	return 0;
}

struct checker *checker_start(struct event_base *base, const struct conf *conf,
			      const struct checker_options *options)
{
	struct checker *checker = calloc(1, sizeof(*checker));

	if (!checker)
		return NULL;
	checker->base = base;
	checker->options = *options;
	checker->checks = checks_new(base, on_log, checker);
	checker->services = services_new(options->ops, options->ops_arg);
	checker->alerts = alerts_new(base, &conf->global, on_log, checker);
	checker->commit = evtimer_new(base, on_commit, checker);
	checker->drain = evtimer_new(base, on_drain, checker);
	checker->host = (struct virtual_server_host){
		.base = base,
		.checks = checker->checks,
		.services = checker->services,
		.alerts = checker->alerts,
		.log = on_log,
		.changed = on_changed,
		.arg = checker,
	};
	checker->conf = conf;
	if (checker->checks && checker->services && checker->alerts && checker->commit &&
	    checker->drain) {
		/* Now, for what it knows of the servers; it is tried again if need be. */
		adopt(checker);
		if (!checker_reload(checker, conf))
			return checker;
	}
	checker_stop(checker, true);
	return NULL;
}

void checker_stop(struct checker *checker, bool leave)
{
	for (size_t i = 0; i < checker->count && !leave; i++) {
		virtual_server_end(checker->slots[i].vs);
		virtual_server_drop(checker->slots[i].vs);
	}
	if (!leave && checker->adopted && services_commit(checker->services))
		say(checker, LOG_ERR, services_error(checker->services));
	free_slots(checker->slots, checker->count);
	alerts_free(checker->alerts);
	services_free(checker->services);
	checks_free(checker->checks);
	if (checker->commit)
		event_free(checker->commit);
	if (checker->drain)
		event_free(checker->drain);
	free(checker);
}

void checker_anew(struct checker *checker)
{
	checker->adopted = false;
	commit_in(checker, 0);
}

void checker_instance(struct checker *checker, const char *name, bool master)
{
	for (size_t i = 0; i < checker->count; i++)
		virtual_server_instance(checker->slots[i].vs, name, master);
}

void checker_status(const struct checker *checker, struct out *out)
{
	struct checks_totals totals;
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
	checks_totals(checker->checks, &totals);
	out_str(out, "fault", OUT_NO_COLUMN, checker->why);
	out_uint(out, "draining", OUT_NO_COLUMN, services_draining(checker->services));
	out_array_begin(out, "services");
	for (size_t i = 0; i < checker->count; i++)
		virtual_server_status(checker->slots[i].vs, out, now);
	out_array_end(out);
	out_uint(out, "different-checks", OUT_NO_COLUMN, totals.checks);
	out_uint(out, "running", OUT_NO_COLUMN, totals.running);
	out_uint(out, "started", OUT_NO_COLUMN, totals.started);
	out_uint(out, "put-off", OUT_NO_COLUMN, totals.put_off);
}
