// SPDX-License-Identifier: GPL-2.0
/* The services that the module has, and those that it should have. */
#include "services.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "key_map.h"

struct member {
	struct halb_server have;	/* in the module, if in */
	struct halb_server want;
	bool in;
	bool wanted;
	bool out;			/* wanted, but down */
	bool drains;
};

struct entry {
	struct halb_key key;
	struct halb_service have;
	struct halb_service want;
	bool in;
	bool wanted;
	bool ours;			/* it was wanted once */
	bool dirty;
	bool apart;			/* the module refused something of it: see apply_apart() */
	struct member *members;
	size_t count;
};

struct services {
	const struct services_ops *ops;
	void *arg;
	struct entry *entries;
	size_t count;
	struct key_map numbers;		/* of entries */
	struct halb_change *changes;
	size_t changes_count;
	size_t changes_size;
	struct services_refusal *refusals;	/* of the last commit */
	size_t refusals_count;
	size_t refusals_size;
	bool stale;			/* what is there may not be what is thought */
	bool no_memory;
	char error[512];
};

struct services *services_new(const struct services_ops *ops, void *arg)
{
	struct services *services = calloc(1, sizeof(*services));

	if (services) {
		services->ops = ops;
		services->arg = arg;
	}
	return services;
}

void services_free(struct services *services)
{
	if (!services)
		return;
	for (size_t i = 0; i < services->count; i++)
		free(services->entries[i].members);
	free(services->entries);
	key_map_free(&services->numbers);
	free(services->changes);
	free(services->refusals);
	free(services);
}

const char *services_error(const struct services *services)
{
	return services->error;
}

size_t services_changes(const struct services *services)
{
	return services->changes_count;
}

static struct entry *find(struct services *services, const struct halb_key *key)
{
	size_t i;

	return key_map_get(&services->numbers, key, &i) ? &services->entries[i] : NULL;
}

static struct entry *find_or_add(struct services *services, const struct halb_key *key)
{
	struct entry *entry = find(services, key), *entries;

	if (entry)
		return entry;
	entries = realloc(services->entries, (services->count + 1) * sizeof(*entries));
	if (!entries)
		return NULL;
	services->entries = entries;
	if (key_map_put(&services->numbers, key, services->count))
		return NULL;
	entry = &entries[services->count++];
	*entry = (struct entry){ .key = *key };
	return entry;
}

static bool same_server(const struct halb_server *a, const struct halb_server *b)
{
	return a->port == b->port && halb_addr_equal(&a->addr, &b->addr);
}

static struct member *find_member(struct entry *entry, const struct halb_server *server)
{
	for (size_t i = 0; i < entry->count; i++) {
		struct member *member = &entry->members[i];

		if (same_server(member->in ? &member->have : &member->want, server))
			return member;
	}
	return NULL;
}

static struct member *add_member(struct entry *entry)
{
	struct member *members = realloc(entry->members,
					 (entry->count + 1) * sizeof(*members));

	if (!members)
		return NULL;
	entry->members = members;
	members[entry->count] = (struct member){ 0 };
	return &members[entry->count++];
}

/* --- what is there ------------------------------------------------------------ */

static void forget(struct services *services)
{
	for (size_t i = 0; i < services->count; i++) {
		struct entry *entry = &services->entries[i];

		entry->in = false;
		entry->dirty |= entry->ours;
		for (size_t j = 0; j < entry->count; j++) {
			struct member *member = &entry->members[j];

			if (member->in && !member->wanted)
				member->want = member->have;
			member->in = false;
		}
	}
}

static int learn_service(struct services *services, const struct halb_config *config,
			 size_t i)
{
	const struct halb_service *service = &config->services[i];
	struct entry *entry = find_or_add(services, &service->key);

	if (!entry)
		return -ENOMEM;
	entry->have = *service;
	entry->in = true;
	for (size_t j = 0; j < config->servers_count[i]; j++) {
		const struct halb_server *server =
			&config->servers[config->servers_first[i] + j];
		struct member *member = find_member(entry, server);

		if (!member)
			member = add_member(entry);
		if (!member)
			return -ENOMEM;
		member->have = *server;
		member->in = true;
	}
	return 0;
}

