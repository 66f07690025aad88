// SPDX-License-Identifier: GPL-2.0
/* The words after a keyword, as values. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "addr.h"
#include "conf_priv.h"

#define US_PER_SEC	1000000

const char *conf_word(const struct node *node, size_t index)
{
	return index < node->count ? node->words[index] : NULL;
}

bool conf_need(struct parser *p, const struct node *node, const char *what, const char **word)
{
	*word = conf_word(node, 1);
	if (*word && **word)
		return true;
	conf_error(p, &node->pos, "%s needs a value: %s", node->words[0], what);
	return false;
}

void conf_no_more(struct parser *p, const struct node *node, size_t count)
{
	if (node->count > count)
		conf_warn(p, &node->pos, "'%s' after %s is ignored: %s", node->words[count],
			  node->words[0], count == 1 ? "it takes no value" :
			  "it takes no more values");
}

/* --- numbers ----------------------------------------------------------------------- */

bool conf_number(struct parser *p, const struct node *node, const char *word, int64_t min,
		 int64_t max, int64_t *value)
{
	const char *keyword = node->words[0];
	long long number;
	char *end;

	errno = 0;
	number = strtoll(word, &end, 10);
	if (end == word || *end || isspace((unsigned char)*word)) {
		conf_error(p, &node->pos, "%s '%s' is not a number: it is %lld to %lld", keyword,
			   word, (long long)min, (long long)max);
		return false;
	}
	if (errno || number < min || number > max) {
		conf_error(p, &node->pos, "%s %s is out of range: it is %lld to %lld", keyword,
			   word, (long long)min, (long long)max);
		return false;
	}
	*value = number;
	return true;
}

/* "0.01", "40.95", "255" */
static const char *seconds_text(int64_t us, char text[static 32])
{
	int len;

	snprintf(text, 32, "%lld.%06lld", (long long)(us / US_PER_SEC),
		 (long long)(us % US_PER_SEC));
	len = (int)strlen(text);
	while (text[len - 1] == '0')
		text[--len] = '\0';
	if (text[len - 1] == '.')
		text[--len] = '\0';
	return text;
}

/* Digits and perhaps a point: no sign, no exponent, no more than microseconds. */
static bool parse_decimal(const char *word, int64_t *us)
{
	const char *point = strchr(word, '.'), *at;
	size_t whole = strspn(word, "0123456789"), places;
	int64_t value = 0;

	places = point ? strspn(point + 1, "0123456789") : 0;
	if ((!whole && !places) || places > 6)
		return false;
	if (word[whole] && (word + whole != point || point[1 + places]))
		return false;
	for (at = word; *at && at != point; at++) {
		if (value > INT64_MAX / US_PER_SEC / 10 - 10)
			return false;
		value = value * 10 + (*at - '0');
	}
	value *= US_PER_SEC;
	for (int64_t scale = US_PER_SEC / 10; places; places--, scale /= 10)
		value += (*++at - '0') * scale;
	*us = value;
	return true;
}

bool conf_seconds(struct parser *p, const struct node *node, const char *word, int64_t min_us,
		  int64_t max_us, int64_t *us)
{
	const char *keyword = node->words[0];
	char low[32], high[32];
	int64_t value;

	if (!parse_decimal(word, &value)) {
		conf_error(p, &node->pos, "%s '%s' is not a time: it is a number of seconds, %s to %s",
			   keyword, word, seconds_text(min_us, low), seconds_text(max_us, high));
		return false;
	}
	if (value < min_us || value > max_us) {
		conf_error(p, &node->pos, "%s %s is out of range: it is %s to %s seconds", keyword,
			   word, seconds_text(min_us, low), seconds_text(max_us, high));
		return false;
	}
	*us = value;
	return true;
}

static bool row_number(struct parser *p, const struct conf_row *row, const struct node *node,
		       int64_t *value)
{
	char what[64];
	const char *word;

	snprintf(what, sizeof(what), "%lld to %lld", (long long)row->min, (long long)row->max);
	if (!conf_need(p, node, what, &word))
		return false;
	conf_no_more(p, node, 2);
	return conf_number(p, node, word, row->min, row->max, value);
}

void take_u8(struct parser *p, const struct conf_row *row, const struct node *node, void *object)
{
	int64_t value;

	if (row_number(p, row, node, &value))
		MEMBER(object, row, uint8_t) = (uint8_t)value;
}

void take_u16(struct parser *p, const struct conf_row *row, const struct node *node, void *object)
{
	int64_t value;

	if (row_number(p, row, node, &value))
		MEMBER(object, row, uint16_t) = (uint16_t)value;
}

void take_u32(struct parser *p, const struct conf_row *row, const struct node *node, void *object)
{
	int64_t value;

	if (row_number(p, row, node, &value))
		MEMBER(object, row, uint32_t) = (uint32_t)value;
}

void take_int(struct parser *p, const struct conf_row *row, const struct node *node, void *object)
{
	int64_t value;

	if (row_number(p, row, node, &value))
		MEMBER(object, row, int) = (int)value;
}

