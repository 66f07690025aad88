// SPDX-License-Identifier: GPL-2.0
/* Packets in and out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "addr.h"
#include "director.h"
#include "log.h"
#include "vrrp_sock.h"

/* --- sockets --------------------------------------------------------------------- */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	port_drain(arg);
}

static struct port *port_new(struct director *director, const char *ifname, int ifindex,
			     const struct conf_vrrp *conf)
{
	struct port *port = calloc(1, sizeof(*port));

	if (!port)
		return NULL;
	port->fd = vrrp_sock_open(conf->family, ifname, conf->kernel_rx_buf_size);
	if (port->fd < 0) {
		log_msg(LOG_ERR, "Cannot open a VRRP socket on %s: %s", ifname,
			strerror(-port->fd));
		free(port);
		return NULL;
	}
	port->director = director;
	port->ifindex = ifindex;
	port->family = conf->family;
	port->event = event_new(director->base, port->fd, EV_READ | EV_PERSIST, on_readable, port);
	if (port->event)
		event_add(port->event, NULL);
	port->next = director->ports;
	director->ports = port;
	return port;
}

struct port *port_get(struct director *director, const char *ifname, int ifindex,
		      const struct conf_vrrp *conf)
{
	struct port *port = director->ports;
	int ret;

	while (port && (port->ifindex != ifindex || port->family != conf->family))
		port = port->next;
	if (!port)
		port = port_new(director, ifname, ifindex, conf);
	if (!port)
		return NULL;
	port->users++;
	if (conf->unicast)
		return port;
	ret = vrrp_sock_join(port->fd, &conf->mcast_dst_ip, ifindex);
	if (ret)
		log_msg(LOG_ERR, "(%s) cannot join the multicast group on %s: %s", conf->name,
			ifname, strerror(-ret));
	return port;
}

void port_put(struct port *port)
{
	struct port **at = &port->director->ports;

	if (--port->users)
		return;
	while (*at != port)
		at = &(*at)->next;
	*at = port->next;
	if (port->event)
		event_free(port->event);
	close(port->fd);
	free(port);
}

/* --- in ----------------------------------------------------------------------------- */

static bool is_multicast(const struct halb_addr *addr)
{
	return addr->family == AF_INET6 ? IN6_IS_ADDR_MULTICAST(&addr->v6) :
					  IN_MULTICAST(ntohl(addr->v4.s_addr));
}

static struct instance *find_instance(struct port *port, uint8_t vrid, bool multicast)
{
	struct director *director = port->director;

	for (size_t i = 0; i < director->count; i++) {
		struct instance *instance = director->instances[i];

		if (instance->port == port && instance->conf->vrid == vrid &&
		    instance->conf->unicast == !multicast)
			return instance;
	}
	return NULL;
}

static const struct conf_peer *find_peer(const struct conf_vrrp *conf,
					 const struct halb_addr *from)
{
	for (size_t i = 0; i < conf->peers_count; i++)
		if (halb_addr_equal(&conf->peers[i].addr, from))
			return &conf->peers[i];
	return NULL;
}

static unsigned int fill_addrs(const struct conf_vrrp *conf, struct halb_addr *addrs)
{
	unsigned int count = 0;

	for (size_t i = 0; i < conf->vips_count && count < VRRP_ADDRS_MAX; i++)
		if (conf->vips[i].addr.family == conf->family)
			addrs[count++] = conf->vips[i].addr;
	return count;
}

static void expect_of(const struct instance *instance, const struct halb_addr *from,
		      const struct conf_peer *peer, struct halb_addr *addrs,
		      struct vrrp_expect *expect)
{
	const struct conf_vrrp *conf = instance->conf;
	bool known = conf->skip_check_adv_addr && halb_addr_equal(from, &instance->vrrp.master);

	*expect = (struct vrrp_expect){
		.version = conf->version, .vrid = conf->vrid,
		.auth_type = (uint8_t)conf->auth_type,
		.interval = (uint32_t)(conf->advert_int_us / (int64_t)VRRP_CENTISECOND),
		.ttl_min = 255, .ttl_max = 255,
		.addrs = known ? NULL : addrs,
		.count = fill_addrs(conf, addrs),
	};
	memcpy(expect->pass, conf->auth_pass, sizeof(expect->pass));
	if (conf->unicast) {
		expect->ttl_min = peer ? peer->min_ttl : 0;
		expect->ttl_max = peer ? peer->max_ttl : 255;
	}
}

static bool is_own(const struct instance *instance, const struct halb_addr *from)
{
	const struct link *link = links_find(instance->director->links, instance->conf->interface);

	return link && (link_addrs_have(&link->addrs, from) ||
			link_addrs_have(&link->secondary, from));
}

/* Counted each time, said once for each peer. */
static void complain(struct instance *instance, const struct halb_addr *from,
		     enum vrrp_refusal refusal)
{
	struct complaint *complaint = &instance->complaints[refusal];
	char text[ADDR_STRLEN];

	instance->vrrp.counters.refused[refusal]++;
	if (complaint->made && halb_addr_equal(&complaint->from, from))
		return;
	complaint->made = true;
	complaint->from = *from;
	log_msg(LOG_WARNING, "(%s) received from %s an advertisement %s%s", instance->conf->name,
		addr_format(from, text), vrrp_refusal_text(refusal),
		refusal == VRRP_BAD_ADDRESSES ? "" : ": ignored");
}

