// SPDX-License-Identifier: GPL-2.0
/*
 * FTP's control connections under nat.
 *
 *   who says                         what becomes of it
 *   client  PASV, EPSV               the answer is awaited
 *   server  227, 229 with its port   names the VIP and a port of the VIP; the
 *                                    client is expected there
 *   client  PORT, EPRT               unchanged; the server is expected, from
 *                                    any port, and gets the VIP's data port
 *
 * What is expected is an entry in the table of connections, with port 0 on the
 * side that is going to connect: a SYN that belongs to nothing else finds it,
 * and takes its place with a connection to the same server, whatever the
 * scheduler says. There is one of each kind for a control connection.
 *
 * An answer is rewritten only where nothing of it, or after it, went out yet:
 * as long as one is awaited, what the server sends out of order is held back,
 * and so is an answer of which only a part is there. TCP repeats both.
 *
 * Only lines are understood that begin a segment or follow another line in it,
 * and that are there whole. The address in an answer is not believed, nor one
 * of a client that is not its own (RFC 2577), nor ports below 1024.
 */
#include <linux/random.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/tcp.h>

#include "conn_new.h"
#include "conn_table.h"
#include "ftp.h"
#include "half_open.h"
#include "packet.h"
#include "xmit.h"

/* what a segment may carry for its lines to be read */
#define HALB_FTP_READ_MAX	8192U
/* how often an answer that is not there whole is held back */
#define HALB_FTP_HOLDS		3
/* ports of the VIP that are tried for one that is free */
#define HALB_FTP_TRIES		16
#define HALB_FTP_PORT_MIN	1024U

/**
 * struct segment - a segment of a control connection
 * @pkt: the packet
 * @conn: its connection
 * @ftp: what that has for FTP
 * @off: offset of the data from skb->data
 * @len: its length
 * @seq: sequence number of its first byte
 */
struct segment {
	struct halb_packet *pkt;
	struct halb_conn *conn;
	struct halb_ftp *ftp;
	unsigned int off;
	unsigned int len;
	u32 seq;
};

static const char *data_of(const struct segment *s)
{
	return (const char *)s->pkt->skb->data + s->off;
}

/* --- what is expected ------------------------------------------------------- */

static __be16 control_cport(const struct segment *s)
{
	return s->pkt->v6 ? s->conn->tuple6.cport : s->conn->tuple4.cport;
}

/* The VIP's port from which data comes: the one below its control port. */
static __be16 data_vport(const struct segment *s)
{
	u16 port = ntohs(s->pkt->v6 ? s->conn->tuple6.vport :
				      s->conn->tuple4.vport);

	return htons(port > 1 ? port - 1 : HALB_FTP_CONTROL - 1);
}

static void name4(const struct halb_conn *like, u8 kind, __be16 cport,
		  __be16 vport, struct halb_tuple4 *t)
{
	*t = like->tuple4;
	t->kind = kind;
	t->cport = cport;
	t->vport = vport;
}

static void name6(const struct halb_conn *like, u8 kind, __be16 cport,
		  __be16 vport, struct halb_tuple6 *t)
{
	*t = like->tuple6;
	t->kind = kind;
	t->cport = cport;
	t->vport = vport;
}

/* Between the client and the VIP of @like. */
static struct halb_conn *find(struct halb_net *hn, const struct halb_conn *like,
			      u8 kind, __be16 cport, __be16 vport)
{
	struct halb_tuple4 t4;
	struct halb_tuple6 t6;

	if (halb_conn_af(like) == AF_INET6) {
		name6(like, kind, cport, vport, &t6);
		return halb_conn_find6(hn, &t6);
	}
	name4(like, kind, cport, vport, &t4);
	return halb_conn_find4(hn, &t4);
}

