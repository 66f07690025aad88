/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Passive health: what new connections tell of their servers. A server that
 * does not take several of them in a row is suspect until it takes one.
 *
 * Nothing is decided by that, for packets can be forged; listeners are told, and
 * may look. A flood of SYNs from forged addresses makes no healthy server
 * suspect: under nat and fullnat the server is seen to answer; under dr and tun
 * a SYN counts only when it is repeated after a second, and who repeats it
 * without an answer has to do so from several ports while nobody else gets
 * through.
 *
 * Packets of what is set up pay nothing. Successes are looked for only while
 * there are failures, which a flag says that every packet reads anyway.
 */
#ifndef _HALB_SUSPECT_H
#define _HALB_SUSPECT_H

#include "conn.h"

void halb_server_answered_now(struct halb_server *server);

/**
 * halb_server_answered - a new connection was set up
 * @server: its server
 *
 * Context: any, RCU read side.
 */
static inline void halb_server_answered(struct halb_server *server)
{
	if (unlikely(READ_ONCE(server->flags) &
		     (HALB_SERVER_FAILING | HALB_SERVER_SUSPECT)))
		halb_server_answered_now(server);
}

void halb_conn_unreachable(struct halb_net *hn, struct halb_conn *conn);
void halb_conn_refused(struct halb_conn *conn);
void halb_conn_answered(struct halb_conn *conn);
void halb_conn_repeats(struct halb_net *hn, struct halb_conn *conn);
void halb_conn_expired(struct halb_net *hn, struct halb_conn *conn, u32 state);
void halb_server_zero_failures(struct halb_server *server);

#endif
