// SPDX-License-Identifier: GPL-2.0
/* track_process: from how many there are to whether that is good. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "director.h"
#include "log.h"
#include "process_watch.h"

struct process_state {
	struct director *director;
	const struct conf_track_process *conf;
	char *name;			/* outlives conf */
	struct event *timer;		/* until what is so counts */
	uint32_t count;
	bool up;
};

static struct process_state *states;
static size_t states_count;
static struct process_watch *watch;
static uint32_t watch_number;
static int pipe_fds[2] = { -1, -1 };
static struct event *news;

static bool is_good(const struct process_state *state)
{
	return state->count >= state->conf->quorum && state->count <= state->conf->quorum_max;
}

static void settle(struct process_state *state)
{
	if (state->up == is_good(state))
		return;
	state->up = !state->up;
	log_msg(LOG_INFO, "Quorum %s for tracked process %s: there are %u",
		state->up ? "gained" : "lost", state->conf->name, state->count);
	for (size_t i = 0; i < state->director->count; i++)
		instance_track(state->director->instances[i]);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	settle(arg);
}

static void take_count(struct process_state *state, uint32_t count)
{
	int64_t delay;
	struct timeval tv;

	state->count = count;
	if (state->up == is_good(state)) {
		event_del(state->timer);
		return;
	}
	delay = state->up ? state->conf->terminate_delay_us : state->conf->fork_delay_us;
	if (!delay) {
		settle(state);
	} else if (!evtimer_pending(state->timer, NULL)) {
		tv.tv_sec = delay / 1000000;
		tv.tv_usec = delay % 1000000;
		event_add(state->timer, &tv);
	}
}

static void on_news(evutil_socket_t fd, short what, void *arg)
{
	struct process_count count;

	(void)what;
	(void)arg;
	while (read(fd, &count, sizeof(count)) == sizeof(count))
		if (count.watch == watch_number && count.process < states_count)
			take_count(&states[count.process], count.count);
}

static bool open_pipe(struct director *director)
{
	if (news)
		return true;
	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK))
		return false;
	news = event_new(director->base, pipe_fds[0], EV_READ | EV_PERSIST, on_news, director);
	return news && !event_add(news, NULL);
}

/* At the start there is time to look; later what is new counts as good until it was looked at. */
static void first_look(const struct conf *conf)
{
	uint32_t *counts = calloc(states_count, sizeof(*counts));

	if (!counts)
		return;
	process_count_all(conf->track_processes, states_count, counts);
	for (size_t i = 0; i < states_count; i++) {
		states[i].count = counts[i];
		states[i].up = is_good(&states[i]);
	}
	free(counts);
}

static void load_state(struct director *director, struct process_state *state,
		       const struct conf_track_process *conf, const struct process_state *old,
		       size_t old_count)
{
	state->director = director;
	state->conf = conf;
	state->name = strdup(conf->name);
	state->timer = evtimer_new(director->base, on_timer, state);
	state->up = true;
	for (size_t i = 0; i < old_count; i++)
		if (!strcmp(old[i].name, conf->name))
			state->up = old[i].up;
}

void process_load(struct director *director)
{
	const struct conf *conf = director->conf;
	struct process_state *old = states;
	size_t old_count = states_count;

	if (watch)
		process_watch_end(watch);
	watch = NULL;
	states_count = conf->track_processes_count;
	states = calloc(states_count + 1, sizeof(*states));
	for (size_t i = 0; states && i < states_count; i++)
		load_state(director, &states[i], &conf->track_processes[i], old, old_count);
	for (size_t i = 0; i < old_count; i++) {
		event_free(old[i].timer);
		free(old[i].name);
	}
	free(old);
	if (!states_count)
		return;
	if (!director->started)
		first_look(conf);
	if (open_pipe(director))
		watch = process_watch_new(conf->track_processes, states_count, pipe_fds[1],
					  ++watch_number);
	if (!watch)
		log_msg(LOG_ERR, "Processes cannot be watched: %s", strerror(errno));
}

bool process_is_up(const char *name)
{
	for (size_t i = 0; i < states_count; i++)
		if (!strcmp(states[i].name, name))
			return states[i].up;
	return false;
}
