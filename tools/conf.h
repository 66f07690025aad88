/* SPDX-License-Identifier: GPL-2.0 */
/*
 * halbd's configuration, the language of keepalived.conf, as plain structs.
 *
 * What conf_load() gives is finished: defaults are filled in, what an instance
 * or a checker inherits (global_defs -> vrrp_instance, virtual_server ->
 * real_server -> checker) is copied down, names are resolved, ranges expanded.
 * A consumer reads members and asks nothing more.
 *
 * Times are microseconds and end in _us. Numbers are in host byte order,
 * addresses in network order. A char * that was not given is NULL, an address
 * that was not given has family 0. A list is an array and a count. Everything
 * belongs to the struct conf and lives until conf_free().
 *
 * The keywords are in conf_table.c, a row each; the name of a member is its
 * keyword's unless the comment says otherwise.
 */
#ifndef HALB_CONF_H
#define HALB_CONF_H

#include <net/if.h>
#include <stdio.h>
#include <sys/types.h>

#include "model.h"

/* Where something was defined. */
struct conf_pos {
	const char *file;
	unsigned int line;		/* from 1; 0: not in a file, a default */
};

/* --- messages ---------------------------------------------------------------- */

enum conf_severity {
	CONF_NOTE,			/* accepted, and has no effect */
	CONF_WARNING,			/* works, but perhaps not as meant */
	CONF_ERROR,			/* this line is ignored, the rest works */
	CONF_SECURITY,			/* a script that anybody but root may change */
	CONF_FATAL,			/* halbd cannot run with this file */
};

struct conf_message {
	enum conf_severity severity;
	struct conf_pos pos;
	char *text;			/* one sentence that names the fix */
};

struct conf_messages {
	struct conf_message *messages;	/* in the order of files and lines */
	size_t count;
};

void conf_messages_free(struct conf_messages *messages);
/* "FILE:LINE: error: TEXT\n" each; returns the number of lines. */
size_t conf_messages_print(const struct conf_messages *messages, FILE *out);

enum {					/* exit codes of -t: those of keepalived 2.2 */
	CONF_EXIT_OK		= 0,
	CONF_EXIT_FATAL		= 4,	/* cannot run */
	CONF_EXIT_ERRORS	= 5,	/* runs, without the lines in error */
	CONF_EXIT_SECURITY	= 6,
};

/* --- scripts ------------------------------------------------------------------ */

struct conf_script {
	struct conf_pos pos;
	char **argv;			/* argv[0] is the path; ends with NULL; NULL: no script */
	size_t argc;
	/* Who runs it, resolved: the script's own user, else script_user, else
	 * keepalived_script, else root.
	 */
	uid_t uid;
	gid_t gid;
	bool all_groups;		/* set_supplementary_groups */
};

/* A FIFO that is told of changes, and a script that reads it from its stdin. */
struct conf_fifo {
	char *path;			/* NULL: none */
	/* who owns it, if user_set */
	bool user_set;
	uid_t uid;
	gid_t gid;
	struct conf_script script;
};

/* --- addresses, routes and rules ------------------------------------------------- */

/* virtual_ipaddress, virtual_ipaddress_excluded, static_ipaddress */
struct conf_ipaddr {
	struct conf_pos pos;
	struct halb_addr addr;
	uint8_t prefix;			/* 32 or 128 if none was written */
	bool prefix_set;
	/* NULL: the instance's interface; of a static_ipaddress default_interface */
	char *dev;
	char *label;
	int scope;			/* RT_SCOPE_*; -1: none was written */
	struct halb_addr brd;		/* of all ones for "brd +", of the network for "brd -" */
	struct halb_addr peer;
	uint8_t peer_prefix;
	/* IFA_F_HOMEADDRESS, _MANAGETEMPADDR, _NOPREFIXROUTE, _MCAUTOJOIN, _NODAD */
	uint32_t flags;
	uint32_t preferred_lft;		/* seconds, UINT32_MAX: forever (default) */
	bool no_track;			/* do not mind if somebody deletes it */
	bool use_vmac;
	char *track_group;		/* static_ipaddress: its track_group's name */
};

