// SPDX-License-Identifier: GPL-2.0
/*
 * Picks, changes of connections and thresholds, and changes of the
 * configuration, all at once, in threads. ThreadSanitizer looks for races;
 * and whenever everybody rests, the tables must agree with the servers.
 */
#include <pthread.h>
#include <unistd.h>

#include "tap.h"
#include "world.h"

#define THREADS		3
#define MAX_SERVERS	64
#define PHASES		10
#define CHANGES		20	/* of the configuration, per phase */

/* Read sections: the counter of a thread is odd inside. */
static struct reader {
	unsigned long counter;
	pthread_t thread;
	u64 seed;
	unsigned long picks, strangers;
} __aligned(64) readers[THREADS];

static struct world *world;
static struct halb_plan *published;
static bool stop;

static void read_lock(struct reader *r)
{
	__atomic_store_n(&r->counter, r->counter + 1, __ATOMIC_SEQ_CST);
	smp_mb();
}

static void read_unlock(struct reader *r)
{
	__atomic_store_n(&r->counter, r->counter + 1, __ATOMIC_RELEASE);
}

/* synchronize_rcu() */
static void grace_period(void)
{
	u32 i;

	smp_mb();
	for (i = 0; i < THREADS; i++) {
		unsigned long was = __atomic_load_n(&readers[i].counter,
						    __ATOMIC_ACQUIRE);

		while (was % 2 && was == __atomic_load_n(&readers[i].counter,
							 __ATOMIC_ACQUIRE))
			usleep(20);
	}
}

static void publish(struct world *w)
{
	struct halb_plan *old = w->plan;
	struct rcu_head *places;

	w->plan = world_plan(w);
	__atomic_store_n(&published, w->plan, __ATOMIC_RELEASE);
	halb_sched_start(w->plan);
	places = shim_rcu_take();
	grace_period();
	shim_rcu_free(places);
	world_plan_free(old);
}

static void change_server(struct halb_server *server)
{
	switch (below(5)) {
	case 0:
		server_counts(server, 1, 0);
		break;
	case 1:
		/* may fall below zero here, as it may for a moment in life */
		server_counts(server, -1, 1);
		break;
	case 2:
		server_counts(server, 0, -1);
		break;
	case 3:
		server_overload(server, true);
		break;
	case 4:
		server_overload(server, false);
		break;
	}
}

/* What a CPU's softirqs do. */
static void *softirqs(void *arg)
{
	struct reader *r = arg;

	shim_seed(r->seed);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		union nf_inet_addr addr = { .ip = get_random_u64() };
		struct halb_client client = {
			.addr = &addr, .vip = &addr, .af = AF_INET,
		};
		struct halb_server *server;
		struct halb_plan *plan;
		u32 i;

		read_lock(r);
		plan = __atomic_load_n(&published, __ATOMIC_ACQUIRE);
		for (i = 0; i < 10; i++) {
			server = plan->sched->pick(plan, &client);
			r->picks++;
			if (server) {
				r->strangers += server->service != world->service;
				server_counts(server, 1, 0);
			}
			if (plan->count)
				change_server(plan->slots[below(plan->count)].server);
		}
		read_unlock(r);
	}
	return NULL;
}

static void change_config(struct world *w, u32 *number)
{
	struct halb_server *server;
	u32 i;

	switch (below(3)) {
	case 0:
		if (w->count < MAX_SERVERS)
			world_add(w, (*number)++, below(5));
		publish(w);
		break;
	case 1:
		if (w->count < 2)
			break;
		i = below(w->count);
		server = w->server[i];
		w->count--;
		memmove(w->server + i, w->server + i + 1,
			(w->count - i) * sizeof(*w->server));
		memmove(w->weight + i, w->weight + i + 1,
			(w->count - i) * sizeof(*w->weight));
		set_bit(HALB_SERVER_REMOVED_BIT, &server->flags);
		publish(w);
		grace_period();
		halb_sched_forget(server);
		free(server);
		break;
	case 2:
		if (w->count)
			w->weight[below(w->count)] = below(5);
		publish(w);
		break;
	}
}

static u64 load(const struct halb_server *s)
{
	return (u64)max(atomic_read(&s->active), 0) * 257 +
	       max(atomic_read(&s->inactive), 0);
}

/* Everybody rests: the choice must be right, or one of those that are. */
static bool right(struct world *w, const char *name)
{
	struct halb_server *server, *best = NULL;
	u32 i, k = 0, usable = 0, seen = 0;

	for (i = 0; i < w->count; i++) {
		struct halb_server *s = w->server[i];
		u64 wi = w->weight[i], wb = best ? w->weight[k] : 0;

		if (!wi || !halb_server_available(s))
			continue;
		usable++;
		if (!best ||
		    (!strcmp(name, "wlc") && load(best) * wi > load(s) * wb) ||
		    (!strcmp(name, "fo") && wi > wb)) {
			best = s;
			k = i;
		}
	}
	server = world_pick(w);
	if (!usable)
		return !server;
	if (!strcmp(name, "wlc") || !strcmp(name, "fo"))
		return server == best;

	/* rr: each of them once per round; the others: one of them */
	for (i = 0; i < usable; i++) {
		server = world_pick(w);
		if (!server || !halb_server_available(server))
			return false;
		if (strcmp(name, "rr"))
			continue;
		if (i && server == best)
			return false;
		if (!i)
			best = server;
		seen++;
	}
	return strcmp(name, "rr") || (seen == usable && world_pick(w) == best);
}

static void stress(const char *name, u32 flags)
{
	u32 phase, i, number = 0, wrong = 0;
	unsigned long picks = 0, strangers = 0;
	struct world *w = world_new(name, flags);

	world = w;
	for (i = 0; i < 20; i++)
		world_add(w, number++, 1 + below(4));
	publish(w);
	for (phase = 0; phase < PHASES; phase++) {
		__atomic_store_n(&stop, false, __ATOMIC_RELAXED);
		for (i = 0; i < THREADS; i++) {
			readers[i].seed = get_random_u64();
			pthread_create(&readers[i].thread, NULL, softirqs,
				       &readers[i]);
		}
		for (i = 0; i < CHANGES; i++)
			change_config(w, &number);
		__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
		for (i = 0; i < THREADS; i++)
			pthread_join(readers[i].thread, NULL);
		wrong += !right(w, name);
		/* the next phase starts from plain numbers */
		for (i = 0; i < w->count; i++) {
			atomic_set(&w->server[i]->active, below(10));
			atomic_set(&w->server[i]->inactive, below(10));
			server_overload(w->server[i], !below(10));
		}
	}
	for (i = 0; i < THREADS; i++) {
		picks += readers[i].picks;
		strangers += readers[i].strangers;
		readers[i].picks = 0;
	}
	ok(!wrong && !strangers,
	   "%s: %lu picks in %u threads, %u changes of the configuration, right at every rest (%u wrong)",
	   name, picks, THREADS, PHASES * CHANGES, wrong);
	world_free(w);
}

int main(void)
{
	shim_seed(1);
	stress("rr", 0);
	stress("wrr", 0);
	stress("wlc", 0);
	stress("fo", 0);
	stress("lblc", 0);
	stress("lblcr", 0);
	stress("twos", 0);
	stress("sh", HALB_SERVICE_FLAG_SH_FALLBACK);
	return done();
}
