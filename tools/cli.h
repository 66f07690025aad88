/* SPDX-License-Identifier: GPL-2.0 */
/*
 * halbctl's commands, a file each, and what they share.
 */
#ifndef HALB_CLI_H
#define HALB_CLI_H

#include "args.h"
#include "model.h"
#include "nl.h"
#include "print.h"
#include "util.h"

enum {					/* exit codes */
	CLI_OK		= 0,
	CLI_REFUSED	= 1,		/* by the kernel, or by the system */
	CLI_USAGE	= 2,		/* the words make no sense */
};

/* Options; they may stand anywhere among the words. */
struct cli {
	bool json;			/* -j */
	bool pretty;			/* -p */
	bool all;			/* -a */
};

/* Each gets the words after its noun, and returns an exit code. */
/* service.c */
int cmd_service(const struct cli *cli, struct args *args);
/* server.c */
int cmd_server(const struct cli *cli, struct args *args);
/* conn.c */
int cmd_conn(const struct cli *cli, struct args *args);
/* stats.c */
int cmd_stats(const struct cli *cli, struct args *args);
int cmd_zero(const struct cli *cli, struct args *args);
/* settings.c */
int cmd_settings(const struct cli *cli, struct args *args);
/* instance.c */
int cmd_vrrp(const struct cli *cli, struct args *args);
/* status.c */
int cmd_status(const struct cli *cli, struct args *args);
/* why.c */
int cmd_why(const struct cli *cli, struct args *args);
/* real_server.c */
int cmd_real_server(const struct cli *cli, struct args *args);
/* monitor.c */
int cmd_monitor(const struct cli *cli, struct args *args);
/* save.c */
int cmd_save(const struct cli *cli, struct args *args);
int cmd_restore(const struct cli *cli, struct args *args);

/* cli.c */

/* Say what is wrong, in one line on stderr, and return the exit code. */
int cli_usage(const struct args *args);
int cli_refused(const struct nl_ctx *ctx);

struct out *cli_out(const struct cli *cli);

/* A command that changes something: parses all words anew from the noun on, and
 * asks the kernel.
 */
int cli_change(struct args *args);

/* Is the next word this verb, or is there none (show is what a noun alone does)?
 * Takes it if so.
 */
bool cli_is_show(struct args *args);

/* show.c: objects as fields. The same names and forms wherever one is shown. */

/* Columns of service show and server show. */
enum {
	SHOW_NAME,
	SHOW_WHAT,			/* a service's scheduler; a server's service */
	SHOW_METHOD,
	SHOW_WEIGHT,
	SHOW_ACTIVE,
	SHOW_INACTIVE,
	SHOW_OPTIONS,
	SHOW_COLUMNS,
};

/* protocol, address and port, or the mark; in JSON each by itself */
void show_key(struct out *out, int column, const struct halb_key *key);
void show_endpoint(struct out *out, int column, const struct halb_addr *addr,
		   uint16_t port);
/* An object of that key. In text five columns from `column` on: counters, or
 * with rates what comes per second.
 */
void show_stats(struct out *out, const char *key, int column, bool rates,
		const struct halb_stats *stats);

/* Each is a row, and the fields of an object that the caller opens. */
void show_service(struct out *out, const struct halb_service *service);
/* with_service: also say whose it is */
void show_server(struct out *out, unsigned int level, const struct halb_server *server,
		 bool with_service);
/* A row for each. */
/* columns 0 to 5: name, state, seconds in it, changes, services, owner */
void show_instance(struct out *out, const struct halb_instance *instance);
void show_settings(struct out *out, const struct halb_settings *settings);

#endif
