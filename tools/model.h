/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What halb is made of, as plain structs: services, servers, connections,
 * settings and statistics, independent of how they travel (nl.h) and of how
 * they are printed (print.h). Enumerations and flag bits are those of the
 * kernel's contract, <linux/halb.h>.
 *
 * Ports and numbers are in host byte order, addresses in network order.
 *
 * A `present` mask says which members of a struct mean something. In a request
 * only those are sent: what is absent takes its default in an add and stays as
 * it is in a set. In an answer those are the ones that the kernel sent; every
 * other member is zero.
 */
#ifndef HALB_MODEL_H
#define HALB_MODEL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/halb.h>

#define HALB_SLOW_START_MAX	86400	/* seconds; the module takes no more */

/* Room for a name. Longer than HALB_NAME_MAX, so that a name that is too long
 * reaches the kernel, which refuses it and lists the names that it has.
 */
#define HALB_NAME_SIZE	64
#define HALB_INSTANCE_NAME_SIZE	(HALB_INSTANCE_NAME_MAX + 33)

struct halb_addr {
	uint8_t family;			/* AF_INET, AF_INET6; 0: no address */
	union {
		struct in_addr v4;
		struct in6_addr v6;
		uint8_t bytes[16];
	};
};

/* The name of a service: a firewall mark if fwmark is not 0, else protocol,
 * address and port. addr.family is the family in both cases.
 */
struct halb_key {
	uint32_t fwmark;
	uint8_t protocol;		/* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	uint16_t port;
	struct halb_addr addr;
};

struct halb_stats {
	uint64_t conns;
	uint64_t in_packets;
	uint64_t out_packets;
	uint64_t in_bytes;
	uint64_t out_bytes;
	/* per second */
	uint64_t cps;
	uint64_t in_pps;
	uint64_t out_pps;
	uint64_t in_bps;		/* bytes, not bits */
	uint64_t out_bps;
};

/* New connections that a server did not take, and how many of them in a row. */
struct halb_failures {
	uint64_t unanswered;
	uint64_t reset;
	uint64_t unreachable;
	uint32_t row;
	uint32_t last;			/* HALB_FAILURE_*, with row */
};

enum {					/* halb_service.present */
	HALB_SVC_SCHEDULER	= 1 << 0,
	HALB_SVC_FLAGS		= 1 << 1,
	HALB_SVC_PERSIST_TIMEOUT = 1 << 2,
	HALB_SVC_PERSIST_PREFIX	= 1 << 3,
	HALB_SVC_STATS		= 1 << 4,	/* answers only */
	HALB_SVC_VRRP		= 1 << 5,
	HALB_SVC_SOURCES	= 1 << 6,
	HALB_SVC_TCP_TIMEOUT	= 1 << 7,
	HALB_SVC_TCP_FIN_TIMEOUT = 1 << 8,
	HALB_SVC_UDP_TIMEOUT	= 1 << 9,
	HALB_SVC_CONN_LIMIT	= 1 << 10,
	HALB_SVC_SLOW_START	= 1 << 11,
};

struct halb_service {
	uint32_t present;
	struct halb_key key;
	char scheduler[HALB_NAME_SIZE];
	uint32_t flags;			/* HALB_SERVICE_FLAG_* */
	uint32_t flags_mask;		/* requests: the bits of flags that count */
	uint32_t persist_timeout;	/* seconds */
	uint8_t persist_prefix;		/* length */
	struct halb_addr source;	/* first one of fullnat's source addresses */
	uint16_t source_count;		/* 0: none */
	char vrrp[HALB_INSTANCE_NAME_SIZE];	/* VRRP instance; empty: none */
	uint32_t tcp_timeout;		/* seconds; 0: the setting's */
	uint32_t tcp_fin_timeout;
	uint32_t udp_timeout;
	uint32_t conn_limit;		/* 0: none */
	uint32_t slow_start;		/* seconds; 0: none */
	/* answers only */
	uint32_t active_conns;
	uint32_t inactive_conns;
	uint32_t servers;
	struct halb_stats stats;
};

enum {					/* halb_server.present */
	HALB_SRV_PORT		= 1 << 0,	/* absent: the service's port */
	HALB_SRV_METHOD		= 1 << 1,
	HALB_SRV_WEIGHT		= 1 << 2,
	HALB_SRV_UPPER		= 1 << 3,
	HALB_SRV_LOWER		= 1 << 4,
	HALB_SRV_STATS		= 1 << 5,	/* answers only */
	HALB_SRV_TUN_TYPE	= 1 << 6,
	HALB_SRV_TUN_PORT	= 1 << 7,
	HALB_SRV_TUN_CSUM	= 1 << 8,
	HALB_SRV_BACKUP		= 1 << 9,
	HALB_SRV_DRAIN		= 1 << 10,
};

