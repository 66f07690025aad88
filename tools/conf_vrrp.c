// SPDX-License-Identifier: GPL-2.0
/* The blocks of VRRP, and what they track. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf_rows.h"
#include "conf_takes.h"

/* The name after a keyword that opens a block; *before is where the last one of that
 * name was defined.
 */
static bool block_name(struct parser *p, const struct node *node, char **name)
{
	const char *word;

	if (!conf_need(p, node, "a name", &word))
		return false;
	conf_no_more(p, node, 2);
	*name = node->words[1];
	return true;
}

static bool taken(struct parser *p, const struct node *node, const char *name,
		  const struct conf_pos *pos)
{
	if (strcmp(name, node->words[1]))
		return false;
	conf_error(p, &node->pos, "%s %s exists already, since line %u: give this one another name",
		   node->words[0], name, pos->line);
	return true;
}

#define TAKEN(p, node, array, count, member, pos) ({ \
	bool taken_ = false; \
	for (size_t i_ = 0; i_ < (count) && !taken_; i_++) \
		taken_ = taken((p), (node), (array)[i_].member, &(array)[i_].pos); \
	taken_; })

/* Lines of a block that have no keywords. */
static const struct node *lines_of(struct parser *p, const struct node *node)
{
	const struct node *line;

	if (node->count > 1 && strcmp(node->words[0], "virtual_server_group"))
		conf_no_more(p, node, 1);
	for (line = node->children; line; line = line->next)
		if (line->block)
			conf_error(p, &line->pos, "there is no block inside %s: remove the braces after '%s'",
				   node->words[0], line->words[0]);
	return node->children;
}

/* --- static addresses, routes and rules --------------------------------------------- */

struct ipaddr_list {
	struct conf_ipaddr *list;
	size_t count;
};

struct route_list {
	struct conf_route *list;
	size_t count;
};

struct rule_list {
	struct conf_rule *list;
	size_t count;
};

static void add_ipaddrs(struct parser *p, const struct node *node, struct ipaddr_list *to)
{
	const struct node *line;
	struct conf_ipaddr addr;

	for (line = lines_of(p, node); line; line = line->next)
		if (conf_parse_ipaddr(p, line, &addr))
			*arena_push(p->arena, to->list, to->count) = addr;
}

static void add_routes(struct parser *p, const struct node *node, struct route_list *to)
{
	const struct node *line;
	struct conf_route route;

	for (line = lines_of(p, node); line; line = line->next)
		if (conf_parse_route(p, line, &route))
			*arena_push(p->arena, to->list, to->count) = route;
}

static void add_rules(struct parser *p, const struct node *node, struct rule_list *to)
{
	const struct node *line;
	struct conf_rule rule;

	for (line = lines_of(p, node); line; line = line->next)
		if (conf_parse_rule(p, line, &rule))
			*arena_push(p->arena, to->list, to->count) = rule;
}

static void take_ipaddrs(struct parser *p, const struct conf_row *row, const struct node *node,
			 void *object)
{
	add_ipaddrs(p, node, &MEMBER(object, row, struct ipaddr_list));
}

static void take_routes(struct parser *p, const struct conf_row *row, const struct node *node,
			void *object)
{
	add_routes(p, node, &MEMBER(object, row, struct route_list));
}

static void take_rules(struct parser *p, const struct conf_row *row, const struct node *node,
		       void *object)
{
	add_rules(p, node, &MEMBER(object, row, struct rule_list));
}

void conf_take_static_ipaddress(struct parser *p, const struct conf_row *row,
				const struct node *node, void *object)
{
	struct conf *conf = object;
	struct ipaddr_list list = { conf->static_addrs, conf->static_addrs_count };

	(void)row;
	add_ipaddrs(p, node, &list);
	conf->static_addrs = list.list;
	conf->static_addrs_count = list.count;
}

void conf_take_static_routes(struct parser *p, const struct conf_row *row,
			     const struct node *node, void *object)
{
	struct conf *conf = object;
	struct route_list list = { conf->static_routes, conf->static_routes_count };

	(void)row;
	add_routes(p, node, &list);
	conf->static_routes = list.list;
	conf->static_routes_count = list.count;
}

void conf_take_static_rules(struct parser *p, const struct conf_row *row, const struct node *node,
			    void *object)
{
	struct conf *conf = object;
	struct rule_list list = { conf->static_rules, conf->static_rules_count };

	(void)row;
	add_rules(p, node, &list);
	conf->static_rules = list.list;
	conf->static_rules_count = list.count;
}

void conf_take_track_group(struct parser *p, const struct conf_row *row, const struct node *node,
			   void *object)
{
	struct conf_track_group group = { .pos = node->pos };
	struct conf *conf = object;

	if (!block_name(p, node, &group.name) ||
	    TAKEN(p, node, conf->track_groups, conf->track_groups_count, name, pos))
		return;
	conf_apply(p, node, row->child, &group);
	*arena_push(p->arena, conf->track_groups, conf->track_groups_count) = group;
}

