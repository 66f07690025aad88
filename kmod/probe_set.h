/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which addresses the probe of a netns holds: the control side of probe.h.
 */
#ifndef _HALB_PROBE_SET_H
#define _HALB_PROBE_SET_H

#include <linux/types.h>

struct halb_net;
struct halb_probe;
struct halb_transaction;

/* the least that a probe is made for: it is no larger than a cache line */
#define HALB_PROBE_ROOM_MIN	16U

/**
 * struct halb_probe_made - a probe that is not published yet
 * @probe: the probe, or NULL
 * @room: for how many addresses it was made
 * @used: how many it holds
 * @added: how many the transaction put into the present probe
 */
struct halb_probe_made {
	struct halb_probe *probe;
	u32 room;
	u32 used;
	u32 added;
};

/*
 * halb_probe_prepare - makes the addresses of a transaction known
 *
 * Puts what is missing into the netns' probe, or makes a new one if it is
 * full. An address too many costs its packets a lookup in vain, and a foreign
 * one's fragments are put together: halb_probe_undo() only says how many there
 * are. Context: process, under the netns' mutex, may sleep. Return: 0 or
 * -ENOMEM.
 */
int halb_probe_prepare(struct halb_transaction *txn);

/* What the transaction that fails has put in is too many. */
void halb_probe_undo(struct halb_transaction *txn);

/* Publishes the new probe, if there is one; before the plans. */
void halb_probe_publish(struct halb_transaction *txn);

/* Rids the probe of removed addresses when that is worth while. */
void halb_probe_tidy(struct halb_net *hn);

#endif
