// SPDX-License-Identifier: GPL-2.0
/* Objects to attributes and back; and attributes that nobody should send. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "nl_codec.h"
#include "tap.h"
#include "util.h"

static char buf[65536];

static struct nlmsghdr *fresh(void)
{
	memset(buf, 0xaa, sizeof(buf));
	return mnl_nlmsg_put_header(buf);
}

static const struct nlattr *first(const struct nlmsghdr *nlh)
{
	return mnl_nlmsg_get_payload(nlh);
}

static struct halb_addr addr4(const char *text)
{
	struct halb_addr addr = { .family = AF_INET };

	inet_pton(AF_INET, text, &addr.v4);
	return addr;
}

static struct halb_addr addr6(const char *text)
{
	struct halb_addr addr = { .family = AF_INET6 };

	inet_pton(AF_INET6, text, &addr.v6);
	return addr;
}

/* --- there and back ---------------------------------------------------------------- */

static void test_service(void)
{
	struct halb_service in = {
		.present = HALB_SVC_SCHEDULER | HALB_SVC_FLAGS | HALB_SVC_PERSIST_TIMEOUT |
			   HALB_SVC_PERSIST_PREFIX,
		.key = { .protocol = IPPROTO_UDP, .port = 53 },
		.scheduler = "wrr",
		.flags = HALB_SERVICE_FLAG_PERSISTENT,
		.flags_mask = 15,
		.persist_timeout = 2678400,
		.persist_prefix = 64,
	};
	struct halb_service out, mark = { .key = { .fwmark = 7, .addr.family = AF_INET6 } };
	struct nlmsghdr *nlh = fresh();

	in.key.addr = addr6("2001:db8::1");
	nl_put_service(nlh, HALB_A_SERVICE, &in);
	ok(!nl_get_service(first(nlh), &out) && out.present == in.present &&
	   halb_key_equal(&out.key, &in.key) && !strcmp(out.scheduler, "wrr") &&
	   out.flags == in.flags && out.flags_mask == 15 &&
	   out.persist_timeout == 2678400 && out.persist_prefix == 64, "a service");
	nlh = fresh();
	nl_put_service(nlh, HALB_A_SERVICE, &mark);
	ok(!nl_get_service(first(nlh), &out) && !out.present &&
	   halb_key_equal(&out.key, &mark.key), "a mark");
	nlh = fresh();
	nl_put_key(nlh, HALB_A_SERVICE, &in.key);
	ok(!nl_get_service(first(nlh), &out) && !out.present &&
	   halb_key_equal(&out.key, &in.key), "a key");
}

static void test_server(void)
{
	struct halb_server in = {
		.present = HALB_SRV_PORT | HALB_SRV_METHOD | HALB_SRV_WEIGHT | HALB_SRV_UPPER |
			   HALB_SRV_LOWER | HALB_SRV_BACKUP,
		.service = { .protocol = IPPROTO_TCP, .port = 80 },
		.port = 8080,
		.method = HALB_METHOD_TUN,
		.weight = 65535,
		.upper = UINT32_MAX,
		.lower = 1,
		.backup = true,
	};
	struct nlmsghdr *nlh = fresh();
	struct halb_server out;

	in.service.addr = addr4("192.0.2.1");
	in.addr = addr6("2001:db8::2");
	nl_put_server(nlh, HALB_A_SERVER, &in, false);
	ok(!nl_get_server(first(nlh), &out) && out.present == in.present &&
	   halb_key_equal(&out.service, &in.service) && halb_addr_equal(&out.addr, &in.addr) &&
	   out.port == 8080 && out.method == HALB_METHOD_TUN && out.weight == 65535 &&
	   out.upper == UINT32_MAX && out.lower == 1 && out.backup, "a server");
	nlh = fresh();
	nl_put_server(nlh, HALB_A_SERVER, &in, true);
	ok(!nl_get_server(first(nlh), &out) && out.present == HALB_SRV_PORT, "its name alone");
	nlh = fresh();
	nl_put_server_filter(nlh, HALB_A_SERVER, &in.service);
	ok(nl_get_server(first(nlh), &out) < 0, "a filter names no server");
}

static void test_conn(void)
{
	struct halb_conn in = {
		.present = (1 << 11) - 1,
		.protocol = IPPROTO_TCP,
		.client_port = 1, .service_port = 2, .server_port = 3,
		.method = HALB_METHOD_DR,
		.state = HALB_CONN_STATE_TEMPLATE,
		.expires = 900, .fwmark = 4,
	};
	struct nlmsghdr *nlh = fresh();
	struct halb_conn out;

	in.client = addr4("10.1.0.2");
	in.service = addr4("192.0.2.1");
	in.server = addr6("2001:db8::2");
	nl_put_conn(nlh, HALB_A_CONN, &in);
	ok(!nl_get_conn(first(nlh), &out) && out.present == in.present &&
	   halb_addr_equal(&out.client, &in.client) && out.client_port == 1 &&
	   halb_addr_equal(&out.service, &in.service) && out.service_port == 2 &&
	   halb_addr_equal(&out.server, &in.server) && out.server_port == 3 &&
	   out.method == in.method && out.state == in.state && out.expires == 900 &&
	   out.fwmark == 4, "a connection");
}

