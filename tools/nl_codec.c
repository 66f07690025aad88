// SPDX-License-Identifier: GPL-2.0
#include "nl_codec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* --- to the kernel ----------------------------------------------------------- */

static void put_addr(struct nlmsghdr *nlh, uint16_t type, const struct halb_addr *addr)
{
	mnl_attr_put(nlh, type, addr->family == AF_INET6 ? 16 : 4, addr->bytes);
}

static void put_port(struct nlmsghdr *nlh, uint16_t type, uint16_t port)
{
	mnl_attr_put_u16(nlh, type, htons(port));
}

static void put_key_attrs(struct nlmsghdr *nlh, const struct halb_key *key)
{
	if (key->fwmark) {
		mnl_attr_put_u32(nlh, HALB_A_SERVICE_FWMARK, key->fwmark);
		mnl_attr_put_u8(nlh, HALB_A_SERVICE_FAMILY,
				key->addr.family == AF_INET6 ? AF_INET6 : AF_INET);
		return;
	}
	mnl_attr_put_u8(nlh, HALB_A_SERVICE_PROTOCOL, key->protocol);
	put_addr(nlh, HALB_A_SERVICE_ADDRESS, &key->addr);
	put_port(nlh, HALB_A_SERVICE_PORT, key->port);
}

void nl_put_key(struct nlmsghdr *nlh, uint16_t type, const struct halb_key *key)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	put_key_attrs(nlh, key);
	mnl_attr_nest_end(nlh, nest);
}

void nl_put_service(struct nlmsghdr *nlh, uint16_t type,
		    const struct halb_service *service)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	put_key_attrs(nlh, &service->key);
	if (service->present & HALB_SVC_SCHEDULER)
		mnl_attr_put_strz(nlh, HALB_A_SERVICE_SCHEDULER, service->scheduler);
	if (service->present & HALB_SVC_FLAGS) {
		mnl_attr_put_u32(nlh, HALB_A_SERVICE_FLAGS, service->flags);
		mnl_attr_put_u32(nlh, HALB_A_SERVICE_FLAGS_MASK, service->flags_mask);
	}
	if (service->present & HALB_SVC_PERSIST_TIMEOUT)
		mnl_attr_put_u32(nlh, HALB_A_SERVICE_PERSIST_TIMEOUT,
				 service->persist_timeout);
	if (service->present & HALB_SVC_PERSIST_PREFIX)
		mnl_attr_put_u8(nlh, HALB_A_SERVICE_PERSIST_PREFIX,
				service->persist_prefix);
	if (service->present & HALB_SVC_SOURCES) {
		if (service->source_count)
			put_addr(nlh, HALB_A_SERVICE_SOURCE_ADDRESS, &service->source);
		mnl_attr_put_u16(nlh, HALB_A_SERVICE_SOURCE_COUNT, service->source_count);
	}
	if (service->present & HALB_SVC_TCP_TIMEOUT)
		mnl_attr_put_u32(nlh, HALB_A_SERVICE_TCP_TIMEOUT, service->tcp_timeout);
	if (service->present & HALB_SVC_TCP_FIN_TIMEOUT)
		mnl_attr_put_u32(nlh, HALB_A_SERVICE_TCP_FIN_TIMEOUT,
				 service->tcp_fin_timeout);
	if (service->present & HALB_SVC_UDP_TIMEOUT)
		mnl_attr_put_u32(nlh, HALB_A_SERVICE_UDP_TIMEOUT, service->udp_timeout);
	if (service->present & HALB_SVC_CONN_LIMIT)
		mnl_attr_put_u32(nlh, HALB_A_SERVICE_CONN_LIMIT, service->conn_limit);
	if (service->present & HALB_SVC_SLOW_START)
		mnl_attr_put_u32(nlh, HALB_A_SERVICE_SLOW_START, service->slow_start);
	if (service->present & HALB_SVC_VRRP)
		mnl_attr_put_strz(nlh, HALB_A_SERVICE_VRRP, service->vrrp);
	mnl_attr_nest_end(nlh, nest);
}

