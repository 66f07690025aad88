// SPDX-License-Identifier: GPL-2.0
/*
 * Each row of the grammar: that its keyword changes the model, and how; or that it says
 * why it does not. conf/rows has for each row a line of
 *
 *	BLOCK <tab> STATEMENT ; STATEMENT... <tab> a line of the model's text
 *
 * which must not be there without them,
 *
 * and for rows without effect nothing is needed.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_diff.h"
#include "conf_priv.h"
#include "tap.h"

#define ROWS_MAX	1024

#define SERVICE(text) \
	"virtual_server 192.0.2.1 80 { lb_algo rr\n" text "\nreal_server 192.0.2.2 80 { } }"
#define SERVER(text) \
	"virtual_server 192.0.2.1 80 { lb_algo rr\n real_server 192.0.2.2 80 {" text "} }"

/* Where a block stands; %s is the statement. "/bare" is without what it must have. */
static const char *const places[][2] = {
	{ "top", "%s" },
	{ "top/text", "%s" },		/* whatever it begins with */
	{ "global_defs", "global_defs { %s }" },
	{ "SSL", "SSL { %s }" },
	{ "track_group", "track_group T { group { V }\n %s }" },
	{ "garp_group", "garp_group { gna_interval 1\n interfaces { eth9 }\n %s }" },
	{ "vrrp_script", "vrrp_script S { script /bin/true\n %s }" },
	{ "vrrp_track_process", "vrrp_track_process P { process nginx\n %s }" },
	{ "vrrp_script/bare", "vrrp_script S { %s\n }" },
	{ "MISC_CHECK/bare", SERVER("MISC_CHECK {\n %s\n }") },
	{ "FILE_CHECK/bare", SERVER("FILE_CHECK {\n %s\n }") },
	{ "track_file", "track_file F { file /f\n %s }" },
	{ "vrrp_sync_group", "vrrp_sync_group G { group { W }\n %s }" },
	{ "vrrp_instance", "vrrp_instance I { interface eth0\n virtual_router_id 9\n %s }" },
	{ "authentication", "vrrp_instance I { interface eth0\n virtual_router_id 9\n authentication { auth_type PASS\n auth_pass 1\n %s\n } }" },
	{ "virtual_server", SERVICE("%s") },
	{ "real_server", SERVER("%s") },
	{ "url", SERVER("HTTP_GET { url { path /\n %s\n } }") },
	{ "host", SERVER("SMTP_CHECK { host {\n %s\n } }") },
	{ "TCP_CHECK", SERVER("TCP_CHECK {\n %s\n }") },
	{ "connection", SERVER("TCP_CHECK {\n %s\n }") },
	{ "check", SERVER("TCP_CHECK {\n %s\n }") },
	{ "HTTP_GET", SERVER("HTTP_GET { url { path / }\n %s\n }") },
	{ "HTTP_CHECK", SERVER("HTTP_CHECK { url { path / }\n %s\n }") },
	{ "SSL_GET", SERVER("SSL_GET { url { path / }\n %s\n }") },
	{ "SMTP_CHECK", SERVER("SMTP_CHECK {\n %s\n }") },
	{ "DNS_CHECK", SERVER("DNS_CHECK {\n %s\n }") },
	{ "UDP_CHECK", SERVER("UDP_CHECK {\n %s\n }") },
	{ "PING_CHECK", SERVER("PING_CHECK {\n %s\n }") },
	{ "MISC_CHECK", SERVER("MISC_CHECK { misc_path /bin/true\n %s\n }") },
	{ "FILE_CHECK", SERVER("FILE_CHECK { track_file base\n %s\n }") },
};

/* What every configuration of these tests has as well. */
static const char base[] =
	"vrrp_instance V { interface eth8\n virtual_router_id 1\n virtual_ipaddress { 192.0.2.1 } }\n"
	"vrrp_instance W { interface eth8\n virtual_router_id 2\n virtual_ipaddress { 192.0.2.3 } }\n"
	"track_file base { file /base }\n";

static char path[64] = "/tmp/conf_rows_t.XXXXXX";

static const char *place(const char *block)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!strcmp(places[i][0], block))
			return places[i][1];
	return NULL;
}

/* The model's text, or NULL if there is an error; the first message in *said. */
static char *load(const char *block, const char *statement, enum conf_severity *worst, char **said)
{
	struct conf_messages messages = { 0 };
	const char *where = place(block), *at;
	char *text = NULL;
	size_t size;
	struct conf *conf;
	FILE *file = fopen(path, "w"), *out;

	if (!file || !where)
		abort();
	at = strstr(where, "%s");
	fprintf(file, "%s%.*s", base, (int)(at - where), where);
	for (const char *c = statement; *c; c++)
		fputc(strncmp(c, "; ", 2) ? *c : '\n', file);
	fprintf(file, "%s\n", at + 2);
	fclose(file);
	conf_load(path, NULL, &conf, &messages);
	*worst = CONF_NOTE;
	*said = NULL;
	for (size_t i = 0; i < messages.count; i++) {
		const struct conf_message *message = &messages.messages[i];

		if (message->severity > *worst && message->severity != CONF_SECURITY)
			*worst = message->severity;
		if (!*said || message->severity >= CONF_ERROR ||
		    message->severity == CONF_NOTE) {
			free(*said);
			*said = strdup(message->text);
		}
	}
	if (conf) {
		out = open_memstream(&text, &size);
		conf_dump(conf, out);
		fclose(out);
	}
	conf_messages_free(&messages);
	conf_free(conf);
	return text;
}

