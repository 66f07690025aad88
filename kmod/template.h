/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tuple of a template: a client network and the service that pins it.
 */
#ifndef _HALB_TEMPLATE_H
#define _HALB_TEMPLATE_H

#include <linux/inetdevice.h>
#include <net/ipv6.h>

#include "conn.h"

static inline void halb_template_tuple4(struct halb_tuple4 *t,
					const struct halb_service_key *key,
					__be32 client, u8 prefix)
{
	*t = (struct halb_tuple4) {
		.client = client & inet_make_mask(prefix),
		.vip = key->fwmark ? htonl(key->fwmark) : key->addr.ip,
		.vport = key->port,
		.protocol = key->protocol,
		.kind = HALB_TUPLE_TEMPLATE,
	};
}

static inline void halb_template_tuple6(struct halb_tuple6 *t,
					const struct halb_service_key *key,
					const struct in6_addr *client,
					u8 prefix)
{
	*t = (struct halb_tuple6) {
		.vip = key->addr.in6,
		.vport = key->port,
		.protocol = key->protocol,
		.kind = HALB_TUPLE_TEMPLATE,
	};
	ipv6_addr_prefix(&t->client, client, prefix);
	if (key->fwmark)
		t->vip.s6_addr32[3] = htonl(key->fwmark);
}

/*
 * Does it pin its clients no longer? As in ip_vs one whose server was removed
 * is replaced; one whose server is full keeps its clients, and so does one of
 * weight 0 unless the administrator wants it otherwise, or the deadline of its
 * drain is over.
 */
static inline bool halb_template_is_over(const struct halb_net *hn,
					 const struct halb_conn *template)
{
	const struct halb_server *server = template->server;

	return READ_ONCE(server->flags) &
	       (HALB_SERVER_REMOVED | HALB_SERVER_DRAINED) ||
	       (READ_ONCE(hn->settings.expire_quiescent) &&
		!READ_ONCE(server->weight)) ||
	       !halb_conn_expires(hn, template);
}

#endif
