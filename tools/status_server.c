// SPDX-License-Identifier: GPL-2.0
/* One JSON document to whoever connects. */
#include "status_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "status.h"

/* Who asks and does not read keeps no other from asking. */
#define CLIENTS_MAX	32

struct status_server {
	struct evconnlistener *listener;
	char *(*render)(void *arg);
	void *arg;
	unsigned int clients;
};

static void on_end(struct bufferevent *client, short what, void *arg)
{
	struct status_server *server = arg;

	(void)what;
	bufferevent_free(client);
	server->clients--;
}

static void on_written(struct bufferevent *client, void *arg)
{
	on_end(client, 0, arg);
}

static void on_connect(struct evconnlistener *from, evutil_socket_t fd, struct sockaddr *addr,
		       int len, void *arg)
{
	const struct timeval patience = { .tv_sec = 5 };
	struct status_server *server = arg;
	struct bufferevent *client = NULL;
	char *text = NULL;

	(void)addr;
	(void)len;
	if (server->clients < CLIENTS_MAX)
		text = server->render(server->arg);
	if (text)
		client = bufferevent_socket_new(evconnlistener_get_base(from), fd,
						BEV_OPT_CLOSE_ON_FREE);
	if (!client) {
		close(fd);
		free(text);
		return;
	}
	server->clients++;
	bufferevent_setcb(client, NULL, on_written, on_end, server);
	bufferevent_set_timeouts(client, NULL, &patience);
	bufferevent_write(client, text, strlen(text));
	bufferevent_write(client, "\n", 1);
	free(text);
}

struct status_server *status_server_open(struct event_base *base, const char *name,
					 char *(*render)(void *arg), void *arg)
{
	struct status_server *server = calloc(1, sizeof(*server));
	struct sockaddr_un addr;
	socklen_t len = status_address_of(name, &addr);

	if (!server)
		return NULL;
	server->render = render;
	server->arg = arg;
	server->listener = evconnlistener_new_bind(base, on_connect, server,
						   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
						   16, (void *)&addr, (int)len);
	if (!server->listener) {
		free(server);
		return NULL;
	}
	return server;
}

void status_server_close(struct status_server *server)
{
	/* Who is being told still is part of a process that ends. */
	if (server)
		evconnlistener_free(server->listener);
}
