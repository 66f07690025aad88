/* SPDX-License-Identifier: GPL-2.0 */
/* What takes the place of libmnl's sockets, and of the module: ld --wrap, see the Makefile. */
#ifndef HALB_TESTS_WRAP_H
#define HALB_TESTS_WRAP_H

#include <libmnl/libmnl.h>

#include "nl.h"

struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags);
int __wrap_mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid);
int __wrap_mnl_socket_close(struct mnl_socket *nl);
int __wrap_mnl_socket_get_fd(const struct mnl_socket *nl);
int __wrap_mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *data, socklen_t len);
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *req, size_t size);
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size);

int __wrap_nl_instance_set(struct nl_ctx *ctx, const struct halb_instance *instances, size_t count);
int __wrap_nl_instance_del(struct nl_ctx *ctx, const char *name);

#endif
