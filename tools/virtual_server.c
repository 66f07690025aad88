// SPDX-License-Identifier: GPL-2.0
/* One virtual_server while it is served. */
#include "virtual_server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <event2/event.h>

#include "addr.h"
#include "alert.h"
#include "check_conf.h"
#include "script_run.h"

#define US_PER_S	1000000
/* A suspect server is checked at once, but not twice within the one, and again after the other. */
#define SUSPECT_GAP	(2 * US_PER_S)
#define SUSPECT_EVERY	(10 * US_PER_S)

struct vs_watch {
	struct check_watch watch;
	struct virtual_server *vs;
	size_t server;
	const char *check;		/* its keyword */
	struct check_url *urls;
	bool up;
	int64_t weight;			/* what it adds */
};

struct vs_server {
	const struct conf_real_server *conf;
	struct vs_watch *watches;
	size_t count;
	bool alive;
	uint64_t since;			/* 0: the beginning */
	bool suspect;			/* the module says so */
	uint64_t hurried;		/* when it was checked for that; 0: never */
	struct event *hurry;
};

struct virtual_server {
	const struct virtual_server_host *host;
	const struct conf_virtual_server *conf;
	struct quorum quorum;
	struct vs_server *servers;
	uint64_t since;
	bool suspended;
	bool init_notifies;		/* rs_init_notifies */
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* --- what people read ---------------------------------------------------------- */

#define NAME_SIZE	(ENDPOINT_STRLEN + 16)

/* As keepalived writes them, so that log rules match. */
static const char *vs_name(const struct virtual_server *vs, char buf[static NAME_SIZE])
{
	const struct halb_key *key = &vs->conf->keys[0].key;
	char addr[ADDR_STRLEN];

	if (vs->conf->group || !vs->conf->keys_count)
		snprintf(buf, NAME_SIZE, "%s",
			 vs->conf->group ? vs->conf->group : vs->conf->name);
	else if (key->fwmark)
		snprintf(buf, NAME_SIZE, "FWM %u", key->fwmark);
	else
		snprintf(buf, NAME_SIZE, "[%s]:%s:%u", addr_format(&key->addr, addr),
			 halb_protocol_name(key->protocol), key->port);
	return buf;
}

static uint16_t server_port(const struct conf_real_server *server,
			    const struct halb_key *key)
{
	return server->port ? server->port : key->port;
}

static const char *rs_name(const struct virtual_server *vs,
			   const struct conf_real_server *server, char buf[static NAME_SIZE])
{
	static const struct halb_key none;
	const struct halb_key *key = vs->conf->keys_count ? &vs->conf->keys[0].key : &none;
	char addr[ADDR_STRLEN];

	snprintf(buf, NAME_SIZE, "[%s]:%s:%u", addr_format(&server->addr, addr),
		 halb_protocol_name(vs->conf->protocol), server_port(server, key));
	return buf;
}

/* As halbctl writes it. */
static const char *endpoint_of(const struct virtual_server *vs,
			       const struct conf_real_server *server,
			       char buf[static ENDPOINT_STRLEN])
{
	uint16_t port = server->port || !vs->conf->keys_count ? server->port :
			vs->conf->keys[0].key.port;

	return endpoint_format(&server->addr, port, buf);
}

static void say(const struct virtual_server *vs, const char *format, ...)
	__printf(2, 3);

static void say(const struct virtual_server *vs, const char *format, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	if (vs->host->log)
		vs->host->log(vs->host->arg, LOG_INFO, line);
}

static void tell(const struct virtual_server *vs, const char *format, ...)
	__printf(2, 3);

static void tell(const struct virtual_server *vs, const char *format, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	if (vs->host->tell)
		vs->host->tell(vs->host->arg, line);
}

static void run_script(const struct virtual_server *vs, const struct conf_script *conf)
{
	struct script script = {
		.argv = (const char *const *)conf->argv,
		.uid = conf->uid,
		.gid = conf->gid,
	};

	if (!conf->argv)
		return;
	if (!script_run(vs->host->base, &script, NULL, NULL))
		say(vs, "Script %s could not be run: %s", conf->argv[0], strerror(errno));
}

/* reason: for the mail; NULL: none is sent */
static void notify_server(const struct virtual_server *vs, size_t i, const char *reason)
{
	const struct vs_server *server = &vs->servers[i];
	char subject[3 * NAME_SIZE], rs[NAME_SIZE], name[NAME_SIZE], body[1024];

	rs_name(vs, server->conf, rs);
	vs_name(vs, name);
	run_script(vs, server->alive ? &server->conf->notify_up : &server->conf->notify_down);
	tell(vs, "RS %s %s %s\n", rs, name, server->alive ? "UP" : "DOWN");
	if (!server->conf->smtp_alert || !vs->host->alerts || !reason)
		return;
	snprintf(subject, sizeof(subject), "Realserver %s of virtual server %s - %s", rs, name,
		 server->alive ? "UP" : "DOWN");
	snprintf(body, sizeof(body), "=> %s <=\n", reason);
	alert_send(vs->host->alerts, subject, body);
}

static void notify_quorum(const struct virtual_server *vs, bool first, int64_t threshold)
{
	char subject[2 * NAME_SIZE], name[NAME_SIZE], body[256];
	bool up = vs->quorum.up;

	vs_name(vs, name);
	run_script(vs, up ? &vs->conf->quorum_up : &vs->conf->quorum_down);
	tell(vs, "VS %s %s\n", name, up ? "UP" : "DOWN");
	if (!vs->conf->smtp_alert || !vs->host->alerts)
		return;
	snprintf(subject, sizeof(subject), "Virtualserver %s - %s", name,
		 up ? "UP" : "DOWN");
	snprintf(body, sizeof(body), "=> %s %u%c%u=%lld <= %llu <=\n",
		 first ? (up ? "Starting with quorum up" : "Starting with quorum down") :
			 (up ? "Gained quorum" : "Lost quorum"),
		 vs->quorum.quorum, up ? '+' : '-', vs->quorum.hysteresis, (long long)threshold,
		 (unsigned long long)quorum_sum(&vs->quorum));
	alert_send(vs->host->alerts, subject, body);
}

/* --- what follows from health -------------------------------------------------------- */

static void update_quorum(struct virtual_server *vs, bool first)
{
	const struct conf_real_server *sorry = vs->conf->sorry_server;
	int64_t threshold = quorum_threshold(&vs->quorum);
	unsigned long long sum = quorum_sum(&vs->quorum);
	bool was_sorry = sorry && vs->quorum.started && !vs->quorum.up;
	char name[NAME_SIZE], rs[NAME_SIZE];
	enum quorum_change change = quorum_update(&vs->quorum);

	if (change == QUORUM_SAME)
		return;
	vs->since = now_us();
	vs_name(vs, name);
	if (change == QUORUM_GAINED) {
		say(vs, "Gained quorum %u+%u=%lld <= %llu for VS %s", vs->quorum.quorum,
		    vs->quorum.hysteresis, (long long)threshold, sum, name);
		if (was_sorry) {
			say(vs, "%s sorry server %s from VS %s",
			    vs->quorum.sorry_inhibit ? "Disabling" : "Removing",
			    rs_name(vs, sorry, rs), name);
			say(vs, "Adding alive servers to the pool for VS %s", name);
		}
	} else {
		say(vs, "%s %u-%u=%lld > %llu for VS %s",
		    first ? "Starting with quorum down" : "Lost quorum", vs->quorum.quorum,
		    vs->quorum.hysteresis, (long long)threshold, sum, name);
		if (sorry) {
			say(vs, "%s sorry server %s to VS %s",
			    vs->quorum.sorry_inhibit ? "Enabling" : "Adding",
			    rs_name(vs, sorry, rs), name);
			say(vs, "Removing alive servers from the pool for VS %s", name);
		}
	}
	notify_quorum(vs, first, threshold);
}

static void update_alive(struct virtual_server *vs, size_t i, const char *reason)
{
	struct vs_server *server = &vs->servers[i];
	bool alive = quorum_alive(&vs->quorum.servers[i]);
	bool inhibit = server->conf->inhibit_on_failure;
	char rs[NAME_SIZE], name[NAME_SIZE];

	if (alive == server->alive)
		return;
	server->alive = alive;
	server->since = now_us();
	say(vs, "%sing service %s %s VS %s",
	    alive ? (inhibit ? "Enabl" : "Add") : (inhibit ? "Disabl" : "Remov"),
	    rs_name(vs, server->conf, rs), inhibit ? "of" : alive ? "to" : "from",
	    vs_name(vs, name));
	notify_server(vs, i, reason);
}

/* A check that goes down takes its part of the weight with it, of which nothing is said. */
static void update_weight(struct virtual_server *vs, size_t i, bool quiet)
{
	struct quorum_server *server = &vs->quorum.servers[i];
	uint32_t old = quorum_weight(server);
	char rs[NAME_SIZE], name[NAME_SIZE];

	server->weight = vs->servers[i].conf->weight;
	for (size_t j = 0; j < vs->servers[i].count; j++)
		server->weight += vs->servers[i].watches[j].weight;
	if (quorum_weight(server) != old && !quiet)
		say(vs, "Changing weight from %u to %u for %sactive service %s of VS %s", old,
		    quorum_weight(server), vs->servers[i].alive ? "" : "in",
		    rs_name(vs, vs->servers[i].conf, rs), vs_name(vs, name));
}

/* What a check says, told to the quorum. */
static void take(struct vs_watch *watch, const struct check_status *status)
{
	struct virtual_server *vs = watch->vs;
	struct quorum_server *server = &vs->quorum.servers[watch->server];

	if (watch->up != status->up) {
		watch->up = status->up;
		server->down += status->up ? -1 : 1;
	}
	watch->weight = 0;
	/* What is down has no say in the weight. */
	if (status->up && status->weight_kind == CHECK_WEIGHT_SET)
		watch->weight = status->weight - vs->servers[watch->server].conf->weight;
	else if (status->up && status->weight_kind == CHECK_WEIGHT_ADD)
		watch->weight = status->weight;
}

static void on_changed(struct check_watch *check_watch, enum health_change change)
{
	struct vs_watch *watch = (struct vs_watch *)check_watch;
	struct virtual_server *vs = watch->vs;
	struct check_status status;
	char reason[256];

	check_status(check_watch, &status);
	snprintf(reason, sizeof(reason), "%s %s on service%s%s", watch->check,
		 status.up ? "succeeded" : "failed", *status.reason ? " : " : "",
		 status.reason);
	take(watch, &status);
	/* With alpha it was down before, and now it is known. */
	if (change == HEALTH_CONFIRMED && !status.up)
		notify_server(vs, watch->server, reason);
	update_weight(vs, watch->server, !status.up);
	update_alive(vs, watch->server, reason);
	update_quorum(vs, false);
	vs->host->changed(vs->host->arg, vs);
}

/* --- its beginning and its end --------------------------------------------------------- */

/* A restart begins with what the last one knew: what was in the pool is up, what was not is
 * down, until a check says otherwise.
 */
static void as_it_was(const struct virtual_server *vs, size_t i, struct check_spec *spec)
{
	const struct conf_real_server *conf = vs->servers[i].conf;
	const struct halb_key *key;
	int64_t weight;

	if (vs->quorum.started || !vs->conf->keys_count || spec->type == CHECK_FILE)
		return;
	key = &vs->conf->keys[0].key;
	weight = services_weight(vs->host->services, key, &conf->addr, server_port(conf, key));
	if (weight == SERVICES_UNKNOWN)
		return;
	if (weight == SERVICES_ABSENT || (!weight && conf->weight && conf->inhibit_on_failure))
		spec->rules.flags |= HEALTH_ALPHA;
	else
		spec->rules.flags &= ~HEALTH_ALPHA;
}

static int watch_check(struct virtual_server *vs, struct vs_watch *watch,
		       const struct conf *conf, const struct conf_check *check, size_t n)
{
	struct check_status status;
	struct check_spec spec;
	int err;

	watch->vs = vs;
	watch->check = check->name;
	watch->watch.changed = on_changed;
	watch->up = true;
	watch->urls = calloc(check->urls_count + 1, sizeof(*watch->urls));
	if (!watch->urls)
		return -ENOMEM;
	check_conf_spec(conf, check, n, watch->urls, &spec);
	as_it_was(vs, watch->server, &spec);
	err = checks_watch(vs->host->checks, &spec, &watch->watch);
	if (err)
		return err;
	if (vs->suspended)
		checks_suspend(&watch->watch, true);
	check_status(&watch->watch, &status);
	take(watch, &status);
	return 0;
}

static int watch_server(struct virtual_server *vs, size_t i, const struct conf *conf)
{
	struct vs_server *server = &vs->servers[i];
	const struct conf_real_server *rs = server->conf;
	size_t count = 0;
	int err = 0;

	for (size_t j = 0; j < rs->checks_count; j++)
		count += check_conf_count(&rs->checks[j]);
	server->watches = calloc(count + 1, sizeof(*server->watches));
	if (!server->watches)
		return -ENOMEM;
	for (size_t j = 0; j < rs->checks_count; j++) {
		for (size_t n = 0; n < check_conf_count(&rs->checks[j]) && !err; n++) {
			struct vs_watch *watch = &server->watches[server->count++];

			watch->server = i;
			err = watch_check(vs, watch, conf, &rs->checks[j], n);
		}
	}
	vs->quorum.servers[i].weight = rs->weight;
	for (size_t j = 0; j < server->count; j++)
		vs->quorum.servers[i].weight += server->watches[j].weight;
	server->alive = quorum_alive(&vs->quorum.servers[i]);
	return err;
}

static void inherit(struct virtual_server *vs, const struct virtual_server *old)
{
	vs->quorum.up = old->quorum.up;
	vs->quorum.started = old->quorum.started;
	vs->since = old->since;
	vs->suspended = old->suspended && vs->conf->ha_suspend;
	for (size_t i = 0; i < vs->quorum.count; i++) {
		struct vs_server *server = &vs->servers[i];

		for (size_t j = 0; j < old->quorum.count; j++) {
			const struct vs_server *was = &old->servers[j];

			if (was->conf->port != server->conf->port ||
			    !halb_addr_equal(&was->conf->addr, &server->conf->addr))
				continue;
			server->since = was->since;
			break;
		}
	}
}

static void hurry_in(struct vs_server *server, uint64_t us)
{
	struct timeval in = { .tv_sec = us / US_PER_S, .tv_usec = us % US_PER_S };

	evtimer_add(server->hurry, &in);
}

/* What is down is out of the module, and nobody tells of it any more. */
static void on_hurry(evutil_socket_t fd, short what, void *arg)
{
	struct vs_server *server = arg;

	(void)fd;
	(void)what;
	server->suspect &= server->alive;
	if (!server->suspect)
		return;
	server->hurried = now_us();
	for (size_t j = 0; j < server->count; j++)
		checks_hurry(&server->watches[j].watch);
	hurry_in(server, SUSPECT_EVERY);
}

struct virtual_server *virtual_server_new(const struct virtual_server_host *host,
					  const struct conf *conf,
					  const struct conf_virtual_server *vs_conf,
					  const struct virtual_server *old)
{
	struct virtual_server *vs = calloc(1, sizeof(*vs));
	size_t count = vs_conf->servers_count;

	if (!vs)
		return NULL;
	vs->host = host;
	vs->conf = vs_conf;
	vs->init_notifies = conf->global.rs_init_notifies;
	vs->servers = calloc(count + 1, sizeof(*vs->servers));
	vs->quorum = (struct quorum){
		.quorum = vs_conf->quorum,
		.hysteresis = vs_conf->hysteresis,
		.has_sorry = vs_conf->sorry_server,
		.sorry_inhibit = vs_conf->sorry_server_inhibit,
		.sorry_weight = vs_conf->sorry_server ? vs_conf->sorry_server->weight : 0,
		.servers = calloc(count + 1, sizeof(*vs->quorum.servers)),
	};
	if (!vs->servers || !vs->quorum.servers)
		goto failed;
	for (size_t i = 0; i < count; i++) {
		vs->servers[i].conf = &vs_conf->servers[i];
		vs->quorum.servers[i].weight = vs_conf->servers[i].weight;
		vs->quorum.servers[i].inhibit = vs_conf->servers[i].inhibit_on_failure;
		vs->quorum.count++;
	}
	quorum_clamp(&vs->quorum);
	if (old)
		inherit(vs, old);
	for (size_t i = 0; i < count; i++) {
		vs->servers[i].hurry = evtimer_new(host->base, on_hurry, &vs->servers[i]);
		if (!vs->servers[i].hurry || watch_server(vs, i, conf))
			goto failed;
	}
	return vs;
failed:
	virtual_server_free(vs);
	return NULL;
}

void virtual_server_free(struct virtual_server *vs)
{
	for (size_t i = 0; vs->servers && i < vs->quorum.count; i++) {
		struct vs_server *server = &vs->servers[i];

		for (size_t j = 0; j < server->count; j++) {
			checks_give_up(&server->watches[j].watch);
			free(server->watches[j].urls);
		}
		free(server->watches);
		if (server->hurry)
			event_free(server->hurry);
	}
	free(vs->servers);
	free(vs->quorum.servers);
	free(vs);
}

void virtual_server_begin(struct virtual_server *vs)
{
	if (!vs->since)
		vs->since = now_us();
	for (size_t i = 0; i < vs->quorum.count; i++)
		if (!vs->quorum.started && vs->init_notifies && vs->servers[i].alive)
			notify_server(vs, i, NULL);
	update_quorum(vs, !vs->quorum.started);
	vs->host->changed(vs->host->arg, vs);
}

void virtual_server_end(struct virtual_server *vs)
{
	char rs[NAME_SIZE], name[NAME_SIZE];

	for (size_t i = 0; i < vs->quorum.count; i++) {
		struct vs_server *server = &vs->servers[i];

		say(vs, "Shutting down service %s from VS %s", rs_name(vs, server->conf, rs),
		    vs_name(vs, name));
		if (!server->alive || !vs->conf->omega)
			continue;
		server->alive = false;
		notify_server(vs, i, "Shutting down");
	}
	if (vs->conf->omega && vs->quorum.up) {
		vs->quorum.up = false;
		run_script(vs, &vs->conf->quorum_down);
	}
}

/* --- what the module shall have ---------------------------------------------------------- */

static void want_forward(struct halb_server *server, const struct conf_forward *forward)
{
	static const uint32_t methods[] = {
		[CONF_NAT] = HALB_METHOD_NAT, [CONF_DR] = HALB_METHOD_DR,
		[CONF_TUN] = HALB_METHOD_TUN, [CONF_FULLNAT] = HALB_METHOD_FULLNAT,
	};
	static const uint32_t types[] = {
		[CONF_TUNNEL_IPIP] = HALB_TUN_TYPE_IPIP, [CONF_TUNNEL_GUE] = HALB_TUN_TYPE_GUE,
		[CONF_TUNNEL_GRE] = HALB_TUN_TYPE_GRE,
	};
	static const uint32_t csums[] = {
		[CONF_CSUM_NONE] = HALB_TUN_CSUM_NONE, [CONF_CSUM_FULL] = HALB_TUN_CSUM_CSUM,
		[CONF_CSUM_REMOTE] = HALB_TUN_CSUM_REMCSUM,
	};

	server->present |= HALB_SRV_METHOD;
	server->method = methods[forward->method];
	if (forward->method != CONF_TUN)
		return;
	server->present |= HALB_SRV_TUN_TYPE | HALB_SRV_TUN_CSUM;
	server->tun_type = types[forward->tunnel];
	server->tun_csum = csums[forward->tunnel_csum];
	if (forward->tunnel != CONF_TUNNEL_GUE)
		return;
	server->present |= HALB_SRV_TUN_PORT;
	server->tun_port = forward->tunnel_port;
}

static void want_server(struct services_server *want, const struct conf_real_server *conf,
			const struct halb_key *key, int32_t weight)
{
	*want = (struct services_server){
		.server = {
			.present = HALB_SRV_PORT | HALB_SRV_WEIGHT | HALB_SRV_UPPER |
				   HALB_SRV_LOWER | HALB_SRV_BACKUP,
			.service = *key,
			.addr = conf->addr,
			.port = server_port(conf, key),
			.weight = weight < 0 ? 0 : weight,
			.upper = conf->uthreshold,
			.lower = conf->lthreshold,
			.backup = conf->backup,
		},
		.out = weight == QUORUM_ABSENT,
	};
	want_forward(&want->server, &conf->forward);
}

/* The module knows one for a service: the longest of its servers'. */
static uint32_t slow_start(const struct conf_virtual_server *conf)
{
	int64_t longest = 0;

	for (size_t i = 0; i < conf->servers_count; i++)
		if (conf->servers[i].slowstart_us > longest)
			longest = conf->servers[i].slowstart_us;
	longest = (longest + US_PER_S - 1) / US_PER_S;
	return longest > HALB_SLOW_START_MAX ? HALB_SLOW_START_MAX : (uint32_t)longest;
}

/* For ftp the module wants all servers to have nat. */
static bool all_have_nat(const struct conf_virtual_server *conf)
{
	if (!conf->servers_count)
		return false;
	for (size_t i = 0; i < conf->servers_count; i++)
		if (conf->servers[i].forward.method != CONF_NAT)
			return false;
	return !conf->sorry_server || conf->sorry_server->forward.method == CONF_NAT;
}

static void want_service(const struct virtual_server *vs,
			 const struct conf_service_key *key, struct halb_service *want)
{
	const struct conf_virtual_server *conf = vs->conf;

	*want = (struct halb_service){
		.present = HALB_SVC_SCHEDULER | HALB_SVC_FLAGS | HALB_SVC_VRRP | HALB_SVC_SOURCES |
			   HALB_SVC_SLOW_START,
		.key = key->key,
		.source = conf->source,
		.source_count = conf->source_count,
		.slow_start = slow_start(conf),
		.flags_mask = HALB_SERVICE_FLAG_PERSISTENT | HALB_SERVICE_FLAG_SH_FALLBACK |
			      HALB_SERVICE_FLAG_SH_PORT | HALB_SERVICE_FLAG_OPS,
	};
	snprintf(want->scheduler, sizeof(want->scheduler), "%s", conf->scheduler);
	snprintf(want->vrrp, sizeof(want->vrrp), "%s", key->instance ? key->instance : "");
	if (conf->sched_flag[0])
		want->flags |= HALB_SERVICE_FLAG_SH_FALLBACK;
	if (conf->sched_flag[1])
		want->flags |= HALB_SERVICE_FLAG_SH_PORT;
	if (conf->ops)
		want->flags |= HALB_SERVICE_FLAG_OPS;
	/* at another port it may have been set with halbctl, and stays */
	if (halb_key_is_ftp(&key->key)) {
		want->flags_mask |= HALB_SERVICE_FLAG_FTP;
		if (all_have_nat(conf))
			want->flags |= HALB_SERVICE_FLAG_FTP;
	}
	if (!conf->persistence_timeout)
		return;
	want->flags |= HALB_SERVICE_FLAG_PERSISTENT;
	want->present |= HALB_SVC_PERSIST_TIMEOUT | HALB_SVC_PERSIST_PREFIX;
	want->persist_timeout = conf->persistence_timeout;
	want->persist_prefix = conf->persistence_prefix;
}

/* A sorry server that is a real server too is one server: while it is sorry, that. */
static size_t add_sorry(const struct virtual_server *vs, struct services_server *wants,
			size_t count, const struct halb_key *key)
{
	const struct conf_real_server *sorry = vs->conf->sorry_server;
	int32_t weight = quorum_want_sorry(&vs->quorum);
	struct services_server want;

	if (!sorry)
		return count;
	want_server(&want, sorry, key, weight);
	for (size_t i = 0; i < count; i++) {
		if (wants[i].server.port != want.server.port ||
		    !halb_addr_equal(&wants[i].server.addr, &want.server.addr))
			continue;
		if (weight > 0 || (wants[i].out && !want.out))
			wants[i] = want;
		return count;
	}
	wants[count] = want;
	return count + 1;
}

int virtual_server_want(struct virtual_server *vs)
{
	size_t count = vs->quorum.count;
	struct services_server *wants = calloc(count + 1, sizeof(*wants));
	int err = 0;

	if (!wants)
		return -ENOMEM;
	for (size_t k = 0; k < vs->conf->keys_count && !err; k++) {
		const struct conf_service_key *key = &vs->conf->keys[k];
		struct halb_service service;
		size_t all;

		for (size_t i = 0; i < count; i++) {
			want_server(&wants[i], vs->servers[i].conf, &key->key,
				    quorum_want(&vs->quorum, i));
		}
		all = add_sorry(vs, wants, count, &key->key);
		want_service(vs, key, &service);
		err = services_want(vs->host->services, &service, wants, all);
	}
	free(wants);
	return err;
}

void virtual_server_drop(struct virtual_server *vs)
{
	for (size_t k = 0; k < vs->conf->keys_count; k++)
		services_drop(vs->host->services, &vs->conf->keys[k].key);
}

/* --- from outside ------------------------------------------------------------------------- */

void virtual_server_instance(struct virtual_server *vs, const char *name, bool master)
{
	bool bound = false;

	for (size_t k = 0; k < vs->conf->keys_count; k++)
		bound |= vs->conf->keys[k].instance &&
			 !strcmp(vs->conf->keys[k].instance, name);
	if (!vs->conf->ha_suspend || !bound || vs->suspended == !master)
		return;
	vs->suspended = !master;
	for (size_t i = 0; i < vs->quorum.count; i++)
		for (size_t j = 0; j < vs->servers[i].count; j++)
			checks_suspend(&vs->servers[i].watches[j].watch, vs->suspended);
}

static void suspect_server(struct virtual_server *vs, size_t i, const struct halb_server *told)
{
	struct vs_server *server = &vs->servers[i];
	bool suspect = told->flags & HALB_SERVER_FLAG_SUSPECT;
	uint64_t ago = now_us() - server->hurried;
	char name[NAME_SIZE];

	if (server->suspect == suspect || !server->alive || !server->count)
		return;
	server->suspect = suspect;
	if (!suspect) {
		evtimer_del(server->hurry);
		say(vs, "%s is no longer suspect", rs_name(vs, server->conf, name));
		return;
	}
	say(vs, "%s is suspect: %u new connections failed, the last one: %s; it is checked now",
	    rs_name(vs, server->conf, name), told->failures.row,
	    halb_failure_name(told->failures.last));
	hurry_in(server, server->hurried && ago < SUSPECT_GAP ? SUSPECT_GAP - ago : 0);
}

void virtual_server_suspect(struct virtual_server *vs, const struct halb_server *told)
{
	if (!vs->conf->passive_health)
		return;
	for (size_t k = 0; k < vs->conf->keys_count; k++) {
		const struct halb_key *key = &vs->conf->keys[k].key;

		if (!halb_key_equal(key, &told->service))
			continue;
		for (size_t i = 0; i < vs->quorum.count; i++)
			if (halb_addr_equal(&vs->servers[i].conf->addr, &told->addr) &&
			    server_port(vs->servers[i].conf, key) == told->port)
				suspect_server(vs, i, told);
	}
}

const struct conf_virtual_server *virtual_server_conf(const struct virtual_server *vs)
{
	return vs->conf;
}

static uint64_t seconds(uint64_t now, uint64_t then)
{
	return then && now > then ? (now - then) / 1000000 : 0;
}

static void check_out(const struct vs_watch *watch, struct out *out, uint64_t now)
{
	struct check_status status;

	check_status(&watch->watch, &status);
	out_object_begin(out, NULL);
	out_str(out, "check", OUT_NO_COLUMN, watch->check);
	out_str(out, "state", OUT_NO_COLUMN, status.suspended ? "suspended" :
		!status.known ? "unknown" : status.up ? "up" : "down");
	out_uint(out, "since-seconds", OUT_NO_COLUMN, seconds(now, status.since));
	out_str(out, "last", OUT_NO_COLUMN,
		!status.last ? "none" : status.last_passed ? "passed" : "failed");
	out_str(out, "reason", OUT_NO_COLUMN, status.reason);
	out_uint(out, "took-us", OUT_NO_COLUMN, status.took);
	out_uint(out, "last-seconds", OUT_NO_COLUMN, seconds(now, status.last));
	out_uint(out, "next-us", OUT_NO_COLUMN, status.next > now ? status.next - now : 0);
	out_uint(out, "checks", OUT_NO_COLUMN, status.checks);
	out_uint(out, "failures", OUT_NO_COLUMN, status.failures);
	out_uint(out, "failures-in-row", OUT_NO_COLUMN, status.failures_in_row);
	out_uint(out, "shared-by", OUT_NO_COLUMN, status.watchers);
	out_object_end(out);
}

/* Why the module refuses the service, or that server of it: NULL, it does not. keys: of which */
static const struct services_refusal *refusal_of(const struct virtual_server *vs,
						 const struct conf_service_key *keys, size_t count,
						 const struct conf_real_server *server)
{
	const struct services_refusal *list;
	size_t refusals = services_refusals(vs->host->services, &list);

	for (size_t i = 0; i < refusals; i++) {
		for (size_t k = 0; k < count; k++) {
			const struct halb_key *key = &keys[k].key;

			if (!halb_key_equal(key, &list[i].key))
				continue;
			if (!server && !list[i].addr.family)
				return &list[i];
			if (server && halb_addr_equal(&server->addr, &list[i].addr) &&
			    server_port(server, key) == list[i].port)
				return &list[i];
		}
	}
	return NULL;
}

static void refusal_out(const struct services_refusal *refusal, struct out *out)
{
	if (refusal)
		out_str(out, "refused", OUT_NO_COLUMN, refusal->why);
}

static void server_out(const struct virtual_server *vs, size_t i, struct out *out, uint64_t now)
{
	const struct vs_server *server = &vs->servers[i];
	char name[ENDPOINT_STRLEN];

	out_object_begin(out, NULL);
	out_str(out, "server", OUT_NO_COLUMN, endpoint_of(vs, server->conf, name));
	out_str(out, "state", OUT_NO_COLUMN, server->alive ? "up" : "down");
	out_uint(out, "since-seconds", OUT_NO_COLUMN,
		 seconds(now, server->since ? server->since : vs->since));
	out_uint(out, "weight", OUT_NO_COLUMN, quorum_weight(&vs->quorum.servers[i]));
	refusal_out(refusal_of(vs, vs->conf->keys, vs->conf->keys_count, server->conf), out);
	out_array_begin(out, "checks");
	for (size_t j = 0; j < server->count; j++)
		check_out(&server->watches[j], out, now);
	out_array_end(out);
	out_object_end(out);
}

/* Names are those of halbctl, so that they can be asked for there. */
static void names_out(const struct virtual_server *vs, struct out *out)
{
	const struct conf_virtual_server *conf = vs->conf;
	char name[KEY_STRLEN];

	out_str(out, "service", OUT_NO_COLUMN, conf->group ? conf->group :
		conf->keys_count ? key_format(&conf->keys[0].key, name) : conf->name);
	if (!conf->group)
		return;
	out_array_begin(out, "members");
	for (size_t k = 0; k < conf->keys_count; k++) {
		out_object_begin(out, NULL);
		out_str(out, "service", OUT_NO_COLUMN, key_format(&conf->keys[k].key, name));
		refusal_out(refusal_of(vs, &conf->keys[k], 1, NULL), out);
		out_object_end(out);
	}
	out_array_end(out);
}

void virtual_server_status(const struct virtual_server *vs, struct out *out, uint64_t now)
{
	const struct conf_virtual_server *conf = vs->conf;
	const struct services_refusal *refusal = refusal_of(vs, conf->keys, conf->keys_count, NULL);
	char name[ENDPOINT_STRLEN];

	out_object_begin(out, NULL);
	names_out(vs, out);
	if (conf->keys_count && conf->keys[0].instance)
		out_str(out, "vrrp", OUT_NO_COLUMN, conf->keys[0].instance);
	out_str(out, "state", OUT_NO_COLUMN, refusal && !refusal->served ? "refused" :
		vs->quorum.up ? "up" : "down");
	refusal_out(refusal, out);
	out_uint(out, "since-seconds", OUT_NO_COLUMN, seconds(now, vs->since));
	out_uint(out, "weight", OUT_NO_COLUMN, quorum_sum(&vs->quorum));
	out_uint(out, "quorum", OUT_NO_COLUMN, vs->quorum.quorum);
	if (conf->sorry_server) {
		out_str(out, "sorry-server", OUT_NO_COLUMN,
			endpoint_of(vs, conf->sorry_server, name));
		out_uint(out, "sorry-weight", OUT_NO_COLUMN,
			 quorum_want_sorry(&vs->quorum) > 0 ?
			 (uint64_t)quorum_want_sorry(&vs->quorum) : 0);
	}
	out_array_begin(out, "servers");
	for (size_t i = 0; i < vs->quorum.count; i++)
		server_out(vs, i, out, now);
	out_array_end(out);
	out_object_end(out);
}
