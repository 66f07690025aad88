// SPDX-License-Identifier: GPL-2.0
/*
 * Staging: what the services that a transaction touches are to look like.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "instance.h"
#include "transaction.h"

/**
 * halb_transaction_init - an empty transaction
 * @txn: transaction
 * @hn: netns, its mutex held
 */
void halb_transaction_init(struct halb_transaction *txn, struct halb_net *hn)
{
	memset(txn, 0, sizeof(*txn));
	txn->hn = hn;
	INIT_LIST_HEAD(&txn->list);
	INIT_LIST_HEAD(&txn->services);
	INIT_LIST_HEAD(&txn->gone);
	txn->buckets = txn->first;
	txn->mask = HALB_TRANSACTION_BUCKETS - 1;
}

/* --- the table of staged services ----------------------------------------- */

static struct hlist_head *bucket_of(const struct halb_transaction *txn,
				    const struct halb_service_key *key)
{
	return &txn->buckets[halb_service_key_hash(key) & txn->mask];
}

/**
 * halb_staged_find - what a transaction makes of a service
 * @txn: transaction
 * @key: name of the service
 *
 * Return: NULL if the transaction does not mention it.
 */
struct halb_staged *
halb_staged_find(const struct halb_transaction *txn,
		 const struct halb_service_key *key)
{
	struct halb_staged *staged;

	hlist_for_each_entry(staged, bucket_of(txn, key), hash)
		if (halb_service_key_equal(&staged->key, key))
			return staged;
	return NULL;
}

/* Without memory the table stays as it is and becomes slower. */
static void grow_table(struct halb_transaction *txn)
{
	u32 size = 4 * (txn->mask + 1);
	struct hlist_head *old = txn->buckets;
	struct halb_staged *staged;

	txn->buckets = kvcalloc(size, sizeof(*old),
				GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!txn->buckets) {
		txn->buckets = old;
		return;
	}
	txn->mask = size - 1;
	list_for_each_entry(staged, &txn->services, list)
		hlist_add_head(&staged->hash, bucket_of(txn, &staged->key));
	if (old != txn->first)
		kvfree(old);
}

static struct halb_staged *mention(struct halb_transaction *txn,
				   const struct halb_service_key *key,
				   struct netlink_ext_ack *extack)
{
	struct halb_staged *staged;

	if (txn->staged_count >= 2 * HALB_SERVICES_MAX) {
		NL_SET_ERR_MSG(extack,
			       "too many services in one transaction: split it");
		return ERR_PTR(-ENOSPC);
	}
	staged = kzalloc(sizeof(*staged), GFP_KERNEL_ACCOUNT);
	if (!staged)
		return ERR_PTR(-ENOMEM);
	staged->key = *key;
	INIT_LIST_HEAD(&staged->gone);
	if (txn->staged_count > 2 * txn->mask)
		grow_table(txn);
	hlist_add_head(&staged->hash, bucket_of(txn, key));
	list_add_tail(&staged->list, &txn->services);
	txn->staged_count++;
	return staged;
}

static void free_staged(struct halb_staged *staged)
{
	kvfree(staged->servers);
	kfree(staged);
}

static void forget_all(struct halb_transaction *txn)
{
	struct halb_staged *staged, *next;

	list_for_each_entry_safe(staged, next, &txn->services, list)
		free_staged(staged);
	INIT_LIST_HEAD(&txn->services);
	memset(txn->buckets, 0, (txn->mask + 1) * sizeof(*txn->buckets));
	txn->staged_count = 0;
	txn->service_count = 0;
	txn->server_count = 0;
}

/**
 * halb_transaction_forget - frees what is staged
 * @txn: transaction, not committed or released
 */
void halb_transaction_forget(struct halb_transaction *txn)
{
	forget_all(txn);
	if (txn->buckets != txn->first)
		kvfree(txn->buckets);
	txn->buckets = txn->first;
	txn->mask = HALB_TRANSACTION_BUCKETS - 1;
}

