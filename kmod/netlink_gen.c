// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/halb.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/halb.h>

/* Common nested types */
const struct nla_policy halb_change_nl_policy[HALB_A_CHANGE_SETTINGS + 1] = {
	[HALB_A_CHANGE_OP] = NLA_POLICY_MAX(NLA_U32, 3),
	[HALB_A_CHANGE_SERVICE] = NLA_POLICY_NESTED(halb_service_nl_policy),
	[HALB_A_CHANGE_SERVER] = NLA_POLICY_NESTED(halb_server_nl_policy),
	[HALB_A_CHANGE_SETTINGS] = NLA_POLICY_NESTED(halb_settings_nl_policy),
};

const struct nla_policy halb_conn_nl_policy[HALB_A_CONN_SOURCE_PORT + 1] = {
	[HALB_A_CONN_PROTOCOL] = { .type = NLA_U8, },
	[HALB_A_CONN_CLIENT_ADDRESS] = { .type = NLA_BINARY, },
	[HALB_A_CONN_CLIENT_PORT] = { .type = NLA_U16, },
	[HALB_A_CONN_SERVICE_ADDRESS] = { .type = NLA_BINARY, },
	[HALB_A_CONN_SERVICE_PORT] = { .type = NLA_U16, },
	[HALB_A_CONN_SERVER_ADDRESS] = { .type = NLA_BINARY, },
	[HALB_A_CONN_SERVER_PORT] = { .type = NLA_U16, },
	[HALB_A_CONN_METHOD] = NLA_POLICY_MAX(NLA_U32, 3),
	[HALB_A_CONN_STATE] = NLA_POLICY_MAX(NLA_U32, 25),
	[HALB_A_CONN_EXPIRES] = { .type = NLA_U32, },
	[HALB_A_CONN_FWMARK] = { .type = NLA_U32, },
	[HALB_A_CONN_SOURCE_ADDRESS] = { .type = NLA_BINARY, },
	[HALB_A_CONN_SOURCE_PORT] = { .type = NLA_U16, },
};

const struct nla_policy halb_failures_nl_policy[HALB_A_FAILURES_LAST + 1] = {
	[HALB_A_FAILURES_UNANSWERED] = { .type = NLA_U64, },
	[HALB_A_FAILURES_RESET] = { .type = NLA_U64, },
	[HALB_A_FAILURES_UNREACHABLE] = { .type = NLA_U64, },
	[HALB_A_FAILURES_ROW] = { .type = NLA_U32, },
	[HALB_A_FAILURES_LAST] = NLA_POLICY_MAX(NLA_U32, 2),
};

const struct nla_policy halb_instance_nl_policy[HALB_A_INSTANCE_TRANSITIONS + 1] = {
	[HALB_A_INSTANCE_NAME] = { .type = NLA_NUL_STRING, },
	[HALB_A_INSTANCE_STATE] = NLA_POLICY_MAX(NLA_U32, 2),
	[HALB_A_INSTANCE_GRACE] = { .type = NLA_U32, },
	[HALB_A_INSTANCE_OWNER] = { .type = NLA_U32, },
	[HALB_A_INSTANCE_WAITING] = { .type = NLA_U32, },
	[HALB_A_INSTANCE_SERVICES] = { .type = NLA_U32, },
	[HALB_A_INSTANCE_AGE] = { .type = NLA_U32, },
	[HALB_A_INSTANCE_TRANSITIONS] = { .type = NLA_U32, },
};

