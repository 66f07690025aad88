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

#include "addr.h"
#include "alert.h"
#include "check.h"
#include "key_map.h"
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
	struct key_map keys;		/* of conf: which of slots has it */
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
	bool told;			/* of the fault, or that there is none */
	char *refusals;			/* lines: what of them the module refuses */
	char *faults;			/* lines: for which instances that is a fault */
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

static void tell_fault(struct checker *checker)
{
	checker->told = true;
	if (checker->options.fault)
		checker->options.fault(checker->options.arg,
				       *checker->why ? checker->why : checker->faults);
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
	tell_fault(checker);
}

/* The virtual server that has it, and which of its keys it is. */
static const struct conf_virtual_server *find_key(const struct checker *checker,
						  const struct halb_key *key,
						  const struct conf_service_key **found)
{
	const struct conf_virtual_server *vs;
	size_t i;

	if (!key_map_get(&checker->keys, key, &i))
		return NULL;
	vs = &checker->conf->services[i];
	for (size_t k = 0; k < vs->keys_count; k++) {
		if (!halb_key_equal(&vs->keys[k].key, key))
			continue;
		*found = &vs->keys[k];
		return vs;
	}
	return NULL;
}

/* A service that is refused stands where its virtual_server does, a server where it is written. */
static void print_refusal(FILE *out, const struct conf_virtual_server *vs,
			  const struct services_refusal *refusal)
{
	char service[KEY_STRLEN], server[ENDPOINT_STRLEN];
	struct conf_pos pos = vs->pos;

	key_format(&refusal->key, service);
	if (!refusal->addr.family) {
		fprintf(out, "%s:%u: the module refuses the service %s: %s%s\n", pos.file, pos.line,
			service, refusal->why, refusal->served ? "; it goes on as it was" : "");
		return;
	}
	for (size_t i = 0; i < vs->servers_count; i++)
		if (halb_addr_equal(&vs->servers[i].addr, &refusal->addr) &&
		    (!vs->servers[i].port || vs->servers[i].port == refusal->port))
			pos = vs->servers[i].pos;
	fprintf(out, "%s:%u: the module refuses the server %s of %s: %s\n", pos.file, pos.line,
		endpoint_format(&refusal->addr, refusal->port, server), service, refusal->why);
}

/* Each line that other does not have. */
static void say_new(const struct checker *checker, int priority, const char *lines,
		    const char *other, const char *prefix)
{
	for (size_t len; *lines; lines += len) {
		char line[768];
		const char *at;

		len = strcspn(lines, "\n") + 1;
		for (at = other; *at && strncmp(at, lines, len); at += strcspn(at, "\n") + 1)
			;
		snprintf(line, sizeof(line), "%s%.*s", prefix, (int)len - 1, lines);
		if (!*at)
			say(checker, priority, line);
	}
}

/* What the last commit could not do: for the log, and for the instances that it concerns. */
static void note_refusals(struct checker *checker)
{
	const struct services_refusal *list;
	size_t count = services_refusals(checker->services, &list), size;
	char *refusals = NULL, *faults = NULL;
	FILE *lines = open_memstream(&refusals, &size), *bound = open_memstream(&faults, &size);
	bool changed;

	for (size_t i = 0; i < count && lines && bound; i++) {
		const struct conf_service_key *key;
		const struct conf_virtual_server *vs = find_key(checker, &list[i].key, &key);
		char name[KEY_STRLEN];

		if (!vs)
			continue;
		print_refusal(lines, vs, &list[i]);
		if (!list[i].served && key->instance)
			fprintf(bound, "%s\tthe module refuses the virtual server %s: %s\n",
				key->instance, key_format(&list[i].key, name), list[i].why);
	}
	if (lines)
		fclose(lines);
	if (bound)
		fclose(bound);
	if (!refusals || !faults) {
		free(refusals);
		free(faults);
		return;
	}
	say_new(checker, LOG_ERR, refusals, checker->refusals, "");
	say_new(checker, LOG_INFO, checker->refusals, refusals, "It is so no more: ");
	free(checker->refusals);
	checker->refusals = refusals;
	changed = strcmp(checker->faults, faults);
	free(checker->faults);
	checker->faults = faults;
	if (changed && !*checker->why)
		tell_fault(checker);
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
	note_refusals(checker);
	set_why(checker, "");
	/* What an earlier process told may be over. */
	if (!checker->told)
		tell_fault(checker);
	if (*checker->refusals)
		commit_in(checker, RETRY_SECONDS);
	if (services_draining(checker->services))
		evtimer_add(checker->drain, &drain);
}

