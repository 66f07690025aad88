// SPDX-License-Identifier: GPL-2.0
#include "addr.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

static bool refuse(char *err, size_t size, const char *format, ...)
	__printf(3, 4);

/* Always false, so that a refusal is one statement. */
static bool refuse(char *err, size_t size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err, size, format, ap);
	va_end(ap);
	return false;
}

/* Digits only: strtoul would take signs, blanks and hexadecimal. */
static bool parse_decimal(const char *text, unsigned long max, unsigned long *value)
{
	unsigned long n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (unsigned long)(*text - '0');
		if (n > max)
			return false;
	}
	*value = n;
	return true;
}

bool addr_parse(const char *text, struct halb_addr *addr)
{
	struct halb_addr parsed = { 0 };

	if (inet_pton(AF_INET, text, &parsed.v4) == 1)
		parsed.family = AF_INET;
	else if (inet_pton(AF_INET6, text, &parsed.v6) == 1)
		parsed.family = AF_INET6;
	else
		return false;
	*addr = parsed;
	return true;
}

static bool parse_port(const char *whole, const char *text, uint16_t *port,
		       char *err, size_t size)
{
	unsigned long value;

	if (!*text)
		return refuse(err, size, "'%s' has a colon but no port after it", whole);
	if (parse_decimal(text, UINT16_MAX, &value)) {
		*port = (uint16_t)value;
		return true;
	}
	if (strspn(text, "0123456789") == strlen(text))
		return refuse(err, size, "port %s in '%s' is out of range: ports are 0 to 65535",
			      text, whole);
	return refuse(err, size, "'%s' in '%s' is not a port: ports are numbers from 0 to 65535",
		      text, whole);
}

/* Cuts "192.0.2.1:80" or "[2001:db8::1]:80" in two; *port is NULL without one. */
static bool split_endpoint(const char *text, char *host, size_t host_size,
			   const char **port, char *err, size_t size)
{
	const char *end, *begin = text;
	struct halb_addr addr;

	*port = NULL;
	if (*text == '[') {
		begin++;
		end = strchr(begin, ']');
		if (!end)
			return refuse(err, size, "'%s' lacks the closing bracket: write [2001:db8::1]:80",
				      text);
		if (end[1] == ':')
			*port = end + 2;
		else if (end[1])
			return refuse(err, size, "'%s' has '%s' where only :PORT may follow the bracket",
				      text, end + 1);
	} else {
		end = strchr(begin, ':');
		if (end && strchr(end + 1, ':'))
			return refuse(err, size, addr_parse(text, &addr) ?
				      "the IPv6 address '%s' needs brackets: write [2001:db8::1]:80" :
				      "'%s' is not an address: write 192.0.2.1:80 or [2001:db8::1]:80",
				      text);
		if (end)
			*port = end + 1;
		else
			end = begin + strlen(begin);
	}
	if ((size_t)(end - begin) >= host_size)
		return refuse(err, size, "'%s' is too long for an address", text);
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	return true;
}

bool addr_parse_endpoint(const char *text, enum addr_port want,
			 struct halb_addr *addr, uint16_t *port, bool *has_port,
			 char *err, size_t err_size)
{
	struct halb_addr parsed;
	char host[ADDR_STRLEN];
	const char *port_text;
	uint16_t value = 0;

	if (!split_endpoint(text, host, sizeof(host), &port_text, err, err_size))
		return false;
	if (!addr_parse(host, &parsed) ||
	    (*text == '[') != (parsed.family == AF_INET6))
		return refuse(err, err_size,
			      "'%s' is not an address: write 192.0.2.1:80 or [2001:db8::1]:80, in numbers",
			      text);
	if (port_text && !parse_port(text, port_text, &value, err, err_size))
		return false;
	if (!port_text && want == ADDR_PORT_REQUIRED)
		return refuse(err, err_size, "'%s' lacks the port: write %s:80", text, text);
	*addr = parsed;
	*port = value;
	if (has_port)
		*has_port = port_text;
	return true;
}

/* 255.255.255.0 -> 24; false if the ones are not on the left. */
static bool mask_to_prefix(struct in_addr mask, unsigned long *prefix)
{
	uint32_t bits = ntohl(mask.s_addr);
	unsigned int n = 0;

	while (bits & 0x80000000u) {
		bits <<= 1;
		n++;
	}
	*prefix = n;
	return !bits;
}

