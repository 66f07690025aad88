// SPDX-License-Identifier: GPL-2.0
/*
 * HTTP_GET and SSL_GET: the status, the digest of the body, a regular expression.
 * A run is one url; check_health walks through them.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "addr.h"
#include "check_http.h"
#include "check_probe.h"
#include "check_socket.h"
#include "curl_loop.h"

/* What a regular expression looks at: this much of a body. */
#define BODY_MAX	(1 << 20)
/* All of a run may take so many timeouts, however busy the server makes itself. */
#define LIMIT		10

struct http_probe {
	struct probe probe;
	struct curl_done done;
	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	struct event *timer;		/* nothing happens any more */
	bool connected;
	EVP_MD_CTX *md5;
	char *body;
	size_t body_size;
	const char *what;		/* could not be set */
	char error[CURL_ERROR_SIZE];
};

/* Asked for each time: the specification may be replaced by an equal one. */
static const struct check_url *url_of(const struct http_probe *http)
{
	return &http->probe.spec->http.urls[http->probe.step];
}

/* The regular expressions of a check, one for each url. */
struct http_regexes {
	size_t count;
	struct http_regex {
		pcre2_code *code;
	} of[];
};

static void *http_attach(struct check *check, const struct check_spec *spec,
			 struct event_base *base)
{
	size_t count = spec->http.url_count;
	struct http_regexes *regexes;

	(void)check;
	(void)base;
	regexes = calloc(1, sizeof(*regexes) + count * sizeof(regexes->of[0]));
	if (!regexes)
		return NULL;
	regexes->count = count;
	for (size_t i = 0; i < count; i++) {
		const struct check_url *url = &spec->http.urls[i];
		size_t offset;
		int err;

		if (url->regex)
			regexes->of[i].code = pcre2_compile((PCRE2_SPTR)url->regex,
							 PCRE2_ZERO_TERMINATED,
							 url->regex_options, &err, &offset,
							 NULL);
	}
	return regexes;
}

static void http_detach(void *attached)
{
	struct http_regexes *regexes = attached;

	for (size_t i = 0; i < regexes->count; i++)
		pcre2_code_free(regexes->of[i].code);
	free(regexes);
}

static void http_cancel(struct probe *probe)
{
	struct http_probe *http = (struct http_probe *)probe;

	if (http->timer)
		event_free(http->timer);
	if (http->easy) {
		curl_loop_remove(probe_curl(probe), http->easy);
		curl_easy_cleanup(http->easy);
	}
	curl_slist_free_all(http->headers);
	curl_slist_free_all(http->connect_to);
	EVP_MD_CTX_free(http->md5);
	free(http->body);
}

static void fail(struct http_probe *http, const char *reason)
{
	http_cancel(&http->probe);
	probe_end(&http->probe, false, "%s", reason);
}

/* --- what the answer is worth -------------------------------------------------- */

static bool status_is_good(const struct check_url *url, long status)
{
	if (status < CHECK_STATUS_MIN || status > CHECK_STATUS_MAX)
		return false;
	if (!url->has_status)
		return status >= 200 && status <= 299;
	status -= CHECK_STATUS_MIN;
	return url->status[status / 8] & 1 << status % 8;
}

static bool digest_is_good(struct http_probe *http)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int size;

	return EVP_DigestFinal_ex(http->md5, digest, &size) && size == CHECK_DIGEST_SIZE &&
	       !memcmp(digest, url_of(http)->digest, size);
}

static bool regex_matches(const struct http_probe *http)
{
	const struct http_regexes *regexes = http->probe.attached;
	const struct check_url *url = url_of(http);
	const pcre2_code *code = regexes->of[http->probe.step].code;
	pcre2_match_data *match;
	bool matches = false;

	if (!code || url->regex_min_offset > http->body_size)
		return false;
	match = pcre2_match_data_create_from_pattern(code, NULL);
	if (match && pcre2_match(code, (PCRE2_SPTR)(http->body ? http->body : ""),
				 http->body_size, url->regex_min_offset, 0, match,
				 NULL) >= 0)
		matches = !url->regex_max_offset ||
			  pcre2_get_ovector_pointer(match)[0] < url->regex_max_offset;
	pcre2_match_data_free(match);
	return matches;
}

