/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A program that runs for a while, in a process group and as a user of its own,
 * beside the event loop.
 */
#ifndef HALB_SCRIPT_RUN_H
#define HALB_SCRIPT_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct event_base;
struct script_run;

struct script {
	const char *const *argv;	/* argv[0] is a path; ends with NULL */
	/* Or NULL, and a function of ours that may block, with nothing open but /dev/null; what
	 * it returns is the status.
	 */
	int (*main)(void *arg);
	void *arg;
	uid_t uid;
	gid_t gid;
	bool all_groups;		/* of its user; for a process without threads */
	uint64_t timeout;		/* us; then SIGTERM, and 2 s later SIGKILL; 0: none */
};

struct script_end {
	int err;			/* an errno: it could not be run */
	bool timed_out;
	int signal;			/* it was killed; 0: it ended by itself */
	int status;
};

typedef void (*script_done)(void *arg, const struct script_end *end);

/* done is called once, from the loop; NULL for nobody who waits. Returns NULL, and
 * errno, when there is no process to be had: done is not called then.
 */
struct script_run *script_run(struct event_base *base, const struct script *script,
			      script_done done, void *arg);
/* It goes on, and nobody waits any more. */
void script_forget(struct script_run *run);
/* Kills it, with all that it started. done is not called. */
void script_kill(struct script_run *run);

#endif
