// SPDX-License-Identifier: GPL-2.0
#include "cli.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "grammar.h"

static const char *family_name(const struct halb_addr *addr)
{
	return addr->family == AF_INET6 ? "inet6" : "inet";
}

void show_key(struct out *out, int column, const struct halb_key *key)
{
	char text[KEY_STRLEN], address[ADDR_STRLEN];

	out_cell(out, column, "%s", key_format(key, text));
	if (key->fwmark) {
		out_uint(out, "fwmark", OUT_NO_COLUMN, key->fwmark);
	} else {
		out_str(out, "protocol", OUT_NO_COLUMN, halb_protocol_name(key->protocol));
		out_str(out, "address", OUT_NO_COLUMN, addr_format(&key->addr, address));
		out_uint(out, "port", OUT_NO_COLUMN, key->port);
	}
	out_str(out, "family", OUT_NO_COLUMN, family_name(&key->addr));
}

void show_endpoint(struct out *out, int column, const struct halb_addr *addr, uint16_t port)
{
	char text[ENDPOINT_STRLEN], address[ADDR_STRLEN];

	out_cell(out, column, "%s", endpoint_format(addr, port, text));
	out_str(out, "address", OUT_NO_COLUMN, addr_format(addr, address));
	out_uint(out, "port", OUT_NO_COLUMN, port);
}

void show_stats(struct out *out, const char *key, int column, bool rates,
		const struct halb_stats *stats)
{
	const struct {
		const char *key;
		uint64_t value;
	} fields[2][5] = {
		{
			{ "conns", stats->conns },
			{ "in_packets", stats->in_packets },
			{ "out_packets", stats->out_packets },
			{ "in_bytes", stats->in_bytes },
			{ "out_bytes", stats->out_bytes },
		}, {
			{ "cps", stats->cps },
			{ "in_pps", stats->in_pps },
			{ "out_pps", stats->out_pps },
			{ "in_bps", stats->in_bps },
			{ "out_bps", stats->out_bps },
		},
	};

	out_object_begin(out, key);
	for (int set = 0; set < 2; set++)
		for (int i = 0; i < 5; i++)
			out_uint(out, fields[set][i].key,
				 column >= 0 && set == rates ? column + i : OUT_NO_COLUMN,
				 fields[set][i].value);
	out_object_end(out);
}

static void show_flag(struct out *out, const char *key, uint32_t flags, uint32_t flag)
{
	out_bool(out, key, OUT_NO_COLUMN, flags & flag);
}

void show_service(struct out *out, const struct halb_service *service)
{
	char options[384];

	out_row(out, 0);
	show_key(out, SHOW_NAME, &service->key);
	out_str(out, "scheduler", SHOW_WHAT, service->scheduler);
	show_flag(out, "persistent", service->flags, HALB_SERVICE_FLAG_PERSISTENT);
	if (service->flags & HALB_SERVICE_FLAG_PERSISTENT) {
		out_uint(out, "persist_timeout", OUT_NO_COLUMN, service->persist_timeout);
		out_uint(out, "persist_prefix", OUT_NO_COLUMN, service->persist_prefix);
	}
	show_flag(out, "sh_fallback", service->flags, HALB_SERVICE_FLAG_SH_FALLBACK);
	show_flag(out, "sh_port", service->flags, HALB_SERVICE_FLAG_SH_PORT);
	show_flag(out, "adopt", service->flags, HALB_SERVICE_FLAG_ADOPT);
	show_flag(out, "yield", service->flags, HALB_SERVICE_FLAG_YIELD);
	show_flag(out, "ops", service->flags, HALB_SERVICE_FLAG_OPS);
	show_flag(out, "ftp", service->flags, HALB_SERVICE_FLAG_FTP);
	show_flag(out, "through_stack", service->flags, HALB_SERVICE_FLAG_THROUGH_STACK);
	if (service->source_count) {
		char range[RANGE_STRLEN];

		out_str(out, "sources", OUT_NO_COLUMN,
			range_format(&service->source, service->source_count, range));
	}
	out_uint(out, "tcp_timeout", OUT_NO_COLUMN, service->tcp_timeout);
	out_uint(out, "tcp_fin_timeout", OUT_NO_COLUMN, service->tcp_fin_timeout);
	out_uint(out, "udp_timeout", OUT_NO_COLUMN, service->udp_timeout);
	out_uint(out, "conn_limit", OUT_NO_COLUMN, service->conn_limit);
	out_uint(out, "slow_start", OUT_NO_COLUMN, service->slow_start);
	if (*service->vrrp)
		out_str(out, "vrrp", OUT_NO_COLUMN, service->vrrp);
	grammar_format_options(service, options, sizeof(options));
	out_cell(out, SHOW_OPTIONS, "%s", *options ? options + 1 : "");
	out_uint(out, "active_conns", SHOW_ACTIVE, service->active_conns);
	out_uint(out, "inactive_conns", SHOW_INACTIVE, service->inactive_conns);
	if (service->present & HALB_SVC_STATS)
		show_stats(out, "stats", OUT_NO_COLUMN, false, &service->stats);
}

