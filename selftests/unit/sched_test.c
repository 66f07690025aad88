// SPDX-License-Identifier: GPL-2.0
/*
 * Every scheduler against its definition, done plainly: a walk over the list
 * of servers, as ip_vs does it (net/netfilter/ipvs/ip_vs_<name>.c).
 */
#include <math.h>
#include <time.h>

#include "tap.h"
#include "world.h"

/* --- rr and wrr ----------------------------------------------------------- */

/*
 * ip_vs's wrr: cl is the index of the server chosen last, -1 for the head of
 * the list; cw the present weight, di the step, mw the first weight. Written
 * as nested loops over passes and servers instead of its single one.
 */
struct classic {
	int cl;
	u32 cw, mw, di;
};

static void classic_changed(struct classic *c, const struct world *w)
{
	u32 i, most = 0;

	c->cl = -1;
	c->di = 0;
	for (i = 0; i < w->count; i++) {
		c->di = gcd(c->di, w->weight[i]);
		if (w->weight[i] > most)
			most = w->weight[i];
	}
	if (!c->di)
		c->di = 1;
	c->mw = most ? most - (c->di - 1) : 0;
	if (c->cw > c->mw || !c->cw)
		c->cw = c->mw;
	else if (c->di > 1)
		c->cw = c->cw / c->di * c->di + 1;
}

static int classic_wrr(struct classic *c, const struct world *w)
{
	u32 pass, passes = c->mw / c->di + 3;
	int i = c->cl;

	if (!c->mw)
		return -1;
	for (pass = 0; pass < passes; pass++) {
		for (i++; i < (int)w->count; i++)
			if (halb_server_available(w->server[i]) &&
			    w->weight[i] >= c->cw)
				return c->cl = i;
		i = -1;
		c->cw = c->cw > c->di ? c->cw - c->di : c->mw;
	}
	return -1;
}

static int classic_rr(struct classic *c, const struct world *w)
{
	u32 n;

	for (n = 1; n <= w->count + 1; n++) {
		int i = (c->cl + n) % w->count;

		if (c->cl < 0)
			i = (n - 1) % w->count;
		if (halb_server_available(w->server[i]) && w->weight[i])
			return c->cl = i;
	}
	return -1;
}

static u32 some_weight(int kind)
{
	switch (kind) {
	case 0: return 1;
	case 1: return 1 + below(5);
	case 2: return 10 * below(4);
	case 3: return 3 + 3 * below(100);
	default: return below(65536);
	}
}

/* Some server that may be chosen: what wrr does without one is not compared. */
static bool any_usable(const struct world *w)
{
	u32 i;

	for (i = 0; i < w->count; i++)
		if (w->weight[i] && halb_server_available(w->server[i]))
			return true;
	return false;
}

static void test_robin(const char *name, u32 count, u32 picks)
{
	bool weighted = !strcmp(name, "wrr");
	u32 kind, i, bad = 0, nulls = 0, total = 0;

	for (kind = 0; kind < 5; kind++) {
		struct world *w = world_new(name, 0);
		struct classic c = { .cl = -1 };
		u32 number = 0;

		world_commit(w);
		/* as ipvsadm would: one server at a time, below 300 */
		while (w->count < count) {
			world_add(w, number++, some_weight(kind));
			if (count < 300) {
				world_commit(w);
				classic_changed(&c, w);
			}
		}
		world_commit(w);
		if (weighted && count >= 300)
			classic_changed(&c, w);
		c.cl = -1;
		if (!weighted)
			c = (struct classic){ .cl = -1 };

		for (i = 0; i < picks; i++) {
			struct halb_server *server;
			u32 dice = below(count < 300 ? 20 : 500);
			int expect;

			if (dice == 0) {
				u32 k = below(w->count);

				server_overload(w->server[k], below(2));
			} else if (dice == 1 && weighted) {
				w->weight[below(w->count)] = some_weight(kind);
				world_commit(w);
				classic_changed(&c, w);
			} else if (dice == 2 && w->count < 2 * count) {
				world_add(w, number++, some_weight(kind));
				world_commit(w);
				if (weighted)
					classic_changed(&c, w);
				else if (c.cl >= 0)
					c.cl++;
			} else if (dice == 3 && weighted && w->count > 1) {
				world_del(w, below(w->count));
				classic_changed(&c, w);
			}
			if (!any_usable(w)) {
				nulls += world_pick(w) != NULL;
				continue;
			}
			expect = weighted ? classic_wrr(&c, w) :
					    classic_rr(&c, w);
			server = world_pick(w);
			bad += server != w->server[expect];
			total++;
		}
		world_free(w);
	}
	ok(!bad && !nulls,
	   "%s, %u servers: %u picks in ip_vs's order, through changes (%u wrong)",
	   name, count, total, bad + nulls);
}

