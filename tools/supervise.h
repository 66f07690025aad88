/* SPDX-License-Identifier: GPL-2.0 */
/*
 * halbd's first process: starts the others, passes signals on, and cleans up after one that dies.
 */
#ifndef HALB_SUPERVISE_H
#define HALB_SUPERVISE_H

#include "conf.h"

/* Why services cannot be served, as it is passed on between processes: a sentence for all VRRP
 * instances, or a line "INSTANCE<tab>SENTENCE" for each whose services the module refuses.
 */
#define SUPERVISE_FAULT_SIZE	16384

struct supervise_options {
	const char *conf_path;
	const char *config_id;
	const char *pid_path;
	bool vrrp;			/* run VRRP */
	bool check;			/* run health checks */
	bool dump;			/* -d: log the status once it runs */
	bool leave;			/* -I: services stay in the module at the end */
	bool errors;			/* there were some in the configuration */
	int ready_fd;			/* somebody waits there for a byte; -1 */
};

/* Until it is told to stop. Returns the program's exit code. */
int supervise(const struct supervise_options *options, struct conf *conf);

/* Is another program here that does the same? Says so, and what to do, on stderr. */
bool beside_another(void);

/* Reads a configuration, and logs what is to say of it. NULL: it cannot be used. */
struct conf *load_conf(const char *path, const char *config_id, const char *report, bool *errors);

#endif
