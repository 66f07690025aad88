/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Making and moving connections: for the packet path and the sweep.
 */
#ifndef _HALB_CONN_NEW_H
#define _HALB_CONN_NEW_H

#include "conn.h"
#include "tcp_state.h"

struct halb_conn *halb_conn_alloc(struct halb_server *server, bool v6,
				  u32 state);
struct halb_conn *halb_conn_insert(struct halb_net *hn, struct halb_conn *conn,
				   const struct halb_pool *pool);
bool halb_conn_change(struct halb_conn *conn, u32 from, u32 to);
void halb_conn_tcp(struct halb_conn *conn, enum halb_tcp_dir dir, u8 flags);
void halb_conn_sctp(struct halb_conn *conn, enum halb_tcp_dir dir, u8 event);
void halb_conn_take_out(struct halb_net *hn, struct halb_conn *conn);
bool halb_conn_kill(struct halb_net *hn, struct halb_conn *conn);
void halb_conn_free(struct halb_conn *conn);

#endif
