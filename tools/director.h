/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VRRP process of halbd: the state machines (vrrp.h) given sockets, timers, interfaces and
 * a configuration. What its files share.
 */
#ifndef HALB_DIRECTOR_H
#define HALB_DIRECTOR_H

#include "conf.h"
#include "links.h"
#include "scripts.h"
#include "vips.h"
#include "vrrp_group.h"

struct event;
struct event_base;

/* A socket of one interface and family, of all instances there. */
struct port {
	struct port *next;
	struct director *director;
	int ifindex;
	uint8_t family;
	int fd;
	struct event *event;
	unsigned int users;
};

/* Lines that would come with every packet are written once for each of these. */
struct complaint {
	struct halb_addr from;
	bool made;
};

/* Addresses, and routes and rules, that vips.h was asked to hold, or will be. */
struct holding {
	struct rtnl_addr *addrs;
	size_t addrs_count;
	struct rtnl_request *routes;
	size_t routes_count;
};

struct instance {
	struct vrrp vrrp;		/* first: the ops get this */
	struct director *director;
	const struct conf_vrrp *conf;
	struct port *port;		/* where it listens */
	struct port *out;		/* from where it sends, mostly the same */
	struct event *timer;
	int ifindex;			/* of its interface; 0: there is none */
	int vip_ifindex;		/* where addresses go: the same, or its VMAC's */
	uint8_t mac[6];			/* of that */
	bool kept;			/* during a reload */
	bool guarded;			/* holds addresses that nobody may speak to */
	bool unknown;			/* master, and the module does not know it yet: no addresses */
	bool late;			/* that took too long */
	struct event *late_timer;
	char fault[320];		/* why, if vrrp.fault */
	struct complaint complaints[VRRP_REFUSAL_COUNT];
	unsigned int last_word;		/* its number among vips->last_words */

	struct holding held;		/* as master */

	/* announcements that are on their way */
	struct event *garp_timer;
	size_t garp_next, garp_left;	/* address, and messages */

	/* transitions in this minute, of which only some are logged */
	struct event *minute;		/* its end */
	unsigned int changes;
};

struct group {
	struct vrrp_group vrrp;		/* first */
	struct director *director;
	const struct conf_sync_group *conf;
};

struct script_state;
struct file_state;

struct director {
	struct event_base *base;
	const char *conf_path;
	const char *config_id;
	struct conf *conf;
	struct links *links;
	struct vips *vips;
	int garp_fd;
	int scripts_fd;			/* scripts.h */
	struct port *ports;
	struct instance **instances;
	size_t count;
	struct group *groups;
	size_t groups_count;
	struct holding fixed;		/* static addresses, routes and rules */
	struct event *upkeep;		/* each second, where routes are held */
	bool stopping;
	bool started;

	/* director_track.c */
	struct script_state *scripts;
	size_t scripts_count;
	struct file_state *files;
	size_t files_count;
	int inotify;
	struct event *inotify_event, *scripts_event;

	/* director_notify.c */
	int fifos[2];			/* notify_fifo, vrrp_notify_fifo; -1 */
	struct alerts *alerts;
};

vrrp_time director_now(void);

/* instance.c's job: director_instance.c */
struct instance *instance_new(struct director *director, const struct conf_vrrp *conf);
void instance_free(struct instance *instance);
/* After anything that was done to its state machine. */
void instance_arm(struct instance *instance);
/* Its interface changed, or it is new. */
void instance_bind(struct instance *instance);
/* Looks anew at all that it tracks. */
void instance_track(struct instance *instance);
/* Takes over a configuration under which it can go on. */
bool instance_can_become(const struct instance *instance, const struct conf_vrrp *conf);
void instance_become(struct instance *instance, const struct conf_vrrp *conf);
/* Masters' addresses, routes and rules: those that the configuration wants are held, before, in a
 * second round, the others are given up, so that one can move between instances.
 */
