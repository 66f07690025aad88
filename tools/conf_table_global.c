// SPDX-License-Identifier: GPL-2.0
/* Rows of the top level and of global_defs. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "conf_rows.h"
#include "conf_takes.h"

#define ROUTES	"net/routes.t"
#define INSTANCE	"net/instance.t"
#define CHECKS	"net/checks.t"
#define WORDS	"net/keywords.t"
#define GARP	"net/garp.t"
#define HEARD	"net/heard.t"
#define MAIL	"net/mail.t"
#define ACCEPT	"net/accept.t"
#define TRACKED	"net/process.t"

/* --- values of their own -------------------------------------------------------------- */

static void take_smtp_server(struct parser *p, const struct conf_row *row,
			     const struct node *node, void *object)
{
	struct conf_global *g = object;
	const char *word;
	int64_t port;

	(void)row;
	if (!conf_need(p, node, "a host or an address, and a port if it is not 25", &word))
		return;
	conf_no_more(p, node, 3);
	if (node->count > 2) {
		if (!conf_number(p, node, node->words[2], 1, UINT16_MAX, &port))
			return;
		g->smtp_port = (uint16_t)port;
	}
	g->smtp_server = node->words[1];
}

static void take_smtp_login(struct parser *p, const struct conf_row *row, const struct node *node,
			    void *object)
{
	struct conf_global *g = object;

	(void)row;
	if (node->count < 3) {
		conf_error(p, &node->pos, "smtp_login needs two values: a user and a password");
		return;
	}
	conf_no_more(p, node, 3);
	g->smtp_user = node->words[1];
	g->smtp_password = node->words[2];
}

static void take_script_user(struct parser *p, const struct conf_row *row,
			     const struct node *node, void *object)
{
	struct conf_global *g = object;
	const char *user;

	(void)row;
	if (!conf_need(p, node, "a user, and a group if it is not the user's", &user))
		return;
	conf_no_more(p, node, 3);
	g->script_user_set = conf_user(p, node, user, conf_word(node, 2), &g->script_uid,
				       &g->script_gid);
}

static void take_mcast(struct parser *p, const struct conf_row *row, const struct node *node,
		       void *object)
{
	int family = (int)row->arg;
	struct halb_addr addr;
	const char *word;

	if (!conf_need(p, node, "a multicast address", &word) ||
	    !conf_address(p, node, word, &addr))
		return;
	conf_no_more(p, node, 2);
	if (addr.family != family || (family == AF_INET ? (addr.bytes[0] & 0xf0) != 0xe0 :
				      addr.bytes[0] != 0xff)) {
		conf_error(p, &node->pos, "%s %s is not an %s multicast address: use one of %s",
			   node->words[0], word, family == AF_INET ? "IPv4" : "IPv6",
			   family == AF_INET ? "224.0.0.0/4" : "ff00::/8");
		return;
	}
	MEMBER(object, row, struct halb_addr) = addr;
}

static void take_lvs_timeouts(struct parser *p, const struct conf_row *row,
			      const struct node *node, void *object)
{
	struct conf_global *g = object;
	size_t i;

	(void)row;
	if (node->count < 3)
		conf_error(p, &node->pos, "lvs_timeouts needs values: tcp SECONDS, tcpfin SECONDS, udp SECONDS");
	for (i = 1; i + 1 < node->count; i += 2) {
		const char *what = node->words[i];
		uint32_t *timeout = !strcasecmp(what, "tcp") ? &g->lvs_timeout_tcp :
				    !strcasecmp(what, "tcpfin") ? &g->lvs_timeout_tcpfin :
				    !strcasecmp(what, "udp") ? &g->lvs_timeout_udp : NULL;
		int64_t value;

		if (!timeout)
			conf_error(p, &node->pos, "unknown lvs_timeouts '%s': it is tcp, tcpfin or udp, each with seconds",
				   what);
		else if (conf_number(p, node, node->words[i + 1], 0, 2678400, &value))
			*timeout = (uint32_t)value;
	}
	if (node->count > 2 && i < node->count)
		conf_error(p, &node->pos, "lvs_timeouts %s needs a number of seconds",
			   node->words[i]);
}

