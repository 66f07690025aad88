/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A real server that takes packets for a VIP which another machine, the director, answers for
 * (methods dr and tun). The VIP is an address of lo, or of a tunnel's device, and the server does
 * not tell its neighbours. What was before is kept in a record, to be put back.
 *
 *	real_server.c		halbctl real-server: words and listings
 *	real_server_apply.c	addresses, tunnels and sysctls of this network namespace
 *	real_server_record.c	the record: what is set up here, and what was before
 */
#ifndef HALB_REAL_SERVER_H
#define HALB_REAL_SERVER_H

#include <net/if.h>

#include "model.h"
#include "util.h"

/* A VIP that is set up. */
struct rs_vip {
	struct halb_addr addr;
	/* where the server keeps silent about it: "all", or the interface's name */
	char dev[IFNAMSIZ];
	/* method tun: the server's own address, at which tunnels end; family 0: dr */
	struct halb_addr tunnel;
	/* the address was not there before */
	bool ours;
};

/* A sysctl that was changed: its path, and the values before and since. */
struct rs_sysctl {
	char dev[IFNAMSIZ];
	char name[16];
	int before;
	int since;
};

struct rs_record {
	int fd;				/* locked; -1: there is none */
	struct rs_vip *vips;
	size_t vips_count;
	struct rs_sysctl *sysctls;
	size_t sysctls_count;
};

/* A sentence, when something returned false. */
struct rs_error {
	char text[256];
};

bool rs_fail(struct rs_error *err, const char *format, ...)
	__printf(2, 3);

/* --- the record ------------------------------------------------------------------ */

/* to_change: creates it, and waits for others that change it. */
bool rs_record_open(struct rs_record *record, bool to_change, struct rs_error *err);
bool rs_record_write(struct rs_record *record, struct rs_error *err);
void rs_record_close(struct rs_record *record);
struct rs_vip *rs_record_find(const struct rs_record *record, const struct halb_addr *addr);
/* NULL and err: no memory */
struct rs_vip *rs_record_add_vip(struct rs_record *record, const struct rs_vip *vip,
				 struct rs_error *err);
bool rs_record_add_sysctl(struct rs_record *record, const struct rs_sysctl *sysctl,
			  struct rs_error *err);

/* --- the system ------------------------------------------------------------------- */

/* Sets a VIP up, or mends what has been changed since. Either all of it is done, or nothing. */
bool rs_add(struct rs_record *record, const struct rs_vip *vip, struct rs_error *err);
/* Puts everything back that no other VIP needs. Succeeds as far as it can. */
bool rs_del(struct rs_record *record, const struct halb_addr *addr, struct rs_error *err);
/* What is not as it should be, as a sentence in err; true: all is well. */
bool rs_check(const struct rs_vip *vip, struct rs_error *err);
/* The device that has the VIP. */
const char *rs_device(const struct rs_vip *vip);

#endif
