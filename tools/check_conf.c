// SPDX-License-Identifier: GPL-2.0
/* Checks of the configuration, as the engine takes them. */
#include "check_conf.h"

#include <stdio.h>
#include <string.h>

static const enum check_type types[] = {
	[CONF_CHECK_TCP]	= CHECK_TCP,
	[CONF_CHECK_HTTP]	= CHECK_HTTP,
	[CONF_CHECK_SSL]	= CHECK_HTTP,
	[CONF_CHECK_SMTP]	= CHECK_SMTP,
	[CONF_CHECK_DNS]	= CHECK_DNS,
	[CONF_CHECK_UDP]	= CHECK_UDP,
	[CONF_CHECK_PING]	= CHECK_PING,
	[CONF_CHECK_MISC]	= CHECK_MISC,
	[CONF_CHECK_FILE]	= CHECK_FILE,
};

size_t check_conf_count(const struct conf_check *check)
{
	return check->type == CONF_CHECK_SMTP ? check->hosts_count : 1;
}

static void set_rules(const struct conf_check *check, struct check_spec *spec)
{
	struct health_rules *rules = &spec->rules;

	rules->flags = check_habits(spec->type);
	if (check->alpha)
		rules->flags |= HEALTH_ALPHA;
	if (check->fast_recovery)
		rules->flags |= HEALTH_FAST_RECOVERY;
	if (check->haproxy)
		rules->flags |= HEALTH_COUNTERS;
	/* A file is known from the beginning; it is read again when it changes. */
	if (spec->type == CHECK_FILE)
		rules->flags &= ~HEALTH_ALPHA;
	rules->retry = spec->type == CHECK_FILE ? 0 : check->retry;
	rules->delay_loop = check->delay_loop_us;
	rules->delay_before_retry = check->delay_before_retry_us;
	rules->rise = check->rise;
	rules->fall = check->fall;
	rules->inter = check->inter_us;
	rules->fastinter = check->fastinter_us;
	rules->downinter = check->downinter_us;
}

static void set_url(const struct conf_url *from, struct check_url *url)
{
	bool any = false;

	*url = (struct check_url){
		.path = from->path,
		.virtualhost = from->virtualhost,
		.has_status = true,
		.has_digest = from->digest_set,
		.regex = from->regex,
		.regex_no_match = from->regex_no_match,
		.regex_options = from->regex_options,
		.regex_min_offset = from->regex_min_offset,
		/* The last one allowed, there. */
		.regex_max_offset = from->regex_max_offset ? from->regex_max_offset + 1 : 0,
	};
	memcpy(url->digest, from->digest, sizeof(url->digest));
	for (int i = 0; i <= CHECK_STATUS_MAX - CHECK_STATUS_MIN; i++) {
		if (!(from->status[i / 64] >> i % 64 & 1))
			continue;
		url->status[i / 8] |= 1 << i % 8;
		any = true;
	}
	if (!any)
		memset(url->status, 0xff, sizeof(url->status));
}

static void set_http(const struct conf *conf, const struct conf_check *check,
		     struct check_url *urls, struct check_spec *spec)
{
	static const enum check_http_version versions[] = {
		[CONF_HTTP_1_0]		= CHECK_HTTP_1_0,
		[CONF_HTTP_1_0C]	= CHECK_HTTP_1_0_CLOSE,
		[CONF_HTTP_1_1]		= CHECK_HTTP_1_1,
	};

	for (size_t i = 0; i < check->urls_count; i++)
		set_url(&check->urls[i], &urls[i]);
	spec->rules.steps = check->urls_count;
	spec->http = (struct check_http){
		.tls = check->type == CONF_CHECK_SSL,
		.sni = check->enable_sni,
		.sni_name = check->sni_name,
		.version = versions[check->http_protocol],
		.urls = urls,
		.url_count = check->urls_count,
	};
	if (!spec->http.tls)
		return;
	spec->http.certificate = conf->ssl_certificate;
	spec->http.key = conf->ssl_key;
	spec->http.password = conf->ssl_password;
}

static void set_misc(const struct conf_check *check, struct check_spec *spec)
{
	/* Its time is all of its run, not each step's. */
	spec->timeout = check->misc_timeout_us;
	spec->misc = (struct check_misc){
		.argv = (const char *const *)check->script.argv,
		.uid = check->script.uid,
		.gid = check->script.gid,
		.dynamic = check->misc_dynamic,
	};
}

static void set_host(const struct conf_smtp_host *host, struct check_spec *spec)
{
	spec->addr = host->ip;
	spec->port = host->port;
	spec->bind_addr = host->bindto;
	spec->bind_port = host->bind_port;
	spec->fwmark = host->fwmark;
	spec->timeout = host->connect_timeout_us;
	snprintf(spec->bind_if, sizeof(spec->bind_if), "%s", host->bind_if ? host->bind_if : "");
}

void check_conf_spec(const struct conf *conf, const struct conf_check *check, size_t n,
		     struct check_url *urls, struct check_spec *spec)
{
	const struct conf_track_file *file;

	*spec = (struct check_spec){
		.type = types[check->type],
		.timeout = check->connect_timeout_us,
		.warmup = check->warmup_us,
		.log_all_failures = check->log_all_failures ||
				    conf->global.checker_log_all_failures,
		.addr = check->connect_ip,
		.port = check->connect_port,
		.bind_addr = check->bindto,
		.bind_port = check->bind_port,
		.fwmark = check->fwmark,
	};
	snprintf(spec->bind_if, sizeof(spec->bind_if), "%s",
		 check->bind_if ? check->bind_if : "");
	set_rules(check, spec);
	switch (spec->type) {
	case CHECK_HTTP:
		set_http(conf, check, urls, spec);
		break;
	case CHECK_SMTP:
		spec->helo = check->helo_name;
		set_host(&check->hosts[n], spec);
		break;
	case CHECK_DNS:
		spec->dns.type = check->dns_type;
		spec->dns.name = check->dns_name;
		break;
	case CHECK_UDP:
		spec->udp = (struct check_udp){
			.payload = check->payload,
			.payload_size = check->payload_len,
			.require_reply = check->require_reply,
			.reply = check->reply,
			.reply_mask = check->reply_mask,
			.reply_size = check->reply_len,
			.reply_min = check->min_reply_length,
			.reply_max = check->max_reply_length,
		};
		break;
	case CHECK_MISC:
		set_misc(check, spec);
		break;
	case CHECK_FILE:
		file = conf_find_track_file(conf, check->track_file);
		spec->warmup = 0;
		spec->file = (struct check_file){
			.path = file ? file->file : check->track_file,
			.weight = check->weight,
			.reverse = check->weight_reverse,
		};
		break;
	case CHECK_TCP:
	case CHECK_PING:
		break;
	}
}
