// SPDX-License-Identifier: GPL-2.0
/*
 * Carries out command lines of ipvsadm's grammar, and words refusals as
 * ipvsadm does: its sentence in the first line on stderr, what halb knows in
 * the second; exit status 2 for a mistake in the command line or when there is
 * nobody to talk to, 255 for a refused change, 1 for a refused listing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ip_vs.h"
#include "ipvsadm.h"
#include "ipvsadm_restore.h"
#include "nl.h"

/* --- what halb cannot do ---------------------------------------------------- */

static bool has_engine(const struct ipvsadm_command *cmd)
{
	return cmd->options & IPVSADM_BIT(PE);
}

static bool has_third_flag(const struct ipvsadm_command *cmd)
{
	return cmd->sched_flags & IPVSADM_SCHED_FLAG_3;
}

static bool always(const struct ipvsadm_command *cmd)
{
	(void)cmd;
	return true;
}

/* -1: not a prefix */
static int mask_prefix(uint32_t mask)
{
	uint32_t rest = ~ntohl(mask);

	return rest & (rest + 1) ? -1 : 32 - __builtin_popcount(rest);
}

static bool has_odd_mask(const struct ipvsadm_command *cmd)
{
	return cmd->persist_timeout && cmd->service.addr.family == AF_INET &&
	       mask_prefix(cmd->netmask) < 1;
}

#define VERB(verb)	IPVSADM_VERB(verb)

static const struct {
	uint32_t verbs;
	bool (*applies)(const struct ipvsadm_command *cmd);
	const char *text;
} gaps[] = {
	{ VERB(ADD) | VERB(EDIT), has_engine, "Persistence engines are not supported yet" },
	{ VERB(ADD) | VERB(EDIT), has_third_flag,
	  "The scheduler flag flag-3 is not supported yet" },
	{ VERB(ADD) | VERB(EDIT), has_odd_mask,
	  "A persistence netmask other than 128.0.0.0 to 255.255.255.255, ones before zeros, is not supported yet" },
	{ VERB(START_DAEMON), always, "Connection synchronization is not supported yet" },
};

int ipvsadm_supported(const struct ipvsadm_command *cmd, struct ipvsadm_error *err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(gaps); i++) {
		if ((gaps[i].verbs & (1U << cmd->verb)) && gaps[i].applies(cmd))
			return ipvsadm_fail(err, 255, "%s", gaps[i].text);
	}
	return 0;
}

/* --- commands as changes ------------------------------------------------------ */

/* ipvsadm always sends everything: what was not given takes its default. */
static void to_service(const struct ipvsadm_command *cmd, struct halb_service *service)
{
	*service = (struct halb_service) {
		.present = HALB_SVC_SCHEDULER | HALB_SVC_FLAGS,
		.key = cmd->service,
		.flags_mask = HALB_SERVICE_FLAG_PERSISTENT | HALB_SERVICE_FLAG_SH_FALLBACK |
			      HALB_SERVICE_FLAG_SH_PORT | HALB_SERVICE_FLAG_OPS,
	};
	snprintf(service->scheduler, sizeof(service->scheduler), "%s", cmd->scheduler);
	if (cmd->sched_flags & IPVSADM_SCHED_FLAG_1)
		service->flags |= HALB_SERVICE_FLAG_SH_FALLBACK;
	if (cmd->sched_flags & IPVSADM_SCHED_FLAG_2)
		service->flags |= HALB_SERVICE_FLAG_SH_PORT;
	if (cmd->options & IPVSADM_BIT(OPS))
		service->flags |= HALB_SERVICE_FLAG_OPS;
	if (!cmd->persist_timeout)
		return;
	service->flags |= HALB_SERVICE_FLAG_PERSISTENT;
	service->present |= HALB_SVC_PERSIST_TIMEOUT | HALB_SVC_PERSIST_PREFIX;
	service->persist_timeout = cmd->persist_timeout;
	service->persist_prefix = cmd->service.addr.family == AF_INET6 ?
		cmd->netmask : (uint32_t)mask_prefix(cmd->netmask);
}