static void test_wrr_cycle(void)
{
	static const u32 weights[] = { 4, 3, 2 };	/* newest first */
	struct world *w = world_new("wrr", 0);
	u32 got[3] = {}, i;
	char order[28] = "";

	for (i = 3; i-- > 0; )
		world_add(w, i, weights[i]);
	world_commit(w);
	for (i = 0; i < 27; i++) {
		u32 k = world_index(w, world_pick(w));

		got[k]++;
		order[i] = 'A' + k;
	}
	ok(strstr(order, "AABABCABC"),
	   "wrr: weights 4, 3, 2 give AABABCABC (%s)", order);
	ok(got[0] == 12 && got[1] == 9 && got[2] == 6,
	   "wrr: three rounds of weights 4, 3, 2 give 12, 9, 6");
	world_free(w);

	/* all at once, or one by one: the same sequence */
	for (i = 0; i < 200; i++) {
		struct world *one = world_new("wrr", 0);
		struct world *all = world_new("wrr", 0);
		u32 n = 1 + below(8), k, bad = 0;

		world_commit(one);
		for (k = 0; k < n; k++) {
			u32 weight = some_weight(below(5));

			world_add(one, k, weight);
			world_commit(one);
			world_add(all, k, weight);
		}
		world_commit(all);
		for (k = 0; k < 100 && any_usable(one); k++)
			bad += world_index(one, world_pick(one)) !=
			       world_index(all, world_pick(all));
		world_free(one);
		world_free(all);
		if (bad)
			break;
	}
	ok(i == 200, "wrr: a transaction gives the sequence of single commands");
}

static void test_rr_position(void)
{
	struct world *w = world_new("rr", 0);
	struct halb_server *a, *b, *c, *d;

	a = world_add(w, 0, 1);
	b = world_add(w, 1, 1);
	c = world_add(w, 2, 1);
	world_commit(w);
	ok(world_pick(w) == c && world_pick(w) == b, "rr: newest first");
	d = world_add(w, 3, 1);
	world_commit(w);
	ok(world_pick(w) == a && world_pick(w) == d && world_pick(w) == c,
	   "rr: goes on after a server was added");
	world_del(w, world_index(w, c));
	ok(world_pick(w) == b && world_pick(w) == a && world_pick(w) == d,
	   "rr: goes on after the last one chosen was removed");
	world_free(w);
}

/* --- lc, wlc, sed, nq, fo, ovf -------------------------------------------- */

static u64 load(const struct halb_server *s)
{
	u64 active = atomic_read(&s->active), inactive = atomic_read(&s->inactive);

	/* ip_vs_dest_conn_overhead(): (activeconns << 8) + totalconns */
	return (active << 8) + (active + inactive);
}

/* The slot that a walk over the list chooses, as each of ip_vs's does. */
static int walk(const char *name, const struct world *w)
{
	int i, best = -1;

	for (i = 0; i < (int)w->count; i++) {
		const struct halb_server *s = w->server[i];
		const struct halb_server *b = best < 0 ? NULL : w->server[best];
		u64 active = atomic_read(&s->active);
		u64 wi = w->weight[i], wb = b ? w->weight[best] : 0;
		bool better = !b;

		if (!wi || !halb_server_available(s))
			continue;
		if (!strcmp(name, "lc")) {
			better = better || load(s) < load(b);
		} else if (!strcmp(name, "wlc")) {
			better = better || load(b) * wi > load(s) * wb;
		} else if (!strcmp(name, "sed")) {
			better = better || (atomic_read(&b->active) + 1) * wi >
					   (active + 1) * wb;
		} else if (!strcmp(name, "nq")) {
			if (!active)
				return i;
			better = better || (atomic_read(&b->active) + 1) * wi >
					   (active + 1) * wb;
		} else if (!strcmp(name, "fo")) {
			better = better || wi > wb;
		} else if (!strcmp(name, "ovf")) {
			if (active > wi)
				continue;
			better = better || wi > wb;
		}
		if (better)
			best = i;
	}
	return best;
}

static void test_least(const char *name, u32 count, u32 picks)
{
	struct world *w = world_new(name, 0);
	u32 i, k, bad = 0, nulls = 0, number = 0;

	world_commit(w);
	while (w->count < count)
		world_add(w, number++, below(10) ? 1 + below(20) : 0);
	world_commit(w);

	for (i = 0; i < picks; i++) {
		u32 changes = below(10) ? 1 + below(3) : below(200);
		struct halb_server *server, *expect;
		int best;

		for (k = 0; k < changes; k++) {
			struct halb_server *s = w->server[below(w->count)];
			int active = atomic_read(&s->active);
			int inactive = atomic_read(&s->inactive);

			switch (below(4)) {
			case 0:
				server_counts(s, 1, 0);
				break;
			case 1:
				if (active)
					server_counts(s, -1, 1);
				break;
			case 2:
				if (inactive)
					server_counts(s, 0, -1);
				break;
			case 3:
				server_counts(s, -(int)below(active + 1),
					      -(int)below(inactive + 1));
				break;
			}
		}
		if (!below(10))
			server_overload(w->server[below(w->count)], below(2));
		if (!below(count < 300 ? 50 : 500)) {
			switch (below(3)) {
			case 0:
				w->weight[below(w->count)] = below(20);
				world_commit(w);
				break;
			case 1:
				world_add(w, number++, below(20));
				world_commit(w);
				break;
			case 2:
				if (w->count > 1)
					world_del(w, below(w->count));
				break;
			}
		}
		best = walk(name, w);
		expect = best < 0 ? NULL : w->server[best];
		server = world_pick(w);
		bad += server != expect;
		nulls += !server;
		if (server)
			server_counts(server, 1, 0);
	}
	ok(!bad, "%s, %u servers: %u picks as a walk over the list makes them (%u wrong, %u without a server)",
	   name, count, picks, bad, nulls);
	world_free(w);
}

