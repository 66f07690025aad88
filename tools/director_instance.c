// SPDX-License-Identifier: GPL-2.0
/* An instance: what its state machine asks for, done. */
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include "addr.h"
#include "director.h"
#include "log.h"
#include "nft.h"
#include "sysctl.h"

/* So many transitions are logged in a minute; of more than that, their number. */
#define LOGGED_CHANGES	10
#define MINUTE_S	60

vrrp_time director_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (vrrp_time)ts.tv_sec * VRRP_SECOND + (vrrp_time)ts.tv_nsec / 1000;
}

static struct instance *instance_of(struct vrrp *vrrp)
{
	return (struct instance *)vrrp;
}

/* --- timer ---------------------------------------------------------------------- */

void instance_arm(struct instance *instance)
{
	vrrp_time next = vrrp_next(&instance->vrrp), now = director_now(), left;
	struct timeval tv;

	if (next == VRRP_NEVER) {
		event_del(instance->timer);
		return;
	}
	left = next > now ? next - now : 0;
	tv.tv_sec = (time_t)(left / VRRP_SECOND);
	tv.tv_usec = (suseconds_t)(left % VRRP_SECOND);
	event_add(instance->timer, &tv);
}

/* What came in while we were not scheduled counts first. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct instance *instance = arg;

	(void)fd;
	(void)what;
	if (instance->port)
		port_drain(instance->port);
	if (vrrp_next(&instance->vrrp) <= director_now())
		vrrp_timeout(&instance->vrrp, director_now());
	instance_arm(instance);
}

/* --- addresses -------------------------------------------------------------------- */

static void want(const struct instance *instance, struct holding *wanted)
{
	const struct conf_vrrp *conf = instance->conf;
	struct rtnl_addr addr;
	int ret;

	for (size_t i = 0; i < conf->vips_count + conf->excluded_count; i++) {
		rtnl_addr_of(&addr, i < conf->vips_count ? &conf->vips[i] :
			     &conf->excluded[i - conf->vips_count], instance->vip_ifindex);
		holding_want_addr(wanted, &addr);
	}
	for (size_t i = 0; i < conf->routes_count; i++) {
		ret = holding_want_route(wanted, &conf->routes[i]);
		if (ret)
			log_msg(LOG_ERR, "(%s) cannot add the route of line %u: %s", conf->name,
				conf->routes[i].pos.line, strerror(-ret));
	}
	for (size_t i = 0; i < conf->rules_count; i++)
		holding_want_rule(wanted, &conf->rules[i]);
}

void instance_hold_addresses(struct instance *instance)
{
	bool owner = instance->vrrp.params.priority == VRRP_PRIO_OWNER;
	struct holding wanted = { 0 };

	want(instance, &wanted);
	holding_take(instance->director->vips, &instance->held, &wanted,
		     owner ? VIPS_KEEP : VIPS_OURS, instance->conf->name);
	holding_free(&wanted);
}

void instance_release_addresses(struct instance *instance, bool all)
{
	struct holding wanted = { 0 };

	if (!all)
		want(instance, &wanted);
	holding_drop(instance->director->vips, &instance->held, all ? NULL : &wanted,
		     instance->conf->name);
	holding_free(&wanted);
}

void instance_restore_routes(struct instance *instance)
{
	if (instance->vrrp.state == VRRP_MASTER)
		holding_restore_routes(&instance->held, instance->conf->name);
}

void instance_addr_gone(struct instance *instance, int ifindex, const struct halb_addr *addr)
{
	char text[ADDR_STRLEN];

	for (size_t i = 0; i < instance->held.addrs_count; i++) {
		const struct rtnl_addr *held = &instance->held.addrs[i];

		if (held->ifindex != ifindex || !halb_addr_equal(&held->addr, addr))
			continue;
		if (rtnl_addr_add(held))
			return;
		log_msg(LOG_WARNING, "(%s) somebody removed the address %s: added it again",
			instance->conf->name, addr_format(addr, text));
		instance_announce(instance, 1);
		instance_restore_routes(instance);
		return;
	}
}