const struct nla_policy halb_server_nl_policy[HALB_A_SERVER_FAILURES + 1] = {
	[HALB_A_SERVER_SERVICE] = NLA_POLICY_NESTED(halb_service_nl_policy),
	[HALB_A_SERVER_ADDRESS] = { .type = NLA_BINARY, },
	[HALB_A_SERVER_PORT] = { .type = NLA_U16, },
	[HALB_A_SERVER_METHOD] = NLA_POLICY_MAX(NLA_U32, 3),
	[HALB_A_SERVER_WEIGHT] = { .type = NLA_U32, },
	[HALB_A_SERVER_UPPER] = { .type = NLA_U32, },
	[HALB_A_SERVER_LOWER] = { .type = NLA_U32, },
	[HALB_A_SERVER_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0xf),
	[HALB_A_SERVER_ACTIVE_CONNS] = { .type = NLA_U32, },
	[HALB_A_SERVER_INACTIVE_CONNS] = { .type = NLA_U32, },
	[HALB_A_SERVER_PERSIST_CONNS] = { .type = NLA_U32, },
	[HALB_A_SERVER_STATS] = NLA_POLICY_NESTED(halb_stats_nl_policy),
	[HALB_A_SERVER_TUN_TYPE] = NLA_POLICY_MAX(NLA_U32, 2),
	[HALB_A_SERVER_TUN_PORT] = { .type = NLA_U16, },
	[HALB_A_SERVER_TUN_CSUM] = NLA_POLICY_MAX(NLA_U32, 2),
	[HALB_A_SERVER_BACKUP] = { .type = NLA_U8, },
	[HALB_A_SERVER_DRAIN] = { .type = NLA_U32, },
	[HALB_A_SERVER_SLOW_PERCENT] = { .type = NLA_U8, },
	[HALB_A_SERVER_FAILURES] = NLA_POLICY_NESTED(halb_failures_nl_policy),
};

const struct nla_policy halb_service_nl_policy[HALB_A_SERVICE_SLOW_START + 1] = {
	[HALB_A_SERVICE_PROTOCOL] = { .type = NLA_U8, },
	[HALB_A_SERVICE_ADDRESS] = { .type = NLA_BINARY, },
	[HALB_A_SERVICE_PORT] = { .type = NLA_U16, },
	[HALB_A_SERVICE_FWMARK] = { .type = NLA_U32, },
	[HALB_A_SERVICE_FAMILY] = { .type = NLA_U8, },
	[HALB_A_SERVICE_SCHEDULER] = { .type = NLA_NUL_STRING, },
	[HALB_A_SERVICE_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0xff),
	[HALB_A_SERVICE_FLAGS_MASK] = NLA_POLICY_MASK(NLA_U32, 0xff),
	[HALB_A_SERVICE_PERSIST_TIMEOUT] = { .type = NLA_U32, },
	[HALB_A_SERVICE_PERSIST_PREFIX] = { .type = NLA_U8, },
	[HALB_A_SERVICE_ACTIVE_CONNS] = { .type = NLA_U32, },
	[HALB_A_SERVICE_INACTIVE_CONNS] = { .type = NLA_U32, },
	[HALB_A_SERVICE_SERVERS] = { .type = NLA_U32, },
	[HALB_A_SERVICE_STATS] = NLA_POLICY_NESTED(halb_stats_nl_policy),
	[HALB_A_SERVICE_VRRP] = { .type = NLA_NUL_STRING, },
	[HALB_A_SERVICE_SOURCE_ADDRESS] = { .type = NLA_BINARY, },
	[HALB_A_SERVICE_SOURCE_COUNT] = { .type = NLA_U16, },
	[HALB_A_SERVICE_TCP_TIMEOUT] = { .type = NLA_U32, },
	[HALB_A_SERVICE_TCP_FIN_TIMEOUT] = { .type = NLA_U32, },
	[HALB_A_SERVICE_UDP_TIMEOUT] = { .type = NLA_U32, },
	[HALB_A_SERVICE_CONN_LIMIT] = { .type = NLA_U32, },
	[HALB_A_SERVICE_SLOW_START] = { .type = NLA_U32, },
};

const struct nla_policy halb_settings_nl_policy[HALB_A_SETTINGS_SUSPECT_AFTER + 1] = {
	[HALB_A_SETTINGS_TCP_TIMEOUT] = { .type = NLA_U32, },
	[HALB_A_SETTINGS_TCP_FIN_TIMEOUT] = { .type = NLA_U32, },
	[HALB_A_SETTINGS_UDP_TIMEOUT] = { .type = NLA_U32, },
	[HALB_A_SETTINGS_CONN_LIMIT] = { .type = NLA_U32, },
	[HALB_A_SETTINGS_VIP_UNMATCHED] = NLA_POLICY_MAX(NLA_U32, 2),
	[HALB_A_SETTINGS_SOURCE_CHECK] = { .type = NLA_U8, },
	[HALB_A_SETTINGS_CONNS] = { .type = NLA_U32, },
	[HALB_A_SETTINGS_EXPIRE_QUIESCENT_TEMPLATE] = { .type = NLA_U8, },
	[HALB_A_SETTINGS_LOCAL_CLIENTS] = { .type = NLA_U8, },
	[HALB_A_SETTINGS_SUSPECT_AFTER] = { .type = NLA_U32, },
};

