/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Instances that are master together, or none of them (vrrp_sync_group).
 */
#ifndef HALB_VRRP_GROUP_H
#define HALB_VRRP_GROUP_H

#include "vrrp.h"

struct vrrp_group {
	struct vrrp **members;
	unsigned int count;
	enum vrrp_state state;		/* the last that all of them went to */
	/* all members are in that state now; may be NULL */
	void (*changed)(struct vrrp_group *group);
	bool following;			/* members are being moved */
};

/* May it be master, as far as the others are concerned? */
bool vrrp_group_allows_master(const struct vrrp *vrrp);
/* Is a member master, and stays it? */
bool vrrp_group_has_master(const struct vrrp *vrrp);
/* Has it, or has another member, a fault? */
bool vrrp_group_has_fault(const struct vrrp *vrrp);
/* This member went to a state: the others follow. */
void vrrp_group_follow(struct vrrp *vrrp, vrrp_time now);

#endif
