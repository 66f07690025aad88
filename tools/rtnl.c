// SPDX-License-Identifier: GPL-2.0
#include "rtnl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>

#include "vrrp_packet.h"

/* A link's attributes alone may be some KiB. */
#define BUF_SIZE	32768

/* Of all processes here, each of which has one thread that uses it. */
static struct mnl_socket *command;
static pid_t command_pid;
static _Alignas(struct nlmsghdr) char buf[BUF_SIZE];
/* of the monitor, whose callbacks may make requests */
static _Alignas(struct nlmsghdr) char monitor_buf[BUF_SIZE];
static uint32_t seq;

/* A socket of our own: answers to a parent's must not be read by its child. */
static struct mnl_socket *open_command(void)
{
	if (command && command_pid == getpid())
		return command;
	command = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (command && mnl_socket_bind(command, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(command);
		command = NULL;
	}
	command_pid = getpid();
	return command;
}

static struct nlmsghdr *prepare(char *at, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(at);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++seq;
	return nlh;
}

/* Sends it, and reads answers up to the last. */
static int talk(struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	struct mnl_socket *sock = open_command();
	uint32_t sent = nlh->nlmsg_seq;
	unsigned int port;
	ssize_t len;
	int ret = MNL_CB_OK;

	if (!sock)
		return -errno;
	if (mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	port = mnl_socket_get_portid(sock);
	while (ret > MNL_CB_STOP) {
		len = mnl_socket_recvfrom(sock, buf, sizeof(buf));
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		ret = mnl_cb_run(buf, (size_t)len, sent, port, cb, arg);
	}
	return ret < 0 ? -errno : 0;
}

/* --- addresses -------------------------------------------------------------------- */

static void put_addr(struct nlmsghdr *nlh, uint16_t type, const struct halb_addr *addr)
{
	if (addr->family)
		mnl_attr_put(nlh, type, halb_addr_len(addr->family), addr->bytes);
}

static void put_lifetime(struct nlmsghdr *nlh, uint32_t preferred)
{
	struct ifa_cacheinfo info = {
		.ifa_prefered = preferred, .ifa_valid = UINT32_MAX,
	};

	if (preferred != UINT32_MAX)
		mnl_attr_put(nlh, IFA_CACHEINFO, sizeof(info), &info);
}

static int address(uint16_t type, uint16_t flags, const struct rtnl_addr *addr)
{
	_Alignas(struct nlmsghdr) char message[512];
	struct nlmsghdr *nlh = prepare(message, type, flags | NLM_F_ACK);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	bool peer = addr->peer.family;

	ifa->ifa_family = addr->addr.family;
	ifa->ifa_prefixlen = peer ? addr->peer_prefix : addr->prefix;
	ifa->ifa_index = (unsigned int)addr->ifindex;
	ifa->ifa_scope = addr->scope;
	put_addr(nlh, IFA_LOCAL, &addr->addr);
	put_addr(nlh, IFA_ADDRESS, peer ? &addr->peer : &addr->addr);
	if (type == RTM_NEWADDR) {
		put_addr(nlh, IFA_BROADCAST, &addr->brd);
		put_lifetime(nlh, addr->preferred_lft);
		if (addr->label[0])
			mnl_attr_put_strz(nlh, IFA_LABEL, addr->label);
		if (addr->flags)
			mnl_attr_put_u32(nlh, IFA_FLAGS, addr->flags);
	}
	return talk(nlh, NULL, NULL);
}

int rtnl_addr_add(const struct rtnl_addr *addr)
{
	return address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, addr);
}

int rtnl_addr_del(const struct rtnl_addr *addr)
{
	return address(RTM_DELADDR, 0, addr);
}

/* --- links --------------------------------------------------------------------------- */

/* The beginning of a request for a link of that kind, up to what the kind has for itself. */
static struct nlmsghdr *prepare_link(char *message, const char *name, const char *kind,
				     struct nlattr **info, struct nlattr **data)
{
	struct nlmsghdr *nlh = prepare(message, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	*info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_str(nlh, IFLA_INFO_KIND, kind);
	*data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	return nlh;
}

static void finish_link(struct nlmsghdr *nlh, struct nlattr *info, struct nlattr *data)
{
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

int rtnl_macvlan_add(const char *name, int parent, const uint8_t mac[static 6])
{
	_Alignas(struct nlmsghdr) char message[512];
	struct nlattr *info, *data;
	struct nlmsghdr *nlh = prepare_link(message, name, "macvlan", &info, &data);

	mnl_attr_put_u32(nlh, IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE);
	finish_link(nlh, info, data);
	mnl_attr_put_u32(nlh, IFLA_LINK, (uint32_t)parent);
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	return talk(nlh, NULL, NULL);
}

int rtnl_tunnel_add(const char *name, const char *kind, const struct halb_addr *local)
{
	_Alignas(struct nlmsghdr) char message[512];
	struct nlattr *info, *data;
	struct nlmsghdr *nlh = prepare_link(message, name, kind, &info, &data);

	put_addr(nlh, IFLA_IPTUN_LOCAL, local);
	/* What an ip6tnl device takes out: anything */
	if (local->family == AF_INET6)
		mnl_attr_put_u8(nlh, IFLA_IPTUN_PROTO, 0);
	finish_link(nlh, info, data);
	return talk(nlh, NULL, NULL);
}

static int change_link(uint16_t type, int ifindex, unsigned int flags)
{
	_Alignas(struct nlmsghdr) char message[128];
	struct nlmsghdr *nlh = prepare(message, type, NLM_F_ACK);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = ifindex;
	ifi->ifi_flags = ifi->ifi_change = flags;
	return talk(nlh, NULL, NULL);
}

int rtnl_link_del(int ifindex)
{
	return change_link(RTM_DELLINK, ifindex, 0);
}

int rtnl_link_up(int ifindex)
{
	return change_link(RTM_NEWLINK, ifindex, IFF_UP);
}

int rtnl_send(const void *message, size_t len, uint16_t type, uint16_t flags)
{
	_Alignas(struct nlmsghdr) char copy[1024];
	struct nlmsghdr *nlh = (void *)copy;

	if (len < sizeof(*nlh) || len > sizeof(copy))
		return -EINVAL;
	memcpy(copy, message, len);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = ++seq;
	return talk(nlh, NULL, NULL);
}

/* --- news ----------------------------------------------------------------------------- */

struct reader {
	rtnl_news_cb cb;
	void *arg;
};

static void read_link(const struct nlmsghdr *nlh, struct rtnl_link *link)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	link->ifindex = ifi->ifi_index;
	link->flags = ifi->ifi_flags;
	link->gone = nlh->nlmsg_type == RTM_DELLINK;
	mnl_attr_for_each(attr, nlh, sizeof(*ifi)) {
		if (mnl_attr_get_type(attr) == IFLA_IFNAME)
			snprintf(link->name, sizeof(link->name), "%.*s",
				 (int)mnl_attr_get_payload_len(attr), mnl_attr_get_str(attr));
		if (mnl_attr_get_type(attr) == IFLA_ADDRESS &&
		    mnl_attr_get_payload_len(attr) == sizeof(link->mac)) {
			memcpy(link->mac, mnl_attr_get_payload(attr), sizeof(link->mac));
			link->has_mac = true;
		}
	}
}

static void take_addr(const struct nlattr *attr, uint8_t family, struct halb_addr *addr)
{
	if (mnl_attr_get_payload_len(attr) != halb_addr_len(family))
		return;
	addr->family = family;
	memcpy(addr->bytes, mnl_attr_get_payload(attr), halb_addr_len(family));
}

static void read_addr(const struct nlmsghdr *nlh, struct rtnl_addr *addr)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct halb_addr local = { 0 }, other = { 0 };
	const struct nlattr *attr;

