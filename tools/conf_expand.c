// SPDX-License-Identifier: GPL-2.0
/*
 * What a line may be before it is a statement: @id conditions, $VAR= definitions,
 * $VAR and ${VAR}, ~SEQ() and ~LST().
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "conf_priv.h"

#define BLANKS		" \t"
/* A definition that contains itself would go on for ever; ~SEQ() of ~SEQ() of ~SEQ()
 * would take all memory.
 */
#define DEPTH_MAX	64
#define LINE_MAX_LEN	65536
#define GENERATED_MAX	1000000

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, BLANKS);
}

static size_t name_len(const char *name)
{
	size_t len = 0;

	if (!isalpha((unsigned char)*name) && *name != '_')
		return 0;
	while (isalnum((unsigned char)name[len]) || name[len] == '_')
		len++;
	return len;
}

/* --- conditions ----------------------------------------------------------------------- */

/* Past @id or @^id; NULL if the line is not for this host. */
static const char *condition(struct lexer *lexer, const char *text)
{
	bool reverse = text[1] == '^', same;
	const char *id = text + 1 + reverse;
	size_t len = strcspn(id, BLANKS);

	if (!len) {
		conf_error(lexer->p, &lexer->pos, "@ needs the id of a host after it: @id or @^id, then the line");
		return NULL;
	}
	same = strlen(lexer->p->config_id) == len && !memcmp(id, lexer->p->config_id, len);
	return same == reverse ? NULL : skip_blanks(id + len);
}

/* --- definitions ------------------------------------------------------------------------ */

static struct definition *find_definition(struct lexer *lexer, const char *name, size_t len)
{
	struct definition *def;

	for (def = lexer->definitions; def; def = def->next)
		if (strlen(def->name) == len && !memcmp(def->name, name, len))
			return def;
	return NULL;
}

static struct definition *define(struct lexer *lexer, const char *name, size_t len)
{
	struct definition *def = find_definition(lexer, name, len);

	if (!def) {
		def = arena_alloc(lexer->p->arena, sizeof(*def));
		def->name = arena_strndup(lexer->p->arena, name, len);
		def->next = lexer->definitions;
		lexer->definitions = def;
	}
	def->lines = NULL;
	def->count = 0;
	return def;
}

/* A line of a value; true if it ends in \ and so another one follows. */
static bool add_value_line(struct lexer *lexer, struct definition *def, const char *text)
{
	size_t len = strlen(text);
	bool more = len && text[len - 1] == '\\';

	if (more)
		len--;
	while (len && strchr(BLANKS, text[len - 1]))
		len--;
	/* A blank line of many is none. */
	if (len || (!more && !def->count))
		*arena_push(lexer->p->arena, def->lines, def->count) =
			arena_strndup(lexer->p->arena, text, len);
	return more;
}

static bool definition_line(struct lexer *lexer, const char *text)
{
	size_t len = name_len(text + 1);
	struct definition *def;
	const char *value;

	if (!len)
		return false;
	value = skip_blanks(text + 1 + len);
	if (*value != '=')
		return false;
	def = define(lexer, text + 1, len);
	if (add_value_line(lexer, def, skip_blanks(value + 1)))
		lexer->continued = def;
	return true;
}

void expand_continue(struct lexer *lexer, const char *text)
{
	if (!add_value_line(lexer, lexer->continued, skip_blanks(text)))
		lexer->continued = NULL;
}

/* --- use of definitions -------------------------------------------------------------------- */

struct use {
	const char *begin, *end;	/* $NAME or ${NAME PARAMETERS} */
	const char *name;
	size_t name_len;
	const char *params;
	size_t params_len;
	bool braces;
};

