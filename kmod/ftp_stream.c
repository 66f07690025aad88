// SPDX-License-Identifier: GPL-2.0
#include <linux/string.h>

#include "ftp_stream.h"

static u32 text_end(const struct halb_ftp_stream *stream)
{
	return stream->pos + stream->old_len;
}

/**
 * halb_ftp_overlap - where a segment stands to the text that is replaced
 * @stream: stream
 * @seq: the sender's number of its first byte
 * @len: its length
 */
enum halb_ftp_overlap halb_ftp_overlap(const struct halb_ftp_stream *stream,
				       u32 seq, u32 len)
{
	u32 end = seq + len;

	if (!stream->old_len || !len ||
	    !halb_ftp_before(seq, text_end(stream)) ||
	    !halb_ftp_before(stream->pos, end))
		return HALB_FTP_APART;
	if (halb_ftp_before(stream->pos, seq) ||
	    halb_ftp_before(end, text_end(stream)))
		return HALB_FTP_CUT;
	return HALB_FTP_WHOLE;
}

/**
 * halb_ftp_replace - the text at the end of the stream is replaced
 * @stream: stream, without a replacement that is not acknowledged
 * @pos: the sender's number of its first byte, not before @stream's front
 * @old_len: its length, not 0
 * @text: what stands there instead
 * @new_len: length of that, not above HALB_FTP_TEXT_MAX
 */
void halb_ftp_replace(struct halb_ftp_stream *stream, u32 pos, u8 old_len,
		      const char *text, u8 new_len)
{
	stream->pos = pos;
	stream->old_len = old_len;
	stream->new_len = new_len;
	memcpy(stream->text, text, new_len);
}

/**
 * halb_ftp_to_receiver - a number of the sender, as the receiver counts
 * @stream: stream
 * @seq: number, not within the replaced text
 */
u32 halb_ftp_to_receiver(const struct halb_ftp_stream *stream, u32 seq)
{
	if (stream->old_len && halb_ftp_before(seq, text_end(stream)))
		return seq + stream->shift;
	return seq + halb_ftp_shift(stream);
}

/**
 * halb_ftp_to_sender - a number of the receiver, as the sender counts
 * @stream: stream
 * @ack: number
 * @begins: what it names begins there; otherwise it ends there
 *
 * Within the text there is no such number: it becomes the one by which the
 * receiver has less.
 */
u32 halb_ftp_to_sender(const struct halb_ftp_stream *stream, u32 ack,
		       bool begins)
{
	u32 from = stream->pos + stream->shift;

	if (!stream->old_len ||
	    !halb_ftp_before(ack, from + stream->new_len))
		return ack - halb_ftp_shift(stream);
	if (!halb_ftp_before(from, ack))
		return ack - stream->shift;
	return begins ? text_end(stream) : stream->pos;
}

/**
 * halb_ftp_acknowledged - the receiver has all before a number
 * @stream: stream
 * @ack: number of the receiver
 *
 * What was never sent is not believed.
 */
void halb_ftp_acknowledged(struct halb_ftp_stream *stream, u32 ack)
{
	u32 shift = halb_ftp_shift(stream);

	if (!stream->old_len ||
	    halb_ftp_before(ack, text_end(stream) + shift) ||
	    halb_ftp_before(stream->front + shift, ack))
		return;
	stream->shift = shift;
	stream->old_len = 0;
	stream->new_len = 0;
}

/**
 * halb_ftp_sent - a segment goes out
 * @stream: stream
 * @end: the sender's number after its last byte
 * @line_start: its last byte ends a line
 */
void halb_ftp_sent(struct halb_ftp_stream *stream, u32 end, bool line_start)
{
	if (stream->known && !halb_ftp_before(stream->front, end))
		return;
	stream->front = end;
	stream->known = true;
	stream->line_start = line_start;
}
