/* SPDX-License-Identifier: GPL-2.0 */
/* Checks of the configuration, as the engine takes them. */
#ifndef HALB_CHECK_CONF_H
#define HALB_CHECK_CONF_H

#include "check.h"
#include "conf.h"

/* The runs that a check of the configuration is: a SMTP_CHECK is one for each of
 * its hosts.
 */
size_t check_conf_count(const struct conf_check *check);
/* Number n of them. What it points to is the configuration's and urls', which has
 * room for check->urls_count.
 */
void check_conf_spec(const struct conf *conf, const struct conf_check *check, size_t n,
		     struct check_url *urls, struct check_spec *spec);

#endif