void nl_put_server(struct nlmsghdr *nlh, uint16_t type,
		   const struct halb_server *server, bool key_only)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	nl_put_key(nlh, HALB_A_SERVER_SERVICE, &server->service);
	put_addr(nlh, HALB_A_SERVER_ADDRESS, &server->addr);
	if (server->present & HALB_SRV_PORT)
		put_port(nlh, HALB_A_SERVER_PORT, server->port);
	if (!key_only) {
		if (server->present & HALB_SRV_METHOD)
			mnl_attr_put_u32(nlh, HALB_A_SERVER_METHOD, server->method);
		if (server->present & HALB_SRV_WEIGHT)
			mnl_attr_put_u32(nlh, HALB_A_SERVER_WEIGHT, server->weight);
		if (server->present & HALB_SRV_UPPER)
			mnl_attr_put_u32(nlh, HALB_A_SERVER_UPPER, server->upper);
		if (server->present & HALB_SRV_LOWER)
			mnl_attr_put_u32(nlh, HALB_A_SERVER_LOWER, server->lower);
		if (server->present & HALB_SRV_TUN_TYPE)
			mnl_attr_put_u32(nlh, HALB_A_SERVER_TUN_TYPE, server->tun_type);
		if (server->present & HALB_SRV_TUN_PORT)
			put_port(nlh, HALB_A_SERVER_TUN_PORT, server->tun_port);
		if (server->present & HALB_SRV_TUN_CSUM)
			mnl_attr_put_u32(nlh, HALB_A_SERVER_TUN_CSUM, server->tun_csum);
		if (server->present & HALB_SRV_BACKUP)
			mnl_attr_put_u8(nlh, HALB_A_SERVER_BACKUP, server->backup);
		if (server->present & HALB_SRV_DRAIN)
			mnl_attr_put_u32(nlh, HALB_A_SERVER_DRAIN, server->drain);
	}
	mnl_attr_nest_end(nlh, nest);
}

void nl_put_server_filter(struct nlmsghdr *nlh, uint16_t type,
			  const struct halb_key *service)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	nl_put_key(nlh, HALB_A_SERVER_SERVICE, service);
	mnl_attr_nest_end(nlh, nest);
}

void nl_put_conn(struct nlmsghdr *nlh, uint16_t type, const struct halb_conn *conn)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);
	uint32_t present = conn->present;

	if (present & HALB_CONN_PROTOCOL)
		mnl_attr_put_u8(nlh, HALB_A_CONN_PROTOCOL, conn->protocol);
	if (present & HALB_CONN_CLIENT)
		put_addr(nlh, HALB_A_CONN_CLIENT_ADDRESS, &conn->client);
	if (present & HALB_CONN_CLIENT_PORT)
		put_port(nlh, HALB_A_CONN_CLIENT_PORT, conn->client_port);
	if (present & HALB_CONN_SERVICE)
		put_addr(nlh, HALB_A_CONN_SERVICE_ADDRESS, &conn->service);
	if (present & HALB_CONN_SERVICE_PORT)
		put_port(nlh, HALB_A_CONN_SERVICE_PORT, conn->service_port);
	if (present & HALB_CONN_SERVER)
		put_addr(nlh, HALB_A_CONN_SERVER_ADDRESS, &conn->server);
	if (present & HALB_CONN_SERVER_PORT)
		put_port(nlh, HALB_A_CONN_SERVER_PORT, conn->server_port);
	if (present & HALB_CONN_METHOD)
		mnl_attr_put_u32(nlh, HALB_A_CONN_METHOD, conn->method);
	if (present & HALB_CONN_STATE)
		mnl_attr_put_u32(nlh, HALB_A_CONN_STATE, conn->state);
	if (present & HALB_CONN_EXPIRES)
		mnl_attr_put_u32(nlh, HALB_A_CONN_EXPIRES, conn->expires);
	if (present & HALB_CONN_FWMARK)
		mnl_attr_put_u32(nlh, HALB_A_CONN_FWMARK, conn->fwmark);
	mnl_attr_nest_end(nlh, nest);
}

