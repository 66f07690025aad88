// SPDX-License-Identifier: GPL-2.0
/*
 * The engine of health checks and its kinds, in a network namespace of its own,
 * against servers that do what the test tells them. They live in the same loop, on
 * addresses of 127.0.0.0/8.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <openssl/evp.h>

#include "addr.h"
#include "check.h"
#include "tap.h"

#define MS	1000ull
#define SEC	1000000ull

static struct event_base *base;
static struct checks *checks;
static char logged[65536];

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SEC + ts.tv_nsec / 1000;
}

static void log_line(void *arg, int priority, const char *line)
{
	size_t length = strlen(logged);

	(void)arg;
	(void)priority;
	snprintf(logged + length, sizeof(logged) - length, "%s\n", line);
}

/* The loop runs until done is true, or for so long at most. */
static bool run_until(bool (*done)(void *arg), void *arg, uint64_t limit)
{
	uint64_t end = now_us() + limit;
	struct timeval slice = { .tv_usec = 2000 };

	while (!done(arg) && now_us() < end) {
		event_base_loopexit(base, &slice);
		event_base_dispatch(base);
	}
	return done(arg);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

/* --- servers -------------------------------------------------------------------- */

/* Says banner, then the next answer after each line (answers end with NULL), or after
 * the empty line of a HTTP request.
 */
struct server {
	struct evconnlistener *listener;
	struct sockaddr_in addr;
	unsigned int connections;
	bool http;
	bool silent;
	const char *banner;
	const char *const *answers;
	char request[4096];
};

struct session {
	struct server *server;
	unsigned int answered;
};

static void session_event(struct bufferevent *bev, short what, void *arg)
{
	(void)what;
	free(arg);
	bufferevent_free(bev);
}

static void session_read(struct bufferevent *bev, void *arg)
{
	struct session *session = arg;
	struct server *server = session->server;
	char *line;

	while ((line = evbuffer_readln(bufferevent_get_input(bev), NULL, EVBUFFER_EOL_CRLF))) {
		bool answers = !server->http || !*line;
		size_t length = strlen(server->request);

		snprintf(server->request + length, sizeof(server->request) - length, "%s\n",
			 line);
		free(line);
		if (server->silent || !answers || !server->answers ||
		    !server->answers[session->answered])
			continue;
		evbuffer_add_printf(bufferevent_get_output(bev), "%s",
				    server->answers[session->answered++]);
	}
}

/* A HTTP/1.0 server closes when it has said all. */
static void session_written(struct bufferevent *bev, void *arg)
{
	struct session *session = arg;

	if (session->server->http && session->answered)
		session_event(bev, 0, arg);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
		      struct sockaddr *peer, int size, void *arg)
{
	struct server *server = arg;
	struct session *session = calloc(1, sizeof(*session));
	struct bufferevent *bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

	(void)listener;
	(void)peer;
	(void)size;
	server->connections++;
	session->server = server;
	bufferevent_setcb(bev, session_read, session_written, session_event, session);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	if (server->banner)
		evbuffer_add_printf(bufferevent_get_output(bev), "%s", server->banner);
}

static void server_up(struct server *server)
{
	server->listener = evconnlistener_new_bind(base, on_accept, server,
						   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE,
						   64, (struct sockaddr *)&server->addr,
						   sizeof(server->addr));
	if (!server->listener)
		abort();
}

static void server_down(struct server *server)
{
	evconnlistener_free(server->listener);
	server->listener = NULL;
}

static struct server *server_new(const char *ip, uint16_t port)
{
	struct server *server = calloc(1, sizeof(*server));

	server->addr.sin_family = AF_INET;
	server->addr.sin_port = htons(port);
	inet_pton(AF_INET, ip, &server->addr.sin_addr);
	server_up(server);
	return server;
}

static void server_free(struct server *server)
{
	if (server->listener)
		server_down(server);
	free(server);
}

/* --- watching ------------------------------------------------------------------- */

struct watcher {
	struct check_watch watch;
	unsigned int ups, downs, told;
	uint64_t when;			/* of the last change */
};

static void on_changed(struct check_watch *watch, enum health_change change)
{
	struct watcher *watcher = (struct watcher *)watch;

	watcher->told++;
	watcher->ups += change == HEALTH_UP;
	watcher->downs += change == HEALTH_DOWN;
	watcher->when = now_us();
}

static struct check_status status_of(struct watcher *watcher)
{
	struct check_status status;

	check_status(&watcher->watch, &status);
	return status;
}

static bool is_up(void *arg)
{
	struct check_status status = status_of(arg);

	return status.known && status.up;
}

static bool is_down(void *arg)
{
	struct check_status status = status_of(arg);

	return status.known && !status.up;
}

static bool has_run(void *arg)
{
	return status_of(arg).checks;
}

static void watch(struct watcher *watcher, const struct check_spec *spec)
{
	memset(watcher, 0, sizeof(*watcher));
	watcher->watch.changed = on_changed;
	if (checks_watch(checks, spec, &watcher->watch))
		abort();
}

static struct check_spec some_spec(enum check_type type, const char *ip, uint16_t port)
{
	struct check_spec spec = {
		.type = type,
		.rules = {
			.flags = check_habits(type), .delay_loop = 50 * MS,
			.delay_before_retry = 20 * MS,
		},
		.timeout = SEC,
		.port = port,
	};

	addr_parse(ip, &spec.addr);
	return spec;
}

/* One run decides: the verdict, and part of its reason. */
static void verdict(const struct check_spec *spec, bool up, const char *reason,
		    const char *name)
{
	struct watcher watcher;
	struct check_status status;

	watch(&watcher, spec);
	run_until(has_run, &watcher, 30 * SEC);
	status = status_of(&watcher);
	if (!ok(status.checks && status.last_passed == up && strstr(status.reason, reason),
		"%s", name))
		note("%s after %llu us: %s", status.last_passed ? "passed" : "failed",
		     (unsigned long long)status.took, status.reason);
	checks_give_up(&watcher.watch);
}

/* --- the engine ------------------------------------------------------------------ */

static void test_sharing(void)
{
	struct check_spec spec = some_spec(CHECK_TCP, "127.0.1.1", 80), other = spec;
	struct server *server = server_new("127.0.1.1", 80);
	struct watcher a, b, c;
	struct checks_totals totals;

	watch(&a, &spec);
	watch(&b, &spec);
	other.rules.retry = 7;
	watch(&c, &other);
	checks_totals(checks, &totals);
	ok(totals.checks == 2 && totals.watchers == 3,
	   "equal specifications are one check, different ones are two");
	checks_give_up(&c.watch);
	run_until(is_up, &a, 10 * SEC);
	ok(a.told == 1 && b.told == 1, "all who watch are told of its first result");
	run_until(never, NULL, 300 * MS);
	ok(status_of(&a).checks == server->connections || server->connections <= 8,
	   "it runs once for both: %u connections", server->connections);
	server_down(server);
	run_until(is_down, &a, 10 * SEC);
	ok(a.downs == 1 && b.downs == 1, "both are told that it went down");
	checks_give_up(&a.watch);
	server_up(server);
	run_until(is_up, &b, 10 * SEC);
	ok(b.ups == 1 && a.ups == 0, "who gave up is not told any more");
	checks_give_up(&b.watch);
	checks_totals(checks, &totals);
	ok(totals.checks == 0 && totals.watchers == 0 && totals.running == 0,
	   "and nothing is left when nobody watches");
	server_free(server);
}

static void test_reload(void)
{
	struct check_spec spec = some_spec(CHECK_TCP, "127.0.1.2", 80), changed = spec;
	struct watcher a, b, c;
	uint64_t since;

	watch(&a, &spec);
	run_until(is_down, &a, 10 * SEC);
	since = status_of(&a).since;
	watch(&b, &spec);
	checks_give_up(&a.watch);
	ok(is_down(&b) && status_of(&b).since == since,
	   "what is watched again before it is given up goes on");
	changed.rules.retry = 9;
	watch(&c, &changed);
	checks_give_up(&b.watch);
	ok(is_down(&c) && status_of(&c).since == since && c.told == 0,
	   "with other rules it keeps what is known");
	run_until(never, NULL, 200 * MS);
	ok(status_of(&c).checks > 1, "and goes on");
	checks_give_up(&c.watch);
}

static void test_suspend(void)
{
	struct check_spec spec = some_spec(CHECK_TCP, "127.0.1.3", 80);
	struct server *server = server_new("127.0.1.3", 80);
	struct watcher a, b;
	uint64_t before;

	watch(&a, &spec);
	watch(&b, &spec);
	checks_suspend(&a.watch, true);
	run_until(is_up, &b, 10 * SEC);
	before = status_of(&a).checks;
	run_until(never, NULL, 200 * MS);
	ok(status_of(&a).checks > before, "a check that one of two has suspended runs");
	checks_suspend(&b.watch, true);
	run_until(never, NULL, 100 * MS);
	before = status_of(&a).checks;
	run_until(never, NULL, 300 * MS);
	ok(status_of(&a).checks == before && status_of(&a).suspended,
	   "one that both have suspended does not");
	checks_suspend(&a.watch, false);
	run_until(never, NULL, 300 * MS);
	ok(status_of(&a).checks > before, "until one of them resumes it");
	checks_give_up(&a.watch);
	checks_give_up(&b.watch);
	server_free(server);
}

static void test_spread(void)
{
	enum { COUNT = 200, SLOTS = 20 };
	static struct watcher watchers[COUNT];
	unsigned int slots[SLOTS] = { 0 }, most = 0, least = COUNT;
	uint64_t now = now_us();

	for (int i = 0; i < COUNT; i++) {
		struct check_spec spec = some_spec(CHECK_TCP, "127.0.2.1", 1000 + i);

		spec.warmup = 60 * SEC;
		watch(&watchers[i], &spec);
	}
	for (int i = 0; i < COUNT; i++) {
		uint64_t slot = (status_of(&watchers[i]).next - now) / (60 * SEC / SLOTS);

		if (slot < SLOTS)
			slots[slot]++;
		checks_give_up(&watchers[i].watch);
	}
	for (int i = 0; i < SLOTS; i++) {
		most = slots[i] > most ? slots[i] : most;
		least = slots[i] < least ? slots[i] : least;
	}
	ok(least >= COUNT / SLOTS - 2 && most <= COUNT / SLOTS + 2,
	   "200 checks in 20 parts of their warmup: %u to %u each", least, most);
}

static void test_retry(void)
{
	struct check_spec spec = some_spec(CHECK_TCP, "127.0.1.4", 80);
	struct server *server = server_new("127.0.1.4", 80);
	struct watcher a;
	uint64_t began;

	spec.rules.retry = 3;
	spec.rules.delay_loop = 200 * MS;
	spec.rules.delay_before_retry = 100 * MS;
	spec.log_all_failures = true;
	*logged = '\0';
	watch(&a, &spec);
	run_until(is_up, &a, 10 * SEC);
	server_down(server);
	began = now_us();
	run_until(is_down, &a, 6 * SEC);
	ok(a.when - began >= 300 * MS && a.when - began < 5 * SEC,
	   "down after its retries: %llu ms", (unsigned long long)(a.when - began) / 1000);
	ok(strstr(logged, "TCP connection to [127.0.1.4]:tcp:80 success.\n") &&
	   strstr(logged, "failed, will be tried again: connect: Connection refused.\n") &&
	   strstr(logged, "TCP_CHECK on service [127.0.1.4]:tcp:80 failed after 3 retries: "),
	   "and the log says so");
	checks_give_up(&a.watch);
	server_free(server);
}

/* --- kinds ------------------------------------------------------------------------ */

static void test_tcp(void)
{
	struct check_spec spec = some_spec(CHECK_TCP, "127.0.3.1", 80);
	struct server *server = server_new("127.0.3.1", 80);
	struct watcher watcher;

	verdict(&spec, true, "", "TCP: a server that accepts");
	spec.port = 81;
	verdict(&spec, false, "refused", "TCP: one that refuses");
	addr_parse("198.18.0.1", &spec.addr);
	verdict(&spec, false, "unreachable", "TCP: no route");
	addr_parse("127.0.3.1", &spec.addr);
	spec.port = 80;
	addr_parse("127.0.3.9", &spec.bind_addr);
	spec.bind_port = 4000;
	spec.fwmark = 5;
	snprintf(spec.bind_if, sizeof(spec.bind_if), "lo");
	verdict(&spec, true, "", "TCP: bindto, bind_port, bind_if, fwmark");
	snprintf(spec.bind_if, sizeof(spec.bind_if), "nosuch0");
	watch(&watcher, &spec);
	run_until(never, NULL, 150 * MS);
	ok(!has_run(&watcher) && strstr(status_of(&watcher).reason, "bind_if"),
	   "TCP: a check that cannot be made says nothing of the server");
	checks_give_up(&watcher.watch);
	server_free(server);
}

static const char *const http_answer[2] = {
	"HTTP/1.0 200 OK\r\nServer: test\r\n\r\nhello halb\n", NULL
};

static const char *const http_404[2] = { "HTTP/1.0 404 Not Found\r\n\r\nnothing", NULL };
static const char *const http_junk[2] = { "SSH-2.0-whatever\r\n", NULL };
static const char *const http_short[2] = {
	"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nhello halb\n", NULL
};

static void test_http(void)
{
	struct server *server = server_new("127.0.3.2", 80);
	struct check_spec spec = some_spec(CHECK_HTTP, "127.0.3.2", 80);
	struct check_url url = { .path = "/a/../b?c=%20" }, urls[2];

	server->http = true;
	server->answers = http_answer;
	spec.http.urls = &url;
	spec.http.url_count = 1;
	verdict(&spec, true, "status 200", "HTTP: 200 is in 200..299");
	ok(!strcmp(server->request, "GET /a/../b?c=%20 HTTP/1.0\nHost: 127.0.3.2:80\n"
		   "User-Agent: KeepAliveClient\n\n"), "HTTP: asks as keepalived does");
	if (strcmp(server->request, "GET /a/../b?c=%20 HTTP/1.0\nHost: 127.0.3.2:80\n"
		   "User-Agent: KeepAliveClient\n\n"))
		note("%s", server->request);
	*server->request = '\0';
	spec.http.virtualhost = "www.example.com";
	spec.http.version = CHECK_HTTP_1_1;
	verdict(&spec, true, "status 200", "HTTP: 1.1");
	ok(strstr(server->request, " HTTP/1.1\n") &&
	   strstr(server->request, "\nHost: www.example.com\n") &&
	   strstr(server->request, "\nConnection: close\n"), "HTTP: virtualhost, close");
	spec.http.version = CHECK_HTTP_1_0;

	EVP_Digest("hello halb\n", 11, url.digest, NULL, EVP_md5(), NULL);
	url.has_digest = true;
	verdict(&spec, true, "", "HTTP: the digest of the body");
	url.digest[3] ^= 1;
	verdict(&spec, false, "digest", "HTTP: another digest");
	url.has_digest = false;

	url.regex = "l+o h(al)b";
	verdict(&spec, true, "", "HTTP: a regular expression that matches");
	url.regex_min_offset = 3;
	verdict(&spec, true, "", "HTTP: from an offset where it does");
	url.regex_min_offset = 5;
	verdict(&spec, false, "regular", "HTTP: from one where it does not");
	url.regex_no_match = true;
	verdict(&spec, true, "", "HTTP: regex_no_match");
	url.regex_no_match = false;
	url.regex_min_offset = 0;
	url.regex_max_offset = 3;
	verdict(&spec, true, "", "HTTP: at the last offset allowed");
	url.regex_max_offset = 2;
	verdict(&spec, false, "regular", "HTTP: beyond it");
	url.regex = NULL;

	server->answers = http_404;
	verdict(&spec, false, "status 404", "HTTP: 404 is not in 200..299");
	url.has_status = true;
	url.status[(404 - CHECK_STATUS_MIN) / 8] |= 1 << (404 - CHECK_STATUS_MIN) % 8;
	verdict(&spec, true, "status 404", "HTTP: 404 if that is asked for");
	server->answers = http_answer;
	verdict(&spec, false, "status 200", "HTTP: and then 200 is not");
	url.has_status = false;
	server->answers = http_short;
	verdict(&spec, true, "", "HTTP: a body shorter than its length is one, as in keepalived");
	server->answers = http_junk;
	verdict(&spec, false, "", "HTTP: something else than HTTP");
	server->silent = true;
	verdict(&spec, false, "no answer in time", "HTTP: silence");
	server->silent = false;
	spec.port = 81;
	verdict(&spec, false, "refused", "HTTP: a server that refuses");
	spec.port = 80;

	/* Two urls: one for each run, and both again after the one that failed. */
	urls[0] = (struct check_url){ .path = "/one" };
	urls[1] = (struct check_url){ .path = "/two" };
	spec.http.urls = urls;
	spec.http.url_count = 2;
	spec.rules.steps = 2;
	spec.rules.flags |= HEALTH_ALPHA;
	server->answers = http_answer;
	*server->request = '\0';
	{
		struct watcher watcher;

		watch(&watcher, &spec);
		run_until(is_up, &watcher, 10 * SEC);
		ok(watcher.ups == 1 && status_of(&watcher).checks == 2 &&
		   strstr(server->request, "GET /one") && strstr(server->request, "GET /two"),
		   "HTTP: up when all urls have passed");
		checks_give_up(&watcher.watch);
	}
	server_free(server);
}

static const char *const smtp_good[3] = {
	"250-halb.test\r\n250 hello\r\n", "221 bye\r\n", NULL
};

static const char *const smtp_bad[3] = { "502 no\r\n", NULL };

static void test_smtp(void)
{
	struct server *server = server_new("127.0.3.3", 25);
	struct check_spec spec = some_spec(CHECK_SMTP, "127.0.3.3", 25);

	spec.helo = "director.example";
	server->banner = "220-welcome\r\n220 halb.test ESMTP\r\n";
	server->answers = smtp_good;
	verdict(&spec, true, "", "SMTP: greeting, HELO, QUIT");
	ok(!strcmp(server->request, "HELO director.example\nQUIT\n"), "SMTP: what it says");
	server->answers = smtp_bad;
	verdict(&spec, false, "answer to HELO is \"502 no\"", "SMTP: HELO refused");
	server->answers = smtp_good;
	server->banner = "554 go away\r\n";
	verdict(&spec, false, "greeting is \"554 go away\"", "SMTP: a greeting that is none");
	server->banner = "2";
	verdict(&spec, false, "in time", "SMTP: half a greeting");
	server_free(server);
}

/* Answers a datagram with what echo() makes of it. */
struct datagrams {
	int fd;
	struct event *event;
	ssize_t (*answer)(uint8_t *buf, ssize_t size);
};

static void on_datagram(evutil_socket_t fd, short what, void *arg)
{
	struct datagrams *server = arg;
	struct sockaddr_in peer;
	socklen_t length = sizeof(peer);
	uint8_t buf[600];
	ssize_t size = recvfrom(fd, buf, 512, 0, (struct sockaddr *)&peer, &length);

	(void)what;
	size = server->answer(buf, size);
	if (size >= 0)
		sendto(fd, buf, size, 0, (struct sockaddr *)&peer, length);
}

static void datagrams_up(struct datagrams *server, const char *ip, uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, ip, &addr.sin_addr);
	server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (bind(server->fd, (struct sockaddr *)&addr, sizeof(addr)))
		abort();
	server->event = event_new(base, server->fd, EV_READ | EV_PERSIST, on_datagram, server);
	event_add(server->event, NULL);
}

