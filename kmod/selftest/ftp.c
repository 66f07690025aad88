// SPDX-License-Identifier: GPL-2.0
/*
 * At insmod: lines of clients and servers. Those that come from files, and
 * nonsense, are read by selftests/unit.
 */
#include <linux/init.h>
#include <linux/printk.h>

struct ftp_line {
	const char *line;
	u8 word;	/* of a command; what an answer answers */
	bool known;
	u16 port;
	const char *text;	/* of an answer: what is to be replaced */
	u8 addr[16];
};

static const struct ftp_line ftp_commands[] __initconst = {
	{ .line = "PASV\r\n", .word = HALB_FTP_PASV,
	  .known = true },
	{ .line = "pasv\n", .word = HALB_FTP_PASV,
	  .known = true },
	{ .line = "PASV \r\n", .word = HALB_FTP_PASV,
	  .known = true },
	{ .line = "PASV 1\r\n" },
	{ .line = "PASVX\r\n" },
	{ .line = "EPSV\r\n", .word = HALB_FTP_EPSV,
	  .known = true },
	{ .line = "EPSV 1\r\n", .word = HALB_FTP_EPSV,
	  .known = true },
	{ .line = "epsv 2\r\n", .word = HALB_FTP_EPSV,
	  .known = true },
	{ .line = "EPSV 3\r\n" },
	{ .line = "EPSV ALL\r\n" },
	{ .line = "PORT 10,1,0,2,200,3\r\n", .word = HALB_FTP_PORT,
	  .known = true, .port = 200 * 256 + 3,
	  .addr = { 10, 1, 0, 2 } },
	{ .line = "port  10,1,0,2,0,1\n", .word = HALB_FTP_PORT,
	  .known = true, .port = 1,
	  .addr = { 10, 1, 0, 2 } },
	{ .line = "PORT 10,1,0,2,0,0\r\n" },
	{ .line = "PORT 10,1,0,256,4,1\r\n" },
	{ .line = "PORT 10,1,0,2,4\r\n" },
	{ .line = "PORT 10,1,0,2,4,1,5\r\n" },
	{ .line = "PORT 10,1,0,2,4,1x\r\n" },
	{ .line = "PORT10,1,0,2,4,1\r\n" },
	{ .line = "PORT\r\n" },
	{ .line = "EPRT |1|10.1.0.2|5000|\r\n", .word = HALB_FTP_EPRT,
	  .known = true, .port = 5000,
	  .addr = { 10, 1, 0, 2 } },
	{ .line = "EPRT !2!fd00:1::2!65535!\r\n", .word = HALB_FTP_EPRT,
	  .known = true, .port = 65535,
	  .addr = { 0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 } },
	{ .line = "EPRT |1|fd00:1::2|5000|\r\n" },
	{ .line = "EPRT |2|10.1.0.2|5000|\r\n" },
	{ .line = "EPRT |3|10.1.0.2|5000|\r\n" },
	{ .line = "EPRT |1|10.1.0.2|65536|\r\n" },
	{ .line = "EPRT |1|10.1.0.2|0|\r\n" },
	{ .line = "EPRT |1|10.1.0.2|5000\r\n" },
	{ .line = "EPRT |1|10.1.0.2|5000||\r\n" },
	{ .line = "EPRT |1||5000|\r\n" },
	{ .line = "EPRT |\r\n" },
	{ .line = "USER PASV\r\n" },
	{ .line = "PA" },
	{ .line = "\r\n" },
	{ .line = "" },
};

