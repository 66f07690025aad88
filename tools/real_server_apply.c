// SPDX-License-Identifier: GPL-2.0
#include "real_server.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "rtnl.h"

/* --- sysctls ------------------------------------------------------------------------ */

/*
 * What keeps a server silent about an address of lo (Documentation/networking/ip-sysctl.rst):
 * arp_ignore 1 answers for addresses of the interface that was asked only; arp_announce 2 never
 * asks under an address of another interface. The larger one of "all" and of the interface counts.
 * IPv6 does both by itself.
 */
static const struct {
	const char *name;
	int value;
} silence[] = {
	{ "arp_ignore", 1 },
	{ "arp_announce", 2 },
};

static FILE *open_sysctl(const char *dev, const char *name, const char *mode)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/%s", dev, name);
	return fopen(path, mode);
}

/* -1: there is none */
static int sysctl_get(const char *dev, const char *name)
{
	FILE *file = open_sysctl(dev, name, "r");
	int value = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

static bool sysctl_set(const char *dev, const char *name, int value, struct rs_error *err)
{
	FILE *file = open_sysctl(dev, name, "w");
	bool good = file && fprintf(file, "%d\n", value) > 0;

	if (file && fclose(file))
		good = false;
	return good || rs_fail(err, "cannot set net.ipv4.conf.%s.%s: %s", dev, name,
			       strerror(errno));
}

/* What counts for the interface. */
static int sysctl_effective(const char *dev, const char *name)
{
	int all = sysctl_get("all", name), own = sysctl_get(dev, name);

	return all > own ? all : own;
}

static bool keep_silent(struct rs_record *record, const char *dev, struct rs_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(silence); i++) {
		struct rs_sysctl sysctl = { .since = silence[i].value };
		size_t at;

		if (sysctl_effective(dev, silence[i].name) >= silence[i].value)
			continue;
		for (at = 0; at < record->sysctls_count; at++)
			if (!strcmp(record->sysctls[at].dev, dev) &&
			    !strcmp(record->sysctls[at].name, silence[i].name))
				break;
		snprintf(sysctl.dev, sizeof(sysctl.dev), "%s", dev);
		snprintf(sysctl.name, sizeof(sysctl.name), "%s", silence[i].name);
		sysctl.before = sysctl_get(dev, sysctl.name);
		/* Noted first: what was not changed is easily put back. */
		if (at == record->sysctls_count &&
		    (!rs_record_add_sysctl(record, &sysctl, err) ||
		     !rs_record_write(record, err)))
			return false;
		if (!sysctl_set(dev, sysctl.name, sysctl.since, err))
			return false;
	}
	return true;
}

static bool needs_silence(const struct rs_record *record, const char *dev)
{
	for (size_t i = 0; i < record->vips_count; i++)
		if (record->vips[i].addr.family == AF_INET && !strcmp(record->vips[i].dev, dev))
			return true;
	return false;
}

/* Puts back what no VIP needs any more, unless somebody else has changed it since. */
static bool end_silence(struct rs_record *record, struct rs_error *err)
{
	size_t kept = 0;
	bool good = true;

	for (size_t i = 0; i < record->sysctls_count; i++) {
		const struct rs_sysctl sysctl = record->sysctls[i];
		int now = sysctl_get(sysctl.dev, sysctl.name);

		if (needs_silence(record, sysctl.dev))
			record->sysctls[kept++] = sysctl;
		else if (now == sysctl.since)
			good &= sysctl_set(sysctl.dev, sysctl.name, sysctl.before, err);
		else if (now >= 0 && now != sysctl.before)
			good = rs_fail(err, "net.ipv4.conf.%s.%s stays %d: somebody has changed it since; it was %d before",
				       sysctl.dev, sysctl.name, now, sysctl.before);
	}
	record->sysctls_count = kept;
	return good;
}

/* --- devices ------------------------------------------------------------------------- */

/* Tunnels by the family outside and inside; each has a device of ours. */
static const struct tunnel {
	const char *kind;
	const char *device;
	int outer;
	int inner;			/* 0: either */
} tunnels[] = {
	{ "ipip", "halb-ipip", AF_INET, AF_INET },
	{ "sit", "halb-sit", AF_INET, AF_INET6 },
	{ "ip6tnl", "halb-ip6tnl", AF_INET6, 0 },
};

static const struct tunnel *tunnel_of(const struct rs_vip *vip)
{
	for (size_t i = 0; i < ARRAY_SIZE(tunnels); i++)
		if (vip->tunnel.family == tunnels[i].outer &&
		    (!tunnels[i].inner || vip->addr.family == tunnels[i].inner))
			return &tunnels[i];
	return NULL;
}