static void datagrams_down(struct datagrams *server)
{
	event_free(server->event);
	close(server->fd);
}

static const uint8_t dns_want[] = {
	1, 0, 0, 1, 0, 0, 0, 0, 0, 0,	/* RD; one question */
	3, 'w', 'w', 'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0,
	0, 28, 0, 1,			/* AAAA, IN */
};

static bool dns_query_right;
static uint8_t dns_rcode;

static ssize_t dns_answer(uint8_t *buf, ssize_t size)
{
	dns_query_right = size == 2 + sizeof(dns_want) &&
			  !memcmp(buf + 2, dns_want, sizeof(dns_want));
	buf[2] |= 0x80;
	buf[3] = dns_rcode;
	return size;
}

static ssize_t dns_other_id(uint8_t *buf, ssize_t size)
{
	buf[0] ^= 1;
	buf[2] |= 0x80;
	return size;
}

static ssize_t no_answer(uint8_t *buf, ssize_t size)
{
	(void)buf;
	(void)size;
	return -1;
}

static ssize_t same_answer(uint8_t *buf, ssize_t size)
{
	(void)buf;
	return size;
}

static void test_dns(void)
{
	struct check_spec spec = some_spec(CHECK_DNS, "127.0.3.4", 53);
	struct datagrams server = { .answer = dns_answer };

	spec.dns.type = 28;
	spec.dns.name = "www.example.";
	datagrams_up(&server, "127.0.3.4", 53);
	verdict(&spec, true, "", "DNS: an answer");
	ok(dns_query_right, "DNS: the query, octet by octet");
	dns_rcode = 2;
	verdict(&spec, false, "SERVFAIL", "DNS: an error");
	server.answer = dns_other_id;
	verdict(&spec, false, "in time", "DNS: the answer to another query");
	server.answer = no_answer;
	verdict(&spec, false, "in time", "DNS: silence");
	spec.port = 54;
	verdict(&spec, false, "refused", "DNS: nobody there");
	spec.dns.name = "a..b";
	verdict(&spec, false, "name", "DNS: a name that is none");
	datagrams_down(&server);
}