struct halb_server {
	uint32_t present;
	struct halb_key service;
	struct halb_addr addr;
	uint16_t port;
	uint32_t method;		/* HALB_METHOD_* */
	uint32_t weight;
	uint32_t upper;
	uint32_t lower;
	uint32_t tun_type;		/* HALB_TUN_TYPE_* */
	uint16_t tun_port;
	uint32_t tun_csum;		/* HALB_TUN_CSUM_* */
	bool backup;			/* only while no other may get connections */
	uint32_t drain;			/* seconds until its connections end; 0: none */
	/* answers only */
	uint32_t flags;			/* HALB_SERVER_FLAG_* */
	uint8_t slow_percent;		/* of its weight; 0: all */
	uint32_t active_conns;
	uint32_t inactive_conns;
	uint32_t persist_conns;
	struct halb_failures failures;
	struct halb_stats stats;
};

enum {					/* halb_conn.present */
	HALB_CONN_PROTOCOL	= 1 << 0,
	HALB_CONN_CLIENT	= 1 << 1,
	HALB_CONN_CLIENT_PORT	= 1 << 2,
	HALB_CONN_SERVICE	= 1 << 3,
	HALB_CONN_SERVICE_PORT	= 1 << 4,
	HALB_CONN_SERVER	= 1 << 5,
	HALB_CONN_SERVER_PORT	= 1 << 6,
	HALB_CONN_METHOD	= 1 << 7,
	HALB_CONN_STATE		= 1 << 8,
	HALB_CONN_EXPIRES	= 1 << 9,
	HALB_CONN_FWMARK	= 1 << 10,
	HALB_CONN_SOURCE	= 1 << 11,	/* answers only */
};

/* A connection or a template; in a request a filter on what is present. */
struct halb_conn {
	uint32_t present;
	uint8_t protocol;
	struct halb_addr client;
	uint16_t client_port;
	struct halb_addr service;
	uint16_t service_port;
	struct halb_addr server;
	uint16_t server_port;
	uint32_t method;		/* HALB_METHOD_* */
	uint32_t state;			/* HALB_CONN_STATE_* */
	uint32_t expires;		/* seconds */
	uint32_t fwmark;
	struct halb_addr source;	/* what a fullnat server sees as client */
	uint16_t source_port;
};

/* What becomes of a packet. */
struct halb_why {
	uint32_t verdict;		/* HALB_WHY_VERDICT_* */
	char reason[32];		/* the name of a counter, or empty */
	bool vip_local;
	bool template;			/* persistence has chosen the server */
	char out_device[32];		/* towards the server, or empty */
	uint32_t neighbour;		/* HALB_NEIGHBOUR_*, with out_device */
	char path[32];			/* the name of a counter, or empty: halb sends it */
	bool own;			/* a process of the director sends it */
	bool has_service;
	bool has_server;
	bool has_conn;
	struct halb_service service;
	struct halb_server server;
	struct halb_conn conn;
};

enum {					/* halb_settings.present */
	HALB_SET_TCP_TIMEOUT	= 1 << 0,
	HALB_SET_TCP_FIN_TIMEOUT = 1 << 1,
	HALB_SET_UDP_TIMEOUT	= 1 << 2,
	HALB_SET_CONN_LIMIT	= 1 << 3,
	HALB_SET_VIP_UNMATCHED	= 1 << 4,
	HALB_SET_SOURCE_CHECK	= 1 << 5,
	HALB_SET_EXPIRE_QUIESCENT = 1 << 6,
	HALB_SET_CONNS		= 1 << 7,	/* answers only */
	HALB_SET_LOCAL_CLIENTS	= 1 << 8,
	HALB_SET_SUSPECT_AFTER	= 1 << 9,
};

struct halb_settings {
	uint32_t present;
	uint32_t tcp_timeout;		/* seconds */
	uint32_t tcp_fin_timeout;
	uint32_t udp_timeout;
	uint32_t conn_limit;
	uint32_t vip_unmatched;		/* HALB_VIP_UNMATCHED_* */
	uint32_t source_check;		/* 0, 1 */
	uint32_t expire_quiescent;	/* 0, 1 */
	uint32_t conns;			/* answers only */
	uint32_t local_clients;		/* 0, 1 */
	uint32_t suspect_after;		/* connections; 0: never */
};

