// SPDX-License-Identifier: GPL-2.0
/* DNS_CHECK: a query over UDP is answered without an error (RFC 1035). */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "check_probe.h"
#include "check_socket.h"

#define HEADER_SIZE	12
#define NAME_MAX_SIZE	255
#define LABEL_MAX	63
#define FLAG_RD		0x0100
#define FLAG_QR		0x8000
#define RCODE		0x000f
#define CLASS_IN	1

struct dns_probe {
	struct probe probe;
	struct event *event;
	struct event *timer;		/* of its own: no wrong answer makes it longer */
	int fd;
	uint16_t id;
	uint8_t query[HEADER_SIZE + NAME_MAX_SIZE + 4];
	size_t size;
};

static void put16(uint8_t *to, uint16_t value)
{
	to[0] = value >> 8;
	to[1] = value;
}

static uint16_t get16(const uint8_t *from)
{
	return from[0] << 8 | from[1];
}

/* False for a name that is none. */
static bool make_query(struct dns_probe *dns, const struct check_dns *spec)
{
	uint8_t *to = dns->query + HEADER_SIZE;
	const uint8_t *end = to + NAME_MAX_SIZE;
	const char *label = spec->name;

	if (getrandom(&dns->id, sizeof(dns->id), GRND_NONBLOCK) != sizeof(dns->id))
		return false;
	put16(dns->query, dns->id);
	put16(dns->query + 2, FLAG_RD);
	put16(dns->query + 4, 1);
	if (!strcmp(label, "."))
		label = "";
	while (*label) {
		size_t length = strcspn(label, ".");

		/* and the root's label after it */
		if (!length || length > LABEL_MAX || to + 1 + length >= end)
			return false;
		*to++ = length;
		memcpy(to, label, length);
		to += length;
		label += length;
		label += *label == '.';
	}
	*to++ = 0;
	put16(to, spec->type);
	put16(to + 2, CLASS_IN);
	dns->size = to + 4 - dns->query;
	return true;
}

static void dns_cancel(struct probe *probe)
{
	struct dns_probe *dns = (struct dns_probe *)probe;

	if (dns->event)
		event_free(dns->event);
	if (dns->timer)
		event_free(dns->timer);
	close(dns->fd);
}

static const char *rcode_name(unsigned int rcode)
{
	static const char *const names[] = {
		"", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
	};

	return rcode < ARRAY_SIZE(names) ? names[rcode] : "an error";
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct dns_probe *dns = arg;

	(void)fd;
	(void)what;
	dns_cancel(&dns->probe);
	probe_end(&dns->probe, false, "no answer in time");
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct dns_probe *dns = arg;
	struct probe *probe = &dns->probe;
	uint8_t answer[4096];
	unsigned int rcode;
	ssize_t size;
	int err;

	(void)what;
	size = recv(fd, answer, sizeof(answer), 0);
	err = errno;
	if (size < 0 && (err == EAGAIN || err == EINTR))
		return;
	/* Not the answer to this query: that may come still. */
	if (size >= 0 && (size < HEADER_SIZE || get16(answer) != dns->id ||
			  !(get16(answer + 2) & FLAG_QR)))
		return;
	dns_cancel(probe);
	rcode = get16(answer + 2) & RCODE;
	if (size < 0)
		probe_errno(probe, "query", err);
	else if (rcode)
		probe_end(probe, false, "answer is %s (rcode %u)", rcode_name(rcode), rcode);
	else
		probe_end(probe, true, "%s", "");
}

static void wait_for_answer(struct dns_probe *dns)
{
	struct timeval timeout = probe_timeval(dns->probe.spec->timeout);

	dns->event = event_new(dns->probe.base, dns->fd, EV_READ | EV_PERSIST, on_answer, dns);
	dns->timer = evtimer_new(dns->probe.base, on_timeout, dns);
	if (dns->event && dns->timer && !event_add(dns->event, NULL) &&
	    !event_add(dns->timer, &timeout))
		return;
	dns_cancel(&dns->probe);
	probe_skip(&dns->probe, "DNS", ENOMEM);
}

static void dns_start(struct probe *probe)
{
	struct dns_probe *dns = (struct dns_probe *)probe;
	int fd;

	if (!make_query(dns, &probe->spec->dns)) {
		probe_end(probe, false, "the name cannot be asked for");
		return;
	}
	fd = check_socket_connect(probe, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	dns->fd = fd;
	if (send(dns->fd, dns->query, dns->size, 0) < 0) {
		int err = errno;

		close(dns->fd);
		probe_errno(probe, "query", err);
		return;
	}
	wait_for_answer(dns);
}

const struct check_ops check_dns_ops = {
	.name = "DNS_CHECK",
	.log_name = "DNS_CHECK",
	.log_success = "DNS_CHECK of %s success",
	.size = sizeof(struct dns_probe),
	.start = dns_start,
	.cancel = dns_cancel,
};
