// SPDX-License-Identifier: GPL-2.0
/*
 * The parser of ipvsadm's grammar, as far as its source leaves no doubt;
 * selftests/ipvsadm.sh compares the whole with the real ipvsadm.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ipvsadm.h"
#include "tap.h"

#define WORDS	32

/* In the place of the C library's: no test asks a name server. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **res)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)res;
	return EAI_NONAME;
}

/* Words are separated by blanks; a word '' is empty. */
static int parse(const char *line, struct ipvsadm_command *cmd, struct ipvsadm_error *err)
{
	char *argv[WORDS + 1] = { strdup("ipvsadm") };
	char *copy = strdup(line), *state, *word;
	int argc = 1, ret;

	for (word = strtok_r(copy, " ", &state); word && argc < WORDS;
	     word = strtok_r(NULL, " ", &state))
		argv[argc++] = strcmp(word, "''") ? word : copy + strlen(line);
	ret = ipvsadm_parse(argc, argv, cmd, err);
	free(argv[0]);
	free(copy);
	return ret;
}

/* --- mistakes ----------------------------------------------------------------- */

#define TRY	"Try `ipvsadm -h' or 'ipvsadm --help' for more information."
#define SVC	"illegal virtual server address[:port] specified"
#define SRV	"illegal real server address[:port] specified"
#define ADD	"-A -t 1.2.3.4:80 "
#define DEST	"-a -t 1.2.3.4:80 -r 10.0.0.1 "

