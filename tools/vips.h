/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The addresses, routes and rules that the VRRP process has put there, in memory that the
 * supervisor shares: if that process dies, the supervisor takes them away, and says priority 0 on
 * its behalf.
 */
#ifndef HALB_VIPS_H
#define HALB_VIPS_H

#include "rtnl.h"
#include "rtnl_route.h"
#include "vrrp_packet.h"

#define VIPS_MAX	16384
#define ROUTES_MAX	2048
#define LAST_WORDS_MAX	256
#define LAST_WORD_SIZE	1024
#define SETTINGS_MAX	192

/* An instance's advertisement of priority 0, while it is master. */
struct last_word {
	bool valid;
	char ifname[IFNAMSIZ];
	int ifindex;
	struct vrrp_envelope envelope;
	uint16_t len;
	uint8_t data[LAST_WORD_SIZE];
};

struct vip_use {
	unsigned int holders;		/* instances that are master of it */
	bool foreign;			/* was there before, and stays */
	bool fixed;			/* static: of no instance, and stays until halbd stops */
};

struct vip {
	struct rtnl_addr addr;
	struct vip_use use;
};

/* A virtual route or rule */
struct vip_route {
	struct rtnl_request request;
	struct vip_use use;
};

/* One of the kernel's of an interface, that we have changed. */
struct vip_setting {
	char ifname[IFNAMSIZ];		/* "": no more */
	char name[24];
	char was[16];
};

struct vips {
	unsigned int count;
	struct vip vips[VIPS_MAX];
	unsigned int routes_count;
	struct vip_route routes[ROUTES_MAX];
	struct last_word last_words[LAST_WORDS_MAX];
	struct vip_setting settings[SETTINGS_MAX];
	int vmacs[LAST_WORDS_MAX];	/* interfaces that we have added; 0: none */
};

/* The memory, for this process and the children that it forks; NULL and errno. */
struct vips *vips_new(void);

enum vips_how {
	VIPS_OURS,
	VIPS_KEEP,			/* what was there before stays, whatever happens */
	VIPS_FIXED,			/* so it does; and ours until halbd stops */
};

/* One more instance holds an address; the first puts it there. 0 or a negative errno. */
int vips_hold(struct vips *vips, const struct rtnl_addr *addr, enum vips_how how);
/* One less; the last takes it away. */
int vips_release(struct vips *vips, const struct rtnl_addr *addr);
/* Does anybody hold it? */
struct vip *vips_find(struct vips *vips, int ifindex, const struct halb_addr *addr);

/* The same of routes and rules. */
int vips_hold_route(struct vips *vips, const struct rtnl_request *request, enum vips_how how);
int vips_release_route(struct vips *vips, const struct rtnl_request *request);
bool vips_find_route(const struct vips *vips, const struct rtnl_request *request);

/* Sets net.ipv4.conf.IFNAME.NAME, until vips_clear() of all. */
void vips_set(struct vips *vips, const char *ifname, const char *name, const char *value);

/* An interface that we have added goes with vips_clear() of all, unless it is disowned before. */
void vips_own_link(struct vips *vips, int ifindex);
bool vips_owns_link(const struct vips *vips, int ifindex);
void vips_disown_link(struct vips *vips, int ifindex);

/* For the supervisor: takes all of them away, those that are fixed only if `all`. Returns how many
 * addresses of instances there were.
 */
unsigned int vips_clear(struct vips *vips, bool all);
/* For the supervisor: sends the last words; before vips_clear(), those that need what it takes away. */
void vips_say_last_words(struct vips *vips, bool before);

#endif