void nl_put_settings(struct nlmsghdr *nlh, uint16_t type,
		     const struct halb_settings *settings)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);
	uint32_t present = settings->present;

	if (present & HALB_SET_TCP_TIMEOUT)
		mnl_attr_put_u32(nlh, HALB_A_SETTINGS_TCP_TIMEOUT, settings->tcp_timeout);
	if (present & HALB_SET_TCP_FIN_TIMEOUT)
		mnl_attr_put_u32(nlh, HALB_A_SETTINGS_TCP_FIN_TIMEOUT,
				 settings->tcp_fin_timeout);
	if (present & HALB_SET_UDP_TIMEOUT)
		mnl_attr_put_u32(nlh, HALB_A_SETTINGS_UDP_TIMEOUT, settings->udp_timeout);
	if (present & HALB_SET_CONN_LIMIT)
		mnl_attr_put_u32(nlh, HALB_A_SETTINGS_CONN_LIMIT, settings->conn_limit);
	if (present & HALB_SET_VIP_UNMATCHED)
		mnl_attr_put_u32(nlh, HALB_A_SETTINGS_VIP_UNMATCHED,
				 settings->vip_unmatched);
	if (present & HALB_SET_SOURCE_CHECK)
		mnl_attr_put_u8(nlh, HALB_A_SETTINGS_SOURCE_CHECK,
				(uint8_t)settings->source_check);
	if (present & HALB_SET_EXPIRE_QUIESCENT)
		mnl_attr_put_u8(nlh, HALB_A_SETTINGS_EXPIRE_QUIESCENT_TEMPLATE,
				(uint8_t)settings->expire_quiescent);
	if (present & HALB_SET_LOCAL_CLIENTS)
		mnl_attr_put_u8(nlh, HALB_A_SETTINGS_LOCAL_CLIENTS,
				(uint8_t)settings->local_clients);
	if (present & HALB_SET_SUSPECT_AFTER)
		mnl_attr_put_u32(nlh, HALB_A_SETTINGS_SUSPECT_AFTER, settings->suspect_after);
	mnl_attr_nest_end(nlh, nest);
}

void nl_put_instance(struct nlmsghdr *nlh, uint16_t type,
		     const struct halb_instance *instance)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put_strz(nlh, HALB_A_INSTANCE_NAME, instance->name);
	if (instance->present & HALB_INST_STATE)
		mnl_attr_put_u32(nlh, HALB_A_INSTANCE_STATE, instance->state);
	if (instance->present & HALB_INST_GRACE)
		mnl_attr_put_u32(nlh, HALB_A_INSTANCE_GRACE, instance->grace);
	mnl_attr_nest_end(nlh, nest);
}

void nl_put_change(struct nlmsghdr *nlh, uint16_t type, const struct halb_change *change)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);
	bool del = change->op == HALB_CHANGE_OP_DEL;

	mnl_attr_put_u32(nlh, HALB_A_CHANGE_OP, change->op);
	switch (change->object) {
	case HALB_OBJECT_SERVICE:
		if (del)
			nl_put_key(nlh, HALB_A_CHANGE_SERVICE, &change->service.key);
		else
			nl_put_service(nlh, HALB_A_CHANGE_SERVICE, &change->service);
		break;
	case HALB_OBJECT_SERVER:
		nl_put_server(nlh, HALB_A_CHANGE_SERVER, &change->server, del);
		break;
	case HALB_OBJECT_SETTINGS:
		nl_put_settings(nlh, HALB_A_CHANGE_SETTINGS, &change->settings);
		break;
	case HALB_OBJECT_NONE:
		break;
	}
	mnl_attr_nest_end(nlh, nest);
}

