/* SPDX-License-Identifier: GPL-2.0 */
/* A module that is not there, for services.h: as strict as the real one. */
#ifndef HALB_FAKE_MODULE_H
#define HALB_FAKE_MODULE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services.h"

#define FAKE_MAX	512

struct fake_module {
	struct halb_service services[FAKE_MAX];
	size_t services_count;
	struct halb_server servers[FAKE_MAX];
	size_t servers_count;
	unsigned int transactions;
	unsigned int changes;
	unsigned int resets;		/* servers that went with connections on them */
	uint64_t conns;			/* that each server has */
	struct halb_settings settings;
	int refuse;			/* an errno for the next transactions */
	struct halb_addr refuse_service;	/* family 0: none */
	struct halb_addr refuse_server;
};

static inline struct halb_service *fake_service(struct fake_module *fake,
						const struct halb_key *key)
{
	for (size_t i = 0; i < fake->services_count; i++)
		if (halb_key_equal(&fake->services[i].key, key))
			return &fake->services[i];
	return NULL;
}

static inline struct halb_server *fake_server(struct fake_module *fake,
					      const struct halb_server *like)
{
	for (size_t i = 0; i < fake->servers_count; i++)
		if (halb_key_equal(&fake->servers[i].service, &like->service) &&
		    halb_addr_equal(&fake->servers[i].addr, &like->addr) &&
		    fake->servers[i].port == like->port)
			return &fake->servers[i];
	return NULL;
}

/* Do all servers of the service have the method that ftp needs? */
static inline bool fake_has_nat(const struct fake_module *fake, const struct halb_key *key)
{
	for (size_t i = 0; i < fake->servers_count; i++)
		if (halb_key_equal(&fake->servers[i].service, key) &&
		    fake->servers[i].method != HALB_METHOD_NAT)
			return false;
	return true;
}

static inline int fake_service_change(struct fake_module *fake, enum halb_change_op op,
				      const struct halb_service *change)
{
	struct halb_service *service = fake_service(fake, &change->key);
	size_t kept = 0;

	if (op != HALB_CHANGE_OP_DEL && fake->refuse_service.family &&
	    halb_addr_equal(&fake->refuse_service, &change->key.addr))
		return -EINVAL;
	if (op == HALB_CHANGE_OP_ADD && service)
		return -EEXIST;
	if (op != HALB_CHANGE_OP_ADD && !service)
		return -ENOENT;
	if (op == HALB_CHANGE_OP_SET && change->flags & HALB_SERVICE_FLAG_FTP &&
	    (!fake_has_nat(fake, &change->key) ||
	     service->flags & HALB_SERVICE_FLAG_THROUGH_STACK))
		return -EBUSY;
	if (op == HALB_CHANGE_OP_ADD) {
		fake->services[fake->services_count++] = *change;
	} else if (op == HALB_CHANGE_OP_SET) {
		uint32_t others = service->flags & ~change->flags_mask;

		*service = *change;
		service->flags = (change->flags & change->flags_mask) | others;
	} else {
		for (size_t i = 0; i < fake->servers_count; i++)
			if (!halb_key_equal(&fake->servers[i].service, &change->key))
				fake->servers[kept++] = fake->servers[i];
		fake->servers_count = kept;
		*service = fake->services[--fake->services_count];
	}
	return 0;
}

static inline int fake_server_change(struct fake_module *fake, enum halb_change_op op,
				     const struct halb_server *change)
{
	struct halb_server *server = fake_server(fake, change);

	if (!fake_service(fake, &change->service))
		return -ENOENT;
	if (op != HALB_CHANGE_OP_DEL && change->present & HALB_SRV_METHOD &&
	    change->method != HALB_METHOD_NAT &&
	    fake_service(fake, &change->service)->flags & HALB_SERVICE_FLAG_FTP)
		return -EBUSY;
	if (op != HALB_CHANGE_OP_DEL && fake->refuse_server.family &&
	    halb_addr_equal(&fake->refuse_server, &change->addr))
		return -ERANGE;
	if (op == HALB_CHANGE_OP_ADD && server)
		return -EEXIST;
	if (op != HALB_CHANGE_OP_ADD && !server)
		return -ENOENT;
	if (op == HALB_CHANGE_OP_ADD) {
		fake->servers[fake->servers_count++] = *change;
	} else if (op == HALB_CHANGE_OP_SET) {
		server->weight = change->weight;
		if (change->present & HALB_SRV_METHOD)
			server->method = change->method;
		if (change->present & HALB_SRV_BACKUP)
			server->backup = change->backup;
	} else {
		fake->resets += fake->conns > 0;
		*server = fake->servers[--fake->servers_count];
	}
	return 0;
}

static inline int fake_apply(void *arg, const struct halb_change *changes, size_t count,
			     char *err, size_t size)
{
	struct fake_module *fake = arg, before = *fake;
	int ret = -fake->refuse;

	for (size_t i = 0; i < count && !ret; i++) {
		if (changes[i].object == HALB_OBJECT_SERVICE)
			ret = fake_service_change(fake, changes[i].op, &changes[i].service);
		else if (changes[i].object == HALB_OBJECT_SERVER)
			ret = fake_server_change(fake, changes[i].op, &changes[i].server);
		else if (changes[i].object == HALB_OBJECT_SETTINGS)
			fake->settings = changes[i].settings;
	}
	if (ret) {
		*fake = before;
		snprintf(err, size, "refused: %s", strerror(-ret));
		return ret;
	}
	fake->transactions++;
	fake->changes += count;
	return 0;
}

static inline int fake_read(void *arg, struct halb_config *config, char *err, size_t size)
{
	struct fake_module *fake = arg;
	size_t n = 0;

	if (fake->refuse) {
		snprintf(err, size, "the module is not there");
		return -fake->refuse;
	}
	memset(config, 0, sizeof(*config));
	config->services = calloc(FAKE_MAX, sizeof(*config->services));
	config->servers = calloc(FAKE_MAX, sizeof(*config->servers));
	config->servers_first = calloc(FAKE_MAX, sizeof(size_t));
	config->servers_count = calloc(FAKE_MAX, sizeof(size_t));
	for (size_t i = 0; i < fake->services_count; i++) {
		config->services[i] = fake->services[i];
		config->servers_first[i] = n;
		for (size_t j = 0; j < fake->servers_count; j++)
			if (halb_key_equal(&fake->servers[j].service, &fake->services[i].key))
				config->servers[n++] = fake->servers[j];
		config->servers_count[i] = n - config->servers_first[i];
	}
	config->services_count = fake->services_count;
	return 0;
}

static inline int fake_conns(void *arg, const struct halb_server *server, uint64_t *conns)
{
	struct fake_module *fake = arg;

	if (!fake_server(fake, server))
		return -ENOENT;
	*conns = fake->conns;
	return 0;
}

static const struct services_ops fake_ops = {
	.read = fake_read, .apply = fake_apply, .conns = fake_conns,
};

#endif