void take_time(struct parser *p, const struct conf_row *row, const struct node *node, void *object)
{
	const char *word;
	int64_t us;

	if (!conf_need(p, node, "a number of seconds", &word))
		return;
	conf_no_more(p, node, 2);
	if (conf_seconds(p, node, word, row->min, row->max, &us))
		MEMBER(object, row, int64_t) = us;
}

void take_haproxy_time(struct parser *p, const struct conf_row *row, const struct node *node,
		       void *object)
{
	static const struct {
		const char *unit;
		int64_t us;
	} units[] = {
		{ "us", 1 }, { "ms", 1000 }, { "", 1000 }, { "s", US_PER_SEC },
		{ "m", 60LL * US_PER_SEC }, { "h", 3600LL * US_PER_SEC },
		{ "d", 86400LL * US_PER_SEC },
	};
	unsigned long long number;
	const char *word;
	char *end;

	if (!conf_need(p, node, "milliseconds, or a time with a unit: 2s", &word))
		return;
	conf_no_more(p, node, 2);
	errno = 0;
	number = strtoull(word, &end, 10);
	for (size_t i = 0; isdigit((unsigned char)*word) && i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].unit))
			continue;
		if (errno || number > INT32_MAX || (int64_t)number * units[i].us < row->min ||
		    (int64_t)number * units[i].us > row->max) {
			conf_error(p, &node->pos, "%s %s is out of range: it is %lld ms to %lld ms, as HAProxy counts",
				   node->words[0], word, (long long)row->min / 1000,
				   (long long)row->max / 1000);
			return;
		}
		MEMBER(object, row, int64_t) = (int64_t)number * units[i].us;
		return;
	}
	conf_error(p, &node->pos, "%s '%s' is not a time: it is milliseconds as HAProxy has them, or a number with us, ms, s, m, h or d",
		   node->words[0], word);
}

/* --- yes and no ---------------------------------------------------------------------- */

int conf_bool_word(const char *word)
{
	if (!strcasecmp(word, "true") || !strcasecmp(word, "on") || !strcasecmp(word, "yes"))
		return 1;
	if (!strcasecmp(word, "false") || !strcasecmp(word, "off") || !strcasecmp(word, "no"))
		return 0;
	return -1;
}

void take_flag(struct parser *p, const struct conf_row *row, const struct node *node,
	       void *object)
{
	conf_no_more(p, node, 1);
	MEMBER(object, row, bool) = row->arg;
}

static int row_bool(struct parser *p, const struct node *node)
{
	const char *word = conf_word(node, 1);
	int value;

	if (!word)
		return 1;
	conf_no_more(p, node, 2);
	value = conf_bool_word(word);
	if (value < 0)
		conf_error(p, &node->pos, "%s '%s' is neither true nor false: write true, on or yes; false, off or no; or nothing, for true",
			   node->words[0], word);
	return value;
}

void take_bool(struct parser *p, const struct conf_row *row, const struct node *node, void *object)
{
	int value = row_bool(p, node);

	if (value >= 0)
		MEMBER(object, row, bool) = value;
}

void take_tristate(struct parser *p, const struct conf_row *row, const struct node *node,
		   void *object)
{
	int value = row_bool(p, node);

	if (value >= 0)
		MEMBER(object, row, int) = value;
}

/* --- text -------------------------------------------------------------------------------- */

void take_string(struct parser *p, const struct conf_row *row, const struct node *node,
		 void *object)
{
	const char *word;

	if (!conf_need(p, node, row->effect, &word))
		return;
	conf_no_more(p, node, 2);
	MEMBER(object, row, char *) = node->words[1];
}

bool conf_ifname(struct parser *p, const struct node *node, const char *word)
{
	size_t len = strlen(word);

	if (len && len < IFNAMSIZ && !strchr(word, '/') && !strpbrk(word, " \t") &&
	    strcmp(word, ".") && strcmp(word, ".."))
		return true;
	conf_error(p, &node->pos, "%s '%s' cannot be the name of an interface: that has 1 to %d characters and no /",
		   node->words[0], word, IFNAMSIZ - 1);
	return false;
}

void take_ifname(struct parser *p, const struct conf_row *row, const struct node *node,
		 void *object)
{
	const char *word;

	if (!conf_need(p, node, "the name of an interface", &word))
		return;
	conf_no_more(p, node, 2);
	if (conf_ifname(p, node, word))
		MEMBER(object, row, char *) = node->words[1];
}

void take_nothing(struct parser *p, const struct conf_row *row, const struct node *node,
		  void *object)
{
	(void)object;
	conf_note(p, &node->pos, "%s has no effect: %s", node->words[0], row->effect);
}

int conf_choose(struct parser *p, const struct node *node, const char *what, const char *word,
		const struct conf_choice *choices, size_t count)
{
	char list[256] = "";

	for (size_t i = 0; i < count; i++)
		if (!strcasecmp(word, choices[i].name))
			return choices[i].value;
	for (size_t i = 0; i < count; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
			 !i ? "" : i + 1 < count ? ", " : " or ", choices[i].name);
	conf_error(p, &node->pos, "unknown %s '%s': it is %s", what, word, list);
	return -1;
}