/* --- the servers of a staged service --------------------------------------- */

static int make_room(struct halb_staged *staged, u32 room)
{
	struct halb_staged_server *servers;

	if (room <= staged->room)
		return 0;
	servers = kvmalloc_array(room, sizeof(*servers), GFP_KERNEL_ACCOUNT);
	if (!servers)
		return -ENOMEM;
	if (staged->count)
		memcpy(servers, staged->servers,
		       staged->count * sizeof(*servers));
	kvfree(staged->servers);
	staged->servers = servers;
	staged->room = room;
	return 0;
}

static struct halb_staged_server *
find_server(struct halb_staged *staged, const struct halb_server_request *request)
{
	u32 i;

	for (i = 0; i < staged->count; i++) {
		struct halb_staged_server *server = &staged->servers[i];

		if (server->port == request->port &&
		    server->af == request->af &&
		    nf_inet_addr_cmp(&server->addr, &request->addr))
			return server;
	}
	return NULL;
}

static void drop_servers(struct halb_transaction *txn,
			 struct halb_staged *staged)
{
	txn->server_count -= staged->count;
	staged->count = 0;
}

/* --- the present configuration, where it shows through --------------------- */

static struct halb_service *
find_live(const struct halb_transaction *txn, const struct halb_service_key *key)
{
	struct halb_net *hn = txn->hn;
	struct halb_plan *plan;

	if (txn->replace)
		return NULL;
	plan = halb_config_find(rcu_dereference_protected(hn->config,
					lockdep_is_held(&hn->mutex)), key);
	return plan ? plan->service : NULL;
}

static int copy_live(struct halb_staged *staged,
		     const struct halb_service *service)
{
	const struct halb_plan *plan = service->plan;
	const struct halb_server *server;
	int err;

	/* room for one more, which is what most single changes need */
	err = make_room(staged, service->server_count + 1);
	if (err)
		return err;
	staged->options = (struct halb_service_options) {
		.sched = plan->sched,
		.flags = plan->flags,
		.persist_timeout = plan->persist_timeout,
		.persist_prefix = plan->persist_prefix,
		.pool = plan->pool,
		.limits = plan->limits,
		.slow_start = plan->slow_start,
	};
	if (service->instance)
		strscpy(staged->options.vrrp, service->instance->name,
			sizeof(staged->options.vrrp));
	list_for_each_entry(server, &service->servers, list)
		staged->servers[staged->count++] = (struct halb_staged_server) {
			.addr = server->addr,
			.weight = server->weight,
			.upper = server->upper,
			.lower = server->lower,
			.port = server->port,
			.af = server->af,
			.method = server->method,
			.tunnel = server->tunnel,
			.backup = server->backup,
		};
	return 0;
}

/* A service that the transaction is going to change. */
static struct halb_staged *open_service(struct halb_transaction *txn,
					const struct halb_service_key *key,
					struct netlink_ext_ack *extack)
{
	struct halb_staged *staged = halb_staged_find(txn, key);
	struct halb_service *service;
	int err;

	if (staged && !staged->removed)
		return staged;
	service = staged ? NULL : find_live(txn, key);
	if (!service) {
		NL_SET_ERR_MSG(extack, "no such service: add it first");
		return ERR_PTR(-ESRCH);
	}
	staged = mention(txn, key, extack);
	if (IS_ERR(staged))
		return staged;
	/* until it is complete */
	staged->removed = true;
	err = copy_live(staged, service);
	if (err) {
		staged->count = 0;
		list_del(&staged->list);
		hlist_del(&staged->hash);
		txn->staged_count--;
		free_staged(staged);
		return ERR_PTR(err);
	}
	staged->removed = false;
	txn->service_count++;
	txn->server_count += staged->count;
	return staged;
}

/* --- services -------------------------------------------------------------- */

