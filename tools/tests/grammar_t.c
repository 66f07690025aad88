// SPDX-License-Identifier: GPL-2.0
/* Words to objects and back. */
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "grammar.h"
#include "lines.h"
#include "tap.h"

static char words_text[1024];
static char *words[128];

static void split(const char *line, struct args *args)
{
	char *rest, *word;

	memset(args, 0, sizeof(*args));
	snprintf(words_text, sizeof(words_text), "%s", line);
	args->words = words;
	for (word = strtok_r(words_text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		words[args->count++] = word;
}

/* --- lines that are right ------------------------------------------------------- */

#define SVC	"tcp 192.0.2.1:80"
#define SVC6	"udp [2001:db8::1]:53"

/* A line, and the line that says the same in the form that save has. */
static const char *const good[][2] = {
	{ "service add " SVC " scheduler wrr" },
	{ "service add " SVC " scheduler wrr persistent 300" },
	{ "service add " SVC " scheduler sh persistent 50 netmask 24 sh-port sh-fallback",
	  "service add " SVC " scheduler sh persistent 50 netmask 255.255.255.0 sh-fallback sh-port" },
	{ "service add " SVC " netmask /16 persistent 1 scheduler rr",
	  "service add " SVC " scheduler rr persistent 1 netmask 255.255.0.0" },
	{ "service add " SVC " persistent 2678400 prefix 32 scheduler rr",
	  "service add " SVC " scheduler rr persistent 2678400" },
	{ "service add " SVC6 " scheduler mh persistent 600 prefix 64 adopt" },
	{ "service add " SVC6 " scheduler rr ops through-stack" },
	{ "service add " SVC " scheduler wrr ftp through-stack slow-start 86400" },
	{ "service add fwmark 7 scheduler rr ops" },
	{ "service add tcp 192.0.2.1:21 scheduler rr ops ftp sources 192.0.2.5" },
	{ "service add tcp 192.0.2.1:21 ftp scheduler rr",
	  "service add tcp 192.0.2.1:21 scheduler rr ftp" },
	{ "service add " SVC6 " scheduler mh persistent 600 netmask 64",
	  "service add " SVC6 " scheduler mh persistent 600 prefix 64" },
	{ "service add sctp 192.0.2.1:5060 scheduler rr" },
	{ "service add tcp 192.0.2.1:0 scheduler rr" },
	{ "service add fwmark 7 scheduler lc" },
	{ "service add " SVC " scheduler rr sources 192.0.2.5" },
	{ "service add " SVC " scheduler rr sources 192.0.2.255-192.0.3.254" },
	{ "service add " SVC6 " scheduler rr sources 2001:db8::fffe-2001:db8::1:5" },
	{ "service add " SVC " sources 192.0.2.5-192.0.2.5 scheduler rr",
	  "service add " SVC " scheduler rr sources 192.0.2.5" },
	{ "service add fwmark 0xff inet6 scheduler lc",
	  "service add fwmark 255 inet6 scheduler lc" },
	{ "service add fwmark 4294967295 inet6 scheduler lc" },
	{ "service set " SVC " scheduler wlc" },
	{ "service del " SVC },
	{ "service del fwmark 7 inet6" },
	{ "service flush" },
	{ "server add " SVC " 10.0.0.1:8080 method nat weight 2" },
	{ "server add " SVC " 10.0.0.1:80 backup weight 1 method dr",
	  "server add " SVC " 10.0.0.1:80 method dr weight 1 backup" },
	{ "server add " SVC " 10.0.0.1:80 weight 65535 method dr lower 5 upper 10",
	  "server add " SVC " 10.0.0.1:80 method dr weight 65535 upper 10 lower 5" },
	{ "server set fwmark 7 10.0.0.1:0 method tun weight 0" },
	{ "server add " SVC " [2001:db8::2]:80 method tun weight 1 tun-type gue tun-port 6080 tun-csum remcsum" },
	{ "server add " SVC " 10.0.0.1:80 method nat weight 0 lower 5 upper 10 drain 2678400",
	  "server add " SVC " 10.0.0.1:80 method nat weight 0 upper 10 lower 5 drain 2678400" },
	{ "server add " SVC " 10.0.0.1:80 tun-csum csum method tun tun-type gre weight 1",
	  "server add " SVC " 10.0.0.1:80 method tun weight 1 tun-type gre tun-csum csum" },
	{ "server del " SVC6 " [2001:db8::2]:53" },
	{ "settings set tcp-timeout 900 tcp-fin-timeout 120 udp-timeout 300 conn-limit 1000000 vip-unmatched accept source-check on expire-quiescent-template off local-clients on suspect-after 0" },
	{ "settings set source-check off vip-unmatched drop",
	  "settings set vip-unmatched drop source-check off" },
	{ "settings set udp-timeout 1" },
};

static void test_good(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const char *wanted = good[i][1] ? good[i][1] : good[i][0];
		char line[GRAMMAR_LINE] = "";
		struct halb_change change;
		struct args args;
		bool parsed;

		split(good[i][0], &args);
		parsed = grammar_change(&args, &change);
		ok(parsed && !strcmp(grammar_format(&change, line), wanted), "%s",
		   parsed ? good[i][0] : args.err);
		if (parsed && strcmp(line, wanted))
			note("got %s", line);
	}
}

/* --- lines that are wrong ----------------------------------------------------------- */

static const char *const bad[][2] = {
	{ "", "a command is missing" },
	{ "servce add", "did you mean 'service'" },
	{ "frobnicate", "it is service, server or settings" },
	{ "-A -t 192.0.2.1:80", "halbctl -R" },
	{ "a\x1b[2J\rb", "'a?[2J?b'" },
	{ "service add tcp a\x1b[2J", "'a?[2J'" },
	{ "service add " SVC " persistent netmask \x1b", "'?'" },
	{ "service", "is missing after 'service'" },
	{ "service ad " SVC, "did you mean 'add'" },
	{ "service show", "'service show' changes nothing" },
	{ "service shwo", "did you mean 'show'" },
	{ "settings get", "did you mean 'set'" },
	{ "settings change", "it is set or show" },
	{ "service flush all", "unexpected word 'all'" },
	{ "service add", "a service (tcp, udp or sctp ADDR:PORT" },
	{ "service add 192.0.2.1:80", "write tcp 192.0.2.1:80" },
	{ "service add tpc 192.0.2.1:80", "did you mean 'tcp'" },
	{ "service add tcp", "the service's address is missing" },
	{ "service add tcp 192.0.2.1", "lacks the port" },
	{ "service add fwmark", "a firewall mark is missing" },
	{ "service add fwmark 0", "1 to 4294967295" },
	{ "service add fwmark 4294967296", "out of range" },
	{ "service add fwmark 0x1ffffffff", "out of range" },
	{ "service add fwmark -1", "is not a number" },
	{ "service add fwmark 7x", "is not a number" },
	{ "service add " SVC " scheduler", "the scheduler's name is missing" },
	{ "service add " SVC " sched rr", "did you mean 'scheduler'" },
	{ "service add " SVC " scheduler rr scheduler wrr", "'scheduler' is given twice" },
	{ "service add " SVC " persistent 0", "out of range: it is 1 to 2678400" },
	{ "service add " SVC " persistent 2678401", "out of range" },
	{ "service add " SVC " persistent 99999999999999999999", "out of range" },
	{ "service add " SVC " persistent 5s", "is not a number" },
	{ "service add " SVC " persistent no-persistent", "contradicts" },
	{ "service add " SVC " persistent netmask 24 prefix 24", "given twice" },
	{ "service add " SVC " netmask 24", "add persistent" },
	{ "service set " SVC " no-persistent netmask 24", "add persistent" },
	{ "service add " SVC " persistent netmask", "netmask is missing" },
	{ "service add " SVC6 " persistent netmask 255.0.0.0", "IPv4 netmask" },
	{ "service add " SVC " persistent prefix 64", "1 to 32" },
	{ "service add " SVC " sh-port no-sh-port", "contradicts" },
	{ "service set " SVC, "nothing to set" },
	{ "service set " SVC " sources 192.0.2.9-192.0.2.1", "not a range of 1 to 256" },
	{ "service set " SVC " sources 192.0.2.0-192.0.3.0", "not a range of 1 to 256" },
	{ "service set " SVC " sources 192.0.2.0-2001:db8::1", "not a range" },
	{ "service set " SVC " sources 2001:db8::1-2001:db9::2", "not a range" },
	{ "service set " SVC " sources 192.0.2.0/24", "is not an address" },
	{ "service set " SVC " sources -", "is not an address" },
	{ "service del " SVC " scheduler rr", "unexpected word 'scheduler'" },
	{ "server add " SVC, "the server's address is missing" },
	{ "server add " SVC " 10.0.0.1:99999", "port 99999" },
	{ "server add " SVC " 10.0.0.1:80 weight 70000", "weight 70000 is out of range: it is 0 to 65535" },
	{ "server add " SVC " 10.0.0.1:80 weight -1", "is not a number" },
	{ "server add " SVC " 10.0.0.1:80 weight", "a number is missing after 'weight'" },
	{ "server add " SVC " 10.0.0.1:80 method masq", "it is nat, dr, tun or fullnat" },
	{ "server add " SVC " 10.0.0.1:80 tun-type vxlan", "it is ipip, gue or gre" },
	{ "server add " SVC " 10.0.0.1:80 tun-csum yes", "it is none, csum or remcsum" },
	{ "server add " SVC " 10.0.0.1:80 tun-port 0", "1 to 65535" },
	{ "server add " SVC " 10.0.0.1:80 upper 4294967296", "out of range" },
	{ "server add " SVC " 10.0.0.1:80 upper 2147483648", "0 to 2147483647" },
	{ "server set " SVC " 10.0.0.1:80", "nothing to set" },
	{ "server drain " SVC " 10.0.0.1:80 weight 1", "weight" },
	{ "server drain " SVC " 10.0.0.1:80 timeout", "a number is missing after 'timeout'" },
	{ "server drain " SVC " 10.0.0.1:80 timeout 0", "1 to 2678400" },
	{ "server add " SVC " 10.0.0.1:80 drain 2678401", "1 to 2678400" },
	{ "server flush", "unknown command 'flush' in server" },
	{ "settings set", "nothing to set" },
	{ "settings set tcp-timeout 0", "1 to 2678400" },
	{ "settings set tcp_timeout 1", "did you mean 'tcp-timeout'" },
	{ "settings set source-check yes", "it is on or off" },
	{ "settings set expire-quiescent-template 1", "it is on or off" },
	{ "settings set local-clients 1", "it is on or off" },
	{ "settings set suspect-after 65536", "it is 0 to 65535" },
	{ "settings set vip-unmatched acept", "did you mean 'accept'" },
	{ "settings set conn-limit 0", "1 to 2147483647" },
	{ "settings set conn-limit 1 conn-limit 2", "given twice" },
};

static void test_bad(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct halb_change change;
		struct args args;
		bool parsed;

		split(bad[i][0], &args);
		parsed = grammar_change(&args, &change);
		ok(!parsed && strstr(args.err, bad[i][1]), "%s: %s", bad[i][0],
		   parsed ? "accepted" : args.err);
	}
}

