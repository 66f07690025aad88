// SPDX-License-Identifier: GPL-2.0
/*
 * The first packet of a flow: which service, which server, a connection.
 */
#include "conn_new.h"
#include "conn_table.h"
#include "ftp.h"
#include "half_open.h"
#include "packet.h"
#include "sctp_state.h"
#include "source.h"
#include "template.h"
#include "xmit.h"

/* picks before a flow is refused for want of a reply tuple of its own */
#define HALB_PICKS	3

static void service_key(const struct halb_packet *pkt,
			struct halb_service_key *key)
{
	memset(key, 0, sizeof(*key));
	key->protocol = pkt->protocol;
	if (pkt->v6) {
		key->af = AF_INET6;
		key->addr.in6 = pkt->tuple6.vip;
		key->port = pkt->tuple6.vport;
	} else {
		key->af = AF_INET;
		key->addr.ip = pkt->tuple4.vip;
		key->port = pkt->tuple4.vport;
	}
}

static struct halb_plan *find_plan(const struct halb_packet *pkt)
{
	struct halb_service_key key;

	service_key(pkt, &key);
	return halb_config_match(rcu_dereference(pkt->hn->config), &key,
				 pkt->flags & HALB_PACKET_MARKED ?
					pkt->skb->mark : 0);
}

/**
 * struct asking - a new flow, as schedulers see it
 * @client: what they get
 * @addr: &halb_client.addr points here
 * @vip: &halb_client.vip points here
 */
struct asking {
	struct halb_client client;
	union nf_inet_addr addr;
	union nf_inet_addr vip;
};

static void client_of(const struct halb_packet *pkt,
		      const struct halb_plan *plan, struct asking *a)
{
	memset(a, 0, sizeof(*a));
	a->client.af = plan->key.af;
	a->client.addr = &a->addr;
	a->client.vip = &a->vip;
	if (pkt->v6) {
		a->client.port = pkt->tuple6.cport;
		a->addr.in6 = pkt->tuple6.client;
		a->vip.in6 = pkt->tuple6.vip;
	} else {
		a->client.port = pkt->tuple4.cport;
		a->addr.ip = pkt->tuple4.client;
		a->vip.ip = pkt->tuple4.vip;
	}
}

static struct halb_server *pick(const struct halb_packet *pkt,
				struct halb_plan *plan)
{
	struct asking a;

	client_of(pkt, plan, &a);
	return halb_sched_pick(plan, &a.client);
}

/* The server for a client network; the network counts as one client. */
static struct halb_server *pick_for_network(const struct halb_packet *pkt,
					    struct halb_plan *plan)
{
	struct asking a;

	client_of(pkt, plan, &a);
	a.client.port = 0;
	if (pkt->v6)
		ipv6_addr_prefix(&a.addr.in6, &pkt->tuple6.client,
				 plan->persist_prefix);
	else
		a.addr.ip &= inet_make_mask(plan->persist_prefix);
	return halb_sched_pick(plan, &a.client);
}

static struct halb_conn *find_template(const struct halb_packet *pkt,
				       const struct halb_plan *plan)
{
	struct halb_tuple4 t4;
	struct halb_tuple6 t6;

	if (pkt->v6) {
		halb_template_tuple6(&t6, &plan->key, &pkt->tuple6.client,
				     plan->persist_prefix);
		return halb_conn_find6(pkt->hn, &t6);
	}
	halb_template_tuple4(&t4, &plan->key, pkt->tuple4.client,
			     plan->persist_prefix);
	return halb_conn_find4(pkt->hn, &t4);
}

static struct halb_conn *new_template(const struct halb_packet *pkt,
				      struct halb_plan *plan)
{
	struct halb_server *server = pick_for_network(pkt, plan);
	struct halb_conn *template;

	if (!server)
		return NULL;
	template = halb_conn_alloc(server, pkt->v6, HALB_CONN_STATE_TEMPLATE);
	if (IS_ERR(template))
		return template;
	if (pkt->v6) {
		halb_template_tuple6(&template->tuple6, &plan->key,
				     &pkt->tuple6.client,
				     plan->persist_prefix);
		template->hash[0] = halb_hash6(&template->tuple6);
	} else {
		halb_template_tuple4(&template->tuple4, &plan->key,
				     pkt->tuple4.client, plan->persist_prefix);
		template->hash[0] = halb_hash4(&template->tuple4);
	}
	return halb_conn_insert(pkt->hn, template, NULL);
}

