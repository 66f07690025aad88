/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Statistics above a single server: sums, zero, and rates.
 *
 * Only servers count packets. A service's sums are those of its servers, of
 * the removed ones that still have connections, and of those that left for
 * good; a netns' likewise. They never decrease: "zero" remembers what to
 * subtract.
 */
#ifndef _HALB_ESTIMATOR_H
#define _HALB_ESTIMATOR_H

#include "server.h"

struct halb_net;
struct halb_service;

/* sums since creation; under the netns' mutex */
void halb_service_read_stats(const struct halb_service *service,
			     struct halb_stats *sum);
void halb_net_read_stats(const struct halb_net *hn, struct halb_stats *sum);

/* zero() sets them to read as zero, rates included; under the netns' mutex */
void halb_service_zero(struct halb_service *service);
void halb_net_zero(struct halb_net *hn);

void halb_stats_add(struct halb_stats *sum, const struct halb_stats *stats);
void halb_stats_sub(struct halb_stats *sum, const struct halb_stats *stats);

/**
 * halb_rate_read - the present rates, as whole numbers per second
 * @rate: estimator
 * @result: connections, packets and bytes per second
 */
void halb_rate_read(const struct halb_rate *rate, struct halb_stats *result);

void halb_estimator_init(struct halb_net *hn);
/* starts it unless it is running; under the netns' mutex */
void halb_estimator_start(struct halb_net *hn);
/* waits for it to end; not under the netns' mutex */
void halb_estimator_stop(struct halb_net *hn);

#endif
