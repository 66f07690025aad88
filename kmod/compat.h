/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels that halb supports (6.1 and 6.12): the only
 * place for it. Included first by every file that needs it.
 */
#ifndef _HALB_COMPAT_H
#define _HALB_COMPAT_H

#include <linux/compiler.h>
#include <linux/compiler_attributes.h>
#include <linux/netlink.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#include <net/gso.h>
#else
#include <linux/skbuff.h>
#endif

#ifndef __counted_by
#define __counted_by(member)
#endif

/*
 * A sentence with numbers in it, at most 79 characters, where the kernel has
 * room for one; a literal where it has not.
 */
#ifdef NL_SET_ERR_MSG_FMT
#define halb_set_err_msg_fmt(extack, literal, format, args...) \
	NL_SET_ERR_MSG_FMT(extack, format, ##args)
#else
#define halb_set_err_msg_fmt(extack, literal, format, args...) \
	NL_SET_ERR_MSG(extack, literal)
#endif

/* The attributes of a request that is answered by a dump. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define halb_dump_attrs(cb)	(genl_info_dump(cb)->attrs)
#else
#define halb_dump_attrs(cb)	(genl_dumpit_info(cb)->attrs)
#endif

#endif