/* Between the server and the client of @like. */
static struct halb_conn *find_reply(struct halb_net *hn,
				    const struct halb_conn *like, u8 kind,
				    __be16 sport, __be16 cport)
{
	struct rhash_head *node;

	if (halb_conn_af(like) == AF_INET6) {
		struct halb_key6 key;

		halb_reply_tuple6(like, &key.tuple);
		key.tuple.kind = kind;
		key.tuple.cport = sport;
		key.tuple.vport = cport;
		key.hash = halb_hash6(&key.tuple);
		node = halb_conn_lookup6(hn, &key);
	} else {
		struct halb_key4 key;

		halb_reply_tuple4(like, &key.tuple);
		key.tuple.kind = kind;
		key.tuple.cport = sport;
		key.tuple.vport = cport;
		key.hash = halb_hash4(&key.tuple);
		node = halb_conn_lookup4(hn, &key);
	}
	if (!node || halb_conn_side(node) != HALB_SIDE_SERVER)
		return NULL;
	return halb_conn_of(node);
}

static void kill_if(struct halb_net *hn, struct halb_conn *conn)
{
	if (conn)
		halb_conn_kill(hn, conn);
}

/* What this control connection announced, and nobody has come for. */
static void forget(const struct segment *s, __be16 cport, __be16 vport)
{
	struct halb_net *hn = s->pkt->hn;
	struct halb_conn *old = find(hn, s->conn, HALB_TUPLE_EXPECTED, cport,
				     vport);

	if (old && old->server == s->conn->server &&
	    halb_conn_data(old)->control == control_cport(s))
		halb_conn_kill(hn, old);
}

static bool has_room(const struct segment *s)
{
	const struct halb_service *service = s->conn->server->service;
	u32 limit = READ_ONCE(service->limits.conns);

	return halb_has_room(s->pkt->hn) &&
	       (!limit || atomic_read(&service->conns) < limit);
}

/*
 * Into the table. Return: 0, or -EEXIST or -EADDRINUSE if there is one of this
 * name for the client, or for the server, or another error.
 */
static int expect(const struct segment *s, __be16 cport, __be16 vport,
		  __be16 sport)
{
	struct halb_server *server = s->conn->server;
	struct halb_conn *conn, *twin;

	/* from now on, for good: some of its connections have their own */
	if (!READ_ONCE(server->any_port))
		WRITE_ONCE(server->any_port, true);
	conn = halb_conn_alloc(server, s->pkt->v6,
			       HALB_CONN_STATE_LISTEN | HALB_CONN_INACTIVE |
			       HALB_CONN_DATA | HALB_CONN_EXPECTED);
	if (IS_ERR(conn))
		return PTR_ERR(conn);
	if (s->pkt->v6) {
		name6(s->conn, HALB_TUPLE_EXPECTED, cport, vport,
		      &conn->tuple6);
		conn->hash[0] = halb_hash6(&conn->tuple6);
	} else {
		name4(s->conn, HALB_TUPLE_EXPECTED, cport, vport,
		      &conn->tuple4);
		conn->hash[0] = halb_hash4(&conn->tuple4);
	}
	*halb_conn_data(conn) = (struct halb_data) {
		.port = sport,
		.control = control_cport(s),
	};
	twin = halb_conn_insert(s->pkt->hn, conn, NULL);
	if (IS_ERR(twin))
		return PTR_ERR(twin);
	return twin == conn ? 0 : -EEXIST;
}

static unsigned int refuse(struct halb_packet *pkt, int err)
{
	switch (err) {
	case -ENOMEM:
		return halb_drop(pkt, NO_MEMORY);
	case -EADDRINUSE:
	case -EEXIST:
		return halb_drop(pkt, REPLY_CLASH);
	case -ESTALE:
		return halb_drop(pkt, SERVER_REMOVED);
	default:
		return halb_drop(pkt, TABLE_BUSY);
	}
}

/* Does the VIP have a service at this port? */
static bool is_served(const struct segment *s, __be16 vport)
{
	struct halb_service_key key;

	memset(&key, 0, sizeof(key));
	key.protocol = IPPROTO_TCP;
	key.port = vport;
	if (s->pkt->v6) {
		key.af = AF_INET6;
		key.addr.in6 = s->conn->tuple6.vip;
	} else {
		key.af = AF_INET;
		key.addr.ip = s->conn->tuple4.vip;
	}
	return halb_config_find(rcu_dereference(s->pkt->hn->config), &key);
}

