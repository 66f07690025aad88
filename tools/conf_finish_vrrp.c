// SPDX-License-Identifier: GPL-2.0
/*
 * What can be said of instances and groups once all of the file is known: defaults,
 * names, and what does not go together.
 */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "conf_priv.h"

#define SEC		1000000LL
#define CENTISECOND	10000LL
#define V3_ADVERT_MAX	(4095 * CENTISECOND)
#define VIPS_MAX	255		/* what the packet can count */
#define WEIGHT_UNSET	INT32_MIN
#define OWNER		255
#define DOWN_ADVERTS	3

/* --- time ---------------------------------------------------------------------------- */

static void finish_advert(struct parser *p, struct vrrp_parse *v)
{
	int64_t given = v->v.advert_int_us, unit = v->v.version == 2 ? SEC : CENTISECOND;
	int64_t rounded = (given + unit - 1) / unit * unit;

	if (v->v.version == 2 && rounded != given)
		conf_error(p, &v->advert_pos, "advert_int of VRRP version 2 is whole seconds: write version 3, on both directors, or advert_int %lld, as which it is taken",
			   (long long)(rounded / SEC));
	else if (rounded != given)
		conf_error(p, &v->advert_pos, "advert_int of VRRP version 3 is hundredths of a second: it is taken as %lld.%02lld",
			   (long long)(rounded / SEC), (long long)(rounded % SEC / CENTISECOND));
	if (v->v.version == 3 && rounded > V3_ADVERT_MAX) {
		conf_error(p, &v->advert_pos, "advert_int of VRRP version 3 is 40.95 at most, as which it is taken");
		rounded = V3_ADVERT_MAX;
	}
	v->v.advert_int_us = rounded;
}

static void finish_repeat(struct parser *p, const struct conf_pos *pos, uint32_t *repeat,
			  const char *what)
{
	if (*repeat)
		return;
	conf_warn(p, pos, "%s 0 is taken as 1: without one message nobody learns of the new master", what);
	*repeat = 1;
}

static void finish_garp(struct parser *p, struct conf_vrrp *v)
{
	struct conf_garp *garp = &v->garp;

	finish_repeat(p, &v->pos, &garp->master_repeat, "garp_master_repeat");
	finish_repeat(p, &v->pos, &garp->master_refresh_repeat, "garp_master_refresh_repeat");
	if (garp->lower_prio_delay_us < 0)
		garp->lower_prio_delay_us = garp->master_delay_us;
	if (garp->lower_prio_repeat == UINT32_MAX)
		garp->lower_prio_repeat = garp->master_repeat;
}

/* --- version, family, authentication ---------------------------------------------------- */

static const char *family_name(uint8_t family)
{
	return family == AF_INET6 ? "IPv6" : "IPv4";
}

static void finish_family(struct vrrp_parse *v)
{
	const struct halb_addr *source = v->unicast_src.family ? &v->unicast_src : &v->mcast_src;

	if (v->native_ipv6 > 0)
		v->v.family = AF_INET6;
	else if (v->v.vips_count)
		v->v.family = v->v.vips[0].addr.family;
	else if (source->family)
		v->v.family = source->family;
	else if (v->v.peers_count)
		v->v.family = v->v.peers[0].addr.family;
	else
		v->v.family = AF_INET;
}

static void finish_version(struct parser *p, struct vrrp_parse *v)
{
	if (v->version == 2 && v->v.family == AF_INET6)
		conf_error(p, &v->v.pos, "%s: IPv6 needs VRRP version 3, as which it is taken: remove version 2",
			   v->v.name);
	if (v->v.family == AF_INET6)
		v->v.version = 3;
	else
		v->v.version = (uint8_t)(v->version ? v->version :
					 p->global.version ? p->global.version : 2);
}

static void drop_auth(struct conf_vrrp *v)
{
	v->auth_type = CONF_AUTH_NONE;
	memset(v->auth_pass, 0, sizeof(v->auth_pass));
}