static bool has_line(const char *text, const char *wanted)
{
	size_t len = strlen(wanted);

	for (; text && (text = strstr(text, wanted)); text++)
		if (text[len] == '\n' && text[-1] == ' ')
			return true;
	return false;
}

static const struct conf_row *seen[ROWS_MAX];
static size_t seen_count;

static void test_effect(const char *block, const char *statement, const char *wanted)
{
	enum conf_severity worst, unused;
	char name[64], keyword[64], *before, *after, *said, *ignored;
	const struct conf_block *home;
	const struct conf_row *row;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(block, "/"), block);
	home = conf_find_block(name);
	snprintf(keyword, sizeof(keyword), "%.*s", (int)strcspn(statement, " "), statement);
	row = home ? conf_find_row(home, keyword) : NULL;
	before = load(block, "", &unused, &ignored);
	after = load(block, statement, &worst, &said);
	ok((row || !strcmp(block, "top/text")) && worst < CONF_ERROR && before && after && has_line(after, wanted) &&
	   !has_line(before, wanted), "%s: %s: %s", block, statement, wanted);
	if (worst >= CONF_ERROR)
		note("said: %s", said);
	else if (!has_line(after, wanted))
		note("there is no such line");
	else if (has_line(before, wanted))
		note("so it is without the statement");
	if (seen_count < ROWS_MAX)
		seen[seen_count++] = row;
	free(before);
	free(after);
	free(said);
	free(ignored);
}

static void test_file(const char *rows)
{
	FILE *file = fopen(rows, "r");
	char *line = NULL;
	size_t room = 0;

	if (!file) {
		ok(false, "%s can be read", rows);
		return;
	}
	while (getline(&line, &room, file) > 0) {
		char *block = strtok(line, "\t"), *statement = strtok(NULL, "\t");
		char *wanted = strtok(NULL, "\n");

		if (*block != '#' && statement && wanted)
			test_effect(block, statement, wanted);
	}
	free(line);
	fclose(file);
}

static bool was_seen(const struct conf_row *row)
{
	for (size_t i = 0; i < seen_count; i++)
		if (seen[i] == row)
			return true;
	return false;
}

/* A keyword that does nothing says so, and does nothing. */
static void test_refusal(const struct conf_block *block, const struct conf_row *row)
{
	bool refused = row->flags & ROW_REFUSED;
	char *before, *after, *said, *ignored, statement[80];
	enum conf_severity worst, unused;

	snprintf(statement, sizeof(statement), "%s x", row->keyword);
	before = load(block->name, "", &unused, &ignored);
	after = load(block->name, statement, &worst, &said);
	ok(said && strstr(said, refused ? "is not supported" : "has no effect") &&
	   strstr(said, row->effect) && (worst == CONF_ERROR) == refused && before && after &&
	   !strcmp(before, after), "%s: %s is %s", block->name, row->keyword,
	   refused ? "refused" : "without effect, and says so");
	free(before);
	free(after);
	free(said);
	free(ignored);
}

/* "x.sh" and "net/x.t" are scripts, "x_t" a program beside this one. */
static void test_observer(const struct conf_block *block, const struct conf_row *row)
{
	static unsigned int unobserved;
	char name[256], *text = NULL;
	size_t room = 0;
	FILE *file;

	if (!strcmp(row->test, "none yet")) {
		printf("# %s: %s is not observed, %u so far\n", block->name, row->keyword, ++unobserved);
		return;
	}
	if (strchr(row->test, '.'))
		snprintf(name, sizeof(name), "../../selftests/%s", row->test);
	else
		snprintf(name, sizeof(name), "%s.c", row->test);
	file = fopen(name, "r");
	ok(file && getdelim(&text, &room, '\0', file) > 0 && strstr(text, row->keyword), "%s: %s is in %s, which observes it", block->name,
	   row->keyword, row->test);
	free(text);
	if (file)
		fclose(file);
}

static void test_rows(void)
{
	const struct conf_block *block;

	for (size_t b = 0; (block = conf_block_at(b)); b++) {
		ok(place(block->name), "%s has its place", block->name);
		for (size_t i = 0; place(block->name) && i < block->count; i++) {
			const struct conf_row *row = &block->rows[i];

			if (!row->effect || !*row->effect || !row->test || !*row->test)
				ok(false, "%s: %s names its effect and its test", block->name,
				   row->keyword);
			if (row->flags & (ROW_NO_EFFECT | ROW_REFUSED))
				test_refusal(block, row);
			else if (row->test)
				test_observer(block, row);
			if (row->flags & (ROW_NO_EFFECT | ROW_REFUSED))
				continue;
			if (!was_seen(row))
				ok(false, "%s: %s has a line in conf/rows", block->name,
				   row->keyword);
		}
	}
}

int main(int argc, char **argv)
{
	int fd = mkstemp(path);

	if (fd < 0 || argc < 2)
		return 1;
	close(fd);
	test_file(argv[1]);
	test_rows();
	unlink(path);
	return done();
}