/*
 * The client is going to connect to the server at @port, by way of a port of
 * the VIP: the same if it is free. HALB_GO_ON, or a verdict.
 */
static unsigned int expect_client(const struct segment *s, u16 port)
{
	struct halb_net *hn = s->pkt->hn;
	__be16 vport = htons(port);
	int i, err;

	if (s->ftp->passive)
		forget(s, 0, s->ftp->passive);
	s->ftp->passive = 0;
	/* the server has said it anew, to this connection */
	kill_if(hn, find_reply(hn, s->conn, HALB_TUPLE_EXPECTED, vport, 0));
	if (!has_room(s))
		return halb_drop(s->pkt, CONN_LIMIT);
	for (i = 0; i < HALB_FTP_TRIES; i++) {
		if (!is_served(s, vport)) {
			err = expect(s, 0, vport, htons(port));
			if (!err) {
				s->ftp->passive = vport;
				return HALB_GO_ON;
			}
			if (err != -EEXIST)
				return refuse(s->pkt, err);
		}
		vport = htons(HALB_FTP_PORT_MIN +
			      get_random_u32() % (U16_MAX + 1 -
						  HALB_FTP_PORT_MIN));
	}
	return halb_drop(s->pkt, FTP_PORT);
}

/* The server is going to connect to the client at @port. */
static unsigned int expect_server(const struct segment *s, u16 port)
{
	struct halb_net *hn = s->pkt->hn;
	__be16 cport = htons(port), vport = data_vport(s);
	int err;

	if (s->ftp->active)
		forget(s, s->ftp->active, vport);
	s->ftp->active = 0;
	/* the client has said it anew, to this connection */
	kill_if(hn, find(hn, s->conn, HALB_TUPLE_EXPECTED, cport, vport));
	kill_if(hn, find_reply(hn, s->conn, HALB_TUPLE_EXPECTED, 0, cport));
	if (!has_room(s))
		return halb_drop(s->pkt, CONN_LIMIT);
	err = expect(s, cport, vport, 0);
	if (err)
		return refuse(s->pkt, err);
	s->ftp->active = cport;
	return HALB_GO_ON;
}

/* --- who was expected ------------------------------------------------------- */

/* The name of a packet's sender without its port. */
static struct rhash_head *find_expected(const struct halb_packet *pkt)
{
	struct halb_key4 key4;
	struct halb_key6 key6;

	if (pkt->v6) {
		key6.tuple = pkt->tuple6;
		key6.tuple.kind = HALB_TUPLE_EXPECTED;
		key6.tuple.cport = 0;
		key6.hash = halb_hash6(&key6.tuple);
		return halb_conn_lookup6(pkt->hn, &key6);
	}
	key4.tuple = pkt->tuple4;
	key4.tuple.kind = HALB_TUPLE_EXPECTED;
	key4.tuple.cport = 0;
	key4.hash = halb_hash4(&key4.tuple);
	return halb_conn_lookup4(pkt->hn, &key4);
}

static u32 first_state(const struct halb_packet *pkt, enum halb_side side)
{
	u32 state = halb_tcp_next(side == HALB_SIDE_CLIENT ? HALB_TCP_INPUT :
							     HALB_TCP_OUTPUT,
				  pkt->tcp_flags, HALB_CONN_STATE_NONE);

	if (!halb_tcp_state_active(state))
		state |= HALB_CONN_INACTIVE;
	return state | HALB_CONN_DATA;
}

/* The connection that takes the place of @expected. */
static struct halb_conn *make_data(const struct halb_packet *pkt,
				   struct halb_conn *expected,
				   enum halb_side side)
{
	struct halb_conn *conn;
	__be16 port;

