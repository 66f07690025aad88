// SPDX-License-Identifier: GPL-2.0
/*
 * The netlink floor against a kernel that is played by this file: libmnl's socket
 * functions are replaced at link time (--wrap). What is sent is looked at, what
 * comes back is made up.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "nl.h"
#include "nl_codec.h"
#include "tap.h"
#include "util.h"
#include "wrap.h"

#define FAMILY	0x20
#define GROUP	9

/* --- the kernel: datagrams that wait, and who answers a request ------------------- */

#define DATAGRAMS	4096

static struct {
	char *bytes;
	size_t len;
	int error;			/* instead of bytes */
} queue[DATAGRAMS];
static size_t queue_head, queue_tail;
static unsigned int requests;
static uint32_t joined[2];		/* groups, in order */
static unsigned int joined_count;
static void (*answer)(const struct nlmsghdr *nlh, const struct genlmsghdr *genl);

static void enqueue(const void *bytes, size_t len, int error)
{
	size_t at = queue_tail++ % DATAGRAMS;

	free(queue[at].bytes);
	/* Exactly as long as it is, for AddressSanitizer. */
	queue[at].bytes = malloc(len ? len : 1);
	if (len)
		memcpy(queue[at].bytes, bytes, len);
	queue[at].len = len;
	queue[at].error = error;
}

struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags)
{
	(void)bus;
	(void)flags;
	return (struct mnl_socket *)queue;
}

int __wrap_mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	(void)nl;
	(void)groups;
	(void)pid;
	return 0;
}

int __wrap_mnl_socket_close(struct mnl_socket *nl)
{
	(void)nl;
	return 0;
}

int __wrap_mnl_socket_get_fd(const struct mnl_socket *nl)
{
	(void)nl;
	return -1;
}

int __wrap_mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *data, socklen_t len)
{
	(void)nl;
	if (type == NETLINK_ADD_MEMBERSHIP && len == sizeof(joined[0]) && joined_count < 2)
		memcpy(&joined[joined_count++], data, len);
	return 0;
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *req, size_t size)
{
	const struct nlmsghdr *nlh = req;

	(void)nl;
	requests++;
	if (nlh->nlmsg_len != size)
		abort();
	answer(nlh, mnl_nlmsg_get_payload(nlh));
	return (ssize_t)size;
}

ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	size_t at = queue_head++ % DATAGRAMS;

	(void)nl;
	if (queue_head > queue_tail) {
		/* A real socket would wait for ever. */
		queue_head = queue_tail;
		errno = ETIMEDOUT;
		return -1;
	}
	if (queue[at].error) {
		errno = queue[at].error;
		return -1;
	}
	if (queue[at].len > size)
		abort();
	memcpy(buf, queue[at].bytes, queue[at].len);
	return (ssize_t)queue[at].len;
}

/* --- what kernels say ------------------------------------------------------------------ */

static char message[65536];

static struct nlmsghdr *start(const struct nlmsghdr *request, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(message);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = request ? request->nlmsg_seq : 0;
	if (type >= NLMSG_MIN_TYPE) {
		genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
		genl->cmd = 0;
		genl->version = 1;
	}
	return nlh;
}

static void end(const struct nlmsghdr *nlh)
{
	enqueue(nlh, nlh->nlmsg_len, 0);
}

/* An acknowledgement, or a refusal; with a sentence and an offset if there are. */
static void say(const struct nlmsghdr *request, int error, const char *text, int offset)
{
	struct nlmsghdr *nlh = start(request, NLMSG_ERROR, NLM_F_CAPPED);
	struct nlmsgerr *err = mnl_nlmsg_put_extra_header(nlh, sizeof(*err));

	err->error = -error;
	err->msg = *request;
	if (text || offset >= 0)
		nlh->nlmsg_flags |= NLM_F_ACK_TLVS;
	if (text)
		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, text);
	if (offset >= 0)
		mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, (uint32_t)offset);
	end(nlh);
}

static void say_done(const struct nlmsghdr *request, uint16_t flags, int error, const char *text)
{
	struct nlmsghdr *nlh = start(request, NLMSG_DONE, NLM_F_MULTI | flags);
	int *code = mnl_nlmsg_put_extra_header(nlh, sizeof(*code));

	*code = -error;
	if (text) {
		nlh->nlmsg_flags |= NLM_F_ACK_TLVS;
		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, text);
	}
	end(nlh);
}

