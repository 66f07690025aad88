// SPDX-License-Identifier: GPL-2.0
#include "nl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "absent.h"
#include "nl_codec.h"
#include "nl_priv.h"

/* --- errors ------------------------------------------------------------------ */

int nl_fail(struct nl_ctx *ctx, int code, const char *format, ...)
{
	va_list ap;

	memset(&ctx->err, 0, sizeof(ctx->err));
	ctx->err.code = code;
	va_start(ap, format);
	vsnprintf(ctx->err.text, sizeof(ctx->err.text), format, ap);
	va_end(ap);
	return -code;
}

int nl_fail_memory(struct nl_ctx *ctx)
{
	return nl_fail(ctx, ENOMEM, "out of memory");
}

int nl_fail_answer(struct nl_ctx *ctx)
{
	return nl_fail(ctx, EBADMSG,
		       "the kernel's answer makes no sense: are halbctl and the module of different versions?");
}

/* For a kernel that refuses without a sentence of its own. */
static int fail_errno(struct nl_ctx *ctx, int code)
{
	switch (code) {
	case EPERM:
	case EACCES:
		return nl_fail(ctx, code,
			       "not permitted: this needs root, or CAP_NET_ADMIN in this network namespace");
	case EOPNOTSUPP:
		return nl_fail(ctx, code,
			       "the loaded module does not know this operation: load the one that came with this halbctl");
	case ENOMEM:
		return nl_fail(ctx, code, "the kernel is out of memory");
	case EAGAIN:
		return nl_fail(ctx, code, "the configuration was changed by someone else meanwhile: try again");
	default:
		return nl_fail(ctx, code, "the kernel refused: %s", strerror(code));
	}
}

/* The kernel's refusal: errno and, in attributes, what it says about it. */
static int fail_kernel(struct nl_ctx *ctx, int code, const void *attrs, size_t len)
{
	const struct nlattr *attr;

	fail_errno(ctx, code);
	mnl_attr_for_each_payload(attrs, len) {
		switch (mnl_attr_get_type(attr)) {
		case NLMSGERR_ATTR_MSG:
			if (nl_get_string(attr, ctx->err.text, sizeof(ctx->err.text)))
				ctx->err.from_kernel = true;
			break;
		case NLMSGERR_ATTR_OFFS:
			ctx->err.has_offset = nl_get_u32(attr, &ctx->err.offset);
			break;
		}
	}
	return -code;
}

/* --- requests and answers ---------------------------------------------------- */

static struct nlmsghdr *prepare(void *buf, uint16_t type, uint8_t cmd,
				uint8_t version, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	return nlh;
}

struct nlmsghdr *nl_request(struct nl_ctx *ctx, uint8_t cmd, uint16_t flags)
{
	return prepare(ctx->buf, ctx->family, cmd, HALB_GENL_VERSION, flags);
}

struct nlmsghdr *nl_request_in(const struct nl_ctx *ctx, void *buf, uint8_t cmd)
{
	return prepare(buf, ctx->family, cmd, HALB_GENL_VERSION, 0);
}

/* An answer while it is read. */
struct answer {
	nl_answer_cb cb;
	void *arg;
	bool interrupted;
	bool ended;
};

/* NLMSG_ERROR, which is also how success is acknowledged, and the end of a
 * dump, which may fail late.
 */
static int read_end(struct nl_ctx *ctx, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	size_t len = mnl_nlmsg_get_payload_len(nlh), skip;

	if (nlh->nlmsg_type == NLMSG_DONE) {
		skip = sizeof(err->error);
		if (len < skip)
			return 0;
	} else {
		skip = sizeof(*err);
		if (len < skip)
			return nl_fail_answer(ctx);
		/* Without NLM_F_CAPPED the request stands before the attributes. */
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED) && err->msg.nlmsg_len > NLMSG_HDRLEN)
			skip += MNL_ALIGN(err->msg.nlmsg_len) - NLMSG_HDRLEN;
	}
	if (err->error >= 0)
		return 0;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || skip > len)
		skip = len;
	return fail_kernel(ctx, -err->error, (const char *)err + skip, len - skip);
}

