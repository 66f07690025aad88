// SPDX-License-Identifier: GPL-2.0
/* From a file to a finished configuration. */
#include "conf.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_priv.h"

#define SEC	1000000LL

/* What conf_load() gives is the first member. */
struct conf_memory {
	struct conf conf;
	struct arena arena;
};

/* --- global_defs ----------------------------------------------------------------------- */

static void start_global(struct parser *p)
{
	struct conf_global *g = &p->global.g;

	g->smtp_port = 25;
	g->smtp_connect_timeout_us = 30 * SEC;
	g->smtp_alert = g->smtp_alert_vrrp = g->smtp_alert_checker = -1;
	g->umask = -1;
	g->vmac_prefix = arena_strdup(p->arena, "vrrp.");
	g->garp.master_delay_us = 5 * SEC;
	g->garp.master_repeat = 5;
	g->garp.master_refresh_repeat = 1;
	g->garp.lower_prio_delay_us = -1;
	g->garp.lower_prio_repeat = UINT32_MAX;
	g->vrrp_mcast_group4.family = AF_INET;
	g->vrrp_mcast_group4.v4.s_addr = htonl(0xe0000012);
	g->vrrp_mcast_group6.family = AF_INET6;
	g->vrrp_mcast_group6.v6 = (struct in6_addr){ { { 0xff, 0x02, [15] = 0x12 } } };
	p->global.down_timer_adverts = 3;
	p->conf->child_wait_time_us = 15 * SEC;
}

static void finish_global(struct parser *p)
{
	struct conf_global *g = &p->global.g;
	char host[256] = "localhost";

	gethostname(host, sizeof(host) - 1);
	if (!g->router_id)
		g->router_id = arena_strdup(p->arena, host);
	if (!g->smtp_helo_name)
		g->smtp_helo_name = arena_strdup(p->arena, host);
	if (!g->notification_email_from)
		g->notification_email_from = arena_printf(p->arena, "halbd@%s", host);
	if (g->notification_email_count && !g->smtp_server)
		conf_warn(p, &g->pos, "notification_email without smtp_server: no mail is sent");
	if (g->smtp_server && !g->notification_email_count)
		conf_warn(p, &g->pos, "smtp_server without notification_email: no mail is sent");
	if (g->lvs_notify_fifo.script.argv && !g->lvs_notify_fifo.path)
		conf_error(p, &g->lvs_notify_fifo.script.pos, "lvs_notify_fifo_script reads nothing: add lvs_notify_fifo");
	if (g->vrrp_notify_fifo.script.argv && !g->vrrp_notify_fifo.path)
		conf_error(p, &g->vrrp_notify_fifo.script.pos, "vrrp_notify_fifo_script reads nothing: add vrrp_notify_fifo");
	if (g->notify_fifo.script.argv && !g->notify_fifo.path)
		conf_error(p, &g->notify_fifo.script.pos, "notify_fifo_script reads nothing: add notify_fifo");
	/* What nobody inherits any more is told as what it means. */
	if (g->garp.lower_prio_delay_us < 0)
		g->garp.lower_prio_delay_us = g->garp.master_delay_us;
	if (g->garp.lower_prio_repeat == UINT32_MAX)
		g->garp.lower_prio_repeat = g->garp.master_repeat;
	p->conf->global = *g;
}

/* --- scripts ----------------------------------------------------------------------------- */

/* Each directory and the program itself: nobody but root may change them. */
static bool secure(const char *path)
{
	char part[4096];
	struct stat st;

	for (size_t len = 1; len <= strlen(path) && len < sizeof(part); len++) {
		if (path[len] != '/' && path[len])
			continue;
		memcpy(part, path, len);
		part[len] = '\0';
		if (stat(part, &st))
			return true;	/* nothing that could be run */
		if (st.st_uid || (st.st_mode & (0022) && !(st.st_mode & 01000)))
			return false;
	}
	return true;
}

static bool in_path(const char *name)
{
	static const char path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char dirs[sizeof(path)], full[4096], *rest, *dir;

	memcpy(dirs, path, sizeof(path));
	for (dir = strtok_r(dirs, ":", &rest); dir; dir = strtok_r(NULL, ":", &rest)) {
		snprintf(full, sizeof(full), "%s/%s", dir, name);
		if (!access(full, X_OK))
			return true;
	}
	return false;
}

