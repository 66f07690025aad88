/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's settings of an interface: net.FAMILY.conf.IFNAME.NAME */
#ifndef HALB_SYSCTL_H
#define HALB_SYSCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What cannot be set stays as it is. */
void sysctl_set(uint8_t family, const char *ifname, const char *name, const char *value);
/* False if it is not there. */
bool sysctl_get(uint8_t family, const char *ifname, const char *name, char *value, size_t size);

#endif
