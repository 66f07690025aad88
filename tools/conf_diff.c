// SPDX-License-Identifier: GPL-2.0
#include "conf_diff.h"

#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "conf_fields.h"
#include "util.h"

/* of a member, in its line */
#define NAME_ENDS	"\n "

/* --- things by name ------------------------------------------------------------------- */

struct thing {
	char *name;
	char *text;			/* its members */
	const void *object;
};

struct things {
	struct thing *list;
	size_t count;
};

static char *print_object(const struct fields *fields, const void *object)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	fields_print(out, fields, object, "");
	fclose(out);
	return text;
}

static void add_thing(struct things *things, const struct fields *fields, const void *object,
		      char *name)
{
	if (!(things->count & (things->count - 1))) {
		size_t room = things->count ? 2 * things->count : 1;

		things->list = realloc(things->list, room * sizeof(*things->list));
		if (!things->list)
			abort();
	}
	things->list[things->count++] = (struct thing){
		.name = name, .object = object, .text = print_object(fields, object),
	};
}

static void free_things(struct things *things)
{
	for (size_t i = 0; i < things->count; i++) {
		free(things->list[i].name);
		free(things->list[i].text);
	}
	free(things->list);
}

static char *copy(const char *text)
{
	char *twin = strdup(text);

	if (!twin)
		abort();
	return twin;
}

static char *server_name(const struct conf_real_server *server)
{
	char text[ENDPOINT_STRLEN];

	return copy(endpoint_format(&server->addr, server->port, text));
}

static char *service_name(const struct conf_virtual_server *service)
{
	const struct halb_key *key = &service->keys[0].key;
	char *name;

	if (asprintf(&name, "%s%s%s", key->fwmark ? "" : halb_protocol_name(service->protocol),
		     key->fwmark ? "" : " ", service->name) < 0)
		abort();
	return name;
}

/* What has no name is known by what it is. */
static char *own_text(const struct fields *fields, const void *object)
{
	char *text = print_object(fields, object);

	for (char *at = text; *at; at++)
		if (*at == '\n')
			*at = at[1] ? ' ' : '\0';
	return text;
}

/* --- differences ------------------------------------------------------------------------ */

static struct conf_difference *add_difference(struct conf_differences *to, enum conf_change change,
					      enum conf_what what, const char *name)
{
	struct conf_difference *difference;

	if (!(to->count & (to->count - 1))) {
		size_t room = to->count ? 2 * to->count : 1;

		to->list = realloc(to->list, room * sizeof(*to->list));
		if (!to->list)
			abort();
	}
	difference = &to->list[to->count++];
	*difference = (struct conf_difference){ .change = change, .what = what, .name = copy(name) };
	return difference;
}

/* The line that begins with the same member, NULL if there is none. */
static const char *find_member(const char *text, const char *line)
{
	size_t len = strcspn(line, NAME_ENDS) + 1;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (!strncmp(text, line, len))
			return text;
	return NULL;
}

/* What goes to logs has no passwords. */
static bool secret(const char *name, size_t len)
{
	static const char *const secrets[] = { "auth_pass", "smtp_password", "ssl_password" };

	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
		if (strlen(secrets[i]) == len && !memcmp(name, secrets[i], len))
			return true;
	return false;
}

static void tell(FILE *out, const char *was, const char *is)
{
	const char *line = was ? was : is;
	size_t name = strcspn(line, NAME_ENDS);
	int was_len = was ? (int)strcspn(was, "\n") : 0, is_len = is ? (int)strcspn(is, "\n") : 0;

	if (ftell(out) > 0)
		fputs("; ", out);
	fprintf(out, "%.*s", (int)name, line);
	if (secret(line, name)) {
		fputs(" (changed)", out);
		return;
	}
	if (was)
		fprintf(out, "%.*s", was_len - (int)name, was + name);
	else
		fputs(" (none)", out);
	fputs(" ->", out);
	if (is)
		fprintf(out, "%.*s", is_len - (int)name, is + name);
	else
		fputs(" (none)", out);
}

static char *members(const char *was, const char *is)
{
	const char *line, *other;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	for (line = was; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		other = find_member(is, line);
		if (!other || strcspn(other, "\n") != strcspn(line, "\n") ||
		    strncmp(other, line, strcspn(line, "\n")))
			tell(out, line, other);
	}
	for (line = is; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!find_member(was, line))
			tell(out, NULL, line);
	fclose(out);
	return text;
}

