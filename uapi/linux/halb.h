/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/halb.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_HALB_H
#define _UAPI_LINUX_HALB_H

#define HALB_GENL_NAME		"halb"
#define HALB_GENL_VERSION	1

#define HALB_NAME_MAX		15
#define HALB_INSTANCE_NAME_MAX	63
#define HALB_WEIGHT_MAX		65535

/**
 * enum halb_method - how packets reach a server
 * @HALB_METHOD_NAT: destination rewritten; replies come back through the
 *   director
 * @HALB_METHOD_DR: direct routing, the packet unchanged to the server's MAC
 *   address
 * @HALB_METHOD_TUN: the packet inside an outer IP packet to the server
 * @HALB_METHOD_FULLNAT: nat, and the source is one of the service's source
 *   addresses: replies come back to the director by themselves
 */
enum halb_method {
	HALB_METHOD_NAT,
	HALB_METHOD_DR,
	HALB_METHOD_TUN,
	HALB_METHOD_FULLNAT,
};

/**
 * enum halb_tun_type - what stands between the outer and the inner IP header
 *   of the method tun
 * @HALB_TUN_TYPE_IPIP: nothing; RFC 2003, RFC 2473, RFC 4213
 * @HALB_TUN_TYPE_GUE: UDP and a header of generic UDP encapsulation, version 0
 * @HALB_TUN_TYPE_GRE: a GRE header, RFC 2784
 */
enum halb_tun_type {
	HALB_TUN_TYPE_IPIP,
	HALB_TUN_TYPE_GUE,
	HALB_TUN_TYPE_GRE,
};

/**
 * enum halb_tun_csum - the checksum of a tunnel's own header
 * @HALB_TUN_CSUM_CSUM: gue and gre; UDP's or GRE's checksum over the whole
 *   packet
 * @HALB_TUN_CSUM_REMCSUM: gue; as csum, and where the inner checksum was left
 *   to the network card it is left to the server (remote checksum offload)
 */
enum halb_tun_csum {
	HALB_TUN_CSUM_NONE,
	HALB_TUN_CSUM_CSUM,
	HALB_TUN_CSUM_REMCSUM,
};

/**
 * enum halb_conn_state - State of a connection, numbered as ip_vs numbers its
 *   TCP states; connections of UDP are "udp", those of SCTP have states of
 *   their own.
 */
enum halb_conn_state {
	HALB_CONN_STATE_NONE,
	HALB_CONN_STATE_ESTABLISHED,
	HALB_CONN_STATE_SYN_SENT,
	HALB_CONN_STATE_SYN_RECV,
	HALB_CONN_STATE_FIN_WAIT,
	HALB_CONN_STATE_TIME_WAIT,
	HALB_CONN_STATE_CLOSE,
	HALB_CONN_STATE_CLOSE_WAIT,
	HALB_CONN_STATE_LAST_ACK,
	HALB_CONN_STATE_LISTEN,
	HALB_CONN_STATE_SYNACK,
	HALB_CONN_STATE_UDP,
	HALB_CONN_STATE_TEMPLATE,
	HALB_CONN_STATE_SCTP_INIT1,
	HALB_CONN_STATE_SCTP_INIT,
	HALB_CONN_STATE_SCTP_COOKIE_SENT,
	HALB_CONN_STATE_SCTP_COOKIE_REPLIED,
	HALB_CONN_STATE_SCTP_COOKIE_WAIT,
	HALB_CONN_STATE_SCTP_COOKIE,
	HALB_CONN_STATE_SCTP_COOKIE_ECHOED,
	HALB_CONN_STATE_SCTP_ESTABLISHED,
	HALB_CONN_STATE_SCTP_SHUTDOWN_SENT,
	HALB_CONN_STATE_SCTP_SHUTDOWN_RECEIVED,
	HALB_CONN_STATE_SCTP_SHUTDOWN_ACK_SENT,
	HALB_CONN_STATE_SCTP_REJECTED,
	HALB_CONN_STATE_SCTP_CLOSED,
};

