/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Running scripts (script_run.h), in a process whose only work that is: forking would cost the VRRP process
 * time (and its children locked memory and real-time priority), and it must not wait for any.
 */
#ifndef HALB_SCRIPTS_H
#define HALB_SCRIPTS_H

#include "conf.h"
#include "script_run.h"

struct script_result {
	uint32_t id;
	struct script_end end;
};

/* The process: serves requests from fd until nobody is there to ask. Does not return. */
_Noreturn void scripts_main(int fd);

/* Asks for one: its words, and more behind them (`more` ends with NULL, or is NULL). With an id the
 * result is told; without (0) nobody hears of it. No waiting: -EAGAIN if too many are asked for.
 * timeout_us of 0: it may take as long as it likes.
 */
int scripts_run(int fd, uint32_t id, const struct conf_script *script,
		const char *const *more, int64_t timeout_us);
/* Asks for a mail, of whose failure the log is told. -E2BIG: there are too many addresses. */
int scripts_mail(int fd, const struct conf_global *conf, const char *subject, const char *body);
/* Runs one here and now, and waits for it: 0 if that is its status, or a negative errno. A
 * timeout_us of 0: for as long as it takes.
 */
int scripts_wait(const struct conf_script *conf, int64_t timeout_us);
/* 1: a result; 0: none now; negative errno */
int scripts_result(int fd, struct script_result *result);

#endif
