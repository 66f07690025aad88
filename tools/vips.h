/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The addresses that VRRP has put on interfaces, in memory that the supervisor shares: if the VRRP
 * process dies, the supervisor takes them away, and says priority 0 on its behalf.
 */
#ifndef HALB_VIPS_H
#define HALB_VIPS_H

#include "rtnl.h"
#include "vrrp_packet.h"

#define VIPS_MAX	16384
#define LAST_WORDS_MAX	256
#define LAST_WORD_SIZE	1024

/* An instance's advertisement of priority 0, while it is master. */
struct last_word {
	bool valid;
	char ifname[IFNAMSIZ];
	int ifindex;
	struct vrrp_envelope envelope;
	uint16_t len;
	uint8_t data[LAST_WORD_SIZE];
};

struct vip {
	struct rtnl_addr addr;
	unsigned int holders;		/* instances that are master of it */
	bool foreign;			/* was there before, and stays */
};

struct vips {
	unsigned int count;
	struct vip vips[VIPS_MAX];
	struct last_word last_words[LAST_WORDS_MAX];
};

/* The memory, for this process and the children that it forks; NULL and errno. */
struct vips *vips_new(void);

/* One more instance holds an address; the first puts it there. `keep`: whatever happens, what was
 * there before stays. 0 or a negative errno.
 */
int vips_hold(struct vips *vips, const struct rtnl_addr *addr, bool keep);
/* One less; the last takes it away. */
int vips_release(struct vips *vips, const struct rtnl_addr *addr);
/* Does anybody hold it? */
struct vip *vips_find(struct vips *vips, int ifindex, const struct halb_addr *addr);

/* For the supervisor: takes all of them away. Returns how many there were. */
unsigned int vips_clear(struct vips *vips);
/* For the supervisor, first: sends the last words. */
void vips_say_last_words(struct vips *vips);

#endif
