// SPDX-License-Identifier: GPL-2.0
/* What instances track: interfaces, scripts, processes (director_process.c) and files. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <event2/event.h>

#include "director.h"
#include "log.h"

struct script_state {
	struct director *director;
	const struct conf_vrrp_script *conf;
	char *name;			/* outlives conf */
	struct event *timer;
	bool up;
	bool known;			/* has run once */
	bool running;
	uint32_t same;			/* results in a row that speak against `up` */
	int status;			/* the last, for the log; -1: none */
};

struct file_state {
	const struct conf_track_file *conf;
	char *name;
	int watch;
	int value;
};

static void track_all(struct director *director)
{
	for (size_t i = 0; i < director->count; i++)
		instance_track(director->instances[i]);
}

/* --- scripts ----------------------------------------------------------------------- */

static void on_script_timer(evutil_socket_t fd, short what, void *arg)
{
	struct script_state *script = arg;
	uint32_t id = (uint32_t)(script - script->director->scripts) + 1;
	int ret;

	(void)fd;
	(void)what;
	/* It gets as long as its timeout, which may be longer than its interval. */
	if (script->running)
		return;
	ret = scripts_run(script->director->scripts_fd, id, &script->conf->script, NULL,
			  script->conf->timeout_us);
	if (ret)
		log_msg(LOG_WARNING, "Script `%s` cannot be run now: %s", script->conf->name,
			strerror(-ret));
	else
		script->running = true;
}

static void tell_result(const struct script_state *script, const struct script_end *end)
{
	const char *name = script->conf->name;

	if (script->up)
		log_msg(LOG_INFO, "VRRP_Script(%s) succeeded", name);
	else if (end->timed_out)
		log_msg(LOG_INFO, "VRRP_Script(%s) timed_out", name);
	else if (end->err)
		log_msg(LOG_INFO, "VRRP_Script(%s) failed (cannot be run: %s)", name,
			strerror(end->err));
	else if (end->signal)
		log_msg(LOG_INFO, "VRRP_Script(%s) failed (due to signal %d)", name, end->signal);
	else
		log_msg(LOG_INFO, "VRRP_Script(%s) failed (exited with status %d)", name,
			end->status);
}

/* The first result decides at once, as the state before was a guess. */
static void take_result(struct script_state *script, const struct script_end *end)
{
	bool ended = !end->timed_out && !end->err && !end->signal;
	bool good = ended && !end->status, first = !script->known;
	uint32_t want = good ? script->conf->rise : script->conf->fall;
	int status = ended ? end->status : -1;

	script->running = false;
	script->known = true;
	if (status != script->status)
		log_msg(LOG_DEBUG, "Script `%s` now returning %d", script->conf->name, status);
	script->status = status;
	if (good == script->up) {
		script->same = 0;
		return;
	}
	if (++script->same < want && !first)
		return;
	script->same = 0;
	script->up = good;
	tell_result(script, end);
	track_all(script->director);
}

static void on_script_result(evutil_socket_t fd, short what, void *arg)
{
	struct director *director = arg;
	struct script_result result;
	int ret;

	(void)what;
	while ((ret = scripts_result(fd, &result)) > 0)
		if (result.id && result.id <= director->scripts_count &&
		    director->scripts[result.id - 1].conf)
			take_result(&director->scripts[result.id - 1], &result.end);
	if (ret < 0) {
		log_msg(LOG_ERR, "The process that runs scripts is gone");
		event_del(director->scripts_event);
	}
}

static void load_script(struct director *director, struct script_state *script,
			const struct conf_vrrp_script *conf, const struct script_state *old)
{
	struct timeval every = {
		.tv_sec = conf->interval_us / 1000000, .tv_usec = conf->interval_us % 1000000,
	};

	script->director = director;
	script->conf = conf;
	script->name = strdup(conf->name);
	script->up = old ? old->up : !conf->init_fail;
	script->known = old && old->known;
	script->timer = event_new(director->base, -1, EV_PERSIST, on_script_timer, script);
	if (!script->timer || !conf->used)
		return;
	event_add(script->timer, &every);
	on_script_timer(-1, 0, script);
}

/* Results of earlier runs have ids that may mean other scripts now: those that count are
 * asked for again. A stale one is at worst one wrong result of several.
 */
static void load_scripts(struct director *director)
{
	struct script_state *old = director->scripts;
	size_t old_count = director->scripts_count;

	director->scripts_count = director->conf->scripts_count;
	director->scripts = calloc(director->scripts_count + 1, sizeof(*old));
	for (size_t i = 0; director->scripts && i < director->scripts_count; i++) {
		const struct script_state *same = NULL;

		for (size_t n = 0; n < old_count; n++)
			if (!strcmp(old[n].name, director->conf->scripts[i].name))
				same = &old[n];
		load_script(director, &director->scripts[i], &director->conf->scripts[i], same);
	}
	for (size_t n = 0; n < old_count; n++) {
		event_free(old[n].timer);
		free(old[n].name);
	}
	free(old);
}

/* --- files --------------------------------------------------------------------------- */

static int read_value(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t len;
	long value;

	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return 0;
	value = strtol(text, NULL, 10);
	return value > INT_MAX ? INT_MAX : value < INT_MIN ? INT_MIN : (int)value;
}

