// SPDX-License-Identifier: GPL-2.0
#include "sources.h"

#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "addr.h"

static bool take_addr(const struct sockaddr *sa, struct halb_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (sa && sa->sa_family == AF_INET)
		addr->v4 = ((const struct sockaddr_in *)sa)->sin_addr;
	else if (sa && sa->sa_family == AF_INET6)
		addr->v6 = ((const struct sockaddr_in6 *)sa)->sin6_addr;
	else
		return false;
	addr->family = (uint8_t)sa->sa_family;
	return true;
}

static bool is_local(const struct halb_addr *wanted, const struct ifaddrs *all)
{
	struct halb_addr addr;

	for (; all; all = all->ifa_next)
		if (take_addr(all->ifa_addr, &addr) && halb_addr_equal(&addr, wanted))
			return true;
	return false;
}

void sources_warn(const struct halb_service *service)
{
	char text[ADDR_STRLEN];
	struct ifaddrs *all;

	if (!(service->present & HALB_SVC_SOURCES) || getifaddrs(&all))
		return;
	for (uint32_t i = 0; i < service->source_count; i++) {
		struct halb_addr addr = addr_after(&service->source, i);

		if (is_local(&addr, all))
			continue;
		fprintf(stderr, "halbctl: the source address %s is no address of this machine: replies get lost unless it is added to a device (ip address add), or routed here\n",
			addr_format(&addr, text));
		break;
	}
	freeifaddrs(all);
}
