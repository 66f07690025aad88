/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The grammar of ipvsadm 1.31: its command lines, its listings, its errors.
 *
 *	ipvsadm_options.c	each option, and what becomes of its argument
 *	ipvsadm_parse.c		a command line -> struct ipvsadm_command
 *	ipvsadm.c		carries one out, or a saved table as one transaction
 *	ipvsadm_list.c		-L and -S
 *
 * What ipvsadm prints is kept to the byte, its oddities included. Where halb
 * knows more, it says so in a second line on stderr.
 */
#ifndef HALB_IPVSADM_H
#define HALB_IPVSADM_H

#include "model.h"
#include "util.h"

struct nl_ctx;

int ipvsadm_main(int argc, char **argv);

/* Is a command line with this first argument one of ipvsadm's? Asking for help
 * or the version is not: halbctl has its own.
 */
bool ipvsadm_wants(const char *arg);

enum ipvsadm_verb {
	IPVSADM_NONE,
	IPVSADM_ADD,
	IPVSADM_EDIT,
	IPVSADM_DEL,
	IPVSADM_FLUSH,
	IPVSADM_LIST,
	IPVSADM_ADD_SERVER,
	IPVSADM_DEL_SERVER,
	IPVSADM_EDIT_SERVER,
	IPVSADM_TIMEOUT,
	IPVSADM_START_DAEMON,
	IPVSADM_STOP_DAEMON,
	IPVSADM_RESTORE,
	IPVSADM_SAVE,
	IPVSADM_ZERO,
	IPVSADM_HELP,
	IPVSADM_VERSION,
};

#define IPVSADM_VERB(verb)	(1U << IPVSADM_##verb)

/* Options that a verb may allow or forbid. Complaints come in this order. */
enum ipvsadm_option {
	IPVSADM_OPT_NUMERIC,
	IPVSADM_OPT_CONNECTION,
	IPVSADM_OPT_SERVICE,
	IPVSADM_OPT_SCHEDULER,
	IPVSADM_OPT_PERSISTENT,
	IPVSADM_OPT_NETMASK,
	IPVSADM_OPT_SERVER,
	IPVSADM_OPT_FORWARD,
	IPVSADM_OPT_WEIGHT,
	IPVSADM_OPT_UPPER,
	IPVSADM_OPT_LOWER,
	IPVSADM_OPT_MCAST,
	IPVSADM_OPT_TIMEOUT,
	IPVSADM_OPT_DAEMON,
	IPVSADM_OPT_STATS,
	IPVSADM_OPT_RATE,
	IPVSADM_OPT_THRESHOLDS,
	IPVSADM_OPT_PERSISTENT_CONN,
	IPVSADM_OPT_NOSORT,
	IPVSADM_OPT_SYNCID,
	IPVSADM_OPT_EXACT,
	IPVSADM_OPT_OPS,
	IPVSADM_OPT_PE,
	IPVSADM_OPT_SCHED_FLAGS,
	IPVSADM_OPT_MCAST_GROUP,
	IPVSADM_OPT_MCAST_PORT,
	IPVSADM_OPT_MCAST_TTL,
	IPVSADM_OPT_SYNC_MAXLEN,
	IPVSADM_OPT_TUN_INFO,
	IPVSADM_OPT_TUN_TYPE,
	IPVSADM_OPT_TUN_PORT,
	IPVSADM_OPT_TUN_NOCSUM,
	IPVSADM_OPT_TUN_CSUM,
	IPVSADM_OPT_TUN_REMCSUM,
	IPVSADM_OPT_COUNT,
};

#define IPVSADM_BIT(option)	(1ULL << IPVSADM_OPT_##option)

/* ip_vs's scheduler flags; sh and mh call the first two fallback and port */
enum {
	IPVSADM_SCHED_FLAG_1 = 1 << 0,
	IPVSADM_SCHED_FLAG_2 = 1 << 1,
	IPVSADM_SCHED_FLAG_3 = 1 << 2,
};

/* What a command line asks for, as ipvsadm understands it. */
struct ipvsadm_command {
	enum ipvsadm_verb verb;
	uint64_t options;		/* IPVSADM_BIT() */

	struct halb_key service;
	char scheduler[HALB_NAME_MAX + 1];
	uint32_t sched_flags;
	uint32_t persist_timeout;	/* seconds; 0: not persistent */
	/* IPv4: a mask in network order; IPv6: a prefix length */
	uint32_t netmask;

	struct halb_addr server;
	uint16_t server_port;
	uint32_t method;		/* HALB_METHOD_* */
	uint32_t weight;
	uint32_t upper;
	uint32_t lower;
	uint32_t tun_type;		/* HALB_TUN_TYPE_* */
	uint32_t tun_port;

	uint32_t tcp_timeout;		/* seconds; 0: as it is */
	uint32_t tcp_fin_timeout;
	uint32_t udp_timeout;

	uint32_t sync_id;
	uint32_t sync_maxlen;
	uint32_t mcast_port;
	uint32_t mcast_ttl;
};

/* Why not: the exit status and the first line on stderr. */
struct ipvsadm_error {
	int status;
	char *text;			/* of malloc() */
};

/* Returns 0, or -1 with err set; the caller frees err->text. */
int ipvsadm_parse(int argc, char **argv, struct ipvsadm_command *cmd,
		  struct ipvsadm_error *err);
/* The text of a refusal by the caller itself; takes the place of an earlier one. */
int ipvsadm_fail(struct ipvsadm_error *err, int status, const char *fmt, ...)
	__printf(3, 4);

/* "tcp", or NULL */
const char *ipvsadm_protocol_name(uint8_t protocol);

void ipvsadm_print_help(const char *program);
void ipvsadm_print_version(void);

/* ipvsadm_list.c: 0, or a negative errno with ctx->err set */
int ipvsadm_list(struct nl_ctx *ctx, const struct ipvsadm_command *cmd);
int ipvsadm_save(struct nl_ctx *ctx, const struct ipvsadm_command *cmd);

#endif
