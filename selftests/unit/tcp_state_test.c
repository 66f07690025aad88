// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/tcp_state.c, all of it: every set of flags in every state and direction
 * against ip_vs's table, transcribed from net/netfilter/ipvs/ip_vs_proto_tcp.c
 * (tcp_states[], tcp_state_idx(), tcp_timeouts[], tcp_state_active_table[]).
 */
#include "shim/kernel.h"
#include "tap.h"
#include "../../kmod/tcp_state.h"

enum { NO, ES, SS, SR, FW, TW, CL, CW, LA, LI, SA, STATES };

static const u8 number[STATES] = {
	[NO] = HALB_CONN_STATE_NONE,
	[ES] = HALB_CONN_STATE_ESTABLISHED,
	[SS] = HALB_CONN_STATE_SYN_SENT,
	[SR] = HALB_CONN_STATE_SYN_RECV,
	[FW] = HALB_CONN_STATE_FIN_WAIT,
	[TW] = HALB_CONN_STATE_TIME_WAIT,
	[CL] = HALB_CONN_STATE_CLOSE,
	[CW] = HALB_CONN_STATE_CLOSE_WAIT,
	[LA] = HALB_CONN_STATE_LAST_ACK,
	[LI] = HALB_CONN_STATE_LISTEN,
	[SA] = HALB_CONN_STATE_SYNACK,
};

static const struct {
	const char *name;
	u32 timeout;
	bool active;
} facts[STATES] = {
	[NO] = { "NONE", 2, false },
	[ES] = { "ESTABLISHED", 900, true },
	[SS] = { "SYN_SENT", 120, true },
	[SR] = { "SYN_RECV", 60, true },
	[FW] = { "FIN_WAIT", 120, false },
	[TW] = { "TIME_WAIT", 120, false },
	[CL] = { "CLOSE", 10, false },
	[CW] = { "CLOSE_WAIT", 60, false },
	[LA] = { "LAST_ACK", 30, false },
	[LI] = { "LISTEN", 120, false },
	[SA] = { "SYNACK", 120, true },
};

enum { E_SYN, E_FIN, E_ACK, E_RST, EVENTS };

static const struct {
	const char *name;
	enum halb_tcp_dir dir;
	u8 next[EVENTS][STATES];
} table[] = {
	{ "input", HALB_TCP_INPUT, {
/*         NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA */
/* SYN */ { SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR },
/* FIN */ { CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW },
/* ACK */ { ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES },
/* RST */ { CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR } } },
	{ "output", HALB_TCP_OUTPUT, {
/*         NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA */
/* SYN */ { SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR },
/* FIN */ { TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW },
/* ACK */ { ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES },
/* RST */ { CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL } } },
	{ "input only", HALB_TCP_INPUT_ONLY, {
/*         NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA */
/* SYN */ { SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR },
/* FIN */ { CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW },
/* ACK */ { ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES },
/* RST */ { CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL } } },
};

/* ip_vs: RST, SYN, FIN, ACK in this order; CLOSE if there is none. */
static u8 expected(unsigned int dir, u8 flags, unsigned int state)
{
	if (flags & 0x04)
		return number[table[dir].next[E_RST][state]];
	if (flags & 0x02)
		return number[table[dir].next[E_SYN][state]];
	if (flags & 0x01)
		return number[table[dir].next[E_FIN][state]];
	if (flags & 0x10)
		return number[table[dir].next[E_ACK][state]];
	return HALB_CONN_STATE_CLOSE;
}

int main(void)
{
	unsigned int dir, state, flags, bad;

	ok(halb_tcp_state_selftest(), "the self-test of the module");

	for (dir = 0; dir < ARRAY_SIZE(table); dir++) {
		for (state = 0; state < STATES; state++) {
			bad = 0;
			for (flags = 0; flags < 256; flags++)
				bad += halb_tcp_next(table[dir].dir, flags,
						     number[state]) !=
				       expected(dir, flags, state);
			ok(!bad, "%s, %s: all flags", table[dir].name,
			   facts[state].name);
		}
		bad = 0;
		for (state = STATES; state < 16; state++)
			for (flags = 0; flags < 256; flags++)
				bad += (state == HALB_CONN_STATE_UDP ||
					state == HALB_CONN_STATE_TEMPLATE) &&
				       halb_tcp_next(table[dir].dir, flags,
						     state) != state;
		ok(!bad, "%s: states that are not TCP's stay", table[dir].name);
	}

	bad = 0;
	for (state = 0; state < STATES; state++) {
		u8 n = number[state];

		bad += strcmp(halb_tcp_state_name(n), facts[state].name) ||
		       halb_tcp_default_timeout[n] != facts[state].timeout ||
		       halb_tcp_state_active(n) != facts[state].active;
	}
	ok(!bad, "names, timeouts, active states");
	ok(!halb_tcp_state_active(HALB_CONN_STATE_UDP) &&
	   !halb_tcp_state_active(HALB_CONN_STATE_TEMPLATE),
	   "udp and template are not active");
	ok(!strcmp(halb_tcp_state_name(HALB_CONN_STATE_UDP), "ERR!") &&
	   !strcmp(halb_tcp_state_name(255), "ERR!"), "no name for other states");
	return done();
}