static void test_udp(void)
{
	struct check_spec spec = some_spec(CHECK_UDP, "127.0.3.5", 99);
	struct datagrams server = { .answer = no_answer };

	spec.udp.reply_max = 255;
	datagrams_up(&server, "127.0.3.5", 99);
	verdict(&spec, true, "nothing", "UDP: silence is good");
	spec.udp.require_reply = true;
	verdict(&spec, false, "in time", "UDP: unless an answer is required");
	server.answer = same_answer;
	spec.udp.payload = (const uint8_t *)"ping?";
	spec.udp.payload_size = 5;
	verdict(&spec, true, "", "UDP: an answer");
	spec.udp.reply = (const uint8_t *)"pong";
	spec.udp.reply_size = 4;
	verdict(&spec, false, "other octets", "UDP: another answer");
	spec.udp.reply_mask = (const uint8_t *)"\xff\x00\xff\xff";
	verdict(&spec, true, "", "UDP: octets that do not matter");
	spec.udp.reply_min = 6;
	verdict(&spec, false, "too short", "UDP: a short answer");
	spec.udp.reply_min = 0;
	spec.udp.reply_max = 4;
	verdict(&spec, false, "too long", "UDP: a long one");
	spec.udp.require_reply = false;
	spec.port = 98;
	verdict(&spec, false, "refused", "UDP: nobody there");
	datagrams_down(&server);
}

