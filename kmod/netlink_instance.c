// SPDX-License-Identifier: GPL-2.0
/*
 * VRRP instances over netlink: who says what this director is, and what becomes
 * of that when the one who said it is gone.
 */
#include <linux/ctype.h>

#include "instance.h"
#include "netlink_msg.h"

/* instances in one request: a sync group */
#define HALB_INSTANCES_PER_SET	256

/**
 * struct instance_request - what a request says about an instance
 * @name: its name
 * @state: enum halb_director_state
 * @grace: milliseconds
 * @owned: it is to belong to the socket
 */
struct instance_request {
	char name[HALB_INSTANCE_NAME_MAX + 1];
	u32 state;
	u32 grace;
	bool owned;
};

/* --- reading requests ---------------------------------------------------------- */

int halb_nl_parse_instance_name(const struct nlattr *attr, char *name,
				struct netlink_ext_ack *extack)
{
	const char *c;

	nla_strscpy(name, attr, HALB_INSTANCE_NAME_MAX + 1);
	if (strnlen(nla_data(attr), nla_len(attr)) > HALB_INSTANCE_NAME_MAX)
		return halb_refuse_attr(extack, attr, -ENAMETOOLONG,
					"the name of a VRRP instance has 63 characters at most");
	for (c = name; *c; c++)
		if (isspace(*c) || iscntrl(*c))
			return halb_refuse_attr(extack, attr, -EINVAL,
						"the name of a VRRP instance has no white space");
	return 0;
}

static int parse_instance(const struct nlattr *nest, bool key_only,
			  struct instance_request *request,
			  struct netlink_ext_ack *extack)
{
	struct nlattr *tb[HALB_A_INSTANCE_MAX + 1];
	int err;

	memset(request, 0, sizeof(*request));
	if (!nest)
		return halb_refuse(extack, -EINVAL, "name a VRRP instance");
	err = nla_parse_nested(tb, HALB_A_INSTANCE_MAX, nest,
			       halb_instance_nl_policy, extack);
	if (err)
		return err;
	if (!tb[HALB_A_INSTANCE_NAME])
		return halb_refuse_attr(extack, nest, -EINVAL,
					"name a VRRP instance");
	err = halb_nl_parse_instance_name(tb[HALB_A_INSTANCE_NAME],
					  request->name, extack);
	if (err)
		return err;
	if (!*request->name)
		return halb_refuse_attr(extack, tb[HALB_A_INSTANCE_NAME],
					-EINVAL, "name a VRRP instance");
	if (tb[HALB_A_INSTANCE_OWNER] || tb[HALB_A_INSTANCE_WAITING] ||
	    tb[HALB_A_INSTANCE_SERVICES] || tb[HALB_A_INSTANCE_AGE] ||
	    tb[HALB_A_INSTANCE_TRANSITIONS])
		return halb_refuse_attr(extack, nest, -EINVAL,
					"of a VRRP instance only state and grace can be set");
	if (key_only)
		return tb[HALB_A_INSTANCE_STATE] || tb[HALB_A_INSTANCE_GRACE] ?
			halb_refuse_attr(extack, nest, -EINVAL,
					 "here the name is all that is taken") :
			0;
	if (!tb[HALB_A_INSTANCE_STATE])
		return halb_refuse_attr(extack, nest, -EINVAL,
					"give the state: fault, backup or master");
	request->state = nla_get_u32(tb[HALB_A_INSTANCE_STATE]);
	if (!tb[HALB_A_INSTANCE_GRACE])
		return 0;
	request->owned = true;
	request->grace = nla_get_u32(tb[HALB_A_INSTANCE_GRACE]);
	if (request->grace > HALB_GRACE_MAX)
		return halb_refuse_attr(extack, tb[HALB_A_INSTANCE_GRACE],
					-EINVAL,
					"grace must be 0..600000 milliseconds");
	return 0;
}

/* --- answers and events ---------------------------------------------------------- */

