/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Everything that halb knows in one network namespace.
 */
#ifndef _HALB_NET_H
#define _HALB_NET_H

#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/semaphore.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>

#include "compat.h"
#include "config.h"
#include "counters.h"
#include "now.h"
#include "probe.h"
#include "service.h"

struct halb_conn;
struct halb_own;

/* netfilter hooks of a netns */
#define HALB_HOOKS_FLOWS	BIT(0)	/* all flows, just after raw */
#define HALB_HOOKS_MARK4	BIT(1)	/* new IPv4 flows, just after mangle */
#define HALB_HOOKS_MARK6	BIT(2)	/* new IPv6 flows, just after mangle */
#define HALB_HOOKS_FORWARD	BIT(3)	/* answers through the stack */
#define HALB_HOOKS_OUTPUT	BIT(4)	/* local servers and clients */
#define HALB_HOOK_SETS		5

/* states, see enum halb_conn_state */
#define HALB_STATES	(HALB_CONN_STATE_SCTP_CLOSED + 1)

/**
 * struct halb_settings - tunables of a netns, see the netlink attributes
 * @timeout: idle seconds by state of the connection
 * @conn_limit: connections and templates at most
 * @vip_unmatched: enum halb_vip_unmatched
 * @source_check: apply rp_filter's rule to new flows
 * @expire_quiescent: templates of servers with weight 0 end
 * @local_clients: balance connections of the director's own processes
 * @suspect_after: failures in a row that make a server suspect, 0 for none
 */
struct halb_settings {
	u32 timeout[HALB_STATES];
	u32 conn_limit;
	u8 vip_unmatched;
	u8 source_check;
	u8 expire_quiescent;
	u8 local_clients;
	u32 suspect_after;
};

/**
 * struct halb_net - halb in one network namespace
 * @net: the namespace
 * @config: the services, as the packet path sees them
 * @probe: which addresses may concern us, as the packet path sees them
 * @marked: destinations of flows of services by mark, which may be any; NULL
 *	before the first such service. An address stays in it for good: one too
 *	many costs a lookup in vain
 * @own: the director's own addresses, see own.h; NULL before they are known
 * @mark_hooks: HALB_HOOKS_MARK4 and _MARK6, as far as new flows are left to the
 *	hooks after mangle
 * @output_hooks: HALB_HOOKS_OUTPUT while it is registered
 * @counters: why and how packets left
 * @conns: connections, [0] IPv4, [1] IPv6
 * @recent: the latest ways back to clients
 * @settings: tunables, read with READ_ONCE()
 * @conn_count: connections and templates
 * @expected: those of FTP's data connections that were announced
 * @dead: connections that left the table, freed by @gc or @reap after a grace
 *	period
 * @half_open: the newest half-open connections, see half_open.h; NULL before
 *	the first service
 * @reset_second: the second in which @resets were sent, see reset.c
 * @resets: TCP resets sent in @reset_second
 * @objects: services that are not freed yet, removed ones included
 * @local_servers: servers that need HALB_HOOKS_OUTPUT
 * @stack_servers: servers that need HALB_HOOKS_FORWARD
 * @mutex: protects everything below but @turn, @owners and @closed, and every
 *	change of the above but @conns
 * @generation: counts changes of the configuration, see transactions
 * @services: all configured services, oldest first
 * @removed: servers that are no longer configured, but have connections
 * @service_count: length of @services
 * @mark_count: those of @services that are by mark, [0] IPv4, [1] IPv6
 * @server_count: configured servers of all services
 * @gone: statistics of services that were removed
 * @zero: sums at the last zero
 * @counters_zero: sums of @counters at the last zero
 * @rate: estimator of the totals
 * @transactions: open transactions, see transaction.c
 * @turn: taken by requests before @mutex
 * @owners: sockets to which transactions or instances belong, by port id, see
 *	netlink_socket.c
 * @closed: those that are closed
 * @closed_work: ends what they had
 * @device_work: a device went while @mutex was held
 * @transaction_id: name of the newest transaction
 * @config_grace: RCU's state when @config was last replaced as a whole
 * @probe_room: for how many addresses @probe was made
 * @probe_used: addresses in @probe
 * @probe_stale: addresses in @probe that are no longer needed, at most
 * @overload: tells listeners of servers that went into or out of overload
 * @suspect: tells listeners of servers that are suspect, or not any more
 * @estimator: computes rates every two seconds while there are services
 * @estimator_next: when it is due
 * @drain: ends drains whose deadline is over
 * @slow_start: runs every second while a server starts slowly
 * @gc: expires connections while there are any
 * @reap: frees @dead between two sweeps
 * @gc_iter: how far the present sweep is, [0] IPv4, [1] IPv6
 * @own_work: makes @own, or a larger one
 * @instances: VRRP instances
 * @instance_count: length of @instances
 * @grace: ends the grace of instances whose owner is gone
 * @grace_next: when it is due
 * @hooks: makes HALB_HOOKS_* bits the netfilter hooks that are registered;
 *	sleeps; under @mutex
 * @hook_ops: what @hooks registered, or NULL, by number of the bit
 * @probe_client: asks the client of an orphan whether it is still there
 * @closing: the namespace is going away, nothing starts any more
 */
