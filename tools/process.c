// SPDX-License-Identifier: GPL-2.0
#include "process.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "log.h"
#include "util.h"

void process_pin(const struct conf_process *conf)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	for (size_t i = 0; i < 64 * ARRAY_SIZE(conf->cpu_affinity) && i < CPU_SETSIZE; i++)
		if (conf->cpu_affinity[i / 64] & 1ULL << i % 64)
			CPU_SET(i, &cpus);
	if (CPU_COUNT(&cpus) && sched_setaffinity(0, sizeof(cpus), &cpus))
		log_msg(LOG_WARNING, "Cannot use the CPUs that the configuration names: %s",
			strerror(errno));
}