static int fill_instance(struct sk_buff *skb,
			 const struct halb_instance *instance)
{
	struct nlattr *nest = nla_nest_start(skb, HALB_A_INSTANCE);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_string(skb, HALB_A_INSTANCE_NAME, instance->name) ||
	    nla_put_u32(skb, HALB_A_INSTANCE_STATE, instance->state) ||
	    nla_put_u32(skb, HALB_A_INSTANCE_OWNER, instance->portid) ||
	    ((instance->portid || instance->waiting) &&
	     nla_put_u32(skb, HALB_A_INSTANCE_GRACE, instance->grace)) ||
	    (instance->waiting &&
	     nla_put_u32(skb, HALB_A_INSTANCE_WAITING,
			 halb_instance_waiting(instance))) ||
	    nla_put_u32(skb, HALB_A_INSTANCE_SERVICES, instance->services) ||
	    nla_put_u32(skb, HALB_A_INSTANCE_AGE,
			halb_now() - instance->changed) ||
	    nla_put_u32(skb, HALB_A_INSTANCE_TRANSITIONS,
			instance->transitions)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static void tell(const struct halb_net *hn, const struct halb_instance *instance)
{
	struct sk_buff *msg;
	void *header;

	if (!genl_has_listeners(&halb_genl_family, hn->net, HALB_NLGRP_EVENTS))
		return;
	msg = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	header = msg ? genlmsg_put(msg, 0, 0, &halb_genl_family, 0,
				   HALB_CMD_INSTANCE_NTF) : NULL;
	if (!header || fill_instance(msg, instance)) {
		nlmsg_free(msg);
		genl_set_err(&halb_genl_family, hn->net, 0, HALB_NLGRP_EVENTS,
			     -ENOBUFS);
		return;
	}
	genlmsg_end(msg, header);
	genlmsg_multicast_netns(&halb_genl_family, hn->net, msg, 0,
				HALB_NLGRP_EVENTS, GFP_KERNEL);
}

/* --- changes ---------------------------------------------------------------------- */

static int check_owner(const struct halb_instance *instance, u32 portid,
		       struct netlink_ext_ack *extack)
{
	if (!instance || !instance->portid || instance->portid == portid)
		return 0;
	return halb_refuse(extack, -EBUSY,
			   "the VRRP instance belongs to a daemon that is running: stop that first");
}

static void apply(struct halb_net *hn, struct halb_instance *instance,
		  const struct instance_request *request, u32 portid)
{
	bool news = instance->portid != (request->owned ? portid : 0) ||
		    instance->waiting || !instance->kept;

	instance->kept = true;
	instance->waiting = false;
	instance->portid = request->owned ? portid : 0;
	instance->grace = request->grace;
	if (halb_instance_set_state(hn, instance, request->state) || news)
		tell(hn, instance);
}

#define for_each_instance(attr, info, rem)				\
	nlmsg_for_each_attr(attr, (info)->nlhdr, GENL_HDRLEN, rem)	\
		if (nla_type(attr) == HALB_A_INSTANCE)

/* Everything that can fail: afterwards each instance has a use of ours. */
static int prepare(struct halb_net *hn, struct genl_info *info,
		   struct instance_request *requests,
		   struct halb_instance **instances, unsigned int *count)
{
	const struct nlattr *attr;
	int rem, err;

	for_each_instance(attr, info, rem) {
		struct instance_request *request = &requests[*count];
		struct halb_instance *instance;

		if (*count == HALB_INSTANCES_PER_SET)
			return halb_refuse_attr(info->extack, attr, -E2BIG,
						"at most 256 VRRP instances fit in a request: send several");
		err = parse_instance(attr, false, request, info->extack);
		if (err)
			return err;
		err = check_owner(halb_instance_find(hn, request->name),
				  info->snd_portid, info->extack);
		if (err)
			return err;
		instance = halb_instance_get(hn, request->name);
		if (instance == ERR_PTR(-ENOSPC))
			return halb_refuse_attr(info->extack, attr, -ENOSPC,
						"at most 4096 VRRP instances fit in a network namespace: remove some");
		if (IS_ERR(instance))
			return PTR_ERR(instance);
		instances[(*count)++] = instance;
	}
	if (!*count)
		return halb_refuse(info->extack, -EINVAL,
				   "name a VRRP instance");
	return halb_nl_own(hn, info->snd_portid);
}

int halb_nl_instance_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_net *hn = halb_nl_net(skb);
	struct instance_request *requests;
	struct halb_instance **instances;
	unsigned int count = 0, i;
	int err;

	requests = kvcalloc(HALB_INSTANCES_PER_SET, sizeof(*requests),
			    GFP_KERNEL_ACCOUNT);
	instances = kcalloc(HALB_INSTANCES_PER_SET, sizeof(*instances),
			    GFP_KERNEL_ACCOUNT);
	err = requests && instances ? halb_nl_lock(hn) : -ENOMEM;
	if (err)
		goto free;
	err = prepare(hn, info, requests, instances, &count);
	for (i = 0; i < count; i++) {
		if (!err)
			apply(hn, instances[i], &requests[i], info->snd_portid);
		halb_instance_put(instances[i]);
	}
	halb_instances_reap(hn);
	halb_nl_unlock(hn);
free:
	kfree(instances);
	kvfree(requests);
	return halb_nl_explain(info->extack, err);
}