	addr->ifindex = (int)ifa->ifa_index;
	addr->prefix = ifa->ifa_prefixlen;
	addr->scope = ifa->ifa_scope;
	addr->flags = ifa->ifa_flags;
	mnl_attr_for_each(attr, nlh, sizeof(*ifa)) {
		switch (mnl_attr_get_type(attr)) {
		case IFA_LOCAL:
			take_addr(attr, ifa->ifa_family, &local);
			break;
		case IFA_ADDRESS:
			take_addr(attr, ifa->ifa_family, &other);
			break;
		case IFA_FLAGS:
			if (mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
				addr->flags = mnl_attr_get_u32(attr);
			break;
		}
	}
	/* IPv6 has IFA_LOCAL only where there is a peer. */
	addr->addr = local.family ? local : other;
}

static int read_news(const struct nlmsghdr *nlh, void *data)
{
	struct reader *reader = data;
	struct rtnl_news news = { 0 };

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct ifinfomsg))
			return MNL_CB_OK;
		/* A bridge tells of its ports under the same name. */
		if (((const struct ifinfomsg *)mnl_nlmsg_get_payload(nlh))->ifi_family != AF_UNSPEC)
			return MNL_CB_OK;
		news.event = RTNL_LINK;
		read_link(nlh, &news.link);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct ifaddrmsg))
			return MNL_CB_OK;
		news.event = nlh->nlmsg_type == RTM_NEWADDR ? RTNL_ADDR_NEW : RTNL_ADDR_GONE;
		read_addr(nlh, &news.addr);
		if (!news.addr.addr.family)
			return MNL_CB_OK;
		break;
	default:
		return MNL_CB_OK;
	}
	reader->cb(&news, reader->arg);
	return MNL_CB_OK;
}

static int dump(uint16_t type, rtnl_news_cb cb, void *arg)
{
	_Alignas(struct nlmsghdr) char message[128];
	struct reader reader = { cb, arg };
	struct nlmsghdr *nlh = prepare(message, type, NLM_F_DUMP);
	struct rtgenmsg *gen = mnl_nlmsg_put_extra_header(nlh, sizeof(*gen));

	gen->rtgen_family = AF_UNSPEC;
	return talk(nlh, read_news, &reader);
}

int rtnl_dump(rtnl_news_cb cb, void *arg)
{
	int ret = dump(RTM_GETLINK, cb, arg);

	return ret ? ret : dump(RTM_GETADDR, cb, arg);
}

struct mnl_socket *rtnl_monitor_open(void)
{
	struct mnl_socket *sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int size = 1 << 20;

	if (!sock)
		return NULL;
	if (mnl_socket_bind(sock, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
			    MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(sock);
		return NULL;
	}
	/* Room for thousands of addresses that come and go at once. */
	setsockopt(mnl_socket_get_fd(sock), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return sock;
}

int rtnl_monitor_read(struct mnl_socket *sock, rtnl_news_cb cb, void *arg)
{
	struct reader reader = { cb, arg };
	ssize_t len;

	for (;;) {
		len = mnl_socket_recvfrom(sock, monitor_buf, sizeof(monitor_buf));
		if (len < 0)
			return errno == EAGAIN ? 0 : -errno;
		mnl_cb_run(monitor_buf, (size_t)len, 0, 0, read_news, &reader);
	}
}
