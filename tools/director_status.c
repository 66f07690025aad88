// SPDX-License-Identifier: GPL-2.0
/* What `halbctl status` asks for. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <json-c/json.h>

#include "addr.h"
#include "director.h"
#include "log.h"
#include "status.h"
#include "status_server.h"

static struct status_server *server;

static void put_str(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value));
}

static void put_uint(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

static void put_seconds(struct json_object *object, const char *key, vrrp_time us)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu.%06llu", (unsigned long long)(us / VRRP_SECOND),
		 (unsigned long long)(us % VRRP_SECOND));
	json_object_object_add(object, key, json_object_new_double_s((double)us / 1e6, text));
}

static void put_addr(struct json_object *object, const char *key, const struct halb_addr *addr)
{
	char text[ADDR_STRLEN];

	if (addr->family)
		put_str(object, key, addr_format(addr, text));
}

static struct json_object *counters_of(const struct vrrp *vrrp)
{
	struct json_object *object = json_object_new_object();
	struct json_object *refused = json_object_new_object();
	const struct vrrp_counters *counters = &vrrp->counters;

	put_uint(object, "sent", counters->sent);
	put_uint(object, "received", counters->received);
	put_uint(object, "stop-sent", counters->stop_sent);
	put_uint(object, "stop-received", counters->stop_received);
	put_uint(object, "became-master", counters->became_master);
	put_uint(object, "released-master", counters->released_master);
	put_uint(object, "second-master", counters->rivals);
	for (int i = VRRP_TAKEN + 1; i < VRRP_REFUSAL_COUNT; i++)
		put_uint(refused, vrrp_refusal_name(i), counters->refused[i]);
	json_object_object_add(object, "refused", refused);
	return object;
}

static struct json_object *addresses_of(const struct conf_vrrp *conf)
{
	struct json_object *array = json_object_new_array();
	char text[ADDR_STRLEN + 8], addr[ADDR_STRLEN];

	for (size_t i = 0; i < conf->vips_count; i++) {
		snprintf(text, sizeof(text), "%s/%u", addr_format(&conf->vips[i].addr, addr),
			 conf->vips[i].prefix);
		json_object_array_add(array, json_object_new_string(text));
	}
	return array;
}

static struct json_object *instance_status(const struct instance *instance)
{
	const struct conf_vrrp *conf = instance->conf;
	const struct vrrp *vrrp = &instance->vrrp;
	struct json_object *object = json_object_new_object();
	vrrp_time now = director_now();

	put_str(object, "name", conf->name);
	put_str(object, "state", vrrp_state_name(vrrp->state));
	put_str(object, "reason", vrrp->why == VRRP_WHY_FAULT ? instance->fault :
		vrrp_why_text(vrrp->why));
	put_seconds(object, "since", now - vrrp->since);
	put_str(object, "interface", conf->interface);
	put_uint(object, "vrid", conf->vrid);
	put_uint(object, "version", conf->version);
	put_uint(object, "priority", conf->priority);
	put_uint(object, "effective-priority", vrrp->priority);
	put_seconds(object, "advert-int", vrrp->params.advert_int);
	put_addr(object, "source", &vrrp->self);
	if (conf->group)
		put_str(object, "group", conf->group);
	put_addr(object, "last-master", &vrrp->master);
	if (vrrp->master.family) {
		put_uint(object, "last-master-priority", vrrp->master_priority);
		put_seconds(object, "last-heard", now - vrrp->heard);
	}
	if (vrrp->state == VRRP_BACKUP)
		put_seconds(object, "master-down-in", vrrp->down > now ? vrrp->down - now : 0);
	json_object_object_add(object, "addresses", addresses_of(conf));
	json_object_object_add(object, "counters", counters_of(vrrp));
	return object;
}

char *status_text(const struct director *director)
{
	struct json_object *root = json_object_new_object();
	struct json_object *array = json_object_new_array();
	const char *text;
	char *copy;

	put_str(root, "version", HALB_VERSION);
	put_uint(root, "pid", (uint64_t)getppid());
	put_str(root, "configuration", director->conf_path);
	for (size_t i = 0; i < director->count; i++)
		json_object_array_add(array, instance_status(director->instances[i]));
	json_object_object_add(root, "instances", array);
	text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN);
	copy = text ? strdup(text) : NULL;
	json_object_put(root);
	return copy;
}

/* --- the socket ------------------------------------------------------------------ */

static char *render(void *arg)
{
	return status_text(arg);
}

int status_open(struct director *director)
{
	server = status_server_open(director->base, STATUS_VRRP, render, director);
	return server ? 0 : -errno;
}

void status_close(void)
{
	status_server_close(server);
	server = NULL;
}
