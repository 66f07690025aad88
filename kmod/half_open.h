/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Half-open connections under attack: each CPU remembers the newest ones that
 * it made, up to a share of the netns' limit. One more, and the oldest of them
 * ends if it is still half-open. So a flood of SYNs from forged addresses takes
 * at most that share and never the place of an established connection, and a
 * client has the time for its handshake that the flood needs to go once around
 * (50,000 of them with a limit of 200,000). Packets that come by one receive
 * queue push out only what came by it.
 *
 * What is remembered is the hash alone, four bytes: no reference, no link. It
 * may find another half-open connection of the same hash, which is as good, or
 * none, because the handshake is done.
 */
#ifndef _HALB_HALF_OPEN_H
#define _HALB_HALF_OPEN_H

#include "conn.h"

static inline bool halb_conn_is_half_open(u32 state)
{
	if (state & HALB_CONN_GONE)
		return false;
	state &= HALB_CONN_STATE_MASK;
	return state == HALB_CONN_STATE_SYN_RECV ||
	       state == HALB_CONN_STATE_SYN_SENT ||
	       state == HALB_CONN_STATE_SYNACK;
}

void halb_half_open_add(struct halb_net *hn, u32 hash, bool v6);
int halb_half_open_prepare(struct halb_net *hn, u32 conn_limit);
void halb_half_open_free(struct halb_net *hn);

#endif