struct conf_metric {
	uint16_t type;			/* RTAX_* */
	uint32_t value;
	bool lock;
};

struct conf_nexthop {
	struct halb_addr via;
	char *dev;
	uint8_t weight;			/* 1..256, less one: as rtnh_hops has it */
	bool onlink;
};

/* virtual_routes, static_routes: the words of `ip route` */
struct conf_route {
	struct conf_pos pos;
	uint8_t family;
	uint8_t type;			/* RTN_*, default RTN_UNICAST */
	struct halb_addr dst;		/* family 0: default */
	uint8_t dst_prefix;
	struct halb_addr from;
	uint8_t from_prefix;
	struct halb_addr src;		/* preferred source */
	struct halb_addr via;		/* may be of another family */
	char *dev;
	uint8_t tos;
	uint32_t table;			/* default RT_TABLE_MAIN, or the vrf's */
	uint8_t protocol;		/* default 18, RTPROT_KEEPALIVED */
	int scope;			/* RT_SCOPE_*; -1: none was written */
	uint32_t metric;		/* priority */
	bool metric_set;
	int pref;			/* ICMPV6_ROUTER_PREF_*; -1: none */
	bool onlink;
	uint32_t expires;		/* seconds; 0: never */
	char *congctl;
	struct conf_metric *metrics;	/* mtu, advmss, hoplimit, initcwnd, quickack, ... */
	size_t metrics_count;
	struct conf_nexthop *nexthops;
	size_t nexthops_count;
	bool no_track;
	char *track_group;
};

/* virtual_rules, static_rules: the words of `ip rule` */
struct conf_rule {
	struct conf_pos pos;
	uint8_t family;
	bool invert;			/* not */
	struct halb_addr from;		/* family 0: any */
	uint8_t from_prefix;
	struct halb_addr to;
	uint8_t to_prefix;
	uint8_t tos;
	uint32_t fwmark;
	uint32_t fwmask;
	bool fwmark_set;
	char *iif;
	char *oif;
	uint8_t action;			/* FR_ACT_*, default FR_ACT_TO_TBL */
	uint32_t table;
	uint32_t goto_priority;		/* of FR_ACT_GOTO */
	uint32_t priority;		/* default: from 16384 downwards */
	bool priority_set;
	int suppress_prefixlength;	/* -1: none */
	int suppress_ifgroup;		/* -1: none */
	bool l3mdev;
	bool uidrange_set;
	uint32_t uid_start, uid_end;
	uint8_t protocol;		/* default 18, RTPROT_KEEPALIVED */
	uint8_t ipproto;		/* 0: any */
	uint16_t sport_start, sport_end; /* 0: any */
	uint16_t dport_start, dport_end;
	bool no_track;
	char *track_group;
};

/* --- what is tracked ---------------------------------------------------------------- */

/* vrrp_script NAME */
struct conf_vrrp_script {
	struct conf_pos pos;
	char *name;
	struct conf_script script;
	int64_t interval_us;		/* 1 s */
	int64_t timeout_us;		/* the interval */
	int weight;			/* -253..253; 0: failing is a fault */
	bool weight_reverse;
	uint32_t rise;			/* 1 */
	uint32_t fall;			/* 1 */
	bool init_fail;
	bool used;			/* by an instance or a group */
};

enum conf_param_match {
	CONF_PARAM_NONE,		/* by the process's name alone */
	CONF_PARAM_EXACT,
	CONF_PARAM_INITIAL,
	CONF_PARAM_PARTIAL,
};

/* vrrp_track_process NAME */
struct conf_track_process {
	struct conf_pos pos;
	char *name;
	char **argv;			/* process: its name or path, and parameters */
	size_t argc;
	enum conf_param_match param_match;
	int weight;			/* -254..254 */
	bool weight_reverse;
	uint32_t quorum;		/* 1 */
	uint32_t quorum_max;		/* UINT32_MAX */
	int64_t fork_delay_us;		/* also from delay */
	int64_t terminate_delay_us;
	bool full_command;
};

