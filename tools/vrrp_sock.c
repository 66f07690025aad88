// SPDX-License-Identifier: GPL-2.0
#include "vrrp_sock.h"

#include <errno.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Internetwork control, RFC 791: routers, and the kernel's queues, prefer it. */
#define TOS_CONTROL	0xc0

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

/* Our own multicast must not come back; that of other groups must not come in. */
static int prepare4(int fd)
{
	return set_int(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0) ||
	       set_int(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) ||
	       set_int(fd, IPPROTO_IP, IP_TOS, TOS_CONTROL) ||
	       set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
}

static int prepare6(int fd)
{
	return set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0) ||
	       set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0) ||
	       set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) ||
	       set_int(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1) ||
	       set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, TOS_CONTROL);
}

int vrrp_sock_open(uint8_t family, const char *ifname, unsigned int rcvbuf)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, VRRP_PROTO);
	int err;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ifname, (socklen_t)strlen(ifname) + 1) ||
	    (family == AF_INET6 ? prepare6(fd) : prepare4(fd)) ||
	    (rcvbuf && set_int(fd, SOL_SOCKET, SO_RCVBUF, (int)rcvbuf))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int vrrp_sock_join(int fd, const struct halb_addr *group, int ifindex)
{
	struct ip_mreqn v4 = { .imr_multiaddr = group->v4, .imr_ifindex = ifindex };
	struct ipv6_mreq v6 = {
		.ipv6mr_multiaddr = group->v6, .ipv6mr_interface = (unsigned int)ifindex,
	};
	int ret;

	if (group->family == AF_INET6)
		ret = setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &v6, sizeof(v6));
	else
		ret = setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4, sizeof(v4));
	return ret && errno != EADDRINUSE ? -errno : 0;
}

/* --- out ------------------------------------------------------------------------ */

union control {
	char buf[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static void put_control(struct msghdr *msg, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *cmsg = (void *)((char *)msg->msg_control + msg->msg_controllen);

	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(cmsg), data, len);
	msg->msg_controllen += CMSG_SPACE(len);
}

/* Where it leaves, from which address, and how far it may go, packet by packet: one socket
 * serves many instances.
 */
int vrrp_sock_send(int fd, int ifindex, const struct vrrp_envelope *envelope,
		   const void *data, size_t len)
{
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_addr = envelope->to.v4 };
	struct sockaddr_in6 to6 = {
		.sin6_family = AF_INET6, .sin6_addr = envelope->to.v6,
		.sin6_scope_id = (uint32_t)ifindex,
	};
	struct in_pktinfo info4 = { .ipi_ifindex = ifindex, .ipi_spec_dst = envelope->from.v4 };
	struct in6_pktinfo info6 = {
		.ipi6_ifindex = (unsigned int)ifindex, .ipi6_addr = envelope->from.v6,
	};
	union control control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf };
	int ttl = envelope->ttl;

	if (envelope->to.family == AF_INET6) {
		msg.msg_name = &to6;
		msg.msg_namelen = sizeof(to6);
		put_control(&msg, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof(info6));
		put_control(&msg, IPPROTO_IPV6, IPV6_HOPLIMIT, &ttl, sizeof(ttl));
	} else {
		msg.msg_name = &to4;
		msg.msg_namelen = sizeof(to4);
		put_control(&msg, IPPROTO_IP, IP_PKTINFO, &info4, sizeof(info4));
		put_control(&msg, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	}
	return sendmsg(fd, &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* --- in -------------------------------------------------------------------------- */

static void read_control6(struct msghdr *msg, struct vrrp_envelope *envelope)
{
	struct in6_pktinfo info;
	int ttl;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != IPPROTO_IPV6)
			continue;
		if (cmsg->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
			envelope->to.v6 = info.ipi6_addr;
		} else if (cmsg->cmsg_type == IPV6_HOPLIMIT) {
			memcpy(&ttl, CMSG_DATA(cmsg), sizeof(ttl));
			envelope->ttl = (uint8_t)ttl;
		}
	}
}

int vrrp_sock_receive(int fd, void *buf, size_t size, struct vrrp_envelope *envelope,
		      const void **payload, size_t *len)
{
	struct sockaddr_storage from;
	union control control;
	struct iovec iov = { buf, size };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof(control.buf),
	};
	ssize_t got;

	do
		got = recvmsg(fd, &msg, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	*payload = buf;
	*len = 0;
	memset(envelope, 0, sizeof(*envelope));
	if (from.ss_family == AF_INET6) {
		envelope->from.family = envelope->to.family = AF_INET6;
		envelope->from.v6 = ((struct sockaddr_in6 *)&from)->sin6_addr;
		read_control6(&msg, envelope);
		*len = (size_t)got;
	} else if (vrrp_packet_unwrap(buf, (size_t)got, envelope, payload, len)) {
		envelope->from.family = AF_INET;
		envelope->from.v4 = ((struct sockaddr_in *)&from)->sin_addr;
	}
	return 1;
}
