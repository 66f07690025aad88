// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: single changes, reading, statistics. See
 * uapi/halb.yaml for the contract.
 */
#include <linux/module.h>
#include <net/sock.h>

#include "estimator.h"
#include "netlink.h"
#include "netlink_msg.h"

/* larger than stats-get's answer, by far the largest there is */
#define HALB_STATS_SIZE		8192

/**
 * halb_nl_explain - says what the kernel's own errors do not
 * @extack: for the sentence
 * @err: error or 0
 *
 * Return: @err.
 */
int halb_nl_explain(struct netlink_ext_ack *extack, int err)
{
	if (err == -ENOMEM && !extack->_msg)
		NL_SET_ERR_MSG(extack, "not enough memory: nothing was changed");
	return err;
}

/* --- answers ---------------------------------------------------------------- */

/**
 * halb_nl_answer_new - begins an answer
 * @info: request
 * @size: room for attributes
 * @header: result, for halb_nl_answer()
 *
 * Return: the message or NULL.
 */
struct sk_buff *halb_nl_answer_new(struct genl_info *info, size_t size,
				   void **header)
{
	struct sk_buff *msg = nlmsg_new(size, GFP_KERNEL);

	if (!msg)
		return NULL;
	*header = genlmsg_put(msg, info->snd_portid, info->snd_seq,
			      &halb_genl_family, 0, info->genlhdr->cmd);
	return msg;
}

/**
 * halb_nl_answer - ends an answer
 * @info: request
 * @msg: message
 * @header: see halb_nl_answer_new()
 * @err: why it could not be filled, or 0
 *
 * Sends it; or frees it if there is an error, and returns that.
 */
int halb_nl_answer(struct genl_info *info, struct sk_buff *msg, void *header,
		   int err)
{
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, header);
	return genlmsg_reply(msg, info);
}

/**
 * halb_nl_check_generation - -EAGAIN unless there is the generation asked for
 * @info: request
 * @hn: netns, its mutex held
 */
int halb_nl_check_generation(const struct genl_info *info,
			     const struct halb_net *hn)
{
	const struct nlattr *attr = info->attrs[HALB_A_GENERATION];
	u32 wanted;

	if (!attr)
		return 0;
	wanted = nla_get_u32(attr);
	if (wanted == hn->generation)
		return 0;
	halb_set_err_msg_fmt(info->extack,
			     "the configuration has another generation",
			     "the configuration has generation %u, not %u",
			     hn->generation, wanted);
	NL_SET_BAD_ATTR(info->extack, attr);
	return -EAGAIN;
}

/* --- single changes of services and servers ---------------------------------- */

typedef int (*stage_service_fn)(struct halb_transaction *txn,
				const struct halb_service_request *request,
				struct netlink_ext_ack *extack);
typedef int (*stage_server_fn)(struct halb_transaction *txn,
			       const struct halb_server_request *request,
			       struct netlink_ext_ack *extack);

static int change_service(struct sk_buff *skb, struct genl_info *info,
			  stage_service_fn stage, enum halb_nl_want want)
{
	struct halb_service_request request;
	struct halb_net *hn = halb_nl_net(skb);
	struct halb_transaction txn;
	int err;

	err = halb_nl_parse_service(info->attrs[HALB_A_SERVICE], want, &request,
				    info->extack);
	if (err)
		return err;
	err = halb_nl_lock(hn);
	if (err)
		return err;
	halb_transaction_init(&txn, hn);
	err = halb_nl_explain(info->extack, stage(&txn, &request, info->extack));
	if (!err)
		err = halb_nl_commit(&txn, info->extack);
	halb_transaction_release(&txn);
	halb_nl_unlock(hn);
	return err;
}

int halb_nl_service_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	return change_service(skb, info, halb_stage_service_add, HALB_NL_ALL);
}

int halb_nl_service_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	return change_service(skb, info, halb_stage_service_set, HALB_NL_ALL);
}

int halb_nl_service_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return change_service(skb, info, halb_stage_service_del, HALB_NL_KEY);
}

int halb_nl_service_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_net *hn = halb_nl_net(skb);
	struct halb_transaction txn;
	int err;

	err = halb_nl_lock(hn);
	if (err)
		return err;
	halb_transaction_init(&txn, hn);
	err = halb_nl_check_generation(info, hn);
	if (!err) {
		halb_stage_flush(&txn);
		err = halb_nl_commit(&txn, info->extack);
	}
	halb_transaction_release(&txn);
	halb_nl_unlock(hn);
	return err;
}

