// SPDX-License-Identifier: GPL-2.0
/* halbctl: the table of commands, and what is common to all of them. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#ifdef HAVE_IPVSADM
#include "ipvsadm.h"
#endif

static const struct command {
	const char *name;
	int (*run)(const struct cli *cli, struct args *args);
	const char *usage;		/* lines, without halbctl before them */
	const char *what;
} commands[] = {
	{ "service", cmd_service,
	  "service [show [SERVICE]]\n"
	  "service add|set SERVICE [scheduler NAME] [persistent [SECONDS] [netmask MASK | prefix LENGTH]]\n"
	  "                        [sh-fallback] [sh-port] [adopt] [yield] [ops] [ftp] [through-stack]\n"
	  "                        [sources ADDR[-ADDR]] [vrrp NAME] [conn-limit N]\n"
	  "                        [tcp-timeout SECONDS] [tcp-fin-timeout SECONDS] [udp-timeout SECONDS]\n"
	  "                        [slow-start SECONDS]\n"
	  "                        set also takes no-persistent, no-vrrp, ...\n"
	  "service del SERVICE\n"
	  "service flush\n",
	  "services, and their servers" },
	{ "server", cmd_server,
	  "server [show [SERVICE [ADDR[:PORT]]]]\n"
	  "server add|set SERVICE ADDR[:PORT] [method nat|dr|tun|fullnat] [weight 0..65535]\n"
	  "                       [upper N] [lower N] [backup] [drain SECONDS]\n"
	  "                       [tun-type ipip|gue|gre] [tun-port PORT] [tun-csum none|csum|remcsum]\n"
	  "server drain SERVICE ADDR[:PORT] [timeout SECONDS]\n"
	  "server del SERVICE ADDR[:PORT]\n",
	  "the servers behind a service" },
	{ "conn", cmd_conn,
	  "conn [show] [service SERVICE] [server ADDR[:PORT]] [client ADDR[:PORT]] [tcp|udp|sctp]\n"
	  "conn flush  [service SERVICE] [server ADDR[:PORT]] [client ADDR[:PORT]] [tcp|udp|sctp]\n",
	  "connections and persistence templates" },
	{ "why", cmd_why,
	  "why tcp|udp|sctp CLIENT:PORT VIP:PORT [mark N] [dev INTERFACE]\n",
	  "what becomes of a packet, and what is wrong" },
	{ "stats", cmd_stats,
	  "stats [rate] [-a]\n",
	  "counters since the last zero, or rates; -a: also counters that are 0" },
	{ "zero", cmd_zero,
	  "zero [SERVICE]\n",
	  "sets statistics to zero" },
	{ "settings", cmd_settings,
	  "settings [show]\n"
	  "settings set [tcp-timeout SECONDS] [tcp-fin-timeout SECONDS] [udp-timeout SECONDS]\n"
	  "             [conn-limit N] [vip-unmatched accept|reject|drop] [source-check on|off]\n"
	  "             [expire-quiescent-template on|off] [local-clients on|off]\n"
	  "             [suspect-after CONNECTIONS]\n",
	  "timeouts, limits and switches" },
	{ "vrrp", cmd_vrrp,
	  "vrrp [show [NAME]]\n"
	  "vrrp set NAME master|backup|fault\n"
	  "vrrp del NAME\n",
	  "VRRP instances: whether this director serves the services that name them" },
	{ "real-server", cmd_real_server,
	  "real-server [show [VIP]]\n"
	  "real-server add VIP [dev INTERFACE] [tun ADDRESS]\n"
	  "real-server del VIP\n",
	  "on a server behind dr or tun: the VIP, which it must not announce" },
	{ "status", cmd_status,
	  "status\n",
	  "what halbd knows: VRRP instances, services, servers and checks, and why" },
	{ "monitor", cmd_monitor,
	  "monitor\n",
	  "prints changes as they happen" },
	{ "save", cmd_save,
	  "save > FILE\n",
	  "prints the configuration as commands" },
	{ "restore", cmd_restore,
	  "restore [FILE]\n",
	  "replaces the configuration by a saved one, all or nothing" },
};

/* --- help and version -------------------------------------------------------- */

static void print_usage(FILE *file, const struct command *command)
{
	const char *line = command->usage, *end;

	for (; *line; line = end + 1) {
		end = strchr(line, '\n');
		fprintf(file, "  %s%.*s\n", *line == ' ' ? "        " : "halbctl ",
			(int)(end - line), line);
	}
}

static void print_help(FILE *file)
{
	fputs("halbctl configures halb, the layer-4 load balancer in the kernel.\n\n"
	      "  halbctl [-j [-p]] COMMAND ...\n\n", file);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(file, "  %-11s %s\n", commands[i].name, commands[i].what);
	fputs("  help        this, or with a command's name its grammar\n"
	      "  version     of halbctl and of the module\n\n"
	      "SERVICE is tcp|udp|sctp ADDR:PORT or fwmark N [inet6]; IPv6 is [ADDR]:PORT.\n"
	      "  -j  JSON, -p  on several lines\n"
	      "ipvsadm's options are understood as well: halbctl -A -t VIP:80 -s wrr\n"
	      "See halbctl(8).\n", file);
}

static int find_command(struct args *args, const char *word)
{
	const char *names[ARRAY_SIZE(commands) + 2];
	size_t count = ARRAY_SIZE(commands);

	for (size_t i = 0; i < count; i++) {
		if (!strcmp(commands[i].name, word))
			return (int)i;
		names[i] = commands[i].name;
	}
	names[count++] = "help";
	names[count++] = "version";
	args_unknown(args, "command", word, NULL, names, count);
	return -1;
}