static const struct {
	const char *line;
	int status;
	const char *text;
} mistakes[] = {
	/* the first option is the command */
	{ "foo", 255, TRY },
	{ "-t 1.2.3.4:80 -A", 255, TRY },
	{ "--frob", 255, TRY },
	{ "--start-daemon", 255, TRY },
	{ "--add-servic -t 1.2.3.4:80", 255, TRY },
	{ "-A -D", 2, "invalid option `-D'" },
	{ "-L -h", 2, "invalid option `-h'" },
	{ "-Lh", 2, "invalid option `-Lh'" },
	{ "-L --stop-daemon master", 2, "invalid option `master'" },
	{ "-L --stop-daemon=master", 2, "invalid option `--stop-daemon=master'" },
	/* words */
	{ "-L -q", 255, "-q: unknown option" },
	{ "-Lq", 255, "-Lq: unknown option" },
	{ "-L --numer", 255, "--numer: unknown option" },
	{ "-L --numeric=1", 255, "--numeric=1: option does not take an argument" },
	{ "-L -n=1", 255, "-n=1: option does not take an argument" },
	{ "-A -t", 255, "-t: missing argument" },
	{ "-At", 255, "-At: missing argument" },
	{ "-A --tcp-service", 255, "--tcp-service: missing argument" },
	{ "-C foo", 2, "unexpected argument foo" },
	{ "-C -", 2, "unexpected argument -" },
	{ "-L -- -n", 2, "unexpected argument -n" },
	{ "foo -L bar", 2, "unexpected argument foo" },
	{ ADD "-p rr", 2, "invalid timeout value `rr' specified" },
	{ ADD "-p ''", 2, "invalid timeout value `' specified" },
	{ ADD "-p -300", 255, "-300: unknown option" },
	{ ADD "-p 0", 2, "invalid timeout value `0' specified" },
	{ ADD "-p 2678401", 2, "invalid timeout value `2678401' specified" },
	/* values */
	{ "-A -t 80", 2, SVC },
	{ "-A -t ''", 2, SVC },
	{ "-A -t 1.2.3.4:", 2, SVC },
	{ "-A -t 1.2.3.4:65536", 2, SVC },
	{ "-A -t 1.2.3.4:-1", 2, SVC },
	{ "-A -t 1.2.3.256:80", 2, SVC },
	{ "-A -t [::1]", 2, SVC },
	{ "-A -t [::1", 2, SVC },
	{ "-A -t [::1]x", 2, SVC },
	{ "-A -t [1.2.3.4]:80", 2, "Zero port specified for non-persistent service" },
	{ "-A -t ::1", 2, "Zero port specified for non-persistent service" },
	{ "-A -f 0", 2, "invalid fwmark value `0' specified" },
	{ "-A -f -1", 2, "invalid fwmark value `-1' specified" },
	{ "-A -f 4294967296", 2, "invalid fwmark value `4294967296' specified" },
	{ "-A -f 0x10", 2, "invalid fwmark value `0x10' specified" },
	{ "-A -6 -f 1", 2, "-6 used before -f\n" },
	{ ADD "-M 256.0.0.0", 2, "illegal virtual server persistent mask specified" },
	{ "-A -t [::1]:80 -M 0", 2, "illegal ipv6 netmask specified" },
	{ "-A -t [::1]:80 -M 129", 2, "illegal ipv6 netmask specified" },
	{ "-A -t [::1]:80 -M x", 2, "illegal ipv6 netmask specified" },
	{ DEST "-w 2147483648", 2, "illegal weight specified" },
	{ DEST "-w -1", 2, "illegal weight specified" },
	{ DEST "-w 1x", 2, "illegal weight specified" },
	{ DEST "-w=", 2, "illegal weight specified" },
	{ DEST "-x 2147483648", 2, "illegal u_threshold specified" },
	{ DEST "-y a", 2, "illegal l_threshold specified" },
	{ DEST "-i --tun-type gut", 2, "illegal tunnel type specified" },
	{ DEST "-i --tun-port 0", 2, "illegal tunnel port specified" },
	{ "-a -t 1.2.3.4:80 -r 80", 2, SRV },
	{ "-a -r 10.0.0.1:http -t 1.2.3.4:80", 2, SRV },
	{ "--set 1 2", 2, "--set option requires 3 timeout values" },
	{ "--set 1 2 3 4", 2, "unexpected argument 4" },
	{ "--set 1 2 x", 2, "invalid timeout value `x' specified" },
	{ "--set -1 2 3", 255, "-1: unknown option" },
	{ "--start-daemon foo", 2, "illegal start-daemon parameter specified" },
	{ "--stop-daemon foo", 2, "illegal start_daemon specified" },
	{ "--start-daemon master --syncid 256", 2, "illegal syncid specified" },
	{ "--start-daemon master --mcast-port 0", 2, "illegal mcast-port specified" },
	{ "--start-daemon master --mcast-ttl 256", 2, "illegal mcast-ttl specified" },
	{ "--start-daemon master --sync-maxlen 65508", 2, "illegal sync-maxlen specified" },
	{ "--start-daemon master --mcast-group 1.2.3.4", 2, "invalid IPv4 mcast-group `1.2.3.4'" },
	{ "--start-daemon master --mcast-group ::1", 2, "invalid IPv6 mcast-group `::1'" },
	/* scheduler flags are judged by the scheduler, which may come later */
	{ ADD "-b foo", 2, "invalid scheduler flag `foo'" },
	{ ADD "-b sh-port", 2, "incompatible scheduler flag `sh-port'" },
	{ ADD "-b sh-port,mh-port -s sh", 2, "incompatible scheduler flag `mh-port'" },
	/* what goes with what */
	{ "-A", 2, "You need to supply the 'service-address' option for the 'add-service' command" },
	{ "-a -t 1.2.3.4:80", 2, "You need to supply the 'real-server' option for the 'add-server' command" },
	{ "-a -r 1.2.3.4:80 -n", 2, "Illegal 'numeric' option with the 'add-server' command" },
	{ "-C -n", 2, "Illegal 'numeric' option with the 'flush' command" },
	{ "-D -t 1.2.3.4:80 -s rr", 2, "Illegal 'scheduler' option with the 'delete-service' command" },
	{ "-S -c", 2, "Illegal 'connection' option with the 'save' command" },
	{ "-R -n", 2, "Illegal 'numeric' option with the 'restore' command" },
	{ "-Z -n", 2, "Illegal 'numeric' option with the 'zero' command" },
	{ "-L -s rr", 2, "Illegal 'scheduler' option with the 'list' command" },
	{ "-L -c --timeout", 2, "The option 'timeout' conflicts with the 'connection' option in the 'list' command" },
	{ "-L --daemon -t 1.2.3.4:80", 2, "The option 'daemon' conflicts with the 'service-address' option in the 'list' command" },
	{ "-L -c --stats", 2, "options conflicts in the list command" },
	{ "-L --timeout --persistent-conn", 2, "options conflicts in the list command" },
	{ "-L -n -n", 2, "multiple 'numeric' options specified" },
	{ "-A -t 1.2.3.4:80 -u 1.2.3.4:80", 2, "multiple 'service-address' options specified" },
	{ DEST "-g -m", 2, "multiple 'forwarding-method' options specified" },
	{ ADD "-w 1", 2, "Illegal 'weight' option with the 'add-service' command" },
	{ ADD "-o", 2, "One-Packet Scheduling is only for UDP virtual services" },
	{ DEST "--tun-type gue", 2, "Tunnel options conflict with forward method" },
	{ DEST "-i --tun-type gue", 2, "You need to supply the 'tun-port' option for the 'gue' tunnel type" },
	{ DEST "-i --tun-csum", 2, "Illegal 'tun-csum' option with the 'ipip' tunnel type" },
	{ DEST "-i --tun-type gre --tun-port 1", 2, "Illegal 'tun-port' option with the 'gre' tunnel type" },
	{ DEST "-i --tun-type gre --tun-csum --tun-nocsum", 2, "The option 'tun-csum' conflicts with the 'tun-nocsum' option in the 'gre' tunnel type" },
	{ "-a -t 1.2.3.4:80 -r [::1]:80", 2, "Different address family is allowed only for tunneling servers" },
	{ "-a -f 1 -r [::1]:80 -m", 2, "Different address family is allowed only for tunneling servers" },
};

