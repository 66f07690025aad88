// SPDX-License-Identifier: GPL-2.0
/*
 * What can be said of services once all of the file is known: their keys, the instances
 * that they follow, and what does not go together.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "conf_priv.h"

#define PERSISTENT	360		/* seconds */

/* --- keys ------------------------------------------------------------------------------ */

static void add_key(struct parser *p, struct vs_parse *vs, const struct conf_pos *pos,
		    const struct halb_key *key)
{
	struct conf_service_key *to = arena_push(p->arena, vs->v.keys, vs->v.keys_count);

	to->pos = *pos;
	to->key = *key;
	if (key->fwmark) {
		to->key.port = 0;
		to->key.protocol = 0;
	} else {
		to->key.protocol = vs->v.protocol;
	}
}

static void next_addr(struct halb_addr *addr, uint32_t by)
{
	uint8_t *last = addr->bytes + (addr->family == AF_INET ? 0 : 12);
	uint32_t word;

	memcpy(&word, last, 4);
	word = htonl(ntohl(word) + by);
	memcpy(last, &word, 4);
}

static void expand_entry(struct parser *p, struct vs_parse *vs, const struct conf_group_entry *entry)
{
	struct halb_key key = { .fwmark = entry->fwmark, .port = entry->port };

	if (entry->fwmark) {
		key.addr.family = entry->family ? entry->family : vs->v.family;
		add_key(p, vs, &entry->pos, &key);
		return;
	}
	if (entry->first.family != vs->v.family) {
		conf_error(p, &entry->pos, "the addresses of virtual_server %s are of two families: this one is ignored; make a group of each",
			   vs->v.name);
		return;
	}
	for (uint32_t i = 0; i < entry->count; i++) {
		key.addr = entry->first;
		next_addr(&key.addr, i);
		add_key(p, vs, &entry->pos, &key);
	}
}

static struct conf_server_group *find_server_group(struct parser *p, struct vs_parse *vs)
{
	const char **names = arena_alloc(p->arena, (p->server_groups_count + 1) * sizeof(*names));
	const char *near;

	for (size_t i = 0; i < p->server_groups_count; i++) {
		names[i] = p->server_groups[i].name;
		if (!strcmp(names[i], vs->v.group))
			return &p->server_groups[i];
	}
	near = args_nearest(vs->v.group, names, p->server_groups_count);
	conf_error(p, &vs->v.pos, "there is no virtual_server_group %s: the virtual_server is ignored%s%s%s",
		   vs->v.group, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	return NULL;
}

/* Of what the service says, its addresses, or its servers. */
static void find_family(struct vs_parse *vs, const struct conf_server_group *group)
{
	for (size_t i = 0; group && i < group->count && !vs->v.family; i++)
		vs->v.family = group->entries[i].fwmark ? group->entries[i].family :
			       group->entries[i].first.family;
	for (size_t i = 0; i < vs->v.servers_count && !vs->v.family; i++)
		if (vs->v.servers[i].forward.method != CONF_TUN)
			vs->v.family = vs->v.servers[i].addr.family;
	if (!vs->v.family && vs->v.servers_count)
		vs->v.family = vs->v.servers[0].addr.family;
	if (!vs->v.family)
		vs->v.family = vs->v.sorry_server ? vs->v.sorry_server->addr.family : AF_INET;
}

static void find_protocol(struct parser *p, struct vs_parse *vs)
{
	if (vs->key.fwmark && vs->protocol_given)
		conf_warn(p, &vs->v.pos, "a service by mark has all protocols: protocol is ignored");
	if (!vs->protocol_given)
		vs->v.protocol = vs->v.ops ? IPPROTO_UDP : IPPROTO_TCP;
	if (vs->v.ops && vs->v.protocol != IPPROTO_UDP) {
		conf_error(p, &vs->v.pos, "ops is for UDP: it is ignored; write protocol UDP");
		vs->v.ops = false;
	}
}

static bool find_keys(struct parser *p, struct vs_parse *vs)
{
	struct conf_server_group *group = vs->v.group ? find_server_group(p, vs) : NULL;

	if (vs->v.group && !group)
		return false;
	find_family(vs, group);
	find_protocol(p, vs);
	if (vs->v.protocol == IPPROTO_SCTP) {
		conf_error(p, &vs->v.pos, "protocol SCTP is not supported: the virtual_server is ignored; it is TCP or UDP");
		return false;
	}
	if (!group) {
		vs->key.addr.family = vs->v.family;
		add_key(p, vs, &vs->v.pos, &vs->key);
		return true;
	}
	if (group->used)
		conf_warn(p, &vs->v.pos, "virtual_server_group %s belongs to another virtual_server too", group->name);
	group->used = true;
	for (size_t i = 0; i < group->count; i++)
		expand_entry(p, vs, &group->entries[i]);
	return vs->v.keys_count;
}

/* --- servers -------------------------------------------------------------------------------- */

static uint16_t service_port(const struct conf_virtual_server *v)
{
	return v->keys[0].key.port;
}

static bool by_mark(const struct conf_virtual_server *v)
{
	return v->keys[0].key.fwmark;
}

/* Only a rewritten packet can have another port. */
static void finish_port(struct parser *p, const struct conf_virtual_server *v,
			struct conf_real_server *server)
{
	bool rewritten = server->forward.method == CONF_NAT || server->forward.method == CONF_FULLNAT;
	uint16_t port = service_port(v);