/* --- what a line leaves out is left out --------------------------------------------- */

static bool parse(const char *line, struct halb_change *change)
{
	struct args args;

	split(line, &args);
	return grammar_change(&args, change);
}

static void test_partial(void)
{
	struct halb_change change;

	ok(parse("service add " SVC, &change) && !change.service.present,
	   "service add without options leaves all to the kernel");
	ok(parse("service set " SVC " no-adopt sh-port", &change) &&
	   change.service.present == HALB_SVC_FLAGS &&
	   change.service.flags == HALB_SERVICE_FLAG_SH_PORT &&
	   change.service.flags_mask == (HALB_SERVICE_FLAG_SH_PORT | HALB_SERVICE_FLAG_ADOPT),
	   "service set changes the flags that it names");
	ok(parse("service set " SVC " persistent", &change) &&
	   change.service.present == HALB_SVC_FLAGS,
	   "persistent alone leaves the timeout to the kernel");
	ok(parse("service set " SVC " no-persistent", &change) && !change.service.flags &&
	   change.service.flags_mask == HALB_SERVICE_FLAG_PERSISTENT, "no-persistent clears");
	ok(parse("server add " SVC " 10.0.0.1", &change) && !change.server.present,
	   "a server without a port has none of its own");
	ok(parse("server add " SVC " 10.0.0.1:0", &change) &&
	   change.server.present == HALB_SRV_PORT, "port 0 is a port");
	ok(parse("server drain " SVC " 10.0.0.1:80", &change) &&
	   change.op == HALB_CHANGE_OP_SET && !change.server.weight &&
	   change.server.present == (HALB_SRV_PORT | HALB_SRV_WEIGHT), "drain is weight 0");
	ok(parse("server drain " SVC " 10.0.0.1:80 timeout 300", &change) &&
	   change.server.drain == 300 && !change.server.weight &&
	   change.server.present == (HALB_SRV_PORT | HALB_SRV_WEIGHT | HALB_SRV_DRAIN),
	   "with a deadline");
}

