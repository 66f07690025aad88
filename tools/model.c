// SPDX-License-Identifier: GPL-2.0
/* Names of the model's values, comparisons, and how its big answers end. */
#include "model.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "util.h"

static const char *const methods[] = {
	[HALB_METHOD_NAT] = "nat",
	[HALB_METHOD_DR] = "dr",
	[HALB_METHOD_TUN] = "tun",
	[HALB_METHOD_FULLNAT] = "fullnat",
};

static const char *const tun_types[] = {
	[HALB_TUN_TYPE_IPIP] = "ipip",
	[HALB_TUN_TYPE_GUE] = "gue",
	[HALB_TUN_TYPE_GRE] = "gre",
};

static const char *const tun_csums[] = {
	[HALB_TUN_CSUM_NONE] = "none",
	[HALB_TUN_CSUM_CSUM] = "csum",
	[HALB_TUN_CSUM_REMCSUM] = "remcsum",
};

static const char *const conn_states[] = {
	[HALB_CONN_STATE_NONE] = "none",
	[HALB_CONN_STATE_ESTABLISHED] = "established",
	[HALB_CONN_STATE_SYN_SENT] = "syn-sent",
	[HALB_CONN_STATE_SYN_RECV] = "syn-recv",
	[HALB_CONN_STATE_FIN_WAIT] = "fin-wait",
	[HALB_CONN_STATE_TIME_WAIT] = "time-wait",
	[HALB_CONN_STATE_CLOSE] = "close",
	[HALB_CONN_STATE_CLOSE_WAIT] = "close-wait",
	[HALB_CONN_STATE_LAST_ACK] = "last-ack",
	[HALB_CONN_STATE_LISTEN] = "listen",
	[HALB_CONN_STATE_SYNACK] = "synack",
	[HALB_CONN_STATE_UDP] = "udp",
	[HALB_CONN_STATE_TEMPLATE] = "template",
	[HALB_CONN_STATE_SCTP_INIT1] = "sctp-init1",
	[HALB_CONN_STATE_SCTP_INIT] = "sctp-init",
	[HALB_CONN_STATE_SCTP_COOKIE_SENT] = "sctp-cookie-sent",
	[HALB_CONN_STATE_SCTP_COOKIE_REPLIED] = "sctp-cookie-replied",
	[HALB_CONN_STATE_SCTP_COOKIE_WAIT] = "sctp-cookie-wait",
	[HALB_CONN_STATE_SCTP_COOKIE] = "sctp-cookie",
	[HALB_CONN_STATE_SCTP_COOKIE_ECHOED] = "sctp-cookie-echoed",
	[HALB_CONN_STATE_SCTP_ESTABLISHED] = "sctp-established",
	[HALB_CONN_STATE_SCTP_SHUTDOWN_SENT] = "sctp-shutdown-sent",
	[HALB_CONN_STATE_SCTP_SHUTDOWN_RECEIVED] = "sctp-shutdown-received",
	[HALB_CONN_STATE_SCTP_SHUTDOWN_ACK_SENT] = "sctp-shutdown-ack-sent",
	[HALB_CONN_STATE_SCTP_REJECTED] = "sctp-rejected",
	[HALB_CONN_STATE_SCTP_CLOSED] = "sctp-closed",
};

static const char *const vip_unmatched[] = {
	[HALB_VIP_UNMATCHED_ACCEPT] = "accept",
	[HALB_VIP_UNMATCHED_REJECT] = "reject",
	[HALB_VIP_UNMATCHED_DROP] = "drop",
};

static const char *const why_verdicts[] = {
	[HALB_WHY_VERDICT_KNOWN] = "known",
	[HALB_WHY_VERDICT_NEW] = "new",
	[HALB_WHY_VERDICT_PASS] = "pass",
	[HALB_WHY_VERDICT_DROP] = "drop",
};

static const char *const neighbours[] = {
	[HALB_NEIGHBOUR_UNKNOWN] = "unknown",
	[HALB_NEIGHBOUR_RESOLVING] = "resolving",
	[HALB_NEIGHBOUR_REACHABLE] = "reachable",
	[HALB_NEIGHBOUR_FAILED] = "failed",
};

static const char *const failures[] = {
	[HALB_FAILURE_UNANSWERED] = "unanswered",
	[HALB_FAILURE_RESET] = "reset",
	[HALB_FAILURE_UNREACHABLE] = "unreachable",
};

