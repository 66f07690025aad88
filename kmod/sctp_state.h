/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The states of an SCTP association as a load balancer sees it: ip_vs's states,
 * transitions and timeouts (net/netfilter/ipvs/ip_vs_proto_sctp.c), as those of
 * TCP are in tcp_state.h.
 */
#ifndef _HALB_SCTP_STATE_H
#define _HALB_SCTP_STATE_H

#include <linux/types.h>

#include <uapi/linux/halb.h>

#include "tcp_state.h"

/* NONE, and those from SCTP_INIT1 on */
#define HALB_SCTP_STATES	14

/* What the first chunk of a packet, or an ABORT behind it, says. */
enum halb_sctp_event {
	HALB_SCTP_DATA,			/* and SACK, HEARTBEAT, what is unknown */
	HALB_SCTP_INIT,
	HALB_SCTP_INIT_ACK,
	HALB_SCTP_COOKIE_ECHO,
	HALB_SCTP_COOKIE_ACK,
	HALB_SCTP_SHUTDOWN,
	HALB_SCTP_SHUTDOWN_ACK,
	HALB_SCTP_SHUTDOWN_COMPLETE,
	HALB_SCTP_ERROR,
	HALB_SCTP_ABORT,
	HALB_SCTP_EVENTS
};

/* Next states, counted from NONE, by direction, event and state. */
extern const u8 halb_sctp_next_table[3][HALB_SCTP_EVENTS][HALB_SCTP_STATES];

/* Seconds without a packet after which an association is forgotten. */
extern const u32 halb_sctp_default_timeout[HALB_SCTP_STATES];

/**
 * halb_sctp_state - enum halb_conn_state of a state counted from NONE
 * @index: below HALB_SCTP_STATES
 */
static inline u8 halb_sctp_state(u8 index)
{
	return index ? HALB_CONN_STATE_SCTP_INIT1 + index - 1 :
		       HALB_CONN_STATE_NONE;
}

/**
 * halb_sctp_next - state of an association after a packet
 * @dir: who sent it
 * @event: enum halb_sctp_event
 * @state: state before; NONE or one of SCTP's
 *
 * Context: any.
 */
static inline u8 halb_sctp_next(enum halb_tcp_dir dir, u8 event, u8 state)
{
	u8 index = state ? state - HALB_CONN_STATE_SCTP_INIT1 + 1 : 0;

	return halb_sctp_state(halb_sctp_next_table[dir][event][index]);
}

/* The others are inactive. */
static inline bool halb_sctp_state_active(u8 state)
{
	return state == HALB_CONN_STATE_SCTP_ESTABLISHED;
}

/**
 * halb_sctp_event - what a chunk says
 * @type: its type, RFC 9260, section 3.2
 *
 * Return: enum halb_sctp_event.
 */
u8 halb_sctp_event(u8 type);

#endif