struct halb_net {
	struct net *net;
	struct halb_config __rcu *config;
	struct halb_probe __rcu *probe;
	struct halb_probe __rcu *marked;
	struct halb_own __rcu *own;
	u8 mark_hooks;
	u8 output_hooks;
	struct halb_counters __percpu *counters;
	struct rhashtable conns[2];
	struct halb_half_open __rcu *half_open;
	struct halb_routes_recent recent;
	struct halb_settings settings;

	atomic_t conn_count ____cacheline_aligned_in_smp;
	atomic_t expected;
	struct llist_head dead;
	u32 reset_second;
	atomic_t resets;
	atomic_t objects;
	atomic_t local_servers;
	atomic_t stack_servers;

	struct mutex mutex ____cacheline_aligned_in_smp;
	u32 generation;
	struct list_head services;
	struct list_head removed;
	u32 service_count;
	u32 mark_count[2];
	u32 server_count;
	struct halb_stats gone;
	struct halb_stats zero;
	struct halb_counters counters_zero;
	struct halb_rate rate;
	struct list_head transactions;
	struct semaphore turn;
	struct xarray owners;
	struct llist_head closed;
	struct work_struct closed_work;
	struct work_struct device_work;
	u32 transaction_id;
	unsigned long config_grace;
	u32 probe_room;
	u32 probe_used;
	u32 probe_stale;
	struct delayed_work overload;
	struct delayed_work suspect;
	struct delayed_work estimator;
	unsigned long estimator_next;
	struct delayed_work drain;
	struct delayed_work slow_start;
	struct delayed_work gc;
	struct work_struct reap;
	struct work_struct own_work;
	struct list_head instances;
	u32 instance_count;
	struct delayed_work grace;
	unsigned long grace_next;
	int (*hooks)(struct halb_net *hn, unsigned int want);
	struct nf_hook_ops *hook_ops[HALB_HOOK_SETS];
	void (*probe_client)(struct halb_net *hn, const struct halb_conn *conn);
	bool closing;
};

#define halb_drop_count(hn, reason) \
	this_cpu_inc((hn)->counters->drop[HALB_DROP_##reason])
#define halb_pass_count(hn, reason) \
	this_cpu_inc((hn)->counters->pass[HALB_PASS_##reason])
#define halb_path_count(hn, way) \
	this_cpu_inc((hn)->counters->path[HALB_PATH_##way])

/* main.c: */
struct halb_net *halb_net(const struct net *net);
extern struct workqueue_struct *halb_wq;

/* Index of a family in @halb_net.conns. */
static inline unsigned int halb_af_index(u8 af)
{
	return af == AF_INET6;
}

/* The hook for new flows of services by mark. */
static inline unsigned int halb_mark_hook(u8 af)
{
	return af == AF_INET6 ? HALB_HOOKS_MARK6 : HALB_HOOKS_MARK4;
}

#endif
