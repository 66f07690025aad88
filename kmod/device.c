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

	mutex_lock(&hn->mutex);
	list_for_each_entry(service, &hn->services, list)
		list_for_each_entry(server, &service->servers, list)
			halb_route_forget(&server->route);
	list_for_each_entry(server, &hn->removed, list)
		halb_route_forget(&server->route);
	halb_routes_forget(&hn->recent);
	mutex_unlock(&hn->mutex);
}

static int device_event(struct notifier_block *block, unsigned long event,
			void *info)
{
	const struct net_device *dev = netdev_notifier_info_to_dev(info);

	if (event == NETDEV_DOWN || event == NETDEV_UNREGISTER)
		forget_routes(halb_net(dev_net(dev)));
	return NOTIFY_DONE;
}

static struct notifier_block halb_device_block = {
	.notifier_call = device_event,
};

/* After the pernet operations: every netns is there. */
int __init halb_device_init(void)
{
	return register_netdevice_notifier(&halb_device_block);
}

void halb_device_exit(void)
{
	unregister_netdevice_notifier(&halb_device_block);
}
