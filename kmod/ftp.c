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
 * Who is expected, and what becomes of him: see ftp_expect.c.
 *
 * An answer is rewritten only where nothing of it, or after it, went out yet:
 * as long as one is awaited, what the server sends out of order is held back,
 * and so is an answer of which only a part is there. TCP repeats both.
 *
 * Only lines are understood that begin a segment or follow another line in it,
 * and that are there whole. The address in an answer is not believed, nor one
 * of a client that is not its own (RFC 2577), nor ports below 1024.
 */
#include <linux/bitops.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/tcp.h>

#include "ftp_segment.h"
#include "xmit.h"

/* what a segment may carry for its lines to be read */
#define HALB_FTP_READ_MAX	8192U
/* how often an answer that is not there whole is held back */
#define HALB_FTP_HOLDS		3

static const char *data_of(const struct halb_ftp_segment *s)
{
	return (const char *)s->pkt->skb->data + s->off;
}

/* --- lines ------------------------------------------------------------------ */

static bool names_client(const struct halb_ftp_segment *s,
			 const struct halb_ftp_line *line)
{
	if (line->v6 != s->pkt->v6 || line->port < HALB_FTP_PORT_MIN)
		return false;
	return line->v6 ?
		!memcmp(line->addr, &s->conn->tuple6.client, 16) :
		!memcmp(line->addr, &s->conn->tuple4.client, 4);
}

/* HALB_GO_ON, or a verdict. */
static unsigned int obey(const struct halb_ftp_segment *s,
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
		return halb_ftp_expect_server(s, line->port);
	/* the server may obey or not: it does so without us */
	halb_pass_count(s->pkt->hn, FTP_BOUNCE);
	return HALB_GO_ON;
}

/* The lines of a client that are new: HALB_GO_ON, or a verdict. */
static unsigned int read_commands(const struct halb_ftp_segment *s)
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
static unsigned int announce(const struct halb_ftp_segment *s, unsigned int at,
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
	verdict = halb_ftp_expect_client(s, answer->port);
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
static unsigned int hold(const struct halb_ftp_segment *s)
{
	if (s->ftp->held++ < HALB_FTP_HOLDS)
		return halb_drop(s->pkt, FTP_HELD);
	halb_pass_count(s->pkt->hn, FTP_CUT);
	s->ftp->awaited = HALB_FTP_OTHER;
	return HALB_GO_ON;
}

/* The lines of a server that are new: HALB_GO_ON, or a verdict. */
static unsigned int read_answers(const struct halb_ftp_segment *s)
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

static __wsum sum_of(const struct halb_ftp_segment *s, bool whole)
{
	const struct sk_buff *skb = s->pkt->skb;
	unsigned int from = s->pkt->thoff;

	return csum_partial(skb->data + from,
			    (whole ? skb->len : s->off) - from, 0);
}

/* As all of halb: adjusted, never computed. */
static void mend_checksum(const struct halb_ftp_segment *s, __wsum old, __wsum new)
{
	if (s->pkt->skb->ip_summed != CHECKSUM_PARTIAL)
		csum_replace_by_diff(&halb_tcp_hdr(s->pkt)->check,
				     csum_sub(new, old));
}

/* Makes room, or takes it away, for the text at @at. False without memory. */
static bool resize(struct halb_ftp_segment *s, unsigned int at, int grow)
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

static void set_length(const struct halb_ftp_segment *s, int grow)
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
static void set_segments(const struct halb_ftp_segment *s)
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
static bool put_text(struct halb_ftp_segment *s)
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
static void shift_sack(const struct halb_ftp_segment *s)
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
static bool shift_ack(const struct halb_ftp_segment *s)
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
static bool shift_seq(const struct halb_ftp_segment *s)
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
static bool readable(const struct halb_ftp_segment *s)
{
	return s->len > HALB_FTP_READ_MAX || !skb_linearize(s->pkt->skb);
}

/* HALB_GO_ON, or a verdict. */
static unsigned int from_client(struct halb_ftp_segment *s)
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
static unsigned int look_for_answer(const struct halb_ftp_segment *s)
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

static bool ends_line(const struct halb_ftp_segment *s)
{
	const struct sk_buff *skb = s->pkt->skb;
	char last;

	return !skb_copy_bits(skb, skb->len - 1, &last, 1) && last == '\n';
}

/* HALB_GO_ON, or a verdict. */
static unsigned int from_server(struct halb_ftp_segment *s)
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
	struct halb_ftp_segment s = {
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
