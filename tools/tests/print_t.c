// SPDX-License-Identifier: GPL-2.0
/* Text and JSON from the same calls. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "print.h"
#include "tap.h"

static const struct column columns[] = {
	{ "NAME", false }, { "NUMBER", true }, { "NOTE", false },
};

static void item(struct out *out, unsigned int level, const char *name, uint64_t number,
		 const char *note)
{
	out_row(out, level);
	out_str(out, "name", 0, name);
	out_uint(out, "number", 1, number);
	if (note)
		out_cell(out, 2, "%s", note);
	out_bool(out, "big", OUT_NO_COLUMN, number > 10);
}

static void document(struct out *out)
{
	out_table(out, columns, ARRAY_SIZE(columns));
	out_array_begin(out, NULL);
	out_object_begin(out, NULL);
	item(out, 0, "a \"long\" name/", 5, NULL);
	out_array_begin(out, "parts");
	out_object_begin(out, NULL);
	item(out, 1, "x", UINT64_MAX, "note");
	out_object_end(out);
	out_array_end(out);
	out_object_end(out);
	out_object_begin(out, NULL);
	item(out, 0, "b", 12, NULL);
	out_object_end(out);
	out_array_end(out);
	out_line(out, "the end");
}

static void empty(struct out *out)
{
	out_table(out, columns, ARRAY_SIZE(columns));
	out_array_begin(out, NULL);
	out_array_end(out);
}

static void single(struct out *out)
{
	out_object_begin(out, NULL);
	out_uint(out, "n", OUT_NO_COLUMN, 1);
	out_object_begin(out, "o");
	out_str(out, "s", OUT_NO_COLUMN, "t");
	out_object_end(out);
	out_object_end(out);
}

static void expect(const char *name, enum out_mode mode, void (*print)(struct out *out),
		   const char *wanted)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	struct out *out = out_new(mode, file);

	print(out);
	out_free(out);
	fclose(file);
	if (!ok(!strcmp(text, wanted), "%s", name))
		printf("# got:\n%s", text);
	free(text);
}

static void test_forms(void)
{
	expect("a table", OUT_TEXT, document,
	       "NAME                          NUMBER  NOTE\n"
	       "a \"long\" name/                     5\n"
	       "  x             18446744073709551615  note\n"
	       "b                                 12\n"
	       "the end\n");
	expect("JSON on a line", OUT_JSON, document,
	       "[{\"name\":\"a \\\"long\\\" name/\",\"number\":5,\"big\":false,\"parts\":[{\"name\":\"x\",\"number\":18446744073709551615,\"big\":true}]},{\"name\":\"b\",\"number\":12,\"big\":true}]\n");
	expect("pretty JSON", OUT_JSON_PRETTY, document,
	       "[\n"
	       "  {\n"
	       "    \"name\": \"a \\\"long\\\" name/\",\n"
	       "    \"number\": 5,\n"
	       "    \"big\": false,\n"
	       "    \"parts\": [\n"
	       "      {\n"
	       "        \"name\": \"x\",\n"
	       "        \"number\": 18446744073709551615,\n"
	       "        \"big\": true\n"
	       "      }\n"
	       "    ]\n"
	       "  },\n"
	       "  {\n"
	       "    \"name\": \"b\",\n"
	       "    \"number\": 12,\n"
	       "    \"big\": true\n"
	       "  }\n"
	       "]\n");
	expect("an empty table has its head", OUT_TEXT, empty, "NAME  NUMBER  NOTE\n");
	expect("an empty array", OUT_JSON, empty, "[]\n");
	expect("an empty array, pretty", OUT_JSON_PRETTY, empty, "[]\n");
	expect("an object as the document", OUT_JSON, single, "{\"n\":1,\"o\":{\"s\":\"t\"}}\n");
	expect("fields without a table are not for people", OUT_TEXT, single, "");
}

/* More rows than are held back: the head comes once, and all of them come. */
static void test_many(void)
{
	unsigned int lines = 0, heads = 0;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	struct out *out = out_new(OUT_TEXT, file);

	out_table(out, columns, ARRAY_SIZE(columns));
	for (unsigned int i = 0; i < 5000; i++)
		item(out, 0, "row", i, i == 4000 ? "one that is wider than all before it" : "");
	out_free(out);
	fclose(file);
	for (char *line = text; *line; line = strchr(line, '\n') + 1) {
		lines++;
		heads += !strncmp(line, "NAME", 4);
	}
	ok(lines == 5001 && heads == 1, "5000 rows and a head: %u lines, %u heads", lines, heads);
	free(text);
}

static void test_json_parses(void)
{
	struct json_object *object;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	struct out *out = out_new(OUT_JSON_PRETTY, file);

	out_array_begin(out, NULL);
	for (unsigned int i = 0; i < 3; i++) {
		out_object_begin(out, NULL);
		out_str(out, "s", OUT_NO_COLUMN, "a\nb\tc\x01");
		out_object_end(out);
	}
	out_array_end(out);
	out_free(out);
	fclose(file);
	object = json_tokener_parse(text);
	ok(object && json_object_array_length(object) == 3 &&
	   !strcmp(json_object_get_string(json_object_object_get(
			json_object_array_get_idx(object, 2), "s")), "a\nb\tc\x01"),
	   "pretty JSON with line ends in its strings is JSON");
	json_object_put(object);
	free(text);
}

static void test_full_disk(void)
{
	FILE *file = fopen("/dev/full", "w");
	struct out *out = out_new(OUT_TEXT, file);

	out_line(out, "lost");
	out_flush(out);
	ok(out_error(out) == ENOSPC, "a full disk is noticed");
	out_free(out);
	fclose(file);
}

/* Giving up halfway leaks nothing; LeakSanitizer looks. */
static void test_given_up(void)
{
	FILE *file = fopen("/dev/null", "w");
	struct out *out = out_new(OUT_JSON, file);

	out_array_begin(out, NULL);
	out_object_begin(out, NULL);
	out_array_begin(out, "list");
	out_free(out);
	out = out_new(OUT_TEXT, file);
	out_table(out, columns, ARRAY_SIZE(columns));
	item(out, 0, "twice", 1, "a");
	out_cell(out, 2, "b");
	out_free(out);
	fclose(file);
	ok(true, "output that is given up");
}

int main(void)
{
	test_forms();
	test_many();
	test_json_parses();
	test_full_disk();
	test_given_up();
	return done();
}
