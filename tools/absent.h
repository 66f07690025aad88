/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why the kernel has no family "halb", and what to do about it.
 */
#ifndef HALB_ABSENT_H
#define HALB_ABSENT_H

#include <stddef.h>

/* Leaves one sentence in buf: the module is not loaded, or it is built for
 * another kernel, or the kernel refuses its signature. Looks at files only and
 * loads nothing.
 *
 * Environment: HALB_KO names the module's file, before any other place.
 * HALB_SYSFS_ROOT is put before every path of the system (/lib/modules, /sys,
 * /proc); it is for tests.
 */
void absent_explain(char *buf, size_t size);

/* The vermagic of a module's file ("6.1.0-1-amd64 SMP mod_unload"), from its
 * .modinfo. Returns 0, or a negative errno: -ENOEXEC for what is no module.
 * *is_signed says whether a signature is appended. For tests, too.
 */
int absent_read_module(const char *path, char *vermagic, size_t size,
		       _Bool *is_signed);

#endif