static void finish_auth(struct parser *p, struct vrrp_parse *v)
{
	if (v->v.auth_type == CONF_AUTH_NONE) {
		if (v->auth_pass_given && !v->type_pos.line)
			conf_error(p, &v->pass_pos, "auth_pass without auth_type: advertisements go out without a password; add auth_type PASS");
		drop_auth(&v->v);
	} else if (v->v.auth_type == CONF_AUTH_AH) {
		conf_error(p, &v->type_pos, "auth_type AH is not supported, and the RFC has removed it: advertisements go out without authentication; write PASS on both directors");
		drop_auth(&v->v);
	} else if (v->v.version == 3) {
		conf_error(p, &v->type_pos, "VRRP version 3 has no authentication: it is ignored; remove it, or write version 2");
		drop_auth(&v->v);
	} else if (v->v.strict) {
		conf_error(p, &v->type_pos, "strict mode has no authentication: it is ignored; remove it, or vrrp_strict");
		drop_auth(&v->v);
	} else if (!v->auth_pass_given) {
		conf_error(p, &v->type_pos, "auth_type PASS without a password: advertisements go out without authentication; add auth_pass");
		drop_auth(&v->v);
	}
}

/* --- addresses ------------------------------------------------------------------------------ */

static bool link_local(const struct halb_addr *addr)
{
	return addr->family == AF_INET6 && addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

/* Those of another family, and those for which the packet has no room. */
static void finish_vips(struct parser *p, struct conf_vrrp *v)
{
	char text[ADDR_STRLEN];
	size_t kept = 0;

	for (size_t i = 0; i < v->vips_count; i++) {
		struct conf_ipaddr *vip = &v->vips[i];

		if (vip->addr.family != v->family) {
			conf_error(p, &vip->pos, "%s is %s, and %s speaks %s: it is ignored; put it into virtual_ipaddress_excluded",
				   addr_format(&vip->addr, text), family_name(vip->addr.family),
				   v->name, family_name(v->family));
		} else if (kept == VIPS_MAX) {
			conf_error(p, &vip->pos, "%s is address %d of %s, and an advertisement has room for %d: put it into virtual_ipaddress_excluded, as which it is taken",
				   addr_format(&vip->addr, text), VIPS_MAX + 1, v->name, VIPS_MAX);
			*arena_push(p->arena, v->excluded, v->excluded_count) = *vip;
		} else {
			v->vips[kept++] = *vip;
		}
	}
	v->vips_count = kept;
	if (!v->vips_count && !v->no_virtual_ipaddress) {
		if (v->strict)
			conf_error(p, &v->pos, "%s has no address, and strict mode wants one: add virtual_ipaddress { }",
				   v->name);
		else
			conf_warn(p, &v->pos, "%s has no address: add virtual_ipaddress { }, or no_virtual_ipaddress if that is meant",
				  v->name);
	}
	if (v->family == AF_INET6 && v->vips_count && !link_local(&v->vips[0].addr))
		conf_say(p, v->strict ? CONF_ERROR : CONF_WARNING, &v->vips[0].pos,
			 "%s is not link-local: the RFC wants the first IPv6 address of an instance to be (fe80::...)",
			 addr_format(&v->vips[0].addr, text));
}

static void finish_source(struct parser *p, struct vrrp_parse *v)
{
	struct conf_vrrp *c = &v->v;
	size_t kept = 0;
	char text[ADDR_STRLEN];

	if (c->unicast && v->mcast_src.family && !v->unicast_src.family)
		v->unicast_src = v->mcast_src;
	c->src_ip = v->unicast_src.family ? v->unicast_src : v->mcast_src;
	if (v->unicast_src.family && !c->unicast)
		conf_warn(p, &c->pos, "%s has unicast_src_ip and no unicast_peer: it speaks multicast, from that address",
			  c->name);
	if (c->src_ip.family && c->src_ip.family != c->family) {
		conf_error(p, &c->pos, "the source address of %s is %s, and the instance %s: it is ignored",
			   c->name, family_name(c->src_ip.family), family_name(c->family));
		memset(&c->src_ip, 0, sizeof(c->src_ip));
	}
	for (size_t i = 0; i < c->peers_count; i++) {
		if (c->peers[i].addr.family == c->family) {
			c->peers[kept++] = c->peers[i];
			continue;
		}
		conf_error(p, &c->peers[i].pos, "peer %s is %s, and %s speaks %s: it is ignored",
			   addr_format(&c->peers[i].addr, text),
			   family_name(c->peers[i].addr.family), c->name, family_name(c->family));
	}
	c->peers_count = kept;
	if (c->unicast && c->mcast_dst_ip.family)
		conf_error(p, &c->pos, "%s has unicast_peer and mcast_dst_ip: the latter is ignored; remove one",
			   c->name);
	if (c->mcast_dst_ip.family && c->mcast_dst_ip.family != c->family) {
		conf_error(p, &c->pos, "mcast_dst_ip of %s is %s, and the instance %s: it is ignored",
			   c->name, family_name(c->mcast_dst_ip.family), family_name(c->family));
		memset(&c->mcast_dst_ip, 0, sizeof(c->mcast_dst_ip));
	}
	if (!c->mcast_dst_ip.family)
		c->mcast_dst_ip = c->family == AF_INET6 ? p->global.g.vrrp_mcast_group6 :
				  p->global.g.vrrp_mcast_group4;
}

static void finish_vmac(struct parser *p, struct vrrp_parse *v)
{
	struct conf_vrrp *c = &v->v;
	int len;

	if (c->vmac_xmit_base && !c->use_vmac) {
		conf_warn(p, &c->pos, "%s has vmac_xmit_base and no use_vmac: it is ignored", c->name);
		c->vmac_xmit_base = false;
	}
	if (!v->mac_given) {
		const uint8_t mac[] = { 0, 0, 0x5e, 0, c->family == AF_INET6 ? 2 : 1, c->vrid };

		memcpy(c->vmac_addr, mac, sizeof(mac));
	} else if (v->mac_uses_vrid) {
		c->vmac_addr[5] = c->vrid;
	}
	if (*c->vmac_ifname || !c->use_vmac)
		return;
	len = snprintf(c->vmac_ifname, sizeof(c->vmac_ifname), "%s%s%u", p->global.g.vmac_prefix,
		       c->family == AF_INET6 ? "6." : "", c->vrid);
	if (len >= (int)sizeof(c->vmac_ifname))
		conf_error(p, &c->pos, "vmac_prefix %s makes a name that is too long for an interface: it has %d characters at most",
			   p->global.g.vmac_prefix, IFNAMSIZ - 1);
}

/* --- what contradicts ------------------------------------------------------------------------- */

static void finish_preempt(struct parser *p, struct vrrp_parse *v)
{
	struct conf_vrrp *c = &v->v;

	if (c->nopreempt && c->priority == OWNER) {
		conf_error(p, &v->preempt_pos, "nopreempt is ignored: priority 255 always becomes master");
		c->nopreempt = false;
	}
	if (c->nopreempt && c->state == CONF_STATE_MASTER) {
		conf_warn(p, &v->preempt_pos, "nopreempt needs state BACKUP, on both directors: with state MASTER it is ignored");
		c->nopreempt = false;
	}
	if (!c->preempt_delay_us)
		return;
	if (c->nopreempt || c->priority == OWNER || c->state == CONF_STATE_MASTER) {
		conf_warn(p, &v->preempt_pos, "preempt_delay is ignored: it needs state BACKUP, no nopreempt and a priority below 255");
		c->preempt_delay_us = 0;
	}
}

/* What the RFC does not have, and keepalived undoes as well. */
static void undo_beyond_rfc(struct parser *p, struct vrrp_parse *v)
{
	struct conf_vrrp *c = &v->v;

	if (c->use_vmac && v->mac_given) {
		conf_error(p, &c->pos, "%s: strict mode has no MAC address but the RFC's: remove the one after use_vmac",
			   c->name);
		v->mac_given = false;
	}
	if (c->vmac_xmit_base)
		conf_error(p, &c->pos, "%s: vmac_xmit_base is ignored in strict mode: remove it", c->name);
	if (c->preempt_delay_us)
		conf_error(p, &v->preempt_pos, "preempt_delay is ignored in strict mode: remove it");
	if (c->down_timer_adverts != DOWN_ADVERTS)
		conf_error(p, &c->pos, "%s: down_timer_adverts is %d in strict mode: remove it", c->name,
			   DOWN_ADVERTS);
	if (c->garp.lower_prio_repeat != UINT32_MAX || c->garp.lower_prio_delay_us >= 0)
		conf_error(p, &c->pos, "%s: garp_lower_prio_repeat and garp_lower_prio_delay are ignored in strict mode: remove them",
			   c->name);
	if (!v->lower_prio_no_advert)
		conf_error(p, &c->pos, "%s: in strict mode a master of lower priority is not answered: remove lower_prio_no_advert",
			   c->name);
	if (c->higher_prio_send_advert)
		conf_error(p, &c->pos, "%s: higher_prio_send_advert is ignored in strict mode: remove it",
			   c->name);
	c->vmac_xmit_base = c->higher_prio_send_advert = false;
	c->lower_prio_no_advert = true;
	c->preempt_delay_us = 0;
	c->down_timer_adverts = DOWN_ADVERTS;
	c->garp.lower_prio_repeat = 0;
	c->garp.lower_prio_delay_us = 0;
}

static void finish_strict(struct parser *p, struct vrrp_parse *v)
{
	struct conf_vrrp *c = &v->v;

	if (v->lower_prio_no_advert >= 0)
		c->lower_prio_no_advert = v->lower_prio_no_advert;
	c->strict = v->strict >= 0 ? v->strict : p->global.strict;
	if (c->strict && c->unicast) {
		conf_error(p, &c->pos, "%s has unicast_peer, which strict mode does not: strict mode is ignored for it; write strict_mode false",
			   c->name);
		c->strict = false;
	}
	c->accept = v->accept >= 0 ? v->accept : !c->strict;
	if (c->strict && c->version == 2 && v->accept == 0)
		conf_warn(p, &c->pos, "%s: no_accept is of VRRP version 3, and applies all the same", c->name);
	if (c->strict)
		undo_beyond_rfc(p, v);
}

static bool finish_interface(struct parser *p, struct conf_vrrp *v)
{
	if (!v->interface && !(v->unicast && v->src_ip.family)) {
		conf_error(p, &v->pos, "%s has no interface: it is ignored; add interface NAME, or unicast_peer and unicast_src_ip",
			   v->name);
		return false;
	}
	if (v->interface && !strcmp(v->interface, "lo")) {
		conf_error(p, &v->pos, "%s cannot speak VRRP on the loopback interface lo: it is ignored; name the interface to the other director",
			   v->name);
		return false;
	}
	if (p->check_host && v->interface && !if_nametoindex(v->interface) &&
	    !p->global.g.dynamic_interfaces)
		conf_warn(p, &v->pos, "there is no interface %s here: %s stays in the fault state until there is",
			  v->interface, v->name);
	return true;
}

/* --- tracking --------------------------------------------------------------------------------------- */

/* Of a named thing: its weight. NULL if there is none of that name. */
struct tracked {
	const char *name;
	int weight;
	bool reverse;
};

static bool find_tracked(const struct tracked *tracked, size_t count, struct conf_track *track)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(tracked[i].name, track->name))
			continue;
		if (track->weight == WEIGHT_UNSET) {
			track->weight = tracked[i].weight;
			track->weight_reverse = tracked[i].reverse;
		}
		return true;
	}
	return false;
}

