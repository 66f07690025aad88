// SPDX-License-Identifier: GPL-2.0
#include "vrrp.h"

#include <string.h>

#include "vrrp_group.h"

/* A master that leaves holds the addresses no longer than this. */
#define HANDOVER_MAX	(5 * VRRP_SECOND)
/* What it grants the next one above that one's skew time. */
#define HANDOVER_GRACE	(50 * VRRP_SECOND / 1000)

const char *vrrp_state_name(enum vrrp_state state)
{
	static const char *const names[] = {
		[VRRP_INIT] = "INIT",
		[VRRP_BACKUP] = "BACKUP",
		[VRRP_MASTER] = "MASTER",
		[VRRP_FAULT] = "FAULT",
	};

	return names[state];
}

const char *vrrp_why_text(enum vrrp_why why)
{
	static const char *const texts[] = {
		[VRRP_WHY_START] = "start",
		[VRRP_WHY_OWNER] = "owns the addresses",
		[VRRP_WHY_SILENCE] = "no master was heard",
		[VRRP_WHY_RESIGNED] = "the master stopped",
		[VRRP_WHY_PREEMPT] = "the master has a lower priority",
		[VRRP_WHY_HIGHER] = "a master of higher priority was heard",
		[VRRP_WHY_FAULT] = "something that it needs is missing",
		[VRRP_WHY_RECOVERED] = "nothing that it needs is missing any more",
		[VRRP_WHY_GROUP] = "its sync group",
		[VRRP_WHY_STOP] = "stop",
	};

	return texts[why];
}

/* --- times --------------------------------------------------------------------- */

/* Version 2: a fraction of a second, whatever the interval. */
vrrp_time vrrp_skew(const struct vrrp *vrrp)
{
	vrrp_time unit = vrrp->params.version == 2 ? VRRP_SECOND : vrrp->master_int;

	return (256u - vrrp->priority) * unit / 256;
}

vrrp_time vrrp_down_interval(const struct vrrp *vrrp)
{
	return vrrp->params.down_adverts * vrrp->master_int + vrrp_skew(vrrp);
}

static vrrp_time earlier(vrrp_time a, vrrp_time b)
{
	return a < b ? a : b;
}

vrrp_time vrrp_next(const struct vrrp *vrrp)
{
	vrrp_time next = vrrp->handover;

	next = earlier(next, vrrp->down);
	next = earlier(next, vrrp->advert);
	next = earlier(next, vrrp->garp_again);
	next = earlier(next, vrrp->garp_refresh);
	return earlier(next, vrrp->heal);
}

static void stop_timers(struct vrrp *vrrp)
{
	vrrp->down = vrrp->preempt_at = vrrp->advert = VRRP_NEVER;
	vrrp->garp_again = vrrp->garp_refresh = VRRP_NEVER;
	vrrp->heal = vrrp->handover = VRRP_NEVER;
}

/* --- what a state begins with ----------------------------------------------------- */

static void send_advert(struct vrrp *vrrp, uint8_t priority)
{
	vrrp->counters.sent++;
	vrrp->counters.stop_sent += priority == VRRP_PRIO_STOP;
	vrrp->ops->send(vrrp, priority);
}

static void forget_rival(struct vrrp *vrrp)
{
	if (!vrrp->has_rival)
		return;
	vrrp->has_rival = false;
	vrrp->heal = VRRP_NEVER;
	vrrp->ops->rival(vrrp, false);
}

static void plan_announcements(struct vrrp *vrrp, vrrp_time now)
{
	if (vrrp->params.garp_delay)
		vrrp->garp_again = now + vrrp->params.garp_delay;
	if (vrrp->params.garp_refresh)
		vrrp->garp_refresh = now + vrrp->params.garp_refresh;
}

/* The other directors hear of it first, then the segment. */
static void begin_master(struct vrrp *vrrp, vrrp_time now)
{
	vrrp->counters.became_master++;
	vrrp->master_int = vrrp->params.advert_int;
	send_advert(vrrp, vrrp->priority);
	vrrp->advert = now + vrrp->params.advert_int;
	vrrp->ops->addresses(vrrp, true);
	vrrp->ops->announce(vrrp, VRRP_ANNOUNCE_MASTER);
	plan_announcements(vrrp, now);
}