static void answer_family(const struct nlmsghdr *request, const struct genlmsghdr *genl)
{
	struct nlattr *groups, *group;
	struct nlmsghdr *nlh;

	(void)genl;
	nlh = start(request, GENL_ID_CTRL, 0);
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FAMILY);
	groups = mnl_attr_nest_start(nlh, CTRL_ATTR_MCAST_GROUPS);
	for (uint32_t i = 1; i <= 2; i++) {
		group = mnl_attr_nest_start(nlh, (uint16_t)i);
		mnl_attr_put_u32(nlh, CTRL_ATTR_MCAST_GRP_ID, i == 2 ? GROUP : 1);
		mnl_attr_put_strz(nlh, CTRL_ATTR_MCAST_GRP_NAME, i == 2 ? "events" : "other");
		mnl_attr_nest_end(nlh, group);
	}
	mnl_attr_nest_end(nlh, groups);
	end(nlh);
	say(request, 0, NULL, -1);
}

static struct nl_ctx ctx;

static void open_with(void (*next)(const struct nlmsghdr *nlh, const struct genlmsghdr *genl))
{
	nl_close(&ctx);
	queue_head = queue_tail;
	answer = answer_family;
	if (nl_open(&ctx))
		abort();
	answer = next;
	requests = 0;
}

/* --- opening ------------------------------------------------------------------------------ */

static void answer_no_family(const struct nlmsghdr *request, const struct genlmsghdr *genl)
{
	(void)genl;
	say(request, ENOENT, NULL, -1);
}

static void test_open(void)
{
	answer = answer_no_family;
	ok(nl_open(&ctx) == -ENOENT && ctx.err.absent && strstr(ctx.err.text, "module"),
	   "no family: %s", ctx.err.text);
	nl_close(&ctx);
	open_with(NULL);
	ok(ctx.family == FAMILY, "the family is found");
	ok(!nl_events_subscribe(&ctx) && joined[0] == GROUP &&
	   joined[1] == GENL_ID_CTRL, "and its group of events, and the one that tells its end");
}

/* --- refusals -------------------------------------------------------------------------------- */

static struct { int error; const char *text; int offset; } refusal;

static void answer_refusal(const struct nlmsghdr *request, const struct genlmsghdr *genl)
{
	(void)genl;
	say(request, refusal.error, refusal.text, refusal.offset);
}

static void test_refusals(void)
{
	struct halb_service service = { .key = { .fwmark = 1 } };
	struct halb_settings settings;

	open_with(answer_refusal);
	refusal.error = EEXIST;
	refusal.text = "the service exists already";
	refusal.offset = 24;
	ok(nl_service_write(&ctx, HALB_CHANGE_OP_ADD, &service) == -EEXIST &&
	   ctx.err.code == EEXIST && ctx.err.from_kernel && ctx.err.has_offset &&
	   ctx.err.offset == 24 && !strcmp(ctx.err.text, refusal.text),
	   "the kernel's sentence is passed on");
	refusal.text = NULL;
	refusal.offset = -1;
	refusal.error = EPERM;
	ok(nl_zero(&ctx, NULL) == -EPERM && strstr(ctx.err.text, "CAP_NET_ADMIN") &&
	   !ctx.err.from_kernel && !ctx.err.has_offset, "EPERM: %s", ctx.err.text);
	refusal.error = EOPNOTSUPP;
	ok(nl_service_flush(&ctx) == -EOPNOTSUPP, "EOPNOTSUPP: %s", ctx.err.text);
	refusal.error = 0;
	ok(nl_settings_get(&ctx, &settings) == -EBADMSG, "an answer without content: %s",
	   ctx.err.text);
	ok(nl_service_write(&ctx, HALB_CHANGE_OP_FLUSH, &service) == -EINVAL,
	   "no operation of a service");
}

/* --- lists -------------------------------------------------------------------------------------- */

static unsigned int interruptions, changes_between;
static uint32_t generation;

static void send_service(const struct nlmsghdr *request, uint32_t mark, uint16_t flags)
{
	struct nlmsghdr *nlh = start(request, FAMILY, NLM_F_MULTI | flags);
	struct halb_service service = {
		.key.fwmark = mark, .present = HALB_SVC_SCHEDULER, .scheduler = "rr",
	};

	nl_put_service(nlh, HALB_A_SERVICE, &service);
	end(nlh);
}

static void send_server(const struct nlmsghdr *request, uint32_t mark, uint16_t port)
{
	struct nlmsghdr *nlh = start(request, FAMILY, NLM_F_MULTI);
	struct halb_server server = {
		.service = { .fwmark = mark, .addr.family = AF_INET },
		.addr.family = AF_INET, .port = port, .present = HALB_SRV_PORT,
	};

	nl_put_server(nlh, HALB_A_SERVER, &server, false);
	end(nlh);
}