static void judge(struct http_probe *http)
{
	struct probe *probe = &http->probe;
	const struct check_url *url = url_of(http);
	bool digest = true, regex = true;
	long status = 0;

	curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
	if (url->has_digest)
		digest = digest_is_good(http);
	if (url->regex)
		regex = regex_matches(http) != url->regex_no_match;
	http_cancel(probe);
	if (!status_is_good(url, status))
		probe_end(probe, false, "status %ld of %s", status, url->path);
	else if (!digest)
		probe_end(probe, false, "digest of %s differs", url->path);
	else if (!regex)
		probe_end(probe, false, "%s %s the regular expression", url->path,
			  url->regex_no_match ? "matches" : "does not match");
	else
		probe_end(probe, true, "status %ld of %s", status, url->path);
}

/* --- the transfer --------------------------------------------------------------- */

static void alive(struct http_probe *http)
{
	struct timeval timeout = probe_timeval(http->probe.spec->timeout);

	evtimer_add(http->timer, &timeout);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct http_probe *http = arg;

	(void)fd;
	(void)what;
	fail(http, http->connected ? "no answer in time" : "no connection in time");
}

static void on_done(struct curl_done *done, CURL *easy, CURLcode result)
{
	struct http_probe *http =
		(struct http_probe *)((char *)done - offsetof(struct http_probe, done));
	struct probe *probe = &http->probe;
	long err = 0;

	/* A body that is shorter than said is an answer all the same. */
	if (result == CURLE_OK || result == CURLE_PARTIAL_FILE) {
		judge(http);
		return;
	}
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &err);
	if (http->what) {
		const char *which = http->what;

		http_cancel(probe);
		probe_skip(probe, which, err ? err : EINVAL);
	} else if (result == CURLE_COULDNT_CONNECT && err) {
		http_cancel(probe);
		probe_errno(probe, "connect", err);
	} else {
		char reason[CURL_ERROR_SIZE];

		snprintf(reason, sizeof(reason), "%s",
			 *http->error ? http->error : curl_easy_strerror(result));
		fail(http, reason);
	}
}

static int on_open(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	struct http_probe *http = arg;
	const char *what;
	int err = check_socket_bind(fd, http->probe.spec, &what);

	(void)purpose;
	if (!err)
		return CURL_SOCKOPT_OK;
	http->what = what;
	return CURL_SOCKOPT_ERROR;
}

static int on_connected(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	struct http_probe *http = arg;

	(void)peer;
	(void)local;
	(void)peer_port;
	(void)local_port;
	http->connected = true;
	alive(http);
	return CURL_PREREQFUNC_OK;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	(void)data;
	alive(arg);
	return size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct http_probe *http = arg;
	size_t length = size * count, room = BODY_MAX - http->body_size;

	alive(http);
	if (http->md5)
		EVP_DigestUpdate(http->md5, data, length);
	if (url_of(http)->regex && room) {
		char *body;

		if (room > length)
			room = length;
		body = realloc(http->body, http->body_size + room);
		if (!body)
			return 0;
		memcpy(body + http->body_size, data, room);
		http->body = body;
		http->body_size += room;
	}
	return length;
}

/* The name for TLS, without the port that a virtualhost may have; NULL: none. */
static const char *sni_name(const struct http_probe *http, char *name, size_t size)
{
	const struct check_http *spec = &http->probe.spec->http;
	const char *from = spec->sni_name ? spec->sni_name :
			   url_of(http)->virtualhost ? url_of(http)->virtualhost :
			   spec->virtualhost;
	size_t length;

	if (!spec->sni || !from)
		return NULL;
	length = *from == '[' ? strlen(from) : strcspn(from, ":");
	snprintf(name, size, "%.*s", (int)length, from);
	return name;
}

static bool add(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer)
		*list = longer;
	return longer;
}