static bool parse_use(const char *dollar, struct use *use)
{
	const char *at = dollar + 1;

	use->begin = dollar;
	use->braces = *at == '{';
	at += use->braces;
	use->name = at;
	use->name_len = name_len(at);
	if (!use->name_len)
		return false;
	at += use->name_len;
	use->params = at;
	if (use->braces) {
		at = strchr(at, '}');
		if (!at)
			return false;
		use->params_len = (size_t)(at - use->params);
		use->end = at + 1;
		return !use->params_len || strchr(BLANKS, *use->params);
	}
	use->params_len = 0;
	use->end = at;
	/* $NAME must stand by itself: ${NAME} can stand anywhere. */
	return !*at || strchr(" \t,){}\"", *at);
}

static bool name_is(const struct use *use, const char *name)
{
	return use->name_len == strlen(name) && !memcmp(use->name, name, use->name_len);
}

/* What is always defined; NULL for another name. */
static const char *standard(struct lexer *lexer, const struct use *use)
{
	struct arena *arena = lexer->p->arena;
	const char *params = skip_blanks(use->params);
	size_t len = use->params_len - (size_t)(params - use->params);

	if (use->params_len && params > use->params + use->params_len)
		len = 0;
	if (name_is(use, "_PWD"))
		return lexer->dir;
	if (name_is(use, "_INSTANCE"))
		return lexer->p->config_id;
	if (name_is(use, "_HASH"))
		return "#";
	if (name_is(use, "_BANG"))
		return "!";
	if (name_is(use, "_ENV")) {
		const char *value = len ? getenv(arena_strndup(arena, params, len)) : NULL;

		if (!value)
			conf_warn(lexer->p, &lexer->pos, "the environment has no %.*s: ${_ENV %.*s} is empty",
				  (int)len, params, (int)len, params);
		return value ? value : "";
	}
	if (name_is(use, "_RANDOM")) {
		unsigned long min = 0, max = 32767;

		if (len && sscanf(arena_strndup(arena, params, len), "%lu %lu", &min, &max) < 1)
			conf_error(lexer->p, &lexer->pos, "${_RANDOM %.*s}: it is ${_RANDOM MIN MAX}",
				   (int)len, params);
		if (min > max || max > INT32_MAX) {
			conf_error(lexer->p, &lexer->pos, "${_RANDOM}: MIN is at most MAX, and that at most %d",
				   INT32_MAX);
			max = min = 0;
		}
		return arena_printf(arena, "%lu", min + (unsigned long)random() % (max - min + 1));
	}
	return NULL;
}

struct buffer {
	char text[LINE_MAX_LEN];
	size_t len;
	bool full;
};

static void append(struct buffer *buffer, const char *text, size_t len)
{
	if (len >= sizeof(buffer->text) - buffer->len) {
		buffer->full = true;
		len = sizeof(buffer->text) - buffer->len - 1;
	}
	memcpy(buffer->text + buffer->len, text, len);
	buffer->len += len;
	buffer->text[buffer->len] = '\0';
}

static void expand_lines(struct lexer *lexer, const struct buffer *first, char *const *lines,
			 size_t count, const char *rest, unsigned int depth)
{
	size_t i;

	expand_line(lexer, first->text, depth);
	for (i = 0; i < count && !lexer->stopped; i++)
		expand_line(lexer, lines[i], depth);
	if (*rest && !lexer->stopped)
		expand_line(lexer, rest, depth);
}

/* Replaces what is defined, and goes on with the result; false if nothing is. */
static bool replace(struct lexer *lexer, const char *text, unsigned int depth)
{
	struct buffer *buffer = NULL;
	const char *at = text, *dollar;
	char *const *lines = NULL;
	size_t lines_count = 0;
	const char *rest = "";

	for (dollar = strchr(at, '$'); dollar && !lines_count;
	     dollar = strchr(dollar, '$')) {
		const struct definition *def;
		const char *value;
		struct use use;

		if (!parse_use(dollar, &use)) {
			dollar++;
			continue;
		}
		def = find_definition(lexer, use.name, use.name_len);
		value = def ? (def->count ? def->lines[0] : "") : standard(lexer, &use);
		if (!value) {
			if (use.braces || dollar == text || strchr(BLANKS, dollar[-1]))
				conf_warn(lexer->p, &lexer->pos, "$%.*s is not defined: it stays as it is",
					  (int)use.name_len, use.name);
			dollar = use.end;
			continue;
		}
		if (!buffer)
			buffer = calloc(1, sizeof(*buffer));
		if (!buffer)
			abort();
		append(buffer, at, (size_t)(dollar - at));
		append(buffer, value, strlen(value));
		at = dollar = use.end;
		if (def && def->count > 1) {
			lines = def->lines + 1;
			lines_count = def->count - 1;
		}
	}
	if (!buffer)
		return false;
	/* What follows a value of several lines follows its last line. */
	if (lines_count)
		rest = skip_blanks(at);
	else
		append(buffer, at, strlen(at));
	if (buffer->full)
		conf_error(lexer->p, &lexer->pos, "the line is longer than %d bytes once its definitions are replaced",
			   LINE_MAX_LEN);
	else
		expand_lines(lexer, buffer, lines, lines_count, rest, depth + 1);
	free(buffer);
	return true;
}