/* --- from the kernel --------------------------------------------------------- */

static bool get_u8(const struct nlattr *attr, uint8_t *value)
{
	if (mnl_attr_get_payload_len(attr) < sizeof(*value))
		return false;
	*value = mnl_attr_get_u8(attr);
	return true;
}

static bool get_u16(const struct nlattr *attr, uint16_t *value)
{
	if (mnl_attr_get_payload_len(attr) < sizeof(*value))
		return false;
	*value = mnl_attr_get_u16(attr);
	return true;
}

static bool get_port(const struct nlattr *attr, uint16_t *port)
{
	if (mnl_attr_get_payload_len(attr) < sizeof(*port))
		return false;
	*port = ntohs(mnl_attr_get_u16(attr));
	return true;
}

bool nl_get_u32(const struct nlattr *attr, uint32_t *value)
{
	if (mnl_attr_get_payload_len(attr) < sizeof(*value))
		return false;
	*value = mnl_attr_get_u32(attr);
	return true;
}

static bool get_u64(const struct nlattr *attr, uint64_t *value)
{
	if (mnl_attr_get_payload_len(attr) < sizeof(*value))
		return false;
	/* Attributes are aligned to 4 bytes only. */
	memcpy(value, mnl_attr_get_payload(attr), sizeof(*value));
	return true;
}

static bool get_addr(const struct nlattr *attr, struct halb_addr *addr)
{
	uint16_t len = mnl_attr_get_payload_len(attr);

	if (len != 4 && len != 16)
		return false;
	addr->family = len == 4 ? AF_INET : AF_INET6;
	memcpy(addr->bytes, mnl_attr_get_payload(attr), len);
	return true;
}

bool nl_get_string(const struct nlattr *attr, char *buf, size_t size)
{
	size_t len = mnl_attr_get_payload_len(attr);

	len = strnlen(mnl_attr_get_payload(attr), len);
	if (len >= size)
		return false;
	memcpy(buf, mnl_attr_get_payload(attr), len);
	buf[len] = '\0';
	return true;
}

int nl_get_stats(const struct nlattr *nest, struct halb_stats *stats)
{
	uint64_t *const members[] = {
		[HALB_A_STATS_CONNS] = &stats->conns,
		[HALB_A_STATS_IN_PACKETS] = &stats->in_packets,
		[HALB_A_STATS_OUT_PACKETS] = &stats->out_packets,
		[HALB_A_STATS_IN_BYTES] = &stats->in_bytes,
		[HALB_A_STATS_OUT_BYTES] = &stats->out_bytes,
		[HALB_A_STATS_CPS] = &stats->cps,
		[HALB_A_STATS_IN_PPS] = &stats->in_pps,
		[HALB_A_STATS_OUT_PPS] = &stats->out_pps,
		[HALB_A_STATS_IN_BPS] = &stats->in_bps,
		[HALB_A_STATS_OUT_BPS] = &stats->out_bps,
	};
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type > HALB_A_STATS_OUT_BPS || !members[type])
			continue;
		if (!get_u64(attr, members[type]))
			return -EBADMSG;
	}
	return 0;
}

/* Attributes of the key; *known is false for any other. */
static bool get_key_attr(const struct nlattr *attr, struct halb_key *key, bool *known)
{
	*known = true;
	switch (mnl_attr_get_type(attr)) {
	case HALB_A_SERVICE_PROTOCOL:
		return get_u8(attr, &key->protocol);
	case HALB_A_SERVICE_ADDRESS:
		return get_addr(attr, &key->addr);
	case HALB_A_SERVICE_PORT:
		return get_port(attr, &key->port);
	case HALB_A_SERVICE_FWMARK:
		return nl_get_u32(attr, &key->fwmark);
	case HALB_A_SERVICE_FAMILY:
		return get_u8(attr, &key->addr.family);
	default:
		*known = false;
		return true;
	}
}