/* --- interfaces ------------------------------------------------------------------------ */

static void take_garp_interfaces(struct parser *p, const struct conf_row *row,
				 const struct node *node, void *object)
{
	struct conf_garp_group *group = object;

	take_words(p, row, node, object);
	group->aggregate |= row->arg;
}

void conf_take_garp_group(struct parser *p, const struct conf_row *row, const struct node *node,
			  void *object)
{
	struct conf_garp_group group = {
		.pos = node->pos, .garp_interval_us = -1, .gna_interval_us = -1,
	};
	struct conf *conf = object;

	conf_no_more(p, node, 1);
	conf_apply(p, node, row->child, &group);
	if (group.garp_interval_us < 0 && group.gna_interval_us < 0) {
		conf_error(p, &node->pos, "garp_group has no pace: add garp_interval or gna_interval");
		return;
	}
	if (!group.interfaces_count)
		conf_warn(p, &node->pos, "garp_group names no interface: add interfaces { }");
	*arena_push(p->arena, conf->garp_groups, conf->garp_groups_count) = group;
}

/* --- what is tracked ----------------------------------------------------------------------- */

/* N, or "N reverse" */
static bool parse_weight(struct parser *p, const struct node *node, size_t at, int64_t limit,
			 int *weight, bool *reverse)
{
	struct node weight_word = { 0 };
	int64_t value;

	if (node->count <= at) {
		conf_error(p, &node->pos, "weight needs a number: %lld to %lld", (long long)-limit,
			   (long long)limit);
		return false;
	}
	/* In the line of a track_script the weight is not the first word. */
	weight_word.pos = node->pos;
	weight_word.words = &node->words[at - 1];
	if (!conf_number(p, &weight_word, node->words[at], -limit, limit, &value))
		return false;
	*weight = (int)value;
	*reverse = false;
	if (node->count <= at + 1)
		return true;
	*reverse = !strcmp(node->words[at + 1], "reverse");
	if (*reverse || !strcmp(node->words[at + 1], "noreverse"))
		return true;
	conf_error(p, &node->pos, "unknown word '%s' after weight: it is reverse, or nothing",
		   node->words[at + 1]);
	return false;
}

/* arg is the limit; the bool follows the int in each struct */
struct weight {
	int weight;
	bool reverse;
};

void conf_take_weight(struct parser *p, const struct conf_row *row, const struct node *node,
		      void *object)
{
	struct weight *to = &MEMBER(object, row, struct weight);

	parse_weight(p, node, 1, row->arg, &to->weight, &to->reverse);
}

void conf_take_user(struct parser *p, const struct conf_row *row, const struct node *node,
		    void *object)
{
	struct conf_script *script = &MEMBER(object, row, struct conf_script);
	const char *user;

	if (!conf_need(p, node, "a user, and a group if it is not the user's", &user))
		return;
	conf_no_more(p, node, 3);
	/* The script may come after it. */
	conf_user(p, node, user, conf_word(node, 2), &script->uid, &script->gid);
}

void conf_take_vrrp_script(struct parser *p, const struct conf_row *row, const struct node *node,
			   void *object)
{
	struct conf_vrrp_script script = {
		.pos = node->pos, .interval_us = SEC, .rise = 1, .fall = 1,
	};
	struct conf *conf = object;

	if (!block_name(p, node, &script.name) ||
	    TAKEN(p, node, conf->scripts, conf->scripts_count, name, pos))
		return;
	conf_apply(p, node, row->child, &script);
	if (!script.script.argv) {
		conf_error(p, &node->pos, "vrrp_script %s has no script: it is ignored", script.name);
		return;
	}
	if (!script.timeout_us)
		script.timeout_us = script.interval_us;
	*arena_push(p->arena, conf->scripts, conf->scripts_count) = script;
}

static void take_param_match(struct parser *p, const struct conf_row *row,
			     const struct node *node, void *object)
{
	static const struct conf_choice choices[] = {
		{ "initial", CONF_PARAM_INITIAL }, { "partial", CONF_PARAM_PARTIAL },
		{ "exact", CONF_PARAM_EXACT },
	};
	struct conf_track_process *process = object;
	int value = CONF_PARAM_EXACT;

	(void)row;
	if (node->count > 1)
		value = conf_choose(p, node, node->words[0], node->words[1], choices, ARRAY_SIZE(choices));
	if (value >= 0)
		process->param_match = (enum conf_param_match)value;
}

static void take_delay(struct parser *p, const struct conf_row *row, const struct node *node,
		       void *object)
{
	struct conf_track_process *process = object;

	take_time(p, row, node, object);
	process->terminate_delay_us = process->fork_delay_us;
}

