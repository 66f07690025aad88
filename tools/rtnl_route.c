// SPDX-License-Identifier: GPL-2.0
#include "rtnl_route.h"

#include <errno.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "rtnl.h"
#include "vrrp_packet.h"

/* A message that is being written: what does not fit any more is noted, not written. */
struct writer {
	struct nlmsghdr *nlh;
	int err;
};

static void put(struct writer *w, uint16_t type, size_t len, const void *data)
{
	if (!w->err && !mnl_attr_put_check(w->nlh, RTNL_REQUEST_MAX, type, len, data))
		w->err = -EMSGSIZE;
}

static void put_u32(struct writer *w, uint16_t type, uint32_t value)
{
	put(w, type, sizeof(value), &value);
}

static void put_addr(struct writer *w, uint16_t type, const struct halb_addr *addr)
{
	if (addr->family)
		put(w, type, halb_addr_len(addr->family), addr->bytes);
}

static void put_device(struct writer *w, uint16_t type, const char *name)
{
	unsigned int ifindex = name ? if_nametoindex(name) : 0;

	if (ifindex)
		put_u32(w, type, ifindex);
	else if (name && !w->err)
		w->err = -ENODEV;
}

static struct nlattr *begin(struct writer *w, uint16_t type)
{
	struct nlattr *nest = w->err ? NULL :
			      mnl_attr_nest_start_check(w->nlh, RTNL_REQUEST_MAX, type);

	if (!nest && !w->err)
		w->err = -EMSGSIZE;
	return nest;
}

static void end(struct writer *w, struct nlattr *nest)
{
	if (nest)
		mnl_attr_nest_end(w->nlh, nest);
}

static struct writer start(struct rtnl_request *request, uint16_t type)
{
	memset(request, 0, sizeof(*request));
	mnl_nlmsg_put_header(request->message)->nlmsg_type = type;
	return (struct writer){ (struct nlmsghdr *)request->message, 0 };
}

static int finish(struct rtnl_request *request, const struct writer *w)
{
	request->len = w->err ? 0 : (uint16_t)w->nlh->nlmsg_len;
	return w->err;
}

/* --- routes ------------------------------------------------------------------------- */

/* A gateway of the other family has an attribute of its own. */
static void put_gateway(struct writer *w, uint8_t family, const struct halb_addr *via)
{
	struct {
		uint16_t family;
		uint8_t bytes[16];
	} other = { .family = via->family };

	if (!via->family || via->family == family) {
		put_addr(w, RTA_GATEWAY, via);
		return;
	}
	memcpy(other.bytes, via->bytes, halb_addr_len(via->family));
	put(w, RTA_VIA, sizeof(other.family) + halb_addr_len(via->family), &other);
}

static void put_metrics(struct writer *w, const struct conf_route *route)
{
	struct nlattr *nest = NULL;
	uint32_t locked = 0;

	if (!route->metrics_count && !route->congctl)
		return;
	nest = begin(w, RTA_METRICS);
	for (size_t i = 0; i < route->metrics_count; i++) {
		put_u32(w, route->metrics[i].type, route->metrics[i].value);
		if (route->metrics[i].lock)
			locked |= 1U << route->metrics[i].type;
	}
	if (locked)
		put_u32(w, RTAX_LOCK, locked);
	if (route->congctl)
		put(w, RTAX_CC_ALGO, strlen(route->congctl) + 1, route->congctl);
	end(w, nest);
}

static void put_nexthop(struct writer *w, uint8_t family, const struct conf_nexthop *hop)
{
	char *at = mnl_nlmsg_get_payload_tail(w->nlh);
	struct rtnexthop *rtnh = (struct rtnexthop *)(void *)at;
	unsigned int ifindex = hop->dev ? if_nametoindex(hop->dev) : 0;

	if (hop->dev && !ifindex && !w->err)
		w->err = -ENODEV;
	if (w->nlh->nlmsg_len + sizeof(*rtnh) > RTNL_REQUEST_MAX)
		w->err = -EMSGSIZE;
	if (w->err)
		return;
	memset(rtnh, 0, sizeof(*rtnh));
	rtnh->rtnh_hops = hop->weight;
	rtnh->rtnh_flags = hop->onlink ? RTNH_F_ONLINK : 0;
	rtnh->rtnh_ifindex = (int)ifindex;
	w->nlh->nlmsg_len += sizeof(*rtnh);
	put_gateway(w, family, &hop->via);
	rtnh->rtnh_len = (unsigned short)((char *)mnl_nlmsg_get_payload_tail(w->nlh) - at);
}

static void put_nexthops(struct writer *w, const struct conf_route *route)
{
	struct nlattr *nest;

	if (!route->nexthops_count)
		return;
	nest = begin(w, RTA_MULTIPATH);
	for (size_t i = 0; i < route->nexthops_count; i++)
		put_nexthop(w, route->family, &route->nexthops[i]);
	end(w, nest);
}

/* As ip(8) guesses it. */
static uint8_t scope_of(const struct conf_route *route)
{
	if (route->scope >= 0)
		return (uint8_t)route->scope;
	if (route->type == RTN_LOCAL || route->type == RTN_NAT)
		return RT_SCOPE_HOST;
	if (route->type == RTN_BROADCAST || route->type == RTN_MULTICAST ||
	    route->type == RTN_ANYCAST)
		return RT_SCOPE_LINK;
	/* keepalived, too, leaves a route to a device alone as universal. */
	return RT_SCOPE_UNIVERSE;
}