/* Marks 1 to 3; servers 10, 11 of 1 and 30 of 3. */
static void answer_config(const struct nlmsghdr *request, const struct genlmsghdr *genl)
{
	struct halb_settings settings = { .present = HALB_SET_CONN_LIMIT, .conn_limit = 77 };
	uint16_t flags = interruptions ? NLM_F_DUMP_INTR : 0;
	struct nlmsghdr *nlh;

	switch (genl->cmd) {
	case HALB_CMD_SERVICE_GET:
		send_service(request, 1, 0);
		if (interruptions) {
			interruptions--;
			send_service(request, 99, flags);
		}
		send_service(request, 2, 0);
		send_service(request, 3, 0);
		say_done(request, 0, 0, NULL);
		return;
	case HALB_CMD_SERVER_GET:
		send_server(request, 1, 10);
		send_server(request, 1, 11);
		send_server(request, changes_between ? 4 : 3, 30);
		say_done(request, 0, 0, NULL);
		if (changes_between) {
			changes_between--;
			generation++;
		}
		return;
	case HALB_CMD_STATS_GET:
		nlh = start(request, FAMILY, 0);
		mnl_attr_put_u32(nlh, HALB_A_GENERATION, generation);
		break;
	default:
		nlh = start(request, FAMILY, 0);
		nl_put_settings(nlh, HALB_A_SETTINGS, &settings);
		break;
	}
	end(nlh);
	say(request, 0, NULL, -1);
}

static void test_lists(void)
{
	struct halb_service *services;
	size_t count;

	open_with(answer_config);
	ok(!nl_service_list(&ctx, &services, &count) && count == 3 &&
	   services[2].key.fwmark == 3 && requests == 1, "a list");
	free(services);
	interruptions = 2;
	requests = 0;
	ok(!nl_service_list(&ctx, &services, &count) && count == 3 && requests == 3 &&
	   services[1].key.fwmark == 2, "a list that changed meanwhile is read again");
	free(services);
	interruptions = 1000;
	ok(nl_service_list(&ctx, &services, &count) == -EAGAIN && !services && !count,
	   "but not for ever: %s", ctx.err.text);
	interruptions = 0;
}

static void test_config(void)
{
	struct halb_config config;

	open_with(answer_config);
	generation = 5;
	ok(!nl_config_get(&ctx, &config) && config.generation == 5 &&
	   config.services_count == 3 && config.settings.conn_limit == 77 &&
	   config.servers_count[0] == 2 && config.servers_first[0] == 0 &&
	   config.servers_count[1] == 0 &&
	   config.servers_count[2] == 1 && config.servers[config.servers_first[2]].port == 30,
	   "a configuration: services and whose servers are whose");
	halb_config_free(&config);
	changes_between = 2;
	ok(!nl_config_get(&ctx, &config) && config.generation == 7,
	   "lists of two generations are read again");
	halb_config_free(&config);
}

static void answer_late_refusal(const struct nlmsghdr *request, const struct genlmsghdr *genl)
{
	(void)genl;
	send_service(request, 1, 0);
	say_done(request, 0, ENOMEM, "no memory for the rest");
}

static void test_late_refusal(void)
{
	struct halb_service *services;
	size_t count;

	open_with(answer_late_refusal);
	ok(nl_service_list(&ctx, &services, &count) == -ENOMEM && !services &&
	   !strcmp(ctx.err.text, "no memory for the rest"), "a dump that fails at its end");
}

/* --- connections ------------------------------------------------------------------------------------ */

static void answer_conns(const struct nlmsghdr *request, const struct genlmsghdr *genl)
{
	struct halb_conn conn = { .present = HALB_CONN_EXPIRES };

	(void)genl;
	for (uint32_t i = 0; i < 10; i++) {
		struct nlmsghdr *nlh = start(request, FAMILY, NLM_F_MULTI);

		conn.expires = i;
		nl_put_conn(nlh, HALB_A_CONN, &conn);
		end(nlh);
	}
	say_done(request, 0, 0, NULL);
}

static int count_conns(const struct halb_conn *conn, void *arg)
{
	unsigned int *left = arg;

	(void)conn;
	return --*left ? 0 : -EPIPE;
}

static void test_conns(void)
{
	unsigned int left = 100;

	open_with(answer_conns);
	ok(!nl_conn_dump(&ctx, NULL, count_conns, &left) && left == 90, "ten connections");
	left = 3;
	ok(nl_conn_dump(&ctx, NULL, count_conns, &left) == -EPIPE && left == 0,
	   "three are enough");
	ok(queue_head == queue_tail, "the rest of them does not lie about");
	left = 100;
	ok(!nl_conn_dump(&ctx, NULL, count_conns, &left) && left == 90, "ten again");
}

