// SPDX-License-Identifier: GPL-2.0
/* Transactions: many changes, all or none. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nl_codec.h"
#include "nl_priv.h"

/* What the contract allows for one message of changes. */
#define MSG_MAX		32768
/* No change is smaller: its header, and its operation with a header. */
#define CHANGE_MIN	12
#define CHANGES_MAX	(MSG_MAX / CHANGE_MIN)

struct begun {
	uint32_t id;
	bool found;
};

static int take_begun(struct nl_ctx *ctx, const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr = nl_find_attr(nlh, HALB_A_TRANSACTION);
	struct begun *begun = arg;

	if (!attr || !nl_get_u32(attr, &begun->id))
		return nl_fail_answer(ctx);
	begun->found = true;
	return 0;
}

static void start_message(struct nl_txn *txn)
{
	struct nlmsghdr *nlh;

	nlh = nl_request_in(txn->ctx, txn->msg, HALB_CMD_TRANSACTION_PUT);
	mnl_attr_put_u32(nlh, HALB_A_TRANSACTION, txn->id);
	txn->queued = 0;
}

static void finish(struct nl_txn *txn)
{
	free(txn->msg);
	free(txn->offsets);
	txn->msg = NULL;
	txn->offsets = NULL;
}

int nl_txn_begin(struct nl_ctx *ctx, struct nl_txn *txn, uint32_t flags,
		 const uint32_t *generation)
{
	struct nlmsghdr *nlh = nl_request(ctx, HALB_CMD_TRANSACTION_BEGIN, 0);
	struct begun begun = { 0 };
	int ret;

	*txn = (struct nl_txn){ .failed = NL_TXN_NO_CHANGE, .ctx = ctx };
	if (flags)
		mnl_attr_put_u32(nlh, HALB_A_TRANSACTION_FLAGS, flags);
	if (generation)
		mnl_attr_put_u32(nlh, HALB_A_GENERATION, *generation);
	ret = nl_talk(ctx, nlh, NULL, take_begun, &begun);
	if (ret)
		return ret;
	if (!begun.found)
		return nl_fail_answer(ctx);
	txn->id = begun.id;
	txn->msg = malloc(MSG_MAX);
	txn->offsets = malloc(CHANGES_MAX * sizeof(*txn->offsets));
	if (!txn->msg || !txn->offsets) {
		nl_txn_abort(txn);
		return nl_fail_memory(ctx);
	}
	start_message(txn);
	return 0;
}

/* The change whose bytes in the message the kernel points to. */
static size_t change_at(const struct nl_txn *txn, const struct nl_error *err)
{
	size_t i = txn->queued;

	if (!err->has_offset && i == 1)
		return txn->sent;
	if (!err->has_offset || !i || err->offset < txn->offsets[0])
		return NL_TXN_NO_CHANGE;
	while (txn->offsets[i - 1] > err->offset)
		i--;
	return txn->sent + i - 1;
}

/* Whatever went wrong, nothing may stay behind in the kernel. */
static int give_up(struct nl_txn *txn, int ret)
{
	struct nl_error err = txn->ctx->err;

	nl_txn_abort(txn);
	txn->ctx->err = err;
	return ret;
}

static int send_message(struct nl_txn *txn)
{
	int ret;

	if (!txn->queued)
		return 0;
	ret = nl_talk(txn->ctx, (struct nlmsghdr *)txn->msg, NULL, NULL, NULL);
	if (ret) {
		txn->failed = change_at(txn, &txn->ctx->err);
		return give_up(txn, ret);
	}
	txn->sent += txn->queued;
	start_message(txn);
	return 0;
}

int nl_txn_put(struct nl_txn *txn, const struct halb_change *change)
{
	struct nlmsghdr *nlh;
	int ret;

	if (!txn->msg)
		return nl_fail(txn->ctx, EINVAL, "no transaction is open");
	nlh = (struct nlmsghdr *)txn->msg;
	if (nlh->nlmsg_len + NL_OBJECT_MAX > MSG_MAX || txn->queued == CHANGES_MAX) {
		ret = send_message(txn);
		if (ret)
			return ret;
	}
	txn->offsets[txn->queued++] = nlh->nlmsg_len;
	nl_put_change(nlh, HALB_A_CHANGE, change);
	return 0;
}

static int take_generation(struct nl_ctx *ctx, const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr = nl_find_attr(nlh, HALB_A_GENERATION);

	if (arg && (!attr || !nl_get_u32(attr, arg)))
		return nl_fail_answer(ctx);
	return 0;
}

int nl_txn_commit(struct nl_txn *txn, uint32_t *generation)
{
	struct nlmsghdr *nlh;
	int ret;

	if (!txn->msg)
		return nl_fail(txn->ctx, EINVAL, "no transaction is open");
	ret = send_message(txn);
	if (ret)
		return ret;
	nlh = nl_request(txn->ctx, HALB_CMD_TRANSACTION_COMMIT, 0);
	mnl_attr_put_u32(nlh, HALB_A_TRANSACTION, txn->id);
	ret = nl_talk(txn->ctx, nlh, NULL, take_generation, generation);
	if (ret)
		return give_up(txn, ret);
	finish(txn);
	return 0;
}

/* Also for a transaction that never began, or that is over. */
void nl_txn_abort(struct nl_txn *txn)
{
	struct nlmsghdr *nlh;

	if (!txn->msg && !txn->offsets)
		return;
	nlh = nl_request(txn->ctx, HALB_CMD_TRANSACTION_ABORT, 0);
	mnl_attr_put_u32(nlh, HALB_A_TRANSACTION, txn->id);
	nl_talk(txn->ctx, nlh, NULL, NULL, NULL);
	finish(txn);
}
