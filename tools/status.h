/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where halbd tells its status: a socket of an abstract name, one in each network namespace.
 */
#ifndef HALB_STATUS_H
#define HALB_STATUS_H

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static inline socklen_t status_address(struct sockaddr_un *addr)
{
	static const char name[] = "halb/status";

	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	memcpy(addr->sun_path + 1, name, sizeof(name) - 1);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(name));
}

#endif
