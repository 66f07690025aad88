// SPDX-License-Identifier: GPL-2.0
/*
 * Files to lines, lines to statements.
 *
 * A statement is the words up to a brace or the end of the line, and { opens a
 * block of the statement before it: so where braces stand in lines does not
 * matter, and what a keyword is does not matter either.
 */
#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_priv.h"

#define BLANKS		" \t\v\f\r"
#define INCLUDE_DEPTH	32
/* Far above what people have, far below what would hurt. */
#define FILE_SIZE_MAX	(256u << 20)

/* --- comments ------------------------------------------------------------------- */

static bool blank(char c)
{
	return c && strchr(BLANKS, c);
}

/* Is the word that a // or a slash-star would begin the first value of a keyword
 * that may have such a value? `words` words came before, the first at `first`.
 */
static bool is_value(const char *first, unsigned int words)
{
	char word[64];
	size_t len;

	if (words != 1)
		return false;
	len = strcspn(first, BLANKS);
	if (len >= sizeof(word))
		return false;
	memcpy(word, first, len);
	word[len] = '\0';
	return conf_takes_text(word);
}

/* Past the end of the comment that is open, or to the end of the line. */
static char *skip_comment(struct lexer *lexer, char *in)
{
	char *end = strstr(in, "*/");

	if (!end)
		return in + strlen(in);
	lexer->comment.line = 0;
	return end + 2;
}

void lex_decomment(struct lexer *lexer, char *text)
{
	char *in = text, *out = text, *first = text;
	bool quote = false, begins = true;	/* a word begins here */
	unsigned int words = 0;

	while (*in) {
		if (lexer->comment.line) {
			in = skip_comment(lexer, in);
			continue;
		}
		if (quote) {
			if (*in == '"')
				quote = false;
			else if (*in == '\\' && in[1])
				*out++ = *in++;
			*out++ = *in++;
			continue;
		}
		if (*in == '\\' && (in[1] == '#' || in[1] == '!'))
			in++;
		else if (*in == '#' || *in == '!')
			break;
		else if (begins && in[0] == '/' && in[1] == '/' && !is_value(first, words))
			break;
		else if (begins && in[0] == '/' && in[1] == '*' && !is_value(first, words)) {
			lexer->comment = lexer->pos;
			in += 2;
			continue;
		}
		if (*in == '"')
			quote = true;
		if (*in == '{' || *in == '}') {
			words = 0;
			begins = true;
		} else if (blank(*in)) {
			begins = true;
		} else if (begins) {
			begins = false;
			/* A condition stands before the keyword. */
			if (words == 0)
				first = out;
			if (!(words == 0 && *in == '@'))
				words++;
		}
		/* What follows a backslash is not looked at. */
		if (*in == '\\' && in[1])
			*out++ = *in++;
		*out++ = *in++;
	}
	while (out > text && blank(out[-1]))
		out--;
	*out = '\0';
	if (quote)
		conf_error(lexer->p, &lexer->pos, "a quote is not closed: a string ends with \" on the line where it begins");
}

/* --- statements ------------------------------------------------------------------------- */

static void open_block(struct lexer *lexer)
{
	struct node *node = lexer->parent->last;

	if (!node || node->block) {
		conf_error(lexer->p, &lexer->pos, "'{' has no keyword before it: the block is ignored");
		node = arena_alloc(lexer->p->arena, sizeof(*node));
		node->pos = lexer->pos;
		node->parent = lexer->parent;
		/* Not linked in: nobody sees what is inside. */
	}
	node->block = true;
	lexer->parent = node;
}

static void close_block(struct lexer *lexer)
{
	if (!lexer->parent->parent) {
		conf_error(lexer->p, &lexer->pos, "'}' closes nothing: remove it, or look for a missing '{' above");
		return;
	}
	lexer->parent = lexer->parent->parent;
}

static void add_statement(struct lexer *lexer, const char *text, size_t len)
{
	struct arena *arena = lexer->p->arena;
	const char *at, *end = text + len;
	struct node *node;

	node = arena_alloc(arena, sizeof(*node));
	node->pos = lexer->pos;
	node->raw = arena_strndup(arena, text, len);
	node->parent = lexer->parent;
	for (at = text; at < end;) {
		bool quoted = *at == '"';
		const char *begin = at;

		if (blank(*at)) {
			at++;
			continue;
		}
		if (quoted) {
			begin = ++at;
			while (at < end && *at != '"')
				at++;
		} else {
			while (at < end && !blank(*at) && *at != '"')
				at++;
		}
		*arena_push(arena, node->words, node->count) =
			arena_strndup(arena, begin, (size_t)(at - begin));
		if (quoted && at < end)
			at++;
	}
	if (!node->count)
		return;
	if (lexer->parent->last)
		lexer->parent->last->next = node;
	else
		lexer->parent->children = node;
	lexer->parent->last = node;
}