/* One datagram's messages. */
static int read_datagram(struct nl_ctx *ctx, int len, struct answer *answer)
{
	const struct nlmsghdr *nlh = (const void *)ctx->buf;
	int ret = 0;

	for (; !ret && mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_seq != ctx->seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			answer->interrupted = true;
		switch (nlh->nlmsg_type) {
		case NLMSG_ERROR:
		case NLMSG_DONE:
			answer->ended = true;
			return read_end(ctx, nlh);
		case NLMSG_NOOP:
		case NLMSG_OVERRUN:
			continue;
		}
		if (mnl_nlmsg_get_payload_len(nlh) < GENL_HDRLEN)
			ret = nl_fail_answer(ctx);
		else if (answer->cb)
			ret = answer->cb(ctx, nlh, answer->arg);
	}
	return ret;
}

static int read_answer(struct nl_ctx *ctx, struct answer *answer)
{
	ssize_t len;
	int ret = 0;

	while (!ret && !answer->ended) {
		len = mnl_socket_recvfrom(ctx->sock, ctx->buf, NL_BUF_SIZE);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return nl_fail(ctx, errno, "cannot receive from the kernel: %s",
				       strerror(errno));
		ret = read_datagram(ctx, (int)len, answer);
	}
	return ret;
}

int nl_talk(struct nl_ctx *ctx, struct nlmsghdr *nlh, bool *interrupted,
	    nl_answer_cb cb, void *arg)
{
	bool is_dump = (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	struct answer answer = { .cb = cb, .arg = arg };
	int ret;

	nlh->nlmsg_seq = ++ctx->seq;
	if (mnl_socket_sendto(ctx->sock, nlh, nlh->nlmsg_len) < 0)
		return nl_fail(ctx, errno, "cannot send to the kernel: %s", strerror(errno));
	ret = read_answer(ctx, &answer);
	if (interrupted)
		*interrupted = answer.interrupted;
	if (is_dump && !answer.ended) {
		/* The caller has enough of it, but the kernel begins no other dump
		 * on this socket before this one is read to its end.
		 */
		struct nl_error err = ctx->err;

		answer.cb = NULL;
		read_answer(ctx, &answer);
		ctx->err = err;
	}
	return ret;
}

const struct nlattr *nl_find_attr(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

/* --- opening ----------------------------------------------------------------- */

static int take_group(struct nl_ctx *ctx, const struct nlattr *groups)
{
	const struct nlattr *group, *attr;

	mnl_attr_for_each_nested(group, groups) {
		char name[GENL_NAMSIZ] = "";
		uint32_t id = 0;

		mnl_attr_for_each_nested(attr, group) {
			if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
				nl_get_string(attr, name, sizeof(name));
			else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
				nl_get_u32(attr, &id);
		}
		if (!strcmp(name, HALB_MCGRP_EVENTS))
			ctx->events_group = id;
	}
	return 0;
}

static int take_family(struct nl_ctx *ctx, const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *id = nl_find_attr(nlh, CTRL_ATTR_FAMILY_ID);
	const struct nlattr *groups = nl_find_attr(nlh, CTRL_ATTR_MCAST_GROUPS);

	(void)arg;
	if (!id || mnl_attr_get_payload_len(id) < sizeof(uint16_t))
		return nl_fail_answer(ctx);
	ctx->family = mnl_attr_get_u16(id);
	return groups ? take_group(ctx, groups) : 0;
}

static int resolve(struct nl_ctx *ctx)
{
	char why[sizeof(ctx->err.text)];
	struct nlmsghdr *nlh;
	int ret;

	nlh = prepare(ctx->buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 2, 0);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, HALB_GENL_NAME);
	ret = nl_talk(ctx, nlh, NULL, take_family, NULL);
	if (ret == -ENOENT) {
		absent_explain(why, sizeof(why));
		nl_fail(ctx, ENOENT, "%s", why);
		ctx->err.absent = true;
	}
	return ret;
}

int nl_open(struct nl_ctx *ctx)
{
	int on = 1;

	memset(ctx, 0, sizeof(*ctx));
	ctx->buf = malloc(NL_BUF_SIZE);
	if (!ctx->buf)
		return nl_fail_memory(ctx);
	ctx->sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!ctx->sock || mnl_socket_bind(ctx->sock, 0, MNL_SOCKET_AUTOPID) < 0)
		return nl_fail(ctx, errno, "cannot open a netlink socket: %s", strerror(errno));
	/* Every kernel that halb supports has these; without them messages would
	 * be poorer, nothing else.
	 */
	mnl_socket_setsockopt(ctx->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(ctx->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(ctx->sock, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return resolve(ctx);
}

void nl_close(struct nl_ctx *ctx)
{
	if (ctx->sock)
		mnl_socket_close(ctx->sock);
	free(ctx->buf);
	ctx->sock = NULL;
	ctx->buf = NULL;
}

/* --- changes ----------------------------------------------------------------- */

/* The command for an operation: add, set and del follow each other in both enums. */
static bool command_for(uint8_t add, enum halb_change_op op, uint8_t *cmd)
{
	switch (op) {
	case HALB_CHANGE_OP_ADD:
	case HALB_CHANGE_OP_SET:
	case HALB_CHANGE_OP_DEL:
		*cmd = (uint8_t)(add + (op - HALB_CHANGE_OP_ADD));
		return true;
	default:
		return false;
	}
}

int nl_service_write(struct nl_ctx *ctx, enum halb_change_op op,
		     const struct halb_service *service)
{
	struct nlmsghdr *nlh;
	uint8_t cmd;

	if (!command_for(HALB_CMD_SERVICE_ADD, op, &cmd))
		return nl_fail(ctx, EINVAL, "services are added, set or deleted");
	nlh = nl_request(ctx, cmd, 0);
	if (op == HALB_CHANGE_OP_DEL)
		nl_put_key(nlh, HALB_A_SERVICE, &service->key);
	else
		nl_put_service(nlh, HALB_A_SERVICE, service);
	return nl_talk(ctx, nlh, NULL, NULL, NULL);
}

int nl_server_write(struct nl_ctx *ctx, enum halb_change_op op,
		    const struct halb_server *server)
{
	struct nlmsghdr *nlh;
	uint8_t cmd;

	if (!command_for(HALB_CMD_SERVER_ADD, op, &cmd))
		return nl_fail(ctx, EINVAL, "servers are added, set or deleted");
	nlh = nl_request(ctx, cmd, 0);
	nl_put_server(nlh, HALB_A_SERVER, server, op == HALB_CHANGE_OP_DEL);
	return nl_talk(ctx, nlh, NULL, NULL, NULL);
}

int nl_settings_set(struct nl_ctx *ctx, const struct halb_settings *settings)
{
	struct nlmsghdr *nlh = nl_request(ctx, HALB_CMD_SETTINGS_SET, 0);

	nl_put_settings(nlh, HALB_A_SETTINGS, settings);
	return nl_talk(ctx, nlh, NULL, NULL, NULL);
}

int nl_service_flush(struct nl_ctx *ctx)
{
	return nl_talk(ctx, nl_request(ctx, HALB_CMD_SERVICE_FLUSH, 0), NULL, NULL, NULL);
}

int nl_change(struct nl_ctx *ctx, const struct halb_change *change)
{
	if (change->op == HALB_CHANGE_OP_FLUSH)
		return nl_service_flush(ctx);
	switch (change->object) {
	case HALB_OBJECT_SERVICE:
		return nl_service_write(ctx, change->op, &change->service);
	case HALB_OBJECT_SERVER:
		return nl_server_write(ctx, change->op, &change->server);
	case HALB_OBJECT_SETTINGS:
		return nl_settings_set(ctx, &change->settings);
	case HALB_OBJECT_NONE:
		break;
	}
	return nl_fail(ctx, EINVAL, "a change without an object");
}

int nl_zero(struct nl_ctx *ctx, const struct halb_key *service)
{
	struct nlmsghdr *nlh = nl_request(ctx, HALB_CMD_ZERO, 0);

	if (service)
		nl_put_key(nlh, HALB_A_SERVICE, service);
	return nl_talk(ctx, nlh, NULL, NULL, NULL);
}


/* --- VRRP instances ---------------------------------------------------------- */

int nl_instance_set(struct nl_ctx *ctx, const struct halb_instance *instances, size_t count)
{
	struct nlmsghdr *nlh = nl_request(ctx, HALB_CMD_INSTANCE_SET, 0);

	if (count > NL_INSTANCES_MAX)
		return nl_fail(ctx, E2BIG, "at most %d VRRP instances change at once",
			       NL_INSTANCES_MAX);
	for (size_t i = 0; i < count; i++)
		nl_put_instance(nlh, HALB_A_INSTANCE, &instances[i]);
	return nl_talk(ctx, nlh, NULL, NULL, NULL);
}

int nl_instance_del(struct nl_ctx *ctx, const char *name)
{
	struct nlmsghdr *nlh = nl_request(ctx, HALB_CMD_INSTANCE_DEL, 0);
	struct halb_instance instance = { 0 };

	snprintf(instance.name, sizeof(instance.name), "%s", name);
	nl_put_instance(nlh, HALB_A_INSTANCE, &instance);
	return nl_talk(ctx, nlh, NULL, NULL, NULL);
}