static void to_server(const struct ipvsadm_command *cmd, struct halb_server *server)
{
	*server = (struct halb_server) {
		.present = HALB_SRV_PORT | HALB_SRV_METHOD | HALB_SRV_WEIGHT |
			   HALB_SRV_UPPER | HALB_SRV_LOWER,
		.service = cmd->service,
		.addr = cmd->server,
		.port = cmd->server_port,
		.method = cmd->method,
		.weight = cmd->weight,
		.upper = cmd->upper,
		.lower = cmd->lower,
	};
	if (cmd->method != HALB_METHOD_TUN)
		return;
	server->present |= HALB_SRV_TUN_TYPE | HALB_SRV_TUN_CSUM;
	server->tun_type = cmd->tun_type;
	if (cmd->options & IPVSADM_BIT(TUN_CSUM))
		server->tun_csum = HALB_TUN_CSUM_CSUM;
	else if (cmd->options & IPVSADM_BIT(TUN_REMCSUM))
		server->tun_csum = HALB_TUN_CSUM_REMCSUM;
	if (cmd->tun_type == HALB_TUN_TYPE_GUE) {
		server->present |= HALB_SRV_TUN_PORT;
		server->tun_port = cmd->tun_port;
	}
}

/* 0 seconds means: as it is. */
static bool to_settings(const struct ipvsadm_command *cmd, struct halb_settings *settings)
{
	*settings = (struct halb_settings) {
		.present = (cmd->tcp_timeout ? HALB_SET_TCP_TIMEOUT : 0) |
			   (cmd->tcp_fin_timeout ? HALB_SET_TCP_FIN_TIMEOUT : 0) |
			   (cmd->udp_timeout ? HALB_SET_UDP_TIMEOUT : 0),
		.tcp_timeout = cmd->tcp_timeout,
		.tcp_fin_timeout = cmd->tcp_fin_timeout,
		.udp_timeout = cmd->udp_timeout,
	};
	return settings->present;
}

bool ipvsadm_to_change(const struct ipvsadm_command *cmd, struct halb_change *change)
{
	static const struct {
		enum halb_change_op op;
		enum halb_object object;
	} verbs[] = {
		[IPVSADM_ADD]	= { HALB_CHANGE_OP_ADD, HALB_OBJECT_SERVICE },
		[IPVSADM_EDIT]	= { HALB_CHANGE_OP_SET, HALB_OBJECT_SERVICE },
		[IPVSADM_DEL]	= { HALB_CHANGE_OP_DEL, HALB_OBJECT_SERVICE },
		[IPVSADM_FLUSH]	= { HALB_CHANGE_OP_FLUSH, HALB_OBJECT_NONE },
		[IPVSADM_ADD_SERVER] = { HALB_CHANGE_OP_ADD, HALB_OBJECT_SERVER },
		[IPVSADM_EDIT_SERVER] = { HALB_CHANGE_OP_SET, HALB_OBJECT_SERVER },
		[IPVSADM_DEL_SERVER] = { HALB_CHANGE_OP_DEL, HALB_OBJECT_SERVER },
		[IPVSADM_TIMEOUT] = { HALB_CHANGE_OP_SET, HALB_OBJECT_SETTINGS },
	};

	*change = (struct halb_change) { 0 };
	if (!(IPVSADM_CHANGES & (1U << cmd->verb)))
		return false;
	change->op = verbs[cmd->verb].op;
	change->object = verbs[cmd->verb].object;
	switch (change->object) {
	case HALB_OBJECT_SERVICE:
		to_service(cmd, &change->service);
		return true;
	case HALB_OBJECT_SERVER:
		to_server(cmd, &change->server);
		return true;
	case HALB_OBJECT_SETTINGS:
		return to_settings(cmd, &change->settings);
	default:
		return true;
	}
}

/* --- refusals -------------------------------------------------------------------- */

