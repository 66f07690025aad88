// SPDX-License-Identifier: GPL-2.0
/*
 * Out of the machine: what the stack's forwarding would have done, then
 * through the cached route to the neighbour.
 */
#include <linux/icmpv6.h>
#include <linux/if_bridge.h>
#include <linux/netfilter_bridge.h>
#include <net/dsfield.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6_stubs.h>
#include <net/ndisc.h>
#include <net/neighbour.h>
#include <net/xfrm.h>

#include "compat.h"
#include "packet.h"
#include "xmit.h"

static bool ttl_is_spent(const struct halb_packet *pkt)
{
	return pkt->v6 ? ipv6_hdr(pkt->skb)->hop_limit <= 1 :
			 ip_hdr(pkt->skb)->ttl <= 1;
}

static void answer_time_exceeded(struct halb_packet *pkt)
{
	if (pkt->v6)
		halb_answer_icmp(pkt, ICMPV6_TIME_EXCEED, ICMPV6_EXC_HOPLIMIT,
				 0);
	else
		halb_answer_icmp(pkt, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
}

static void answer_too_big(struct halb_packet *pkt, unsigned int mtu)
{
	if (pkt->v6)
		halb_answer_icmp(pkt, ICMPV6_PKT_TOOBIG, 0,
				 max_t(unsigned int, mtu, IPV6_MIN_MTU));
	else
		halb_answer_icmp(pkt, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu);
}

/*
 * What we forward may be as large as the device takes; what we encapsulate is
 * ours, and keeps to the path MTU that was learnt.
 */
static unsigned int mtu_of(const struct halb_packet *pkt,
			   const struct halb_route *route,
			   unsigned int overhead)
{
	if (overhead)
		return dst_mtu(route->dst) - overhead;
	return pkt->v6 ? ip6_dst_mtu_maybe_forward(route->dst, true) :
			 ip_dst_mtu_maybe_forward(route->dst, true);
}

/* Is the packet, or a segment of it, larger than @mtu? */
static bool exceeds(const struct sk_buff *skb, unsigned int mtu)
{
	if (likely(skb->len <= mtu))
		return false;
	return !(skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

/*
 * What was reassembled here leaves in fragments again, none larger than the
 * largest that came (RFC 8200, section 4.5; the stack does the same).
 */
static bool came_in_fragments(const struct halb_packet *pkt)
{
	const struct sk_buff *skb = pkt->skb;
	unsigned int size = pkt->v6 ? IP6CB(skb)->frag_max_size :
				      IPCB(skb)->frag_max_size;

	return unlikely(size) && skb->len > size;
}

/* May the director cut it into fragments? */
static bool may_fragment(const struct halb_packet *pkt, unsigned int mtu)
{
	const struct sk_buff *skb = pkt->skb;

	if (pkt->v6)
		/* only what was reassembled here, and as large as it came */
		return IP6CB(skb)->frag_max_size &&
		       IP6CB(skb)->frag_max_size <= mtu;
	if (!(ip_hdr(skb)->frag_off & htons(IP_DF)))
		return true;
	return skb->ignore_df && IPCB(skb)->frag_max_size <= mtu;
}

/*
 * Everything that may stop the packet, before anything in it is changed: the
 * answer to the sender quotes it as it came. HALB_GO_ON, or a verdict.
 */
static unsigned int check(struct halb_packet *pkt,
			  const struct halb_route *route,
			  struct halb_way *way, unsigned int overhead)
{
	struct sk_buff *skb = pkt->skb;
	unsigned int mtu;

	if (unlikely(ttl_is_spent(pkt))) {
		answer_time_exceeded(pkt);
		return halb_drop(pkt, TTL);
	}
	if (unlikely(skb_warn_if_lro(skb)))
		return halb_drop(pkt, LRO);
	mtu = mtu_of(pkt, route, overhead);
	if (unlikely(exceeds(skb, mtu))) {
		if (pkt->v6 && overhead && skb->len <= IPV6_MIN_MTU) {
			/* nobody sends less: RFC 2473, section 7.1 */
			skb->ignore_df = 1;
		} else if (!may_fragment(pkt, mtu)) {
			answer_too_big(pkt, mtu);
			return halb_drop(pkt, TOO_BIG);
		}
		way->fragment = true;
	}
	if (!overhead && came_in_fragments(pkt))
		way->fragment = true;
	if (!(pkt->v6 ? xfrm6_policy_check(NULL, XFRM_POLICY_FWD, skb) :
			xfrm4_policy_check(NULL, XFRM_POLICY_FWD, skb)))
		return halb_drop(pkt, XFRM_POLICY);
	return HALB_GO_ON;
}

/*
 * Makes the packet ours to change: headers writable, room for the link layer,
 * nothing left in it of the way it came.
 */
static bool take_over(struct halb_packet *pkt, const struct halb_route *route,
		      unsigned int overhead)
{
	struct sk_buff *skb = pkt->skb;

	if (unlikely(skb_cow_head(skb, LL_RESERVED_SPACE(route->dst->dev) +
				       overhead)))
		return false;
	nf_reset_ct(skb);
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	skb_ext_del(skb, SKB_EXT_BRIDGE_NF);
#endif
	skb_dst_drop(skb);
	skb_forward_csum(skb);
	skb_clear_tstamp(skb);
	if (pkt->v6) {
		struct ipv6hdr *ip6h = ipv6_hdr(skb);

		skb->priority = rt_tos2priority(ipv6_get_dsfield(ip6h));
		ip6h->hop_limit--;
	} else {
		struct iphdr *iph = ip_hdr(skb);

		skb->priority = rt_tos2priority(iph->tos);
		ip_decrease_ttl(iph);
		IPCB(skb)->flags |= IPSKB_FORWARDED;
	}
	return true;
}

static struct neighbour *neighbour4(const struct dst_entry *dst,
				    struct sk_buff *skb, __be32 on_link,
				    bool *v6_gateway)
{
	struct rtable *rt = container_of(dst, struct rtable, dst);

	if (likely(!rt->rt_gw_family))
		return ip_neigh_gw4(dst->dev, on_link);
	return ip_neigh_for_gw(rt, skb, v6_gateway);
}

static struct neighbour *neighbour6(struct dst_entry *dst,
				    struct in6_addr *on_link)
{
	const struct rt6_info *rt = container_of(dst, struct rt6_info, dst);

	return ip_neigh_gw6(dst->dev, rt6_nexthop(rt, on_link));
}

/*
 * To the neighbour: the packet is gone afterwards, also with an error, which is
 * that there can be no neighbour: their table is full, or there is no memory.
 */
static int to_neighbour(struct sk_buff *skb, struct dst_entry *dst, bool v6,
			const union nf_inet_addr *on_link)
{
	struct neighbour *neigh;
	bool v6_gateway = v6;

	skb->dev = dst->dev;
	skb->protocol = v6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP);
	neigh = v6 ? neighbour6(dst, (struct in6_addr *)&on_link->in6) :
		     neighbour4(dst, skb, on_link->ip, &v6_gateway);
	if (IS_ERR(neigh)) {
		kfree_skb(skb);
		return PTR_ERR(neigh);
	}
	/* a gateway of the other family has no cached header for ours */
	neigh_output(neigh, skb, v6_gateway != v6);
	return 0;
}

static int fragment_done4(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	union nf_inet_addr to = { .ip = ip_hdr(skb)->daddr };

	return to_neighbour(skb, skb_dst(skb), false, &to);
}

static int fragment_done6(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	union nf_inet_addr to = { .in6 = ipv6_hdr(skb)->daddr };

	return to_neighbour(skb, skb_dst(skb), true, &to);
}

static void fragment(struct halb_packet *pkt, struct sk_buff *skb)
{
	struct net *net = pkt->hn->net;
	int err;

	skb->dev = skb_dst(skb)->dev;
	skb->protocol = pkt->v6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP);
	if (pkt->v6)
		err = ipv6_stub->ipv6_fragment(net, NULL, skb, fragment_done6);
	else
		err = ip_do_fragment(net, NULL, skb, fragment_done4);
	if (unlikely(err))
		halb_drop_count(pkt->hn, FRAGMENT);
	else
		halb_path_count(pkt->hn, FRAGMENTED);
}

/* A super-packet whose segments do not fit: segments first, then fragments. */
static unsigned int segment(struct halb_packet *pkt)
{
	struct sk_buff *segs, *next;

	segs = skb_gso_segment(pkt->skb, NETIF_F_SG | NETIF_F_HW_CSUM);
	if (IS_ERR_OR_NULL(segs))
		return halb_drop(pkt, SEGMENT);
	halb_path_count(pkt->hn, SEGMENTED);
	consume_skb(pkt->skb);
	skb_list_walk_safe(segs, segs, next) {
		skb_mark_not_on_list(segs);
		fragment(pkt, segs);
	}
	return NF_STOLEN;
}

static noinline unsigned int leave_in_fragments(struct halb_packet *pkt,
						const struct halb_route *route)
{
	skb_dst_set(pkt->skb, dst_clone(route->dst));
	if (skb_is_gso(pkt->skb))
		return segment(pkt);
	fragment(pkt, pkt->skb);
	return NF_STOLEN;
}

/* xfrm, lightweight tunnels: by the stack's own output functions. */
static noinline unsigned int leave_by_stack(struct halb_packet *pkt,
					    const struct halb_route *route)
{
	struct sk_buff *skb = pkt->skb;

	skb_dst_set(skb, dst_clone(route->dst));
	skb->protocol = pkt->v6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP);
	if (!(pkt->v6 ? xfrm6_route_forward(skb) : xfrm4_route_forward(skb)))
		return halb_drop(pkt, XFRM_POLICY);
	if (pkt->flags & HALB_PACKET_STACK) {
		halb_stack_forward(pkt);
		return NF_STOLEN;
	}
	skb->dev = route->dst->dev;
	halb_path_count(pkt->hn, STACK_OUTPUT);
	dst_output(pkt->hn->net, NULL, skb);
	return NF_STOLEN;
}