	if (rewritten || !server->port || server->port == port)
		return;
	if (by_mark(v))
		return;			/* the port is for checks */
	for (size_t i = 1; i < v->keys_count; i++)
		if (v->keys[i].key.port == server->port)
			return;
	conf_error(p, &server->pos, "port %u cannot be reached from port %u with DR or TUN, which change no port: it is taken as %u",
		   server->port, port, port);
	server->port = port;
}

static bool finish_checks(struct parser *p, const struct conf_virtual_server *v,
			  struct conf_real_server *server)
{
	size_t kept = 0;

	for (size_t i = 0; i < server->checks_count; i++) {
		struct conf_check *check = &server->checks[i];
		bool portless = check->type == CONF_CHECK_PING || check->type == CONF_CHECK_MISC ||
				check->type == CONF_CHECK_FILE;

		if (!check->connect_port)
			check->connect_port = server->port ? server->port : service_port(v);
		if (!check->connect_port && check->type == CONF_CHECK_SMTP)
			check->connect_port = 25;
		if (!check->connect_port && check->type == CONF_CHECK_DNS)
			check->connect_port = 53;
		if (!check->connect_port && !portless) {
			conf_error(p, &check->pos, "%s knows no port: it is ignored; add connect_port",
				   check->name);
			continue;
		}
		if (check->type == CONF_CHECK_FILE && !conf_find_track_file(p->conf, check->track_file)) {
			conf_error(p, &check->pos, "there is no track_file %s: the FILE_CHECK is ignored",
				   check->track_file);
			continue;
		}
		server->checks[kept++] = *check;
	}
	server->checks_count = kept;
	return true;
}

/* Of the schedulers, those that share by weight and by nothing else know slow start. */
static void finish_slowstart(struct parser *p, const struct conf_virtual_server *v,
			     const struct conf_real_server *server)
{
	static const char *const share[] = { "wrr", "wlc", "sed", "nq", "mh", "twos" };

	if (!server->slowstart_us)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(share); i++)
		if (!strcmp(v->scheduler, share[i]))
			return;
	conf_warn(p, &server->pos, "slowstart has no effect with lb_algo %s: write wrr, wlc, sed, nq, mh or twos",
		  v->scheduler);
}

static bool same_server(const struct conf_real_server *a, const struct conf_real_server *b)
{
	return a->port == b->port && halb_addr_equal(&a->addr, &b->addr);
}

