/* SPDX-License-Identifier: GPL-2.0 */
/* Transfers of libcurl, many at a time, in a loop of libevent. */
#ifndef HALB_CURL_LOOP_H
#define HALB_CURL_LOOP_H

#include <curl/curl.h>

struct curl_loop;
struct event_base;

/* NULL when there is no memory. */
struct curl_loop *curl_loop_new(struct event_base *base);
void curl_loop_free(struct curl_loop *loop);

/* Starts a transfer. done is called from the loop, never from here, and may
 * remove and clean up the handle. False when there is no memory. The loop uses
 * CURLOPT_PRIVATE.
 */
struct curl_done {
	void (*done)(struct curl_done *done, CURL *easy, CURLcode result);
};

bool curl_loop_add(struct curl_loop *loop, CURL *easy, struct curl_done *done);
/* Also breaks it off. */
void curl_loop_remove(struct curl_loop *loop, CURL *easy);

#endif
