// SPDX-License-Identifier: GPL-2.0
#include "print.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX	16
#define DEPTH_MAX	8
/* Rows that are looked at before the first is written; a listing of millions of
 * connections must not wait for its widest line.
 */
#define ROWS_MAX	1024
#define INDENT		2
#define GAP		2

struct row {
	unsigned int level;
	char *cells[COLUMNS_MAX];
};

struct out {
	enum out_mode mode;
	FILE *file;
	int error;
	/* text: the table and the rows that wait for its widths */
	const struct column *columns;
	size_t columns_count;
	size_t widths[COLUMNS_MAX];
	bool head_written;
	bool anything_written;
	struct row *rows;
	size_t rows_count;
	/* JSON: what is open, outermost first; the outermost array is streamed and
	 * has no object
	 */
	struct json_object *open[DEPTH_MAX];
	char *keys[DEPTH_MAX];
	int depth;
	bool streaming;
	size_t streamed;
};

static void *need(void *memory)
{
	if (!memory) {
		fputs("halbctl: out of memory\n", stderr);
		exit(1);
	}
	return memory;
}

/* errno is of use only right after the call that failed. */
static void check_written(struct out *out, bool failed)
{
	if (failed && !out->error)
		out->error = errno ? errno : EIO;
}

struct out *out_new(enum out_mode mode, FILE *file)
{
	struct out *out = need(calloc(1, sizeof(*out)));

	out->mode = mode;
	out->file = file;
	out->rows = need(calloc(ROWS_MAX, sizeof(*out->rows)));
	return out;
}

int out_error(struct out *out)
{
	return out->error;
}

static void put_text(struct out *out, const char *text)
{
	check_written(out, fputs(text, out->file) == EOF);
	out->anything_written = true;
}

/* --- tables ------------------------------------------------------------------ */

static void put_padding(struct out *out, size_t count)
{
	while (count--)
		put_text(out, " ");
}

/* Blanks are held back until something follows them. */
static void put_row(struct out *out, const char *const *cells, unsigned int level)
{
	size_t held = level * INDENT;

	for (size_t i = 0; i < out->columns_count; i++) {
		const char *cell = cells[i] ? cells[i] : "";
		size_t len = strlen(cell) + (i ? 0 : level * INDENT);
		size_t pad = out->widths[i] > len ? out->widths[i] - len : 0;

		if (out->columns[i].right)
			held += pad;
		if (*cell) {
			put_padding(out, held);
			put_text(out, cell);
			held = 0;
		}
		if (!out->columns[i].right)
			held += pad;
		held += GAP;
	}
	put_text(out, "\n");
}

static void measure(struct out *out, size_t column, size_t len)
{
	if (len > out->widths[column])
		out->widths[column] = len;
}

static void put_head(struct out *out)
{
	const char *cells[COLUMNS_MAX];
	bool named = false;

	for (size_t i = 0; i < out->columns_count; i++) {
		cells[i] = out->columns[i].head;
		measure(out, i, strlen(cells[i]));
		named = named || *cells[i];
	}
	if (named)
		put_row(out, cells, 0);
	out->head_written = true;
}

static void put_rows(struct out *out)
{
	for (size_t r = 0; r < out->rows_count; r++)
		for (size_t i = 0; i < out->columns_count; i++)
			if (out->rows[r].cells[i])
				measure(out, i, strlen(out->rows[r].cells[i]) +
					(i ? 0 : out->rows[r].level * INDENT));
	if (!out->head_written)
		put_head(out);
	for (size_t r = 0; r < out->rows_count; r++) {
		put_row(out, (const char *const *)out->rows[r].cells, out->rows[r].level);
		for (size_t i = 0; i < COLUMNS_MAX; i++) {
			free(out->rows[r].cells[i]);
			out->rows[r].cells[i] = NULL;
		}
	}
	out->rows_count = 0;
}

static void end_table(struct out *out)
{
	if (!out->columns)
		return;
	put_rows(out);
	out->columns = NULL;
	out->columns_count = 0;
}

void out_table(struct out *out, const struct column *columns, size_t count)
{
	if (out->mode != OUT_TEXT)
		return;
	end_table(out);
	if (count > COLUMNS_MAX)
		abort();
	out->columns = columns;
	out->columns_count = count;
	out->head_written = false;
	memset(out->widths, 0, sizeof(out->widths));
}

void out_row(struct out *out, unsigned int level)
{
	if (out->mode != OUT_TEXT || !out->columns)
		return;
	if (out->rows_count == ROWS_MAX)
		put_rows(out);
	out->rows[out->rows_count++].level = level;
}

