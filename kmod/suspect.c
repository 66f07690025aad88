// SPDX-License-Identifier: GPL-2.0
#include "conn_new.h"
#include "net.h"
#include "suspect.h"

/* failures until then are told of together */
#define HALB_SUSPECT_DELAY	(HZ / 20)

/* Listeners hear of it soon, but not from here: this may be a softirq. */
static void tell(struct halb_net *hn)
{
	if (!READ_ONCE(hn->closing))
		queue_delayed_work(halb_wq, &hn->suspect, HALB_SUSPECT_DELAY);
}

void halb_server_answered_now(struct halb_server *server)
{
	clear_bit(HALB_SERVER_FAILING_BIT, &server->flags);
	smp_mb__after_atomic();	/* pairs with count(): either sees the other */
	atomic_set(&server->failures_row, 0);
	if (test_and_clear_bit(HALB_SERVER_SUSPECT_BIT, &server->flags))
		tell(server->service->net);
}

/*
 * The counters are beside those that a new connection writes anyway, and the
 * flags are written when they change only.
 */
static void count(struct halb_net *hn, struct halb_server *server,
		  enum halb_failure cause)
{
	u32 limit = READ_ONCE(hn->settings.suspect_after);
	u32 row = atomic_inc_return(&server->failures_row);

	atomic64_inc(&server->failures[cause]);
	WRITE_ONCE(server->failure, cause);
	if (limit && row >= limit &&
	    !test_bit(HALB_SERVER_SUSPECT_BIT, &server->flags) &&
	    !test_and_set_bit(HALB_SERVER_SUSPECT_BIT, &server->flags))
		tell(hn);
	/* last: a success on another CPU that cleared it has seen all of this */
	if (!test_bit(HALB_SERVER_FAILING_BIT, &server->flags))
		set_bit(HALB_SERVER_FAILING_BIT, &server->flags);
}

/*
 * What FTP announces is the server's word, and at a port of its own. On standby
 * answers pass unseen.
 */
static bool counts(const struct halb_conn *conn, u32 state)
{
	return !(state & (HALB_CONN_GONE | HALB_CONN_ANSWERED |
			  HALB_CONN_FAILED | HALB_CONN_DATA)) &&
	       !(READ_ONCE(conn->server->flags) &
		 (HALB_SERVER_REMOVED | HALB_SERVER_STANDBY));
}

static bool is_half_open(u32 state)
{
	return (state & HALB_CONN_STATE_MASK) == HALB_CONN_STATE_SYN_RECV;
}

/* May it still be news that the server cannot be reached? */
static bool waits(u32 state)
{
	switch (state & HALB_CONN_STATE_MASK) {
	case HALB_CONN_STATE_SYN_RECV:
	case HALB_CONN_STATE_UDP:
	case HALB_CONN_STATE_SCTP_INIT1:
		return true;
	default:
		return false;
	}
}

static void fail(struct halb_net *hn, struct halb_conn *conn,
		 enum halb_failure cause)
{
	u32 state;

	do {
		state = READ_ONCE(conn->state);
		if (!counts(conn, state))
			return;
	} while (!halb_conn_change(conn, state, state | HALB_CONN_FAILED));
	count(hn, conn->server, cause);
}

/**
 * halb_conn_unreachable - ICMP says that a server cannot be reached
 * @hn: netns
 * @conn: connection of which it speaks
 *
 * Context: softirq, RCU read side.
 */
void halb_conn_unreachable(struct halb_net *hn, struct halb_conn *conn)
{
	if (waits(READ_ONCE(conn->state)))
		fail(hn, conn, HALB_FAILURE_UNREACHABLE);
}

/**
 * halb_conn_refused - the server has answered a SYN with a reset
 * @conn: its connection
 *
 * Context: softirq, RCU read side.
 */
void halb_conn_refused(struct halb_conn *conn)
{
	fail(conn->server->service->net, conn, HALB_FAILURE_RESET);
}

/**
 * halb_conn_answered - the server has answered the SYN of a connection that
 * still waits for its client
 * @conn: connection
 *
 * Context: softirq, RCU read side.
 */
void halb_conn_answered(struct halb_conn *conn)
{
	struct halb_server *server = conn->server;
	u32 state, now = halb_now();

	do {
		state = READ_ONCE(conn->state);
		if (state & (HALB_CONN_GONE | HALB_CONN_ANSWERED |
			     HALB_CONN_DATA))
			return;
	} while (!halb_conn_change(conn, state, state | HALB_CONN_ANSWERED));
	if (READ_ONCE(server->answered_seen) != now)
		WRITE_ONCE(server->answered_seen, now);
	halb_server_answered(server);
}

/**
 * halb_conn_repeats - a client repeats its SYN after a second or more
 * @hn: netns
 * @conn: its connection
 *
 * Context: softirq, RCU read side.
 */
void halb_conn_repeats(struct halb_net *hn, struct halb_conn *conn)
{
	if (is_half_open(READ_ONCE(conn->state)))
		fail(hn, conn, HALB_FAILURE_UNANSWERED);
}

/**
 * halb_conn_expired - the time of a connection was over
 * @hn: netns
 * @conn: connection, dead since
 * @state: its state before
 *
 * A SYN that came once and was not answered, and none that came later. Where
 * answers do not pass nobody knows. Context: process, RCU read side.
 */
void halb_conn_expired(struct halb_net *hn, struct halb_conn *conn, u32 state)
{
	struct halb_server *server = conn->server;
	s32 since = READ_ONCE(server->answered_seen) - READ_ONCE(conn->seen);

	if (!is_half_open(state) || !counts(conn, state) ||
	    !halb_method_rewrites(server->method) ||
	    (READ_ONCE(server->answered_seen) && since >= 0))
		return;
	count(hn, server, HALB_FAILURE_UNANSWERED);
}

/**
 * halb_server_zero_failures - sets its counters to zero
 * @server: server
 *
 * Whether it is suspect stays. Context: any.
 */
void halb_server_zero_failures(struct halb_server *server)
{
	unsigned int i;

	for (i = 0; i < HALB_FAILURES; i++)
		atomic64_set(&server->failures[i], 0);
}
