// SPDX-License-Identifier: GPL-2.0
/* Fetching: lists, single objects, the whole, connections. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nl_codec.h"
#include "nl_priv.h"

/* Reading a configuration that keeps changing: how often, in all about 2 s. */
#define READ_TRIES	20

/* --- lists ------------------------------------------------------------------- */

/* An array that grows, and how to read what goes into it. */
struct list {
	char *items;
	size_t item_size, count, room;
	uint16_t type;			/* of the nest that holds an item */
	int (*parse)(const struct nlattr *nest, void *item);
};

static int parse_service(const struct nlattr *nest, void *item)
{
	return nl_get_service(nest, item);
}

static int parse_server(const struct nlattr *nest, void *item)
{
	return nl_get_server(nest, item);
}

static int parse_instance(const struct nlattr *nest, void *item)
{
	return nl_get_instance(nest, item);
}

static int list_take(struct nl_ctx *ctx, const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *nest;
	struct list *list = arg;

	nest = nl_find_attr(nlh, list->type);
	if (!nest)
		return nl_fail_answer(ctx);
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		char *items = reallocarray(list->items, room, list->item_size);

		if (!items)
			return nl_fail_memory(ctx);
		list->items = items;
		list->room = room;
	}
	if (list->parse(nest, list->items + list->count * list->item_size))
		return nl_fail_answer(ctx);
	list->count++;
	return 0;
}

static void pause_before_retry(int tries)
{
	struct timespec ts = { .tv_nsec = 10 * 1000 * 1000 * (long)tries };

	if (tries)
		nanosleep(&ts, NULL);
}

static int fail_restless(struct nl_ctx *ctx)
{
	return nl_fail(ctx, EAGAIN,
		       "the configuration kept changing while it was read (%d times): try again",
		       READ_TRIES);
}

static int list_fetch(struct nl_ctx *ctx, uint8_t cmd, const struct halb_key *service,
		      struct list *list)
{
	struct nlmsghdr *nlh;
	bool interrupted;
	int ret;

	for (int tries = 0; tries < READ_TRIES; tries++) {
		pause_before_retry(tries);
		list->count = 0;
		nlh = nl_request(ctx, cmd, NLM_F_DUMP);
		if (service)
			nl_put_server_filter(nlh, HALB_A_SERVER, service);
		ret = nl_talk(ctx, nlh, &interrupted, list_take, list);
		if (!ret && !interrupted)
			return 0;
		if (ret)
			break;
		ret = fail_restless(ctx);
	}
	free(list->items);
	list->items = NULL;
	list->count = 0;
	return ret;
}

int nl_service_list(struct nl_ctx *ctx, struct halb_service **services, size_t *count)
{
	struct list list = {
		.item_size = sizeof(struct halb_service),
		.type = HALB_A_SERVICE,
		.parse = parse_service,
	};
	int ret = list_fetch(ctx, HALB_CMD_SERVICE_GET, NULL, &list);

	*services = (void *)list.items;
	*count = list.count;
	return ret;
}

int nl_server_list(struct nl_ctx *ctx, const struct halb_key *service,
		   struct halb_server **servers, size_t *count)
{
	struct list list = {
		.item_size = sizeof(struct halb_server),
		.type = HALB_A_SERVER,
		.parse = parse_server,
	};
	int ret = list_fetch(ctx, HALB_CMD_SERVER_GET, service, &list);

	*servers = (void *)list.items;
	*count = list.count;
	return ret;
}

int nl_instance_list(struct nl_ctx *ctx, struct halb_instance **instances, size_t *count)
{
	struct list list = {
		.item_size = sizeof(struct halb_instance),
		.type = HALB_A_INSTANCE,
		.parse = parse_instance,
	};
	int ret = list_fetch(ctx, HALB_CMD_INSTANCE_GET, NULL, &list);

	*instances = (void *)list.items;
	*count = list.count;
	return ret;
}

/* --- single objects ---------------------------------------------------------- */

/* The answer to a get without dump: one nest into one struct. */
struct single {
	uint16_t type;
	int (*parse)(const struct nlattr *nest, void *item);
	void *item;
	bool found;
};

static int single_take(struct nl_ctx *ctx, const struct nlmsghdr *nlh, void *arg)
{
	struct single *single = arg;
	const struct nlattr *nest = nl_find_attr(nlh, single->type);

	if (!nest || single->parse(nest, single->item))
		return nl_fail_answer(ctx);
	single->found = true;
	return 0;
}

