// SPDX-License-Identifier: GPL-2.0
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "checker_main.h"
#include "conf_diff.h"
#include "director.h"
#include "log.h"

/* A process that dies again and again is started after a pause, up to: */
#define PAUSE_MAX	30
/* After a time without dying, the pause begins at nothing again. */
#define GOOD_TIME	60
/* Of the changes of a reload so many are logged. */
#define DIFFERENCES_LOGGED	100

struct supervisor {
	const struct supervise_options *options;
	struct conf *conf;
	struct vips *vips;
	sigset_t inherited;
	int signals;
	pid_t vrrp;			/* 0: not running */
	pid_t scripts;
	int vrrp_fd;			/* to it, or -1 */
	time_t started;
	unsigned int pause;
	time_t start_at;		/* 0: not waiting */
	pid_t checker;			/* 0: not running */
	int checker_fds[2];		/* to and from it; the second end is its own */
	char fault[SUPERVISE_FAULT_SIZE];	/* why services cannot be served; "": they are */
	time_t checker_at;		/* when it is started again; 0: not waiting */
	time_t kill_at;			/* when stopping */
	time_t orphaned;		/* since the scripts' process died; 0: it lives */
	bool errors;			/* conf has some */
	bool stopping;
	bool ready;
};

static time_t now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* systemd's protocol: a datagram to the socket that it names. */
static void tell_systemd(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (!path || strlen(path) >= sizeof(addr.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(addr.sun_path, path, strlen(path));
	if (*path == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (void *)&addr,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))) < 0)
		log_msg(LOG_DEBUG, "systemd does not hear us: %s", strerror(errno));
	close(fd);
}

/* The file is written anew each time. */
static void write_messages(const struct conf_messages *messages, const char *path)
{
	FILE *file = *path ? fopen(path, "we") : NULL;

	if (!file)
		return;
	conf_messages_print(messages, file);
	fclose(file);
}

struct conf *load_conf(const char *path, const char *config_id, const char *report, bool *errors)
{
	struct conf_options options = { .config_id = config_id };
	struct conf_messages messages = { 0 };
	struct conf *conf = NULL;
	int ret = conf_load(path, &options, &conf, &messages);

	if (ret == CONF_EXIT_FATAL)
		conf = NULL;
	*errors = ret == CONF_EXIT_ERRORS;
	if (report)
		write_messages(&messages, report);
	for (size_t i = 0; i < messages.count; i++) {
		const struct conf_message *message = &messages.messages[i];

		log_msg(message->severity >= CONF_ERROR ? LOG_ERR : LOG_WARNING, "%s:%u: %s",
			message->pos.file ? message->pos.file : path, message->pos.line,
			message->text);
	}
	conf_messages_free(&messages);
	return conf;
}

/* --- processes ------------------------------------------------------------------- */

static pid_t fork_process(struct supervisor *supervisor)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	sigprocmask(SIG_SETMASK, &supervisor->inherited, NULL);
	close(supervisor->signals);
	return 0;
}

/* The VRRP process hears why services cannot be served: their instances are in fault then. */
static void tell_fault(const struct supervisor *supervisor)
{
	/* It reads all the time; if it does not, there is worse to come. */
	if (supervisor->vrrp_fd >= 0 &&
	    send(supervisor->vrrp_fd, supervisor->fault, strlen(supervisor->fault) + 1,
		 MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_msg(LOG_WARNING, "The VRRP process was not told of the services: %s",
			strerror(errno));
}

/* VRRP, and the process that runs its scripts. */
static bool start_vrrp(struct supervisor *supervisor)
{
	struct director_options options = {
		.conf_path = supervisor->options->conf_path,
		.config_id = supervisor->options->config_id,
		.conf = supervisor->conf, .vips = supervisor->vips,
	};
	int scripts[2], own[2];

	supervisor->started = now_s();
	supervisor->orphaned = 0;
	supervisor->start_at = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, scripts) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, own))
		return false;
	supervisor->scripts = fork_process(supervisor);
	if (!supervisor->scripts) {
		close(scripts[0]);
		close(own[0]);
		close(own[1]);
		scripts_main(scripts[1]);
	}
	supervisor->vrrp = fork_process(supervisor);
	if (!supervisor->vrrp) {
		close(scripts[1]);
		close(own[0]);
		options.scripts_fd = scripts[0];
		options.supervisor_fd = own[1];
		director_main(&options);
	}
	close(scripts[0]);
	close(scripts[1]);
	close(own[1]);
	supervisor->vrrp_fd = own[0];
	if (*supervisor->fault)
		tell_fault(supervisor);
	if (supervisor->vrrp > 0 && supervisor->scripts > 0)
		return true;
	log_msg(LOG_CRIT, "Cannot start a process: %s", strerror(errno));
	return false;
}

