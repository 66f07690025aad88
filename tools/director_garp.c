// SPDX-License-Identifier: GPL-2.0
/* Announcing an instance's addresses, some at a time: thousands of messages must not keep an
 * advertisement.
 */
#include <event2/event.h>
#include <string.h>

#include "director.h"
#include "garp.h"

#define AT_ONCE		64

static int64_t pause_of(const struct instance *instance, const struct halb_addr *addr)
{
	return addr->family == AF_INET6 ? instance->conf->garp.gna_interval_us :
					  instance->conf->garp.interval_us;
}

/* Address after address, then from the first again. */
static void announce_some(evutil_socket_t fd, short what, void *arg)
{
	struct instance *instance = arg;
	struct timeval later = { 0 };
	int64_t pause = 0;

	(void)fd;
	(void)what;
	for (unsigned int n = 0; instance->garp_left && n < AT_ONCE && !pause; n++) {
		const struct rtnl_addr *addr;

		if (!instance->held.addrs_count)
			return;
		addr = &instance->held.addrs[instance->garp_next % instance->held.addrs_count];
		garp_send(instance->director->garp_fd, addr->ifindex, &addr->addr, instance->mac);
		pause = pause_of(instance, &addr->addr);
		instance->garp_next++;
		instance->garp_left--;
	}
	if (!instance->garp_left)
		return;
	if (!pause)
		pause = 1000;
	later.tv_sec = pause / 1000000;
	later.tv_usec = pause % 1000000;
	event_add(instance->garp_timer, &later);
}

void instance_announce(struct instance *instance, unsigned int repeat)
{
	if (!instance->garp_timer)
		instance->garp_timer = evtimer_new(instance->director->base, announce_some,
						   instance);
	instance->garp_next = 0;
	instance->garp_left = instance->held.addrs_count * repeat;
	announce_some(-1, 0, instance);
}

void instance_stop_announcing(struct instance *instance)
{
	instance->garp_left = 0;
	if (instance->garp_timer)
		event_del(instance->garp_timer);
}
