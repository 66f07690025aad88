/* SPDX-License-Identifier: GPL-2.0 */
/*
 * FTP's words that announce a data connection (RFC 959, RFC 2428): what a
 * client orders and what a server answers. Pure: lines in, numbers out.
 */
#ifndef _HALB_FTP_PARSE_H
#define _HALB_FTP_PARSE_H

#include <linux/types.h>

/**
 * enum halb_ftp_word - what a line says
 * @HALB_FTP_OTHER: nothing about data connections
 * @HALB_FTP_PASV: the client wants to connect, by IPv4; 227 is the answer
 * @HALB_FTP_EPSV: the client wants to connect; 229 is the answer
 * @HALB_FTP_PORT: the client names where to connect to, by IPv4
 * @HALB_FTP_EPRT: the client names where to connect to
 */
enum halb_ftp_word {
	HALB_FTP_OTHER,
	HALB_FTP_PASV,
	HALB_FTP_EPSV,
	HALB_FTP_PORT,
	HALB_FTP_EPRT,
};

/* "255,255,255,255,255,255" */
#define HALB_FTP_TEXT_MAX	23
/* the longest line that says anything of interest */
#define HALB_FTP_LINE_MAX	512U

/**
 * struct halb_ftp_line - a line that was understood
 * @word: enum halb_ftp_word
 * @v6: family of @addr (PORT, EPRT), or the family that EPSV asks for
 * @any_family: EPSV asks for none
 * @port: port, not zero (PORT, EPRT, and answers)
 * @addr: address, network order (PORT, EPRT)
 * @at: where in an answer the text is that names the data connection
 * @len: length of that text
 */
struct halb_ftp_line {
	u8 word;
	bool v6;
	bool any_family;
	u16 port;
	u8 addr[16];
	unsigned int at;
	unsigned int len;
};

bool halb_ftp_command(const char *line, unsigned int len,
		      struct halb_ftp_line *result);
bool halb_ftp_answer(const char *line, unsigned int len, u8 awaited,
		     struct halb_ftp_line *result);
bool halb_ftp_may_answer(const char *line, unsigned int len, u8 awaited);
unsigned int halb_ftp_print(char *text, u8 word, const u8 *addr, u16 port);

#ifdef DEBUG
bool halb_ftp_selftest(void);
#endif

#endif