/* Steady state: connections in proportion to the weights. */
static void test_wlc_shares(void)
{
	static const u32 weights[] = { 1, 2, 3, 10 };
	struct world *w = world_new("wlc", 0);
	u32 i, bad = 0;

	for (i = 0; i < 4; i++)
		world_add(w, i, weights[i]);
	world_commit(w);
	for (i = 0; i < 16000; i++)
		server_counts(world_pick(w), 1, 0);
	for (i = 0; i < 4; i++)
		bad += abs(atomic_read(&w->server[i]->active) -
			   (int)w->weight[i] * 1000) > 1;
	ok(!bad, "wlc: 16,000 connections are shared 1 : 2 : 3 : 10");
	world_free(w);
}

/* Huge counts and weights neither overflow nor lose a comparison. */
static void test_wlc_extremes(void)
{
	struct world *w = world_new("wlc", 0);
	struct halb_server *a, *b;

	a = world_add(w, 0, 65535);
	b = world_add(w, 1, 65534);
	world_commit(w);
	server_counts(a, 2000000000, 0);
	server_counts(b, 2000000000, 0);
	ok(world_pick(w) == a, "wlc: 2,000,000,000 connections, weights 65535 and 65534");
	server_counts(a, 100000, 0);
	ok(world_pick(w) == b, "wlc: 100,000 more decide");
	server_counts(b, -2000000001, 0);
	ok(world_pick(w) == b, "wlc: a count below zero for a moment is none");
	world_free(w);
}

static void test_many_dirty(void)
{
	struct world *w = world_new("lc", 0);
	u32 i, n;

	for (i = 0; i < 5000; i++)
		world_add(w, i, 1);
	world_commit(w);
	for (i = 0; i < 5000; i++)
		server_counts(w->server[i], i == 1 ? 1 : 100, 0);
	server_counts(w->server[4999], -100, 0);
	for (n = 1; n < 10; n++)
		if (world_pick(w) == w->server[4999])
			break;
	ok(n <= 5, "lc: 5,000 servers that changed at once are heard in 5 picks (%u)",
	   n);
	world_free(w);
}

/* --- sh, dh, mh ----------------------------------------------------------- */

static void random_client(u8 *af, union nf_inet_addr *addr, u16 *port)
{
	u32 i;

	*af = below(2) ? AF_INET : AF_INET6;
	memset(addr, 0, sizeof(*addr));
	for (i = 0; i < (*af == AF_INET ? 1 : 4); i++)
		addr->ip6[i] = cpu_to_be32(get_random_u64());
	*port = get_random_u64();
}

static u32 ipvs_hash(u8 af, const union nf_inet_addr *addr, u16 port)
{
	u32 fold = be32_to_cpu(addr->ip);

	if (af == AF_INET6)
		fold = be32_to_cpu(addr->ip6[0] ^ addr->ip6[1] ^ addr->ip6[2] ^
				   addr->ip6[3]);
	return (fold + port) * 0x61C88647u >> 24;
}

static int ipvs_sh(const struct world *w, u32 hash)
{
	u32 bucket[256], i, d = 0, got = 0, offset;

	if (!w->count)
		return -1;
	for (i = 0; i < 256; i++) {
		bucket[i] = d;
		if (++got >= w->weight[d]) {
			d = d + 1 == w->count ? 0 : d + 1;
			got = 0;
		}
	}
	d = bucket[hash];
	if (w->weight[d] && halb_server_available(w->server[d]))
		return d;
	if (!(w->flags & HALB_SERVICE_FLAG_SH_FALLBACK))
		return -1;
	for (offset = 0; offset < 256; offset++) {
		d = bucket[((offset + hash) % 256 + hash) & 255];
		if (w->weight[d] && halb_server_available(w->server[d]))
			return d;
	}
	return -1;
}

static void test_sh(u32 flags, u32 count)
{
	u32 round, i, bad = 0, number = 0;

	for (round = 0; round < 20; round++) {
		struct world *w = world_new("sh", flags);

		for (i = 0; i < count; i++)
			world_add(w, number++, below(5));
		world_commit(w);
		for (i = 0; i < count / 4; i++)
			server_overload(w->server[below(count)], true);
		for (i = 0; i < 500; i++) {
			union nf_inet_addr addr;
			u8 af;
			u16 port;
			int expect;

			random_client(&af, &addr, &port);
			expect = ipvs_sh(w, ipvs_hash(af, &addr, flags &
				HALB_SERVICE_FLAG_SH_PORT ? port : 0));
			bad += world_pick_client(w, af, &addr, port) !=
			       (expect < 0 ? NULL : w->server[expect]);
		}
		world_free(w);
	}
	ok(!bad, "sh%s%s, %u servers: ip_vs's choice (%u wrong)",
	   flags & HALB_SERVICE_FLAG_SH_PORT ? " with port" : "",
	   flags & HALB_SERVICE_FLAG_SH_FALLBACK ? " with fallback" : "",
	   count, bad);
}

