// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual servers from configuration to module: a module that is not there, checks that
 * are real, in a network namespace of their own.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <json.h>

#include "addr.h"
#include "checker.h"
#include "fake_module.h"
#include "tap.h"

#define MS	1000ll
#define SEC	1000000ll

static struct event_base *base;
static struct fake_module fake;
static char logged[1 << 20];
static char why[512];
static char directory[64];

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SEC + ts.tv_nsec / 1000;
}

static void on_log(void *arg, int priority, const char *line)
{
	size_t length = strlen(logged);

	(void)arg;
	(void)priority;
	snprintf(logged + length, sizeof(logged) - length, "%s\n", line);
}

static void on_fault(void *arg, const char *text)
{
	(void)arg;
	snprintf(why, sizeof(why), "%s", text ? text : "");
}

static const struct checker_options options = {
	.ops = &fake_ops, .ops_arg = &fake, .log = on_log, .fault = on_fault,
};

static void run_for(uint64_t us)
{
	struct timeval length = { .tv_sec = us / SEC, .tv_usec = us % SEC };

	event_base_loopexit(base, &length);
	event_base_dispatch(base);
}

/* --- servers ------------------------------------------------------------------------ */

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
		      struct sockaddr *peer, int size, void *arg)
{
	(void)listener;
	(void)peer;
	(void)size;
	++*(unsigned int *)arg;
	close(fd);
}

static struct evconnlistener *listen_on(const char *ip, uint16_t port,
					evconnlistener_cb accept, void *arg)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct evconnlistener *listener;

	inet_pton(AF_INET, ip, &addr.sin_addr);
	listener = evconnlistener_new_bind(base, accept, arg,
					   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 64,
					   (struct sockaddr *)&addr, sizeof(addr));
	if (!listener)
		abort();
	return listener;
}

static const char *const ips[] = { "127.0.4.1", "127.0.4.2", "127.0.4.3" };
static struct evconnlistener *web[3];
static unsigned int connections[3];

static void up(int n)
{
	if (!web[n])
		web[n] = listen_on(ips[n], 80, on_accept, &connections[n]);
}

static void down(int n)
{
	if (web[n])
		evconnlistener_free(web[n]);
	web[n] = NULL;
}

/* --- a configuration ------------------------------------------------------------------- */

#define SERVICES	3

struct setup {
	struct conf conf;
	struct conf_virtual_server services[SERVICES];
	struct conf_service_key keys[SERVICES];
	struct conf_real_server servers[SERVICES][3];
	struct conf_check checks[3];
	struct conf_real_server sorry;
};

static char *script_argv[4][4] = {
	{ "/bin/sh", "-c", NULL, NULL }, { "/bin/sh", "-c", NULL, NULL },
	{ "/bin/sh", "-c", NULL, NULL }, { "/bin/sh", "-c", NULL, NULL },
};

static char *script_names[] = { "up", "down", "quorum_up", "quorum_down" };

static void set_scripts(struct setup *setup)
{
	struct conf_virtual_server *vs = &setup->services[0];
	struct conf_script *scripts[] = {
		&setup->servers[0][0].notify_up, &setup->servers[0][0].notify_down,
		&vs->quorum_up, &vs->quorum_down,
	};

	for (int i = 0; i < 4; i++) {
		if (!script_argv[i][2] && asprintf(&script_argv[i][2], "echo >> %s/%s",
						   directory, script_names[i]) < 0)
			abort();
		scripts[i]->argv = script_argv[i];
		scripts[i]->argc = 3;
	}
}

/* The same two servers behind each service, checked in the same way. */
static struct setup *setup_new(size_t services, size_t servers)
{
	struct setup *setup = calloc(1, sizeof(*setup));

