/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which servers of a service are in the pool, and with what weight, from what is
 * known of their health: quorum, hysteresis, sorry server, inhibit_on_failure.
 * Pure: who asks carries it out. (Backup servers are in it like any: the module
 * knows when they serve.)
 *
 * A server is alive when none of its checks is down. The quorum is a sum of
 * weights of alive servers: it is gained at quorum + hysteresis and lost below
 * quorum - hysteresis, or when nothing is left. While it is lost, the sorry server,
 * if there is one, is the whole pool.
 */
#ifndef HALB_SERVICE_QUORUM_H
#define HALB_SERVICE_QUORUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUORUM_WEIGHT_MAX	65535
#define QUORUM_ABSENT		(-1)

struct quorum_server {
	/* configured; -ve and too large after misc_dynamic and track_file have had
	 * their say, in which case the nearest possible weight counts
	 */
	int64_t weight;
	bool inhibit;			/* stays with weight 0 when it is down */
	uint32_t down;			/* checks that are */
};

struct quorum {
	uint32_t quorum;
	uint32_t hysteresis;		/* less than quorum */
	bool has_sorry;
	bool sorry_inhibit;
	uint32_t sorry_weight;
	struct quorum_server *servers;
	size_t count;
	bool up;
	bool started;
};

enum quorum_change {
	QUORUM_SAME,
	QUORUM_GAINED,
	QUORUM_LOST,
};

/* quorum within what its servers can reach, hysteresis below quorum, as
 * keepalived does. true if something had to change.
 */
bool quorum_clamp(struct quorum *q);

static inline bool quorum_alive(const struct quorum_server *server)
{
	return server->down == 0;
}

/* As the module takes it. */
uint32_t quorum_weight(const struct quorum_server *server);
uint64_t quorum_sum(const struct quorum *q);
/* The sum that the quorum waits for, or that it is lost below. */
int64_t quorum_threshold(const struct quorum *q);

/* Something changed in the servers or in the rules. The first call is the start. */
enum quorum_change quorum_update(struct quorum *q);

/* The weight in the pool, or QUORUM_ABSENT. */
int32_t quorum_want(const struct quorum *q, size_t server);
int32_t quorum_want_sorry(const struct quorum *q);

#endif
