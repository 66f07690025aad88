/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many processes of each kind there are, for track_process.
 *
 * The kernel's process events reach the first network namespace only, and come with each fork
 * of a busy machine; so /proc is read, by a thread without priority, at most five times in a second
 * and for at most a twentieth of the time.
 */
#ifndef HALB_PROCESS_WATCH_H
#define HALB_PROCESS_WATCH_H

#include "conf.h"

struct process_watch;

struct process_count {
	uint32_t watch;			/* its number */
	uint32_t process;		/* index in the configuration's list */
	uint32_t count;
};

/* Looks now, once: counts[i] of processes[i]. */
void process_count_all(const struct conf_track_process *processes, size_t count,
		       uint32_t *counts);
/* From now on each change of a count is written to fd, as a struct process_count, and the first
 * ones in any case. The processes are copied. NULL: no memory or no thread.
 */
struct process_watch *process_watch_new(const struct conf_track_process *processes, size_t count,
					int fd, uint32_t number);
/* Does not wait: a late count may still come, with the old number. */
void process_watch_end(struct process_watch *watch);

#endif
