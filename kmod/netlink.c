// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: handlers, dumps and events. See uapi/halb.yaml
 * for the contract.
 */
#include <linux/module.h>
#include <linux/sizes.h>
#include <net/sock.h>

#include "estimator.h"
#include "netlink.h"
#include "netlink_msg.h"

/* larger than any object or answer */
#define HALB_MSG_SIZE		8192
/* changes in a message, their attributes' headers and the message's included */
#define HALB_PUT_MAX		(SZ_32K + 64)

static struct halb_net *hn_of(const struct sk_buff *skb)
{
	return halb_net(sock_net(skb->sk));
}

/* --- answers ---------------------------------------------------------------- */

/* An answer to @info, begun. */
static struct sk_buff *new_answer(struct genl_info *info, void **header)
{
	struct sk_buff *msg = nlmsg_new(HALB_MSG_SIZE, GFP_KERNEL);

	if (!msg)
		return NULL;
	*header = genlmsg_put(msg, info->snd_portid, info->snd_seq,
			      &halb_genl_family, 0, info->genlhdr->cmd);
	return msg;
}

/* Ends it and sends it, or frees it if it could not be filled. */
static int answer(struct genl_info *info, struct sk_buff *msg, void *header,
		  int err)
{
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, header);
	return genlmsg_reply(msg, info);
}