#define OF_SERVICE	(VERB(EDIT) | VERB(DEL) | VERB(ZERO) | VERB(LIST))
#define OF_SERVER	(VERB(ADD_SERVER) | VERB(EDIT_SERVER) | VERB(DEL_SERVER))

/* ip_vs's errno for a command, and ipvsadm's sentence for it; the first match. */
static const struct {
	uint32_t verbs;
	int code;
	const char *text;
} sentences[] = {
	{ VERB(ADD), EEXIST, "Service already exists" },
	{ VERB(ADD) | VERB(EDIT), ENOENT, "Scheduler or persistence engine not found" },
	{ OF_SERVICE, ESRCH, "No such service" },
	{ OF_SERVER, ESRCH, "Service not defined" },
	{ VERB(ADD_SERVER), EEXIST, "Destination already exists" },
	{ OF_SERVER, ENOENT, "No such destination" },
	{ VERB(STOP_DAEMON), ESRCH, "No daemon is running" },
	{ ~0U, EPERM, "Permission denied (you must be root)" },
	{ ~0U, EINVAL,
	  "Invalid operation.  Possibly wrong module version, address not unicast, ..." },
	{ ~0U, ENOPROTOOPT, "Protocol not available" },
	{ ~0U, ENOMEM, "Memory allocation problem" },
	{ ~0U, EAFNOSUPPORT, "Operation not supported with specified address family" },
};

static const char *sentence(enum ipvsadm_verb verb, int code)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sentences); i++) {
		if ((sentences[i].verbs & (1U << verb)) && sentences[i].code == code)
			return sentences[i].text;
	}
	return strerror(code);
}

/* ip_vs looks for the service before anything else in a request, and for the server after its
 * thresholds.
 */
static int as_ip_vs(const struct ipvsadm_command *cmd, int code, bool service_exists)
{
	bool needs_service = (OF_SERVICE | OF_SERVER) & (1U << cmd->verb);

	if (!(cmd->options & IPVSADM_BIT(SERVICE)) || code == EPERM || code == ENOMEM)
		return code;
	if (needs_service && !service_exists)
		code = ESRCH;
	else if ((VERB(ADD_SERVER) | VERB(EDIT_SERVER)) & (1U << cmd->verb) &&
		 cmd->lower > cmd->upper)
		code = ERANGE;
	return code;
}

void ipvsadm_refused(const struct nl_error *why, const struct ipvsadm_command *cmd,
		     bool service_exists, struct ipvsadm_error *err)
{
	int code = why->absent ? ENOPROTOOPT : as_ip_vs(cmd, why->code, service_exists);
	bool read = (VERB(LIST) | VERB(SAVE)) & (1U << cmd->verb);

	/* ipvsadm finds this out before anything else. */
	if (why->absent || code == EPERM)
		ipvsadm_fail(err, 2, "Can't initialize ipvs: %s", sentence(cmd->verb, code));
	else
		ipvsadm_fail(err, read ? 1 : 255, "%s", sentence(cmd->verb, code));
}

bool ipvsadm_service_exists(struct nl_ctx *ctx, const struct halb_key *key)
{
	struct halb_service service;

	return !nl_service_get(ctx, key, &service);
}

/* --- FTP --------------------------------------------------------------------------- */

/* The property ftp follows the servers' methods, which are known after the service. That it
 * cannot be, because of other servers, is no mistake in the command.
 */
static void follow_method(struct nl_ctx *ctx, const struct ipvsadm_command *cmd, bool nat)
{
	const struct halb_change change = {
		.op = HALB_CHANGE_OP_SET,
		.object = HALB_OBJECT_SERVICE,
		.service = {
			.present = HALB_SVC_FLAGS,
			.key = cmd->service,
			.flags = nat ? HALB_SERVICE_FLAG_FTP : 0,
			.flags_mask = HALB_SERVICE_FLAG_FTP,
		},
	};

	nl_change(ctx, &change);
}