/**
 * enum halb_vip_unmatched - What becomes of a packet to a VIP that is not an
 *   address of the director when no service matches its protocol and port.
 * @HALB_VIP_UNMATCHED_ACCEPT: it goes on into the stack, as if halb were not
 *   there
 * @HALB_VIP_UNMATCHED_REJECT: TCP gets a RST, SCTP an ABORT, everything else
 *   ICMP port unreachable
 * @HALB_VIP_UNMATCHED_DROP: it is dropped and counted
 */
enum halb_vip_unmatched {
	HALB_VIP_UNMATCHED_ACCEPT,
	HALB_VIP_UNMATCHED_REJECT,
	HALB_VIP_UNMATCHED_DROP,
};

/**
 * enum halb_director_state - What this director is for the services of a VRRP
 *   instance. They are served by the master only; every packet for them goes
 *   on into the stack otherwise, those of open connections included.
 * @HALB_DIRECTOR_STATE_FAULT: something is wrong here, or nobody says what the
 *   state is
 */
enum halb_director_state {
	HALB_DIRECTOR_STATE_FAULT,
	HALB_DIRECTOR_STATE_BACKUP,
	HALB_DIRECTOR_STATE_MASTER,
};

/**
 * enum halb_service_flag
 * @HALB_SERVICE_FLAG_PERSISTENT: a client network stays on its server for
 *   persist-timeout
 * @HALB_SERVICE_FLAG_SH_FALLBACK: sh and mh; a server of weight 0 or
 *   overloaded is replaced by the next one
 * @HALB_SERVICE_FLAG_SH_PORT: sh and mh; the client's port is hashed too
 * @HALB_SERVICE_FLAG_ADOPT: TCP that is not a SYN, and SCTP that is not an
 *   INIT, is scheduled without a connection
 * @HALB_SERVICE_FLAG_YIELD: new flows go on to the stack, and to ip_vs; those
 *   that halb has stay
 * @HALB_SERVICE_FLAG_OPS: one-packet scheduling; services for UDP, and the UDP
 *   of those by mark: each datagram is scheduled by itself, and makes no
 *   connection
 * @HALB_SERVICE_FLAG_FTP: FTP under nat; services for TCP, and the TCP to port
 *   21 of those by mark or for all ports: what a control connection says of
 *   data connections is understood, and rewritten, and they go to its server
 * @HALB_SERVICE_FLAG_THROUGH_STACK: packets go on through the director's
 *   stack, where FORWARD and POST_ROUTING see them; those to and from nat
 *   servers also meet conntrack and the routing table, and need IP forwarding
 */
enum halb_service_flag {
	HALB_SERVICE_FLAG_PERSISTENT = 1,
	HALB_SERVICE_FLAG_SH_FALLBACK = 2,
	HALB_SERVICE_FLAG_SH_PORT = 4,
	HALB_SERVICE_FLAG_ADOPT = 8,
	HALB_SERVICE_FLAG_YIELD = 16,
	HALB_SERVICE_FLAG_OPS = 32,
	HALB_SERVICE_FLAG_FTP = 64,
	HALB_SERVICE_FLAG_THROUGH_STACK = 128,
};

/**
 * enum halb_server_flag
 * @HALB_SERVER_FLAG_OVERLOAD: read only; at or above the upper threshold, gets
 *   no new connections
 * @HALB_SERVER_FLAG_NO_SOURCE_PORT: read only; fullnat found no free source
 *   port for a new connection, and no better since
 * @HALB_SERVER_FLAG_DRAINED: read only; the deadline of its drain is over:
 *   connections that were left have ended
 * @HALB_SERVER_FLAG_SUSPECT: read only; as many new connections in a row as
 *   suspect-after says could not be set up, and none since could
 */
enum halb_server_flag {
	HALB_SERVER_FLAG_OVERLOAD = 1,
	HALB_SERVER_FLAG_NO_SOURCE_PORT = 2,
	HALB_SERVER_FLAG_DRAINED = 4,
	HALB_SERVER_FLAG_SUSPECT = 8,
};

/**
 * enum halb_failure - Why a new connection could not be set up.
 * @HALB_FAILURE_UNANSWERED: TCP; nat and fullnat: its SYN was repeated, or its
 *   time was over, without a SYN+ACK; dr and tun: its SYN was repeated
 * @HALB_FAILURE_RESET: TCP, nat and fullnat; the server answered the SYN with
 *   a RST
 * @HALB_FAILURE_UNREACHABLE: nat, fullnat and tun; ICMP said that the network,
 *   host, protocol or port cannot be reached, or is prohibited
 */