/* --- transactions ---------------------------------------------------------------------------------------- */

static unsigned int refuse_change;	/* counted over all messages */
static unsigned int seen_changes, seen_commits, seen_aborts, seen_puts;
static size_t longest_put;
static bool in_order;

static void answer_put(const struct nlmsghdr *request)
{
	const struct nlattr *attr, *member;
	uint32_t weight = 0;

	seen_puts++;
	if (request->nlmsg_len > longest_put)
		longest_put = request->nlmsg_len;
	mnl_attr_for_each(attr, request, GENL_HDRLEN) {
		struct halb_server server;

		if (mnl_attr_get_type(attr) != HALB_A_CHANGE)
			continue;
		mnl_attr_for_each_nested(member, attr)
			if (mnl_attr_get_type(member) == HALB_A_CHANGE_SERVER &&
			    !nl_get_server(member, &server))
				weight = server.weight;
		in_order = in_order && weight == seen_changes;
		if (seen_changes++ == refuse_change) {
			/* It is something within the change that is wrong. */
			say(request, EINVAL, "no such luck",
			    (int)((const char *)attr - (const char *)request) + 12);
			return;
		}
	}
	say(request, 0, NULL, -1);
}

static void answer_txn(const struct nlmsghdr *request, const struct genlmsghdr *genl)
{
	struct nlmsghdr *nlh;

	switch (genl->cmd) {
	case HALB_CMD_TRANSACTION_PUT:
		answer_put(request);
		return;
	case HALB_CMD_TRANSACTION_ABORT:
		seen_aborts++;
		break;
	case HALB_CMD_TRANSACTION_COMMIT:
		seen_commits++;
		if (refuse_change == seen_changes) {
			say(request, EAGAIN, NULL, -1);
			return;
		}
		/* fall through */
	default:
		nlh = start(request, FAMILY, 0);
		mnl_attr_put_u32(nlh, HALB_A_TRANSACTION, 3);
		mnl_attr_put_u32(nlh, HALB_A_GENERATION, 8);
		end(nlh);
	}
	say(request, 0, NULL, -1);
}

/* Puts `count` changes that are numbered by their weight; returns the first error. */
static int transact(struct nl_txn *txn, unsigned int count, uint32_t *generation_out)
{
	struct halb_change change = {
		.op = HALB_CHANGE_OP_ADD, .object = HALB_OBJECT_SERVER,
		.server = {
			.present = HALB_SRV_WEIGHT,
			.service = { .protocol = IPPROTO_TCP, .addr.family = AF_INET6 },
			.addr.family = AF_INET6,
		},
	};
	int ret;

	seen_changes = seen_commits = seen_aborts = seen_puts = 0;
	longest_put = 0;
	in_order = true;
	ret = nl_txn_begin(&ctx, txn, HALB_TRANSACTION_FLAG_REPLACE, NULL);
	for (unsigned int i = 0; !ret && i < count; i++) {
		change.server.weight = i;
		ret = nl_txn_put(txn, &change);
	}
	return ret ? ret : nl_txn_commit(txn, generation_out);
}

static void test_transactions(void)
{
	static const unsigned int places[] = { 0, 1, 299, 300, 301, 2500, 4998, 4999 };
	struct nl_txn txn;
	uint32_t new = 0;
	int ret;

	open_with(answer_txn);
	refuse_change = UINT32_MAX;
	ret = transact(&txn, 5000, &new);
	ok(!ret && seen_changes == 5000 && in_order && seen_commits == 1 && !seen_aborts &&
	   new == 8, "5000 changes in %u messages", seen_puts);
	ok(longest_put <= 32768 && seen_puts < 25, "of at most %zu bytes", longest_put);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		refuse_change = places[i];
		ret = transact(&txn, 5000, NULL);
		ok(ret == -EINVAL && txn.failed == places[i] &&
		   !seen_commits && seen_aborts == 1 && !strcmp(ctx.err.text, "no such luck"),
		   "refused: change %u is found (%zu)", places[i], txn.failed);
	}
	refuse_change = 10;
	ok(transact(&txn, 10, NULL) == -EAGAIN && txn.failed == NL_TXN_NO_CHANGE &&
	   seen_commits == 1, "a refused commit is nobody's fault: %s", ctx.err.text);
	ok(nl_txn_commit(&txn, NULL) == -EINVAL, "and over: %s", ctx.err.text);
	refuse_change = UINT32_MAX;
	ok(!transact(&txn, 0, NULL) && !seen_puts && seen_commits == 1, "an empty one");
	nl_txn_abort(&txn);
	ok(!seen_aborts, "there is nothing to abort after a commit");
}