static void begin_backup(struct vrrp *vrrp, vrrp_time now)
{
	vrrp->resigned = vrrp->lower = false;
	vrrp->down = now + vrrp_down_interval(vrrp);
}

void vrrp_enter(struct vrrp *vrrp, vrrp_time now, enum vrrp_state state, enum vrrp_why why)
{
	enum vrrp_state from = vrrp->state;
	bool resigns = from == VRRP_MASTER && state == VRRP_FAULT && vrrp->handover == VRRP_NEVER;

	stop_timers(vrrp);
	vrrp->state = state;
	vrrp->why = why;
	vrrp->since = now;
	if (from == VRRP_MASTER && state != VRRP_MASTER) {
		vrrp->counters.released_master++;
		forget_rival(vrrp);
		vrrp->ops->addresses(vrrp, false);
		/* Not before: who hears it may take them at once. */
		if (resigns)
			send_advert(vrrp, VRRP_PRIO_STOP);
	}
	if (state == VRRP_MASTER)
		begin_master(vrrp, now);
	else if (state == VRRP_BACKUP)
		begin_backup(vrrp, now);
	vrrp->ops->changed(vrrp, from, why);
}

/* The same, and the group's other members follow. */
static void lead(struct vrrp *vrrp, vrrp_time now, enum vrrp_state state, enum vrrp_why why)
{
	vrrp_enter(vrrp, now, state, why);
	vrrp_group_follow(vrrp, now);
}

/* --- begin and end --------------------------------------------------------------- */

void vrrp_init(struct vrrp *vrrp, const struct vrrp_params *params, const struct vrrp_ops *ops)
{
	memset(vrrp, 0, sizeof(*vrrp));
	vrrp->params = *params;
	vrrp->ops = ops;
	vrrp->priority = params->priority;
	vrrp->master_int = params->advert_int;
	stop_timers(vrrp);
}

static void begin(struct vrrp *vrrp, vrrp_time now, enum vrrp_why why)
{
	vrrp->master_int = vrrp->params.advert_int;
	/* One that a reload adds to a group of masters must not take the others back. */
	if (vrrp_group_has_master(vrrp))
		vrrp_enter(vrrp, now, VRRP_MASTER, VRRP_WHY_GROUP);
	else if (vrrp->priority == VRRP_PRIO_OWNER && vrrp_group_allows_master(vrrp))
		lead(vrrp, now, VRRP_MASTER, VRRP_WHY_OWNER);
	else
		lead(vrrp, now, VRRP_BACKUP, why);
}

void vrrp_start(struct vrrp *vrrp, vrrp_time now)
{
	if (vrrp->state != VRRP_INIT)
		return;
	if (vrrp_group_has_fault(vrrp))
		lead(vrrp, now, VRRP_FAULT, VRRP_WHY_FAULT);
	else
		begin(vrrp, now, VRRP_WHY_START);
}

void vrrp_stop(struct vrrp *vrrp, vrrp_time now)
{
	vrrp_time wait;

	if (vrrp->state == VRRP_INIT)
		return;
	if (vrrp->state != VRRP_MASTER || vrrp->handover != VRRP_NEVER) {
		vrrp_enter(vrrp, now, VRRP_INIT, VRRP_WHY_STOP);
		return;
	}
	stop_timers(vrrp);
	forget_rival(vrrp);
	send_advert(vrrp, VRRP_PRIO_STOP);
	/* The longest skew time that anybody may have. */
	wait = vrrp->params.version == 2 ? VRRP_SECOND : vrrp->params.advert_int;
	vrrp->handover = now + earlier(wait + HANDOVER_GRACE, HANDOVER_MAX);
}

void vrrp_held_late(struct vrrp *vrrp, vrrp_time now)
{
	vrrp->ops->announce(vrrp, VRRP_ANNOUNCE_MASTER);
	plan_announcements(vrrp, now);
}

/* --- packets ----------------------------------------------------------------------- */

static void note_master(struct vrrp *vrrp, vrrp_time now, const struct halb_addr *from,
			const struct vrrp_packet *packet)
{
	vrrp->master = *from;
	vrrp->master_priority = packet->priority;
	vrrp->heard = now;
	/* In version 2 it is the same as ours, or the packet was not taken. */
	vrrp->master_int = packet->interval * VRRP_CENTISECOND;
}

