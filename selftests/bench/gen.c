// SPDX-License-Identifier: GPL-2.0
/*
 * Sends packets of many flows out of a device, and tells what one cost.
 *
 *	gen -i DEVICE -m MAC -s SOURCE -d DESTINATION [-P SPORT] [-D DPORT] [-b]
 *	    [-t FLAGS] [-f FLOWS] [-o FIRST] [-r] [-n COUNT] [-w WARM] [-q] [-g SIZE]
 *
 *	-m MAC		Ethernet destination
 *	-s, -d		addresses, both IPv4 or both IPv6
 *	-P, -D		ports (2001, 80)
 *	-b		the way back: the flows differ in their destination
 *	-t FLAGS	TCP with these flags (byte 13, in hexadecimal); else UDP
 *	-f FLOWS	how many flows (1000); they differ in the client's port and,
 *			50,000 ports each, address
 *	-o FIRST	number of the first flow (0)
 *	-r		flows in random order; else one after the other
 *	-n COUNT	packets to measure (20000)
 *	-w WARM		packets before, not counted (FLOWS, in order)
 *	-q		measures nothing, and lets others run: for floods
 *	-g SIZE		a super-packet of SIZE bytes of TCP payload, in segments of 1428
 *
 * Prints nanoseconds per packet, which under -icount are instructions, with one decimal. A
 * packet socket makes packets of any protocol and, unlike pktgen before 6.7, unshared ones, as a
 * real device does. Checksums are right, so that to translate them is not for nothing.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH		32
#define PORTS		50000	/* of one client address */
#define MSS		1428	/* a tunnel's header fits into 1500 bytes as well */
#define SMALL		46	/* an Ethernet frame's least payload */
#define ROOM		(sizeof(struct virtio_net_hdr) + 128 + 65536)

struct flows {
	bool v6, back, random;
	int tcp_flags;		/* -1: UDP */
	unsigned int count, first;
	uint32_t client;	/* last four bytes of the first client's address */
	uint16_t port;		/* the first client's */
	uint32_t dice;
	unsigned int next;
};

/* where in a packet the parts are, and the sums of what does not change */
struct layout {
	unsigned int len, net, transport, addr, port, check;
	uint32_t ip_sum, transport_sum;
	bool gso;
};

static char packets[BATCH][ROOM];

