// SPDX-License-Identifier: GPL-2.0
/* The checkers of a real_server. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "conf_rows.h"
#include "conf_takes.h"

/* --- pages ----------------------------------------------------------------------------- */

static void take_digest(struct parser *p, const struct conf_row *row, const struct node *node,
			void *object)
{
	struct conf_url *url = object;
	uint8_t digest[sizeof(url->digest)];
	const char *word;

	(void)row;
	if (!conf_need(p, node, "32 hexadecimal digits, which halbd --digest URL prints", &word))
		return;
	conf_no_more(p, node, 2);
	if (strlen(word) != 2 * sizeof(digest) || strspn(word, "0123456789abcdefABCDEF") != strlen(word)) {
		conf_error(p, &node->pos, "digest '%s' is not an MD5 digest: that is 32 hexadecimal digits, which halbd --digest URL prints",
			   word);
		return;
	}
	for (size_t i = 0; i < sizeof(digest); i++) {
		char pair[] = { word[2 * i], word[2 * i + 1], '\0' };

		digest[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	memcpy(url->digest, digest, sizeof(digest));
	url->digest_set = true;
}

static void take_status(struct parser *p, const struct conf_row *row, const struct node *node,
			void *object)
{
	struct conf_url *url = object;

	(void)row;
	if (node->count < 2)
		conf_error(p, &node->pos, "status_code needs values: 200, 200-299, ...");
	for (size_t i = 1; i < node->count; i++) {
		unsigned long first, last;
		char *end;

		first = last = strtoul(node->words[i], &end, 10);
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (*end || first < 100 || last > 599 || first > last) {
			conf_error(p, &node->pos, "status_code '%s': it is 100 to 599, or a range such as 200-299",
				   node->words[i]);
			continue;
		}
		for (; first <= last; first++)
			url->status[(first - 100) / 64] |= 1ULL << (first - 100) % 64;
	}
}

static const struct conf_choice regex_options[] = {
	{ "allow_empty_class", PCRE2_ALLOW_EMPTY_CLASS }, { "alt_bsux", PCRE2_ALT_BSUX },
	{ "auto_callout", PCRE2_AUTO_CALLOUT }, { "caseless", PCRE2_CASELESS },
	{ "dollar_endonly", PCRE2_DOLLAR_ENDONLY }, { "dotall", PCRE2_DOTALL },
	{ "dupnames", PCRE2_DUPNAMES }, { "extended", PCRE2_EXTENDED },
	{ "firstline", PCRE2_FIRSTLINE }, { "match_unset_backref", PCRE2_MATCH_UNSET_BACKREF },
	{ "multiline", PCRE2_MULTILINE }, { "never_ucp", PCRE2_NEVER_UCP },
	{ "never_utf", PCRE2_NEVER_UTF }, { "no_auto_capture", PCRE2_NO_AUTO_CAPTURE },
	{ "no_auto_possess", PCRE2_NO_AUTO_POSSESS },
	{ "no_dotstar_anchor", PCRE2_NO_DOTSTAR_ANCHOR },
	{ "no_start_optimize", PCRE2_NO_START_OPTIMIZE }, { "ucp", PCRE2_UCP },
	{ "ungreedy", PCRE2_UNGREEDY }, { "utf", PCRE2_UTF },
	{ "never_backslash_c", PCRE2_NEVER_BACKSLASH_C },
	{ "alt_circumflex", PCRE2_ALT_CIRCUMFLEX }, { "alt_verbnames", PCRE2_ALT_VERBNAMES },
	{ "use_offset_limit", PCRE2_USE_OFFSET_LIMIT },
};

static void take_regex_options(struct parser *p, const struct conf_row *row,
			       const struct node *node, void *object)
{
	const char *names[ARRAY_SIZE(regex_options)], *near;
	struct conf_url *url = object;
	size_t i, k;

	(void)row;
	for (k = 0; k < ARRAY_SIZE(regex_options); k++)
		names[k] = regex_options[k].name;
	for (i = 1; i < node->count; i++) {
		for (k = 0; k < ARRAY_SIZE(names) && strcmp(node->words[i], names[k]); k++)
			;
		if (k < ARRAY_SIZE(names)) {
			url->regex_options |= (uint32_t)regex_options[k].value;
			continue;
		}
		near = args_nearest(node->words[i], names, ARRAY_SIZE(names));
		conf_error(p, &node->pos, "unknown regex_options '%s'%s%s%s", node->words[i],
			   near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
	}
}

/* Quotes and escapes as scripts have them, so that a regex may hold quotes; what
 * pcre2 reads itself must be escaped twice.
 */
static void take_regex(struct parser *p, const struct conf_row *row, const struct node *node,
		       void *object)
{
	struct conf_url *url = object;
	char **words;
	size_t count;

	(void)row;
	words = conf_split_quoted(p, node->raw, &count);
	if (!words || count < 2 || !*words[1]) {
		conf_error(p, &node->pos, "regex needs a regular expression, in quotes");
		return;
	}
	if (count > 2)
		conf_warn(p, &node->pos, "'%s' after regex is ignored: put quotes around the expression",
			  words[2]);
	url->regex = words[1];
}

static void check_regex(struct parser *p, const struct node *node, const struct conf_url *url)
{
	unsigned char text[128] = "";
	PCRE2_SIZE at;
	pcre2_code *code;
	int error;

	if (!url->regex)
		return;
	code = pcre2_compile((PCRE2_SPTR)url->regex, PCRE2_ZERO_TERMINATED, url->regex_options, &error,
			     &at, NULL);
	if (!code) {
		pcre2_get_error_message(error, text, sizeof(text));
		conf_error(p, &node->pos, "regex '%s' is wrong at character %zu: %s", url->regex,
			   at + 1, text);
	}
	pcre2_code_free(code);
	if (url->regex_max_offset && url->regex_max_offset < url->regex_min_offset)
		conf_error(p, &node->pos, "regex_max_offset %u is less than regex_min_offset %u: nothing would match",
			   url->regex_max_offset, url->regex_min_offset);
}

static void take_url(struct parser *p, const struct conf_row *row, const struct node *node,
		     void *object)
{
	struct check_parse *check = object;
	struct conf_url url = { .pos = node->pos };
	bool status = false;

	conf_no_more(p, node, 1);
	conf_apply(p, node, row->child, &url);
	if (!url.path) {
		conf_error(p, &node->pos, "url has no path: add path /");
		return;
	}
	check_regex(p, node, &url);
	for (size_t i = 0; i < ARRAY_SIZE(url.status); i++)
		status |= url.status[i];
	if (!status)
		for (unsigned int code = 200; code < 300; code++)
			url.status[(code - 100) / 64] |= 1ULL << (code - 100) % 64;
	if (!url.virtualhost)
		url.virtualhost = check->d.virtualhost;
	*arena_push(p->arena, check->c.urls, check->c.urls_count) = url;
}

static void take_http_protocol(struct parser *p, const struct conf_row *row,
			       const struct node *node, void *object)
{
	static const struct conf_choice choices[] = {
		{ "1.0", CONF_HTTP_1_0 }, { "1.0C", CONF_HTTP_1_0C }, { "1.1", CONF_HTTP_1_1 },
	};
	struct check_parse *check = object;
	const char *word;
	int value;

	(void)row;
	if (!conf_need(p, node, "1.0, 1.0C or 1.1", &word))
		return;
	conf_no_more(p, node, 2);
	value = conf_choose(p, node, node->words[0], word, choices, ARRAY_SIZE(choices));
	if (value >= 0)
		check->c.http_protocol = (enum conf_http)value;
}

/* --- mail, names, datagrams --------------------------------------------------------------- */

static void take_smtp_host(struct parser *p, const struct conf_row *row, const struct node *node,
			   void *object)
{
	struct conf_smtp_host host = { .pos = node->pos };
	struct check_parse *check = object;

	conf_no_more(p, node, 1);
	conf_apply(p, node, row->child, &host);
	*arena_push(p->arena, check->c.hosts, check->c.hosts_count) = host;
}

static void take_dns_type(struct parser *p, const struct conf_row *row, const struct node *node,
			  void *object)
{
	static const struct conf_choice choices[] = {
		{ "A", 1 }, { "NS", 2 }, { "CNAME", 5 }, { "SOA", 6 }, { "MX", 15 }, { "TXT", 16 },
		{ "AAAA", 28 }, { "RRSIG", 46 }, { "DNSKEY", 48 },
	};
	struct check_parse *check = object;
	const char *word;
	int type;

	(void)row;
	if (!conf_need(p, node, "a type of record, such as A", &word))
		return;
	conf_no_more(p, node, 2);
	type = conf_choose(p, node, node->words[0], word, choices, ARRAY_SIZE(choices));
	if (type >= 0)
		check->c.dns_type = (uint16_t)type;
}

static bool dns_name(const char *name)
{
	size_t len = strlen(name), label = 0;

	if (len > 253 || !strcmp(name, "."))
		return len == 1;
	for (; *name; name++) {
		if (*name == '.' && !label)
			return false;
		label = *name == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
	}
	return true;
}

static void take_dns_name(struct parser *p, const struct conf_row *row, const struct node *node,
			  void *object)
{
	struct check_parse *check = object;
	const char *word;

	(void)row;
	if (!conf_need(p, node, "a name to ask for", &word))
		return;
	conf_no_more(p, node, 2);
	if (!dns_name(word))
		conf_error(p, &node->pos, "DNS name '%s': it is 253 characters at most, and 1 to 63 between two dots",
			   word);
	else
		check->c.dns_name = node->words[1];
}

static int hex_digit(char c, bool wild, uint8_t *value, uint8_t *mask)
{
	*mask = 0xf;
	if (wild && (c == 'x' || c == 'X')) {
		*value = *mask = 0;
		return true;
	}
	if (!isxdigit((unsigned char)c))
		return false;
	*value = (uint8_t)(isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10);
	return true;
}

/* Bytes in hexadecimal, in words or not; with wild x is any digit. */
static bool hex_bytes(struct parser *p, const struct node *node, bool wild, uint8_t **bytes,
		      uint8_t **mask, size_t *len)
{
	uint8_t *value, *bits, high, low, high_mask, low_mask;
	size_t room = 1, count = 0, i;

	for (i = 1; i < node->count; i++)
		room += strlen(node->words[i]);
	value = arena_alloc(p->arena, room);
	bits = arena_alloc(p->arena, room);
	for (i = 1; i < node->count; i++) {
		const char *at = node->words[i];

		while (*at) {
			if (!hex_digit(*at++, wild, &low, &low_mask))
				return false;
			high = high_mask = 0;
			if (*at) {
				high = low;
				high_mask = low_mask;
				if (!hex_digit(*at++, wild, &low, &low_mask))
					return false;
			} else {
				high_mask = 0xf;
			}
			bits[count] = (uint8_t)(high_mask << 4 | low_mask);
			value[count++] = (uint8_t)(high << 4 | low);
		}
	}
	*bytes = value;
	*len = count;
	if (mask)
		*mask = bits;
	return count;
}

static void take_payload(struct parser *p, const struct conf_row *row, const struct node *node,
			 void *object)
{
	struct check_parse *check = object;

	(void)row;
	if (!hex_bytes(p, node, false, &check->c.payload, NULL, &check->c.payload_len)) {
		conf_error(p, &node->pos, "payload is bytes in hexadecimal: payload 48 65 6c 6c 6f");
		check->c.payload_len = 0;
	}
}

static void take_require_reply(struct parser *p, const struct conf_row *row,
			       const struct node *node, void *object)
{
	struct check_parse *check = object;

	(void)row;
	check->c.require_reply = true;
	if (node->count < 2)
		return;
	if (!hex_bytes(p, node, true, &check->c.reply, &check->c.reply_mask, &check->c.reply_len)) {
		conf_error(p, &node->pos, "require_reply is bytes in hexadecimal, x for any digit: require_reply 4f xx 4b");
		check->c.reply_len = 0;
	}
}

/* --- all of them ------------------------------------------------------------------------------ */

static const struct {
	const char *keyword;
	enum conf_check_type type;
	uint32_t retry;
	int64_t delay_before_retry_us;	/* 0: the delay_loop */
} kinds[] = {
	{ "TCP_CHECK", CONF_CHECK_TCP, 1, SEC },
	{ "HTTP_GET", CONF_CHECK_HTTP, 1, 3 * SEC },
	{ "HTTP_CHECK", CONF_CHECK_HTTP, 1, 3 * SEC },
	{ "SSL_GET", CONF_CHECK_SSL, 1, 3 * SEC },
	{ "SMTP_CHECK", CONF_CHECK_SMTP, 1, SEC },
	{ "DNS_CHECK", CONF_CHECK_DNS, 3, 0 },
	{ "UDP_CHECK", CONF_CHECK_UDP, 1, SEC },
	{ "PING_CHECK", CONF_CHECK_PING, 1, SEC },
	{ "MISC_CHECK", CONF_CHECK_MISC, 0, 0 },
	{ "FILE_CHECK", CONF_CHECK_FILE, 0, 0 },
};

/* Defaults, and what the server and the service say. */
static void settle(struct check_parse *check, size_t kind, const struct conf_real_server *server)
{
	const struct check_defaults *d = &check->d;
	struct conf_check *c = &check->c;

	c->connect_timeout_us = d->connect_timeout_us;
	c->delay_loop_us = d->delay_loop_us;
	c->warmup_us = d->warmup_us >= 0 ? d->warmup_us : d->delay_loop_us;
	c->retry = d->retry != UINT32_MAX ? d->retry : kinds[kind].retry;
	c->delay_before_retry_us = d->delay_before_retry_us >= 0 ? d->delay_before_retry_us :
				   kinds[kind].delay_before_retry_us ?
				   kinds[kind].delay_before_retry_us : d->delay_loop_us;
	c->alpha = d->alpha;
	c->log_all_failures = d->log_all_failures;
	c->haproxy = d->inter_us >= 0 || d->fastinter_us >= 0 || d->downinter_us >= 0 ||
		     d->rise != UINT32_MAX || d->fall != UINT32_MAX;
	c->inter_us = d->inter_us >= 0 ? d->inter_us : d->delay_loop_us;
	c->fastinter_us = d->fastinter_us >= 0 ? d->fastinter_us : c->inter_us;
	c->downinter_us = d->downinter_us >= 0 ? d->downinter_us : c->inter_us;
	c->rise = d->rise != UINT32_MAX ? d->rise : 2;
	c->fall = d->fall != UINT32_MAX ? d->fall : 3;
	if (!c->connect_ip.family)
		c->connect_ip = server->addr;
	if (!c->connect_port)
		c->connect_port = server->port;
	if (!c->misc_timeout_us)
		c->misc_timeout_us = c->delay_loop_us;
}

static void need_interface(struct parser *p, const struct conf_pos *pos, const char *what,
			   const struct halb_addr *ip, const char *bind_if)
{
	if (ip->family == AF_INET6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80 &&
	    !bind_if)
		conf_error(p, pos, "%s of a link-local address needs an interface: add bind_if",
			   what);
}

static void settle_hosts(struct parser *p, struct conf_check *c)
{
	if (!c->hosts_count)
		arena_push(p->arena, c->hosts, c->hosts_count)->pos = c->pos;
	for (size_t i = 0; i < c->hosts_count; i++) {
		struct conf_smtp_host *host = &c->hosts[i];

		if (!host->ip.family)
			host->ip = c->connect_ip;
		if (!host->port)
			host->port = c->connect_port ? c->connect_port : 25;
		if (!host->bindto.family)
			host->bindto = c->bindto;
		if (!host->bind_port)
			host->bind_port = c->bind_port;
		if (!host->bind_if)
			host->bind_if = c->bind_if;
		if (!host->fwmark)
			host->fwmark = c->fwmark;
		if (!host->connect_timeout_us)
			host->connect_timeout_us = c->connect_timeout_us;
		need_interface(p, &host->pos, c->name, &host->ip, host->bind_if);
	}
}

/* What it cannot do without. */
static bool complete(struct parser *p, const struct node *node, struct check_parse *check)
{
	struct conf_check *c = &check->c;
	const char *lacks = NULL;

	if ((c->type == CONF_CHECK_HTTP || c->type == CONF_CHECK_SSL) && !c->urls_count)
		lacks = "url: it would check nothing; add url { path / }";
	else if (c->type == CONF_CHECK_MISC && !c->script.argv)
		lacks = "script: add misc_path \"PROGRAM ARGUMENTS\"";
	else if (c->type == CONF_CHECK_FILE && !c->track_file)
		lacks = "file: add track_file NAME";
	if (lacks) {
		conf_error(p, &node->pos, "%s has no %s", node->words[0], lacks);
		return false;
	}
	if (c->bindto.family && c->bindto.family != c->connect_ip.family && c->connect_ip.family) {
		conf_error(p, &node->pos, "%s: bindto and connect_ip must both be IPv4 or both IPv6: bindto is ignored",
			   node->words[0]);
		memset(&c->bindto, 0, sizeof(c->bindto));
	}
	/* SMTP_CHECK's hosts are settled later. */
	if (c->type != CONF_CHECK_SMTP)
		need_interface(p, &node->pos, c->name, &c->connect_ip, c->bind_if);
	if (c->min_reply_length > c->max_reply_length)
		conf_error(p, &node->pos, "min_reply_length %u is more than max_reply_length %u: the check would always fail",
			   c->min_reply_length, c->max_reply_length);
	return true;
}

void conf_take_check(struct parser *p, const struct conf_row *row, const struct node *node,
		     void *object)
{
	struct rs_parse *rs = object;
	struct check_parse check = {
		.c.pos = node->pos, .c.name = node->words[0], .c.weight = 1,
		.c.dns_type = 6, .c.dns_name = (char *)".", .c.max_reply_length = 255,
		.c.helo_name = (char *)"smtpchecker.keepalived.org", .d = rs->d,
	};
	size_t kind;

	for (kind = 0; kind < ARRAY_SIZE(kinds) - 1; kind++)
		if (!strcmp(kinds[kind].keyword, row->keyword))
			break;
	check.c.type = kinds[kind].type;
	conf_no_more(p, node, 1);
	check.c.misc_timeout_us = 0;
	conf_apply(p, node, row->child, &check);
	if (!strcmp(row->keyword, "HTTP_CHECK"))
		conf_warn(p, &node->pos, "HTTP_CHECK is taken as HTTP_GET, which is its name in keepalived");
	settle(&check, kind, &rs->r);
	if (!complete(p, node, &check))
		return;
	if (check.c.type == CONF_CHECK_SMTP)
		settle_hosts(p, &check.c);
	*arena_push(p->arena, rs->r.checks, rs->r.checks_count) = check.c;
}

/* --- rows --------------------------------------------------------------------------------------- */

#define CHECK	"net/checks.t"

#define OBJ struct conf_url
static const struct conf_row url_rows[] = {
	STRING("path", path, "what is asked for", CHECK),
	ROW("digest", take_digest, ROW_TEXT, digest, 0, 0, 0, "MD5 digest of the page: halbd --digest=http://ADDRESS:PORT/PATH prints it, as genhash does", CHECK),
	OWN("status_code", take_status, 0, "good codes", CHECK),
	STRING("virtualhost", virtualhost, "name of the host", CHECK),
	ROW("regex", take_regex, ROW_TEXT, regex, 0, 0, 0, "what the page must hold", CHECK),
	FLAG("regex_no_match", regex_no_match, "what the page must not hold", CHECK),
	OWN("regex_options", take_regex_options, 0, "options of the regex", CHECK),
	U32("regex_min_offset", regex_min_offset, 0, INT32_MAX, "byte of the page where matching begins", CHECK),
	U32("regex_max_offset", regex_max_offset, 0, INT32_MAX, "byte where matches begin at most", CHECK),
	NONE("regex_stack", "a regex takes the memory that it needs"),
	NONE("tls_compliant", "an end without TLS's close is taken as an end"),
};
#undef OBJ

#define OBJ struct conf_smtp_host
static const struct conf_row smtp_host_rows[] = {
	ADDR("connect_ip", ip, "address to check", CHECK),
	U16("connect_port", port, 1, 65535, "port to check", CHECK),
	ADDR("bindto", bindto, "address that checks come from", CHECK),
	U16("bind_port", bind_port, 1, 65535, "port that checks come from", CHECK),
	IFNAME("bind_if", bind_if, "interface that checks leave by", CHECK),
	TIME("connect_timeout", connect_timeout_us, 1, YEAR, "how long it may take to answer", CHECK),
	U32("fwmark", fwmark, 0, UINT32_MAX, "mark of its packets", CHECK),
};
#undef OBJ

#define OBJ struct check_parse

/* of every checker */
static const struct conf_row check_rows[] = {
	U32("retry", d.retry, 0, INT32_MAX, "further tries before the server is down", CHECK),
	{ .keyword = "nb_get_retry", .take = take_u32, .flags = ROW_DEPRECATED, .min = 0, .max = INT32_MAX,
	  .offset = offsetof(OBJ, d.retry), .instead = "retry",
	  .effect = "further tries before the server is down", .test = CHECK },
	TIME("delay_before_retry", d.delay_before_retry_us, 0, YEAR, "time before such a try", CHECK),
	TIME("warmup", d.warmup_us, 0, YEAR, "the first check comes within this time", CHECK),
	TIME("delay_loop", d.delay_loop_us, 1, YEAR, "time between checks", CHECK),
	BOOL("alpha", d.alpha, "the server begins as down", CHECK),
	BOOL("log_all_failures", d.log_all_failures, "each failed check is logged, not only the last", CHECK),
	{ .keyword = "inter", .take = take_haproxy_time, .flags = ROW_OURS, .min = 1000, .max = YEAR,
	  .offset = offsetof(OBJ, d.inter_us), .effect = "as HAProxy: time between checks", .test = CHECK },
	{ .keyword = "fastinter", .take = take_haproxy_time, .flags = ROW_OURS, .min = 1000, .max = YEAR,
	  .offset = offsetof(OBJ, d.fastinter_us), .effect = "as HAProxy: time between checks in doubt",
	  .test = CHECK },
	{ .keyword = "downinter", .take = take_haproxy_time, .flags = ROW_OURS, .min = 1000, .max = YEAR,
	  .offset = offsetof(OBJ, d.downinter_us),
	  .effect = "as HAProxy: time between checks of a server that is down", .test = CHECK },
	{ .keyword = "rise", .take = take_u32, .flags = ROW_OURS, .min = 1, .max = INT32_MAX,
	  .offset = offsetof(OBJ, d.rise), .effect = "as HAProxy: good checks until a server is up", .test = CHECK },
	{ .keyword = "fall", .take = take_u32, .flags = ROW_OURS, .min = 1, .max = INT32_MAX,
	  .offset = offsetof(OBJ, d.fall), .effect = "as HAProxy: bad checks until a server is down", .test = CHECK },
};

/* of those that connect */
static const struct conf_row connection_rows[] = {
	ADDR("connect_ip", c.connect_ip, "address to check", CHECK),
	U16("connect_port", c.connect_port, 1, 65535, "port to check", CHECK),
	ADDR("bindto", c.bindto, "address that checks come from", CHECK),
	U16("bind_port", c.bind_port, 1, 65535, "port that checks come from", CHECK),
	IFNAME("bind_if", c.bind_if, "interface that checks leave by", CHECK),
	TIME("connect_timeout", d.connect_timeout_us, 1, YEAR, "how long the server may take to answer", CHECK),
	U32("fwmark", c.fwmark, 0, UINT32_MAX, "mark of its packets", CHECK),
};

static const struct conf_row http_rows[] = {
	BLOCK("url", take_url, ROW_REPEAT | ROW_LATE, "url", "a page", CHECK),
	STRING("virtualhost", d.virtualhost, "name of the host", CHECK),
	OWN("http_protocol", take_http_protocol, 0, "1.0, 1.0C or 1.1", CHECK),
	BOOL("enable_sni", c.enable_sni, "TLS names the host", CHECK),
	STRING("sni_name", c.sni_name, "name that TLS names, if not that of the host", CHECK),
	BOOL("fast_recovery", c.fast_recovery, "one good page is enough to be up again", CHECK),
	NONE("tls_compliant", "an end without TLS's close is taken as an end"),
};

static const struct conf_row smtp_rows[] = {
	STRING("helo_name", c.helo_name, "name that is said", CHECK),
	BLOCK("host", take_smtp_host, ROW_REPEAT, "host", "another address to check", CHECK),
};

static const struct conf_row dns_rows[] = {
	OWN("type", take_dns_type, 0, "type of record", CHECK),
	OWN("name", take_dns_name, 0, "name that is asked for", CHECK),
};

static const struct conf_row udp_rows[] = {
	OWN("payload", take_payload, 0, "what is sent, in hexadecimal", CHECK),
	OWN("require_reply", take_require_reply, 0, "an answer must come", CHECK),
	U32("min_reply_length", c.min_reply_length, 0, 65535, "bytes of the answer at least", CHECK),
	U32("max_reply_length", c.max_reply_length, 0, 65535, "bytes of the answer at most", CHECK),
};

static const struct conf_row misc_rows[] = {
	SCRIPT1("misc_path", c.script, "what is run", CHECK),
	TIME("misc_timeout", c.misc_timeout_us, 1, YEAR, "how long it may take", CHECK),
	FLAG("misc_dynamic", c.misc_dynamic, "its exit code is a weight", CHECK),
	ROW("user", conf_take_user, ROW_LATE, c.script, 0, 0, 0, "who runs it", CHECK),
};

static const struct conf_row file_rows[] = {
	STRING("track_file", c.track_file, "name of a track_file", CHECK),
	ROW("weight", conf_take_weight, 0, c.weight, 0, 0, 65535, "times the number, to the weight", CHECK),
};
#undef OBJ

#define TABLE(rows) rows, ARRAY_SIZE(rows)

const struct conf_block conf_blocks_check[] = {
	{ "url", NULL, TABLE(url_rows), sizeof(struct conf_url) },
	{ "TCP_CHECK", "connection", NULL, 0, sizeof(struct check_parse) },
	{ "HTTP_GET", "connection", TABLE(http_rows), sizeof(struct check_parse) },
	{ "HTTP_CHECK", "connection", TABLE(http_rows), sizeof(struct check_parse) },
	{ "SSL_GET", "connection", TABLE(http_rows), sizeof(struct check_parse) },
	{ "SMTP_CHECK", "connection", TABLE(smtp_rows), sizeof(struct check_parse) },
	{ "host", NULL, TABLE(smtp_host_rows), sizeof(struct conf_smtp_host) },
	{ "DNS_CHECK", "connection", TABLE(dns_rows), sizeof(struct check_parse) },
	{ "UDP_CHECK", "connection", TABLE(udp_rows), sizeof(struct check_parse) },
	{ "PING_CHECK", "connection", NULL, 0, sizeof(struct check_parse) },
	{ "MISC_CHECK", "check", TABLE(misc_rows), sizeof(struct check_parse) },
	{ "FILE_CHECK", "check", TABLE(file_rows), sizeof(struct check_parse) },
	/* parts of the checkers' blocks */
	{ "connection", "check", TABLE(connection_rows), sizeof(struct check_parse) },
	{ "check", NULL, TABLE(check_rows), sizeof(struct check_parse) },
};
const size_t conf_blocks_check_count = ARRAY_SIZE(conf_blocks_check);