static int change_server(struct sk_buff *skb, struct genl_info *info,
			 stage_server_fn stage, enum halb_nl_want want)
{
	struct halb_server_request request;
	struct halb_net *hn = halb_nl_net(skb);
	struct halb_transaction txn;
	int err;

	err = halb_nl_parse_server(hn->net, info->attrs[HALB_A_SERVER], want,
				   &request, info->extack);
	if (err)
		return err;
	err = halb_nl_lock(hn);
	if (err)
		return err;
	halb_transaction_init(&txn, hn);
	err = halb_nl_explain(info->extack, stage(&txn, &request, info->extack));
	if (!err)
		err = halb_nl_commit(&txn, info->extack);
	halb_transaction_release(&txn);
	halb_nl_unlock(hn);
	return err;
}

int halb_nl_server_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	return change_server(skb, info, halb_stage_server_add, HALB_NL_ALL);
}

int halb_nl_server_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	return change_server(skb, info, halb_stage_server_set, HALB_NL_ALL);
}

int halb_nl_server_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return change_server(skb, info, halb_stage_server_del, HALB_NL_KEY);
}

/* --- reading services and servers --------------------------------------------- */

static struct halb_service *find_service(const struct halb_net *hn,
					 const struct halb_service_key *key,
					 struct netlink_ext_ack *extack)
{
	struct halb_plan *plan;

	plan = halb_config_find(rcu_dereference_protected(hn->config,
					lockdep_is_held(&hn->mutex)), key);
	if (plan)
		return plan->service;
	NL_SET_ERR_MSG(extack, "no such service");
	return NULL;
}

int halb_nl_service_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_service_request request;
	struct halb_net *hn = halb_nl_net(skb);
	struct halb_service *service;
	struct sk_buff *msg;
	void *header;
	int err;

	err = halb_nl_parse_service(info->attrs[HALB_A_SERVICE], HALB_NL_KEY,
				    &request, info->extack);
	if (err)
		return err;
	msg = halb_nl_answer_new(info, NLMSG_DEFAULT_SIZE, &header);
	if (!msg)
		return halb_nl_explain(info->extack, -ENOMEM);
	err = halb_nl_lock(hn);
	if (err)
		return halb_nl_answer(info, msg, header, err);
	service = find_service(hn, &request.key, info->extack);
	err = service ? halb_nl_fill_service(msg, service) : -ESRCH;
	halb_nl_unlock(hn);
	return halb_nl_answer(info, msg, header, err);
}

static int find_and_fill_server(struct sk_buff *msg, const struct halb_net *hn,
				const struct halb_server_request *request,
				struct netlink_ext_ack *extack)
{
	const struct halb_service *service;
	const struct halb_server *server;

	service = find_service(hn, &request->service, extack);
	if (!service)
		return -ESRCH;
	list_for_each_entry(server, &service->servers, list)
		if (server->port == request->port &&
		    server->af == request->af &&
		    nf_inet_addr_cmp(&server->addr, &request->addr))
			return halb_nl_fill_server(msg, server);
	return halb_refuse(extack, -ENOENT, "the service has no such server");
}

int halb_nl_server_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_server_request request;
	struct halb_net *hn = halb_nl_net(skb);
	struct sk_buff *msg;
	void *header;
	int err;

	err = halb_nl_parse_server(hn->net, info->attrs[HALB_A_SERVER],
				   HALB_NL_KEY, &request, info->extack);
	if (err)
		return err;
	msg = halb_nl_answer_new(info, NLMSG_DEFAULT_SIZE, &header);
	if (!msg)
		return halb_nl_explain(info->extack, -ENOMEM);
	err = halb_nl_lock(hn);
	if (err)
		return halb_nl_answer(info, msg, header, err);
	err = find_and_fill_server(msg, hn, &request, info->extack);
	halb_nl_unlock(hn);
	return halb_nl_answer(info, msg, header, err);
}

/**
 * struct halb_dump - how far a dump of services or servers is
 * @service: services that are done
 * @server: servers of the next service that are done
 *
 * Positions hold while the generation stays the same; if it does not, the
 * message says so (NLM_F_DUMP_INTR) and the reader begins again.
 */
struct halb_dump {
	u32 service;
	u32 server;
};

static struct halb_dump *dump_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct halb_dump) > sizeof(cb->ctx));
	return (struct halb_dump *)cb->ctx;
}