int services_adopt(struct services *services)
{
	struct halb_config config;
	int err = services->ops->read(services->arg, &config, services->error,
				      sizeof(services->error));

	if (err)
		return err;
	forget(services);
	for (size_t i = 0; i < config.services_count && !err; i++)
		err = learn_service(services, &config, i);
	halb_config_free(&config);
	if (err)
		snprintf(services->error, sizeof(services->error), "no memory");
	return err;
}

int64_t services_weight(struct services *services, const struct halb_key *key,
			const struct halb_addr *addr, uint16_t port)
{
	struct halb_server server = { .addr = *addr, .port = port };
	struct entry *entry = find(services, key);
	struct member *member;

	if (!entry || !entry->in)
		return SERVICES_UNKNOWN;
	member = find_member(entry, &server);
	return member && member->in ? (int64_t)member->have.weight : SERVICES_ABSENT;
}

/* --- what should be there --------------------------------------------------------- */

void services_flush(struct services *services)
{
	for (size_t i = 0; i < services->count; i++) {
		struct entry *entry = &services->entries[i];

		if (!entry->wanted) {
			entry->ours = true;
			entry->dirty = true;
		}
	}
}

void services_drop(struct services *services, const struct halb_key *key)
{
	struct entry *entry = find(services, key);

	if (entry) {
		entry->wanted = false;
		entry->dirty = true;
	}
}

int services_want(struct services *services, const struct halb_service *service,
		  const struct services_server *servers, size_t count)
{
	struct entry *entry = find_or_add(services, &service->key);

	if (!entry)
		return -ENOMEM;
	entry->want = *service;
	entry->wanted = true;
	entry->ours = true;
	entry->dirty = true;
	for (size_t i = 0; i < entry->count; i++)
		entry->members[i].wanted = false;
	for (size_t i = 0; i < count; i++) {
		struct member *member = find_member(entry, &servers[i].server);

		if (!member)
			member = add_member(entry);
		if (!member)
			return -ENOMEM;
		member->want = servers[i].server;
		member->wanted = true;
		member->out = servers[i].out;
		member->drains = false;
	}
	return 0;
}

/* --- the difference ------------------------------------------------------------------ */

static struct halb_change *add_change(struct services *services, enum halb_change_op op,
				      enum halb_object object)
{
	size_t size = services->changes_size;
	struct halb_change *changes;

	if (services->changes_count == size) {
		size = size ? 2 * size : 16;
		changes = realloc(services->changes, size * sizeof(*changes));
		if (!changes) {
			services->no_memory = true;
			return NULL;
		}
		services->changes = changes;
		services->changes_size = size;
	}
	changes = &services->changes[services->changes_count++];
	*changes = (struct halb_change){ .op = op, .object = object };
	return changes;
}

static void change_service(struct services *services, enum halb_change_op op,
			   const struct halb_service *service)
{
	struct halb_change *change = add_change(services, op, HALB_OBJECT_SERVICE);

	if (change)
		change->service = *service;
}

static void change_server(struct services *services, enum halb_change_op op,
			  const struct halb_server *server, const struct halb_key *key)
{
	struct halb_change *change = add_change(services, op, HALB_OBJECT_SERVER);

	if (change) {
		change->server = *server;
		change->server.service = *key;
	}
}

/* Only what is asked for counts: an answer has more. */
static bool service_is(const struct halb_service *have, const struct halb_service *want)
{
	uint32_t asked = want->present;

	return !((asked & HALB_SVC_SCHEDULER && strcmp(have->scheduler, want->scheduler)) ||
		 (asked & HALB_SVC_FLAGS &&
		  (have->flags ^ want->flags) & want->flags_mask) ||
		 (asked & HALB_SVC_PERSIST_TIMEOUT &&
		  have->persist_timeout != want->persist_timeout) ||
		 (asked & HALB_SVC_PERSIST_PREFIX &&
		  have->persist_prefix != want->persist_prefix) ||
		 (asked & HALB_SVC_TCP_TIMEOUT && have->tcp_timeout != want->tcp_timeout) ||
		 (asked & HALB_SVC_TCP_FIN_TIMEOUT &&
		  have->tcp_fin_timeout != want->tcp_fin_timeout) ||
		 (asked & HALB_SVC_UDP_TIMEOUT && have->udp_timeout != want->udp_timeout) ||
		 (asked & HALB_SVC_SLOW_START && have->slow_start != want->slow_start) ||
		 (asked & HALB_SVC_CONN_LIMIT && have->conn_limit != want->conn_limit) ||
		 (asked & HALB_SVC_VRRP && strcmp(have->vrrp, want->vrrp)) ||
		 (asked & HALB_SVC_SOURCES &&
		  (have->source_count != want->source_count ||
		   (want->source_count && !halb_addr_equal(&have->source, &want->source)))));
}