static int compare_servers(const void *a, const void *b)
{
	const struct conf_real_server *x = *(const struct conf_real_server *const *)a;
	const struct conf_real_server *y = *(const struct conf_real_server *const *)b;
	int order = memcmp(&x->addr, &y->addr, sizeof(x->addr));

	if (!order)
		order = (int)x->port - (int)y->port;
	if (!order)		/* the first of the file stays */
		order = x < y ? -1 : x > y;
	return order;
}

/* The second of two that are the same is marked by family 0. */
static void mark_duplicates(struct parser *p, struct conf_virtual_server *v)
{
	struct conf_real_server **sorted, *first;
	char text[ENDPOINT_STRLEN];
	size_t i;

	if (!v->servers_count)
		return;
	sorted = arena_alloc(p->arena, v->servers_count * sizeof(struct conf_real_server *));
	for (i = 0; i < v->servers_count; i++)
		sorted[i] = &v->servers[i];
	qsort(sorted, v->servers_count, sizeof(*sorted), compare_servers);
	for (i = 1, first = sorted[0]; i < v->servers_count; i++) {
		if (!same_server(first, sorted[i])) {
			first = sorted[i];
			continue;
		}
		conf_error(p, &sorted[i]->pos, "real_server %s is there since line %u: this one is ignored",
			   endpoint_format(&first->addr, first->port, text), first->pos.line);
		sorted[i]->addr.family = 0;
	}
}

static bool right_family(struct parser *p, const struct conf_virtual_server *v,
			 const struct conf_real_server *server)
{
	if (server->forward.method == CONF_TUN || server->addr.family == v->family)
		return true;
	conf_error(p, &server->pos, "the server is %s and virtual_server %s is %s: it is ignored; only TUN goes from one to the other",
		   server->addr.family == AF_INET ? "IPv4" : "IPv6", v->name,
		   v->family == AF_INET ? "IPv4" : "IPv6");
	return false;
}

static bool has_sources(struct parser *p, const struct conf_virtual_server *v,
			const struct conf_real_server *server)
{
	if (server->forward.method != CONF_FULLNAT || v->source_count)
		return true;
	conf_error(p, &server->pos, "FULLNAT needs addresses of this director to talk from: it is ignored; add `sources ADDRESS` or `sources ADDRESS-ADDRESS` to virtual_server %s",
		   v->name);
	return false;
}

static void finish_servers(struct parser *p, struct conf_virtual_server *v)
{
	size_t kept = 0;

	for (size_t i = 0; i < v->servers_count; i++)
		finish_port(p, v, &v->servers[i]);
	mark_duplicates(p, v);
	for (size_t i = 0; i < v->servers_count; i++) {
		struct conf_real_server *server = &v->servers[i];

		if (!server->addr.family || !right_family(p, v, server) ||
		    !has_sources(p, v, server))
			continue;
		finish_checks(p, v, server);
		finish_slowstart(p, v, server);
		if (server->lthreshold && server->uthreshold && server->lthreshold > server->uthreshold) {
			conf_error(p, &server->pos, "lthreshold %u is more than uthreshold %u: it is ignored",
				   server->lthreshold, server->uthreshold);
			server->lthreshold = 0;
		}
		v->servers[kept++] = *server;
	}
	v->servers_count = kept;
	if (v->sorry_server && !right_family(p, v, v->sorry_server))
		v->sorry_server = NULL;
	if (v->sorry_server)
		finish_port(p, v, v->sorry_server);
}