#define HALB_POOL_ATTRS							\
	(BIT(HALB_A_SERVICE_SOURCE_ADDRESS) | BIT(HALB_A_SERVICE_SOURCE_COUNT))

static bool has_method(const struct halb_staged *staged, u8 method)
{
	u32 i;

	for (i = 0; i < staged->count; i++)
		if (staged->servers[i].method == method)
			return true;
	return false;
}

static int check_one_packet(const struct halb_staged *staged,
			    struct netlink_ext_ack *extack)
{
	u8 protocol = staged->key.protocol;

	if (!(staged->options.flags & HALB_SERVICE_FLAG_OPS))
		return 0;
	if (protocol && protocol != IPPROTO_UDP)
		return halb_refuse(extack, -EINVAL,
				   "one-packet scheduling is for UDP: use a service for UDP, or by mark, or no ops");
	if (has_method(staged, HALB_METHOD_FULLNAT))
		return halb_refuse(extack, -EBUSY,
				   "the service has servers with the method fullnat, which need connections: use nat, dr or tun with ops");
	return 0;
}

static int check_ftp(const struct halb_staged *staged,
		     struct netlink_ext_ack *extack)
{
	u8 protocol = staged->key.protocol;
	u32 i;

	if (!(staged->options.flags & HALB_SERVICE_FLAG_FTP))
		return 0;
	if (protocol && protocol != IPPROTO_TCP)
		return halb_refuse(extack, -EINVAL,
				   "ftp is for TCP: use a service for TCP, or by mark, or no ftp");
	if (staged->options.flags & HALB_SERVICE_FLAG_THROUGH_STACK)
		return halb_refuse(extack, -EBUSY,
				   "ftp and through-stack do not go together: set the service no-through-stack, or no-ftp");
	for (i = 0; i < staged->count; i++)
		if (staged->servers[i].method != HALB_METHOD_NAT)
			return halb_refuse(extack, -EBUSY,
					   "ftp needs the method nat, and the service has servers with another: set their method first");
	return 0;
}

/*
 * The first packet of a flow has its mark behind conntrack only, the others
 * are known before it: conntrack would see two halves.
 */
static int check_through_stack(const struct halb_staged *staged,
			       struct netlink_ext_ack *extack)
{
	if (staged->options.flags & HALB_SERVICE_FLAG_THROUGH_STACK &&
	    staged->key.fwmark && has_method(staged, HALB_METHOD_NAT))
		return halb_refuse(extack, -EBUSY,
				   "through-stack with the method nat is for services of an address, not of a mark: set the service no-through-stack, or the servers another method");
	return 0;
}

static int set_pool(struct halb_staged *staged, const struct halb_pool *pool,
		    struct netlink_ext_ack *extack)
{
	staged->options.pool = *pool;
	if (!pool->count && has_method(staged, HALB_METHOD_FULLNAT))
		return halb_refuse(extack, -EBUSY,
				   "the service has servers with the method fullnat, which need source addresses");
	return 0;
}

static void set_limits(struct halb_limits *limits,
		       const struct halb_service_request *request)
{
	const struct halb_limits *given = &request->options.limits;

	if (request->given & BIT(HALB_A_SERVICE_TCP_TIMEOUT))
		limits->tcp_timeout = given->tcp_timeout;
	if (request->given & BIT(HALB_A_SERVICE_TCP_FIN_TIMEOUT))
		limits->tcp_fin_timeout = given->tcp_fin_timeout;
	if (request->given & BIT(HALB_A_SERVICE_UDP_TIMEOUT))
		limits->udp_timeout = given->udp_timeout;
	if (request->given & BIT(HALB_A_SERVICE_CONN_LIMIT))
		limits->conns = given->conns;
}

static int set_options(struct halb_staged *staged,
		       const struct halb_service_request *request,
		       struct netlink_ext_ack *extack)
{
	const struct halb_service_options *given = &request->options;
	struct halb_service_options *options = &staged->options;
	u8 whole = staged->key.af == AF_INET6 ? 128 : 32;
	int err;

