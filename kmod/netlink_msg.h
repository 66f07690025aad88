/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the netlink floor share: requests are read by
 * netlink_parse.c, objects are written by netlink_fill.c.
 */
#ifndef _HALB_NETLINK_MSG_H
#define _HALB_NETLINK_MSG_H

#include <net/genetlink.h>
#include <net/sock.h>

#include "conn.h"
#include "netlink_gen.h"
#include "transaction.h"

/* The netns of a request. */
static inline struct halb_net *halb_nl_net(const struct sk_buff *skb)
{
	return halb_net(sock_net(skb->sk));
}

/* netlink.c: */
extern struct genl_family halb_genl_family;
int halb_nl_explain(struct netlink_ext_ack *extack, int err);
struct sk_buff *halb_nl_answer_new(struct genl_info *info, size_t size,
				   void **header);
int halb_nl_answer(struct genl_info *info, struct sk_buff *msg, void *header,
		   int err);
int halb_nl_check_generation(const struct genl_info *info,
			     const struct halb_net *hn);

/* A refusal that also names the attribute. */
#define halb_refuse_attr(extack, attr, err, sentence) ({		\
	NL_SET_ERR_MSG_ATTR(extack, attr, sentence);			\
	(err);								\
})

/* netlink_socket.c: */
int halb_nl_lock(struct halb_net *hn);
void halb_nl_unlock(struct halb_net *hn);
int halb_nl_own(struct halb_net *hn, u32 portid);
void halb_nl_sockets_init_net(struct halb_net *hn);
void halb_nl_sockets_exit_net(struct halb_net *hn);
int halb_nl_sockets_init(void);
void halb_nl_sockets_exit(void);

/* netlink_parse.c: */
enum halb_nl_want {
	HALB_NL_KEY,	/* what names the object, and nothing else */
	HALB_NL_ALL,	/* what it is to be like, too */
};

void halb_nl_parse_init(void);
int halb_nl_parse_service(const struct nlattr *nest, enum halb_nl_want want,
			  struct halb_service_request *request,
			  struct netlink_ext_ack *extack);
int halb_nl_parse_server(struct net *net, const struct nlattr *nest,
			 enum halb_nl_want want,
			 struct halb_server_request *request,
			 struct netlink_ext_ack *extack);
/* the request of a dump of servers: at most a service */
int halb_nl_parse_server_filter(const struct nlattr *nest,
				struct halb_service_request *request,
				struct netlink_ext_ack *extack);
int halb_nl_parse_settings(const struct nlattr *nest,
			   struct halb_settings_request *request,
			   struct netlink_ext_ack *extack);
int halb_nl_parse_address(const struct nlattr *attr, union nf_inet_addr *addr,
			  u8 *af, struct netlink_ext_ack *extack);

/* netlink_instance.c: */
/* @name: HALB_INSTANCE_NAME_MAX + 1 bytes; may be empty afterwards */
int halb_nl_parse_instance_name(const struct nlattr *attr, char *name,
				struct netlink_ext_ack *extack);
void halb_nl_instances_release(struct halb_net *hn, u32 portid);
void halb_nl_instances_init(struct halb_net *hn);

/*
 * netlink_fill.c: each puts one nest, or nothing and returns -EMSGSIZE. Under
 * the netns' mutex.
 */
int halb_nl_fill_service(struct sk_buff *skb, const struct halb_service *service);
int halb_nl_fill_server(struct sk_buff *skb, const struct halb_server *server);
int halb_nl_fill_settings(struct sk_buff *skb, const struct halb_net *hn);
int halb_nl_fill_totals(struct sk_buff *skb, const struct halb_net *hn);
int halb_nl_fill_counters(struct sk_buff *skb, const struct halb_net *hn);

/* netlink_event.c: */
int halb_nl_commit(struct halb_transaction *txn, struct netlink_ext_ack *extack);
void halb_nl_events_init(struct halb_net *hn);
void halb_nl_events_exit(struct halb_net *hn);

/* netlink_transaction.c: */
void halb_nl_transactions_release(struct halb_net *hn, u32 portid);
void halb_nl_transactions_end(struct halb_net *hn);

/**
 * struct halb_nl_flow - what a client sends
 * @given: HALB_A_CONN_* bits of what the request has of it
 * @client: from where
 * @vip: to where
 * @cport: client's port
 * @vport: port that the client sends to
 * @mark: firewall mark
 * @protocol: IPPROTO_*
 * @af: of both addresses
 */
struct halb_nl_flow {
	u32 given;
	union nf_inet_addr client;
	union nf_inet_addr vip;
	__be16 cport;
	__be16 vport;
	u32 mark;
	u8 protocol;
	u8 af;
};

/* netlink_conn.c: */
int halb_nl_parse_flow(const struct nlattr *nest, u32 optional,
		       struct halb_nl_flow *flow, struct netlink_ext_ack *extack);
/* RCU read side */
struct halb_conn *halb_nl_find_flow(struct halb_net *hn,
				    const struct halb_nl_flow *flow);
int halb_nl_fill_conn(struct sk_buff *msg, const struct halb_net *hn,
		      const struct halb_conn *conn);
int halb_nl_conn_get_start(struct netlink_callback *cb);
int halb_nl_conn_get_done(struct netlink_callback *cb);

#endif