static void test_dh(u32 count)
{
	struct world *w = world_new("dh", 0);
	u32 i, bad = 0;

	for (i = 0; i < count; i++)
		world_add(w, i, below(3));
	world_commit(w);
	for (i = 0; i < 5000; i++) {
		union nf_inet_addr addr;
		u8 af;
		u16 port;
		u32 d;

		random_client(&af, &addr, &port);
		d = ipvs_hash(af, &addr, 0) % count;
		bad += world_pick_client(w, af, &addr, port) !=
		       (w->weight[d] ? w->server[d] : NULL);
	}
	ok(!bad, "dh, %u servers: ip_vs's choice (%u wrong)", count, bad);
	world_free(w);
}

#define MH_SERVERS	20U
#define MH_CLIENTS	100000U

/*
 * Servers 0 to 19, weights by their number modulo 5. The last one that is added
 * stands first: @in_order, server N is the world's N-th.
 */
static struct world *mh_world(bool in_order)
{
	struct world *w = world_new("mh", 0);
	u32 i;

	for (i = 0; i < MH_SERVERS; i++) {
		u32 number = in_order ? MH_SERVERS - 1 - i : i;

		world_add(w, number, number % 5);
	}
	world_commit(w);
	return w;
}

/* The number of the server for each of many clients. */
static void mh_choices(struct world *w, u32 *choice, u32 clients, bool ports)
{
	u32 i;

	for (i = 0; i < clients; i++) {
		union nf_inet_addr addr = {
			.ip = cpu_to_be32(0xc0a80000 + (ports ? 7 : i)),
		};
		struct halb_server *server;

		server = world_pick_client(w, AF_INET, &addr, ports ? i : 5);
		choice[i] = server ? be32_to_cpu(server->addr.ip) - 0x0a000000 :
			    U32_MAX;
	}
}

/* How far the choices are from the weights; @none: choices of weight 0. */
static double mh_chi_square(const u32 *choice, u32 *none)
{
	u32 got[MH_SERVERS] = {}, weights = 0, i;
	double chi = 0;

	for (i = 0; i < MH_SERVERS; i++)
		weights += i % 5;
	for (i = 0; i < MH_CLIENTS; i++)
		got[choice[i]]++;
	for (i = *none = 0; i < MH_SERVERS; i++) {
		double expected = (double)MH_CLIENTS * (i % 5) / weights;

		if (expected)
			chi += pow(got[i] - expected, 2) / expected;
		else
			*none += got[i];
	}
	return chi;
}

static void test_mh_shares(void)
{
	static u32 a[MH_CLIENTS], b[MH_CLIENTS];
	struct world *w = mh_world(false), *v = mh_world(true);
	double chi;
	u32 i, none, others;

	mh_choices(w, a, MH_CLIENTS, false);
	mh_choices(v, b, MH_CLIENTS, false);
	ok(!memcmp(a, b, sizeof(a)),
	   "mh: two directors with another order of servers agree");
	world_free(v);

	chi = mh_chi_square(a, &none);
	ok(!none && chi < 60, "mh: shares by weight, none for weight 0 (%.0f)", chi);

	mh_choices(w, b, MH_CLIENTS, true);
	for (i = others = 0; i < MH_CLIENTS; i++)
		others += b[i] != b[0];
	ok(!others, "mh: the port does not matter");
	w->flags = HALB_SERVICE_FLAG_SH_PORT;
	world_commit(w);
	mh_choices(w, b, MH_CLIENTS, true);
	chi = mh_chi_square(b, &none);
	ok(!none && chi < 60, "mh: with sh-port it does (%.0f)", chi);
	world_free(w);
}

static void test_mh_drained(void)
{
	static u32 a[MH_CLIENTS], b[MH_CLIENTS];
	struct world *w = mh_world(true);
	u32 i, stray, gone;

	mh_choices(w, a, MH_CLIENTS, false);
	w->weight[4] = 0;
	world_commit(w);
	mh_choices(w, b, MH_CLIENTS, false);
	for (i = stray = gone = 0; i < MH_CLIENTS; i++) {
		stray += a[i] != 4 && a[i] != b[i];
		gone += b[i] == 4;
	}
	ok(!gone && stray < MH_CLIENTS / 20,
	   "mh: a drained server's clients move, and %.1f %% of the others",
	   100.0 * stray / MH_CLIENTS);
	world_free(w);
}

static void test_mh_overload(void)
{
	static u32 a[MH_CLIENTS], b[MH_CLIENTS];
	struct world *w = mh_world(true);
	u32 i, stray, gone;

	mh_choices(w, b, MH_CLIENTS, false);
	server_overload(w->server[9], true);
	mh_choices(w, a, MH_CLIENTS, false);
	for (i = gone = stray = 0; i < MH_CLIENTS; i++) {
		gone += b[i] == 9 && a[i] == U32_MAX;
		stray += (b[i] == 9) != (a[i] == U32_MAX) ||
			 (b[i] != 9 && a[i] != b[i]);
	}
	ok(gone && !stray, "mh: clients of an overloaded server are refused");
	w->flags = HALB_SERVICE_FLAG_SH_FALLBACK;
	world_commit(w);
	mh_choices(w, a, MH_CLIENTS, false);
	for (i = stray = 0; i < MH_CLIENTS; i++)
		stray += a[i] == 9 || a[i] == U32_MAX ||
			 (b[i] != 9 && a[i] != b[i]) || !(a[i] % 5);
	ok(!stray, "mh: with sh-fallback they get another one, the others stay");
	for (i = 0; i < MH_SERVERS; i++)
		if (i != 13)
			server_overload(w->server[i], true);
	mh_choices(w, a, MH_CLIENTS, false);
	for (i = stray = 0; i < MH_CLIENTS; i++)
		stray += a[i] != 13;
	ok(w->weight[13] && !stray, "mh: the last one available is always found");
	server_overload(w->server[13], true);
	mh_choices(w, a, 1000, false);
	for (i = stray = 0; i < 1000; i++)
		stray += a[i] != U32_MAX;
	ok(!stray, "mh: none available, none chosen");
	for (i = 0; i < MH_SERVERS; i++)
		server_overload(w->server[i], false);
	mh_choices(w, a, MH_CLIENTS, false);
	ok(!memcmp(a, b, sizeof(a)), "mh: as before when all are back");
	world_free(w);
}

