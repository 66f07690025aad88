// SPDX-License-Identifier: GPL-2.0
/* The VRRP process. */
#include "director.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>

#include "garp.h"
#include "log.h"
#include "process.h"
#include "supervise.h"
#include "thread.h"

/* A loop that never ends must not stop the machine: it gets a signal, and the supervisor goes
 * on.
 */
#define RTTIME_LIMIT	2000000		/* microseconds without a rest */
#define RT_PRIORITY	50
#define STACK_SIZE	(1 << 20)	/* of the thread that reads a configuration */

/* --- groups ------------------------------------------------------------------------ */

static void on_group(struct vrrp_group *vrrp)
{
	struct group *group = (struct group *)vrrp;

	log_msg(LOG_NOTICE, "VRRP_Group(%s) Syncing instances to %s state", group->conf->name,
		vrrp_state_name(vrrp->state));
	notify_group(group, false);
}

static struct instance *find_instance(const struct director *director, const char *name)
{
	for (size_t i = 0; i < director->count; i++)
		if (!strcmp(director->instances[i]->conf->name, name))
			return director->instances[i];
	return NULL;
}

static void load_group(struct director *director, struct group *group,
		       const struct conf_sync_group *conf, const struct group *old)
{
	group->director = director;
	group->conf = conf;
	group->vrrp.changed = on_group;
	group->vrrp.state = old ? old->vrrp.state : VRRP_INIT;
	group->vrrp.members = calloc(conf->instances_count + 1, sizeof(struct vrrp *));
	for (size_t i = 0; group->vrrp.members && i < conf->instances_count; i++) {
		struct instance *member = find_instance(director, conf->instances[i]);

		if (!member)
			continue;
		member->vrrp.group = &group->vrrp;
		group->vrrp.members[group->vrrp.count++] = &member->vrrp;
	}
}

static void load_groups(struct director *director)
{
	struct conf *conf = director->conf;
	struct group *old = director->groups;
	size_t old_count = director->groups_count;

	for (size_t i = 0; i < director->count; i++)
		director->instances[i]->vrrp.group = NULL;
	director->groups_count = conf->groups_count;
	director->groups = calloc(conf->groups_count + 1, sizeof(*director->groups));
	for (size_t i = 0; director->groups && i < conf->groups_count; i++) {
		const struct group *same = NULL;

		for (size_t n = 0; n < old_count; n++)
			if (!strcmp(old[n].conf->name, conf->groups[i].name))
				same = &old[n];
		load_group(director, &director->groups[i], &conf->groups[i], same);
	}
	for (size_t n = 0; n < old_count; n++)
		free(old[n].vrrp.members);
	free(old);
}

/* --- a configuration ------------------------------------------------------------------ */

static struct instance *take_over(struct instance **old, size_t count,
				  const struct conf_vrrp *conf)
{
	for (size_t i = 0; i < count; i++) {
		if (old[i]->kept || !instance_can_become(old[i], conf))
			continue;
		old[i]->kept = true;
		instance_become(old[i], conf);
		return old[i];
	}
	return NULL;
}

static void remove_instance(struct instance *instance)
{
	const struct conf_script *deleted = &instance->conf->notify.notify_deleted;

	instance->vrrp.group = NULL;
	vrrp_stop(&instance->vrrp, director_now());
	vrrp_stop(&instance->vrrp, director_now());
	module_forget(instance);
	if (deleted->argv)
		scripts_run(instance->director->scripts_fd, 0, deleted, NULL, 0);
	instance_free(instance);
}

/* Addresses that move are held by their new instance before the old one gives them up. */
static void move_addresses(struct director *director)
{
	for (size_t i = 0; i < director->count; i++)
		if (director->instances[i]->vrrp.state == VRRP_MASTER &&
		    !director->instances[i]->unknown)
			instance_hold_addresses(director->instances[i]);
	for (size_t i = 0; i < director->count; i++)
		if (director->instances[i]->vrrp.state == VRRP_MASTER)
			instance_release_addresses(director->instances[i], false);
}