static void remove_leftover_routes(struct instance *instance)
{
	struct holding old = { 0 };

	want(instance, &old);
	for (size_t i = 0; i < old.routes_count; i++)
		if (!vips_find_route(instance->director->vips, &old.routes[i]))
			rtnl_request_del(&old.routes[i]);
	holding_free(&old);
}

/* What an earlier life left behind, or keepalived did. */
static void remove_leftovers(struct instance *instance)
{
	const struct conf_vrrp *conf = instance->conf;
	struct rtnl_addr addr;

	if (conf->priority == VRRP_PRIO_OWNER)
		return;
	for (size_t i = 0; i < conf->vips_count + conf->excluded_count; i++) {
		rtnl_addr_of(&addr, i < conf->vips_count ? &conf->vips[i] :
			     &conf->excluded[i - conf->vips_count], instance->vip_ifindex);
		if (!vips_find(instance->director->vips, addr.ifindex, &addr.addr))
			rtnl_addr_del(&addr);
	}
	remove_leftover_routes(instance);
}

bool director_is_virtual(const struct director *director, const struct halb_addr *addr)
{
	for (size_t n = 0; n < director->conf->instances_count; n++) {
		const struct conf_vrrp *conf = &director->conf->instances[n];

		if (conf->priority == VRRP_PRIO_OWNER)
			continue;
		for (size_t i = 0; i < conf->vips_count; i++)
			if (halb_addr_equal(&conf->vips[i].addr, addr))
				return true;
		for (size_t i = 0; i < conf->excluded_count; i++)
			if (halb_addr_equal(&conf->excluded[i].addr, addr))
				return true;
	}
	return false;
}

/* --- no_accept ------------------------------------------------------------------------- */

/* The owner of the addresses speaks for itself, whatever no_accept says. */
static bool drops(const struct instance *instance)
{
	return !instance->conf->accept && instance->conf->priority != VRRP_PRIO_OWNER;
}

void director_guard(struct director *director)
{
	struct holding all = { 0 };
	struct nft_addr *addrs = NULL;
	size_t count = 0;
	int ret;

	for (size_t i = 0; i < director->count; i++)
		if (director->instances[i]->guarded && drops(director->instances[i]))
			want(director->instances[i], &all);
	if (all.addrs_count)
		addrs = calloc(all.addrs_count, sizeof(*addrs));
	for (; addrs && count < all.addrs_count; count++)
		addrs[count] = (struct nft_addr){ all.addrs[count].addr, all.addrs[count].ifindex };
	ret = nft_drop(addrs, count);
	if (ret)
		log_msg(LOG_ERR, "Cannot drop packets to addresses with no_accept: %s",
			strerror(-ret));
	free(addrs);
	holding_free(&all);
}

static void guard(struct instance *instance, bool on)
{
	instance->guarded = on;
	if (drops(instance))
		director_guard(instance->director);
}

/* --- what the state machine asks for -------------------------------------------------- */

/* No longer than a backup would wait: with priority 0 another director takes the addresses. */
static void on_late(evutil_socket_t fd, short what, void *arg)
{
	struct instance *instance = arg;

	(void)fd;
	(void)what;
	instance->late = true;
	instance_track(instance);
}

static void wait_for_module(struct instance *instance)
{
	vrrp_time wait = vrrp_down_interval(&instance->vrrp);
	struct timeval tv = { .tv_sec = wait / VRRP_SECOND, .tv_usec = wait % VRRP_SECOND };

	instance->unknown = true;
	event_add(instance->late_timer, &tv);
	log_msg(LOG_NOTICE, "(%s) the module is busy: the addresses follow when it knows the state",
		instance->conf->name);
}

static void stop_waiting(struct instance *instance)
{
	instance->unknown = false;
	event_del(instance->late_timer);
}

