// SPDX-License-Identifier: GPL-2.0
#include "vrrp_group.h"

bool vrrp_group_has_fault(const struct vrrp *vrrp)
{
	const struct vrrp_group *group = vrrp->group;

	if (vrrp->fault)
		return true;
	for (unsigned int i = 0; group && i < group->count; i++)
		if (group->members[i]->fault)
			return true;
	return false;
}

bool vrrp_group_allows_master(const struct vrrp *vrrp)
{
	const struct vrrp_group *group = vrrp->group;

	for (unsigned int i = 0; group && i < group->count; i++) {
		const struct vrrp *other = group->members[i];

		/* One that leaves, or has not begun. */
		if (other->fault || (other != vrrp && other->state == VRRP_INIT) ||
		    other->handover != VRRP_NEVER)
			return false;
	}
	return true;
}

bool vrrp_group_has_master(const struct vrrp *vrrp)
{
	const struct vrrp_group *group = vrrp->group;

	for (unsigned int i = 0; group && i < group->count; i++)
		if (group->members[i]->state == VRRP_MASTER &&
		    group->members[i]->handover == VRRP_NEVER)
			return true;
	return false;
}

void vrrp_group_follow(struct vrrp *vrrp, vrrp_time now)
{
	struct vrrp_group *group = vrrp->group;

	/* A member that follows must not lead. Nor does one that starts or stops: the others
	 * do so by themselves.
	 */
	if (!group || group->following || vrrp->state == VRRP_INIT)
		return;
	group->following = true;
	for (unsigned int i = 0; i < group->count; i++) {
		struct vrrp *other = group->members[i];

		if (other->state == vrrp->state || other->state == VRRP_INIT ||
		    other->handover != VRRP_NEVER)
			continue;
		vrrp_enter(other, now, vrrp->state, VRRP_WHY_GROUP);
	}
	group->following = false;
	if (group->state == vrrp->state)
		return;
	group->state = vrrp->state;
	if (group->changed)
		group->changed(group);
}
