// SPDX-License-Identifier: GPL-2.0
#include "nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "vrrp_packet.h"

#define TABLE		"halbd"
#define SET4		"vips4"
#define SET6		"vips6"
/* Just before the filter of whoever runs the machine, as keepalived's */
#define PRIORITY	(-1)
/* Of one message: the length of an attribute has 16 bits. */
#define ELEMENTS_MAX	1000

static struct mnl_socket *sock;
static uint32_t seq;
static bool exists;

/* A transaction that is being written. */
struct batch {
	char *buf;
	size_t len;
	struct nlmsghdr *last;
};

static struct nlmsghdr *message(struct batch *batch, uint16_t type, uint16_t flags, uint8_t family,
				uint16_t res)
{
	struct nlmsghdr *nlh;
	struct nfgenmsg *nfg;

	if (batch->last)
		batch->len += MNL_ALIGN(batch->last->nlmsg_len);
	nlh = mnl_nlmsg_put_header(batch->buf + batch->len);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++seq;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(res);
	batch->last = nlh;
	return nlh;
}

static struct nlmsghdr *nft_message(struct batch *batch, uint16_t type, uint16_t flags)
{
	return message(batch, NFNL_SUBSYS_NFTABLES << 8 | type, flags, NFPROTO_INET, 0);
}

static void put_be32(struct nlmsghdr *nlh, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(nlh, type, htonl(value));
}

static void put_value(struct nlmsghdr *nlh, uint16_t type, const void *value, size_t len)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, value);
	mnl_attr_nest_end(nlh, nest);
}

/* --- expressions ------------------------------------------------------------------- */

struct expr {
	struct nlattr *element, *data;
};

static struct expr begin_expr(struct nlmsghdr *nlh, const char *name)
{
	struct expr expr;

	expr.element = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, name);
	expr.data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	return expr;
}

static void end_expr(struct nlmsghdr *nlh, const struct expr *expr)
{
	mnl_attr_nest_end(nlh, expr->data);
	mnl_attr_nest_end(nlh, expr->element);
}

static void load_meta(struct nlmsghdr *nlh, uint32_t key)
{
	struct expr expr = begin_expr(nlh, "meta");

	put_be32(nlh, NFTA_META_DREG, NFT_REG_1);
	put_be32(nlh, NFTA_META_KEY, key);
	end_expr(nlh, &expr);
}

static void load_payload(struct nlmsghdr *nlh, uint32_t base, uint32_t offset, uint32_t len)
{
	struct expr expr = begin_expr(nlh, "payload");

	put_be32(nlh, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_be32(nlh, NFTA_PAYLOAD_BASE, base);
	put_be32(nlh, NFTA_PAYLOAD_OFFSET, offset);
	put_be32(nlh, NFTA_PAYLOAD_LEN, len);
	end_expr(nlh, &expr);
}

static void compare(struct nlmsghdr *nlh, uint32_t op, const void *value, size_t len)
{
	struct expr expr = begin_expr(nlh, "cmp");

	put_be32(nlh, NFTA_CMP_SREG, NFT_REG_1);
	put_be32(nlh, NFTA_CMP_OP, op);
	put_value(nlh, NFTA_CMP_DATA, value, len);
	end_expr(nlh, &expr);
}

static void look_up(struct nlmsghdr *nlh, const char *set)
{
	struct expr expr = begin_expr(nlh, "lookup");

	mnl_attr_put_strz(nlh, NFTA_LOOKUP_SET, set);
	put_be32(nlh, NFTA_LOOKUP_SREG, NFT_REG_1);
	end_expr(nlh, &expr);
}

static void verdict(struct nlmsghdr *nlh, uint32_t code)
{
	struct expr expr = begin_expr(nlh, "immediate");
	struct nlattr *data, *nest;

	put_be32(nlh, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = mnl_attr_nest_start(nlh, NFTA_IMMEDIATE_DATA);
	nest = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);
	put_be32(nlh, NFTA_VERDICT_CODE, code);
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_nest_end(nlh, data);
	end_expr(nlh, &expr);
}

/* --- the table ------------------------------------------------------------------------ */

static void put_table(struct batch *batch, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = nft_message(batch, type, flags);

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, TABLE);
	if (type == NFT_MSG_NEWTABLE)
		put_be32(nlh, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
}

static void put_set(struct batch *batch, const char *name, uint8_t family, uint32_t id)
{
	struct nlmsghdr *nlh = nft_message(batch, NFT_MSG_NEWSET, NLM_F_CREATE);

	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, name);
	/* nft(8) shows them by its own numbers of types: ipv4_addr, ipv6_addr. */
	put_be32(nlh, NFTA_SET_KEY_TYPE, family == AF_INET ? 7 : 8);
	put_be32(nlh, NFTA_SET_KEY_LEN, (uint32_t)halb_addr_len(family));
	put_be32(nlh, NFTA_SET_ID, id);
}