/* What the rest of the program relies on: a family that is one of two. */
static int check_key(struct halb_key *key)
{
	if (key->fwmark && !key->addr.family)
		key->addr.family = AF_INET;
	return key->addr.family == AF_INET || key->addr.family == AF_INET6 ? 0 : -EBADMSG;
}

static int get_key(const struct nlattr *nest, struct halb_key *key)
{
	const struct nlattr *attr;
	bool known;

	mnl_attr_for_each_nested(attr, nest)
		if (!get_key_attr(attr, key, &known))
			return -EBADMSG;
	return check_key(key);
}

static bool get_service_attr(const struct nlattr *attr, struct halb_service *service)
{
	switch (mnl_attr_get_type(attr)) {
	case HALB_A_SERVICE_SCHEDULER:
		service->present |= HALB_SVC_SCHEDULER;
		return nl_get_string(attr, service->scheduler, sizeof(service->scheduler));
	case HALB_A_SERVICE_FLAGS:
		service->present |= HALB_SVC_FLAGS;
		return nl_get_u32(attr, &service->flags);
	case HALB_A_SERVICE_FLAGS_MASK:
		return nl_get_u32(attr, &service->flags_mask);
	case HALB_A_SERVICE_PERSIST_TIMEOUT:
		service->present |= HALB_SVC_PERSIST_TIMEOUT;
		return nl_get_u32(attr, &service->persist_timeout);
	case HALB_A_SERVICE_PERSIST_PREFIX:
		service->present |= HALB_SVC_PERSIST_PREFIX;
		return get_u8(attr, &service->persist_prefix);
	case HALB_A_SERVICE_SOURCE_ADDRESS:
		service->present |= HALB_SVC_SOURCES;
		return get_addr(attr, &service->source);
	case HALB_A_SERVICE_SOURCE_COUNT:
		return get_u16(attr, &service->source_count);
	case HALB_A_SERVICE_TCP_TIMEOUT:
		service->present |= HALB_SVC_TCP_TIMEOUT;
		return nl_get_u32(attr, &service->tcp_timeout);
	case HALB_A_SERVICE_TCP_FIN_TIMEOUT:
		service->present |= HALB_SVC_TCP_FIN_TIMEOUT;
		return nl_get_u32(attr, &service->tcp_fin_timeout);
	case HALB_A_SERVICE_UDP_TIMEOUT:
		service->present |= HALB_SVC_UDP_TIMEOUT;
		return nl_get_u32(attr, &service->udp_timeout);
	case HALB_A_SERVICE_CONN_LIMIT:
		service->present |= HALB_SVC_CONN_LIMIT;
		return nl_get_u32(attr, &service->conn_limit);
	case HALB_A_SERVICE_SLOW_START:
		service->present |= HALB_SVC_SLOW_START;
		return nl_get_u32(attr, &service->slow_start);
	case HALB_A_SERVICE_ACTIVE_CONNS:
		return nl_get_u32(attr, &service->active_conns);
	case HALB_A_SERVICE_INACTIVE_CONNS:
		return nl_get_u32(attr, &service->inactive_conns);
	case HALB_A_SERVICE_SERVERS:
		return nl_get_u32(attr, &service->servers);
	case HALB_A_SERVICE_VRRP:
		service->present |= HALB_SVC_VRRP;
		return nl_get_string(attr, service->vrrp, sizeof(service->vrrp));
	case HALB_A_SERVICE_STATS:
		service->present |= HALB_SVC_STATS;
		return !nl_get_stats(attr, &service->stats);
	default:
		return true;
	}
}

int nl_get_service(const struct nlattr *nest, struct halb_service *service)
{
	const struct nlattr *attr;
	bool known;

	memset(service, 0, sizeof(*service));
	mnl_attr_for_each_nested(attr, nest) {
		if (!get_key_attr(attr, &service->key, &known) ||
		    (!known && !get_service_attr(attr, service)))
			return -EBADMSG;
	}
	return check_key(&service->key);
}

