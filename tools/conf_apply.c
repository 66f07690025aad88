// SPDX-License-Identifier: GPL-2.0
/* Statements into objects, by the rows of the table. */
#include <stdlib.h>
#include <string.h>

#include "conf_priv.h"

/* --- the table ------------------------------------------------------------------- */

const struct conf_block *conf_block_at(size_t index)
{
	static const struct {
		const struct conf_block *blocks;
		const size_t *count;
	} parts[] = {
		{ conf_blocks_global, &conf_blocks_global_count },
		{ conf_blocks_vrrp, &conf_blocks_vrrp_count },
		{ conf_blocks_service, &conf_blocks_service_count },
		{ conf_blocks_check, &conf_blocks_check_count },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (index < *parts[i].count)
			return &parts[i].blocks[index];
		index -= *parts[i].count;
	}
	return NULL;
}

const struct conf_block *conf_find_block(const char *name)
{
	const struct conf_block *block;

	for (size_t i = 0; (block = conf_block_at(i)); i++)
		if (!strcmp(block->name, name))
			return block;
	return NULL;
}

const struct conf_row *conf_find_row(const struct conf_block *block, const char *keyword)
{
	for (; block; block = block->also ? conf_find_block(block->also) : NULL)
		for (size_t i = 0; i < block->count; i++)
			if (!strcmp(block->rows[i].keyword, keyword))
				return &block->rows[i];
	return NULL;
}

bool conf_takes_text(const char *word)
{
	const struct conf_block *block;

	if (!strncmp(word, "include", 7))
		return true;
	for (size_t b = 0; (block = conf_block_at(b)); b++)
		for (size_t i = 0; i < block->count; i++)
			if (block->rows[i].flags & ROW_TEXT &&
			    !strcmp(block->rows[i].keyword, word))
				return true;
	return false;
}

/* A block, other than this one, that has the keyword: first a child of this one. */
static const struct conf_block *home_of(const struct conf_block *here, const char *keyword)
{
	const struct conf_block *block;

	for (size_t i = 0; i < here->count; i++) {
		block = here->rows[i].child ? conf_find_block(here->rows[i].child) : NULL;
		if (block && conf_find_row(block, keyword))
			return block;
	}
	for (size_t i = 0; (block = conf_block_at(i)); i++)
		if (conf_find_row(block, keyword))
			return block;
	return NULL;
}

/* --- keywords that are not there ----------------------------------------------------- */

static void apply_statement(struct parser *p, const struct conf_row *row,
			    const struct node *node, void *object);

/* Looks at the values of a statement that has no object, for what else is wrong. */
static void look_at(struct parser *p, const struct conf_block *block,
		    const struct conf_row *row, const struct node *node)
{
	bool dry = p->dry;

	if (row->flags & (ROW_NO_EFFECT | ROW_REFUSED))
		return;
	p->dry = true;
	apply_statement(p, row, node, arena_alloc(p->arena, block->size));
	p->dry = dry;
}

#define NAMES_MAX	256

static size_t names_of(const struct conf_block *block, const char **names)
{
	size_t count = 0;

	for (; block; block = block->also ? conf_find_block(block->also) : NULL)
		for (size_t i = 0; i < block->count && count < NAMES_MAX; i++)
			names[count++] = block->rows[i].keyword;
	return count;
}

/* "real server" for real_server */
static bool two_words(struct parser *p, const struct node *node)
{
	const struct conf_block *home;
	const struct conf_row *row;
	struct node whole = *node;
	char name[128];

	if (node->count < 2)
		return false;
	snprintf(name, sizeof(name), "%s_%s", node->words[0], node->words[1]);
	home = home_of(conf_block_at(0), name);
	if (!home)
		return false;
	conf_error(p, &node->pos, "'%s %s' is one word: write %s", node->words[0],
		   node->words[1], name);
	row = conf_find_row(home, name);
	whole.words = node->words + 1;
	whole.count = node->count - 1;
	whole.words[0] = arena_strdup(p->arena, name);
	look_at(p, home, row, &whole);
	return true;
}

static void unknown_keyword(struct parser *p, const struct conf_block *block,
			    const struct node *node)
{
	const char *keyword = node->words[0], *names[NAMES_MAX], *near;
	const struct conf_block *home;
	const char *in = strcmp(block->name, "top") ? block->name : "the top level of the file";

	near = args_nearest(keyword, names, names_of(block, names));
	home = home_of(block, keyword);
	if (home && strcmp(home->name, "top")) {
		conf_error(p, &node->pos, "%s does not belong in %s: put it into %s { }", keyword,
			   in, home->name);
		look_at(p, home, conf_find_row(home, keyword), node);
	} else if (home) {
		conf_error(p, &node->pos, "%s does not belong in %s: it stands at the top level; is a '}' missing above?",
			   keyword, in);
	} else if (two_words(p, node)) {
		/* said */
	} else if (near) {
		conf_error(p, &node->pos, "unknown keyword '%s' in %s: did you mean %s?", keyword,
			   in, near);
	} else {
		conf_error(p, &node->pos, "unknown keyword '%s' in %s", keyword, in);
	}
}

/* --- statements -------------------------------------------------------------------------- */

static void apply_statement(struct parser *p, const struct conf_row *row,
			    const struct node *node, void *object)
{
	if (row->flags & ROW_BLOCK && !node->block &&
	    !(row->flags & (ROW_NO_EFFECT | ROW_REFUSED))) {
		conf_error(p, &node->pos, "%s needs a block: a '{' is missing after it",
			   node->words[0]);
		return;
	}
	if (!(row->flags & ROW_BLOCK) && node->block &&
	    !(row->flags & (ROW_NO_EFFECT | ROW_REFUSED)))
		conf_error(p, &node->pos, "%s has no block: what is between { and } is ignored",
			   node->words[0]);
	if (row->flags & ROW_DEPRECATED && strcmp(row->instead, row->keyword))
		conf_warn(p, &node->pos, "%s is an old name: write %s", row->keyword,
			  row->instead);
	row->take(p, row, node, object);
}

/* The statement before this one with the same keyword, if there may be only one. */
static const struct node *earlier(const struct node *first, const struct node *node)
{
	for (; first != node; first = first->next)
		if (!strcmp(first->words[0], node->words[0]))
			return first;
	return NULL;
}

enum { PASS_EARLY, PASS_PLAIN, PASS_LATE, PASS_LAST, PASSES };

static int pass_of(const struct conf_row *row)
{
	return row->flags & ROW_EARLY ? PASS_EARLY : row->flags & ROW_LATE ? PASS_LATE :
	       row->flags & ROW_LAST ? PASS_LAST : PASS_PLAIN;
}

void conf_apply(struct parser *p, const struct node *node, const char *name, void *object)
{
	const struct conf_block *block = conf_find_block(name);
	const struct node *child, *before;
	const struct conf_row *row;

	for (int pass = 0; pass < PASSES; pass++) {
		for (child = node->children; child; child = child->next) {
			row = conf_find_row(block, child->words[0]);
			if (!row) {
				if (pass == PASS_EARLY)
					unknown_keyword(p, block, child);
				continue;
			}
			if (pass_of(row) != pass)
				continue;
			before = row->flags & (ROW_REPEAT | ROW_NO_EFFECT | ROW_REFUSED) ? NULL :
				 earlier(node->children, child);
			if (before && row->take != take_script)
				conf_warn(p, &child->pos, "%s was given on line %u already: this one counts",
					  child->words[0], before->pos.line);
			apply_statement(p, row, child, object);
		}
	}
}