/* --- lblc, lblcr ---------------------------------------------------------- */

#define DESTINATIONS	50
#define DAY		86400

/*
 * ip_vs's lblc and lblcr, one array element per destination: servers newest
 * first, NULL for one that is gone. halb's own: no server above its threshold,
 * and a server that is gone is never the one that a set loses.
 */
struct memory {
	u32 count;
	u32 used, changed;
	struct halb_server *set[64];
};

static u32 weight_of(const struct world *w, const struct halb_server *s)
{
	u32 i = world_index(w, s);

	return i < w->count ? w->weight[i] : 0;
}

static bool ipvs_is_overloaded(const struct world *w,
			       const struct halb_server *s)
{
	u32 i;

	if (atomic_read(&s->active) <= (int)weight_of(w, s))
		return false;
	for (i = 0; i < w->count; i++)
		if (atomic_read(&w->server[i]->active) * 2 < (int)w->weight[i])
			return true;
	return false;
}

static struct halb_server *ipvs_min(const struct world *w,
				    const struct memory *m)
{
	struct halb_server *best = NULL;
	u32 i;

	for (i = 0; i < m->count; i++) {
		struct halb_server *s = m->set[i];

		if (s && weight_of(w, s) && halb_server_available(s) &&
		    (!best || load(best) * weight_of(w, s) >
			      load(s) * weight_of(w, best)))
			best = s;
	}
	return best;
}

static void ipvs_erase_max(const struct world *w, struct memory *m)
{
	u32 i, most = m->count;

	for (i = 0; i < m->count; i++) {
		struct halb_server *s = m->set[i];

		if (s && weight_of(w, s) &&
		    (most == m->count || load(m->set[most]) * weight_of(w, s) <
					 load(s) * weight_of(w, m->set[most])))
			most = i;
	}
	if (most == m->count)
		return;
	m->count--;
	memmove(m->set + most, m->set + most + 1,
		(m->count - most) * sizeof(m->set[0]));
	m->changed = shim_now;
}

static struct halb_server *ipvs_lblc(const struct world *w, struct memory *m,
				     bool replicate)
{
	struct halb_server *s;
	u32 i;
	int best;

	if (shim_now - m->used > DAY)
		m->count = 0;
	s = ipvs_min(w, m);
	if (replicate && m->count > 1 && shim_now - m->changed > DAY)
		ipvs_erase_max(w, m);
	m->used = shim_now;
	if (s && !ipvs_is_overloaded(w, s))
		return s;
	best = walk("wlc", w);
	if (best < 0)
		return NULL;
	s = w->server[best];
	for (i = 0; i < m->count; i++)
		if (m->set[i] == s)
			return s;
	if (!replicate)
		m->count = 0;
	memmove(m->set + 1, m->set, m->count * sizeof(m->set[0]));
	m->set[0] = s;
	m->count++;
	m->changed = shim_now;
	return s;
}

static void lblc_change(struct world *w, struct memory *m, u32 *number)
{
	struct halb_server *s = w->server[below(w->count)];
	u32 i, k;

	switch (below(60)) {
	case 0:
		server_overload(s, below(2));
		break;
	case 1:
		w->weight[below(w->count)] = below(20);
		world_commit(w);
		break;
	case 2:
		if (w->count < 30)
			world_add(w, (*number)++, below(20));
		world_commit(w);
		break;
	case 3:
		if (w->count < 2)
			break;
		for (i = 0; i < DESTINATIONS; i++)
			for (k = 0; k < m[i].count; k++)
				if (m[i].set[k] == s)
					m[i].set[k] = NULL;
		world_del(w, world_index(w, s));
		break;
	case 4:
		shim_now += below(DAY);
		break;
	case 5:
		for (i = 0; i < w->count; i++)
			server_counts(w->server[i],
				      -atomic_read(&w->server[i]->active), 0);
		break;
	default:
		if (atomic_read(&s->active) > 0)
			server_counts(s, -1, 1);
		else
			server_counts(s, 0,
				      -(int)below(atomic_read(&s->inactive) + 1));
	}
}