const struct nla_policy halb_stats_nl_policy[HALB_A_STATS_OUT_BPS + 1] = {
	[HALB_A_STATS_CONNS] = { .type = NLA_U64, },
	[HALB_A_STATS_IN_PACKETS] = { .type = NLA_U64, },
	[HALB_A_STATS_OUT_PACKETS] = { .type = NLA_U64, },
	[HALB_A_STATS_IN_BYTES] = { .type = NLA_U64, },
	[HALB_A_STATS_OUT_BYTES] = { .type = NLA_U64, },
	[HALB_A_STATS_CPS] = { .type = NLA_U64, },
	[HALB_A_STATS_IN_PPS] = { .type = NLA_U64, },
	[HALB_A_STATS_OUT_PPS] = { .type = NLA_U64, },
	[HALB_A_STATS_IN_BPS] = { .type = NLA_U64, },
	[HALB_A_STATS_OUT_BPS] = { .type = NLA_U64, },
};

const struct nla_policy halb_why_nl_policy[HALB_A_WHY_OWN + 1] = {
	[HALB_A_WHY_IN_DEVICE] = { .type = NLA_NUL_STRING, },
	[HALB_A_WHY_VERDICT] = NLA_POLICY_MAX(NLA_U32, 3),
	[HALB_A_WHY_REASON] = { .type = NLA_NUL_STRING, },
	[HALB_A_WHY_VIP_LOCAL] = { .type = NLA_U8, },
	[HALB_A_WHY_TEMPLATE] = { .type = NLA_U8, },
	[HALB_A_WHY_OUT_DEVICE] = { .type = NLA_NUL_STRING, },
	[HALB_A_WHY_NEIGHBOUR] = NLA_POLICY_MAX(NLA_U32, 3),
	[HALB_A_WHY_PATH] = { .type = NLA_NUL_STRING, },
	[HALB_A_WHY_OWN] = { .type = NLA_U8, },
};

/* HALB_CMD_SERVICE_ADD - do */
const struct nla_policy halb_service_add_nl_policy[HALB_A_SERVICE + 1] = {
	[HALB_A_SERVICE] = NLA_POLICY_NESTED(halb_service_nl_policy),
};

/* HALB_CMD_SERVICE_SET - do */
const struct nla_policy halb_service_set_nl_policy[HALB_A_SERVICE + 1] = {
	[HALB_A_SERVICE] = NLA_POLICY_NESTED(halb_service_nl_policy),
};

/* HALB_CMD_SERVICE_DEL - do */
const struct nla_policy halb_service_del_nl_policy[HALB_A_SERVICE + 1] = {
	[HALB_A_SERVICE] = NLA_POLICY_NESTED(halb_service_nl_policy),
};

/* HALB_CMD_SERVICE_GET - do */
const struct nla_policy halb_service_get_nl_policy[HALB_A_SERVICE + 1] = {
	[HALB_A_SERVICE] = NLA_POLICY_NESTED(halb_service_nl_policy),
};

/* HALB_CMD_SERVICE_FLUSH - do */
const struct nla_policy halb_service_flush_nl_policy[HALB_A_GENERATION + 1] = {
	[HALB_A_GENERATION] = { .type = NLA_U32, },
};

/* HALB_CMD_SERVER_ADD - do */
const struct nla_policy halb_server_add_nl_policy[HALB_A_SERVER + 1] = {
	[HALB_A_SERVER] = NLA_POLICY_NESTED(halb_server_nl_policy),
};

/* HALB_CMD_SERVER_SET - do */
const struct nla_policy halb_server_set_nl_policy[HALB_A_SERVER + 1] = {
	[HALB_A_SERVER] = NLA_POLICY_NESTED(halb_server_nl_policy),
};

/* HALB_CMD_SERVER_DEL - do */
const struct nla_policy halb_server_del_nl_policy[HALB_A_SERVER + 1] = {
	[HALB_A_SERVER] = NLA_POLICY_NESTED(halb_server_nl_policy),
};

/* HALB_CMD_SERVER_GET - do */
const struct nla_policy halb_server_get_nl_policy[HALB_A_SERVER + 1] = {
	[HALB_A_SERVER] = NLA_POLICY_NESTED(halb_server_nl_policy),
};

/* HALB_CMD_CONN_GET - do */
const struct nla_policy halb_conn_get_nl_policy[HALB_A_CONN + 1] = {
	[HALB_A_CONN] = NLA_POLICY_NESTED(halb_conn_nl_policy),
};