struct scripts {
	struct parser *p;
	struct conf_pos first;		/* of the first one, wherever it is */
	uid_t uid;
	gid_t gid;
	bool any;
};

static void finish_script(struct scripts *s, struct conf_script *script)
{
	const struct conf_global *g = &s->p->global.g;
	const char *path;

	if (!script->argv)
		return;
	path = script->argv[0];
	if (!s->any)
		s->first = script->pos;
	s->any = true;
	script->all_groups = g->set_supplementary_groups;
	if (script->uid == (uid_t)-1) {
		script->uid = s->uid;
		script->gid = s->gid;
	}
	if (g->enable_script_security && !script->uid && *path == '/' && !secure(path)) {
		conf_say(s->p, CONF_SECURITY, &script->pos, "%s can be changed by others than root, and would run as root: it is not run; chown root and chmod go-w it and its directories, or name another user",
			 path);
		script->argv = NULL;
		script->argc = 0;
		return;
	}
	if (s->p->check_host && (*path == '/' ? access(path, X_OK) : !in_path(path)))
		conf_warn(s->p, &script->pos, "there is no program %s here that can be run", path);
}

static void finish_notify(struct scripts *s, struct conf_notify *notify)
{
	finish_script(s, &notify->notify_master);
	finish_script(s, &notify->notify_backup);
	finish_script(s, &notify->notify_fault);
	finish_script(s, &notify->notify_stop);
	finish_script(s, &notify->notify_deleted);
	finish_script(s, &notify->notify_master_rx_lower_pri);
	finish_script(s, &notify->notify);
}

static void finish_service_scripts(struct scripts *s, struct conf_virtual_server *v)
{
	finish_script(s, &v->quorum_up);
	finish_script(s, &v->quorum_down);
	for (size_t i = 0; i < v->servers_count; i++) {
		finish_script(s, &v->servers[i].notify_up);
		finish_script(s, &v->servers[i].notify_down);
		for (size_t k = 0; k < v->servers[i].checks_count; k++)
			finish_script(s, &v->servers[i].checks[k].script);
	}
}

static void default_user(struct scripts *s)
{
	const struct conf_global *g = &s->p->global.g;
	const struct passwd *pw;

	if (g->script_user_set) {
		s->uid = g->script_uid;
		s->gid = g->script_gid;
		return;
	}
	pw = getpwnam("keepalived_script");
	s->uid = pw ? pw->pw_uid : getuid();
	s->gid = pw ? pw->pw_gid : getgid();
}

static void finish_scripts(struct parser *p)
{
	struct scripts s = { .p = p };
	struct conf *conf = p->conf;

	default_user(&s);
	finish_script(&s, &p->global.g.startup_script);
	finish_script(&s, &p->global.g.shutdown_script);
	finish_script(&s, &p->global.g.notify_fifo.script);
	finish_script(&s, &p->global.g.vrrp_notify_fifo.script);
	finish_script(&s, &p->global.g.lvs_notify_fifo.script);
	for (size_t i = 0; i < conf->scripts_count; i++)
		finish_script(&s, &conf->scripts[i].script);
	for (size_t i = 0; i < conf->instances_count; i++)
		finish_notify(&s, &conf->instances[i].notify);
	for (size_t i = 0; i < conf->groups_count; i++)
		finish_notify(&s, &conf->groups[i].notify);
	for (size_t i = 0; i < conf->services_count; i++)
		finish_service_scripts(&s, &conf->services[i]);
	if (s.any && !p->global.g.enable_script_security)
		conf_say(p, CONF_SECURITY, &s.first, "scripts are run, and nobody looks at who may change them: add enable_script_security to global_defs");
}

/* --- messages ------------------------------------------------------------------------------ */

struct sorted {
	struct conf_message message;
	size_t file, index;
};

static int compare_messages(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->message.pos.line != y->message.pos.line)
		return x->message.pos.line < y->message.pos.line ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static size_t file_index(const struct conf *conf, const char *file)
{
	size_t i;

	for (i = 0; i < conf->files_count; i++)
		if (file && !strcmp(conf->files[i], file))
			break;
	return i;
}

/* What the end finds belongs to lines, too. */
static void sort_messages(const struct parser *p, size_t first)
{
	struct conf_messages *messages = p->messages;
	size_t count = messages->count - first;
	struct sorted *sorted = calloc(count + 1, sizeof(*sorted));

	if (!sorted)
		abort();
	for (size_t i = 0; i < count; i++) {
		sorted[i].message = messages->messages[first + i];
		sorted[i].file = file_index(p->conf, sorted[i].message.pos.file);
		sorted[i].index = i;
	}
	qsort(sorted, count, sizeof(*sorted), compare_messages);
	for (size_t i = 0; i < count; i++)
		messages->messages[first + i] = sorted[i].message;
	free(sorted);
}