/* track_file NAME, vrrp_track_file NAME */
struct conf_track_file {
	struct conf_pos pos;
	char *name;
	char *file;
	int weight;			/* -254..254, the file's value times it; 1 */
	bool weight_reverse;
	bool init_file;			/* create it at the start, ... */
	bool init_overwrite;		/* ... even if it exists */
	int init_value;
};

/* An entry of track_interface, track_script, track_process or track_file. */
struct conf_track {
	struct conf_pos pos;
	char *name;
	int weight;			/* resolved: the entry's own, else that of what is tracked */
	bool weight_reverse;
};

/* What an instance or a sync group watches. */
struct conf_tracks {
	struct conf_track *interfaces;
	size_t interfaces_count;
	struct conf_track *scripts;	/* each exists in conf->scripts, and so on */
	size_t scripts_count;
	struct conf_track *processes;
	size_t processes_count;
	struct conf_track *files;
	size_t files_count;
};

/* track_group NAME { group { INSTANCES } }: what static addresses hang on */
struct conf_track_group {
	struct conf_pos pos;
	char *name;
	char **instances;
	size_t instances_count;
};

/* --- VRRP ------------------------------------------------------------------------------- */

/* Scripts of an instance or of a sync group; argv NULL where there is none. */
struct conf_notify {
	struct conf_script notify_master;
	struct conf_script notify_backup;
	struct conf_script notify_fault;
	struct conf_script notify_stop;
	struct conf_script notify_deleted;	/* instances only */
	struct conf_script notify_master_rx_lower_pri;	/* instances only */
	struct conf_script notify;		/* with arguments: TYPE NAME STATE PRIORITY */
};

enum conf_state { CONF_STATE_BACKUP, CONF_STATE_MASTER };

enum conf_auth { CONF_AUTH_NONE, CONF_AUTH_PASS, CONF_AUTH_AH };

#define CONF_AUTH_PASS_MAX	8

struct conf_peer {
	struct conf_pos pos;
	struct halb_addr addr;
	uint8_t min_ttl;		/* 0 */
	uint8_t max_ttl;		/* 255 */
};

/* garp_* and vrrp_garp_*; the numbers of messages are 1 or more */
struct conf_garp {
	int64_t master_delay_us;	/* 5 s; 0: no second burst */
	uint32_t master_repeat;		/* 5 */
	int64_t master_refresh_us;	/* 0: none */
	uint32_t master_refresh_repeat;	/* 1 */
	int64_t lower_prio_delay_us;	/* master_delay_us */
	uint32_t lower_prio_repeat;	/* master_repeat */
	int64_t interval_us;		/* between two ARP messages on the interface, 0 */
	int64_t gna_interval_us;	/* between two NA messages, 0 */
};

