/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Telling a segment where an address is: gratuitous ARP, unsolicited neighbour advertisements.
 */
#ifndef HALB_GARP_H
#define HALB_GARP_H

#include "model.h"

/* Ethernet, IPv6, a neighbour advertisement with one option */
#define GARP_FRAME_MAX	(14 + 40 + 32)

/* A whole Ethernet frame, from that MAC address. Returns its length. */
size_t garp_frame(const struct halb_addr *addr, const uint8_t mac[static 6],
		  uint8_t frame[static GARP_FRAME_MAX]);

/* A packet socket that only sends; -1 and errno. */
int garp_open(void);
/* 0 or a negative errno */
int garp_send(int fd, int ifindex, const struct halb_addr *addr, const uint8_t mac[static 6]);

#endif
