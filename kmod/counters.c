// SPDX-License-Identifier: GPL-2.0
#include "counters.h"

#define HALB_NAME_OF(e, name)	name,

const char * const halb_drop_names[] = { HALB_DROPS(HALB_NAME_OF) };
const char * const halb_pass_names[] = { HALB_PASSES(HALB_NAME_OF) };
const char * const halb_path_names[] = { HALB_PATHS(HALB_NAME_OF) };

static void add(unsigned long *sum, const unsigned long *one, unsigned int n)
{
	while (n--)
		*sum++ += READ_ONCE(*one++);
}

/**
 * halb_counters_sum - sums the counters of all CPUs
 * @counters: counters
 * @sum: result
 *
 * Context: any.
 */
void halb_counters_sum(const struct halb_counters __percpu *counters,
		       struct halb_counters *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct halb_counters *one = per_cpu_ptr(counters, cpu);

		add(sum->drop, one->drop, HALB_DROP_COUNT);
		add(sum->pass, one->pass, HALB_PASS_COUNT);
		add(sum->path, one->path, HALB_PATH_COUNT);
	}
}
