/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside the configuration's parser: text -> statements (conf_lex.c, with what
 * conf_expand.c does to lines) -> the model (conf_apply.c by the rows of
 * conf_table*.c) -> defaults, names and checks (conf_finish*.c).
 */
#ifndef HALB_CONF_PRIV_H
#define HALB_CONF_PRIV_H

#include "args.h"
#include "conf.h"
#include "util.h"

/* --- memory: all of it goes with the struct conf ------------------------------- */

struct arena {
	struct arena_chunk *chunks;
};

/* Zeroed. There is no failure: without memory halbd cannot go on. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...) __printf(2, 3);
void arena_free(struct arena *arena);
/* The array with room for one element more. */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t size);

/* A new zeroed element at the end of an array of the model. */
#define arena_push(arena, array, count) \
	((array) = arena_grow((arena), (array), (count), sizeof(*(array))), &(array)[(count)++])

/* --- statements ------------------------------------------------------------------- */

/* A keyword with its values and, if it has one, its block. */
struct node {
	struct conf_pos pos;
	const char *raw;		/* the text from the first word on, quotes and all */
	char **words;			/* words[0] is the keyword; without quotes */
	size_t count;
	bool block;			/* { } follows */
	struct node *children;		/* statements of the block */
	struct node *last;
	struct node *next;
	struct node *parent;
};

/* What the parser knows of an object and the finished model does not need: what was
 * given and what only would be inherited.
 */
struct global_parse {
	struct conf_global g;
	int version;			/* vrrp_version */
	uint32_t down_timer_adverts;
	bool strict;
	bool skip_check_adv_addr;
	bool check_unicast_src;
	bool lower_prio_no_advert;
	bool higher_prio_send_advert;
	bool v3_checksum_as_v2;
	bool owner_ignore_adverts;
	bool rejected;			/* a security check failed */
};

struct vrrp_parse {
	struct conf_vrrp v;
	int version;			/* 0: not given */
	int native_ipv6;
	int accept;			/* -1: not given, as the others */
	int strict;
	int smtp_alert;
	int lower_prio_no_advert;
	bool auth_pass_given;
	struct conf_pos pass_pos, type_pos, advert_pos, preempt_pos, vrid_pos, priority_pos;
	bool mac_given, mac_uses_vrid;
	struct halb_addr mcast_src, unicast_src;
};

struct group_parse {
	struct conf_sync_group g;
	int smtp_alert;
};

/* What checkers inherit. -1, or UINT32_MAX: not given. */
struct check_defaults {
	int64_t connect_timeout_us;
	int64_t delay_loop_us;
	int64_t warmup_us;
	int64_t delay_before_retry_us;
	uint32_t retry;
	char *virtualhost;
	bool alpha;
	bool log_all_failures;
	int64_t inter_us;
	int64_t fastinter_us;
	int64_t downinter_us;
	uint32_t rise;
	uint32_t fall;
};

struct vs_parse {
	struct conf_virtual_server v;
	struct check_defaults d;
	struct halb_key key;		/* of a service that is no group */
	char *granularity;
	struct conf_pos granularity_pos;
	uint32_t weight;
	int smtp_alert;
	bool method_given, protocol_given;
};

struct rs_parse {
	struct conf_real_server r;
	struct check_defaults d;
	int smtp_alert;
};

struct check_parse {
	struct conf_check c;
	struct check_defaults d;
};

/* A line of virtual_server_group. */
struct conf_group_entry {
	struct conf_pos pos;
	uint32_t fwmark;		/* 0: addresses */
	uint8_t family;			/* of the mark; 0: the service says */
	uint16_t port;
	struct halb_addr first;
	uint32_t count;			/* addresses from first on */
};

struct conf_server_group {
	struct conf_pos pos;
	char *name;
	struct conf_group_entry *entries;
	size_t count;
	bool used;
};

struct parser {
	struct conf *conf;
	struct arena *arena;
	struct conf_messages *messages;
	const char *config_id;
	struct node *root;
	bool fatal;
	bool check_host;		/* interfaces and scripts are looked for on this host */
	uint32_t rule_priority;		/* of the next rule that has none */
	bool dry;			/* a block that is in error: only its values are looked at */
	struct global_parse global;
	/* whose blocks are being read */
	struct vs_parse *vs;
	struct rs_parse *rs;
	struct check_parse *check;
	struct vrrp_parse *vrrps;	/* become conf->instances */
	size_t vrrps_count;
	struct group_parse *groups;
	size_t groups_count;
	struct vs_parse *services;
	size_t services_count;
	struct conf_server_group *server_groups; /* virtual_server_group */
	size_t server_groups_count;
};

