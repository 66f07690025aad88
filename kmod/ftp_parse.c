// SPDX-License-Identifier: GPL-2.0
#include <linux/inet.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "ftp_parse.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A line without what ends it. */
static unsigned int trim(const char *line, unsigned int len)
{
	while (len && (line[len - 1] == '\n' || line[len - 1] == '\r' ||
		       line[len - 1] == ' '))
		len--;
	return len;
}

/*
 * Reads a number of at most @max from @at on. Return: where it ends, or 0
 * without one.
 */
static unsigned int number(const char *line, unsigned int len, unsigned int at,
			   u32 max, u32 *value)
{
	unsigned int start = at;

	*value = 0;
	while (at < len && is_digit(line[at])) {
		*value = *value * 10 + (line[at++] - '0');
		if (*value > max)
			return 0;
	}
	return at > start ? at : 0;
}

/* "h1,h2,h3,h4,p1,p2" from @at on. Return: where it ends, or 0. */
static unsigned int six_numbers(const char *line, unsigned int len,
				unsigned int at, struct halb_ftp_line *result)
{
	u32 n[6];
	int i;

	for (i = 0; i < 6; i++) {
		if (i && (at >= len || line[at++] != ','))
			return 0;
		at = number(line, len, at, 255, &n[i]);
		if (!at)
			return 0;
	}
	if (at < len && line[at] == ',')
		return 0;
	result->port = n[4] << 8 | n[5];
	for (i = 0; i < 4; i++)
		result->addr[i] = n[i];
	return result->port ? at : 0;
}

/* PORT h1,h2,h3,h4,p1,p2 */
static bool parse_port(const char *arg, unsigned int len,
		       struct halb_ftp_line *result)
{
	unsigned int end = six_numbers(arg, len, 0, result);

	return end && end == len;
}

/* "<d>1<d>": the delimiter and the family. Return: where it ends, or 0. */
static unsigned int family(const char *arg, unsigned int len, bool *v6)
{
	if (len < 3 || arg[0] < 33 || arg[0] > 126 || is_digit(arg[0]) ||
	    arg[2] != arg[0] || (arg[1] != '1' && arg[1] != '2'))
		return 0;
	*v6 = arg[1] == '2';
	return 3;
}

/* EPRT <d>family<d>address<d>port<d> */
static bool parse_eprt(const char *arg, unsigned int len,
		       struct halb_ftp_line *result)
{
	unsigned int at = family(arg, len, &result->v6);
	const char *end;
	u32 port;
	int ok;

	if (!at)
		return false;
	if (result->v6)
		ok = in6_pton(arg + at, len - at, result->addr, arg[0], &end);
	else
		ok = in4_pton(arg + at, len - at, result->addr, arg[0], &end);
	if (!ok)
		return false;
	at = end - arg;
	if (at >= len || arg[at++] != arg[0])
		return false;
	at = number(arg, len, at, U16_MAX, &port);
	if (!at || !port || at + 1 != len || arg[at] != arg[0])
		return false;
	result->port = port;
	return true;
}

/* EPSV, EPSV 1, EPSV 2; after EPSV ALL there is no answer to look for. */
static bool parse_epsv(const char *arg, unsigned int len,
		       struct halb_ftp_line *result)
{
	result->any_family = !len;
	if (!len)
		return true;
	result->v6 = *arg == '2';
	return len == 1 && (*arg == '1' || *arg == '2');
}

/**
 * halb_ftp_command - reads a line of a client
 * @line: the line
 * @len: its length, the line's end included or not
 * @result: what it says
 *
 * Return: whether it is about data connections.
 */
bool halb_ftp_command(const char *line, unsigned int len,
		      struct halb_ftp_line *result)
{
	unsigned int at = 4;