	conn = halb_conn_alloc(expected->server, pkt->v6,
			       first_state(pkt, side));
	if (IS_ERR(conn))
		return conn;
	*halb_conn_data(conn) = *halb_conn_data(expected);
	port = pkt->v6 ? pkt->tuple6.cport : pkt->tuple4.cport;
	if (side == HALB_SIDE_SERVER)
		halb_conn_data(conn)->port = port;
	if (pkt->v6) {
		conn->tuple6 = expected->tuple6;
		conn->tuple6.kind = HALB_TUPLE_FLOW;
		if (side == HALB_SIDE_CLIENT)
			conn->tuple6.cport = port;
		conn->hash[0] = halb_hash6(&conn->tuple6);
	} else {
		conn->tuple4 = expected->tuple4;
		conn->tuple4.kind = HALB_TUPLE_FLOW;
		if (side == HALB_SIDE_CLIENT)
			conn->tuple4.cport = port;
		conn->hash[0] = halb_hash4(&conn->tuple4);
	}
	return conn;
}

/* A connection from the same ports that has ended makes room. */
static bool make_way(struct halb_net *hn, struct halb_conn *old)
{
	if (!old || !(READ_ONCE(old->state) & HALB_CONN_INACTIVE))
		return false;
	halb_conn_kill(hn, old);
	return true;
}

static struct halb_conn *find_clash(const struct halb_packet *pkt,
				    struct halb_conn *expected,
				    enum halb_side side)
{
	__be16 port = pkt->v6 ? pkt->tuple6.cport : pkt->tuple4.cport;
	__be16 cport = pkt->v6 ? expected->tuple6.cport :
				 expected->tuple4.cport;

	if (side == HALB_SIDE_CLIENT)
		return find_reply(pkt->hn, expected, HALB_TUPLE_FLOW,
				  halb_conn_data(expected)->port, port);
	return find_reply(pkt->hn, expected, HALB_TUPLE_FLOW, port, cport);
}

static struct halb_conn *connect(const struct halb_packet *pkt,
				 struct halb_conn *expected,
				 enum halb_side side)
{
	struct halb_net *hn = pkt->hn;
	struct halb_conn *conn, *old;
	int i;

	for (i = 0; i < 3; i++) {
		conn = make_data(pkt, expected, side);
		if (IS_ERR(conn))
			return conn;
		old = halb_conn_insert(hn, conn, NULL);
		if (old == conn) {
			halb_count_conn(conn->server);
			return conn;
		}
		if (old == ERR_PTR(-EADDRINUSE))
			old = find_clash(pkt, expected, side);
		if (IS_ERR(old))
			return old;
		if (!make_way(hn, old))
			break;
	}
	return ERR_PTR(-EADDRINUSE);
}

/**
 * halb_ftp_schedule - a SYN of no connection: is it one that is expected?
 * @pkt: SYN, of a client or a server
 *
 * Context: softirq, RCU read side. Return: HALB_GO_ON if it is not, or a
 * verdict.
 */
unsigned int halb_ftp_schedule(struct halb_packet *pkt)
{
	struct rhash_head *node = find_expected(pkt);
	struct halb_conn *expected, *conn;
	enum halb_side side;
	unsigned long flags;

	if (!node)
		return HALB_GO_ON;
	expected = halb_conn_of(node);
	side = halb_conn_side(node);
	flags = READ_ONCE(expected->server->flags);
	if (flags & HALB_SERVER_STANDBY)
		return halb_pass(pkt, NOT_MASTER);
	/* has come to its service since: it has no ftp any more */
	if (flags & (HALB_SERVER_REMOVED | HALB_SERVER_STACK) ||
	    !halb_conn_expires(pkt->hn, expected)) {
		halb_conn_kill(pkt->hn, expected);
		return HALB_GO_ON;
	}
	if (!halb_source_valid(pkt))
		return NF_DROP;
	/* on another CPU another one was first, or the same one, repeated */
	if (!halb_conn_kill(pkt->hn, expected))
		return halb_drop(pkt, TABLE_BUSY);
	conn = connect(pkt, expected, side);
	if (IS_ERR(conn))
		return refuse(pkt, PTR_ERR(conn));
	halb_half_open_add(pkt->hn, conn->hash[0], pkt->v6);
	halb_packet_follow(pkt, conn->server);
	if (side == HALB_SIDE_CLIENT)
		halb_count_in(conn->server, pkt->skb);
	else
		halb_count_out(conn->server, pkt->skb);
	return halb_forward(pkt, conn, side);
}

