// SPDX-License-Identifier: GPL-2.0
#include "garp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/socket.h>

#include "vrrp_packet.h"

static size_t put_ethernet(uint8_t *frame, const uint8_t *to, const uint8_t *from, uint16_t type)
{
	struct ether_header eth = { .ether_type = htons(type) };

	memcpy(eth.ether_dhost, to, ETH_ALEN);
	memcpy(eth.ether_shost, from, ETH_ALEN);
	memcpy(frame, &eth, sizeof(eth));
	return sizeof(eth);
}

/* A request, as RFC 5227 has it: hosts that ignore replies that they did not ask for take it. */
static size_t put_arp(uint8_t *frame, const struct halb_addr *addr, const uint8_t *mac)
{
	static const uint8_t everybody[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	size_t len = put_ethernet(frame, everybody, mac, ETHERTYPE_ARP);
	struct ether_arp arp = {
		.ea_hdr = {
			.ar_hrd = htons(ARPHRD_ETHER), .ar_pro = htons(ETHERTYPE_IP),
			.ar_hln = ETH_ALEN, .ar_pln = 4, .ar_op = htons(ARPOP_REQUEST),
		},
	};

	memcpy(arp.arp_sha, mac, ETH_ALEN);
	memcpy(arp.arp_spa, addr->bytes, 4);
	memcpy(arp.arp_tpa, addr->bytes, 4);
	memcpy(frame + len, &arp, sizeof(arp));
	return len + sizeof(arp);
}

/* To all nodes, with the override flag: RFC 4861 section 7.2.6. */
static size_t put_na(uint8_t *frame, const struct halb_addr *addr, const uint8_t *mac)
{
	static const uint8_t nodes_mac[ETH_ALEN] = { 0x33, 0x33, 0, 0, 0, 1 };
	struct halb_addr nodes = { .family = AF_INET6 };
	size_t len = put_ethernet(frame, nodes_mac, mac, ETHERTYPE_IPV6);
	struct {
		struct nd_neighbor_advert na;
		uint8_t option, units, mac[ETH_ALEN];
	} body = { .option = ND_OPT_TARGET_LINKADDR, .units = 1 };
	struct ip6_hdr ip6 = {
		.ip6_flow = htonl(6u << 28), .ip6_plen = htons(sizeof(body)),
		.ip6_nxt = IPPROTO_ICMPV6, .ip6_hlim = 255, .ip6_src = addr->v6,
	};

	inet_pton(AF_INET6, "ff02::1", &nodes.v6);
	ip6.ip6_dst = nodes.v6;
	body.na.nd_na_type = ND_NEIGHBOR_ADVERT;
	body.na.nd_na_flags_reserved = ND_NA_FLAG_ROUTER | ND_NA_FLAG_OVERRIDE;
	body.na.nd_na_target = addr->v6;
	memcpy(body.mac, mac, ETH_ALEN);
	body.na.nd_na_cksum = htons(inet_fold(inet_sum(&body, sizeof(body),
		inet_sum_pseudo(addr, &nodes, IPPROTO_ICMPV6, sizeof(body)))));
	memcpy(frame + len, &ip6, sizeof(ip6));
	memcpy(frame + len + sizeof(ip6), &body, sizeof(body));
	return len + sizeof(ip6) + sizeof(body);
}

size_t garp_frame(const struct halb_addr *addr, const uint8_t mac[static 6],
		  uint8_t frame[static GARP_FRAME_MAX])
{
	return addr->family == AF_INET6 ? put_na(frame, addr, mac) : put_arp(frame, addr, mac);
}

int garp_open(void)
{
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int garp_send(int fd, int ifindex, const struct halb_addr *addr, const uint8_t mac[static 6])
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = ifindex };
	uint8_t frame[GARP_FRAME_MAX];
	size_t len = garp_frame(addr, mac, frame);

	return sendto(fd, frame, len, 0, (void *)&to, sizeof(to)) < 0 ? -errno : 0;
}