/* The generation that a request may ask for. */
static int check_generation(const struct genl_info *info,
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

/* What the kernel's own errors do not say. */
static int explain(struct netlink_ext_ack *extack, int err)
{
	if (err == -ENOMEM && !extack->_msg)
		NL_SET_ERR_MSG(extack, "not enough memory: nothing was changed");
	return err;
}

/* --- events ----------------------------------------------------------------- */

/**
 * struct halb_events - events of one commit on their way
 * @hn: netns
 * @msg: as many as fit, not yet sent
 * @lost: some could not be sent
 */
struct halb_events {
	struct halb_net *hn;
	struct sk_buff *msg;
	bool lost;
};

static int fill_event(struct sk_buff *msg, const struct halb_net *hn, int event,
		      const struct halb_service *service,
		      const struct halb_server *server)
{
	void *header = genlmsg_put(msg, 0, 0, &halb_genl_family, 0, event);
	int err;

	if (!header)
		return -EMSGSIZE;
	if (server)
		err = halb_nl_fill_server(msg, server);
	else if (service)
		err = halb_nl_fill_service(msg, service);
	else
		err = halb_nl_fill_settings(msg, hn);
	if (err) {
		genlmsg_cancel(msg, header);
		return err;
	}
	genlmsg_end(msg, header);
	return 0;
}

static void send_events(struct halb_events *events)
{
	if (!events->msg)
		return;
	genlmsg_multicast_netns(&halb_genl_family, events->hn->net, events->msg,
				0, HALB_NLGRP_EVENTS, GFP_KERNEL);
	events->msg = NULL;
}

static void add_event(int event, const struct halb_service *service,
		      const struct halb_server *server, void *arg)
{
	struct halb_events *events = arg;

	if (events->msg &&
	    !fill_event(events->msg, events->hn, event, service, server))
		return;
	send_events(events);
	events->msg = nlmsg_new(HALB_MSG_SIZE, GFP_KERNEL);
	if (events->msg &&
	    !fill_event(events->msg, events->hn, event, service, server))
		return;
	nlmsg_free(events->msg);
	events->msg = NULL;
	events->lost = true;
}

static void finish_events(struct halb_events *events)
{
	send_events(events);
	/* listeners learn that they have missed some, as when they are slow */
	if (events->lost)
		genl_set_err(&halb_genl_family, events->hn->net, 0,
			     HALB_NLGRP_EVENTS, -ENOBUFS);
}

static void tell(struct halb_transaction *txn)
{
	struct halb_events events = { .hn = txn->hn };

	if (!genl_has_listeners(&halb_genl_family, txn->hn->net,
				HALB_NLGRP_EVENTS))
		return;
	halb_transaction_tell(txn, add_event, &events);
	finish_events(&events);
}

/* Tells of servers that went into or out of overload since the last time. */
static void tell_overload(struct work_struct *work)
{
	struct halb_net *hn = container_of(to_delayed_work(work),
					   struct halb_net, overload);
	struct halb_events events = { .hn = hn };
	struct halb_service *service;
	struct halb_server *server;

	mutex_lock(&hn->mutex);
	list_for_each_entry(service, &hn->services, list) {
		list_for_each_entry(server, &service->servers, list) {
			if (!test_bit(HALB_SERVER_TELL_BIT, &server->flags))
				continue;
			clear_bit(HALB_SERVER_TELL_BIT, &server->flags);
			smp_mb__after_atomic(); /* whoever changes it now tells again */
			add_event(HALB_CMD_SERVER_SET_NTF, service, server,
				  &events);
		}
		cond_resched();
	}
	finish_events(&events);
	mutex_unlock(&hn->mutex);
}

void halb_netlink_init_net(struct halb_net *hn)
{
	INIT_DELAYED_WORK(&hn->overload, tell_overload);
}

/* After the last change of a connection, which may start it. */
void halb_netlink_exit_net(struct halb_net *hn)
{
	cancel_delayed_work_sync(&hn->overload);
}

static int commit(struct halb_transaction *txn, struct netlink_ext_ack *extack)
{
	int err = halb_transaction_commit(txn, extack);

	if (!err)
		tell(txn);
	return explain(extack, err);
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
	struct halb_net *hn = hn_of(skb);
	struct halb_transaction txn;
	int err;

	err = halb_nl_parse_service(info->attrs[HALB_A_SERVICE], want, &request,
				    info->extack);
	if (err)
		return err;
	mutex_lock(&hn->mutex);
	halb_transaction_init(&txn, hn);
	err = explain(info->extack, stage(&txn, &request, info->extack));
	if (!err)
		err = commit(&txn, info->extack);
	halb_transaction_release(&txn);
	mutex_unlock(&hn->mutex);
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
	struct halb_net *hn = hn_of(skb);
	struct halb_transaction txn;
	int err;

	mutex_lock(&hn->mutex);
	halb_transaction_init(&txn, hn);
	err = check_generation(info, hn);
	if (!err) {
		halb_stage_flush(&txn);
		err = commit(&txn, info->extack);
	}
	halb_transaction_release(&txn);
	mutex_unlock(&hn->mutex);
	return err;
}

static int change_server(struct sk_buff *skb, struct genl_info *info,
			 stage_server_fn stage, enum halb_nl_want want)
{
	struct halb_server_request request;
	struct halb_net *hn = hn_of(skb);
	struct halb_transaction txn;
	int err;

	err = halb_nl_parse_server(hn->net, info->attrs[HALB_A_SERVER], want,
				   &request, info->extack);
	if (err)
		return err;
	mutex_lock(&hn->mutex);
	halb_transaction_init(&txn, hn);
	err = explain(info->extack, stage(&txn, &request, info->extack));
	if (!err)
		err = commit(&txn, info->extack);
	halb_transaction_release(&txn);
	mutex_unlock(&hn->mutex);
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
	struct halb_net *hn = hn_of(skb);
	struct halb_service *service;
	struct sk_buff *msg;
	void *header;
	int err;

	err = halb_nl_parse_service(info->attrs[HALB_A_SERVICE], HALB_NL_KEY,
				    &request, info->extack);
	if (err)
		return err;
	msg = new_answer(info, &header);
	if (!msg)
		return explain(info->extack, -ENOMEM);
	mutex_lock(&hn->mutex);
	service = find_service(hn, &request.key, info->extack);
	err = service ? halb_nl_fill_service(msg, service) : -ESRCH;
	mutex_unlock(&hn->mutex);
	return answer(info, msg, header, err);
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
	struct halb_net *hn = hn_of(skb);
	struct sk_buff *msg;
	void *header;
	int err;

	err = halb_nl_parse_server(hn->net, info->attrs[HALB_A_SERVER],
				   HALB_NL_KEY, &request, info->extack);
	if (err)
		return err;
	msg = new_answer(info, &header);
	if (!msg)
		return explain(info->extack, -ENOMEM);
	mutex_lock(&hn->mutex);
	err = find_and_fill_server(msg, hn, &request, info->extack);
	mutex_unlock(&hn->mutex);
	return answer(info, msg, header, err);
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
	struct halb_net *hn = hn_of(cb->skb);
	struct halb_dump *dump = dump_of(cb);
	const struct halb_service *service;
	u32 i = 0;

	mutex_lock(&hn->mutex);
	cb->seq = hn->generation;
	list_for_each_entry(service, &hn->services, list) {
		if (i++ < dump->service)
			continue;
		if (dump_service(msg, cb, service))
			break;
		dump->service++;
	}
	mutex_unlock(&hn->mutex);
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
	struct halb_net *hn = hn_of(cb->skb);
	struct halb_service_request request;
	struct halb_service *service;
	int err = 0;

	if (filter) {
		err = halb_nl_parse_server_filter(filter, &request, cb->extack);
		if (err)
			return err;
	}
	mutex_lock(&hn->mutex);
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
	mutex_unlock(&hn->mutex);
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
	struct halb_net *hn = hn_of(skb);
	struct sk_buff *msg;
	void *header;
	int err;

	msg = new_answer(info, &header);
	if (!msg)
		return explain(info->extack, -ENOMEM);
	mutex_lock(&hn->mutex);
	err = check_generation(info, hn);
	if (!err)
		err = fill(msg, hn);
	mutex_unlock(&hn->mutex);
	return answer(info, msg, header, err);
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
	struct halb_net *hn = hn_of(skb);
	struct halb_transaction txn;
	int err;

	err = halb_nl_parse_settings(info->attrs[HALB_A_SETTINGS], &request,
				     info->extack);
	if (err)
		return err;
	mutex_lock(&hn->mutex);
	halb_transaction_init(&txn, hn);
	halb_stage_settings(&txn, &request);
	err = commit(&txn, info->extack);
	halb_transaction_release(&txn);
	mutex_unlock(&hn->mutex);
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
	mutex_lock(&hn->mutex);
	service = find_service(hn, &request.key, extack);
	if (service)
		halb_service_zero(service);
	mutex_unlock(&hn->mutex);
	return service ? 0 : -ESRCH;
}

int halb_nl_zero_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *nest = info->attrs[HALB_A_SERVICE];
	struct halb_net *hn = hn_of(skb);

	if (nest)
		return zero_service(hn, nest, info->extack);
	mutex_lock(&hn->mutex);
	halb_net_zero(hn);
	mutex_unlock(&hn->mutex);
	return 0;
}

