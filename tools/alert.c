// SPDX-License-Identifier: GPL-2.0
/* Mail to notification_email. */
#include "alert.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "script_run.h"

/* Of those that are gathered, so many are told in words. */
#define GATHERED_MAX	65536
#define SUBJECT_MAX	512
#define NOBODY		65534

struct mail {
	struct alerts *alerts;
	struct script_run *run;
	const char *subject;		/* these two while it is begun only */
	const char *body;
	/* of those on their way */
	LIST_ENTRY(mail) list;
};

struct alerts {
	struct event_base *base;
	const struct conf_global *conf;
	alert_log log;
	void *log_arg;
	alert_sender sender;		/* NULL: in a process of ours */
	void *sender_arg;
	struct event *period;
	unsigned int in_period;		/* mails */
	unsigned int gathered;		/* alerts that have had none */
	char *gathered_text;
	size_t gathered_size;
	LIST_HEAD(, mail) mails;
};

/* What comes from outside may not begin a header of its own. */
static void put_line(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc(*text == '\r' || *text == '\n' ? ' ' : *text, out);
	fputs("\r\n", out);
}

/* --- in the process of a mail ------------------------------------------------------- */

static bool write_text(const struct conf_global *conf, const char *subject, const char *body,
		       FILE *out)
{
	time_t now = time(NULL);
	char date[64], host[256] = "localhost";
	struct tm tm;

	gethostname(host, sizeof(host) - 1);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S %z", localtime_r(&now, &tm));
	fprintf(out, "Date: %s\r\n", date);
	fputs("From: ", out);
	put_line(out, conf->notification_email_from ? conf->notification_email_from : "");
	for (size_t i = 0; i < conf->notification_email_count; i++) {
		fputs(i ? "\t," : "To: ", out);
		put_line(out, conf->notification_email[i]);
	}
	fputs("Subject: ", out);
	put_line(out, subject);
	fprintf(out, "Message-ID: <%lld.%d@%s>\r\nX-Mailer: halbd\r\n\r\n", (long long)now,
		getpid(), host);
	for (; *body; body++) {
		if (*body == '\n')
			fputc('\r', out);
		fputc(*body, out);
	}
	fputs("\r\n", out);
	return !ferror(out);
}

static bool set_options(const struct conf_global *conf, CURL *easy, FILE *text)
{
	bool bare6 = strchr(conf->smtp_server, ':') && *conf->smtp_server != '[';
	struct curl_slist *all = NULL, *to;
	char url[512];

	for (size_t i = 0; i < conf->notification_email_count; i++) {
		to = curl_slist_append(all, conf->notification_email[i]);
		if (!to)
			return false;
		all = to;
	}
	snprintf(url, sizeof(url), bare6 ? "smtp://[%s]:%u/%s" : "smtp://%s:%u/%s",
		 conf->smtp_server, conf->smtp_port,
		 conf->smtp_helo_name ? conf->smtp_helo_name : "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, conf->notification_email_from);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, all);
	curl_easy_setopt(easy, CURLOPT_READDATA, text);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(conf->smtp_connect_timeout_us / 1000));
	if (conf->smtp_starttls)
		curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	if (conf->smtp_user) {
		curl_easy_setopt(easy, CURLOPT_USERNAME, conf->smtp_user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, conf->smtp_password);
	}
	return !curl_easy_setopt(easy, CURLOPT_URL, url);
}

int alert_deliver(const struct conf_global *conf, const char *subject, const char *body)
{
	CURL *easy = curl_easy_init();
	FILE *text = tmpfile();

	if (!easy || !text || !write_text(conf, subject, body, text) ||
	    fseek(text, 0, SEEK_SET) || !set_options(conf, easy, text))
		return CURLE_OUT_OF_MEMORY;
	return curl_easy_perform(easy);
}

static int deliver(void *arg)
{
	const struct mail *mail = arg;

	return alert_deliver(mail->alerts->conf, mail->subject, mail->body);
}

/* --- here ----------------------------------------------------------------------------- */

static void mail_free(struct mail *mail)
{
	LIST_REMOVE(mail, list);
	free(mail);
}

static void on_done(void *arg, const struct script_end *end)
{
	struct mail *mail = arg;
	struct alerts *alerts = mail->alerts;
	char line[512];

	if ((end->err || end->signal || end->status) && alerts->log) {
		snprintf(line, sizeof(line),
			 "Mail to %s could not be sent: %s. Check smtp_server.",
			 alerts->conf->smtp_server, end->err ? strerror(end->err) :
			 end->timed_out ? "no end in time" : end->signal ? strsignal(end->signal) :
			 curl_easy_strerror(end->status));
		alerts->log(alerts->log_arg, LOG_WARNING, line);
	}
	mail_free(mail);
}

