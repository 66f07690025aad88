// SPDX-License-Identifier: GPL-2.0
/* Which servers of a service are in the pool, and with what weight. */
#include "service_quorum.h"

uint32_t quorum_weight(const struct quorum_server *server)
{
	if (server->weight < 0)
		return 0;
	if (server->weight > QUORUM_WEIGHT_MAX)
		return QUORUM_WEIGHT_MAX;
	return server->weight;
}

uint64_t quorum_sum(const struct quorum *q)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < q->count; i++)
		if (quorum_alive(&q->servers[i]))
			sum += quorum_weight(&q->servers[i]);
	return sum;
}

bool quorum_clamp(struct quorum *q)
{
	uint32_t quorum = q->quorum, hysteresis = q->hysteresis;
	uint64_t sum = 0;

	for (size_t i = 0; i < q->count; i++)
		sum += quorum_weight(&q->servers[i]);
	if (q->quorum > sum)
		q->quorum = sum;
	if (q->hysteresis >= q->quorum)
		q->hysteresis = q->quorum ? q->quorum - 1 : 0;
	return quorum != q->quorum || hysteresis != q->hysteresis;
}

int64_t quorum_threshold(const struct quorum *q)
{
	return (int64_t)q->quorum + (q->up ? -(int64_t)q->hysteresis : q->hysteresis);
}

enum quorum_change quorum_update(struct quorum *q)
{
	int64_t sum = quorum_sum(q);
	bool first = !q->started;

	q->started = true;
	if (!q->up && sum >= quorum_threshold(q)) {
		q->up = true;
		return QUORUM_GAINED;
	}
	if (q->up && (!sum || sum < quorum_threshold(q))) {
		/* With nothing but servers of weight 0 there is no quorum to lose. */
		if (!q->quorum)
			return QUORUM_SAME;
		q->up = false;
		return QUORUM_LOST;
	}
	/* It starts without: the sorry server has to be said. */
	return first && !q->up && q->has_sorry ? QUORUM_LOST : QUORUM_SAME;
}

static bool sorry_serves(const struct quorum *q)
{
	return q->has_sorry && !q->up;
}

int32_t quorum_want(const struct quorum *q, size_t i)
{
	const struct quorum_server *server = &q->servers[i];

	if (quorum_alive(server) && !sorry_serves(q))
		return (int32_t)quorum_weight(server);
	return server->inhibit ? 0 : QUORUM_ABSENT;
}

int32_t quorum_want_sorry(const struct quorum *q)
{
	if (sorry_serves(q))
		return q->sorry_weight;
	return q->has_sorry && q->sorry_inhibit ? 0 : QUORUM_ABSENT;
}
