/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel module, by netlink. nl.c is the only file that knows how: what
 * comes and goes here are the plain structs of model.h.
 *
 *	struct nl_ctx ctx;
 *
 *	if (nl_open(&ctx) || nl_change(&ctx, &change))
 *		fprintf(stderr, "halbctl: %s\n", ctx.err.text);
 *	nl_close(&ctx);
 *
 * Every operation returns 0 or a negative errno and, when it fails, describes
 * the failure in ctx.err: errno for programs, a sentence for people. Sentences
 * of the kernel (extack) are passed on unchanged.
 *
 * A context is one socket and one thread's. It belongs to the network namespace
 * in which it was opened.
 */
#ifndef HALB_NL_H
#define HALB_NL_H

#include "model.h"

struct mnl_socket;

struct nl_error {
	int code;			/* positive errno */
	bool from_kernel;		/* text is the kernel's own sentence */
	bool absent;			/* the kernel has no family "halb" */
	bool has_offset;		/* offset is known */
	uint32_t offset;		/* of the attribute at fault in the request */
	char text[512];			/* one sentence, no newline */
};

struct nl_ctx {
	struct nl_error err;		/* of the operation that failed last */
	/* the rest is nl.c's own */
	struct mnl_socket *sock;
	uint16_t family;
	uint32_t events_group;
	uint32_t seq;
	char *buf;			/* holds a request, then its answers */
};

/* Opens a socket and finds the family. When the kernel does not have it, err
 * says which of these it is and what to do: module not loaded, module built
 * for another kernel, module refused by Secure Boot (err.absent is true).
 * Whether it succeeded or not, nl_close() may follow.
 */
int nl_open(struct nl_ctx *ctx);
void nl_close(struct nl_ctx *ctx);

/* --- changes, one at a time; CAP_NET_ADMIN ----------------------------------- */

/* Carries out one change:
 *   add, set, del of HALB_OBJECT_SERVICE or HALB_OBJECT_SERVER;
 *   set of HALB_OBJECT_SETTINGS; flush (every service goes).
 */
int nl_change(struct nl_ctx *ctx, const struct halb_change *change);

/* The same, spelled for callers who hold the object. op is add, set or del. */
int nl_service_write(struct nl_ctx *ctx, enum halb_change_op op,
		     const struct halb_service *service);
int nl_server_write(struct nl_ctx *ctx, enum halb_change_op op,
		    const struct halb_server *server);
int nl_settings_set(struct nl_ctx *ctx, const struct halb_settings *settings);
int nl_service_flush(struct nl_ctx *ctx);

/* Statistics to zero: of one service with its servers, or of all (NULL). */
int nl_zero(struct nl_ctx *ctx, const struct halb_key *service);

/* --- VRRP instances: what this director is for them; CAP_NET_ADMIN ------------- */

/* As many as NL_INSTANCES_MAX at once: all of them change, or none. Those with
 * HALB_INST_GRACE belong to ctx from then on: nobody else may set them, and they
 * go into fault that long after nl_close() or the death of the process, unless
 * they are set again from another socket meanwhile.
 */
#define NL_INSTANCES_MAX	256

int nl_instance_set(struct nl_ctx *ctx, const struct halb_instance *instances,
		    size_t count);
int nl_instance_del(struct nl_ctx *ctx, const char *name);

/* --- reading; no privilege --------------------------------------------------- */

int nl_service_get(struct nl_ctx *ctx, const struct halb_key *key,
		   struct halb_service *service);
/* port: NULL means the service's */
int nl_server_get(struct nl_ctx *ctx, const struct halb_key *service,
		  const struct halb_addr *addr, const uint16_t *port,
		  struct halb_server *server);

/* Lists are consistent: if the configuration changes while it is read, it is
 * read again, and after several times the operation fails with EAGAIN. The
 * caller frees *list; it is NULL when *count is 0 or on failure.
 */
int nl_service_list(struct nl_ctx *ctx, struct halb_service **list,
		    size_t *count);
/* service: NULL means the servers of all services */
int nl_server_list(struct nl_ctx *ctx, const struct halb_key *service,
		   struct halb_server **list, size_t *count);