/* HALB_CMD_CONN_FLUSH - do */
const struct nla_policy halb_conn_flush_nl_policy[HALB_A_CONN + 1] = {
	[HALB_A_CONN] = NLA_POLICY_NESTED(halb_conn_nl_policy),
};

/* HALB_CMD_STATS_GET - do */
const struct nla_policy halb_stats_get_nl_policy[HALB_A_GENERATION + 1] = {
	[HALB_A_GENERATION] = { .type = NLA_U32, },
};

/* HALB_CMD_ZERO - do */
const struct nla_policy halb_zero_nl_policy[HALB_A_SERVICE + 1] = {
	[HALB_A_SERVICE] = NLA_POLICY_NESTED(halb_service_nl_policy),
};

/* HALB_CMD_SETTINGS_GET - do */
const struct nla_policy halb_settings_get_nl_policy[HALB_A_GENERATION + 1] = {
	[HALB_A_GENERATION] = { .type = NLA_U32, },
};

/* HALB_CMD_SETTINGS_SET - do */
const struct nla_policy halb_settings_set_nl_policy[HALB_A_SETTINGS + 1] = {
	[HALB_A_SETTINGS] = NLA_POLICY_NESTED(halb_settings_nl_policy),
};

/* HALB_CMD_TRANSACTION_BEGIN - do */
const struct nla_policy halb_transaction_begin_nl_policy[HALB_A_GENERATION + 1] = {
	[HALB_A_TRANSACTION_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x1),
	[HALB_A_GENERATION] = { .type = NLA_U32, },
};

/* HALB_CMD_TRANSACTION_PUT - do */
const struct nla_policy halb_transaction_put_nl_policy[HALB_A_CHANGE + 1] = {
	[HALB_A_TRANSACTION] = { .type = NLA_U32, },
	[HALB_A_CHANGE] = NLA_POLICY_NESTED(halb_change_nl_policy),
};

/* HALB_CMD_TRANSACTION_COMMIT - do */
const struct nla_policy halb_transaction_commit_nl_policy[HALB_A_TRANSACTION + 1] = {
	[HALB_A_TRANSACTION] = { .type = NLA_U32, },
};

/* HALB_CMD_TRANSACTION_ABORT - do */
const struct nla_policy halb_transaction_abort_nl_policy[HALB_A_TRANSACTION + 1] = {
	[HALB_A_TRANSACTION] = { .type = NLA_U32, },
};

/* HALB_CMD_INSTANCE_SET - do */
const struct nla_policy halb_instance_set_nl_policy[HALB_A_INSTANCE + 1] = {
	[HALB_A_INSTANCE] = NLA_POLICY_NESTED(halb_instance_nl_policy),
};

/* HALB_CMD_INSTANCE_DEL - do */
const struct nla_policy halb_instance_del_nl_policy[HALB_A_INSTANCE + 1] = {
	[HALB_A_INSTANCE] = NLA_POLICY_NESTED(halb_instance_nl_policy),
};

/* HALB_CMD_INSTANCE_GET - do */
const struct nla_policy halb_instance_get_nl_policy[HALB_A_INSTANCE + 1] = {
	[HALB_A_INSTANCE] = NLA_POLICY_NESTED(halb_instance_nl_policy),
};

/* HALB_CMD_WHY_GET - do */
const struct nla_policy halb_why_get_nl_policy[HALB_A_WHY + 1] = {
	[HALB_A_CONN] = NLA_POLICY_NESTED(halb_conn_nl_policy),
	[HALB_A_WHY] = NLA_POLICY_NESTED(halb_why_nl_policy),
};

