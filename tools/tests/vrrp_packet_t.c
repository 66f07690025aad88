// SPDX-License-Identifier: GPL-2.0
/*
 * VRRP on the wire. The golden packets are written by hand from the figures of RFC 3768 and
 * RFC 5798. With a file of packets (a line of hexadecimal each, from the IP header on), each must
 * decode, and be the same when encoded again: selftests/net/vrrp.t gives keepalived's.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "util.h"
#include "vrrp_packet.h"

static struct halb_addr addr(const char *text)
{
	struct halb_addr a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	inet_pton(a.family, text, a.bytes);
	return a;
}

static const uint8_t v2_pass[] = {
	0x21, 50, 100, 1,  1, 1, 0x52, 0x70,
	192, 168, 4, 80,
	'1', '1', '1', '1', 0, 0, 0, 0,
};

static const uint8_t v2_none[] = {
	0x21, 1, 128, 2,  0, 1, 0x4a, 0xf8,
	10, 0, 0, 1,  10, 0, 0, 2,
	0, 0, 0, 0, 0, 0, 0, 0,
};

static const uint8_t v3_pseudo[] = { 0x31, 50, 100, 1,  0, 100, 0xff, 0xd3,  192, 168, 4, 80 };
static const uint8_t v3_plain[] = { 0x31, 50, 100, 1,  0, 100, 0xa5, 0x6f,  192, 168, 4, 80 };

static const uint8_t v3_inet6[] = {
	0x31, 51, 200, 2,  0x0f, 0xff, 0xfc, 0x40,
	0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x50,
	0xfd, 0x00, 0, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80,
};

static const struct golden {
	const char *name;
	const uint8_t *data;
	size_t len;
	const char *from, *to;
	uint8_t version, vrid, priority, auth_type;
	const char *pass;
	uint32_t interval;
	enum vrrp_checksum checksum;
	uint8_t count;
	const char *addrs[2];
} golden[] = {
	{ "version 2, PASS", v2_pass, sizeof(v2_pass), "192.168.4.100", "224.0.0.18",
	  2, 50, 100, VRRP_AUTH_PASS, "1111", 100, VRRP_CHECKSUM_PSEUDO, 1, { "192.168.4.80" } },
	{ "version 2", v2_none, sizeof(v2_none), "10.0.0.9", "224.0.0.18",
	  2, 1, 128, VRRP_AUTH_NONE, "", 100, VRRP_CHECKSUM_PSEUDO, 2, { "10.0.0.1", "10.0.0.2" } },
	{ "version 3, RFC 5798's checksum", v3_pseudo, sizeof(v3_pseudo), "192.168.4.100",
	  "224.0.0.18", 3, 50, 100, 0, "", 100, VRRP_CHECKSUM_PSEUDO, 1, { "192.168.4.80" } },
	{ "version 3, RFC 9568's checksum", v3_plain, sizeof(v3_plain), "192.168.4.100",
	  "224.0.0.18", 3, 50, 100, 0, "", 100, VRRP_CHECKSUM_PLAIN, 1, { "192.168.4.80" } },
	{ "version 3, IPv6", v3_inet6, sizeof(v3_inet6), "fe80::1", "ff02::12",
	  3, 51, 200, 0, "", 4095, VRRP_CHECKSUM_PSEUDO, 2, { "fe80::50", "fd00:9::80" } },
};

static struct vrrp_envelope envelope_of(const struct golden *g)
{
	return (struct vrrp_envelope){ addr(g->from), addr(g->to), 255 };
}

static bool is_golden(const struct vrrp_packet *p, const struct golden *g)
{
	uint8_t pass[VRRP_PASS_SIZE] = { 0 };

	memcpy(pass, g->pass, strlen(g->pass));
	for (unsigned int i = 0; i < g->count; i++) {
		struct halb_addr want = addr(g->addrs[i]);

		if (!halb_addr_equal(&p->addrs[i], &want))
			return false;
	}
	return p->version == g->version && p->vrid == g->vrid && p->priority == g->priority &&
		p->auth_type == g->auth_type && !memcmp(p->pass, pass, sizeof(pass)) &&
		p->interval == g->interval && p->checksum == g->checksum && p->count == g->count;
}

static void test_golden(void)
{
	uint8_t again[VRRP_PACKET_MAX];
	struct vrrp_packet p;

	for (size_t i = 0; i < ARRAY_SIZE(golden); i++) {
		const struct golden *g = &golden[i];
		struct vrrp_envelope envelope = envelope_of(g);
		enum vrrp_refusal r = vrrp_packet_decode(g->data, g->len, &envelope, &p);
		size_t len;

		ok(!r && is_golden(&p, g), "%s: decoded (%s)", g->name, vrrp_refusal_name(r));
		len = vrrp_packet_encode(&p, &envelope, again);
		ok(len == g->len && !memcmp(again, g->data, len), "%s: encoded again", g->name);
	}
}

/* --- what decoding refuses ------------------------------------------------------ */

