// SPDX-License-Identifier: GPL-2.0
/* Events: what the kernel multicasts when the configuration changes. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/genetlink.h>

#include "nl_codec.h"
#include "nl_priv.h"

/* A transaction of 10,000 changes makes as many events at once. */
#define EVENTS_RCVBUF	(16 * 1024 * 1024)

int nl_events_subscribe(struct nl_ctx *ctx)
{
	/* The controller tells the end of a family. Its group has a fixed number, as no other. */
	const uint32_t groups[] = { ctx->events_group, GENL_ID_CTRL };
	int fd = mnl_socket_get_fd(ctx->sock), size = EVENTS_RCVBUF;

	if (!ctx->events_group)
		return nl_fail_answer(ctx);
	/* Beyond the system's limit only root may go; the others get the limit. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (size_t i = 0; i < 2; i++)
		if (mnl_socket_setsockopt(ctx->sock, NETLINK_ADD_MEMBERSHIP, (void *)&groups[i],
					  sizeof(groups[i])) < 0)
			return nl_fail(ctx, errno, "cannot subscribe to events: %s",
				       strerror(errno));
	return 0;
}

int nl_events_fd(const struct nl_ctx *ctx)
{
	return mnl_socket_get_fd(ctx->sock);
}

/* The object of an event: false if the message does not hold it. */
static bool take_object(const struct nlmsghdr *nlh, struct halb_event *event)
{
	const struct nlattr *nest;

	switch (event->type) {
	case HALB_EVENT_SERVICE_ADD:
	case HALB_EVENT_SERVICE_SET:
	case HALB_EVENT_SERVICE_DEL:
		nest = nl_find_attr(nlh, HALB_A_SERVICE);
		return nest && !nl_get_service(nest, &event->service);
	case HALB_EVENT_SERVER_ADD:
	case HALB_EVENT_SERVER_SET:
	case HALB_EVENT_SERVER_DEL:
	case HALB_EVENT_SERVER_SUSPECT:
		nest = nl_find_attr(nlh, HALB_A_SERVER);
		return nest && !nl_get_server(nest, &event->server);
	case HALB_EVENT_SETTINGS:
		nest = nl_find_attr(nlh, HALB_A_SETTINGS);
		return nest && !nl_get_settings(nest, &event->settings);
	case HALB_EVENT_INSTANCE:
		nest = nl_find_attr(nlh, HALB_A_INSTANCE);
		return nest && !nl_get_instance(nest, &event->instance);
	case HALB_EVENT_LOST:
		break;
	}
	return false;
}

/* Events of a newer module are passed over. */
static bool event_type(uint8_t cmd, enum halb_event_type *type)
{
	static const uint8_t cmds[] = {
		[HALB_EVENT_SERVICE_ADD] = HALB_CMD_SERVICE_ADD_NTF,
		[HALB_EVENT_SERVICE_SET] = HALB_CMD_SERVICE_SET_NTF,
		[HALB_EVENT_SERVICE_DEL] = HALB_CMD_SERVICE_DEL_NTF,
		[HALB_EVENT_SERVER_ADD] = HALB_CMD_SERVER_ADD_NTF,
		[HALB_EVENT_SERVER_SET] = HALB_CMD_SERVER_SET_NTF,
		[HALB_EVENT_SERVER_DEL] = HALB_CMD_SERVER_DEL_NTF,
		[HALB_EVENT_SETTINGS] = HALB_CMD_SETTINGS_NTF,
		[HALB_EVENT_INSTANCE] = HALB_CMD_INSTANCE_NTF,
		[HALB_EVENT_SERVER_SUSPECT] = HALB_CMD_SERVER_SUSPECT_NTF,
	};

	for (size_t i = 0; i < sizeof(cmds); i++) {
		if (cmds[i] == cmd) {
			*type = (enum halb_event_type)i;
			return true;
		}
	}
	return false;
}

static bool is_end_of_family(const struct nl_ctx *ctx, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *id = nl_find_attr(nlh, CTRL_ATTR_FAMILY_ID);

	return genl->cmd == CTRL_CMD_DELFAMILY && id &&
	       mnl_attr_get_payload_len(id) == sizeof(uint16_t) &&
	       mnl_attr_get_u16(id) == ctx->family;
}

static int take_event(struct nl_ctx *ctx, const struct nlmsghdr *nlh,
		      nl_event_cb cb, void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct halb_event event = { 0 };

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return 0;
	if (nlh->nlmsg_type == GENL_ID_CTRL && is_end_of_family(ctx, nlh))
		return nl_fail(ctx, ENODEV, "the halb module was removed: load it again");
	if (nlh->nlmsg_type != ctx->family || !event_type(genl->cmd, &event.type))
		return 0;
	if (!take_object(nlh, &event))
		return nl_fail_answer(ctx);
	return cb(&event, arg);
}

int nl_events_read(struct nl_ctx *ctx, nl_event_cb cb, void *arg)
{
	const struct halb_event lost = { .type = HALB_EVENT_LOST };
	const struct nlmsghdr *nlh = (const void *)ctx->buf;
	ssize_t received;
	int len, ret = 0;

	do {
		received = mnl_socket_recvfrom(ctx->sock, ctx->buf, NL_BUF_SIZE);
	} while (received < 0 && errno == EINTR);
	if (received < 0 && errno == ENOBUFS)
		return cb(&lost, arg);
	if (received < 0)
		return nl_fail(ctx, errno, "cannot receive events: %s", strerror(errno));
	len = (int)received;
	for (; !ret && mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
		ret = take_event(ctx, nlh, cb, arg);
	return ret;
}
