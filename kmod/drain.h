/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Drains with a deadline: a server of weight 0 whose connections may finish
 * until then. What is left ends as if the server had been removed: the sweep
 * sees the server's flag (see conn_gc.c).
 */
#ifndef _HALB_DRAIN_H
#define _HALB_DRAIN_H

#include <linux/types.h>

struct halb_net;
struct halb_server;

/*
 * The deadline is @seconds away; 0 calls the drain off, and forgets one whose
 * deadline is over. Under the netns' mutex.
 */
void halb_drain_set(struct halb_server *server, u32 seconds);
/* seconds that are left, 0 without a deadline; under the netns' mutex */
u32 halb_drain_left(const struct halb_server *server);

void halb_drain_init(struct halb_net *hn);
/* waits for its end; not under the netns' mutex, @halb_net.closing set */
void halb_drain_stop(struct halb_net *hn);

#endif
