// SPDX-License-Identifier: GPL-2.0
/* Addresses, ports and masks in text. */
#include <arpa/inet.h>
#include <string.h>

#include "addr.h"
#include "tap.h"
#include "util.h"

/* What becomes of a text: how it is written again, or a part of the complaint. */
static const struct {
	const char *text;
	enum addr_port want;
	const char *again, *complaint;
} endpoints[] = {
	{ "192.0.2.1:80", ADDR_PORT_REQUIRED, "192.0.2.1:80" },
	{ "192.0.2.1:0", ADDR_PORT_REQUIRED, "192.0.2.1:0" },
	{ "192.0.2.1:65535", ADDR_PORT_REQUIRED, "192.0.2.1:65535" },
	{ "192.0.2.1:00080", ADDR_PORT_REQUIRED, "192.0.2.1:80" },
	{ "[2001:db8::1]:80", ADDR_PORT_REQUIRED, "[2001:db8::1]:80" },
	{ "[2001:DB8:0::1]:80", ADDR_PORT_REQUIRED, "[2001:db8::1]:80" },
	{ "[::ffff:192.0.2.1]:80", ADDR_PORT_REQUIRED, "[::ffff:192.0.2.1]:80" },
	{ "10.0.0.1", ADDR_PORT_OPTIONAL, "10.0.0.1:0" },
	{ "[2001:db8::1]", ADDR_PORT_OPTIONAL, "[2001:db8::1]:0" },
	{ "192.0.2.1:99999", ADDR_PORT_REQUIRED, NULL, "port 99999" },
	{ "192.0.2.1:65536", ADDR_PORT_REQUIRED, NULL, "0 to 65535" },
	{ "192.0.2.1:99999999999999999999999", ADDR_PORT_REQUIRED, NULL, "out of range" },
	{ "192.0.2.1:http", ADDR_PORT_REQUIRED, NULL, "'http'" },
	{ "192.0.2.1:-1", ADDR_PORT_REQUIRED, NULL, "is not a port" },
	{ "192.0.2.1:", ADDR_PORT_REQUIRED, NULL, "no port after it" },
	{ "192.0.2.1", ADDR_PORT_REQUIRED, NULL, "write 192.0.2.1:80" },
	{ "[2001:db8::1]", ADDR_PORT_REQUIRED, NULL, "write [2001:db8::1]:80" },
	{ "2001:db8::1:80", ADDR_PORT_REQUIRED, NULL, "needs brackets" },
	{ "2001:db8::1", ADDR_PORT_OPTIONAL, NULL, "needs brackets" },
	{ "[192.0.2.1]:80", ADDR_PORT_REQUIRED, NULL, "is not an address" },
	{ "[2001:db8::1", ADDR_PORT_REQUIRED, NULL, "closing bracket" },
	{ "[2001:db8::1]80", ADDR_PORT_REQUIRED, NULL, "'80'" },
	{ "[2001:db8::1]:80:90", ADDR_PORT_REQUIRED, NULL, "is not a port" },
	{ "192.0.2.256:80", ADDR_PORT_REQUIRED, NULL, "is not an address" },
	{ "192.0.2:80", ADDR_PORT_REQUIRED, NULL, "is not an address" },
	{ "www.example.com:80", ADDR_PORT_REQUIRED, NULL, "in numbers" },
	{ "a:b:c", ADDR_PORT_REQUIRED, NULL, "is not an address" },
	{ "[]:80", ADDR_PORT_REQUIRED, NULL, "is not an address" },
	{ ":80", ADDR_PORT_REQUIRED, NULL, "is not an address" },
	{ "", ADDR_PORT_REQUIRED, NULL, "is not an address" },
	{ "[fe80::1%eth0]:80", ADDR_PORT_REQUIRED, NULL, "is not an address" },
	{ "11111111111111111111111111111111111111111111111111111111:1",
	  ADDR_PORT_REQUIRED, NULL, "too long" },
};

static void test_endpoints(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++) {
		const char *text = endpoints[i].text;
		char err[256] = "", again[ENDPOINT_STRLEN];
		struct halb_addr addr;
		bool good, has_port;
		uint16_t port;

		good = addr_parse_endpoint(text, endpoints[i].want, &addr, &port, &has_port,
					   err, sizeof(err));
		if (endpoints[i].complaint)
			ok(!good && strstr(err, endpoints[i].complaint), "'%s': %s", text, err);
		else
			ok(good && !strcmp(endpoint_format(&addr, port, again),
					   endpoints[i].again) &&
			   has_port == (endpoints[i].want == ADDR_PORT_REQUIRED),
			   "'%s' is %s %s", text, good ? again : "refused:", err);
	}
}

static const struct {
	const char *text;
	uint8_t family;
	int prefix;			/* -1: refused */
	const char *complaint;
} prefixes[] = {
	{ "24", AF_INET, 24 },
	{ "/24", AF_INET, 24 },
	{ "255.255.255.0", AF_INET, 24 },
	{ "255.255.255.255", AF_INET, 32 },
	{ "128.0.0.0", AF_INET, 1 },
	{ "1", AF_INET, 1 },
	{ "32", AF_INET, 32 },
	{ "64", AF_INET6, 64 },
	{ "/128", AF_INET6, 128 },
	{ "33", AF_INET, -1, "1 to 32" },
	{ "0", AF_INET, -1, "1 to 32" },
	{ "0.0.0.0", AF_INET, -1, "1 to 32" },
	{ "129", AF_INET6, -1, "1 to 128" },
	{ "255.0.255.0", AF_INET, -1, "gaps" },
	{ "255.255.255.0", AF_INET6, -1, "IPv6" },
	{ "255.255.255", AF_INET, -1, "is not a netmask" },
	{ "/", AF_INET, -1, "is not a netmask" },
	{ "", AF_INET6, -1, "is not a prefix length" },
	{ "4294967320", AF_INET, -1, "is not a netmask" },
};

static void test_prefixes(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		char err[256] = "";
		uint8_t prefix = 0;
		bool good;

		good = addr_parse_prefix(prefixes[i].text, prefixes[i].family, &prefix,
					 err, sizeof(err));
		if (prefixes[i].prefix < 0)
			ok(!good && strstr(err, prefixes[i].complaint), "'%s': %s",
			   prefixes[i].text, err);
		else
			ok(good && prefix == prefixes[i].prefix, "'%s' is /%u %s",
			   prefixes[i].text, prefix, err);
	}
}

static void test_masks(void)
{
	char mask[ADDR_STRLEN], err[256];
	bool good = true;
	uint8_t prefix;

	for (uint8_t i = 1; i <= 32; i++)
		good = good && addr_parse_prefix(netmask_format(i, mask), AF_INET, &prefix,
						 err, sizeof(err)) && prefix == i;
	ok(good, "every netmask is written and read");
}

static void test_keys(void)
{
	struct halb_key mark = { .fwmark = 4294967295, .addr.family = AF_INET6 };
	struct halb_key tcp = { .protocol = IPPROTO_TCP, .port = 65535, .addr.family = AF_INET6 };
	struct halb_addr none = { 0 };
	char text[KEY_STRLEN], addr[ADDR_STRLEN];

	memset(tcp.addr.bytes, 0xff, 16);
	ok(!strcmp(key_format(&mark, text), "fwmark 4294967295 inet6"), "%s", text);
	ok(!strcmp(key_format(&tcp, text),
		   "tcp [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"), "%s", text);
	ok(!strcmp(addr_format(&none, addr), "-"), "no address is a dash");
}

int main(void)
{
	test_endpoints();
	test_prefixes();
	test_masks();
	test_keys();
	return done();
}