/* The server that the client network is pinned to; NULL if none, or ERR_PTR. */
static struct halb_server *pick_persistent(const struct halb_packet *pkt,
					   struct halb_plan *plan)
{
	struct halb_conn *template = find_template(pkt, plan);

	if (template && halb_template_is_over(pkt->hn, template)) {
		halb_conn_kill(pkt->hn, template);
		template = NULL;
	}
	if (!template) {
		template = new_template(pkt, plan);
		if (IS_ERR_OR_NULL(template))
			return ERR_CAST(template);
	}
	WRITE_ONCE(template->seen, halb_now());
	return template->server;
}

/* Is it FTP's control connection? A service for all ports has others, too. */
static bool is_ftp(const struct halb_packet *pkt, const struct halb_plan *plan,
		   const struct halb_server *server)
{
	__be16 vport = pkt->v6 ? pkt->tuple6.vport : pkt->tuple4.vport;

	return pkt->protocol == IPPROTO_TCP &&
	       server->method == HALB_METHOD_NAT &&
	       (plan->key.port || vport == htons(HALB_FTP_CONTROL));
}

static u32 first_state(const struct halb_packet *pkt,
		       const struct halb_plan *plan,
		       const struct halb_server *server)
{
	u32 state;

	if (pkt->protocol == IPPROTO_TCP) {
		state = halb_tcp_next(halb_method_rewrites(server->method) ?
				      HALB_TCP_INPUT : HALB_TCP_INPUT_ONLY,
				      pkt->tcp_flags, HALB_CONN_STATE_NONE);
		if (!halb_tcp_state_active(state))
			state |= HALB_CONN_INACTIVE;
	} else if (pkt->protocol == IPPROTO_SCTP) {
		state = halb_sctp_next(halb_method_rewrites(server->method) ?
				       HALB_TCP_INPUT : HALB_TCP_INPUT_ONLY,
				       pkt->sctp_event, HALB_CONN_STATE_NONE);
		if (!halb_sctp_state_active(state))
			state |= HALB_CONN_INACTIVE;
	} else {
		/* counts as inactive, as in ip_vs */
		state = HALB_CONN_STATE_UDP | HALB_CONN_INACTIVE;
	}
	if (plan->flags & HALB_SERVICE_FLAG_PERSISTENT)
		state |= HALB_CONN_PERSISTENT;
	if (unlikely(plan->flags & HALB_SERVICE_FLAG_FTP) &&
	    is_ftp(pkt, plan, server))
		state |= HALB_CONN_FTP;
	return state;
}

static struct halb_conn *new_conn(const struct halb_packet *pkt,
				  const struct halb_plan *plan,
				  struct halb_server *server)
{
	struct halb_conn *conn, *twin;

	conn = halb_conn_alloc(server, pkt->v6,
			       first_state(pkt, plan, server));
	if (IS_ERR(conn))
		return conn;
	if (pkt->v6)
		conn->tuple6 = pkt->tuple6;
	else
		conn->tuple4 = pkt->tuple4;
	conn->hash[0] = pkt->hash;
	twin = halb_conn_insert(pkt->hn, conn, &plan->pool);
	/* another CPU may have made the flow's connection, and counted it */
	if (likely(twin == conn))
		halb_count_conn(server);
	return twin;
}

/* The hook for all flows shall look at packets to this destination. */
static void mark_destination(const struct halb_packet *pkt)
{
	struct halb_probe *marked = rcu_dereference(pkt->hn->marked);

	if (pkt->v6) {
		union nf_inet_addr vip = { .in6 = pkt->tuple6.vip };

		if (!halb_probe6(marked, &vip.in6, HALB_PROBE_VIP))
			halb_probe_add(marked, AF_INET6, &vip, HALB_PROBE_VIP);
	} else {
		union nf_inet_addr vip = { .ip = pkt->tuple4.vip };

		if (!halb_probe4(marked, vip.ip, HALB_PROBE_VIP))
			halb_probe_add(marked, AF_INET, &vip, HALB_PROBE_VIP);
	}
}