/* --- sequences --------------------------------------------------------------------------------- */

/* A copy of what stands between ( and ), with definitions replaced; *rest is past it. */
static char *parameters(struct lexer *lexer, const char *at, const char **rest)
{
	const char *end;

	at = skip_blanks(at);
	end = *at == '(' ? strchr(at, ')') : NULL;
	if (!end)
		return NULL;
	*rest = skip_blanks(end + 1);
	return arena_strndup(lexer->p->arena, at + 1, (size_t)(end - at - 1));
}

/* The next of a list of words with commas; NULL at its end. */
static char *next_word(char **at, const char *ends, char *end)
{
	char *word, *after;

	word = *at + strspn(*at, BLANKS);
	*at = word + strcspn(word, ends);
	*end = **at;
	after = *at;
	if (**at)
		(*at)++;
	while (after > word && strchr(BLANKS, after[-1]))
		after--;
	*after = '\0';
	return word;
}

static bool sequence_number(struct lexer *lexer, const char *word, long *value)
{
	const struct definition *def;
	char *end;

	if (*word == '$') {
		struct use use;

		if (parse_use(word, &use)) {
			def = find_definition(lexer, use.name, use.name_len);
			if (def && def->count == 1)
				word = def->lines[0];
		}
	}
	errno = 0;
	*value = strtol(word, &end, 0);
	return *word && !*end && !errno && labs(*value) <= INT32_MAX;
}

static void run_sequence(struct lexer *lexer, const char *var, long first, long step, long last,
			 bool hex, const char *text, unsigned int depth)
{
	char value[24];
	long n;

	for (n = first; step > 0 ? n <= last : n >= last; n += step) {
		struct definition *def = define(lexer, var, strlen(var));

		if (lexer->stopped)
			return;
		snprintf(value, sizeof(value), hex ? "%lx" : "%ld", n);
		add_value_line(lexer, def, value);
		expand_line(lexer, text, depth + 1);
	}
}

/* ~SEQ(VAR, LAST), ~SEQ(VAR, FIRST, LAST), ~SEQ(VAR, FIRST, STEP, LAST); ~SEQx in hex */
static bool sequence(struct lexer *lexer, const char *text, unsigned int depth)
{
	bool hex = text[4] == 'x';
	long number[3], first, step, last;
	char *params, *var, end;
	const char *rest;
	size_t count = 0;

	params = parameters(lexer, text + 4 + hex, &rest);
	if (!params)
		return false;
	var = next_word(&params, ",", &end);
	if (name_len(var) != strlen(var) || !*var || end != ',')
		return false;
	while (end == ',' && count < 3)
		if (!sequence_number(lexer, next_word(&params, ",", &end), &number[count++]))
			return false;
	if (end)
		return false;
	first = count == 1 ? (number[0] < 0 ? -1 : 1) : number[0];
	last = number[count - 1];
	step = count == 3 ? number[1] : first <= last ? 1 : -1;
	if (!step || (first < last && step < 0) || (first > last && step > 0))
		return false;
	if (hex && (first < 0 || last < 0))
		return false;
	run_sequence(lexer, var, first, step, last, hex, rest, depth);
	return true;
}