	memset(result, 0, sizeof(*result));
	len = trim(line, len);
	if (len < at)
		return false;
	while (at < len && line[at] == ' ')
		at++;
	if (len > 4 && at == 4)
		return false;
	if (!strncasecmp(line, "PASV", 4)) {
		result->word = HALB_FTP_PASV;
		return len == 4;
	}
	if (!strncasecmp(line, "EPSV", 4)) {
		result->word = HALB_FTP_EPSV;
		return parse_epsv(line + at, len - at, result);
	}
	if (!strncasecmp(line, "PORT", 4)) {
		result->word = HALB_FTP_PORT;
		return parse_port(line + at, len - at, result);
	}
	if (!strncasecmp(line, "EPRT", 4)) {
		result->word = HALB_FTP_EPRT;
		return parse_eprt(line + at, len - at, result);
	}
	return false;
}

/* The first six numbers; whether in parentheses is left open by RFC 1123. */
static bool parse_227(const char *line, unsigned int len,
		      struct halb_ftp_line *result)
{
	unsigned int at, end;

	for (at = 4; at < len; at++) {
		if (!is_digit(line[at]) || is_digit(line[at - 1]))
			continue;
		end = six_numbers(line, len, at, result);
		if (!end)
			continue;
		result->at = at;
		result->len = end - at;
		/* as many zeros as one likes may precede a number */
		return result->len <= HALB_FTP_TEXT_MAX;
	}
	return false;
}

/* "(<d><d><d>port<d>)" */
static bool parse_229(const char *line, unsigned int len,
		      struct halb_ftp_line *result)
{
	unsigned int at, end;
	u32 port;

	for (at = 4; at + 4 < len; at++) {
		char d = line[at + 1];

		if (line[at] != '(' || d < 33 || d > 126 || is_digit(d) ||
		    line[at + 2] != d || line[at + 3] != d)
			continue;
		end = number(line, len, at + 4, U16_MAX, &port);
		if (!end || !port || end + 1 >= len || line[end] != d ||
		    line[end + 1] != ')')
			continue;
		result->port = port;
		result->at = at + 4;
		result->len = end - result->at;
		return result->len <= HALB_FTP_TEXT_MAX;
	}
	return false;
}

/**
 * halb_ftp_may_answer - whether a line, or its begin, may be the answer
 * @line: the line
 * @len: how much of it is there
 * @awaited: HALB_FTP_PASV or HALB_FTP_EPSV
 */
bool halb_ftp_may_answer(const char *line, unsigned int len, u8 awaited)
{
	const char *code = awaited == HALB_FTP_PASV ? "227 " : "229 ";

	return !strncmp(line, code, min(len, 4U));
}

/**
 * halb_ftp_answer - reads a line of a server
 * @line: the line
 * @len: its length
 * @awaited: HALB_FTP_PASV or HALB_FTP_EPSV: to which this may be the answer
 * @result: what it says
 *
 * Return: whether it is the answer, and names a data connection.
 */
bool halb_ftp_answer(const char *line, unsigned int len, u8 awaited,
		     struct halb_ftp_line *result)
{
	memset(result, 0, sizeof(*result));
	if (len < 4 || !halb_ftp_may_answer(line, len, awaited))
		return false;
	result->word = awaited;
	return awaited == HALB_FTP_PASV ? parse_227(line, len, result) :
					  parse_229(line, len, result);
}

/**
 * halb_ftp_print - the text that names a data connection in an answer
 * @text: result, HALB_FTP_TEXT_MAX + 1 bytes
 * @word: HALB_FTP_PASV or HALB_FTP_EPSV
 * @addr: IPv4 address, network order (HALB_FTP_PASV)
 * @port: port
 *
 * Return: its length.
 */
unsigned int halb_ftp_print(char *text, u8 word, const u8 *addr, u16 port)
{
	if (word == HALB_FTP_EPSV)
		return snprintf(text, HALB_FTP_TEXT_MAX + 1, "%u", port);
	return snprintf(text, HALB_FTP_TEXT_MAX + 1, "%u,%u,%u,%u,%u,%u",
			addr[0], addr[1], addr[2], addr[3], port >> 8,
			port & 255);
}

#ifdef DEBUG
#include "selftest/ftp.c"
#endif