static int carry_out_change(struct nl_ctx *ctx, const struct ipvsadm_command *cmd,
			    const struct halb_change *change)
{
	bool ftp = (VERB(ADD_SERVER) | VERB(EDIT_SERVER)) & (1U << cmd->verb) &&
		   halb_key_is_ftp(&cmd->service);
	bool nat = cmd->method == HALB_METHOD_NAT;
	int ret;

	if (ftp && !nat)
		follow_method(ctx, cmd, false);
	ret = nl_change(ctx, change);
	if (!ret && ftp && nat)
		follow_method(ctx, cmd, true);
	return ret;
}

/* --- one command ----------------------------------------------------------------- */

static int no_daemon(struct nl_ctx *ctx)
{
	ctx->err = (struct nl_error) { .code = ESRCH };
	return -ESRCH;
}

static int carry_out(struct nl_ctx *ctx, const struct ipvsadm_command *cmd)
{
	struct halb_change change;

	switch (cmd->verb) {
	case IPVSADM_LIST:
		return ipvsadm_list(ctx, cmd);
	case IPVSADM_SAVE:
		return ipvsadm_save(ctx, cmd);
	case IPVSADM_ZERO:
		return nl_zero(ctx, cmd->options & IPVSADM_BIT(SERVICE) ?
				    &cmd->service : NULL);
	case IPVSADM_STOP_DAEMON:
		return no_daemon(ctx);
	default:
		return ipvsadm_to_change(cmd, &change) ? carry_out_change(ctx, cmd, &change) : 0;
	}
}

int ipvsadm_run(struct nl_ctx *ctx, const struct ipvsadm_command *cmd,
		struct ipvsadm_error *err, struct nl_error *why)
{
	if (!carry_out(ctx, cmd))
		return 0;
	*why = ctx->err;
	ipvsadm_refused(why, cmd, ipvsadm_service_exists(ctx, &cmd->service), err);
	return -1;
}

static int run_alone(const struct ipvsadm_command *cmd)
{
	struct ipvsadm_error err = { 0 };
	struct nl_error why = { 0 };
	struct nl_ctx ctx;
	int ret = -1;

	if (ipvsadm_supported(cmd, &err)) {
		ipvsadm_complain(&err, 0, NULL);
		return err.status;
	}
	if (nl_open(&ctx)) {
		why = ctx.err;
		ipvsadm_refused(&why, cmd, true, &err);
	} else {
		ret = ipvsadm_run(&ctx, cmd, &err, &why);
	}
	nl_close(&ctx);
	if (ret)
		ipvsadm_complain(&err, 0, &why);
	if (cmd->verb == IPVSADM_ADD)
		ip_vs_warn();
	return ret ? err.status : 0;
}

/* --- the command line ---------------------------------------------------------------- */

/* line: of a saved table, counted from 1, or 0 */
void ipvsadm_complain(struct ipvsadm_error *err, unsigned int line,
		      const struct nl_error *why)
{
	const char *hint = why ? why->text : "";

	fflush(stdout);
	fprintf(stderr, "%s\n", err->text ? err->text : strerror(ENOMEM));
	if (line)
		fprintf(stderr, "halb: line %u: %s%snothing was changed\n", line, hint,
			*hint ? "; " : "");
	else if (*hint)
		fprintf(stderr, "halb: %s\n", hint);
	free(err->text);
	err->text = NULL;
}

int ipvsadm_main(int argc, char **argv)
{
	struct ipvsadm_command cmd;
	struct ipvsadm_error err;
	int status = 0;

	if (argc == 1) {
		cmd = (struct ipvsadm_command) { .verb = IPVSADM_LIST };
	} else if (ipvsadm_parse(argc, argv, &cmd, &err)) {
		ipvsadm_complain(&err, 0, NULL);
		return err.status;
	}
	switch (cmd.verb) {
	case IPVSADM_HELP:
		ipvsadm_print_help(argv[0]);
		break;
	case IPVSADM_VERSION:
		ipvsadm_print_version();
		break;
	case IPVSADM_RESTORE:
		status = ipvsadm_restore(stdin, argv[0]);
		break;
	default:
		status = run_alone(&cmd);
	}
	return status;
}