void conf_say(struct parser *p, enum conf_severity severity, const struct conf_pos *pos,
	      const char *format, ...) __printf(4, 5);
#define conf_error(p, pos, ...)	conf_say((p), CONF_ERROR, (pos), __VA_ARGS__)
#define conf_warn(p, pos, ...)	conf_say((p), CONF_WARNING, (pos), __VA_ARGS__)
#define conf_note(p, pos, ...)	conf_say((p), CONF_NOTE, (pos), __VA_ARGS__)

/* Reads path and what it includes into p->root. */
void conf_read(struct parser *p, const char *path);
/* Words with ' and " quotes and escapes, as scripts have them. NULL-terminated;
 * NULL if a quote is not closed.
 */
char **conf_split_quoted(struct parser *p, const char *text, size_t *count);

/* --- lines, between the two halves of the lexer ------------------------------------- */

struct definition {
	struct definition *next;
	char *name;
	/* A value of several lines, from a definition with \ at its ends. */
	char **lines;
	size_t count;
};

struct lexer {
	struct parser *p;
	struct node *parent;		/* whose block is open */
	struct definition *definitions;
	struct definition *continued;	/* the next line belongs to it */
	struct conf_pos pos;		/* of the line that is being read */
	struct conf_pos comment;	/* where the open comment began; line 0: none is open */
	unsigned int depth;		/* of includes */
	const char *dir;		/* of the file, for ${_PWD} */
	size_t generated;		/* lines that no file has */
	bool stopped;
};

/* One line without comments: conditions, definitions, sequences. What is left of it
 * goes to lex_statement().
 */
void expand_line(struct lexer *lexer, const char *text, unsigned int depth);
/* A further line of lexer->continued. */
void expand_continue(struct lexer *lexer, const char *text);
/* Takes comments off, in place. */
void lex_decomment(struct lexer *lexer, char *text);
/* Words and braces: into the tree. True for an include, which was done. */
void lex_statement(struct lexer *lexer, const char *text);

/* --- the grammar: a row for each keyword ----------------------------------------------- */

struct conf_row;
typedef void (*conf_take)(struct parser *p, const struct conf_row *row,
			  const struct node *node, void *object);

enum {					/* conf_row.flags */
	ROW_BLOCK	= 1 << 0,	/* needs { } */
	ROW_REPEAT	= 1 << 1,	/* may be given more than once */
	ROW_LATE	= 1 << 2,	/* taken after the other rows of its block, which it inherits */
	ROW_EARLY	= 1 << 3,	/* taken before them */
	ROW_LAST	= 1 << 9,	/* taken after all of them */
	ROW_TEXT	= 1 << 4,	/* its first value is any text, even // */
	ROW_NO_EFFECT	= 1 << 5,	/* `effect` says why */
	ROW_DEPRECATED	= 1 << 6,	/* `instead` is the keyword of today */
	ROW_OURS	= 1 << 7,	/* keepalived does not have it */
	ROW_REFUSED	= 1 << 8,	/* an error; `effect` says why */
};

struct conf_row {
	const char *keyword;
	conf_take take;
	uint32_t flags;
	size_t offset;			/* of the member */
	int64_t min, max;		/* of a number; of time in microseconds */
	int64_t arg;			/* what a flag sets; what take() likes */
	const char *child;		/* the block that { } holds */
	const char *instead;
	const char *effect;		/* one phrase */
	const char *test;		/* who observes it: "none yet", or file:case */
};

struct conf_block {
	const char *name;
	const char *also;		/* a block whose rows are here as well */
	const struct conf_row *rows;
	size_t count;
	size_t size;			/* of the object */
};

/* The index-th of all, NULL after the last. */
const struct conf_block *conf_block_at(size_t index);
const struct conf_block *conf_find_block(const char *name);
const struct conf_row *conf_find_row(const struct conf_block *block, const char *keyword);
/* A keyword of any block whose first value may be any text. */
bool conf_takes_text(const char *word);

/* conf_table_global.c, conf_vrrp.c, conf_service.c, conf_check.c */
extern const struct conf_block conf_blocks_global[];
extern const size_t conf_blocks_global_count;
extern const struct conf_block conf_blocks_vrrp[];
extern const size_t conf_blocks_vrrp_count;
extern const struct conf_block conf_blocks_service[];
extern const size_t conf_blocks_service_count;
extern const struct conf_block conf_blocks_check[];
extern const size_t conf_blocks_check_count;

