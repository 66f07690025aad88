// SPDX-License-Identifier: GPL-2.0
/*
 * Life of a real server, its overload flag, its statistics, its cached route.
 */
#include <linux/slab.h>

#include "net.h"
#include "server.h"

/* servers that change in the meantime are told of together */
#define HALB_TELL_DELAY	(HZ / 10)

/* Sets or clears a flag, and counts the servers that have it. */
static void set_counted(struct halb_server *server, unsigned int bit,
			atomic_t *count, bool set)
{
	if (set && !test_and_set_bit(bit, &server->flags))
		atomic_inc(count);
	else if (!set && test_and_clear_bit(bit, &server->flags))
		atomic_dec(count);
}

/**
 * halb_server_set_stack - whether a server's packets go through the stack
 * @server: server
 * @stack: its service has through-stack
 *
 * Context: any; the hooks of the netns are to follow.
 */
void halb_server_set_stack(struct halb_server *server, bool stack)
{
	set_counted(server, HALB_SERVER_STACK_BIT,
		    &server->service->net->stack_servers, stack);
}

/**
 * halb_server_set_local - the director itself is the server
 * @server: server whose packets are rewritten
 *
 * It is taken for that as long as it exists: its address may come back.
 * Context: any; the hooks of the netns are to follow.
 */
void halb_server_set_local(struct halb_server *server)
{
	set_counted(server, HALB_SERVER_LOCAL_BIT,
		    &server->service->net->local_servers, true);
}

/* Its answers leave by LOCAL_OUT. What is not known yet, packets find out. */
static void look_for_local(struct halb_server *server)
{
	if (halb_method_rewrites(server->method) &&
	    halb_addr_is_local(server->service->net->net, server->af,
			       &server->addr))
		halb_server_set_local(server);
}

/**
 * halb_server_create - a server that nobody knows yet
 * @service: its service
 * @af: family of @addr
 * @addr: address
 * @port: port, network order
 * @method: enum halb_method
 *
 * Context: process, may sleep. Return: the server with one reference, or NULL.
 */
struct halb_server *halb_server_create(struct halb_service *service, u8 af,
				       const union nf_inet_addr *addr,
				       __be16 port, u8 method)
{
	struct halb_server *server;
	int cpu;

	server = kzalloc(sizeof(*server), GFP_KERNEL_ACCOUNT);
	if (!server)
		return NULL;
	server->stats = alloc_percpu_gfp(struct halb_stats_pcpu,
					 GFP_KERNEL_ACCOUNT);
	if (!server->stats) {
		kfree(server);
		return NULL;
	}
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(server->stats, cpu)->syncp);

	refcount_inc(&service->refs);
	server->service = service;
	server->af = af;
	server->addr = *addr;
	server->port = port;
	server->any_port = !service->key.port;
	server->method = method;
	refcount_set(&server->refs, 1);
	INIT_LIST_HEAD(&server->list);
	look_for_local(server);
	return server;
}

static void halb_server_free(struct work_struct *work)
{
	struct halb_server *server = container_of(to_rcu_work(work),
						  struct halb_server, free_work);
	struct halb_service *service = server->service;
	struct halb_net *hn = service->net;

	halb_sched_forget(server);
	mutex_lock(&hn->mutex);
	list_del_init(&server->list);
	halb_service_server_gone(server);
	mutex_unlock(&hn->mutex);

	set_counted(server, HALB_SERVER_STACK_BIT, &hn->stack_servers, false);
	set_counted(server, HALB_SERVER_LOCAL_BIT, &hn->local_servers, false);
	halb_route_forget(&server->route);
	free_percpu(server->stats);
	kfree(server);
	halb_service_put(service);
}

/**
 * halb_server_put - drops a reference
 * @server: server
 *
 * The last reference frees the server after a grace period. Context: any.
 */
void halb_server_put(struct halb_server *server)
{
	if (!refcount_dec_and_test(&server->refs))
		return;
	INIT_RCU_WORK(&server->free_work, halb_server_free);
	queue_rcu_work(halb_wq, &server->free_work);
}

