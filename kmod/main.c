// SPDX-License-Identifier: GPL-2.0
/*
 * Order of birth and death. Genetlink comes last and goes first: nobody can
 * ask for anything that is not there yet, or not any more.
 */
#include <linux/genetlink.h>
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/netns/generic.h>

#include "conn.h"
#include "counters.h"
#include "device.h"
#include "estimator.h"
#include "ftp_parse.h"
#include "hook.h"
#include "instance.h"
#include "maglev.h"
#include "net.h"
#include "netlink.h"
#include "own.h"
#include "packet.h"
#include "sched/sched.h"
#include "tcp_state.h"

struct workqueue_struct *halb_wq;
static unsigned int halb_net_id __read_mostly;

struct halb_net *halb_net(const struct net *net)
{
	return net_generic(net, halb_net_id);
}

static int __net_init halb_net_init(struct net *net)
{
	struct halb_net *hn = halb_net(net);
	int ret = -ENOMEM;

	hn->net = net;
	hn->hooks = halb_hooks_set;
	hn->probe_client = halb_probe_client;
	mutex_init(&hn->mutex);
	halb_conn_gc_init(hn);
	halb_own_init(hn);
	halb_netlink_init_net(hn);
	halb_device_init_net(hn);
	hn->counters = alloc_percpu_gfp(struct halb_counters,
					GFP_KERNEL_ACCOUNT);
	if (!hn->counters)
		return ret;
	ret = halb_conn_tables_init(hn);
	if (ret)
		goto err_tables;
	ret = halb_config_init_net(hn);
	if (ret)
		goto err_config;
	return 0;

err_config:
	halb_conn_tables_destroy(hn);
err_tables:
	free_percpu(hn->counters);
	return ret;
}

/*
 * No packet may come any more before anything is taken away: the core waits
 * for a grace period between this and halb_net_exit().
 */
static void __net_exit halb_net_pre_exit(struct net *net)
{
	struct halb_net *hn = halb_net(net);

	mutex_lock(&hn->mutex);
	WRITE_ONCE(hn->closing, true);
	halb_hooks_set(hn, 0);
	mutex_unlock(&hn->mutex);
}

/*
 * Services are freed by work that waits for grace periods: plan, then server,
 * then service, each holding a reference on the next.
 */
static void __net_exit halb_net_exit(struct net *net)
{
	struct halb_net *hn = halb_net(net);

	halb_own_stop(hn);
	halb_device_exit_net(hn);
	halb_conn_tables_destroy(hn);
	halb_config_exit_net(hn);
	halb_netlink_exit_net(hn);
	wait_var_event(&hn->objects, !atomic_read(&hn->objects));
	halb_instances_free(hn);
	/*
	 * Routes are released by call_rcu(): before IPv6 takes down what they
	 * account to. A netns that never had a service has none.
	 */
	if (hn->generation > 1)
		rcu_barrier();
	free_percpu(hn->counters);
}

static struct pernet_operations halb_net_ops = {
	.init		= halb_net_init,
	.pre_exit	= halb_net_pre_exit,
	.exit		= halb_net_exit,
	.id		= &halb_net_id,
	.size		= sizeof(struct halb_net),
};

static bool __init halb_selftest(void)
{
#ifdef DEBUG
	return halb_maglev_selftest() && halb_tcp_state_selftest() &&
	       halb_ftp_selftest() && halb_sched_selftest();
#else
	return true;
#endif
}

static int __init halb_init(void)
{
	int ret;

	if (!halb_selftest())
		return -ENOTRECOVERABLE;
	ret = halb_conn_init();
	if (ret)
		return ret;
	ret = -ENOMEM;
	halb_wq = alloc_workqueue("halb", WQ_UNBOUND, 0);
	if (!halb_wq)
		goto err_wq;
	ret = register_pernet_subsys(&halb_net_ops);
	if (ret)
		goto err_net;
	ret = halb_device_init();
	if (ret)
		goto err_device;
	ret = halb_netlink_init();
	if (ret)
		goto err_netlink;
	return 0;

err_netlink:
	halb_device_exit();
err_device:
	unregister_pernet_subsys(&halb_net_ops);
err_net:
	destroy_workqueue(halb_wq);
err_wq:
	halb_conn_exit();
	return ret;
}

static void __exit halb_exit(void)
{
	halb_netlink_exit();
	halb_device_exit();
	unregister_pernet_subsys(&halb_net_ops);
	/* routes and other things freed by call_rcu() */
	rcu_barrier();
	destroy_workqueue(halb_wq);
	halb_conn_exit();
}

module_init(halb_init);
module_exit(halb_exit);

MODULE_DESCRIPTION("layer-4 load balancer");
MODULE_LICENSE("GPL");
MODULE_VERSION(HALB_VERSION);
MODULE_ALIAS_GENL_FAMILY(HALB_GENL_NAME);
