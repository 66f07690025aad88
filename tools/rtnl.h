/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rtnetlink, as far as it is needed: addresses, links, and news of them. The kernel answers
 * such a request before it returns to the caller, so that waiting for the answer is no wait.
 */
#ifndef HALB_RTNL_H
#define HALB_RTNL_H

#include <net/if.h>

#include "model.h"

struct mnl_socket;

/* An address of an interface, as `ip address add` has it. Plain data: the supervisor reads these
 * from memory that it shares.
 */
struct rtnl_addr {
	int ifindex;
	struct halb_addr addr;
	uint8_t prefix;
	uint8_t scope;
	uint32_t flags;			/* IFA_F_* */
	uint32_t preferred_lft;		/* seconds, UINT32_MAX: forever */
	struct halb_addr brd;		/* family 0: none */
	struct halb_addr peer;
	uint8_t peer_prefix;
	char label[IFNAMSIZ];
};

/* Both return 0 or a negative errno. An address that was there is -EEXIST. */
int rtnl_addr_add(const struct rtnl_addr *addr);
int rtnl_addr_del(const struct rtnl_addr *addr);

/* A virtual router's own interface: a macvlan in private mode, with a MAC address. */
int rtnl_macvlan_add(const char *name, int parent, const uint8_t mac[static 6]);
/* A device that takes packets out of tunnels: kind ipip, sit or ip6tnl (of either family), to this
 * address, from anybody.
 */
int rtnl_tunnel_add(const char *name, const char *kind, const struct halb_addr *local);
int rtnl_link_del(int ifindex);
int rtnl_link_up(int ifindex);

/* A message, written elsewhere, as one of that type; waits for the answer. */
int rtnl_send(const void *message, size_t len, uint16_t type, uint16_t flags);

/* --- what the kernel has ------------------------------------------------------- */

struct rtnl_link {
	int ifindex;
	char name[IFNAMSIZ];
	uint32_t flags;			/* IFF_* */
	uint8_t mac[6];
	bool has_mac;
	bool gone;
};

enum rtnl_event {
	RTNL_LINK,			/* new, changed, or gone */
	RTNL_ADDR_NEW,
	RTNL_ADDR_GONE,
};

struct rtnl_news {
	enum rtnl_event event;
	struct rtnl_link link;
	struct rtnl_addr addr;
};

typedef void (*rtnl_news_cb)(const struct rtnl_news *news, void *arg);

/* All links, then all addresses. */
int rtnl_dump(rtnl_news_cb cb, void *arg);

/* A socket that hears of changes. */
struct mnl_socket *rtnl_monitor_open(void);
/* Reads all that is there. -ENOBUFS: something was lost, dump again. */
int rtnl_monitor_read(struct mnl_socket *sock, rtnl_news_cb cb, void *arg);

#endif
