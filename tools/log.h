/* SPDX-License-Identifier: GPL-2.0 */
/*
 * halbd's log. Lines go to a process of their own, which writes them: a full disk, a terminal
 * that nobody reads or a syslog that hangs must not keep an advertisement. What that process
 * cannot take in time is dropped, and counted.
 */
#ifndef HALB_LOG_H
#define HALB_LOG_H

#include <stdbool.h>
#include <syslog.h>

#include "util.h"

struct log_options {
	bool console;			/* to stderr, instead of syslog */
	bool detail;			/* LOG_DEBUG too */
	int facility;			/* LOG_DAEMON, ... */
};

/* Starts the process that writes. Before that, and if it fails, lines are written directly. */
int log_start(const struct log_options *options);
/* What lines begin with in this process: "halbd_vrrp" */
void log_name(const char *name);
/* In a process that is to end after everybody: until all is written, or for a second. */
void log_finish(void);

void log_msg(int level, const char *format, ...)
	__printf(2, 3);

#endif