static int exit_code(const struct conf_messages *messages, size_t first)
{
	static const int codes[] = {
		[CONF_NOTE] = CONF_EXIT_OK, [CONF_WARNING] = CONF_EXIT_OK,
		[CONF_ERROR] = CONF_EXIT_ERRORS, [CONF_SECURITY] = CONF_EXIT_SECURITY,
	};
	int code = CONF_EXIT_OK;

	for (size_t i = first; i < messages->count; i++) {
		if (messages->messages[i].severity == CONF_FATAL)
			return CONF_EXIT_FATAL;
		if (codes[messages->messages[i].severity] > code)
			code = codes[messages->messages[i].severity];
	}
	return code;
}

/* --- use -------------------------------------------------------------------------------------- */

int conf_load(const char *path, const struct conf_options *options, struct conf **conf,
	      struct conf_messages *messages)
{
	struct conf_memory *memory = calloc(1, sizeof(*memory));
	struct parser p = { .messages = messages, .rule_priority = 16384 };
	size_t first = messages->count;
	char host[256] = "localhost";
	int code;

	if (!memory)
		abort();
	gethostname(host, sizeof(host) - 1);
	p.conf = &memory->conf;
	p.arena = &memory->arena;
	p.config_id = options && options->config_id ? options->config_id : host;
	p.check_host = options && options->check_host;
	start_global(&p);
	conf_read(&p, path);
	conf_apply(&p, p.root, "top", p.conf);
	conf_finish_vrrp(&p);
	conf_finish_services(&p);
	finish_scripts(&p);
	finish_global(&p);
	sort_messages(&p, first);
	code = exit_code(messages, first);
	*conf = &memory->conf;
	if (code == CONF_EXIT_FATAL) {
		conf_free(*conf);
		*conf = NULL;
	}
	return code;
}

void conf_free(struct conf *conf)
{
	struct conf_memory *memory = (struct conf_memory *)conf;

	if (!conf)
		return;
	arena_free(&memory->arena);
	free(memory);
}

const struct conf_vrrp *conf_find_instance(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->instances_count; i++)
		if (!strcmp(conf->instances[i].name, name))
			return &conf->instances[i];
	return NULL;
}

const struct conf_sync_group *conf_find_group(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->groups_count; i++)
		if (!strcmp(conf->groups[i].name, name))
			return &conf->groups[i];
	return NULL;
}

const struct conf_vrrp_script *conf_find_script(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->scripts_count; i++)
		if (!strcmp(conf->scripts[i].name, name))
			return &conf->scripts[i];
	return NULL;
}

const struct conf_track_file *conf_find_track_file(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->track_files_count; i++)
		if (!strcmp(conf->track_files[i].name, name))
			return &conf->track_files[i];
	return NULL;
}

const struct conf_track_process *conf_find_track_process(const struct conf *conf,
							 const char *name)
{
	for (size_t i = 0; i < conf->track_processes_count; i++)
		if (!strcmp(conf->track_processes[i].name, name))
			return &conf->track_processes[i];
	return NULL;
}

static size_t count_of(const struct conf_messages *messages, enum conf_severity severity)
{
	size_t count = 0;

	for (size_t i = 0; i < messages->count; i++)
		count += messages->messages[i].severity == severity;
	return count;
}

int conf_test(const char *path, const struct conf_options *options, FILE *out)
{
	struct conf_messages messages = { 0 };
	struct conf *conf;
	int code;

	code = conf_load(path, options, &conf, &messages);
	conf_messages_print(&messages, out);
	if (code == CONF_EXIT_FATAL)
		fprintf(out, "%s: halbd cannot run with this file\n", path);
	else
		fprintf(out, "%s: %zu instances, %zu services; %zu errors, %zu warnings, %zu notes\n", path,
			conf->instances_count, conf->services_count,
			count_of(&messages, CONF_ERROR) + count_of(&messages, CONF_SECURITY),
			count_of(&messages, CONF_WARNING), count_of(&messages, CONF_NOTE));
	conf_messages_free(&messages);
	conf_free(conf);
	return code;
}
