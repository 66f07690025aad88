/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The states of VRRP instances on their way into the module, by a thread: the module makes one
 * change of a network namespace at a time, and a transaction of ten thousand services lasts
 * longer than a backup waits for an advertisement.
 */
#ifndef HALB_MODULE_LINK_H
#define HALB_MODULE_LINK_H

#include "nl.h"

struct module_link;

struct module_refusal {
	char instance[HALB_INSTANCE_NAME_SIZE];
	char why[320];
};

/* Takes over an open ctx. To fd, an eventfd, 1 is added each time when the module knows all that was
 * told, and when it refused something. NULL: no memory or no thread; ctx is closed then.
 */
struct module_link *module_link_new(struct nl_ctx *ctx, int fd);
/* Of what is told of an instance before it could be passed on, the last word is passed on. */
void module_link_set(struct module_link *link, const struct halb_instance *instance);
void module_link_del(struct module_link *link, const char *name);
/* Waits up to so many microseconds (0: not at all). Does the module know all that was told? */
bool module_link_wait(struct module_link *link, int64_t us);
/* The last refusal, once. */
bool module_link_refused(struct module_link *link, struct module_refusal *refusal);
/* Does not wait: what was told still arrives, then ctx is closed. */
void module_link_end(struct module_link *link);

#endif