static const char *const director_states[] = {
	[HALB_DIRECTOR_STATE_FAULT] = "fault",
	[HALB_DIRECTOR_STATE_BACKUP] = "backup",
	[HALB_DIRECTOR_STATE_MASTER] = "master",
};

static const char *const events[] = {
	[HALB_EVENT_SERVICE_ADD] = "service-add",
	[HALB_EVENT_SERVICE_SET] = "service-set",
	[HALB_EVENT_SERVICE_DEL] = "service-del",
	[HALB_EVENT_SERVER_ADD] = "server-add",
	[HALB_EVENT_SERVER_SET] = "server-set",
	[HALB_EVENT_SERVER_DEL] = "server-del",
	[HALB_EVENT_SETTINGS] = "settings-set",
	[HALB_EVENT_INSTANCE] = "instance-set",
	[HALB_EVENT_SERVER_SUSPECT] = "server-suspect",
	[HALB_EVENT_LOST] = "lost",
};

static const char *name_of(const char *const *names, size_t count, uint32_t value)
{
	return value < count && names[value] ? names[value] : "?";
}

static int value_of(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (names[i] && !strcmp(names[i], name))
			return (int)i;
	return -1;
}

const char *halb_method_name(uint32_t method)
{
	return name_of(methods, ARRAY_SIZE(methods), method);
}

int halb_method_value(const char *name)
{
	return value_of(methods, ARRAY_SIZE(methods), name);
}

const char *halb_tun_type_name(uint32_t type)
{
	return name_of(tun_types, ARRAY_SIZE(tun_types), type);
}

int halb_tun_type_value(const char *name)
{
	return value_of(tun_types, ARRAY_SIZE(tun_types), name);
}

const char *halb_tun_csum_name(uint32_t csum)
{
	return name_of(tun_csums, ARRAY_SIZE(tun_csums), csum);
}

int halb_tun_csum_value(const char *name)
{
	return value_of(tun_csums, ARRAY_SIZE(tun_csums), name);
}

const char *halb_conn_state_name(uint32_t state)
{
	return name_of(conn_states, ARRAY_SIZE(conn_states), state);
}

const char *halb_vip_unmatched_name(uint32_t action)
{
	return name_of(vip_unmatched, ARRAY_SIZE(vip_unmatched), action);
}

int halb_vip_unmatched_value(const char *name)
{
	return value_of(vip_unmatched, ARRAY_SIZE(vip_unmatched), name);
}

const char *halb_why_verdict_name(uint32_t verdict)
{
	return name_of(why_verdicts, ARRAY_SIZE(why_verdicts), verdict);
}

const char *halb_neighbour_name(uint32_t neighbour)
{
	return name_of(neighbours, ARRAY_SIZE(neighbours), neighbour);
}

const char *halb_failure_name(uint32_t failure)
{
	return name_of(failures, ARRAY_SIZE(failures), failure);
}

const char *halb_director_state_name(uint32_t state)
{
	return name_of(director_states, ARRAY_SIZE(director_states), state);
}

int halb_director_state_value(const char *name)
{
	return value_of(director_states, ARRAY_SIZE(director_states), name);
}

const char *halb_event_name(enum halb_event_type type)
{
	return name_of(events, ARRAY_SIZE(events), type);
}

const char *halb_protocol_name(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	default:
		return "?";
	}
}

bool halb_addr_equal(const struct halb_addr *a, const struct halb_addr *b)
{
	if (a->family != b->family)
		return false;
	if (a->family == AF_INET)
		return a->v4.s_addr == b->v4.s_addr;
	return a->family != AF_INET6 || !memcmp(&a->v6, &b->v6, sizeof(a->v6));
}

bool halb_key_equal(const struct halb_key *a, const struct halb_key *b)
{
	if (a->fwmark || b->fwmark)
		return a->fwmark == b->fwmark && a->addr.family == b->addr.family;
	return a->protocol == b->protocol && a->port == b->port &&
	       halb_addr_equal(&a->addr, &b->addr);
}

bool halb_key_is_ftp(const struct halb_key *key)
{
	return key->protocol == IPPROTO_TCP && key->port == 21;
}

void halb_info_free(struct halb_info *info)
{
	free(info->counters);
	info->counters = NULL;
	info->counters_count = 0;
}

void halb_config_free(struct halb_config *config)
{
	free(config->services);
	free(config->servers);
	free(config->servers_first);
	free(config->servers_count);
	memset(config, 0, sizeof(*config));
}