/* --- filters -------------------------------------------------------------------------- */

static void test_filters(void)
{
	struct halb_conn filter;
	struct args args;

	split("", &args);
	ok(grammar_conn_filter(&args, &filter) && !filter.present, "no filter");
	split("client 10.1.0.2 server [fd00::1]:80 service udp 192.0.2.1:53", &args);
	ok(grammar_conn_filter(&args, &filter) &&
	   filter.present == (HALB_CONN_CLIENT | HALB_CONN_SERVER | HALB_CONN_SERVER_PORT |
			      HALB_CONN_SERVICE | HALB_CONN_SERVICE_PORT | HALB_CONN_PROTOCOL) &&
	   filter.protocol == IPPROTO_UDP && filter.server_port == 80, "three ends");
	split("udp service udp 192.0.2.1:53", &args);
	ok(grammar_conn_filter(&args, &filter), "a protocol that says it again");
	split("service fwmark 7 tcp", &args);
	ok(grammar_conn_filter(&args, &filter) &&
	   filter.present == (HALB_CONN_FWMARK | HALB_CONN_PROTOCOL), "a mark and a protocol");
	split("service tcp 192.0.2.1:53 udp", &args);
	ok(!grammar_conn_filter(&args, &filter), "%s", args.err);
	split("udp service tcp 192.0.2.1:53", &args);
	ok(!grammar_conn_filter(&args, &filter), "%s", args.err);
	split("tcp udp", &args);
	ok(!grammar_conn_filter(&args, &filter), "%s", args.err);
	split("from 10.0.0.1", &args);
	ok(!grammar_conn_filter(&args, &filter), "%s", args.err);
	split("client", &args);
	ok(!grammar_conn_filter(&args, &filter), "%s", args.err);
}

