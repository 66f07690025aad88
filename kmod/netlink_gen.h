/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/halb.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_HALB_GEN_H
#define _LINUX_HALB_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/halb.h>

/* Common nested types */
extern const struct nla_policy halb_change_nl_policy[HALB_A_CHANGE_SETTINGS + 1];
extern const struct nla_policy halb_conn_nl_policy[HALB_A_CONN_SOURCE_PORT + 1];
extern const struct nla_policy halb_failures_nl_policy[HALB_A_FAILURES_LAST + 1];
extern const struct nla_policy halb_instance_nl_policy[HALB_A_INSTANCE_TRANSITIONS + 1];
extern const struct nla_policy halb_server_nl_policy[HALB_A_SERVER_FAILURES + 1];
extern const struct nla_policy halb_service_nl_policy[HALB_A_SERVICE_SLOW_START + 1];
extern const struct nla_policy halb_settings_nl_policy[HALB_A_SETTINGS_SUSPECT_AFTER + 1];
extern const struct nla_policy halb_stats_nl_policy[HALB_A_STATS_OUT_BPS + 1];
extern const struct nla_policy halb_why_nl_policy[HALB_A_WHY_OWN + 1];

extern const struct nla_policy halb_service_add_nl_policy[HALB_A_SERVICE + 1];

extern const struct nla_policy halb_service_set_nl_policy[HALB_A_SERVICE + 1];

extern const struct nla_policy halb_service_del_nl_policy[HALB_A_SERVICE + 1];

extern const struct nla_policy halb_service_get_nl_policy[HALB_A_SERVICE + 1];

extern const struct nla_policy halb_service_flush_nl_policy[HALB_A_GENERATION + 1];

extern const struct nla_policy halb_server_add_nl_policy[HALB_A_SERVER + 1];

extern const struct nla_policy halb_server_set_nl_policy[HALB_A_SERVER + 1];

extern const struct nla_policy halb_server_del_nl_policy[HALB_A_SERVER + 1];

extern const struct nla_policy halb_server_get_nl_policy[HALB_A_SERVER + 1];

extern const struct nla_policy halb_conn_get_nl_policy[HALB_A_CONN + 1];

extern const struct nla_policy halb_conn_flush_nl_policy[HALB_A_CONN + 1];

extern const struct nla_policy halb_stats_get_nl_policy[HALB_A_GENERATION + 1];

extern const struct nla_policy halb_zero_nl_policy[HALB_A_SERVICE + 1];

extern const struct nla_policy halb_settings_get_nl_policy[HALB_A_GENERATION + 1];

extern const struct nla_policy halb_settings_set_nl_policy[HALB_A_SETTINGS + 1];

extern const struct nla_policy halb_transaction_begin_nl_policy[HALB_A_GENERATION + 1];

extern const struct nla_policy halb_transaction_put_nl_policy[HALB_A_CHANGE + 1];

extern const struct nla_policy halb_transaction_commit_nl_policy[HALB_A_TRANSACTION + 1];

extern const struct nla_policy halb_transaction_abort_nl_policy[HALB_A_TRANSACTION + 1];

extern const struct nla_policy halb_instance_set_nl_policy[HALB_A_INSTANCE + 1];

extern const struct nla_policy halb_instance_del_nl_policy[HALB_A_INSTANCE + 1];

extern const struct nla_policy halb_instance_get_nl_policy[HALB_A_INSTANCE + 1];

extern const struct nla_policy halb_why_get_nl_policy[HALB_A_WHY + 1];

/* Ops table for halb */
extern const struct genl_ops halb_nl_ops[23];

int halb_nl_service_add_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_service_set_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_service_del_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_service_get_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_service_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int halb_nl_service_flush_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_server_add_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_server_set_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_server_del_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_server_get_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_server_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int halb_nl_conn_get_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_conn_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int halb_nl_conn_flush_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_zero_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_settings_get_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_settings_set_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_transaction_begin_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_transaction_put_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_transaction_commit_doit(struct sk_buff *skb,
				    struct genl_info *info);
int halb_nl_transaction_abort_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_instance_set_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_instance_del_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_instance_get_doit(struct sk_buff *skb, struct genl_info *info);
int halb_nl_instance_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int halb_nl_why_get_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	HALB_NLGRP_EVENTS,
};

#endif /* _LINUX_HALB_GEN_H */