static bool has_xfrm_policy(const struct net *net)
{
#ifdef CONFIG_XFRM
	return net->xfrm.policy_count[XFRM_POLICY_OUT] ||
	       net->xfrm.policy_default[XFRM_POLICY_OUT] ==
			XFRM_USERPOLICY_BLOCK;
#else
	return false;
#endif
}

static unsigned int leave(struct halb_packet *pkt,
			  const struct halb_route *route,
			  const struct halb_way *way)
{
	if (unlikely(!route->direct || pkt->flags & HALB_PACKET_STACK ||
		     has_xfrm_policy(pkt->hn->net)))
		return leave_by_stack(pkt, route);
	if (unlikely(way->fragment))
		return leave_in_fragments(pkt, route);
	skb_dst_set_noref(pkt->skb, route->dst);
	if (unlikely(to_neighbour(pkt->skb, route->dst, pkt->v6, way->to)))
		halb_drop_count(pkt->hn, NO_NEIGHBOUR);
	else
		halb_path_count(pkt->hn, DIRECT);
	return NF_STOLEN;
}

static noinline struct halb_route *
renew_server_route(struct halb_packet *pkt, struct halb_server *server)
{
	static const union nf_inet_addr any;
	struct halb_route *route;

	/* a tunnel's server need not be of the packet's family */
	route = halb_route_find(pkt->hn->net, server->af, &server->addr, &any,
				halb_server_route_wants(server));
	if (!route)
		return NULL;
	halb_path_count(pkt->hn, REROUTED);
	halb_route_publish(&server->route, route);
	return route;
}

