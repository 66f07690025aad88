/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The states of a TCP connection as a load balancer sees it.
 *
 * States, transitions, default timeouts and the distinction of active and
 * inactive connections are ip_vs's (net/netfilter/ipvs/ip_vs_proto_tcp.c, the
 * tables for normal operation): they decide what `lc` and `wlc` count and how
 * long a silent connection lives, and users have tuned both for years.
 * They are coarser than RFC 9293: the director does not follow sequence
 * numbers and, with direct routing and tunnels, sees only the client's half.
 */
#ifndef _HALB_TCP_STATE_H
#define _HALB_TCP_STATE_H

#include <linux/bits.h>
#include <linux/types.h>

#include <uapi/linux/halb.h>

/* TCP's states are 0 .. HALB_TCP_STATES - 1 of enum halb_conn_state. */
#define HALB_TCP_STATES	(HALB_CONN_STATE_SYNACK + 1)

/**
 * enum halb_tcp_dir - which half of the connection a segment belongs to
 * @HALB_TCP_INPUT: client to server, and the replies pass the director too
 * @HALB_TCP_OUTPUT: server to client
 * @HALB_TCP_INPUT_ONLY: client to server; the replies take another way
 */
enum halb_tcp_dir {
	HALB_TCP_INPUT,
	HALB_TCP_OUTPUT,
	HALB_TCP_INPUT_ONLY,
};

/* Next states by direction and state: 16 of 4 bits each, see tcp_state.c. */
extern const u64 halb_tcp_next_table[3][16];

/* Seconds without a packet after which a connection is forgotten. */
extern const u32 halb_tcp_default_timeout[HALB_TCP_STATES];

/**
 * halb_tcp_next - state of a connection after a segment
 * @dir: who sent the segment
 * @flags: byte 13 of its TCP header: FIN, SYN, RST, PSH, ACK, ... from bit 0
 * @state: state before, below 16
 *
 * States that are not TCP's stay as they are. Context: any.
 */
static inline u8 halb_tcp_next(enum halb_tcp_dir dir, u8 flags, u8 state)
{
	/* FIN, SYN, RST and ACK together, without PSH between them */
	unsigned int index = (flags & 7) | (flags >> 1 & 8);

	return halb_tcp_next_table[dir][state] >> (4 * index) & 15;
}

/**
 * halb_tcp_state_active - whether a connection counts as active
 * @state: enum halb_conn_state
 *
 * The others are inactive: about to end or, like all UDP, without a state.
 */
static inline bool halb_tcp_state_active(u8 state)
{
	return (BIT(HALB_CONN_STATE_ESTABLISHED) |
		BIT(HALB_CONN_STATE_SYN_SENT) |
		BIT(HALB_CONN_STATE_SYN_RECV) |
		BIT(HALB_CONN_STATE_SYNACK)) >> state & 1;
}

/**
 * enum halb_tcp_outcome - what a segment says of the set-up of its connection
 * @HALB_TCP_NOTHING: nothing
 * @HALB_TCP_ANSWERED: the server takes it
 * @HALB_TCP_REFUSED: the server answers the SYN with a reset
 */
enum halb_tcp_outcome {
	HALB_TCP_NOTHING,
	HALB_TCP_ANSWERED,
	HALB_TCP_REFUSED,
};

enum halb_tcp_outcome halb_tcp_outcome(enum halb_tcp_dir dir, u8 flags,
				       u8 state);
const char *halb_tcp_state_name(u8 state);

#ifdef DEBUG
bool halb_tcp_state_selftest(void);
#endif

#endif