static void show_server_options(struct out *out, const struct halb_server *server)
{
	char options[256];
	size_t used;

	grammar_format_server_options(server, options, 128);
	if (server->persist_conns) {
		used = strlen(options);
		snprintf(options + used, sizeof(options) - used, " templates %u",
			 server->persist_conns);
	}
	if (server->slow_percent) {
		used = strlen(options);
		snprintf(options + used, sizeof(options) - used, " slow-start %u%%",
			 server->slow_percent);
	}
	if (server->flags & HALB_SERVER_FLAG_OVERLOAD)
		strcat(options, " overload");
	if (server->flags & HALB_SERVER_FLAG_NO_SOURCE_PORT)
		strcat(options, " no-source-port");
	if (server->flags & HALB_SERVER_FLAG_DRAINED)
		strcat(options, " drained");
	if (server->flags & HALB_SERVER_FLAG_SUSPECT) {
		used = strlen(options);
		snprintf(options + used, sizeof(options) - used, " suspect (%s)",
			 halb_failure_name(server->failures.last));
	}
	if (*options)
		out_cell(out, SHOW_OPTIONS, "%s", options + 1);
}

static void show_failures(struct out *out, const struct halb_failures *failures)
{
	out_object_begin(out, "failures");
	out_uint(out, "unanswered", OUT_NO_COLUMN, failures->unanswered);
	out_uint(out, "reset", OUT_NO_COLUMN, failures->reset);
	out_uint(out, "unreachable", OUT_NO_COLUMN, failures->unreachable);
	out_uint(out, "row", OUT_NO_COLUMN, failures->row);
	if (failures->row)
		out_str(out, "last", OUT_NO_COLUMN, halb_failure_name(failures->last));
	out_object_end(out);
}

void show_server(struct out *out, unsigned int level, const struct halb_server *server,
		 bool with_service)
{
	out_row(out, level);
	if (with_service) {
		out_object_begin(out, "service");
		show_key(out, SHOW_WHAT, &server->service);
		out_object_end(out);
	}
	show_endpoint(out, SHOW_NAME, &server->addr, server->port);
	out_str(out, "method", SHOW_METHOD, halb_method_name(server->method));
	if (server->present & HALB_SRV_TUN_TYPE) {
		out_str(out, "tun_type", OUT_NO_COLUMN, halb_tun_type_name(server->tun_type));
		out_uint(out, "tun_port", OUT_NO_COLUMN, server->tun_port);
		out_str(out, "tun_csum", OUT_NO_COLUMN, halb_tun_csum_name(server->tun_csum));
	}
	out_uint(out, "weight", SHOW_WEIGHT, server->weight);
	out_uint(out, "weight_percent", OUT_NO_COLUMN,
		 server->slow_percent ? server->slow_percent : 100);
	out_uint(out, "upper", OUT_NO_COLUMN, server->upper);
	out_uint(out, "lower", OUT_NO_COLUMN, server->lower);
	out_bool(out, "backup", OUT_NO_COLUMN, server->backup);
	if (server->present & HALB_SRV_DRAIN)
		out_uint(out, "drain", OUT_NO_COLUMN, server->drain);
	show_flag(out, "drained", server->flags, HALB_SERVER_FLAG_DRAINED);
	show_flag(out, "overload", server->flags, HALB_SERVER_FLAG_OVERLOAD);
	show_flag(out, "no_source_port", server->flags, HALB_SERVER_FLAG_NO_SOURCE_PORT);
	show_flag(out, "suspect", server->flags, HALB_SERVER_FLAG_SUSPECT);
	show_failures(out, &server->failures);
	out_uint(out, "active_conns", SHOW_ACTIVE, server->active_conns);
	out_uint(out, "inactive_conns", SHOW_INACTIVE, server->inactive_conns);
	out_uint(out, "persist_conns", OUT_NO_COLUMN, server->persist_conns);
	show_server_options(out, server);
	if (server->present & HALB_SRV_STATS)
		show_stats(out, "stats", OUT_NO_COLUMN, false, &server->stats);
}

