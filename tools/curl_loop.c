// SPDX-License-Identifier: GPL-2.0
/* Transfers of libcurl in a loop of libevent. */
#include <stdbool.h>
#include <stdlib.h>

#include <event2/event.h>

#include "curl_loop.h"

struct curl_loop {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
};

/* A transfer that is over may start the next one, or remove another that is over,
 * too: one at a time, from the beginning.
 */
static void finish(struct curl_loop *loop)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(loop->multi, &left))) {
		CURL *easy = message->easy_handle;
		CURLcode result = message->data.result;
		struct curl_done *done = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&done);
		done->done(done, easy, result);
	}
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct curl_loop *loop = arg;
	int running, bits = 0;

	if (what & EV_READ)
		bits |= CURL_CSELECT_IN;
	if (what & EV_WRITE)
		bits |= CURL_CSELECT_OUT;
	curl_multi_socket_action(loop->multi, fd, bits, &running);
	finish(loop);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct curl_loop *loop = arg;
	int running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish(loop);
}

static int watch_timer(CURLM *multi, long ms, void *arg)
{
	struct curl_loop *loop = arg;
	struct timeval in = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	(void)multi;
	if (ms < 0)
		evtimer_del(loop->timer);
	else
		evtimer_add(loop->timer, &in);
	return 0;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct curl_loop *loop = arg;
	struct event *event = socket_arg;
	short wanted = EV_PERSIST;

	(void)easy;
	if (event)
		event_free(event);
	event = NULL;
	if (what != CURL_POLL_REMOVE) {
		if (what & CURL_POLL_IN)
			wanted |= EV_READ;
		if (what & CURL_POLL_OUT)
			wanted |= EV_WRITE;
		event = event_new(loop->base, fd, wanted, on_socket, loop);
		/* Without it the transfer runs into its timeout. */
		if (event)
			event_add(event, NULL);
	}
	curl_multi_assign(loop->multi, fd, event);
	return 0;
}

struct curl_loop *curl_loop_new(struct event_base *base)
{
	struct curl_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	loop->base = base;
	loop->multi = curl_multi_init();
	loop->timer = evtimer_new(base, on_timer, loop);
	if (!loop->multi || !loop->timer) {
		curl_loop_free(loop);
		return NULL;
	}
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, watch_timer);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
	return loop;
}

void curl_loop_free(struct curl_loop *loop)
{
	if (!loop)
		return;
	if (loop->multi)
		curl_multi_cleanup(loop->multi);
	if (loop->timer)
		event_free(loop->timer);
	free(loop);
	curl_global_cleanup();
}

bool curl_loop_add(struct curl_loop *loop, CURL *easy, struct curl_done *done)
{
	curl_easy_setopt(easy, CURLOPT_PRIVATE, done);
	return curl_multi_add_handle(loop->multi, easy) == CURLM_OK;
}

void curl_loop_remove(struct curl_loop *loop, CURL *easy)
{
	curl_multi_remove_handle(loop->multi, easy);
}