void conf_take_track_process(struct parser *p, const struct conf_row *row,
			     const struct node *node, void *object)
{
	struct conf_track_process process = {
		.pos = node->pos, .quorum = 1, .quorum_max = UINT32_MAX,
	};
	struct conf *conf = object;

	if (!block_name(p, node, &process.name) ||
	    TAKEN(p, node, conf->track_processes, conf->track_processes_count, name, pos))
		return;
	conf_apply(p, node, row->child, &process);
	if (!process.argc) {
		conf_error(p, &node->pos, "vrrp_track_process %s names no process: add process NAME",
			   process.name);
		return;
	}
	if (process.argc > 1 || process.param_match != CONF_PARAM_NONE) {
		process.full_command = true;
		if (process.param_match == CONF_PARAM_NONE)
			process.param_match = CONF_PARAM_EXACT;
	}
	/* None may run: then none need run, too. */
	if (!process.quorum_max)
		process.quorum = 0;
	if (process.quorum_max < process.quorum)
		conf_error(p, &node->pos, "quorum %u is more than quorum_max %u: the process would always fail",
			   process.quorum, process.quorum_max);
	*arena_push(p->arena, conf->track_processes, conf->track_processes_count) = process;
}

static void take_init_file(struct parser *p, const struct conf_row *row, const struct node *node,
			   void *object)
{
	struct conf_track_file *file = object;
	int64_t value;

	(void)row;
	file->init_file = true;
	for (size_t i = 1; i < node->count; i++) {
		if (!strcmp(node->words[i], "overwrite"))
			file->init_overwrite = true;
		else if (conf_number(p, node, node->words[i], INT32_MIN, INT32_MAX, &value))
			file->init_value = (int)value;
	}
}

void conf_take_track_file(struct parser *p, const struct conf_row *row, const struct node *node,
			  void *object)
{
	struct conf_track_file file = { .pos = node->pos, .weight = 1 };
	struct conf *conf = object;

	if (!block_name(p, node, &file.name) ||
	    TAKEN(p, node, conf->track_files, conf->track_files_count, name, pos))
		return;
	conf_apply(p, node, row->child, &file);
	if (!file.file) {
		conf_error(p, &node->pos, "%s %s names no file: add file PATH", node->words[0],
			   file.name);
		return;
	}
	*arena_push(p->arena, conf->track_files, conf->track_files_count) = file;
}

/* --- instances and groups --------------------------------------------------------------------- */

struct track_list {
	struct conf_track *list;
	size_t count;
};

#define WEIGHT_UNSET	INT32_MIN

/* NAME [weight N [reverse]] lines; arg is the limit */
static void take_tracks(struct parser *p, const struct conf_row *row, const struct node *node,
			void *object)
{
	struct track_list *to = &MEMBER(object, row, struct track_list);
	const struct node *line;

	for (line = lines_of(p, node); line; line = line->next) {
		struct conf_track track = {
			.pos = line->pos, .name = line->words[0], .weight = WEIGHT_UNSET,
		};
		bool twice = false;

		for (size_t i = 0; i < to->count && !twice; i++)
			twice = !strcmp(to->list[i].name, track.name);
		if (twice) {
			conf_warn(p, &line->pos, "%s is in %s twice: this line is ignored",
				  track.name, node->words[0]);
			continue;
		}
		if (line->count > 1 && strcmp(line->words[1], "weight")) {
			/* "VI_1 eth0" on one line: keepalived takes the first, too */
			conf_error(p, &line->pos, "unknown word '%s' after %s: it is weight, or nothing; each name has a line",
				   line->words[1], track.name);
			continue;
		}
		if (line->count > 1 && !parse_weight(p, line, 2, row->arg, &track.weight,
						     &track.weight_reverse))
			continue;
		*arena_push(p->arena, to->list, to->count) = track;
	}
}

void conf_take_sync_group(struct parser *p, const struct conf_row *row, const struct node *node,
			  void *object)
{
	struct group_parse group = { .g.pos = node->pos, .smtp_alert = -1 };

	(void)object;
	if (!block_name(p, node, &group.g.name) ||
	    TAKEN(p, node, p->groups, p->groups_count, g.name, g.pos))
		return;
	conf_apply(p, node, row->child, &group);
	*arena_push(p->arena, p->groups, p->groups_count) = group;
}

static void take_state(struct parser *p, const struct conf_row *row, const struct node *node,
		       void *object)
{
	static const struct conf_choice choices[] = {
		{ "MASTER", CONF_STATE_MASTER }, { "BACKUP", CONF_STATE_BACKUP },
	};
	struct vrrp_parse *v = object;
	const char *word;
	int state;

	(void)row;
	if (!conf_need(p, node, "MASTER or BACKUP", &word))
		return;
	conf_no_more(p, node, 2);
	state = conf_choose(p, node, node->words[0], word, choices, ARRAY_SIZE(choices));
	if (state >= 0)
		v->v.state = (enum conf_state)state;
}