/* Every statement of node's block into the object. */
void conf_apply(struct parser *p, const struct node *node, const char *block, void *object);

/* --- values (conf_value.c). Each says what is wrong and returns false. -------------------- */

/* node->words[index] or NULL */
const char *conf_word(const struct node *node, size_t index);
bool conf_need(struct parser *p, const struct node *node, const char *what, const char **word);
void conf_no_more(struct parser *p, const struct node *node, size_t count);
bool conf_number(struct parser *p, const struct node *node, const char *word, int64_t min,
		 int64_t max, int64_t *value);
bool conf_seconds(struct parser *p, const struct node *node, const char *word, int64_t min_us,
		  int64_t max_us, int64_t *us);
bool conf_address(struct parser *p, const struct node *node, const char *word,
		  struct halb_addr *addr);
/* ADDR or ADDR/PREFIX */
bool conf_network(struct parser *p, const struct node *node, const char *word,
		  struct halb_addr *addr, uint8_t *prefix, bool *prefix_set);
/* true, on, yes, false, off, no; 1, 0 or -1 */
int conf_bool_word(const char *word);
/* The name of an interface: 1 to 15 characters, no / and no blank */
bool conf_ifname(struct parser *p, const struct node *node, const char *word);
/* One of a list of words, in any case; -1 with a message. */
struct conf_choice {
	const char *name;
	int value;
};
int conf_choose(struct parser *p, const struct node *node, const char *what, const char *word,
		const struct conf_choice *choices, size_t count);
/* uid and gid from the words from index on; false with a message. */
bool conf_user(struct parser *p, const struct node *node, const char *user, const char *group,
	       uid_t *uid, gid_t *gid);

/* Takes of a row, by the type of its member. */
void take_u8(struct parser *p, const struct conf_row *row, const struct node *node, void *object);
void take_u16(struct parser *p, const struct conf_row *row, const struct node *node, void *object);
void take_u32(struct parser *p, const struct conf_row *row, const struct node *node, void *object);
void take_int(struct parser *p, const struct conf_row *row, const struct node *node, void *object);
void take_time(struct parser *p, const struct conf_row *row, const struct node *node,
	       void *object);
/* HAProxy's: milliseconds, or a unit: us ms s m h d */
void take_haproxy_time(struct parser *p, const struct conf_row *row, const struct node *node,
		       void *object);
/* no value: the bool becomes row->arg */
void take_flag(struct parser *p, const struct conf_row *row, const struct node *node,
	       void *object);
/* nothing, or true/false: a bool; take_tristate an int, which was -1 */
void take_bool(struct parser *p, const struct conf_row *row, const struct node *node,
	       void *object);
void take_tristate(struct parser *p, const struct conf_row *row, const struct node *node,
		   void *object);
void take_string(struct parser *p, const struct conf_row *row, const struct node *node,
		 void *object);
void take_ifname(struct parser *p, const struct conf_row *row, const struct node *node,
		 void *object);
void take_address(struct parser *p, const struct conf_row *row, const struct node *node,
		  void *object);
void take_script(struct parser *p, const struct conf_row *row, const struct node *node,
		 void *object);
/* accepted, or refused; the row says why it does nothing */
void take_nothing(struct parser *p, const struct conf_row *row, const struct node *node,
		  void *object);
void take_refused(struct parser *p, const struct conf_row *row, const struct node *node,
		  void *object);
/* Words of one line, or of the lines of a block, as a list at the row's offset, its
 * count following it.
 */
void take_words(struct parser *p, const struct conf_row *row, const struct node *node,
		void *object);

#define MEMBER(object, row, type)	(*(type *)((char *)(object) + (row)->offset))

/* --- routes (conf_route.c) ------------------------------------------------------------------ */

bool conf_parse_ipaddr(struct parser *p, const struct node *node, struct conf_ipaddr *addr);
bool conf_parse_route(struct parser *p, const struct node *node, struct conf_route *route);
bool conf_parse_rule(struct parser *p, const struct node *node, struct conf_rule *rule);

/* --- the end (conf_finish*.c) ------------------------------------------------------------------ */

void conf_finish_vrrp(struct parser *p);
void conf_finish_services(struct parser *p);
void conf_check_interface(struct parser *p, const struct conf_pos *pos, const char *name);

#endif
