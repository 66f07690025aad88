// SPDX-License-Identifier: GPL-2.0
#include "conf_fields.h"

#include <string.h>

#include "addr.h"
#include "util.h"

#define FIELD(kd, member)	{ #member, FIELD_##kd, offsetof(OBJ, member), \
				  sizeof(((OBJ *)0)->member), NULL }
#define SUB(kd, member, of)	{ #member, FIELD_##kd, offsetof(OBJ, member), \
				  sizeof(((OBJ *)0)->member), &fields_##of }
#define FIELDS(name) \
	{ name, ARRAY_SIZE(name), sizeof(OBJ) }


#define OBJ struct conf_ipaddr
static const struct field ipaddr_members[] = {
	FIELD(ADDR, addr),
	FIELD(U8, prefix),
	FIELD(STRING, dev),
	FIELD(STRING, label),
	FIELD(INT, scope),
	FIELD(ADDR, brd),
	FIELD(ADDR, peer),
	FIELD(U8, peer_prefix),
	FIELD(U32, flags),
	FIELD(U32, preferred_lft),
	FIELD(BOOL, no_track),
	FIELD(BOOL, use_vmac),
	FIELD(STRING, track_group),
};
const struct fields fields_ipaddr = FIELDS(ipaddr_members);
#undef OBJ

#define OBJ struct conf_metric
static const struct field metric_members[] = {
	FIELD(U16, type),
	FIELD(U32, value),
	FIELD(BOOL, lock),
};
static const struct fields fields_metric = FIELDS(metric_members);
#undef OBJ

#define OBJ struct conf_nexthop
static const struct field nexthop_members[] = {
	FIELD(ADDR, via),
	FIELD(STRING, dev),
	FIELD(U8, weight),
	FIELD(BOOL, onlink),
};
static const struct fields fields_nexthop = FIELDS(nexthop_members);
#undef OBJ

#define OBJ struct conf_route
static const struct field route_members[] = {
	FIELD(U8, family),
	FIELD(U8, type),
	FIELD(ADDR, dst),
	FIELD(U8, dst_prefix),
	FIELD(ADDR, from),
	FIELD(U8, from_prefix),
	FIELD(ADDR, src),
	FIELD(ADDR, via),
	FIELD(STRING, dev),
	FIELD(U8, tos),
	FIELD(U32, table),
	FIELD(U8, protocol),
	FIELD(INT, scope),
	FIELD(U32, metric),
	FIELD(BOOL, metric_set),
	FIELD(INT, pref),
	FIELD(BOOL, onlink),
	FIELD(U32, expires),
	FIELD(STRING, congctl),
	SUB(LIST, metrics, metric),
	SUB(LIST, nexthops, nexthop),
	FIELD(BOOL, no_track),
	FIELD(STRING, track_group),
};
const struct fields fields_route = FIELDS(route_members);
#undef OBJ

#define OBJ struct conf_rule
static const struct field rule_members[] = {
	FIELD(U8, family),
	FIELD(BOOL, invert),
	FIELD(ADDR, from),
	FIELD(U8, from_prefix),
	FIELD(ADDR, to),
	FIELD(U8, to_prefix),
	FIELD(U8, tos),
	FIELD(U32, fwmark),
	FIELD(U32, fwmask),
	FIELD(BOOL, fwmark_set),
	FIELD(STRING, iif),
	FIELD(STRING, oif),
	FIELD(U8, action),
	FIELD(U32, table),
	FIELD(U32, goto_priority),
	FIELD(U32, priority),
	FIELD(BOOL, priority_set),
	FIELD(INT, suppress_prefixlength),
	FIELD(INT, suppress_ifgroup),
	FIELD(BOOL, l3mdev),
	FIELD(BOOL, uidrange_set),
	FIELD(U32, uid_start),
	FIELD(U32, uid_end),
	FIELD(U8, protocol),
	FIELD(U8, ipproto),
	FIELD(U16, sport_start),
	FIELD(U16, sport_end),
	FIELD(U16, dport_start),
	FIELD(U16, dport_end),
	FIELD(BOOL, no_track),
	FIELD(STRING, track_group),
};
const struct fields fields_rule = FIELDS(rule_members);
#undef OBJ

