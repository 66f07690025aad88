/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VRRP state machine (RFC 9568 section 6.4, RFC 3768 section 6.4), pure: time is given to
 * it, and what it wants done it asks for through struct vrrp_ops. No socket, no clock, no
 * logging here, so that all of it is tested with a clock of the test's own.
 *
 * Every event is a function with the present time. Afterwards vrrp_next() says when to call
 * vrrp_timeout(). Received packets must be given before timeouts of the same moment: a director
 * that was not scheduled for a while else takes over from a master whose advertisements lie
 * in its socket.
 */
#ifndef HALB_VRRP_H
#define HALB_VRRP_H

#include "vrrp_packet.h"

/* Microseconds of a monotonic clock. */
typedef uint64_t vrrp_time;
#define VRRP_NEVER		UINT64_MAX
#define VRRP_SECOND		UINT64_C(1000000)
#define VRRP_CENTISECOND	(VRRP_SECOND / 100)

enum vrrp_state {
	VRRP_INIT,			/* not started, or stopped */
	VRRP_BACKUP,
	VRRP_MASTER,
	VRRP_FAULT,
};

/* "MASTER", as log lines and scripts have it */
const char *vrrp_state_name(enum vrrp_state state);

enum vrrp_why {
	VRRP_WHY_START,
	VRRP_WHY_OWNER,
	VRRP_WHY_SILENCE,		/* master down */
	VRRP_WHY_RESIGNED,		/* priority 0 was heard */
	VRRP_WHY_PREEMPT,		/* the master is of lower priority */
	VRRP_WHY_HIGHER,		/* there is a master of higher priority */
	VRRP_WHY_FAULT,
	VRRP_WHY_RECOVERED,
	VRRP_WHY_GROUP,			/* another member of the sync group */
	VRRP_WHY_STOP,
};

const char *vrrp_why_text(enum vrrp_why why);

/* Tell the segment where the addresses are. */
enum vrrp_announce {
	VRRP_ANNOUNCE_MASTER,		/* became master */
	VRRP_ANNOUNCE_AGAIN,		/* garp_master_delay later */
	VRRP_ANNOUNCE_REFRESH,		/* every garp_master_refresh */
	VRRP_ANNOUNCE_RIVAL,		/* a second master of lower priority was heard */
	VRRP_ANNOUNCE_HEAL,		/* it is not heard any more */
};

struct vrrp_params {
	uint8_t version;
	uint8_t priority;		/* base; 255: the owner of the addresses */
	vrrp_time advert_int;
	unsigned int down_adverts;	/* 3 in the RFC */
	bool nopreempt;
	vrrp_time preempt_delay;
	bool lower_prio_no_advert;
	bool higher_prio_send_advert;
	vrrp_time garp_delay;		/* 0: no second announcement */
	vrrp_time garp_refresh;		/* 0: none */
	vrrp_time garp_lower_delay;	/* of the second one after a rival */
};

struct vrrp_counters {
	uint64_t sent, received;
	uint64_t stop_sent, stop_received;
	uint64_t became_master, released_master;
	uint64_t rivals;		/* advertisements of a second master */
	uint64_t refused[VRRP_REFUSAL_COUNT];
};

struct vrrp;
struct vrrp_group;

struct vrrp_ops {
	void (*send)(struct vrrp *vrrp, uint8_t priority);
	void (*addresses)(struct vrrp *vrrp, bool hold);
	void (*announce)(struct vrrp *vrrp, enum vrrp_announce kind);
	/* after the state changed and all of the above is done */
	void (*changed)(struct vrrp *vrrp, enum vrrp_state from, enum vrrp_why why);
	/* a second master appeared, or went */
	void (*rival)(struct vrrp *vrrp, bool there);
};

struct vrrp {
	struct vrrp_params params;
	const struct vrrp_ops *ops;
	struct vrrp_group *group;	/* or NULL */
	struct halb_addr self;		/* primary address, from which it advertises */

	enum vrrp_state state;
	enum vrrp_why why;
	vrrp_time since;		/* of the state */
	uint8_t priority;		/* the effective one */
	bool fault;			/* its own, not the group's */
	bool resigned;			/* backup: priority 0 was heard last */
	bool lower;			/* backup: a master of lower priority was heard last */
	bool has_rival;

	/* the master that was heard last */
	struct halb_addr master;
	uint8_t master_priority;
	vrrp_time master_int;
	vrrp_time heard;

	/* when to act; VRRP_NEVER */
	vrrp_time down;			/* backup */
	vrrp_time preempt_at;		/* backup: the end of preempt_delay */
	vrrp_time advert;		/* master */
	vrrp_time garp_again;
	vrrp_time garp_refresh;
	vrrp_time heal;
	vrrp_time rival_announced;
	vrrp_time handover;		/* master, leaving: latest release of the addresses */

	struct vrrp_counters counters;
};

void vrrp_init(struct vrrp *vrrp, const struct vrrp_params *params, const struct vrrp_ops *ops);

/* Joins in: as backup, or at once as master if it owns the addresses. */
void vrrp_start(struct vrrp *vrrp, vrrp_time now);

/* Leaves. A master says so with priority 0, and holds the addresses until it hears the next one
 * (or for as long as that may take), since a backup waits for its skew time first: nobody would
 * have the addresses meanwhile. Done when the state is VRRP_INIT. Called again, it leaves at once.
 */
void vrrp_stop(struct vrrp *vrrp, vrrp_time now);

/* A master's addresses are held only now: they are announced, and what follows counts from here. */
void vrrp_held_late(struct vrrp *vrrp, vrrp_time now);

/* An advertisement that vrrp_packet_check() took. */
void vrrp_receive(struct vrrp *vrrp, vrrp_time now, const struct halb_addr *from,
		  const struct vrrp_packet *packet);

void vrrp_timeout(struct vrrp *vrrp, vrrp_time now);
/* When vrrp_timeout() has something to do. */
vrrp_time vrrp_next(const struct vrrp *vrrp);

/* Something without which it cannot be master is missing, or is there again. */
void vrrp_set_fault(struct vrrp *vrrp, vrrp_time now, bool fault);

/* The sum of the weights of what is tracked. An owner's priority does not change. */
void vrrp_set_weight(struct vrrp *vrrp, vrrp_time now, int weight);

/* A new configuration, for which a master stays master. */
void vrrp_set_params(struct vrrp *vrrp, vrrp_time now, const struct vrrp_params *params);

vrrp_time vrrp_skew(const struct vrrp *vrrp);
vrrp_time vrrp_down_interval(const struct vrrp *vrrp);

/* For vrrp_group.c: this instance alone. */
void vrrp_enter(struct vrrp *vrrp, vrrp_time now, enum vrrp_state state, enum vrrp_why why);

#endif