struct conf_vrrp {			/* vrrp_instance NAME */
	struct conf_pos pos;
	char *name;
	enum conf_state state;
	char *interface;		/* default default_interface */
	/* Of what it speaks: AF_INET, or AF_INET6 if native_ipv6 or the first address
	 * says so.
	 */
	uint8_t family;
	uint8_t vrid;			/* virtual_router_id */
	uint8_t priority;		/* 1..255; 100 */
	int64_t advert_int_us;		/* 1 s; v3: of whole 10 ms, at most 40.95 s */
	uint8_t version;		/* 2, 3; IPv6 is always 3 */
	struct conf_ipaddr *vips;	/* virtual_ipaddress */
	size_t vips_count;
	struct conf_ipaddr *excluded;	/* virtual_ipaddress_excluded */
	size_t excluded_count;
	bool no_virtual_ipaddress;
	struct conf_route *routes;	/* virtual_routes */
	size_t routes_count;
	struct conf_rule *rules;	/* virtual_rules */
	size_t rules_count;
	enum conf_auth auth_type;
	uint8_t auth_pass[CONF_AUTH_PASS_MAX];	/* padded with zeroes */
	struct halb_addr src_ip;	/* mcast_src_ip or unicast_src_ip */
	bool track_src_ip;
	struct halb_addr mcast_dst_ip;	/* resolved: default vrrp_mcast_group4 or 6 */
	bool unicast;			/* there is a unicast_peer block */
	struct conf_peer *peers;	/* unicast_peer */
	size_t peers_count;
	bool unicast_fault_no_peer;
	int unicast_ttl;		/* 255 */
	bool check_unicast_src;
	bool v3_checksum_as_v2;		/* no pseudo-header in the checksum of v3 over IPv4 */
	bool nopreempt;
	int64_t preempt_delay_us;	/* 0 */
	struct conf_tracks tracks;
	bool dont_track_primary;
	bool accept;			/* default true; no_accept, and strict's default */
	bool strict;			/* strict_mode, vrrp_strict */
	bool skip_check_adv_addr;
	uint32_t down_timer_adverts;	/* 3 */
	bool lower_prio_no_advert;
	bool higher_prio_send_advert;
	bool owner_ignore_adverts;	/* with priority 255 */
	struct conf_garp garp;
	bool use_vmac;
	char vmac_ifname[IFNAMSIZ];	/* default vrrp.VRID, with vmac_prefix */
	uint8_t vmac_addr[6];		/* resolved, the RFC's address unless one is given */
	bool vmac_xmit_base;
	bool promote_secondaries;
	uint32_t kernel_rx_buf_size;	/* bytes; 0: the kernel's */
	struct conf_notify notify;
	bool notify_priority_changes;	/* to FIFOs */
	bool smtp_alert;		/* resolved */
	char *group;			/* its vrrp_sync_group, or NULL */
};

struct conf_sync_group {		/* vrrp_sync_group NAME */
	struct conf_pos pos;
	char *name;
	char **instances;		/* group; each exists */
	size_t instances_count;
	struct conf_tracks tracks;
	struct conf_notify notify;
	bool smtp_alert;
	bool tracking_weight;		/* sync_group_tracking_weight */
};

/* garp_group */
struct conf_garp_group {
	struct conf_pos pos;
	int64_t garp_interval_us;	/* -1: not given */
	int64_t gna_interval_us;
	char **interfaces;		/* interface, interfaces */
	size_t interfaces_count;
	bool aggregate;			/* interfaces: share the delay */
};

/* --- virtual servers ------------------------------------------------------------------------ */

enum conf_tunnel { CONF_TUNNEL_IPIP, CONF_TUNNEL_GUE, CONF_TUNNEL_GRE };
enum conf_tunnel_csum { CONF_CSUM_NONE, CONF_CSUM_FULL, CONF_CSUM_REMOTE };

/* lb_kind / lvs_method */
enum conf_method { CONF_NAT, CONF_DR, CONF_TUN, CONF_FULLNAT };

struct conf_forward {
	enum conf_method method;
	enum conf_tunnel tunnel;
	uint16_t tunnel_port;		/* GUE */
	enum conf_tunnel_csum tunnel_csum;
};

enum conf_check_type {
	CONF_CHECK_TCP,
	CONF_CHECK_HTTP,		/* HTTP_GET */
	CONF_CHECK_SSL,			/* SSL_GET: as HTTP, over TLS */
	CONF_CHECK_SMTP,
	CONF_CHECK_DNS,
	CONF_CHECK_UDP,
	CONF_CHECK_PING,
	CONF_CHECK_MISC,
	CONF_CHECK_FILE,
};