void instance_is_known(struct instance *instance)
{
	/* A master of higher priority may have been heard meanwhile. */
	if (instance->unknown && instance->port)
		port_drain(instance->port);
	if (instance->unknown && instance->vrrp.handover == VRRP_NEVER) {
		stop_waiting(instance);
		instance_hold_addresses(instance);
		vrrp_held_late(&instance->vrrp, director_now());
		log_msg(LOG_NOTICE, "(%s) the module knows the state", instance->conf->name);
	}
	if (instance->late) {
		instance->late = false;
		instance_track(instance);
	}
	instance_arm(instance);
}

static void op_send(struct vrrp *vrrp, uint8_t priority)
{
	instance_send(instance_of(vrrp), priority);
}

static void op_addresses(struct vrrp *vrrp, bool hold)
{
	struct instance *instance = instance_of(vrrp);

	if (hold) {
		guard(instance, true);
		/* Packets come as soon as the address is there: the stack would reset what the
		 * module balances. While the module is in a long transaction nobody answers for
		 * them, but the other directors hear that there is a master.
		 */
		if (director_state(instance, VRRP_MASTER))
			instance_hold_addresses(instance);
		else
			wait_for_module(instance);
	} else {
		stop_waiting(instance);
		instance_stop_announcing(instance);
		instance_release_addresses(instance, true);
		guard(instance, false);
	}
	instance_set_last_word(instance, hold);
}

static void op_announce(struct vrrp *vrrp, enum vrrp_announce kind)
{
	struct instance *instance = instance_of(vrrp);
	const struct conf_garp *garp = &instance->conf->garp;
	const unsigned int repeat[] = {
		[VRRP_ANNOUNCE_MASTER] = garp->master_repeat,
		[VRRP_ANNOUNCE_AGAIN] = garp->master_repeat,
		[VRRP_ANNOUNCE_REFRESH] = garp->master_refresh_repeat,
		[VRRP_ANNOUNCE_RIVAL] = garp->lower_prio_repeat,
		[VRRP_ANNOUNCE_HEAL] = garp->lower_prio_repeat,
	};

	instance_announce(instance, repeat[kind]);
}

static const char *reason_of(const struct instance *instance)
{
	switch (instance->vrrp.why) {
	case VRRP_WHY_START:
		return "init";
	case VRRP_WHY_FAULT:
		return instance->fault;
	default:
		return vrrp_why_text(instance->vrrp.why);
	}
}

static void end_minute(evutil_socket_t fd, short what, void *arg)
{
	struct instance *instance = arg;

	(void)fd;
	(void)what;
	if (instance->changes > LOGGED_CHANGES)
		log_msg(LOG_WARNING, "(%s) flapping: %u transitions in %u seconds, of which %u were logged; now %s (%s)",
			instance->conf->name, instance->changes, MINUTE_S, LOGGED_CHANGES,
			vrrp_state_name(instance->vrrp.state), reason_of(instance));
	instance->changes = 0;
}

/* Is this one of those that get a line of their own? */
static bool is_logged(struct instance *instance)
{
	struct timeval minute = { .tv_sec = MINUTE_S };

	if (!instance->changes++)
		event_add(instance->minute, &minute);
	if (instance->changes == LOGGED_CHANGES + 1)
		log_msg(LOG_WARNING, "(%s) flapping: further transitions are counted, and told at the end of the minute",
			instance->conf->name);
	return instance->changes <= LOGGED_CHANGES;
}

/* keepalived's words, for rules that look for them, and the reason behind. */
static void log_change(struct instance *instance, enum vrrp_state from)
{
	struct vrrp *vrrp = &instance->vrrp;

	if (vrrp->state == VRRP_INIT)
		log_msg(LOG_NOTICE, "(%s) Entering STOP STATE, was %s", instance->conf->name,
			vrrp_state_name(from));
	else if (is_logged(instance))
		log_msg(LOG_NOTICE, "(%s) Entering %s STATE (%s)", instance->conf->name,
			vrrp_state_name(vrrp->state), reason_of(instance));
}

