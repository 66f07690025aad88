// SPDX-License-Identifier: GPL-2.0
#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS	" \t\r\v\f"

int lines_read(struct lines *lines, FILE *file)
{
	size_t room = 0, got;
	char *text;

	memset(lines, 0, sizeof(*lines));
	do {
		if (room - lines->size < 2) {
			room = room ? room * 2 : 4096;
			text = realloc(lines->text, room);
			if (!text)
				return -ENOMEM;
			lines->text = text;
		}
		got = fread(lines->text + lines->size, 1, room - lines->size - 1, file);
		lines->size += got;
	} while (got);
	lines->text[lines->size] = '\0';
	return ferror(file) ? -errno : 0;
}

void lines_free(struct lines *lines)
{
	free(lines->text);
	free(lines->line);
	memset(lines, 0, sizeof(*lines));
}

void lines_rewind(struct lines *lines)
{
	lines->pos = 0;
	lines->number = 0;
}

/* A copy of the next line, without its end; NULL at the end of the file. */
static char *copy_line(struct lines *lines, size_t *len)
{
	const char *begin = lines->text + lines->pos, *end;

	if (lines->pos >= lines->size)
		return NULL;
	end = memchr(begin, '\n', lines->size - lines->pos);
	*len = end ? (size_t)(end - begin) : lines->size - lines->pos;
	lines->pos += *len + (end ? 1 : 0);
	lines->number++;
	free(lines->line);
	lines->line = malloc(*len + 1);
	if (!lines->line)
		abort();
	memcpy(lines->line, begin, *len);
	lines->line[*len] = '\0';
	return lines->line;
}

int lines_next(struct lines *lines, struct args *args)
{
	char *line, *word, *rest;
	size_t len;

	for (;;) {
		memset(args, 0, sizeof(*args));
		args->words = lines->words;
		line = copy_line(lines, &len);
		if (!line)
			return 0;
		if (strlen(line) != len) {
			args_fail(args, "a NUL byte: this is not a text file");
			return -1;
		}
		for (word = strtok_r(line, BLANKS, &rest); word && *word != '#';
		     word = strtok_r(NULL, BLANKS, &rest)) {
			if (args->count == LINE_WORDS) {
				args_fail(args, "more than %d words", LINE_WORDS);
				return -1;
			}
			lines->words[args->count++] = word;
		}
		if (args->count)
			return 1;
	}
}
