/* SPDX-License-Identifier: GPL-2.0 */
/* Files that last until the next boot, one of each name for a network namespace. */
#ifndef HALB_RUN_H
#define HALB_RUN_H

#define RUN_DIRECTORY	"/run/halb"
#define RUN_PATH_SIZE	96

/* The path of a file, whose directory is made if it can be: 0, or a negative errno when this
 * kernel (before Linux 5.14) does not tell namespaces apart.
 */
int run_path(const char *name, char path[static RUN_PATH_SIZE]);

#endif