static void receive(struct port *port, const struct vrrp_envelope *envelope,
		    const void *data, size_t len)
{
	static struct vrrp_packet packet;
	static struct halb_addr addrs[VRRP_ADDRS_MAX];
	enum vrrp_refusal refusal = vrrp_packet_decode(data, len, envelope, &packet);
	const struct conf_peer *peer = NULL;
	struct vrrp_expect expect;
	struct instance *instance;

	instance = find_instance(port, packet.vrid, is_multicast(&envelope->to));
	if (!instance) {
		if (!refusal && port->director->conf->global.log_unknown_vrids)
			log_msg(LOG_INFO, "Unknown VRID(%u) received", packet.vrid);
		return;
	}
	if (instance->conf->unicast)
		peer = find_peer(instance->conf, &envelope->from);
	if (!refusal && is_own(instance, &envelope->from))
		refusal = VRRP_BAD_OWN;
	if (!refusal && instance->conf->unicast && instance->conf->check_unicast_src && !peer)
		refusal = VRRP_BAD_PEER;
	if (!refusal) {
		expect_of(instance, &envelope->from, peer, addrs, &expect);
		refusal = vrrp_packet_check(&packet, envelope, &expect);
	}
	if (refusal)
		complain(instance, &envelope->from, refusal);
	/* A list that differs is a mistake to mend, and no reason for two masters. */
	if (refusal && refusal != VRRP_BAD_ADDRESSES)
		return;
	if (!refusal)
		memset(instance->complaints, 0, sizeof(instance->complaints));
	if (instance->conf->owner_ignore_adverts && instance->vrrp.state == VRRP_MASTER &&
	    instance->vrrp.priority == VRRP_PRIO_OWNER)
		return;
	vrrp_receive(&instance->vrrp, director_now(), &envelope->from, &packet);
	instance_arm(instance);
}

void port_drain(struct port *port)
{
	static uint8_t buf[65536];
	struct vrrp_envelope envelope;
	const void *payload;
	size_t len;

	/* No more than that at once: somebody may flood us. */
	for (unsigned int n = 0; n < 1000; n++) {
		if (vrrp_sock_receive(port->fd, buf, sizeof(buf), &envelope, &payload, &len) <= 0)
			return;
		receive(port, &envelope, payload, len);
	}
}

/* --- out ------------------------------------------------------------------------------- */

static void fill_packet(const struct instance *instance, uint8_t priority,
			struct vrrp_packet *packet)
{
	const struct conf_vrrp *conf = instance->conf;

	memset(packet, 0, offsetof(struct vrrp_packet, addrs));
	packet->version = conf->version;
	packet->vrid = conf->vrid;
	packet->priority = priority;
	packet->auth_type = (uint8_t)conf->auth_type;
	memcpy(packet->pass, conf->auth_pass, sizeof(packet->pass));
	packet->interval = (uint32_t)(conf->advert_int_us / (int64_t)VRRP_CENTISECOND);
	packet->family = conf->family;
	packet->checksum = conf->v3_checksum_as_v2 ? VRRP_CHECKSUM_PLAIN : VRRP_CHECKSUM_PSEUDO;
	packet->count = (uint8_t)fill_addrs(conf, packet->addrs);
}

static void send_to(struct instance *instance, const struct vrrp_packet *packet,
		    const struct halb_addr *to, uint8_t ttl)
{
	struct vrrp_envelope envelope = { instance->vrrp.self, *to, ttl };
	uint8_t data[VRRP_PACKET_MAX];
	size_t len = vrrp_packet_encode(packet, &envelope, data);
	int ret = vrrp_sock_send(instance->out->fd, instance->out->ifindex, &envelope, data,
				 len);
	char text[ADDR_STRLEN];

	/* Whose cable was pulled knows it already. */
	if (ret && ret != -ENETDOWN && ret != -ENETUNREACH && ret != -ENODEV && ret != -ENXIO)
		log_msg(LOG_WARNING, "(%s) cannot send an advertisement to %s: %s",
			instance->conf->name, addr_format(to, text), strerror(-ret));
}

void instance_send(struct instance *instance, uint8_t priority)
{
	static struct vrrp_packet packet;
	const struct conf_vrrp *conf = instance->conf;

	if (!instance->out)
		return;
	fill_packet(instance, priority, &packet);
	if (!conf->unicast)
		send_to(instance, &packet, &conf->mcast_dst_ip, 255);
	for (size_t i = 0; conf->unicast && i < conf->peers_count; i++)
		send_to(instance, &packet, &conf->peers[i].addr, (uint8_t)conf->unicast_ttl);
}

void instance_set_last_word(struct instance *instance, bool valid)
{
	static struct vrrp_packet packet;
	const struct conf_vrrp *conf = instance->conf;
	uint8_t data[VRRP_PACKET_MAX];
	struct last_word *word;

	if (instance->last_word >= LAST_WORDS_MAX)
		return;
	word = &instance->director->vips->last_words[instance->last_word];
	word->valid = false;
	/* To one of several unicast peers is not worth it. */
	if (!valid || (conf->unicast && conf->peers_count != 1))
		return;
	word->envelope = (struct vrrp_envelope){
		instance->vrrp.self, conf->unicast ? conf->peers[0].addr : conf->mcast_dst_ip,
		conf->unicast ? (uint8_t)conf->unicast_ttl : 255,
	};
	fill_packet(instance, VRRP_PRIO_STOP, &packet);
	word->len = (uint16_t)vrrp_packet_encode(&packet, &word->envelope, data);
	if (word->len > LAST_WORD_SIZE)
		return;
	memcpy(word->data, data, word->len);
	word->ifindex = instance->ifindex;
	snprintf(word->ifname, sizeof(word->ifname), "%s", conf->interface);
	__atomic_store_n(&word->valid, true, __ATOMIC_RELEASE);
}
