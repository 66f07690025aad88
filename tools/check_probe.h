/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One run of one check: what the engine gives to a kind of check, and what it
 * wants back.
 *
 * start() begins and returns. The probe ends with probe_end(), once, at any time,
 * during start() too; from then on it may not be touched. cancel() takes back
 * whatever start() and its events hold, and is followed by nothing.
 */
#ifndef HALB_CHECK_PROBE_H
#define HALB_CHECK_PROBE_H

#include <event2/event.h>

#include "check.h"

struct curl_loop;

struct probe {
	const struct check_spec *spec;
	struct checks *checks;
	struct event_base *base;
	struct check *check;
	void *attached;			/* by attach() */
	uint32_t step;			/* which url */
	enum check_weight weight_kind;
	int64_t weight;
};

struct check_ops {
	const char *name;
	/* As keepalived logs them, so that log rules match: %s is the server. */
	const char *log_name;
	const char *log_success;
	size_t size;			/* of its probe, which begins with struct probe */
	uint32_t habits;		/* HEALTH_* */
	void (*start)(struct probe *probe);
	void (*cancel)(struct probe *probe);
	/* What a check holds between its runs, or NULL. */
	void *(*attach)(struct check *check, const struct check_spec *spec,
			struct event_base *base);
	void (*detach)(void *attached);
};

extern const struct check_ops check_tcp_ops, check_http_ops, check_smtp_ops,
	check_dns_ops, check_udp_ops, check_ping_ops, check_misc_ops, check_file_ops;

/* It is over. The reason is half a sentence: "connection refused". */
void probe_end(struct probe *probe, bool passed, const char *format, ...)
	__printf(3, 4);
/* The same for an errno of the network. */
void probe_errno(struct probe *probe, const char *what, int err);
/* It could not even be tried, for want of memory or descriptors, say: nothing is
 * known, and it is tried again after its usual pause.
 */
void probe_skip(struct probe *probe, const char *what, int err);

/* For attach(): run it now. */
void check_hurry(struct check *check);

/* All transfers of libcurl share one; NULL when there is no memory. */
struct curl_loop *probe_curl(struct probe *probe);

struct timeval probe_timeval(uint64_t us);

#endif
