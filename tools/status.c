// SPDX-License-Identifier: GPL-2.0
/* halbctl status: what halbd says of itself. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "cli.h"
#include "status.h"

enum { NAME, STATE, SINCE, PRIORITY, MASTER, REASON, COLUMNS };

static const struct column columns[COLUMNS] = {
	{ "INSTANCE", false },
	{ "STATE", false },
	{ "SINCE", true },
	{ "PRIORITY", true },
	{ "LAST MASTER", false },
	{ "BECAUSE", false },
};

/* Anybody could listen under that name: only what root says is believed. */
static bool is_root(int fd)
{
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) && !peer.uid;
}

/* All that halbd says, to be freed; NULL and errno. */
static char *read_status(void)
{
	const struct timeval patience = { .tv_sec = 5 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char *text = NULL, *more;
	struct sockaddr_un addr;
	socklen_t addr_len = status_address(&addr);
	size_t len = 0, size = 0;
	ssize_t got = -1;

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (fd < 0 || connect(fd, (void *)&addr, addr_len))
		goto out;
	if (!is_root(fd)) {
		errno = EACCES;
		goto out;
	}
	do {
		if (size - len < 4096) {
			size += 65536;
			more = realloc(text, size);
			if (!more)
				break;
			text = more;
		}
		got = read(fd, text + len, size - len - 1);
		if (got > 0)
			len += (size_t)got;
	} while (got > 0);
	if (text)
		text[len] = '\0';
out:
	if (got < 0) {
		free(text);
		text = NULL;
	}
	if (fd >= 0)
		close(fd);
	return text;
}

static const char *str(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value) : "-";
}

static uint64_t number(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ? json_object_get_uint64(value) : 0;
}

static void show_row(struct out *out, struct json_object *instance)
{
	out_row(out, 0);
	out_cell(out, NAME, "%s", str(instance, "name"));
	out_cell(out, STATE, "%s", str(instance, "state"));
	out_cell(out, SINCE, "%llu s", (unsigned long long)number(instance, "since"));
	out_cell(out, PRIORITY, "%llu",
		 (unsigned long long)number(instance, "effective-priority"));
	out_cell(out, MASTER, "%s", str(instance, "last-master"));
	out_cell(out, REASON, "%s", str(instance, "reason"));
}

/* Packets that were not taken are the first thing to look at when two are master. */
static void show_refused(struct out *out, struct json_object *instance)
{
	struct json_object *counters, *refused;

	if (!json_object_object_get_ex(instance, "counters", &counters) ||
	    !json_object_object_get_ex(counters, "refused", &refused))
		return;
	json_object_object_foreach(refused, key, value) {
		uint64_t count = json_object_get_uint64(value);

		if (count)
			out_line(out, "%s: %llu advertisements with a wrong %s",
				 str(instance, "name"), (unsigned long long)count, key);
	}
}

static void show_status(struct out *out, struct json_object *root)
{
	struct json_object *instances;
	size_t count;

	if (!json_object_object_get_ex(root, "instances", &instances))
		return;
	count = json_object_array_length(instances);
	out_line(out, "halbd %s, process %llu, %s", str(root, "version"),
		 (unsigned long long)number(root, "pid"), str(root, "configuration"));
	if (!count)
		return;
	out_line(out, "%s", "");
	out_table(out, columns, COLUMNS);
	for (size_t i = 0; i < count; i++)
		show_row(out, json_object_array_get_idx(instances, i));
	for (size_t i = 0; i < count; i++)
		show_refused(out, json_object_array_get_idx(instances, i));
}

static int refused(void)
{
	if (errno == ECONNREFUSED || errno == ENOENT)
		fprintf(stderr, "halbctl: halbd does not run in this network namespace: start it, or use `ip netns exec`\n");
	else if (errno == EACCES)
		fprintf(stderr, "halbctl: somebody other than root listens in halbd's place: start halbd, and see who it is with `ss -xlp`\n");
	else
		fprintf(stderr, "halbctl: halbd does not answer: %s\n", strerror(errno));
	return CLI_REFUSED;
}

int cmd_status(const struct cli *cli, struct args *args)
{
	struct json_object *root;
	struct out *out;
	char *text;
	int ret = CLI_OK;

	if (!args_end(args))
		return cli_usage(args);
	text = read_status();
	if (!text)
		return refused();
	root = json_tokener_parse(text);
	free(text);
	if (!root) {
		fprintf(stderr, "halbctl: halbd's answer makes no sense: are both of the same version?\n");
		return CLI_REFUSED;
	}
	if (cli->json) {
		puts(json_object_to_json_string_ext(root, cli->pretty ? JSON_C_TO_STRING_PRETTY :
						    JSON_C_TO_STRING_PLAIN));
	} else {
		out = cli_out(cli);
		show_status(out, root);
		out_free(out);
	}
	if (fflush(stdout) || ferror(stdout))
		ret = CLI_REFUSED;
	json_object_put(root);
	return ret;
}
