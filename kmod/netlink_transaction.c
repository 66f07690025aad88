// SPDX-License-Identifier: GPL-2.0
/*
 * Transactions over several messages: each belongs to the socket that began it,
 * and ends with it.
 */
#include <linux/sizes.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "netlink_msg.h"

/* changes in a message, their attributes' headers and the message's included */
#define HALB_PUT_MAX		(SZ_32K + 64)

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
	err = halb_nl_check_generation(info, hn);
	if (err)
		return err;
	list_for_each_entry(other, &hn->transactions, list)
		open++;
	if (open >= HALB_TRANSACTIONS_MAX)
		return halb_refuse(info->extack, -EBUSY,
				   "at most 16 transactions are open at a time: commit or abort one");
	err = halb_nl_own(hn, info->snd_portid);
	if (err)
		return halb_nl_explain(info->extack, err);
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
	struct halb_net *hn = halb_nl_net(skb);
	struct halb_transaction *txn;
	struct sk_buff *msg;
	void *header;
	int err;

	txn = kzalloc(sizeof(*txn), GFP_KERNEL_ACCOUNT);
	if (!txn)
		return halb_nl_explain(info->extack, -ENOMEM);
	msg = halb_nl_answer_new(info, NLMSG_DEFAULT_SIZE, &header);
	if (!msg) {
		kfree(txn);
		return halb_nl_explain(info->extack, -ENOMEM);
	}
	err = halb_nl_lock(hn);
	if (err) {
		kfree(txn);
		return halb_nl_answer(info, msg, header, err);
	}
	err = begin(hn, info, txn);
	if (err) {
		kfree(txn);
	} else {
		err = fill_transaction(msg, txn);
		list_add_tail(&txn->list, &hn->transactions);
	}
	halb_nl_unlock(hn);
	return halb_nl_answer(info, msg, header, err);
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
	struct halb_net *hn = halb_nl_net(skb);
	struct halb_transaction *txn;
	int err;

	err = halb_nl_lock(hn);
	if (err)
		return err;
	txn = find_transaction(hn, info);
	if (IS_ERR(txn)) {
		err = PTR_ERR(txn);
		goto unlock;
	}
	/* what shows through is what there was at the beginning */
	err = halb_transaction_check(txn, info->extack);
	if (!err)
		err = halb_nl_explain(info->extack, put_changes(txn, info));
	if (err)
		end_transaction(txn);
unlock:
	halb_nl_unlock(hn);
	return err;
}

int halb_nl_transaction_commit_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_net *hn = halb_nl_net(skb);
	struct halb_transaction *txn;
	struct sk_buff *msg;
	void *header;
	int err;

	msg = halb_nl_answer_new(info, NLMSG_DEFAULT_SIZE, &header);
	if (!msg)
		return halb_nl_explain(info->extack, -ENOMEM);
	err = halb_nl_lock(hn);
	if (err)
		return halb_nl_answer(info, msg, header, err);
	txn = find_transaction(hn, info);
	if (IS_ERR(txn)) {
		err = PTR_ERR(txn);
		goto unlock;
	}
	err = halb_nl_commit(txn, info->extack);
	if (!err)
		err = fill_transaction(msg, txn);
	end_transaction(txn);
unlock:
	halb_nl_unlock(hn);
	return halb_nl_answer(info, msg, header, err);
}

int halb_nl_transaction_abort_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_net *hn = halb_nl_net(skb);
	struct halb_transaction *txn;
	int err;

	err = halb_nl_lock(hn);
	if (err)
		return err;
	txn = find_transaction(hn, info);
	if (IS_ERR(txn))
		err = PTR_ERR(txn);
	else
		end_transaction(txn);
	halb_nl_unlock(hn);
	return err;
}

/**
 * halb_nl_transactions_release - a socket was closed: its transactions go with it
 * @hn: netns, its mutex held
 * @portid: the socket's
 */
void halb_nl_transactions_release(struct halb_net *hn, u32 portid)
{
	struct halb_transaction *txn, *next;

	lockdep_assert_held(&hn->mutex);
	list_for_each_entry_safe(txn, next, &hn->transactions, list)
		if (txn->portid == portid)
			end_transaction(txn);
}

/* Of sockets that outlive the module. */
void halb_nl_transactions_end(struct halb_net *hn)
{
	struct halb_transaction *txn, *next;

	mutex_lock(&hn->mutex);
	list_for_each_entry_safe(txn, next, &hn->transactions, list)
		end_transaction(txn);
	mutex_unlock(&hn->mutex);
}
