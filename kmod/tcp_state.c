// SPDX-License-Identifier: GPL-2.0
/*
 * TCP's transitions as ip_vs makes them, see tcp_state.h.
 *
 * What a segment means is decided by its flags in this order: RST, SYN, FIN,
 * ACK. One with none of them closes the connection. For each direction and
 * state there are 16 next states, one for each set of the four flags. They are
 * packed into a word so that a packet costs one load.
 */
#include "tcp_state.h"

#define ST_ES	((u64)HALB_CONN_STATE_ESTABLISHED)
#define ST_SS	((u64)HALB_CONN_STATE_SYN_SENT)
#define ST_SR	((u64)HALB_CONN_STATE_SYN_RECV)
#define ST_FW	((u64)HALB_CONN_STATE_FIN_WAIT)
#define ST_TW	((u64)HALB_CONN_STATE_TIME_WAIT)
#define ST_CL	((u64)HALB_CONN_STATE_CLOSE)
#define ST_CW	((u64)HALB_CONN_STATE_CLOSE_WAIT)
#define ST_LA	((u64)HALB_CONN_STATE_LAST_ACK)
#define ST_LI	((u64)HALB_CONN_STATE_LISTEN)

/*
 * Digit i of a word is the next state for flag set i: bit 0 is FIN, bit 1 SYN,
 * bit 2 RST, bit 3 ACK. Multiplied by a state, a mask puts it in its digits.
 */
#define IF_SYN	0x0000110000001100ULL	/* SYN without RST */
#define IF_FIN	0x0000001000000010ULL	/* FIN without RST, SYN */
#define IF_ACK	0x0000000100000000ULL	/* ACK alone */
#define IF_RST	0x1111000011110000ULL
#define IF_NONE	0x0000000000000001ULL
#define ALWAYS	0x1111111111111111ULL