	if (request->given & BIT(HALB_A_SERVICE_SCHEDULER))
		options->sched = given->sched;
	options->flags &= ~request->flags_mask;
	options->flags |= given->flags & request->flags_mask;
	if (request->given & BIT(HALB_A_SERVICE_PERSIST_TIMEOUT))
		options->persist_timeout = given->persist_timeout;
	if (request->given & BIT(HALB_A_SERVICE_PERSIST_PREFIX))
		options->persist_prefix = given->persist_prefix;
	if (request->given & BIT(HALB_A_SERVICE_VRRP))
		memcpy(options->vrrp, given->vrrp, sizeof(options->vrrp));
	if (request->given & HALB_POOL_ATTRS) {
		err = set_pool(staged, &given->pool, extack);
		if (err)
			return err;
	}
	set_limits(&options->limits, request);
	if (request->given & BIT(HALB_A_SERVICE_SLOW_START))
		options->slow_start = given->slow_start;
	err = check_one_packet(staged, extack) ?:
	      check_ftp(staged, extack) ?:
	      check_through_stack(staged, extack);
	if (err)
		return err;

	if (options->flags & HALB_SERVICE_FLAG_PERSISTENT)
		return 0;
	if (request->given & BIT(HALB_A_SERVICE_PERSIST_TIMEOUT) &&
	    given->persist_timeout != HALB_PERSIST_TIMEOUT_DEFAULT)
		return halb_refuse(extack, -EINVAL,
				   "a persistence timeout needs the flag persistent");
	if (request->given & BIT(HALB_A_SERVICE_PERSIST_PREFIX) &&
	    given->persist_prefix != whole)
		return halb_refuse(extack, -EINVAL,
				   "a persistence netmask needs the flag persistent");
	options->persist_timeout = HALB_PERSIST_TIMEOUT_DEFAULT;
	options->persist_prefix = whole;
	return 0;
}

/**
 * halb_stage_service_add - a service that must not exist yet
 * @txn: transaction
 * @request: the service
 * @extack: for the sentence
 */
int halb_stage_service_add(struct halb_transaction *txn,
			   const struct halb_service_request *request,
			   struct netlink_ext_ack *extack)
{
	struct halb_staged *staged = halb_staged_find(txn, &request->key);

	lockdep_assert_held(&txn->hn->mutex);
	if (staged ? !staged->removed : !!find_live(txn, &request->key))
		return halb_refuse(extack, -EEXIST,
				   "the service exists already: use service set to change it");
	if (txn->service_count >= HALB_SERVICES_MAX)
		return halb_refuse(extack, -ENOSPC,
				   "at most 65536 services fit in a network namespace: remove some");
	if (!staged) {
		staged = mention(txn, &request->key, extack);
		if (IS_ERR(staged))
			return PTR_ERR(staged);
	} else {
		list_move_tail(&staged->list, &txn->services);
	}
	staged->removed = false;
	txn->service_count++;
	staged->options = (struct halb_service_options) {
		.sched = halb_sched_find("wlc"),
		.persist_timeout = HALB_PERSIST_TIMEOUT_DEFAULT,
		.persist_prefix = request->key.af == AF_INET6 ? 128 : 32,
	};
	return set_options(staged, request, extack);
}

/**
 * halb_stage_service_set - other options for a service
 * @txn: transaction
 * @request: the service; what it does not mention stays
 * @extack: for the sentence
 */
int halb_stage_service_set(struct halb_transaction *txn,
			   const struct halb_service_request *request,
			   struct netlink_ext_ack *extack)
{
	struct halb_staged *staged;

	lockdep_assert_held(&txn->hn->mutex);
	staged = open_service(txn, &request->key, extack);
	if (IS_ERR(staged))
		return PTR_ERR(staged);
	return set_options(staged, request, extack);
}