/* --- lines of a file ------------------------------------------------------------------- */

static void test_lines(void)
{
	static const char text[] =
		"# a comment\n"
		"\n"
		"  \t\r\n"
		"service flush # and so on\n"
		"a#b c\r\n"
		"last";
	FILE *file = fmemopen((void *)text, sizeof(text) - 1, "r");
	struct lines lines;
	struct args args;

	ok(file && !lines_read(&lines, file), "a file is read");
	ok(lines_next(&lines, &args) == 1 && lines.number == 4 && args.count == 2 &&
	   !strcmp(args.words[1], "flush"), "comments and blank lines are counted, not seen");
	ok(lines_next(&lines, &args) == 1 && lines.number == 5 && args.count == 2 &&
	   !strcmp(args.words[0], "a#b") && !strcmp(args.words[1], "c"),
	   "# within a word is no comment, CR is a blank");
	ok(lines_next(&lines, &args) == 1 && lines.number == 6, "the last line needs no end");
	ok(lines_next(&lines, &args) == 0, "the end");
	lines_rewind(&lines);
	ok(lines_next(&lines, &args) == 1 && lines.number == 4, "and again");
	lines_free(&lines);
	fclose(file);

	file = fmemopen((void *)"a\0b\n", 4, "r");
	ok(!lines_read(&lines, file) && lines_next(&lines, &args) == -1, "%s", args.err);
	lines_free(&lines);
	fclose(file);
}