struct conf_url {			/* url { } of HTTP_GET and SSL_GET */
	struct conf_pos pos;
	char *path;			/* "/" */
	bool digest_set;
	uint8_t digest[16];		/* MD5 of the body */
	/* Bit n: status code 100 + n is good. Default 200..299; none set: any status will
	 * do (a digest or regex alone was asked for).
	 */
	uint64_t status[8];
	/* resolved: the url's, the checker's, the real server's, the virtual server's */
	char *virtualhost;
	char *regex;
	bool regex_no_match;
	uint32_t regex_options;		/* PCRE2_* option bits */
	uint32_t regex_min_offset;
	uint32_t regex_max_offset;	/* 0: to the end */
};

enum conf_http { CONF_HTTP_1_0, CONF_HTTP_1_0C, CONF_HTTP_1_1 };

struct conf_smtp_host {			/* host { } of SMTP_CHECK */
	struct conf_pos pos;
	struct halb_addr ip;		/* resolved, as connect_ip */
	uint16_t port;
	struct halb_addr bindto;
	uint16_t bind_port;
	char *bind_if;
	uint32_t fwmark;
	int64_t connect_timeout_us;
};

struct conf_check {
	struct conf_pos pos;
	enum conf_check_type type;
	char *name;			/* as written: "HTTP_GET", "HTTP_CHECK" */

	/* where to */
	struct halb_addr connect_ip;	/* resolved: the real server's */
	uint16_t connect_port;		/* resolved: the real server's */
	struct halb_addr bindto;
	uint16_t bind_port;
	char *bind_if;
	uint32_t fwmark;		/* SO_MARK */

	/* when, as keepalived does it; resolved */
	int64_t connect_timeout_us;	/* 5 s */
	uint32_t retry;			/* TCP, HTTP, SSL, UDP, PING, SMTP 1; DNS 3; MISC, FILE 0 */
	int64_t delay_before_retry_us;	/* HTTP, SSL 3 s; DNS, MISC the delay_loop; else 1 s */
	int64_t warmup_us;		/* random delay at most, before the first; delay_loop */
	int64_t delay_loop_us;		/* 60 s */
	bool alpha;			/* starts as failed */
	bool log_all_failures;

	/* HAProxy's counters, which take the place of retry and delay_before_retry if
	 * haproxy is set: rise good ones in a row bring a server up, fall bad ones down.
	 */
	bool haproxy;
	int64_t inter_us;		/* delay_loop if not given */
	int64_t fastinter_us;		/* between states; inter if not given */
	int64_t downinter_us;		/* while down; inter if not given */
	uint32_t rise;			/* 2 */
	uint32_t fall;			/* 3 */

	/* HTTP, SSL */
	struct conf_url *urls;
	size_t urls_count;
	enum conf_http http_protocol;
	bool enable_sni;
	char *sni_name;			/* NULL: the url's virtualhost */
	bool fast_recovery;

	/* SMTP */
	char *helo_name;		/* smtpchecker.keepalived.org */
	struct conf_smtp_host *hosts;	/* one at least, the real server */
	size_t hosts_count;

	/* DNS */
	/* 1 A, 2 NS, 5 CNAME, 6 SOA (default), 15 MX, 16 TXT, 28 AAAA, ... */
	uint16_t dns_type;
	char *dns_name;			/* "." */

	/* UDP */
	uint8_t *payload;
	size_t payload_len;
	bool require_reply;
	uint8_t *reply;			/* what must come back, with a mask of the bits that count */
	uint8_t *reply_mask;		/* NULL: all */
	size_t reply_len;
	uint32_t min_reply_length;	/* 0 */
	uint32_t max_reply_length;	/* 255 */

	/* MISC */
	struct conf_script script;	/* misc_path, user */
	int64_t misc_timeout_us;	/* delay_loop */
	bool misc_dynamic;

	/* FILE */
	char *track_file;		/* exists in conf->track_files */
	int weight;
	bool weight_reverse;
};

