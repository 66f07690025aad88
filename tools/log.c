// SPDX-License-Identifier: GPL-2.0
#include "log.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE	1024
#define NAME_SIZE	64
/* of 10 ms each: then the last lines are given up */
#define FINISH_TRIES	100

struct record {
	int level;
	time_t when;
	char name[NAME_SIZE];		/* with the process's number */
	char text[LINE_SIZE];
};

static struct log_options options = { .console = true, .facility = LOG_DAEMON };
static const char *name = "halbd";
static int writer = -1;
static pid_t writer_pid;
static unsigned long dropped;

static void write_record(const struct record *record)
{
	char when[32];
	struct tm tm;

	if (!options.console) {
		openlog(record->name, 0, options.facility);
		syslog(record->level, "%s", record->text);
		closelog();
		return;
	}
	localtime_r(&record->when, &tm);
	strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y", &tm);
	fprintf(stderr, "%s: %s\n", when, record->text);
}

/* Ends when nobody is left who could say something. */
static void write_all(int fd)
{
	struct record record;
	ssize_t len;

	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_NAME, "halbd_log");
	for (;;) {
		memset(&record, 0, sizeof(record));
		len = recv(fd, &record, sizeof(record) - 1, 0);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			_exit(0);
		write_record(&record);
	}
}

int log_start(const struct log_options *wanted)
{
	int fds[2], size = 1 << 20;

	options = *wanted;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return -errno;
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	fflush(NULL);
	writer_pid = fork();
	if (writer_pid < 0)
		return -errno;
	if (!writer_pid) {
		close(fds[0]);
		write_all(fds[1]);
	}
	close(fds[1]);
	writer = fds[0];
	return 0;
}

void log_name(const char *process)
{
	name = process;
}

void log_finish(void)
{
	if (writer < 0)
		return;
	close(writer);
	writer = -1;
	for (unsigned int i = 0; i < FINISH_TRIES; i++) {
		if (waitpid(writer_pid, NULL, WNOHANG))
			return;
		usleep(10000);
	}
	kill(writer_pid, SIGKILL);
}

static void send_record(const struct record *record)
{
	size_t len = offsetof(struct record, text) + strlen(record->text) + 1;

	if (writer < 0)
		write_record(record);
	else if (send(writer, record, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		dropped++;
}

void log_msg(int level, const char *format, ...)
{
	struct record record = { .level = level, .when = time(NULL) };
	va_list ap;

	if (level == LOG_DEBUG && !options.detail)
		return;
	snprintf(record.name, sizeof(record.name), "%s[%d]", name, (int)getpid());
	if (dropped) {
		unsigned long before = dropped;

		snprintf(record.text, sizeof(record.text),
			 "%lu lines were dropped here: the log did not take them", before);
		dropped = 0;
		send_record(&record);
		/* It still does not. */
		if (dropped) {
			dropped += before;
			return;
		}
	}
	va_start(ap, format);
	vsnprintf(record.text, sizeof(record.text), format, ap);
	va_end(ap);
	send_record(&record);
}
