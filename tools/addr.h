/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Addresses in text: 192.0.2.1:80, [2001:db8::1]:80, netmasks. Numeric only:
 * no name is ever looked up.
 */
#ifndef HALB_ADDR_H
#define HALB_ADDR_H

#include "model.h"

#define ADDR_STRLEN	INET6_ADDRSTRLEN
#define ENDPOINT_STRLEN	(INET6_ADDRSTRLEN + sizeof("[]:65535"))
#define RANGE_STRLEN	(2 * INET6_ADDRSTRLEN)
#define KEY_STRLEN	(ENDPOINT_STRLEN + sizeof("fwmark 4294967295 "))

/* A bare address of either family, without brackets or port: true if it is one. */
bool addr_parse(const char *text, struct halb_addr *addr);

enum addr_port {
	ADDR_PORT_REQUIRED,
	ADDR_PORT_OPTIONAL,		/* *has_port says whether there was one */
};

/* ADDR:PORT or [v6]:PORT, port 0..65535. On failure returns false and leaves in
 * err a sentence that quotes the text and says how to write it.
 */
bool addr_parse_endpoint(const char *text, enum addr_port want,
			 struct halb_addr *addr, uint16_t *port, bool *has_port,
			 char *err, size_t err_size);

/* Prefix length from "24", "/24" or (IPv4) "255.255.255.0"; range 1..32 or
 * 1..128. Errors as above.
 */
bool addr_parse_prefix(const char *text, uint8_t family, uint8_t *prefix,
		       char *err, size_t err_size);

/* Consecutive addresses, "FIRST-LAST" or one alone; at most 256, which differ in
 * the last 32 bits only. Errors as above.
 */
bool addr_parse_range(const char *text, struct halb_addr *first, uint16_t *count,
		      char *err, size_t err_size);
/* The number-th address from first on. */
struct halb_addr addr_after(const struct halb_addr *first, uint32_t number);

/* These return buf. IPv6 is in brackets only where a port follows or could. */
const char *addr_format(const struct halb_addr *addr, char buf[static ADDR_STRLEN]);
const char *range_format(const struct halb_addr *first, uint16_t count,
			 char buf[static RANGE_STRLEN]);
const char *endpoint_format(const struct halb_addr *addr, uint16_t port,
			    char buf[static ENDPOINT_STRLEN]);
/* "tcp 192.0.2.1:80", "fwmark 7", "fwmark 7 inet6": as halbctl reads it */
const char *key_format(const struct halb_key *key, char buf[static KEY_STRLEN]);
/* "255.255.255.0" for 24 */
const char *netmask_format(uint8_t prefix, char buf[static ADDR_STRLEN]);

#endif