/* --- addresses -------------------------------------------------------------------------------- */

bool conf_address(struct parser *p, const struct node *node, const char *word,
		  struct halb_addr *addr)
{
	if (addr_parse(word, addr))
		return true;
	conf_error(p, &node->pos, "%s: '%s' is not an IPv4 or IPv6 address", node->words[0], word);
	return false;
}

bool conf_network(struct parser *p, const struct node *node, const char *word,
		  struct halb_addr *addr, uint8_t *prefix, bool *prefix_set)
{
	const char *slash = strchr(word, '/');
	char text[INET6_ADDRSTRLEN + 1], err[256];
	size_t len = slash ? (size_t)(slash - word) : strlen(word);
	struct halb_addr parsed = { 0 };

	*prefix_set = slash;
	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	memcpy(text, word, len);
	text[len] = '\0';
	if (!addr_parse(text, &parsed)) {
		conf_error(p, &node->pos, "'%s' is not an IPv4 or IPv6 address", word);
		return false;
	}
	*prefix = parsed.family == AF_INET ? 32 : 128;
	if (slash && !strcmp(slash, "/0")) {
		*prefix = 0;
	} else if (slash && !addr_parse_prefix(slash + 1, parsed.family, prefix, err,
					       sizeof(err))) {
		conf_error(p, &node->pos, "'%s': the number after / is 0 to %d", word,
			   parsed.family == AF_INET ? 32 : 128);
		return false;
	}
	*addr = parsed;
	return true;
}

void take_address(struct parser *p, const struct conf_row *row, const struct node *node,
		  void *object)
{
	struct halb_addr addr;
	const char *word;

	if (!conf_need(p, node, "an address", &word))
		return;
	conf_no_more(p, node, 2);
	memset(&addr, 0, sizeof(addr));
	if (conf_address(p, node, word, &addr))
		MEMBER(object, row, struct halb_addr) = addr;
}

/* --- users and scripts ------------------------------------------------------------------------- */

bool conf_user(struct parser *p, const struct node *node, const char *user, const char *group,
	       uid_t *uid, gid_t *gid)
{
	const struct passwd *pw = getpwnam(user);
	const struct group *gr;

	if (!pw) {
		conf_error(p, &node->pos, "%s: there is no user '%s' here: create it, or name one that exists",
			   node->words[0], user);
		return false;
	}
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	if (!group)
		return true;
	gr = getgrnam(group);
	if (!gr) {
		conf_error(p, &node->pos, "%s: there is no group '%s' here: create it, or name one that exists",
			   node->words[0], group);
		return false;
	}
	*gid = gr->gr_gid;
	return true;
}

void take_script(struct parser *p, const struct conf_row *row, const struct node *node,
		 void *object)
{
	struct conf_script *script = &MEMBER(object, row, struct conf_script);
	struct conf_script new = { .pos = node->pos };
	char **words, **argv;
	size_t count, argc;

	words = conf_split_quoted(p, node->raw, &count);
	if (!words || count < 2 || !*words[1]) {
		conf_error(p, &node->pos, words ? "%s needs a script: the path of a program, in quotes with its arguments" :
			   "%s: a quote in the script is not closed", node->words[0]);
		return;
	}
	argv = conf_split_quoted(p, words[1], &argc);
	if (!argv || !argc) {
		conf_error(p, &node->pos, "%s: a quote in the script is not closed", node->words[0]);
		return;
	}
	if (script->argv) {
		conf_error(p, &node->pos, "%s was given on line %u already: this one is ignored",
			   node->words[0], script->pos.line);
		return;
	}
	new.argv = argv;
	new.argc = argc;
	new.uid = (uid_t)-1;		/* script_user's, once that is known */
	if (count > 2 && row->arg) {
		conf_warn(p, &node->pos, "'%s' after the script is ignored: put quotes around the script and its arguments",
			  words[2]);
	} else if (count > 2) {
		if (!conf_user(p, node, words[2], count > 3 ? words[3] : NULL, &new.uid,
			       &new.gid))
			return;
		if (count > 4)
			conf_warn(p, &node->pos, "'%s' is ignored: a script is followed by a user and a group at most",
				  words[4]);
	}
	*script = new;
}

void take_refused(struct parser *p, const struct conf_row *row, const struct node *node,
		  void *object)
{
	(void)object;
	conf_error(p, &node->pos, "%s is not supported: %s", node->words[0], row->effect);
}

struct word_list {
	char **words;
	size_t count;
};

void take_words(struct parser *p, const struct conf_row *row, const struct node *node,
		void *object)
{
	struct word_list *list = &MEMBER(object, row, struct word_list);
	const struct node *line;

	for (size_t i = 1; i < node->count; i++)
		*arena_push(p->arena, list->words, list->count) = node->words[i];
	for (line = node->children; line; line = line->next)
		for (size_t i = 0; i < line->count; i++)
			*arena_push(p->arena, list->words, list->count) = line->words[i];
	if (!list->count)
		conf_error(p, &node->pos, "%s is empty: it needs %s", node->words[0], row->effect);
}
