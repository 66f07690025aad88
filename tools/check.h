/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Health checks: what is checked, how, and the engine that runs all of them in
 * one event loop.
 *
 * Services ask for a check of their servers by its specification:
 *
 *	watch->changed = my_changed;
 *	checks_watch(checks, &spec, watch);
 *
 * Specifications that are equal are one check, whoever asks and how often: it
 * runs once, and all who watch it are told. The first run of a check is put where
 * it is far from the others within its warmup, so that they stay spread.
 *
 * A reload watches what is wanted from then on before it gives up what is not:
 * what both have goes on as if nothing had happened. A check of the same target
 * whose rules changed starts with what the old one knew.
 *
 * No kind of check may block. Each has a file check_*.c and a line in check_ops.
 */
#ifndef HALB_CHECK_H
#define HALB_CHECK_H

#include <net/if.h>
#include <sys/types.h>

#include "check_health.h"
#include "model.h"
#include "util.h"

struct event_base;

enum check_type {
	CHECK_TCP,
	CHECK_HTTP,
	CHECK_SMTP,
	CHECK_DNS,
	CHECK_UDP,
	CHECK_PING,
	CHECK_MISC,
	CHECK_FILE,
};

enum check_http_version {
	CHECK_HTTP_1_0,
	CHECK_HTTP_1_0_CLOSE,		/* says "Connection: close" */
	CHECK_HTTP_1_1,
};

#define CHECK_STATUS_MIN	100
#define CHECK_STATUS_MAX	599
#define CHECK_DIGEST_SIZE	16	/* MD5 */

struct check_url {
	const char *path;
	const char *virtualhost;	/* NULL: the check's */
	bool has_status;		/* else 200..299 */
	uint8_t status[(CHECK_STATUS_MAX - CHECK_STATUS_MIN) / 8 + 1];
	bool has_digest;
	uint8_t digest[CHECK_DIGEST_SIZE];
	const char *regex;		/* NULL: none */
	bool regex_no_match;
	uint32_t regex_options;		/* PCRE2_* */
	uint32_t regex_min_offset;	/* where a match begins, in the body */
	uint32_t regex_max_offset;	/* before it; 0: anywhere */
};

struct check_http {
	bool tls;
	bool sni;
	const char *sni_name;		/* NULL: virtualhost */
	const char *virtualhost;	/* NULL: address and port */
	/* what it shows to servers that ask for a certificate: files; NULL: nothing */
	const char *certificate;
	const char *key;
	const char *password;		/* of the key */
	enum check_http_version version;
	const struct check_url *urls;
	size_t url_count;
};

struct check_dns {
	uint16_t type;
	const char *name;		/* "." for the root */
};

struct check_udp {
	const uint8_t *payload;		/* NULL: a text of ours */
	uint16_t payload_size;
	bool require_reply;
	const uint8_t *reply;		/* NULL: any */
	const uint8_t *reply_mask;	/* bits that count; NULL: all */
	uint16_t reply_size;
	uint16_t reply_min;
	uint16_t reply_max;
};

struct check_misc {
	const char *const *argv;	/* ends with NULL */
	uid_t uid;
	gid_t gid;
	bool dynamic;			/* exit status 2..255 is weight + 2 */
};

struct check_file {
	const char *path;
	int32_t weight;			/* 0: anything but 0 in the file is down */
	bool reverse;
};

/* A specification points to what its maker owns; the engine copies nothing of
 * it but the structure, so that it has to live as long as it is watched.
 */
struct check_spec {
	enum check_type type;
	struct health_rules rules;
	uint64_t timeout;		/* of each step: connecting, answering; us */
	uint64_t warmup;		/* the first run is this late, or earlier */
	bool log_all_failures;
	struct halb_addr addr;
	uint16_t port;
	struct halb_addr bind_addr;	/* family 0: the kernel's choice */
	uint16_t bind_port;
	char bind_if[IFNAMSIZ];
	uint32_t fwmark;
	union {
		struct check_http http;
		const char *helo;	/* CHECK_SMTP */
		struct check_dns dns;
		struct check_udp udp;
		struct check_misc misc;
		struct check_file file;
	};
};

/* What the habits of its kind say about a check: retry_down and so on. */
uint32_t check_habits(enum check_type type);
/* TCP_CHECK, HTTP_GET, SSL_GET, ... */
const char *check_name(const struct check_spec *spec);

/* --- who watches ------------------------------------------------------------- */

struct check;

enum check_weight {
	CHECK_WEIGHT_NONE,
	CHECK_WEIGHT_SET,		/* instead of the configured one */
	CHECK_WEIGHT_ADD,		/* to the configured one */
};

struct check_watch {
	/* Up, down or the weight. It may watch others and give up this one. */
	void (*changed)(struct check_watch *watch, enum health_change change);
	void *arg;
	/* the engine's own */
	struct check *check;
	struct check_spec spec;
	struct check_watch *next;
	struct check_watch **link;
	bool suspended;
};

struct check_status {
	bool up;
	bool known;
	bool running;
	bool suspended;
	bool last_passed;
	uint32_t watchers;
	uint64_t since;			/* up or down, us, CLOCK_MONOTONIC */
	uint64_t last;			/* end of the last check; 0: none yet */
	uint64_t took;			/* it, us */
	uint64_t next;
	uint64_t checks;
	uint64_t failures;
	uint32_t failures_in_row;
	const char *reason;		/* of the last result, "" for nothing to say */
	enum check_weight weight_kind;
	int64_t weight;
};

void check_status(const struct check_watch *watch, struct check_status *status);
const struct check_spec *check_spec_of(const struct check_watch *watch);

/* --- the engine -------------------------------------------------------------- */

struct checks;

/* priority: of syslog(3) */
typedef void (*check_log)(void *arg, int priority, const char *line);

/* NULL when there is no memory. */
struct checks *checks_new(struct event_base *base, check_log log, void *log_arg);
/* Everything that runs is broken off. Nobody may watch any more. */
void checks_free(struct checks *checks);

/* 0, or a negative errno. */
int checks_watch(struct checks *checks, const struct check_spec *spec,
		 struct check_watch *watch);
void checks_give_up(struct check_watch *watch);
/* A check that only suspended watchers have does not run. */
void checks_suspend(struct check_watch *watch, bool suspend);
/* Now, if it does not run already: somebody suspects the server. */
void checks_hurry(struct check_watch *watch);

/* How late checks began: steps of 2, the first is below 2 us. */
#define CHECKS_LATENESS_STEPS	32

struct checks_totals {
	uint64_t checks;		/* different ones */
	uint64_t watchers;
	uint64_t running;
	uint64_t started;
	uint64_t put_off;		/* for want of descriptors */
	uint64_t lateness[CHECKS_LATENESS_STEPS];
};

void checks_totals(const struct checks *checks, struct checks_totals *totals);
/* For tests: all of them, in us, as they happen. */
void checks_on_start(struct checks *checks, void (*cb)(void *arg, uint64_t late), void *arg);

#endif
