/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What ipvsadm.c (one command) and ipvsadm_restore.c (a saved table of them)
 * share.
 */
#ifndef HALB_IPVSADM_RESTORE_H
#define HALB_IPVSADM_RESTORE_H

#include <stdio.h>

#include "ipvsadm.h"

struct nl_error;

/* Verbs that are a change, and so can be part of a transaction. */
#define IPVSADM_CHANGES	(IPVSADM_VERB(ADD) | IPVSADM_VERB(EDIT) | IPVSADM_VERB(DEL) | \
			 IPVSADM_VERB(FLUSH) | IPVSADM_VERB(ADD_SERVER) | \
			 IPVSADM_VERB(EDIT_SERVER) | IPVSADM_VERB(DEL_SERVER) | \
			 IPVSADM_VERB(TIMEOUT))

/* 0, or -1 with err set: halb cannot do that at all */
int ipvsadm_supported(const struct ipvsadm_command *cmd, struct ipvsadm_error *err);
/* false: nothing is to be changed */
bool ipvsadm_to_change(const struct ipvsadm_command *cmd, struct halb_change *change);

/* 0, or -1 with err and why set */
int ipvsadm_run(struct nl_ctx *ctx, const struct ipvsadm_command *cmd,
		struct ipvsadm_error *err, struct nl_error *why);

/* Words a refusal. service_exists: whether it did when the command came. */
void ipvsadm_refused(const struct nl_error *why, const struct ipvsadm_command *cmd,
		     bool service_exists, struct ipvsadm_error *err);
bool ipvsadm_service_exists(struct nl_ctx *ctx, const struct halb_key *key);
/* Prints it, with the line it is about if not 0, and frees its text. why may be
 * NULL.
 */
void ipvsadm_complain(struct ipvsadm_error *err, unsigned int line,
		      const struct nl_error *why);

/* Reads a saved table and carries it out. Returns the exit status. */
int ipvsadm_restore(FILE *in, char *program);

#endif
