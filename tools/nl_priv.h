/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nl's own: what its files share. nl.c talks to the kernel, nl_read.c fetches,
 * nl_why.c asks about a packet, nl_txn.c changes all at once, nl_events.c listens, nl_codec.c translates.
 */
#ifndef HALB_NL_PRIV_H
#define HALB_NL_PRIV_H

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "nl.h"
#include "util.h"

/* Room for a request, and for one datagram of an answer: the kernel makes those
 * of a dump up to 32 KiB if the buffer is larger.
 */
#define NL_BUF_SIZE	65536

/* Each describes the failure in ctx->err and returns -code. */
int nl_fail(struct nl_ctx *ctx, int code, const char *format, ...)
	__printf(3, 4);
int nl_fail_memory(struct nl_ctx *ctx);
int nl_fail_answer(struct nl_ctx *ctx);

/* A request in ctx->buf, or in a buffer of the caller, to append to. */
struct nlmsghdr *nl_request(struct nl_ctx *ctx, uint8_t cmd, uint16_t flags);
struct nlmsghdr *nl_request_in(const struct nl_ctx *ctx, void *buf, uint8_t cmd);

/* Called for each message of an answer; 0 to go on. */
typedef int (*nl_answer_cb)(struct nl_ctx *ctx, const struct nlmsghdr *nlh, void *arg);

/* Sends a request and reads the answer to its end. A callback's result, if not
 * 0, ends it and is returned. *interrupted (may be NULL) says whether a dump
 * saw a configuration that changed meanwhile.
 */
int nl_talk(struct nl_ctx *ctx, struct nlmsghdr *nlh, bool *interrupted,
	    nl_answer_cb cb, void *arg);

/* The message's first attribute of that type, or NULL. */
const struct nlattr *nl_find_attr(const struct nlmsghdr *nlh, uint16_t type);

#endif
