// SPDX-License-Identifier: GPL-2.0
#include "sysctl.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static FILE *open_one(uint8_t family, const char *ifname, const char *name, const char *mode)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s",
		 family == AF_INET6 ? "ipv6" : "ipv4", ifname, name);
	return fopen(path, mode);
}

void sysctl_set(uint8_t family, const char *ifname, const char *name, const char *value)
{
	FILE *file = open_one(family, ifname, name, "we");

	if (!file)
		return;
	fputs(value, file);
	fclose(file);
}

bool sysctl_get(uint8_t family, const char *ifname, const char *name, char *value, size_t size)
{
	FILE *file = open_one(family, ifname, name, "re");
	bool got = file && fgets(value, (int)size, file);

	if (file)
		fclose(file);
	if (got)
		value[strcspn(value, "\n")] = '\0';
	return got;
}