static noinline struct halb_route *
renew_client_route(struct halb_packet *pkt, struct halb_conn *conn,
		   const union nf_inet_addr *to,
		   const union nf_inet_addr *from)
{
	struct halb_route *route;

	route = halb_route_find_shared(&pkt->hn->recent, pkt->hn->net,
				       pkt->v6 ? AF_INET6 : AF_INET, to, from);
	if (!route)
		return NULL;
	halb_path_count(pkt->hn, REROUTED);
	halb_route_publish(&conn->route, route);
	return route;
}

/*
 * The server is the director itself. Packets that are not rewritten find their
 * way by themselves; of the others the answers have to be caught.
 */
static noinline unsigned int to_local_server(struct halb_packet *pkt,
					     const struct halb_conn *conn,
					     const struct halb_route *route)
{
	struct halb_server *server = conn->server;
	struct halb_net *hn = pkt->hn;

	if (!halb_method_rewrites(server->method))
		return halb_pass(pkt, LOCAL_SERVER);
	/* what it answers to the world would not leave the machine */
	if (halb_addr_is_loopback(server->af, &server->addr) &&
	    !(pkt->flags & HALB_PACKET_OWN))
		return halb_drop(pkt, SERVER_LOCAL);
	if (unlikely(!test_bit(HALB_SERVER_LOCAL_BIT, &server->flags)))
		halb_server_set_local(server);
	if (unlikely(!READ_ONCE(hn->output_hooks))) {
		/* the sweep sees to that, and the client tries again */
		halb_conn_gc_kick(hn);
		return halb_drop(pkt, SERVER_LOCAL);
	}
	if (!pkt->rewritten && !halb_nat_to_server(pkt, conn))
		return halb_drop(pkt, NO_MEMORY);
	return pkt->flags & HALB_PACKET_OWN ? halb_stack_reroute(pkt) :
					      halb_stack_deliver(pkt, route);
}

