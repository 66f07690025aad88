// SPDX-License-Identifier: GPL-2.0
/*
 * The sweep: one worker per netns walks the tables, ends what has expired,
 * takes what has ended out of the table and frees it after a grace period. It
 * is the only place where a connection is freed.
 *
 * Expiry is exact all the same: a packet that finds a connection whose time is
 * over treats it as dead (see flow.c), so that the pace of the sweep only
 * decides how long the memory stays in use.
 */
#include <linux/sched.h>

#include "conn_new.h"
#include "conn_table.h"
#include "ftp.h"
#include "half_open.h"
#include "suspect.h"
#include "template.h"

/* entries between two chances for others to run */
#define HALB_GC_BATCH		256U
/* shortest and longest pause between two sweeps */
#define HALB_GC_PAUSE_MIN	HZ
#define HALB_GC_PAUSE_MAX	(8 * HZ)
/* a sweep that took n jiffies is followed by a pause of this many times n */
#define HALB_GC_DUTY		20U
/* orphans that are asked in one sweep, and how often each */
#define HALB_GC_PROBES		1000U
#define HALB_ORPHAN_PROBES	HALB_CONN_PROBED_MASK
/* what a template keeps, in seconds, while connections depend on it */
#define HALB_TEMPLATE_EXTENSION	60U
/* a control connection with less than this left, in seconds, gets all again */
#define HALB_CONTROL_EXTENSION	60U

static struct halb_conn *find_template(struct halb_net *hn,
				       const struct halb_conn *conn)
{
	const struct halb_service *service = conn->server->service;
	u8 prefix = READ_ONCE(service->persist_prefix);
	struct halb_tuple4 t4;
	struct halb_tuple6 t6;

	if (service->key.af == AF_INET6) {
		halb_template_tuple6(&t6, &service->key, &conn->tuple6.client,
				     prefix);
		return halb_conn_find6(hn, &t6);
	}
	halb_template_tuple4(&t4, &service->key, conn->tuple4.client, prefix);
	return halb_conn_find4(hn, &t4);
}

/* A template outlives the connections that were made by it, as in ip_vs. */
static void keep_template(struct halb_net *hn, const struct halb_conn *conn)
{
	struct halb_conn *template = find_template(hn, conn);
	u32 timeout;

	if (!template || template->server != conn->server)
		return;
	if (halb_conn_expires(hn, template) > HALB_TEMPLATE_EXTENSION / 2)
		return;
	timeout = READ_ONCE(template->server->service->persist_timeout);
	if (timeout > HALB_TEMPLATE_EXTENSION)
		WRITE_ONCE(template->seen, halb_now() - timeout +
					   HALB_TEMPLATE_EXTENSION);
	else
		WRITE_ONCE(template->seen, halb_now());
}

/*
 * FTP's control connection says nothing during a long transfer. As in ip_vs it
 * does not expire as long as there is a data connection of its.
 */
static void keep_control(struct halb_net *hn, struct halb_conn *conn)
{
	__be16 vport = conn->server->service->key.port ?:
		       htons(HALB_FTP_CONTROL);
	__be16 cport = halb_conn_data(conn)->control;
	struct halb_conn *control;

	if (halb_conn_af(conn) == AF_INET6) {
		struct halb_tuple6 t = conn->tuple6;

		t.kind = HALB_TUPLE_FLOW;
		t.cport = cport;
		t.vport = vport;
		control = halb_conn_find6(hn, &t);
	} else {
		struct halb_tuple4 t = conn->tuple4;

		t.kind = HALB_TUPLE_FLOW;
		t.cport = cport;
		t.vport = vport;
		control = halb_conn_find4(hn, &t);
	}
	if (control && control->server == conn->server &&
	    halb_conn_expires(hn, control) - 1 < HALB_CONTROL_EXTENSION)
		WRITE_ONCE(control->seen, halb_now());
}

/* States in which a client may wait for its server without a word. */
static bool waits_in_silence(u32 state)
{
	switch (state & HALB_CONN_STATE_MASK) {
	case HALB_CONN_STATE_ESTABLISHED:
	case HALB_CONN_STATE_FIN_WAIT:
	case HALB_CONN_STATE_CLOSE_WAIT:
		return true;
	default:
		return false;
	}
}

/*
 * The client of an orphan that has been silent for a second is asked, a few
 * times, so that it learns that its server is gone.
 */
static bool probe_orphan(struct halb_net *hn, struct halb_conn *conn, u32 state)
{
	unsigned long flags = READ_ONCE(conn->server->flags);

	if (!waits_in_silence(state) || flags & HALB_SERVER_STANDBY ||
	    !(flags & HALB_SERVER_REMOVED || state & HALB_CONN_ORPHAN) ||
	    (state & HALB_CONN_PROBED_MASK) == HALB_ORPHAN_PROBES ||
	    halb_now() - READ_ONCE(conn->seen) < 1)
		return false;
	if (!halb_conn_change(conn, state, state + HALB_CONN_PROBED))
		return false;
	hn->probe_client(hn, conn);
	return true;
}