static bool server_is(const struct halb_server *have, const struct halb_server *want)
{
	uint32_t asked = want->present;

	return !((asked & HALB_SRV_METHOD && have->method != want->method) ||
		 (asked & HALB_SRV_WEIGHT && have->weight != want->weight) ||
		 (asked & HALB_SRV_UPPER && have->upper != want->upper) ||
		 (asked & HALB_SRV_LOWER && have->lower != want->lower) ||
		 (asked & HALB_SRV_TUN_TYPE && have->tun_type != want->tun_type) ||
		 (asked & HALB_SRV_TUN_PORT && have->tun_port != want->tun_port) ||
		 (asked & HALB_SRV_TUN_CSUM && have->tun_csum != want->tun_csum) ||
		 (asked & HALB_SRV_BACKUP && have->backup != want->backup));
}

static void diff_member(struct services *services, struct entry *entry,
			struct member *member)
{
	if (member->wanted && !member->out) {
		if (!member->in)
			change_server(services, HALB_CHANGE_OP_ADD, &member->want, &entry->key);
		else if (!server_is(&member->have, &member->want))
			change_server(services, HALB_CHANGE_OP_SET, &member->want, &entry->key);
	} else if (member->in && member->wanted) {
		change_server(services, HALB_CHANGE_OP_DEL, &member->have, &entry->key);
	} else if (member->in) {
		struct halb_server drained = member->have;

		member->drains = true;
		drained.present = HALB_SRV_PORT | HALB_SRV_WEIGHT;
		drained.weight = 0;
		if (member->have.weight)
			change_server(services, HALB_CHANGE_OP_SET, &drained, &entry->key);
	}
}

static bool wants_ftp(const struct entry *entry)
{
	return entry->in &&
	       entry->want.flags & entry->want.flags_mask & HALB_SERVICE_FLAG_FTP;
}

/*
 * The module refuses ftp as long as there is a server of another method, which may have to drain
 * yet, and for a service with through-stack, which halbctl has set.
 */
static bool ftp_waits(const struct entry *entry)
{
	if (!wants_ftp(entry))
		return false;
	for (size_t j = 0; j < entry->count; j++)
		if (entry->members[j].in && !entry->members[j].wanted &&
		    entry->members[j].have.method != HALB_METHOD_NAT)
			return true;
	return entry->have.flags & HALB_SERVICE_FLAG_THROUGH_STACK;
}

/* What can be asked for now. */
static struct halb_service possible(const struct entry *entry)
{
	struct halb_service want = entry->want;

	if (ftp_waits(entry)) {
		want.flags &= ~HALB_SERVICE_FLAG_FTP;
		want.flags_mask &= ~HALB_SERVICE_FLAG_FTP;
	}
	return want;
}

static void diff_service(struct services *services, const struct entry *entry)
{
	struct halb_service want = possible(entry);

	if (!entry->in)
		change_service(services, HALB_CHANGE_OP_ADD, &want);
	else if (!service_is(&entry->have, &want))
		change_service(services, HALB_CHANGE_OP_SET, &want);
}

static void diff_members(struct services *services, struct entry *entry)
{
	for (size_t j = 0; j < entry->count; j++)
		diff_member(services, entry, &entry->members[j]);
}

/* The module wants all servers to be nat's before, and until after, their service has ftp. */
static void diff(struct services *services, struct entry *entry)
{
	bool last = wants_ftp(entry);

	if (!last)
		diff_service(services, entry);
	diff_members(services, entry);
	if (last)
		diff_service(services, entry);
}