static int compare_things(const void *a, const void *b)
{
	const struct thing *x = *(struct thing *const *)a, *y = *(struct thing *const *)b;
	int order = strcmp(x->name, y->name);

	return order ? order : x < y ? -1 : x > y;
}

/* By name; the n-th of a name in one is the n-th of it in the other. */
static struct thing **sort_things(const struct things *things)
{
	struct thing **sorted = calloc(things->count + 1, sizeof(*sorted));

	if (!sorted)
		abort();
	for (size_t i = 0; i < things->count; i++)
		sorted[i] = &things->list[i];
	qsort(sorted, things->count, sizeof(*sorted), compare_things);
	return sorted;
}

typedef void (*visitor)(struct conf_differences *to, enum conf_what what, const struct thing *was,
		      const struct thing *is);

static void walk(const struct things *was, const struct things *is, enum conf_what what,
		 visitor visit, struct conf_differences *to)
{
	struct thing **a = sort_things(was), **b = sort_things(is);
	size_t i = 0, k = 0;

	while (i < was->count || k < is->count) {
		int order = i == was->count ? 1 : k == is->count ? -1 :
			    strcmp(a[i]->name, b[k]->name);

		visit(to, what, order <= 0 ? a[i] : NULL, order >= 0 ? b[k] : NULL);
		i += order <= 0;
		k += order >= 0;
	}
	free(a);
	free(b);
}

static void differ(struct conf_differences *to, enum conf_what what, const struct thing *was,
		   const struct thing *is)
{
	struct conf_difference *difference;

	if (was && is && !strcmp(was->text, is->text))
		return;
	difference = add_difference(to, !was ? CONF_ADDED : !is ? CONF_REMOVED : CONF_CHANGED, what,
				    was ? was->name : is->name);
	difference->was = was ? was->object : NULL;
	difference->is = is ? is->object : NULL;
	difference->members = was && is ? members(was->text, is->text) : copy("");
}

static void add_servers(struct things *things, const struct conf_virtual_server *service)
{
	for (size_t i = 0; service && i < service->servers_count; i++)
		add_thing(things, &fields_server, &service->servers[i],
			  server_name(&service->servers[i]));
}

static void differ_service(struct conf_differences *to, enum conf_what what,
			   const struct thing *was, const struct thing *is)
{
	const struct conf_virtual_server *old = was ? was->object : NULL, *new = is ? is->object : NULL;
	struct things old_servers = { 0 }, new_servers = { 0 };
	size_t first;

	differ(to, what, was, is);
	first = to->count;
	add_servers(&old_servers, old);
	add_servers(&new_servers, new);
	walk(&old_servers, &new_servers, CONF_WHAT_SERVER, differ, to);
	for (; first < to->count; first++) {
		to->list[first].service_was = old;
		to->list[first].service_is = new;
	}
	free_things(&old_servers);
	free_things(&new_servers);
}

/* --- all kinds of things -------------------------------------------------------------------- */

#define ADD_EACH(things, array, count_, fields, name_of) do { \
	for (size_t i_ = 0; i_ < (count_); i_++) \
		add_thing((things), (fields), &(array)[i_], name_of(&(array)[i_])); \
} while (0)

#define BY_NAME(object)		copy((object)->name)
#define BY_IPADDR(object)	own_text(&fields_ipaddr, (object))
#define BY_ROUTE(object)	own_text(&fields_route, (object))
#define BY_RULE(object)		own_text(&fields_rule, (object))
#define BY_GARP(object)		own_text(&fields_garp_group, (object))

