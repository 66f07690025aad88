/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The numbers of a TCP stream in which text was replaced by other text, longer
 * or shorter: what its sender counts and what its receiver counts. Pure.
 *
 * One replacement is remembered, until the receiver has acknowledged it; before
 * that there is no other. So a repeated segment gets the same text, whatever
 * its bounds, and acknowledgments and SACK blocks can be told exactly. What is
 * repeated after that is older than what the receiver has, who only looks at
 * the part that is not.
 */
#ifndef _HALB_FTP_STREAM_H
#define _HALB_FTP_STREAM_H

#include <linux/types.h>

#include "ftp_parse.h"

/**
 * struct halb_ftp_stream - how the stream is edited
 * @shift: what the receiver counts more than the sender, before @pos
 * @front: the sender's number after the last byte that went out
 * @known: @front is
 * @line_start: the byte before @front ended a line
 * @pos: the sender's number of the first byte of the text replaced
 * @old_len: its length; 0 if there is none that is not acknowledged
 * @new_len: length of @text
 * @text: what the receiver gets
 */
struct halb_ftp_stream {
	u32 shift;
	u32 front;
	bool known;
	bool line_start;
	u8 old_len;
	u8 new_len;
	u32 pos;
	char text[HALB_FTP_TEXT_MAX + 1];
};

/* sequence numbers wrap */
static inline bool halb_ftp_before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

/* what a number after the replaced text is shifted by */
static inline u32 halb_ftp_shift(const struct halb_ftp_stream *stream)
{
	return stream->shift + stream->new_len - stream->old_len;
}

/* is there nothing to change in any segment? */
static inline bool halb_ftp_stream_plain(const struct halb_ftp_stream *stream)
{
	return !stream->shift && !stream->old_len;
}

enum halb_ftp_overlap {
	HALB_FTP_APART,		/* nothing of the text is in the segment */
	HALB_FTP_WHOLE,		/* all of it */
	HALB_FTP_CUT,		/* a part of it: cannot be replaced */
};

enum halb_ftp_overlap halb_ftp_overlap(const struct halb_ftp_stream *stream,
				       u32 seq, u32 len);
void halb_ftp_replace(struct halb_ftp_stream *stream, u32 pos, u8 old_len,
		      const char *text, u8 new_len);
u32 halb_ftp_to_receiver(const struct halb_ftp_stream *stream, u32 seq);
u32 halb_ftp_to_sender(const struct halb_ftp_stream *stream, u32 ack,
		       bool begins);
void halb_ftp_acknowledged(struct halb_ftp_stream *stream, u32 ack);
void halb_ftp_sent(struct halb_ftp_stream *stream, u32 end, bool line_start);

#endif