static void start_instances(struct director *director)
{
	director->started = true;
	for (size_t i = 0; i < director->count; i++) {
		vrrp_start(&director->instances[i]->vrrp, director_now());
		instance_arm(director->instances[i]);
	}
}

static void load_instances(struct director *director)
{
	struct conf *conf = director->conf;
	struct instance **old = director->instances;
	size_t old_count = director->count;

	director->count = 0;
	director->instances = calloc(conf->instances_count + 1, sizeof(struct instance *));
	if (!director->instances) {
		log_msg(LOG_CRIT, "Out of memory");
		exit(1);
	}
	for (size_t i = 0; i < old_count; i++)
		old[i]->kept = false;
	for (size_t i = 0; i < conf->instances_count; i++) {
		struct instance *instance = take_over(old, old_count, &conf->instances[i]);

		if (!instance)
			instance = instance_new(director, &conf->instances[i]);
		if (instance)
			director->instances[director->count++] = instance;
	}
	load_groups(director);
	memset(director->vips->last_words, 0, sizeof(director->vips->last_words));
	/* Also of what came and goes: it is dropped before it is there. */
	director_guard(director);
	move_addresses(director);
	for (size_t i = 0; i < old_count; i++)
		if (!old[i]->kept)
			remove_instance(old[i]);
	free(old);
	for (size_t i = 0; i < director->count; i++) {
		struct instance *instance = director->instances[i];

		instance->last_word = (unsigned int)i;
		instance_set_last_word(instance, instance->vrrp.state == VRRP_MASTER);
		instance_bind(instance);
	}
}

/* The kernel tells of each route that comes and goes, which where a routing daemon runs are too many
 * to listen to: ours are looked after once in a second.
 */
static void on_upkeep(evutil_socket_t fd, short what, void *arg)
{
	struct director *director = arg;

	(void)fd;
	(void)what;
	if (director->stopping)
		return;
	for (size_t i = 0; i < director->count; i++)
		instance_restore_routes(director->instances[i]);
	if (static_check(director))
		for (size_t i = 0; i < director->count; i++)
			instance_track(director->instances[i]);
}

static void plan_upkeep(struct director *director)
{
	const struct conf *conf = director->conf;
	bool needed = conf->static_addrs_count || conf->static_routes_count ||
		      conf->static_rules_count;
	struct timeval second = { .tv_sec = 1 };

	for (size_t i = 0; i < conf->instances_count; i++)
		needed |= conf->instances[i].routes_count || conf->instances[i].rules_count;
	if (needed)
		event_add(director->upkeep, &second);
	else
		event_del(director->upkeep);
}

static void use_conf(struct director *director, struct conf *conf)
{
	struct conf *old = director->conf;

	director->conf = conf;
	notify_close(director);
	notify_open(director);
	module_load(director);
	static_load(director);
	track_load(director);
	load_instances(director);
	/* A reload may have given services to one that had none. */
	if (director->started)
		module_tell(director);
	plan_upkeep(director);
	/* Nothing points into it any more. */
	if (old && old != conf)
		conf_free(old);
}

/* --- reload ------------------------------------------------------------------------------ */

/* Reading files takes as long as the disk likes: that is done by a thread without priority. */
struct reload {
	struct director *director;
	struct conf *conf;
	int fd;				/* the thread says there that it is done */
	struct event *done;
	pthread_t thread;
};

static bool reloading;

static void *read_conf(void *arg)
{
	struct reload *reload = arg;
	struct conf_options options = { .config_id = reload->director->config_id };
	struct conf_messages messages = { 0 };

	/* The supervisor has said all that is to say of the file. */
	if (conf_load(reload->director->conf_path, &options, &reload->conf, &messages) ==
	    CONF_EXIT_FATAL)
		reload->conf = NULL;
	conf_messages_free(&messages);
	eventfd_write(reload->fd, 1);
	return NULL;
}

