// SPDX-License-Identifier: GPL-2.0
/*
 * MISC_CHECK: a program's exit status. With misc_dynamic 2..255 is the weight plus
 * 2, and 0 leaves the weight as configured.
 */
#include <errno.h>
#include <string.h>

#include "check_probe.h"
#include "script_run.h"

struct misc_probe {
	struct probe probe;
	struct script_run *run;
};

static void misc_cancel(struct probe *probe)
{
	struct misc_probe *misc = (struct misc_probe *)probe;

	script_kill(misc->run);
}

static void on_done(void *arg, const struct script_end *end)
{
	struct misc_probe *misc = arg;
	struct probe *probe = &misc->probe;
	bool dynamic = probe->spec->misc.dynamic;

	if (end->err) {
		probe_end(probe, false, "cannot be run: %s", strerror(end->err));
	} else if (end->timed_out) {
		probe_end(probe, false, "timed out");
	} else if (end->signal) {
		probe_end(probe, false, "killed by signal %d", end->signal);
	} else if (!end->status) {
		probe_end(probe, true, "%s", "");
	} else if (dynamic && end->status >= 2) {
		probe->weight_kind = CHECK_WEIGHT_SET;
		probe->weight = end->status - 2;
		probe_end(probe, true, "weight %d", end->status - 2);
	} else {
		probe_end(probe, false, "exited with status %d", end->status);
	}
}

static void misc_start(struct probe *probe)
{
	struct misc_probe *misc = (struct misc_probe *)probe;
	const struct check_misc *spec = &probe->spec->misc;
	struct script script = {
		.argv = spec->argv,
		.uid = spec->uid,
		.gid = spec->gid,
		.timeout = probe->spec->timeout,
	};

	misc->run = script_run(probe->base, &script, on_done, misc);
	if (!misc->run)
		probe_skip(probe, "fork", errno);
}

const struct check_ops check_misc_ops = {
	.name = "MISC_CHECK",
	.log_name = "Misc check",
	.log_success = "Misc check by %s succeeded",
	.size = sizeof(struct misc_probe),
	.habits = HEALTH_FROM_START,
	.start = misc_start,
	.cancel = misc_cancel,
};