static void take_lvs_flush_on_stop(struct parser *p, const struct conf_row *row,
				   const struct node *node, void *object)
{
	static const struct conf_choice choices[] = { { "VS", CONF_FLUSH_VS } };
	struct conf_global *g = object;
	int value = CONF_FLUSH_YES;

	(void)row;
	if (node->count > 1)
		value = conf_choose(p, node, node->words[0], node->words[1], choices, ARRAY_SIZE(choices));
	if (value >= 0)
		g->lvs_flush_on_stop = value;
}

static void take_dynamic_interfaces(struct parser *p, const struct conf_row *row,
				    const struct node *node, void *object)
{
	struct conf_global *g = object;

	(void)row;
	conf_no_more(p, node, 2);
	/* allow_if_changes: VMACs may change their parent, which here is always so */
	g->dynamic_interfaces = true;
	if (node->count > 1 && strcmp(node->words[1], "allow_if_changes"))
		conf_error(p, &node->pos, "unknown word '%s' after dynamic_interfaces: it is allow_if_changes, or nothing",
			   node->words[1]);
}

static void take_min_garp(struct parser *p, const struct conf_row *row, const struct node *node,
			  void *object)
{
	struct conf_global *g = &MEMBER(object, row, struct conf_global);
	struct conf_row flag = { .offset = offsetof(struct conf_global, vrrp_min_garp) };

	take_bool(p, &flag, node, g);
	if (!g->vrrp_min_garp)
		return;
	g->garp.master_repeat = 1;
	g->garp.master_delay_us = 0;
}

static void take_process(struct parser *p, const struct conf_row *row, const struct node *node,
			 void *object)
{
	struct conf_process *process = &MEMBER(object, row, struct conf_process);
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int64_t cpu;

	memset(process->cpu_affinity, 0, sizeof(process->cpu_affinity));
	if (node->count < 2)
		conf_error(p, &node->pos, "%s needs the numbers of CPUs", node->words[0]);
	for (size_t i = 1; i < node->count; i++) {
		if (!conf_number(p, node, node->words[i], 0,
				 64 * (int64_t)ARRAY_SIZE(process->cpu_affinity) - 1, &cpu))
			return;
		if (cpu >= cpus)
			conf_warn(p, &node->pos, "%s: there is no CPU %lld here, the last is %ld",
				  node->words[0], (long long)cpu, cpus - 1);
		process->cpu_affinity[cpu / 64] |= 1ULL << (cpu % 64);
	}
}

/* Microseconds, as setrlimit() has it. */
static void take_rttime(struct parser *p, const struct conf_row *row, const struct node *node,
			void *object)
{
	const char *word;
	int64_t us;

	if (conf_need(p, node, "a number of microseconds", &word) &&
	    conf_number(p, node, word, 1, INT32_MAX, &us))
		MEMBER(object, row, int64_t) = us;
	conf_no_more(p, node, 2);
}

static void take_fifo(struct parser *p, const struct conf_row *row, const struct node *node,
		      void *object)
{
	struct conf_fifo *fifo = &MEMBER(object, row, struct conf_fifo);
	const char *word;

	if (!conf_need(p, node, "the path of a FIFO, and a user and a group that own it", &word))
		return;
	conf_no_more(p, node, 4);
	if (*word != '/') {
		conf_error(p, &node->pos, "%s '%s': write the whole path, from /", node->words[0],
			   word);
		return;
	}
	if (node->count > 2 &&
	    !conf_user(p, node, node->words[2], conf_word(node, 3), &fifo->uid, &fifo->gid))
		return;
	fifo->user_set = node->count > 2;
	fifo->path = node->words[1];
}