void out_line(struct out *out, const char *format, ...)
{
	va_list ap;

	if (out->mode != OUT_TEXT)
		return;
	end_table(out);
	va_start(ap, format);
	check_written(out, vfprintf(out->file, format, ap) < 0);
	va_end(ap);
	put_text(out, "\n");
}

static void set_cell(struct out *out, int column, char *text)
{
	char **cell;

	if (out->mode != OUT_TEXT || column < 0 || !out->rows_count ||
	    (size_t)column >= out->columns_count) {
		free(text);
		return;
	}
	cell = &out->rows[out->rows_count - 1].cells[column];
	free(*cell);
	*cell = text;
}

/* --- JSON -------------------------------------------------------------------- */

static bool is_json(const struct out *out)
{
	return out->mode != OUT_TEXT;
}

/* The items of the document's array stand two columns in when they are pretty. */
static void put_indented(struct out *out, const char *text)
{
	for (; *text; text++) {
		check_written(out, putc(*text, out->file) == EOF);
		if (*text == '\n')
			put_text(out, "  ");
	}
}

static void put_document(struct out *out, struct json_object *object)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text;

	if (out->mode == OUT_JSON_PRETTY)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	text = need((void *)json_object_to_json_string_ext(object, flags));
	if (out->streaming) {
		if (out->mode == OUT_JSON_PRETTY) {
			put_text(out, out->streamed ? ",\n  " : "\n  ");
			put_indented(out, text);
		} else {
			put_text(out, out->streamed ? "," : "");
			put_text(out, text);
		}
		out->streamed++;
	} else {
		put_text(out, text);
		put_text(out, "\n");
	}
	json_object_put(object);
}

/* Puts a value into what is open innermost. */
static void add(struct out *out, const char *key, struct json_object *value)
{
	struct json_object *parent = out->depth ? out->open[out->depth - 1] : NULL;

	need(value);
	if (!parent)
		put_document(out, value);
	else if (json_object_is_type(parent, json_type_array))
		json_object_array_add(parent, value);
	else
		json_object_object_add(parent, key, value);
}

static void push(struct out *out, const char *key, struct json_object *object)
{
	if (out->depth == DEPTH_MAX)
		abort();
	out->keys[out->depth] = key ? need(strdup(key)) : NULL;
	out->open[out->depth++] = object;
}

static void pop(struct out *out)
{
	struct json_object *object;
	char *key;

	if (!out->depth)
		abort();
	out->depth--;
	object = out->open[out->depth];
	key = out->keys[out->depth];
	if (object)
		add(out, key, object);
	free(key);
}

void out_array_begin(struct out *out, const char *key)
{
	if (!is_json(out))
		return;
	if (out->depth) {
		push(out, key, need(json_object_new_array()));
		return;
	}
	push(out, NULL, NULL);
	out->streaming = true;
	out->streamed = 0;
	put_text(out, "[");
}

void out_array_end(struct out *out)
{
	if (!is_json(out))
		return;
	pop(out);
	if (out->depth || !out->streaming)
		return;
	put_text(out, out->mode == OUT_JSON_PRETTY && out->streamed ? "\n]\n" : "]\n");
	out->streaming = false;
}

void out_object_begin(struct out *out, const char *key)
{
	if (is_json(out))
		push(out, key, need(json_object_new_object()));
}

void out_object_end(struct out *out)
{
	if (is_json(out))
		pop(out);
}

/* --- fields ------------------------------------------------------------------ */

void out_str(struct out *out, const char *key, int column, const char *value)
{
	if (is_json(out) && key)
		add(out, key, json_object_new_string(value));
	else if (!is_json(out) && column >= 0)
		set_cell(out, column, need(strdup(value)));
}

void out_uint(struct out *out, const char *key, int column, uint64_t value)
{
	if (is_json(out) && key)
		add(out, key, json_object_new_uint64(value));
	else if (!is_json(out) && column >= 0)
		out_cell(out, column, "%llu", (unsigned long long)value);
}

void out_bool(struct out *out, const char *key, int column, bool value)
{
	if (is_json(out) && key)
		add(out, key, json_object_new_boolean(value));
	else if (!is_json(out) && column >= 0)
		set_cell(out, column, need(strdup(value ? "on" : "off")));
}

void out_cell(struct out *out, int column, const char *format, ...)
{
	char *text;
	va_list ap;

	if (is_json(out))
		return;
	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	set_cell(out, column, need(text));
}

/* --- the end ----------------------------------------------------------------- */

void out_flush(struct out *out)
{
	end_table(out);
	check_written(out, fflush(out->file) == EOF);
}

void out_free(struct out *out)
{
	if (!out)
		return;
	out_flush(out);
	while (out->depth) {		/* given up halfway */
		out->depth--;
		json_object_put(out->open[out->depth]);
		free(out->keys[out->depth]);
	}
	free(out->rows);
	free(out);
}
