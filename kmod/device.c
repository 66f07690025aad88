// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that go: a cached IPv6 route keeps its entry of the routing table,
 * and that the device, until it is released. Packets would find out by
 * themselves that the route is no good any more, but maybe none comes.
 */
#include <linux/netdevice.h>

#include "device.h"
#include "net.h"

static void forget_routes(struct halb_net *hn)
{
	struct halb_service *service;
	struct halb_server *server;

	lockdep_assert_held(&hn->mutex);
	list_for_each_entry(service, &hn->services, list)
		list_for_each_entry(server, &service->servers, list)
			halb_route_forget(&server->route);
	list_for_each_entry(server, &hn->removed, list)
		halb_route_forget(&server->route);
	halb_routes_forget(&hn->recent);
}

static void forget_later(struct work_struct *work)
{
	struct halb_net *hn = container_of(work, struct halb_net, device_work);

	mutex_lock(&hn->mutex);
	forget_routes(hn);
	mutex_unlock(&hn->mutex);
}

/*
 * Under RTNL, which must not be held for as long as a commit of ten thousand
 * services takes. Whoever removes the device waits for its references without.
 */
static int device_event(struct notifier_block *block, unsigned long event,
			void *info)
{
	const struct net_device *dev = netdev_notifier_info_to_dev(info);
	struct halb_net *hn = halb_net(dev_net(dev));

	if (event != NETDEV_DOWN && event != NETDEV_UNREGISTER)
		return NOTIFY_DONE;
	if (mutex_trylock(&hn->mutex)) {
		forget_routes(hn);
		mutex_unlock(&hn->mutex);
	} else {
		queue_work(halb_wq, &hn->device_work);
	}
	return NOTIFY_DONE;
}

static struct notifier_block halb_device_block = {
	.notifier_call = device_event,
};

void halb_device_init_net(struct halb_net *hn)
{
	INIT_WORK(&hn->device_work, forget_later);
}

/* Its devices are gone already. */
void halb_device_exit_net(struct halb_net *hn)
{
	flush_work(&hn->device_work);
}

/* After the pernet operations: every netns is there. */
int __init halb_device_init(void)
{
	return register_netdevice_notifier(&halb_device_block);
}

void halb_device_exit(void)
{
	unregister_netdevice_notifier(&halb_device_block);
}
