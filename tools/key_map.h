/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers by the key of a service. For thousands of services that are looked up one by one.
 */
#ifndef HALB_KEY_MAP_H
#define HALB_KEY_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "model.h"

struct key_map_entry;

/* { 0 } is an empty one. */
struct key_map {
	struct key_map_entry *entries;
	size_t count;
	size_t size;			/* a power of two, or 0 */
};

/* value: below SIZE_MAX. The last one that was put counts. 0, or -ENOMEM. */
int key_map_put(struct key_map *map, const struct halb_key *key, size_t value);
/* Whether there is one. value may be NULL. */
bool key_map_get(const struct key_map *map, const struct halb_key *key, size_t *value);
/* Empty again, with room for as many as it had. */
void key_map_clear(struct key_map *map);
void key_map_free(struct key_map *map);

#endif
