// SPDX-License-Identifier: GPL-2.0
/*
 * UDP_CHECK: no ICMP error comes back and, if asked for, an answer does, with the
 * octets that it must have.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "check_probe.h"
#include "check_socket.h"

static const uint8_t default_payload[] = "halb check";

struct udp_probe {
	struct probe probe;
	struct event *event;
	int fd;
};

static void udp_cancel(struct probe *probe)
{
	struct udp_probe *udp = (struct udp_probe *)probe;

	if (udp->event)
		event_free(udp->event);
	close(udp->fd);
}

/* NULL, or what is wrong with it. An answer shorter than the expected octets is
 * compared as far as it goes; reply_min is for more.
 */
static const char *judge(const struct check_udp *spec, const uint8_t *answer, size_t size)
{
	if (size < spec->reply_min)
		return "answer is too short";
	if (size > spec->reply_max)
		return "answer is too long";
	for (size_t i = 0; i < size && i < spec->reply_size; i++) {
		uint8_t mask = spec->reply_mask ? spec->reply_mask[i] : 0xff;

		if ((answer[i] ^ spec->reply[i]) & mask)
			return "answer has other octets";
	}
	return NULL;
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct udp_probe *udp = arg;
	struct probe *probe = &udp->probe;
	const struct check_udp *spec = &probe->spec->udp;
	static uint8_t answer[65536];
	const char *wrong;
	ssize_t size = 0;
	int err = 0;

	if (!(what & EV_TIMEOUT)) {
		size = recv(fd, answer, sizeof(answer), 0);
		err = size < 0 ? errno : 0;
	}
	udp_cancel(probe);
	if (err) {
		probe_errno(probe, "datagram", err);
	} else if (what & EV_TIMEOUT) {
		if (spec->require_reply)
			probe_end(probe, false, "no answer in time");
		else
			probe_end(probe, true, "nothing came back");
	} else {
		wrong = spec->require_reply ? judge(spec, answer, size) : NULL;
		probe_end(probe, !wrong, "%s", wrong ? wrong : "");
	}
}

static void udp_start(struct probe *probe)
{
	struct udp_probe *udp = (struct udp_probe *)probe;
	const struct check_udp *spec = &probe->spec->udp;
	struct timeval timeout = probe_timeval(probe->spec->timeout);
	const void *payload = spec->payload ? spec->payload : default_payload;
	size_t size = spec->payload ? spec->payload_size : sizeof(default_payload) - 1;
	int fd;

	fd = check_socket_connect(probe, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	udp->fd = fd;
	if (send(udp->fd, payload, size, 0) < 0) {
		int err = errno;

		close(udp->fd);
		probe_errno(probe, "datagram", err);
		return;
	}
	udp->event = event_new(probe->base, udp->fd, EV_READ, on_answer, udp);
	if (!udp->event || event_add(udp->event, &timeout)) {
		udp_cancel(probe);
		probe_skip(probe, "UDP", ENOMEM);
	}
}

const struct check_ops check_udp_ops = {
	.name = "UDP_CHECK",
	.log_name = "UDP_CHECK",
	.log_success = "UDP connection to %s success",
	.size = sizeof(struct udp_probe),
	.start = udp_start,
	.cancel = udp_cancel,
};