static const struct ftp_line ftp_answers[] __initconst = {
	{ .line = "227 Entering Passive Mode (10,2,0,11,200,3).\r\n", .word = HALB_FTP_PASV,
	  .known = true, .port = 200 * 256 + 3,
	  .text = "10,2,0,11,200,3" },
	{ .line = "227 Entering Passive Mode 10,2,0,11,200,3\r\n", .word = HALB_FTP_PASV,
	  .known = true, .port = 200 * 256 + 3,
	  .text = "10,2,0,11,200,3" },
	{ .line = "227 =10,2,0,11,4,0\n", .word = HALB_FTP_PASV,
	  .known = true, .port = 1024,
	  .text = "10,2,0,11,4,0" },
	{ .line = "227 Mode 2 of 3 (10,2,0,11,4,0)\n", .word = HALB_FTP_PASV,
	  .known = true, .port = 1024,
	  .text = "10,2,0,11,4,0" },
	{ .line = "227 Passive (10,2,0,11,4)\r\n", .word = HALB_FTP_PASV },
	{ .line = "227 Passive (10,2,0,11,4,256)\r\n", .word = HALB_FTP_PASV },
	{ .line = "227 Passive (0000000010,2,0,11,0004,0000)\r\n", .word = HALB_FTP_PASV },
	{ .line = "227-Passive (10,2,0,11,200,3)\r\n", .word = HALB_FTP_PASV },
	{ .line = "227 ", .word = HALB_FTP_PASV },
	{ .line = "227", .word = HALB_FTP_PASV },
	{ .line = "229 Extended (10,2,0,11,200,3)\r\n", .word = HALB_FTP_PASV },
	{ .line = "229 Extended Passive Mode Entered (|||5000|)\r\n", .word = HALB_FTP_EPSV,
	  .known = true, .port = 5000,
	  .text = "5000" },
	{ .line = "229 (!!!1!)\r\n", .word = HALB_FTP_EPSV,
	  .known = true, .port = 1,
	  .text = "1" },
	{ .line = "229 See (RFC 2428) (|||5000|)\r\n", .word = HALB_FTP_EPSV,
	  .known = true, .port = 5000,
	  .text = "5000" },
	{ .line = "229 (|||65536|)\r\n", .word = HALB_FTP_EPSV },
	{ .line = "229 (|||0|)\r\n", .word = HALB_FTP_EPSV },
	{ .line = "229 (|||5000)\r\n", .word = HALB_FTP_EPSV },
	{ .line = "229 (|||5000|\r\n", .word = HALB_FTP_EPSV },
	{ .line = "229 (|1|10.2.0.11|5000|)\r\n", .word = HALB_FTP_EPSV },
	{ .line = "227 Passive (10,2,0,11,200,3)\r\n", .word = HALB_FTP_EPSV },
	{ .line = "229 (|||", .word = HALB_FTP_EPSV },
};

static bool __init ftp_same(const struct ftp_line *want, bool known,
			    const struct halb_ftp_line *line)
{
	if (known != want->known)
		return false;
	if (!known)
		return true;
	return line->word == want->word && line->port == want->port &&
	       !memcmp(line->addr, want->addr, want->text ? 0 : 16) &&
	       (!want->text ||
		(line->len == strlen(want->text) &&
		 !memcmp(want->line + line->at, want->text, line->len)));
}

bool __init halb_ftp_selftest(void)
{
	const struct ftp_line *want;
	struct halb_ftp_line line;
	unsigned int i;
	bool known;

	for (i = 0; i < ARRAY_SIZE(ftp_commands); i++) {
		want = &ftp_commands[i];
		known = halb_ftp_command(want->line, strlen(want->line), &line);
		if (!ftp_same(want, known, &line)) {
			pr_err("halb: ftp self-test: command %u: fail\n", i);
			return false;
		}
	}
	for (i = 0; i < ARRAY_SIZE(ftp_answers); i++) {
		want = &ftp_answers[i];
		known = halb_ftp_answer(want->line, strlen(want->line),
					want->word, &line);
		if (!ftp_same(want, known, &line)) {
			pr_err("halb: ftp self-test: answer %u: fail\n", i);
			return false;
		}
	}
	pr_info("halb: ftp self-test: pass\n");
	return true;
}
