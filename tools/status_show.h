/* SPDX-License-Identifier: GPL-2.0 */
/* halbctl status: the parts of halbd's answer, shown to people. */
#ifndef HALB_STATUS_SHOW_H
#define HALB_STATUS_SHOW_H

#include <stdint.h>

#include <json-c/json.h>

#include "print.h"

/* "-" and 0 for what is not there */
const char *status_str(struct json_object *object, const char *key);
uint64_t status_number(struct json_object *object, const char *key);

/* the document */
void status_show_vrrp(struct out *out, struct json_object *root);
/* its "checks" */
void status_show_checks(struct out *out, struct json_object *checks);

#endif