	setup->conf.services = setup->services;
	setup->conf.services_count = services;
	for (int j = 0; j < 3; j++) {
		struct conf_check *check = &setup->checks[j];

		check->type = CONF_CHECK_TCP;
		check->name = "TCP_CHECK";
		addr_parse(ips[j], &check->connect_ip);
		check->connect_port = 80;
		check->connect_timeout_us = SEC;
		check->retry = 1;
		check->delay_before_retry_us = 20 * MS;
		check->delay_loop_us = 50 * MS;
	}
	for (size_t i = 0; i < SERVICES; i++) {
		struct conf_virtual_server *vs = &setup->services[i];

		setup->keys[i].key = (struct halb_key){
			.protocol = IPPROTO_TCP, .port = 80, .addr = { .family = AF_INET },
		};
		setup->keys[i].key.addr.v4.s_addr = htonl(0xc0a8040f + i);
		setup->keys[i].instance = "VI_1";
		vs->name = i == 0 ? "192.168.4.15 80" : i == 1 ? "192.168.4.16 80" :
								 "192.168.4.17 80";
		vs->keys = &setup->keys[i];
		vs->keys_count = 1;
		vs->family = AF_INET;
		vs->protocol = IPPROTO_TCP;
		vs->scheduler = "wrr";
		vs->quorum = 1;
		vs->servers = setup->servers[i];
		vs->servers_count = servers;
		for (int j = 0; j < 3; j++) {
			struct conf_real_server *rs = &setup->servers[i][j];

			addr_parse(ips[j], &rs->addr);
			rs->port = 80;
			rs->forward.method = CONF_DR;
			rs->weight = j + 1;
			rs->checks = &setup->checks[j];
			rs->checks_count = 1;
		}
	}
	set_scripts(setup);
	return setup;
}

/* --- what came of it --------------------------------------------------------------------- */

/* Of the server n of service s; -1: not there. */
static int weight_of(int s, const char *ip)
{
	struct halb_server like = { .port = 80 };
	struct halb_server *found;

	like.service = (struct halb_key){
		.protocol = IPPROTO_TCP, .port = 80, .addr = { .family = AF_INET },
	};
	like.service.addr.v4.s_addr = htonl(0xc0a8040f + s);
	addr_parse(ip, &like.addr);
	found = fake_server(&fake, &like);
	return found ? (int)found->weight : -1;
}

static bool wait_weight(int s, const char *ip, int weight)
{
	uint64_t end = now_us() + 20 * SEC;

	while (weight_of(s, ip) != weight && now_us() < end)
		run_for(5 * MS);
	if (weight_of(s, ip) != weight)
		note("weight of %s is %d, not %d", ip, weight_of(s, ip), weight);
	return weight_of(s, ip) == weight;
}

static bool ran(const char *name)
{
	uint64_t end = now_us() + 20 * SEC;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	while (access(path, F_OK) && now_us() < end)
		run_for(10 * MS);
	return !unlink(path);
}

static bool said(const char *line)
{
	bool found = strstr(logged, line);

	if (!found)
		note("the log has no '%s'", line);
	return found;
}