/* Numbers whose place in the file is asked for later: arg is where it goes. */
static void take_u8_at(struct parser *p, const struct conf_row *row, const struct node *node,
		       void *object)
{
	*(struct conf_pos *)((char *)object + row->arg) = node->pos;
	take_u8(p, row, node, object);
}

static void take_time_at(struct parser *p, const struct conf_row *row, const struct node *node,
			 void *object)
{
	*(struct conf_pos *)((char *)object + row->arg) = node->pos;
	take_time(p, row, node, object);
}

static void take_flag_at(struct parser *p, const struct conf_row *row, const struct node *node,
			 void *object)
{
	*(struct conf_pos *)((char *)object + row->arg) = node->pos;
	conf_no_more(p, node, 1);
	MEMBER(object, row, bool) = true;
}

static void take_authentication(struct parser *p, const struct conf_row *row,
				const struct node *node, void *object)
{
	conf_no_more(p, node, 1);
	conf_apply(p, node, row->child, object);
}

static void take_auth_type(struct parser *p, const struct conf_row *row, const struct node *node,
			   void *object)
{
	static const struct conf_choice choices[] = {
		{ "PASS", CONF_AUTH_PASS }, { "AH", CONF_AUTH_AH }, { "NONE", CONF_AUTH_NONE },
	};
	struct vrrp_parse *v = object;
	const char *word;
	int type;

	(void)row;
	if (!conf_need(p, node, "PASS", &word))
		return;
	conf_no_more(p, node, 2);
	type = conf_choose(p, node, node->words[0], word, choices, ARRAY_SIZE(choices));
	if (type < 0)
		return;
	v->v.auth_type = (enum conf_auth)type;
	v->type_pos = node->pos;
	if (type == CONF_AUTH_PASS && strcmp(word, "PASS"))
		conf_warn(p, &node->pos, "auth_type %s is taken as PASS; keepalived does not know it in lower case and runs without authentication, so that each would drop the other's advertisements: write PASS on both directors",
			  word);
}

static void take_auth_pass(struct parser *p, const struct conf_row *row, const struct node *node,
			   void *object)
{
	struct vrrp_parse *v = object;
	const char *word;
	size_t len;

	(void)row;
	if (!conf_need(p, node, "a password of 1 to 8 characters", &word))
		return;
	conf_no_more(p, node, 2);
	len = strlen(word);
	if (len > CONF_AUTH_PASS_MAX) {
		conf_warn(p, &node->pos, "auth_pass has %zu characters: only the first %d count, as the packet has room for no more",
			  len, CONF_AUTH_PASS_MAX);
		len = CONF_AUTH_PASS_MAX;
	}
	memset(v->v.auth_pass, 0, sizeof(v->v.auth_pass));
	memcpy(v->v.auth_pass, word, len);
	v->auth_pass_given = true;
	v->pass_pos = node->pos;
}

static void take_peers(struct parser *p, const struct conf_row *row, const struct node *node,
		       void *object)
{
	struct vrrp_parse *v = object;
	const struct node *line;

	(void)row;
	v->v.unicast = true;
	for (line = lines_of(p, node); line; line = line->next) {
		struct conf_peer peer = { .pos = line->pos, .max_ttl = 255 };
		bool good = conf_address(p, line, line->words[0], &peer.addr);

		for (size_t i = 1; good && i < line->count; i += 2) {
			bool min = !strcmp(line->words[i], "min_ttl");
			int64_t ttl;

			if (!min && strcmp(line->words[i], "max_ttl")) {
				conf_error(p, &line->pos, "unknown word '%s' after a peer: it is min_ttl or max_ttl; each peer has a line",
					   line->words[i]);
				good = false;
			} else if (i + 1 == line->count) {
				conf_error(p, &line->pos, "%s needs a number: 0 to 255", line->words[i]);
				good = false;
			} else if (conf_number(p, line, line->words[i + 1], 0, 255, &ttl)) {
				*(min ? &peer.min_ttl : &peer.max_ttl) = (uint8_t)ttl;
				v->v.check_unicast_src = true;
			} else {
				good = false;
			}
		}
		if (good && peer.min_ttl > peer.max_ttl)
			conf_error(p, &line->pos, "min_ttl %u is more than max_ttl %u: nothing of this peer would be heard",
				   peer.min_ttl, peer.max_ttl);
		if (good)
			*arena_push(p->arena, v->v.peers, v->v.peers_count) = peer;
	}
	if (!node->children)
		conf_warn(p, &node->pos, "unicast_peer is empty: the instance speaks to nobody; add peers, or remove it for multicast");
}