#define OBJ struct conf_vrrp_script
static const struct field script_members[] = {
	FIELD(STRING, name),
	FIELD(SCRIPT, script),
	FIELD(TIME, interval_us),
	FIELD(TIME, timeout_us),
	FIELD(INT, weight),
	FIELD(BOOL, weight_reverse),
	FIELD(U32, rise),
	FIELD(U32, fall),
	FIELD(BOOL, init_fail),
};
const struct fields fields_script = FIELDS(script_members);
#undef OBJ

#define OBJ struct conf_track_process
static const struct field process_members[] = {
	FIELD(STRING, name),
	FIELD(WORDS, argv),
	FIELD(U32, param_match),
	FIELD(INT, weight),
	FIELD(BOOL, weight_reverse),
	FIELD(U32, quorum),
	FIELD(U32, quorum_max),
	FIELD(TIME, fork_delay_us),
	FIELD(TIME, terminate_delay_us),
	FIELD(BOOL, full_command),
};
const struct fields fields_process = FIELDS(process_members);
#undef OBJ

#define OBJ struct conf_track_file
static const struct field track_file_members[] = {
	FIELD(STRING, name),
	FIELD(STRING, file),
	FIELD(INT, weight),
	FIELD(BOOL, weight_reverse),
	FIELD(BOOL, init_file),
	FIELD(BOOL, init_overwrite),
	FIELD(INT, init_value),
};
const struct fields fields_track_file = FIELDS(track_file_members);
#undef OBJ

#define OBJ struct conf_track
static const struct field track_members[] = {
	FIELD(STRING, name),
	FIELD(INT, weight),
	FIELD(BOOL, weight_reverse),
};
static const struct fields fields_track = FIELDS(track_members);
#undef OBJ

#define OBJ struct conf_tracks
static const struct field tracks_members[] = {
	SUB(LIST, interfaces, track),
	SUB(LIST, scripts, track),
	SUB(LIST, processes, track),
	SUB(LIST, files, track),
};
static const struct fields fields_tracks = FIELDS(tracks_members);
#undef OBJ

#define OBJ struct conf_track_group
static const struct field track_group_members[] = {
	FIELD(STRING, name),
	FIELD(WORDS, instances),
};
const struct fields fields_track_group = FIELDS(track_group_members);
#undef OBJ

#define OBJ struct conf_garp_group
static const struct field garp_group_members[] = {
	FIELD(TIME, garp_interval_us),
	FIELD(TIME, gna_interval_us),
	FIELD(WORDS, interfaces),
	FIELD(BOOL, aggregate),
};
const struct fields fields_garp_group = FIELDS(garp_group_members);
#undef OBJ

#define OBJ struct conf_notify
static const struct field notify_members[] = {
	FIELD(SCRIPT, notify_master),
	FIELD(SCRIPT, notify_backup),
	FIELD(SCRIPT, notify_fault),
	FIELD(SCRIPT, notify_stop),
	FIELD(SCRIPT, notify_deleted),
	FIELD(SCRIPT, notify_master_rx_lower_pri),
	FIELD(SCRIPT, notify),
};
static const struct fields fields_notify = FIELDS(notify_members);
#undef OBJ

#define OBJ struct conf_peer
static const struct field peer_members[] = {
	FIELD(ADDR, addr),
	FIELD(U8, min_ttl),
	FIELD(U8, max_ttl),
};
static const struct fields fields_peer = FIELDS(peer_members);
#undef OBJ

#define OBJ struct conf_garp
static const struct field garp_members[] = {
	FIELD(TIME, master_delay_us),
	FIELD(U32, master_repeat),
	FIELD(TIME, master_refresh_us),
	FIELD(U32, master_refresh_repeat),
	FIELD(TIME, lower_prio_delay_us),
	FIELD(U32, lower_prio_repeat),
	FIELD(TIME, interval_us),
	FIELD(TIME, gna_interval_us),
};
static const struct fields fields_garp = FIELDS(garp_members);
#undef OBJ

