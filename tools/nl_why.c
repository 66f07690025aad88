// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "nl_codec.h"
#include "nl_priv.h"

static bool get_flag(const struct nlattr *attr, bool *flag)
{
	if (mnl_attr_get_payload_len(attr) < sizeof(uint8_t))
		return false;
	*flag = mnl_attr_get_u8(attr);
	return true;
}

static bool get_why_attr(const struct nlattr *attr, struct halb_why *why)
{
	switch (mnl_attr_get_type(attr)) {
	case HALB_A_WHY_VERDICT:
		return nl_get_u32(attr, &why->verdict);
	case HALB_A_WHY_REASON:
		return nl_get_string(attr, why->reason, sizeof(why->reason));
	case HALB_A_WHY_VIP_LOCAL:
		return get_flag(attr, &why->vip_local);
	case HALB_A_WHY_TEMPLATE:
		return get_flag(attr, &why->template);
	case HALB_A_WHY_OUT_DEVICE:
		return nl_get_string(attr, why->out_device, sizeof(why->out_device));
	case HALB_A_WHY_NEIGHBOUR:
		return nl_get_u32(attr, &why->neighbour);
	case HALB_A_WHY_PATH:
		return nl_get_string(attr, why->path, sizeof(why->path));
	case HALB_A_WHY_OWN:
		return get_flag(attr, &why->own);
	default:
		return true;
	}
}

static bool get_why(const struct nlattr *nest, struct halb_why *why)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		if (!get_why_attr(attr, why))
			return false;
	return true;
}

static bool take_attr(const struct nlattr *attr, struct halb_why *why)
{
	switch (mnl_attr_get_type(attr)) {
	case HALB_A_WHY:
		return get_why(attr, why);
	case HALB_A_SERVICE:
		why->has_service = true;
		return !nl_get_service(attr, &why->service);
	case HALB_A_SERVER:
		why->has_server = true;
		return !nl_get_server(attr, &why->server);
	case HALB_A_CONN:
		why->has_conn = true;
		return !nl_get_conn(attr, &why->conn);
	default:
		return true;
	}
}

static int take_why(struct nl_ctx *ctx, const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN)
		if (!take_attr(attr, arg))
			return nl_fail_answer(ctx);
	return 0;
}

int nl_why(struct nl_ctx *ctx, const struct halb_conn *packet, const char *device,
	   struct halb_why *why)
{
	struct nlmsghdr *nlh = nl_request(ctx, HALB_CMD_WHY_GET, 0);
	struct nlattr *nest;

	memset(why, 0, sizeof(*why));
	nl_put_conn(nlh, HALB_A_CONN, packet);
	if (device) {
		nest = mnl_attr_nest_start(nlh, HALB_A_WHY);
		mnl_attr_put_strz(nlh, HALB_A_WHY_IN_DEVICE, device);
		mnl_attr_nest_end(nlh, nest);
	}
	return nl_talk(ctx, nlh, NULL, take_why, why);
}
