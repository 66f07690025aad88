/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changes of the configuration: every one, be it a single command, is a
 * transaction.
 *
 *	halb_transaction_init()
 *	halb_stage_...()		any number; none has an effect yet
 *	halb_transaction_commit()	all take effect, or none
 *	halb_transaction_tell()		what has changed
 *	halb_transaction_release()
 *
 * What is staged is a description: what the services that the transaction
 * touches are to look like. Only the commit makes objects of it, and carries
 * over the present ones that match: a service by its key, a server by address,
 * port and method, with their statistics and connections.
 *
 * Everything here runs under the netns' mutex, commit to release without a
 * break. All refusals set a sentence.
 */
#ifndef _HALB_TRANSACTION_H
#define _HALB_TRANSACTION_H

#include <linux/netlink.h>

#include "net.h"
#include "probe_set.h"

/* at most, in a netns and in a transaction */
#define HALB_SERVICES_MAX	65536U
#define HALB_SERVERS_MAX	262144U
/* at most, in a service */
#define HALB_SERVICE_SERVERS_MAX	16384U
/* open transactions in a netns */
#define HALB_TRANSACTIONS_MAX	16U

#define HALB_PERSIST_TIMEOUT_DEFAULT	300U

/**
 * struct halb_service_options - what can be changed about a service
 * @sched: scheduler
 * @flags: HALB_SERVICE_FLAG_*
 * @persist_timeout: seconds
 * @persist_prefix: bits of a client's address that name its network
 * @pool: source addresses of fullnat
 * @limits: timeouts and limit of its own
 * @slow_start: seconds that a server takes to come to its weight, 0 for none
 * @vrrp: name of its VRRP instance, empty for none
 */
struct halb_service_options {
	const struct halb_sched *sched;
	u32 flags;
	u32 persist_timeout;
	u8 persist_prefix;
	struct halb_pool pool;
	struct halb_limits limits;
	u32 slow_start;
	char vrrp[HALB_INSTANCE_NAME_MAX + 1];
};

/**
 * struct halb_service_request - what a request says about a service
 * @key: its name
 * @options: as far as given, in range each
 * @flags_mask: bits of @options.flags that are given
 * @given: bits by number of the netlink attribute, HALB_A_SERVICE_*
 */
struct halb_service_request {
	struct halb_service_key key;
	struct halb_service_options options;
	u32 flags_mask;
	u32 given;
};

/**
 * struct halb_server_request - what a request says about a server
 * @service: name of its service
 * @addr: address
 * @upper: threshold
 * @lower: threshold
 * @weight: weight
 * @port: port, network order
 * @af: family of @addr
 * @method: enum halb_method
 * @tunnel: of the method tun
 * @backup: only while no other server is available
 * @drain: seconds until connections that are left end
 * @given: bits by number of the netlink attribute, HALB_A_SERVER_*
 */
struct halb_server_request {
	struct halb_service_key service;
	union nf_inet_addr addr;
	u32 upper;
	u32 lower;
	u32 weight;
	__be16 port;
	u8 af;
	u8 method;
	struct halb_tunnel tunnel;
	bool backup;
	u32 drain;
	u32 given;
};

/**
 * struct halb_settings_request - settings to change
 * @settings: as far as given
 * @given: bits by number of the netlink attribute, HALB_A_SETTINGS_*
 */
struct halb_settings_request {
	struct halb_settings settings;
	u32 given;
};

/**
 * struct halb_staged_server - a server as it is to be
 * @addr: address
 * @weight: weight
 * @upper: threshold
 * @lower: threshold
 * @port: port, network order
 * @af: family of @addr
 * @method: enum halb_method
 * @tunnel: of the method tun, else zero
 * @backup: only while no other server is available
 * @drain: seconds until connections that are left end, 0 for none
 * @drain_given: @drain is meant; else a deadline stays as it is, as long as the
 *	weight does
 * @created: @server was made by the commit
 * @changed: @server is to get other values than it has
 * @slow_step: during commit: as &halb_server.slow_step
 * @slow_since: during commit: as &halb_server.slow_since
 * @share: during commit: its weight in the plan
 * @server: during commit: the server
 */
struct halb_staged_server {
	union nf_inet_addr addr;
	u32 weight;
	u32 upper;
	u32 lower;
	__be16 port;
	u8 af;
	u8 method;
	struct halb_tunnel tunnel;
	bool backup;
	u32 drain;
	bool drain_given;
	bool created;
	bool changed;
	u8 slow_step;
	u32 slow_since;
	u32 share;
	struct halb_server *server;
};

/**
 * struct halb_staged - a service as it is to be
 * @hash: in the transaction's table
 * @list: in &halb_transaction.services
 * @key: its name
 * @options: its options
 * @removed: it is not to be
 * @count: number of @servers
 * @room: for how many there is memory
 * @servers: its servers, oldest first
 * @service: during commit: the service, NULL if there is none
 * @instance: during commit: its VRRP instance, with a use of ours, or NULL
 * @created: @service was made by the commit
 * @changed: @service is to get other options than it has
 * @plan: during commit: its new plan, NULL if the present one stays
 * @gone: during commit: removed servers, by &halb_server.list
 */