static void *dump_header(struct sk_buff *msg, struct netlink_callback *cb, u8 cmd)
{
	void *header = genlmsg_put(msg, NETLINK_CB(cb->skb).portid,
				   cb->nlh->nlmsg_seq, &halb_genl_family,
				   NLM_F_MULTI, cmd);

	if (header)
		genl_dump_check_consistent(cb, header);
	return header;
}

static int dump_service(struct sk_buff *msg, struct netlink_callback *cb,
			const struct halb_service *service)
{
	void *header = dump_header(msg, cb, HALB_CMD_SERVICE_GET);

	if (!header)
		return -EMSGSIZE;
	if (halb_nl_fill_service(msg, service)) {
		genlmsg_cancel(msg, header);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, header);
	return 0;
}

int halb_nl_service_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct halb_net *hn = halb_nl_net(cb->skb);
	struct halb_dump *dump = dump_of(cb);
	const struct halb_service *service;
	u32 i = 0;
	int err;

	err = halb_nl_lock(hn);
	if (err)
		return err;
	cb->seq = hn->generation;
	list_for_each_entry(service, &hn->services, list) {
		if (i++ < dump->service)
			continue;
		if (dump_service(msg, cb, service))
			break;
		dump->service++;
	}
	halb_nl_unlock(hn);
	return msg->len;
}

static int dump_server(struct sk_buff *msg, struct netlink_callback *cb,
		       const struct halb_server *server)
{
	void *header = dump_header(msg, cb, HALB_CMD_SERVER_GET);

	if (!header)
		return -EMSGSIZE;
	if (halb_nl_fill_server(msg, server)) {
		genlmsg_cancel(msg, header);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, header);
	return 0;
}

static int dump_servers(struct sk_buff *msg, struct netlink_callback *cb,
			const struct halb_service *service)
{
	struct halb_dump *dump = dump_of(cb);
	const struct halb_server *server;
	u32 i = 0;

	list_for_each_entry(server, &service->servers, list) {
		if (i++ < dump->server)
			continue;
		if (dump_server(msg, cb, server))
			return -EMSGSIZE;
		dump->server++;
	}
	return 0;
}

static void dump_all_servers(struct sk_buff *msg, struct netlink_callback *cb,
			     const struct halb_net *hn)
{
	struct halb_dump *dump = dump_of(cb);
	const struct halb_service *service;
	u32 i = 0;

	list_for_each_entry(service, &hn->services, list) {
		if (i++ < dump->service)
			continue;
		if (dump_servers(msg, cb, service))
			return;
		dump->service++;
		dump->server = 0;
	}
}

int halb_nl_server_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	const struct nlattr *filter = halb_dump_attrs(cb)[HALB_A_SERVER];
	struct halb_net *hn = halb_nl_net(cb->skb);
	struct halb_service_request request;
	struct halb_service *service;
	int err = 0;

	if (filter) {
		err = halb_nl_parse_server_filter(filter, &request, cb->extack);
		if (err)
			return err;
	}
	err = halb_nl_lock(hn);
	if (err)
		return err;
	cb->seq = hn->generation;
	if (!filter) {
		dump_all_servers(msg, cb, hn);
	} else {
		service = find_service(hn, &request.key, cb->extack);
		if (service)
			dump_servers(msg, cb, service);
		else
			err = -ESRCH;
	}
	halb_nl_unlock(hn);
	return err ?: msg->len;
}

/* --- statistics and settings --------------------------------------------------- */

static int fill_all(struct sk_buff *msg, const struct halb_net *hn)
{
	if (nla_put_string(msg, HALB_A_VERSION, HALB_VERSION) ||
	    nla_put_u32(msg, HALB_A_GENERATION, hn->generation) ||
	    halb_nl_fill_totals(msg, hn) || halb_nl_fill_counters(msg, hn) ||
	    halb_nl_fill_settings(msg, hn))
		return -EMSGSIZE;
	return 0;
}

static int get(struct sk_buff *skb, struct genl_info *info,
	       int (*fill)(struct sk_buff *msg, const struct halb_net *hn))
{
	struct halb_net *hn = halb_nl_net(skb);
	struct sk_buff *msg;
	void *header;
	int err;

	msg = halb_nl_answer_new(info, HALB_STATS_SIZE, &header);
	if (!msg)
		return halb_nl_explain(info->extack, -ENOMEM);
	err = halb_nl_lock(hn);
	if (err)
		return halb_nl_answer(info, msg, header, err);
	err = halb_nl_check_generation(info, hn);
	if (!err)
		err = fill(msg, hn);
	halb_nl_unlock(hn);
	return halb_nl_answer(info, msg, header, err);
}

