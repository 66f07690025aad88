// SPDX-License-Identifier: GPL-2.0
/* SMTP_CHECK: a greeting, HELO, QUIT, each answered as it should be. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_probe.h"
#include "check_socket.h"

/* RFC 5321, 4.5.3.1.5: a reply line has at most 512 octets. Servers have more. */
#define LINE_MAX_SIZE	2048
/* and a reply as many lines as this */
#define LINES_MAX	100

struct smtp_probe {
	struct probe probe;
	struct event *event;
	int fd;
	bool connected;
	unsigned int step;		/* of steps[] */
	unsigned int lines;
	size_t size;
	char line[LINE_MAX_SIZE];
};

static const struct smtp_step {
	const char *name;
	int want;			/* the reply; 0: any */
	const char *send;		/* after it; %s is the name that HELO gives */
} steps[] = {
	{ "greeting", 220, "HELO %s\r\n" },
	{ "answer to HELO", 250, "QUIT\r\n" },
	{ "answer to QUIT", 0, NULL },
};

static void smtp_cancel(struct probe *probe)
{
	struct smtp_probe *smtp = (struct smtp_probe *)probe;

	if (smtp->event)
		event_free(smtp->event);
	close(smtp->fd);
}

static void on_event(evutil_socket_t fd, short what, void *arg);

/* False when there is no memory, and the probe is over. */
static bool wait_for(struct smtp_probe *smtp, short what)
{
	struct probe *probe = &smtp->probe;
	struct timeval timeout = probe_timeval(probe->spec->timeout);

	if (smtp->event)
		event_free(smtp->event);
	smtp->event = event_new(probe->base, smtp->fd, what, on_event, smtp);
	if (smtp->event && !event_add(smtp->event, &timeout))
		return true;
	smtp_cancel(probe);
	probe_skip(probe, "SMTP", ENOMEM);
	return false;
}

static bool send_line(struct smtp_probe *smtp, const char *format)
{
	char text[LINE_MAX_SIZE];
	int length;

	length = snprintf(text, sizeof(text), format, smtp->probe.spec->helo);
	/* It fits into the buffer of any socket. */
	return length > 0 && (size_t)length < sizeof(text) &&
	       send(smtp->fd, text, length, MSG_NOSIGNAL) == length;
}

/* A whole line is there. True while the probe goes on. */
static bool take_line(struct smtp_probe *smtp)
{
	const struct smtp_step *step = &steps[smtp->step];
	struct probe *probe = &smtp->probe;
	char *line = smtp->line, *end;
	long code = strtol(line, &end, 10);

	if (end - line != 3)
		code = -1;
	if (step->want && code != step->want) {
		line[strcspn(line, "\r\n")] = '\0';
		smtp_cancel(probe);
		probe_end(probe, false, "%s is \"%.60s\"", step->name, line);
		return false;
	}
	if (code >= 0 && *end == '-' && ++smtp->lines < LINES_MAX)
		return true;
	smtp->lines = 0;
	if (!step->send) {
		smtp_cancel(probe);
		probe_end(probe, true, "%s", "");
		return false;
	}
	smtp->step++;
	if (send_line(smtp, step->send))
		return true;
	smtp_cancel(probe);
	probe_errno(probe, "send", errno);
	return false;
}

static void on_data(struct smtp_probe *smtp)
{
	ssize_t got = recv(smtp->fd, smtp->line + smtp->size,
			   sizeof(smtp->line) - 1 - smtp->size, 0);
	char *newline;

	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		wait_for(smtp, EV_READ);
		return;
	}
	if (got <= 0) {
		int err = errno;

		smtp_cancel(&smtp->probe);
		if (got < 0)
			probe_errno(&smtp->probe, steps[smtp->step].name, err);
		else
			probe_end(&smtp->probe, false, "%s does not come: closed",
				  steps[smtp->step].name);
		return;
	}
	smtp->size += got;
	smtp->line[smtp->size] = '\0';
	while ((newline = memchr(smtp->line, '\n', smtp->size))) {
		size_t length = newline + 1 - smtp->line;

		*newline = '\0';
		if (!take_line(smtp))
			return;
		smtp->size -= length;
		memmove(smtp->line, smtp->line + length, smtp->size);
	}
	if (smtp->size == sizeof(smtp->line) - 1) {
		smtp_cancel(&smtp->probe);
		probe_end(&smtp->probe, false, "%s is a line that does not end",
			  steps[smtp->step].name);
		return;
	}
	wait_for(smtp, EV_READ);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct smtp_probe *smtp = arg;
	struct probe *probe = &smtp->probe;
	int err;

	if (what & EV_TIMEOUT) {
		smtp_cancel(probe);
		probe_end(probe, false, "%s does not come in time",
			  smtp->connected ? steps[smtp->step].name : "connection");
		return;
	}
	if (smtp->connected) {
		on_data(smtp);
		return;
	}
	err = check_socket_error(fd);
	if (err) {
		smtp_cancel(probe);
		probe_errno(probe, "connect", err);
		return;
	}
	smtp->connected = true;
	wait_for(smtp, EV_READ);
}

static void smtp_start(struct probe *probe)
{
	struct smtp_probe *smtp = (struct smtp_probe *)probe;
	int fd;

	fd = check_socket_connect(probe, SOCK_STREAM, 0);
	if (fd < 0)
		return;
	smtp->fd = fd;
	wait_for(smtp, EV_WRITE);
}

const struct check_ops check_smtp_ops = {
	.name = "SMTP_CHECK",
	.log_name = "SMTP_CHECK",
	.log_success = "Remote SMTP server %s succeed on service",
	.size = sizeof(struct smtp_probe),
	.habits = HEALTH_RETRY_DOWN | HEALTH_RETRY_FIRST,
	.start = smtp_start,
	.cancel = smtp_cancel,
};