static void collect(const struct conf *conf, enum conf_what what, struct things *to)
{
	switch (what) {
	case CONF_WHAT_GLOBAL:
		add_thing(to, &fields_global, &conf->global, copy("global_defs"));
		break;
	case CONF_WHAT_DAEMON:
		add_thing(to, &fields_daemon, conf, copy("halbd"));
		break;
	case CONF_WHAT_STATIC_ADDR:
		ADD_EACH(to, conf->static_addrs, conf->static_addrs_count, &fields_ipaddr, BY_IPADDR);
		break;
	case CONF_WHAT_STATIC_ROUTE:
		ADD_EACH(to, conf->static_routes, conf->static_routes_count, &fields_route, BY_ROUTE);
		break;
	case CONF_WHAT_STATIC_RULE:
		ADD_EACH(to, conf->static_rules, conf->static_rules_count, &fields_rule, BY_RULE);
		break;
	case CONF_WHAT_TRACK_GROUP:
		ADD_EACH(to, conf->track_groups, conf->track_groups_count, &fields_track_group, BY_NAME);
		break;
	case CONF_WHAT_GARP_GROUP:
		ADD_EACH(to, conf->garp_groups, conf->garp_groups_count, &fields_garp_group, BY_GARP);
		break;
	case CONF_WHAT_SCRIPT:
		ADD_EACH(to, conf->scripts, conf->scripts_count, &fields_script, BY_NAME);
		break;
	case CONF_WHAT_PROCESS:
		ADD_EACH(to, conf->track_processes, conf->track_processes_count, &fields_process,
			 BY_NAME);
		break;
	case CONF_WHAT_TRACK_FILE:
		ADD_EACH(to, conf->track_files, conf->track_files_count, &fields_track_file, BY_NAME);
		break;
	case CONF_WHAT_GROUP:
		ADD_EACH(to, conf->groups, conf->groups_count, &fields_group, BY_NAME);
		break;
	case CONF_WHAT_INSTANCE:
		ADD_EACH(to, conf->instances, conf->instances_count, &fields_vrrp, BY_NAME);
		break;
	case CONF_WHAT_SERVICE:
		ADD_EACH(to, conf->services, conf->services_count, &fields_service, service_name);
		break;
	case CONF_WHAT_SERVER:
		break;			/* of its service */
	}
}

void conf_diff(const struct conf *was, const struct conf *is, struct conf_differences *differences)
{
	*differences = (struct conf_differences){ 0 };
	for (enum conf_what what = CONF_WHAT_GLOBAL; what < CONF_WHAT_SERVER; what++) {
		struct things old = { 0 }, new = { 0 };

		collect(was, what, &old);
		collect(is, what, &new);
		walk(&old, &new, what, what == CONF_WHAT_SERVICE ? differ_service : differ,
		     differences);
		free_things(&old);
		free_things(&new);
	}
}

void conf_differences_free(struct conf_differences *differences)
{
	for (size_t i = 0; i < differences->count; i++) {
		free(differences->list[i].name);
		free(differences->list[i].members);
	}
	free(differences->list);
	*differences = (struct conf_differences){ 0 };
}

const char *conf_what_name(enum conf_what what)
{
	static const char *const names[] = {
		[CONF_WHAT_GLOBAL] = "global_defs", [CONF_WHAT_DAEMON] = "halbd",
		[CONF_WHAT_STATIC_ADDR] = "static_ipaddress",
		[CONF_WHAT_STATIC_ROUTE] = "static_routes",
		[CONF_WHAT_STATIC_RULE] = "static_rules", [CONF_WHAT_TRACK_GROUP] = "track_group",
		[CONF_WHAT_GARP_GROUP] = "garp_group",
		[CONF_WHAT_SCRIPT] = "vrrp_script", [CONF_WHAT_PROCESS] = "vrrp_track_process",
		[CONF_WHAT_TRACK_FILE] = "track_file", [CONF_WHAT_GROUP] = "vrrp_sync_group",
		[CONF_WHAT_INSTANCE] = "vrrp_instance", [CONF_WHAT_SERVICE] = "virtual_server",
		[CONF_WHAT_SERVER] = "real_server",
	};

	return names[what];
}

static void print_things(FILE *out, const struct things *things, const char *kind,
			 const char *prefix)
{
	for (size_t i = 0; i < things->count; i++) {
		const char *line = things->list[i].text;

		for (; *line; line += strcspn(line, "\n") + 1)
			fprintf(out, "%s%s %s %.*s\n", prefix, kind, things->list[i].name,
				(int)strcspn(line, "\n"), line);
	}
}

void conf_dump(const struct conf *conf, FILE *out)
{
	for (enum conf_what what = CONF_WHAT_GLOBAL; what < CONF_WHAT_SERVER; what++) {
		struct things things = { 0 };

		collect(conf, what, &things);
		print_things(out, &things, conf_what_name(what), "");
		free_things(&things);
	}
	for (size_t i = 0; i < conf->services_count; i++) {
		struct things servers = { 0 };
		char *name = service_name(&conf->services[i]), *prefix;

		if (asprintf(&prefix, "virtual_server %s ", name) < 0)
			abort();
		add_servers(&servers, &conf->services[i]);
		print_things(out, &servers, "real_server", prefix);
		free_things(&servers);
		free(prefix);
		free(name);
	}
}
