// SPDX-License-Identifier: GPL-2.0
/*
 * SCTP packets (RFC 9260): what they say, and their checksum.
 */
#include <linux/crc32.h>
#include <linux/sctp.h>

#include "sctp.h"
#include "sctp_state.h"

/**
 * halb_sctp_read_event - what a packet means to its association
 * @pkt: packet; its common header is there
 *
 * The first chunk decides; behind COOKIE ECHO and COOKIE ACK an ABORT may
 * follow, as ip_vs knows. Nothing is pulled: a super-packet is a common header
 * and a list of packets without one, and has to stay so.
 * Return: enum halb_sctp_event.
 */
u8 halb_sctp_read_event(const struct halb_packet *pkt)
{
	unsigned int off = pkt->thoff + sizeof(struct sctphdr);
	struct sctp_chunkhdr _chunk;
	const struct sctp_chunkhdr *chunk;
	u8 event;
	u16 len;

	chunk = skb_header_pointer(pkt->skb, off, sizeof(_chunk), &_chunk);
	if (!chunk)
		return HALB_SCTP_DATA;
	event = halb_sctp_event(chunk->type);
	if (event != HALB_SCTP_COOKIE_ECHO && event != HALB_SCTP_COOKIE_ACK)
		return event;
	len = ntohs(chunk->length);
	if (len < sizeof(*chunk))
		return event;
	chunk = skb_header_pointer(pkt->skb, off + ALIGN(len, 4),
				   sizeof(_chunk), &_chunk);
	if (chunk && halb_sctp_event(chunk->type) == HALB_SCTP_ABORT)
		return HALB_SCTP_ABORT;
	return event;
}

static struct sctphdr *header_of(const struct halb_packet *pkt)
{
	return (struct sctphdr *)(pkt->skb->data + pkt->thoff);
}

/**
 * halb_sctp_mend - adjusts the checksum to a port that is about to change
 * @pkt: packet, its common header writable
 * @port: the port in it
 * @new: what it is going to be
 *
 * The CRC is linear: that of the difference, moved to the packet's end, is the
 * difference of the CRCs. So the payload is not read, and a wrong checksum
 * stays wrong. What is left to the network card is computed there, of the whole
 * packet or of each segment. Cost: O(log n) in the length.
 */
void halb_sctp_mend(const struct halb_packet *pkt, const __be16 *port,
		    __be16 new)
{
	struct sctphdr *sh = header_of(pkt);
	__be16 diff[2] = {};
	u32 crc;

	BUILD_BUG_ON(offsetof(struct sctphdr, dest) != sizeof(diff[0]));
	if (pkt->skb->ip_summed == CHECKSUM_PARTIAL || *port == new)
		return;
	diff[port == &sh->dest] = *port ^ new;
	crc = __crc32c_le(0, (const u8 *)diff, sizeof(diff));
	crc = __crc32c_le_shift(crc, pkt->skb->len - pkt->thoff - sizeof(diff));
	sh->checksum ^= cpu_to_le32(crc);
}

/**
 * halb_sctp_checksum - the checksum of a packet that is built here
 * @data: common header and chunks, the checksum zero
 * @len: their length
 */
__le32 halb_sctp_checksum(const void *data, unsigned int len)
{
	return cpu_to_le32(~__crc32c_le(~0, data, len));
}

static __wsum update(const void *data, int len, __wsum sum)
{
	return (__force __wsum)__crc32c_le((__force u32)sum, data, len);
}

static __wsum combine(__wsum sum, __wsum more, int offset, int len)
{
	return (__force __wsum)__crc32c_le_combine((__force u32)sum,
						   (__force u32)more, len);
}

/**
 * halb_sctp_checksum_ok - whether a packet came as it was sent
 * @pkt: packet, its common header writable or not
 *
 * Reads all of it: for packets that are to be answered.
 */
bool halb_sctp_checksum_ok(const struct halb_packet *pkt)
{
	static const struct skb_checksum_ops ops = {
		.update = update,
		.combine = combine,
	};
	static const __le32 zero;
	const struct sk_buff *skb = pkt->skb;
	unsigned int off = pkt->thoff;
	const struct sctphdr *sh = header_of(pkt);
	u32 crc;

	if (skb_csum_unnecessary(skb) || skb->ip_summed == CHECKSUM_PARTIAL)
		return true;
	crc = __crc32c_le(~0, (const u8 *)sh, offsetof(struct sctphdr, checksum));
	crc = __crc32c_le(crc, (const u8 *)&zero, sizeof(zero));
	off += sizeof(*sh);
	crc = (__force u32)__skb_checksum(skb, off, skb->len - off,
					  (__force __wsum)crc, &ops);
	return sh->checksum == cpu_to_le32(~crc);
}