static enum vrrp_refusal decode_changed(const struct golden *g, size_t at, uint8_t value,
					size_t len, struct vrrp_packet *p)
{
	struct vrrp_envelope envelope = envelope_of(g);
	uint8_t data[64];

	memcpy(data, g->data, g->len);
	memset(data + g->len, 0, sizeof(data) - g->len);
	data[at] = value;
	return vrrp_packet_decode(data, len, &envelope, p);
}

static void test_decode_refuses(void)
{
	struct vrrp_packet p;

	for (size_t i = 0; i < ARRAY_SIZE(golden); i++) {
		const struct golden *g = &golden[i];
		bool good = true;

		for (size_t len = 0; len < g->len + 16; len++) {
			enum vrrp_refusal r = decode_changed(g, 0, g->data[0], len, &p);

			good &= r == (len == g->len ? VRRP_TAKEN : VRRP_BAD_LENGTH);
		}
		ok(good, "%s: one length only", g->name);
		good = true;
		for (size_t at = 1; at < g->len; at++)
			for (unsigned int bit = 0; bit < 8; bit++)
				good &= decode_changed(g, at, g->data[at] ^ (uint8_t)(1 << bit),
						       g->len, &p) != VRRP_TAKEN;
		ok(good, "%s: every flipped bit is noticed", g->name);
		ok(decode_changed(g, 0, 0x41, g->len, &p) == VRRP_BAD_VERSION, "%s: version 4",
		   g->name);
		ok(decode_changed(g, 3, (uint8_t)(g->count + 1), g->len, &p) == VRRP_BAD_LENGTH,
		   "%s: more addresses than there are", g->name);
	}
	/* The type is in the same word as the VRID, so a lower VRID keeps the checksum. */
	{
		static const uint8_t other_type[] = {
			0x22, 50, 100, 1,  1, 1, 0x51, 0x70,  192, 168, 4, 80,
			'1', '1', '1', '1', 0, 0, 0, 0,
		};
		static const uint8_t no_interval[] = {
			0x31, 50, 100, 1,  0, 0, 0xa5, 0xd3,  192, 168, 4, 80,
		};
		struct vrrp_envelope envelope = envelope_of(&golden[0]);

		ok(vrrp_packet_decode(other_type, sizeof(other_type), &envelope, &p) ==
		   VRRP_BAD_TYPE, "type 2");
		ok(vrrp_packet_decode(no_interval, sizeof(no_interval), &envelope, &p) ==
		   VRRP_BAD_INTERVAL, "an interval of nothing");
	}
	/* The pseudo header is part of it: the same packet from elsewhere is wrong. */
	{
		struct vrrp_envelope envelope = envelope_of(&golden[4]);

		envelope.from.bytes[15]++;
		ok(vrrp_packet_decode(v3_inet6, sizeof(v3_inet6), &envelope, &p) ==
		   VRRP_BAD_CHECKSUM, "IPv6 from another address than it was summed for");
	}
}

/* --- what an instance refuses ---------------------------------------------------- */

static void test_check(void)
{
	struct vrrp_envelope envelope = envelope_of(&golden[0]);
	struct halb_addr vips[2] = { addr("192.168.4.80"), addr("192.168.4.81") };
	const struct vrrp_expect good = {
		.version = 2, .vrid = 50, .auth_type = VRRP_AUTH_PASS, .pass = "1111",
		.interval = 100, .ttl_min = 255, .ttl_max = 255, .addrs = vips, .count = 1,
	};
	struct vrrp_expect expect;
	struct vrrp_packet p;

	vrrp_packet_decode(v2_pass, sizeof(v2_pass), &envelope, &p);
	ok(vrrp_packet_check(&p, &envelope, &good) == VRRP_TAKEN, "as configured");
#define refused(why, ...) do {						\
	expect = good;							\
	__VA_ARGS__;							\
	ok(vrrp_packet_check(&p, &envelope, &expect) == VRRP_BAD_##why, #__VA_ARGS__); \
} while (0)
	refused(VERSION, expect.version = 3);
	refused(VRID, expect.vrid = 51);
	refused(AUTH_TYPE, expect.auth_type = VRRP_AUTH_NONE);
	refused(AUTH_TYPE, expect.auth_type = VRRP_AUTH_AH);
	refused(PASSWORD, expect.pass[3] = '2');
	refused(PASSWORD, expect.pass[4] = '1');
	refused(INTERVAL, expect.interval = 200);
	refused(ADDRESSES, expect.count = 2);
	refused(ADDRESSES, expect.addrs = &vips[1]);
	refused(ADDRESSES, expect.count = 0);
	expect = good;
	expect.addrs = NULL;
	expect.count = 7;
	ok(vrrp_packet_check(&p, &envelope, &expect) == VRRP_TAKEN, "any addresses, if asked so");
	envelope.ttl = 254;
	refused(TTL, expect.vrid = 50);
	expect.ttl_min = 200;
	ok(vrrp_packet_check(&p, &envelope, &expect) == VRRP_TAKEN, "a TTL of 254 in unicast");
}

/* --- the IPv4 header -------------------------------------------------------------- */