/* --- transactions --------------------------------------------------------------- */

static struct halb_transaction *
find_transaction(const struct halb_net *hn, const struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[HALB_A_TRANSACTION];
	struct halb_transaction *txn;

	if (!attr) {
		NL_SET_ERR_MSG(info->extack,
			       "name the transaction by the number that its begin answered");
		return ERR_PTR(-EINVAL);
	}
	list_for_each_entry(txn, &hn->transactions, list)
		if (txn->id == nla_get_u32(attr) &&
		    txn->portid == info->snd_portid)
			return txn;
	NL_SET_ERR_MSG_ATTR(info->extack, attr,
			    "this socket has no such transaction: begin one");
	return ERR_PTR(-ENOENT);
}

static void end_transaction(struct halb_transaction *txn)
{
	halb_transaction_release(txn);
	kfree(txn);
}

static int fill_transaction(struct sk_buff *msg,
			    const struct halb_transaction *txn)
{
	if (nla_put_u32(msg, HALB_A_TRANSACTION, txn->id) ||
	    nla_put_u32(msg, HALB_A_GENERATION, txn->hn->generation))
		return -EMSGSIZE;
	return 0;
}

static bool id_taken(const struct halb_net *hn, u32 id)
{
	const struct halb_transaction *txn;

	list_for_each_entry(txn, &hn->transactions, list)
		if (txn->id == id)
			return true;
	return false;
}

static void name_transaction(struct halb_transaction *txn)
{
	struct halb_net *hn = txn->hn;

	do {
		hn->transaction_id++;
	} while (!hn->transaction_id || id_taken(hn, hn->transaction_id));
	txn->id = hn->transaction_id;
}

static int begin(struct halb_net *hn, const struct genl_info *info,
		 struct halb_transaction *txn)
{
	const struct nlattr *flags = info->attrs[HALB_A_TRANSACTION_FLAGS];
	const struct halb_transaction *other;
	unsigned int open = 0;
	int err;