static void test_mistakes(void)
{
	struct ipvsadm_command cmd;
	struct ipvsadm_error err;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		bool passed = parse(mistakes[i].line, &cmd, &err) &&
			      err.status == mistakes[i].status &&
			      !strcmp(err.text, mistakes[i].text);

		if (!ok(passed, "ipvsadm %s: %d", mistakes[i].line, mistakes[i].status))
			note("status %d, %s", err.status, err.text ? err.text : "accepted");
		free(err.text);
	}
}

/* --- meanings ------------------------------------------------------------------ */

/* The command in a canonical form, for comparison. */
static void describe(const struct ipvsadm_command *cmd, char *buf, size_t size)
{
	char vip[INET6_ADDRSTRLEN] = "-", server[INET6_ADDRSTRLEN] = "-", mask[64];
	const struct halb_key *key = &cmd->service;

	if (key->addr.family && !key->fwmark)
		inet_ntop(key->addr.family, key->addr.bytes, vip, sizeof(vip));
	if (cmd->server.family)
		inet_ntop(cmd->server.family, cmd->server.bytes, server, sizeof(server));
	snprintf(mask, sizeof(mask), "%u", cmd->netmask);
	if (key->addr.family != AF_INET6)
		inet_ntop(AF_INET, &cmd->netmask, mask, sizeof(mask));
	snprintf(buf, size, "%d mark=%u/%s %u %s %u %s flags=%u p=%u mask=%s server=%s %u %s w=%u x=%u y=%u set=%u,%u,%u",
		 cmd->verb, key->fwmark, key->addr.family == AF_INET6 ? "6" : "4",
		 key->protocol, vip, key->port, cmd->scheduler, cmd->sched_flags,
		 cmd->persist_timeout, mask, server, cmd->server_port,
		 cmd->method == HALB_METHOD_NAT ? "nat" :
		 cmd->method == HALB_METHOD_DR ? "dr" : "tun",
		 cmd->weight, cmd->upper, cmd->lower, cmd->tcp_timeout,
		 cmd->tcp_fin_timeout, cmd->udp_timeout);
}

