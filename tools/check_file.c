// SPDX-License-Identifier: GPL-2.0
/*
 * FILE_CHECK: the number in a file. Without a weight anything but 0 is down (with
 * reverse, 0 is); with one, number times weight is added to the server's weight, and
 * what is below any weight is down. A file that is not there has 0.
 *
 * It is read when it changes; the usual pause is for file systems that do not say.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "check_probe.h"

struct file_watch {
	struct check *check;
	char *name;			/* in its directory */
	struct event *event;
	int fd;
};

static void on_change(evutil_socket_t fd, short what, void *arg)
{
	struct file_watch *watch = arg;
	char buf[4096] __attribute((__aligned__(__alignof__(struct inotify_event))));
	bool ours = false;
	ssize_t size;

	(void)what;
	while ((size = read(fd, buf, sizeof(buf))) > 0) {
		const struct inotify_event *event;

		for (char *at = buf; at < buf + size; at += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)at;
			ours |= event->mask & IN_Q_OVERFLOW ||
				(event->len && !strcmp(event->name, watch->name));
		}
	}
	if (ours)
		check_hurry(watch->check);
}

static void file_detach(void *attached)
{
	struct file_watch *watch = attached;

	if (watch->event)
		event_free(watch->event);
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch->name);
	free(watch);
}

static void *file_attach(struct check *check, const struct check_spec *spec,
			 struct event_base *base)
{
	const char *slash = strrchr(spec->file.path, '/');
	struct file_watch *watch = calloc(1, sizeof(*watch));
	char *directory;

	if (!watch)
		return NULL;
	watch->check = check;
	watch->name = strdup(slash ? slash + 1 : spec->file.path);
	if (!watch->name) {
		free(watch);
		return NULL;
	}
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	directory = slash ? strndup(spec->file.path, slash - spec->file.path + 1) : strdup(".");
	/* Where there is no such directory, or no more watches, the pause has to do. */
	if (watch->fd >= 0 && directory &&
	    inotify_add_watch(watch->fd, directory, IN_CLOSE_WRITE | IN_MOVED_TO |
			      IN_MOVED_FROM | IN_DELETE) >= 0) {
		watch->event = event_new(base, watch->fd, EV_READ | EV_PERSIST, on_change,
					 watch);
		if (watch->event)
			event_add(watch->event, NULL);
	}
	free(directory);
	return watch;
}

/* Not a number is 0, as nothing is. */
static long read_number(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t size;
	long long number;

	if (fd < 0)
		return 0;
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (size <= 0)
		return 0;
	number = strtoll(text, NULL, 0);
	if (number > INT32_MAX)
		return INT32_MAX;
	return number < INT32_MIN ? INT32_MIN : number;
}

static void file_start(struct probe *probe)
{
	const struct check_file *spec = &probe->spec->file;
	long number = read_number(spec->path);
	int64_t weight = (int64_t)number * spec->weight * (spec->reverse ? -1 : 1);

	if (!spec->weight) {
		probe_end(probe, !number != spec->reverse, "it has %ld", number);
	} else if (weight <= INT32_MIN) {
		probe_end(probe, false, "it has %ld", number);
	} else {
		probe->weight_kind = CHECK_WEIGHT_ADD;
		probe->weight = weight;
		probe_end(probe, true, "it has %ld", number);
	}
}

static void file_cancel(struct probe *probe)
{
	(void)probe;
}

const struct check_ops check_file_ops = {
	.name = "FILE_CHECK",
	.log_name = "FILE_CHECK",
	.log_success = "FILE_CHECK of %s success",
	.size = sizeof(struct probe),
	.start = file_start,
	.cancel = file_cancel,
	.attach = file_attach,
	.detach = file_detach,
};
