/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VRRP's packets on an interface: a raw socket for each interface and family.
 */
#ifndef HALB_VRRP_SOCK_H
#define HALB_VRRP_SOCK_H

#include "vrrp_packet.h"

/* Returns a file descriptor that does not block, or a negative errno. */
int vrrp_sock_open(uint8_t family, const char *ifname, unsigned int rcvbuf);
/* Joining twice is fine. */
int vrrp_sock_join(int fd, const struct halb_addr *group, int ifindex);

/* From, to and TTL are the envelope's; no `from` lets the kernel choose. 0 or a negative errno. */
int vrrp_sock_send(int fd, int ifindex, const struct vrrp_envelope *envelope,
		   const void *data, size_t len);

/* The next packet: 1, 0 if there is none, or a negative errno. *payload points into buf. A packet
 * whose IP header makes no sense has no payload.
 */
int vrrp_sock_receive(int fd, void *buf, size_t size, struct vrrp_envelope *envelope,
		      const void **payload, size_t *len);

#endif