/* Lines of each pair mean the same. */
static const char *const pairs[][2] = {
	{ "-A -t 1.2.3.4:80", "--add-service --tcp-service=1.2.3.4:80 --scheduler wlc" },
	{ "-A -t1.2.3.4:80 -srr", "-A -s=rr -t=1.2.3.4:80" },
	{ ADD "-p", ADD "-p 360" },
	{ ADD "-p -s wlc", ADD "-p=360" },
	{ ADD "-p300", ADD "--persistent=300" },
	{ ADD "-p 300 -M 255.255.255.0", ADD "-M 0xffffff00 -p 300" },
	{ "-A -f 7 -6", "-A -f7 --ipv6 -M 128" },
	{ "-A -f 7 -M 255.255.0.0 -6", "-A -f 7 -6" },
	{ "-A -M 64 -t [::1]:80", "-A -t [::1]:80" },
	{ "-A -t [::1]:80 -M 64x", "-A -t [0::1]:80 -M 64" },
	{ "-A -t 0x01020304:80", "-A -t 1.2.772:80" },
	{ "-A -t 1.2.3.4:+80", ADD },
	{ ADD "-s sh -b sh-port,sh-fallback", ADD "-b flag-1,flag-2 -s sh" },
	{ ADD "-s ''", ADD },
	{ ADD "-b ''", ADD },
	{ "-a -t 1.2.3.4:80 -r 10.0.0.1:8080", "-a -t 1.2.3.4:80 -r 10.0.0.1:80 -g" },
	{ "-a -t 1.2.3.4:80 -r 10.0.0.1 -m", "-a -m -r 10.0.0.1:80 -t 1.2.3.4:80" },
	{ "-a -r 10.0.0.1 -m -t 1.2.3.4:80", "-a -t 1.2.3.4:80 -m -r 10.0.0.1:0" },
	{ "-a -r 10.0.0.1 -t 1.2.3.4:80 -w1", "-a -t 1.2.3.4:80 -r 10.0.0.1" },
	{ "-a -t 1.2.3.4:80 -ir 10.0.0.1 --tun-type ipip", DEST "-i" },
	{ "-Lnc", "--list --numeric --connection" },
	{ "-l --sort --nosort", "-L --nosort" },
	{ "--set 900 0 300", "900 --set 0 300" },
	{ "-L -- ", "-L" },
};

static void test_meanings(void)
{
	char text[2][512];
	size_t i;
	int j;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		bool passed = true;

		for (j = 0; j < 2; j++) {
			struct ipvsadm_command cmd;
			struct ipvsadm_error err;

			if (parse(pairs[i][j], &cmd, &err)) {
				note("%s: %s", pairs[i][j], err.text);
				passed = false;
			}
			describe(&cmd, text[j], sizeof(text[j]));
			free(err.text);
		}
		passed = passed && !strcmp(text[0], text[1]);
		if (!ok(passed, "ipvsadm %s = ipvsadm %s", pairs[i][0], pairs[i][1]))
			note("%s\n# %s", text[0], text[1]);
	}
}

static void test_wants(void)
{
	static const char *const ours[] = {
		"-A", "-Ln", "-l", "-Lnc", "--set", "-S", "-R", "-C", "--stop-daemon=master",
		"--list", "-t", "-X", "--add-server",
	};
	static const char *const others[] = {
		"-h", "-v", "--help", "--version", "-j", "service", "-", "--", "", "--json",
		"-J", "--lis", "L",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ours); i++)
		ok(ipvsadm_wants(ours[i]), "%s is ipvsadm's", ours[i]);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		ok(!ipvsadm_wants(others[i]), "\"%s\" is not ipvsadm's", others[i]);
}

/* --- nonsense ------------------------------------------------------------------- */

#define NONSENSE	20000

/* Lines from above with bytes changed, and parts of two joined. The sanitizers judge. */
static void test_nonsense(void)
{
	static const char bytes[] = " -=:[]'.,0123456789aAtrmpwLRS#!\xff";
	unsigned int seed = 1, accepted = 0;
	int n, changes;

	for (n = 0; n < NONSENSE; n++) {
		const char *head = mistakes[rand_r(&seed) % ARRAY_SIZE(mistakes)].line;
		const char *tail = pairs[rand_r(&seed) % ARRAY_SIZE(pairs)][n % 2];
		struct ipvsadm_command cmd;
		struct ipvsadm_error err;
		char line[256];

		snprintf(line, sizeof(line), "%.*s %s",
			 (int)(rand_r(&seed) % (strlen(head) + 1)), head, tail);
		for (changes = rand_r(&seed) % 4; changes; changes--)
			line[rand_r(&seed) % strlen(line)] =
				bytes[rand_r(&seed) % (sizeof(bytes) - 1)];
		if (!parse(line, &cmd, &err))
			accepted++;
		else if (!err.text || (err.status != 2 && err.status != 255))
			ok(false, "ipvsadm %s: no reason given", line);
		free(err.text);
	}
	ok(accepted && accepted < NONSENSE, "%d lines of nonsense", NONSENSE);
}

int main(void)
{
	test_mistakes();
	test_meanings();
	test_wants();
	test_nonsense();
	return done();
}
