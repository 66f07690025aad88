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
#include "status_show.h"

/* Anybody could listen under that name: only what root says is believed. */
static bool is_root(int fd)
{
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) && !peer.uid;
}

/* All that one of halbd's processes says, to be freed; NULL and errno. */
static char *read_text(const char *name)
{
	const struct timeval patience = { .tv_sec = 5 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char *text = NULL, *more;
	struct sockaddr_un addr;
	socklen_t addr_len = status_address_of(name, &addr);
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

const char *status_str(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value) : "-";
}

uint64_t status_number(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ? json_object_get_uint64(value) : 0;
}

static void show_status(struct out *out, struct json_object *root)
{
	struct json_object *checks;

	out_line(out, "halbd %s, process %llu, %s", status_str(root, "version"),
		 (unsigned long long)status_number(root, "pid"),
		 status_str(root, "configuration"));
	status_show_vrrp(out, root);
	if (json_object_object_get_ex(root, "checks", &checks))
		status_show_checks(out, checks);
}

/* NULL and errno; EPROTO: its answer makes no sense. */
static struct json_object *read_document(const char *name)
{
	char *text = read_text(name);
	struct json_object *document = text ? json_tokener_parse(text) : NULL;

	if (text && !json_object_is_type(document, json_type_object)) {
		json_object_put(document);
		document = NULL;
		errno = EPROTO;
	}
	free(text);
	return document;
}

static bool is_absent(int err)
{
	return err == ECONNREFUSED || err == ENOENT;
}

/* VRRP and the checks are processes of their own, each of which may be alone (halbd -P, -C).
 * NULL and errno.
 */
static struct json_object *read_status(void)
{
	struct json_object *root = read_document(STATUS_VRRP), *more, *checks;

	if (!root && !is_absent(errno))
		return NULL;
	more = read_document(STATUS_CHECKS);
	if (!root)
		return more;
	if (!more && !is_absent(errno)) {
		json_object_put(root);
		return NULL;
	}
	if (json_object_object_get_ex(more, "checks", &checks))
		json_object_object_add(root, "checks", json_object_get(checks));
	json_object_put(more);
	return root;
}

static int refused(void)
{
	if (is_absent(errno))
		fprintf(stderr, "halbctl: halbd does not run in this network namespace: start it, or use `ip netns exec`\n");
	else if (errno == EACCES)
		fprintf(stderr, "halbctl: somebody other than root listens in halbd's place: start halbd, and see who it is with `ss -xlp`\n");
	else if (errno == EPROTO)
		fprintf(stderr, "halbctl: halbd's answer makes no sense: are both of the same version?\n");
	else
		fprintf(stderr, "halbctl: halbd does not answer: %s\n", strerror(errno));
	return CLI_REFUSED;
}

int cmd_status(const struct cli *cli, struct args *args)
{
	struct json_object *root;
	struct out *out;
	int ret = CLI_OK;

	if (!args_end(args))
		return cli_usage(args);
	root = read_status();
	if (!root)
		return refused();
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