/* Ops table for halb */
const struct genl_ops halb_nl_ops[23] = {
	{
		.cmd		= HALB_CMD_SERVICE_ADD,
		.doit		= halb_nl_service_add_doit,
		.policy		= halb_service_add_nl_policy,
		.maxattr	= HALB_A_SERVICE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_SERVICE_SET,
		.doit		= halb_nl_service_set_doit,
		.policy		= halb_service_set_nl_policy,
		.maxattr	= HALB_A_SERVICE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_SERVICE_DEL,
		.doit		= halb_nl_service_del_doit,
		.policy		= halb_service_del_nl_policy,
		.maxattr	= HALB_A_SERVICE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_SERVICE_GET,
		.doit		= halb_nl_service_get_doit,
		.dumpit		= halb_nl_service_get_dumpit,
		.policy		= halb_service_get_nl_policy,
		.maxattr	= HALB_A_SERVICE,
	},
	{
		.cmd		= HALB_CMD_SERVICE_FLUSH,
		.doit		= halb_nl_service_flush_doit,
		.policy		= halb_service_flush_nl_policy,
		.maxattr	= HALB_A_GENERATION,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_SERVER_ADD,
		.doit		= halb_nl_server_add_doit,
		.policy		= halb_server_add_nl_policy,
		.maxattr	= HALB_A_SERVER,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_SERVER_SET,
		.doit		= halb_nl_server_set_doit,
		.policy		= halb_server_set_nl_policy,
		.maxattr	= HALB_A_SERVER,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_SERVER_DEL,
		.doit		= halb_nl_server_del_doit,
		.policy		= halb_server_del_nl_policy,
		.maxattr	= HALB_A_SERVER,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_SERVER_GET,
		.doit		= halb_nl_server_get_doit,
		.dumpit		= halb_nl_server_get_dumpit,
		.policy		= halb_server_get_nl_policy,
		.maxattr	= HALB_A_SERVER,
	},
	{
		.cmd		= HALB_CMD_CONN_GET,
		.doit		= halb_nl_conn_get_doit,
		.dumpit		= halb_nl_conn_get_dumpit,
		.policy		= halb_conn_get_nl_policy,
		.maxattr	= HALB_A_CONN,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_CONN_FLUSH,
		.doit		= halb_nl_conn_flush_doit,
		.policy		= halb_conn_flush_nl_policy,
		.maxattr	= HALB_A_CONN,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_STATS_GET,
		.doit		= halb_nl_stats_get_doit,
		.policy		= halb_stats_get_nl_policy,
		.maxattr	= HALB_A_GENERATION,
	},
	{
		.cmd		= HALB_CMD_ZERO,
		.doit		= halb_nl_zero_doit,
		.policy		= halb_zero_nl_policy,
		.maxattr	= HALB_A_SERVICE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_SETTINGS_GET,
		.doit		= halb_nl_settings_get_doit,
		.policy		= halb_settings_get_nl_policy,
		.maxattr	= HALB_A_GENERATION,
	},
	{
		.cmd		= HALB_CMD_SETTINGS_SET,
		.doit		= halb_nl_settings_set_doit,
		.policy		= halb_settings_set_nl_policy,
		.maxattr	= HALB_A_SETTINGS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_TRANSACTION_BEGIN,
		.doit		= halb_nl_transaction_begin_doit,
		.policy		= halb_transaction_begin_nl_policy,
		.maxattr	= HALB_A_GENERATION,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_TRANSACTION_PUT,
		.doit		= halb_nl_transaction_put_doit,
		.policy		= halb_transaction_put_nl_policy,
		.maxattr	= HALB_A_CHANGE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_TRANSACTION_COMMIT,
		.doit		= halb_nl_transaction_commit_doit,
		.policy		= halb_transaction_commit_nl_policy,
		.maxattr	= HALB_A_TRANSACTION,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_TRANSACTION_ABORT,
		.doit		= halb_nl_transaction_abort_doit,
		.policy		= halb_transaction_abort_nl_policy,
		.maxattr	= HALB_A_TRANSACTION,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_INSTANCE_SET,
		.doit		= halb_nl_instance_set_doit,
		.policy		= halb_instance_set_nl_policy,
		.maxattr	= HALB_A_INSTANCE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_INSTANCE_DEL,
		.doit		= halb_nl_instance_del_doit,
		.policy		= halb_instance_del_nl_policy,
		.maxattr	= HALB_A_INSTANCE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HALB_CMD_INSTANCE_GET,
		.doit		= halb_nl_instance_get_doit,
		.dumpit		= halb_nl_instance_get_dumpit,
		.policy		= halb_instance_get_nl_policy,
		.maxattr	= HALB_A_INSTANCE,
	},
	{
		.cmd		= HALB_CMD_WHY_GET,
		.doit		= halb_nl_why_get_doit,
		.policy		= halb_why_get_nl_policy,
		.maxattr	= HALB_A_WHY,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
};

static const struct genl_multicast_group halb_nl_mcgrps[] = {
	[HALB_NLGRP_EVENTS] = { "events", },
};
