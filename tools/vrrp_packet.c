// SPDX-License-Identifier: GPL-2.0
#include "vrrp_packet.h"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <string.h>

#include "util.h"

#define VRRP_TYPE_ADVERT	1
#define HEADER_LEN		8

/* Byte by byte, as the figures of the RFCs have it. */
enum {
	AT_VERSION_TYPE,
	AT_VRID,
	AT_PRIORITY,
	AT_COUNT,
	AT_AUTH_TYPE,			/* version 2 */
	AT_INTERVAL,
	AT_INTERVAL_HIGH = 4,		/* version 3 */
	AT_INTERVAL_LOW,
	AT_CHECKSUM,
	AT_ADDRS = HEADER_LEN,
};

static const struct {
	const char *name, *text;
} refusals[] = {
	{ "taken", "that is good" },
#define X(id, name, text) { name, text },
	VRRP_REFUSALS(X)
#undef X
};

const char *vrrp_refusal_name(enum vrrp_refusal refusal)
{
	return refusals[refusal].name;
}

const char *vrrp_refusal_text(enum vrrp_refusal refusal)
{
	return refusals[refusal].text;
}

int halb_addr_compare(const struct halb_addr *a, const struct halb_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, halb_addr_len(a->family));
}

/* --- checksum ----------------------------------------------------------------- */