/* --- lines ------------------------------------------------------------------ */

static bool names_client(const struct segment *s,
			 const struct halb_ftp_line *line)
{
	if (line->v6 != s->pkt->v6 || line->port < HALB_FTP_PORT_MIN)
		return false;
	return line->v6 ?
		!memcmp(line->addr, &s->conn->tuple6.client, 16) :
		!memcmp(line->addr, &s->conn->tuple4.client, 4);
}

/* HALB_GO_ON, or a verdict. */
static unsigned int obey(const struct segment *s,
			 const struct halb_ftp_line *line)
{
	struct halb_ftp *ftp = s->ftp;

	ftp->awaited = HALB_FTP_OTHER;
	ftp->held = 0;
	switch (line->word) {
	case HALB_FTP_PASV:
		if (!s->pkt->v6)
			ftp->awaited = HALB_FTP_PASV;
		return HALB_GO_ON;
	case HALB_FTP_EPSV:
		if (line->any_family || line->v6 == s->pkt->v6)
			ftp->awaited = HALB_FTP_EPSV;
		return HALB_GO_ON;
	}
	if (names_client(s, line))
		return expect_server(s, line->port);
	/* the server may obey or not: it does so without us */
	halb_pass_count(s->pkt->hn, FTP_BOUNCE);
	return HALB_GO_ON;
}

/* The lines of a client that are new: HALB_GO_ON, or a verdict. */
static unsigned int read_commands(const struct segment *s)
{
	const char *data = data_of(s), *newline;
	struct halb_ftp *ftp = s->ftp;
	struct halb_ftp_line line;
	unsigned int at = 0, len, verdict;

	while (at < s->len) {
		newline = memchr(data + at, '\n', s->len - at);
		if (!newline)
			break;
		len = newline - (data + at) + 1;
		if ((!ftp->listening ||
		     halb_ftp_before(ftp->heard, s->seq + at + len)) &&
		    len <= HALB_FTP_LINE_MAX &&
		    halb_ftp_command(data + at, len, &line)) {
			verdict = obey(s, &line);
			if (verdict != HALB_GO_ON)
				return verdict;
		}
		at += len;
		if (!ftp->listening ||
		    halb_ftp_before(ftp->heard, s->seq + at)) {
			ftp->heard = s->seq + at;
			ftp->listening = true;
		}
	}
	return HALB_GO_ON;
}

/*
 * The answer, whole: the client gets the VIP's address and port in its place.
 * HALB_GO_ON, or a verdict.
 */
static unsigned int announce(const struct segment *s, unsigned int at,
			     const struct halb_ftp_line *answer)
{
	const u8 *vip = (const u8 *)&s->conn->tuple4.vip;
	struct halb_ftp *ftp = s->ftp;
	char text[HALB_FTP_TEXT_MAX + 1];
	unsigned int verdict, len;

	/* the one before may have to be repeated yet */
	if (ftp->stream.old_len)
		return halb_drop(s->pkt, FTP_HELD);
	if (answer->port < HALB_FTP_PORT_MIN) {
		halb_pass_count(s->pkt->hn, FTP_BOUNCE);
		ftp->awaited = HALB_FTP_OTHER;
		return HALB_GO_ON;
	}
	verdict = expect_client(s, answer->port);
	if (verdict != HALB_GO_ON)
		return verdict;
	ftp->awaited = HALB_FTP_OTHER;
	len = halb_ftp_print(text, answer->word, vip, ntohs(ftp->passive));
	at += answer->at;
	if (len != answer->len || memcmp(text, data_of(s) + at, len))
		halb_ftp_replace(&ftp->stream, s->seq + at, answer->len, text,
				 len);
	return HALB_GO_ON;
}

/* An answer of which the rest is missing. HALB_GO_ON, or a verdict. */
static unsigned int hold(const struct segment *s)
{
	if (s->ftp->held++ < HALB_FTP_HOLDS)
		return halb_drop(s->pkt, FTP_HELD);
	halb_pass_count(s->pkt->hn, FTP_CUT);
	s->ftp->awaited = HALB_FTP_OTHER;
	return HALB_GO_ON;
}