bool addr_parse_prefix(const char *text, uint8_t family, uint8_t *prefix,
		       char *err, size_t err_size)
{
	unsigned int max = family == AF_INET6 ? 128 : 32;
	const char *digits = *text == '/' ? text + 1 : text;
	unsigned long value;
	struct in_addr mask;

	if (inet_pton(AF_INET, text, &mask) == 1) {
		if (family == AF_INET6)
			return refuse(err, err_size,
				      "'%s' is an IPv4 netmask, and the service is IPv6: write a prefix length, 1 to 128",
				      text);
		if (!mask_to_prefix(mask, &value))
			return refuse(err, err_size, "'%s' is not a netmask: its bits have gaps", text);
	} else if (!parse_decimal(digits, 1000, &value)) {
		return refuse(err, err_size, family == AF_INET6 ?
			      "'%s' is not a prefix length: write a number from 1 to 128" :
			      "'%s' is not a netmask: write 255.255.255.0 or a prefix length, 1 to 32",
			      text);
	}
	if (value < 1 || value > max)
		return refuse(err, err_size, "prefix length %s is out of range: 1 to %u",
			      digits, max);
	*prefix = (uint8_t)value;
	return true;
}

const char *addr_format(const struct halb_addr *addr, char buf[static ADDR_STRLEN])
{
	if (!addr->family || !inet_ntop(addr->family, addr->bytes, buf, ADDR_STRLEN))
		memcpy(buf, "-", 2);
	return buf;
}

const char *endpoint_format(const struct halb_addr *addr, uint16_t port,
			    char buf[static ENDPOINT_STRLEN])
{
	char host[ADDR_STRLEN];

	snprintf(buf, ENDPOINT_STRLEN, addr->family == AF_INET6 ? "[%s]:%u" : "%s:%u",
		 addr_format(addr, host), port);
	return buf;
}

const char *key_format(const struct halb_key *key, char buf[static KEY_STRLEN])
{
	char endpoint[ENDPOINT_STRLEN];

	if (key->fwmark)
		snprintf(buf, KEY_STRLEN, "fwmark %u%s", key->fwmark,
			 key->addr.family == AF_INET6 ? " inet6" : "");
	else
		snprintf(buf, KEY_STRLEN, "%s %s", halb_protocol_name(key->protocol),
			 endpoint_format(&key->addr, key->port, endpoint));
	return buf;
}

const char *netmask_format(uint8_t prefix, char buf[static ADDR_STRLEN])
{
	struct in_addr mask = { 0 };

	if (prefix)
		mask.s_addr = htonl(0xffffffffu << (32 - (prefix > 32 ? 32 : prefix)));
	inet_ntop(AF_INET, &mask, buf, ADDR_STRLEN);
	return buf;
}

/* --- ranges ------------------------------------------------------------------ */

#define RANGE_MAX	256

/* The last 32 bits, which are all of an IPv4 address. */
static uint32_t get_tail(const struct halb_addr *addr)
{
	uint32_t tail;

	memcpy(&tail, addr->bytes + (addr->family == AF_INET6 ? 12 : 0), sizeof(tail));
	return ntohl(tail);
}

struct halb_addr addr_after(const struct halb_addr *first, uint32_t number)
{
	uint32_t tail = htonl(get_tail(first) + number);
	struct halb_addr addr = *first;

	memcpy(addr.bytes + (addr.family == AF_INET6 ? 12 : 0), &tail, sizeof(tail));
	return addr;
}

bool addr_parse_range(const char *text, struct halb_addr *first, uint16_t *count,
		      char *err, size_t err_size)
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);
	struct halb_addr last, back;
	char word[ADDR_STRLEN];
	uint32_t more;

	snprintf(word, sizeof(word), "%.*s", (int)len, text);
	if (len >= sizeof(word) || !addr_parse(word, first) ||
	    !addr_parse(dash ? dash + 1 : word, &last))
		return refuse(err, err_size, "'%s' is not an address, nor a range of addresses: write 192.0.2.1 or 192.0.2.1-192.0.2.4",
			      text);
	more = get_tail(&last) - get_tail(first);
	back = addr_after(first, more);
	if (first->family != last.family || !halb_addr_equal(&back, &last) ||
	    get_tail(&last) < get_tail(first) || more >= RANGE_MAX)
		return refuse(err, err_size, "'%s' is not a range of 1 to %d addresses: the last one must come soon after the first",
			      text, RANGE_MAX);
	*count = (uint16_t)(more + 1);
	return true;
}

const char *range_format(const struct halb_addr *first, uint16_t count,
			 char buf[static RANGE_STRLEN])
{
	char from[ADDR_STRLEN], to[ADDR_STRLEN];
	struct halb_addr last;

	if (count < 2) {
		snprintf(buf, RANGE_STRLEN, "%s", addr_format(first, from));
		return buf;
	}
	last = addr_after(first, count - 1u);
	snprintf(buf, RANGE_STRLEN, "%s-%s", addr_format(first, from), addr_format(&last, to));
	return buf;
}
