// SPDX-License-Identifier: GPL-2.0
/* halbd: options, and becoming a daemon. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "log.h"
#include "supervise.h"

#define CONF_OWN	"/etc/halb/halbd.conf"
#define CONF_KEEPALIVED	"/etc/keepalived/keepalived.conf"
#define PID_DIR		"/run/halb"

struct options {
	struct supervise_options supervise;
	struct log_options log;
	bool foreground;
	bool test;
	const char *digest;		/* only print that of this URL */
	const char *virtualhost;
	bool beside;
};

static const char usage[] =
	"Usage: halbd [OPTION...]\n"
	"  -f, --use-file=FILE      the configuration (" CONF_OWN ", else\n"
	"                           " CONF_KEEPALIVED ")\n"
	"  -t, --config-test[=FILE] only test it, and exit\n"
	"  -P, --vrrp               only VRRP\n"
	"  -C, --check              only health checks\n"
	"  -n, --dont-fork          stay in the foreground\n"
	"  -l, --log-console        log to stderr\n"
	"  -D, --log-detail         log more\n"
	"  -S, --log-facility=N     syslog facility local0 to local7\n"
	"  -d, --dump-conf          log the status after the start\n"
	"  -p, --pid=FILE           the file for the process number (/run/halbd.pid)\n"
	"  -i, --config-id=ID       lines with @ID count\n"
	"  -I, --dont-release-ipvs  leave the services in the module at the end\n"
	"      --beside             start beside keepalived or another halbd\n"
	"      --digest=URL         print the digest of a page, for HTTP_GET and SSL_GET\n"
	"      --virtualhost=NAME   and ask for this host there\n"
	"  -v, --version\n"
	"  -h, --help\n";

static const struct option long_options[] = {
	{ "use-file", required_argument, NULL, 'f' },
	{ "config-test", optional_argument, NULL, 't' },
	{ "vrrp", no_argument, NULL, 'P' },
	{ "check", no_argument, NULL, 'C' },
	{ "dont-fork", no_argument, NULL, 'n' },
	{ "log-console", no_argument, NULL, 'l' },
	{ "log-detail", no_argument, NULL, 'D' },
	{ "log-facility", required_argument, NULL, 'S' },
	{ "dump-conf", no_argument, NULL, 'd' },
	{ "pid", required_argument, NULL, 'p' },
	{ "config-id", required_argument, NULL, 'i' },
	{ "dont-release-ipvs", no_argument, NULL, 'I' },
	{ "beside", no_argument, NULL, 'B' },
	{ "digest", required_argument, NULL, 'H' },
	{ "virtualhost", required_argument, NULL, 'V' },
	{ "version", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "halbd: %s: %s\n", what, why);
	exit(1);
}

static void take_facility(struct options *options)
{
	char *end;
	long n = strtol(optarg, &end, 10);

	if (*end || n < 0 || n > 7)
		fail(optarg, "a syslog facility is a number from 0 to 7, for local0 to local7");
	options->log.facility = LOG_LOCAL0 + ((int)n << 3);
}

static void take_option(struct options *options, int c)
{
	switch (c) {
	case 'f':
		options->supervise.conf_path = optarg;
		break;
	case 't':
		options->test = true;
		if (optarg)
			options->supervise.conf_path = optarg;
		break;
	case 'P':
		options->supervise.check = false;
		break;
	case 'C':
		options->supervise.vrrp = false;
		break;
	case 'n':
		options->foreground = true;
		break;
	case 'l':
		options->log.console = true;
		break;
	case 'D':
		options->log.detail = true;
		break;
	case 'S':
		take_facility(options);
		break;
	case 'd':
		options->supervise.dump = true;
		break;
	case 'p':
		options->supervise.pid_path = optarg;
		break;
	case 'i':
		options->supervise.config_id = optarg;
		break;
	case 'I':
		options->supervise.leave = true;
		break;
	case 'B':
		options->beside = true;
		break;
	case 'H':
		options->digest = optarg;
		break;
	case 'V':
		options->virtualhost = optarg;
		break;
	case 'v':
		puts("halbd " HALB_VERSION);
		exit(0);
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		fputs(usage, stderr);
		exit(2);
	}
}

/* Before anything else: sockets belong to the namespace in which they are made. */
static void enter_netns(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		fail("net_namespace", strerror(errno));
	close(fd);
}

/* Several on one host, each in a network namespace of its own, do not share one. */
static const char *pid_path(const struct conf *conf)
{
	static char path[512];
	const char *name = conf->instance ? conf->instance : conf->net_namespace;

	if (conf->use_pid_dir && mkdir(PID_DIR, 0755) && errno != EEXIST)
		fail(PID_DIR, strerror(errno));
	snprintf(path, sizeof(path), "%s/halbd%s%.200s.pid", conf->use_pid_dir ? PID_DIR : "/run",
		 name ? "_" : "", name ? name : "");
	return path;
}

/* The first process waits until the daemon runs, so that who starts it knows. */
static void become_daemon(struct options *options)
{
	int fds[2], null;
	char byte;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		fail("pipe", strerror(errno));
	pid = fork();
	if (pid < 0)
		fail("fork", strerror(errno));
	if (pid) {
		close(fds[1]);
		_exit(read(fds[0], &byte, 1) == 1 ? 0 : 1);
	}
	close(fds[0]);
	options->supervise.ready_fd = fds[1];
	setsid();
	if (chdir("/"))
		fail("/", strerror(errno));
	null = open("/dev/null", O_RDWR);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (!options->log.console)
		dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

int main(int argc, char **argv)
{
	struct options options = {
		.supervise = {
			.vrrp = true, .check = true, .ready_fd = -1
		},
		.log = { .facility = LOG_DAEMON },
	};
	struct conf *conf;
	int c;

	while ((c = getopt_long(argc, argv, "f:t::PCnlDS:dp:i:Ivh", long_options, NULL)) != -1)
		take_option(&options, c);
	if (optind < argc)
		fail(argv[optind], "there are no arguments, only options: see halbd --help");
	if (options.digest)
		return digest_print(options.digest, options.virtualhost);
	if (options.virtualhost)
		fail("--virtualhost", "it goes with --digest=URL");
	if (!options.supervise.conf_path)
		options.supervise.conf_path = access(CONF_OWN, F_OK) ? CONF_KEEPALIVED : CONF_OWN;
	if (options.test)
		return conf_test(options.supervise.conf_path, &(struct conf_options){
			.config_id = options.supervise.config_id, .check_host = true }, stdout);
	if (geteuid())
		fail("not permitted", "halbd needs root, or CAP_NET_ADMIN and CAP_NET_RAW as root of a user namespace");
	conf = load_conf(options.supervise.conf_path, options.supervise.config_id, NULL,
			 &options.supervise.errors);
	if (!conf)
		return CONF_EXIT_FATAL;
	if (conf->net_namespace)
		enter_netns(conf->net_namespace);
	if (conf->global.umask >= 0)
		umask((mode_t)conf->global.umask);
	if (!options.supervise.pid_path)
		options.supervise.pid_path = pid_path(conf);
	if (!options.beside && beside_another())
		return 1;
	if (!options.foreground)
		become_daemon(&options);
	if (log_start(&options.log))
		fail("the log", strerror(errno));
	log_msg(LOG_INFO, "Starting halbd " HALB_VERSION " with %s", options.supervise.conf_path);
	c = supervise(&options.supervise, conf);
	log_finish();
	return c;
}