static void on_drain(evutil_socket_t fd, short what, void *arg)
{
	struct timeval drain = { .tv_sec = DRAIN_SECONDS };
	struct checker *checker = arg;
	size_t before = services_draining(checker->services), left;

	(void)fd;
	(void)what;
	left = services_poll(checker->services);
	/* Something may have waited for that, see ftp_waits(). */
	if (left < before && !*checker->why)
		commit_in(checker, 0);
	if (left)
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

static void on_tell(void *arg, const char *line)
{
	struct checker *checker = arg;

	if (checker->options.tell)
		checker->options.tell(checker->options.arg, line);
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

/* Which virtual_server has which service. */
static int number_keys(struct key_map *keys, const struct conf *conf)
{
	for (size_t i = 0; i < conf->services_count; i++)
		for (size_t k = 0; k < conf->services[i].keys_count; k++)
			if (key_map_put(keys, &conf->services[i].keys[k].key, i))
				return -ENOMEM;
	return 0;
}

/* Services that only the old configuration has go. */
static void drop_gone(struct checker *checker, const struct key_map *keys)
{
	for (size_t i = 0; i < checker->conf->services_count; i++) {
		const struct conf_virtual_server *vs = &checker->conf->services[i];

		for (size_t k = 0; k < vs->keys_count; k++)
			if (!key_map_get(keys, &vs->keys[k].key, NULL))
				services_drop(checker->services, &vs->keys[k].key);
	}
}

int checker_reload(struct checker *checker, const struct conf *conf)
{
	size_t count = conf->services_count, old_count = checker->count;
	struct slot *slots = calloc(count + 1, sizeof(*slots)), *old = checker->slots;
	struct key_map keys = { 0 };

	if (!slots || number_keys(&keys, conf))
		goto no_memory;
	for (size_t i = 0; i < count; i++) {
		slots[i].vs = virtual_server_new(&checker->host, conf, &conf->services[i],
						 find(checker, &conf->services[i]));
		if (!slots[i].vs)
			goto no_memory;
	}
	drop_gone(checker, &keys);
	key_map_free(&checker->keys);
	checker->keys = keys;
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
no_memory:
	key_map_free(&keys);
	if (slots)
		free_slots(slots, count);
	return -ENOMEM;
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
	checker->refusals = strdup("");
	checker->faults = strdup("");
	checker->commit = evtimer_new(base, on_commit, checker);
	checker->drain = evtimer_new(base, on_drain, checker);
	checker->host = (struct virtual_server_host){
		.base = base,
		.checks = checker->checks,
		.services = checker->services,
		.alerts = checker->alerts,
		.log = on_log,
		.tell = on_tell,
		.changed = on_changed,
		.arg = checker,
	};
	checker->conf = conf;
	if (checker->checks && checker->services && checker->alerts && checker->commit &&
	    checker->drain && checker->refusals && checker->faults) {
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
	if (!leave && checker->conf->global.lvs_flush_on_stop)
		services_flush(checker->services);
	if (!leave && checker->adopted && services_commit(checker->services))
		say(checker, LOG_ERR, services_error(checker->services));
	free_slots(checker->slots, checker->count);
	key_map_free(&checker->keys);
	alerts_free(checker->alerts);
	services_free(checker->services);
	checks_free(checker->checks);
	if (checker->commit)
		event_free(checker->commit);
	if (checker->drain)
		event_free(checker->drain);
	free(checker->refusals);
	free(checker->faults);
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

bool checker_hears_suspects(const struct checker *checker)
{
	for (size_t i = 0; i < checker->count; i++)
		if (virtual_server_conf(checker->slots[i].vs)->passive_health)
			return true;
	return false;
}

void checker_suspect(struct checker *checker, const struct halb_server *server)
{
	size_t i;

	if (key_map_get(&checker->keys, &server->service, &i))
		virtual_server_suspect(checker->slots[i].vs, server);
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