static void op_changed(struct vrrp *vrrp, enum vrrp_state from, enum vrrp_why why)
{
	struct instance *instance = instance_of(vrrp);

	(void)why;
	/* A master's is told before it holds the addresses. */
	if (vrrp->state != VRRP_MASTER)
		director_state(instance, vrrp->state);
	instance_arm(instance);
	log_change(instance, from);
	notify_instance(instance, vrrp->state, vrrp->state == VRRP_INIT);
	if (vrrp->state == VRRP_INIT && instance->director->stopping)
		event_base_loopcontinue(instance->director->base);
}

static void op_rival(struct vrrp *vrrp, bool there)
{
	struct instance *instance = instance_of(vrrp);
	char text[ADDR_STRLEN];

	if (!there) {
		log_msg(LOG_NOTICE, "(%s) the second master is not heard any more: announced the addresses again",
			instance->conf->name);
		return;
	}
	log_msg(LOG_WARNING, "(%s) Received advert from %s with lower priority %u, ours %u, forcing new election",
		instance->conf->name, addr_format(&vrrp->master, text), vrrp->master_priority,
		vrrp->priority);
	notify_rx_lower(instance);
}

static const struct vrrp_ops ops = {
	op_send, op_addresses, op_announce, op_changed, op_rival,
};

/* --- interface and tracking ------------------------------------------------------------- */

static struct halb_addr source_of(const struct instance *instance, const struct link *link)
{
	const struct conf_vrrp *conf = instance->conf;

	if (conf->src_ip.family)
		return conf->src_ip;
	for (size_t i = 0; i < link->addrs.count; i++) {
		const struct halb_addr *addr = &link->addrs.list[i];

		if (addr->family != conf->family || director_is_virtual(instance->director, addr))
			continue;
		if (addr->family == AF_INET || IN6_IS_ADDR_LINKLOCAL(&addr->v6))
			return *addr;
	}
	return (struct halb_addr){ 0 };
}

/* The virtual router's own interface, with its MAC address. Its addresses must not be answered for
 * by the real interface, nor its packets be refused for their way.
 */
static void make_vmac(struct instance *instance)
{
	const struct conf_vrrp *conf = instance->conf;
	unsigned int ifindex = if_nametoindex(conf->vmac_ifname);
	int ret = 0;

	if (!ifindex) {
		ret = rtnl_macvlan_add(conf->vmac_ifname, instance->ifindex, conf->vmac_addr);
		ifindex = if_nametoindex(conf->vmac_ifname);
		if (!ret)
			vips_own_link(instance->director->vips, (int)ifindex);
	}
	if (!ifindex) {
		log_msg(LOG_ERR, "(%s) cannot add the interface %s: %s", conf->name,
			conf->vmac_ifname, strerror(-ret));
		return;
	}
	sysctl_set(AF_INET, conf->vmac_ifname, "rp_filter", "0");
	sysctl_set(AF_INET, conf->vmac_ifname, "accept_local", "1");
	sysctl_set(AF_INET, conf->vmac_ifname, "arp_ignore", "1");
	vips_set(instance->director->vips, conf->interface, "arp_ignore", "1");
	/* Nor may it ask in their name: who is asked would learn its own MAC address for them. */
	vips_set(instance->director->vips, conf->interface, "arp_announce", "2");
	rtnl_link_up((int)ifindex);
	instance->vip_ifindex = (int)ifindex;
	memcpy(instance->mac, conf->vmac_addr, sizeof(instance->mac));
}

static void unbind(struct instance *instance)
{
	if (instance->port)
		port_put(instance->port);
	if (instance->out)
		port_put(instance->out);
	instance->port = instance->out = NULL;
	instance->ifindex = instance->vip_ifindex = 0;
}