static void take_umask(struct parser *p, const struct conf_row *row, const struct node *node,
		       void *object)
{
	static const struct {
		const char *name;
		int bits;
	} names[] = {
		{ "IRUSR", 0400 }, { "IWUSR", 0200 }, { "IXUSR", 0100 },
		{ "IRGRP", 0040 }, { "IWGRP", 0020 }, { "IXGRP", 0010 },
		{ "IROTH", 0004 }, { "IWOTH", 0002 }, { "IXOTH", 0001 },
	};
	struct conf_global *g = object;
	const char *word, *at;
	int bits = 0;
	size_t i;

	(void)row;
	if (!conf_need(p, node, "0 to 0777, or names such as IWGRP|IWOTH", &word))
		return;
	if (*word >= '0' && *word <= '9') {
		char *end;
		long value = strtol(word, &end, 0);

		if (*end || value < 0 || value > 0777)
			goto wrong;
		g->umask = (int)value;
		return;
	}
	for (at = word; *at; at += 5 + (at[5] == '|')) {
		for (i = 0; i < ARRAY_SIZE(names) && strncmp(at, names[i].name, 5); i++)
			;
		if (i == ARRAY_SIZE(names) || (at[5] && at[5] != '|'))
			goto wrong;
		bits |= names[i].bits;
	}
	g->umask = bits;
	return;
wrong:
	conf_error(p, &node->pos, "umask '%s': it is 0 to 0777, or names such as IWGRP|IWOTH", word);
}

static void take_reload_check(struct parser *p, const struct conf_row *row,
			      const struct node *node, void *object)
{
	struct conf_global *g = object;

	(void)p;
	(void)row;
	g->reload_check_config = node->count > 1 ? node->words[1] : (char *)"";
}

/* --- global_defs ---------------------------------------------------------------------------- */

#define OBJ struct global_parse
#define PROCESS(prefix, member) \
	INT(prefix "_rt_priority", g.member.rt_priority, 1, 99, "real-time priority of the process", \
	    WORDS), \
	ROW(prefix "_cpu_affinity", take_process, 0, g.member, 0, 0, 0, "CPUs that the process runs on", \
	    WORDS), \
	ROW(prefix "_rlimit_rttime", take_rttime, 0, g.member.rlimit_rttime_us, 0, 0, 0, \
	    "CPU time (us) the process may use without a pause", WORDS), \
	{ .keyword = prefix "_rlimit_rtime", .take = take_rttime, .flags = ROW_DEPRECATED, \
	  .offset = offsetof(OBJ, g.member.rlimit_rttime_us), .instead = prefix "_rlimit_rttime", \
	  .effect = "CPU time (us) the process may use without a pause", .test = WORDS }

#define SNMP	"halb has no SNMP; halbctl status -j tells the same"
#define DBUS	"halb has no DBus; halbctl status -j tells the same"
#define NFT	"halb needs no packet filter for its addresses"
#define BUFS	"halb sizes its netlink sockets itself"
#define BFD	"halb has no BFD; advert_int goes down to 0.01"
#define RELOAD	"SIGHUP reloads; halbd -t looks at a file first"

