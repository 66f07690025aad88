// SPDX-License-Identifier: GPL-2.0
/*
 * At insmod: whole lives of connections, and the order of the flags. Every
 * single transition is compared with ip_vs's table by selftests/unit.
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/printk.h>

#define FIN	0x01
#define SYN	0x02
#define RST	0x04
#define PSH	0x08
#define ACK	0x10

struct tcp_life {
	const char *name;
	struct {
		u8 dir;
		u8 flags;
		u8 state;
	} step[8];
};

/* each pastes at once: some of the names are macros elsewhere */
#define IN(flags, name)	\
	{ HALB_TCP_INPUT, flags, HALB_CONN_STATE_##name }
#define OUT(flags, name)	\
	{ HALB_TCP_OUTPUT, flags, HALB_CONN_STATE_##name }
#define ONLY(flags, name)	\
	{ HALB_TCP_INPUT_ONLY, flags, HALB_CONN_STATE_##name }

static const struct tcp_life tcp_lives[] __initconst = {
	{ "nat, the client closes", {
		IN(SYN, SYN_RECV), OUT(SYN | ACK, SYN_RECV),
		IN(ACK, ESTABLISHED), IN(PSH | ACK, ESTABLISHED),
		IN(FIN | ACK, CLOSE_WAIT), OUT(ACK, CLOSE_WAIT),
		OUT(FIN | ACK, TIME_WAIT), IN(ACK, TIME_WAIT) } },
	{ "nat, the server closes", {
		IN(SYN, SYN_RECV), OUT(SYN | ACK, SYN_RECV),
		IN(ACK, ESTABLISHED), OUT(PSH | ACK, ESTABLISHED),
		OUT(FIN | ACK, FIN_WAIT), IN(ACK, FIN_WAIT),
		IN(FIN | ACK, TIME_WAIT), OUT(ACK, TIME_WAIT) } },
	{ "nat, the server refuses", {
		IN(SYN, SYN_RECV), OUT(RST | ACK, CLOSE), IN(SYN, SYN_RECV) } },
	{ "dr, the client closes", {
		ONLY(SYN, SYN_RECV), ONLY(ACK, ESTABLISHED),
		ONLY(PSH | ACK, ESTABLISHED), ONLY(FIN | ACK, FIN_WAIT),
		ONLY(ACK, FIN_WAIT), ONLY(SYN, SYN_RECV) } },
	{ "dr, the client resets", {
		ONLY(SYN, SYN_RECV), ONLY(ACK, ESTABLISHED),
		ONLY(RST, CLOSE), ONLY(ACK, CLOSE) } },
	{ "RST before SYN before FIN before ACK; none closes", {
		IN(ACK, ESTABLISHED), IN(SYN | FIN | ACK, ESTABLISHED),
		IN(FIN | ACK, CLOSE_WAIT), IN(RST | SYN | FIN | ACK, CLOSE),
		IN(RST | SYN, CLOSE), IN(SYN | FIN, SYN_RECV),
		IN(PSH, CLOSE) } },
};

/* Who says that a connection is taken, or is not. */
struct tcp_word {
	u8 dir;
	u8 flags;
	u8 state;
	u8 outcome;
};

static const struct tcp_word tcp_outcomes[] __initconst = {
	{ HALB_TCP_OUTPUT, SYN | ACK, HALB_CONN_STATE_SYN_RECV, HALB_TCP_ANSWERED },
	{ HALB_TCP_OUTPUT, ACK, HALB_CONN_STATE_SYN_RECV, HALB_TCP_ANSWERED },
	{ HALB_TCP_OUTPUT, SYN, HALB_CONN_STATE_SYN_RECV, HALB_TCP_NOTHING },
	{ HALB_TCP_OUTPUT, RST | ACK, HALB_CONN_STATE_SYN_RECV, HALB_TCP_REFUSED },
	{ HALB_TCP_OUTPUT, RST, HALB_CONN_STATE_ESTABLISHED, HALB_TCP_NOTHING },
	{ HALB_TCP_INPUT, ACK, HALB_CONN_STATE_SYN_RECV, HALB_TCP_NOTHING },
	{ HALB_TCP_INPUT, RST, HALB_CONN_STATE_SYN_RECV, HALB_TCP_NOTHING },
	{ HALB_TCP_INPUT_ONLY, SYN, HALB_CONN_STATE_SYN_RECV, HALB_TCP_NOTHING },
	{ HALB_TCP_INPUT_ONLY, SYN | ACK, HALB_CONN_STATE_SYN_RECV, HALB_TCP_NOTHING },
	{ HALB_TCP_INPUT_ONLY, ACK, HALB_CONN_STATE_SYN_RECV, HALB_TCP_ANSWERED },
	{ HALB_TCP_INPUT_ONLY, RST, HALB_CONN_STATE_SYN_RECV, HALB_TCP_ANSWERED },
	{ HALB_TCP_INPUT_ONLY, ACK, HALB_CONN_STATE_FIN_WAIT, HALB_TCP_NOTHING },
};

static bool __init tcp_outcomes_ok(void)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; i < ARRAY_SIZE(tcp_outcomes); i++) {
		if (halb_tcp_outcome(tcp_outcomes[i].dir, tcp_outcomes[i].flags,
				     tcp_outcomes[i].state) ==
		    tcp_outcomes[i].outcome)
			continue;
		pr_err("halb: tcp_state self-test: outcome %u\n", i);
		ok = false;
	}
	return ok;
}

bool __init halb_tcp_state_selftest(void)
{
	unsigned int i, j;
	bool ok = tcp_outcomes_ok();
	u8 state;

	for (i = 0; i < ARRAY_SIZE(tcp_lives); i++) {
		const struct tcp_life *life = &tcp_lives[i];

		state = HALB_CONN_STATE_NONE;
		for (j = 0; j < ARRAY_SIZE(life->step); j++) {
			if (!life->step[j].state)
				break;
			state = halb_tcp_next(life->step[j].dir,
					      life->step[j].flags, state);
			if (state == life->step[j].state)
				continue;
			pr_err("halb: tcp_state self-test: %s: step %u: %s, not %s\n",
			       life->name, j + 1, halb_tcp_state_name(state),
			       halb_tcp_state_name(life->step[j].state));
			ok = false;
			break;
		}
	}

	for (i = 0; i < 256; i++)
		if (halb_tcp_next(HALB_TCP_INPUT, i, HALB_CONN_STATE_UDP) !=
		    HALB_CONN_STATE_UDP)
			ok = false;
	if (halb_tcp_state_active(HALB_CONN_STATE_UDP) ||
	    !halb_tcp_state_active(HALB_CONN_STATE_ESTABLISHED) ||
	    halb_tcp_state_active(HALB_CONN_STATE_FIN_WAIT))
		ok = false;
	if (ok)
		pr_info("halb: tcp_state self-test: pass\n");
	else
		pr_err("halb: tcp_state self-test: fail\n");
	return ok;
}

#undef FIN
#undef SYN
#undef RST
#undef PSH
#undef ACK
#undef IN
#undef OUT
#undef ONLY