static void send_ourselves(struct alerts *alerts, const char *subject, const char *body)
{
	struct mail *mail = calloc(1, sizeof(*mail));
	bool root = !geteuid();
	struct script script = {
		.main = deliver,
		.arg = mail,
		.uid = root ? NOBODY : geteuid(),
		.gid = root ? NOBODY : getegid(),
		.timeout = 4 * alerts->conf->smtp_connect_timeout_us,
	};

	if (!mail)
		return;
	mail->alerts = alerts;
	mail->subject = subject;
	mail->body = body;
	LIST_INSERT_HEAD(&alerts->mails, mail, list);
	alerts->in_period++;
	mail->run = script_run(alerts->base, &script, on_done, mail);
	mail->subject = NULL;
	mail->body = NULL;
	if (!mail->run)
		mail_free(mail);
}

static void send_mail(struct alerts *alerts, const char *subject, const char *body)
{
	if (alerts->sender) {
		alerts->in_period++;
		alerts->sender(alerts->sender_arg, alerts->conf, subject, body);
	} else {
		send_ourselves(alerts, subject, body);
	}
}

/* --- not too many ------------------------------------------------------------------- */

static void begin_period(struct alerts *alerts)
{
	struct timeval length = { .tv_sec = ALERT_PERIOD };

	alerts->in_period = 0;
	evtimer_add(alerts->period, &length);
}

static void gather(struct alerts *alerts, const char *subject)
{
	size_t length = strlen(subject) + 1;
	char *text;

	alerts->gathered++;
	if (alerts->gathered_size + length > GATHERED_MAX)
		return;
	text = realloc(alerts->gathered_text, alerts->gathered_size + length + 1);
	if (!text)
		return;
	memcpy(text + alerts->gathered_size, subject, length - 1);
	alerts->gathered_size += length;
	text[alerts->gathered_size - 1] = '\n';
	text[alerts->gathered_size] = '\0';
	alerts->gathered_text = text;
}

static void on_period(evutil_socket_t fd, short what, void *arg)
{
	struct alerts *alerts = arg;
	char subject[SUBJECT_MAX];

	(void)fd;
	(void)what;
	if (!alerts->gathered)
		return;
	begin_period(alerts);
	snprintf(subject, sizeof(subject), "[%s] %u more changes",
		 alerts->conf->router_id ? alerts->conf->router_id : "halbd",
		 alerts->gathered);
	send_mail(alerts, subject, alerts->gathered_text ? alerts->gathered_text : "");
	free(alerts->gathered_text);
	alerts->gathered_text = NULL;
	alerts->gathered_size = 0;
	alerts->gathered = 0;
}

void alert_send(struct alerts *alerts, const char *subject, const char *body)
{
	const struct conf_global *conf = alerts->conf;
	char line[SUBJECT_MAX];

	if (!conf->smtp_server || !conf->notification_email_count)
		return;
	snprintf(line, sizeof(line), "[%s] %s", conf->router_id ? conf->router_id : "halbd",
		 subject);
	if (!evtimer_pending(alerts->period, NULL))
		begin_period(alerts);
	if (alerts->in_period < ALERT_BURST)
		send_mail(alerts, line, body);
	else
		gather(alerts, line);
}

struct alerts *alerts_new(struct event_base *base, const struct conf_global *conf,
			  alert_log log, void *log_arg)
{
	struct alerts *alerts = calloc(1, sizeof(*alerts));

	if (!alerts)
		return NULL;
	alerts->base = base;
	alerts->conf = conf;
	alerts->log = log;
	alerts->log_arg = log_arg;
	LIST_INIT(&alerts->mails);
	alerts->period = evtimer_new(base, on_period, alerts);
	if (!alerts->period) {
		free(alerts);
		return NULL;
	}
	return alerts;
}

void alerts_set_sender(struct alerts *alerts, alert_sender sender, void *arg)
{
	alerts->sender = sender;
	alerts->sender_arg = arg;
}

void alerts_configure(struct alerts *alerts, const struct conf_global *conf)
{
	alerts->conf = conf;
}

void alerts_free(struct alerts *alerts)
{
	if (!alerts)
		return;
	while (!LIST_EMPTY(&alerts->mails)) {
		script_forget(LIST_FIRST(&alerts->mails)->run);
		mail_free(LIST_FIRST(&alerts->mails));
	}
	event_free(alerts->period);
	free(alerts->gathered_text);
	free(alerts);
}
