/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's settings of an interface: net.FAMILY.conf.IFNAME.NAME */
#ifndef HALB_SYSCTL_H
#define HALB_SYSCTL_H

#include <stdbool.h>
#include <stdint.h>

/* What cannot be set stays as it is. */
void sysctl_set(uint8_t family, const char *ifname, const char *name, const char *value);
/* Is it there, and 0? */
bool sysctl_is_off(uint8_t family, const char *ifname, const char *name);

#endif
