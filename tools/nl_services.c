// SPDX-License-Identifier: GPL-2.0
/* The real module for services.h. */
#include "nl_services.h"

#include <errno.h>
#include <stdio.h>

#include "nl.h"

static int failed(const struct nl_ctx *ctx, int ret, char *err, size_t size)
{
	snprintf(err, size, "%s", ctx->err.text);
	return ret;
}

static int read_all(void *arg, struct halb_config *config, char *err, size_t size)
{
	struct nl_ctx *ctx = arg;
	int ret = nl_config_get(ctx, config);

	return ret ? failed(ctx, ret, err, size) : 0;
}

static int apply(void *arg, const struct halb_change *changes, size_t count, char *err,
		 size_t size)
{
	struct nl_ctx *ctx = arg;
	struct nl_txn txn;
	int ret = nl_txn_begin(ctx, &txn, 0, NULL);

	/* others have too many open: not the fault of a change, of which -EBUSY would be */
	if (ret == -EBUSY)
		ret = -EAGAIN;
	for (size_t i = 0; i < count && !ret; i++)
		ret = nl_txn_put(&txn, &changes[i]);
	if (!ret)
		ret = nl_txn_commit(&txn, NULL);
	return ret ? failed(ctx, ret, err, size) : 0;
}

static int conns(void *arg, const struct halb_server *server, uint64_t *count)
{
	struct nl_ctx *ctx = arg;
	struct halb_server now;
	int ret = nl_server_get(ctx, &server->service, &server->addr, &server->port, &now);

	if (ret)
		return ret;
	*count = (uint64_t)now.active_conns + now.inactive_conns + now.persist_conns;
	return 0;
}

const struct services_ops nl_services_ops = {
	.read = read_all,
	.apply = apply,
	.conns = conns,
};
