// SPDX-License-Identifier: GPL-2.0
/*
 * Events: what has changed, to whoever listens to the multicast group.
 */
#include "netlink_msg.h"

/* between two events about one suspect server */
#define HALB_SUSPECT_PAUSE	HZ

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
	events->msg = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
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

/* Tells of a server, or says how long that has to wait. */
static unsigned long tell_suspect_of(struct halb_events *events,
				     struct halb_server *server)
{
	bool suspect = test_bit(HALB_SERVER_SUSPECT_BIT, &server->flags);

	if (suspect == server->suspect_told)
		return 0;
	if (server->suspect_next &&
	    time_before(jiffies, server->suspect_next))
		return server->suspect_next - jiffies;
	server->suspect_told = suspect;
	server->suspect_next = (jiffies + HALB_SUSPECT_PAUSE) ?: 1;
	add_event(HALB_CMD_SERVER_SUSPECT_NTF, server->service, server, events);
	return 0;
}

/* Tells of servers that became suspect, or are not any more. */
static void tell_suspect(struct work_struct *work)
{
	struct halb_net *hn = container_of(to_delayed_work(work),
					   struct halb_net, suspect);
	struct halb_events events = { .hn = hn };
	struct halb_service *service;
	struct halb_server *server;
	unsigned long wait = 0;

	mutex_lock(&hn->mutex);
	list_for_each_entry(service, &hn->services, list) {
		list_for_each_entry(server, &service->servers, list)
			wait = max(wait, tell_suspect_of(&events, server));
		cond_resched();
	}
	finish_events(&events);
	if (wait && !READ_ONCE(hn->closing))
		queue_delayed_work(halb_wq, &hn->suspect, wait);
	mutex_unlock(&hn->mutex);
}

/**
 * halb_nl_commit - makes staged changes take effect, and tells of them
 * @txn: transaction
 * @extack: for the sentence of a refusal
 *
 * Context: process, under the netns' mutex, which keeps the events of several
 * commits in order. Return: 0 or a negative errno.
 */
int halb_nl_commit(struct halb_transaction *txn, struct netlink_ext_ack *extack)
{
	int err = halb_transaction_commit(txn, extack);

	if (!err)
		tell(txn);
	return halb_nl_explain(extack, err);
}

void halb_nl_events_init(struct halb_net *hn)
{
	INIT_DELAYED_WORK(&hn->overload, tell_overload);
	INIT_DELAYED_WORK(&hn->suspect, tell_suspect);
}

/* After the last change of a connection, which may start the work. */
void halb_nl_events_exit(struct halb_net *hn)
{
	cancel_delayed_work_sync(&hn->overload);
	cancel_delayed_work_sync(&hn->suspect);
}
