/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The words of a command, on the command line or in a line of a saved
 * configuration, taken one after the other.
 *
 * Whatever may go wrong returns false and leaves one sentence in err.
 */
#ifndef HALB_ARGS_H
#define HALB_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util.h"

struct args {
	char **words;
	int count;
	int pos;			/* of the word that comes next */
	char err[512];
};

/* Always false. */
bool args_fail(struct args *args, const char *format, ...)
	__printf(2, 3);

/* The same, for a sentence that stands in err already. It may quote words that
 * come from anywhere: what is not printable is taken out.
 */
bool args_failed(struct args *args);

/* NULL at the end. */
const char *args_peek(const struct args *args);
const char *args_next(struct args *args);

/* The next word, which must be there; what: "an address", for the error. */
bool args_need(struct args *args, const char *what, const char **word);
/* A decimal number after the word `name`. */
bool args_uint(struct args *args, const char *name, uint32_t min, uint32_t max,
	       uint32_t *value);
/* Nothing may follow. */
bool args_end(struct args *args);

/* One of the words that an object takes, in any order. Words that exclude each
 * other (method nat ... method dr; sh-port and no-sh-port) share a slot.
 */
struct keyword {
	const char *name;
	unsigned int slot;		/* 0..31 */
	bool (*take)(struct args *args, const struct keyword *keyword, void *object);
	uint32_t value;			/* for take() */
};

/* All words that are left. context: "service add", for errors. *slots has the
 * bits of the slots that were filled.
 */
bool args_keywords(struct args *args, const struct keyword *table, size_t count,
		   const char *context, void *object, uint32_t *slots);

/* The one of `names` that `word` was probably meant to be, or NULL. */
const char *args_nearest(const char *word, const char *const *names, size_t count);
/* Fails with: unknown `what` 'word' in `where` (may be NULL): did you mean ...?
 * Or, if nothing is near, with all that there is.
 */
bool args_unknown(struct args *args, const char *what, const char *word,
		  const char *where, const char *const *names, size_t count);

#endif
