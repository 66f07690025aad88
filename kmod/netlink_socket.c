// SPDX-License-Identifier: GPL-2.0
/*
 * Clients' sockets: how their requests get at the netns, and what becomes of
 * what belonged to one that was closed.
 *
 * A commit of ten thousand services takes seconds. A process that is killed
 * meanwhile does not wait here for its end, neither in a request nor in the
 * close of its socket: its supervisor waits for that to take its addresses away.
 */
#include <linux/netlink.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "netlink_msg.h"

/**
 * struct halb_owner - a socket to which something belongs, or did
 * @closed: in &halb_net.closed, when it was closed
 * @portid: its port id, by which it is in &halb_net.owners until then
 */
struct halb_owner {
	struct llist_node closed;
	u32 portid;
};

static void end_closed_sockets(struct halb_net *hn)
{
	struct halb_owner *owner, *next;

	lockdep_assert_held(&hn->mutex);
	llist_for_each_entry_safe(owner, next, llist_del_all(&hn->closed), closed) {
		halb_nl_transactions_release(hn, owner->portid);
		halb_nl_instances_release(hn, owner->portid);
		kfree(owner);
	}
}

/**
 * halb_nl_lock - takes the netns' mutex for a request
 * @hn: netns
 *
 * Requests wait for their turn, in their order, before they ask for the mutex,
 * which others only hold for moments. Who waits for a mutex may spin as long as
 * its holder runs, and a signal does not end that.
 *
 * What belonged to sockets that are closed ends first: the port id of one may
 * be that of the socket that asks now, or what it had be what that one wants.
 *
 * Context: process. Return: 0, or -EINTR if the process is being killed: then
 * the requests that follow in the same message get that, too.
 */
int halb_nl_lock(struct halb_net *hn)
{
	if (fatal_signal_pending(current) || down_killable(&hn->turn))
		return -EINTR;
	mutex_lock(&hn->mutex);
	end_closed_sockets(hn);
	return 0;
}

void halb_nl_unlock(struct halb_net *hn)
{
	mutex_unlock(&hn->mutex);
	up(&hn->turn);
}

/**
 * halb_nl_own - something is going to belong to a socket
 * @hn: netns, its mutex held
 * @portid: the socket's
 *
 * Context: process, in a request of this socket's. Return: 0 or -ENOMEM.
 */
int halb_nl_own(struct halb_net *hn, u32 portid)
{
	struct halb_owner *owner;
	int err;

	lockdep_assert_held(&hn->mutex);
	if (xa_load(&hn->owners, portid))
		return 0;
	owner = kmalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);
	if (!owner)
		return -ENOMEM;
	owner->portid = portid;
	err = xa_err(xa_store(&hn->owners, portid, owner, GFP_KERNEL_ACCOUNT));
	if (err)
		kfree(owner);
	return err;
}

static void end_later(struct work_struct *work)
{
	struct halb_net *hn = container_of(work, struct halb_net, closed_work);

	mutex_lock(&hn->mutex);
	end_closed_sockets(hn);
	mutex_unlock(&hn->mutex);
}

/* A socket was closed. Its own requests are over. */
static int on_release(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct netlink_notify *notify = ptr;
	struct halb_owner *owner;
	struct halb_net *hn;

	if (event != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	hn = halb_net(notify->net);
	owner = xa_erase(&hn->owners, notify->portid);
	if (!owner)
		return NOTIFY_DONE;
	llist_add(&owner->closed, &hn->closed);
	if (mutex_trylock(&hn->mutex)) {
		end_closed_sockets(hn);
		mutex_unlock(&hn->mutex);
	} else {
		queue_work(halb_wq, &hn->closed_work);
	}
	return NOTIFY_DONE;
}

static struct notifier_block release_notifier = {
	.notifier_call	= on_release,
};

void halb_nl_sockets_init_net(struct halb_net *hn)
{
	sema_init(&hn->turn, 1);
	xa_init_flags(&hn->owners, XA_FLAGS_ACCOUNT);
	init_llist_head(&hn->closed);
	INIT_WORK(&hn->closed_work, end_later);
}

/* Of sockets that outlive the module. No other is closed any more. */
void halb_nl_sockets_exit_net(struct halb_net *hn)
{
	struct halb_owner *owner;
	unsigned long portid;

	flush_work(&hn->closed_work);
	xa_for_each(&hn->owners, portid, owner)
		kfree(owner);
	xa_destroy(&hn->owners);
}

int __init halb_nl_sockets_init(void)
{
	return netlink_register_notifier(&release_notifier);
}

void halb_nl_sockets_exit(void)
{
	netlink_unregister_notifier(&release_notifier);
}
