/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HALB_PROCESS_H
#define HALB_PROCESS_H

#include "conf.h"

/* Puts this process on the CPUs that it may use; without any in the configuration on all. */
void process_pin(const struct conf_process *conf);

#endif
