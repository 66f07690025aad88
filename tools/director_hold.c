// SPDX-License-Identifier: GPL-2.0
/* What the director puts on the machine: addresses, routes and rules, of masters and static. */
#include <errno.h>
#include <linux/if_addr.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "director.h"
#include "log.h"

/* --- lists ------------------------------------------------------------------------ */

static bool same_addr(const struct rtnl_addr *a, const struct rtnl_addr *b)
{
	return a->ifindex == b->ifindex && halb_addr_equal(&a->addr, &b->addr);
}

static bool has_addr(const struct holding *holding, const struct rtnl_addr *addr)
{
	for (size_t i = 0; holding && i < holding->addrs_count; i++)
		if (same_addr(&holding->addrs[i], addr))
			return true;
	return false;
}

static bool has_route(const struct holding *holding, const struct rtnl_request *route)
{
	for (size_t i = 0; holding && i < holding->routes_count; i++)
		if (rtnl_request_equal(&holding->routes[i], route))
			return true;
	return false;
}

static bool add_addr(struct holding *holding, const struct rtnl_addr *addr)
{
	struct rtnl_addr *more = realloc(holding->addrs,
					 (holding->addrs_count + 1) * sizeof(*more));

	if (!more)
		return false;
	holding->addrs = more;
	more[holding->addrs_count++] = *addr;
	return true;
}

static bool add_route(struct holding *holding, const struct rtnl_request *route)
{
	struct rtnl_request *more = realloc(holding->routes,
					    (holding->routes_count + 1) * sizeof(*more));

	if (!more)
		return false;
	holding->routes = more;
	more[holding->routes_count++] = *route;
	return true;
}

void holding_free(struct holding *holding)
{
	free(holding->addrs);
	free(holding->routes);
	*holding = (struct holding){ 0 };
}

/* --- what is wanted ------------------------------------------------------------------ */

void rtnl_addr_of(struct rtnl_addr *addr, const struct conf_ipaddr *conf, int ifindex)
{
	*addr = (struct rtnl_addr){
		.ifindex = conf->dev ? (int)if_nametoindex(conf->dev) : ifindex,
		.addr = conf->addr, .prefix = conf->prefix,
		.scope = (uint8_t)(conf->scope < 0 ? 0 : conf->scope), .flags = conf->flags,
		.preferred_lft = conf->preferred_lft, .brd = conf->brd, .peer = conf->peer,
		.peer_prefix = conf->peer_prefix,
	};
	if (conf->label)
		snprintf(addr->label, sizeof(addr->label), "%s", conf->label);
	/* The previous master may answer for a moment: that must not stop us. */
	if (conf->addr.family == AF_INET6)
		addr->flags |= IFA_F_NODAD;
}

void holding_want_addr(struct holding *wanted, const struct rtnl_addr *addr)
{
	if (!has_addr(wanted, addr))
		add_addr(wanted, addr);
}

int holding_want_route(struct holding *wanted, const struct conf_route *conf)
{
	struct rtnl_request request;
	int ret = rtnl_route(&request, conf);

	if (!ret && !has_route(wanted, &request) && !add_route(wanted, &request))
		ret = -ENOMEM;
	return ret;
}

int holding_want_rule(struct holding *wanted, const struct conf_rule *conf)
{
	struct rtnl_request request;
	int ret = rtnl_rule(&request, conf);

	if (!ret && !has_route(wanted, &request) && !add_route(wanted, &request))
		ret = -ENOMEM;
	return ret;
}

/* --- done ------------------------------------------------------------------------------ */

static const char *kind(const struct rtnl_request *request)
{
	return request->rule ? "rule" : "route";
}

void holding_take(struct vips *vips, struct holding *held, const struct holding *wanted,
		  enum vips_how how, const char *who)
{
	char text[ADDR_STRLEN];
	int ret;

	for (size_t i = 0; i < wanted->addrs_count; i++) {
		const struct rtnl_addr *addr = &wanted->addrs[i];

		if (has_addr(held, addr) || !add_addr(held, addr))
			continue;
		ret = vips_hold(vips, addr, how);
		if (ret)
			log_msg(LOG_ERR, "(%s) cannot add the address %s: %s", who,
				addr_format(&addr->addr, text), strerror(-ret));
	}
	for (size_t i = 0; i < wanted->routes_count; i++) {
		const struct rtnl_request *route = &wanted->routes[i];

		if (has_route(held, route) || !add_route(held, route))
			continue;
		ret = vips_hold_route(vips, route, how == VIPS_KEEP ? VIPS_OURS : how);
		if (ret)
			log_msg(LOG_ERR, "(%s) cannot add the %s of line %u: %s", who,
				kind(route), route->line, strerror(-ret));
	}
}

void holding_drop(struct vips *vips, struct holding *held, const struct holding *wanted,
		  const char *who)
{
	char text[ADDR_STRLEN];
	size_t kept = 0;
	int ret;

	/* Routes first: with an address the kernel would take those from it by itself. */
	for (size_t i = 0; i < held->routes_count; i++) {
		const struct rtnl_request *route = &held->routes[i];

		if (has_route(wanted, route)) {
			held->routes[kept++] = *route;
			continue;
		}
		ret = vips_release_route(vips, route);
		if (ret)
			log_msg(LOG_ERR, "(%s) cannot remove the %s of line %u: %s", who,
				kind(route), route->line, strerror(-ret));
	}
	held->routes_count = kept;
	kept = 0;
	for (size_t i = 0; i < held->addrs_count; i++) {
		const struct rtnl_addr addr = held->addrs[i];

		if (has_addr(wanted, &addr)) {
			held->addrs[kept++] = addr;
			continue;
		}
		ret = vips_release(vips, &addr);
		if (ret)
			log_msg(LOG_ERR, "(%s) cannot remove the address %s: %s", who,
				addr_format(&addr.addr, text), strerror(-ret));
	}
	held->addrs_count = kept;
}

