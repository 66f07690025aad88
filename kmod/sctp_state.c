// SPDX-License-Identifier: GPL-2.0
/*
 * SCTP's transitions as ip_vs makes them, see sctp_state.h.
 *
 * INIT1 is INIT before its first repetition, with a shorter timeout, REJECTED
 * what an INIT becomes that the server aborts. The states of COOKIE_WAIT to
 * COOKIE_ECHOED are those of associations that the server sets up.
 */
#include <linux/kernel.h>

#include "sctp_state.h"

enum { NO, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL };

const u8 halb_sctp_next_table[3][HALB_SCTP_EVENTS][HALB_SCTP_STATES] = {
	[HALB_TCP_INPUT] = {
	/* in the state NO, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL */
	[HALB_SCTP_DATA] = { ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_INIT] = { I1, IN, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, IN, IN },
	[HALB_SCTP_INIT_ACK] = { CW, CW, CW, CS, CR, CO, CO, CE, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_COOKIE_ECHO] = { CR, IN, IN, CR, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_COOKIE_ACK] = { ES, I1, IN, CS, CR, CW, CO, ES, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_SHUTDOWN] = { SR, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL },
	[HALB_SCTP_SHUTDOWN_ACK] = { CL, IN, IN, CS, CR, CW, CO, CE, ES, CL, SR, CL, RJ, CL },
	[HALB_SCTP_SHUTDOWN_COMPLETE] = { CL, CL, CL, CS, CR, CW, CO, CE, ES, SS, SR, CL, RJ, CL },
	[HALB_SCTP_ERROR] = { CL, I1, IN, CS, CR, CW, CO, CL, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_ABORT] = { CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL },
	},
	[HALB_TCP_OUTPUT] = {
	[HALB_SCTP_DATA] = { ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_INIT] = { CW, CW, CW, CW, CW, CW, CW, CW, ES, CW, CW, CW, CW, CW },
	[HALB_SCTP_INIT_ACK] = { CS, CS, CS, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_COOKIE_ECHO] = { CE, CE, CE, CE, CE, CE, CE, CE, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_COOKIE_ACK] = { ES, ES, ES, ES, ES, ES, ES, ES, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_SHUTDOWN] = { SS, SS, SS, SS, SS, SS, SS, SS, SS, SS, SR, SA, RJ, CL },
	[HALB_SCTP_SHUTDOWN_ACK] = { SA, SA, SA, SA, SA, CW, CO, CE, ES, SA, SA, SA, RJ, CL },
	[HALB_SCTP_SHUTDOWN_COMPLETE] = { CL, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_ERROR] = { CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_ABORT] = { CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL },
	},
	[HALB_TCP_INPUT_ONLY] = {
	[HALB_SCTP_DATA] = { ES, I1, IN, CS, CR, ES, CO, CE, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_INIT] = { I1, IN, IN, IN, IN, IN, CO, CE, ES, SS, SR, SA, IN, IN },
	[HALB_SCTP_INIT_ACK] = { CE, CE, CE, CE, CE, CE, CO, CE, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_COOKIE_ECHO] = { ES, ES, ES, ES, ES, ES, CO, CE, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_COOKIE_ACK] = { ES, I1, IN, ES, ES, CW, ES, ES, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_SHUTDOWN] = { SR, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL },
	[HALB_SCTP_SHUTDOWN_ACK] = { CL, IN, IN, CS, CR, CW, CO, CE, CL, CL, SR, CL, RJ, CL },
	[HALB_SCTP_SHUTDOWN_COMPLETE] = { CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, CL, CL, RJ, CL },
	[HALB_SCTP_ERROR] = { CL, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
	[HALB_SCTP_ABORT] = { CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL },
	},
};

/* the longest time between two transmissions, and a second */
#define MAX_RTO	61

const u32 halb_sctp_default_timeout[HALB_SCTP_STATES] = {
	[NO] = 2,
	[I1] = 4,
	[IN] = MAX_RTO,
	[CS] = MAX_RTO,
	[CR] = MAX_RTO,
	[CW] = MAX_RTO,
	[CO] = MAX_RTO,
	[CE] = MAX_RTO,
	[ES] = 15 * 60,
	[SS] = MAX_RTO,
	[SR] = MAX_RTO,
	[SA] = MAX_RTO,
	[RJ] = 4,
	[CL] = MAX_RTO,
};

u8 halb_sctp_event(u8 type)
{
	static const u8 events[] = {
		[1] = HALB_SCTP_INIT,
		[2] = HALB_SCTP_INIT_ACK,
		[6] = HALB_SCTP_ABORT,
		[7] = HALB_SCTP_SHUTDOWN,
		[8] = HALB_SCTP_SHUTDOWN_ACK,
		[9] = HALB_SCTP_ERROR,
		[10] = HALB_SCTP_COOKIE_ECHO,
		[11] = HALB_SCTP_COOKIE_ACK,
		[14] = HALB_SCTP_SHUTDOWN_COMPLETE,
	};

	return type < sizeof(events) ? events[type] : HALB_SCTP_DATA;
}