#define OBJ struct conf_vrrp
static const struct field vrrp_members[] = {
	FIELD(STRING, name),
	FIELD(U32, state),
	FIELD(STRING, interface),
	FIELD(U8, family),
	FIELD(U8, vrid),
	FIELD(U8, priority),
	FIELD(TIME, advert_int_us),
	FIELD(U8, version),
	SUB(LIST, vips, ipaddr),
	SUB(LIST, excluded, ipaddr),
	FIELD(BOOL, no_virtual_ipaddress),
	SUB(LIST, routes, route),
	SUB(LIST, rules, rule),
	FIELD(U32, auth_type),
	FIELD(HEX, auth_pass),
	FIELD(ADDR, src_ip),
	FIELD(BOOL, track_src_ip),
	FIELD(ADDR, mcast_dst_ip),
	FIELD(BOOL, unicast),
	SUB(LIST, peers, peer),
	FIELD(BOOL, unicast_fault_no_peer),
	FIELD(INT, unicast_ttl),
	FIELD(BOOL, check_unicast_src),
	FIELD(BOOL, v3_checksum_as_v2),
	FIELD(BOOL, nopreempt),
	FIELD(TIME, preempt_delay_us),
	SUB(STRUCT, tracks, tracks),
	FIELD(BOOL, dont_track_primary),
	FIELD(BOOL, accept),
	FIELD(BOOL, strict),
	FIELD(BOOL, skip_check_adv_addr),
	FIELD(U32, down_timer_adverts),
	FIELD(BOOL, lower_prio_no_advert),
	FIELD(BOOL, higher_prio_send_advert),
	FIELD(BOOL, owner_ignore_adverts),
	SUB(STRUCT, garp, garp),
	FIELD(BOOL, use_vmac),
	FIELD(NAME, vmac_ifname),
	FIELD(HEX, vmac_addr),
	FIELD(BOOL, vmac_xmit_base),
	FIELD(BOOL, promote_secondaries),
	FIELD(U32, kernel_rx_buf_size),
	SUB(STRUCT, notify, notify),
	FIELD(BOOL, notify_priority_changes),
	FIELD(BOOL, smtp_alert),
	FIELD(STRING, group),
};
const struct fields fields_vrrp = FIELDS(vrrp_members);
#undef OBJ

#define OBJ struct conf_sync_group
static const struct field group_members[] = {
	FIELD(STRING, name),
	FIELD(WORDS, instances),
	SUB(STRUCT, tracks, tracks),
	SUB(STRUCT, notify, notify),
	FIELD(BOOL, smtp_alert),
	FIELD(BOOL, tracking_weight),
};
const struct fields fields_group = FIELDS(group_members);
#undef OBJ

#define OBJ struct conf_forward
static const struct field forward_members[] = {
	FIELD(U32, method),
	FIELD(U32, tunnel),
	FIELD(U16, tunnel_port),
	FIELD(U32, tunnel_csum),
};
static const struct fields fields_forward = FIELDS(forward_members);
#undef OBJ

#define OBJ struct conf_url
static const struct field url_members[] = {
	FIELD(STRING, path),
	FIELD(BOOL, digest_set),
	FIELD(HEX, digest),
	FIELD(HEX, status),
	FIELD(STRING, virtualhost),
	FIELD(STRING, regex),
	FIELD(BOOL, regex_no_match),
	FIELD(U32, regex_options),
	FIELD(U32, regex_min_offset),
	FIELD(U32, regex_max_offset),
};
static const struct fields fields_url = FIELDS(url_members);
#undef OBJ

#define OBJ struct conf_smtp_host
static const struct field smtp_host_members[] = {
	FIELD(ADDR, ip),
	FIELD(U16, port),
	FIELD(ADDR, bindto),
	FIELD(U16, bind_port),
	FIELD(STRING, bind_if),
	FIELD(U32, fwmark),
	FIELD(TIME, connect_timeout_us),
};
static const struct fields fields_smtp_host = FIELDS(smtp_host_members);
#undef OBJ