/* Health checks, if there is anything to check. */
static void start_checker(struct supervisor *supervisor)
{
	struct checker_main_options options = {
		.conf_path = supervisor->options->conf_path,
		.config_id = supervisor->options->config_id,
		.conf = supervisor->conf,
		.supervisor_fd = supervisor->checker_fds[1],
	};

	supervisor->checker_at = 0;
	if (!supervisor->options->check || !supervisor->conf->services_count)
		return;
	supervisor->checker = fork_process(supervisor);
	if (!supervisor->checker) {
		if (supervisor->vrrp_fd >= 0)
			close(supervisor->vrrp_fd);
		close(supervisor->checker_fds[0]);
		checker_main(&options);
	}
	if (supervisor->checker < 0) {
		supervisor->checker = 0;
		supervisor->checker_at = now_s() + 1;
		log_msg(LOG_CRIT, "Cannot start a process: %s", strerror(errno));
	}
}

/* The services stay as they are meanwhile; the next one takes them over. */
static void lose_checker(struct supervisor *supervisor, int status)
{
	supervisor->checker = 0;
	if (supervisor->stopping)
		return;
	log_msg(LOG_ALERT, WIFSIGNALED(status) ?
		"The checker process died of signal %d: services stay as they are" :
		"The checker process ended with status %d: services stay as they are",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	supervisor->checker_at = now_s() + 1;
}

/*
 * What it held is nobody's now: the addresses go, and the other directors are told, in this order.
 * At short intervals the next master takes them some milliseconds after it has heard of it. But
 * what is to be sent from such an address, or by such a route, is sent before.
 */
static void clean_up(struct supervisor *supervisor, int status)
{
	unsigned int count;

	vips_say_last_words(supervisor->vips, true);
	count = vips_clear(supervisor->vips, false);
	vips_say_last_words(supervisor->vips, false);
	close(supervisor->vrrp_fd);
	supervisor->vrrp_fd = -1;
	supervisor->vrrp = 0;
	if (supervisor->stopping && WIFEXITED(status) && !WEXITSTATUS(status) && !count)
		return;
	log_msg(LOG_ALERT, WIFSIGNALED(status) ?
		"The VRRP process died of signal %d: removed %u addresses that it held" :
		"The VRRP process ended with status %d: removed %u addresses that it held",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), count);
	if (supervisor->stopping)
		return;
	if (now_s() - supervisor->started >= GOOD_TIME)
		supervisor->pause = 0;
	supervisor->start_at = now_s() + supervisor->pause;
	supervisor->pause = supervisor->pause ? supervisor->pause * 2 : 1;
	if (supervisor->pause > PAUSE_MAX)
		supervisor->pause = PAUSE_MAX;
}

static void reap(struct supervisor *supervisor)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == supervisor->vrrp) {
			clean_up(supervisor, status);
		} else if (pid == supervisor->checker) {
			lose_checker(supervisor, status);
		} else if (pid == supervisor->scripts && !supervisor->stopping) {
			/* Mostly because the other one did, which is told next. */
			supervisor->orphaned = now_s() + 1;
		}
	}
}

/* --- signals ---------------------------------------------------------------------- */