static void diff_gone(struct services *services)
{
	for (size_t i = 0; i < services->count; i++) {
		struct entry *entry = &services->entries[i];

		if (entry->dirty && entry->in && !entry->wanted)
			change_service(services, HALB_CHANGE_OP_DEL, &entry->have);
	}
}

/* --- it has taken effect ------------------------------------------------------------- */

/* What is neither there nor wanted is forgotten. */
static void tidy_members(struct entry *entry)
{
	size_t kept = 0;

	for (size_t i = 0; i < entry->count; i++)
		if (entry->members[i].in || entry->members[i].wanted)
			entry->members[kept++] = entry->members[i];
	entry->count = kept;
}

static void settle_member(struct member *member)
{
	if (member->wanted) {
		member->in = !member->out;
		member->have = member->want;
	} else if (member->in) {
		member->have.weight = 0;
	}
}

static void settle_service(struct entry *entry)
{
	uint32_t others = entry->in ? entry->have.flags & ~entry->want.flags_mask : 0;

	entry->have = possible(entry);
	entry->have.flags |= others;
	entry->in = true;
}

static void settle(struct entry *entry)
{
	bool waits = ftp_waits(entry);

	settle_service(entry);
	for (size_t j = 0; j < entry->count; j++)
		settle_member(&entry->members[j]);
	tidy_members(entry);
	entry->dirty = waits;
}

static void settle_gone(struct services *services)
{
	size_t kept = 0;

	for (size_t i = 0; i < services->count; i++) {
		struct entry *entry = &services->entries[i];

		if (entry->dirty && !entry->wanted)
			free(entry->members);
		else
			services->entries[kept++] = *entry;
	}
	if (kept == services->count)
		return;
	services->count = kept;
	key_map_clear(&services->numbers);
	/* as many had room: no memory is needed */
	for (size_t i = 0; i < kept; i++)
		key_map_put(&services->numbers, &services->entries[i].key, i);
}

/* --- transactions -------------------------------------------------------------------- */

static void start(struct services *services)
{
	services->changes_count = 0;
	services->no_memory = false;
}

static int transact(struct services *services)
{
	if (services->no_memory) {
		snprintf(services->error, sizeof(services->error), "no memory");
		return -ENOMEM;
	}
	if (!services->changes_count)
		return 0;
	return services->ops->apply(services->arg, services->changes, services->changes_count,
				    services->error, sizeof(services->error));
}

/* All of it, but for those of which something was refused before. */
static int apply(struct services *services)
{
	int err;

	start(services);
	/* What goes makes room for what comes. */
	diff_gone(services);
	for (size_t i = 0; i < services->count; i++) {
		struct entry *entry = &services->entries[i];

		if (!entry->dirty || !entry->wanted || entry->apart)
			continue;
		diff(services, entry);
	}
	err = transact(services);
	if (err)
		return err;
	settle_gone(services);
	for (size_t i = 0; i < services->count; i++)
		if (services->entries[i].dirty && !services->entries[i].apart)
			settle(&services->entries[i]);
	return 0;
}

/* --- what the module refuses ------------------------------------------------------------ */

/* Not about one service: nothing can be done for any of them. */
static bool is_general(int err)
{
	return err == -ENOMEM || err == -ENOBUFS || err == -EPERM || err == -ENODEV ||
	       err == -EAGAIN;
}

/* server: NULL for the service itself */
static int refused(struct services *services, const struct entry *entry,
		   const struct halb_server *server, int err)
{
	struct services_refusal *refusals = services->refusals, *refusal;
	size_t size = services->refusals_size;

	if (services->refusals_count == size) {
		size = size ? 2 * size : 4;
		refusals = realloc(refusals, size * sizeof(*refusals));
		if (!refusals)
			return -ENOMEM;
		services->refusals = refusals;
		services->refusals_size = size;
	}
	services->stale |= err == -ENOENT || err == -EEXIST;
	refusal = &refusals[services->refusals_count++];
	*refusal = (struct services_refusal){ .key = entry->key, .served = entry->in };
	if (server) {
		refusal->addr = server->addr;
		refusal->port = server->port;
	}
	snprintf(refusal->why, sizeof(refusal->why), "%.255s", services->error);
	return 0;
}