static void test_ping(void)
{
	struct check_spec spec = some_spec(CHECK_PING, "127.0.3.6", 0);

	verdict(&spec, true, "", "ping: an address that answers");
	addr_parse("::1", &spec.addr);
	verdict(&spec, true, "", "ping: IPv6");
	addr_parse("198.18.0.1", &spec.addr);
	verdict(&spec, false, "unreachable", "ping: no route");
}

static void test_misc(void)
{
	struct check_spec spec = some_spec(CHECK_MISC, "127.0.0.1", 0);
	const char *argv[4] = { NULL };
	struct watcher watcher;
	uint64_t began;

	argv[0] = "/bin/sh";
	argv[1] = "-c";
	argv[2] = "exit 0";
	spec.misc.argv = argv;
	spec.timeout = 20 * SEC;
	verdict(&spec, true, "", "MISC: status 0");
	argv[2] = "exit 1";
	verdict(&spec, false, "status 1", "MISC: status 1");
	argv[2] = "exit 42";
	verdict(&spec, false, "status 42", "MISC: status 42");
	spec.misc.dynamic = true;
	verdict(&spec, true, "weight 40", "MISC: status 42 with misc_dynamic");
	argv[2] = "kill -9 $$";
	verdict(&spec, false, "signal 9", "MISC: a signal");
	spec.timeout = 300 * MS;
	argv[2] = "sleep 60 & wait";
	verdict(&spec, false, "timed out", "MISC: too long");
	argv[2] = "trap '' TERM; while :; do sleep 1; done";
	began = now_us();
	verdict(&spec, false, "timed out", "MISC: too long, and deaf to SIGTERM");
	ok(now_us() - began > 2 * SEC, "MISC: killed 2 s later");
	spec.timeout = 20 * SEC;
	argv[0] = "/no/such/program";
	verdict(&spec, false, "cannot be run: No such file", "MISC: no such program");
	argv[0] = "/bin/sh";
	argv[2] = "test $(id -u):$(id -g) = 65534:65534";
	spec.misc.uid = 65534;
	spec.misc.gid = 65534;
	verdict(&spec, true, "", "MISC: as somebody else");

	/* It hangs for long; others do not notice. */
	argv[2] = "sleep 100";
	spec.timeout = 100 * SEC;
	watch(&watcher, &spec);
	spec = some_spec(CHECK_TCP, "127.0.3.7", 80);
	verdict(&spec, false, "refused", "MISC: one that hangs holds nobody up");
	checks_give_up(&watcher.watch);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		abort();
	close(fd);
}

