/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An array of weights in which the next one of at least so much is found in
 * O(log n): a complete binary tree whose nodes hold the greatest weight below.
 *
 * Changes need a lock, searches do not. A search that meets a change may find
 * an entry that does not match (or padding behind the last entry), or miss one
 * that was changed at that moment: its caller looks at what it found.
 */
#ifndef _HALB_MAX_TREE_H
#define _HALB_MAX_TREE_H

#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#define HALB_MAX_TREE_NONE	U32_MAX

/**
 * struct halb_max_tree - array of weights
 * @leaves: length of the array, a power of two
 * @node: the root is 1, the children of i are 2i and 2i + 1, the array begins
 *	at @leaves
 */
struct halb_max_tree {
	u32 leaves;
	u16 node[];
};

static inline struct halb_max_tree *halb_max_tree_alloc(u32 count)
{
	u32 leaves = roundup_pow_of_two(max(count, 1U));
	struct halb_max_tree *tree;

	tree = kvzalloc(struct_size(tree, node, 2 * (size_t)leaves),
			GFP_KERNEL_ACCOUNT);
	if (tree)
		tree->leaves = leaves;
	return tree;
}

/* All weights at once, before anybody searches; fill @node from @leaves on. */
static inline void halb_max_tree_build(struct halb_max_tree *tree)
{
	u32 p;

	for (p = tree->leaves - 1; p > 0; p--)
		tree->node[p] = max(tree->node[2 * p], tree->node[2 * p + 1]);
}

static inline void halb_max_tree_set(struct halb_max_tree *tree, u32 i,
				     u16 weight)
{
	u32 p = tree->leaves + i;

	WRITE_ONCE(tree->node[p], weight);
	while (p >>= 1) {
		u16 most = max(tree->node[2 * p], tree->node[2 * p + 1]);

		if (tree->node[p] == most)
			break;
		WRITE_ONCE(tree->node[p], most);
	}
}

static inline u16 halb_max_tree_max(const struct halb_max_tree *tree)
{
	return READ_ONCE(tree->node[1]);
}

/**
 * halb_max_tree_next - first entry of enough weight
 * @tree: array
 * @i: index from which on to search
 * @least: weight, not 0
 *
 * Return: index or HALB_MAX_TREE_NONE.
 */
static inline u32 halb_max_tree_next(const struct halb_max_tree *tree, u32 i,
				     u16 least)
{
	u32 p = tree->leaves + i;

	if (i >= tree->leaves)
		return HALB_MAX_TREE_NONE;
	while (READ_ONCE(tree->node[p]) < least) {
		/* the greatest subtree that begins behind this one */
		p++;
		if (is_power_of_2(p))
			return HALB_MAX_TREE_NONE;
		while (!(p & 1))
			p >>= 1;
	}
	while (p < tree->leaves) {
		p <<= 1;
		if (READ_ONCE(tree->node[p]) < least)
			p++;
	}
	return p - tree->leaves;
}

#endif