/* Listeners hear of it soon, but not from here: this may be a softirq. */
static void flag_changed(struct halb_server *server)
{
	struct halb_net *hn = server->service->net;

	set_bit(HALB_SERVER_TELL_BIT, &server->flags);
	if (!READ_ONCE(hn->closing))
		queue_delayed_work(halb_wq, &hn->overload, HALB_TELL_DELAY);
}

/**
 * halb_server_update_overload - sets or clears the overload flag
 * @server: server
 *
 * ip_vs's rule: overloaded from the upper threshold on, and again available
 * below the lower one, which is three quarters of the upper one by default.
 * Context: any.
 */
void halb_server_update_overload(struct halb_server *server)
{
	u32 upper = READ_ONCE(server->upper);
	u32 lower = READ_ONCE(server->lower);
	u32 conns;

	if (likely(!upper)) {
		if (unlikely(test_bit(HALB_SERVER_OVERLOAD_BIT, &server->flags)) &&
		    test_and_clear_bit(HALB_SERVER_OVERLOAD_BIT, &server->flags))
			flag_changed(server);
		return;
	}
	if (!lower)
		lower = upper - upper / 4;
again:
	conns = halb_server_conns(server);
	if (conns >= upper) {
		if (!test_and_set_bit(HALB_SERVER_OVERLOAD_BIT, &server->flags))
			flag_changed(server);
	} else if (conns < lower) {
		if (test_and_clear_bit(HALB_SERVER_OVERLOAD_BIT, &server->flags))
			flag_changed(server);
	}
	/* another CPU may have decided by a later count, but acted before us */
	smp_mb__after_atomic();
	if (unlikely(halb_server_conns(server) != conns))
		goto again;
}

/**
 * halb_server_drained - the deadline of a drain is over
 * @server: server, whose connections end with the next sweep
 *
 * Context: any.
 */
void halb_server_drained(struct halb_server *server)
{
	if (!test_and_set_bit(HALB_SERVER_DRAINED_BIT, &server->flags))
		flag_changed(server);
}

/* that long after the last failure ports are plenty again */
#define HALB_NO_PORT_SECONDS	10

/**
 * halb_server_source_port - a source port was looked for
 * @server: fullnat server
 * @found: whether there was one at once; else there was none
 *
 * Context: softirq.
 */
void halb_server_source_port(struct halb_server *server, bool found)
{
	u32 now = halb_now();

	if (!found) {
		WRITE_ONCE(server->no_port_seen, now);
		if (!test_and_set_bit(HALB_SERVER_NO_PORT_BIT, &server->flags))
			flag_changed(server);
		return;
	}
	if (now - READ_ONCE(server->no_port_seen) >= HALB_NO_PORT_SECONDS &&
	    test_and_clear_bit(HALB_SERVER_NO_PORT_BIT, &server->flags))
		flag_changed(server);
}

/**
 * halb_server_read_stats - sums the counters of all CPUs
 * @server: server
 * @sum: result, since the creation of the server
 *
 * Context: any.
 */
void halb_server_read_stats(const struct halb_server *server,
			    struct halb_stats *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct halb_stats_pcpu *stats;
		struct halb_stats one;
		unsigned int start;

		stats = per_cpu_ptr(server->stats, cpu);
		do {
			start = u64_stats_fetch_begin(&stats->syncp);
			one.conns = u64_stats_read(&stats->conns);
			one.in_packets = u64_stats_read(&stats->in_packets);
			one.out_packets = u64_stats_read(&stats->out_packets);
			one.in_bytes = u64_stats_read(&stats->in_bytes);
			one.out_bytes = u64_stats_read(&stats->out_bytes);
		} while (u64_stats_fetch_retry(&stats->syncp, start));
		sum->conns += one.conns;
		sum->in_packets += one.in_packets;
		sum->out_packets += one.out_packets;
		sum->in_bytes += one.in_bytes;
		sum->out_bytes += one.out_bytes;
	}
}
