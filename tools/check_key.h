/* SPDX-License-Identifier: GPL-2.0 */
/* A specification of a check as a text: equal texts, equal checks. */
#ifndef HALB_CHECK_KEY_H
#define HALB_CHECK_KEY_H

struct check_spec;

/* What is checked and by which rules. For free(); NULL when there is no memory. */
char *check_key(const struct check_spec *spec);
/* The same without the rules. */
char *check_key_target(const struct check_spec *spec);

#endif