const char *rs_device(const struct rs_vip *vip)
{
	const struct tunnel *tunnel = tunnel_of(vip);

	return tunnel ? tunnel->device : "lo";
}

/* Another VIP with the same device, or NULL */
static const struct rs_vip *shares_device(const struct rs_record *record,
					  const struct rs_vip *vip)
{
	for (size_t i = 0; i < record->vips_count; i++)
		if (!halb_addr_equal(&record->vips[i].addr, &vip->addr) &&
		    tunnel_of(&record->vips[i]) == tunnel_of(vip))
			return &record->vips[i];
	return NULL;
}

static bool raise_tunnel(const struct rs_record *record, const struct rs_vip *vip,
			 struct rs_error *err)
{
	const struct rs_vip *other = shares_device(record, vip);
	const struct tunnel *tunnel = tunnel_of(vip);
	char text[ADDR_STRLEN];
	int ret;

	if (!tunnel)
		return true;
	if (other && !halb_addr_equal(&other->tunnel, &vip->tunnel))
		return rs_fail(err, "%s ends tunnels at %s: all VIPs have the same address of this server",
			       tunnel->device, addr_format(&other->tunnel, text));
	if (!if_nametoindex(tunnel->device)) {
		ret = rtnl_tunnel_add(tunnel->device, tunnel->kind, &vip->tunnel);
		if (ret == -EEXIST)
			return rs_fail(err, "another %s device ends tunnels at %s: remove it, or give it the VIP by hand",
				       tunnel->kind, addr_format(&vip->tunnel, text));
		if (ret == -EOPNOTSUPP)
			return rs_fail(err, "this kernel has no %s tunnels: modprobe %s",
				       tunnel->kind, tunnel->outer == AF_INET6 ? "ip6_tunnel" :
				       tunnel->kind);
		if (ret)
			return rs_fail(err, "cannot create the tunnel device %s: %s",
				       tunnel->device, strerror(-ret));
	}
	/*
	 * Clients are not behind the tunnel, and strict rp_filter would drop them. Loose is as
	 * good as off for who has a route back, and counts even where "all" is strict.
	 */
	if (tunnel->inner != AF_INET6 && !sysctl_set(tunnel->device, "rp_filter", 2, err))
		return false;
	ret = rtnl_link_up((int)if_nametoindex(tunnel->device));
	return !ret || rs_fail(err, "cannot set %s up: %s", tunnel->device, strerror(-ret));
}

static void lower_tunnel(const struct rs_record *record, const struct rs_vip *vip)
{
	const struct tunnel *tunnel = tunnel_of(vip);
	unsigned int ifindex = tunnel ? if_nametoindex(tunnel->device) : 0;

	if (ifindex && !shares_device(record, vip))
		rtnl_link_del((int)ifindex);
}

/* --- addresses ------------------------------------------------------------------------ */

static void make_addr(const struct rs_vip *vip, struct rtnl_addr *addr)
{
	bool v4 = vip->addr.family == AF_INET;

	/* Never the source of the server's own connections: of no use elsewhere (IPv4), or
	 * deprecated from the start (IPv6).
	 */
	*addr = (struct rtnl_addr) {
		.ifindex = (int)if_nametoindex(rs_device(vip)),
		.addr = vip->addr,
		.prefix = v4 ? 32 : 128,
		.scope = v4 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE,
		.flags = v4 ? 0 : IFA_F_NODAD,
		.preferred_lft = v4 ? UINT32_MAX : 0,
	};
}

struct holder {
	const struct halb_addr *addr;
	int ifindex;
};

static void note_holder(const struct rtnl_news *news, void *arg)
{
	struct holder *holder = arg;

	if (news->event == RTNL_ADDR_NEW && halb_addr_equal(&news->addr.addr, holder->addr))
		holder->ifindex = news->addr.ifindex;
}

/* The index of the interface that has the address, 0 if none has. */
static bool find_holder(const struct halb_addr *addr, int *ifindex, struct rs_error *err)
{
	struct holder holder = { .addr = addr };
	int ret = rtnl_dump(note_holder, &holder);

	*ifindex = holder.ifindex;
	return !ret || rs_fail(err, "cannot read this machine's addresses: %s", strerror(-ret));
}

