/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What ipvsadm_parse.c (the order of things on a command line) and
 * ipvsadm_options.c (each option by itself) share.
 */
#ifndef HALB_IPVSADM_PARSE_H
#define HALB_IPVSADM_PARSE_H

#include "ipvsadm.h"

struct ipvsadm_parse {
	struct ipvsadm_command *cmd;
	struct ipvsadm_error *err;
	char *sched_flags;		/* judged last, by the scheduler's name */
	/* popt's position */
	int argc;
	char **argv;
	int next;			/* in argv */
	const char *cluster;		/* rest of joined short options, or NULL */
	bool no_more_options;
	char **leftovers;		/* arguments that belong to no option */
	int leftovers_count;
};

enum ipvsadm_takes {
	NOTHING,
	ARGUMENT,
	MAYBE_ARGUMENT,
};

/* An option of the grammar. */
struct ipvsadm_spec {
	const char *name;
	char letter;			/* or 0 */
	enum ipvsadm_takes takes;
	enum ipvsadm_verb verb;		/* of a command, else IPVSADM_NONE */
	bool limited;			/* once, and where `opt` is legal */
	enum ipvsadm_option opt;
	/* what becomes of it: 0, or -1 with err set; arg is NULL if it has none */
	int (*take)(struct ipvsadm_parse *p, const struct ipvsadm_spec *o,
		    const char *arg);
	uint32_t value;			/* for take() */
	/* of a number: where to, how much, and what else to say */
	size_t field;
	int min, max;
	const char *complaint;
};

/* A mistake in the command line: exit status 2. */
#define fail(p, ...)	ipvsadm_fail((p)->err, 2, __VA_ARGS__)

const struct ipvsadm_spec *ipvsadm_find_long(const char *name, size_t length);
const struct ipvsadm_spec *ipvsadm_find_short(char letter);

/* Seconds from min to 31 days; NULL for an optional argument that is absent. */
int ipvsadm_to_timeout(struct ipvsadm_parse *p, const char *arg, int min,
		       uint32_t *timeout);

#endif