	/* a configuration that has moved on never comes back */
	err = check_generation(info, hn);
	if (err)
		return err;
	list_for_each_entry(other, &hn->transactions, list)
		open++;
	if (open >= HALB_TRANSACTIONS_MAX)
		return halb_refuse(info->extack, -EBUSY,
				   "at most 16 transactions are open at a time: commit or abort one");
	halb_transaction_init(txn, hn);
	txn->replace = flags &&
		       nla_get_u32(flags) & HALB_TRANSACTION_FLAG_REPLACE;
	txn->pinned = !txn->replace || info->attrs[HALB_A_GENERATION];
	txn->generation = hn->generation;
	txn->portid = info->snd_portid;
	name_transaction(txn);
	return 0;
}

int halb_nl_transaction_begin_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_net *hn = hn_of(skb);
	struct halb_transaction *txn;
	struct sk_buff *msg;
	void *header;
	int err;

	txn = kzalloc(sizeof(*txn), GFP_KERNEL_ACCOUNT);
	if (!txn)
		return explain(info->extack, -ENOMEM);
	msg = new_answer(info, &header);
	if (!msg) {
		kfree(txn);
		return explain(info->extack, -ENOMEM);
	}
	mutex_lock(&hn->mutex);
	err = begin(hn, info, txn);
	if (err) {
		kfree(txn);
	} else {
		err = fill_transaction(msg, txn);
		list_add_tail(&txn->list, &hn->transactions);
	}
	mutex_unlock(&hn->mutex);
	return answer(info, msg, header, err);
}

static int put_service(struct halb_transaction *txn, u32 op,
		       const struct nlattr *nest, struct netlink_ext_ack *extack)
{
	struct halb_service_request request;
	int err;

	err = halb_nl_parse_service(nest, op == HALB_CHANGE_OP_DEL ?
				    HALB_NL_KEY : HALB_NL_ALL, &request, extack);
	if (err)
		return err;
	switch (op) {
	case HALB_CHANGE_OP_ADD:
		return halb_stage_service_add(txn, &request, extack);
	case HALB_CHANGE_OP_SET:
		return halb_stage_service_set(txn, &request, extack);
	default:
		return halb_stage_service_del(txn, &request, extack);
	}
}

static int put_server(struct halb_transaction *txn, u32 op,
		      const struct nlattr *nest, struct netlink_ext_ack *extack)
{
	struct halb_server_request request;
	int err;

	err = halb_nl_parse_server(txn->hn->net, nest,
				   op == HALB_CHANGE_OP_DEL ?
				   HALB_NL_KEY : HALB_NL_ALL, &request, extack);
	if (err)
		return err;
	switch (op) {
	case HALB_CHANGE_OP_ADD:
		return halb_stage_server_add(txn, &request, extack);
	case HALB_CHANGE_OP_SET:
		return halb_stage_server_set(txn, &request, extack);
	default:
		return halb_stage_server_del(txn, &request, extack);
	}
}

static int put_settings(struct halb_transaction *txn, u32 op,
			const struct nlattr *nest,
			struct netlink_ext_ack *extack)
{
	struct halb_settings_request request;
	int err;

	if (op != HALB_CHANGE_OP_SET)
		return halb_refuse(extack, -EINVAL, "settings can only be set");
	err = halb_nl_parse_settings(nest, &request, extack);
	if (err)
		return err;
	halb_stage_settings(txn, &request);
	return 0;
}

static int put_change(struct halb_transaction *txn, const struct nlattr *change,
		      struct netlink_ext_ack *extack)
{
	struct nlattr *tb[HALB_A_CHANGE_MAX + 1];
	struct nlattr *service, *server, *settings;
	int err;
	u32 op;

	err = nla_parse_nested(tb, HALB_A_CHANGE_MAX, change,
			       halb_change_nl_policy, extack);
	if (err)
		return err;
	service = tb[HALB_A_CHANGE_SERVICE];
	server = tb[HALB_A_CHANGE_SERVER];
	settings = tb[HALB_A_CHANGE_SETTINGS];
	if (!tb[HALB_A_CHANGE_OP])
		return halb_refuse(extack, -EINVAL,
				   "a change needs an operation: add, set, del or flush");
	op = nla_get_u32(tb[HALB_A_CHANGE_OP]);
	if (op == HALB_CHANGE_OP_FLUSH) {
		if (service || server || settings)
			return halb_refuse(extack, -EINVAL,
					   "flush takes no object");
		halb_stage_flush(txn);
		return 0;
	}
	if (!!service + !!server + !!settings != 1)
		return halb_refuse(extack, -EINVAL,
				   "a change needs one object: a service, a server or settings");
	if (service)
		return put_service(txn, op, service, extack);
	if (server)
		return put_server(txn, op, server, extack);
	return put_settings(txn, op, settings, extack);
}