/* Server by server, those that the module takes. */
static int apply_members(struct services *services, struct entry *entry)
{
	for (size_t j = 0; j < entry->count; j++) {
		struct member *member = &entry->members[j];
		int err;

		start(services);
		diff_member(services, entry, member);
		err = transact(services);
		if (is_general(err))
			return err;
		if (!err)
			settle_member(member);
		else if (refused(services, entry, &member->want, err))
			return -ENOMEM;
	}
	return 0;
}

/* The service itself. If a change of it is refused, the one that is there goes on. */
static int apply_service(struct services *services, struct entry *entry)
{
	int err;

	start(services);
	diff_service(services, entry);
	err = transact(services);
	if (is_general(err))
		return err;
	if (err)
		return refused(services, entry, NULL, err);
	settle_service(entry);
	return 0;
}

/*
 * A service of which the module refuses something: what it takes is done all the same, and the
 * servers follow their checks.
 */
static int apply_apart(struct services *services, struct entry *entry)
{
	size_t before = services->refusals_count;
	bool last = wants_ftp(entry);
	int err = 0;

	if (!last)
		err = apply_service(services, entry);
	if (!err && entry->in)
		err = apply_members(services, entry);
	if (!err && last)
		err = apply_service(services, entry);
	if (err)
		return err;
	tidy_members(entry);
	entry->apart = services->refusals_count != before;
	entry->dirty = entry->apart || ftp_waits(entry);
	return 0;
}

/* Which of them is it? All that the module takes as a whole is done so. */
static int apply_each(struct services *services)
{
	int err;

	start(services);
	diff_gone(services);
	err = transact(services);
	if (err)
		return err;
	settle_gone(services);
	for (size_t i = 0; i < services->count; i++) {
		struct entry *entry = &services->entries[i];

		if (!entry->dirty || entry->apart)
			continue;
		start(services);
		diff(services, entry);
		err = transact(services);
		if (is_general(err))
			return err;
		if (err)
			entry->apart = true;
		else
			settle(entry);
	}
	return 0;
}

int services_commit(struct services *services)
{
	int err = services->stale ? services_adopt(services) : 0;

	if (err)
		return err;
	services->stale = false;
	services->refusals_count = 0;
	err = apply(services);
	if (is_general(err))
		return err;
	if (err) {
		/* Somebody else was there: halbctl, or another module was loaded. */
		err = services_adopt(services);
		if (!err)
			err = apply(services);
		if (is_general(err))
			return err;
		if (err)
			err = apply_each(services);
		if (err)
			return err;
	}
	for (size_t i = 0; i < services->count && !err; i++)
		if (services->entries[i].dirty && services->entries[i].apart)
			err = apply_apart(services, &services->entries[i]);
	return err;
}

size_t services_refusals(const struct services *services, const struct services_refusal **list)
{
	*list = services->refusals;
	return services->refusals_count;
}

/* --- drain --------------------------------------------------------------------------- */

size_t services_draining(const struct services *services)
{
	size_t count = 0;

	for (size_t i = 0; i < services->count; i++)
		for (size_t j = 0; j < services->entries[i].count; j++)
			count += services->entries[i].members[j].drains;
	return count;
}

/* True when it is gone. */
static bool drained(struct services *services, struct entry *entry, struct member *member)
{
	struct halb_change change = {
		.op = HALB_CHANGE_OP_DEL,
		.object = HALB_OBJECT_SERVER,
		.server = member->have,
	};
	uint64_t conns = 0;
	int err;

	change.server.service = entry->key;
	err = services->ops->conns(services->arg, &change.server, &conns);
	if (err)
		return err == -ENOENT;
	if (conns)
		return false;
	err = services->ops->apply(services->arg, &change, 1, services->error,
				   sizeof(services->error));
	return !err || err == -ENOENT;
}

size_t services_poll(struct services *services)
{
	for (size_t i = 0; i < services->count; i++) {
		struct entry *entry = &services->entries[i];

		for (size_t j = 0; j < entry->count; j++) {
			struct member *member = &entry->members[j];

			if (!member->drains || !drained(services, entry, member))
				continue;
			member->drains = false;
			member->in = false;
		}
		tidy_members(entry);
	}
	return services_draining(services);
}