/* Does a master of lower priority have to be obeyed for now? */
static bool waits_to_preempt(struct vrrp *vrrp, vrrp_time now)
{
	if (vrrp->params.nopreempt)
		return true;
	if (!vrrp->params.preempt_delay)
		return false;
	if (vrrp->preempt_at == VRRP_NEVER)
		vrrp->preempt_at = now + vrrp->params.preempt_delay;
	return now < vrrp->preempt_at;
}

static void receive_as_backup(struct vrrp *vrrp, vrrp_time now, const struct halb_addr *from,
			      const struct vrrp_packet *packet)
{
	if (packet->priority == VRRP_PRIO_STOP) {
		vrrp->resigned = true;
		vrrp->down = now + vrrp_skew(vrrp);
		return;
	}
	if (packet->priority >= vrrp->priority) {
		vrrp->preempt_at = VRRP_NEVER;
		vrrp->lower = false;
	} else {
		vrrp->lower = true;
		if (!waits_to_preempt(vrrp, now))
			return;
	}
	vrrp->resigned = false;
	note_master(vrrp, now, from, packet);
	vrrp->down = now + vrrp_down_interval(vrrp);
}

/* A second master, which has to give in. Both may have announced the addresses, the other one
 * last: announce them again, now (no more often than we advertise), and once it is silent.
 */
static void meet_rival(struct vrrp *vrrp, vrrp_time now, const struct halb_addr *from,
		       const struct vrrp_packet *packet)
{
	vrrp_time theirs = packet->interval * VRRP_CENTISECOND, quiet;

	vrrp->counters.rivals++;
	vrrp->master = *from;
	vrrp->master_priority = packet->priority;
	vrrp->heard = now;
	if (!vrrp->params.lower_prio_no_advert) {
		send_advert(vrrp, vrrp->priority);
		vrrp->advert = now + vrrp->params.advert_int;
	}
	if (!vrrp->has_rival || now - vrrp->rival_announced >= vrrp->params.advert_int) {
		vrrp->rival_announced = now;
		vrrp->ops->announce(vrrp, VRRP_ANNOUNCE_RIVAL);
	}
	if (!vrrp->has_rival) {
		vrrp->has_rival = true;
		vrrp->ops->rival(vrrp, true);
	}
	quiet = 2 * (theirs > vrrp->params.advert_int ? theirs : vrrp->params.advert_int);
	vrrp->heal = now + (quiet > vrrp->params.garp_lower_delay ? quiet :
			    vrrp->params.garp_lower_delay);
}

static void receive_as_master(struct vrrp *vrrp, vrrp_time now, const struct halb_addr *from,
			      const struct vrrp_packet *packet)
{
	if (packet->priority == VRRP_PRIO_STOP) {
		send_advert(vrrp, vrrp->priority);
		vrrp->advert = now + vrrp->params.advert_int;
		return;
	}
	if (packet->priority > vrrp->priority ||
	    (packet->priority == vrrp->priority && halb_addr_compare(from, &vrrp->self) > 0)) {
		if (vrrp->params.higher_prio_send_advert)
			send_advert(vrrp, vrrp->priority);
		note_master(vrrp, now, from, packet);
		lead(vrrp, now, VRRP_BACKUP, VRRP_WHY_HIGHER);
		return;
	}
	meet_rival(vrrp, now, from, packet);
}

void vrrp_receive(struct vrrp *vrrp, vrrp_time now, const struct halb_addr *from,
		  const struct vrrp_packet *packet)
{
	vrrp->counters.received++;
	vrrp->counters.stop_received += packet->priority == VRRP_PRIO_STOP;
	if (vrrp->state == VRRP_BACKUP) {
		receive_as_backup(vrrp, now, from, packet);
	} else if (vrrp->state == VRRP_MASTER && vrrp->handover == VRRP_NEVER) {
		receive_as_master(vrrp, now, from, packet);
	} else if (vrrp->state == VRRP_MASTER && packet->priority != VRRP_PRIO_STOP) {
		/* The next one is there. */
		note_master(vrrp, now, from, packet);
		vrrp_enter(vrrp, now, VRRP_INIT, VRRP_WHY_STOP);
	}
}

/* --- time --------------------------------------------------------------------------- */