void instance_hold_addresses(struct instance *instance);
void instance_release_addresses(struct instance *instance, bool all);
/* The module has answered all that it was told of it, which may be old news. */
void instance_is_known(struct instance *instance);
/* Somebody took an address away. */
void instance_addr_gone(struct instance *instance, int ifindex, const struct halb_addr *addr);
/* Packets to the addresses of instances with no_accept are dropped. */
void director_guard(struct director *director);
/* Routes that somebody took away, of which, if there are many, the kernel tells too much. */
void instance_restore_routes(struct instance *instance);
/* Is this one of the virtual addresses of any instance? */
bool director_is_virtual(const struct director *director, const struct halb_addr *addr);

/* director_hold.c */
void rtnl_addr_of(struct rtnl_addr *addr, const struct conf_ipaddr *conf, int ifindex);
void holding_want_addr(struct holding *wanted, const struct rtnl_addr *addr);
/* 0 or a negative errno, when the kernel cannot be asked for it now */
int holding_want_route(struct holding *wanted, const struct conf_route *conf);
int holding_want_rule(struct holding *wanted, const struct conf_rule *conf);
/* Holds what is wanted and not held; gives up what is not wanted, of NULL all. */
void holding_take(struct vips *vips, struct holding *held, const struct holding *wanted,
		  enum vips_how how, const char *who);
void holding_drop(struct vips *vips, struct holding *held, const struct holding *wanted,
		  const char *who);
void holding_restore_routes(const struct holding *held, const char *who);
void holding_free(struct holding *holding);
void static_load(struct director *director);
/* Adds again what is missing. True if what static_fault() says may be another. */
bool static_check(struct director *director);
const char *static_fault(const struct instance *instance);

/* director_port.c: packets in and out */
struct port *port_get(struct director *director, const char *ifname, int ifindex,
		      const struct conf_vrrp *conf);
void port_put(struct port *port);
/* Reads all packets that are there. */
void port_drain(struct port *port);
void instance_send(struct instance *instance, uint8_t priority);
void instance_set_last_word(struct instance *instance, bool valid);

/* director_garp.c */
void instance_announce(struct instance *instance, unsigned int repeat);
void instance_stop_announcing(struct instance *instance);

/* director_notify.c: scripts and FIFOs are told */
void notify_open(struct director *director);
void notify_close(struct director *director);
void notify_instance(struct instance *instance, enum vrrp_state state, bool stop);
void notify_group(struct group *group, bool stop);
void notify_priority(struct instance *instance);
/* FIFOs get all states again, if they are to. */
void notify_reloaded(struct director *director);
void notify_rx_lower(struct instance *instance);

/* director_module.c: the module is told, so that it serves an instance's services or not. Without
 * virtual servers nobody needs it.
 */
void module_load(struct director *director);
/* What was told still arrives. Waits a second for that; the process ends no sooner than it has. */
void module_close(void);
/* The checkers, which hold the services, cannot: why, or "". */
void module_refused(struct director *director, const char *why);
/* The states of all instances, if it may not know them. */
void module_tell(struct director *director);
/* An instance is removed. */
void module_forget(const struct instance *instance);
/* An instance with services cannot be master without it: why, or NULL. */
const char *module_fault(const struct instance *instance);
/* True if it has answered when this returns, or cannot be asked; else instance_is_known() follows. */
bool director_state(struct instance *instance, enum vrrp_state state);

/* director_track.c */
int track_open(struct director *director);
/* Takes what it tracks from the new configuration; keeps what is known. */
void track_load(struct director *director);
void track_close(struct director *director);
/* The sum of weights; *fault becomes true, and text says why. */
int track_evaluate(struct director *director, const struct conf_tracks *tracks,
		   bool *fault, char *text, size_t size);

/* director_process.c */
void process_load(struct director *director);
bool process_is_up(const char *name);

/* director_status.c */
int status_open(struct director *director);
void status_close(void);
/* One JSON document, to be freed. */
char *status_text(const struct director *director);

/* director.c: the process. Does not return. */
struct director_options {
	const char *conf_path;
	const char *config_id;
	struct conf *conf;		/* becomes the process's own */
	struct vips *vips;
	int scripts_fd;
	int supervisor_fd;		/* it ends when this does; says "ready" there */
};
_Noreturn void director_main(const struct director_options *options);

#endif