static bool parse_mac(struct parser *p, const struct node *node, const char *word,
		      struct vrrp_parse *v)
{
	unsigned int b[6];
	int end = 0, got;

	got = sscanf(word, "%2x:%2x:%2x:%2x:%2x%n:%2x%n", &b[0], &b[1], &b[2], &b[3],
				   &b[4], &end, &b[5], &end);
	v->mac_uses_vrid = got == 5;
	if (got < 5 || (word[end] && !(got == 5 && !strcmp(word + end, ":")))) {
		conf_error(p, &node->pos, "'%s' is not a MAC address: write it as 02:00:00:00:00:01", word);
		return false;
	}
	if (b[0] & 1) {
		conf_error(p, &node->pos, "MAC address %s is a multicast one: its first byte must be even",
			   word);
		return false;
	}
	for (int i = 0; i < got; i++)
		v->v.vmac_addr[i] = (uint8_t)b[i];
	v->mac_given = true;
	return true;
}

/* use_vmac [INTERFACE] [MAC] */
static void take_vmac(struct parser *p, const struct conf_row *row, const struct node *node,
		      void *object)
{
	struct vrrp_parse *v = object;

	(void)row;
	conf_no_more(p, node, 3);
	v->v.use_vmac = true;
	for (size_t i = 1; i < node->count && i < 3; i++) {
		if (strchr(node->words[i], ':'))
			parse_mac(p, node, node->words[i], v);
		else if (conf_ifname(p, node, node->words[i]))
			snprintf(v->v.vmac_ifname, sizeof(v->v.vmac_ifname), "%s",
				 node->words[i]);
	}
}

static void take_preempt(struct parser *p, const struct conf_row *row, const struct node *node,
			 void *object)
{
	struct vrrp_parse *v = object;

	(void)row;
	conf_no_more(p, node, 1);
	v->v.nopreempt = false;
}

static void take_accept(struct parser *p, const struct conf_row *row, const struct node *node,
			void *object)
{
	conf_no_more(p, node, 1);
	MEMBER(object, row, int) = (int)row->arg;
}

static void take_no_vips(struct parser *p, const struct conf_row *row, const struct node *node,
			 void *object)
{
	(void)row;
	conf_no_more(p, node, 1);
	((struct vrrp_parse *)object)->v.no_virtual_ipaddress = true;
}

void conf_take_instance(struct parser *p, const struct conf_row *row, const struct node *node,
			void *object)
{
	const struct global_parse *global = &p->global;
	struct vrrp_parse v = {
		.v.pos = node->pos,
		.v.priority = 100,
		.v.advert_int_us = SEC,
		.v.unicast_ttl = 255,
		.v.garp = global->g.garp,
		.v.skip_check_adv_addr = global->skip_check_adv_addr,
		.v.check_unicast_src = global->check_unicast_src,
		.v.lower_prio_no_advert = global->lower_prio_no_advert,
		.v.higher_prio_send_advert = global->higher_prio_send_advert,
		.v.v3_checksum_as_v2 = global->v3_checksum_as_v2,
		.v.owner_ignore_adverts = global->owner_ignore_adverts,
		.v.down_timer_adverts = global->down_timer_adverts,
		.v.notify_priority_changes = global->g.vrrp_notify_priority_changes,
		.v.interface = global->g.default_interface,
		.accept = -1,
		.strict = -1,
		.smtp_alert = -1,
		.lower_prio_no_advert = -1,
		.native_ipv6 = -1,
	};

	(void)object;
	if (!block_name(p, node, &v.v.name) ||
	    TAKEN(p, node, p->vrrps, p->vrrps_count, v.name, v.pos))
		return;
	conf_apply(p, node, row->child, &v);
	*arena_push(p->arena, p->vrrps, p->vrrps_count) = v;
}

/* --- rows ---------------------------------------------------------------------------------------- */

#define ROUTES	"net/routes.t"
#define INSTANCE	"net/instance.t"
#define DAEMON		"net/daemon.t"
#define INTEROP		"net/interop.t"
#define RELOAD		"net/reload.t"
#define MACHINE		"vrrp_t"
#define UNIT		"net/unit.t"
#define WORDS	"net/keywords.t"
#define GARP	"net/garp.t"
#define HEARD	"net/heard.t"
#define MAIL	"net/mail.t"
#define ACCEPT	"net/accept.t"
#define PROCESS	"net/process.t"

#define OBJ struct conf_track_group
static const struct conf_row track_group_rows[] = {
	ROW("group", take_words, ROW_BLOCK, instances, 0, 0, 0, "names of instances", ROUTES),
};
#undef OBJ

