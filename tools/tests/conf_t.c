// SPDX-License-Identifier: GPL-2.0
/*
 * What is said of configurations, by line, and the exit code of halbd -t. A file of
 * cases, conf/NAME.cases, has
 *
 *	=== NAME
 *	the configuration
 *	--- EXIT CODE
 *	LINE: SEVERITY: MESSAGE, as many as there are
 *
 *	conf_t [--print] FILE...	with --print the cases with what is said now
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "tap.h"

static const char *const severities[] = {
	[CONF_NOTE] = "note", [CONF_WARNING] = "warning", [CONF_ERROR] = "error",
	[CONF_SECURITY] = "security", [CONF_FATAL] = "fatal",
};

struct text {
	char *bytes;
	size_t size;
	FILE *out;
};

static void text_open(struct text *text)
{
	text->out = open_memstream(&text->bytes, &text->size);
	if (!text->out)
		abort();
}

static char path[64] = "/tmp/conf_t.XXXXXX";

/* "--- CODE\n" and the messages */
static char *verdict(const char *config, size_t size)
{
	struct conf_options options = { .config_id = "here" };
	struct conf_messages messages = { 0 };
	struct conf *conf;
	struct text text;
	FILE *file = fopen(path, "w");
	int code;

	if (!file || fwrite(config, 1, size, file) != size || fclose(file))
		abort();
	code = conf_load(path, &options, &conf, &messages);
	text_open(&text);
	fprintf(text.out, "--- %d\n", code);
	for (size_t i = 0; i < messages.count; i++)
		fprintf(text.out, "%u: %s: %s\n", messages.messages[i].pos.line,
			severities[messages.messages[i].severity], messages.messages[i].text);
	fclose(text.out);
	conf_messages_free(&messages);
	conf_free(conf);
	return text.bytes;
}

static void run_case(const char *name, const struct text *config, const struct text *wanted,
		     bool print)
{
	char *got = verdict(config->bytes, config->size);

	if (print) {
		printf("=== %s\n%s%s", name, config->bytes, got);
	} else if (!ok(!strcmp(got, wanted->bytes), "%s", name)) {
		for (char *line = strtok(wanted->bytes, "\n"); line; line = strtok(NULL, "\n"))
			note("wanted %s", line);
		for (char *line = strtok(got, "\n"); line; line = strtok(NULL, "\n"))
			note("got    %s", line);
	}
	free(got);
}

static void run_file(const char *cases, bool print)
{
	struct text config = { 0 }, wanted = { 0 };
	char *line = NULL, name[256] = "";
	bool verdict_seen = false;
	size_t room = 0;
	FILE *file = fopen(cases, "r");

	if (!file) {
		ok(false, "%s can be read", cases);
		return;
	}
	for (;;) {
		bool end = getline(&line, &room, file) < 0;

		if (end || !strncmp(line, "=== ", 4)) {
			if (*name) {
				fclose(config.out);
				fclose(wanted.out);
				run_case(name, &config, &wanted, print);
				free(config.bytes);
				free(wanted.bytes);
			}
			if (end)
				break;
			snprintf(name, sizeof(name), "%s", line + 4);
			name[strcspn(name, "\n")] = '\0';
			text_open(&config);
			text_open(&wanted);
			verdict_seen = false;
			continue;
		}
		verdict_seen |= !strncmp(line, "--- ", 4);
		if (*name)
			fputs(line, verdict_seen ? wanted.out : config.out);
		else if (print)
			fputs(line, stdout);
	}
	free(line);
	fclose(file);
}

int main(int argc, char **argv)
{
	bool print = argc > 1 && !strcmp(argv[1], "--print");
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	setenv("HALB_TEST", "from the environment", 1);
	for (int i = 1 + print; i < argc; i++)
		run_file(argv[i], print);
	unlink(path);
	return print ? 0 : done();
}
