// SPDX-License-Identifier: GPL-2.0
/* The module's side of an instance: it serves the services that are bound to it, or leaves them to
 * the master.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "director.h"
#include "log.h"
#include "module_link.h"
#include "supervise.h"

/* For the module's answer an advertisement may be late by this share of the interval, and not by more
 * than so many microseconds.
 */
#define WAIT_SHARE	20
#define WAIT_MAX	20000
/* At the end nobody else waits. */
#define WAIT_END	1000000

static struct module_link *module;
static int news_fd = -1;		/* the link's */
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

static bool is_known(const struct instance *instance)
{
	return !module || module_link_wait(module, instance->conf->name, 0);
}

static void on_news(evutil_socket_t fd, short what, void *arg)
{
	struct director *director = arg;
	struct module_refusal refusal;
	eventfd_t count;

	(void)what;
	eventfd_read(fd, &count);
	if (module && module_link_refused(module, &refusal))
		log_msg(LOG_ERR, "(%s) cannot tell the module: %s", refusal.instance, refusal.why);
	for (size_t i = 0; i < director->count; i++)
		if (is_known(director->instances[i]))
			instance_is_known(director->instances[i]);
}

/* Once: links come and go. */
static bool open_news(struct director *director)
{
	struct event *event;

	if (news_fd >= 0)
		return true;
	news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (news_fd < 0)
		return false;
	event = event_new(director->base, news_fd, EV_READ | EV_PERSIST, on_news, director);
	if (event && !event_add(event, NULL))
		return true;
	close(news_fd);
	news_fd = -1;
	return false;
}

/* Its socket takes the place of an old one's, if there is one. */
static void load(struct director *director, struct module_link *old)
{
	struct nl_ctx ctx;

	missing[0] = '\0';
	if (nl_open(&ctx)) {
		snprintf(missing, sizeof(missing), "no virtual server works: %.280s", ctx.err.text);
		nl_close(&ctx);
	} else if (!open_news(director)) {
		snprintf(missing, sizeof(missing), "no virtual server works: no eventfd: %s",
			 strerror(errno));
		nl_close(&ctx);
	} else {
		module = module_link_new(&ctx, news_fd, old);
		old = NULL;
		if (!module)
			snprintf(missing, sizeof(missing), "no virtual server works: no thread");
	}
	if (old)
		module_link_end(old);
	if (missing[0])
		log_msg(LOG_ERR, "%s", missing);
}

void module_load(struct director *director)
{
	if (!module && director->conf->services_count)
		load(director, NULL);
}

void module_close(void)
{
	if (!module)
		return;
	module_link_wait(module, NULL, WAIT_END);
	module_link_end(module);
	module = NULL;
}

/* Of all services, or of some. */
static bool is_general(const char *why)
{
	return *why && !strchr(why, '\t');
}

void module_refused(struct director *director, const char *why)
{
	bool back = !is_general(why) && (is_general(refused) || missing[0]);
	struct module_link *old = module;

	snprintf(refused, sizeof(refused), "%s", why);
	if (!back)
		return;
	/* It may be another module than before, which knows nothing of us. */
	module = NULL;
	if (old || director->conf->services_count)
		load(director, old);
	module_tell(director);
	/* For those that the old one has not answered. */
	if (news_fd >= 0)
		eventfd_write(news_fd, 1);
}

void module_tell(struct director *director)
{
	for (size_t i = 0; i < director->count; i++)
		director_state(director->instances[i], director->instances[i]->vrrp.state);
}

/* Services that still name it are in fault then. */
void module_forget(const struct instance *instance)
{
	if (module)
		module_link_del(module, instance->conf->name);
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

static int64_t patience(const struct instance *instance)
{
	int64_t us = (int64_t)instance->vrrp.params.advert_int / WAIT_SHARE;

	return us < WAIT_MAX ? us : WAIT_MAX;
}

/* If this process dies, the module waits for as long as a backup would, and is in fault then.
 *
 * Mostly it takes some microseconds, and all is in its order then. But of those that wait for the
 * same transaction only the first one waits here.
 */
bool director_state(struct instance *instance, enum vrrp_state state)
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
	bool idle;

	if (!module || !has_services(instance->director->conf, instance->conf->name))
		return true;
	snprintf(object.name, sizeof(object.name), "%s", instance->conf->name);
	idle = module_link_is_idle(module);
	module_link_set(module, &object);
	return module_link_wait(module, object.name, idle ? patience(instance) : 0);
}
