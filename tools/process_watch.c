// SPDX-License-Identifier: GPL-2.0
#include "process_watch.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "thread.h"

#define STACK_SIZE	(1 << 18)
#define COMM_MAX	15		/* what the kernel keeps of a name */
#define PAUSE_US	200000
#define SHARE		20		/* of the time is not ours */

struct process_watch {
	struct conf_track_process *processes;
	size_t count;
	uint32_t *counts;
	int fd;				/* a copy */
	uint32_t number;
	atomic_bool ended;
};

static ssize_t read_file(const char *pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.16s/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	len = read(fd, buf, size - 1);
	close(fd);
	if (len >= 0)
		buf[len] = '\0';
	return len;
}

/* "PID (NAME) STATE ..."; a dead one that nobody has waited for is none. */
static bool read_name(const char *pid, char *name, size_t size)
{
	char stat[512], *first, *last;

	if (read_file(pid, "stat", stat, sizeof(stat)) <= 0)
		return false;
	first = strchr(stat, '(');
	last = strrchr(stat, ')');
	if (!first || !last || last < first || strlen(last) < 3 || strchr("ZXx", last[2]))
		return false;
	*last = '\0';
	snprintf(name, size, "%s", first + 1);
	return true;
}

static bool is_command(const struct conf_track_process *process, const char *cmdline, size_t len)
{
	const char *at = cmdline, *end = cmdline + len;

	for (size_t i = 0; i < process->argc; i++) {
		const char *want = process->argv[i];
		bool begins = process->param_match == CONF_PARAM_INITIAL && i > 0 &&
			      i + 1 == process->argc;

		if (at >= end || (begins ? strncmp(at, want, strlen(want)) : strcmp(at, want)))
			return false;
		at += strlen(at) + 1;
	}
	/* With param_match and no parameters there must be none. */
	return (process->param_match == CONF_PARAM_PARTIAL && process->argc > 1) || at >= end;
}

static void count_one(const char *pid, const struct conf_track_process *processes, size_t count,
		      uint32_t *counts)
{
	char name[64], cmdline[4096];
	ssize_t len = -2;

	if (!read_name(pid, name, sizeof(name)))
		return;
	for (size_t i = 0; i < count; i++) {
		const struct conf_track_process *process = &processes[i];

		if (!process->full_command) {
			counts[i] += !strncmp(name, process->argv[0], COMM_MAX) &&
				     (strlen(process->argv[0]) >= COMM_MAX ||
				      strlen(name) == strlen(process->argv[0]));
			continue;
		}
		if (len == -2)
			len = read_file(pid, "cmdline", cmdline, sizeof(cmdline));
		counts[i] += len > 0 && is_command(process, cmdline, (size_t)len);
	}
}

void process_count_all(const struct conf_track_process *processes, size_t count,
		       uint32_t *counts)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	memset(counts, 0, count * sizeof(*counts));
	while (proc && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			count_one(entry->d_name, processes, count, counts);
	if (proc)
		closedir(proc);
}

/* --- the thread --------------------------------------------------------------------- */

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

static void watch_free(struct process_watch *watch)
{
	for (size_t i = 0; watch->processes && i < watch->count; i++) {
		for (size_t n = 0; n < watch->processes[i].argc; n++)
			free(watch->processes[i].argv[n]);
		free(watch->processes[i].argv);
	}
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch->processes);
	free(watch->counts);
	free(watch);
}

static void tell_changes(struct process_watch *watch, const uint32_t *counts)
{
	for (size_t i = 0; i < watch->count; i++) {
		const struct process_count news = { watch->number, (uint32_t)i, counts[i] };

		/* If the pipe is full, it is told next time. */
		if (watch->counts[i] != counts[i] &&
		    write(watch->fd, &news, sizeof(news)) == sizeof(news))
			watch->counts[i] = counts[i];
	}
}

static void *run(void *arg)
{
	struct process_watch *watch = arg;
	uint32_t *counts = calloc(watch->count, sizeof(*counts));

	while (counts && !watch->ended) {
		int64_t begun = now_us(), took;

		process_count_all(watch->processes, watch->count, counts);
		took = now_us() - begun;
		tell_changes(watch, counts);
		usleep((useconds_t)(took * SHARE > PAUSE_US ? took * SHARE : PAUSE_US));
	}
	free(counts);
	watch_free(watch);
	return NULL;
}

static bool copy_processes(struct process_watch *watch,
			   const struct conf_track_process *processes, size_t count)
{
	watch->processes = calloc(count, sizeof(*processes));
	watch->counts = malloc(count * sizeof(*watch->counts));
	if (!watch->processes || !watch->counts)
		return false;
	/* What no count is: the first ones are told. */
	memset(watch->counts, 0xff, count * sizeof(*watch->counts));
	for (watch->count = 0; watch->count < count; watch->count++) {
		struct conf_track_process *to = &watch->processes[watch->count];

		*to = processes[watch->count];
		to->argv = calloc(to->argc + 1, sizeof(*to->argv));
		if (!to->argv)
			return false;
		for (size_t i = 0; i < to->argc; i++)
			to->argv[i] = strdup(processes[watch->count].argv[i]);
	}
	return true;
}

struct process_watch *process_watch_new(const struct conf_track_process *processes, size_t count,
					int fd, uint32_t number)
{
	struct process_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->number = number;
	watch->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (watch->fd >= 0 && copy_processes(watch, processes, count) &&
	    thread_start(NULL, STACK_SIZE, run, watch))
		return watch;
	watch_free(watch);
	return NULL;
}

void process_watch_end(struct process_watch *watch)
{
	watch->ended = true;
}