static void unknown_name(struct parser *p, const struct conf_pos *pos, const char *kind,
			 const char *name, const char *const *names, size_t count)
{
	const char *near = args_nearest(name, names, count);

	conf_error(p, pos, "there is no %s %s: it is ignored%s%s%s", kind, name,
		   near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static void finish_tracks(struct parser *p, struct conf_track *tracks, size_t *count,
			  const char *kind, const struct tracked *tracked, size_t tracked_count)
{
	const char **names = arena_alloc(p->arena, tracked_count * sizeof(*names) + 1);
	size_t kept = 0;

	for (size_t i = 0; i < tracked_count; i++)
		names[i] = tracked[i].name;
	for (size_t i = 0; i < *count; i++) {
		if (find_tracked(tracked, tracked_count, &tracks[i]))
			tracks[kept++] = tracks[i];
		else
			unknown_name(p, &tracks[i].pos, kind, tracks[i].name, names, tracked_count);
	}
	*count = kept;
}

#define TRACKED(p, array, count_) ({ \
	struct tracked *list_ = arena_alloc((p)->arena, ((count_) + 1) * sizeof(*list_)); \
	for (size_t i_ = 0; i_ < (count_); i_++) \
		list_[i_] = (struct tracked){ (array)[i_].name, (array)[i_].weight, \
					      (array)[i_].weight_reverse }; \
	list_; })

