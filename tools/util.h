/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's own headers would give. */
#ifndef HALB_UTIL_H
#define HALB_UTIL_H

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

#undef __printf
#define __printf(format, first)	__attribute((__format__(__printf__, format, first)))

#endif