static void test_lblc(const char *name, u32 count, u32 picks)
{
	bool replicate = !strcmp(name, "lblcr");
	struct world *w = world_new(name, 0);
	static struct memory m[DESTINATIONS];
	u32 i, bad = 0, stayed = 0, most = 0, number = 0;

	memset(m, 0, sizeof(m));
	world_commit(w);
	while (w->count < count)
		world_add(w, number++, 1 + below(20));
	world_commit(w);
	for (i = 0; i < picks; i++) {
		u32 d = below(below(2) ? DESTINATIONS : 5);
		union nf_inet_addr addr = { .ip6 = { cpu_to_be32(d) } };
		struct halb_server *server, *expect;
		int best;

		lblc_change(w, m, &number);
		best = walk("wlc", w);
		expect = ipvs_lblc(w, &m[d], replicate);
		server = world_pick_client(w, AF_INET, &addr, 80);
		bad += server != expect;
		stayed += expect && expect != w->server[best];
		most = m[d].count > most ? m[d].count : most;
		if (server)
			server_counts(server, 1, 0);
	}
	ok(!bad && stayed > picks / 20 && (replicate ? most > 2 || count < 3 : most == 1),
	   "%s, %u servers: %u picks as in ip_vs (%u wrong, %u not wlc's, sets of %u)",
	   name, count, picks, bad, stayed, most);
	world_free(w);
}

static struct halb_server *pick_vip(struct world *w, u32 vip)
{
	union nf_inet_addr addr = { .ip = cpu_to_be32(vip) };

	return world_pick_client(w, AF_INET, &addr, 80);
}

/* The table has a bound, and forgets. */
static void test_lblc_bound(const char *name)
{
	struct world *w = world_new(name, 0);
	struct halb_server *a, *b;
	u32 i, kept = 0, before = 0, after = 0;

	a = world_add(w, 0, 65535);
	b = world_add(w, 1, 65535);
	world_commit(w);
	server_counts(b, 100, 0);
	for (i = 0; i < 40000; i++)
		before += pick_vip(w, i) == a;
	server_counts(a, 200, 0);
	for (i = 0; i < 40000; i++)
		kept += pick_vip(w, i) == a;
	ok(before == 40000 && kept == 24576,
	   "%s: 24,576 destinations are remembered, not more (%u)", name, kept);

	/* the first ten stay in use */
	for (i = 0; i < 60; i++) {
		u32 k;

		shim_now += 10;
		for (k = 0; k < 10; k++)
			after += pick_vip(w, k) == a;
		for (k = 0; k < 100; k++)
			pick_vip(w, 100000 + 1000 * i + k);
	}
	for (i = kept = 0; i < 24576; i++)
		kept += pick_vip(w, i) == a;
	ok(after == 600 && kept >= 10 && kept < 20000,
	   "%s: full, it forgets what is not used for minutes (%u left)", name,
	   kept);
	shim_now += DAY + 1;
	for (i = kept = 0; i < 24576; i++)
		kept += pick_vip(w, i) == a;
	ok(!kept, "%s: after a day all is forgotten (%u left)", name, kept);
	world_free(w);
}

static void test_lblc_memory(void)
{
	struct world *w = world_new("lblc", 0);
	struct halb_server *a, *b, *c;

	a = world_add(w, 0, 10);
	b = world_add(w, 1, 10);
	world_commit(w);
	server_counts(b, 1, 0);
	ok(pick_vip(w, 1) == a, "lblc: the first flow goes where wlc sends it");
	server_counts(a, 10, 0);
	w->weight[world_index(w, b)] = 20;
	world_commit(w);
	ok(pick_vip(w, 1) == a && pick_vip(w, 2) == b,
	   "lblc: a change of weights forgets nothing");
	server_counts(a, 1, 0);
	ok(pick_vip(w, 1) == b, "lblc: above its weight, another below half: moves");
	server_counts(a, -11, 0);
	ok(pick_vip(w, 1) == b, "lblc: and does not move back");
	world_del(w, world_index(w, b));
	c = world_add(w, 2, 10);
	server_counts(a, 5, 0);
	world_commit(w);
	ok(pick_vip(w, 3) == c, "lblc: without the server another one");
	server_counts(c, 6, 0);
	b = world_add(w, 1, 10);
	world_commit(w);
	server_counts(b, 9, 0);
	ok(pick_vip(w, 1) == b, "lblc: a server that is back has its destinations");
	w->sched = halb_sched_find("wlc");
	world_commit(w);
	w->sched = halb_sched_find("lblc");
	world_commit(w);
	ok(pick_vip(w, 1) == a, "lblc: another scheduler in between: all forgotten");
	world_free(w);
}

/* Sets have a bound, which is ours. */
static void test_lblcr_bound(void)
{
	struct world *w = world_new("lblcr", 0);
	u32 i, k, others = 0, seen = 0;
	bool got[40] = {};

	for (i = 0; i < 40; i++)
		world_add(w, i, 1);
	world_commit(w);
	for (i = 0; i < 40; i++)
		server_counts(pick_vip(w, 1), 2, 0);
	for (i = 0; i < 40; i++)
		others += atomic_read(&w->server[i]->active) == 2;
	/* nobody is spare: what it gets now is in its set */
	for (i = 0; i < 400; i++) {
		k = world_index(w, pick_vip(w, 1));
		seen += !got[k];
		got[k] = true;
		server_counts(w->server[k], 1, 0);
	}
	ok(others == 40 && seen == 32,
	   "lblcr: a destination has 32 servers at most (%u of %u)", seen, others);
	world_free(w);
}

/* --- twos ----------------------------------------------------------------- */