/*
 * Packets of the director's own processes and of services with through-stack:
 * a verdict for those that the stack can send, HALB_GO_ON for the others.
 */
static noinline unsigned int by_stack(struct halb_packet *pkt,
				      const struct halb_conn *conn,
				      const struct halb_route *route)
{
	bool own = pkt->flags & HALB_PACKET_OWN;
	u8 method = conn->server->method;
	struct halb_way way = {};
	unsigned int verdict;

	if (own && method == HALB_METHOD_DR)
		return halb_stack_own(pkt, route);
	if (method != HALB_METHOD_NAT && !(own && method == HALB_METHOD_FULLNAT))
		return HALB_GO_ON;
	if (!own) {
		/* the stack would quote what the client did not send */
		verdict = check(pkt, route, &way, 0);
		if (verdict != HALB_GO_ON)
			return verdict;
	}
	if (!pkt->rewritten && !halb_nat_to_server(pkt, conn))
		return halb_drop(pkt, NO_MEMORY);
	if (own)
		return halb_stack_reroute(pkt);
	halb_path_count(pkt->hn, THROUGH_STACK);
	return NF_ACCEPT;
}

/**
 * halb_one_by_one - the packets that a list of them (GRO's fraglist) consists of
 * @pkt: the list
 * @conn: its connection
 * @xmit: sends one of them
 *
 * When the stack takes the list apart behind us it repeats our addresses and
 * ports in the others, but neither their TTL nor what is put before them.
 * Return: verdict.
 */
noinline unsigned int
halb_one_by_one(struct halb_packet *pkt, struct halb_conn *conn,
		unsigned int (*xmit)(struct halb_packet *pkt,
				     struct halb_conn *conn))
{
	struct sk_buff *segs, *next;
	unsigned int verdict;

	segs = skb_gso_segment(pkt->skb, 0);
	if (IS_ERR_OR_NULL(segs))
		return halb_drop(pkt, SEGMENT);
	halb_path_count(pkt->hn, SEGMENTED);
	consume_skb(pkt->skb);
	skb_list_walk_safe(segs, segs, next) {
		struct halb_packet one = *pkt;

		skb_mark_not_on_list(segs);
		one.skb = segs;
		verdict = xmit(&one, conn);
		if (verdict == NF_STOLEN)
			continue;
		/* FTP, to the director itself: TCP repeats them one by one */
		if (verdict == NF_ACCEPT)
			halb_drop_count(pkt->hn, SEGMENT);
		kfree_skb(segs);
	}
	return NF_STOLEN;
}

/* May the packet go into a tunnel as it is? HALB_GO_ON, or a verdict. */
static unsigned int check_tunnel(struct halb_packet *pkt, unsigned int overhead)
{
	const struct sk_buff *skb = pkt->skb;

	if (unlikely(skb->encapsulation))
		return halb_drop(pkt, ENCAPSULATED);
	/* the outer header could not say how long it is */
	if (unlikely(!skb_is_gso(skb) && skb->len + overhead > IP_MAX_MTU))
		return halb_drop(pkt, TOO_BIG);
	return HALB_GO_ON;
}

/**
 * halb_xmit_to_server - sends a packet to its connection's server
 * @pkt: packet of a client
 * @conn: its connection
 *
 * Context: softirq, RCU read side. Return: verdict.
 */
unsigned int halb_xmit_to_server(struct halb_packet *pkt,
				 struct halb_conn *conn)
{
	struct halb_server *server = conn->server;
	struct halb_way way = { .to = &server->addr };
	struct halb_encap encap = { .overhead = 0 };
	struct halb_route *route;
	unsigned int verdict;

	route = halb_route_usable(&server->route);
	if (unlikely(!route)) {
		route = renew_server_route(pkt, server);
		if (!route)
			return halb_drop(pkt, NO_ROUTE);
	}
	if (unlikely(!route->direct) && halb_route_is_local(route, server->af))
		return to_local_server(pkt, conn, route);
	if (unlikely(pkt->flags & (HALB_PACKET_OWN | HALB_PACKET_STACK))) {
		verdict = by_stack(pkt, conn, route);
		if (verdict != HALB_GO_ON)
			return verdict;
	}
	if (unlikely(halb_is_list(pkt->skb)))
		return halb_one_by_one(pkt, conn, halb_xmit_to_server);

