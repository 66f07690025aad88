/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A real server behind one service: identity, counters, cached route.
 *
 * What can change without the server becoming another one (weight, thresholds)
 * is here or in the service's plan; address, port and method are its identity,
 * and a change of those makes a new server.
 */
#ifndef _HALB_SERVER_H
#define _HALB_SERVER_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/netfilter.h>
#include <linux/refcount.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>

#include <uapi/linux/halb.h>

#include "compat.h"
#include "route.h"

struct halb_service;

/**
 * struct halb_stats - sums of traffic, in the order of the netlink attributes
 * @conns: connections scheduled
 * @in_packets: packets from clients
 * @out_packets: packets from servers that passed the director
 * @in_bytes: bytes from clients, IP headers included
 * @out_bytes: bytes from servers
 */
struct halb_stats {
	u64 conns;
	u64 in_packets;
	u64 out_packets;
	u64 in_bytes;
	u64 out_bytes;
};

struct halb_stats_pcpu {
	u64_stats_t conns;
	u64_stats_t in_packets;
	u64_stats_t out_packets;
	u64_stats_t in_bytes;
	u64_stats_t out_bytes;
	struct u64_stats_sync syncp;
};

/**
 * struct halb_rate - estimator of one object, run by the netns' worker
 * @last: sums at the last tick
 * @rate: exponentially weighted means, scaled by 2^10 (32 for bytes)
 */
struct halb_rate {
	struct halb_stats last;
	struct halb_stats rate;
};

/* bits of struct halb_server.flags */
#define HALB_SERVER_OVERLOAD_BIT	0	/* at the upper threshold */
#define HALB_SERVER_REMOVED_BIT		1	/* no longer configured */
#define HALB_SERVER_TELL_BIT		2	/* overload changed, not yet told */
#define HALB_SERVER_STANDBY_BIT		3	/* see halb_instance_gate() */
#define HALB_SERVER_NO_PORT_BIT		4	/* fullnat: no source port was free */
#define HALB_SERVER_DRAINED_BIT		5	/* the deadline of its drain is over */
#define HALB_SERVER_STACK_BIT		6	/* its service has through-stack */
#define HALB_SERVER_LOCAL_BIT		7	/* the director itself, and rewritten */
#define HALB_SERVER_FAILING_BIT		8	/* no success since the last failure */
#define HALB_SERVER_SUSPECT_BIT		9	/* too many failures, see suspect.h */
#define HALB_SERVER_OVERLOAD		BIT(HALB_SERVER_OVERLOAD_BIT)
#define HALB_SERVER_REMOVED		BIT(HALB_SERVER_REMOVED_BIT)
#define HALB_SERVER_STANDBY		BIT(HALB_SERVER_STANDBY_BIT)
#define HALB_SERVER_DRAINED		BIT(HALB_SERVER_DRAINED_BIT)
#define HALB_SERVER_STACK		BIT(HALB_SERVER_STACK_BIT)
#define HALB_SERVER_FAILING		BIT(HALB_SERVER_FAILING_BIT)
#define HALB_SERVER_SUSPECT		BIT(HALB_SERVER_SUSPECT_BIT)

/* causes, see enum halb_failure */
#define HALB_FAILURES	(HALB_FAILURE_UNREACHABLE + 1)

/**
 * struct halb_tunnel - the method tun's header between the two IP headers
 * @type: enum halb_tun_type
 * @csum: enum halb_tun_csum
 * @port: UDP port of the server's end (gue)
 *
 * As large as a word that is read and written at once.
 */
struct halb_tunnel {
	u8 type;
	u8 csum;
	__be16 port;
} __aligned(sizeof(u32));

static inline bool halb_tunnel_equal(struct halb_tunnel a, struct halb_tunnel b)
{
	return a.type == b.type && a.csum == b.csum && a.port == b.port;
}

