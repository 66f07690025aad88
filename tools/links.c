// SPDX-License-Identifier: GPL-2.0
#include "links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>

#include "log.h"

struct links {
	struct link *first;
	struct mnl_socket *monitor;
	struct event *event;
	links_cb cb;
	links_gone_cb gone;
	void *arg;
	bool quiet;			/* while everything is read */
};

struct link *links_find(struct links *links, const char *name)
{
	for (struct link *link = links->first; link; link = link->next)
		if (!link->rtnl.gone && !strcmp(link->rtnl.name, name))
			return link;
	return NULL;
}

static struct link *find_index(struct links *links, int ifindex)
{
	for (struct link *link = links->first; link; link = link->next)
		if (link->rtnl.ifindex == ifindex)
			return link;
	return NULL;
}

static void drop_addr(struct link_addrs *from, const struct halb_addr *addr)
{
	for (size_t i = 0; i < from->count; i++) {
		if (!halb_addr_equal(&from->list[i], addr))
			continue;
		memmove(&from->list[i], &from->list[i + 1],
			(--from->count - i) * sizeof(*addr));
		return;
	}
}

static void add_addr(struct link_addrs *to, const struct halb_addr *addr)
{
	struct halb_addr *more;

	if (link_addrs_have(to, addr))
		return;
	more = realloc(to->list, (to->count + 1) * sizeof(*more));
	if (!more)
		return;
	to->list = more;
	more[to->count++] = *addr;
}

bool link_addrs_have(const struct link_addrs *addrs, const struct halb_addr *addr)
{
	for (size_t i = 0; i < addrs->count; i++)
		if (halb_addr_equal(&addrs->list[i], addr))
			return true;
	return false;
}

static void take_link(struct links *links, const struct rtnl_link *rtnl)
{
	struct link *link = find_index(links, rtnl->ifindex);

	if (!link) {
		link = calloc(1, sizeof(*link));
		if (!link)
			return;
		link->next = links->first;
		links->first = link;
	}
	link->rtnl = *rtnl;
	if (rtnl->gone)
		link->addrs.count = link->secondary.count = 0;
	if (!links->quiet)
		links->cb(link, links->arg);
}

static void take_addr(struct links *links, const struct rtnl_news *news)
{
	static const uint32_t unusable = IFA_F_TENTATIVE | IFA_F_DADFAILED;
	bool there = news->event == RTNL_ADDR_NEW && !(news->addr.flags & unusable);
	bool secondary = news->addr.flags & IFA_F_SECONDARY;
	struct link *link = find_index(links, news->addr.ifindex);

	if (!link)
		return;
	if (!there || secondary)
		drop_addr(&link->addrs, &news->addr.addr);
	if (!there || !secondary)
		drop_addr(&link->secondary, &news->addr.addr);
	if (there)
		add_addr(secondary ? &link->secondary : &link->addrs, &news->addr.addr);
	if (links->quiet)
		return;
	if (news->event == RTNL_ADDR_GONE)
		links->gone(link, &news->addr.addr, links->arg);
	links->cb(link, links->arg);
}

static void on_news(const struct rtnl_news *news, void *arg)
{
	if (news->event == RTNL_LINK)
		take_link(arg, &news->link);
	else
		take_addr(arg, news);
}

int links_refresh(struct links *links)
{
	int ret;

	for (struct link *link = links->first; link; link = link->next) {
		link->rtnl.gone = true;
		link->addrs.count = link->secondary.count = 0;
	}
	links->quiet = true;
	ret = rtnl_dump(on_news, links);
	links->quiet = false;
	for (struct link *link = links->first; link; link = link->next)
		links->cb(link, links->arg);
	return ret;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct links *links = arg;

	(void)fd;
	(void)what;
	if (!rtnl_monitor_read(links->monitor, on_news, links))
		return;
	log_msg(LOG_NOTICE, "Netlink lost messages: reading all interfaces again");
	links_refresh(links);
}

struct links *links_new(struct event_base *base, links_cb cb, links_gone_cb gone, void *arg)
{
	struct links *links = calloc(1, sizeof(*links));

	if (!links)
		return NULL;
	links->cb = cb;
	links->gone = gone;
	links->arg = arg;
	links->monitor = rtnl_monitor_open();
	if (links->monitor)
		links->event = event_new(base, mnl_socket_get_fd(links->monitor),
					 EV_READ | EV_PERSIST, on_readable, links);
	if (!links->event || event_add(links->event, NULL)) {
		links_free(links);
		return NULL;
	}
	return links;
}

void links_free(struct links *links)
{
	struct link *next;

	if (links->event)
		event_free(links->event);
	if (links->monitor)
		mnl_socket_close(links->monitor);
	for (struct link *link = links->first; link; link = next) {
		next = link->next;
		free(link->addrs.list);
		free(link->secondary.list);
		free(link);
	}
	free(links);
}