#define OBJ struct conf_check
static const struct field check_members[] = {
	FIELD(U32, type),
	FIELD(ADDR, connect_ip),
	FIELD(U16, connect_port),
	FIELD(ADDR, bindto),
	FIELD(U16, bind_port),
	FIELD(STRING, bind_if),
	FIELD(U32, fwmark),
	FIELD(TIME, connect_timeout_us),
	FIELD(U32, retry),
	FIELD(TIME, delay_before_retry_us),
	FIELD(TIME, warmup_us),
	FIELD(TIME, delay_loop_us),
	FIELD(BOOL, alpha),
	FIELD(BOOL, log_all_failures),
	FIELD(BOOL, haproxy),
	FIELD(TIME, inter_us),
	FIELD(TIME, fastinter_us),
	FIELD(TIME, downinter_us),
	FIELD(U32, rise),
	FIELD(U32, fall),
	SUB(LIST, urls, url),
	FIELD(U32, http_protocol),
	FIELD(BOOL, enable_sni),
	FIELD(STRING, sni_name),
	FIELD(BOOL, fast_recovery),
	FIELD(STRING, helo_name),
	SUB(LIST, hosts, smtp_host),
	FIELD(U16, dns_type),
	FIELD(STRING, dns_name),
	FIELD(BYTES, payload),
	FIELD(BOOL, require_reply),
	FIELD(U32, min_reply_length),
	FIELD(U32, max_reply_length),
	FIELD(SCRIPT, script),
	FIELD(TIME, misc_timeout_us),
	FIELD(BOOL, misc_dynamic),
	FIELD(STRING, track_file),
	FIELD(INT, weight),
	FIELD(BOOL, weight_reverse),
};
static const struct fields fields_check = FIELDS(check_members);
#undef OBJ

#define OBJ struct conf_real_server
static const struct field server_members[] = {
	FIELD(ADDR, addr),
	FIELD(U16, port),
	SUB(STRUCT, forward, forward),
	FIELD(U32, weight),
	FIELD(U32, uthreshold),
	FIELD(U32, lthreshold),
	FIELD(BOOL, inhibit_on_failure),
	FIELD(BOOL, alpha),
	FIELD(BOOL, backup),
	FIELD(TIME, slowstart_us),
	FIELD(SCRIPT, notify_up),
	FIELD(SCRIPT, notify_down),
	FIELD(BOOL, smtp_alert),
	FIELD(STRING, snmp_name),
	SUB(LIST, checks, check),
};
const struct fields fields_server = FIELDS(server_members);
#undef OBJ

#define OBJ struct halb_key
static const struct field key_members[] = {
	FIELD(U32, fwmark),
	FIELD(U8, protocol),
	FIELD(U16, port),
	FIELD(ADDR, addr),
};
static const struct fields fields_key = FIELDS(key_members);
#undef OBJ

#define OBJ struct conf_service_key
static const struct field service_key_members[] = {
	SUB(STRUCT, key, key),
	FIELD(STRING, instance),
};
static const struct fields fields_service_key = FIELDS(service_key_members);
#undef OBJ

#define OBJ struct conf_virtual_server
static const struct field service_members[] = {
	FIELD(STRING, name),
	FIELD(STRING, group),
	SUB(LIST, keys, service_key),
	FIELD(U8, family),
	FIELD(U8, protocol),
	FIELD(STRING, scheduler),
	FIELD(BOOL, ops),
	FIELD(HEX, sched_flag),
	FIELD(ADDR, source),
	FIELD(U16, source_count),
	SUB(STRUCT, forward, forward),
	FIELD(U32, persistence_timeout),
	FIELD(U8, persistence_prefix),
	FIELD(STRING, persistence_engine),
	FIELD(BOOL, ha_suspend),
	FIELD(BOOL, passive_health),
	FIELD(BOOL, alpha),
	FIELD(BOOL, omega),
	FIELD(U32, quorum),
	FIELD(U32, hysteresis),
	FIELD(SCRIPT, quorum_up),
	FIELD(SCRIPT, quorum_down),
	FIELD(BOOL, inhibit_on_failure),
	FIELD(BOOL, smtp_alert),
	FIELD(STRING, snmp_name),
	FIELD(STRING, vrrp),
	SUB(POINTER, sorry_server, server),
	FIELD(BOOL, sorry_server_inhibit),
};
const struct fields fields_service = FIELDS(service_members);
#undef OBJ