	if (server->method == HALB_METHOD_TUN) {
		halb_tun_plan(pkt, server, &encap);
		verdict = check_tunnel(pkt, encap.overhead);
		if (unlikely(verdict != HALB_GO_ON))
			return verdict;
	}
	verdict = check(pkt, route, &way, encap.overhead);
	if (unlikely(verdict != HALB_GO_ON))
		return verdict;
	if (unlikely(!take_over(pkt, route, encap.overhead)))
		return halb_drop(pkt, NO_MEMORY);

	switch (server->method) {
	case HALB_METHOD_NAT:
	case HALB_METHOD_FULLNAT:
		if (unlikely(!pkt->rewritten &&
			     !halb_nat_to_server(pkt, conn)))
			return halb_drop(pkt, NO_MEMORY);
		break;
	case HALB_METHOD_TUN:
		if (unlikely(!halb_tun_encapsulate(pkt, server, route,
						   &encap)))
			return halb_drop(pkt, NO_MEMORY);
		break;
	case HALB_METHOD_DR:
		break;
	}
	return leave(pkt, route, &way);
}

/* An answer that is on its way out already. */
static noinline unsigned int late_to_client(struct halb_packet *pkt,
					    const struct halb_conn *conn)
{
	if (!pkt->rewritten && !halb_nat_to_client(pkt, conn))
		return halb_drop(pkt, NO_MEMORY);
	return halb_stack_reroute(pkt);
}

/* An answer to a process of the director. */
static noinline unsigned int to_local_client(struct halb_packet *pkt,
					     const struct halb_conn *conn,
					     const struct halb_route *route)
{
	if (!pkt->rewritten && !halb_nat_to_client(pkt, conn))
		return halb_drop(pkt, NO_MEMORY);
	return halb_stack_deliver(pkt, route);
}

/**
 * halb_xmit_to_client - sends a server's answer back to the client
 * @pkt: packet of a nat server
 * @conn: its connection
 *
 * Context: softirq, RCU read side. Return: verdict.
 */
unsigned int halb_xmit_to_client(struct halb_packet *pkt,
				 struct halb_conn *conn)
{
	union nf_inet_addr to = {}, from = {};
	struct halb_way way = { .to = &to };
	struct halb_route *route;
	unsigned int verdict;

	if (unlikely(pkt->flags & HALB_PACKETS_LATE))
		return late_to_client(pkt, conn);
	if (pkt->v6) {
		to.in6 = conn->tuple6.client;
		from.in6 = conn->tuple6.vip;
	} else {
		to.ip = conn->tuple4.client;
		from.ip = conn->tuple4.vip;
	}
	route = halb_route_usable(&conn->route);
	if (unlikely(!route)) {
		route = renew_client_route(pkt, conn, &to, &from);
		if (!route)
			return halb_drop(pkt, NO_ROUTE);
	}
	if (unlikely(!route->direct) &&
	    halb_route_is_local(route, pkt->v6 ? AF_INET6 : AF_INET))
		return to_local_client(pkt, conn, route);
	if (unlikely(halb_is_list(pkt->skb)))
		return halb_one_by_one(pkt, conn, halb_xmit_to_client);
	verdict = check(pkt, route, &way, 0);
	if (unlikely(verdict != HALB_GO_ON))
		return verdict;
	if (unlikely(!take_over(pkt, route, 0) ||
		     (!pkt->rewritten && !halb_nat_to_client(pkt, conn))))
		return halb_drop(pkt, NO_MEMORY);
	return leave(pkt, route, &way);
}

/**
 * halb_xmit_own - sends a packet that halb made
 * @hn: netns
 * @skb: packet, complete; consumed
 * @route: way out
 * @v6: IPv6
 * @to: destination
 *
 * Not seen by any hook, and so by no connection tracking. Context: softirq.
 */
void halb_xmit_own(struct halb_net *hn, struct sk_buff *skb,
		   const struct halb_route *route, bool v6,
		   const union nf_inet_addr *to)
{
	skb_dst_set(skb, dst_clone(route->dst));
	if (likely(route->direct && !has_xfrm_policy(hn->net))) {
		to_neighbour(skb, route->dst, v6, to);
		return;
	}
	skb->dev = route->dst->dev;
	dst_output(hn->net, NULL, skb);
}