static int put_changes(struct halb_transaction *txn, struct genl_info *info)
{
	const struct nlattr *attr;
	int err, rem;

	if (info->nlhdr->nlmsg_len > HALB_PUT_MAX)
		return halb_refuse(info->extack, -EMSGSIZE,
				   "a message takes at most 32 KiB of changes: send several");
	nla_for_each_attr(attr, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), rem) {
		if (nla_type(attr) != HALB_A_CHANGE)
			continue;
		err = put_change(txn, attr, info->extack);
		if (err) {
			/* whatever is wrong in it: this change is refused */
			NL_SET_BAD_ATTR(info->extack, attr);
			return err;
		}
		cond_resched();
	}
	return 0;
}

int halb_nl_transaction_put_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_net *hn = hn_of(skb);
	struct halb_transaction *txn;
	int err;

	mutex_lock(&hn->mutex);
	txn = find_transaction(hn, info);
	if (IS_ERR(txn)) {
		err = PTR_ERR(txn);
		goto unlock;
	}
	/* what shows through is what there was at the beginning */
	err = halb_transaction_check(txn, info->extack);
	if (!err)
		err = explain(info->extack, put_changes(txn, info));
	if (err)
		end_transaction(txn);
unlock:
	mutex_unlock(&hn->mutex);
	return err;
}

int halb_nl_transaction_commit_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_net *hn = hn_of(skb);
	struct halb_transaction *txn;
	struct sk_buff *msg;
	void *header;
	int err;

	msg = new_answer(info, &header);
	if (!msg)
		return explain(info->extack, -ENOMEM);
	mutex_lock(&hn->mutex);
	txn = find_transaction(hn, info);
	if (IS_ERR(txn)) {
		err = PTR_ERR(txn);
		goto unlock;
	}
	err = commit(txn, info->extack);
	if (!err)
		err = fill_transaction(msg, txn);
	end_transaction(txn);
unlock:
	mutex_unlock(&hn->mutex);
	return answer(info, msg, header, err);
}

int halb_nl_transaction_abort_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_net *hn = hn_of(skb);
	struct halb_transaction *txn;
	int err = 0;

	mutex_lock(&hn->mutex);
	txn = find_transaction(hn, info);
	if (IS_ERR(txn))
		err = PTR_ERR(txn);
	else
		end_transaction(txn);
	mutex_unlock(&hn->mutex);
	return err;
}

/* A socket was closed: its transactions go with it. */
static int on_release(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct netlink_notify *notify = ptr;
	struct halb_transaction *txn, *next;
	struct halb_net *hn;

	if (event != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	hn = halb_net(notify->net);
	/* a socket's own requests are over: it is not on its way into the list */
	if (list_empty_careful(&hn->transactions))
		return NOTIFY_DONE;
	mutex_lock(&hn->mutex);
	list_for_each_entry_safe(txn, next, &hn->transactions, list)
		if (txn->portid == notify->portid)
			end_transaction(txn);
	mutex_unlock(&hn->mutex);
	return NOTIFY_DONE;
}

static struct notifier_block halb_netlink_notifier = {
	.notifier_call	= on_release,
};

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

int __init halb_netlink_init(void)
{
	unsigned int i;
	int err;

	halb_nl_parse_init();
	memcpy(halb_ops, halb_nl_ops, sizeof(halb_ops));
	for (i = 0; i < ARRAY_SIZE(halb_ops); i++)
		adapt_op(&halb_ops[i]);
	err = netlink_register_notifier(&halb_netlink_notifier);
	if (err)
		return err;
	err = genl_register_family(&halb_genl_family);
	if (err)
		netlink_unregister_notifier(&halb_netlink_notifier);
	return err;
}

void halb_netlink_exit(void)
{
	genl_unregister_family(&halb_genl_family);
	netlink_unregister_notifier(&halb_netlink_notifier);
}