static void test_settings(void)
{
	struct halb_settings in = {
		.present = (HALB_SET_CONNS - 1) | HALB_SET_LOCAL_CLIENTS |
			   HALB_SET_SUSPECT_AFTER,
		.tcp_timeout = 1, .tcp_fin_timeout = 2, .udp_timeout = 3, .conn_limit = 4,
		.vip_unmatched = HALB_VIP_UNMATCHED_DROP, .source_check = 1, .expire_quiescent = 1,
		.local_clients = 1, .suspect_after = 7,
	};
	struct nlmsghdr *nlh = fresh();
	struct halb_settings out;

	nl_put_settings(nlh, HALB_A_SETTINGS, &in);
	ok(!nl_get_settings(first(nlh), &out) && !memcmp(&in, &out, sizeof(in)), "settings");
}

/* --- what a newer or broken kernel might send ----------------------------------------- */

static void test_odd(void)
{
	struct halb_service service;
	struct halb_counter counter;
	struct halb_stats stats = { 0 };
	struct nlmsghdr *nlh = fresh();
	struct nlattr *nest = mnl_attr_nest_start(nlh, HALB_A_SERVICE);
	uint64_t value = 0x0102030405060708;
	char name[300];

	mnl_attr_put_u32(nlh, HALB_A_SERVICE_FWMARK, 7);
	mnl_attr_put_u32(nlh, 1000, 1);
	mnl_attr_nest_end(nlh, nest);
	ok(!nl_get_service(first(nlh), &service) && service.key.addr.family == AF_INET,
	   "an attribute of the future is passed over");

	nlh = fresh();
	nest = mnl_attr_nest_start(nlh, HALB_A_SERVICE);
	mnl_attr_put_u8(nlh, HALB_A_SERVICE_FWMARK, 7);
	mnl_attr_nest_end(nlh, nest);
	ok(nl_get_service(first(nlh), &service) < 0, "a mark of one byte");

	nlh = fresh();
	nest = mnl_attr_nest_start(nlh, HALB_A_SERVICE);
	mnl_attr_put(nlh, HALB_A_SERVICE_ADDRESS, 5, "12345");
	mnl_attr_nest_end(nlh, nest);
	ok(nl_get_service(first(nlh), &service) < 0, "an address of five bytes");

	nlh = fresh();
	nest = mnl_attr_nest_start(nlh, HALB_A_DROP);
	memset(name, 'x', sizeof(name));
	mnl_attr_put(nlh, HALB_A_COUNTER_NAME, sizeof(name), name);
	mnl_attr_nest_end(nlh, nest);
	ok(nl_get_counter(first(nlh), &counter) < 0, "a name that is too long and has no end");

	nlh = fresh();
	nest = mnl_attr_nest_start(nlh, HALB_A_DROP);
	mnl_attr_put(nlh, HALB_A_COUNTER_NAME, 3, "abc");
	mnl_attr_put(nlh, HALB_A_COUNTER_PACKETS, sizeof(value), &value);
	mnl_attr_nest_end(nlh, nest);
	ok(!nl_get_counter(first(nlh), &counter) && !strcmp(counter.name, "abc") &&
	   counter.packets == value, "a name without its NUL; a number at an odd place");

	nlh = fresh();
	nest = mnl_attr_nest_start(nlh, HALB_A_STATS);
	mnl_attr_put(nlh, HALB_A_STATS_PAD, 0, NULL);
	mnl_attr_put(nlh, HALB_A_STATS_OUT_BPS, sizeof(value), &value);
	mnl_attr_nest_end(nlh, nest);
	ok(!nl_get_stats(first(nlh), &stats) && stats.out_bps == value, "padding");
}

/* --- anything ---------------------------------------------------------------------------- */

/* Bytes that are shaped like attributes, in memory that ends where they end, so
 * that AddressSanitizer sees a read beyond.
 */
static void fuzz(unsigned int rounds)
{
	struct halb_settings settings;
	struct halb_service service;
	struct halb_server server;
	struct halb_counter counter;
	struct halb_stats stats;
	struct halb_conn conn;
	unsigned int good = 0;

	srand(1);
	for (unsigned int i = 0; i < rounds; i++) {
		size_t len = sizeof(struct nlattr) + (size_t)(rand() % 64) * 4;
		struct nlattr *nest = malloc(len);
		char *bytes = (char *)nest;

		for (size_t j = 0; j < len; j++)
			bytes[j] = (char)rand();
		nest->nla_len = (uint16_t)len;
		for (size_t j = sizeof(*nest); j + sizeof(*nest) <= len;) {
			struct nlattr *attr = (struct nlattr *)(bytes + j);

			attr->nla_len = (uint16_t)(rand() % 8 ? 4 + rand() % 20 : rand());
			attr->nla_type = (uint16_t)(rand() % 16);
			j += rand() % 8 ? MNL_ALIGN(attr->nla_len) : 4;
		}
		good += !nl_get_service(nest, &service);
		good += !nl_get_server(nest, &server);
		good += !nl_get_conn(nest, &conn);
		good += !nl_get_settings(nest, &settings);
		good += !nl_get_stats(nest, &stats);
		good += !nl_get_counter(nest, &counter);
		free(nest);
	}
	ok(good, "random attributes: %u of %u were objects", good, rounds * 6);
}

int main(int argc, char **argv)
{
	test_service();
	test_server();
	test_conn();
	test_settings();
	test_odd();
	fuzz(argc > 1 ? (unsigned int)atoi(argv[1]) : 200000);
	return done();
}