void show_instance(struct out *out, const struct halb_instance *instance)
{
	out_row(out, 0);
	out_str(out, "name", 0, instance->name);
	out_str(out, "state", 1, halb_director_state_name(instance->state));
	out_uint(out, "age", 2, instance->age);
	out_uint(out, "transitions", 3, instance->transitions);
	out_uint(out, "services", 4, instance->services);
	if (instance->present & HALB_INST_WAITING)
		out_cell(out, 5, "nobody: fault in %u ms", instance->waiting);
	else if (instance->owner)
		out_cell(out, 5, "netlink port %u", instance->owner);
	out_uint(out, "owner", OUT_NO_COLUMN, instance->owner);
	if (instance->present & HALB_INST_GRACE)
		out_uint(out, "grace", OUT_NO_COLUMN, instance->grace);
	if (instance->present & HALB_INST_WAITING)
		out_uint(out, "waiting", OUT_NO_COLUMN, instance->waiting);
}

static void show_number(struct out *out, const char *key, const char *name, uint32_t value,
			const char *meaning)
{
	out_row(out, 0);
	out_cell(out, 0, "%s", name);
	out_uint(out, key, 1, value);
	out_cell(out, 2, "%s", meaning);
}

void show_settings(struct out *out, const struct halb_settings *settings)
{
	show_number(out, "tcp_timeout", "tcp-timeout", settings->tcp_timeout,
		    "seconds, idle established TCP");
	show_number(out, "tcp_fin_timeout", "tcp-fin-timeout", settings->tcp_fin_timeout,
		    "seconds, TCP after a FIN");
	show_number(out, "udp_timeout", "udp-timeout", settings->udp_timeout,
		    "seconds, idle UDP");
	show_number(out, "conn_limit", "conn-limit", settings->conn_limit,
		    "connections and templates at most");
	if (settings->present & HALB_SET_CONNS)
		show_number(out, "conns", "", settings->conns, "of them in use now");
	out_row(out, 0);
	out_cell(out, 0, "vip-unmatched");
	out_str(out, "vip_unmatched", 1, halb_vip_unmatched_name(settings->vip_unmatched));
	out_cell(out, 2, "packets to a VIP that match no service");
	out_row(out, 0);
	out_cell(out, 0, "source-check");
	out_bool(out, "source_check", 1, settings->source_check);
	out_cell(out, 2, "apply rp_filter's rule to new flows");
	out_row(out, 0);
	out_cell(out, 0, "expire-quiescent-template");
	out_bool(out, "expire_quiescent_template", 1, settings->expire_quiescent);
	out_cell(out, 2, "persistent clients leave a server of weight 0");
	out_row(out, 0);
	out_cell(out, 0, "local-clients");
	out_bool(out, "local_clients", 1, settings->local_clients);
	out_cell(out, 2, "balance connections of the director's own processes");
	show_number(out, "suspect_after", "suspect-after", settings->suspect_after,
		    "failures in a row make a server suspect");
}