/**
 * struct halb_server - a real server
 * @stats: per-CPU traffic counters, written once per packet
 * @route: cached route to the server
 * @service: its service, one reference held
 * @addr: address
 * @port: port; 0 takes the port of the connection
 * @any_port: not all of its connections are at @port, for the service is for
 *	all ports or FTP has data connections: see halb_conn_own_port()
 * @af: family of @addr
 * @method: enum halb_method
 * @tunnel: how it is encapsulated, read locklessly (tun only)
 * @flags: HALB_SERVER_* bits, read locklessly
 * @active: connections that count as active
 * @inactive: connections that do not
 * @persist: templates
 * @refs: one for the configuration, one per connection
 * @upper: threshold, 0 for none
 * @lower: threshold, 0 for three quarters of @upper
 * @dirty: in the service's list of servers whose counts changed
 * @dirty_bit: bit 0: linked by @dirty
 * @slot: index in the service's present plan, or in its @backup
 * @watch: enum halb_watch, what the present scheduler wants to hear of
 * @no_port_seen: halb_now() when a source port was looked for in vain
 * @overload_seen: overload flag, as the present scheduler knows it
 * @failure: enum halb_failure, the last one
 * @failures_row: failures since the last success
 * @answered_seen: halb_now() when it last answered a SYN, for the sweep
 * @failures: new connections that it did not take, by cause
 * @suspect_told: what listeners know of its HALB_SERVER_SUSPECT, under the
 *	netns' mutex
 * @suspect_next: jiffies when they may be told again
 * @weight: as configured, read locklessly
 * @backup: only while no other server is available, under the netns' mutex
 * @drain_end: jiffies when connections that are left end, 0 for never; under the
 *	netns' mutex
 * @slow_step: how much of its weight it has come to, 1..HALB_SLOW_STEPS, under
 *	the netns' mutex
 * @slow_since: halb_now() when it came, if it is not all
 * @list: in &halb_service.servers or, once removed, in &halb_net.removed, under
 *	the netns' mutex
 * @leaving: in &halb_service.leaving, once removed
 * @rate: estimator, under the netns' mutex
 * @zero: sums when statistics were last set to zero
 * @free_work: frees it after a grace period, in process context
 */
struct halb_server {
	/* read by every packet */
	struct halb_stats_pcpu __percpu *stats;
	struct halb_route __rcu *route;
	struct halb_service *service;
	union nf_inet_addr addr;
	__be16 port;
	u8 af;
	u8 method;
	struct halb_tunnel tunnel;
	bool any_port;
	unsigned long flags;

	/* written when connections come, go or change state */
	atomic_t active ____cacheline_aligned_in_smp;
	atomic_t inactive;
	atomic_t persist;
	refcount_t refs;
	u32 upper;
	u32 lower;
	struct llist_node dirty;
	unsigned long dirty_bit;
	u32 slot;
	u32 no_port_seen;
	u8 watch;
	bool overload_seen;
	u8 failure;
	atomic_t failures_row;
	u32 answered_seen;
	atomic64_t failures[HALB_FAILURES];

	/* control */
	u32 weight;
	bool backup;
	u64 drain_end;
	u8 slow_step;
	u32 slow_since;
	struct list_head list;
	struct list_head leaving;
	struct halb_rate rate;
	struct halb_stats zero;
	bool suspect_told;
	unsigned long suspect_next;
	struct rcu_work free_work;
};

static inline u32 halb_server_conns(const struct halb_server *server)
{
	return atomic_read(&server->active) + atomic_read(&server->inactive);
}

/* may get new connections, weight aside */
static inline bool halb_server_available(const struct halb_server *server)
{
	return !(READ_ONCE(server->flags) &
		 (HALB_SERVER_OVERLOAD | HALB_SERVER_REMOVED));
}

/* Are packets rewritten, so that replies pass the director as well? */
static inline bool halb_method_rewrites(u8 method)
{
	return method == HALB_METHOD_NAT || method == HALB_METHOD_FULLNAT;
}

/*
 * What the route to a server must have. With direct routing the packet's
 * destination is the VIP: the next hop must come from the route alone, also
 * for packets that wait until the neighbour is known and ask again.
 */
static inline unsigned int
halb_server_route_wants(const struct halb_server *server)
{
	switch (server->method) {
	case HALB_METHOD_DR:
		return HALB_ROUTE_GATEWAY;
	case HALB_METHOD_TUN:
		return HALB_ROUTE_SOURCE;
	default:
		return 0;
	}
}

struct halb_server *halb_server_create(struct halb_service *service, u8 af,
				       const union nf_inet_addr *addr,
				       __be16 port, u8 method);
void halb_server_put(struct halb_server *server);
void halb_server_update_overload(struct halb_server *server);
void halb_server_set_stack(struct halb_server *server, bool stack);
void halb_server_set_local(struct halb_server *server);
void halb_server_source_port(struct halb_server *server, bool found);
void halb_server_drained(struct halb_server *server);

/* sched/watch.c, after a change of @active, @inactive or the overload flag: */
void halb_server_conns_changed(struct halb_server *server);

/* server.c: */
void halb_server_read_stats(const struct halb_server *server,
			    struct halb_stats *sum);

#endif
