/* SPDX-License-Identifier: GPL-2.0 */
/* How HTTP_GET and SSL_GET ask, for who has to ask in the same way. */
#ifndef HALB_CHECK_HTTP_H
#define HALB_CHECK_HTTP_H

#include <curl/curl.h>

#include "check.h"

/* As keepalived asks, header for header. The list is the caller's. False: no memory is left. */
bool check_http_headers(struct curl_slist **headers, void *easy, const char *host,
			enum check_http_version version);
/* What is the same for all transfers: no proxy, no other protocols, and whoever the server says
 * it is.
 */
void check_http_options(CURL *easy);

#endif