void holding_restore_routes(const struct holding *held, const char *who)
{
	for (size_t i = 0; i < held->routes_count; i++) {
		const struct rtnl_request *route = &held->routes[i];

		if (!route->no_track && !rtnl_request_add(route))
			log_msg(LOG_WARNING, "(%s) the %s of line %u was gone: added it again", who,
				kind(route), route->line);
	}
}

/* --- static: there as long as halbd runs -------------------------------------------------- */

/* One line of the configuration; the other two are NULL. */
struct fixture {
	const struct conf_ipaddr *addr;
	const struct conf_route *route;
	const struct conf_rule *rule;
	const char *group;		/* its track_group, or NULL */
	bool there;
};

static struct fixture *fixtures;
static size_t fixtures_count;

static void add_fixture(struct fixture fixture)
{
	fixture.there = true;
	fixtures[fixtures_count++] = fixture;
}

static void collect(const struct conf *conf)
{
	free(fixtures);
	fixtures_count = 0;
	fixtures = calloc(conf->static_addrs_count + conf->static_routes_count +
			  conf->static_rules_count + 1, sizeof(*fixtures));
	if (!fixtures)
		return;
	for (size_t i = 0; i < conf->static_addrs_count; i++)
		add_fixture((struct fixture){ .addr = &conf->static_addrs[i],
					      .group = conf->static_addrs[i].track_group });
	for (size_t i = 0; i < conf->static_routes_count; i++)
		add_fixture((struct fixture){ .route = &conf->static_routes[i],
					      .group = conf->static_routes[i].track_group });
	for (size_t i = 0; i < conf->static_rules_count; i++)
		add_fixture((struct fixture){ .rule = &conf->static_rules[i],
					      .group = conf->static_rules[i].track_group });
}

static int want_fixture(struct holding *wanted, const struct fixture *fixture)
{
	struct rtnl_addr addr;

	if (fixture->route)
		return holding_want_route(wanted, fixture->route);
	if (fixture->rule)
		return holding_want_rule(wanted, fixture->rule);
	rtnl_addr_of(&addr, fixture->addr, 0);
	if (!addr.ifindex)
		return -ENODEV;
	holding_want_addr(wanted, &addr);
	return 0;
}

/* What has no track_group is added again too; nobody is in fault for it. */
static void restore(struct fixture *fixture)
{
	struct holding one = { 0 };
	bool before = fixture->there;
	int ret = want_fixture(&one, fixture);

	for (size_t i = 0; !ret && i < one.addrs_count; i++)
		ret = rtnl_addr_add(&one.addrs[i]);
	for (size_t i = 0; !ret && i < one.routes_count; i++)
		ret = rtnl_request_add(&one.routes[i]);
	holding_free(&one);
	fixture->there = !ret || ret == -EEXIST;
	if (before && !fixture->there)
		log_msg(LOG_ERR, "What line %u wants to be there cannot be added: %s",
			fixture->addr ? fixture->addr->pos.line : fixture->route ?
			fixture->route->pos.line : fixture->rule->pos.line, strerror(-ret));
}

void static_load(struct director *director)
{
	struct holding wanted = { 0 };

	collect(director->conf);
	for (size_t i = 0; i < fixtures_count; i++)
		fixtures[i].there = !want_fixture(&wanted, &fixtures[i]);
	holding_take(director->vips, &director->fixed, &wanted, VIPS_FIXED, "static");
	holding_drop(director->vips, &director->fixed, &wanted, "static");
	holding_free(&wanted);
}

bool static_check(struct director *director)
{
	struct holding wanted = { 0 };
	bool changed = false;

	for (size_t i = 0; i < fixtures_count; i++) {
		bool before = fixtures[i].there;

		restore(&fixtures[i]);
		changed |= fixtures[i].there != before;
		want_fixture(&wanted, &fixtures[i]);
	}
	/* An interface that came back has another number: that is what goes at the end. */
	if (changed) {
		holding_take(director->vips, &director->fixed, &wanted, VIPS_OURS, "static");
		holding_drop(director->vips, &director->fixed, &wanted, "static");
	}
	holding_free(&wanted);
	return changed;
}

static bool is_in(const struct conf *conf, const char *group, const char *instance)
{
	for (size_t i = 0; i < conf->track_groups_count; i++) {
		const struct conf_track_group *track = &conf->track_groups[i];

		if (strcmp(track->name, group))
			continue;
		for (size_t n = 0; n < track->instances_count; n++)
			if (!strcmp(track->instances[n], instance))
				return true;
	}
	return false;
}

const char *static_fault(const struct instance *instance)
{
	for (size_t i = 0; i < fixtures_count; i++)
		if (!fixtures[i].there && fixtures[i].group &&
		    is_in(instance->director->conf, fixtures[i].group, instance->conf->name))
			return fixtures[i].addr ? "a static address is missing" :
			       fixtures[i].route ? "a static route is missing" :
			       "a static rule is missing";
	return NULL;
}
