/* SPDX-License-Identifier: GPL-2.0 */
/* The checker process of halbd, which the supervisor starts. */
#ifndef HALB_CHECKER_MAIN_H
#define HALB_CHECKER_MAIN_H

#include "conf.h"

struct checker_main_options {
	const char *conf_path;		/* SIGHUP reads it again */
	const char *config_id;
	struct conf *conf;
	int supervisor_fd;		/* it hears there why services cannot be served */
};

/* SIGHUP: reload. SIGTERM: stop, and nothing is left in the module. SIGUSR2: stop, and
 * all of it is left there.
 */
_Noreturn void checker_main(const struct checker_main_options *options);

#endif
