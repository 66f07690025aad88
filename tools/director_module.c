// SPDX-License-Identifier: GPL-2.0
/* The module's side of an instance: it serves the services that are bound to it, or leaves them to
 * the master.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "director.h"
#include "log.h"
#include "nl.h"
#include "supervise.h"

static struct nl_ctx ctx;
static bool is_open;
static char missing[320];		/* what nl_open() said */
static char refused[SUPERVISE_FAULT_SIZE];	/* what the checkers said */

static bool has_services(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->services_count; i++)
		for (size_t n = 0; n < conf->services[i].keys_count; n++)
			if (conf->services[i].keys[n].instance &&
			    !strcmp(conf->services[i].keys[n].instance, name))
				return true;
	return false;
}

void module_load(struct director *director)
{
	if (is_open || !director->conf->services_count)
		return;
	missing[0] = '\0';
	if (!nl_open(&ctx)) {
		is_open = true;
		return;
	}
	snprintf(missing, sizeof(missing), "no virtual server works: %.280s", ctx.err.text);
	nl_close(&ctx);
	log_msg(LOG_ERR, "%s", missing);
}

void module_close(void)
{
	if (is_open)
		nl_close(&ctx);
	is_open = false;
}

/* Of all services, or of some. */
static bool is_general(const char *why)
{
	return *why && !strchr(why, '\t');
}

void module_refused(struct director *director, const char *why)
{
	bool back = !is_general(why) && (is_general(refused) || missing[0]);

	snprintf(refused, sizeof(refused), "%s", why);
	if (!back)
		return;
	/* It may be another module than before, which knows nothing of us. */
	module_close();
	module_load(director);
	module_tell(director);
}

void module_tell(struct director *director)
{
	for (size_t i = 0; i < director->count; i++)
		director_state(director->instances[i], director->instances[i]->vrrp.state);
}

/* Services that still name it are in fault then. */
void module_forget(const struct instance *instance)
{
	if (is_open)
		nl_instance_del(&ctx, instance->conf->name);
}

/* What is said of the instance in a line of its own. */
static const char *said_of(const char *name, char *buf, size_t size)
{
	size_t len = strlen(name);

	for (const char *line = refused; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) || line[len] != '\t')
			continue;
		line += len + 1;
		snprintf(buf, size, "%.*s", (int)strcspn(line, "\n"), line);
		return buf;
	}
	return NULL;
}

const char *module_fault(const struct instance *instance)
{
	static char text[320];

	if (!has_services(instance->director->conf, instance->conf->name))
		return NULL;
	if (missing[0])
		return missing;
	if (!is_general(refused))
		return said_of(instance->conf->name, text, sizeof(text));
	snprintf(text, sizeof(text), "no virtual server works: %.280s", refused);
	return text;
}

/* If this process dies, the module waits for as long as a backup would, and is in fault then. */
void director_state(struct instance *instance, enum vrrp_state state)
{
	static const uint32_t states[] = {
		[VRRP_INIT] = HALB_DIRECTOR_STATE_FAULT,
		[VRRP_BACKUP] = HALB_DIRECTOR_STATE_BACKUP,
		[VRRP_MASTER] = HALB_DIRECTOR_STATE_MASTER,
		[VRRP_FAULT] = HALB_DIRECTOR_STATE_FAULT,
	};
	struct halb_instance object = {
		.present = HALB_INST_STATE | HALB_INST_GRACE, .state = states[state],
		.grace = (uint32_t)(vrrp_down_interval(&instance->vrrp) / 1000),
	};

	if (!is_open || !has_services(instance->director->conf, instance->conf->name))
		return;
	snprintf(object.name, sizeof(object.name), "%s", instance->conf->name);
	if (nl_instance_set(&ctx, &object, 1))
		log_msg(LOG_ERR, "(%s) cannot tell the module: %s", instance->conf->name,
			ctx.err.text);
}
