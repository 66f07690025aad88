// SPDX-License-Identifier: GPL-2.0
/*
 * The checker process of halbd: the checkers (checker.h) given signals, the module, a status
 * socket and a log. It hears from the module which instances this director is master of.
 */
#include "checker_main.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sched.h>
#include <unistd.h>

#include <event2/event.h>

#include "checker.h"
#include "fifo.h"
#include "log.h"
#include "process.h"
#include "nl.h"
#include "nl_services.h"
#include "script_run.h"
#include "status.h"
#include "status_server.h"
#include "supervise.h"

/* For the module, which may be loaded later. */
#define MODULE_SECONDS	5

struct process {
	const struct checker_main_options *options;
	struct event_base *base;
	struct conf *conf;
	struct checker *checker;
	struct nl_ctx ctx;		/* changes */
	bool open;
	struct nl_ctx events;
	bool hears;
	struct event *heard, *later;
	int fifos[2];			/* notify_fifo, lvs_notify_fifo; -1 */
	struct script_run *fifo_script;
	bool leave;
};

/* --- the module -------------------------------------------------------------------- */

/* Opened when it is first needed, and again when it was gone. */
static int ready(struct process *process, char *err, size_t size)
{
	int ret;

	if (process->open)
		return 0;
	ret = nl_open(&process->ctx);
	process->open = !ret;
	if (!ret)
		return 0;
	snprintf(err, size, "%s", process->ctx.err.text);
	nl_close(&process->ctx);
	return ret;
}

static void close_module(struct process *process)
{
	if (process->open)
		nl_close(&process->ctx);
	process->open = false;
}

/* After a failure it is opened anew: the module may have been loaded again since. */
static int read_module(void *arg, struct halb_config *config, char *err, size_t size)
{
	struct process *process = arg;
	bool fresh = !process->open;
	int ret = ready(process, err, size);

	if (ret)
		return ret;
	ret = nl_services_ops.read(&process->ctx, config, err, size);
	if (!ret)
		return 0;
	close_module(process);
	return fresh ? ret : read_module(arg, config, err, size);
}

static int apply(void *arg, const struct halb_change *changes, size_t count, char *err,
		 size_t size)
{
	struct process *process = arg;
	int ret = ready(process, err, size);

	return ret ? ret : nl_services_ops.apply(&process->ctx, changes, count, err, size);
}

static int conns(void *arg, const struct halb_server *server, uint64_t *count)
{
	struct process *process = arg;
	char err[512];
	int ret = ready(process, err, sizeof(err));

	return ret ? ret : nl_services_ops.conns(&process->ctx, server, count);
}

static const struct services_ops ops = {
	.read = read_module, .apply = apply, .conns = conns,
};

/* --- whether this director is master ---------------------------------------------------- */

static void tell_instance(struct process *process, const struct halb_instance *instance)
{
	checker_instance(process->checker, instance->name,
			 instance->state == HALB_DIRECTOR_STATE_MASTER);
}

/* Of servers that are suspect already nobody would tell. */
static void tell_suspects(struct process *process)
{
	struct halb_config config = { 0 };

	if (!checker_hears_suspects(process->checker))
		return;
	if (!nl_config_get(&process->ctx, &config))
		for (size_t i = 0; i < config.services_count; i++)
			for (size_t j = 0; j < config.servers_count[i]; j++)
				checker_suspect(process->checker,
						&config.servers[config.servers_first[i] + j]);
	halb_config_free(&config);
}

static void tell_all(struct process *process)
{
	struct halb_instance *list = NULL;
	size_t count = 0;
	char err[512];

	if (ready(process, err, sizeof(err)) || nl_instance_list(&process->ctx, &list, &count))
		return;
	for (size_t i = 0; i < count; i++)
		tell_instance(process, &list[i]);
	free(list);
	tell_suspects(process);
}

static int on_module_event(const struct halb_event *event, void *arg)
{
	struct process *process = arg;

	if (event->type == HALB_EVENT_INSTANCE)
		tell_instance(process, &event->instance);
	else if (event->type == HALB_EVENT_SERVER_SUSPECT)
		checker_suspect(process->checker, &event->server);
	else if (event->type == HALB_EVENT_LOST)
		tell_all(process);
	return 0;
}

