// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf_priv.h"

static const char *const severity_names[] = {
	[CONF_NOTE] = "note",
	[CONF_WARNING] = "warning",
	[CONF_ERROR] = "error",
	[CONF_SECURITY] = "security",
	[CONF_FATAL] = "fatal",
};

/* Words of the file are quoted in messages, which go to terminals and logs. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

void conf_say(struct parser *p, enum conf_severity severity, const struct conf_pos *pos,
	      const char *format, ...)
{
	struct conf_messages *messages = p->messages;
	struct conf_message *message;
	va_list args;

	if (!(messages->count & (messages->count - 1))) {
		size_t room = messages->count ? 2 * messages->count : 1;

		message = realloc(messages->messages, room * sizeof(*message));
		if (!message)
			abort();
		messages->messages = message;
	}
	message = &messages->messages[messages->count++];
	message->severity = severity;
	message->pos.line = pos->line;
	/* The messages outlive the configuration. */
	message->pos.file = pos->file ? strdup(pos->file) : NULL;
	va_start(args, format);
	if (vasprintf(&message->text, format, args) < 0)
		abort();
	va_end(args);
	make_printable(message->text);
	if (severity == CONF_FATAL)
		p->fatal = true;
}

void conf_messages_free(struct conf_messages *messages)
{
	for (size_t i = 0; i < messages->count; i++) {
		free(messages->messages[i].text);
		free((char *)messages->messages[i].pos.file);
	}
	free(messages->messages);
	memset(messages, 0, sizeof(*messages));
}

size_t conf_messages_print(const struct conf_messages *messages, FILE *out)
{
	for (size_t i = 0; i < messages->count; i++) {
		const struct conf_message *message = &messages->messages[i];

		if (message->pos.file && message->pos.line)
			fprintf(out, "%s:%u: ", message->pos.file, message->pos.line);
		else if (message->pos.file)
			fprintf(out, "%s: ", message->pos.file);
		fprintf(out, "%s: %s\n", severity_names[message->severity], message->text);
	}
	return messages->count;
}
