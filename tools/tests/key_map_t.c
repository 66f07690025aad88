// SPDX-License-Identifier: GPL-2.0
/* Against a search by halb_key_equal() among all that were put. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>

#include "key_map.h"
#include "tap.h"

#define KEYS	2000

/* Few of everything, so that many keys come twice, and all differ in what does not count. */
static struct halb_key some_key(void)
{
	struct halb_key key;

	memset(&key, rand(), sizeof(key));
	key.fwmark = rand() % 3 ? 0 : 1 + rand() % 300;
	key.protocol = rand() % 2 ? IPPROTO_TCP : IPPROTO_UDP;
	key.port = rand() % 8;
	key.addr.family = rand() % 2 ? AF_INET : AF_INET6;
	memset(key.addr.bytes, 0, key.addr.family == AF_INET ? 4 : 16);
	key.addr.bytes[key.addr.family == AF_INET ? 3 : 15] = rand() % 40;
	if (key.fwmark)
		memset(key.addr.bytes, rand(), sizeof(key.addr.bytes));
	return key;
}

static bool same_as_search(void)
{
	struct halb_key *keys = calloc(KEYS, sizeof(*keys));
	struct key_map map = { 0 };
	bool right = keys;
	size_t found;

	for (size_t n = 0; n < KEYS && right; n++) {
		size_t last = SIZE_MAX;

		keys[n] = some_key();
		for (size_t i = 0; i < n; i++)
			if (halb_key_equal(&keys[i], &keys[n]))
				last = i;
		right = key_map_get(&map, &keys[n], &found) == (last != SIZE_MAX) &&
			(last == SIZE_MAX || found == last) && !key_map_put(&map, &keys[n], n);
	}
	key_map_free(&map);
	free(keys);
	return right;
}

int main(void)
{
	struct key_map map = { 0 };
	struct halb_key key = { .protocol = IPPROTO_TCP, .port = 80 };
	size_t value = 7;

	ok(!key_map_get(&map, &key, &value) && value == 7, "an empty map has nothing");
	ok(!key_map_put(&map, &key, 0) && key_map_get(&map, &key, &value) && !value, "0 is a number");
	ok(!key_map_put(&map, &key, 5) && key_map_get(&map, &key, NULL) &&
	   key_map_get(&map, &key, &value) && value == 5 && map.count == 1, "the last one counts");
	key_map_clear(&map);
	ok(!map.count && map.size && !key_map_get(&map, &key, NULL), "cleared, it has room, and nothing");
	key_map_free(&map);
	ok(!key_map_get(&map, &key, NULL), "freed, it is empty again");
	srand(1);
	ok(same_as_search(), "%d keys, as a search finds them", KEYS);
	return done();
}
