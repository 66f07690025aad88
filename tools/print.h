/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Output for people and for programs from the same calls. A field is given once,
 * with the key that it has in JSON and the column that it has in a table:
 *
 *	out_table(out, columns, ARRAY_SIZE(columns));
 *	out_array_begin(out, NULL);
 *	for each server {
 *		out_object_begin(out, NULL);
 *		out_row(out, 0);
 *		out_uint(out, "weight", COLUMN_WEIGHT, server->weight);
 *		out_object_end(out);
 *	}
 *	out_array_end(out);
 *
 * Tables, rows and titles exist for people only, arrays and objects for programs
 * only. Columns are as wide as their contents need.
 */
#ifndef HALB_PRINT_H
#define HALB_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "util.h"

enum out_mode {
	OUT_TEXT,
	OUT_JSON,			/* one line for a document, or for a row of it */
	OUT_JSON_PRETTY,
};

/* For a field that is in JSON only; and, instead of a key, NULL for text only. */
#define OUT_NO_COLUMN	(-1)

struct column {
	const char *head;
	bool right;			/* aligned, for numbers */
};

struct out;

/* Ends the program when there is no memory. */
struct out *out_new(enum out_mode mode, FILE *file);
/* Writes what is left. */
void out_free(struct out *out);
/* The errno of the first write that failed, or 0. */
int out_error(struct out *out);
/* Hands everything so far to the reader. */
void out_flush(struct out *out);

/* --- for people -------------------------------------------------------------- */

/* Ends the table before. columns must outlive the table. */
void out_table(struct out *out, const struct column *columns, size_t count);
/* Fields go to this row from now on; indented by its level. */
void out_row(struct out *out, unsigned int level);
/* A line by itself, which ends a table. */
void out_line(struct out *out, const char *format, ...)
	__printf(2, 3);

/* --- for programs ------------------------------------------------------------ */

/* key: NULL outside of an object. The outermost one is the document; items of an
 * outermost array are written as they are finished.
 */
void out_array_begin(struct out *out, const char *key);
void out_array_end(struct out *out);
void out_object_begin(struct out *out, const char *key);
void out_object_end(struct out *out);

/* --- for both ---------------------------------------------------------------- */

void out_str(struct out *out, const char *key, int column, const char *value);
void out_uint(struct out *out, const char *key, int column, uint64_t value);
/* "on" and "off" in text */
void out_bool(struct out *out, const char *key, int column, bool value);
/* text only */
void out_cell(struct out *out, int column, const char *format, ...)
	__printf(3, 4);

#endif