static bool include_line(struct lexer *lexer, const char *text);

void lex_statement(struct lexer *lexer, const char *text)
{
	if (include_line(lexer, text))
		return;
	while (*text) {
		const char *at = text;

		while (*at && *at != '{' && *at != '}') {
			if (*at == '"') {
				const char *end = strchr(at + 1, '"');

				at = end ? end : at + strlen(at) - 1;
			}
			at++;
		}
		add_statement(lexer, text, (size_t)(at - text));
		if (*at == '{')
			open_block(lexer);
		else if (*at == '}')
			close_block(lexer);
		else
			break;
		text = at + 1;
	}
}

char **conf_split_quoted(struct parser *p, const char *text, size_t *count)
{
	char *word = arena_alloc(p->arena, strlen(text) + 1), quote = 0;
	char **words = NULL;
	size_t n = 0, len = 0;
	bool inside = false;

	for (;; text++) {
		char c = *text;

		if (!c || (!quote && blank(c))) {
			if (inside)
				*arena_push(p->arena, words, n) = arena_strndup(p->arena, word, len);
			inside = false;
			len = 0;
			if (!c)
				break;
			continue;
		}
		inside = true;
		if (quote && c == quote) {
			quote = 0;
		} else if (!quote && (c == '"' || c == '\'')) {
			quote = c;
		} else if (c == '\\' && text[1]) {
			static const char from[] = "abEfnrtv", to[] = "\a\b\033\f\n\r\t\v";
			const char *known = strchr(from, *++text);

			if (*text == 'x' && strspn(text + 1, "0123456789abcdefABCDEF")) {
				unsigned long value = 0;
				char digit[2] = "";

				while (strspn(text + 1, "0123456789abcdefABCDEF")) {
					digit[0] = *++text;
					value = value << 4 | strtoul(digit, NULL, 16);
				}
				word[len++] = (char)value;
			} else if (*text == 'c' && text[1]) {
				word[len++] = *++text & 0x1f;
			} else if (*text >= '0' && *text <= '7') {
				int value = *text - '0';

				for (int i = 0; i < 2 && text[1] >= '0' && text[1] <= '7'; i++)
					value = value << 3 | (*++text - '0');
				word[len++] = (char)value;
			} else {
				word[len++] = known ? to[known - from] : *text;
			}
			/* A NUL would end the argument where nobody expects it. */
			if (!word[len - 1])
				word[len - 1] = '?';
		} else {
			word[len++] = c;
		}
	}
	if (quote)
		return NULL;
	*count = n;
	words = arena_grow(p->arena, words, n, sizeof(*words));
	words[n] = NULL;
	return words;
}

/* --- files ---------------------------------------------------------------------------------- */

static char *read_text(const char *path, size_t *size)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0, got;
	struct stat st;

	if (!file)
		return NULL;
	if (fstat(fileno(file), &st) || S_ISDIR(st.st_mode)) {
		fclose(file);
		errno = EISDIR;
		return NULL;
	}
	*size = 0;
	do {
		if (room - *size < 2) {
			room = room ? 2 * room : 65536;
			text = realloc(text, room);
			if (!text)
				abort();
		}
		got = fread(text + *size, 1, room - *size - 1, file);
		*size += got;
	} while (got && *size < FILE_SIZE_MAX);
	if (ferror(file) || got) {
		int error = got ? EFBIG : errno;

		free(text);
		fclose(file);
		errno = error;
		return NULL;
	}
	fclose(file);
	text[*size] = '\0';
	return text;
}

static void read_line(struct lexer *lexer, char *line, size_t len)
{
	if (memchr(line, '\0', len)) {
		conf_error(lexer->p, &lexer->pos, "a NUL byte: this is not a text file; the rest of the line is ignored");
		len = strlen(line);
	}
	if (len && line[len - 1] == '\r')
		line[len - 1] = '\0';
	lex_decomment(lexer, line);
	if (lexer->continued)
		expand_continue(lexer, line);
	else
		expand_line(lexer, line, 0);
}

