/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two halves of FTP share: ftp.c reads and rewrites control
 * connections, ftp_expect.c has the data connections that they announce.
 */
#ifndef _HALB_FTP_SEGMENT_H
#define _HALB_FTP_SEGMENT_H

#include "ftp.h"
#include "packet.h"

/* neither side may name a port below, RFC 2577, 3 */
#define HALB_FTP_PORT_MIN	1024U

/**
 * struct halb_ftp_segment - a segment of a control connection
 * @pkt: the packet
 * @conn: its connection
 * @ftp: what that has for FTP
 * @off: offset of the data from skb->data
 * @len: its length
 * @seq: sequence number of its first byte
 */
struct halb_ftp_segment {
	struct halb_packet *pkt;
	struct halb_conn *conn;
	struct halb_ftp *ftp;
	unsigned int off;
	unsigned int len;
	u32 seq;
};

/* ftp_expect.c: */
unsigned int halb_ftp_expect_client(const struct halb_ftp_segment *s, u16 port);
unsigned int halb_ftp_expect_server(const struct halb_ftp_segment *s, u16 port);

#endif