/**
 * halb_stage_service_again - a service as it is
 * @txn: transaction
 * @key: its name
 *
 * It gets another plan if that follows from something else.
 */
int halb_stage_service_again(struct halb_transaction *txn,
			     const struct halb_service_key *key)
{
	lockdep_assert_held(&txn->hn->mutex);
	return PTR_ERR_OR_ZERO(open_service(txn, key, NULL));
}

/**
 * halb_stage_service_del - a service goes, with its servers
 * @txn: transaction
 * @request: its key; other members are not looked at
 * @extack: for the sentence
 */
int halb_stage_service_del(struct halb_transaction *txn,
			   const struct halb_service_request *request,
			   struct netlink_ext_ack *extack)
{
	struct halb_staged *staged = halb_staged_find(txn, &request->key);

	lockdep_assert_held(&txn->hn->mutex);
	if (staged ? staged->removed : !find_live(txn, &request->key))
		return halb_refuse(extack, -ESRCH, "no such service");
	if (!staged) {
		staged = mention(txn, &request->key, extack);
		if (IS_ERR(staged))
			return PTR_ERR(staged);
	} else {
		drop_servers(txn, staged);
		txn->service_count--;
	}
	staged->removed = true;
	return 0;
}

/**
 * halb_stage_flush - every service goes
 * @txn: transaction
 *
 * What is added afterwards in the same transaction may still carry over what
 * there was, if it matches.
 */
void halb_stage_flush(struct halb_transaction *txn)
{
	lockdep_assert_held(&txn->hn->mutex);
	forget_all(txn);
	txn->replace = true;
}

/* --- servers --------------------------------------------------------------- */

#define HALB_TUNNEL_ATTRS						\
	(BIT(HALB_A_SERVER_TUN_TYPE) | BIT(HALB_A_SERVER_TUN_PORT) |	\
	 BIT(HALB_A_SERVER_TUN_CSUM))

static int check_tunnel(const struct halb_staged_server *server, u32 given,
			struct netlink_ext_ack *extack)
{
	struct halb_tunnel tunnel = server->tunnel;

	if (server->method != HALB_METHOD_TUN && given & HALB_TUNNEL_ATTRS)
		return halb_refuse(extack, -EINVAL,
				   "tun-type, tun-port and tun-csum need the method tun");
	if (tunnel.type == HALB_TUN_TYPE_GUE && !tunnel.port)
		return halb_refuse(extack, -EINVAL,
				   "a gue tunnel needs a port: give tun-port");
	if (tunnel.type != HALB_TUN_TYPE_GUE && tunnel.port)
		return halb_refuse(extack, -EINVAL,
				   "only a gue tunnel has a port: give tun-type gue, or no tun-port");
	if (tunnel.type == HALB_TUN_TYPE_IPIP && tunnel.csum)
		return halb_refuse(extack, -EINVAL,
				   "an ipip tunnel has no checksum of its own: leave tun-csum away, or use gue or gre");
	if (tunnel.type == HALB_TUN_TYPE_GRE &&
	    tunnel.csum == HALB_TUN_CSUM_REMCSUM)
		return halb_refuse(extack, -EINVAL,
				   "remcsum is gue's: a gre tunnel takes csum or none");
	return 0;
}

static int check_server(const struct halb_staged *staged,
			const struct halb_staged_server *server, u32 given,
			struct netlink_ext_ack *extack)
{
	const struct halb_service_key *key = &staged->key;