static void stop_hearing(struct process *process)
{
	if (process->heard)
		event_free(process->heard);
	process->heard = NULL;
	nl_close(&process->events);
	process->hears = false;
}

static void hear_later(struct process *process)
{
	struct timeval in = { .tv_sec = MODULE_SECONDS };

	evtimer_add(process->later, &in);
}

static void on_heard(evutil_socket_t fd, short what, void *arg)
{
	struct process *process = arg;

	(void)fd;
	(void)what;
	if (!nl_events_read(&process->events, on_module_event, process))
		return;
	stop_hearing(process);
	hear_later(process);
	close_module(process);
	checker_anew(process->checker);
}

static void hear(evutil_socket_t fd, short what, void *arg)
{
	struct process *process = arg;

	(void)fd;
	(void)what;
	process->hears = true;
	if (nl_open(&process->events) || nl_events_subscribe(&process->events)) {
		stop_hearing(process);
		hear_later(process);
		return;
	}
	process->heard = event_new(process->base, nl_events_fd(&process->events),
				   EV_READ | EV_PERSIST, on_heard, process);
	if (process->heard)
		event_add(process->heard, NULL);
	tell_all(process);
}

/* --- what it is told ------------------------------------------------------------------------ */

static void on_log(void *arg, int priority, const char *line)
{
	(void)arg;
	log_msg(priority, "%s", line);
}