uint32_t inet_sum(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *byte = data;

	for (; len > 1; len -= 2, byte += 2) {
		sum += (uint32_t)byte[0] << 8 | byte[1];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	if (len)
		sum += (uint32_t)byte[0] << 8;
	return sum;
}

uint16_t inet_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t inet_sum_pseudo(const struct halb_addr *from, const struct halb_addr *to,
			 uint8_t protocol, size_t len)
{
	uint32_t sum = (uint32_t)protocol + (uint32_t)len;

	sum = inet_sum(from->bytes, halb_addr_len(from->family), sum);
	return inet_sum(to->bytes, halb_addr_len(to->family), sum);
}

static uint32_t pseudo_of(const struct vrrp_envelope *envelope, size_t len)
{
	return inet_sum_pseudo(&envelope->from, &envelope->to, VRRP_PROTO, len);
}

/* --- in ------------------------------------------------------------------------ */

enum vrrp_refusal vrrp_packet_unwrap(const void *data, size_t len, struct vrrp_envelope *envelope,
				     const void **payload, size_t *payload_len)
{
	struct iphdr ip;
	size_t header, total;

	if (len < sizeof(ip))
		return VRRP_BAD_LENGTH;
	memcpy(&ip, data, sizeof(ip));
	header = ip.ihl * 4u;
	total = ntohs(ip.tot_len);
	if (ip.version != 4 || header < sizeof(ip) || total < header || total > len)
		return VRRP_BAD_LENGTH;
	memset(envelope, 0, sizeof(*envelope));
	envelope->from.family = envelope->to.family = AF_INET;
	envelope->from.v4.s_addr = ip.saddr;
	envelope->to.v4.s_addr = ip.daddr;
	envelope->ttl = ip.ttl;
	*payload = (const uint8_t *)data + header;
	*payload_len = total - header;
	return VRRP_TAKEN;
}

/* Version 3 for IPv4 exists in two ways. Both are good: whoever sends either means well, and
 * a broken packet matches one of two by chance once in 32768 times.
 */
static bool checksum_good(const uint8_t *data, size_t len, const struct vrrp_envelope *envelope,
			  struct vrrp_packet *packet)
{
	uint32_t sum = inet_sum(data, len, 0);

	if (packet->version == 2)
		return !inet_fold(sum);
	packet->checksum = VRRP_CHECKSUM_PSEUDO;
	if (!inet_fold(sum + pseudo_of(envelope, len)))
		return true;
	packet->checksum = VRRP_CHECKSUM_PLAIN;
	return envelope->from.family == AF_INET && !inet_fold(sum);
}

static void read_addrs(const uint8_t *at, struct vrrp_packet *packet)
{
	size_t size = halb_addr_len(packet->family);

	for (unsigned int i = 0; i < packet->count; i++, at += size) {
		packet->addrs[i] = (struct halb_addr){ .family = packet->family };
		memcpy(packet->addrs[i].bytes, at, size);
	}
}

/* The length is exact: what is behind the addresses would be in the checksum, but not known.
 * keepalived's auth_hmac puts a trailer there, which cannot be checked here.
 */
static bool length_good(const struct vrrp_packet *packet, size_t len)
{
	size_t want = HEADER_LEN + packet->count * halb_addr_len(packet->family);

	return len == want + (packet->version == 2 ? VRRP_PASS_SIZE : 0);
}

enum vrrp_refusal vrrp_packet_decode(const void *data, size_t len,
				     const struct vrrp_envelope *envelope,
				     struct vrrp_packet *packet)
{
	const uint8_t *byte = data;

	memset(packet, 0, offsetof(struct vrrp_packet, addrs));
	if (len < HEADER_LEN)
		return VRRP_BAD_LENGTH;
	packet->version = byte[AT_VERSION_TYPE] >> 4;
	packet->vrid = byte[AT_VRID];
	packet->priority = byte[AT_PRIORITY];
	packet->family = envelope->from.family;
	/* Version 2 has no IPv6. */
	if (packet->version != 3 && (packet->version != 2 || packet->family != AF_INET))
		return VRRP_BAD_VERSION;
	packet->count = byte[AT_COUNT];
	if (!length_good(packet, len)) {
		packet->count = 0;
		return VRRP_BAD_LENGTH;
	}
	read_addrs(byte + AT_ADDRS, packet);
	if (packet->version == 2) {
		packet->auth_type = byte[AT_AUTH_TYPE];
		packet->interval = byte[AT_INTERVAL] * 100u;
		memcpy(packet->pass, byte + len - VRRP_PASS_SIZE, VRRP_PASS_SIZE);
	} else {
		packet->interval = (byte[AT_INTERVAL_HIGH] & 0x0fu) << 8 | byte[AT_INTERVAL_LOW];
	}
	if (!checksum_good(data, len, envelope, packet))
		return VRRP_BAD_CHECKSUM;
	if ((byte[AT_VERSION_TYPE] & 0x0f) != VRRP_TYPE_ADVERT)
		return VRRP_BAD_TYPE;
	/* An interval of 0 would make the receiver take over at once. */
	if (!packet->interval)
		return VRRP_BAD_INTERVAL;
	return VRRP_TAKEN;
}

static bool lists(const struct vrrp_packet *packet, const struct halb_addr *addr)
{
	for (unsigned int i = 0; i < packet->count; i++)
		if (halb_addr_equal(&packet->addrs[i], addr))
			return true;
	return false;
}

static enum vrrp_refusal check_v2(const struct vrrp_packet *packet,
				  const struct vrrp_expect *expect)
{
	if (packet->auth_type != expect->auth_type)
		return VRRP_BAD_AUTH_TYPE;
	if (packet->auth_type == VRRP_AUTH_PASS &&
	    memcmp(packet->pass, expect->pass, VRRP_PASS_SIZE))
		return VRRP_BAD_PASSWORD;
	if (packet->interval != expect->interval)
		return VRRP_BAD_INTERVAL;
	return VRRP_TAKEN;
}

enum vrrp_refusal vrrp_packet_check(const struct vrrp_packet *packet,
				    const struct vrrp_envelope *envelope,
				    const struct vrrp_expect *expect)
{
	enum vrrp_refusal refusal = VRRP_TAKEN;

	if (envelope->ttl < expect->ttl_min || envelope->ttl > expect->ttl_max)
		return VRRP_BAD_TTL;
	if (packet->version != expect->version)
		return VRRP_BAD_VERSION;
	if (packet->vrid != expect->vrid)
		return VRRP_BAD_VRID;
	if (packet->version == 2)
		refusal = check_v2(packet, expect);
	if (refusal || !expect->addrs)
		return refusal;
	if (packet->count != expect->count)
		return VRRP_BAD_ADDRESSES;
	for (unsigned int i = 0; i < expect->count; i++)
		if (!lists(packet, &expect->addrs[i]))
			return VRRP_BAD_ADDRESSES;
	return VRRP_TAKEN;
}

/* --- out ----------------------------------------------------------------------- */

size_t vrrp_packet_encode(const struct vrrp_packet *packet, const struct vrrp_envelope *envelope,
			  void *buf)
{
	size_t size = halb_addr_len(packet->family);
	size_t len = HEADER_LEN + packet->count * size;
	uint8_t *byte = buf;
	uint32_t sum;
	uint16_t check;

	byte[AT_VERSION_TYPE] = (uint8_t)(packet->version << 4 | VRRP_TYPE_ADVERT);
	byte[AT_VRID] = packet->vrid;
	byte[AT_PRIORITY] = packet->priority;
	byte[AT_COUNT] = packet->count;
	byte[AT_CHECKSUM] = byte[AT_CHECKSUM + 1] = 0;
	for (unsigned int i = 0; i < packet->count; i++)
		memcpy(byte + AT_ADDRS + i * size, packet->addrs[i].bytes, size);
	if (packet->version == 2) {
		byte[AT_AUTH_TYPE] = packet->auth_type;
		byte[AT_INTERVAL] = (uint8_t)(packet->interval / 100);
		memcpy(byte + len, packet->pass, VRRP_PASS_SIZE);
		len += VRRP_PASS_SIZE;
	} else {
		byte[AT_INTERVAL_HIGH] = packet->interval >> 8 & 0x0f;
		byte[AT_INTERVAL_LOW] = packet->interval & 0xff;
	}
	sum = inet_sum(buf, len, 0);
	if (packet->version == 3 &&
	    (packet->family == AF_INET6 || packet->checksum == VRRP_CHECKSUM_PSEUDO))
		sum += pseudo_of(envelope, len);
	check = inet_fold(sum);
	byte[AT_CHECKSUM] = (uint8_t)(check >> 8);
	byte[AT_CHECKSUM + 1] = check & 0xff;
	return len;
}
