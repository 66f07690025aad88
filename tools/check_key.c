// SPDX-License-Identifier: GPL-2.0
/* A specification of a check as a text. */
#include "check_key.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "check.h"

/* With its length, so that no text can pretend to be two. */
static void put_text(FILE *out, const char *text)
{
	if (text)
		fprintf(out, " %zu:%s", strlen(text), text);
	else
		fputs(" -", out);
}

static void put_bytes(FILE *out, const uint8_t *bytes, size_t size)
{
	fputc(' ', out);
	for (size_t i = 0; bytes && i < size; i++)
		fprintf(out, "%02x", bytes[i]);
}

static void put_url(FILE *out, const struct check_url *url)
{
	fputs(" url", out);
	put_text(out, url->path);
	put_text(out, url->virtualhost);
	if (url->has_status)
		put_bytes(out, url->status, sizeof(url->status));
	fputs(" digest", out);
	if (url->has_digest)
		put_bytes(out, url->digest, sizeof(url->digest));
	put_text(out, url->regex);
	fprintf(out, " %d %u %u %u", url->regex_no_match, url->regex_options,
		url->regex_min_offset, url->regex_max_offset);
}

static void put_kind(FILE *out, const struct check_spec *spec)
{
	const struct check_http *http = &spec->http;
	const struct check_udp *udp = &spec->udp;

	switch (spec->type) {
	case CHECK_HTTP:
		fprintf(out, " %d %d %d", http->tls, http->sni, http->version);
		put_text(out, http->sni_name);
	put_text(out, http->certificate);
	put_text(out, http->key);
	put_text(out, http->password);
		put_text(out, http->virtualhost);
		for (size_t i = 0; i < http->url_count; i++)
			put_url(out, &http->urls[i]);
		break;
	case CHECK_SMTP:
		put_text(out, spec->helo);
		break;
	case CHECK_DNS:
		fprintf(out, " %u", spec->dns.type);
		put_text(out, spec->dns.name);
		break;
	case CHECK_UDP:
		fprintf(out, " %d %d %u %u", udp->require_reply, !!udp->payload,
			udp->reply_min, udp->reply_max);
		put_bytes(out, udp->payload, udp->payload_size);
		put_bytes(out, udp->reply, udp->reply_size);
		put_bytes(out, udp->reply_mask, udp->reply_size);
		break;
	case CHECK_MISC:
		fprintf(out, " %u %u %d", spec->misc.uid, spec->misc.gid, spec->misc.dynamic);
		for (const char *const *arg = spec->misc.argv; *arg; arg++)
			put_text(out, *arg);
		break;
	case CHECK_FILE:
		fprintf(out, " %d %d", spec->file.weight, spec->file.reverse);
		put_text(out, spec->file.path);
		break;
	case CHECK_TCP:
	case CHECK_PING:
		break;
	}
}

static void put_target(FILE *out, const struct check_spec *spec)
{
	char peer[ENDPOINT_STRLEN], local[ENDPOINT_STRLEN];

	fputs(check_name(spec), out);
	if (spec->type != CHECK_MISC && spec->type != CHECK_FILE) {
		fprintf(out, " %s", endpoint_format(&spec->addr, spec->port, peer));
		if (spec->bind_addr.family || spec->bind_port)
			fprintf(out, " from %s",
				endpoint_format(&spec->bind_addr, spec->bind_port, local));
		put_text(out, spec->bind_if);
		fprintf(out, " %u", spec->fwmark);
	}
	put_kind(out, spec);
}

static void put_rules(FILE *out, const struct check_spec *spec)
{
	const struct health_rules *rules = &spec->rules;

	fprintf(out, " / %u %u %u %" PRIu64 " %" PRIu64, rules->flags, rules->steps,
		rules->retry, rules->delay_loop, rules->delay_before_retry);
	fprintf(out, " %u %u %" PRIu64 " %" PRIu64 " %" PRIu64, rules->rise, rules->fall,
		rules->inter, rules->fastinter, rules->downinter);
	fprintf(out, " %" PRIu64 " %d", spec->timeout, spec->log_all_failures);
}

static char *key(const struct check_spec *spec, bool rules)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool failed;

	if (!out)
		return NULL;
	put_target(out, spec);
	if (rules)
		put_rules(out, spec);
	failed = ferror(out);
	if (fclose(out) || failed) {
		free(text);
		return NULL;
	}
	return text;
}

char *check_key(const struct check_spec *spec)
{
	return key(spec, true);
}

char *check_key_target(const struct check_spec *spec)
{
	return key(spec, false);
}