static void finish_all_tracks(struct parser *p, struct conf_tracks *t)
{
	struct conf *conf = p->conf;

	for (size_t i = 0; i < t->interfaces_count; i++) {
		if (t->interfaces[i].weight == WEIGHT_UNSET)
			t->interfaces[i].weight = 0;
		conf_check_interface(p, &t->interfaces[i].pos, t->interfaces[i].name);
	}
	finish_tracks(p, t->scripts, &t->scripts_count, "vrrp_script",
		      TRACKED(p, conf->scripts, conf->scripts_count), conf->scripts_count);
	finish_tracks(p, t->processes, &t->processes_count, "vrrp_track_process",
		      TRACKED(p, conf->track_processes, conf->track_processes_count),
		      conf->track_processes_count);
	finish_tracks(p, t->files, &t->files_count, "track_file",
		      TRACKED(p, conf->track_files, conf->track_files_count),
		      conf->track_files_count);
	for (size_t i = 0; i < t->scripts_count; i++)
		for (size_t k = 0; k < conf->scripts_count; k++)
			if (!strcmp(conf->scripts[k].name, t->scripts[i].name))
				conf->scripts[k].used = true;
}

void conf_check_interface(struct parser *p, const struct conf_pos *pos, const char *name)
{
	if (p->check_host && !p->global.g.dynamic_interfaces && !if_nametoindex(name))
		conf_warn(p, pos, "there is no interface %s here", name);
}

