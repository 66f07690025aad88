/* SPDX-License-Identifier: GPL-2.0 */
/* Sockets of checks: from where, through what, and to whom. */
#ifndef HALB_CHECK_SOCKET_H
#define HALB_CHECK_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct check_spec;
struct halb_addr;
struct probe;

socklen_t check_sockaddr(const struct halb_addr *addr, uint16_t port,
			 struct sockaddr_storage *to);

/* fwmark, bind_if, bindto. 0, or an errno; *what says of what. */
int check_socket_bind(int fd, const struct check_spec *spec, const char **what);

/* A socket that does not block, connected or about to be; -1 when the probe is over
 * already, and gone. type: SOCK_STREAM, SOCK_DGRAM.
 */
int check_socket_connect(struct probe *probe, int type, int protocol);

/* What came of a connect() that was in progress: 0 or an errno. */
int check_socket_error(int fd);

#endif