/* Services, their servers and the settings, all of one generation. */
int nl_config_get(struct nl_ctx *ctx, struct halb_config *config);

int nl_instance_get(struct nl_ctx *ctx, const char *name,
		    struct halb_instance *instance);
int nl_instance_list(struct nl_ctx *ctx, struct halb_instance **list,
		     size_t *count);

int nl_settings_get(struct nl_ctx *ctx, struct halb_settings *settings);
/* version, generation, totals, counters by name, settings */
int nl_info_get(struct nl_ctx *ctx, struct halb_info *info);

/* --- connections; CAP_NET_ADMIN ---------------------------------------------- */

/* Calls back for every connection and template that equals the filter in
 * whatever is present there (NULL: for all), as they arrive: a connection that
 * lives through the dump comes at least once. cb returns 0 to go on; anything
 * else ends the dump and is returned. cb must not use ctx.
 */
typedef int (*nl_conn_cb)(const struct halb_conn *conn, void *arg);
int nl_conn_dump(struct nl_ctx *ctx, const struct halb_conn *filter,
		 nl_conn_cb cb, void *arg);
/* Removes what the filter selects (NULL: everything). */
int nl_conn_flush(struct nl_ctx *ctx, const struct halb_conn *filter,
		  uint32_t *flushed);

/* What becomes of a packet, named by protocol, client and service of `packet`, maybe with a mark;
 * device: by which it comes, or NULL. Changes nothing.
 */
int nl_why(struct nl_ctx *ctx, const struct halb_conn *packet, const char *device,
	   struct halb_why *why);

/* --- transactions; CAP_NET_ADMIN --------------------------------------------- */

/*
 * All changes take effect at commit, or none does:
 *
 *	nl_txn_begin(&ctx, &txn, HALB_TRANSACTION_FLAG_REPLACE, NULL);
 *	for each change: nl_txn_put(&txn, &change);
 *	nl_txn_commit(&txn, NULL);
 *
 * Changes are gathered into messages of up to 32 KiB, so that a put or the
 * commit may fail because of an earlier change: `failed` has its number. After
 * a failure the transaction is over, in the kernel too; no abort is needed.
 */
#define NL_TXN_NO_CHANGE	SIZE_MAX

struct nl_txn {
	/* the change that was refused, counted from 0 in the order of the puts;
	 * NL_TXN_NO_CHANGE if the refusal was not about one change
	 */
	size_t failed;
	/* the rest is nl.c's own */
	struct nl_ctx *ctx;
	uint32_t id;
	char *msg;			/* the put being filled; NULL: no transaction */
	size_t sent;			/* changes before the ones in msg */
	size_t queued;			/* changes in msg */
	uint32_t *offsets;		/* where each of them begins */
};

/* flags: 0 or HALB_TRANSACTION_FLAG_REPLACE. generation: the configuration must
 * have this one at commit (EAGAIN otherwise), or NULL.
 */
int nl_txn_begin(struct nl_ctx *ctx, struct nl_txn *txn, uint32_t flags,
		 const uint32_t *generation);
int nl_txn_put(struct nl_txn *txn, const struct halb_change *change);
/* generation: where the new one goes, or NULL */
int nl_txn_commit(struct nl_txn *txn, uint32_t *generation);
void nl_txn_abort(struct nl_txn *txn);

/* --- events; no privilege ---------------------------------------------------- */

/* Makes ctx a socket of events; it is good for nothing else from then on. */
int nl_events_subscribe(struct nl_ctx *ctx);
/* for poll() */
int nl_events_fd(const struct nl_ctx *ctx);

/* Waits for events and calls back for each that arrived. Returns 0, what cb
 * returned if not 0, or a negative errno. Overflow of the socket is not an
 * error but HALB_EVENT_LOST; the end of the module is one, ENODEV.
 */
typedef int (*nl_event_cb)(const struct halb_event *event, void *arg);
int nl_events_read(struct nl_ctx *ctx, nl_event_cb cb, void *arg);

#endif