/* Always an address: names are never looked up. */
static bool set_peer(struct http_probe *http)
{
	const struct check_spec *spec = http->probe.spec;
	char peer[ENDPOINT_STRLEN], name[256], text[600];
	const char *sni = sni_name(http, name, sizeof(name));
	const char *scheme = spec->http.tls ? "https" : "http";

	endpoint_format(&spec->addr, spec->port, peer);
	snprintf(text, sizeof(text), "::%s", peer);
	if (sni && !add(&http->connect_to, text))
		return false;
	if (sni)
		snprintf(text, sizeof(text), "%s://%s:%u/", scheme, sni, spec->port);
	else
		snprintf(text, sizeof(text), "%s://%s/", scheme, peer);
	curl_easy_setopt(http->easy, CURLOPT_CONNECT_TO, http->connect_to);
	return !curl_easy_setopt(http->easy, CURLOPT_URL, text) &&
	       !curl_easy_setopt(http->easy, CURLOPT_REQUEST_TARGET, url_of(http)->path);
}

bool check_http_headers(struct curl_slist **headers, void *easy, const char *host,
			enum check_http_version version)
{
	char line[1024];

	snprintf(line, sizeof(line), "Host: %s", host);
	if (!add(headers, line) || !add(headers, "Accept:"))
		return false;
	if (version != CHECK_HTTP_1_0 && !add(headers, "Connection: close"))
		return false;
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "KeepAliveClient");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version == CHECK_HTTP_1_1 ?
			 CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_1_0);
	return !curl_easy_setopt(easy, CURLOPT_HTTPHEADER, *headers);
}

static bool set_headers(struct http_probe *http)
{
	const struct check_http *spec = &http->probe.spec->http;
	const char *host = url_of(http)->virtualhost ? url_of(http)->virtualhost :
			   spec->virtualhost;
	char peer[ENDPOINT_STRLEN];

	if (!host)
		host = endpoint_format(&http->probe.spec->addr, http->probe.spec->port, peer);
	return check_http_headers(&http->headers, http->easy, host, spec->version);
}

void check_http_options(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
}

static void set_certificate(CURL *easy, const struct check_http *spec)
{
	if (!spec->certificate)
		return;
	curl_easy_setopt(easy, CURLOPT_SSLCERT, spec->certificate);
	if (spec->key)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, spec->key);
	if (spec->password)
		curl_easy_setopt(easy, CURLOPT_KEYPASSWD, spec->password);
}

static void set_options(struct http_probe *http)
{
	CURL *easy = http->easy;

	check_http_options(easy);
	set_certificate(easy, &http->probe.spec->http);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->error);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
			 (long)(http->probe.spec->timeout * LIMIT / 1000));
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(http->probe.spec->timeout * LIMIT / 1000));
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, http);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, http);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, http);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
}

static bool prepare(struct http_probe *http)
{
	if (!probe_curl(&http->probe))
		return false;
	http->timer = evtimer_new(http->probe.base, on_timeout, http);
	http->easy = curl_easy_init();
	if (!http->timer || !http->easy)
		return false;
	if (url_of(http)->has_digest) {
		http->md5 = EVP_MD_CTX_new();
		if (!http->md5 || !EVP_DigestInit_ex(http->md5, EVP_md5(), NULL))
			return false;
	}
	set_options(http);
	return set_peer(http) && set_headers(http);
}

static void http_start(struct probe *probe)
{
	struct http_probe *http = (struct http_probe *)probe;

	http->done.done = on_done;
	if (prepare(http)) {
		alive(http);
		if (curl_loop_add(probe_curl(probe), http->easy, &http->done))
			return;
	}
	http_cancel(probe);
	probe_skip(probe, "HTTP", ENOMEM);
}

const struct check_ops check_http_ops = {
	.name = "HTTP_GET",
	.log_name = "HTTP_CHECK",
	.log_success = "Remote Web server %s succeed on service",
	.size = sizeof(struct http_probe),
	.habits = HEALTH_RECHECK,
	.start = http_start,
	.cancel = http_cancel,
	.attach = http_attach,
	.detach = http_detach,
};