/* The lines of a server that are new: HALB_GO_ON, or a verdict. */
static unsigned int read_answers(const struct segment *s)
{
	const struct halb_ftp_stream *stream = &s->ftp->stream;
	unsigned int at = stream->known ? stream->front - s->seq : 0;
	bool begins = !stream->known || stream->line_start;
	const char *data = data_of(s), *newline;
	struct halb_ftp_line answer;
	unsigned int len;

	for (; at < s->len; at += len, begins = true) {
		newline = memchr(data + at, '\n', s->len - at);
		len = newline ? newline - (data + at) + 1 : s->len - at;
		if (!begins || len > HALB_FTP_LINE_MAX)
			continue;
		if (!newline) {
			if (halb_ftp_may_answer(data + at, len,
						s->ftp->awaited))
				return hold(s);
		} else if (halb_ftp_answer(data + at, len, s->ftp->awaited,
					   &answer)) {
			return announce(s, at, &answer);
		}
	}
	return HALB_GO_ON;
}

/* --- segments --------------------------------------------------------------- */

static __wsum sum_of(const struct segment *s, bool whole)
{
	const struct sk_buff *skb = s->pkt->skb;
	unsigned int from = s->pkt->thoff;

	return csum_partial(skb->data + from,
			    (whole ? skb->len : s->off) - from, 0);
}

/* As all of halb: adjusted, never computed. */
static void mend_checksum(const struct segment *s, __wsum old, __wsum new)
{
	if (s->pkt->skb->ip_summed != CHECKSUM_PARTIAL)
		csum_replace_by_diff(&halb_tcp_hdr(s->pkt)->check,
				     csum_sub(new, old));
}

/* Makes room, or takes it away, for the text at @at. False without memory. */
static bool resize(struct segment *s, unsigned int at, int grow)
{
	const struct halb_ftp_stream *stream = &s->ftp->stream;
	struct sk_buff *skb = s->pkt->skb;
	unsigned int rest = skb->len - at - stream->old_len;
	u8 *text;

	if (grow > skb_tailroom(skb) &&
	    pskb_expand_head(skb, 0, grow - skb_tailroom(skb), GFP_ATOMIC))
		return false;
	text = skb->data + at;
	if (grow > 0)
		skb_put(skb, grow);
	memmove(text + stream->new_len, text + stream->old_len, rest);
	if (grow < 0)
		__skb_trim(skb, skb->len + grow);
	return true;
}

static void set_length(const struct segment *s, int grow)
{
	struct sk_buff *skb = s->pkt->skb;
	__be16 old = htons(skb->len - grow - s->pkt->thoff);
	__be16 new = htons(skb->len - s->pkt->thoff);

	inet_proto_csum_replace2(&halb_tcp_hdr(s->pkt)->check, skb, old, new,
				 true);
	if (s->pkt->v6) {
		ipv6_hdr(skb)->payload_len = htons(skb->len -
						   sizeof(struct ipv6hdr));
	} else {
		struct iphdr *iph = ip_hdr(skb);

		new = htons(skb->len);
		csum_replace2(&iph->check, iph->tot_len, new);
		iph->tot_len = new;
	}
}

/* A super-packet has so many segments, or is none any more. */
static void set_segments(const struct segment *s)
{
	struct sk_buff *skb = s->pkt->skb;
	unsigned int len = skb->len - s->off;

	if (!skb_is_gso(skb))
		return;
	if (len <= skb_shinfo(skb)->gso_size)
		skb_gso_reset(skb);
	else
		skb_shinfo(skb)->gso_segs =
			DIV_ROUND_UP(len, skb_shinfo(skb)->gso_size);
}