	if (server->af != key->af && server->method != HALB_METHOD_TUN)
		return halb_refuse(extack, -EINVAL,
				   "IPv4 and IPv6 do not mix: nat and dr need a server of the VIP's family, tun does not");
	if (!halb_method_rewrites(server->method) && key->port &&
	    server->port != key->port)
		return halb_refuse(extack, -EINVAL,
				   "dr and tun keep the service's port: leave the port away, or use nat");
	if (server->method == HALB_METHOD_FULLNAT &&
	    !staged->options.pool.count)
		return halb_refuse(extack, -EINVAL,
				   "fullnat needs source addresses: give the service sources first");
	if (server->method == HALB_METHOD_FULLNAT &&
	    staged->options.flags & HALB_SERVICE_FLAG_OPS)
		return halb_refuse(extack, -EINVAL,
				   "fullnat needs connections, which ops does not make: use nat, dr or tun");
	if (server->drain && server->weight)
		return halb_refuse(extack, -EINVAL,
				   "a drain needs weight 0: give it, or use server drain");
	if (server->method != HALB_METHOD_NAT &&
	    staged->options.flags & HALB_SERVICE_FLAG_FTP)
		return halb_refuse(extack, -EINVAL,
				   "the service has ftp, which needs the method nat: use it, or set the service no-ftp");
	if (server->method == HALB_METHOD_NAT && key->fwmark &&
	    staged->options.flags & HALB_SERVICE_FLAG_THROUGH_STACK)
		return halb_refuse(extack, -EINVAL,
				   "a service of a mark with through-stack takes no server with nat: use dr, tun or fullnat, or set the service no-through-stack");
	if (server->upper && server->lower > server->upper)
		return halb_refuse(extack, -ERANGE,
				   "the lower threshold must not be above the upper one");
	if (!server->upper && server->lower)
		return halb_refuse(extack, -ERANGE,
				   "a lower threshold needs an upper one");
	return check_tunnel(server, given, extack);
}

/* What belongs to another method or type does not stay. */
static void set_tunnel(struct halb_staged_server *server,
		       const struct halb_server_request *request)
{
	struct halb_tunnel *tunnel = &server->tunnel;
	const struct halb_tunnel *new = &request->tunnel;

	if (server->method != HALB_METHOD_TUN)
		*tunnel = (struct halb_tunnel) {};
	if (request->given & BIT(HALB_A_SERVER_TUN_TYPE) &&
	    tunnel->type != new->type)
		*tunnel = (struct halb_tunnel) { .type = new->type };
	if (request->given & BIT(HALB_A_SERVER_TUN_PORT))
		tunnel->port = new->port;
	if (request->given & BIT(HALB_A_SERVER_TUN_CSUM))
		tunnel->csum = new->csum;
}

static void set_server(struct halb_staged_server *server,
		       const struct halb_server_request *request)
{
	if (request->given & BIT(HALB_A_SERVER_METHOD))
		server->method = request->method;
	if (request->given & BIT(HALB_A_SERVER_WEIGHT))
		server->weight = request->weight;
	/* a weight alone calls a drain off */
	if (request->given &
	    (BIT(HALB_A_SERVER_WEIGHT) | BIT(HALB_A_SERVER_DRAIN))) {
		server->drain = request->drain;
		server->drain_given = true;
	}
	if (request->given & BIT(HALB_A_SERVER_UPPER))
		server->upper = request->upper;
	if (request->given & BIT(HALB_A_SERVER_LOWER))
		server->lower = request->lower;
	if (request->given & BIT(HALB_A_SERVER_BACKUP))
		server->backup = request->backup;
	set_tunnel(server, request);
}

/**
 * halb_stage_server_add - a server that the service must not have yet
 * @txn: transaction
 * @request: the server
 * @extack: for the sentence
 */
int halb_stage_server_add(struct halb_transaction *txn,
			  const struct halb_server_request *request,
			  struct netlink_ext_ack *extack)
{
	struct halb_staged_server server = {
		.addr = request->addr,
		.port = request->port,
		.af = request->af,
		.method = HALB_METHOD_DR,
		.weight = 1,
	};
	struct halb_staged *staged;
	int err;

