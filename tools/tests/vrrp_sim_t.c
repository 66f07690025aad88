// SPDX-License-Identifier: GPL-2.0
/*
 * Directors of one virtual router on a simulated segment: packets take time and get lost, cables
 * are pulled, nodes crash, freeze, stop, start and change priority, at random. What must hold:
 *
 *  - while the segment is quiet and whole, two are master no longer than a packet takes;
 *  - after it was quiet for a while, there is one master: the best of those who may be;
 *  - whoever is master holds the addresses, nobody else does.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "util.h"
#include "vrrp.h"

#define MS		(VRRP_SECOND / 1000)
#define NODES_MAX	5
#define IN_FLIGHT	4096
#define LATENCY_MAX	(2 * MS)

struct node {
	struct vrrp vrrp;
	bool crashed;			/* gone without a word */
	bool connected;
	bool holds;
	vrrp_time frozen;		/* not scheduled until then */
};

struct flying {
	vrrp_time at;
	unsigned int from, to;
	struct vrrp_packet packet;
};

static struct node nodes[NODES_MAX];
static unsigned int count;
static struct flying *flying;
static unsigned int flying_count;
static vrrp_time now;
static bool lossy;
static unsigned long wrong_holder, worked;

static unsigned int below(unsigned int n)
{
	return (unsigned int)rand() % n;
}

static unsigned int index_of(const struct vrrp *v)
{
	return (unsigned int)((const struct node *)((const char *)v - offsetof(struct node, vrrp)) -
			      nodes);
}

static void op_send(struct vrrp *v, uint8_t priority)
{
	unsigned int from = index_of(v);

	for (unsigned int to = 0; to < count; to++) {
		struct flying *f = &flying[flying_count];

		if (to == from || !nodes[from].connected || !nodes[to].connected ||
		    nodes[to].crashed || flying_count == IN_FLIGHT || (lossy && !below(5)))
			continue;
		memset(&f->packet, 0, offsetof(struct vrrp_packet, addrs));
		f->packet.version = 3;
		f->packet.priority = priority;
		f->packet.interval = (uint32_t)(v->params.advert_int / VRRP_CENTISECOND);
		f->at = now + 50 + below(LATENCY_MAX - 50);
		f->from = from;
		f->to = to;
		flying_count++;
	}
}

static void op_addresses(struct vrrp *v, bool hold)
{
	struct node *node = &nodes[index_of(v)];

	wrong_holder += node->holds == hold;
	node->holds = hold;
}

static void op_announce(struct vrrp *v, enum vrrp_announce kind)
{
	wrong_holder += !nodes[index_of(v)].holds;
	(void)kind;
}

static void op_changed(struct vrrp *v, enum vrrp_state from, enum vrrp_why why)
{
	wrong_holder += nodes[index_of(v)].holds != (v->state == VRRP_MASTER);
	wrong_holder += from == v->state;
	(void)why;
}

static void op_rival(struct vrrp *v, bool there)
{
	(void)v;
	(void)there;
}

static const struct vrrp_ops ops = {
	op_send, op_addresses, op_announce, op_changed, op_rival,
};

static vrrp_time advert_int;
static bool nopreempt;

static void boot(unsigned int i, uint8_t priority)
{
	struct vrrp_params params = {
		.version = 3, .priority = priority, .advert_int = advert_int, .down_adverts = 3,
		.nopreempt = nopreempt, .garp_delay = 5 * VRRP_SECOND,
	};

	nodes[i].crashed = false;
	nodes[i].connected = true;
	nodes[i].holds = false;
	nodes[i].frozen = 0;
	vrrp_init(&nodes[i].vrrp, &params, &ops);
	nodes[i].vrrp.self = (struct halb_addr){ .family = AF_INET };
	nodes[i].vrrp.self.v4.s_addr = htonl(0x0a000001 + i);
	vrrp_start(&nodes[i].vrrp, now);
}

/* A frozen node's packets wait, and so do its timers: packets first. */
static bool step(vrrp_time until)
{
	vrrp_time next = until;
	unsigned int packet = IN_FLIGHT, timer = NODES_MAX;

	for (unsigned int i = 0; i < flying_count; i++) {
		vrrp_time at = flying[i].at;

		if (nodes[flying[i].to].frozen > at)
			at = nodes[flying[i].to].frozen;
		if (at < next) {
			next = at;
			packet = i;
		}
	}
	for (unsigned int i = 0; i < count; i++) {
		vrrp_time at = vrrp_next(&nodes[i].vrrp);

		if (nodes[i].frozen > at)
			at = nodes[i].frozen;
		if (!nodes[i].crashed && at < next) {
			next = at;
			timer = i;
		}
	}
	now = next > now ? next : now;
	if (timer < NODES_MAX) {
		vrrp_timeout(&nodes[timer].vrrp, now);
	} else if (packet < IN_FLIGHT) {
		struct flying f = flying[packet];
		struct halb_addr from = nodes[f.from].vrrp.self;

		flying[packet] = flying[--flying_count];
		if (!nodes[f.to].crashed && nodes[f.to].connected)
			vrrp_receive(&nodes[f.to].vrrp, now, &from, &f.packet);
	} else {
		return false;
	}
	return true;
}