static void die(const char *what)
{
	fprintf(stderr, "gen: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint32_t add_up(uint32_t sum, const void *data, unsigned int len)
{
	const uint8_t *p = data;

	for (; len > 1; len -= 2, p += 2)
		sum += p[0] << 8 | p[1];
	return len ? sum + (p[0] << 8) : sum;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put16(char *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

/* Writes the packet that all others are copies of. */
static struct layout template(char *buf, const struct flows *flows, const uint8_t *ether,
			      const uint8_t *saddr, const uint8_t *daddr, uint16_t sport,
			      uint16_t dport, unsigned int gso_size)
{
	unsigned int alen = flows->v6 ? 16 : 4, thlen, plen;
	bool tcp = flows->tcp_flags >= 0;
	struct layout l = { .net = sizeof(struct virtio_net_hdr) + ETH_HLEN };
	uint8_t pseudo[4] = { 0, tcp ? IPPROTO_TCP : IPPROTO_UDP };

	l.gso = gso_size;
	thlen = tcp ? sizeof(struct tcphdr) : sizeof(struct udphdr);
	l.transport = l.net + (flows->v6 ? sizeof(struct ip6_hdr) : sizeof(struct iphdr));
	if (gso_size)
		plen = gso_size;
	else
		plen = l.transport + thlen - l.net < SMALL ?
		       SMALL - (l.transport + thlen - l.net) : 0;
	l.len = l.transport + thlen + plen;
	memcpy(buf + l.net - ETH_HLEN, ether, ETH_HLEN);

	if (flows->v6) {
		struct ip6_hdr *ip6 = (struct ip6_hdr *)(buf + l.net);

		ip6->ip6_flow = htonl(6U << 28);
		ip6->ip6_plen = htons(thlen + plen);
		ip6->ip6_nxt = pseudo[1];
		ip6->ip6_hops = 64;
		memcpy(&ip6->ip6_src, saddr, alen);
		memcpy(&ip6->ip6_dst, daddr, alen);
		l.addr = l.net + (flows->back ? 24 : 8) + 12;
	} else {
		struct iphdr *ip = (struct iphdr *)(buf + l.net);

		ip->version = 4;
		ip->ihl = 5;
		ip->tot_len = htons(l.len - l.net);
		ip->ttl = 64;
		ip->frag_off = htons(IP_DF);
		ip->protocol = pseudo[1];
		memcpy(&ip->saddr, saddr, alen);
		memcpy(&ip->daddr, daddr, alen);
		l.addr = l.net + (flows->back ? 16 : 12);
	}
	put16(buf + l.transport, sport);
	put16(buf + l.transport + 2, dport);
	l.port = l.transport + (flows->back ? 2 : 0);
	if (tcp) {
		struct tcphdr *th = (struct tcphdr *)(buf + l.transport);

		th->doff = 5;
		((uint8_t *)th)[13] = flows->tcp_flags;
		th->seq = htonl(1);
		th->ack_seq = htonl(1);
		th->window = htons(1000);
		l.check = l.transport + offsetof(struct tcphdr, check);
	} else {
		put16(buf + l.transport + 4, thlen + plen);
		l.check = l.transport + offsetof(struct udphdr, check);
	}

	/* what changes from packet to packet is added later */
	memset(buf + l.addr, 0, 4);
	memset(buf + l.port, 0, 2);
	if (!flows->v6)
		l.ip_sum = add_up(0, buf + l.net, sizeof(struct iphdr));
	l.transport_sum = add_up(thlen + plen, pseudo, 2);
	l.transport_sum = add_up(l.transport_sum, buf + l.net + (flows->v6 ? 8 : 12), 2 * alen);
	if (gso_size) {
		struct virtio_net_hdr *vh = (struct virtio_net_hdr *)buf;

		vh->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		vh->gso_type = flows->v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
		vh->gso_size = MSS;
		vh->hdr_len = l.transport + thlen - sizeof(*vh);
		vh->csum_start = l.transport - sizeof(*vh);
		vh->csum_offset = l.check - l.transport;
	} else {
		l.transport_sum = add_up(l.transport_sum, buf + l.transport, thlen + plen);
	}
	return l;
}

static unsigned int next_flow(struct flows *flows)
{
	if (flows->random) {
		flows->dice ^= flows->dice << 13;
		flows->dice ^= flows->dice >> 17;
		flows->dice ^= flows->dice << 5;
		return flows->first + flows->dice % flows->count;
	}
	if (flows->next == flows->count)
		flows->next = 0;
	return flows->first + flows->next++;
}

/* Makes the template a packet of the next flow. */
static void fill(char *buf, const struct layout *l, struct flows *flows)
{
	unsigned int flow = next_flow(flows);
	uint32_t addr = flows->client + flow / PORTS;
	uint16_t port = flows->port + flow % PORTS;
	uint32_t sum = (addr >> 16) + (addr & 0xffff);

	put16(buf + l->addr, addr >> 16);
	put16(buf + l->addr + 2, addr);
	put16(buf + l->port, port);
	if (!flows->v6)
		put16(buf + l->net + offsetof(struct iphdr, check), ~fold(l->ip_sum + sum));
	if (l->gso)	/* completed by whoever segments it */
		put16(buf + l->check, fold(l->transport_sum + sum));
	else
		put16(buf + l->check, ~fold(l->transport_sum + sum + port));
}

/*
 * What the other end has no room for is sent again when it had time to make some. That is a sleep,
 * not a yield: ksoftirqd may have it to do, which gets no processor beside us otherwise, and on 6.1
 * nobody else does it once that was woken.
 */
static void send_all(int fd, struct mmsghdr *msgs, unsigned int n)
{
	const struct timespec pause = { .tv_nsec = 20000 };
	int sent;

	while (n) {
		sent = sendmmsg(fd, msgs, n, 0);
		if (sent < 0 && errno != ENOBUFS)
			die("sendmmsg");
		if (sent < (int)n)
			nanosleep(&pause, NULL);
		if (sent > 0) {
			msgs += sent;
			n -= sent;
		}
	}
}

static void send_packets(int fd, unsigned int count, const struct layout *l, struct flows *flows)
{
	static struct mmsghdr msgs[BATCH];
	static struct iovec iov[BATCH];

	while (count) {
		unsigned int n = count < BATCH ? count : BATCH, i;

		for (i = 0; i < n; i++) {
			fill(packets[i], l, flows);
			iov[i] = (struct iovec){ packets[i], l->len };
			msgs[i].msg_hdr.msg_iov = &iov[i];
			msgs[i].msg_hdr.msg_iovlen = 1;
		}
		send_all(fd, msgs, n);
		count -= n;
	}
}

static int open_device(const char *device, uint8_t *mac)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET };
	int fd, on = 1, size = 1 << 20;
	struct ifreq ifr = { 0 };

	/* protocol 0: sends only */
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0)
		die("socket");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		die(device);
	memcpy(mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	sll.sll_ifindex = if_nametoindex(device);
	if (bind(fd, (struct sockaddr *)&sll, sizeof(sll)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		die("packet socket");
	return fd;
}

/* Profiles begin and end here: see profile.c. */
__attribute__((noinline, used, section(".mark"))) void gen_mark(void)
{
	__asm__ volatile("" ::: "memory");
}

/* Nothing else shall run in between: sweeps, tables that grow, other daemons. */
static void be_alone(void)
{
	struct sched_param param = { .sched_priority = 1 };

	/* what is due runs now */
	usleep(500000);
	if (sched_setscheduler(0, SCHED_FIFO, &param))
		die("sched_setscheduler");
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

int main(int argc, char **argv)
{
	struct flows flows = { .tcp_flags = -1, .count = 1000, .dice = 2463534242U };
	unsigned int count = 20000, gso = 0, i;
	const char *device = NULL, *src = "", *dst = "";
	uint16_t sport = 2001, dport = 80;
	uint8_t ether[ETH_HLEN], saddr[16], daddr[16];
	struct layout layout;
	int fd, o, family;
	bool quiet = false;
	long warm = -1;
	uint64_t start;

	memset(ether, 0, sizeof(ether));
	while ((o = getopt(argc, argv, "i:m:s:d:P:D:bt:f:o:rn:w:qg:")) != -1) {
		switch (o) {
		case 'i': device = optarg; break;
		case 'm':
			if (sscanf(optarg, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &ether[0], &ether[1],
				   &ether[2], &ether[3], &ether[4], &ether[5]) != 6)
				return 2;
			break;
		case 's': src = optarg; break;
		case 'd': dst = optarg; break;
		case 'P': sport = strtoul(optarg, NULL, 0); break;
		case 'D': dport = strtoul(optarg, NULL, 0); break;
		case 'b': flows.back = true; break;
		case 't': flows.tcp_flags = strtoul(optarg, NULL, 16); break;
		case 'f': flows.count = strtoul(optarg, NULL, 0); break;
		case 'o': flows.first = strtoul(optarg, NULL, 0); break;
		case 'q': quiet = true; break;
		case 'r': flows.random = true; break;
		case 'n': count = strtoul(optarg, NULL, 0); break;
		case 'w': warm = strtoul(optarg, NULL, 0); break;
		case 'g': gso = strtoul(optarg, NULL, 0); break;
		default: return 2;
		}
	}
	if (!device || !flows.count || gso > 65000) {
		fprintf(stderr, "gen: see the top of gen.c\n");
		return 2;
	}
	flows.v6 = strchr(src, ':');
	family = flows.v6 ? AF_INET6 : AF_INET;
	if (inet_pton(family, src, saddr) != 1 || inet_pton(family, dst, daddr) != 1) {
		fprintf(stderr, "gen: -s and -d want two addresses of one family\n");
		return 2;
	}
	if (gso && flows.tcp_flags < 0)
		flows.tcp_flags = TH_ACK;
	fd = open_device(device, ether + ETH_ALEN);
	put16((char *)ether + 12, flows.v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	memcpy(&flows.client, (flows.back ? daddr : saddr) + (flows.v6 ? 12 : 0), 4);
	flows.client = ntohl(flows.client);
	flows.port = flows.back ? dport : sport;
	for (i = 0; i < BATCH; i++)
		layout = template(packets[i], &flows, ether, saddr, daddr, sport, dport, gso);

	if (warm) {
		struct flows all = flows;

		all.random = false;
		send_packets(fd, warm < 0 ? flows.count : warm, &layout, &all);
	}
	if (!count)
		return 0;
	if (quiet) {
		send_packets(fd, count, &layout, &flows);
		return 0;
	}
	be_alone();
	gen_mark();
	start = now();
	send_packets(fd, count, &layout, &flows);
	start = now() - start;
	gen_mark();
	printf("%llu.%llu\n", (unsigned long long)(start / count),
	       (unsigned long long)(start * 10 / count % 10));
	return 0;
}