	lockdep_assert_held(&txn->hn->mutex);
	staged = open_service(txn, &request->service, extack);
	if (IS_ERR(staged))
		return PTR_ERR(staged);
	if (find_server(staged, request))
		return halb_refuse(extack, -EEXIST,
				   "the service has this server already: use server set to change it");
	if (staged->count >= HALB_SERVICE_SERVERS_MAX)
		return halb_refuse(extack, -ENOSPC,
				   "at most 16384 servers fit in a service: remove some");
	if (txn->server_count >= HALB_SERVERS_MAX)
		return halb_refuse(extack, -ENOSPC,
				   "at most 262144 servers fit in a network namespace: remove some");
	set_server(&server, request);
	err = check_server(staged, &server, request->given, extack);
	if (err)
		return err;
	if (staged->count == staged->room) {
		err = make_room(staged, max(4U, 2 * staged->room));
		if (err)
			return err;
	}
	staged->servers[staged->count++] = server;
	txn->server_count++;
	return 0;
}

/**
 * halb_stage_server_set - other values for a server
 * @txn: transaction
 * @request: the server; what it does not mention stays
 * @extack: for the sentence
 *
 * Another method makes another server of it, in the same place.
 */
int halb_stage_server_set(struct halb_transaction *txn,
			  const struct halb_server_request *request,
			  struct netlink_ext_ack *extack)
{
	struct halb_staged_server *server;
	struct halb_staged *staged;

	lockdep_assert_held(&txn->hn->mutex);
	staged = open_service(txn, &request->service, extack);
	if (IS_ERR(staged))
		return PTR_ERR(staged);
	server = find_server(staged, request);
	if (!server)
		return halb_refuse(extack, -ENOENT,
				   "the service has no such server: add it first");
	set_server(server, request);
	return check_server(staged, server, request->given, extack);
}

/**
 * halb_stage_server_del - a server goes
 * @txn: transaction
 * @request: its service, address and port; other members are not looked at
 * @extack: for the sentence
 */
int halb_stage_server_del(struct halb_transaction *txn,
			  const struct halb_server_request *request,
			  struct netlink_ext_ack *extack)
{
	struct halb_staged_server *server, *end;
	struct halb_staged *staged;

	lockdep_assert_held(&txn->hn->mutex);
	staged = open_service(txn, &request->service, extack);
	if (IS_ERR(staged))
		return PTR_ERR(staged);
	server = find_server(staged, request);
	if (!server)
		return halb_refuse(extack, -ENOENT,
				   "the service has no such server");
	end = staged->servers + staged->count;
	memmove(server, server + 1, (end - server - 1) * sizeof(*server));
	staged->count--;
	txn->server_count--;
	return 0;
}

/* --- settings -------------------------------------------------------------- */

#define HALB_TAKE_SETTING(attr, member) do {				\
	if (request->given & BIT(HALB_A_SETTINGS_##attr))		\
		txn->settings.member = request->settings.member;	\
} while (0)

/**
 * halb_stage_settings - other settings
 * @txn: transaction
 * @request: what to set
 */
void halb_stage_settings(struct halb_transaction *txn,
			 const struct halb_settings_request *request)
{
	lockdep_assert_held(&txn->hn->mutex);
	HALB_TAKE_SETTING(TCP_TIMEOUT, timeout[HALB_CONN_STATE_ESTABLISHED]);
	HALB_TAKE_SETTING(TCP_FIN_TIMEOUT, timeout[HALB_CONN_STATE_FIN_WAIT]);
	HALB_TAKE_SETTING(UDP_TIMEOUT, timeout[HALB_CONN_STATE_UDP]);
	HALB_TAKE_SETTING(CONN_LIMIT, conn_limit);
	HALB_TAKE_SETTING(VIP_UNMATCHED, vip_unmatched);
	HALB_TAKE_SETTING(SOURCE_CHECK, source_check);
	HALB_TAKE_SETTING(EXPIRE_QUIESCENT_TEMPLATE, expire_quiescent);
	HALB_TAKE_SETTING(LOCAL_CLIENTS, local_clients);
	HALB_TAKE_SETTING(SUSPECT_AFTER, suspect_after);
	txn->settings_given |= request->given;
}
