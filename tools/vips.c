// SPDX-License-Identifier: GPL-2.0
#include "vips.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sysctl.h"
#include "vrrp_sock.h"

struct vips *vips_new(void)
{
	void *at = mmap(NULL, sizeof(struct vips), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

struct vip *vips_find(struct vips *vips, int ifindex, const struct halb_addr *addr)
{
	for (unsigned int i = 0; i < vips->count; i++)
		if (vips->vips[i].addr.ifindex == ifindex &&
		    halb_addr_equal(&vips->vips[i].addr.addr, addr))
			return &vips->vips[i];
	return NULL;
}

/* What is needed to put something there, or take it away, by its number. */
static int add_at(struct vips *vips, bool route, unsigned int i)
{
	return route ? rtnl_request_add(&vips->routes[i].request) :
		       rtnl_addr_add(&vips->vips[i].addr);
}

static int del_at(struct vips *vips, bool route, unsigned int i)
{
	return route ? rtnl_request_del(&vips->routes[i].request) :
		       rtnl_addr_del(&vips->vips[i].addr);
}

static struct vip_use *use_at(struct vips *vips, bool route, unsigned int i)
{
	return route ? &vips->routes[i].use : &vips->vips[i].use;
}

/* It has been noted already, as what is not there is easily taken away. */
static int put_there(struct vips *vips, bool route, unsigned int i, enum vips_how how)
{
	struct vip_use *use = use_at(vips, route, i);
	int ret;

	*use = (struct vip_use){
		.holders = 1, .foreign = how != VIPS_OURS, .fixed = how == VIPS_FIXED,
	};
	__atomic_store_n(route ? &vips->routes_count : &vips->count, i + 1, __ATOMIC_RELEASE);
	ret = add_at(vips, route, i);
	if (!ret)
		use->foreign = false;
	return ret == -EEXIST ? 0 : ret;
}

static void forget(struct vips *vips, bool route, unsigned int i)
{
	unsigned int last = (route ? vips->routes_count : vips->count) - 1;

	if (route)
		vips->routes[i] = vips->routes[last];
	else
		vips->vips[i] = vips->vips[last];
	__atomic_store_n(route ? &vips->routes_count : &vips->count, last, __ATOMIC_RELEASE);
}

static int take_away(struct vips *vips, bool route, unsigned int i)
{
	int ret = 0;

	if (--use_at(vips, route, i)->holders)
		return 0;
	if (!use_at(vips, route, i)->foreign)
		ret = del_at(vips, route, i);
	forget(vips, route, i);
	/* Gone by itself, with its interface or by somebody's hand */
	return ret == -EADDRNOTAVAIL || ret == -ENODEV || ret == -ESRCH ? 0 : ret;
}

int vips_hold(struct vips *vips, const struct rtnl_addr *addr, enum vips_how how)
{
	struct vip *vip = vips_find(vips, addr->ifindex, &addr->addr);

	if (vip) {
		vip->use.holders++;
		return 0;
	}
	if (vips->count == VIPS_MAX)
		return -ENOSPC;
	vips->vips[vips->count].addr = *addr;
	return put_there(vips, false, vips->count, how);
}

int vips_release(struct vips *vips, const struct rtnl_addr *addr)
{
	struct vip *vip = vips_find(vips, addr->ifindex, &addr->addr);

	return vip ? take_away(vips, false, (unsigned int)(vip - vips->vips)) : 0;
}

static unsigned int find_route(const struct vips *vips, const struct rtnl_request *request)
{
	unsigned int i = 0;

	while (i < vips->routes_count && !rtnl_request_equal(&vips->routes[i].request, request))
		i++;
	return i;
}

bool vips_find_route(const struct vips *vips, const struct rtnl_request *request)
{
	return find_route(vips, request) < vips->routes_count;
}

int vips_hold_route(struct vips *vips, const struct rtnl_request *request, enum vips_how how)
{
	unsigned int i = find_route(vips, request);

	if (i < vips->routes_count) {
		vips->routes[i].use.holders++;
		return 0;
	}
	if (i == ROUTES_MAX)
		return -ENOSPC;
	vips->routes[i].request = *request;
	return put_there(vips, true, i, how);
}

int vips_release_route(struct vips *vips, const struct rtnl_request *request)
{
	unsigned int i = find_route(vips, request);

	return i < vips->routes_count ? take_away(vips, true, i) : 0;
}

void vips_set(struct vips *vips, const char *ifname, const char *name, const char *value)
{
	struct vip_setting *setting = vips->settings, *end = setting + SETTINGS_MAX;
	char was[sizeof(setting->was)];

	while (setting < end && setting->ifname[0] &&
	       (strcmp(setting->ifname, ifname) || strcmp(setting->name, name)))
		setting++;
	if (!sysctl_get(AF_INET, ifname, name, was, sizeof(was)) || !strcmp(was, value))
		return;
	if (setting < end && !setting->ifname[0]) {
		snprintf(setting->name, sizeof(setting->name), "%s", name);
		snprintf(setting->was, sizeof(setting->was), "%s", was);
		snprintf(setting->ifname, sizeof(setting->ifname), "%s", ifname);
	}
	sysctl_set(AF_INET, ifname, name, value);
}

static void restore_settings(struct vips *vips)
{
	for (unsigned int i = 0; i < SETTINGS_MAX && vips->settings[i].ifname[0]; i++) {
		const struct vip_setting *setting = &vips->settings[i];

		sysctl_set(AF_INET, setting->ifname, setting->name, setting->was);
	}
	memset(vips->settings, 0, sizeof(vips->settings));
}

static int *find_link(const struct vips *vips, int ifindex)
{
	for (unsigned int i = 0; i < LAST_WORDS_MAX; i++)
		if (vips->vmacs[i] == ifindex)
			return (int *)&vips->vmacs[i];
	return NULL;
}

void vips_own_link(struct vips *vips, int ifindex)
{
	int *slot = find_link(vips, 0);

	if (slot)
		*slot = ifindex;
}

bool vips_owns_link(const struct vips *vips, int ifindex)
{
	return find_link(vips, ifindex);
}

void vips_disown_link(struct vips *vips, int ifindex)
{
	int *slot = find_link(vips, ifindex);

	if (slot)
		*slot = 0;
}

static void remove_links(struct vips *vips)
{
	for (unsigned int i = 0; i < LAST_WORDS_MAX; i++)
		if (vips->vmacs[i])
			rtnl_link_del(vips->vmacs[i]);
	memset(vips->vmacs, 0, sizeof(vips->vmacs));
}

/* Backwards: the last takes the place of one that goes. */
static unsigned int clear(struct vips *vips, bool route, unsigned int max, bool all)
{
	unsigned int count = route ? vips->routes_count : vips->count, gone = 0;

	if (count > max)
		count = max;
	for (unsigned int i = count; i-- > 0;) {
		struct vip_use *use = use_at(vips, route, i);

		if (use->fixed && !all) {
			/* The next process holds it again. */
			use->holders = 0;
			continue;
		}
		if (!use->fixed)
			gone++;
		if (!use->foreign)
			del_at(vips, route, i);
		forget(vips, route, i);
	}
	return gone;
}

unsigned int vips_clear(struct vips *vips, bool all)
{
	unsigned int count;

	clear(vips, true, ROUTES_MAX, all);
	count = clear(vips, false, VIPS_MAX, all);
	if (all) {
		remove_links(vips);
		restore_settings(vips);
	}
	return count;
}

/* Does it leave from an address, or by a route, that vips_clear() takes away? */
static bool needs_held(const struct vips *vips, const struct last_word *word)
{
	for (unsigned int i = 0; i < vips->count && i < VIPS_MAX; i++)
		if (!vips->vips[i].use.foreign &&
		    halb_addr_equal(&vips->vips[i].addr.addr, &word->envelope.from))
			return true;
	return vips->routes_count > 0;
}

void vips_say_last_words(struct vips *vips, bool before)
{
	for (unsigned int i = 0; i < LAST_WORDS_MAX; i++) {
		struct last_word *word = &vips->last_words[i];
		int fd;

		if (!word->valid || word->len > LAST_WORD_SIZE ||
		    (before && !needs_held(vips, word)))
			continue;
		word->valid = false;
		word->ifname[IFNAMSIZ - 1] = '\0';
		fd = vrrp_sock_open(word->envelope.to.family, word->ifname, 0);
		if (fd < 0)
			continue;
		vrrp_sock_send(fd, word->ifindex, &word->envelope, word->data, word->len);
		close(fd);
	}
}