/* A sync group changes state as one, so that priorities of members do not differ. */
static void drop_weights(struct parser *p, struct conf_track *tracks, size_t count,
			 const char *kind, const struct conf_vrrp *v)
{
	for (size_t i = 0; i < count; i++) {
		if (!tracks[i].weight)
			continue;
		conf_error(p, &tracks[i].pos, "%s %s has a weight, and %s is in the sync group %s: its failure is a fault instead; add sync_group_tracking_weight to the group",
			   kind, tracks[i].name, v->name, v->group);
		tracks[i].weight = 0;
	}
}

static void finish_group_weights(struct parser *p, struct conf_vrrp *v,
				 const struct conf_sync_group *group)
{
	if (group->tracking_weight)
		return;
	drop_weights(p, v->tracks.interfaces, v->tracks.interfaces_count, "interface", v);
	drop_weights(p, v->tracks.scripts, v->tracks.scripts_count, "script", v);
	drop_weights(p, v->tracks.processes, v->tracks.processes_count, "process", v);
	drop_weights(p, v->tracks.files, v->tracks.files_count, "file", v);
}

static bool weighs(const struct conf_track *tracks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (tracks[i].weight)
			return true;
	return false;
}

static void check_owner_weights(struct parser *p, const struct vrrp_parse *v)
{
	const struct conf_tracks *t = &v->v.tracks;

	if (v->v.priority == OWNER &&
	    (weighs(t->interfaces, t->interfaces_count) || weighs(t->scripts, t->scripts_count) ||
	     weighs(t->processes, t->processes_count) || weighs(t->files, t->files_count)))
		conf_warn(p, &v->priority_pos, "weights do not change priority 255: they are ignored; write a priority below 255");
}

/* --- instances -------------------------------------------------------------------------------------- */

static bool finish_instance(struct parser *p, struct vrrp_parse *v)
{
	struct conf_vrrp *c = &v->v;

	if (!c->vrid) {
		conf_error(p, &c->pos, "%s has no virtual_router_id: it is ignored; add virtual_router_id N, the same on both directors",
			   c->name);
		return false;
	}
	finish_family(v);
	finish_version(p, v);
	finish_strict(p, v);
	finish_source(p, v);
	if (!finish_interface(p, c))
		return false;
	finish_auth(p, v);
	finish_advert(p, v);
	finish_vips(p, c);
	finish_garp(p, c);
	finish_vmac(p, v);
	finish_preempt(p, v);
	finish_all_tracks(p, &c->tracks);
	check_owner_weights(p, v);
	c->smtp_alert = v->smtp_alert >= 0 ? v->smtp_alert :
			p->global.g.smtp_alert_vrrp >= 0 ? p->global.g.smtp_alert_vrrp :
			p->global.g.smtp_alert > 0;
	return true;
}

