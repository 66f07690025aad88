// SPDX-License-Identifier: GPL-2.0
/*
 * How late health checks begin: N of them, each of an address of its own, once per
 * second, on one core. selftests/bench/checks.sh makes the network for it.
 *
 *	check_bench COUNT SECONDS
 *
 * Of twenty targets one hangs (198.18.0.0/16, where nobody is), one refuses and one
 * goes up and down; the servers are a process on another core.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "check.h"

#define SEC		1000000ull
#define WARM_UP		5		/* seconds that do not count */
#define GOOD		80
#define REFUSES		81
#define FLAPS		82
#define FLAP_PERIOD	4		/* seconds */

static uint32_t *late;
static size_t late_count, late_size;
static uint64_t from;
static uint64_t changes;

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SEC + ts.tv_nsec / 1000;
}

/* A core of our own: what else runs on this machine is not what is measured. */
static void pin(int cpu)
{
	struct sched_param first = { .sched_priority = 1 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) || sched_setscheduler(0, SCHED_RR, &first))
		fprintf(stderr, "check_bench: not alone on its core: %s\n", strerror(errno));
}

/* --- servers ---------------------------------------------------------------------- */

static int listen_on(uint16_t port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 4096))
		exit(1);
	return fd;
}

static void serve(void)
{
	int epoll = epoll_create1(0), good = listen_on(GOOD), flaps = -1, fd;
	struct epoll_event event = { .events = EPOLLIN, .data.fd = good };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(sysconf(_SC_NPROCESSORS_ONLN) - 1);
	epoll_ctl(epoll, EPOLL_CTL_ADD, good, &event);
	for (;;) {
		bool up = time(NULL) / FLAP_PERIOD % 2;

		if (up && flaps < 0) {
			flaps = listen_on(FLAPS);
			event.data.fd = flaps;
			epoll_ctl(epoll, EPOLL_CTL_ADD, flaps, &event);
		} else if (!up && flaps >= 0) {
			close(flaps);
			flaps = -1;
		}
		if (epoll_wait(epoll, &event, 1, 100) <= 0)
			continue;
		while ((fd = accept(event.data.fd, NULL, NULL)) >= 0)
			close(fd);
	}
}

/* --- checks ------------------------------------------------------------------------ */

static void on_start(void *arg, uint64_t us)
{
	(void)arg;
	if (now_us() >= from && late_count < late_size)
		late[late_count++] = us;
}

static void on_changed(struct check_watch *watch, enum health_change change)
{
	(void)watch;
	changes += change == HEALTH_UP || change == HEALTH_DOWN;
}

static struct check_spec target(unsigned int i)
{
	struct check_spec spec = {
		.type = CHECK_TCP,
		.rules = {
			.flags = check_habits(CHECK_TCP) | HEALTH_COUNTERS,
			.rise = 2, .fall = 3, .inter = SEC,
		},
		.timeout = 3 * SEC,
		.warmup = SEC,
		.port = GOOD,
	};
	/* 127.1.0.1 and on */
	uint32_t addr = 0x7f010001 + i;

	switch (i % 20) {
	case 0:
		addr = 0xc6120100 + i;
		break;
	case 1:
		spec.port = REFUSES;
		break;
	case 2:
		spec.port = FLAPS;
		break;
	}
	spec.addr.family = AF_INET;
	spec.addr.v4.s_addr = htonl(addr);
	return spec;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double percentile(double part)
{
	return late_count ? late[(size_t)((late_count - 1) * part)] / 1000.0 : 0;
}

int main(int argc, char *argv[])
{
	unsigned int count = argc > 1 ? atoi(argv[1]) : 10000;
	unsigned int seconds = argc > 2 ? atoi(argv[2]) : 20;
	struct timeval length = { .tv_sec = WARM_UP + seconds };
	struct check_watch *watches = calloc(count, sizeof(*watches));
	struct rusage before, after;
	struct event_base *base;
	struct checks *checks;
	pid_t server = fork();
	double cpu;

	if (!server)
		serve();
	pin(0);
	/* Waits that are as long as they say. */
	prctl(PR_SET_TIMERSLACK, 1);
	late_size = (size_t)count * seconds * 2;
	late = malloc(late_size * sizeof(*late));
	base = event_base_new();
	checks = checks_new(base, NULL, NULL);
	if (!watches || !late || !checks)
		return 1;
	from = now_us() + WARM_UP * SEC;
	for (unsigned int i = 0; i < count; i++) {
		struct check_spec spec = target(i);

		watches[i].changed = on_changed;
		if (checks_watch(checks, &spec, &watches[i]))
			return 1;
	}
	checks_on_start(checks, on_start, NULL);
	getrusage(RUSAGE_SELF, &before);
	event_base_loopexit(base, &length);
	event_base_dispatch(base);
	getrusage(RUSAGE_SELF, &after);
	kill(server, SIGKILL);
	cpu = after.ru_utime.tv_sec - before.ru_utime.tv_sec +
	      after.ru_stime.tv_sec - before.ru_stime.tv_sec +
	      (after.ru_utime.tv_usec - before.ru_utime.tv_usec +
	       after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1e6;
	qsort(late, late_count, sizeof(*late), compare);
	printf("checks %u, begun %.0f per second, changes %llu, processor %.0f %%\n", count,
	       (double)late_count / seconds, (unsigned long long)changes,
	       100 * cpu / (WARM_UP + seconds));
	printf("late, ms: p50 %.2f p90 %.2f p99 %.2f p99.9 %.2f most %.2f\n",
	       percentile(0.5), percentile(0.9), percentile(0.99), percentile(0.999),
	       percentile(1));
	return percentile(0.99) < 100 ? 0 : 1;
}
