/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A saved configuration as text: its lines, one by one, as words.
 */
#ifndef HALB_LINES_H
#define HALB_LINES_H

#include <stdio.h>

#include "args.h"

/* No command has as many words. */
#define LINE_WORDS	64

struct lines {
	char *text;
	size_t size;
	size_t pos;
	unsigned int number;		/* of the line that was read last, from 1 */
	char *line;			/* a copy of it, cut into words */
	char *words[LINE_WORDS];
};

/* Reads all of the file. 0 or a negative errno. */
int lines_read(struct lines *lines, FILE *file);
void lines_free(struct lines *lines);

/* From the first line again. */
void lines_rewind(struct lines *lines);

/* The words of the next line that has any: blank lines and comments, from a word
 * that begins with # to the end, have none. Returns 1, 0 at the end of the file,
 * or -1 for a line that cannot be one (args->err says why). The words live until
 * the next call.
 */
int lines_next(struct lines *lines, struct args *args);

#endif
