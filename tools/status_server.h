/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One JSON document to whoever connects. The socket's name is abstract, so there is one
 * in each network namespace, and anybody may read.
 */
#ifndef HALB_STATUS_SERVER_H
#define HALB_STATUS_SERVER_H

struct event_base;
struct status_server;

/* render: the document for now, for free(); NULL when there is no memory. Returns NULL,
 * and errno.
 */
struct status_server *status_server_open(struct event_base *base, const char *name,
					 char *(*render)(void *arg), void *arg);
void status_server_close(struct status_server *server);

#endif