/* On its way to the VRRP process. */
static void on_fault(void *arg, const char *why)
{
	struct process *process = arg;
	char text[SUPERVISE_FAULT_SIZE];

	snprintf(text, sizeof(text), "%s", why);
	if (send(process->options->supervisor_fd, text, strlen(text) + 1,
		 MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_msg(LOG_ERR, "The VRRP process does not hear of the services: %s",
			strerror(errno));
}

static void on_tell(void *arg, const char *line)
{
	struct process *process = arg;

	for (int i = 0; i < 2; i++)
		fifo_write(process->fifos[i], line);
}

static void close_fifos(struct process *process)
{
	for (int i = 0; i < 2; i++) {
		if (process->fifos[i] >= 0)
			close(process->fifos[i]);
		process->fifos[i] = -1;
	}
}

/* The script of notify_fifo is the VRRP process's. */
static void open_fifos(struct process *process)
{
	const struct conf_global *global = &process->conf->global;

	process->fifos[0] = fifo_open(&global->notify_fifo);
	process->fifos[1] = fifo_open(&global->lvs_notify_fifo);
}

static void on_fifo_script(void *arg, const struct script_end *end)
{
	struct process *process = arg;

	(void)end;
	process->fifo_script = NULL;
	log_msg(LOG_WARNING, "The script of lvs_notify_fifo has ended");
}

static void run_fifo_script(struct process *process)
{
	const struct conf_fifo *fifo = &process->conf->global.lvs_notify_fifo;
	const char **argv = calloc(fifo->script.argc + 2, sizeof(*argv));
	struct script script = {
		.argv = argv, .uid = fifo->script.uid, .gid = fifo->script.gid,
	};

	if (argv && fifo->script.argv && process->fifos[1] >= 0) {
		for (size_t i = 0; i < fifo->script.argc; i++)
			argv[i] = fifo->script.argv[i];
		argv[fifo->script.argc] = fifo->path;
		process->fifo_script = script_run(process->base, &script, on_fifo_script, process);
		if (!process->fifo_script)
			log_msg(LOG_ERR, "%s cannot be run: %s", argv[0], strerror(errno));
	}
	free(argv);
}

static void on_reload(evutil_socket_t fd, short what, void *arg)
{
	struct process *process = arg;
	bool errors;			/* the supervisor has judged them */
	struct conf *conf = load_conf(process->options->conf_path, process->options->config_id,
				      NULL, &errors);

	(void)fd;
	(void)what;
	if (!conf || checker_reload(process->checker, conf)) {
		log_msg(LOG_ERR, "The configuration cannot be used: the old one stays");
		if (conf)
			conf_free(conf);
		return;
	}
	conf_free(process->conf);
	process->conf = conf;
	close_fifos(process);
	open_fifos(process);
	tell_all(process);
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
	struct process *process = arg;

	(void)what;
	process->leave = fd == SIGUSR2;
	event_base_loopbreak(process->base);
}

static char *render(void *arg)
{
	struct process *process = arg;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	struct out *out;

	if (!file)
		return NULL;
	out = out_new(OUT_JSON, file);
	out_object_begin(out, NULL);
	out_str(out, "version", OUT_NO_COLUMN, HALB_VERSION);
	out_uint(out, "pid", OUT_NO_COLUMN, (uint64_t)getppid());
	out_str(out, "configuration", OUT_NO_COLUMN, process->options->conf_path);
	out_object_begin(out, "checks");
	checker_status(process->checker, out);
	out_object_end(out);
	out_object_end(out);
	out_free(out);
	if (fclose(file))
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* --- life --------------------------------------------------------------------------------------- */

static void take_place(const struct conf_process *conf)
{
	struct sched_param param = { .sched_priority = conf->rt_priority };
	struct rlimit limit = {
		.rlim_cur = (rlim_t)conf->rlimit_rttime_us, .rlim_max = (rlim_t)conf->rlimit_rttime_us,
	};

	if (conf->rlimit_rttime_us > 0 && setrlimit(RLIMIT_RTTIME, &limit))
		log_msg(LOG_WARNING, "checker_rlimit_rttime: %s", strerror(errno));
	if (conf->rt_priority && sched_setscheduler(0, SCHED_RR, &param))
		log_msg(LOG_WARNING, "checker_rt_priority: %s", strerror(errno));
	if (conf->priority && setpriority(PRIO_PROCESS, 0, conf->priority))
		log_msg(LOG_WARNING, "checker_priority: %s", strerror(errno));
	process_pin(conf);
	if (conf->no_swap && mlockall(MCL_CURRENT | MCL_FUTURE))
		log_msg(LOG_WARNING, "checker_no_swap: %s", strerror(errno));
}

static void on_signal(struct process *process, int number, event_callback_fn cb)
{
	struct event *event = evsignal_new(process->base, number, cb, process);

	if (!event || event_add(event, NULL))
		log_msg(LOG_ERR, "Signal %d will not be heard", number);
}

_Noreturn void checker_main(const struct checker_main_options *options)
{
	static struct process process;
	struct checker_options checker_options = {
		.ops = &ops, .ops_arg = &process, .log = on_log, .fault = on_fault,
		.tell = on_tell, .arg = &process,
	};

	prctl(PR_SET_NAME, "halbd_check");
	/* Without a supervisor nobody could stop it. The next one takes the services over. */
	prctl(PR_SET_PDEATHSIG, SIGUSR2);
	log_name("halbd_checkers");
	signal(SIGPIPE, SIG_IGN);
	process.options = options;
	process.conf = options->conf;
	process.base = event_base_new();
	if (process.base)
		process.later = evtimer_new(process.base, hear, &process);
	if (!process.base || !process.later)
		exit(1);
	take_place(&process.conf->global.checker_process);
	open_fifos(&process);
	process.checker = checker_start(process.base, process.conf, &checker_options);
	if (!process.checker)
		exit(1);
	on_signal(&process, SIGHUP, on_reload);
	on_signal(&process, SIGTERM, on_stop);
	on_signal(&process, SIGINT, on_stop);
	on_signal(&process, SIGUSR2, on_stop);
	if (!status_server_open(process.base, STATUS_CHECKS, render, &process))
		log_msg(LOG_WARNING, "halbctl status will not show checks: %s", strerror(errno));
	run_fifo_script(&process);
	hear(-1, 0, &process);
	event_base_dispatch(process.base);
	checker_stop(process.checker, process.leave);
	close_fifos(&process);
	if (process.fifo_script)
		script_kill(process.fifo_script);
	exit(0);
}
