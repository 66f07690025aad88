/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The packet filter of no_accept: what is sent to, or from, virtual addresses is dropped where it
 * would reach the host itself. A table of our own, written anew in one transaction; the kernel
 * removes it when the socket that made it is closed, so that it never outlives this process.
 */
#ifndef HALB_NFT_H
#define HALB_NFT_H

#include "model.h"

struct nft_addr {
	struct halb_addr addr;
	int ifindex;			/* matters for a link-local address */
};

/* From now on these are dropped, and no others. 0 or a negative errno, then nothing has changed. */
int nft_drop(const struct nft_addr *addrs, size_t count);

#endif