/* The same group of routers twice: each would fight the other. */
static bool duplicate(struct parser *p, const struct vrrp_parse *v)
{
	const struct conf *conf = p->conf;

	for (size_t i = 0; i < conf->instances_count; i++) {
		const struct conf_vrrp *other = &conf->instances[i];

		if (other->vrid != v->v.vrid || other->family != v->v.family ||
		    !other->interface || !v->v.interface ||
		    strcmp(other->interface, v->v.interface))
			continue;
		if (other->unicast && v->v.unicast && other->src_ip.family && v->v.src_ip.family &&
		    !halb_addr_equal(&other->src_ip, &v->v.src_ip))
			continue;
		conf_error(p, v->vrid_pos.line ? &v->vrid_pos : &v->v.pos,
			   "virtual_router_id %u is that of %s on %s as well, line %u: %s is ignored; give it another",
			   v->v.vrid, other->name, other->interface, other->pos.line, v->v.name);
		return true;
	}
	return false;
}

struct held {
	const struct conf_ipaddr *addr;
	const struct conf_vrrp *v;
};

static int compare_held(const void *a, const void *b)
{
	const struct held *x = a, *y = b;
	int order = (int)x->addr->addr.family - (int)y->addr->addr.family;

	if (!order)
		order = memcmp(x->addr->addr.bytes, y->addr->addr.bytes, 16);
	if (!order)
		order = (int)x->addr->pos.line - (int)y->addr->pos.line;
	return order;
}

/* An address in two places. */
static void check_addresses(struct parser *p)
{
	const struct conf *conf = p->conf;
	struct held *held;
	size_t count = 0;
	char text[ADDR_STRLEN];

	for (size_t i = 0; i < conf->instances_count; i++)
		count += conf->instances[i].vips_count + conf->instances[i].excluded_count;
	held = arena_alloc(p->arena, (count + 1) * sizeof(*held));
	count = 0;
	for (size_t i = 0; i < conf->instances_count; i++) {
		const struct conf_vrrp *v = &conf->instances[i];

		for (size_t k = 0; k < v->vips_count; k++)
			held[count++] = (struct held){ &v->vips[k], v };
		for (size_t k = 0; k < v->excluded_count; k++)
			held[count++] = (struct held){ &v->excluded[k], v };
	}
	qsort(held, count, sizeof(*held), compare_held);
	for (size_t i = 1; i < count; i++) {
		if (!halb_addr_equal(&held[i].addr->addr, &held[i - 1].addr->addr))
			continue;
		if (held[i].v == held[i - 1].v)
			conf_warn(p, &held[i].addr->pos, "%s is in %s twice, since line %u: remove one",
				  addr_format(&held[i].addr->addr, text), held[i].v->name,
				  held[i - 1].addr->pos.line);
		else
			conf_warn(p, &held[i].addr->pos, "%s is an address of %s too, line %u: the one that becomes backup would take it from the other",
				  addr_format(&held[i].addr->addr, text), held[i - 1].v->name,
				  held[i - 1].addr->pos.line);
	}
}

/* --- groups ---------------------------------------------------------------------------------------------- */

static struct conf_vrrp *instance(struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->instances_count; i++)
		if (!strcmp(conf->instances[i].name, name))
			return &conf->instances[i];
	return NULL;
}

static const char **instance_names(struct parser *p)
{
	const char **names = arena_alloc(p->arena, (p->conf->instances_count + 1) * sizeof(*names));

	for (size_t i = 0; i < p->conf->instances_count; i++)
		names[i] = p->conf->instances[i].name;
	return names;
}

static size_t finish_members(struct parser *p, const struct conf_pos *pos, char **members,
			     size_t count, const char *group)
{
	const char **names = instance_names(p);
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct conf_vrrp *v = instance(p->conf, members[i]);

		if (!v) {
			unknown_name(p, pos, "vrrp_instance", members[i], names,
				     p->conf->instances_count);
		} else if (group && v->group) {
			conf_error(p, pos, "%s is in the sync group %s already: it can be in one", v->name,
				   v->group);
		} else {
			if (group)
				v->group = (char *)group;
			members[kept++] = members[i];
		}
	}
	return kept;
}