static void begin(void)
{
	memset(&fake, 0, sizeof(fake));
	*logged = '\0';
	*why = '\0';
	up(0);
	up(1);
	down(2);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void test_seed(void)
{
	struct setup *setup = setup_new(1, 2);
	struct checker *checker;
	struct halb_key *key = &setup->keys[0].key;

	begin();
	checker = checker_start(base, &setup->conf, &options);
	ok(wait_weight(0, ips[0], 1) && wait_weight(0, ips[1], 2) && fake.transactions == 1,
	   "both servers are there, in one transaction");
	ok(!strcmp(fake_service(&fake, key)->vrrp, "VI_1") &&
	   !strcmp(fake_service(&fake, key)->scheduler, "wrr"),
	   "the service is bound to the instance that lists its address");
	ok(said("Gained quorum 1+0=1 <= 3 for VS [192.168.4.15]:tcp:80\n") && ran("quorum_up"),
	   "the quorum is there");
	run_for(100 * MS);
	down(0);
	ok(wait_weight(0, ips[0], -1) && weight_of(0, ips[1]) == 2,
	   "a server that refuses leaves the pool");
	ok(said("Removing service [127.0.4.1]:tcp:80 from VS [192.168.4.15]:tcp:80\n") &&
	   ran("down"), "it is said, and notify_down runs");
	up(0);
	ok(wait_weight(0, ips[0], 1), "it comes back");
	ok(said("Adding service [127.0.4.1]:tcp:80 to VS [192.168.4.15]:tcp:80\n") &&
	   ran("up"), "it is said, and notify_up runs");
	checker_stop(checker, false);
	ok(!fake.services_count && !fake.servers_count, "nothing is left behind");
	free(setup);
}

static void test_quorum(void)
{
	struct setup *setup = setup_new(1, 2);
	struct conf_virtual_server *vs = &setup->services[0];
	struct checker *checker;

	begin();
	setup->sorry = setup->servers[0][2];
	setup->sorry.checks_count = 0;
	vs->sorry_server = &setup->sorry;
	vs->quorum = 2;
	vs->omega = true;
	setup->servers[0][0].inhibit_on_failure = true;
	checker = checker_start(base, &setup->conf, &options);
	ok(wait_weight(0, ips[1], 2) && weight_of(0, ips[2]) == -1 && ran("quorum_up"),
	   "the sorry server is not there");
	run_for(100 * MS);
	down(1);
	ok(wait_weight(0, ips[2], 3) && weight_of(0, ips[0]) == 0 && weight_of(0, ips[1]) == -1,
	   "without the quorum it is all there is; who is inhibited stays with weight 0");
	ok(said("Lost quorum 2-0=2 > 1 for VS [192.168.4.15]:tcp:80\n") &&
	   said("Adding sorry server [127.0.4.3]:tcp:80 to VS [192.168.4.15]:tcp:80\n") &&
	   ran("quorum_down"), "it is said, and quorum_down runs");
	up(1);
	ok(wait_weight(0, ips[2], -1) && weight_of(0, ips[0]) == 1 && weight_of(0, ips[1]) == 2 &&
	   ran("quorum_up"), "with it all is as before");
	checker_stop(checker, false);
	ok(ran("down") && ran("quorum_down"), "omega: the scripts hear of the end");
	free(setup);
}

static void test_shared(void)
{
	struct setup *setup = setup_new(3, 2);
	struct checker *checker;

	begin();
	memset(connections, 0, sizeof(connections));
	checker = checker_start(base, &setup->conf, &options);
	ok(wait_weight(2, ips[1], 2) && fake.transactions == 1,
	   "three services at once are one transaction");
	run_for(500 * MS);
	ok(connections[0] >= 1 && connections[0] <= 12,
	   "their server is checked once for all: %u times in half a second", connections[0]);
	fake.transactions = 0;
	down(0);
	ok(wait_weight(0, ips[0], -1) && wait_weight(2, ips[0], -1) && fake.transactions == 1,
	   "and leaves all of them in one transaction");
	checker_stop(checker, false);
	free(setup);
}

static void test_reload(void)
{
	struct setup *one = setup_new(2, 2), *two = setup_new(2, 2), *three = setup_new(1, 1);
	struct checker *checker;
	unsigned int changes;

	begin();
	down(0);
	checker = checker_start(base, &one->conf, &options);
	/* Before the other one is there, no server is: that is not what is meant by down. */
	ok(wait_weight(0, ips[1], 2) && wait_weight(1, ips[1], 2) &&
	   wait_weight(0, ips[0], -1) && wait_weight(1, ips[0], -1), "one server is down");
	run_for(50 * MS);
	changes = fake.changes;
	two->servers[0][1].weight = 9;
	*logged = '\0';
	ok(!checker_reload(checker, &two->conf), "a reload");
	memset(one, 0xa5, sizeof(*one));
	free(one);
	ok(wait_weight(0, ips[1], 9) && fake.changes == changes + 1,
	   "changes the weight that differs, and nothing else");
	run_for(200 * MS);
	ok(!*logged && weight_of(0, ips[0]) == -1, "who was down is so, and nobody hears of it");

	/* Server 2 and the other service go. */
	up(0);
	wait_weight(0, ips[0], 1);
	fake.conns = 1;
	checker_reload(checker, &three->conf);
	free(two);
	ok(wait_weight(0, ips[1], 0), "a server that is gone drains");
	ok(wait_weight(1, ips[0], -1) && fake.services_count == 1, "a service that is gone goes");
	ok(!fake.resets, "no connection to a server was reset");
	fake.conns = 0;
	ok(wait_weight(0, ips[1], -1), "and is out after its last connection");
	checker_stop(checker, false);
	free(three);
}

static unsigned int open_files(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void test_storm(void)
{
	struct setup *setup = setup_new(3, 2), *next;
	struct checker *checker;
	unsigned int files, removed = 0;

	begin();
	checker = checker_start(base, &setup->conf, &options);
	wait_weight(2, ips[1], 2);
	run_for(200 * MS);
	files = open_files();
	for (int i = 0; i < 100; i++) {
		next = setup_new(3, 2);
		next->servers[0][0].weight = 1 + i % 7;
		next->checks[1].retry = i % 3;
		checker_reload(checker, &next->conf);
		free(setup);
		setup = next;
		run_for(5 * MS);
		for (int s = 0; s < 3; s++)
			removed += weight_of(s, ips[0]) < 1 || weight_of(s, ips[1]) < 1;
	}
	ok(!removed, "100 reloads: no server ever leaves");
	run_for(200 * MS);
	ok(open_files() <= files + 2, "and no descriptor stays open: %u, %u before",
	   open_files(), files);
	checker_stop(checker, false);
	free(setup);
}

static void test_restart(void)
{
	struct setup *setup = setup_new(1, 2);
	struct checker *checker;
	unsigned int transactions;

	begin();
	down(0);
	checker = checker_start(base, &setup->conf, &options);
	wait_weight(0, ips[1], 2);
	wait_weight(0, ips[0], -1);
	checker_stop(checker, true);
	ok(fake.services_count == 1 && weight_of(0, ips[1]) == 2,
	   "asked to leave it, it leaves the module as it is");
	transactions = fake.transactions;
	for (int i = 0; i < 3; i++) {
		setup->checks[i].alpha = true;
		setup->checks[i].warmup_us = 200 * MS;
	}
	checker = checker_start(base, &setup->conf, &options);
	run_for(500 * MS);
	ok(fake.transactions == transactions && weight_of(0, ips[1]) == 2 &&
	   weight_of(0, ips[0]) == -1,
	   "a restart changes nothing, alpha or not: up is up and down is down");
	up(0);
	ok(wait_weight(0, ips[0], 1), "until a check says otherwise");
	checker_stop(checker, false);
	free(setup);
}

static void test_fault(void)
{
	struct setup *setup = setup_new(1, 2);
	struct checker *checker;

	begin();
	fake.refuse = ENODEV;
	checker = checker_start(base, &setup->conf, &options);
	run_for(100 * MS);
	ok(!strcmp(why, "the module is not there") &&
	   said("Services cannot be served: the module is not there\n"),
	   "without a module it is in fault, and says why");
	fake.refuse = 0;
	ok(wait_weight(0, ips[1], 2) || wait_weight(0, ips[1], 2),
	   "when the module is there, so are the services");
	ok(!*why, "and the fault is over");
	checker_stop(checker, false);
	free(setup);
}

/* One of three services is refused: only its instance is told. */
static void test_refusal(void)
{
	struct setup *setup = setup_new(3, 2);
	struct checker *checker;

	begin();
	for (int i = 0; i < 3; i++) {
		setup->services[i].pos = (struct conf_pos){ "a.conf", 10 * i };
		setup->servers[i][1].pos = (struct conf_pos){ "a.conf", 10 * i + 5 };
	}
	setup->keys[1].instance = "VI_2";
	fake.refuse_service = setup->keys[1].key.addr;
	checker = checker_start(base, &setup->conf, &options);
	ok(wait_weight(0, ips[0], 1) && wait_weight(2, ips[0], 1) && weight_of(1, ips[0]) == -1,
	   "one service is refused: the others are served");
	ok(said("a.conf:10: the module refuses the service tcp 192.168.4.16:80: refused: Invalid argument\n"), "it is said, with its line");
	ok(!strcmp(why, "VI_2\tthe module refuses the virtual server tcp 192.168.4.16:80: refused: Invalid argument\n"), "only its instance is in fault");
	run_for(100 * MS);
	down(0);
	ok(wait_weight(0, ips[0], -1) && wait_weight(2, ips[0], -1),
	   "the others follow their checks");
	fake.refuse_service.family = 0;
	ok(wait_weight(1, ips[1], 2) && !*why &&
	   said("It is so no more: a.conf:10: the module refuses the service tcp 192.168.4.16:80"),
	   "when it is taken the fault is over");
	*logged = '\0';
	fake.refuse_server = setup->servers[0][0].addr;
	up(0);
	wait_weight(0, ips[1], 2);
	for (int i = 0; i < 100 && !strstr(logged, "refuses"); i++)
		run_for(20 * MS);
	ok(said("the module refuses the server 127.0.4.1:80 of tcp 192.168.4.15:80: refused: Numerical") &&
	   weight_of(0, ips[1]) == 2 && !*why, "a refused server is said, and is no fault");
	checker_stop(checker, false);
	free(setup);
}

/* What somebody else has in the module, with lvs_flush, lvs_flush_on_stop (lvs_flush_onstop). */
static void test_others(void)
{
	struct halb_service other = { .key = { .fwmark = 7, .addr = { .family = AF_INET } } };
	struct setup *setup = setup_new(1, 1);
	struct conf_global *global = &setup->conf.global;
	struct checker *checker;

	begin();
	fake_service_change(&fake, HALB_CHANGE_OP_ADD, &other);
	global->lvs_timeout_tcp = 11;
	global->lvs_timeout_tcpfin = 12;
	global->lvs_timeout_udp = 13;
	checker = checker_start(base, &setup->conf, &options);
	ok(wait_weight(0, ips[0], 1) && fake_service(&fake, &other.key),
	   "a service of somebody else stays");
	ok(fake.settings.tcp_timeout == 11 && fake.settings.tcp_fin_timeout == 12 &&
	   fake.settings.udp_timeout == 13 &&
	   fake.settings.present == (HALB_SET_TCP_TIMEOUT | HALB_SET_TCP_FIN_TIMEOUT |
				     HALB_SET_UDP_TIMEOUT), "lvs_timeouts are set");
	checker_stop(checker, false);
	ok(fake.services_count == 1, "also at the end");
	global->lvs_flush_on_stop = CONF_FLUSH_YES;
	checker = checker_start(base, &setup->conf, &options);
	ok(wait_weight(0, ips[0], 1) && fake_service(&fake, &other.key),
	   "with lvs_flush_on_stop it stays");
	checker_stop(checker, false);
	ok(!fake.services_count, "until the end");
	fake_service_change(&fake, HALB_CHANGE_OP_ADD, &other);
	global->lvs_flush = true;
	checker = checker_start(base, &setup->conf, &options);
	ok(wait_weight(0, ips[0], 1) && !fake_service(&fake, &other.key),
	   "with lvs_flush it goes at the start");
	checker_stop(checker, false);
	free(setup);
}

/* checker_log_all_failures is of all checks. */
static void test_log_all(void)
{
	static const char line[] = "failed, will be tried again: connect: Connection refused";

	for (int all = 0; all < 2; all++) {
		struct setup *setup = setup_new(1, 1);
		struct checker *checker;

		begin();
		setup->conf.global.checker_log_all_failures = all;
		setup->checks[0].retry = 3;
		checker = checker_start(base, &setup->conf, &options);
		wait_weight(0, ips[0], 1);
		for (int i = 0; i < 200 && !strstr(logged, "success"); i++)
			run_for(10 * MS);
		down(0);
		wait_weight(0, ips[0], -1);
		ok(!strstr(logged, line) == !all, "checker_log_all_failures%s", all ? "" : ": not");
		checker_stop(checker, false);
		free(setup);
	}
}

static void test_misc_dynamic(void)
{
	struct setup *setup = setup_new(1, 1);
	char *argv[4] = { NULL }, path[128];
	struct conf_check checks[2];
	struct checker *checker;

	begin();
	snprintf(path, sizeof(path), "%s/weight", directory);
	argv[0] = "/bin/sh";
	argv[1] = "-c";
	if (asprintf(&argv[2], "exit $(cat %s 2>/dev/null || echo 0)", path) < 0)
		abort();
	checks[0] = setup->checks[0];
	checks[1] = setup->checks[0];
	checks[1].type = CONF_CHECK_MISC;
	checks[1].name = "MISC_CHECK";
	checks[1].script.argv = argv;
	checks[1].script.argc = 3;
	checks[1].misc_dynamic = true;
	checks[1].misc_timeout_us = 20 * SEC;
	setup->servers[0][0].weight = 10;
	setup->servers[0][0].checks = checks;
	setup->servers[0][0].checks_count = 2;
	checker = checker_start(base, &setup->conf, &options);
	ok(wait_weight(0, ips[0], 10), "misc_dynamic: 0 is the weight as configured");
	for (int weight = 44; weight >= 4; weight -= 40) {
		FILE *file = fopen(path, "w");

		fprintf(file, "%d\n", weight + 2);
		fclose(file);
		ok(wait_weight(0, ips[0], weight), "misc_dynamic: %d is %d", weight + 2, weight);
	}
	ok(said("Changing weight from 10 to 44 for active service [127.0.4.1]:tcp:80 of VS [192"),
	   "misc_dynamic: it is said");
	unlink(path);
	ok(wait_weight(0, ips[0], 10), "misc_dynamic: and back");
	checker_stop(checker, false);
	free(argv[2]);
	free(setup);
}

/* The module does it: it is told how long, and gets the server with its whole weight. */
static void test_slowstart(void)
{
	struct setup *setup = setup_new(1, 2);
	struct checker *checker;

	begin();
	setup->servers[0][0].weight = 100;
	setup->servers[0][0].slowstart_us = 3 * SEC;
	setup->servers[0][1].slowstart_us = 4500 * MS;
	checker = checker_start(base, &setup->conf, &options);
	ok(wait_weight(0, ips[0], 100) && fake.services[0].slow_start == 5,
	   "slowstart: the longest of the servers', in seconds");
	run_for(100 * MS);
	down(0);
	wait_weight(0, ips[0], -1);
	up(0);
	while (weight_of(0, ips[0]) < 0)
		run_for(5 * MS);
	ok(weight_of(0, ips[0]) == 100, "slowstart: a server that is back has its weight");
	checker_stop(checker, false);
	free(setup);
}

static void test_suspend(void)
{
	struct setup *setup = setup_new(1, 2);
	struct checker *checker;

	begin();
	setup->services[0].ha_suspend = true;
	checker = checker_start(base, &setup->conf, &options);
	wait_weight(0, ips[0], 1);
	run_for(100 * MS);
	checker_instance(checker, "VI_1", false);
	run_for(100 * MS);
	memset(connections, 0, sizeof(connections));
	run_for(300 * MS);
	ok(!connections[0] && !connections[1], "ha_suspend: a backup does not check");
	checker_instance(checker, "VI_1", true);
	run_for(300 * MS);
	ok(connections[0] && connections[1], "ha_suspend: a master does");
	checker_stop(checker, false);
	free(setup);
}

static void suspect(struct checker *checker, const struct setup *setup, int j, bool is)
{
	struct halb_server told = {
		.service = setup->keys[0].key, .port = 80,
		.flags = is ? HALB_SERVER_FLAG_SUSPECT : 0,
	};

	addr_parse(ips[j], &told.addr);
	checker_suspect(checker, &told);
	run_for(200 * MS);
}

static void test_passive(void)
{
	struct setup *setup = setup_new(1, 2);
	struct checker *checker;

	begin();
	for (int i = 0; i < 2; i++)
		setup->checks[i].delay_loop_us = 60 * SEC;
	setup->services[0].passive_health = true;
	checker = checker_start(base, &setup->conf, &options);
	wait_weight(0, ips[0], 1);
	run_for(200 * MS);
	memset(connections, 0, sizeof(connections));
	run_for(200 * MS);
	ok(!connections[0] && !connections[1], "passive_health: without suspicion no check");
	suspect(checker, setup, 1, true);
	ok(!connections[0] && connections[1] == 1, "a suspect server is checked at once");
	suspect(checker, setup, 1, true);
	ok(connections[1] == 1, "to hear it twice changes nothing");
	suspect(checker, setup, 1, false);
	suspect(checker, setup, 1, true);
	ok(connections[1] == 1, "suspect again so soon: not at once");
	ok(weight_of(0, ips[1]) > 0, "whoever passes the check stays");
	setup->services[0].passive_health = false;
	suspect(checker, setup, 0, true);
	ok(!connections[0], "without passive_health it is not checked");
	setup->services[0].passive_health = true;
	down(0);
	suspect(checker, setup, 0, true);
	wait_weight(0, ips[0], -1);
	ok(weight_of(0, ips[0]) == -1, "whoever fails it is out");
	up(0);
	checker_stop(checker, false);
	free(setup);
}

/* --- mail ------------------------------------------------------------------------------------- */

static char mails[1 << 16];

static void mail_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *out = bufferevent_get_output(bev);
	bool *in_data = arg;
	char *line;

	while ((line = evbuffer_readln(bufferevent_get_input(bev), NULL, EVBUFFER_EOL_CRLF))) {
		size_t length = strlen(mails);

		snprintf(mails + length, sizeof(mails) - length, "%s\n", line);
		if (*in_data && strcmp(line, ".")) {
			free(line);
			continue;
		}
		*in_data = !*in_data && !strcmp(line, "DATA");
		evbuffer_add_printf(out, "%s\r\n", *in_data ? "354 go on" : "250 ok");
		free(line);
	}
}

static void mail_event(struct bufferevent *bev, short what, void *arg)
{
	(void)what;
	free(arg);
	bufferevent_free(bev);
}

static void mail_accept(struct evconnlistener *listener, evutil_socket_t fd,
			struct sockaddr *peer, int size, void *arg)
{
	struct bufferevent *bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

	(void)listener;
	(void)peer;
	(void)size;
	(void)arg;
	bufferevent_setcb(bev, mail_read, NULL, mail_event, calloc(1, sizeof(bool)));
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	evbuffer_add_printf(bufferevent_get_output(bev), "220 mail\r\n");
}

static void test_mail(void)
{
	struct setup *setup = setup_new(3, 2);
	struct evconnlistener *mail = listen_on("127.0.4.9", 25, mail_accept, NULL);
	struct conf_global *global = &setup->conf.global;
	char *to[2];
	unsigned int count = 0;
	struct checker *checker;

	begin();
	global->router_id = "director1";
	to[0] = "root@example.com";
	to[1] = "noc@example.com";
	global->notification_email = to;
	global->notification_email_count = 2;
	global->notification_email_from = "halbd@example.com";
	global->smtp_server = "127.0.4.9";
	global->smtp_port = 25;
	global->smtp_helo_name = "director1.example.com";
	global->smtp_connect_timeout_us = SEC;
	for (int i = 0; i < 3; i++)
		setup->servers[i][0].smtp_alert = true;
	checker = checker_start(base, &setup->conf, &options);
	wait_weight(0, ips[0], 1);
	run_for(100 * MS);
	down(0);
	wait_weight(0, ips[0], -1);
	run_for(500 * MS);
	ok(strstr(mails, "EHLO director1.example.com\n") &&
	   strstr(mails, "MAIL FROM:<halbd@example.com>") &&
	   strstr(mails, "RCPT TO:<root@example.com>") &&
	   strstr(mails, "RCPT TO:<noc@example.com>"), "mail: to all addresses");
	ok(strstr(mails, "Subject: [director1] Realserver [127.0.4.1]:tcp:80 of virtual server [") &&
	   strstr(mails, "[192.168.4.15]:tcp:80 - DOWN\n") &&
	   strstr(mails, "\n=> TCP_CHECK failed on service : connect: Connection refused <=\n"),
	   "mail: host, service, server, reason");
	for (int i = 0; i < 10; i++) {
		up(0);
		wait_weight(0, ips[0], 1);
		down(0);
		wait_weight(0, ips[0], -1);
	}
	for (int i = 0; i < 50 && count < 10; i++) {
		run_for(100 * MS);
		count = 0;
		for (const char *at = mails; (at = strstr(at, "\nSubject: ")); at++)
			count++;
	}
	run_for(200 * MS);
	ok(count == 10, "mail: of 63 alerts 10 are sent one by one: %u", count);
	checker_stop(checker, false);
	run_for(200 * MS);
	evconnlistener_free(mail);
	free(setup);
}

/* --- status ------------------------------------------------------------------------------------- */

static struct json_object *at(struct json_object *object, const char *key, size_t n)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return json_object_is_type(value, json_type_array) ?
		json_object_array_get_idx(value, n) : value;
}