static int fetch_single(struct nl_ctx *ctx, struct nlmsghdr *nlh, struct single *single)
{
	int ret = nl_talk(ctx, nlh, NULL, single_take, single);

	if (!ret && !single->found)
		ret = nl_fail_answer(ctx);
	return ret;
}

int nl_service_get(struct nl_ctx *ctx, const struct halb_key *key,
		   struct halb_service *service)
{
	struct single single = {
		.type = HALB_A_SERVICE, .parse = parse_service, .item = service,
	};
	struct nlmsghdr *nlh = nl_request(ctx, HALB_CMD_SERVICE_GET, 0);

	nl_put_key(nlh, HALB_A_SERVICE, key);
	return fetch_single(ctx, nlh, &single);
}

int nl_server_get(struct nl_ctx *ctx, const struct halb_key *service,
		  const struct halb_addr *addr, const uint16_t *port,
		  struct halb_server *server)
{
	struct halb_server wanted = { .service = *service, .addr = *addr };
	struct single single = {
		.type = HALB_A_SERVER, .parse = parse_server, .item = server,
	};
	struct nlmsghdr *nlh = nl_request(ctx, HALB_CMD_SERVER_GET, 0);

	if (port) {
		wanted.port = *port;
		wanted.present = HALB_SRV_PORT;
	}
	nl_put_server(nlh, HALB_A_SERVER, &wanted, true);
	return fetch_single(ctx, nlh, &single);
}

int nl_instance_get(struct nl_ctx *ctx, const char *name, struct halb_instance *instance)
{
	struct halb_instance wanted = { 0 };
	struct single single = {
		.type = HALB_A_INSTANCE, .parse = parse_instance, .item = instance,
	};
	struct nlmsghdr *nlh = nl_request(ctx, HALB_CMD_INSTANCE_GET, 0);

	snprintf(wanted.name, sizeof(wanted.name), "%s", name);
	nl_put_instance(nlh, HALB_A_INSTANCE, &wanted);
	return fetch_single(ctx, nlh, &single);
}

static int parse_settings(const struct nlattr *nest, void *item)
{
	return nl_get_settings(nest, item);
}

int nl_settings_get(struct nl_ctx *ctx, struct halb_settings *settings)
{
	struct single single = {
		.type = HALB_A_SETTINGS, .parse = parse_settings, .item = settings,
	};

	return fetch_single(ctx, nl_request(ctx, HALB_CMD_SETTINGS_GET, 0), &single);
}

/* --- the namespace as a whole ------------------------------------------------ */

static int take_counter(struct halb_info *info, enum halb_counter_kind kind,
			const struct nlattr *nest)
{
	struct halb_counter *counters;

	counters = reallocarray(info->counters, info->counters_count + 1, sizeof(*counters));
	if (!counters)
		return -ENOMEM;
	info->counters = counters;
	counters[info->counters_count].kind = kind;
	return nl_get_counter(nest, &counters[info->counters_count++]);
}

static int take_info_attr(struct halb_info *info, const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case HALB_A_VERSION:
		return nl_get_string(attr, info->version, sizeof(info->version)) ? 0 : -EBADMSG;
	case HALB_A_GENERATION:
		return nl_get_u32(attr, &info->generation) ? 0 : -EBADMSG;
	case HALB_A_STATS:
		return nl_get_stats(attr, &info->stats);
	case HALB_A_SETTINGS:
		return nl_get_settings(attr, &info->settings);
	case HALB_A_DROP:
		return take_counter(info, HALB_COUNTER_DROP, attr);
	case HALB_A_PASS:
		return take_counter(info, HALB_COUNTER_PASS, attr);
	case HALB_A_PATH:
		return take_counter(info, HALB_COUNTER_PATH, attr);
	default:
		return 0;
	}
}

static int take_info(struct nl_ctx *ctx, const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	int ret;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		ret = take_info_attr(arg, attr);
		if (ret)
			return ret == -ENOMEM ? nl_fail_memory(ctx) : nl_fail_answer(ctx);
	}
	return 0;
}

int nl_info_get(struct nl_ctx *ctx, struct halb_info *info)
{
	int ret;

	memset(info, 0, sizeof(*info));
	ret = nl_talk(ctx, nl_request(ctx, HALB_CMD_STATS_GET, 0), NULL, take_info, info);
	if (ret)
		halb_info_free(info);
	return ret;
}

