// SPDX-License-Identifier: GPL-2.0
#include "scripts.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "alert.h"
#include "log.h"
#include "util.h"

#define REQUEST_SIZE	16384
#define WORDS_MAX	256
#define RUNNING_MAX	4096
/* A script that ignores SIGTERM for that long gets SIGKILL. */
#define KILL_AFTER	1000000
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

struct running {
	pid_t pid;
	uint32_t id;
	bool mail;
	int64_t deadline;		/* INT64_MAX: none */
	bool timed_out;
};

static struct running running[RUNNING_MAX];
static unsigned int running_count;

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

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

/* --- the process ------------------------------------------------------------------- */

static void tell(int fd, uint32_t id, int status, bool timed_out)
{
	struct script_result result = { id, status, timed_out };

	/* Blocks if nobody reads: then nobody wants the next script either. */
	if (id)
		send(fd, &result, sizeof(result), MSG_NOSIGNAL);
}

static void child_lower(const struct request *request)
{
	const struct passwd *user;

	if (geteuid())
		return;
	user = request->all_groups ? getpwuid(request->uid) : NULL;
	if ((user ? initgroups(user->pw_name, request->gid) : setgroups(1, &request->gid)) ||
	    setgid(request->gid) || setuid(request->uid))
		_exit(126);
}

static _Noreturn void child(const struct request *request, char **argv)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	child_lower(request);
	execve(argv[0], argv, environ);
	_exit(127);
}

/* The words of a mail, in this order; behind them who gets it. */
enum {
	MAIL_SUBJECT, MAIL_BODY, MAIL_SERVER, MAIL_PORT, MAIL_FROM, MAIL_HELO, MAIL_TIMEOUT,
	MAIL_USER, MAIL_PASSWORD, MAIL_STARTTLS, MAIL_TO
};

static char *given(char *word)
{
	return *word ? word : NULL;
}

static _Noreturn void mail_child(const struct request *request, char **words)
{
	struct conf_global conf = {
		.smtp_server = words[MAIL_SERVER],
		.smtp_port = (uint16_t)atoi(words[MAIL_PORT]),
		.notification_email_from = words[MAIL_FROM],
		.smtp_helo_name = given(words[MAIL_HELO]),
		.smtp_connect_timeout_us = atoll(words[MAIL_TIMEOUT]),
		.smtp_user = given(words[MAIL_USER]),
		.smtp_password = given(words[MAIL_PASSWORD]),
		.smtp_starttls = *words[MAIL_STARTTLS],
		.notification_email = &words[MAIL_TO],
		.notification_email_count = request->words - MAIL_TO,
	};

	setpgid(0, 0);
	child_lower(request);
	_exit(alert_deliver(&conf, words[MAIL_SUBJECT], words[MAIL_BODY]));
}

static void begin(int fd, const struct request *request, size_t len)
{
	const char *at = request->text, *end = (const char *)request + len;
	char *argv[WORDS_MAX + 1];
	pid_t pid;

	if (!request->words || request->words > WORDS_MAX ||
	    (request->mail && request->words <= MAIL_TO))
		return;
	for (uint32_t i = 0; i < request->words; i++) {
		size_t size = strnlen(at, (size_t)(end - at));

		if (at + size >= end)
			return;
		argv[i] = (char *)(uintptr_t)at;
		at += size + 1;
	}
	argv[request->words] = NULL;
	pid = running_count == RUNNING_MAX ? -1 : fork();
	if (!pid && request->mail)
		mail_child(request, argv);
	if (!pid)
		child(request, argv);
	if (pid < 0) {
		log_msg(LOG_ERR, "Cannot %s: too many processes",
			request->mail ? "send a mail" : argv[0]);
		tell(fd, request->id, -1, false);
		return;
	}
	setpgid(pid, pid);
	running[running_count++] = (struct running){
		.pid = pid, .id = request->id, .mail = request->mail,
		.deadline = request->timeout_us ? now_us() + request->timeout_us : INT64_MAX,
	};
}

int scripts_wait(const struct conf_script *script, int64_t timeout_us)
{
	struct request request = { .uid = script->uid, .gid = script->gid,
				   .all_groups = script->all_groups };
	int64_t end = timeout_us ? now_us() + timeout_us : INT64_MAX;
	struct pollfd exited = { .fd = -1, .events = POLLIN };
	int status = -1, ready = 0, left;
	pid_t pid = fork();

	if (!pid)
		child(&request, script->argv);
	if (pid < 0)
		return -errno;
	setpgid(pid, pid);
	exited.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	while (exited.fd >= 0 && !ready && now_us() < end) {
		left = end == INT64_MAX ? -1 : (int)((end - now_us()) / 1000 + 1);
		ready = poll(&exited, 1, left) > 0;
	}
	if (exited.fd >= 0)
		close(exited.fd);
	if (!ready)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return ready ? status : -ETIMEDOUT;
}

/* Returns false when nobody is there any more. */
static bool take_request(int fd)
{
	static _Alignas(struct request) char buf[REQUEST_SIZE + 1];
	ssize_t len = recv(fd, buf, REQUEST_SIZE, MSG_DONTWAIT);

	/* Reset: results were not read. There may be requests left all the same. */
	if (len < 0)
		return errno == EAGAIN || errno == EINTR || errno == ECONNRESET;
	if ((size_t)len > offsetof(struct request, text))
		begin(fd, (struct request *)buf, (size_t)len);
	return len > 0;
}

static void reap(int fd)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned int i = 0; i < running_count; i++) {
			struct running done = running[i];

			if (done.pid != pid)
				continue;
			running[i] = running[--running_count];
			if (done.mail && status)
				log_msg(LOG_WARNING, "A mail could not be sent: %s. Check smtp_server.",
					WIFEXITED(status) ?
					curl_easy_strerror(WEXITSTATUS(status)) : "no end in time");
			tell(fd, done.id, status, done.timed_out);
			break;
		}
	}
}

static void kill_late(void)
{
	int64_t now = now_us();

	for (unsigned int i = 0; i < running_count; i++) {
		struct running *r = &running[i];

		if (r->deadline > now)
			continue;
		kill(-r->pid, r->timed_out ? SIGKILL : SIGTERM);
		r->timed_out = true;
		r->deadline = now + KILL_AFTER;
	}
}

static int wait_ms(void)
{
	int64_t next = INT64_MAX, now = now_us();

	for (unsigned int i = 0; i < running_count; i++)
		if (running[i].deadline < next)
			next = running[i].deadline;
	if (next == INT64_MAX)
		return -1;
	return next <= now ? 0 : (int)((next - now) / 1000 + 1);
}

_Noreturn void scripts_main(int fd)
{
	sigset_t mask;
	struct pollfd fds[2] = { { .fd = fd, .events = POLLIN }, { .events = POLLIN } };
	struct signalfd_siginfo info;

	prctl(PR_SET_NAME, "halbd_scripts");
	log_name("halbd_scripts");
	/* Whoever asks says when to end. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	fds[1].fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	while (fds[1].fd >= 0) {
		if (poll(fds, 2, wait_ms()) < 0 && errno != EINTR)
			break;
		if (fds[1].revents && read(fds[1].fd, &info, sizeof(info)) > 0)
			reap(fd);
		if (fds[0].revents && !take_request(fd))
			break;
		kill_late();
	}
	/* notify_stop runs on, and ends by itself. */
	_exit(0);
}