static void test_twos(u32 count)
{
	struct world *w = world_new("twos", 0);
	u32 i, *got = calloc(count, sizeof(*got)), weights = 0, bad = 0;
	u32 n = 200000, dof = 0;
	double chi = 0, most = 0, least = 1e9;

	for (i = 0; i < count; i++)
		world_add(w, i, i % 4);
	world_commit(w);
	server_overload(w->server[count / 2], true);
	for (i = 0; i < count; i++)
		if (i != count / 2)
			weights += w->weight[i];
	/* without connections the first draw decides: shares by weight */
	for (i = 0; i < n; i++)
		got[world_index(w, world_pick(w))]++;
	for (i = 0; i < count; i++) {
		double e = i == count / 2 ? 0 : (double)n * w->weight[i] / weights;

		if (e) {
			chi += (got[i] - e) * (got[i] - e) / e;
			dof++;
		} else {
			bad += got[i];
		}
	}
	ok(!bad && chi < dof + 5 * sqrt(2.0 * dof) + 10,
	   "twos, %u servers: drawn by weight, none of weight 0 or overloaded (%.0f)",
	   count, chi);

	server_overload(w->server[count / 2], false);
	for (i = 0; i < 100 * count; i++)
		server_counts(world_pick(w), 1, 0);
	for (i = 0; i < count; i++) {
		double load = (double)atomic_read(&w->server[i]->active) /
			      w->weight[i];

		if (!w->weight[i])
			continue;
		most = load > most ? load : most;
		least = load < least ? load : least;
	}
	ok(most / least < 1.2, "twos, %u servers: loads by weight are even (%.0f to %.0f)",
	   count, least, most);
	free(got);
	world_free(w);
}

/* --- all ------------------------------------------------------------------ */

static const char * const all[] = {
	"rr", "wrr", "lc", "wlc", "fo", "ovf", "lblc", "lblcr", "sh", "dh", "mh", "sed", "nq",
	"twos",
};

static void test_names(void)
{
	char names[200] = "";
	u32 i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		const struct halb_sched *sched = halb_sched_find(all[i]);

		bad += !sched || strcmp(sched->name, all[i]);
		sprintf(names + strlen(names), "%s%s", i ? ", " : "", all[i]);
	}
	ok(!bad, "every scheduler is found by its name");
	ok(!strcmp(halb_sched_names(), names), "names: %s", halb_sched_names());
	ok(!halb_sched_find("lbl") && !halb_sched_find("RR") &&
	   !halb_sched_find("") && !halb_sched_find("rr "), "no other");
}

static void test_none(const char *name)
{
	struct world *w = world_new(name, HALB_SERVICE_FLAG_SH_FALLBACK);
	bool good;
	u32 i;

	world_commit(w);
	good = !world_pick(w);
	for (i = 0; i < 5; i++)
		world_add(w, i, 0);
	world_commit(w);
	good = good && !world_pick(w);
	for (i = 0; i < 5; i++)
		w->weight[i] = 1;
	world_commit(w);
	good = good && world_pick(w);
	for (i = 0; i < 5; i++)
		server_overload(w->server[i], true);
	good = good && !world_pick(w);
	for (i = 0; i < 5; i++)
		server_overload(w->server[i], false);
	good = good && world_pick(w);

	shim_no_memory = true;
	good = good && !world_plan(w);
	shim_no_memory = false;
	ok(good, "%s: no server, weight 0, all overloaded, all back, no memory",
	   name);
	world_free(w);
}

/* Three servers, and two that are there only if none of the others is. */
static void test_backup(const char *name)
{
	struct world *w = world_new(name, HALB_SERVICE_FLAG_SH_FALLBACK);
	bool dh = !strcmp(name, "dh");
	u32 i, k, early = 0, late = 0, refused = 0, got[5] = {};

	/* newest first: 0 and 1 are the backup servers */
	for (i = 0; i < 5; i++)
		world_add(w, i, 1);
	w->backups = 2;
	world_commit(w);
	for (i = 0; i < 3; i++) {
		for (k = 0; k < 100; k++) {
			union nf_inet_addr addr = { .ip = cpu_to_be32(k << 7) };
			struct halb_server *s;

			s = world_pick_client(w, AF_INET, &addr, k);
			early += world_index(w, s) < 2;
			refused += !s;
		}
		server_overload(w->server[2 + i], true);
	}
	ok(!early && (dh || !refused), "%s: backup servers have no part while one other is there",
	   name);
	for (k = 0; k < 100; k++) {
		union nf_inet_addr addr = { .ip = cpu_to_be32(k << 7) };
		struct halb_server *s = world_pick_client(w, AF_INET, &addr, k);

		i = world_index(w, s);
		got[i < 5 ? i : 4]++;
		if (s)
			server_counts(s, 1, 0);
	}
	ok(got[0] + got[1] == 100 || (!strcmp(name, "ovf") && got[0] && got[1]),
	   "%s: then they serve (%u and %u)", name, got[0], got[1]);
	server_overload(w->server[0], true);
	for (i = 0; i < 20; i++) {
		union nf_inet_addr addr = { .ip = cpu_to_be32(i << 7) };
		struct halb_server *s = world_pick_client(w, AF_INET, &addr, i);

		late += s && s != w->server[1];
	}
	server_overload(w->server[3], false);
	for (i = 0; i < 20; i++) {
		union nf_inet_addr addr = { .ip = cpu_to_be32(i << 7) };
		struct halb_server *s = world_pick_client(w, AF_INET, &addr, i);

		late += s ? s != w->server[3] : !dh;
	}
	ok(!late, "%s: with thresholds of their own, until another one is back",
	   name);
	world_free(w);
}

