/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The services that the module has, and those that it should have. What differs is
 * changed in one transaction; what is equal is not touched.
 *
 *	services_adopt(services);		what an earlier halbd left
 *	services_want(services, &service, servers, count);
 *	services_commit(services);
 *
 * A server that is down is taken out at once: the module resets its connections, so
 * that clients go elsewhere. A server that is not wanted any more drains: its weight
 * is 0 until its last connection has ended.
 *
 * Pure but for the operations, which nl_services.c has for the real module.
 */
#ifndef HALB_SERVICES_H
#define HALB_SERVICES_H

#include "model.h"

struct services;

struct services_ops {
	/* 0 or a negative errno, and then a sentence in err */
	int (*read)(void *arg, struct halb_config *config, char *err, size_t size);
	/* All of it takes effect, or nothing. */
	int (*apply)(void *arg, const struct halb_change *changes, size_t count,
		     char *err, size_t size);
	/* what is left: connections and templates of it; -ENOENT: it is gone */
	int (*conns)(void *arg, const struct halb_server *server, uint64_t *conns);
};

struct services_server {
	struct halb_server server;
	bool out;			/* down: not in the pool */
};

/* NULL when there is no memory. */
struct services *services_new(const struct services_ops *ops, void *arg);
void services_free(struct services *services);

/* Learns what is there. It stays, unless it is wanted otherwise. */
int services_adopt(struct services *services);

#define SERVICES_UNKNOWN	(-2)	/* there is no such service */
#define SERVICES_ABSENT		(-1)	/* it has no such server */

/* The weight that was found there, or is by now. */
int64_t services_weight(struct services *services, const struct halb_key *key,
			const struct halb_addr *addr, uint16_t port);

/* Everything that is not wanted goes at the next commit (lvs_flush). */
void services_flush(struct services *services);

/* That service with those servers. 0, or -ENOMEM. */
int services_want(struct services *services, const struct halb_service *service,
		  const struct services_server *servers, size_t count);
/* The service goes, and its servers with it. */
void services_drop(struct services *services, const struct halb_key *key);

/* 0, or a negative errno: services_error() says why, and everything is still to be
 * done. When what is there is not what was thought, it is read anew and tried again.
 *
 * Success even if the module refuses one of the services, or one of its servers: all the others
 * take effect, and what was refused is tried again at each commit.
 */
int services_commit(struct services *services);
const char *services_error(const struct services *services);

struct services_refusal {
	struct halb_key key;
	bool served;			/* the module has the service, as it was before */
	struct halb_addr addr;		/* of the server that is refused; family 0: all of it is */
	uint16_t port;
	char why[256];
};

/* Of the last commit; until the next one. */
size_t services_refusals(const struct services *services, const struct services_refusal **list);

/* The changes of the last commit. */
size_t services_changes(const struct services *services);

/* Takes out the servers that have drained; how many still drain. */
size_t services_poll(struct services *services);
size_t services_draining(const struct services *services);

#endif