/* What comes from a master's virtual MAC address comes in at the interface here that has the same
 * one, if there is one, and nowhere else. But IPv6 cannot send there, without an address.
 */
static void open_ports(struct instance *instance)
{
	const struct conf_vrrp *conf = instance->conf;
	bool vmac = instance->vip_ifindex != instance->ifindex && !conf->unicast;
	bool base = !vmac || conf->vmac_xmit_base || conf->family == AF_INET6;

	instance->port = vmac ?
		port_get(instance->director, conf->vmac_ifname, instance->vip_ifindex, conf) :
		port_get(instance->director, conf->interface, instance->ifindex, conf);
	instance->out = base ?
		port_get(instance->director, conf->interface, instance->ifindex, conf) :
		port_get(instance->director, conf->vmac_ifname, instance->vip_ifindex, conf);
}

void instance_bind(struct instance *instance)
{
	const struct conf_vrrp *conf = instance->conf;
	struct link *link = links_find(instance->director->links, conf->interface);
	struct halb_addr source;
	bool fresh = !instance->ifindex;

	if (!link) {
		unbind(instance);
		instance_track(instance);
		return;
	}
	if (instance->ifindex != link->rtnl.ifindex) {
		unbind(instance);
		instance->ifindex = instance->vip_ifindex = link->rtnl.ifindex;
		fresh = true;
	}
	if (instance->vip_ifindex == instance->ifindex)
		memcpy(instance->mac, link->rtnl.mac, sizeof(instance->mac));
	if (conf->use_vmac && fresh)
		make_vmac(instance);
	if (conf->promote_secondaries)
		vips_set(instance->director->vips, conf->interface, "promote_secondaries", "1");
	if (!instance->port)
		open_ports(instance);
	source = source_of(instance, link);
	if (!halb_addr_equal(&source, &instance->vrrp.self)) {
		instance->vrrp.self = source;
		if (instance->vrrp.state == VRRP_MASTER)
			instance_set_last_word(instance, true);
	}
	if (fresh && instance->vrrp.state == VRRP_INIT)
		remove_leftovers(instance);
	instance_track(instance);
}

__printf(2, 3)
static bool fault(struct instance *instance, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(instance->fault, sizeof(instance->fault), format, ap);
	va_end(ap);
	return true;
}

static bool has_source(const struct conf_vrrp *conf, const struct link *link)
{
	return !conf->src_ip.family || link_addrs_have(&link->addrs, &conf->src_ip) ||
	       link_addrs_have(&link->secondary, &conf->src_ip);
}

static bool link_fault(struct instance *instance)
{
	const struct conf_vrrp *conf = instance->conf;
	struct link *link = links_find(instance->director->links, conf->interface);

	if (!link)
		return fault(instance, "there is no interface %s", conf->interface);
	if (!link_works(link) && !conf->dont_track_primary)
		return fault(instance, "interface %s is down", conf->interface);
	if (!instance->port || !instance->out)
		return fault(instance, "there is no socket on %s", conf->interface);
	if (!instance->vrrp.self.family)
		return fault(instance, "interface %s has no %s", conf->interface,
			     conf->family == AF_INET6 ? "link-local IPv6 address" : "IPv4 address");
	if (conf->track_src_ip && !has_source(conf, link))
		return fault(instance, "interface %s has not the source address",
			     conf->interface);
	if (conf->unicast && conf->unicast_fault_no_peer && !conf->peers_count)
		return fault(instance, "there is no unicast_peer");
	if (module_fault(instance))
		return fault(instance, "%s", module_fault(instance));
	if (instance->late)
		return fault(instance, "the module did not answer for as long as a backup waits");
	if (static_fault(instance))
		return fault(instance, "%s", static_fault(instance));
	return false;
}