int halb_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return get(skb, info, fill_all);
}

int halb_nl_settings_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return get(skb, info, halb_nl_fill_settings);
}

int halb_nl_settings_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_settings_request request;
	struct halb_net *hn = halb_nl_net(skb);
	struct halb_transaction txn;
	int err;

	err = halb_nl_parse_settings(info->attrs[HALB_A_SETTINGS], &request,
				     info->extack);
	if (err)
		return err;
	err = halb_nl_lock(hn);
	if (err)
		return err;
	halb_transaction_init(&txn, hn);
	halb_stage_settings(&txn, &request);
	err = halb_nl_commit(&txn, info->extack);
	halb_transaction_release(&txn);
	halb_nl_unlock(hn);
	return err;
}

static int zero_service(struct halb_net *hn, const struct nlattr *nest,
			struct netlink_ext_ack *extack)
{
	struct halb_service_request request;
	struct halb_service *service;
	int err;

	err = halb_nl_parse_service(nest, HALB_NL_KEY, &request, extack);
	if (err)
		return err;
	err = halb_nl_lock(hn);
	if (err)
		return err;
	service = find_service(hn, &request.key, extack);
	if (service)
		halb_service_zero(service);
	halb_nl_unlock(hn);
	return service ? 0 : -ESRCH;
}

int halb_nl_zero_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *nest = info->attrs[HALB_A_SERVICE];
	struct halb_net *hn = halb_nl_net(skb);
	int err;

	if (nest)
		return zero_service(hn, nest, info->extack);
	err = halb_nl_lock(hn);
	if (err)
		return err;
	halb_net_zero(hn);
	halb_nl_unlock(hn);
	return 0;
}

/* --- the family ------------------------------------------------------------------- */

/*
 * The generated table, with what a spec cannot say: the dump of connections
 * holds an iterator, also when it is broken off, and changes of a transaction
 * are checked one by one, so that whatever is wrong with one ends it.
 */
static struct genl_ops halb_ops[ARRAY_SIZE(halb_nl_ops)] __ro_after_init;

static const struct nla_policy halb_put_policy[HALB_A_CHANGE + 1] = {
	[HALB_A_TRANSACTION]	= { .type = NLA_U32, },
	[HALB_A_CHANGE]		= { .type = NLA_NESTED, },
};

static void __init adapt_op(struct genl_ops *op)
{
	switch (op->cmd) {
	case HALB_CMD_CONN_GET:
		op->start = halb_nl_conn_get_start;
		op->done = halb_nl_conn_get_done;
		break;
	case HALB_CMD_TRANSACTION_PUT:
		op->policy = halb_put_policy;
		break;
	}
}

static const struct genl_multicast_group halb_mcgrps[] = {
	[HALB_NLGRP_EVENTS] = { .name = HALB_MCGRP_EVENTS, },
};

struct genl_family halb_genl_family __ro_after_init = {
	.name		= HALB_GENL_NAME,
	.version	= HALB_GENL_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= halb_ops,
	.n_ops		= ARRAY_SIZE(halb_ops),
	.resv_start_op	= HALB_CMD_SERVICE_ADD,
	.mcgrps		= halb_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(halb_mcgrps),
};

void halb_netlink_init_net(struct halb_net *hn)
{
	halb_nl_events_init(hn);
	halb_nl_instances_init(hn);
	halb_nl_sockets_init_net(hn);
}

void halb_netlink_exit_net(struct halb_net *hn)
{
	halb_nl_sockets_exit_net(hn);
	halb_nl_events_exit(hn);
	halb_nl_transactions_end(hn);
}

int __init halb_netlink_init(void)
{
	unsigned int i;
	int err;

	halb_nl_parse_init();
	memcpy(halb_ops, halb_nl_ops, sizeof(halb_ops));
	for (i = 0; i < ARRAY_SIZE(halb_ops); i++)
		adapt_op(&halb_ops[i]);
	err = halb_nl_sockets_init();
	if (err)
		return err;
	err = genl_register_family(&halb_genl_family);
	if (err)
		halb_nl_sockets_exit();
	return err;
}

void halb_netlink_exit(void)
{
	genl_unregister_family(&halb_genl_family);
	halb_nl_sockets_exit();
}
