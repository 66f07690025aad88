// SPDX-License-Identifier: GPL-2.0
/*
 * Sums and rates. The rates are ip_vs's, to the bit: every two seconds
 *
 *	rate += (new - rate) / 4
 *
 * in fixed point, 2^10 for connections and packets, 2^5 for bytes (see
 * net/netfilter/ipvs/ip_vs_est.c).
 */
#include "estimator.h"
#include "net.h"
#include "suspect.h"

#define HALB_ESTIMATOR_PERIOD	(2 * HZ)

void halb_stats_add(struct halb_stats *sum, const struct halb_stats *stats)
{
	sum->conns += stats->conns;
	sum->in_packets += stats->in_packets;
	sum->out_packets += stats->out_packets;
	sum->in_bytes += stats->in_bytes;
	sum->out_bytes += stats->out_bytes;
}

void halb_stats_sub(struct halb_stats *sum, const struct halb_stats *stats)
{
	sum->conns -= stats->conns;
	sum->in_packets -= stats->in_packets;
	sum->out_packets -= stats->out_packets;
	sum->in_bytes -= stats->in_bytes;
	sum->out_bytes -= stats->out_bytes;
}

static void add_server(struct halb_stats *sum, const struct halb_server *server)
{
	struct halb_stats stats;

	halb_server_read_stats(server, &stats);
	halb_stats_add(sum, &stats);
}

void halb_service_read_stats(const struct halb_service *service,
			     struct halb_stats *sum)
{
	const struct halb_server *server;

	lockdep_assert_held(&service->net->mutex);
	*sum = service->gone;
	list_for_each_entry(server, &service->servers, list)
		add_server(sum, server);
	list_for_each_entry(server, &service->leaving, leaving)
		add_server(sum, server);
}

/* What services that are no longer configured have counted. */
static void read_deleted(const struct halb_net *hn, struct halb_stats *sum)
{
	const struct halb_server *server;

	*sum = hn->gone;
	list_for_each_entry(server, &hn->removed, list)
		if (server->service->deleted)
			add_server(sum, server);
}

void halb_net_read_stats(const struct halb_net *hn, struct halb_stats *sum)
{
	const struct halb_service *service;

	lockdep_assert_held(&hn->mutex);
	read_deleted(hn, sum);
	list_for_each_entry(service, &hn->services, list) {
		struct halb_stats stats;

		halb_service_read_stats(service, &stats);
		halb_stats_add(sum, &stats);
	}
}

static void zero_rate(struct halb_rate *rate, const struct halb_stats *now)
{
	rate->last = *now;
	memset(&rate->rate, 0, sizeof(rate->rate));
}

void halb_service_zero(struct halb_service *service)
{
	struct halb_server *server;

	lockdep_assert_held(&service->net->mutex);
	list_for_each_entry(server, &service->servers, list) {
		halb_server_read_stats(server, &server->zero);
		zero_rate(&server->rate, &server->zero);
		halb_server_zero_failures(server);
	}
	halb_service_read_stats(service, &service->zero);
	zero_rate(&service->rate, &service->zero);
}

void halb_net_zero(struct halb_net *hn)
{
	struct halb_service *service;

	lockdep_assert_held(&hn->mutex);
	list_for_each_entry(service, &hn->services, list)
		halb_service_zero(service);
	halb_counters_sum(hn->counters, &hn->counters_zero);
	halb_net_read_stats(hn, &hn->zero);
	zero_rate(&hn->rate, &hn->zero);
}

void halb_rate_read(const struct halb_rate *rate, struct halb_stats *result)
{
	result->conns = (rate->rate.conns + 0x1ff) >> 10;
	result->in_packets = (rate->rate.in_packets + 0x1ff) >> 10;
	result->out_packets = (rate->rate.out_packets + 0x1ff) >> 10;
	result->in_bytes = (rate->rate.in_bytes + 0xf) >> 5;
	result->out_bytes = (rate->rate.out_bytes + 0xf) >> 5;
}

/* shift: of the fixed point, less one because the period is two seconds */
static void estimate_one(u64 *rate, u64 now, u64 last, unsigned int shift)
{
	*rate += ((s64)((now - last) << shift) - (s64)*rate) >> 2;
}

static void estimate(struct halb_rate *rate, const struct halb_stats *now)
{
	struct halb_stats *last = &rate->last;
	struct halb_stats *mean = &rate->rate;

	estimate_one(&mean->conns, now->conns, last->conns, 9);
	estimate_one(&mean->in_packets, now->in_packets, last->in_packets, 9);
	estimate_one(&mean->out_packets, now->out_packets, last->out_packets, 9);
	estimate_one(&mean->in_bytes, now->in_bytes, last->in_bytes, 4);
	estimate_one(&mean->out_bytes, now->out_bytes, last->out_bytes, 4);
	*last = *now;
}

/* Every server is read once; the sums above it follow from that. */
static void estimate_service(struct halb_service *service, struct halb_stats *sum)
{
	struct halb_server *server;

	*sum = service->gone;
	list_for_each_entry(server, &service->servers, list) {
		struct halb_stats now;

		halb_server_read_stats(server, &now);
		estimate(&server->rate, &now);
		halb_stats_add(sum, &now);
	}
	list_for_each_entry(server, &service->leaving, leaving)
		add_server(sum, server);
	estimate(&service->rate, sum);
}

static void halb_estimator(struct work_struct *work)
{
	struct halb_net *hn = container_of(to_delayed_work(work),
					   struct halb_net, estimator);
	struct halb_service *service;
	struct halb_stats total;

	mutex_lock(&hn->mutex);
	read_deleted(hn, &total);
	list_for_each_entry(service, &hn->services, list) {
		struct halb_stats sum;

		estimate_service(service, &sum);
		halb_stats_add(&total, &sum);
		cond_resched();
	}
	estimate(&hn->rate, &total);
	/* rests when the means have faded to zero */
	if (!hn->closing &&
	    (hn->service_count || !list_empty(&hn->removed) ||
	     memchr_inv(&hn->rate.rate, 0, sizeof(hn->rate.rate))))
		halb_estimator_start(hn);
	mutex_unlock(&hn->mutex);
}

/*
 * Each tick is due two seconds after the one before was, however long that
 * had to wait for the mutex: else all rates would be too high.
 */
void halb_estimator_start(struct halb_net *hn)
{
	unsigned long now = jiffies;

	lockdep_assert_held(&hn->mutex);
	if (delayed_work_pending(&hn->estimator))
		return;
	hn->estimator_next += HALB_ESTIMATOR_PERIOD;
	if (!time_in_range(hn->estimator_next, now, now + HALB_ESTIMATOR_PERIOD))
		hn->estimator_next = now + HALB_ESTIMATOR_PERIOD;
	queue_delayed_work(halb_wq, &hn->estimator, hn->estimator_next - now);
}

void halb_estimator_init(struct halb_net *hn)
{
	INIT_DELAYED_WORK(&hn->estimator, halb_estimator);
}

void halb_estimator_stop(struct halb_net *hn)
{
	cancel_delayed_work_sync(&hn->estimator);
}