static unsigned int masters(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < count; i++)
		n += !nodes[i].crashed && nodes[i].vrrp.state == VRRP_MASTER;
	return n;
}

static void disturb(void)
{
	unsigned int i = below(count);
	struct node *node = &nodes[i];

	switch (below(8)) {
	case 0:
		node->crashed = true;
		break;
	case 1:
		node->connected = !node->connected;
		break;
	case 2:
		if (node->crashed || node->vrrp.state == VRRP_INIT)
			boot(i, (uint8_t)(1 + below(254)));
		break;
	case 3:
		if (!node->crashed)
			vrrp_stop(&node->vrrp, now);
		break;
	case 4:
		if (!node->crashed)
			vrrp_set_fault(&node->vrrp, now, below(2));
		break;
	case 5:
		if (!node->crashed)
			vrrp_set_weight(&node->vrrp, now, (int)below(100) - 50);
		break;
	case 6:
		node->frozen = now + below(5) * advert_int;
		break;
	case 7:
		lossy = !lossy;
		break;
	}
}

static bool takes_part(const struct node *node)
{
	return !node->crashed && node->vrrp.state != VRRP_INIT && node->vrrp.state != VRRP_FAULT;
}

static bool better(const struct node *a, const struct node *b)
{
	if (a->vrrp.priority != b->vrrp.priority)
		return a->vrrp.priority > b->vrrp.priority;
	return halb_addr_compare(&a->vrrp.self, &b->vrrp.self) > 0;
}

/* The master, if it is the one that it should be. Of equal ones a backup does not take over
 * from the master, whatever the addresses.
 */
static bool settled(void)
{
	const struct node *best = NULL, *master = NULL;

	for (unsigned int i = 0; i < count; i++) {
		if (!takes_part(&nodes[i]))
			continue;
		if (!best || better(&nodes[i], best))
			best = &nodes[i];
		if (nodes[i].vrrp.state == VRRP_MASTER)
			master = &nodes[i];
	}
	if (!best)
		return masters() == 0;
	return masters() == 1 &&
		(nopreempt || master->vrrp.priority == best->vrrp.priority);
}

/* A world that is disturbed, left alone, and looked at, some times over. Returns the longest time
 * of two masters while nothing disturbed them; *unsettled counts the rounds that ended wrong.
 */
static vrrp_time live(unsigned int rounds, unsigned int *unsettled)
{
	vrrp_time longest = 0;

	for (unsigned int round = 0; round < rounds; round++) {
		vrrp_time quiet, two = VRRP_NEVER;

		for (unsigned int n = below(12); n; n--) {
			vrrp_time until = now + below(4000) * MS;

			disturb();
			while (step(until))
				;
		}
		lossy = false;
		for (unsigned int i = 0; i < count; i++) {
			nodes[i].connected = true;
			nodes[i].frozen = 0;
		}
		/* Those who were apart find each other within an interval. */
		quiet = now + advert_int + 2 * LATENCY_MAX;
		while (step(quiet))
			;
		quiet = now + 6 * advert_int;
		while (step(quiet)) {
			if (masters() < 2) {
				if (two != VRRP_NEVER && now - two > longest)
					longest = now - two;
				two = VRRP_NEVER;
			} else if (two == VRRP_NEVER) {
				two = now;
			}
		}
		worked += masters() == 1;
		*unsettled += !settled() || two != VRRP_NEVER;
	}
	return longest;
}

static void test_world(const char *name, unsigned int n, vrrp_time interval, bool no_preempt)
{
	unsigned int unsettled = 0;
	vrrp_time longest = 0;

	advert_int = interval;
	nopreempt = no_preempt;
	wrong_holder = worked = 0;
	for (unsigned int seed = 1; seed <= 60; seed++) {
		vrrp_time two;

		srand(seed);
		now = VRRP_SECOND;
		flying_count = 0;
		lossy = false;
		count = n;
		for (unsigned int i = 0; i < count; i++)
			boot(i, (uint8_t)(1 + below(254)));
		two = live(20, &unsettled);
		longest = two > longest ? two : longest;
	}
	ok(!unsettled && worked > 300,
	   "%s: one master, the right one, after each disturbance (%u not; %lu with any)", name,
	   unsettled, worked);
	/* The new master's first advertisement is on its way. */
	ok(longest <= 2 * LATENCY_MAX, "%s: two masters for %llu us at most", name,
	   (unsigned long long)longest);
	ok(!wrong_holder, "%s: the master, and only it, holds the addresses (%lu not)", name,
	   wrong_holder);
}

int main(void)
{
	flying = calloc(IN_FLIGHT, sizeof(*flying));
	if (!flying)
		return 1;
	test_world("two nodes", 2, VRRP_SECOND, false);
	test_world("five nodes", 5, VRRP_SECOND, false);
	test_world("two nodes, advert_int 0.1", 2, 100 * MS, false);
	test_world("five nodes, advert_int 0.1", 5, 100 * MS, false);
	test_world("three nodes, nopreempt", 3, VRRP_SECOND, true);
	free(flying);
	return done();
}