static void finish_group(struct parser *p, struct group_parse *parsed)
{
	struct conf_sync_group *group = &parsed->g;

	group->instances_count = finish_members(p, &group->pos, group->instances,
						group->instances_count, group->name);
	finish_all_tracks(p, &group->tracks);
	group->smtp_alert = parsed->smtp_alert >= 0 ? parsed->smtp_alert :
			    p->global.g.smtp_alert_vrrp >= 0 ? p->global.g.smtp_alert_vrrp :
			    p->global.g.smtp_alert > 0;
	if (!group->instances_count) {
		conf_error(p, &group->pos, "vrrp_sync_group %s has no instance: it is ignored; name them in group { }",
			   group->name);
		return;
	}
	if (group->instances_count == 1)
		conf_warn(p, &group->pos, "vrrp_sync_group %s has one instance: nothing follows it", group->name);
	for (size_t i = 0; i < group->instances_count; i++)
		finish_group_weights(p, instance(p->conf, group->instances[i]), group);
	*arena_push(p->arena, p->conf->groups, p->conf->groups_count) = *group;
}

static void check_track_group(struct parser *p, const struct conf_pos *pos, char **name)
{
	for (size_t i = 0; *name && i < p->conf->track_groups_count; i++)
		if (!strcmp(p->conf->track_groups[i].name, *name))
			return;
	if (*name)
		conf_error(p, pos, "there is no track_group %s: it is ignored", *name);
	*name = NULL;
}

static void finish_static(struct parser *p)
{
	struct conf *conf = p->conf;

	for (size_t i = 0; i < conf->track_groups_count; i++)
		conf->track_groups[i].instances_count =
			finish_members(p, &conf->track_groups[i].pos, conf->track_groups[i].instances,
				       conf->track_groups[i].instances_count, NULL);
	for (size_t i = 0; i < conf->static_addrs_count; i++) {
		struct conf_ipaddr *addr = &conf->static_addrs[i];

		if (!addr->dev)
			addr->dev = p->global.g.default_interface;
		if (!addr->dev)
			conf_say(p, CONF_FATAL, &addr->pos, "the address has no interface: add dev NAME, or default_interface to global_defs");
		check_track_group(p, &addr->pos, &addr->track_group);
	}
	for (size_t i = 0; i < conf->static_routes_count; i++)
		check_track_group(p, &conf->static_routes[i].pos, &conf->static_routes[i].track_group);
	for (size_t i = 0; i < conf->static_rules_count; i++)
		check_track_group(p, &conf->static_rules[i].pos, &conf->static_rules[i].track_group);
}

/* The pace of an interface is that of the instances there. */
static void finish_garp_group(struct parser *p, const struct conf_garp_group *group)
{
	struct conf *conf = p->conf;

	for (size_t i = 0; i < conf->instances_count; i++) {
		struct conf_vrrp *v = &conf->instances[i];

		for (size_t n = 0; n < group->interfaces_count; n++) {
			if (strcmp(group->interfaces[n], v->interface))
				continue;
			if (group->garp_interval_us >= 0)
				v->garp.interval_us = group->garp_interval_us;
			if (group->gna_interval_us >= 0)
				v->garp.gna_interval_us = group->gna_interval_us;
		}
	}
}

/* Two virtual routers cannot share an interface of their own. */
static void check_vmacs(struct parser *p)
{
	const struct conf *conf = p->conf;

	for (size_t i = 0; i < conf->instances_count; i++)
		for (size_t k = 0; conf->instances[i].use_vmac && k < i; k++)
			if (conf->instances[k].use_vmac &&
			    !strcmp(conf->instances[i].vmac_ifname, conf->instances[k].vmac_ifname))
				conf_error(p, &conf->instances[i].pos, "%s and %s would both be on the VMAC interface %s: name another after use_vmac",
					   conf->instances[k].name, conf->instances[i].name,
					   conf->instances[i].vmac_ifname);
}

void conf_finish_vrrp(struct parser *p)
{
	struct conf *conf = p->conf;

	for (size_t i = 0; i < p->vrrps_count; i++)
		if (finish_instance(p, &p->vrrps[i]) && !duplicate(p, &p->vrrps[i]))
			*arena_push(p->arena, conf->instances, conf->instances_count) = p->vrrps[i].v;
	for (size_t i = 0; i < p->groups_count; i++)
		finish_group(p, &p->groups[i]);
	check_addresses(p);
	check_vmacs(p);
	for (size_t i = 0; i < conf->garp_groups_count; i++)
		finish_garp_group(p, &conf->garp_groups[i]);
	finish_static(p);
	for (size_t i = 0; i < conf->scripts_count; i++)
		if (!conf->scripts[i].used)
			conf_warn(p, &conf->scripts[i].pos, "vrrp_script %s is not used: name it in track_script { }",
				  conf->scripts[i].name);
}