#define OBJ struct conf_process
static const struct field system_process_members[] = {
	FIELD(INT, priority),
	FIELD(BOOL, no_swap),
	FIELD(INT, rt_priority),
	FIELD(HEX, cpu_affinity),
	FIELD(TIME, rlimit_rttime_us),
};
static const struct fields fields_system_process = FIELDS(system_process_members);
#undef OBJ

#define OBJ struct conf_fifo
static const struct field fifo_members[] = {
	FIELD(STRING, path),
	FIELD(BOOL, user_set),
	FIELD(U32, uid),
	FIELD(U32, gid),
	FIELD(SCRIPT, script),
};
static const struct fields fields_fifo = FIELDS(fifo_members);
#undef OBJ

#define OBJ struct conf_global
static const struct field global_members[] = {
	FIELD(STRING, router_id),
	FIELD(WORDS, notification_email),
	FIELD(STRING, notification_email_from),
	FIELD(STRING, smtp_server),
	FIELD(U16, smtp_port),
	FIELD(STRING, smtp_helo_name),
	FIELD(TIME, smtp_connect_timeout_us),
	FIELD(STRING, smtp_user),
	FIELD(STRING, smtp_password),
	FIELD(BOOL, smtp_starttls),
	FIELD(INT, smtp_alert),
	FIELD(INT, smtp_alert_vrrp),
	FIELD(INT, smtp_alert_checker),
	FIELD(BOOL, no_email_faults),
	FIELD(BOOL, checker_log_all_failures),
	FIELD(BOOL, script_user_set),
	FIELD(U32, script_uid),
	FIELD(U32, script_gid),
	FIELD(BOOL, enable_script_security),
	FIELD(SCRIPT, startup_script),
	FIELD(TIME, startup_script_timeout_us),
	FIELD(SCRIPT, shutdown_script),
	FIELD(TIME, shutdown_script_timeout_us),
	SUB(STRUCT, notify_fifo, fifo),
	SUB(STRUCT, vrrp_notify_fifo, fifo),
	SUB(STRUCT, lvs_notify_fifo, fifo),
	FIELD(BOOL, vrrp_notify_priority_changes),
	FIELD(BOOL, fifo_write_vrrp_states_on_reload),
	FIELD(BOOL, rs_init_notifies),
	FIELD(BOOL, set_supplementary_groups),
	FIELD(BOOL, dynamic_interfaces),
	FIELD(STRING, default_interface),
	FIELD(ADDR, vrrp_mcast_group4),
	FIELD(ADDR, vrrp_mcast_group6),
	SUB(STRUCT, garp, garp),
	FIELD(BOOL, vrrp_min_garp),
	FIELD(TIME, vrrp_startup_delay_us),
	FIELD(BOOL, log_unknown_vrids),
	FIELD(STRING, vmac_prefix),
	SUB(STRUCT, vrrp_process, system_process),
	SUB(STRUCT, checker_process, system_process),
	FIELD(U32, lvs_timeout_tcp),
	FIELD(U32, lvs_timeout_tcpfin),
	FIELD(U32, lvs_timeout_udp),
	FIELD(BOOL, lvs_flush),
	FIELD(U32, lvs_flush_on_stop),
	FIELD(INT, umask),
	FIELD(STRING, reload_check_config),
};
const struct fields fields_global = FIELDS(global_members);
#undef OBJ

#define OBJ struct conf
static const struct field daemon_members[] = {
	FIELD(STRING, net_namespace),
	FIELD(STRING, instance),
	FIELD(BOOL, use_pid_dir),
	FIELD(TIME, child_wait_time_us),
	FIELD(STRING, ssl_password),
	FIELD(STRING, ssl_certificate),
	FIELD(STRING, ssl_key),
};
const struct fields fields_daemon = FIELDS(daemon_members);
#undef OBJ