struct conf_real_server {
	struct conf_pos pos;
	struct halb_addr addr;
	uint16_t port;			/* 0: the service's */
	struct conf_forward forward;
	uint32_t weight;		/* 1 */
	uint32_t uthreshold;		/* 0: none; also maxconn */
	uint32_t lthreshold;
	bool inhibit_on_failure;	/* weight 0 rather than removal */
	bool alpha;
	bool backup;			/* HAProxy's: used once no other server is up */
	int64_t slowstart_us;		/* HAProxy's; 0: none */
	struct conf_script notify_up;
	struct conf_script notify_down;
	bool smtp_alert;		/* resolved */
	char *snmp_name;
	struct conf_check *checks;	/* none: always up */
	size_t checks_count;
};

/* What a virtual server serves, one for each address. */
struct conf_service_key {
	struct conf_pos pos;
	struct halb_key key;
	/* The vrrp_instance that lists the address, or that `vrrp NAME` names; NULL:
	 * none, always active.
	 */
	const char *instance;
};

struct conf_virtual_server {
	struct conf_pos pos;
	char *name;			/* as written: "192.0.2.1 80", "fwmark 7", "group G" */
	char *group;			/* virtual_server_group, or NULL */
	struct conf_service_key *keys;	/* expanded */
	size_t keys_count;
	uint8_t family;			/* ip_family, or of the addresses */
	uint8_t protocol;		/* IPPROTO_TCP, _UDP, _SCTP; resolved */
	char *scheduler;		/* lb_algo / lvs_sched; "wlc" */
	bool ops;
	/* flag-1 and 2; sh-fallback and mh-fallback are 1, sh-port and mh-port 2 */
	bool sched_flag[2];
	struct conf_forward forward;	/* lb_kind, the real servers' default */
	struct halb_addr source;	/* halb's own: `sources`, the first of FULLNAT's addresses */
	uint16_t source_count;
	uint32_t persistence_timeout;	/* seconds; 0: none; 360 if written without a value */
	uint8_t persistence_prefix;	/* persistence_granularity; 32 or 128 */
	char *persistence_engine;
	bool ha_suspend;		/* stop checking while the instance is not master */
	bool passive_health;		/* halb's own: check suspect servers at once */
	bool alpha;
	bool omega;			/* run notify_down and quorum_down at the end */
	uint32_t quorum;		/* sum of weights, 1 */
	uint32_t hysteresis;		/* 0 */
	struct conf_script quorum_up;
	struct conf_script quorum_down;
	bool inhibit_on_failure;
	bool smtp_alert;		/* resolved */
	char *snmp_name;
	char *vrrp;			/* halb's own: binds it to that instance */
	struct conf_real_server *sorry_server;	/* NULL: none */
	bool sorry_server_inhibit;
	struct conf_real_server *servers;
	size_t servers_count;
};

/* --- global_defs ------------------------------------------------------------------------------- */

struct conf_process {			/* vrrp_, checker_ */
	int priority;			/* nice, -20..19; 0 */
	bool no_swap;
	int rt_priority;		/* 0: not real-time; 1..99 */
	uint64_t cpu_affinity[16];	/* bit n: CPU n; none: all */
	int64_t rlimit_rttime_us;	/* 0: the default, 10 ms */
};

struct conf_global {
	struct conf_pos pos;
	char *router_id;		/* default: the host's name */

	/* mail */
	char **notification_email;
	size_t notification_email_count;
	char *notification_email_from;	/* resolved: default user@host */
	char *smtp_server;		/* host or address; NULL: no mail */
	uint16_t smtp_port;		/* 25 */
	char *smtp_helo_name;		/* resolved: default the host's name */
	int64_t smtp_connect_timeout_us; /* 30 s */
	char *smtp_user;		/* halb's own: smtp_login USER PASSWORD */
	char *smtp_password;
	bool smtp_starttls;		/* halb's own */
	int smtp_alert;			/* -1: not given; 0, 1 */
	int smtp_alert_vrrp;
	int smtp_alert_checker;
	bool no_email_faults;
	bool checker_log_all_failures;

