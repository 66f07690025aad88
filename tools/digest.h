/* SPDX-License-Identifier: GPL-2.0 */
/* halbd --digest URL: what `digest` has to be for that page, as genhash(1) prints it. */
#ifndef HALB_DIGEST_H
#define HALB_DIGEST_H

/* Asks as a check would, prints the digest; virtualhost: NULL for the URL's own. Returns the
 * program's exit code.
 */
int digest_print(const char *url, const char *virtualhost);

#endif