int rtnl_route(struct rtnl_request *request, const struct conf_route *route)
{
	struct writer w = start(request, RTM_NEWROUTE);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(w.nlh, sizeof(*rtm));

	request->no_track = route->no_track;
	request->line = route->pos.line;
	rtm->rtm_family = route->family;
	rtm->rtm_dst_len = route->dst.family ? route->dst_prefix : 0;
	rtm->rtm_src_len = route->from.family ? route->from_prefix : 0;
	rtm->rtm_tos = route->tos;
	rtm->rtm_table = route->table < 256 ? (uint8_t)route->table : RT_TABLE_UNSPEC;
	rtm->rtm_protocol = route->protocol;
	rtm->rtm_scope = scope_of(route);
	rtm->rtm_type = route->type;
	rtm->rtm_flags = route->onlink ? RTNH_F_ONLINK : 0;
	put_addr(&w, RTA_DST, &route->dst);
	put_addr(&w, RTA_SRC, &route->from);
	put_addr(&w, RTA_PREFSRC, &route->src);
	put_gateway(&w, route->family, &route->via);
	put_device(&w, RTA_OIF, route->dev);
	put_u32(&w, RTA_TABLE, route->table);
	if (route->metric_set)
		put_u32(&w, RTA_PRIORITY, route->metric);
	if (route->pref >= 0)
		put(&w, RTA_PREF, 1, &(uint8_t){ (uint8_t)route->pref });
	if (route->expires)
		put_u32(&w, RTA_EXPIRES, route->expires);
	put_metrics(&w, route);
	put_nexthops(&w, route);
	return finish(request, &w);
}

/* --- rules ---------------------------------------------------------------------------- */

static void put_ports(struct writer *w, uint16_t type, uint16_t first, uint16_t last)
{
	const struct fib_rule_port_range range = { first, last };

	if (first || last)
		put(w, type, sizeof(range), &range);
}

static void put_matches(struct writer *w, const struct conf_rule *rule)
{
	const struct fib_rule_uid_range uids = { rule->uid_start, rule->uid_end };

	put_addr(w, FRA_SRC, &rule->from);
	put_addr(w, FRA_DST, &rule->to);
	if (rule->fwmark_set) {
		put_u32(w, FRA_FWMARK, rule->fwmark);
		put_u32(w, FRA_FWMASK, rule->fwmask);
	}
	/* An interface may come later: the kernel keeps its name. */
	if (rule->iif)
		put(w, FRA_IIFNAME, strlen(rule->iif) + 1, rule->iif);
	if (rule->oif)
		put(w, FRA_OIFNAME, strlen(rule->oif) + 1, rule->oif);
	if (rule->uidrange_set)
		put(w, FRA_UID_RANGE, sizeof(uids), &uids);
	if (rule->l3mdev)
		put(w, FRA_L3MDEV, 1, &(uint8_t){ 1 });
	if (rule->ipproto)
		put(w, FRA_IP_PROTO, 1, &rule->ipproto);
	put_ports(w, FRA_SPORT_RANGE, rule->sport_start, rule->sport_end);
	put_ports(w, FRA_DPORT_RANGE, rule->dport_start, rule->dport_end);
}

int rtnl_rule(struct rtnl_request *request, const struct conf_rule *rule)
{
	struct writer w = start(request, RTM_NEWRULE);
	struct fib_rule_hdr *frh = mnl_nlmsg_put_extra_header(w.nlh, sizeof(*frh));

	request->rule = true;
	request->no_track = rule->no_track;
	request->line = rule->pos.line;
	frh->family = rule->family;
	frh->dst_len = rule->to.family ? rule->to_prefix : 0;
	frh->src_len = rule->from.family ? rule->from_prefix : 0;
	frh->tos = rule->tos;
	frh->table = rule->table < 256 ? (uint8_t)rule->table : RT_TABLE_UNSPEC;
	frh->action = rule->action;
	frh->flags = rule->invert ? FIB_RULE_INVERT : 0;
	put_matches(&w, rule);
	if (rule->table)
		put_u32(&w, FRA_TABLE, rule->table);
	if (rule->action == FR_ACT_GOTO)
		put_u32(&w, FRA_GOTO, rule->goto_priority);
	if (rule->priority_set)
		put_u32(&w, FRA_PRIORITY, rule->priority);
	if (rule->suppress_prefixlength >= 0)
		put_u32(&w, FRA_SUPPRESS_PREFIXLEN, (uint32_t)rule->suppress_prefixlength);
	if (rule->suppress_ifgroup >= 0)
		put_u32(&w, FRA_SUPPRESS_IFGROUP, (uint32_t)rule->suppress_ifgroup);
	put(&w, FRA_PROTOCOL, 1, &rule->protocol);
	return finish(request, &w);
}

/* --- use -------------------------------------------------------------------------------- */

bool rtnl_request_equal(const struct rtnl_request *a, const struct rtnl_request *b)
{
	return a->len == b->len && !memcmp(a->message, b->message, a->len);
}

int rtnl_request_add(const struct rtnl_request *request)
{
	return rtnl_send(request->message, request->len, request->rule ? RTM_NEWRULE : RTM_NEWROUTE,
			 NLM_F_CREATE | NLM_F_EXCL);
}

int rtnl_request_del(const struct rtnl_request *request)
{
	int ret = rtnl_send(request->message, request->len,
			    request->rule ? RTM_DELRULE : RTM_DELROUTE, 0);

	return ret == -ENOENT ? -ESRCH : ret;
}
