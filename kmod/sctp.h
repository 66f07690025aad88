/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SCTP packets: what they say, and their checksum.
 */
#ifndef _HALB_SCTP_H
#define _HALB_SCTP_H

#include "packet.h"

/* a common header and the header of a first chunk: what follows is its value */
#define HALB_SCTP_VALUE	(sizeof(struct sctphdr) + sizeof(struct sctp_chunkhdr))

u8 halb_sctp_read_event(const struct halb_packet *pkt);
void halb_sctp_mend(const struct halb_packet *pkt, const __be16 *port,
		    __be16 new);
bool halb_sctp_checksum_ok(const struct halb_packet *pkt);
__le32 halb_sctp_checksum(const void *data, unsigned int len);

#endif