/* The VIP may be where it belongs already. Elsewhere, the server would answer for it. */
static bool check_holder(struct rs_vip *vip, struct rs_error *err)
{
	char text[ADDR_STRLEN], name[IFNAMSIZ] = "?";
	int ifindex;

	if (!find_holder(&vip->addr, &ifindex, err))
		return false;
	vip->ours = !ifindex;
	if (!ifindex || ifindex == (int)if_nametoindex(rs_device(vip)))
		return true;
	if_indextoname((unsigned int)ifindex, name);
	return rs_fail(err, "%s is an address of %s, where a real server must not have it: ip address del %s/%d dev %s",
		       addr_format(&vip->addr, text), name, text,
		       vip->addr.family == AF_INET ? 32 : 128, name);
}

static bool put_address(const struct rs_vip *vip, struct rs_error *err)
{
	char text[ADDR_STRLEN];
	struct rtnl_addr addr;
	int ret;

	make_addr(vip, &addr);
	ret = rtnl_addr_add(&addr);
	if (!ret || ret == -EEXIST)
		return true;
	return rs_fail(err, "cannot give %s the address %s: %s", rs_device(vip),
		       addr_format(&vip->addr, text), strerror(-ret));
}

static bool take_address(const struct rs_vip *vip, struct rs_error *err)
{
	char text[ADDR_STRLEN];
	struct rtnl_addr addr;
	int ret;

	make_addr(vip, &addr);
	if (!vip->ours || !addr.ifindex)
		return true;
	ret = rtnl_addr_del(&addr);
	if (!ret || ret == -EADDRNOTAVAIL)
		return true;
	return rs_fail(err, "cannot take the address %s from %s: %s",
		       addr_format(&vip->addr, text), rs_device(vip), strerror(-ret));
}

/* --- all of it -------------------------------------------------------------------------- */

static bool same_setup(const struct rs_vip *a, const struct rs_vip *b)
{
	return !strcmp(a->dev, b->dev) && a->tunnel.family == b->tunnel.family &&
	       (!a->tunnel.family || halb_addr_equal(&a->tunnel, &b->tunnel));
}

/* Silence before the address, so that not one answer goes out. */
static bool set_up(struct rs_record *record, const struct rs_vip *vip, struct rs_error *err)
{
	return (vip->addr.family == AF_INET6 || keep_silent(record, vip->dev, err)) &&
	       raise_tunnel(record, vip, err) && put_address(vip, err);
}

bool rs_add(struct rs_record *record, const struct rs_vip *vip, struct rs_error *err)
{
	struct rs_vip *there = rs_record_find(record, &vip->addr);
	struct rs_error later;
	char text[ADDR_STRLEN];
	struct rs_vip new = *vip;

	if (there && !same_setup(there, vip))
		return rs_fail(err, "%s is set up in another way: halbctl real-server del %s first",
			       addr_format(&vip->addr, text), text);
	if (there)
		return set_up(record, there, err);
	if (!check_holder(&new, err) || !rs_record_add_vip(record, &new, err))
		return false;
	if (rs_record_write(record, err) && set_up(record, &new, err))
		return true;
	rs_del(record, &vip->addr, &later);
	return false;
}

bool rs_del(struct rs_record *record, const struct halb_addr *addr, struct rs_error *err)
{
	struct rs_vip *there = rs_record_find(record, addr);
	char text[ADDR_STRLEN];
	struct rs_vip vip;
	bool good;

	if (!there)
		return rs_fail(err, "%s was not set up by halbctl real-server add: see halbctl real-server show",
			       addr_format(addr, text));
	vip = *there;
	/* The address before the silence. */
	if (!take_address(&vip, err))
		return false;
	*there = record->vips[--record->vips_count];
	lower_tunnel(record, &vip);
	good = end_silence(record, err);
	return rs_record_write(record, err) && good;
}

bool rs_check(const struct rs_vip *vip, struct rs_error *err)
{
	char text[ADDR_STRLEN];
	int ifindex;

	if (!find_holder(&vip->addr, &ifindex, err))
		return false;
	if (!ifindex || ifindex != (int)if_nametoindex(rs_device(vip)))
		return rs_fail(err, "%s is no address of %s any more",
			       addr_format(&vip->addr, text), rs_device(vip));
	for (size_t i = 0; vip->addr.family == AF_INET && i < ARRAY_SIZE(silence); i++)
		if (sysctl_effective(vip->dev, silence[i].name) < silence[i].value)
			return rs_fail(err, "net.ipv4.conf.%s.%s is less than %d", vip->dev,
				       silence[i].name, silence[i].value);
	return true;
}
