// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/ftp_parse.c: any bytes at all, from buffers that end where the line ends, under
 * AddressSanitizer; what is understood is what the kernel prints. kmod/ftp_stream.c: a sender
 * and a receiver with the director between them, on a network that loses, repeats, cuts and
 * joins segments: the receiver gets the edited text, and what it acknowledges is never more
 * than what it has.
 */
#include "shim/kernel.h"
#include "tap.h"
#include "../../kmod/ftp_stream.h"

static u64 seed = 1;

static u32 rnd(u32 below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 16) % below;
}

/* --- any bytes ----------------------------------------------------------------------------- */

static const char *const words[] = {
	"PASV", "EPSV", "PORT", "EPRT", "227 ", "229 ", "227", "229-", " ", ",", "|", "(", ")",
	"|||", "(|||", "|1|", "|2|", "\r", "\n", "1", "2", "10,2,0,11", "255", "256", "65535",
	"65536", "99999999999", "10.1.0.2", "fd00::1", "::", "ALL", "!", "0", "00000000", "\xff",
};

static unsigned int sentence(char *line, unsigned int size)
{
	unsigned int n = 0, i, count = rnd(12);

	for (i = 0; i < count; i++) {
		/* half of them begin like lines that say something */
		const char *word = words[rnd(i || rnd(2) ? ARRAY_SIZE(words) : 6)];
		unsigned int len = strlen(word);

		if (n + len > size)
			break;
		memcpy(line + n, word, len);
		n += len;
	}
	while (n && !rnd(4))
		line[rnd(n)] = rnd(256);
	return n;
}

static bool sound(const struct halb_ftp_line *line, unsigned int len, bool answer)
{
	if (!answer && line->word <= HALB_FTP_EPSV)
		return true;
	return line->port && (!answer || (line->len && line->len <= HALB_FTP_TEXT_MAX &&
					  line->at >= 4 && line->at + line->len <= len));
}

static void fuzz(unsigned int rounds)
{
	unsigned int i, n, understood = 0, bad = 0;
	struct halb_ftp_line result;
	char text[160];

	for (i = 0; i < rounds; i++) {
		char *line;
		u8 awaited = rnd(2) ? HALB_FTP_PASV : HALB_FTP_EPSV;

		n = sentence(text, sizeof(text));
		line = malloc(n ?: 1);
		memcpy(line, text, n);
		if (halb_ftp_command(line, n, &result)) {
			understood++;
			bad += !sound(&result, n, false);
		}
		if (halb_ftp_answer(line, n, awaited, &result)) {
			understood++;
			bad += !sound(&result, n, true) ||
			       !halb_ftp_may_answer(line, n, awaited) ||
			       !halb_ftp_may_answer(line, rnd(n + 1), awaited);
		}
		free(line);
	}
	ok(!bad && understood > rounds / 100,
	   "%u lines of nonsense: %u understood, %u of them wrongly", rounds, understood, bad);
}

static void print(void)
{
	char text[HALB_FTP_TEXT_MAX + 1], line[64];
	const u8 addr[4] = { 255, 255, 255, 255 };
	struct halb_ftp_line result;
	unsigned int port, n, bad = 0;

	for (port = 1; port < 65536; port++) {
		n = halb_ftp_print(text, HALB_FTP_PASV, addr, port);
		bad += n > HALB_FTP_TEXT_MAX || n != strlen(text);
		n = sprintf(line, "227 x (%s)\n", text);
		bad += !halb_ftp_answer(line, n, HALB_FTP_PASV, &result) || result.port != port;
		n = halb_ftp_print(text, HALB_FTP_EPSV, addr, port);
		n = sprintf(line, "229 x (|||%s|)\n", text);
		bad += !halb_ftp_answer(line, n, HALB_FTP_EPSV, &result) || result.port != port;
	}
	ok(!bad, "every port, printed and read");
}

/* --- a stream ------------------------------------------------------------------------------ */

enum { LINES = 200, LINE = 60, NEW = 80 };

static struct {
	char old[LINES * LINE], want[LINES * NEW], got[LINES * NEW];
	u32 old_len, want_len, base;
	u32 at[LINES], begin[LINES], end[LINES];	/* of lines; @at: text to be replaced */
	u8 cut[LINES], len[LINES];
	char text[LINES][HALB_FTP_TEXT_MAX];
	u32 una, next, have;		/* offsets: sender, receiver */
	bool got_byte[LINES * NEW];
} w;

static void make_world(void)
{
	u32 i, n;

	memset(&w, 0, sizeof(w));
	w.base = rnd(4) ? (u32)-1 - rnd(3000) : rnd(1u << 31);
	for (i = 0; i < LINES; i++) {
		w.begin[i] = w.old_len;
		n = 4 + rnd(20);
		memset(w.old + w.old_len, 'a' + i % 26, n);
		memset(w.want + w.want_len, 'a' + i % 26, n);
		w.old_len += n;
		w.want_len += n;
		if (rnd(2)) {
			w.at[i] = w.old_len;
			w.cut[i] = 1 + rnd(HALB_FTP_TEXT_MAX);
			w.len[i] = 1 + rnd(HALB_FTP_TEXT_MAX);
			memset(w.text[i], '0' + i % 10, w.len[i]);
			memset(w.old + w.old_len, '#', w.cut[i]);
			memcpy(w.want + w.want_len, w.text[i], w.len[i]);
			w.old_len += w.cut[i];
			w.want_len += w.len[i];
		}
		w.old[w.old_len++] = '\n';
		w.want[w.want_len++] = '\n';
		w.end[i] = w.old_len;
	}
}