static int get_failures(const struct nlattr *nest, struct halb_failures *failures)
{
	const struct nlattr *attr;
	bool good = true;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case HALB_A_FAILURES_UNANSWERED:
			good &= get_u64(attr, &failures->unanswered);
			break;
		case HALB_A_FAILURES_RESET:
			good &= get_u64(attr, &failures->reset);
			break;
		case HALB_A_FAILURES_UNREACHABLE:
			good &= get_u64(attr, &failures->unreachable);
			break;
		case HALB_A_FAILURES_ROW:
			good &= nl_get_u32(attr, &failures->row);
			break;
		case HALB_A_FAILURES_LAST:
			good &= nl_get_u32(attr, &failures->last);
			break;
		}
	}
	return good ? 0 : -EBADMSG;
}

static bool get_server_attr(const struct nlattr *attr, struct halb_server *server)
{
	uint8_t byte;

	switch (mnl_attr_get_type(attr)) {
	case HALB_A_SERVER_SERVICE:
		return !get_key(attr, &server->service);
	case HALB_A_SERVER_ADDRESS:
		return get_addr(attr, &server->addr);
	case HALB_A_SERVER_PORT:
		server->present |= HALB_SRV_PORT;
		return get_port(attr, &server->port);
	case HALB_A_SERVER_METHOD:
		server->present |= HALB_SRV_METHOD;
		return nl_get_u32(attr, &server->method);
	case HALB_A_SERVER_WEIGHT:
		server->present |= HALB_SRV_WEIGHT;
		return nl_get_u32(attr, &server->weight);
	case HALB_A_SERVER_UPPER:
		server->present |= HALB_SRV_UPPER;
		return nl_get_u32(attr, &server->upper);
	case HALB_A_SERVER_LOWER:
		server->present |= HALB_SRV_LOWER;
		return nl_get_u32(attr, &server->lower);
	case HALB_A_SERVER_TUN_TYPE:
		server->present |= HALB_SRV_TUN_TYPE;
		return nl_get_u32(attr, &server->tun_type);
	case HALB_A_SERVER_TUN_PORT:
		server->present |= HALB_SRV_TUN_PORT;
		return get_port(attr, &server->tun_port);
	case HALB_A_SERVER_TUN_CSUM:
		server->present |= HALB_SRV_TUN_CSUM;
		return nl_get_u32(attr, &server->tun_csum);
	case HALB_A_SERVER_BACKUP:
		if (!get_u8(attr, &byte))
			return false;
		server->present |= HALB_SRV_BACKUP;
		server->backup = byte;
		return true;
	case HALB_A_SERVER_DRAIN:
		server->present |= HALB_SRV_DRAIN;
		return nl_get_u32(attr, &server->drain);
	case HALB_A_SERVER_SLOW_PERCENT:
		return get_u8(attr, &server->slow_percent);
	case HALB_A_SERVER_FAILURES:
		return !get_failures(attr, &server->failures);
	case HALB_A_SERVER_FLAGS:
		return nl_get_u32(attr, &server->flags);
	case HALB_A_SERVER_ACTIVE_CONNS:
		return nl_get_u32(attr, &server->active_conns);
	case HALB_A_SERVER_INACTIVE_CONNS:
		return nl_get_u32(attr, &server->inactive_conns);
	case HALB_A_SERVER_PERSIST_CONNS:
		return nl_get_u32(attr, &server->persist_conns);
	case HALB_A_SERVER_STATS:
		server->present |= HALB_SRV_STATS;
		return !nl_get_stats(attr, &server->stats);
	default:
		return true;
	}
}

