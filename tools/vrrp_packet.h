/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VRRP advertisements as they travel: version 2 (RFC 3768, with the simple password
 * of RFC 2338 that everybody still uses) and version 3 (RFC 5798, RFC 9568).
 */
#ifndef HALB_VRRP_PACKET_H
#define HALB_VRRP_PACKET_H

#include "model.h"

#define VRRP_PROTO		112
#define VRRP_ADDRS_MAX		255
#define VRRP_PASS_SIZE		8
/* 8 bytes of header, 255 IPv6 addresses */
#define VRRP_PACKET_MAX		(8 + VRRP_ADDRS_MAX * 16)

#define VRRP_PRIO_STOP		0
#define VRRP_PRIO_OWNER		255

enum vrrp_auth {			/* version 2 */
	VRRP_AUTH_NONE	= 0,
	VRRP_AUTH_PASS	= 1,
	VRRP_AUTH_AH	= 2,		/* known by name only */
};

/* RFC 5798 has a pseudo header in the checksum for both families, and so has keepalived;
 * RFC 9568, and some routers before it, for IPv6 only.
 */
enum vrrp_checksum {
	VRRP_CHECKSUM_PSEUDO,
	VRRP_CHECKSUM_PLAIN,
};

struct vrrp_packet {
	uint8_t version;		/* 2, 3 */
	uint8_t vrid;
	uint8_t priority;
	uint8_t auth_type;		/* version 2 */
	uint8_t pass[VRRP_PASS_SIZE];	/* version 2 */
	uint32_t interval;		/* in centiseconds, for either version */
	enum vrrp_checksum checksum;	/* version 3 for IPv4 */
	uint8_t family;			/* of the addresses */
	uint8_t count;
	struct halb_addr addrs[VRRP_ADDRS_MAX];
};

/* What the IP header says of a packet. */
struct vrrp_envelope {
	struct halb_addr from;
	struct halb_addr to;
	uint8_t ttl;
};

/* Why a packet is not taken: the counter's name, and the rest of a sentence that begins with
 * "an advertisement". In the order in which they are looked at.
 */
#define VRRP_REFUSALS(X)							\
	X(LENGTH,	"length",	"whose length is not what its header says")	\
	X(TTL,		"ttl",		"that crossed a router: its TTL is not 255")	\
	X(VERSION,	"version",	"of another VRRP version than configured")	\
	X(CHECKSUM,	"checksum",	"with a wrong checksum")		\
	X(TYPE,		"type",		"of an unknown packet type")		\
	X(VRID,		"vrid",		"with a virtual_router_id that nobody here has") \
	X(OWN,		"own",		"from an address of this very host")	\
	X(PEER,		"peer",		"from an address that is no unicast_peer") \
	X(AUTH_TYPE,	"auth-type",	"with another auth_type than configured") \
	X(PASSWORD,	"password",	"with another auth_pass than configured") \
	X(INTERVAL,	"interval",	"with another advert_int than configured") \
	X(ADDRESSES,	"addresses",	"with other virtual addresses than configured")

enum vrrp_refusal {
	VRRP_TAKEN,
#define X(id, name, text) VRRP_BAD_##id,
	VRRP_REFUSALS(X)
#undef X
	VRRP_REFUSAL_COUNT,
};

const char *vrrp_refusal_name(enum vrrp_refusal refusal);
const char *vrrp_refusal_text(enum vrrp_refusal refusal);

/* What a received packet must be, to be for an instance. */
struct vrrp_expect {
	uint8_t version;
	uint8_t vrid;
	uint8_t auth_type;
	uint8_t pass[VRRP_PASS_SIZE];
	uint32_t interval;		/* centiseconds; version 2 only */
	/* What the IP header must say: 0..255 in multicast, where only 255 is good */
	uint8_t ttl_min, ttl_max;
	const struct halb_addr *addrs;	/* those that must be listed; NULL: any */
	unsigned int count;
};

/* Cuts the IPv4 header off, which raw sockets deliver along. */
enum vrrp_refusal vrrp_packet_unwrap(const void *data, size_t len, struct vrrp_envelope *envelope,
				     const void **payload, size_t *payload_len);

/* Everything that can be told without a configuration: length, type, checksum. Of a packet that
 * is not VRRP_BAD_LENGTH, version and vrid are set in any case, so that one can say whose it is.
 */
enum vrrp_refusal vrrp_packet_decode(const void *data, size_t len,
				     const struct vrrp_envelope *envelope,
				     struct vrrp_packet *packet);

/* Everything else. */
enum vrrp_refusal vrrp_packet_check(const struct vrrp_packet *packet,
				    const struct vrrp_envelope *envelope,
				    const struct vrrp_expect *expect);

/* Returns the length. buf has VRRP_PACKET_MAX bytes. The envelope is for the checksum. */
size_t vrrp_packet_encode(const struct vrrp_packet *packet, const struct vrrp_envelope *envelope,
			  void *buf);

/* As numbers in network order, the way VRRP breaks a tie. */
int halb_addr_compare(const struct halb_addr *a, const struct halb_addr *b);
static inline size_t halb_addr_len(uint8_t family)
{
	return family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
}

/* The internet checksum, over parts of which all but the last have even lengths. */
uint32_t inet_sum(const void *data, size_t len, uint32_t sum);
uint16_t inet_fold(uint32_t sum);
/* The sum over the pseudo header of either family. */
uint32_t inet_sum_pseudo(const struct halb_addr *from, const struct halb_addr *to,
			 uint8_t protocol, size_t len);

#endif