static void look_at_files(struct director *director)
{
	bool changed = false;

	for (size_t i = 0; i < director->files_count; i++) {
		struct file_state *file = &director->files[i];
		int value = read_value(file->conf->file);

		if (value == file->value)
			continue;
		log_msg(LOG_INFO, "track_file %s: the value is %d now, was %d", file->conf->name,
			value, file->value);
		file->value = value;
		changed = true;
	}
	if (changed)
		track_all(director);
}

static void on_inotify(evutil_socket_t fd, short what, void *arg)
{
	char events[4096];

	(void)what;
	while (read(fd, events, sizeof(events)) > 0)
		;
	look_at_files(arg);
}

static void init_file(const struct conf_track_file *conf)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
		    (conf->init_overwrite ? O_TRUNC : O_EXCL);
	int fd = conf->init_file ? open(conf->file, flags, 0644) : -1;

	if (fd < 0)
		return;
	dprintf(fd, "%d\n", conf->init_value);
	close(fd);
}

/* The directory is watched, so that a file may come and go. */
static void load_files(struct director *director, bool first)
{
	struct conf *conf = director->conf;

	for (size_t i = 0; i < director->files_count; i++)
		if (director->files[i].watch >= 0)
			inotify_rm_watch(director->inotify, director->files[i].watch);
	free(director->files);
	director->files_count = conf->track_files_count;
	director->files = calloc(director->files_count + 1, sizeof(*director->files));
	for (size_t i = 0; director->files && i < director->files_count; i++) {
		struct file_state *file = &director->files[i];
		char directory[PATH_MAX];

		file->conf = &conf->track_files[i];
		if (first)
			init_file(file->conf);
		snprintf(directory, sizeof(directory), "%s", file->conf->file);
		file->watch = inotify_add_watch(director->inotify, dirname(directory),
						IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM |
						IN_DELETE | IN_CREATE);
		file->value = read_value(file->conf->file);
	}
}

/* --- all of it -------------------------------------------------------------------------- */

int track_open(struct director *director)
{
	director->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (director->inotify < 0)
		return -errno;
	director->inotify_event = event_new(director->base, director->inotify,
					    EV_READ | EV_PERSIST, on_inotify, director);
	director->scripts_event = event_new(director->base, director->scripts_fd,
					    EV_READ | EV_PERSIST, on_script_result, director);
	if (!director->inotify_event || !director->scripts_event)
		return -ENOMEM;
	event_add(director->inotify_event, NULL);
	event_add(director->scripts_event, NULL);
	return 0;
}

void track_load(struct director *director)
{
	load_files(director, !director->started);
	load_scripts(director);
	process_load(director);
}

void track_close(struct director *director)
{
	for (size_t i = 0; i < director->scripts_count; i++)
		event_del(director->scripts[i].timer);
}

/* A thing that is good or bad: with a weight it changes the priority, without it is a
 * fault. Returns what it adds.
 */
static int weigh(const struct conf_track *track, bool good, bool *bad)
{
	int weight = track->weight;

	if (track->weight_reverse)
		good = !good;
	*bad = !weight && !good;
	return (weight > 0 && good) || (weight < 0 && !good) ? weight : 0;
}

static int weigh_file(const struct conf_track *track, int value, bool *bad)
{
	long long sum = (long long)value * track->weight * (track->weight_reverse ? -1 : 1);

	*bad = track->weight ? sum <= -254 : value != 0;
	return sum > 254 ? 254 : sum < -254 ? -254 : (int)sum;
}

int track_evaluate(struct director *director, const struct conf_tracks *tracks,
		   bool *fault, char *text, size_t size)
{
	int sum = 0;
	bool bad;

	for (size_t i = 0; i < tracks->interfaces_count; i++) {
		const struct conf_track *track = &tracks->interfaces[i];

		sum += weigh(track, link_works(links_find(director->links, track->name)), &bad);
		if (bad && !*fault)
			snprintf(text, size, "interface %s is down", track->name);
		*fault |= bad;
	}
	for (size_t i = 0; i < tracks->scripts_count; i++) {
		const struct conf_track *track = &tracks->scripts[i];

		for (size_t n = 0; n < director->scripts_count; n++) {
			if (strcmp(director->scripts[n].name, track->name))
				continue;
			sum += weigh(track, director->scripts[n].up, &bad);
			if (bad && !*fault)
				snprintf(text, size, "script %s failed", track->name);
			*fault |= bad;
		}
	}
	for (size_t i = 0; i < tracks->processes_count; i++) {
		const struct conf_track *track = &tracks->processes[i];

		sum += weigh(track, process_is_up(track->name), &bad);
		if (bad && !*fault)
			snprintf(text, size, "process %s does not run", track->name);
		*fault |= bad;
	}
	for (size_t i = 0; i < tracks->files_count; i++) {
		const struct conf_track *track = &tracks->files[i];

		for (size_t n = 0; n < director->files_count; n++) {
			if (strcmp(director->files[n].conf->name, track->name))
				continue;
			sum += weigh_file(track, director->files[n].value, &bad);
			if (bad && !*fault)
				snprintf(text, size, "track_file %s says so", track->name);
			*fault |= bad;
		}
	}
	return sum;
}
