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

/* Takes over an open ctx. To fd, an eventfd, 1 is added for each word that the module knows or has
 * refused. Of old, which may be NULL, nothing more is passed on, and nothing of the new one before the
 * old one's socket is closed: to the module that is another owner. NULL: no memory or no thread; ctx
 * is closed then, and old has ended.
 */
struct module_link *module_link_new(struct nl_ctx *ctx, int fd, struct module_link *old);
/* Of what is told of an instance before it could be passed on, the last word is passed on. */
void module_link_set(struct module_link *link, const struct halb_instance *instance);
void module_link_del(struct module_link *link, const char *name);
/* Is nothing on its way? */
bool module_link_is_idle(struct module_link *link);
/* Waits up to so many microseconds (0: not at all) until all that was told of this instance, or with
 * NULL of any, has been answered, be it by a refusal. Has it been?
 */
bool module_link_wait(struct module_link *link, const char *name, int64_t us);
/* The last refusal, once. */
bool module_link_refused(struct module_link *link, struct module_refusal *refusal);
/* Does not wait: what was told still arrives, then ctx is closed. */
void module_link_end(struct module_link *link);

#endif
