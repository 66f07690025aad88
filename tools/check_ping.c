// SPDX-License-Identifier: GPL-2.0
/*
 * PING_CHECK: an echo request is answered (RFC 792, RFC 4443).
 *
 * On the kernel's ping sockets where they are allowed, which need no sysctl changed
 * then, or else on raw sockets. Those are connected, so that each sees only its own
 * peer's packets.
 */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <unistd.h>

#include "check_probe.h"
#include "check_socket.h"

#define ECHO_DATA	"halb check"
/* linux/icmp.h, which does not go with netinet/ip_icmp.h */
#define ICMP_FILTER	1

struct echo {
	uint8_t type;
	uint8_t code;
	uint16_t checksum;
	uint16_t id;
	uint16_t sequence;
	uint8_t data[sizeof(ECHO_DATA)];
} __attribute((__packed__));

struct ping_probe {
	struct probe probe;
	struct event *event;
	struct event *timer;		/* of its own: other answers do not make it longer */
	int fd;
	bool raw;
	uint16_t id;
	uint16_t sequence;
};

static uint16_t checksum(const void *data, size_t size)
{
	const uint8_t *octet = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += i & 1 ? octet[i] : octet[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static void ping_cancel(struct probe *probe)
{
	struct ping_probe *ping = (struct ping_probe *)probe;

	if (ping->event)
		event_free(ping->event);
	if (ping->timer)
		event_free(ping->timer);
	close(ping->fd);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct ping_probe *ping = arg;

	(void)fd;
	(void)what;
	ping_cancel(&ping->probe);
	probe_end(&ping->probe, false, "no answer in time");
}

static bool is_answer(const struct ping_probe *ping, const uint8_t *packet, size_t size)
{
	uint8_t family = ping->probe.spec->addr.family;
	struct echo echo;

	if (ping->raw && family == AF_INET) {
		/* Raw IPv4 comes with its header. */
		size_t header = size ? (packet[0] & 0xf) * 4 : 0;

		if (size < header)
			return false;
		packet += header;
		size -= header;
	}
	if (size < sizeof(echo))
		return false;
	memcpy(&echo, packet, sizeof(echo));
	return echo.type == (family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) &&
	       echo.sequence == ping->sequence && (!ping->raw || echo.id == ping->id);
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct ping_probe *ping = arg;
	uint8_t packet[2048];
	ssize_t size = recv(fd, packet, sizeof(packet), 0);
	int err = errno;

	(void)what;
	if (size < 0 && (err == EAGAIN || err == EINTR))
		return;
	if (size >= 0 && !is_answer(ping, packet, size))
		return;
	ping_cancel(&ping->probe);
	if (size < 0)
		probe_errno(&ping->probe, "echo request", err);
	else
		probe_end(&ping->probe, true, "%s", "");
}

/* Only what may be an answer wakes us. */
static void filter_raw(int fd, uint8_t family)
{
	uint32_t v4 = ~(1U << ICMP_ECHOREPLY);
	struct icmp6_filter v6;

	ICMP6_FILTER_SETBLOCKALL(&v6);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &v6);
	if (family == AF_INET)
		setsockopt(fd, SOL_RAW, ICMP_FILTER, &v4, sizeof(v4));
	else
		setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &v6, sizeof(v6));
}

static bool send_echo(struct ping_probe *ping)
{
	bool v4 = ping->probe.spec->addr.family == AF_INET;
	/* One after the other, whoever asks: an answer belongs to one probe. */
	static uint16_t sequence;
	struct echo echo = {
		.type = v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST,
		.data = ECHO_DATA,
	};

	ping->id = htons(getpid());
	ping->sequence = htons(++sequence);
	echo.id = ping->id;
	echo.sequence = ping->sequence;
	if (v4)
		echo.checksum = checksum(&echo, sizeof(echo));
	return send(ping->fd, &echo, sizeof(echo), 0) == sizeof(echo);
}

/* A ping socket, if this group may have one (net.ipv4.ping_group_range). */
static bool ping_allowed(int protocol, uint8_t family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void ping_start(struct probe *probe)
{
	struct ping_probe *ping = (struct ping_probe *)probe;
	struct timeval timeout = probe_timeval(probe->spec->timeout);
	uint8_t family = probe->spec->addr.family;
	int protocol = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	int fd;

	ping->raw = !ping_allowed(protocol, family);
	fd = check_socket_connect(probe, ping->raw ? SOCK_RAW : SOCK_DGRAM, protocol);
	if (fd < 0)
		return;
	ping->fd = fd;
	if (ping->raw)
		filter_raw(ping->fd, family);
	if (!send_echo(ping)) {
		int err = errno;

		close(ping->fd);
		probe_errno(probe, "echo request", err);
		return;
	}
	ping->event = event_new(probe->base, ping->fd, EV_READ | EV_PERSIST, on_answer, ping);
	ping->timer = evtimer_new(probe->base, on_timeout, ping);
	if (!ping->event || !ping->timer || event_add(ping->event, NULL) ||
	    event_add(ping->timer, &timeout)) {
		ping_cancel(probe);
		probe_skip(probe, "ping", ENOMEM);
	}
}

const struct check_ops check_ping_ops = {
	.name = "PING_CHECK",
	.log_name = "ICMP CHECK",
	.log_success = "ICMP connection to %s success",
	.size = sizeof(struct ping_probe),
	.start = ping_start,
	.cancel = ping_cancel,
};