static bool is_local(const struct halb_addr *addr)
{
	return addr->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&addr->v6);
}

/* Up to ELEMENTS_MAX from *at on. */
static void put_elements(struct batch *batch, const char *set, uint8_t family,
			 const struct nft_addr *addrs, size_t count, size_t *at)
{
	struct nlmsghdr *nlh = nft_message(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	struct nlattr *list, *element;

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (size_t n = 0; *at < count && n < ELEMENTS_MAX; (*at)++) {
		const struct halb_addr *addr = &addrs[*at].addr;

		if (addr->family != family || is_local(addr))
			continue;
		element = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
		put_value(nlh, NFTA_SET_ELEM_KEY, addr->bytes, halb_addr_len(family));
		mnl_attr_nest_end(nlh, element);
		n++;
	}
	mnl_attr_nest_end(nlh, list);
}

static void put_chain(struct batch *batch, const char *name, uint32_t hook)
{
	struct nlmsghdr *nlh = nft_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *nest;

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, TABLE);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, name);
	nest = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
	put_be32(nlh, NFTA_HOOK_HOOKNUM, hook);
	put_be32(nlh, NFTA_HOOK_PRIORITY, (uint32_t)PRIORITY);
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
}

static struct nlmsghdr *begin_rule(struct batch *batch, const char *chain, struct nlattr **list)
{
	struct nlmsghdr *nlh = nft_message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, TABLE);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	*list = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
	return nlh;
}

/* Neighbour discovery is for virtual addresses what ARP is for those of IPv4. */
static void accept_discovery(struct batch *batch, const char *chain)
{
	static const uint8_t icmp6 = IPPROTO_ICMPV6, first = ND_NEIGHBOR_SOLICIT,
		last = ND_NEIGHBOR_ADVERT;
	struct nlattr *list;
	struct nlmsghdr *nlh = begin_rule(batch, chain, &list);

	load_meta(nlh, NFT_META_L4PROTO);
	compare(nlh, NFT_CMP_EQ, &icmp6, sizeof(icmp6));
	load_payload(nlh, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1);
	compare(nlh, NFT_CMP_GTE, &first, sizeof(first));
	compare(nlh, NFT_CMP_LTE, &last, sizeof(last));
	verdict(nlh, NF_ACCEPT);
	mnl_attr_nest_end(nlh, list);
}

static void load_address(struct nlmsghdr *nlh, uint8_t family, bool source)
{
	const uint8_t nfproto = family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;
	size_t offset = family == AF_INET ?
		(source ? offsetof(struct iphdr, saddr) : offsetof(struct iphdr, daddr)) :
		(source ? offsetof(struct ip6_hdr, ip6_src) : offsetof(struct ip6_hdr, ip6_dst));

	load_meta(nlh, NFT_META_NFPROTO);
	compare(nlh, NFT_CMP_EQ, &nfproto, sizeof(nfproto));
	load_payload(nlh, NFT_PAYLOAD_NETWORK_HEADER, (uint32_t)offset,
		     (uint32_t)halb_addr_len(family));
}

static void drop_set(struct batch *batch, const char *chain, const char *set, uint8_t family,
		     bool source)
{
	struct nlattr *list;
	struct nlmsghdr *nlh = begin_rule(batch, chain, &list);

	load_address(nlh, family, source);
	look_up(nlh, set);
	verdict(nlh, NF_DROP);
	mnl_attr_nest_end(nlh, list);
}