enum halb_failure {
	HALB_FAILURE_UNANSWERED,
	HALB_FAILURE_RESET,
	HALB_FAILURE_UNREACHABLE,
};

/**
 * enum halb_transaction_flag
 * @HALB_TRANSACTION_FLAG_REPLACE: start from an empty configuration; without
 *   it from the present one. Settings that no change names keep their values
 */
enum halb_transaction_flag {
	HALB_TRANSACTION_FLAG_REPLACE = 1,
};

/**
 * enum halb_change_op - what a change of a transaction does with its object
 * @HALB_CHANGE_OP_ADD: as service-add or server-add; the object must not exist
 * @HALB_CHANGE_OP_SET: as service-set or server-set; the object must exist
 * @HALB_CHANGE_OP_DEL: as service-del or server-del; the object must exist
 * @HALB_CHANGE_OP_FLUSH: every service goes; carries no object
 */
enum halb_change_op {
	HALB_CHANGE_OP_ADD,
	HALB_CHANGE_OP_SET,
	HALB_CHANGE_OP_DEL,
	HALB_CHANGE_OP_FLUSH,
};

/**
 * enum halb_why_verdict - What becomes of a packet, see why-get.
 * @HALB_WHY_VERDICT_KNOWN: it belongs to a connection, and goes to its server
 * @HALB_WHY_VERDICT_NEW: it begins a connection, and goes to the server
 * @HALB_WHY_VERDICT_PASS: it is left to the stack
 * @HALB_WHY_VERDICT_DROP: it is dropped
 */
enum halb_why_verdict {
	HALB_WHY_VERDICT_KNOWN,
	HALB_WHY_VERDICT_NEW,
	HALB_WHY_VERDICT_PASS,
	HALB_WHY_VERDICT_DROP,
};

/**
 * enum halb_neighbour - The next hop on the way to a server.
 * @HALB_NEIGHBOUR_UNKNOWN: nobody has asked for it lately
 * @HALB_NEIGHBOUR_RESOLVING: it was asked for and has not answered yet
 * @HALB_NEIGHBOUR_REACHABLE: its link-layer address is known, or none is
 *   needed
 * @HALB_NEIGHBOUR_FAILED: it did not answer
 */
enum halb_neighbour {
	HALB_NEIGHBOUR_UNKNOWN,
	HALB_NEIGHBOUR_RESOLVING,
	HALB_NEIGHBOUR_REACHABLE,
	HALB_NEIGHBOUR_FAILED,
};

enum {
	HALB_A_STATS_PAD = 1,
	HALB_A_STATS_CONNS,
	HALB_A_STATS_IN_PACKETS,
	HALB_A_STATS_OUT_PACKETS,
	HALB_A_STATS_IN_BYTES,
	HALB_A_STATS_OUT_BYTES,
	HALB_A_STATS_CPS,
	HALB_A_STATS_IN_PPS,
	HALB_A_STATS_OUT_PPS,
	HALB_A_STATS_IN_BPS,
	HALB_A_STATS_OUT_BPS,

	__HALB_A_STATS_MAX
};
#define HALB_A_STATS_MAX (__HALB_A_STATS_MAX - 1)

enum {
	HALB_A_SERVICE_PROTOCOL = 1,
	HALB_A_SERVICE_ADDRESS,
	HALB_A_SERVICE_PORT,
	HALB_A_SERVICE_FWMARK,
	HALB_A_SERVICE_FAMILY,
	HALB_A_SERVICE_SCHEDULER,
	HALB_A_SERVICE_FLAGS,
	HALB_A_SERVICE_FLAGS_MASK,
	HALB_A_SERVICE_PERSIST_TIMEOUT,
	HALB_A_SERVICE_PERSIST_PREFIX,
	HALB_A_SERVICE_ACTIVE_CONNS,
	HALB_A_SERVICE_INACTIVE_CONNS,
	HALB_A_SERVICE_SERVERS,
	HALB_A_SERVICE_STATS,
	HALB_A_SERVICE_VRRP,
	HALB_A_SERVICE_SOURCE_ADDRESS,
	HALB_A_SERVICE_SOURCE_COUNT,
	HALB_A_SERVICE_TCP_TIMEOUT,
	HALB_A_SERVICE_TCP_FIN_TIMEOUT,
	HALB_A_SERVICE_UDP_TIMEOUT,
	HALB_A_SERVICE_CONN_LIMIT,
	HALB_A_SERVICE_SLOW_START,

