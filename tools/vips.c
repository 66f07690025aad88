// SPDX-License-Identifier: GPL-2.0
#include "vips.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vrrp_sock.h"

struct vips *vips_new(void)
{
	void *at = mmap(NULL, sizeof(struct vips), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

struct vip *vips_find(struct vips *vips, int ifindex, const struct halb_addr *addr)
{
	for (unsigned int i = 0; i < vips->count; i++)
		if (vips->vips[i].addr.ifindex == ifindex &&
		    halb_addr_equal(&vips->vips[i].addr.addr, addr))
			return &vips->vips[i];
	return NULL;
}

int vips_hold(struct vips *vips, const struct rtnl_addr *addr, bool keep)
{
	struct vip *vip = vips_find(vips, addr->ifindex, &addr->addr);
	int ret;

	if (vip) {
		vip->holders++;
		return 0;
	}
	if (vips->count == VIPS_MAX)
		return -ENOSPC;
	/* Noted first: what is not there is easily taken away. */
	vip = &vips->vips[vips->count];
	*vip = (struct vip){ .addr = *addr, .holders = 1, .foreign = keep };
	__atomic_store_n(&vips->count, vips->count + 1, __ATOMIC_RELEASE);
	ret = rtnl_addr_add(addr);
	if (!ret)
		vip->foreign = false;
	return ret == -EEXIST ? 0 : ret;
}

int vips_release(struct vips *vips, const struct rtnl_addr *addr)
{
	struct vip *vip = vips_find(vips, addr->ifindex, &addr->addr);
	int ret = 0;

	if (!vip || --vip->holders)
		return 0;
	if (!vip->foreign)
		ret = rtnl_addr_del(&vip->addr);
	*vip = vips->vips[vips->count - 1];
	__atomic_store_n(&vips->count, vips->count - 1, __ATOMIC_RELEASE);
	/* Gone by itself, with its interface or by somebody's hand */
	return ret == -EADDRNOTAVAIL || ret == -ENODEV ? 0 : ret;
}

unsigned int vips_clear(struct vips *vips)
{
	unsigned int count = vips->count;

	if (count > VIPS_MAX)
		count = VIPS_MAX;
	for (unsigned int i = 0; i < count; i++)
		if (!vips->vips[i].foreign)
			rtnl_addr_del(&vips->vips[i].addr);
	vips->count = 0;
	return count;
}

void vips_say_last_words(struct vips *vips)
{
	for (unsigned int i = 0; i < LAST_WORDS_MAX; i++) {
		struct last_word *word = &vips->last_words[i];
		int fd;

		if (!word->valid || word->len > LAST_WORD_SIZE)
			continue;
		word->valid = false;
		word->ifname[IFNAMSIZ - 1] = '\0';
		fd = vrrp_sock_open(word->envelope.to.family, word->ifname, 0);
		if (fd < 0)
			continue;
		vrrp_sock_send(fd, word->ifindex, &word->envelope, word->data, word->len);
		close(fd);
	}
}