#define OBJ struct conf_garp_group
static const struct conf_row garp_group_rows[] = {
	TIME("garp_interval", garp_interval_us, 0, 1000 * SEC, "time between ARP messages", WORDS),
	TIME("gna_interval", gna_interval_us, 0, 1000 * SEC, "time between NA messages", GARP),
	ROW("interface", take_garp_interfaces, ROW_REPEAT, interfaces, 0, 0, 0, "an interface", GARP),
	ROW("interfaces", take_garp_interfaces, ROW_REPEAT | ROW_BLOCK, interfaces, 0, 0, 1,
	    "interfaces that share the pace", WORDS),
};
#undef OBJ

#define OBJ struct conf_vrrp_script
static const struct conf_row vrrp_script_rows[] = {
	ROW("script", take_script, ROW_TEXT, script, 0, 0, 1, "what is run", DAEMON),
	TIME("interval", interval_us, SEC / 100, YEAR, "time between two runs", DAEMON),
	TIME("timeout", timeout_us, SEC / 100, YEAR, "how long it may take", UNIT),
	ROW("weight", conf_take_weight, 0, weight, 0, 0, 253,
	    "what is added to the priority; 0: failing is a fault", DAEMON),
	U32("rise", rise, 1, INT32_MAX, "good runs until it is good", INSTANCE),
	U32("fall", fall, 1, INT32_MAX, "bad runs until it is bad", DAEMON),
	ROW("user", conf_take_user, ROW_LATE, script, 0, 0, 0, "who runs it", WORDS),
	FLAG("init_fail", init_fail, "it is bad until it has run", INSTANCE),
};
#undef OBJ

#define OBJ struct conf_track_process
static const struct conf_row track_process_rows[] = {
	ROW("process", take_words, ROW_TEXT, argv, 0, 0, 0, "name of the process and its arguments", PROCESS),
	ROW("param_match", take_param_match, 0, param_match, 0, 0, 0, "how its arguments are compared",
	    PROCESS),
	ROW("weight", conf_take_weight, 0, weight, 0, 0, 254,
	    "what is added to the priority; 0: its absence is a fault", PROCESS),
	U32("quorum", quorum, 1, 65535, "how many of it there must be", PROCESS),
	U32("quorum_max", quorum_max, 0, 65535, "how many of it there may be", PROCESS),
	ROW("delay", take_delay, 0, fork_delay_us, 1, 3600 * SEC, 0, "fork_delay and terminate_delay", PROCESS),
	TIME("fork_delay", fork_delay_us, 1, 3600 * SEC, "time until a new process counts", PROCESS),
	TIME("terminate_delay", terminate_delay_us, 1, 3600 * SEC, "time until a lost one counts", PROCESS),
	FLAG("full_command", full_command, "the whole command line is compared", PROCESS),
};
#undef OBJ

#define OBJ struct conf_track_file
static const struct conf_row track_file_rows[] = {
	STRING("file", file, "path of a file with a number in it", DAEMON),
	ROW("weight", conf_take_weight, 0, weight, 0, 0, 254, "times the number, to the priority", DAEMON),
	ROW("init_file", take_init_file, 0, init_file, 0, 0, 0, "it is made at the start", INSTANCE),
};
#undef OBJ

#define TRACKS(obj) \
	ROW("track_interface", take_tracks, ROW_BLOCK | ROW_REPEAT, obj.tracks.interfaces, 0, 0, 253, \
	    "interfaces whose failure is felt", DAEMON), \
	ROW("track_script", take_tracks, ROW_BLOCK | ROW_REPEAT, obj.tracks.scripts, 0, 0, 253, \
	    "scripts whose failure is felt", DAEMON), \
	ROW("track_process", take_tracks, ROW_BLOCK | ROW_REPEAT, obj.tracks.processes, 0, 0, 254, \
	    "processes whose absence is felt", PROCESS), \
	ROW("track_file", take_tracks, ROW_BLOCK | ROW_REPEAT, obj.tracks.files, 0, 0, 254, \
	    "files whose number is felt", DAEMON), \
	REFUSE("track_bfd", "halb has no BFD; advert_int goes down to 0.01")

#define NOTIFIES(obj) \
	SCRIPT("notify_master", obj.notify.notify_master, "run on becoming master", INSTANCE), \
	SCRIPT("notify_backup", obj.notify.notify_backup, "run on becoming backup", INSTANCE), \
	SCRIPT("notify_fault", obj.notify.notify_fault, "run on a fault", INSTANCE), \
	SCRIPT("notify_stop", obj.notify.notify_stop, "run when halbd stops", INSTANCE), \
	SCRIPT("notify", obj.notify.notify, "run on each change, with the state as argument", DAEMON)

