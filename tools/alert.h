/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mail to notification_email, by libcurl, in a process for each: in its loop libcurl waits
 * for the answer to QUIT, and nothing here may wait for a mail server.
 *
 * A storm of changes is not a storm of mails: after ALERT_BURST within ALERT_PERIOD
 * seconds what follows is gathered, and sent as one when the period ends.
 */
#ifndef HALB_ALERT_H
#define HALB_ALERT_H

#include "conf.h"

#define ALERT_BURST	10
#define ALERT_PERIOD	60

struct alerts;
struct event_base;

typedef void (*alert_log)(void *arg, int priority, const char *line);

/* NULL when there is no memory. Without addresses or a server it sends nothing.
 * conf has to live until the next alerts_configure().
 */
struct alerts *alerts_new(struct event_base *base, const struct conf_global *conf,
			  alert_log log, void *log_arg);
void alerts_configure(struct alerts *alerts, const struct conf_global *conf);
/* Mails that are on their way go on. */
void alerts_free(struct alerts *alerts);

/* Who must not start a process has another one send the mail. */
typedef void (*alert_sender)(void *arg, const struct conf_global *conf, const char *subject,
			     const char *body);
void alerts_set_sender(struct alerts *alerts, alert_sender sender, void *arg);
/* There: sends it, and waits for the server. A CURLcode; what it holds goes with the process. */
int alert_deliver(const struct conf_global *conf, const char *subject, const char *body);

/* The subject begins with router_id in brackets. */
void alert_send(struct alerts *alerts, const char *subject, const char *body);

#endif