/* "{A, B}" or "A": into words; what is past it and its comma is left in *at. */
static size_t word_set(struct lexer *lexer, char **at, char ***words)
{
	bool braces;
	size_t count = 0;
	char end;

	*words = NULL;
	*at += strspn(*at, BLANKS);
	braces = **at == '{';
	if (braces)
		(*at)++;
	do {
		char *word = next_word(at, braces ? ",}" : ",", &end);

		*arena_push(lexer->p->arena, *words, count) = word;
	} while (braces && end == ',');
	if (braces && end != '}')
		return 0;
	if (braces) {
		*at += strspn(*at, BLANKS);
		if (**at == ',')
			(*at)++;
		else if (**at)
			return 0;
	}
	return count;
}

/* ~LST(VAR, VALUE, ...), ~LST({VAR, VAR}, {VALUE, VALUE}, ...) */
static bool list(struct lexer *lexer, const char *text, unsigned int depth)
{
	char **vars, **values, *params;
	const char *rest;
	size_t nvars, nvalues, i;

	params = parameters(lexer, text + 4, &rest);
	if (!params)
		return false;
	nvars = word_set(lexer, &params, &vars);
	if (!nvars || !*params)
		return false;
	for (i = 0; i < nvars; i++)
		if (!*vars[i] || name_len(vars[i]) != strlen(vars[i]))
			return false;
	while (*params && !lexer->stopped) {
		nvalues = word_set(lexer, &params, &values);
		if (!nvalues || nvalues > nvars)
			return false;
		for (i = 0; i < nvars; i++)
			add_value_line(lexer, define(lexer, vars[i], strlen(vars[i])),
				       i < nvalues ? values[i] : "");
		expand_line(lexer, rest, depth + 1);
	}
	return true;
}

/* --- all of it ------------------------------------------------------------------------------------- */

static bool too_much(struct lexer *lexer, size_t len, unsigned int depth)
{
	lexer->generated += depth ? 1 + len / 256 : 0;
	if (lexer->generated > GENERATED_MAX) {
		conf_say(lexer->p, CONF_FATAL, &lexer->pos, "definitions and sequences make more than %d lines",
			 GENERATED_MAX);
		lexer->stopped = true;
		return true;
	}
	if (depth > DEPTH_MAX) {
		conf_error(lexer->p, &lexer->pos, "definitions are %d deep: does one contain itself?", DEPTH_MAX);
		return true;
	}
	return false;
}

void expand_line(struct lexer *lexer, const char *text, unsigned int depth)
{
	char *copy = NULL;

	if (lexer->stopped || too_much(lexer, strlen(text), depth))
		return;
	/* A definition may have brought a comment with it. */
	if (depth) {
		copy = strdup(text);
		if (!copy)
			abort();
		lex_decomment(lexer, copy);
		text = copy;
	}
	text = skip_blanks(text);
	while (text && *text == '@')
		text = condition(lexer, text);
	if (!text || !*text)
		goto out;
	if (*text == '$' && definition_line(lexer, text))
		goto out;
	if (!strncmp(text, "~SEQ", 4)) {
		if (!sequence(lexer, text, depth))
			conf_error(lexer->p, &lexer->pos, "this ~SEQ is wrong: it is ~SEQ(VAR, FIRST, STEP, LAST) and then the line, STEP leading from FIRST to LAST");
	} else if (!strncmp(text, "~LST", 4)) {
		if (!list(lexer, text, depth))
			conf_error(lexer->p, &lexer->pos, "this ~LST is wrong: it is ~LST(VAR, VALUE, ...) or ~LST({VAR, VAR}, {VALUE, VALUE}, ...) and then the line");
	} else if (!replace(lexer, text, depth)) {
		size_t len = strlen(text);

		if (text[len - 1] == '\\')
			conf_error(lexer->p, &lexer->pos, "a \\ at the end continues only a $NAME= definition: write it on one line");
		lex_statement(lexer, text);
	}
out:
	free(copy);
}