static int take_generation(struct nl_ctx *ctx, const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr = nl_find_attr(nlh, HALB_A_GENERATION);

	return attr && nl_get_u32(attr, arg) ? 0 : nl_fail_answer(ctx);
}

static int get_generation(struct nl_ctx *ctx, uint32_t *generation)
{
	return nl_talk(ctx, nl_request(ctx, HALB_CMD_STATS_GET, 0), NULL, take_generation,
		       generation);
}

/* Which servers are whose. Both lists come in the same order, so that the
 * service of the next server is nearly always the present one or the next.
 */
static bool assign_servers(struct halb_config *config, size_t servers_count)
{
	size_t s = 0, n = config->services_count;

	for (size_t i = 0; i < servers_count; i++) {
		const struct halb_key *key = &config->servers[i].service;
		size_t looked_at = 0;

		while (looked_at < n && !halb_key_equal(&config->services[s].key, key)) {
			s = (s + 1) % n;
			looked_at++;
		}
		if (looked_at == n)
			return false;
		if (!config->servers_count[s])
			config->servers_first[s] = i;
		else if (config->servers_first[s] + config->servers_count[s] != i)
			return false;
		config->servers_count[s]++;
	}
	return true;
}

static int read_config(struct nl_ctx *ctx, struct halb_config *config)
{
	size_t servers_count, room;
	int ret;

	ret = nl_settings_get(ctx, &config->settings);
	if (!ret)
		ret = nl_service_list(ctx, &config->services, &config->services_count);
	if (!ret)
		ret = nl_server_list(ctx, NULL, &config->servers, &servers_count);
	if (ret)
		return ret;
	room = config->services_count + 1;	/* calloc(0) may be NULL */
	config->servers_first = calloc(room, sizeof(size_t));
	config->servers_count = calloc(room, sizeof(size_t));
	if (!config->servers_first || !config->servers_count)
		return nl_fail_memory(ctx);
	/* Lists of two generations need not fit; the caller finds out. */
	return assign_servers(config, servers_count) ? 0 : fail_restless(ctx);
}

int nl_config_get(struct nl_ctx *ctx, struct halb_config *config)
{
	uint32_t before, after;
	int ret;

	for (int tries = 0; tries < READ_TRIES; tries++) {
		pause_before_retry(tries);
		memset(config, 0, sizeof(*config));
		ret = get_generation(ctx, &before);
		if (ret)
			return ret;
		ret = read_config(ctx, config);
		if (!ret)
			ret = get_generation(ctx, &after);
		if (!ret && before == after) {
			config->generation = after;
			return 0;
		}
		halb_config_free(config);
		if (ret && ret != -EAGAIN)
			return ret;
	}
	return fail_restless(ctx);
}

/* --- connections ------------------------------------------------------------- */

struct conn_dump {
	nl_conn_cb cb;
	void *arg;
};

static int take_conn(struct nl_ctx *ctx, const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *nest = nl_find_attr(nlh, HALB_A_CONN);
	struct conn_dump *dump = arg;
	struct halb_conn conn;

	if (!nest || nl_get_conn(nest, &conn))
		return nl_fail_answer(ctx);
	return dump->cb(&conn, dump->arg);
}

int nl_conn_dump(struct nl_ctx *ctx, const struct halb_conn *filter,
		 nl_conn_cb cb, void *arg)
{
	struct nlmsghdr *nlh = nl_request(ctx, HALB_CMD_CONN_GET, NLM_F_DUMP);
	struct conn_dump dump = { .cb = cb, .arg = arg };

	if (filter && filter->present)
		nl_put_conn(nlh, HALB_A_CONN, filter);
	return nl_talk(ctx, nlh, NULL, take_conn, &dump);
}

static int take_flushed(struct nl_ctx *ctx, const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr = nl_find_attr(nlh, HALB_A_FLUSHED);

	return attr && nl_get_u32(attr, arg) ? 0 : nl_fail_answer(ctx);
}

int nl_conn_flush(struct nl_ctx *ctx, const struct halb_conn *filter, uint32_t *flushed)
{
	struct nlmsghdr *nlh = nl_request(ctx, HALB_CMD_CONN_FLUSH, 0);

	*flushed = 0;
	if (filter && filter->present)
		nl_put_conn(nlh, HALB_A_CONN, filter);
	return nl_talk(ctx, nlh, NULL, take_flushed, flushed);
}