/* The same address may be somebody else's on another interface. */
static void drop_local(struct batch *batch, const char *chain, const struct nft_addr *addr,
		       bool source)
{
	const uint32_t ifindex = (uint32_t)addr->ifindex;
	struct nlattr *list;
	struct nlmsghdr *nlh = begin_rule(batch, chain, &list);

	load_meta(nlh, source ? NFT_META_OIF : NFT_META_IIF);
	compare(nlh, NFT_CMP_EQ, &ifindex, sizeof(ifindex));
	load_address(nlh, AF_INET6, source);
	compare(nlh, NFT_CMP_EQ, addr->addr.bytes, sizeof(addr->addr.v6));
	verdict(nlh, NF_DROP);
	mnl_attr_nest_end(nlh, list);
}

static void put_rules(struct batch *batch, const char *chain, bool source,
		      const struct nft_addr *addrs, size_t count)
{
	accept_discovery(batch, chain);
	drop_set(batch, chain, SET4, AF_INET, source);
	drop_set(batch, chain, SET6, AF_INET6, source);
	for (size_t i = 0; i < count; i++)
		if (is_local(&addrs[i].addr))
			drop_local(batch, chain, &addrs[i], source);
}

static void write_batch(struct batch *batch, const struct nft_addr *addrs, size_t count)
{
	message(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	if (exists)
		put_table(batch, NFT_MSG_DELTABLE, 0);
	if (count) {
		put_table(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
		put_set(batch, SET4, AF_INET, 1);
		put_set(batch, SET6, AF_INET6, 2);
		for (size_t at = 0; at < count;)
			put_elements(batch, SET4, AF_INET, addrs, count, &at);
		for (size_t at = 0; at < count;)
			put_elements(batch, SET6, AF_INET6, addrs, count, &at);
		put_chain(batch, "in", NF_INET_LOCAL_IN);
		put_chain(batch, "out", NF_INET_LOCAL_OUT);
		put_rules(batch, "in", false, addrs, count);
		put_rules(batch, "out", true, addrs, count);
	}
	/* Answered after the errors of those before it, if there are any. */
	batch->last->nlmsg_flags |= NLM_F_ACK;
	message(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	batch->len += MNL_ALIGN(batch->last->nlmsg_len);
}

/* --- the kernel --------------------------------------------------------------------------- */

static int open_socket(void)
{
	int size = 8 << 20;

	if (sock)
		return 0;
	sock = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!sock)
		return -errno;
	/* A transaction of thousands of addresses is one datagram. */
	setsockopt(mnl_socket_get_fd(sock), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (!mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID))
		return 0;
	mnl_socket_close(sock);
	sock = NULL;
	return -errno;
}

/* Answered before the request returns: this is no wait. */
static int read_answer(void)
{
	char buf[8192];
	ssize_t len = recv(mnl_socket_get_fd(sock), buf, sizeof(buf), MSG_DONTWAIT);
	int first = len < 0 ? -errno : 0;

	while (len > 0) {
		const struct nlmsghdr *nlh = (void *)buf;
		int left = (int)len;

		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);

			if (nlh->nlmsg_type == NLMSG_ERROR && err->error && !first)
				first = err->error;
		}
		len = recv(mnl_socket_get_fd(sock), buf, sizeof(buf), MSG_DONTWAIT);
	}
	return first;
}

int nft_drop(const struct nft_addr *addrs, size_t count)
{
	struct batch batch = { 0 };
	int ret;

	if (!count && !exists)
		return 0;
	ret = open_socket();
	if (ret)
		return ret;
	batch.buf = malloc(16384 + count * 1024);
	if (!batch.buf)
		return -ENOMEM;
	write_batch(&batch, addrs, count);
	ret = mnl_socket_sendto(sock, batch.buf, batch.len) < 0 ? -errno : read_answer();
	free(batch.buf);
	if (!ret)
		exists = count;
	return ret;
}
