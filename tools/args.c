// SPDX-License-Identifier: GPL-2.0
#include "args.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The longest word that is worth a guess. */
#define GUESS_MAX	40
/* Slots are bits of 32, and few words share one. */
#define KEYWORDS_MAX	64

bool args_failed(struct args *args)
{
	for (char *c = args->err; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return false;
}

bool args_fail(struct args *args, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(args->err, sizeof(args->err), format, ap);
	va_end(ap);
	return args_failed(args);
}

const char *args_peek(const struct args *args)
{
	return args->pos < args->count ? args->words[args->pos] : NULL;
}

const char *args_next(struct args *args)
{
	return args->pos < args->count ? args->words[args->pos++] : NULL;
}

bool args_need(struct args *args, const char *what, const char **word)
{
	*word = args_next(args);
	if (*word)
		return true;
	if (!args->pos)
		return args_fail(args, "%s is missing", what);
	return args_fail(args, "%s is missing after '%s'", what, args->words[args->pos - 1]);
}

bool args_uint(struct args *args, const char *name, uint32_t min, uint32_t max,
	       uint32_t *value)
{
	unsigned long long number;
	const char *word;

	if (!args_need(args, "a number", &word))
		return false;
	if (!*word || strspn(word, "0123456789") != strlen(word))
		return args_fail(args, "%s '%s' is not a number: it is %u to %u",
				 name, word, min, max);
	errno = 0;
	number = strtoull(word, NULL, 10);
	if (errno || number < min || number > max)
		return args_fail(args, "%s %s is out of range: it is %u to %u",
				 name, word, min, max);
	*value = (uint32_t)number;
	return true;
}

bool args_end(struct args *args)
{
	const char *word = args_peek(args);

	if (!word)
		return true;
	if (!args->pos)
		return args_fail(args, "unexpected word '%s'", word);
	return args_fail(args, "unexpected word '%s' after '%s'", word,
			 args->words[args->pos - 1]);
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Edits that make one word of the other: a letter more, less, other, or two
 * neighbours swapped. Case does not count.
 */
static unsigned int distance(const char *a, const char *b)
{
	size_t len_a = strlen(a), len_b = strlen(b);
	unsigned int d[GUESS_MAX + 1][GUESS_MAX + 1];

	for (size_t i = 0; i <= len_a; i++)
		d[i][0] = (unsigned int)i;
	for (size_t j = 0; j <= len_b; j++)
		d[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= len_a; i++) {
		for (size_t j = 1; j <= len_b; j++) {
			unsigned int best = d[i - 1][j - 1] + !same_letter(a[i - 1], b[j - 1]);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[len_a][len_b];
}

const char *args_nearest(const char *word, const char *const *names, size_t count)
{
	unsigned int best = GUESS_MAX, near;
	const char *nearest = NULL;

	if (!*word || strlen(word) > GUESS_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (strlen(names[i]) > GUESS_MAX)
			continue;
		near = distance(word, names[i]);
		/* An abbreviation is not accepted, but it is understood. */
		if (!strncmp(word, names[i], strlen(word)))
			near = 1;
		if (near < best) {
			best = near;
			nearest = names[i];
		}
	}
	return best <= 1 + strlen(word) / 4 ? nearest : NULL;
}

bool args_unknown(struct args *args, const char *what, const char *word,
		  const char *where, const char *const *names, size_t count)
{
	const char *nearest = args_nearest(word, names, count);
	const char *in = where ? " in " : "";
	char list[384] = "";
	size_t used = 0;

	if (!where)
		where = "";
	if (nearest)
		return args_fail(args, "unknown %s '%s'%s%s: did you mean '%s'?",
				 what, word, in, where, nearest);
	for (size_t i = 0; i < count && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
					 !i ? "" : i + 1 < count ? ", " : " or ", names[i]);
	return args_fail(args, "unknown %s '%s'%s%s: it is %s", what, word, in, where, list);
}

static bool unknown_keyword(struct args *args, const char *word,
			    const struct keyword *table, size_t count, const char *context)
{
	const char *names[KEYWORDS_MAX];

	for (size_t i = 0; i < count && i < KEYWORDS_MAX; i++)
		names[i] = table[i].name;
	return args_unknown(args, "word", word, context, names, count);
}

bool args_keywords(struct args *args, const struct keyword *table, size_t count,
		   const char *context, void *object, uint32_t *slots)
{
	const char *word;

	*slots = 0;
	while ((word = args_next(args))) {
		const struct keyword *keyword = NULL;

		for (size_t i = 0; i < count && !keyword; i++)
			if (!strcmp(word, table[i].name))
				keyword = &table[i];
		if (!keyword)
			return unknown_keyword(args, word, table, count, context);
		if (*slots & 1u << keyword->slot)
			return args_fail(args, "'%s' is given twice, or contradicts an earlier word",
					 word);
		*slots |= 1u << keyword->slot;
		if (!keyword->take(args, keyword, object))
			return false;
	}
	return true;
}