static struct halb_conn *bind(const struct halb_packet *pkt,
				  struct halb_plan *plan)
{
	bool persistent = plan->flags & HALB_SERVICE_FLAG_PERSISTENT;
	struct halb_conn *conn = NULL;
	int i;

	for (i = 0; i < HALB_PICKS; i++) {
		struct halb_server *server;

		server = persistent ? pick_persistent(pkt, plan) :
				      pick(pkt, plan);
		if (IS_ERR_OR_NULL(server))
			return ERR_CAST(server);
		conn = new_conn(pkt, plan, server);
		if (conn != ERR_PTR(-EADDRINUSE) &&
		    conn != ERR_PTR(-EADDRNOTAVAIL))
			break;
	}
	return conn;
}

/*
 * One-packet scheduling: what would be the connection ends with the packet, and
 * nobody else can find it. The server stays valid until the RCU section ends.
 */
static unsigned int send_one(struct halb_packet *pkt, struct halb_plan *plan,
			     struct halb_server *server)
{
	struct halb_conn conn = {
		.server = server,
		.state = first_state(pkt, plan, server),
	};

	if (pkt->v6)
		conn.tuple6 = pkt->tuple6;
	else
		conn.tuple4 = pkt->tuple4;
	halb_count_conn(server);
	halb_count_in(server, pkt->skb);
	halb_packet_follow(pkt, server);
	return halb_xmit_to_server(pkt, &conn);
}

/**
 * halb_refuse_flow - drops a packet that a new flow was to begin with
 * @pkt: packet
 * @err: why there is no connection
 *
 * Return: verdict.
 */
unsigned int halb_refuse_flow(struct halb_packet *pkt, int err)
{
	switch (err) {
	case -ENOMEM:
		return halb_drop(pkt, NO_MEMORY);
	case -EADDRINUSE:
	case -EEXIST:
		return halb_drop(pkt, REPLY_CLASH);
	case -EADDRNOTAVAIL:
		return halb_drop(pkt, NO_SOURCE_PORT);
	case -ESTALE:
		return halb_drop(pkt, SERVER_REMOVED);
	default:
		return halb_drop(pkt, TABLE_BUSY);
	}
}

/* Tells the client, as ip_vs does, that nobody serves here. */
static unsigned int no_server(struct halb_packet *pkt)
{
	if (pkt->flags & HALB_PACKET_OWN) {
		/* connect() and send() of the process say so */
		halb_drop_count(pkt->hn, NO_SERVER);
		return NF_DROP_ERR(-ECONNREFUSED);
	}
	halb_answer_unreachable(pkt);
	return halb_drop(pkt, NO_SERVER);
}

/*
 * May this packet begin a flow? HALB_GO_ON, or a verdict: a packet that
 * belongs to a flow may be somebody else's.
 */
static unsigned int may_begin(const struct halb_packet *pkt,
			      const struct halb_plan *plan)
{
	bool adopt = plan->flags & HALB_SERVICE_FLAG_ADOPT;

	switch (pkt->protocol) {
	case IPPROTO_TCP:
		if (halb_is_syn(pkt) ||
		    (adopt && !(pkt->tcp_flags & HALB_TCP_RST)))
			return HALB_GO_ON;
		return halb_pass(pkt, TCP_NOT_SYN);
	case IPPROTO_SCTP:
		if (pkt->sctp_event == HALB_SCTP_INIT ||
		    (adopt && pkt->sctp_event != HALB_SCTP_ABORT))
			return HALB_GO_ON;
		return halb_pass(pkt, SCTP_NOT_INIT);
	default:
		return HALB_GO_ON;
	}
}

static noinline unsigned int schedule_one(struct halb_packet *pkt,
					  struct halb_plan *plan)
{
	struct halb_server *server;

	server = plan->flags & HALB_SERVICE_FLAG_PERSISTENT ?
		pick_persistent(pkt, plan) : pick(pkt, plan);
	if (!server)
		return no_server(pkt);
	if (IS_ERR(server))
		return halb_refuse_flow(pkt, PTR_ERR(server));
	return send_one(pkt, plan, server);
}

/**
 * halb_has_room - is there room for another entry in the table of connections?
 * @hn: netns
 */