int nl_get_server(const struct nlattr *nest, struct halb_server *server)
{
	const struct nlattr *attr;

	memset(server, 0, sizeof(*server));
	mnl_attr_for_each_nested(attr, nest)
		if (!get_server_attr(attr, server))
			return -EBADMSG;
	/* Both are in every answer: without them it names nothing. */
	return server->addr.family && server->service.addr.family ? 0 : -EBADMSG;
}

static bool get_conn_attr(const struct nlattr *attr, struct halb_conn *conn)
{
	switch (mnl_attr_get_type(attr)) {
	case HALB_A_CONN_PROTOCOL:
		conn->present |= HALB_CONN_PROTOCOL;
		return get_u8(attr, &conn->protocol);
	case HALB_A_CONN_CLIENT_ADDRESS:
		conn->present |= HALB_CONN_CLIENT;
		return get_addr(attr, &conn->client);
	case HALB_A_CONN_CLIENT_PORT:
		conn->present |= HALB_CONN_CLIENT_PORT;
		return get_port(attr, &conn->client_port);
	case HALB_A_CONN_SERVICE_ADDRESS:
		conn->present |= HALB_CONN_SERVICE;
		return get_addr(attr, &conn->service);
	case HALB_A_CONN_SERVICE_PORT:
		conn->present |= HALB_CONN_SERVICE_PORT;
		return get_port(attr, &conn->service_port);
	case HALB_A_CONN_SERVER_ADDRESS:
		conn->present |= HALB_CONN_SERVER;
		return get_addr(attr, &conn->server);
	case HALB_A_CONN_SERVER_PORT:
		conn->present |= HALB_CONN_SERVER_PORT;
		return get_port(attr, &conn->server_port);
	case HALB_A_CONN_METHOD:
		conn->present |= HALB_CONN_METHOD;
		return nl_get_u32(attr, &conn->method);
	case HALB_A_CONN_STATE:
		conn->present |= HALB_CONN_STATE;
		return nl_get_u32(attr, &conn->state);
	case HALB_A_CONN_EXPIRES:
		conn->present |= HALB_CONN_EXPIRES;
		return nl_get_u32(attr, &conn->expires);
	case HALB_A_CONN_FWMARK:
		conn->present |= HALB_CONN_FWMARK;
		return nl_get_u32(attr, &conn->fwmark);
	case HALB_A_CONN_SOURCE_ADDRESS:
		conn->present |= HALB_CONN_SOURCE;
		return get_addr(attr, &conn->source);
	case HALB_A_CONN_SOURCE_PORT:
		return get_port(attr, &conn->source_port);
	default:
		return true;
	}
}

int nl_get_conn(const struct nlattr *nest, struct halb_conn *conn)
{
	const struct nlattr *attr;

	memset(conn, 0, sizeof(*conn));
	mnl_attr_for_each_nested(attr, nest)
		if (!get_conn_attr(attr, conn))
			return -EBADMSG;
	return 0;
}