static int cmd_help(struct args *args)
{
	const char *word = args_next(args);
	int index;

	if (!word) {
		print_help(stdout);
		return CLI_OK;
	}
	index = find_command(args, word);
	if (index < 0 || !args_end(args))
		return cli_usage(args);
	print_usage(stdout, &commands[index]);
	return CLI_OK;
}

/* Also where there is no module: then it says so, and is no failure. */
static int cmd_version(const struct cli *cli, struct args *args)
{
	struct halb_info info = { 0 };
	struct nl_ctx ctx;
	bool loaded;
	struct out *out;

	if (!args_end(args))
		return cli_usage(args);
	loaded = !nl_open(&ctx) && !nl_info_get(&ctx, &info);
	out = cli_out(cli);
	out_line(out, "halbctl %s, module %s", HALB_VERSION, loaded ? info.version : "not loaded");
	out_object_begin(out, NULL);
	out_str(out, "halbctl", OUT_NO_COLUMN, HALB_VERSION);
	if (loaded)
		out_str(out, "module", OUT_NO_COLUMN, info.version);
	out_object_end(out);
	out_free(out);
	halb_info_free(&info);
	nl_close(&ctx);
	return CLI_OK;
}

/* --- options ----------------------------------------------------------------- */

enum { OPTION_HELP = 1 << 0, OPTION_VERSION = 1 << 1 };

static bool set_option(char letter, struct cli *cli, unsigned int *asked)
{
	switch (letter) {
	case 'j':
		cli->json = true;
		return true;
	case 'p':
		cli->pretty = true;
		return true;
	case 'a':
		cli->all = true;
		return true;
	case 'h':
		*asked |= OPTION_HELP;
		return true;
	case 'V':
		*asked |= OPTION_VERSION;
		return true;
	}
	return false;
}

/* One word: --json, -j, or letters together, -jp. */
static bool take_option(struct args *args, const char *word, struct cli *cli,
			unsigned int *asked)
{
	static const char *const names[] = {
		"--json", "--pretty", "--all", "--help", "--version"
	};
	static const char letters[] = "jpahV";

	if (word[1] == '-') {
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (!strcmp(word, names[i]))
				return set_option(letters[i], cli, asked);
		return args_unknown(args, "option", word, NULL, names,
				    ARRAY_SIZE(names));
	}
	for (const char *letter = word + 1; *letter; letter++)
		if (!set_option(*letter, cli, asked))
			return args_fail(args, "unknown option '-%c' in '%s': there is -j (JSON), -p (pretty JSON), -a (all), -h (help) and -V (version)",
					 *letter, word);
	return true;
}

/* Takes the options out of the words; they may stand anywhere, since no word
 * begins with a dash. (A dash alone is a file's name.)
 */
static bool take_options(struct args *args, struct cli *cli, unsigned int *asked)
{
	int kept = 0;

	for (int i = 0; i < args->count; i++) {
		char *word = args->words[i];

		if (*word != '-' || !word[1])
			args->words[kept++] = word;
		else if (!take_option(args, word, cli, asked))
			return false;
	}
	args->count = kept;
	args->words[kept] = NULL;
	if (cli->pretty && !cli->json)
		return args_fail(args, "-p is about JSON: give -j, too");
	return true;
}

/* --- main -------------------------------------------------------------------- */

static int run(struct args *args)
{
	unsigned int asked = 0;
	struct cli cli = { 0 };
	const char *word;
	int index;

	if (!take_options(args, &cli, &asked))
		return cli_usage(args);
	word = args_next(args);
	if (asked & OPTION_VERSION || (word && !strcmp(word, "version")))
		return cmd_version(&cli, args);
	if (word && !strcmp(word, "help"))
		return cmd_help(args);
	if (asked & OPTION_HELP) {
		args->pos = 0;
		return cmd_help(args);
	}
	if (!word) {
		print_help(stderr);
		return CLI_USAGE;
	}
	index = find_command(args, word);
	if (index < 0)
		return cli_usage(args);
	if (args->count == 2 && !strcmp(args->words[1], "help")) {
		print_usage(stdout, &commands[index]);
		return CLI_OK;
	}
	return commands[index].run(&cli, args);
}

/* A command whose output was lost has failed, even if all else went well. */
static int check_output(int ret)
{
	int bad = ferror(stdout);

	if (!fflush(stdout) && !bad)
		return ret;
	/* A reader that has seen enough, as in "| head", needs no message. */
	if (errno != EPIPE)
		fprintf(stderr, "halbctl: cannot write the output: %s\n", strerror(errno));
	return ret ? ret : CLI_REFUSED;
}

#ifdef HAVE_IPVSADM
static bool is_ipvsadm(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');

	if (!strcmp(slash ? slash + 1 : argv[0], "ipvsadm"))
		return true;
	if (argc < 2 || *argv[1] != '-')
		return false;
	/* -p is both ipvsadm's and ours, and nobody begins with the former. */
	return argv[1][strspn(argv[1] + 1, "jphV") + 1] && ipvsadm_wants(argv[1]);
}
#endif

int main(int argc, char **argv)
{
	struct args args = { .words = argv + 1, .count = argc > 0 ? argc - 1 : 0 };

	/* Failing to write is an exit code, not a death. */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 1)
		return CLI_USAGE;
#ifdef HAVE_IPVSADM
	if (is_ipvsadm(argc, argv))
		return check_output(ipvsadm_main(argc, argv));
#endif
	return check_output(run(&args));
}