/* Puts the text into a segment that holds the one it replaces. */
static bool put_text(struct segment *s)
{
	const struct halb_ftp_stream *stream = &s->ftp->stream;
	unsigned int at = s->off + (stream->pos - s->seq);
	int grow = stream->new_len - stream->old_len;
	struct sk_buff *skb = s->pkt->skb;
	__wsum old;

	if (skb->len + grow > IP_MAX_MTU ||
	    skb_ensure_writable(skb, skb->len))
		return false;
	skb_forward_csum(skb);
	old = sum_of(s, true);
	if (!resize(s, at, grow))
		return false;
	memcpy(skb->data + at, stream->text, stream->new_len);
	mend_checksum(s, old, sum_of(s, true));
	if (grow) {
		set_length(s, grow);
		set_segments(s);
	}
	return true;
}

/* The SACK blocks of a client, as the server counts. */
static void shift_sack(const struct segment *s)
{
	const struct halb_ftp_stream *stream = &s->ftp->stream;
	u8 *opt = (u8 *)(halb_tcp_hdr(s->pkt) + 1);
	const u8 *end = s->pkt->skb->data + s->off;
	__be32 edge;
	int i;

	while (end - opt >= 2 && *opt != TCPOPT_EOL) {
		if (*opt == TCPOPT_NOP) {
			opt++;
			continue;
		}
		if (opt[1] < 2 || opt[1] > end - opt)
			return;
		for (i = 2; opt[0] == TCPOPT_SACK && i + 4 <= opt[1]; i += 4) {
			memcpy(&edge, opt + i, 4);
			edge = htonl(halb_ftp_to_sender(stream, ntohl(edge),
							i % 8 == 2));
			memcpy(opt + i, &edge, 4);
		}
		opt += opt[1];
	}
}

/* What a client has received, as the server counts. */
static bool shift_ack(const struct segment *s)
{
	struct halb_ftp_stream *stream = &s->ftp->stream;
	struct tcphdr *th = halb_tcp_hdr(s->pkt);
	u32 ack = ntohl(th->ack_seq);
	__wsum old;

	if (!th->ack || halb_ftp_stream_plain(stream))
		return true;
	if (skb_ensure_writable(s->pkt->skb, s->off))
		return false;
	th = halb_tcp_hdr(s->pkt);
	old = sum_of(s, false);
	th->ack_seq = htonl(halb_ftp_to_sender(stream, ack, false));
	shift_sack(s);
	mend_checksum(s, old, sum_of(s, false));
	halb_ftp_acknowledged(stream, ack);
	return true;
}

/* What the server sends, as the client counts. */
static bool shift_seq(const struct segment *s)
{
	const struct halb_ftp_stream *stream = &s->ftp->stream;
	struct tcphdr *th;
	__wsum old;

	if (halb_ftp_stream_plain(stream))
		return true;
	if (skb_ensure_writable(s->pkt->skb, s->off))
		return false;
	th = halb_tcp_hdr(s->pkt);
	old = sum_of(s, false);
	th->seq = htonl(halb_ftp_to_receiver(stream, s->seq));
	mend_checksum(s, old, sum_of(s, false));
	return true;
}

/* Can the lines of the segment be read? False without memory. */
static bool readable(const struct segment *s)
{
	return s->len > HALB_FTP_READ_MAX || !skb_linearize(s->pkt->skb);
}

/* HALB_GO_ON, or a verdict. */
static unsigned int from_client(struct segment *s)
{
	unsigned int verdict;

	if (s->len) {
		if (!readable(s))
			return halb_drop(s->pkt, NO_MEMORY);
		if (s->len <= HALB_FTP_READ_MAX) {
			verdict = read_commands(s);
			if (verdict != HALB_GO_ON)
				return verdict;
		}
	}
	return shift_ack(s) ? HALB_GO_ON : halb_drop(s->pkt, NO_MEMORY);
}

/* Looks for the answer that is awaited: HALB_GO_ON, or a verdict. */
static unsigned int look_for_answer(const struct segment *s)
{
	const struct halb_ftp_stream *stream = &s->ftp->stream;

	if (!s->ftp->awaited || s->len > HALB_FTP_READ_MAX ||
	    (stream->known &&
	     !halb_ftp_before(stream->front, s->seq + s->len)))
		return HALB_GO_ON;
	/* what comes before it may be the answer */
	if (stream->known && halb_ftp_before(stream->front, s->seq))
		return halb_drop(s->pkt, FTP_HELD);
	if (!readable(s))
		return halb_drop(s->pkt, NO_MEMORY);
	return read_answers(s);
}

