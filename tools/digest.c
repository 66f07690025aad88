// SPDX-License-Identifier: GPL-2.0
/* halbd --digest URL */
#include "digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "check_http.h"

/* For all of the page. */
#define TIMEOUT_SECONDS	30

struct digest {
	CURL *easy;
	CURLU *url;
	struct curl_slist *headers, *connect_to;
	char *host, *port;
	EVP_MD_CTX *md5;
	char error[CURL_ERROR_SIZE];
};

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct digest *digest = arg;

	return EVP_DigestUpdate(digest->md5, data, size * count) ? size * count : 0;
}

/* A check says the address and the port that it connects to, unless it has a virtualhost, which
 * is the name for TLS, too.
 */
static bool set_host(struct digest *digest, const char *virtualhost)
{
	char line[600];

	if (curl_url_get(digest->url, CURLUPART_HOST, &digest->host, 0) ||
	    curl_url_get(digest->url, CURLUPART_PORT, &digest->port, CURLU_DEFAULT_PORT))
		return false;
	if (!virtualhost) {
		snprintf(line, sizeof(line), "%s:%s", digest->host, digest->port);
		return check_http_headers(&digest->headers, digest->easy, line, CHECK_HTTP_1_0);
	}
	snprintf(line, sizeof(line), "::%s:%s", digest->host, digest->port);
	digest->connect_to = curl_slist_append(NULL, line);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(virtualhost, ":"), virtualhost);
	return digest->connect_to &&
	       !curl_easy_setopt(digest->easy, CURLOPT_CONNECT_TO, digest->connect_to) &&
	       !curl_url_set(digest->url, CURLUPART_HOST, line, 0) &&
	       check_http_headers(&digest->headers, digest->easy, virtualhost, CHECK_HTTP_1_0);
}

static bool prepare(struct digest *digest, const char *virtualhost)
{
	if (!digest->easy || !digest->md5 || !EVP_DigestInit_ex(digest->md5, EVP_md5(), NULL))
		return false;
	check_http_options(digest->easy);
	curl_easy_setopt(digest->easy, CURLOPT_TIMEOUT, (long)TIMEOUT_SECONDS);
	curl_easy_setopt(digest->easy, CURLOPT_ERRORBUFFER, digest->error);
	curl_easy_setopt(digest->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(digest->easy, CURLOPT_WRITEDATA, digest);
	return set_host(digest, virtualhost) &&
	       !curl_easy_setopt(digest->easy, CURLOPT_CURLU, digest->url);
}

static int print(const struct digest *digest, const char *url)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned int size = 0;
	long status = 0;

	curl_easy_getinfo(digest->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200 || status > 299)
		fprintf(stderr, "halbd: %s answers with status %ld: a url block with this digest needs `status_code %ld` as well\n",
			url, status, status);
	if (!EVP_DigestFinal_ex(digest->md5, sum, &size))
		return 1;
	for (unsigned int i = 0; i < size; i++)
		printf("%02x", sum[i]);
	putchar('\n');
	return fflush(stdout) || ferror(stdout);
}

int digest_print(const char *url, const char *virtualhost)
{
	struct digest digest = {
		.easy = curl_easy_init(), .url = curl_url(), .md5 = EVP_MD_CTX_new(),
	};
	CURLcode result;
	int ret = 1;

	if (!digest.url || curl_url_set(digest.url, CURLUPART_URL, url, 0)) {
		fprintf(stderr, "halbd: %s is no URL: for example http://10.2.0.11:80/index.html\n",
			url);
		ret = 2;
	} else if (!prepare(&digest, virtualhost)) {
		fprintf(stderr, "halbd: cannot ask for %s: out of memory, or no http or https URL\n",
			url);
	} else {
		result = curl_easy_perform(digest.easy);
		if (result && result != CURLE_PARTIAL_FILE)
			fprintf(stderr, "halbd: no answer from %s: %s\n", url,
				*digest.error ? digest.error : curl_easy_strerror(result));
		else
			ret = print(&digest, url);
	}
	curl_easy_cleanup(digest.easy);
	curl_url_cleanup(digest.url);
	curl_free(digest.host);
	curl_free(digest.port);
	curl_slist_free_all(digest.headers);
	curl_slist_free_all(digest.connect_to);
	EVP_MD_CTX_free(digest.md5);
	return ret;
}