static void test_unwrap(void)
{
	uint8_t data[24 + sizeof(v2_pass)] = {
		0x46, 0xc0, 0, sizeof(data), 0, 0, 0, 0, 255, 112, 0, 0,
		192, 168, 4, 100, 224, 0, 0, 18, 148, 4, 0, 0, /* an option: router alert */
	};
	struct halb_addr from = addr("192.168.4.100");
	struct vrrp_envelope envelope;
	const void *payload;
	size_t len;
	bool good = true;

	memcpy(data + 24, v2_pass, sizeof(v2_pass));
	ok(!vrrp_packet_unwrap(data, sizeof(data), &envelope, &payload, &len) &&
	   payload == data + 24 && len == sizeof(v2_pass) && envelope.ttl == 255 &&
	   halb_addr_equal(&envelope.from, &from), "an IPv4 header with options");
	for (size_t cut = 0; cut < sizeof(data); cut++)
		good &= vrrp_packet_unwrap(data, cut, &envelope, &payload, &len) == VRRP_BAD_LENGTH;
	ok(good, "a packet cut anywhere");
	data[0] = 0x44;
	ok(vrrp_packet_unwrap(data, sizeof(data), &envelope, &payload, &len), "a header of 16 bytes");
	data[0] = 0x66;
	ok(vrrp_packet_unwrap(data, sizeof(data), &envelope, &payload, &len), "IP version 6");
}

/* --- any bytes --------------------------------------------------------------------- */

/* Whatever decodes is the same packet when encoded again. */
static void test_fuzz(void)
{
	static uint8_t data[VRRP_PACKET_MAX + 64], again[VRRP_PACKET_MAX];
	unsigned int taken = 0, wrong = 0;
	struct vrrp_packet p;

	srand(1);
	for (int round = 0; round < 300000; round++) {
		const struct golden *g = &golden[(size_t)rand() % ARRAY_SIZE(golden)];
		struct vrrp_envelope envelope = envelope_of(g);
		size_t len = g->len;
		uint8_t *exact;
		const void *payload;
		size_t payload_len;

		memcpy(data, g->data, g->len);
		if (rand() % 8 == 0)
			len = (size_t)rand() % sizeof(data);
		for (int n = rand() % 4; n && len; n--)
			data[(size_t)rand() % (rand() % 2 && len > 8 ? 8 : len)] = (uint8_t)rand();
		/* A buffer of just this size, so that ASan sees one byte too many. */
		exact = malloc(len + !len);
		memcpy(exact, data, len);
		if (!vrrp_packet_decode(exact, len, &envelope, &p)) {
			uint8_t reserved = p.version == 3 ? exact[4] & 0xf0 : 0;

			taken++;
			/* Reserved bits are ignored, and not sent. */
			wrong += !reserved && (vrrp_packet_encode(&p, &envelope, again) != len ||
					       memcmp(again, exact, len));
		}
		vrrp_packet_unwrap(exact, len, &envelope, &payload, &payload_len);
		free(exact);
	}
	ok(taken > 1000 && !wrong, "any bytes: %u were packets, %u of them not the same again",
	   taken, wrong);
}

/* --- packets from elsewhere ---------------------------------------------------------- */

static size_t read_hex(const char *text, uint8_t *data, size_t size)
{
	size_t len = 0;
	unsigned int byte;

	while (len < size && sscanf(text, "%2x", &byte) == 1) {
		data[len++] = (uint8_t)byte;
		text += 2;
	}
	return len;
}

static int test_file(const char *path)
{
	static char line[2 * VRRP_PACKET_MAX + 128];
	static uint8_t data[VRRP_PACKET_MAX + 64], again[VRRP_PACKET_MAX];
	FILE *file = fopen(path, "r");
	struct vrrp_packet p;

	if (!file)
		return 1;
	while (fgets(line, sizeof(line), file)) {
		size_t len = read_hex(line, data, sizeof(data)), payload_len = 0, again_len = 0;
		struct vrrp_envelope envelope = { 0 };
		const void *payload = data + 40;
		enum vrrp_refusal r = VRRP_BAD_LENGTH;

		if (!len)
			continue;
		if (len > 40 && data[0] >> 4 == 6) {
			envelope.from.family = envelope.to.family = AF_INET6;
			memcpy(envelope.from.bytes, data + 8, 16);
			memcpy(envelope.to.bytes, data + 24, 16);
			envelope.ttl = data[7];
			payload_len = len - 40;
			r = VRRP_TAKEN;
		} else {
			r = vrrp_packet_unwrap(data, len, &envelope, &payload, &payload_len);
		}
		if (!r)
			r = vrrp_packet_decode(payload, payload_len, &envelope, &p);
		if (!r)
			again_len = vrrp_packet_encode(&p, &envelope, again);
		ok(!r && envelope.ttl == 255 && again_len == payload_len &&
		   !memcmp(again, payload, again_len), "version %u, VRID %u, priority %u, %u addresses: %s",
		   p.version, p.vrid, p.priority, p.count, vrrp_refusal_name(r));
	}
	fclose(file);
	return done();
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return test_file(argv[1]);
	test_golden();
	test_decode_refuses();
	test_check();
	test_unwrap();
	test_fuzz();
	return done();
}