static void finish_quorum(struct parser *p, struct conf_virtual_server *v)
{
	uint64_t sum = 0;
	bool fixed = true;

	for (size_t i = 0; i < v->servers_count; i++) {
		sum += v->servers[i].weight;
		for (size_t k = 0; k < v->servers[i].checks_count; k++)
			fixed &= v->servers[i].checks[k].type != CONF_CHECK_FILE &&
				 !v->servers[i].checks[k].misc_dynamic;
	}
	if (v->quorum > 1 && sum && fixed && v->quorum > sum) {
		conf_error(p, &v->pos, "quorum %u is more than the weight of all servers, %llu, as which it is taken",
			   v->quorum, (unsigned long long)sum);
		v->quorum = (uint32_t)sum;
	}
	if (v->hysteresis >= v->quorum && v->hysteresis) {
		conf_error(p, &v->pos, "hysteresis %u is not less than quorum %u: it is taken as %u",
			   v->hysteresis, v->quorum, v->quorum - 1);
		v->hysteresis = v->quorum - 1;
	}
}

/* --- persistence ------------------------------------------------------------------------------ */

static void finish_persistence(struct parser *p, struct vs_parse *vs)
{
	struct conf_virtual_server *v = &vs->v;
	uint8_t whole = v->family == AF_INET ? 32 : 128;
	char err[256];

	v->persistence_prefix = whole;
	if (vs->granularity &&
	    !addr_parse_prefix(vs->granularity, v->family, &v->persistence_prefix, err, sizeof(err))) {
		conf_error(p, &vs->granularity_pos, "persistence_granularity '%s': it is %s",
			   vs->granularity, v->family == AF_INET ? "a netmask such as 255.255.255.0, or 1 to 32" :
			   "1 to 128");
		v->persistence_prefix = whole;
	}
	if (vs->granularity && !v->persistence_timeout)
		v->persistence_timeout = PERSISTENT;
	for (size_t i = 0; i < v->keys_count; i++) {
		if (v->keys[i].key.fwmark || v->keys[i].key.port || v->persistence_timeout)
			continue;
		conf_error(p, &v->keys[i].pos, "a service of all ports must be persistent: persistence_timeout is taken as %d",
			   PERSISTENT);
		v->persistence_timeout = PERSISTENT;
	}
}

/* --- instances ----------------------------------------------------------------------------------- */

struct holder {
	const struct halb_addr *addr;
	const char *instance;		/* NULL: a static address */
};

static int compare_holders(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;
	int order = (int)x->addr->family - (int)y->addr->family;

	return order ? order : memcmp(x->addr->bytes, y->addr->bytes,
				      x->addr->family == AF_INET ? 4 : 16);
}

struct holders {
	struct holder *list;
	size_t count;
};

static void hold(struct parser *p, struct holders *holders, const struct conf_ipaddr *addrs,
		 size_t count, const char *instance)
{
	for (size_t i = 0; i < count; i++)
		*arena_push(p->arena, holders->list, holders->count) =
			(struct holder){ &addrs[i].addr, instance };
}

static void find_holders(struct parser *p, struct holders *holders)
{
	const struct conf *conf = p->conf;

	for (size_t i = 0; i < conf->instances_count; i++) {
		const struct conf_vrrp *v = &conf->instances[i];

		hold(p, holders, v->vips, v->vips_count, v->name);
		hold(p, holders, v->excluded, v->excluded_count, v->name);
	}
	hold(p, holders, conf->static_addrs, conf->static_addrs_count, NULL);
	if (holders->count)
		qsort(holders->list, holders->count, sizeof(*holders->list), compare_holders);
}

static void bind_instances(struct parser *p, struct conf_virtual_server *v,
			   const struct holders *holders)
{
	char text[ADDR_STRLEN];

	if (v->vrrp && !conf_find_instance(p->conf, v->vrrp)) {
		conf_error(p, &v->pos, "there is no vrrp_instance %s: the virtual_server follows none", v->vrrp);
		v->vrrp = NULL;
	}
	for (size_t i = 0; i < v->keys_count; i++) {
		struct conf_service_key *key = &v->keys[i];
		const struct holder want = { &key->key.addr, NULL }, *found = NULL;

		key->instance = v->vrrp;
		if (key->key.fwmark || v->vrrp)
			continue;
		if (holders->count)
			found = bsearch(&want, holders->list, holders->count,
					sizeof(*holders->list), compare_holders);
		if (found)
			key->instance = found->instance;
		else if (!i || key[-1].pos.line != key->pos.line)
			/* of a range the first is enough */
			conf_warn(p, &key->pos, "no vrrp_instance lists %s: nobody answers for it unless something else adds it; put it into virtual_ipaddress { }",
				  addr_format(&key->key.addr, text));
	}
}