static const struct conf_row global_rows[] = {
	STRING("router_id", g.router_id, "name of this director in mails", MAIL),
	ROW("notification_email", take_words, ROW_BLOCK, g.notification_email, 0, 0, 0,
	    "addresses of who gets mails", MAIL),
	STRING("notification_email_from", g.notification_email_from, "sender of mails", MAIL),
	ROW("smtp_server", take_smtp_server, ROW_TEXT, g, 0, 0, 0, "server that takes mails", MAIL),
	STRING("smtp_helo_name", g.smtp_helo_name, "name said to the mail server", MAIL),
	TIME("smtp_connect_timeout", g.smtp_connect_timeout_us, SEC / 100, YEAR,
	     "time for the mail server to answer", MAIL),
	ROW("smtp_login", take_smtp_login, ROW_TEXT | ROW_OURS, g, 0, 0, 0,
	    "user and password for the mail server", MAIL),
	{ .keyword = "smtp_starttls", .take = take_bool, .flags = ROW_OURS,
	  .offset = offsetof(OBJ, g.smtp_starttls), .effect = "mails go over TLS only", .test = MAIL },
	TRI("smtp_alert", g.smtp_alert, "mails about everything that names none itself", MAIL),
	TRI("smtp_alert_vrrp", g.smtp_alert_vrrp, "mails about instances that name none themselves",
	    MAIL),
	TRI("smtp_alert_checker", g.smtp_alert_checker,
	    "mails about servers that name none themselves", MAIL),
	FLAG("no_email_faults", g.no_email_faults, "no mails about the fault state", MAIL),
	NONE("no_checker_emails", "mails are about servers, never about a check that changes none"),
	BOOL("checker_log_all_failures", g.checker_log_all_failures,
	     "each failed check is logged, not only the last", "checker_t"),

	{ .keyword = "script_user", .take = take_script_user, .flags = ROW_EARLY,
	  .offset = offsetof(OBJ, g), .effect = "who runs scripts that name nobody", .test = WORDS },
	FLAG("enable_script_security", g.enable_script_security,
	     "a script that others than root may change is not run as root", WORDS),
	SCRIPT("startup_script", g.startup_script, "run before everything", WORDS),
	TIME("startup_script_timeout", g.startup_script_timeout_us, SEC, YEAR,
	     "how long startup_script may take", WORDS),
	SCRIPT("shutdown_script", g.shutdown_script, "run after everything", WORDS),
	TIME("shutdown_script_timeout", g.shutdown_script_timeout_us, SEC, YEAR,
	     "how long shutdown_script may take", WORDS),
	ROW("notify_fifo", take_fifo, ROW_TEXT, g.notify_fifo, 0, 0, 0, "FIFO that gets all changes", INSTANCE),
	SCRIPT("notify_fifo_script", g.notify_fifo.script, "reads notify_fifo", INSTANCE),
	ROW("vrrp_notify_fifo", take_fifo, ROW_TEXT, g.vrrp_notify_fifo, 0, 0, 0,
	    "FIFO that gets changes of instances", WORDS),
	SCRIPT("vrrp_notify_fifo_script", g.vrrp_notify_fifo.script, "reads vrrp_notify_fifo", INSTANCE),
	ROW("lvs_notify_fifo", take_fifo, ROW_TEXT, g.lvs_notify_fifo, 0, 0, 0,
	    "FIFO that gets changes of servers", CHECKS),
	SCRIPT("lvs_notify_fifo_script", g.lvs_notify_fifo.script, "reads lvs_notify_fifo", CHECKS),
	BOOL("vrrp_notify_priority_changes", g.vrrp_notify_priority_changes,
	     "FIFOs get changes of priority too", WORDS),
	BOOL("fifo_write_vrrp_states_on_reload", g.fifo_write_vrrp_states_on_reload,
	     "FIFOs get all states after a reload", WORDS),
	FLAG("rs_init_notifies", g.rs_init_notifies, "notify_up runs at the start too",
	     CHECKS),
	FLAG("set_supplementary_groups", g.set_supplementary_groups,
	     "scripts get all groups of their user", WORDS),

	ROW("dynamic_interfaces", take_dynamic_interfaces, 0, g, 0, 0, 0,
	    "no complaint of interfaces that are not there yet", WORDS),
	IFNAME("default_interface", g.default_interface, "interface where none is named", INSTANCE),
	ROW("vrrp_mcast_group4", take_mcast, 0, g.vrrp_mcast_group4, 0, 0, AF_INET,
	    "where IPv4 advertisements go", INSTANCE),
	ROW("vrrp_mcast_group6", take_mcast, 0, g.vrrp_mcast_group6, 0, 0, AF_INET6,
	    "where IPv6 advertisements go", INSTANCE),
	TIME("vrrp_garp_master_delay", g.garp.master_delay_us, 0, YEAR,
	     "second burst of ARP this long after becoming master", GARP),
	U32("vrrp_garp_master_repeat", g.garp.master_repeat, 0, 1000, "messages of a burst", GARP),
	TIME("vrrp_garp_master_refresh", g.garp.master_refresh_us, 0, YEAR,
	     "time between bursts while master", GARP),
	U32("vrrp_garp_master_refresh_repeat", g.garp.master_refresh_repeat, 0, 1000,
	    "messages of such a burst", GARP),
	TIME("vrrp_garp_lower_prio_delay", g.garp.lower_prio_delay_us, 0, YEAR,
	     "second burst after another master gave way", GARP),
	U32("vrrp_garp_lower_prio_repeat", g.garp.lower_prio_repeat, 0, 1000,
	    "messages of such a burst", GARP),
	TIME("vrrp_garp_interval", g.garp.interval_us, 1, 1000 * SEC, "time between ARP messages", GARP),
	TIME("vrrp_gna_interval", g.garp.gna_interval_us, 1, 1000 * SEC, "time between NA messages",
	     GARP),
	ROW("vrrp_min_garp", take_min_garp, ROW_EARLY, g, 0, 0, 0,
	    "one ARP message for each address, unless another number is written", WORDS),
	U32("vrrp_down_timer_adverts", down_timer_adverts, 1, 100,
	    "missing advertisements that make a master dead", HEARD),
	BOOL("vrrp_lower_prio_no_advert", lower_prio_no_advert,
	     "no answer to a master of lower priority", HEARD),
	BOOL("vrrp_higher_prio_send_advert", higher_prio_send_advert,
	     "a last answer to a master of higher priority", HEARD),
	BOOL("vrrp_owner_ignore_adverts", owner_ignore_adverts,
	     "with priority 255 other masters are not heard", HEARD),
	INT("vrrp_version", version, 2, 3, "VRRP version of instances", INSTANCE),
	BOOL("v3_checksum_as_v2", v3_checksum_as_v2, "version 3 checksum without pseudo-header", INSTANCE),
	BOOL("vrrp_check_unicast_src", check_unicast_src, "only unicast_peers are heard", HEARD),
	BOOL("vrrp_skip_check_adv_addr", skip_check_adv_addr,
	     "addresses in advertisements of the same master are not compared again", HEARD),
	BOOL("vrrp_strict", strict, "nothing that the RFC does not have", ACCEPT),
	TIME("vrrp_startup_delay", g.vrrp_startup_delay_us, SEC / 1000, YEAR,
	     "instances wait this long at the start", INSTANCE),
	FLAG("log_unknown_vrids", g.log_unknown_vrids, "advertisements for no instance are logged", INSTANCE),
	STRING("vmac_prefix", g.vmac_prefix, "what names of VMAC interfaces begin with", INSTANCE),
	PROCESS("vrrp", vrrp_process),
	PROCESS("checker", checker_process),
	INT("checker_priority", g.checker_process.priority, -20, 19, "nice value of the process", WORDS),
	FLAG("checker_no_swap", g.checker_process.no_swap, "locks the process in memory", WORDS),

	ROW("lvs_timeouts", take_lvs_timeouts, ROW_REPEAT, g, 0, 0, 0, "timeouts of connections", "checker_t"),
	FLAG("lvs_flush", g.lvs_flush, "at the start other services are removed", "checker_t"),
	ROW("lvs_flush_on_stop", take_lvs_flush_on_stop, 0, g, 0, 0, 0,
	    "at the end services of others are removed, too", "checker_t"),
	{ .keyword = "lvs_flush_onstop", .take = take_lvs_flush_on_stop, .flags = ROW_DEPRECATED,
	  .instead = "lvs_flush_on_stop", .effect = "at the end services of others are removed, too",
	  .test = "checker_t" },

	ROW("umask", take_umask, 0, g, 0, 0, 0, "bits that files which halbd makes do not get", WORDS),
	ROW("reload_check_config", take_reload_check, ROW_TEXT, g, 0, 0, 0,
	    "messages of a reload's check also go to this file", WORDS),

	NONE("process_names", "the processes have names of their own"),
	NONE("process_name", "the processes have names of their own"),
	NONE("vrrp_process_name", "the processes have names of their own"),
	NONE("checker_process_name", "the processes have names of their own"),
	NONE("lvs_process_name", "the processes have names of their own"),
	NONE("bfd_process_name", BFD),
	NONE("use_symlink_paths", "paths of scripts stay as they are written"),
	NONE("vrrp_priority", "the VRRP process is real-time from the start"),
	NONE("vrrp_no_swap", "the VRRP process is locked in memory from the start"),
	NONE("max_auto_priority", "the VRRP process is real-time from the start"),
	NONE("min_auto_priority_delay", "the VRRP process is real-time from the start"),
	NONE("vrrp_iptables", NFT),
	NONE("vrrp_ipsets", NFT),
	NONE("nftables", NFT),
	NONE("nftables_priority", NFT),
	NONE("nftables_ifindex", NFT),
	NONE("nftables_counters", NFT),
	NONE("nftables_ipvs", NFT),
	NONE("nftables_ipvs_priority", NFT),
	NONE("nftables_ipvs_start_fwmark", NFT),
	NONE("bfd_priority", BFD),
	NONE("bfd_no_swap", BFD),
	NONE("bfd_rt_priority", BFD),
	NONE("bfd_cpu_affinity", BFD),
	NONE("bfd_rlimit_rttime", BFD),
	NONE("bfd_rlimit_rtime", BFD),
	NONE("snmp_socket", SNMP),
	NONE("enable_traps", SNMP),
	NONE("enable_snmp_vrrp", SNMP),
	NONE("enable_snmp_keepalived", SNMP),
	NONE("enable_snmp_rfc", SNMP),
	NONE("enable_snmp_rfcv2", SNMP),
	NONE("enable_snmp_rfcv3", SNMP),
	NONE("enable_snmp_checker", SNMP),
	NONE("snmp_vs_stats_update_interval", SNMP),
	NONE("snmp_rs_stats_update_interval", SNMP),
	NONE("enable_dbus", DBUS),
	NONE("dbus_service_name", DBUS),
	NONE("dbus_no_interface_name", DBUS),
	NONE("vrrp_netlink_cmd_rcv_bufs", BUFS),
	NONE("vrrp_netlink_cmd_rcv_bufs_force", BUFS),
	NONE("vrrp_netlink_monitor_rcv_bufs", BUFS),
	NONE("vrrp_netlink_monitor_rcv_bufs_force", BUFS),
	NONE("lvs_netlink_cmd_rcv_bufs", BUFS),
	NONE("lvs_netlink_cmd_rcv_bufs_force", BUFS),
	NONE("lvs_netlink_monitor_rcv_bufs", BUFS),
	NONE("lvs_netlink_monitor_rcv_bufs_force", BUFS),
	NONE("process_monitor_rcv_bufs", BUFS),
	NONE("process_monitor_rcv_bufs_force", BUFS),
	NONE("vrrp_rx_bufs_policy", "kernel_rx_buf_size sets it for an instance"),
	NONE("vrrp_rx_bufs_multiplier", "kernel_rx_buf_size sets it for an instance"),
	NONE("vrrp_delay_after_boot", "vrrp_startup_delay does it at each start"),
	NONE("disable_local_igmp", "sysctl net.ipv4.igmp_link_local_mcast_reports=0 does it"),
	NONE("vrrp_garp_extra_if", "vrrp_garp_master_refresh announces the addresses of a VMAC too"),
	NONE("vrrp_vmac_garp_intvl", "vrrp_garp_master_refresh announces the addresses of a VMAC too"),
	NONE("vmac_addr_prefix", "addresses on other interfaces have the MAC of those"),
	NONE("data_use_instance", "halbctl status tells the state, there are no dumps"),
	NONE("random_seed", "random numbers need no seed"),
	NONE("reload_time_file", RELOAD),
	NONE("reload_repeat", RELOAD),
	NONE("reload_file", RELOAD),
	NONE("include_check", "an include that cannot be read is always told of"),
	NONE("config_save_dir", "the configuration is not copied"),
	NONE("tmp_config_directory", "the configuration is not copied"),
	NONE("json_version", "halbctl status -j has its own form"),
	NONE("iproute_usr_dir", "names of tables are looked up in /etc/iproute2"),
	NONE("iproute_etc_dir", "names of tables are looked up in /etc/iproute2"),
	NONE("state_dump_file", "halbctl status tells the state"),
	NONE("stats_dump_file", "halbctl status tells the counters"),
	NONE("json_dump_file", "halbctl status -j tells both"),
	REFUSE("lvs_sync_daemon", "halb does not send connections to the other director; mh and adopt keep flows after a failover"),
};