static void master_is_down(struct vrrp *vrrp, vrrp_time now)
{
	enum vrrp_why why = vrrp->resigned ? VRRP_WHY_RESIGNED :
			    vrrp->lower ? VRRP_WHY_PREEMPT : VRRP_WHY_SILENCE;

	if (vrrp_group_allows_master(vrrp))
		lead(vrrp, now, VRRP_MASTER, why);
	else
		vrrp->down = now + vrrp_down_interval(vrrp);
}

static bool due(vrrp_time *timer, vrrp_time now)
{
	if (now < *timer)
		return false;
	*timer = VRRP_NEVER;
	return true;
}

/* On the grid of the interval, so that a late one does not delay all that follow; but never
 * two at once after a long sleep.
 */
static void advertise(struct vrrp *vrrp, vrrp_time now)
{
	vrrp_time interval = vrrp->params.advert_int;

	send_advert(vrrp, vrrp->priority);
	vrrp->advert += interval;
	if (vrrp->advert <= now)
		vrrp->advert = now + interval;
}

void vrrp_timeout(struct vrrp *vrrp, vrrp_time now)
{
	if (due(&vrrp->handover, now)) {
		vrrp_enter(vrrp, now, VRRP_INIT, VRRP_WHY_STOP);
		return;
	}
	if (due(&vrrp->down, now)) {
		master_is_down(vrrp, now);
		return;
	}
	if (now >= vrrp->advert && vrrp->advert != VRRP_NEVER)
		advertise(vrrp, now);
	if (due(&vrrp->garp_again, now))
		vrrp->ops->announce(vrrp, VRRP_ANNOUNCE_AGAIN);
	if (due(&vrrp->garp_refresh, now)) {
		vrrp->garp_refresh = now + vrrp->params.garp_refresh;
		vrrp->ops->announce(vrrp, VRRP_ANNOUNCE_REFRESH);
	}
	if (due(&vrrp->heal, now)) {
		vrrp->ops->announce(vrrp, VRRP_ANNOUNCE_HEAL);
		forget_rival(vrrp);
	}
}

/* --- what is tracked ------------------------------------------------------------------ */

/* Members of a group have a fault together. */
void vrrp_set_fault(struct vrrp *vrrp, vrrp_time now, bool fault)
{
	if (vrrp->fault == fault)
		return;
	vrrp->fault = fault;
	if (vrrp->state == VRRP_INIT || vrrp->handover != VRRP_NEVER)
		return;
	if (fault && vrrp->state != VRRP_FAULT)
		lead(vrrp, now, VRRP_FAULT, VRRP_WHY_FAULT);
	else if (!fault && vrrp->state == VRRP_FAULT && !vrrp_group_has_fault(vrrp))
		begin(vrrp, now, VRRP_WHY_RECOVERED);
}

/* A backup's skew time depends on it, and may be running. */
static void set_priority(struct vrrp *vrrp, vrrp_time now, uint8_t priority)
{
	vrrp_time before = vrrp_skew(vrrp), begun;

	vrrp->priority = priority;
	if (vrrp->down == VRRP_NEVER)
		return;
	begun = vrrp->down > before ? vrrp->down - before : 0;
	vrrp->down = begun + vrrp_skew(vrrp);
	if (vrrp->down < now)
		vrrp->down = now;
}

static int within(int value, int min, int max)
{
	return value < min ? min : value > max ? max : value;
}

void vrrp_set_weight(struct vrrp *vrrp, vrrp_time now, int weight)
{
	int priority = vrrp->params.priority;

	if (priority != VRRP_PRIO_OWNER)
		priority = within(priority + weight, 1, VRRP_PRIO_OWNER - 1);
	if (priority != vrrp->priority)
		set_priority(vrrp, now, (uint8_t)priority);
}

void vrrp_set_params(struct vrrp *vrrp, vrrp_time now, const struct vrrp_params *params)
{
	vrrp_time before = vrrp->params.advert_int;

	vrrp->params = *params;
	if (params->advert_int == before)
		return;
	if (vrrp->state == VRRP_MASTER) {
		vrrp->master_int = params->advert_int;
		/* The backups count by the interval that they heard last. */
		if (vrrp->advert != VRRP_NEVER) {
			send_advert(vrrp, vrrp->priority);
			vrrp->advert = now + params->advert_int;
		}
	} else if (params->version == 2 || vrrp->master_int == before) {
		vrrp->master_int = params->advert_int;
		if (vrrp->down != VRRP_NEVER)
			vrrp->down = now + vrrp_down_interval(vrrp);
	}
}
