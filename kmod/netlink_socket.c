// SPDX-License-Identifier: GPL-2.0
/*
 * Clients' sockets: how their requests get at the netns, and what becomes of
 * what belonged to one that was closed.
 *
 * A commit of ten thousand services holds the netns' mutex for seconds. No
 * process that is killed meanwhile may stay for that, neither in a request nor
 * in the close of its socket: its supervisor waits for its end to take its
 * addresses away.
 */
#include <linux/llist.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include "netlink_msg.h"

/**
 * struct closed_socket - a socket that was closed while the mutex was held
 * @node: in &halb_net.closed
 * @portid: its port id; another socket may have it by now
 */
struct closed_socket {
	struct llist_node node;
	u32 portid;
};

static void end_socket(struct halb_net *hn, u32 portid)
{
	halb_nl_transactions_release(hn, portid);
	halb_nl_instances_release(hn, portid);
}

static void end_closed_sockets(struct halb_net *hn)
{
	struct closed_socket *closed, *next;

	lockdep_assert_held(&hn->mutex);
	llist_for_each_entry_safe(closed, next, llist_del_all(&hn->closed), node) {
		end_socket(hn, closed->portid);
		kfree(closed);
	}
}

/**
 * halb_nl_lock - takes the netns' mutex for a request
 * @hn: netns
 *
 * What sockets have that were closed before ends first: the port id of one may
 * be that of the socket that asks now, or what it had be what that one wants.
 *
 * Context: process. Return: 0, or -EINTR if the process is being killed.
 */
int halb_nl_lock(struct halb_net *hn)
{
	int err = mutex_lock_killable(&hn->mutex);

	if (!err)
		end_closed_sockets(hn);
	return err;
}

static void end_later(struct work_struct *work)
{
	struct halb_net *hn = container_of(work, struct halb_net, closed_work);

	mutex_lock(&hn->mutex);
	end_closed_sockets(hn);
	mutex_unlock(&hn->mutex);
}

static void close_socket(struct halb_net *hn, u32 portid)
{
	struct closed_socket *closed = NULL;

	if (!mutex_trylock(&hn->mutex)) {
		closed = kmalloc(sizeof(*closed), GFP_KERNEL);
		if (closed) {
			closed->portid = portid;
			llist_add(&closed->node, &hn->closed);
			queue_work(halb_wq, &hn->closed_work);
			return;
		}
		mutex_lock(&hn->mutex);
	}
	end_socket(hn, portid);
	mutex_unlock(&hn->mutex);
}

/* A socket was closed. Its own requests are over. */
static int on_release(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct netlink_notify *notify = ptr;
	struct halb_net *hn;

	if (event != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	hn = halb_net(notify->net);
	/* most sockets have nothing to do with us: spare them the mutex */
	if (!list_empty_careful(&hn->transactions) ||
	    !list_empty_careful(&hn->instances))
		close_socket(hn, notify->portid);
	return NOTIFY_DONE;
}

static struct notifier_block release_notifier = {
	.notifier_call	= on_release,
};

void halb_nl_sockets_init_net(struct halb_net *hn)
{
	init_llist_head(&hn->closed);
	INIT_WORK(&hn->closed_work, end_later);
}

/* No socket of the netns is closed any more: it has none, or we do not hear. */
void halb_nl_sockets_exit_net(struct halb_net *hn)
{
	flush_work(&hn->closed_work);
}

int __init halb_nl_sockets_init(void)
{
	return netlink_register_notifier(&release_notifier);
}

void halb_nl_sockets_exit(void)
{
	netlink_unregister_notifier(&release_notifier);
}
