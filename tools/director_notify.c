// SPDX-License-Identifier: GPL-2.0
/* Telling others of a transition: scripts with keepalived's arguments, FIFOs, the module. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alert.h"
#include "director.h"
#include "fifo.h"
#include "log.h"

/* --- FIFOs ------------------------------------------------------------------------ */

/* Not from this process: a copy of it would hold its sockets, and the module's, open. */
static void send_mail(void *arg, const struct conf_global *conf, const char *subject,
		      const char *body)
{
	const struct director *director = arg;
	int ret = scripts_mail(director->scripts_fd, conf, subject, body);

	if (ret)
		log_msg(LOG_WARNING, "A mail could not be sent: %s", strerror(-ret));
}

static void open_alerts(struct director *director)
{
	if (director->alerts) {
		alerts_configure(director->alerts, &director->conf->global);
		return;
	}
	director->alerts = alerts_new(director->base, &director->conf->global, NULL, NULL);
	if (director->alerts)
		alerts_set_sender(director->alerts, send_mail, director);
}

void notify_open(struct director *director)
{
	const struct conf_global *global = &director->conf->global;
	const struct conf_fifo *conf[] = { &global->notify_fifo, &global->vrrp_notify_fifo };
	const char *path[2] = { NULL };

	open_alerts(director);
	for (unsigned int i = 0; i < 2; i++) {
		director->fifos[i] = fifo_open(conf[i]);
		path[0] = conf[i]->path;
		if (director->fifos[i] >= 0 && conf[i]->script.argv && !director->started)
			scripts_run(director->scripts_fd, 0, &conf[i]->script, path, 0);
	}
}

void notify_close(struct director *director)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (director->fifos[i] >= 0)
			close(director->fifos[i]);
		director->fifos[i] = -1;
	}
}

static void write_fifos(struct director *director, const char *type, const char *name,
			const char *state, unsigned int priority)
{
	char line[512];
	int len = snprintf(line, sizeof(line), "%s \"%s\" %s %u\n", type, name, state, priority);

	if (len < 0 || (size_t)len >= sizeof(line))
		return;
	for (unsigned int i = 0; i < 2; i++)
		fifo_write(director->fifos[i], line);
}

/* --- scripts ------------------------------------------------------------------------- */

static void run_script(struct director *director, const struct conf_script *script,
		const char *const *more)
{
	int ret;

	if (!script->argv)
		return;
	ret = scripts_run(director->scripts_fd, 0, script, more, 0);
	if (ret)
		log_msg(LOG_ERR, "%s cannot be run: %s", script->argv[0], strerror(-ret));
}

/* keepalived's words */
static void mail(struct director *director, const char *type, const char *name,
		 enum vrrp_state state, bool stop)
{
	char subject[256], body[128];

	if (stop || !director->alerts || state == VRRP_INIT ||
	    (state == VRRP_FAULT && director->conf->global.no_email_faults))
		return;
	snprintf(subject, sizeof(subject), "VRRP %s %s - Entering %s state", type, name,
		 vrrp_state_name(state));
	if (!strcmp(type, "Group"))
		snprintf(body, sizeof(body), "=> All VRRP group instances are now in %s state <=\n",
			 vrrp_state_name(state));
	else
		snprintf(body, sizeof(body), "=> VRRP Instance is %s owning VRRP VIPs <=\n",
			 state == VRRP_MASTER ? "now" : "no longer");
	alert_send(director->alerts, subject, body);
}

static void run_all(struct director *director, const struct conf_notify *notify,
		    const char *type, const char *name, enum vrrp_state state, bool stop,
		    unsigned int priority)
{
	const char *text = stop ? "STOP" : vrrp_state_name(state);
	char number[16];
	const char *const more[] = { type, name, text, number, NULL };
	const struct conf_script *script = stop ? &notify->notify_stop :
		state == VRRP_MASTER ? &notify->notify_master :
		state == VRRP_BACKUP ? &notify->notify_backup : &notify->notify_fault;

	snprintf(number, sizeof(number), "%u", priority);
	run_script(director, script, NULL);
	run_script(director, &notify->notify, more);
	write_fifos(director, type, name, text, priority);
}

void notify_instance(struct instance *instance, enum vrrp_state state, bool stop)
{
	run_all(instance->director, &instance->conf->notify, "INSTANCE", instance->conf->name,
		state, stop, instance->vrrp.priority);
	if (instance->conf->smtp_alert)
		mail(instance->director, "Instance", instance->conf->name, state, stop);
}

void notify_group(struct group *group, bool stop)
{
	run_all(group->director, &group->conf->notify, "GROUP", group->conf->name,
		group->vrrp.state, stop, 0);
	if (group->conf->smtp_alert)
		mail(group->director, "Group", group->conf->name, group->vrrp.state, stop);
}

void notify_priority(struct instance *instance)
{
	char state[32];

	if (!instance->conf->notify_priority_changes || instance->vrrp.state == VRRP_INIT)
		return;
	snprintf(state, sizeof(state), "%s_PRIORITY", vrrp_state_name(instance->vrrp.state));
	write_fifos(instance->director, "INSTANCE", instance->conf->name, state,
		    instance->vrrp.priority);
}

void notify_reloaded(struct director *director)
{
	if (!director->conf->global.fifo_write_vrrp_states_on_reload)
		return;
	for (size_t i = 0; i < director->groups_count; i++)
		write_fifos(director, "GROUP", director->groups[i].conf->name,
			    vrrp_state_name(director->groups[i].vrrp.state), 0);
	for (size_t i = 0; i < director->count; i++)
		write_fifos(director, "INSTANCE", director->instances[i]->conf->name,
			    vrrp_state_name(director->instances[i]->vrrp.state),
			    director->instances[i]->vrrp.priority);
}

void notify_rx_lower(struct instance *instance)
{
	run_script(instance->director, &instance->conf->notify.notify_master_rx_lower_pri, NULL);
	write_fifos(instance->director, "INSTANCE", instance->conf->name,
		    "MASTER_RX_LOWER_PRI", instance->vrrp.priority);
}