/* What the others are about to take over, a line for each thing. */
static void log_differences(const struct conf *was, const struct conf *is)
{
	static const char *const changes[] = {
		[CONF_ADDED] = "is new", [CONF_REMOVED] = "is removed", [CONF_CHANGED] = "changes: ",
	};
	struct conf_differences differences = { 0 };

	conf_diff(was, is, &differences);
	if (!differences.count)
		log_msg(LOG_INFO, "Reload: nothing changes");
	for (size_t i = 0; i < differences.count && i < DIFFERENCES_LOGGED; i++) {
		const struct conf_difference *one = &differences.list[i];

		log_msg(LOG_INFO, "Reload: %s %.100s %s%.400s", conf_what_name(one->what),
			one->name, changes[one->change], one->members ? one->members : "");
	}
	if (differences.count > DIFFERENCES_LOGGED)
		log_msg(LOG_INFO, "Reload: and %zu more changes",
			differences.count - DIFFERENCES_LOGGED);
	conf_differences_free(&differences);
}

static void reload(struct supervisor *supervisor)
{
	struct conf *conf;
	bool errors;

	tell_systemd("RELOADING=1");
	conf = load_conf(supervisor->options->conf_path, supervisor->options->config_id,
			 supervisor->conf->global.reload_check_config, &errors);
	/* A file that had errors all the time may have them on. */
	if (conf && errors && !supervisor->errors) {
		conf_free(conf);
		conf = NULL;
	}
	if (!conf) {
		log_msg(LOG_ERR, "The configuration has errors, see above: the old one stays");
	} else {
		log_differences(supervisor->conf, conf);
		conf_free(supervisor->conf);
		supervisor->conf = conf;
		if (supervisor->vrrp)
			kill(supervisor->vrrp, SIGHUP);
		if (supervisor->checker)
			kill(supervisor->checker, SIGHUP);
		else if (!supervisor->checker_at)
			start_checker(supervisor);
	}
	tell_systemd("READY=1");
}

static void stop(struct supervisor *supervisor, int sig)
{
	if (!supervisor->stopping) {
		tell_systemd("STOPPING=1");
		log_msg(LOG_INFO, "Stopping");
	}
	supervisor->stopping = true;
	if (!supervisor->kill_at)
		supervisor->kill_at = now_s() + 1 + supervisor->conf->child_wait_time_us / 1000000;
	if (supervisor->vrrp)
		kill(supervisor->vrrp, sig);
	if (supervisor->checker)
		kill(supervisor->checker, supervisor->options->leave ? SIGUSR2 : sig);
}

static void take_signal(struct supervisor *supervisor)
{
	struct signalfd_siginfo info;

	if (read(supervisor->signals, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGCHLD:
		reap(supervisor);
		break;
	case SIGHUP:
		reload(supervisor);
		break;
	case SIGTERM:
	case SIGINT:
		stop(supervisor, SIGTERM);
		break;
	case SIGUSR1:
		if (supervisor->vrrp)
			kill(supervisor->vrrp, SIGUSR1);
		break;
	}
}

static void become_ready(struct supervisor *supervisor)
{
	if (supervisor->ready)
		return;
	supervisor->ready = true;
	tell_systemd("READY=1");
	if (supervisor->options->ready_fd >= 0 &&
	    write(supervisor->options->ready_fd, "r", 1) == 1)
		close(supervisor->options->ready_fd);
	if (supervisor->options->dump && supervisor->vrrp)
		kill(supervisor->vrrp, SIGUSR1);
}

static void take_vrrp(struct supervisor *supervisor)
{
	char byte;

	if (recv(supervisor->vrrp_fd, &byte, 1, MSG_DONTWAIT) == 1)
		become_ready(supervisor);
}

static void take_checker(struct supervisor *supervisor)
{
	char text[SUPERVISE_FAULT_SIZE];
	ssize_t len = recv(supervisor->checker_fds[0], text, sizeof(text), MSG_DONTWAIT);

	if (len <= 0)
		return;
	text[len - 1] = '\0';
	memcpy(supervisor->fault, text, sizeof(text));
	tell_fault(supervisor);
}

/* --- life --------------------------------------------------------------------------- */

static bool write_pid(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0) {
		log_msg(LOG_ERR, "Cannot write %s: %s", path, strerror(errno));
		return false;
	}
	dprintf(fd, "%d\n", (int)getpid());
	close(fd);
	return true;
}

