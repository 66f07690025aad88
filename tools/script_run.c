// SPDX-License-Identifier: GPL-2.0
/* A program that runs beside the event loop. */
#include "script_run.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#define KILL_AFTER	2		/* seconds after SIGTERM */

struct script_run {
	pid_t pid;			/* and its process group */
	int pidfd;
	int why;			/* a pipe: why it could not be run */
	struct event *event;
	struct event *timer;
	bool terminated;		/* by us */
	script_done done;		/* NULL: nobody waits */
	void *arg;
};

static void run_free(struct script_run *run)
{
	if (run->event)
		event_free(run->event);
	if (run->timer)
		event_free(run->timer);
	if (run->pidfd >= 0)
		close(run->pidfd);
	if (run->why >= 0)
		close(run->why);
	free(run);
}

static void on_exit_of_child(evutil_socket_t fd, short what, void *arg)
{
	struct script_run *run = arg;
	struct script_end end = { .timed_out = run->terminated };
	script_done done = run->done;
	void *done_arg = run->arg;
	int status;
	pid_t pid;

	(void)fd;
	(void)what;
	pid = waitpid(run->pid, &status, WNOHANG);
	if (!pid || (pid < 0 && errno == EINTR))
		return;
	/* What it started and left behind in its group goes with it. */
	if (run->terminated)
		kill(-run->pid, SIGKILL);
	if (pid < 0)
		end.err = errno;
	else if (read(run->why, &end.err, sizeof(end.err)) == sizeof(end.err))
		;
	else if (WIFSIGNALED(status))
		end.signal = WTERMSIG(status);
	else
		end.status = WEXITSTATUS(status);
	run_free(run);
	if (done)
		done(done_arg, &end);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct script_run *run = arg;
	struct timeval in = { .tv_sec = KILL_AFTER };

	(void)fd;
	(void)what;
	kill(-run->pid, run->terminated ? SIGKILL : SIGTERM);
	run->terminated = true;
	evtimer_add(run->timer, &in);
}

/* In the child. */
static bool lower(const struct script *script)
{
	const struct passwd *user;

	/* One that runs as us needs no privilege for it. */
	if (!script->all_groups && script->gid == getegid() && script->uid == geteuid())
		return true;
	user = script->all_groups ? getpwuid(script->uid) : NULL;
	return !(user ? initgroups(user->pw_name, script->gid) : setgroups(1, &script->gid)) &&
	       !setgid(script->gid) && !setuid(script->uid);
}

/* Everything that is open here is close-on-exec. */
_Noreturn static void become(const struct script *script, int why)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;
	int err;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
	}
	if (lower(script)) {
		if (!script->argv) {
			close_range(3, ~0U, 0);
			_exit(script->main(script->arg));
		}
		execv(script->argv[0], (char *const *)script->argv);
	}
	err = errno;
	_exit(write(why, &err, sizeof(err)) == sizeof(err) ? 126 : 127);
}

struct script_run *script_run(struct event_base *base, const struct script *script,
			      script_done done, void *arg)
{
	struct timeval timeout = {
		.tv_sec = script->timeout / 1000000,
		.tv_usec = script->timeout % 1000000,
	};
	struct script_run *run = calloc(1, sizeof(*run));
	int err, why[2];

	if (!run)
		return NULL;
	run->done = done;
	run->arg = arg;
	run->pidfd = -1;
	run->why = -1;
	if (pipe2(why, O_CLOEXEC | O_NONBLOCK)) {
		err = errno;
		goto failed;
	}
	run->why = why[0];
	run->pid = fork();
	err = errno;
	if (!run->pid)
		become(script, why[1]);
	close(why[1]);
	if (run->pid < 0)
		goto failed;
	setpgid(run->pid, run->pid);
	run->pidfd = syscall(SYS_pidfd_open, run->pid, 0);
	err = errno;
	if (run->pidfd < 0)
		goto reap;
	fcntl(run->pidfd, F_SETFD, FD_CLOEXEC);
	err = ENOMEM;
	run->event = event_new(base, run->pidfd, EV_READ | EV_PERSIST, on_exit_of_child, run);
	run->timer = evtimer_new(base, on_timeout, run);
	if (!run->event || !run->timer || event_add(run->event, NULL))
		goto reap;
	if (script->timeout && event_add(run->timer, &timeout))
		goto reap;
	return run;
reap:
	kill(-run->pid, SIGKILL);
	waitpid(run->pid, NULL, 0);
failed:
	run_free(run);
	errno = err;
	return NULL;
}

void script_forget(struct script_run *run)
{
	run->done = NULL;
}

void script_kill(struct script_run *run)
{
	/* It is reaped as any other, when it is gone. */
	run->done = NULL;
	run->terminated = true;
	kill(-run->pid, SIGKILL);
}