/* --- text -------------------------------------------------------------------------- */

struct list {
	const char *items;
	size_t count;
};

static void print_words(FILE *out, char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(out, " %s", words[i]);
}

static void print_hex(FILE *out, const uint8_t *bytes, size_t size)
{
	fputc(' ', out);
	for (size_t i = 0; i < size; i++)
		fprintf(out, "%02x", bytes[i]);
}

/* A value that is nothing is not told: its line comes and goes as the value does. */
static bool nothing(const struct field *field, const void *at)
{
	static const uint8_t zeroes[256];

	if (field->kind == FIELD_NAME || field->kind == FIELD_HEX)
		return field->size <= sizeof(zeroes) && !memcmp(at, zeroes, field->size);
	switch (field->kind) {
	case FIELD_STRING:
	case FIELD_POINTER:
		return !*(char *const *)at;
	case FIELD_ADDR:
		return !((const struct halb_addr *)at)->family;
	case FIELD_SCRIPT:
		return !((const struct conf_script *)at)->argv;
	case FIELD_BYTES:
	case FIELD_WORDS:
		return !((const struct list *)at)->count;
	default:
		return false;
	}
}

static void print_value(FILE *out, const struct field *field, const void *at)
{
	const struct conf_script *script = at;
	const struct list *list = at;
	char text[ADDR_STRLEN];

	switch (field->kind) {
	case FIELD_BOOL:
		fprintf(out, " %s", *(const bool *)at ? "yes" : "no");
		break;
	case FIELD_U8:
		fprintf(out, " %u", *(const uint8_t *)at);
		break;
	case FIELD_U16:
		fprintf(out, " %u", *(const uint16_t *)at);
		break;
	case FIELD_U32:
		fprintf(out, " %u", *(const uint32_t *)at);
		break;
	case FIELD_INT:
		fprintf(out, " %d", *(const int *)at);
		break;
	case FIELD_TIME:
		fprintf(out, " %lld", (long long)*(const int64_t *)at);
		break;
	case FIELD_STRING:
		fprintf(out, " %s", *(char *const *)at);
		break;
	case FIELD_NAME:
		fprintf(out, " %s", (const char *)at);
		break;
	case FIELD_ADDR:
		fprintf(out, " %s", addr_format(at, text));
		break;
	case FIELD_SCRIPT:
		print_words(out, script->argv, script->argc);
		fprintf(out, " as %u:%u", script->uid, script->gid);
		break;
	case FIELD_HEX:
		print_hex(out, at, field->size);
		break;
	case FIELD_BYTES:
		print_hex(out, (const uint8_t *)list->items, list->count);
		break;
	case FIELD_WORDS:
		print_words(out, (char *const *)list->items, list->count);
		break;
	default:
		break;
	}
}

static void print_list(FILE *out, const struct field *field, const struct list *list,
		       const char *name)
{
	char prefix[440];

	for (size_t i = 0; i < list->count; i++) {
		snprintf(prefix, sizeof(prefix), "%s[%zu]", name, i);
		fields_print(out, field->sub, list->items + i * field->sub->size, prefix);
	}
}

void fields_print(FILE *out, const struct fields *fields, const void *object, const char *prefix)
{
	char name[400];

	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->fields[i];
		const void *at = (const char *)object + field->offset;

		if (nothing(field, at))
			continue;
		snprintf(name, sizeof(name), "%s%s%s", prefix, *prefix ? "." : "", field->name);
		if (field->kind == FIELD_STRUCT) {
			fields_print(out, field->sub, at, name);
		} else if (field->kind == FIELD_LIST) {
			print_list(out, field, at, name);
		} else if (field->kind == FIELD_POINTER) {
			fields_print(out, field->sub, *(void *const *)at, name);
		} else {
			fputs(name, out);
			print_value(out, field, at);
			fputc('\n', out);
		}
	}
}