/* --- any words ----------------------------------------------------------------------------- */

/* Nothing crashes, every refusal has a sentence, and what was understood and is
 * written again is understood in the same way.
 */
static void fuzz(unsigned int rounds)
{
	static const char *const vocabulary[] = {
		"service", "server", "settings", "add", "set", "del", "flush", "drain", "timeout",
		"tcp", "udp", "fwmark", "inet6", "192.0.2.1:80", "[2001:db8::1]:80", "10.0.0.1",
		"scheduler", "wrr", "persistent", "no-persistent", "netmask", "prefix", "24",
		"/64", "255.255.255.0", "sh-port", "no-adopt", "adopt", "ftp", "method", "nat", "tun",
		"weight", "upper", "lower", "0", "1", "65536", "4294967295", "tcp-timeout",
		"source-check", "on", "vip-unmatched", "drop", "", "#", "[", "]", ":", "-", "%s%n",
	};
	unsigned int understood = 0, silent = 0, different = 0;
	char line[GRAMMAR_LINE], again[GRAMMAR_LINE];
	struct halb_change change;
	struct args args = { 0 };
	char *picked[12];

	srand(1);
	for (unsigned int i = 0; i < rounds; i++) {
		char garbage[8] = "";

		for (size_t j = 0; j + 1 < sizeof(garbage) && rand() % 8; j++)
			garbage[j] = (char)(rand() % 255 + 1);
		memset(&args, 0, sizeof(args));
		args.words = picked;
		args.count = 1 + rand() % (int)ARRAY_SIZE(picked);
		for (int j = 0; j < args.count; j++) {
			/* Mostly plausible beginnings, or nothing would get far. */
			size_t from = j == 0 ? 0 : j == 1 ? 3 : j == 2 ? 8 : 0;
			size_t span = j < 3 ? (j == 1 ? 5 : 3) : ARRAY_SIZE(vocabulary);

			picked[j] = rand() % 50 ? (char *)vocabulary[from + (size_t)rand() % span] :
				    garbage;
			if (j == 3 && rand() % 2)
				picked[j] = (char *)"192.0.2.1:80";
		}
		if (!grammar_change(&args, &change)) {
			silent += !*args.err;
			continue;
		}
		understood++;
		/* A server without a port is written with the one it has. */
		if (change.op == HALB_CHANGE_OP_DEL || change.object == HALB_OBJECT_SETTINGS) {
			grammar_format(&change, line);
			split(line, &args);
			if (!grammar_change(&args, &change) ||
			    strcmp(line, grammar_format(&change, again)))
				different++;
		}
	}
	ok(!silent, "every refusal has a sentence (%u of %u understood)", understood, rounds);
	ok(understood > rounds / 1000, "the words get far enough to mean something");
	ok(!different, "what is written is read again");
}

int main(int argc, char **argv)
{
	test_good();
	test_bad();
	test_partial();
	test_filters();
	test_lines();
	fuzz(argc > 1 ? (unsigned int)atoi(argv[1]) : 200000);
	return done();
}