static bool ends_line(const struct segment *s)
{
	const struct sk_buff *skb = s->pkt->skb;
	char last;

	return !skb_copy_bits(skb, skb->len - 1, &last, 1) && last == '\n';
}

/* HALB_GO_ON, or a verdict. */
static unsigned int from_server(struct segment *s)
{
	struct halb_ftp_stream *stream = &s->ftp->stream;
	u32 end = s->seq + s->len;
	unsigned int verdict;

	if (s->pkt->tcp_flags & HALB_TCP_SYN) {
		/* until the client has taken it up there may be another */
		if ((READ_ONCE(s->conn->state) & HALB_CONN_STATE_MASK) !=
		    HALB_CONN_STATE_ESTABLISHED)
			stream->known = false;
		halb_ftp_sent(stream, s->seq + 1, true);
		return HALB_GO_ON;
	}
	if (s->len) {
		verdict = look_for_answer(s);
		if (verdict != HALB_GO_ON)
			return verdict;
		switch (halb_ftp_overlap(stream, s->seq, s->len)) {
		case HALB_FTP_APART:
			break;
		case HALB_FTP_WHOLE:
			if (!put_text(s))
				return halb_drop(s->pkt, NO_MEMORY);
			break;
		case HALB_FTP_CUT:
			return halb_drop(s->pkt, FTP_HELD);
		}
	}
	if (!shift_seq(s))
		return halb_drop(s->pkt, NO_MEMORY);
	if (s->len)
		halb_ftp_sent(stream, end, ends_line(s));
	return HALB_GO_ON;
}

static unsigned int one_to_server(struct halb_packet *pkt,
				  struct halb_conn *conn)
{
	return halb_ftp_forward(pkt, conn, HALB_SIDE_CLIENT);
}

static unsigned int one_to_client(struct halb_packet *pkt,
				  struct halb_conn *conn)
{
	return halb_ftp_forward(pkt, conn, HALB_SIDE_SERVER);
}

/**
 * halb_ftp_forward - a packet of a control connection
 * @pkt: packet, counted
 * @conn: its connection, HALB_CONN_FTP
 * @side: who sent it
 *
 * Context: softirq, RCU read side. Return: verdict.
 */
unsigned int halb_ftp_forward(struct halb_packet *pkt, struct halb_conn *conn,
			      enum halb_side side)
{
	struct segment s = {
		.pkt = pkt, .conn = conn, .ftp = halb_conn_ftp(conn),
	};
	bool to_server = side == HALB_SIDE_CLIENT;
	unsigned int verdict;

	if (unlikely(halb_is_list(pkt->skb)))
		return halb_one_by_one(pkt, conn, to_server ? one_to_server :
							      one_to_client);
	s.off = pkt->thoff + halb_tcp_hdr(pkt)->doff * 4;
	if (s.off < pkt->thoff + sizeof(struct tcphdr) ||
	    !pskb_may_pull(pkt->skb, s.off))
		return halb_drop(pkt, BAD_HEADER);
	s.len = pkt->skb->len - s.off;
	s.seq = ntohl(halb_tcp_hdr(pkt)->seq);

	spin_lock(&s.ftp->lock);
	verdict = to_server ? from_client(&s) : from_server(&s);
	spin_unlock(&s.ftp->lock);
	if (verdict != HALB_GO_ON)
		return verdict;
	return to_server ? halb_xmit_to_server(pkt, conn) :
			   halb_xmit_to_client(pkt, conn);
}

/**
 * halb_ftp_quoted - the sequence number of a server's segment that came back
 * @conn: control connection
 * @seq: number, as the client counts; becomes the server's
 */
void halb_ftp_quoted(const struct halb_conn *conn, __be32 *seq)
{
	struct halb_ftp *ftp = halb_conn_ftp(conn);

	spin_lock(&ftp->lock);
	*seq = htonl(halb_ftp_to_sender(&ftp->stream, ntohl(*seq), false));
	spin_unlock(&ftp->lock);
}
