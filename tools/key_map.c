// SPDX-License-Identifier: GPL-2.0
/* Open addressing, at most half full. */
#include "key_map.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SIZE_FIRST	16

struct key_map_entry {
	struct halb_key key;
	size_t value_1;			/* the value and 1; 0: free */
};

/* FNV-1a */
static uint32_t mix(uint32_t hash, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 16777619;
	return hash;
}

/* Of what halb_key_equal() looks at. */
static uint32_t hash_key(const struct halb_key *key)
{
	uint32_t hash = mix(2166136261, &key->addr.family, 1);

	if (key->fwmark)
		return mix(hash, (const uint8_t *)&key->fwmark, sizeof(key->fwmark));
	hash = mix(hash, &key->protocol, 1);
	hash = mix(hash, (const uint8_t *)&key->port, sizeof(key->port));
	return mix(hash, key->addr.bytes, key->addr.family == AF_INET6 ? 16 :
					  key->addr.family == AF_INET ? 4 : 0);
}

/* Where it is, or would be; map->size is not 0. */
static struct key_map_entry *place(const struct key_map *map, const struct halb_key *key)
{
	size_t at = hash_key(key);

	for (;; at++) {
		struct key_map_entry *entry = &map->entries[at & (map->size - 1)];

		if (!entry->value_1 || halb_key_equal(&entry->key, key))
			return entry;
	}
}

static int grow(struct key_map *map)
{
	struct key_map more = { .size = map->size ? 2 * map->size : SIZE_FIRST, .count = map->count };

	more.entries = calloc(more.size, sizeof(*more.entries));
	if (!more.entries)
		return -ENOMEM;
	for (size_t i = 0; i < map->size; i++)
		if (map->entries[i].value_1)
			*place(&more, &map->entries[i].key) = map->entries[i];
	free(map->entries);
	*map = more;
	return 0;
}

int key_map_put(struct key_map *map, const struct halb_key *key, size_t value)
{
	struct key_map_entry *entry;

	if (2 * (map->count + 1) > map->size && grow(map))
		return -ENOMEM;
	entry = place(map, key);
	if (!entry->value_1)
		map->count++;
	*entry = (struct key_map_entry){ .key = *key, .value_1 = value + 1 };
	return 0;
}

bool key_map_get(const struct key_map *map, const struct halb_key *key, size_t *value)
{
	const struct key_map_entry *entry = map->size ? place(map, key) : NULL;

	if (!entry || !entry->value_1)
		return false;
	if (value)
		*value = entry->value_1 - 1;
	return true;
}

void key_map_clear(struct key_map *map)
{
	if (map->size)
		memset(map->entries, 0, map->size * sizeof(*map->entries));
	map->count = 0;
}

void key_map_free(struct key_map *map)
{
	free(map->entries);
	*map = (struct key_map){ 0 };
}