static void end_reload(struct reload *reload)
{
	if (reload->done)
		event_free(reload->done);
	if (reload->fd >= 0)
		close(reload->fd);
	free(reload);
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
	struct reload *reload = arg;

	(void)fd;
	(void)what;
	pthread_join(reload->thread, NULL);
	if (!reload->conf) {
		log_msg(LOG_ERR, "The configuration cannot be used: the old one stays");
	} else {
		use_conf(reload->director, reload->conf);
		start_instances(reload->director);
		notify_reloaded(reload->director);
		log_msg(LOG_INFO, "Configuration reloaded");
	}
	end_reload(reload);
	reloading = false;
}

static void on_hup(evutil_socket_t fd, short what, void *arg)
{
	struct reload *reload;

	(void)fd;
	(void)what;
	if (reloading)
		return;
	reload = calloc(1, sizeof(*reload));
	if (!reload)
		return;
	reload->director = arg;
	reload->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	reload->done = event_new(reload->director->base, reload->fd, EV_READ, on_read, reload);
	if (reload->done && !event_add(reload->done, NULL) &&
	    thread_start(&reload->thread, STACK_SIZE, read_conf, reload)) {
		reloading = true;
	} else {
		log_msg(LOG_ERR, "Cannot reload: no thread");
		end_reload(reload);
	}
}

/* --- events ------------------------------------------------------------------------------- */

static bool tracks_link(const struct conf_tracks *tracks, const char *name)
{
	for (size_t i = 0; i < tracks->interfaces_count; i++)
		if (!strcmp(tracks->interfaces[i].name, name))
			return true;
	return false;
}

static void on_link(struct link *link, void *arg)
{
	struct director *director = arg;

	for (size_t i = 0; i < director->count; i++) {
		struct instance *instance = director->instances[i];
		const struct group *group = (const struct group *)instance->vrrp.group;

		if (!strcmp(instance->conf->interface, link->rtnl.name))
			instance_bind(instance);
		else if (tracks_link(&instance->conf->tracks, link->rtnl.name) ||
			 (group && tracks_link(&group->conf->tracks, link->rtnl.name)))
			instance_track(instance);
	}
}

static void on_addr_gone(struct link *link, const struct halb_addr *addr, void *arg)
{
	struct director *director = arg;

	for (size_t i = 0; i < director->count; i++)
		instance_addr_gone(director->instances[i], link->rtnl.ifindex, addr);
}

static void on_start(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	start_instances(arg);
}

static void stop(struct director *director)
{
	director->stopping = true;
	track_close(director);
	for (size_t i = 0; i < director->count; i++) {
		vrrp_stop(&director->instances[i]->vrrp, director_now());
		instance_arm(director->instances[i]);
	}
}

static void on_term(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	stop(arg);
}

/* The supervisor passes on what the checkers say of the services; or it is gone. */
static void on_supervisor(evutil_socket_t fd, short what, void *arg)
{
	struct director *director = arg;
	char text[SUPERVISE_FAULT_SIZE];
	ssize_t len = read(fd, text, sizeof(text));

	(void)what;
	if (len > 0) {
		text[len - 1] = '\0';
		module_refused(director, text);
		for (size_t i = 0; i < director->count; i++)
			instance_track(director->instances[i]);
	}
	if (len > 0 || director->stopping ||
	    (len < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	log_msg(LOG_ERR, "The supervisor is gone: stopping");
	stop(director);
}

static void on_usr1(evutil_socket_t fd, short what, void *arg)
{
	char *text = status_text(arg);

	(void)fd;
	(void)what;
	/* The supervisor, which may wait for a disk, writes files; here it goes to the log. */
	for (size_t at = 0, len = text ? strlen(text) : 0; at < len; at += 900)
		log_msg(LOG_INFO, "status: %.900s", text + at);
	free(text);
}

static bool is_over(const struct director *director)
{
	if (!director->stopping)
		return false;
	for (size_t i = 0; i < director->count; i++)
		if (director->instances[i]->vrrp.state != VRRP_INIT)
			return false;
	return true;
}

/* --- the process ---------------------------------------------------------------------------- */

static void on_time(const struct conf_process *conf)
{
	struct sched_param param = {
		.sched_priority = conf->rt_priority ? conf->rt_priority : RT_PRIORITY,
	};
	struct rlimit limit = { RTTIME_LIMIT, RTTIME_LIMIT };

	if (conf->rlimit_rttime_us > 0)
		limit.rlim_cur = limit.rlim_max = (rlim_t)conf->rlimit_rttime_us;
	setrlimit(RLIMIT_RTTIME, &limit);
	process_pin(conf);
	if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param))
		log_msg(LOG_WARNING, "No real-time priority (%s): advertisements may be late on a busy machine",
			strerror(errno));
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		log_msg(LOG_WARNING, "Memory is not locked (%s): advertisements may be late on a busy machine",
			strerror(errno));
}

