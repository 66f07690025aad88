/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why packets were dropped, why they were left to the stack, and by which way
 * they left: one per-CPU counter each, named in `halbctl stats`.
 */
#ifndef _HALB_COUNTERS_H
#define _HALB_COUNTERS_H

#include <linux/percpu.h>
#include <linux/types.h>

/* Each reason: enumerator, name shown to users. Append at the end. */
#define HALB_DROPS(X)						\
	X(NO_SERVER,		"no-server")			\
	X(CONN_LIMIT,		"conn-limit")			\
	X(NO_MEMORY,		"no-memory")			\
	X(TABLE_BUSY,		"table-busy")			\
	X(REPLY_CLASH,		"reply-clash")			\
	X(SERVER_REMOVED,	"server-removed")		\
	X(SERVER_LOCAL,		"server-is-local")		\
	X(NO_ROUTE,		"no-route")			\
	X(TTL,			"ttl-exceeded")			\
	X(TOO_BIG,		"packet-too-big")		\
	X(FRAGMENT,		"fragment-failed")		\
	X(BAD_HEADER,		"bad-header")			\
	X(MARTIAN,		"martian-source")		\
	X(OWN_SOURCE,		"own-source")			\
	X(SOURCE_CHECK,		"source-check")			\
	X(LRO,			"lro")				\
	X(XFRM_POLICY,		"xfrm-policy")			\
	X(ENCAPSULATED,		"already-encapsulated")		\
	X(SEGMENT,		"segment-failed")		\
	X(ICMP_BAD,		"icmp-bad")			\
	X(VIP_UNMATCHED,	"vip-unmatched")		\
	X(HALF_OPEN,		"half-open-evicted")		\
	X(NO_SOURCE_PORT,	"no-source-port")		\
	X(NO_NEIGHBOUR,		"no-neighbour")			\
	X(SERVICE_LIMIT,	"service-conn-limit")		\
	X(FTP_HELD,		"ftp-held")			\
	X(FTP_PORT,		"ftp-no-port")

/* Packets that a service or connection could have concerned, passed on. */
#define HALB_PASSES(X)						\
	X(NO_SERVICE,		"no-service")			\
	X(TCP_NOT_SYN,		"tcp-not-syn")			\
	X(SCTP_NOT_INIT,	"sctp-not-init")		\
	X(PROTOCOL,		"other-protocol")		\
	X(NOT_UNICAST,		"not-unicast")			\
	X(SOURCE_ROUTE,		"source-route")			\
	X(BRIDGED,		"bridged")			\
	X(VRF,			"vrf")				\
	X(LOCAL_SERVER,		"local-server")			\
	X(NOT_MASTER,		"not-master")			\
	X(YIELDED,		"yielded")			\
	X(FTP_BOUNCE,		"ftp-bounce")			\
	X(FTP_CUT,		"ftp-cut")

#define HALB_PATHS(X)						\
	X(DIRECT,		"direct")			\
	X(STACK_OUTPUT,		"stack-output")			\
	X(THROUGH_STACK,	"through-stack")		\
	X(LOCAL,		"local")			\
	X(FRAGMENTED,		"fragmented")			\
	X(SEGMENTED,		"segmented")			\
	X(REROUTED,		"rerouted")			\
	X(RST_SENT,		"rst-sent")			\
	X(PROBE_SENT,		"probe-sent")			\
	X(ICMP_SENT,		"icmp-sent")

#define HALB_ENUM_DROP(e, name)	HALB_DROP_##e,
#define HALB_ENUM_PASS(e, name)	HALB_PASS_##e,
#define HALB_ENUM_PATH(e, name)	HALB_PATH_##e,

enum halb_drop { HALB_DROPS(HALB_ENUM_DROP) HALB_DROP_COUNT };
enum halb_pass { HALB_PASSES(HALB_ENUM_PASS) HALB_PASS_COUNT };
enum halb_path { HALB_PATHS(HALB_ENUM_PATH) HALB_PATH_COUNT };

/**
 * struct halb_counters - one CPU's counters of one netns
 * @drop: packets freed, by &enum halb_drop
 * @pass: packets left to the stack, by &enum halb_pass
 * @path: packets sent, by &enum halb_path
 *
 * Plain longs: this_cpu_inc() is one instruction, and a reader may see a sum
 * that is one packet old.
 */
struct halb_counters {
	unsigned long drop[HALB_DROP_COUNT];
	unsigned long pass[HALB_PASS_COUNT];
	unsigned long path[HALB_PATH_COUNT];
};

extern const char * const halb_drop_names[HALB_DROP_COUNT];
extern const char * const halb_pass_names[HALB_PASS_COUNT];
extern const char * const halb_path_names[HALB_PATH_COUNT];

void halb_counters_sum(const struct halb_counters __percpu *counters,
		       struct halb_counters *sum);

#endif