/* Whether @conn is to leave the table. */
static bool is_over(struct halb_net *hn, struct halb_conn *conn,
		    unsigned int *probes)
{
	u32 state;

	if (test_bit(HALB_SERVER_DRAINED_BIT, &conn->server->flags))
		halb_conn_flush(hn, conn);
	state = READ_ONCE(conn->state);
	if (state & HALB_CONN_DEAD)
		return true;
	if (halb_conn_expires(hn, conn)) {
		if (state & HALB_CONN_PERSISTENT &&
		    !(state & HALB_CONN_GONE))
			keep_template(hn, conn);
		if (unlikely(state & HALB_CONN_DATA) &&
		    !(state & HALB_CONN_GONE))
			keep_control(hn, conn);
		if (*probes && probe_orphan(hn, conn, state))
			(*probes)--;
		return false;
	}
	/* a packet on another CPU may win; then it lives on */
	if (!halb_conn_change(conn, state, state | HALB_CONN_DEAD))
		return false;
	halb_conn_expired(hn, conn, state);
	return true;
}

static void sweep_table(struct halb_net *hn, struct rhashtable *ht,
			unsigned int *probes)
{
	struct rhashtable_iter iter;
	struct rhash_head *node;
	unsigned int n = 0;

	rhashtable_walk_enter(ht, &iter);
	rhashtable_walk_start(&iter);
	while ((node = rhashtable_walk_next(&iter))) {
		struct halb_conn *conn;

		if (IS_ERR(node))	/* the table was resized: goes on */
			continue;
		if (halb_conn_side(node) == HALB_SIDE_CLIENT) {
			conn = halb_conn_of(node);
			if (is_over(hn, conn, probes))
				halb_conn_take_out(hn, conn);
		}
		if (++n % HALB_GC_BATCH == 0) {
			rhashtable_walk_stop(&iter);
			cond_resched();
			rhashtable_walk_start(&iter);
		}
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

static void free_dead(struct halb_net *hn)
{
	struct llist_node *dead = llist_del_all(&hn->dead);
	struct halb_conn *conn, *next;
	unsigned int n = 0;

	if (!dead)
		return;
	synchronize_rcu();
	llist_for_each_entry_safe(conn, next, dead, dead) {
		/* a flushed one was taken from the count when it was flushed */
		if (!(conn->state & HALB_CONN_ORPHAN))
			atomic_dec(&hn->conn_count);
		halb_conn_free(conn);
		if (++n % HALB_GC_BATCH == 0)
			cond_resched();
	}
}

static bool has_conns(struct halb_net *hn)
{
	return atomic_read(&hn->conns[0].nelems) ||
	       atomic_read(&hn->conns[1].nelems);
}

static void rest_or_stop(struct halb_net *hn, unsigned long took)
{
	unsigned int want = 0;
	unsigned long pause = clamp(took * HALB_GC_DUTY, (unsigned long)HALB_GC_PAUSE_MIN,
				    (unsigned long)HALB_GC_PAUSE_MAX);

	mutex_lock(&hn->mutex);
	if (hn->service_count || has_conns(hn))
		want = halb_config_hooks(hn);
	/* the end of the netns has removed them for good */
	if (!hn->closing)
		hn->hooks(hn, want);
	/* a packet under way may have made one before the hooks were gone */
	if (!hn->closing && (hn->service_count || has_conns(hn)))
		queue_delayed_work(halb_wq, &hn->gc, pause);
	mutex_unlock(&hn->mutex);
}

static void halb_conn_gc(struct work_struct *work)
{
	struct halb_net *hn = container_of(to_delayed_work(work),
					   struct halb_net, gc);
	unsigned int probes = HALB_GC_PROBES;
	unsigned long start = jiffies;

	sweep_table(hn, &hn->conns[0], &probes);
	sweep_table(hn, &hn->conns[1], &probes);
	free_dead(hn);
	rest_or_stop(hn, jiffies - start);
}

static void halb_conn_reap(struct work_struct *work)
{
	free_dead(container_of(work, struct halb_net, reap));
}

void halb_conn_gc_kick(struct halb_net *hn)
{
	if (!READ_ONCE(hn->closing))
		mod_delayed_work(halb_wq, &hn->gc, 0);
}

static void destroy_one(void *ptr, void *arg)
{
	struct rhash_head *node = ptr;
	struct halb_net *hn = arg;

	if (halb_conn_side(node) == HALB_SIDE_CLIENT) {
		struct halb_conn *conn = halb_conn_of(node);
		u32 state = conn->state;

		if (!(state & HALB_CONN_DEAD))
			halb_conn_change(conn, state, state | HALB_CONN_DEAD);
		llist_add(&conn->dead, &hn->dead);
	}
}

void halb_conn_gc_init(struct halb_net *hn)
{
	INIT_DELAYED_WORK(&hn->gc, halb_conn_gc);
	INIT_WORK(&hn->reap, halb_conn_reap);
	init_llist_head(&hn->dead);
}

/**
 * halb_conn_tables_destroy - ends all connections of a netns that goes away
 * @hn: netns, @halb_net.closing set, without hooks
 *
 * Context: process. No packet of the netns is under way any more.
 */
void halb_conn_tables_destroy(struct halb_net *hn)
{
	cancel_delayed_work_sync(&hn->gc);
	cancel_work_sync(&hn->reap);
	halb_half_open_free(hn);
	halb_routes_forget(&hn->recent);
	rhashtable_free_and_destroy(&hn->conns[0], destroy_one, hn);
	rhashtable_free_and_destroy(&hn->conns[1], destroy_one, hn);
	free_dead(hn);
}
