// SPDX-License-Identifier: GPL-2.0
#include "scripts.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "alert.h"
#include "log.h"
#include "util.h"

#define REQUEST_SIZE	16384
#define WORDS_MAX	256
#define RUNNING_MAX	4096
/* who sends mails */
#define NOBODY		65534

struct request {
	uint32_t id;
	uid_t uid;
	gid_t gid;
	bool all_groups;
	bool mail;			/* no script: the words are MAIL_* */
	int64_t timeout_us;
	uint32_t words;
	char text[];			/* that many, each with its 0 */
};

/* --- who asks --------------------------------------------------------------------- */

static bool put_word(struct request *request, size_t *len, const char *word)
{
	size_t size = strlen(word) + 1;

	if (*len + size > REQUEST_SIZE || request->words == WORDS_MAX)
		return false;
	memcpy((char *)request + *len, word, size);
	*len += size;
	request->words++;
	return true;
}

/* Its length, or a negative errno. */
static ssize_t write_request(struct request *request, const struct conf_script *script,
			     const char *const *more)
{
	size_t len = offsetof(struct request, text);

	request->uid = script->uid;
	request->gid = script->gid;
	request->all_groups = script->all_groups;
	for (size_t i = 0; i < script->argc; i++)
		if (!put_word(request, &len, script->argv[i]))
			return -E2BIG;
	for (; more && *more; more++)
		if (!put_word(request, &len, *more))
			return -E2BIG;
	return (ssize_t)len;
}

