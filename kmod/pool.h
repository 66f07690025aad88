/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The source addresses of a fullnat service. Which of their ports a connection
 * takes is in pool_walk.h.
 */
#ifndef _HALB_POOL_H
#define _HALB_POOL_H

#include <linux/netfilter.h>

/* addresses in a pool at most */
#define HALB_POOL_MAX		256U

/**
 * struct halb_pool - consecutive addresses
 * @first: the first one
 * @count: how many, 0 for no pool
 */
struct halb_pool {
	union nf_inet_addr first;
	u16 count;
};

#endif