enum {					/* halb_instance.present */
	HALB_INST_STATE		= 1 << 0,
	HALB_INST_GRACE		= 1 << 1,	/* it belongs to a socket */
	HALB_INST_WAITING	= 1 << 2,	/* answers only: the socket was closed */
};

/* What this director is for a VRRP instance. */
struct halb_instance {
	uint32_t present;
	char name[HALB_INSTANCE_NAME_SIZE];
	uint32_t state;			/* HALB_DIRECTOR_STATE_* */
	uint32_t grace;			/* milliseconds */
	/* answers only */
	uint32_t owner;			/* netlink port, 0: nobody's */
	uint32_t waiting;		/* milliseconds of grace that are left */
	uint32_t services;
	uint32_t age;			/* seconds in this state */
	uint32_t transitions;
};

enum halb_counter_kind {
	HALB_COUNTER_DROP,		/* dropped, by reason */
	HALB_COUNTER_PASS,		/* left to the stack, by reason */
	HALB_COUNTER_PATH,		/* sent, by way of leaving */
};

struct halb_counter {
	enum halb_counter_kind kind;
	char name[HALB_NAME_SIZE];
	uint64_t packets;
};

/* The namespace as a whole. Ends with halb_info_free(). */
struct halb_info {
	char version[HALB_NAME_SIZE];	/* of the module */
	uint32_t generation;
	struct halb_stats stats;
	struct halb_settings settings;
	struct halb_counter *counters;
	size_t counters_count;
};

/* Everything that is configured, of one generation. Services are in the
 * kernel's order; the servers of services[i] are the servers_count[i] ones from
 * &servers[servers_first[i]], in the kernel's order. Ends with
 * halb_config_free().
 */
struct halb_config {
	uint32_t generation;
	struct halb_settings settings;
	struct halb_service *services;
	size_t services_count;
	struct halb_server *servers;
	size_t *servers_first;
	size_t *servers_count;
};

enum halb_object {
	HALB_OBJECT_NONE,		/* with HALB_CHANGE_OP_FLUSH */
	HALB_OBJECT_SERVICE,
	HALB_OBJECT_SERVER,
	HALB_OBJECT_SETTINGS,		/* with HALB_CHANGE_OP_SET */
};

/* One step of changing the configuration: what a command line asks for, what
 * a line of a saved configuration holds, what a transaction is made of.
 */
struct halb_change {
	enum halb_change_op op;
	enum halb_object object;
	union {
		struct halb_service service;
		struct halb_server server;
		struct halb_settings settings;
	};
};

enum halb_event_type {
	HALB_EVENT_SERVICE_ADD,
	HALB_EVENT_SERVICE_SET,
	HALB_EVENT_SERVICE_DEL,
	HALB_EVENT_SERVER_ADD,
	HALB_EVENT_SERVER_SET,
	HALB_EVENT_SERVER_DEL,
	HALB_EVENT_SETTINGS,
	HALB_EVENT_INSTANCE,
	HALB_EVENT_SERVER_SUSPECT,	/* or not any more: its flags say which */
	HALB_EVENT_LOST,		/* the socket overflowed: read everything anew */
};

struct halb_event {
	enum halb_event_type type;
	union {
		struct halb_service service;
		struct halb_server server;
		struct halb_settings settings;
		struct halb_instance instance;
	};
};

bool halb_addr_equal(const struct halb_addr *a, const struct halb_addr *b);
bool halb_key_equal(const struct halb_key *a, const struct halb_key *b);
/* Is it what ip_vs_ftp takes for FTP: TCP, port 21? With nat servers it gets ftp. */
bool halb_key_is_ftp(const struct halb_key *key);

void halb_info_free(struct halb_info *info);
void halb_config_free(struct halb_config *config);

/* Names as halbctl writes them; "?" for a value that this program is too old
 * to know. The reverse returns -1 for a name that does not exist.
 */
const char *halb_method_name(uint32_t method);
const char *halb_tun_type_name(uint32_t type);
const char *halb_tun_csum_name(uint32_t csum);
const char *halb_conn_state_name(uint32_t state);
const char *halb_vip_unmatched_name(uint32_t action);
const char *halb_why_verdict_name(uint32_t verdict);
const char *halb_neighbour_name(uint32_t neighbour);
const char *halb_failure_name(uint32_t failure);
const char *halb_director_state_name(uint32_t state);
const char *halb_protocol_name(uint8_t protocol);
const char *halb_event_name(enum halb_event_type type);
int halb_method_value(const char *name);
int halb_tun_type_value(const char *name);
int halb_tun_csum_value(const char *name);
int halb_vip_unmatched_value(const char *name);
int halb_director_state_value(const char *name);

#endif