	__HALB_A_SERVICE_MAX
};
#define HALB_A_SERVICE_MAX (__HALB_A_SERVICE_MAX - 1)

enum {
	HALB_A_SERVER_SERVICE = 1,
	HALB_A_SERVER_ADDRESS,
	HALB_A_SERVER_PORT,
	HALB_A_SERVER_METHOD,
	HALB_A_SERVER_WEIGHT,
	HALB_A_SERVER_UPPER,
	HALB_A_SERVER_LOWER,
	HALB_A_SERVER_FLAGS,
	HALB_A_SERVER_ACTIVE_CONNS,
	HALB_A_SERVER_INACTIVE_CONNS,
	HALB_A_SERVER_PERSIST_CONNS,
	HALB_A_SERVER_STATS,
	HALB_A_SERVER_TUN_TYPE,
	HALB_A_SERVER_TUN_PORT,
	HALB_A_SERVER_TUN_CSUM,
	HALB_A_SERVER_BACKUP,
	HALB_A_SERVER_DRAIN,
	HALB_A_SERVER_SLOW_PERCENT,
	HALB_A_SERVER_FAILURES,

	__HALB_A_SERVER_MAX
};
#define HALB_A_SERVER_MAX (__HALB_A_SERVER_MAX - 1)

enum {
	HALB_A_FAILURES_PAD = 1,
	HALB_A_FAILURES_UNANSWERED,
	HALB_A_FAILURES_RESET,
	HALB_A_FAILURES_UNREACHABLE,
	HALB_A_FAILURES_ROW,
	HALB_A_FAILURES_LAST,

	__HALB_A_FAILURES_MAX
};
#define HALB_A_FAILURES_MAX (__HALB_A_FAILURES_MAX - 1)

enum {
	HALB_A_CONN_PROTOCOL = 1,
	HALB_A_CONN_CLIENT_ADDRESS,
	HALB_A_CONN_CLIENT_PORT,
	HALB_A_CONN_SERVICE_ADDRESS,
	HALB_A_CONN_SERVICE_PORT,
	HALB_A_CONN_SERVER_ADDRESS,
	HALB_A_CONN_SERVER_PORT,
	HALB_A_CONN_METHOD,
	HALB_A_CONN_STATE,
	HALB_A_CONN_EXPIRES,
	HALB_A_CONN_FWMARK,
	HALB_A_CONN_SOURCE_ADDRESS,
	HALB_A_CONN_SOURCE_PORT,

	__HALB_A_CONN_MAX
};
#define HALB_A_CONN_MAX (__HALB_A_CONN_MAX - 1)

enum {
	HALB_A_SETTINGS_TCP_TIMEOUT = 1,
	HALB_A_SETTINGS_TCP_FIN_TIMEOUT,
	HALB_A_SETTINGS_UDP_TIMEOUT,
	HALB_A_SETTINGS_CONN_LIMIT,
	HALB_A_SETTINGS_VIP_UNMATCHED,
	HALB_A_SETTINGS_SOURCE_CHECK,
	HALB_A_SETTINGS_CONNS,
	HALB_A_SETTINGS_EXPIRE_QUIESCENT_TEMPLATE,
	HALB_A_SETTINGS_LOCAL_CLIENTS,
	HALB_A_SETTINGS_SUSPECT_AFTER,

	__HALB_A_SETTINGS_MAX
};
#define HALB_A_SETTINGS_MAX (__HALB_A_SETTINGS_MAX - 1)

enum {
	HALB_A_INSTANCE_NAME = 1,
	HALB_A_INSTANCE_STATE,
	HALB_A_INSTANCE_GRACE,
	HALB_A_INSTANCE_OWNER,
	HALB_A_INSTANCE_WAITING,
	HALB_A_INSTANCE_SERVICES,
	HALB_A_INSTANCE_AGE,
	HALB_A_INSTANCE_TRANSITIONS,