void instance_track(struct instance *instance)
{
	struct director *director = instance->director;
	const struct group *group = (const struct group *)instance->vrrp.group;
	uint8_t before = instance->vrrp.priority;
	bool is_fault = link_fault(instance);
	int weight;

	weight = track_evaluate(director, &instance->conf->tracks, &is_fault, instance->fault,
				sizeof(instance->fault));
	if (group)
		weight += track_evaluate(director, &group->conf->tracks, &is_fault,
					 instance->fault, sizeof(instance->fault));
	vrrp_set_weight(&instance->vrrp, director_now(), weight);
	if (instance->vrrp.priority != before) {
		log_msg(LOG_NOTICE, "(%s) Changing effective priority from %u to %u",
			instance->conf->name, before, instance->vrrp.priority);
		notify_priority(instance);
	}
	vrrp_set_fault(&instance->vrrp, director_now(), is_fault);
	instance_arm(instance);
}

/* --- life -------------------------------------------------------------------------------- */

static struct vrrp_params params_of(const struct conf_vrrp *conf)
{
	return (struct vrrp_params){
		.version = conf->version, .priority = conf->priority,
		.advert_int = (vrrp_time)conf->advert_int_us,
		.down_adverts = conf->down_timer_adverts, .nopreempt = conf->nopreempt,
		.preempt_delay = (vrrp_time)conf->preempt_delay_us,
		.lower_prio_no_advert = conf->lower_prio_no_advert,
		.higher_prio_send_advert = conf->higher_prio_send_advert,
		.garp_delay = (vrrp_time)conf->garp.master_delay_us,
		.garp_refresh = (vrrp_time)conf->garp.master_refresh_us,
		.garp_lower_delay = (vrrp_time)conf->garp.lower_prio_delay_us,
	};
}

struct instance *instance_new(struct director *director, const struct conf_vrrp *conf)
{
	struct instance *instance = calloc(1, sizeof(*instance));
	struct vrrp_params params = params_of(conf);

	if (!instance)
		return NULL;
	vrrp_init(&instance->vrrp, &params, &ops);
	instance->director = director;
	instance->conf = conf;
	instance->timer = evtimer_new(director->base, on_timer, instance);
	instance->minute = evtimer_new(director->base, end_minute, instance);
	instance->late_timer = evtimer_new(director->base, on_late, instance);
	if (instance->timer && instance->minute && instance->late_timer)
		return instance;
	if (instance->timer)
		event_free(instance->timer);
	if (instance->minute)
		event_free(instance->minute);
	free(instance);
	return NULL;
}

void instance_free(struct instance *instance)
{
	struct vips *vips = instance->director->vips;
	int vmac = instance->conf->use_vmac ? instance->vip_ifindex : 0;

	unbind(instance);
	/* Perhaps a process before this one has added it. */
	if (vmac && vips_owns_link(vips, vmac)) {
		rtnl_link_del(vmac);
		vips_disown_link(vips, vmac);
	}
	event_free(instance->timer);
	event_free(instance->minute);
	event_free(instance->late_timer);
	if (instance->garp_timer)
		event_free(instance->garp_timer);
	holding_free(&instance->held);
	free(instance);
}

bool instance_can_become(const struct instance *instance, const struct conf_vrrp *conf)
{
	const struct conf_vrrp *old = instance->conf;

	return !strcmp(old->name, conf->name) && !strcmp(old->interface, conf->interface) &&
		old->vrid == conf->vrid && old->family == conf->family &&
		old->version == conf->version && old->unicast == conf->unicast &&
		old->use_vmac == conf->use_vmac &&
		halb_addr_equal(&old->mcast_dst_ip, &conf->mcast_dst_ip);
}

void instance_become(struct instance *instance, const struct conf_vrrp *conf)
{
	struct vrrp_params params = params_of(conf);

	instance->conf = conf;
	/* It may need the module no more; if it does, this comes again. */
	instance->late = false;
	memset(instance->complaints, 0, sizeof(instance->complaints));
	vrrp_set_params(&instance->vrrp, director_now(), &params);
}
