// SPDX-License-Identifier: GPL-2.0
/* Quorum and pool, against their rules told in other words. */
#include <stdlib.h>
#include <string.h>

#include "service_quorum.h"
#include "tap.h"
#include "util.h"

#define SERVERS	6

static struct quorum_server servers[SERVERS];

static struct quorum some_service(void)
{
	struct quorum q = {
		.quorum = 1 + rand() % 8,
		.hysteresis = rand() % 4,
		.has_sorry = rand() % 2,
		.sorry_inhibit = rand() % 2,
		.sorry_weight = 1 + rand() % 3,
		.servers = servers,
		.count = 1 + rand() % SERVERS,
	};

	for (size_t i = 0; i < q.count; i++)
		servers[i] = (struct quorum_server){
			.weight = rand() % 8 ? rand() % 4 : -5,
			.inhibit = rand() % 2,
			.down = rand() % 3,
		};
	return q;
}

static bool pool_is_right(const struct quorum *q)
{
	bool sorry = q->has_sorry && !q->up;
	int32_t want = quorum_want_sorry(q);

	if (want != (sorry ? (int32_t)q->sorry_weight :
		     q->has_sorry && q->sorry_inhibit ? 0 : QUORUM_ABSENT))
		return false;
	for (size_t i = 0; i < q->count; i++) {
		const struct quorum_server *s = &q->servers[i];
		int32_t weight = s->weight < 0 ? 0 : s->weight;

		want = s->down || sorry ? (s->inhibit ? 0 : QUORUM_ABSENT) : weight;
		if (quorum_want(q, i) != want)
			return false;
	}
	return true;
}

static bool history(void)
{
	struct quorum q = some_service();
	bool up = false;

	quorum_clamp(&q);
	for (int step = 0; step < 100; step++) {
		enum quorum_change change = quorum_update(&q);
		bool was_up = up;
		int64_t sum = 0;

		for (size_t i = 0; i < q.count; i++)
			if (!servers[i].down && servers[i].weight > 0)
				sum += servers[i].weight;
		if (!up && sum >= (int64_t)q.quorum + q.hysteresis)
			up = true;
		else if (up && q.quorum && (!sum || sum < (int64_t)q.quorum - q.hysteresis))
			up = false;
		if (q.up != up || (change == QUORUM_GAINED) != (up && !was_up) ||
		    (change == QUORUM_LOST) != ((was_up && !up) ||
						(!step && !up && q.has_sorry)) ||
		    !pool_is_right(&q)) {
			note("step %d: quorum %u hysteresis %u sum %lld up %d", step, q.quorum,
			     q.hysteresis, (long long)sum, q.up);
			return false;
		}
		servers[rand() % q.count].down = rand() % 3 / 2;
		if (rand() % 10 == 0)
			servers[rand() % q.count].weight = rand() % 5 - 1;
	}
	return true;
}

static void test_seed(void)
{
	struct quorum q = {
		.quorum = 1, .servers = servers, .count = 2, .has_sorry = true,
		.sorry_weight = 1,
	};

	memset(servers, 0, sizeof(servers));
	servers[0].weight = 1;
	servers[1].weight = 2;
	ok(!quorum_clamp(&q) && quorum_update(&q) == QUORUM_GAINED,
	   "two servers that are up: the quorum is there");
	ok(quorum_want(&q, 0) == 1 && quorum_want(&q, 1) == 2 &&
	   quorum_want_sorry(&q) == QUORUM_ABSENT, "and both in the pool, with their weights");
	servers[0].down = 1;
	ok(quorum_update(&q) == QUORUM_SAME && quorum_want(&q, 0) == QUORUM_ABSENT,
	   "one goes down and leaves the pool");
	servers[1].down = 2;
	ok(quorum_update(&q) == QUORUM_LOST && quorum_want_sorry(&q) == 1,
	   "the other too: the sorry server comes");
	servers[1].down = 1;
	ok(quorum_update(&q) == QUORUM_SAME, "one of its two checks passes: still down");
	servers[1].down = 0;
	ok(quorum_update(&q) == QUORUM_GAINED && quorum_want(&q, 1) == 2 &&
	   quorum_want_sorry(&q) == QUORUM_ABSENT, "both pass: back, and the sorry server goes");
}

static void test_clamp(void)
{
	struct quorum q = { .quorum = 9, .hysteresis = 9, .servers = servers, .count = 2 };

	memset(servers, 0, sizeof(servers));
	servers[0].weight = 1;
	servers[1].weight = 2;
	ok(quorum_clamp(&q) && q.quorum == 3 && q.hysteresis == 2,
	   "a quorum out of reach is what all servers reach, hysteresis below it");
	servers[0].weight = 0;
	servers[1].weight = 0;
	ok(quorum_clamp(&q) && q.quorum == 0 && q.hysteresis == 0,
	   "of weights that are 0, too");
	ok(quorum_update(&q) == QUORUM_GAINED && quorum_update(&q) == QUORUM_SAME,
	   "which is a quorum that nothing loses");
	servers[0].weight = QUORUM_WEIGHT_MAX + 1;
	ok(quorum_weight(&servers[0]) == QUORUM_WEIGHT_MAX, "a weight has an upper end");
}

int main(void)
{
	int wrong = 0;

	srand(1);
	test_seed();
	test_clamp();
	for (int run = 0; run < 20000; run++)
		wrong += !history();
	ok(!wrong, "20000 random services, 100 changes each");
	return done();
}