	__HALB_A_INSTANCE_MAX
};
#define HALB_A_INSTANCE_MAX (__HALB_A_INSTANCE_MAX - 1)

enum {
	HALB_A_COUNTER_NAME = 1,
	HALB_A_COUNTER_PACKETS,
	HALB_A_COUNTER_PAD,

	__HALB_A_COUNTER_MAX
};
#define HALB_A_COUNTER_MAX (__HALB_A_COUNTER_MAX - 1)

enum {
	HALB_A_CHANGE_OP = 1,
	HALB_A_CHANGE_SERVICE,
	HALB_A_CHANGE_SERVER,
	HALB_A_CHANGE_SETTINGS,

	__HALB_A_CHANGE_MAX
};
#define HALB_A_CHANGE_MAX (__HALB_A_CHANGE_MAX - 1)

enum {
	HALB_A_WHY_IN_DEVICE = 1,
	HALB_A_WHY_VERDICT,
	HALB_A_WHY_REASON,
	HALB_A_WHY_VIP_LOCAL,
	HALB_A_WHY_TEMPLATE,
	HALB_A_WHY_OUT_DEVICE,
	HALB_A_WHY_NEIGHBOUR,
	HALB_A_WHY_PATH,
	HALB_A_WHY_OWN,

	__HALB_A_WHY_MAX
};
#define HALB_A_WHY_MAX (__HALB_A_WHY_MAX - 1)

enum {
	HALB_A_PAD = 1,
	HALB_A_SERVICE,
	HALB_A_SERVER,
	HALB_A_CONN,
	HALB_A_SETTINGS,
	HALB_A_STATS,
	HALB_A_DROP,
	HALB_A_PASS,
	HALB_A_PATH,
	HALB_A_TRANSACTION,
	HALB_A_TRANSACTION_FLAGS,
	HALB_A_GENERATION,
	HALB_A_CHANGE,
	HALB_A_VERSION,
	HALB_A_FLUSHED,
	HALB_A_INSTANCE,
	HALB_A_WHY,

	__HALB_A_MAX
};
#define HALB_A_MAX (__HALB_A_MAX - 1)

enum {
	HALB_CMD_UNSPEC,
	HALB_CMD_SERVICE_ADD,
	HALB_CMD_SERVICE_SET,
	HALB_CMD_SERVICE_DEL,
	HALB_CMD_SERVICE_GET,
	HALB_CMD_SERVICE_FLUSH,
	HALB_CMD_SERVER_ADD,
	HALB_CMD_SERVER_SET,
	HALB_CMD_SERVER_DEL,
	HALB_CMD_SERVER_GET,
	HALB_CMD_CONN_GET,
	HALB_CMD_CONN_FLUSH,
	HALB_CMD_STATS_GET,
	HALB_CMD_ZERO,
	HALB_CMD_SETTINGS_GET,
	HALB_CMD_SETTINGS_SET,
	HALB_CMD_TRANSACTION_BEGIN,
	HALB_CMD_TRANSACTION_PUT,
	HALB_CMD_TRANSACTION_COMMIT,
	HALB_CMD_TRANSACTION_ABORT,
	HALB_CMD_SERVICE_ADD_NTF,
	HALB_CMD_SERVICE_SET_NTF,
	HALB_CMD_SERVICE_DEL_NTF,
	HALB_CMD_SERVER_ADD_NTF,
	HALB_CMD_SERVER_SET_NTF,
	HALB_CMD_SERVER_DEL_NTF,
	HALB_CMD_SETTINGS_NTF,
	HALB_CMD_INSTANCE_SET,
	HALB_CMD_INSTANCE_DEL,
	HALB_CMD_INSTANCE_GET,
	HALB_CMD_INSTANCE_NTF,
	HALB_CMD_WHY_GET,
	HALB_CMD_SERVER_SUSPECT_NTF,

	__HALB_CMD_MAX
};
#define HALB_CMD_MAX (__HALB_CMD_MAX - 1)

#define HALB_MCGRP_EVENTS	"events"

#endif /* _UAPI_LINUX_HALB_H */