bool halb_has_room(struct halb_net *hn)
{
	if (likely(atomic_read(&hn->conn_count) <
		   READ_ONCE(hn->settings.conn_limit)))
		return true;
	/* there may be once the dead are buried */
	if (!llist_empty(&hn->dead))
		queue_work(halb_wq, &hn->reap);
	return false;
}

/**
 * halb_source_valid - whether a new flow may come from where it says
 * @pkt: its first packet
 *
 * Counts the reason if not. What the director itself sends is not asked.
 * Context: as halb_schedule().
 */
bool halb_source_valid(const struct halb_packet *pkt)
{
	union nf_inet_addr client = {}, vip = {};
	struct halb_source source = {
		.client = &client,
		.vip = &vip,
		.dev = pkt->skb->dev,
		.mark = pkt->skb->mark,
		.v6 = pkt->v6,
	};
	int reason;

	if (unlikely(pkt->flags & HALB_PACKET_OWN))
		return true;
	if (pkt->v6) {
		client.in6 = pkt->tuple6.client;
		vip.in6 = pkt->tuple6.vip;
	} else {
		client.ip = pkt->tuple4.client;
		vip.ip = pkt->tuple4.vip;
	}
	reason = halb_source_refuse(pkt->hn, &source);
	if (likely(reason == HALB_SOURCE_OK))
		return true;
	this_cpu_inc(pkt->hn->counters->drop[reason]);
	return false;
}

/* Not here: what is forwarded, and the director's own unless it is wanted. */
static bool begins_elsewhere(const struct halb_packet *pkt)
{
	return pkt->flags & HALB_PACKETS_LATE &&
	       (pkt->flags & HALB_PACKET_FORWARD ||
		!READ_ONCE(pkt->hn->settings.local_clients));
}

/**
 * halb_schedule - deals with a packet that belongs to no connection
 * @pkt: packet
 *
 * Context: softirq, RCU read side. Return: verdict.
 */
unsigned int halb_schedule(struct halb_packet *pkt)
{
	struct halb_net *hn = pkt->hn;
	struct halb_plan *plan;
	struct halb_conn *conn;
	unsigned int verdict;
	bool one_packet;

	if (unlikely(atomic_read(&hn->expected)) && halb_is_syn(pkt) &&
	    !(pkt->flags & HALB_PACKET_FORWARD)) {
		verdict = halb_ftp_schedule(pkt);
		if (verdict != HALB_GO_ON)
			return verdict;
	}
	/* whether a mark decides is known after mangle only */
	if (unlikely(READ_ONCE(hn->mark_hooks)) &&
	    !(pkt->flags & HALB_PACKET_MARKED) &&
	    hn->mark_hooks & halb_mark_hook(pkt->v6 ? AF_INET6 : AF_INET))
		return NF_ACCEPT;
	if (unlikely(begins_elsewhere(pkt)))
		return NF_ACCEPT;
	plan = find_plan(pkt);
	if (!plan)
		return halb_unmatched(pkt);
	if (unlikely(READ_ONCE(plan->service->standby)))
		return halb_pass(pkt, NOT_MASTER);
	if (unlikely(plan->flags & HALB_SERVICE_FLAG_YIELD))
		return halb_pass(pkt, YIELDED);
	verdict = may_begin(pkt, plan);
	if (verdict != HALB_GO_ON)
		return verdict;
	if (!halb_source_valid(pkt))
		return NF_DROP;
	one_packet = halb_plan_is_one_packet(plan, pkt->protocol);
	if ((!one_packet || plan->flags & HALB_SERVICE_FLAG_PERSISTENT) &&
	    unlikely(!halb_has_room(hn)))
		return halb_drop(pkt, CONN_LIMIT);
	if (one_packet)
		return schedule_one(pkt, plan);
	if (!halb_plan_below_limit(plan, 0))
		return halb_drop(pkt, SERVICE_LIMIT);

	if (plan->key.fwmark)
		mark_destination(pkt);
	conn = bind(pkt, plan);
	if (!conn)
		return no_server(pkt);
	if (IS_ERR(conn))
		return halb_refuse_flow(pkt, PTR_ERR(conn));
	if (halb_is_syn(pkt))
		halb_half_open_add(hn, pkt->hash, pkt->v6);
	halb_count_in(conn->server, pkt->skb);
	halb_packet_follow(pkt, conn->server);
	return halb_xmit_to_server(pkt, conn);
}
