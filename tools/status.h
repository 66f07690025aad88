/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where halbd tells its status: sockets of abstract names, one each in each network namespace.
 */
#ifndef HALB_STATUS_H
#define HALB_STATUS_H

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define STATUS_VRRP	"halb/status"
#define STATUS_CHECKS	"halb/checks"

/* name: one of these */
static inline socklen_t status_address_of(const char *name, struct sockaddr_un *addr)
{
	size_t length = strlen(name);

	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	memcpy(addr->sun_path + 1, name, length);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

static inline socklen_t status_address(struct sockaddr_un *addr)
{
	return status_address_of(STATUS_VRRP, addr);
}

#endif