static void test_file(void)
{
	char directory[] = "/tmp/halb-check-XXXXXX", path[64];
	struct check_spec spec = some_spec(CHECK_FILE, "127.0.0.1", 0);
	struct watcher watcher;
	uint64_t began;

	if (!mkdtemp(directory))
		abort();
	snprintf(path, sizeof(path), "%s/state", directory);
	spec.file.path = path;
	spec.rules.delay_loop = 60 * SEC;
	verdict(&spec, true, "it has 0", "FILE: none there is 0");
	write_file(path, "1\n");
	watch(&watcher, &spec);
	run_until(is_down, &watcher, 10 * SEC);
	ok(is_down(&watcher), "FILE: not 0 is down");
	write_file(path, "0\n");
	began = now_us();
	run_until(is_up, &watcher, 10 * SEC);
	ok(is_up(&watcher) && watcher.when - began < 10 * SEC, "FILE: a change is seen at once");
	checks_give_up(&watcher.watch);
	spec.file.reverse = true;
	verdict(&spec, false, "it has 0", "FILE: reverse");
	spec.file.reverse = false;
	spec.file.weight = 3;
	write_file(path, "7\n");
	watch(&watcher, &spec);
	run_until(has_run, &watcher, 10 * SEC);
	ok(is_up(&watcher) && status_of(&watcher).weight_kind == CHECK_WEIGHT_ADD &&
	   status_of(&watcher).weight == 21, "FILE: number times weight");
	write_file(path, "-3\n");
	run_until(never, NULL, 500 * MS);
	ok(watcher.told == 2 && status_of(&watcher).weight == -9, "FILE: another weight is told");
	checks_give_up(&watcher.watch);
	unlink(path);
	rmdir(directory);
}

/* --- descriptors ------------------------------------------------------------------- */

static unsigned int open_files(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void loopback_up(void)
{
	struct ifreq lo = { .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET)) {
		/* Who is not root is so in a namespace of his own. */
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
	unsigned int files;

	loopback_up();
	base = event_base_new();
	checks = checks_new(base, log_line, NULL);
	test_tcp();
	test_http();
	/* libcurl and the loop have theirs by now */
	run_until(never, NULL, 50 * MS);
	files = open_files();
	test_sharing();
	test_reload();
	test_suspend();
	test_spread();
	test_retry();
	test_smtp();
	test_dns();
	test_udp();
	test_ping();
	test_misc();
	test_file();
	/* sessions of servers and killed scripts end */
	run_until(never, NULL, 300 * MS);
	ok(open_files() == files, "no descriptor is left behind: %u, %u before", open_files(),
	   files);
	checks_free(checks);
	event_base_free(base);
	return done();
}