	/* scripts */
	bool script_user_set;
	uid_t script_uid;
	gid_t script_gid;
	bool enable_script_security;
	struct conf_script startup_script;
	int64_t startup_script_timeout_us;	/* 0: none */
	struct conf_script shutdown_script;
	int64_t shutdown_script_timeout_us;
	struct conf_fifo notify_fifo;		/* of everything */
	struct conf_fifo vrrp_notify_fifo;
	struct conf_fifo lvs_notify_fifo;
	bool vrrp_notify_priority_changes;
	bool fifo_write_vrrp_states_on_reload;
	bool rs_init_notifies;
	bool set_supplementary_groups;

	/* VRRP; what instances inherit is in them already */
	bool dynamic_interfaces;
	char *default_interface;
	struct halb_addr vrrp_mcast_group4;	/* 224.0.0.18 */
	struct halb_addr vrrp_mcast_group6;	/* ff02::12 */
	struct conf_garp garp;
	bool vrrp_min_garp;
	int64_t vrrp_startup_delay_us;
	bool log_unknown_vrids;
	char *vmac_prefix;		/* "vrrp." */
	struct conf_process vrrp_process;
	struct conf_process checker_process;

	/* virtual servers */
	uint32_t lvs_timeout_tcp;	/* seconds; 0: leave */
	uint32_t lvs_timeout_tcpfin;
	uint32_t lvs_timeout_udp;
	bool lvs_flush;
	enum { CONF_FLUSH_NO, CONF_FLUSH_YES, CONF_FLUSH_VS } lvs_flush_on_stop;

	/* the daemon */
	int umask;			/* -1: not given */
	char *reload_check_config;	/* "" if given without a log file; NULL: not given */
};

struct conf {
	/* Each file that was read, the first is the one that conf_load() got. */
	char **files;
	size_t files_count;

	struct conf_global global;
	char *net_namespace;
	char *instance;
	bool use_pid_dir;
	int64_t child_wait_time_us;	/* 15 s */

	struct conf_ipaddr *static_addrs;
	size_t static_addrs_count;
	struct conf_route *static_routes;
	size_t static_routes_count;
	struct conf_rule *static_rules;
	size_t static_rules_count;
	struct conf_track_group *track_groups;
	size_t track_groups_count;
	struct conf_garp_group *garp_groups;
	size_t garp_groups_count;
	struct conf_vrrp_script *scripts;
	size_t scripts_count;
	struct conf_track_process *track_processes;
	size_t track_processes_count;
	struct conf_track_file *track_files;
	size_t track_files_count;
	struct conf_sync_group *groups;
	size_t groups_count;
	struct conf_vrrp *instances;
	size_t instances_count;
	struct conf_virtual_server *services;
	size_t services_count;
	/* SSL { }: of SSL_GET */
	char *ssl_password;
	char *ssl_certificate;
	char *ssl_key;
};

/* --- use ------------------------------------------------------------------------------------------ */

/* Reads path and what it includes. CONF_EXIT_*: what -t exits with. *conf is NULL
 * after CONF_EXIT_FATAL, else a configuration without the lines in error. The
 * messages are added to; both end with their _free(). `config_id` is what @id lines
 * are compared with (-i; NULL: the host's name).
 */
struct conf_options {
	const char *config_id;
	bool check_host;		/* warn of interfaces and scripts that this host lacks */
};
int conf_load(const char *path, const struct conf_options *options,
	      struct conf **conf, struct conf_messages *messages);
void conf_free(struct conf *conf);

/* By name; NULL if there is none. */
const struct conf_vrrp *conf_find_instance(const struct conf *conf, const char *name);
const struct conf_sync_group *conf_find_group(const struct conf *conf, const char *name);
const struct conf_vrrp_script *conf_find_script(const struct conf *conf, const char *name);
const struct conf_track_file *conf_find_track_file(const struct conf *conf, const char *name);
const struct conf_track_process *conf_find_track_process(const struct conf *conf,
							 const char *name);

/* halbd -t: prints every message and, at the end, a line that sums up. Returns the
 * exit code.
 */
int conf_test(const char *path, const struct conf_options *options, FILE *out);

#endif