static bool take_signals(struct supervisor *supervisor)
{
	static const int wanted[] = { SIGCHLD, SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGUSR2 };
	sigset_t mask;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&mask);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		sigaddset(&mask, wanted[i]);
	sigprocmask(SIG_BLOCK, &mask, &supervisor->inherited);
	supervisor->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return supervisor->signals >= 0;
}

static bool is_over(const struct supervisor *supervisor)
{
	return supervisor->stopping && !supervisor->vrrp && !supervisor->checker;
}

static void run_once(struct supervisor *supervisor)
{
	bool waits = supervisor->start_at || supervisor->kill_at || supervisor->checker_at ||
		     supervisor->orphaned;
	struct pollfd fds[] = {
		{ .fd = supervisor->signals, .events = POLLIN },
		{ .fd = supervisor->ready ? -1 : supervisor->vrrp_fd, .events = POLLIN },
		{ .fd = supervisor->checker_fds[0], .events = POLLIN },
	};

	if (poll(fds, ARRAY_SIZE(fds), waits ? 200 : -1) < 0 && errno != EINTR)
		return;
	if (fds[1].revents)
		take_vrrp(supervisor);
	if (fds[2].revents)
		take_checker(supervisor);
	if (fds[0].revents)
		take_signal(supervisor);
	if (supervisor->orphaned && now_s() > supervisor->orphaned && supervisor->vrrp) {
		/* Without it nothing can be tracked: both are started anew. */
		log_msg(LOG_ERR, "The process that runs scripts died");
		supervisor->orphaned = 0;
		kill(supervisor->vrrp, SIGTERM);
	}
	if (supervisor->start_at && now_s() >= supervisor->start_at && !supervisor->stopping)
		start_vrrp(supervisor);
	if (supervisor->checker_at && now_s() >= supervisor->checker_at && !supervisor->stopping)
		start_checker(supervisor);
	if (supervisor->kill_at && now_s() >= supervisor->kill_at) {
		if (supervisor->vrrp)
			kill(supervisor->vrrp, SIGKILL);
		if (supervisor->checker)
			kill(supervisor->checker, SIGKILL);
	}
}

static void run_script(const struct conf_script *script, int64_t timeout_us, const char *what)
{
	int ret = script->argv ? scripts_wait(script, timeout_us) : 0;

	if (ret)
		log_msg(LOG_WARNING, "%s failed: %s", what, ret == -ETIMEDOUT ? "no end in time" :
			ret < 0 ? strerror(-ret) : "its status is not 0");
}

int supervise(const struct supervise_options *options, struct conf *conf)
{
	struct supervisor supervisor = {
		.options = options, .conf = conf, .errors = options->errors, .vrrp_fd = -1,
	};

	supervisor.vips = vips_new();
	/* Both ends stay open: what one checker said last is still so when the next one starts. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, supervisor.checker_fds))
		return 1;
	if (!supervisor.vips || !take_signals(&supervisor) || !write_pid(options->pid_path))
		return 1;
	run_script(&conf->global.startup_script, conf->global.startup_script_timeout_us,
		   "startup_script");
	if (options->vrrp && !start_vrrp(&supervisor))
		supervisor.stopping = true;
	if (!supervisor.stopping)
		start_checker(&supervisor);
	if (!options->vrrp)
		become_ready(&supervisor);
	while (!is_over(&supervisor))
		run_once(&supervisor);
	vips_clear(supervisor.vips, true);
	run_script(&supervisor.conf->global.shutdown_script,
		   supervisor.conf->global.shutdown_script_timeout_us, "shutdown_script");
	unlink(options->pid_path);
	log_msg(LOG_INFO, "Stopped");
	conf_free(supervisor.conf);
	return 0;
}