static void test_status(void)
{
	struct setup *setup = setup_new(1, 2);
	struct json_object *document, *service, *server, *check;
	struct checker *checker;
	char *text = NULL;
	size_t size;
	FILE *file;
	struct out *out;

	begin();
	down(1);
	checker = checker_start(base, &setup->conf, &options);
	wait_weight(0, ips[1], -1);
	run_for(100 * MS);
	file = open_memstream(&text, &size);
	out = out_new(OUT_JSON, file);
	out_object_begin(out, NULL);
	checker_status(checker, out);
	out_object_end(out);
	out_free(out);
	fclose(file);
	document = json_tokener_parse(text);
	service = at(document, "services", 0);
	server = at(service, "servers", 1);
	check = at(server, "checks", 0);
	ok(!strcmp(json_object_get_string(at(service, "service", 0)), "tcp 192.168.4.15:80") &&
	   !strcmp(json_object_get_string(at(service, "state", 0)), "up") &&
	   json_object_get_int(at(service, "weight", 0)) == 1, "status: a service");
	ok(!strcmp(json_object_get_string(at(server, "server", 0)), "127.0.4.2:80") &&
	   !strcmp(json_object_get_string(at(server, "state", 0)), "down"), "status: a server");
	ok(!strcmp(json_object_get_string(at(check, "check", 0)), "TCP_CHECK") &&
	   !strcmp(json_object_get_string(at(check, "state", 0)), "down") &&
	   !strcmp(json_object_get_string(at(check, "last", 0)), "failed") &&
	   !strcmp(json_object_get_string(at(check, "reason", 0)),
		   "connect: Connection refused") &&
	   json_object_get_int(at(check, "failures-in-row", 0)) > 0 &&
	   json_object_get_int(at(check, "next-us", 0)) <= 50 * MS, "status: a check");
	json_object_put(document);
	free(text);
	checker_stop(checker, false);
	free(setup);
}

static void loopback_up(void)
{
	struct ifreq lo = { .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET)) {
		printf("1..0 # SKIP no network namespace: %s\n", strerror(errno));
		exit(0);
	}
	snprintf(lo.ifr_name, sizeof(lo.ifr_name), "lo");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo))
		abort();
	close(fd);
}

int main(void)
{
	siginfo_t child;

	loopback_up();
	snprintf(directory, sizeof(directory), "/tmp/halb-checker-XXXXXX");
	if (!mkdtemp(directory))
		abort();
	base = event_base_new();
	test_seed();
	test_quorum();
	test_shared();
	test_reload();
	test_storm();
	test_restart();
	test_fault();
	test_refusal();
	test_others();
	test_log_all();
	test_misc_dynamic();
	test_slowstart();
	test_suspend();
	test_passive();
	test_mail();
	test_status();
	/* scripts that nobody waits for */
	while (!waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT))
		run_for(20 * MS);
	for (int i = 0; i < 3; i++)
		down(i);
	for (int i = 0; i < 4; i++) {
		ran(script_names[i]);
		free(script_argv[i][2]);
	}
	rmdir(directory);
	event_base_free(base);
	return done();
}