#define NEXT(syn, fin, ack, rst)				\
	(ST_##syn * IF_SYN + ST_##fin * IF_FIN +		\
	 ST_##ack * IF_ACK + ST_##rst * IF_RST + ST_CL * IF_NONE)
#define STAY(state)	((u64)HALB_CONN_STATE_##state * ALWAYS)

const u64 halb_tcp_next_table[3][16] = {
	[HALB_TCP_INPUT] = {			/* SYN FIN ACK RST */
		[HALB_CONN_STATE_NONE]		= NEXT(SR, CL, ES, CL),
		[HALB_CONN_STATE_ESTABLISHED]	= NEXT(ES, CW, ES, CL),
		[HALB_CONN_STATE_SYN_SENT]	= NEXT(ES, SS, SS, CL),
		[HALB_CONN_STATE_SYN_RECV]	= NEXT(SR, TW, ES, SR),
		[HALB_CONN_STATE_FIN_WAIT]	= NEXT(SR, TW, FW, CL),
		[HALB_CONN_STATE_TIME_WAIT]	= NEXT(SR, TW, TW, CL),
		[HALB_CONN_STATE_CLOSE]		= NEXT(SR, CL, CL, CL),
		[HALB_CONN_STATE_CLOSE_WAIT]	= NEXT(SR, CW, CW, CL),
		[HALB_CONN_STATE_LAST_ACK]	= NEXT(SR, LA, CL, LA),
		[HALB_CONN_STATE_LISTEN]	= NEXT(SR, LI, LI, LI),
		[HALB_CONN_STATE_SYNACK]	= NEXT(SR, TW, ES, SR),
		[HALB_CONN_STATE_UDP]		= STAY(UDP),
		[HALB_CONN_STATE_TEMPLATE]	= STAY(TEMPLATE),
	},
	[HALB_TCP_OUTPUT] = {
		[HALB_CONN_STATE_NONE]		= NEXT(SS, TW, ES, CL),
		[HALB_CONN_STATE_ESTABLISHED]	= NEXT(ES, FW, ES, CL),
		[HALB_CONN_STATE_SYN_SENT]	= NEXT(SS, SS, SS, SS),
		[HALB_CONN_STATE_SYN_RECV]	= NEXT(SR, TW, ES, CL),
		[HALB_CONN_STATE_FIN_WAIT]	= NEXT(SS, FW, FW, CL),
		[HALB_CONN_STATE_TIME_WAIT]	= NEXT(SS, TW, TW, TW),
		[HALB_CONN_STATE_CLOSE]		= NEXT(SS, CL, CL, CL),
		[HALB_CONN_STATE_CLOSE_WAIT]	= NEXT(SS, TW, CW, CL),
		[HALB_CONN_STATE_LAST_ACK]	= NEXT(SS, LA, LA, CL),
		[HALB_CONN_STATE_LISTEN]	= NEXT(LI, LI, ES, CL),
		[HALB_CONN_STATE_SYNACK]	= NEXT(SR, TW, ES, CL),
		[HALB_CONN_STATE_UDP]		= STAY(UDP),
		[HALB_CONN_STATE_TEMPLATE]	= STAY(TEMPLATE),
	},
	/* as input, but only the client's FIN is ever seen */
	[HALB_TCP_INPUT_ONLY] = {
		[HALB_CONN_STATE_NONE]		= NEXT(SR, CL, ES, CL),
		[HALB_CONN_STATE_ESTABLISHED]	= NEXT(ES, FW, ES, CL),
		[HALB_CONN_STATE_SYN_SENT]	= NEXT(ES, SS, SS, CL),
		[HALB_CONN_STATE_SYN_RECV]	= NEXT(SR, TW, ES, SR),
		[HALB_CONN_STATE_FIN_WAIT]	= NEXT(SR, FW, FW, CL),
		[HALB_CONN_STATE_TIME_WAIT]	= NEXT(SR, TW, TW, CL),
		[HALB_CONN_STATE_CLOSE]		= NEXT(SR, CL, CL, CL),
		[HALB_CONN_STATE_CLOSE_WAIT]	= NEXT(SR, CW, CW, CL),
		[HALB_CONN_STATE_LAST_ACK]	= NEXT(SR, LA, CL, LA),
		[HALB_CONN_STATE_LISTEN]	= NEXT(SR, LI, LI, LI),
		[HALB_CONN_STATE_SYNACK]	= NEXT(SR, TW, ES, CL),
		[HALB_CONN_STATE_UDP]		= STAY(UDP),
		[HALB_CONN_STATE_TEMPLATE]	= STAY(TEMPLATE),
	},
};

/**
 * halb_tcp_outcome - what a segment says of the set-up of its connection
 * @dir: who sent it
 * @flags: byte 13 of its TCP header
 * @state: state before
 *
 * Where replies pass the director, only they count: a client may acknowledge
 * what nobody has sent. Where they do not, the client's word is all there is;
 * it resets what it did not ask for, as does a host whose address was forged,
 * and for that the server has answered. Meant for connections that the server
 * has not answered yet. Context: any.
 */
enum halb_tcp_outcome halb_tcp_outcome(enum halb_tcp_dir dir, u8 flags,
				       u8 state)
{
	const u8 syn = 0x02, rst = 0x04, ack = 0x10;

	if (state != HALB_CONN_STATE_SYN_RECV)
		return HALB_TCP_NOTHING;
	switch (dir) {
	case HALB_TCP_OUTPUT:
		if (flags & rst)
			return HALB_TCP_REFUSED;
		return flags & ack ? HALB_TCP_ANSWERED : HALB_TCP_NOTHING;
	case HALB_TCP_INPUT_ONLY:
		if (flags & rst)
			return HALB_TCP_ANSWERED;
		return (flags & (syn | ack)) == ack ? HALB_TCP_ANSWERED :
						      HALB_TCP_NOTHING;
	default:
		return HALB_TCP_NOTHING;
	}
}

const u32 halb_tcp_default_timeout[HALB_TCP_STATES] = {
	[HALB_CONN_STATE_NONE]		= 2,
	[HALB_CONN_STATE_ESTABLISHED]	= 15 * 60,
	[HALB_CONN_STATE_SYN_SENT]	= 2 * 60,
	[HALB_CONN_STATE_SYN_RECV]	= 60,
	[HALB_CONN_STATE_FIN_WAIT]	= 2 * 60,
	[HALB_CONN_STATE_TIME_WAIT]	= 2 * 60,
	[HALB_CONN_STATE_CLOSE]		= 10,
	[HALB_CONN_STATE_CLOSE_WAIT]	= 60,
	[HALB_CONN_STATE_LAST_ACK]	= 30,
	[HALB_CONN_STATE_LISTEN]	= 2 * 60,
	[HALB_CONN_STATE_SYNACK]	= 2 * 60,
};

static const char * const halb_tcp_state_names[HALB_TCP_STATES] = {
	[HALB_CONN_STATE_NONE]		= "NONE",
	[HALB_CONN_STATE_ESTABLISHED]	= "ESTABLISHED",
	[HALB_CONN_STATE_SYN_SENT]	= "SYN_SENT",
	[HALB_CONN_STATE_SYN_RECV]	= "SYN_RECV",
	[HALB_CONN_STATE_FIN_WAIT]	= "FIN_WAIT",
	[HALB_CONN_STATE_TIME_WAIT]	= "TIME_WAIT",
	[HALB_CONN_STATE_CLOSE]		= "CLOSE",
	[HALB_CONN_STATE_CLOSE_WAIT]	= "CLOSE_WAIT",
	[HALB_CONN_STATE_LAST_ACK]	= "LAST_ACK",
	[HALB_CONN_STATE_LISTEN]	= "LISTEN",
	[HALB_CONN_STATE_SYNACK]	= "SYNACK",
};

/**
 * halb_tcp_state_name - ip_vs's name of a TCP state
 * @state: enum halb_conn_state
 *
 * Return: the name; "ERR!" for a state that is not TCP's.
 */
const char *halb_tcp_state_name(u8 state)
{
	return state < HALB_TCP_STATES ? halb_tcp_state_names[state] : "ERR!";
}

#ifdef DEBUG
#include "selftest/tcp_state.c"
#endif