static void read_lines(struct lexer *lexer, char *text, size_t size)
{
	char *line = text, *end = text + size;

	if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		line += 3;
	while (line < end && !lexer->stopped) {
		char *next = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((next ? next : end) - line);

		line[len] = '\0';
		lexer->pos.line++;
		read_line(lexer, line, len);
		line += len + 1;
	}
}

/* What opens in a file closes in it. */
static void end_file(struct lexer *lexer, struct node *parent)
{
	if (lexer->comment.line)
		conf_error(lexer->p, &lexer->comment, "the comment that begins here is never closed: everything after it is missing; add */");
	lexer->comment.line = 0;
	lexer->continued = NULL;
	for (; lexer->parent != parent && lexer->parent->parent; lexer->parent = lexer->parent->parent)
		conf_error(lexer->p, &lexer->parent->pos, "the block of %s is never closed: a '}' is missing",
			   lexer->parent->count ? lexer->parent->words[0] : "'{'");
}

static bool read_file(struct lexer *lexer, const char *path)
{
	struct conf *conf = lexer->p->conf;
	struct arena *arena = lexer->p->arena;
	struct lexer outer = *lexer;
	char *text, *name, *copy;
	size_t size;

	text = read_text(path, &size);
	if (!text)
		return false;
	name = arena_strdup(arena, path);
	*arena_push(arena, conf->files, conf->files_count) = name;
	lexer->pos = (struct conf_pos){ name, 0 };
	copy = arena_strdup(arena, path);
	lexer->dir = dirname(copy);
	lexer->depth++;
	read_lines(lexer, text, size);
	free(text);
	end_file(lexer, outer.parent);
	lexer->pos = outer.pos;
	lexer->dir = outer.dir;
	lexer->depth = outer.depth;
	return true;
}

/* include and its kinds: r must be readable, m must match, w a wildcard must match too,
 * b { } must match; a is all of them.
 */
static void include_files(struct lexer *lexer, const char *pattern, char kind)
{
	bool readable = kind && strchr("rmwba", kind), match = kind && strchr("mwa", kind);
	struct parser *p = lexer->p;
	glob_t found = { 0 };
	char *full;
	int error;

	if (lexer->depth >= INCLUDE_DEPTH) {
		conf_error(p, &lexer->pos, "%s is %d includes deep: does a file include itself?",
			   pattern, INCLUDE_DEPTH);
		return;
	}
	/* Relative to the file that includes, as keepalived does by changing directory. */
	full = *pattern == '/' ? arena_strdup(p->arena, pattern) :
	       arena_printf(p->arena, "%s/%s", lexer->dir, pattern);
	error = glob(full, GLOB_MARK | GLOB_BRACE, NULL, &found);
	if (error || !found.gl_pathc) {
		if (match || (readable && !strpbrk(pattern, "*?[")))
			conf_say(p, CONF_FATAL, &lexer->pos, "%s: no such file to include", pattern);
		else if (!strpbrk(pattern, "*?[{"))
			conf_error(p, &lexer->pos, "%s: no such file to include", pattern);
		globfree(&found);
		return;
	}
	for (size_t i = 0; i < found.gl_pathc && !lexer->stopped; i++) {
		const char *path = found.gl_pathv[i];

		if (*path && path[strlen(path) - 1] == '/')
			continue;
		if (!read_file(lexer, path))
			conf_say(p, readable ? CONF_FATAL : CONF_ERROR, &lexer->pos,
				 "%s cannot be read: %s", path, strerror(errno));
	}
	globfree(&found);
}

static bool include_line(struct lexer *lexer, const char *text)
{
	char kind = '\0', *pattern;
	size_t len;

	if (strncmp(text, "include", 7))
		return false;
	text += 7;
	if (*text && strchr("rmwba", *text))
		kind = *text++;
	if (*text && !blank(*text))
		return false;
	text += strspn(text, BLANKS);
	if (*text == '"')
		text++;
	len = strlen(text);
	if (len && text[len - 1] == '"')
		len--;
	if (!len) {
		conf_error(lexer->p, &lexer->pos, "include needs the name of a file");
		return true;
	}
	pattern = arena_strndup(lexer->p->arena, text, len);
	include_files(lexer, pattern, kind);
	return true;
}

void conf_read(struct parser *p, const char *path)
{
	struct lexer lexer = { .p = p };

	p->root = arena_alloc(p->arena, sizeof(*p->root));
	lexer.parent = p->root;
	if (!read_file(&lexer, path)) {
		struct conf_pos pos = { path, 0 };

		conf_say(p, CONF_FATAL, &pos, "cannot be read: %s", strerror(errno));
	}
}