static void add_signal(struct director *director, int sig, event_callback_fn fn)
{
	struct event *event = evsignal_new(director->base, sig, fn, director);

	if (event)
		event_add(event, NULL);
}

static struct event_base *new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

static void prepare(struct director *director, const struct director_options *options)
{
	struct event *supervisor;

	director->base = new_base();
	director->garp_fd = garp_open();
	director->fifos[0] = director->fifos[1] = -1;
	if (director->base)
		director->links = links_new(director->base, on_link, on_addr_gone, director);
	if (director->base)
		director->upkeep = event_new(director->base, -1, EV_PERSIST, on_upkeep, director);
	if (!director->links || !director->upkeep || director->garp_fd < 0 || track_open(director)) {
		log_msg(LOG_CRIT, "VRRP cannot start: %s", strerror(errno));
		exit(1);
	}
	if (status_open(director))
		log_msg(LOG_WARNING, "No status socket, `halbctl status` will not work: %s",
			strerror(errno));
	add_signal(director, SIGHUP, on_hup);
	add_signal(director, SIGTERM, on_term);
	add_signal(director, SIGINT, on_term);
	add_signal(director, SIGUSR1, on_usr1);
	supervisor = event_new(director->base, options->supervisor_fd, EV_READ | EV_PERSIST,
			       on_supervisor, director);
	if (supervisor)
		event_add(supervisor, NULL);
}

static void start(struct director *director, const struct director_options *options)
{
	int64_t delay = options->conf->global.vrrp_startup_delay_us;
	struct timeval tv = { .tv_sec = delay / 1000000, .tv_usec = delay % 1000000 };

	links_refresh(director->links);
	use_conf(director, options->conf);
	if (delay)
		event_base_once(director->base, -1, EV_TIMEOUT, on_start, director, &tv);
	else
		start_instances(director);
	if (write(options->supervisor_fd, "r", 1) != 1)
		log_msg(LOG_DEBUG, "The supervisor did not hear that VRRP is ready");
}

_Noreturn void director_main(const struct director_options *options)
{
	static struct director director;

	prctl(PR_SET_NAME, "halbd_vrrp");
	log_name("halbd_vrrp");
	signal(SIGPIPE, SIG_IGN);
	director.conf_path = options->conf_path;
	director.config_id = options->config_id;
	director.vips = options->vips;
	director.scripts_fd = options->scripts_fd;
	on_time(&options->conf->global.vrrp_process);
	prepare(&director, options);
	start(&director, options);
	while (!is_over(&director))
		if (event_base_loop(director.base, EVLOOP_ONCE) < 0)
			break;
	for (size_t i = 0; i < director.groups_count; i++)
		notify_group(&director.groups[i], true);
	for (size_t i = 0; i < director.count; i++)
		instance_free(director.instances[i]);
	holding_drop(director.vips, &director.fixed, NULL, "static");
	module_close();
	status_close();
	links_free(director.links);
	exit(0);
}