int nl_get_settings(const struct nlattr *nest, struct halb_settings *settings)
{
	static const uint32_t bits[] = {
		[HALB_A_SETTINGS_TCP_TIMEOUT] = HALB_SET_TCP_TIMEOUT,
		[HALB_A_SETTINGS_TCP_FIN_TIMEOUT] = HALB_SET_TCP_FIN_TIMEOUT,
		[HALB_A_SETTINGS_UDP_TIMEOUT] = HALB_SET_UDP_TIMEOUT,
		[HALB_A_SETTINGS_CONN_LIMIT] = HALB_SET_CONN_LIMIT,
		[HALB_A_SETTINGS_VIP_UNMATCHED] = HALB_SET_VIP_UNMATCHED,
		[HALB_A_SETTINGS_CONNS] = HALB_SET_CONNS,
	};
	uint32_t *const members[] = {
		[HALB_A_SETTINGS_TCP_TIMEOUT] = &settings->tcp_timeout,
		[HALB_A_SETTINGS_TCP_FIN_TIMEOUT] = &settings->tcp_fin_timeout,
		[HALB_A_SETTINGS_UDP_TIMEOUT] = &settings->udp_timeout,
		[HALB_A_SETTINGS_CONN_LIMIT] = &settings->conn_limit,
		[HALB_A_SETTINGS_VIP_UNMATCHED] = &settings->vip_unmatched,
		[HALB_A_SETTINGS_CONNS] = &settings->conns,
	};
	const struct nlattr *attr;
	uint8_t byte;

	memset(settings, 0, sizeof(*settings));
	mnl_attr_for_each_nested(attr, nest) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == HALB_A_SETTINGS_SOURCE_CHECK) {
			if (!get_u8(attr, &byte))
				return -EBADMSG;
			settings->source_check = byte;
			settings->present |= HALB_SET_SOURCE_CHECK;
		} else if (type == HALB_A_SETTINGS_EXPIRE_QUIESCENT_TEMPLATE) {
			if (!get_u8(attr, &byte))
				return -EBADMSG;
			settings->expire_quiescent = byte;
			settings->present |= HALB_SET_EXPIRE_QUIESCENT;
		} else if (type == HALB_A_SETTINGS_LOCAL_CLIENTS) {
			if (!get_u8(attr, &byte))
				return -EBADMSG;
			settings->local_clients = byte;
			settings->present |= HALB_SET_LOCAL_CLIENTS;
		} else if (type == HALB_A_SETTINGS_SUSPECT_AFTER) {
			if (!nl_get_u32(attr, &settings->suspect_after))
				return -EBADMSG;
			settings->present |= HALB_SET_SUSPECT_AFTER;
		} else if (type <= HALB_A_SETTINGS_CONNS && members[type]) {
			if (!nl_get_u32(attr, members[type]))
				return -EBADMSG;
			settings->present |= bits[type];
		}
	}
	return 0;
}

static bool get_instance_attr(const struct nlattr *attr, struct halb_instance *instance)
{
	switch (mnl_attr_get_type(attr)) {
	case HALB_A_INSTANCE_NAME:
		return nl_get_string(attr, instance->name, sizeof(instance->name));
	case HALB_A_INSTANCE_STATE:
		instance->present |= HALB_INST_STATE;
		return nl_get_u32(attr, &instance->state);
	case HALB_A_INSTANCE_GRACE:
		instance->present |= HALB_INST_GRACE;
		return nl_get_u32(attr, &instance->grace);
	case HALB_A_INSTANCE_OWNER:
		return nl_get_u32(attr, &instance->owner);
	case HALB_A_INSTANCE_WAITING:
		instance->present |= HALB_INST_WAITING;
		return nl_get_u32(attr, &instance->waiting);
	case HALB_A_INSTANCE_SERVICES:
		return nl_get_u32(attr, &instance->services);
	case HALB_A_INSTANCE_AGE:
		return nl_get_u32(attr, &instance->age);
	case HALB_A_INSTANCE_TRANSITIONS:
		return nl_get_u32(attr, &instance->transitions);
	default:
		return true;
	}
}

int nl_get_instance(const struct nlattr *nest, struct halb_instance *instance)
{
	const struct nlattr *attr;

	memset(instance, 0, sizeof(*instance));
	mnl_attr_for_each_nested(attr, nest)
		if (!get_instance_attr(attr, instance))
			return -EBADMSG;
	return instance->name[0] ? 0 : -EBADMSG;
}

int nl_get_counter(const struct nlattr *nest, struct halb_counter *counter)
{
	const struct nlattr *attr;
	bool good = true;

	counter->name[0] = '\0';
	counter->packets = 0;
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == HALB_A_COUNTER_NAME)
			good = good && nl_get_string(attr, counter->name,
						     sizeof(counter->name));
		else if (mnl_attr_get_type(attr) == HALB_A_COUNTER_PACKETS)
			good = good && get_u64(attr, &counter->packets);
	}
	return good && counter->name[0] ? 0 : -EBADMSG;
}
