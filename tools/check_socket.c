// SPDX-License-Identifier: GPL-2.0
/* Sockets of checks. */
#include "check_socket.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "check_probe.h"

socklen_t check_sockaddr(const struct halb_addr *addr, uint16_t port,
			 struct sockaddr_storage *to)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *in = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = addr->family;
	if (addr->family == AF_INET6) {
		in6->sin6_addr = addr->v6;
		in6->sin6_port = htons(port);
		return sizeof(*in6);
	}
	in->sin_addr = addr->v4;
	in->sin_port = htons(port);
	return sizeof(*in);
}

int check_socket_bind(int fd, const struct check_spec *spec, const char **what)
{
	struct halb_addr from = spec->bind_addr;
	struct sockaddr_storage local;
	socklen_t size;
	int on = 1;

	*what = "fwmark";
	if (spec->fwmark && setsockopt(fd, SOL_SOCKET, SO_MARK, &spec->fwmark,
				       sizeof(spec->fwmark)))
		return errno;
	*what = "bind_if";
	if (*spec->bind_if && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, spec->bind_if,
					 strlen(spec->bind_if) + 1))
		return errno;
	*what = "bindto";
	if (!from.family && !spec->bind_port)
		return 0;
	if (!from.family)
		from.family = spec->addr.family;
	/* The port is chosen at connect(), for each destination anew. */
	if (!spec->bind_port)
		setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	else
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	size = check_sockaddr(&from, spec->bind_port, &local);
	return bind(fd, (struct sockaddr *)&local, size) ? errno : 0;
}

/* Whether an error of connect() itself says something of the server. */
static bool tells(int err)
{
	return err == ENETUNREACH || err == EHOSTUNREACH || err == ECONNREFUSED ||
	       err == EHOSTDOWN || err == ENETDOWN || err == ECONNRESET ||
	       err == ECONNABORTED || err == ETIMEDOUT;
}

int check_socket_connect(struct probe *probe, int type, int protocol)
{
	const struct check_spec *spec = probe->spec;
	struct sockaddr_storage to;
	const char *what = "socket";
	socklen_t size;
	int fd, err;

	fd = socket(spec->addr.family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	if (fd < 0) {
		probe_skip(probe, what, errno);
		return -1;
	}
	err = check_socket_bind(fd, spec, &what);
	if (err) {
		close(fd);
		probe_skip(probe, what, err);
		return -1;
	}
	size = check_sockaddr(&spec->addr, spec->port, &to);
	if (!connect(fd, (struct sockaddr *)&to, size) || errno == EINPROGRESS)
		return fd;
	err = errno;
	close(fd);
	if (tells(err))
		probe_errno(probe, "connect", err);
	else
		probe_skip(probe, "connect", err);
	return -1;
}

int check_socket_error(int fd)
{
	socklen_t size = sizeof(int);
	int err = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size) ? errno : err;
}