/* --- top level -------------------------------------------------------------------------------- */

#undef OBJ
#define OBJ struct conf

static void take_global_defs(struct parser *p, const struct conf_row *row,
			     const struct node *node, void *object)
{
	(void)object;
	conf_no_more(p, node, 1);
	p->global.g.pos = node->pos;
	conf_apply(p, node, row->child, &p->global);
}

static void take_ssl(struct parser *p, const struct conf_row *row, const struct node *node,
		     void *object)
{
	conf_no_more(p, node, 1);
	conf_apply(p, node, row->child, object);
}

static const struct conf_row ssl_rows[] = {
	STRING("password", ssl_password, "opens the key of SSL_GET's certificate", CHECKS),
	NONE("ca", "certificates of servers are not verified, as in keepalived"),
	STRING("certificate", ssl_certificate, "file of the certificate that SSL_GET shows", CHECKS),
	STRING("key", ssl_key, "file of its key", CHECKS),
};

static const struct conf_row top_rows[] = {
	BLOCK("global_defs", take_global_defs, ROW_EARLY | ROW_REPEAT, "global_defs",
	      "what holds for everything", "conf_rows_t"),
	STRING("net_namespace", net_namespace, "network namespace that halbd works in", WORDS),
	STRING("instance", instance, "name of this halbd among several, in that of its pid file", WORDS),
	FLAG("use_pid_dir", use_pid_dir, "pid files are in /run/halb, not in /run", WORDS),
	TIME("child_wait_time", child_wait_time_us, 0, YEAR, "how long processes may take to stop", WORDS),
	BLOCK("static_ipaddress", conf_take_static_ipaddress, ROW_REPEAT, NULL,
	      "addresses that are there as long as halbd runs", ROUTES),
	BLOCK("static_routes", conf_take_static_routes, ROW_REPEAT, NULL,
	      "routes that are there as long as halbd runs", ROUTES),
	BLOCK("static_rules", conf_take_static_rules, ROW_REPEAT, NULL,
	      "rules that are there as long as halbd runs", ROUTES),
	BLOCK("track_group", conf_take_track_group, ROW_REPEAT, "track_group",
	      "instances that are in fault while a static address, route or rule cannot be there", ROUTES),
	BLOCK("garp_group", conf_take_garp_group, ROW_REPEAT, "garp_group",
	      "pace of ARP messages of some interfaces", WORDS),
	BLOCK("vrrp_script", conf_take_vrrp_script, ROW_REPEAT, "vrrp_script",
	      "a script whose exit code is tracked", "net/daemon.t"),
	BLOCK("vrrp_track_process", conf_take_track_process, ROW_REPEAT, "vrrp_track_process",
	      "a process whose life is tracked", TRACKED),
	BLOCK("track_file", conf_take_track_file, ROW_REPEAT, "track_file",
	      "a file whose number is tracked", "net/daemon.t"),
	BLOCK("vrrp_track_file", conf_take_track_file, ROW_REPEAT, "track_file",
	      "a file whose number is tracked", INSTANCE),
	BLOCK("vrrp_sync_group", conf_take_sync_group, ROW_REPEAT, "vrrp_sync_group",
	      "instances that change state together", "net/interop.t"),
	BLOCK("vrrp_instance", conf_take_instance, ROW_REPEAT, "vrrp_instance", "a virtual router", "net/interop.t"),
	BLOCK("virtual_server_group", conf_take_server_group, ROW_REPEAT, NULL,
	      "addresses of a virtual_server", "virtual_server.sh"),
	BLOCK("virtual_server", conf_take_virtual_server, ROW_REPEAT, "virtual_server",
	      "a service of the module", "virtual_server.sh"),
	BLOCK("SSL", take_ssl, 0, "SSL", "certificates of SSL_GET", CHECKS),

	NONE("interface_up_down_delays", "an interface that is down counts at once; preempt_delay lets it settle"),
	NONE("linkbeat_use_polling", "the kernel tells of links that go down"),
	NONE("linkbeat_interfaces", "the kernel tells of links that go down"),
	NONE("namespace_with_ipsets", "halb uses no ipsets"),
	REFUSE("net_namespace_ipvs", "run a second halbd -C, with net_namespace"),
	REFUSE("bfd_instance", "halb has no BFD; advert_int goes down to 0.01"),
};

#define TABLE(rows) rows, ARRAY_SIZE(rows)

const struct conf_block conf_blocks_global[] = {
	{ "top", NULL, TABLE(top_rows), sizeof(struct conf) },
	{ "global_defs", NULL, TABLE(global_rows), sizeof(struct global_parse) },
	{ "SSL", NULL, TABLE(ssl_rows), sizeof(struct conf) },
};
const size_t conf_blocks_global_count = ARRAY_SIZE(conf_blocks_global);
