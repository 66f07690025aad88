/* SPDX-License-Identifier: GPL-2.0 */
/*
 * FTP under nat: a control connection names, in its text, where the next data
 * connection goes, and that must be the VIP and the same server. What is needed
 * for it hangs at the control connections of services with the flag ftp, and
 * at nobody else's. See ftp.c.
 */
#ifndef _HALB_FTP_H
#define _HALB_FTP_H

#include <linux/spinlock.h>

#include "conn.h"
#include "ftp_stream.h"

/* port of a control connection, where the service does not say it */
#define HALB_FTP_CONTROL	21

/**
 * struct halb_ftp - a control connection
 * @lock: protects everything here: packets of both sides change it
 * @stream: what the server sends
 * @heard: the client's sequence number after the last line that was read
 * @listening: @heard is known
 * @awaited: HALB_FTP_PASV or HALB_FTP_EPSV, the order that is not yet answered
 * @held: how often the answer was held back
 * @passive: port of the VIP at which the client is expected, or 0
 * @active: port of the client at which the server is expected, or 0
 */
struct halb_ftp {
	spinlock_t lock;
	struct halb_ftp_stream stream;
	u32 heard;
	bool listening;
	u8 awaited;
	u8 held;
	__be16 passive;
	__be16 active;
};

#endif
