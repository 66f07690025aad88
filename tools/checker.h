/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The checker process: the virtual servers of a configuration, their checks, and
 * the module that follows them.
 *
 *	checker = checker_start(base, conf, &options);
 *	event_base_dispatch(base);
 *	checker_stop(checker, false);
 */
#ifndef HALB_CHECKER_H
#define HALB_CHECKER_H

#include "conf.h"
#include "print.h"
#include "services.h"

struct checker;
struct event_base;

struct checker_options {
	const struct services_ops *ops;	/* nl_services_ops */
	void *ops_arg;			/* an open struct nl_ctx */
	/* priority: of syslog(3) */
	void (*log)(void *arg, int priority, const char *line);
	/* Why services cannot be served, for all instances that are bound to some, or for single
	 * ones (supervise.h); "": they can. Those are to be in fault meanwhile.
	 */
	void (*fault)(void *arg, const char *why);
	void (*tell)(void *arg, const char *line);	/* a line for FIFOs; may be NULL */
	void *arg;			/* of log, fault and tell */
};

/* NULL when there is no memory. conf has to live until the next reload or stop. */
struct checker *checker_start(struct event_base *base, const struct conf *conf,
			      const struct checker_options *options);
/* What both configurations have goes on: its state, its weights, its connections. The
 * old one may be freed then. 0, or -ENOMEM and the old one goes on.
 */
int checker_reload(struct checker *checker, const struct conf *conf);
/* leave: what the module has stays there, for the next one to adopt. */
void checker_stop(struct checker *checker, bool leave);
/* The module has gone, and maybe another one has come: nothing is there any more. */
void checker_anew(struct checker *checker);

/* This director is master of that instance, or is not any more: ha_suspend. */
void checker_instance(struct checker *checker, const char *name, bool master);

/* Is there a virtual_server with passive_health? */
bool checker_hears_suspects(const struct checker *checker);

/* The module suspects a server, or does not any more: passive_health. */
void checker_suspect(struct checker *checker, const struct halb_server *server);

/* What halbctl status shows: members of the JSON object that is open. */
void checker_status(const struct checker *checker, struct out *out);

#endif