int scripts_run(int fd, uint32_t id, const struct conf_script *script,
		const char *const *more, int64_t timeout_us)
{
	_Alignas(struct request) char buf[REQUEST_SIZE] = { 0 };
	struct request *request = (void *)buf;
	ssize_t len = write_request(request, script, more);

	if (len < 0)
		return (int)len;
	request->id = id;
	request->timeout_us = timeout_us;
	return send(fd, buf, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int scripts_mail(int fd, const struct conf_global *conf, const char *subject, const char *body)
{
	_Alignas(struct request) char buf[REQUEST_SIZE] = { 0 };
	struct request *request = (void *)buf;
	size_t len = offsetof(struct request, text);
	char port[16], timeout[32];
	const char *const words[] = {
		subject, body, conf->smtp_server, port, conf->notification_email_from,
		conf->smtp_helo_name, timeout, conf->smtp_user, conf->smtp_password,
		conf->smtp_starttls ? "1" : NULL,
	};

	snprintf(port, sizeof(port), "%u", conf->smtp_port);
	snprintf(timeout, sizeof(timeout), "%lld", (long long)conf->smtp_connect_timeout_us);
	request->mail = true;
	request->uid = NOBODY;
	request->gid = NOBODY;
	request->timeout_us = 4 * conf->smtp_connect_timeout_us;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!put_word(request, &len, words[i] ? words[i] : ""))
			return -E2BIG;
	for (size_t i = 0; i < conf->notification_email_count; i++)
		if (!put_word(request, &len, conf->notification_email[i]))
			return -E2BIG;
	return send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int scripts_result(int fd, struct script_result *result)
{
	ssize_t len = recv(fd, result, sizeof(*result), MSG_DONTWAIT);

	if (len == sizeof(*result))
		return 1;
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return len < 0 ? -errno : -EPIPE;
}

/* --- here and now ------------------------------------------------------------------ */

static void note_end(void *arg, const struct script_end *end)
{
	*(struct script_end *)arg = *end;
}

int scripts_wait(const struct conf_script *conf, int64_t timeout_us)
{
	const struct script script = {
		.argv = (const char *const *)conf->argv, .uid = conf->uid, .gid = conf->gid,
		.all_groups = conf->all_groups, .timeout = (uint64_t)timeout_us,
	};
	struct event_base *base = event_base_new();
	struct script_end end = { .err = ENOMEM };

	if (!base)
		return -ENOMEM;
	if (script_run(base, &script, note_end, &end))
		event_base_dispatch(base);
	event_base_free(base);
	if (end.timed_out)
		return -ETIMEDOUT;
	return end.err ? -end.err : end.signal ? end.signal : end.status;
}

/* --- the process ------------------------------------------------------------------- */

/* The words of a mail, in this order; behind them who gets it. */
enum {
	MAIL_SUBJECT, MAIL_BODY, MAIL_SERVER, MAIL_PORT, MAIL_FROM, MAIL_HELO, MAIL_TIMEOUT,
	MAIL_USER, MAIL_PASSWORD, MAIL_STARTTLS, MAIL_TO
};

static struct event_base *base;
static unsigned int running;

/* One that runs, and who hears of its end. */
struct task {
	int fd;
	uint32_t id;
	bool mail;
};

static void tell(int fd, uint32_t id, const struct script_end *end)
{
	struct script_result result = { id, *end };

	/* Blocks if nobody reads: then nobody wants the next script either. */
	if (id)
		send(fd, &result, sizeof(result), MSG_NOSIGNAL);
}

static void on_end(void *arg, const struct script_end *end)
{
	struct task *task = arg;
	bool bad = end->err || end->timed_out || end->signal || end->status;

	running--;
	if (task->mail && bad)
		log_msg(LOG_WARNING, "A mail could not be sent: %s. Check smtp_server.",
			end->err ? strerror(end->err) : end->timed_out || end->signal ?
			"no end in time" : curl_easy_strerror((CURLcode)end->status));
	tell(task->fd, task->id, end);
	free(task);
}

static char *given(char *word)
{
	return *word ? word : NULL;
}

static int mail_main(void *arg)
{
	char **words = arg;
	size_t count = 0;

	while (words[MAIL_TO + count])
		count++;
	return alert_deliver(&(struct conf_global){
		.smtp_server = words[MAIL_SERVER],
		.smtp_port = (uint16_t)atoi(words[MAIL_PORT]),
		.notification_email_from = words[MAIL_FROM],
		.smtp_helo_name = given(words[MAIL_HELO]),
		.smtp_connect_timeout_us = atoll(words[MAIL_TIMEOUT]),
		.smtp_user = given(words[MAIL_USER]),
		.smtp_password = given(words[MAIL_PASSWORD]),
		.smtp_starttls = *words[MAIL_STARTTLS],
		.notification_email = &words[MAIL_TO],
		.notification_email_count = count,
	}, words[MAIL_SUBJECT], words[MAIL_BODY]);
}

/* The request's words, if there are as many as it says. */
static bool words_of(const struct request *request, size_t len, char **argv)
{
	const char *at = request->text, *end = (const char *)request + len;

	if (!request->words || request->words > WORDS_MAX ||
	    (request->mail && request->words <= MAIL_TO))
		return false;
	for (uint32_t i = 0; i < request->words; i++) {
		size_t size = strnlen(at, (size_t)(end - at));

		if (at + size >= end)
			return false;
		argv[i] = (char *)(uintptr_t)at;
		at += size + 1;
	}
	argv[request->words] = NULL;
	return true;
}

static void begin(int fd, const struct request *request, size_t len)
{
	char *argv[WORDS_MAX + 1];
	struct script script = {
		.argv = request->mail ? NULL : (const char *const *)argv,
		.main = mail_main, .arg = argv, .uid = request->uid, .gid = request->gid,
		.all_groups = request->all_groups, .timeout = (uint64_t)request->timeout_us,
	};
	struct task *task;

	if (!words_of(request, len, argv))
		return;
	task = malloc(sizeof(*task));
	if (task)
		*task = (struct task){ fd, request->id, request->mail };
	if (task && running < RUNNING_MAX && script_run(base, &script, on_end, task)) {
		running++;
		return;
	}
	free(task);
	log_msg(LOG_ERR, "Cannot %s: too many processes", request->mail ? "send a mail" : argv[0]);
	tell(fd, request->id, &(struct script_end){ .err = EAGAIN });
}

static void on_request(evutil_socket_t fd, short what, void *arg)
{
	static _Alignas(struct request) char buf[REQUEST_SIZE + 1];
	ssize_t len = recv(fd, buf, REQUEST_SIZE, MSG_DONTWAIT);

	(void)what;
	(void)arg;
	/* Reset: results were not read. There may be requests left all the same. */
	if (len < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET))
		return;
	if (len <= 0)
		event_base_loopbreak(base);
	else if ((size_t)len > offsetof(struct request, text))
		begin(fd, (struct request *)buf, (size_t)len);
}

/* Each that runs has two descriptors here. */
static void take_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= 2 * RUNNING_MAX + 64)
		return;
	limit.rlim_cur = 2 * RUNNING_MAX + 64;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

_Noreturn void scripts_main(int fd)
{
	struct event *asked;

	prctl(PR_SET_NAME, "halbd_scripts");
	log_name("halbd_scripts");
	/* Whoever asks says when to end. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	take_descriptors();
	base = event_base_new();
	asked = base ? event_new(base, fd, EV_READ | EV_PERSIST, on_request, NULL) : NULL;
	if (asked && !event_add(asked, NULL))
		event_base_dispatch(base);
	/* notify_stop runs on, and ends by itself. */
	_exit(0);
}
