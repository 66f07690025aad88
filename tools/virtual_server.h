/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One virtual_server while it is served: who watches the checks of its servers, what
 * their results make of its pool, and who hears of it.
 */
#ifndef HALB_VIRTUAL_SERVER_H
#define HALB_VIRTUAL_SERVER_H

#include "check.h"
#include "conf.h"
#include "print.h"
#include "service_quorum.h"
#include "services.h"

struct alerts;
struct event_base;
struct virtual_server;

/* What it needs of its surroundings. */
struct virtual_server_host {
	struct event_base *base;
	struct checks *checks;
	struct services *services;
	struct alerts *alerts;
	void (*log)(void *arg, int priority, const char *line);
	/* A line for FIFOs, in keepalived's words, with its end. May be NULL. */
	void (*tell)(void *arg, const char *line);
	/* What it wants of the module has changed: virtual_server_want() is to be called. */
	void (*changed)(void *arg, struct virtual_server *vs);
	void *arg;
};

/* Watches its checks. old: the same one by the last configuration, whose state it takes
 * over, or NULL. NULL when there is no memory.
 */
struct virtual_server *virtual_server_new(const struct virtual_server_host *host,
					  const struct conf *conf,
					  const struct conf_virtual_server *vs_conf,
					  const struct virtual_server *old);
/* Gives up its checks, says nothing. */
void virtual_server_free(struct virtual_server *vs);

/* The quorum that it begins with, or has by the new configuration. */
void virtual_server_begin(struct virtual_server *vs);
/* It ends for good: with omega, its scripts are told. */
void virtual_server_end(struct virtual_server *vs);

/* Tells host->services what it wants. 0, or -ENOMEM. */
int virtual_server_want(struct virtual_server *vs);
void virtual_server_drop(struct virtual_server *vs);

/* ha_suspend. */
void virtual_server_instance(struct virtual_server *vs, const char *name, bool master);

/* The module says of a server, by its flags, that it is suspect or not: passive_health. */
void virtual_server_suspect(struct virtual_server *vs, const struct halb_server *server);

const struct conf_virtual_server *virtual_server_conf(const struct virtual_server *vs);
/* now: CLOCK_MONOTONIC, us */
void virtual_server_status(const struct virtual_server *vs, struct out *out, uint64_t now);

#endif