/*
 * A change of scheduler, and picks with the old plan after the new one was
 * published: they neither disturb the new one nor get lost themselves.
 */
static void test_plans(void)
{
	u32 i, k, bad = 0, lost = 0;

	for (i = 0; i < 500; i++) {
		struct world *w = world_new(all[below(ARRAY_SIZE(all))], 0);
		struct halb_plan *old;
		const char *name = "wlc";

		for (k = 0; k < 10; k++)
			world_add(w, k, 1 + below(3));
		world_commit(w);
		for (k = 0; k < 20; k++)
			lost += !world_pick(w) && strcmp(w->sched->name, "ovf");

		old = w->plan;
		w->plan = NULL;
		w->sched = halb_sched_find(name);
		w->plan = world_plan(w);
		for (k = 0; k < 5; k++) {
			server_counts(w->server[below(10)], below(3), below(100));
			world_pick(w);	/* published, but not started */
		}
		halb_sched_start(w->plan);
		for (k = 0; k < 50; k++) {
			struct halb_plan *plan = w->plan;

			server_counts(w->server[below(10)], below(3), below(100));
			w->plan = old;
			world_pick(w);
			w->plan = plan;
			bad += world_pick(w) != w->server[walk(name, w)];
		}
		world_plan_free(old);
		world_free(w);
	}
	ok(!bad && !lost, "picks with an old plan do not disturb the new one");
}

/* Servers that leave while others are dirty; AddressSanitizer looks on. */
static void test_forget(void)
{
	u32 i, k, bad = 0;

	for (i = 0; i < 200; i++) {
		struct world *w = world_new("wlc", 0);
		u32 n = 2 + below(50);

		for (k = 0; k < n; k++)
			world_add(w, k, 1);
		world_commit(w);
		while (w->count > 1) {
			for (k = 0; k < w->count; k++)
				if (below(3))
					server_counts(w->server[k], below(9), 0);
			world_del(w, below(w->count));
			if (below(2))
				bad += world_pick(w) !=
				       w->server[walk("wlc", w)];
		}
		world_free(w);
	}
	ok(!bad, "dirty servers are removed, the others are heard");
}

static void cost(const char *name, u32 count)
{
	union nf_inet_addr addr = { .ip = cpu_to_be32(0x0a010203) };
	struct halb_client client = {
		.addr = &addr, .vip = &addr, .port = cpu_to_be16(1234), .af = AF_INET,
	};
	struct world *w = world_new(name, 0);
	struct timespec a, b;
	u32 i, n = 20000;

	for (i = 0; i < count; i++)
		world_add(w, i, 1 + i % 3);
	world_commit(w);
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (i = 0; i < n; i++) {
		struct halb_server *s = halb_sched_pick(w->plan, &client);

		if (s)
			server_counts(s, 1, 0);
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf(" %5.0f", ((b.tv_sec - a.tv_sec) * 1e9 +
			  (b.tv_nsec - a.tv_nsec)) / n);
	world_free(w);
}

int main(void)
{
	static const char * const least[] = {
		"lc", "wlc", "sed", "nq", "fo", "ovf",
	};
	static const u32 counts[] = { 2, 3, 17, 200, 5000 };
	u32 i, k;

	ok(halb_sched_selftest(), "the self-test of the module");
	test_names();
	for (i = 0; i < ARRAY_SIZE(all); i++)
		test_none(all[i]);
	for (i = 0; i < ARRAY_SIZE(all); i++)
		test_backup(all[i]);

	for (k = 0; k < ARRAY_SIZE(counts); k++) {
		test_robin("rr", counts[k], counts[k] > 1000 ? 20000 : 5000);
		test_robin("wrr", counts[k], counts[k] > 1000 ? 5000 : 5000);
	}
	test_wrr_cycle();
	test_rr_position();

	for (i = 0; i < ARRAY_SIZE(least); i++)
		for (k = 0; k < ARRAY_SIZE(counts); k++)
			test_least(least[i], counts[k],
				   counts[k] > 1000 ? 2000 : 5000);
	test_wlc_shares();
	test_wlc_extremes();
	test_many_dirty();

	for (i = 0; i < 4; i++) {
		u32 flags = (i & 1 ? HALB_SERVICE_FLAG_SH_PORT : 0) |
			    (i & 2 ? HALB_SERVICE_FLAG_SH_FALLBACK : 0);

		test_sh(flags, 2);
		test_sh(flags, 50);
		test_sh(flags, 500);
	}
	test_dh(3);
	test_dh(200);
	test_mh_shares();
	test_mh_drained();
	test_mh_overload();
	test_lblc("lblc", 2, 20000);
	test_lblc("lblc", 20, 20000);
	test_lblc("lblcr", 2, 20000);
	test_lblc("lblcr", 20, 20000);
	test_lblc_bound("lblc");
	test_lblc_bound("lblcr");
	test_lblc_memory();
	test_lblcr_bound();
	test_twos(5);
	test_twos(200);
	test_plans();
	test_forget();

	note("ns per flow (pick and count, with sanitizers):    2   200  5000 servers");
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		printf("#   %-5s", all[i]);
		cost(all[i], 2);
		cost(all[i], 200);
		cost(all[i], 5000);
		putchar('\n');
	}
	return done();
}
