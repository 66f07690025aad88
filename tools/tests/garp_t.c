// SPDX-License-Identifier: GPL-2.0
/* Announcements, against frames written by hand from RFC 5227 and RFC 4861. */
#include <arpa/inet.h>
#include <string.h>

#include "garp.h"
#include "tap.h"
#include "util.h"

static const uint8_t mac[6] = { 0x00, 0x00, 0x5e, 0x00, 0x01, 0x32 };

static const uint8_t arp[] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  0x00, 0x00, 0x5e, 0x00, 0x01, 0x32,  0x08, 0x06,
	0, 1,  0x08, 0,  6, 4,  0, 1,				/* Ethernet, IPv4, request */
	0x00, 0x00, 0x5e, 0x00, 0x01, 0x32,  192, 168, 4, 80,
	0, 0, 0, 0, 0, 0,  192, 168, 4, 80,
};

static const uint8_t na[] = {
	0x33, 0x33, 0, 0, 0, 1,  0x00, 0x00, 0x5e, 0x00, 0x01, 0x32,  0x86, 0xdd,
	0x60, 0, 0, 0,  0, 32, 58, 255,
	0xfd, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80,
	0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01,
	136, 0, 0x7c, 0x63,  0xa0, 0, 0, 0,			/* router, override */
	0xfd, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80,
	2, 1, 0x00, 0x00, 0x5e, 0x00, 0x01, 0x32,
};

static void compare(const char *text, const uint8_t *want, size_t want_len)
{
	struct halb_addr addr = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	uint8_t frame[GARP_FRAME_MAX];
	size_t len;
	bool same;

	inet_pton(addr.family, text, addr.bytes);
	len = garp_frame(&addr, mac, frame);
	same = len == want_len && !memcmp(frame, want, len);
	ok(same, "%s: %zu bytes", text, len);
	for (size_t i = 0; !same && i < len; i++)
		if (frame[i] != want[i])
			note("byte %zu is %02x, not %02x", i, frame[i], want[i]);
}

int main(void)
{
	compare("192.168.4.80", arp, sizeof(arp));
	compare("fd00:4::80", na, sizeof(na));
	return done();
}
