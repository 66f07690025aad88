/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The network interfaces, kept up to date: whether they work, and their addresses.
 */
#ifndef HALB_LINKS_H
#define HALB_LINKS_H

#include "rtnl.h"

struct event_base;

struct link_addrs {
	struct halb_addr *list;
	size_t count;
};

struct link {
	struct rtnl_link rtnl;
	/* in the order of the kernel; none that is tentative */
	struct link_addrs addrs, secondary;
	struct link *next;
};

struct links;

/* Called for each change, with the link as it is now (or as it was, gone set). */
typedef void (*links_cb)(struct link *link, void *arg);
/* Called for an address that is gone from a link. */
typedef void (*links_gone_cb)(struct link *link, const struct halb_addr *addr, void *arg);

/* NULL and errno */
struct links *links_new(struct event_base *base, links_cb cb, links_gone_cb gone, void *arg);
void links_free(struct links *links);
/* Reads everything anew; the callback is called for each. */
int links_refresh(struct links *links);

bool link_addrs_have(const struct link_addrs *addrs, const struct halb_addr *addr);
struct link *links_find(struct links *links, const char *name);
/* Up, with a cable in. */
static inline bool link_works(const struct link *link)
{
	return link && !link->rtnl.gone &&
		(link->rtnl.flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
}

#endif