/* What halb does with a segment: false to drop it. */
static bool director(struct halb_ftp_stream *stream, u32 seq, u32 len)
{
	char out[sizeof(w.old) + HALB_FTP_TEXT_MAX];
	u32 i, off = seq - w.base, to, n = len;

	for (i = 0; i < LINES; i++) {
		if (!w.cut[i] || w.end[i] <= stream->front - w.base ||
		    w.begin[i] >= off + len)
			continue;
		/* new to us, in order and whole, or it is held back */
		if (stream->front - w.base < off || stream->old_len ||
		    w.begin[i] < stream->front - w.base || w.end[i] > off + len)
			return false;
		halb_ftp_replace(stream, w.base + w.at[i], w.cut[i], w.text[i], w.len[i]);
		break;
	}
	/* no second one in the same segment */
	for (i++; i < LINES; i++)
		if (w.cut[i] && w.end[i] > stream->front - w.base && w.begin[i] < off + len) {
			stream->old_len = stream->new_len = 0;
			return false;
		}
	/* and nothing of a later line before it */
	if (halb_ftp_before(stream->front, seq))
		return false;
	memcpy(out, w.old + off, len);
	switch (halb_ftp_overlap(stream, seq, len)) {
	case HALB_FTP_CUT:
		return false;
	case HALB_FTP_WHOLE:
		i = stream->pos - seq;
		memcpy(out + i, stream->text, stream->new_len);
		memcpy(out + i + stream->new_len, w.old + off + i + stream->old_len,
		       len - i - stream->old_len);
		n = len - stream->old_len + stream->new_len;
		break;
	case HALB_FTP_APART:
		break;
	}
	to = halb_ftp_to_receiver(stream, seq) - w.base;
	halb_ftp_sent(stream, seq + len, out[n - 1] == '\n');
	if (!rnd(5))
		return true;	/* lost behind us */
	/* or cut, as a super-packet is, and a part of it lost */
	i = rnd(3) ? 0 : rnd(n);
	n = rnd(3) ? n : i + rnd(n - i + 1);
	for (; i < n; i++) {
		/* older than what it has, perhaps older than the first */
		if (halb_ftp_before(to + i, w.have))
			continue;
		w.got[to + i] = out[i];
		w.got_byte[to + i] = true;
	}
	while (w.have < w.want_len && w.got_byte[w.have])
		w.have++;
	return true;
}

/* The receiver's number, as the sender hears it; never more than what it has. */
static bool acknowledge(struct halb_ftp_stream *stream)
{
	u32 ack = w.base + w.have, heard, i, limit = 0, shift = 0;

	heard = halb_ftp_to_sender(stream, ack, false);
	halb_ftp_acknowledged(stream, ack);
	/* the same, by the book */
	for (i = 0; i < LINES; i++) {
		u32 text = w.at[i] + shift;

		if (!w.cut[i])
			continue;
		if (w.have < text + w.len[i]) {
			limit = w.have > text ? w.at[i] : w.have - shift;
			break;
		}
		shift += w.len[i] - w.cut[i];
	}
	if (i == LINES)
		limit = w.have - shift;
	if (heard - w.base != limit)
		return false;
	if (rnd(4) && heard - w.base > w.una)
		w.una = heard - w.base;
	return true;
}

static bool stream_once(void)
{
	struct halb_ftp_stream stream = {};
	unsigned int step;

	make_world();
	halb_ftp_sent(&stream, w.base, true);
	for (step = 0; step < 200000 && w.una < w.old_len; step++) {
		u32 from = rnd(3) ? w.una : w.next, len;

		if (from > w.una && !rnd(2))
			from = w.una + rnd(from - w.una);
		if (rnd(2)) {		/* a line, whole, as a server sends it */
			u32 i = 0;

			while (w.end[i] <= w.una)
				i++;
			from = rnd(2) ? w.una : w.begin[i];
			len = w.end[i] - from;
		} else {
			len = 1 + rnd(150);
		}
		if (from >= w.old_len)
			continue;
		if (len > w.old_len - from)
			len = w.old_len - from;
		if (rnd(6))
			director(&stream, w.base + from, len);
		if (w.next < from + len)
			w.next = from + len;
		if (!acknowledge(&stream)) {
			note("acknowledged what it has not");
			return false;
		}
	}
	if (w.una < w.old_len)
		note("stopped at %u of %u", w.una, w.old_len);
	return w.una == w.old_len && w.have == w.want_len &&
	       !memcmp(w.got, w.want, w.want_len);
}

int main(void)
{
	unsigned int i, bad = 0;

	ok(halb_ftp_selftest(), "the self-test of the module");
	print();
	fuzz(2000000);
	for (i = 0; i < 300; i++)
		bad += !stream_once();
	ok(!bad, "300 streams of %d lines each, half of them edited, arrive as they should: %u do not",
	   LINES, bad);
	return done();
}