int halb_nl_instance_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_net *hn = halb_nl_net(skb);
	struct instance_request request;
	struct halb_instance *instance;
	int err;

	err = parse_instance(info->attrs[HALB_A_INSTANCE], true, &request,
			     info->extack);
	if (err)
		return err;
	err = halb_nl_lock(hn);
	if (err)
		return err;
	instance = halb_instance_find(hn, request.name);
	if (!instance || !instance->kept)
		err = halb_refuse(info->extack, -ENOENT,
				  "nobody has given a VRRP instance of this name a state");
	else
		err = check_owner(instance, info->snd_portid, info->extack);
	if (!err) {
		instance->kept = false;
		instance->waiting = false;
		instance->portid = 0;
		halb_instance_set_state(hn, instance,
					HALB_DIRECTOR_STATE_FAULT);
		tell(hn, instance);
		halb_instances_reap(hn);
	}
	halb_nl_unlock(hn);
	return err;
}

/* --- reading ----------------------------------------------------------------------- */

int halb_nl_instance_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct halb_net *hn = halb_nl_net(skb);
	struct instance_request request;
	struct halb_instance *instance;
	struct sk_buff *msg;
	void *header;
	int err;

	err = parse_instance(info->attrs[HALB_A_INSTANCE], true, &request,
			     info->extack);
	if (err)
		return err;
	msg = halb_nl_answer_new(info, NLMSG_DEFAULT_SIZE, &header);
	if (!msg)
		return halb_nl_explain(info->extack, -ENOMEM);
	err = halb_nl_lock(hn);
	if (err)
		return halb_nl_answer(info, msg, header, err);
	halb_instances_reap(hn);
	instance = halb_instance_find(hn, request.name);
	err = instance ? fill_instance(msg, instance) :
			 halb_refuse(info->extack, -ENOENT,
				     "no such VRRP instance");
	halb_nl_unlock(hn);
	return halb_nl_answer(info, msg, header, err);
}

/* Instances that come or go while they are listed may be missed, or come twice. */
int halb_nl_instance_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct halb_net *hn = halb_nl_net(cb->skb);
	const struct halb_instance *instance;
	long done = 0;
	int err;

	err = halb_nl_lock(hn);
	if (err)
		return err;
	halb_instances_reap(hn);
	list_for_each_entry(instance, &hn->instances, list) {
		void *header;

		if (done++ < cb->args[0])
			continue;
		header = genlmsg_put(msg, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, &halb_genl_family,
				     NLM_F_MULTI, HALB_CMD_INSTANCE_GET);
		if (!header)
			break;
		if (fill_instance(msg, instance)) {
			genlmsg_cancel(msg, header);
			break;
		}
		genlmsg_end(msg, header);
		cb->args[0]++;
	}
	halb_nl_unlock(hn);
	return msg->len;
}

/* --- owners that are gone ------------------------------------------------------------ */

/**
 * halb_nl_instances_release - a socket was closed: the grace of its instances begins
 * @hn: netns, its mutex held
 * @portid: the socket's
 *
 * Not before now, however long ago that was: nor could a successor speak.
 */
void halb_nl_instances_release(struct halb_net *hn, u32 portid)
{
	struct halb_instance *instance;

	lockdep_assert_held(&hn->mutex);
	list_for_each_entry(instance, &hn->instances, list) {
		if (instance->portid != portid)
			continue;
		halb_instance_orphan(hn, instance);
		tell(hn, instance);
	}
}

static void end_graces(struct work_struct *work)
{
	struct halb_net *hn = container_of(to_delayed_work(work),
					   struct halb_net, grace);
	struct halb_instance *instance;
	unsigned long next = 0;
	bool more = false;

	mutex_lock(&hn->mutex);
	list_for_each_entry(instance, &hn->instances, list) {
		if (!instance->waiting)
			continue;
		if (time_after(instance->deadline, jiffies)) {
			if (!more || time_before(instance->deadline, next))
				next = instance->deadline;
			more = true;
			continue;
		}
		instance->waiting = false;
		instance->kept = false;
		halb_instance_set_state(hn, instance,
					HALB_DIRECTOR_STATE_FAULT);
		tell(hn, instance);
	}
	halb_instances_reap(hn);
	if (more && !hn->closing) {
		hn->grace_next = next;
		queue_delayed_work(halb_wq, &hn->grace,
				   max_t(long, next - jiffies, 0));
	}
	mutex_unlock(&hn->mutex);
}

void halb_nl_instances_init(struct halb_net *hn)
{
	INIT_DELAYED_WORK(&hn->grace, end_graces);
}