/* --- events ---------------------------------------------------------------------------------------------------- */

static unsigned int seen_events[HALB_EVENT_LOST + 1];

static int count_event(const struct halb_event *event, void *arg)
{
	(void)arg;
	seen_events[event->type]++;
	return 0;
}

static void notify(uint8_t cmd, uint32_t mark)
{
	struct nlmsghdr *nlh = start(NULL, FAMILY, 0);
	struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct halb_service service = { .key.fwmark = mark };

	genl->cmd = cmd;
	nl_put_service(nlh, HALB_A_SERVICE, &service);
	end(nlh);
}

/* As the controller says it to its own group. */
static void notify_end(uint16_t family)
{
	struct nlmsghdr *nlh = start(NULL, GENL_ID_CTRL, 0);
	struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	genl->cmd = CTRL_CMD_DELFAMILY;
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, family);
	end(nlh);
}

static void test_events(void)
{
	open_with(NULL);
	notify(HALB_CMD_SERVICE_ADD_NTF, 1);
	notify(HALB_CMD_SERVICE_DEL_NTF, 1);
	notify(250, 1);
	enqueue(NULL, 0, ENOBUFS);
	for (int i = 0; i < 4; i++)
		if (nl_events_read(&ctx, count_event, NULL))
			abort();
	ok(seen_events[HALB_EVENT_SERVICE_ADD] == 1 && seen_events[HALB_EVENT_SERVICE_DEL] == 1,
	   "events");
	ok(seen_events[HALB_EVENT_LOST] == 1, "an overflow is an event");
	notify(HALB_CMD_SERVER_ADD_NTF, 1);
	ok(nl_events_read(&ctx, count_event, NULL) == -EBADMSG, "an event without its object: %s",
	   ctx.err.text);
	notify_end(FAMILY + 1);
	ok(!nl_events_read(&ctx, count_event, NULL), "the end of another family is not ours");
	notify_end(FAMILY);
	ok(nl_events_read(&ctx, count_event, NULL) == -ENODEV, "the end of the module: %s",
	   ctx.err.text);
}

/* --- a kernel that has gone mad ------------------------------------------------------------------------------------ */

static void answer_garbage(const struct nlmsghdr *request, const struct genlmsghdr *genl)
{
	size_t len = (size_t)(rand() % 200);
	char *bytes = malloc(len + sizeof(struct nlmsghdr));
	struct nlmsghdr *nlh = (struct nlmsghdr *)bytes;

	(void)genl;
	for (size_t i = 0; i < len + sizeof(*nlh); i++)
		bytes[i] = (char)rand();
	nlh->nlmsg_len = (uint32_t)(sizeof(*nlh) + (rand() % 4 ? len : (size_t)rand()));
	nlh->nlmsg_type = (uint16_t)(rand() % 2 ? FAMILY : rand() % 5);
	nlh->nlmsg_seq = request->nlmsg_seq;
	enqueue(bytes, sizeof(*nlh) + len, 0);
	free(bytes);
	say(request, 0, NULL, -1);
}

static void test_garbage(void)
{
	struct halb_service *services, service;
	struct halb_key key = { .fwmark = 1 };
	struct halb_info info;
	unsigned int left;
	size_t count;

	srand(1);
	open_with(answer_garbage);
	for (unsigned int i = 0; i < 20000; i++) {
		queue_head = queue_tail;
		nl_service_get(&ctx, &key, &service);
		queue_head = queue_tail;
		if (!nl_info_get(&ctx, &info))
			halb_info_free(&info);
		queue_head = queue_tail;
		left = 5;
		nl_conn_dump(&ctx, NULL, count_conns, &left);
	}
	queue_head = queue_tail;
	for (unsigned int i = 0; i < 50; i++) {
		if (!nl_service_list(&ctx, &services, &count))
			free(services);
		queue_head = queue_tail;
	}
	ok(true, "garbage for an answer");
}

int main(void)
{
	setenv("HALB_SYSFS_ROOT", "/nonexistent", 1);
	test_open();
	test_refusals();
	test_lists();
	test_config();
	test_late_refusal();
	test_conns();
	test_transactions();
	test_events();
	test_garbage();
	nl_close(&ctx);
	for (size_t i = 0; i < DATAGRAMS; i++)
		free(queue[i].bytes);
	return done();
}
