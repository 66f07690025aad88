/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Servers that take their share by and by, see slow_start.c.
 */
#ifndef _HALB_SLOW_START_H
#define _HALB_SLOW_START_H

#include <linux/types.h>

/* with the last one a server has its whole weight */
#define HALB_SLOW_STEPS		20U
#define HALB_SLOW_SECONDS_MAX	86400U

struct halb_net;

u8 halb_slow_step(u32 since, u32 length);

void halb_slow_init(struct halb_net *hn);
/* there is a server that has not come to its whole weight; netns' mutex */
void halb_slow_start(struct halb_net *hn);
/* waits for the worker to end; not under the netns' mutex */
void halb_slow_stop(struct halb_net *hn);

#endif