#define OBJ struct group_parse
static const struct conf_row sync_group_rows[] = {
	ROW("group", take_words, ROW_BLOCK, g.instances, 0, 0, 0, "names of instances", INTEROP),
	TRACKS(g),
	NOTIFIES(g),
	TRI("smtp_alert", smtp_alert, "mails about changes of state", MAIL),
	NONE("notify_priority_changes", "a group has no priority; give it to its instances"),
	FLAG("sync_group_tracking_weight", g.tracking_weight,
	     "weights change the priority of all members", INSTANCE),
	{ .keyword = "global_tracking", .take = take_flag, .flags = ROW_DEPRECATED, .arg = 1,
	  .offset = offsetof(OBJ, g.tracking_weight), .instead = "sync_group_tracking_weight",
	  .effect = "weights change the priority of all members", .test = INSTANCE },
};
#undef OBJ

#define OBJ struct vrrp_parse
static const struct conf_row authentication_rows[] = {
	OWN("auth_type", take_auth_type, 0, "PASS: a password in clear, of version 2", INSTANCE),
	OWN("auth_pass", take_auth_pass, ROW_TEXT, "the password, 8 characters at most", INSTANCE),
};

static const struct conf_row instance_rows[] = {
	OWN("state", take_state, 0, "MASTER: nopreempt and preempt_delay do not count; who is master the priority says", "net/failover.t"),
	IFNAME("interface", v.interface, "where it speaks, and where its addresses go", INTEROP),
	ROW("virtual_router_id", take_u8_at, 0, v.vrid, 1, 255, offsetof(OBJ, vrid_pos),
	    "number that directors of one group share", INTEROP),
	ROW("priority", take_u8_at, 0, v.priority, 1, 255, offsetof(OBJ, priority_pos),
	    "the highest is master", INTEROP),
	ROW("advert_int", take_time_at, 0, v.advert_int_us, SEC / 100, 255 * SEC,
	    offsetof(OBJ, advert_pos), "time between advertisements", INTEROP),
	INT("version", version, 2, 3, "VRRP version", INTEROP),
	TRI("native_ipv6", native_ipv6, "it speaks IPv6 though its first address may not say so", INSTANCE),
	ROW("virtual_ipaddress", take_ipaddrs, ROW_BLOCK | ROW_REPEAT, v.vips, 0, 0, 0,
	    "addresses of the master, in advertisements", INTEROP),
	ROW("virtual_ipaddress_excluded", take_ipaddrs, ROW_BLOCK | ROW_REPEAT, v.excluded, 0, 0, 0,
	    "addresses of the master, not in advertisements", INSTANCE),
	OWN("no_virtual_ipaddress", take_no_vips, 0, "there is none, and that is meant so", WORDS),
	ROW("virtual_routes", take_routes, ROW_BLOCK | ROW_REPEAT, v.routes, 0, 0, 0,
	    "routes of the master, added again within a second if somebody removes them", ROUTES),
	ROW("virtual_rules", take_rules, ROW_BLOCK | ROW_REPEAT, v.rules, 0, 0, 0,
	    "rules of the master, as its routes; without a priority they get 16384 and less", ROUTES),
	BLOCK("authentication", take_authentication, 0, "authentication",
	      "password that advertisements carry", DAEMON),
	ADDR("mcast_src_ip", mcast_src, "source of advertisements", WORDS),
	ADDR("unicast_src_ip", unicast_src, "source of advertisements to peers", INTEROP),
	ADDR("mcast_dst_ip", v.mcast_dst_ip, "where advertisements go", INSTANCE),
	FLAG("track_src_ip", v.track_src_ip, "a fault while the source address is missing", WORDS),
	BLOCK("unicast_peer", take_peers, 0, NULL, "directors that are spoken to one by one", INTEROP),
	FLAG("unicast_fault_no_peer", v.unicast_fault_no_peer, "a fault if no peer is left", INSTANCE),
	INT("unicast_ttl", v.unicast_ttl, 0, 255, "TTL of advertisements to peers", INSTANCE),
	FLAG("check_unicast_src", v.check_unicast_src, "only peers are heard", INSTANCE),
	BOOL("v3_checksum_as_v2", v.v3_checksum_as_v2, "version 3 checksum without pseudo-header", INSTANCE),
	ROW("nopreempt", take_flag_at, 0, v.nopreempt, 0, 0, offsetof(OBJ, preempt_pos),
	    "a master of lower priority stays", INTEROP),
	OWN("preempt", take_preempt, 0, "the highest priority becomes master (default)", HEARD),
	ROW("preempt_delay", take_time_at, 0, v.preempt_delay_us, 0, 1000 * SEC,
	    offsetof(OBJ, preempt_pos), "time before it takes over from a lower one", INSTANCE),
	TRACKS(v),
	FLAG("dont_track_primary", v.dont_track_primary, "its own interface may be down", INSTANCE),
	ROW("accept", take_accept, 0, accept, 0, 0, 1, "packets to its addresses are taken (default)", ACCEPT),
	ROW("no_accept", take_accept, 0, accept, 0, 0, 0, "packets to its addresses are dropped", ACCEPT),
	TRI("strict_mode", strict, "nothing that the RFC does not have", ACCEPT),
	BOOL("skip_check_adv_addr", v.skip_check_adv_addr,
	     "addresses in advertisements of the same master are not compared again", HEARD),
	U32("down_timer_adverts", v.down_timer_adverts, 1, 100,
	    "missing advertisements that make a master dead", INSTANCE),
	TRI("lower_prio_no_advert", lower_prio_no_advert,
	    "no answer to a master of lower priority, as in strict mode", MACHINE),
	BOOL("higher_prio_send_advert", v.higher_prio_send_advert,
	     "a last answer to a master of higher priority", MACHINE),
	BOOL("owner_ignore_adverts", v.owner_ignore_adverts,
	     "with priority 255 other masters are not heard", HEARD),
	TIME("garp_master_delay", v.garp.master_delay_us, 0, YEAR,
	     "second burst of ARP this long after becoming master", WORDS),
	U32("garp_master_repeat", v.garp.master_repeat, 0, 1000, "messages of a burst", INSTANCE),
	TIME("garp_master_refresh", v.garp.master_refresh_us, 0, YEAR, "time between bursts while master",
	     INSTANCE),
	U32("garp_master_refresh_repeat", v.garp.master_refresh_repeat, 0, 1000,
	    "messages of such a burst", INSTANCE),
	TIME("garp_lower_prio_delay", v.garp.lower_prio_delay_us, 0, YEAR,
	     "second burst after another master gave way", GARP),
	U32("garp_lower_prio_repeat", v.garp.lower_prio_repeat, 0, 1000, "messages of such a burst", GARP),
	OWN("use_vmac", take_vmac, 0, "its addresses have the MAC of the virtual router", INTEROP),
	FLAG("vmac_xmit_base", v.vmac_xmit_base, "advertisements leave by the interface itself", "net/vmac.t"),
	FLAG("promote_secondaries", v.promote_secondaries,
	     "removing the first address of a net keeps the others", ROUTES),
	U32("kernel_rx_buf_size", v.kernel_rx_buf_size, 0, INT32_MAX, "bytes of the socket's buffer", HEARD),
	NOTIFIES(v),
	SCRIPT("notify_deleted", v.notify.notify_deleted, "run when a reload removes the instance", INSTANCE),
	SCRIPT("notify_master_rx_lower_pri", v.notify.notify_master_rx_lower_pri,
	       "run when a master hears one of lower priority", INSTANCE),
	BOOL("notify_priority_changes", v.notify_priority_changes, "FIFOs get changes of priority too", WORDS),
	TRI("smtp_alert", smtp_alert, "mails about changes of state", MAIL),
	NONE("linkbeat_use_polling", "the kernel tells of links that go down"),
	NONE("old_unicast_checksum", "it is the checksum of keepalived before 1.3.7, which is from 2017"),
	NONE("garp_extra_if", "garp_master_refresh announces the addresses of a VMAC too"),
	NONE("vmac_garp_intvl", "garp_master_refresh announces the addresses of a VMAC too"),
	NONE("use_vmac_addr", "addresses on other interfaces have the MAC of those"),
	NONE("vrf", "VRRP runs on the interface, in whatever VRF that is"),
	NONE("debug", "halbd -D logs more"),
	NONE("timer_expired_backup", "timers of halbd do not run late"),
	NONE("thread_timer_expired", "timers of halbd do not run late"),
	NONE("lvs_sync_daemon_interface", "halb does not send connections to the other director"),
	REFUSE("use_ipvlan", "use_vmac gives the virtual router an interface of its own"),
	REFUSE("auth_hmac", "keepalived 2.4's HMAC is not there; filter VRRP by source, or use version 2 with auth_type PASS"),
};
#undef OBJ

#define TABLE(rows) rows, ARRAY_SIZE(rows)

const struct conf_block conf_blocks_vrrp[] = {
	{ "track_group", NULL, TABLE(track_group_rows), sizeof(struct conf_track_group) },
	{ "garp_group", NULL, TABLE(garp_group_rows), sizeof(struct conf_garp_group) },
	{ "vrrp_script", NULL, TABLE(vrrp_script_rows), sizeof(struct conf_vrrp_script) },
	{ "vrrp_track_process", NULL, TABLE(track_process_rows), sizeof(struct conf_track_process) },
	{ "track_file", NULL, TABLE(track_file_rows), sizeof(struct conf_track_file) },
	{ "vrrp_sync_group", NULL, TABLE(sync_group_rows), sizeof(struct group_parse) },
	{ "vrrp_instance", NULL, TABLE(instance_rows), sizeof(struct vrrp_parse) },
	{ "authentication", NULL, TABLE(authentication_rows), sizeof(struct vrrp_parse) },
};
const size_t conf_blocks_vrrp_count = ARRAY_SIZE(conf_blocks_vrrp);