struct halb_staged {
	struct hlist_node hash;
	struct list_head list;
	struct halb_service_key key;
	struct halb_service_options options;
	bool removed;
	u32 count;
	u32 room;
	struct halb_staged_server *servers;

	struct halb_service *service;
	struct halb_instance *instance;
	bool created;
	bool changed;
	struct halb_plan *plan;
	struct list_head gone;
};

#define HALB_TRANSACTION_BUCKETS	8

/**
 * struct halb_transaction - staged changes
 * @hn: netns
 * @list: in &halb_net.transactions while it is open between requests
 * @id: its name there
 * @portid: socket that it belongs to
 * @replace: starts from nothing; else from the present configuration
 * @pinned: the configuration must have @generation
 * @generation: see @pinned
 * @quiet: no change of the configuration, only other plans for it
 * @settings_changed: @settings differ from the present ones
 * @settings: as they are to be
 * @settings_given: HALB_A_SETTINGS_* bits of those in @settings that are meant
 * @services: staged services, in the order of their first mention
 * @service_count: those of them that are to be
 * @server_count: their servers
 * @staged_count: length of @services
 * @mask: number of @buckets less one
 * @buckets: staged services by key
 * @first: where @buckets point to at first
 * @gone: during commit: removed services, by &halb_service.list
 * @changes: during commit: how many plans come, change or go
 * @config: during commit: a new table, NULL if the present one stays
 * @probe: during commit: a new probe, if the present one has no room
 */
struct halb_transaction {
	struct halb_net *hn;
	struct list_head list;
	u32 id;
	u32 portid;
	bool replace;
	bool pinned;
	u32 generation;
	bool quiet;
	bool settings_changed;
	struct halb_settings settings;
	u32 settings_given;

	struct list_head services;
	u32 service_count;
	u32 server_count;
	u32 staged_count;
	u32 mask;
	struct hlist_head *buckets;
	struct hlist_head first[HALB_TRANSACTION_BUCKETS];

	struct list_head gone;
	u32 changes;
	struct halb_config *config;
	struct halb_probe_made probe;
};

/* A refusal: sets the sentence, and is the error. The sentence is a literal. */
#define halb_refuse(extack, err, sentence) ({				\
	NL_SET_ERR_MSG(extack, sentence);				\
	(err);								\
})

/* transaction.c: */
void halb_transaction_init(struct halb_transaction *txn, struct halb_net *hn);
void halb_transaction_forget(struct halb_transaction *txn);
struct halb_staged *
halb_staged_find(const struct halb_transaction *txn,
		 const struct halb_service_key *key);
int halb_stage_service_add(struct halb_transaction *txn,
			   const struct halb_service_request *request,
			   struct netlink_ext_ack *extack);
int halb_stage_service_set(struct halb_transaction *txn,
			   const struct halb_service_request *request,
			   struct netlink_ext_ack *extack);
int halb_stage_service_del(struct halb_transaction *txn,
			   const struct halb_service_request *request,
			   struct netlink_ext_ack *extack);
int halb_stage_service_again(struct halb_transaction *txn,
			     const struct halb_service_key *key);
int halb_stage_server_add(struct halb_transaction *txn,
			  const struct halb_server_request *request,
			  struct netlink_ext_ack *extack);
int halb_stage_server_set(struct halb_transaction *txn,
			  const struct halb_server_request *request,
			  struct netlink_ext_ack *extack);
int halb_stage_server_del(struct halb_transaction *txn,
			  const struct halb_server_request *request,
			  struct netlink_ext_ack *extack);
void halb_stage_settings(struct halb_transaction *txn,
			 const struct halb_settings_request *request);
void halb_stage_flush(struct halb_transaction *txn);

/* commit.c: */

/* -EAGAIN unless the configuration has the generation that @txn needs */
int halb_transaction_check(const struct halb_transaction *txn,
			   struct netlink_ext_ack *extack);

/**
 * halb_transaction_commit - makes staged changes take effect, all or none
 * @txn: transaction
 * @extack: for the sentence of a refusal
 *
 * After success halb_transaction_tell() may be called, and
 * halb_transaction_release() must be, before the mutex is given up.
 * Context: process, may sleep; under the netns' mutex.
 */
int halb_transaction_commit(struct halb_transaction *txn,
			    struct netlink_ext_ack *extack);

/**
 * typedef halb_tell_fn - hears of one change
 * @event: HALB_CMD_*_NTF
 * @service: service that was added, changed or removed, or whose server was
 * @server: server, NULL if the change is not about one
 * @arg: as given to halb_transaction_tell()
 */
typedef void (*halb_tell_fn)(int event, const struct halb_service *service,
			     const struct halb_server *server, void *arg);

/**
 * halb_transaction_tell - calls back for every change of a commit
 * @txn: transaction, committed
 * @tell: callback
 * @arg: for @tell
 *
 * Removed services first (that their servers went with them goes without
 * saying), then the others in the order of their first mention.
 */
void halb_transaction_tell(struct halb_transaction *txn, halb_tell_fn tell,
			   void *arg);

void halb_transaction_release(struct halb_transaction *txn);

#endif
