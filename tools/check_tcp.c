// SPDX-License-Identifier: GPL-2.0
/* TCP_CHECK: a connection can be made. */
#include <errno.h>
#include <unistd.h>

#include "check_probe.h"
#include "check_socket.h"

struct tcp_probe {
	struct probe probe;
	struct event *event;
	int fd;
};

static void tcp_cancel(struct probe *probe)
{
	struct tcp_probe *tcp = (struct tcp_probe *)probe;

	if (tcp->event)
		event_free(tcp->event);
	close(tcp->fd);
}

static void on_connect(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_probe *tcp = arg;
	int err = what & EV_TIMEOUT ? ETIMEDOUT : check_socket_error(fd);

	/* An end in order, as clients make it: servers log what is reset. */
	tcp_cancel(&tcp->probe);
	if (err)
		probe_errno(&tcp->probe, "connect", err);
	else
		probe_end(&tcp->probe, true, "%s", "");
}

static void tcp_start(struct probe *probe)
{
	struct tcp_probe *tcp = (struct tcp_probe *)probe;
	struct timeval timeout = probe_timeval(probe->spec->timeout);
	int fd;

	fd = check_socket_connect(probe, SOCK_STREAM, 0);
	if (fd < 0)
		return;
	tcp->fd = fd;
	tcp->event = event_new(probe->base, tcp->fd, EV_WRITE, on_connect, tcp);
	if (!tcp->event || event_add(tcp->event, &timeout)) {
		tcp_cancel(probe);
		probe_skip(probe, "connect", ENOMEM);
	}
}

const struct check_ops check_tcp_ops = {
	.name = "TCP_CHECK",
	.log_name = "TCP_CHECK",
	.log_success = "TCP connection to %s success",
	.size = sizeof(struct tcp_probe),
	.habits = HEALTH_RETRY_DOWN,
	.start = tcp_start,
	.cancel = tcp_cancel,
};
