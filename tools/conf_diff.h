/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a reload changes: each instance, group, tracked thing, service and server that
 * comes, goes or is another; what is not in the list stays as it is, whatever line it
 * has moved to.
 */
#ifndef HALB_CONF_DIFF_H
#define HALB_CONF_DIFF_H

#include "conf.h"

enum conf_change { CONF_ADDED, CONF_REMOVED, CONF_CHANGED };

enum conf_what {
	CONF_WHAT_GLOBAL,		/* global_defs, struct conf_global; name "global_defs" */
	CONF_WHAT_DAEMON,		/* the single keywords of the top level, and SSL; struct conf */
	CONF_WHAT_STATIC_ADDR, CONF_WHAT_STATIC_ROUTE, CONF_WHAT_STATIC_RULE,
	CONF_WHAT_TRACK_GROUP, CONF_WHAT_GARP_GROUP,
	CONF_WHAT_SCRIPT, CONF_WHAT_PROCESS, CONF_WHAT_TRACK_FILE,
	CONF_WHAT_GROUP, CONF_WHAT_INSTANCE,
	CONF_WHAT_SERVICE,		/* without its servers */
	CONF_WHAT_SERVER,		/* `service_*` says whose it is */
};

struct conf_difference {
	enum conf_change change;
	enum conf_what what;
	char *name;			/* of a service as "tcp 192.0.2.1 80" */
	/* "priority 100 -> 150; nopreempt no -> yes": of CONF_CHANGED, else "" */
	char *members;
	const void *was;		/* in the old configuration; NULL if added */
	const void *is;			/* in the new one; NULL if removed */
	const struct conf_virtual_server *service_was;
	const struct conf_virtual_server *service_is;
};

struct conf_differences {
	struct conf_difference *list;
	size_t count;
};

/* Both configurations must outlive the list, which conf_differences_free() ends. */
void conf_diff(const struct conf *was, const struct conf *is, struct conf_differences *differences);
void conf_differences_free(struct conf_differences *differences);
const char *conf_what_name(enum conf_what what);

/* The whole configuration as text, a line for each member: the same text if and only if
 * they do the same. With passwords.
 */
void conf_dump(const struct conf *conf, FILE *out);

#endif