static void finish_suspend(struct parser *p, struct conf_virtual_server *v)
{
	if (!v->ha_suspend)
		return;
	for (size_t i = 0; i < v->keys_count; i++)
		if (v->keys[i].instance)
			return;
	conf_error(p, &v->pos, "ha_suspend needs an instance to follow: it is ignored; write vrrp NAME, or put the address into virtual_ipaddress { }");
	v->ha_suspend = false;
}

/* --- all of it --------------------------------------------------------------------------------------- */

static bool finish_service(struct parser *p, struct vs_parse *vs, const struct holders *holders)
{
	struct conf_virtual_server *v = &vs->v;

	if (!v->servers_count && !v->sorry_server) {
		conf_error(p, &v->pos, "virtual_server %s has no server: it is ignored; add real_server ADDRESS PORT { }",
			   v->name);
		return false;
	}
	if (!find_keys(p, vs))
		return false;
	finish_persistence(p, vs);
	finish_servers(p, v);
	finish_quorum(p, v);
	bind_instances(p, v, holders);
	finish_suspend(p, v);
	v->smtp_alert = vs->smtp_alert >= 0 ? vs->smtp_alert :
			p->global.g.smtp_alert_checker >= 0 ? p->global.g.smtp_alert_checker :
			p->global.g.smtp_alert > 0;
	return true;
}

struct owner {
	const struct conf_service_key *key;
	const struct conf_virtual_server *v;
};

static int compare_owners(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;
	const struct halb_key *k = &x->key->key, *l = &y->key->key;
	int order = k->fwmark != l->fwmark ? (k->fwmark < l->fwmark ? -1 : 1) :
		    k->protocol != l->protocol ? (int)k->protocol - (int)l->protocol :
		    k->port != l->port ? (int)k->port - (int)l->port :
		    (int)k->addr.family - (int)l->addr.family;

	if (!order)
		order = memcmp(k->addr.bytes, l->addr.bytes, 16);
	return order ? order : (int)x->key->pos.line - (int)y->key->pos.line;
}

/* The module has one service of a key. */
static void check_keys(struct parser *p)
{
	const struct conf *conf = p->conf;
	struct owner *owners = NULL;
	size_t count = 0;
	char text[KEY_STRLEN];

	for (size_t i = 0; i < conf->services_count; i++)
		for (size_t k = 0; k < conf->services[i].keys_count; k++)
			*arena_push(p->arena, owners, count) =
				(struct owner){ &conf->services[i].keys[k], &conf->services[i] };
	if (count)
		qsort(owners, count, sizeof(*owners), compare_owners);
	for (size_t i = 1; i < count; i++)
		if (halb_key_equal(&owners[i].key->key, &owners[i - 1].key->key))
			conf_error(p, &owners[i].key->pos, "%s is a service since line %u: there can be one; put the servers into that one",
				   key_format(&owners[i].key->key, text), owners[i - 1].key->pos.line);
}

void conf_finish_services(struct parser *p)
{
	struct conf *conf = p->conf;
	struct holders holders = { 0 };

	find_holders(p, &holders);
	for (size_t i = 0; i < p->services_count; i++)
		if (finish_service(p, &p->services[i], &holders))
			*arena_push(p->arena, conf->services, conf->services_count) = p->services[i].v;
	for (size_t i = 0; i < p->server_groups_count; i++)
		if (!p->server_groups[i].used)
			conf_warn(p, &p->server_groups[i].pos, "virtual_server_group %s is not used: write virtual_server group %s { }",
				  p->server_groups[i].name, p->server_groups[i].name);
	check_keys(p);
}
