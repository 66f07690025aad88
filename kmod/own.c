// SPDX-License-Identifier: GPL-2.0
/*
 * Which addresses are the director's own: see own.h. The routing tables know
 * best, for they have whatever makes an address local: addresses of all kinds
 * and their broadcasts, prefixes on loopback devices, local routes. They tell
 * what they hold at the start, and then what they get.
 *
 * Of several IPv4 routes to one prefix in one table they tell the first only.
 * So an own address that is also, in the same table, the destination of a
 * unicast route for a certain TOS would be missed.
 */
#include <linux/slab.h>
#include <net/fib_notifier.h>
#include <net/ip6_fib.h>
#include <net/ip_fib.h>

#include "own.h"

/* a bitmap of 256 bytes, where there are as many as usual */
#define HALB_OWN_ROOM_MIN	64U

static bool is_full(const struct halb_own *own)
{
	return atomic_read(&own->used) >= own->room;
}

static void put(struct halb_own *own, u8 af, const union nf_inet_addr *addr)
{
	halb_probe_add(own->probe, af, addr, HALB_PROBE_OWN);
	atomic_inc(&own->used);
	/* it says "yes" too often, until there is a larger one */
	if (is_full(own))
		queue_work(halb_wq, &own->net->own_work);
}

static void put4(struct halb_own *own,
		 const struct fib_entry_notifier_info *entry)
{
	union nf_inet_addr addr = { .ip = htonl(entry->dst) };

	if (entry->type != RTN_LOCAL && entry->type != RTN_BROADCAST)
		return;
	/* the tables that inet_addr_type() looks at */
	if (entry->tb_id != RT_TABLE_LOCAL && entry->tb_id != RT_TABLE_MAIN)
		return;
	/* no source at all, see martian4() */
	if (ipv4_is_loopback(addr.ip) && entry->dst_len >= 8)
		return;
	if (entry->dst_len < 32)
		WRITE_ONCE(own->ranges, true);
	else if (!halb_probe4(own->probe, addr.ip, HALB_PROBE_OWN))
		put(own, AF_INET, &addr);
}

static void put6(struct halb_own *own,
		 const struct fib6_entry_notifier_info *entry)
{
	const struct fib6_info *rt = entry->rt;
	union nf_inet_addr addr = { .in6 = rt->fib6_dst.addr };

	/* of prefixes ipv6_chk_addr() knows nothing */
	if (rt->fib6_type != RTN_LOCAL || rt->fib6_dst.plen != 128)
		return;
	if (!halb_probe6(own->probe, &addr.in6, HALB_PROBE_OWN))
		put(own, AF_INET6, &addr);
}

/* Under the lock of a routing table, or in the RCU section of a dump of it. */
static int route_event(struct notifier_block *block, unsigned long event,
		       void *ptr)
{
	struct halb_own *own = container_of(block, struct halb_own, block);
	const struct fib_notifier_info *info = ptr;

	if (event != FIB_EVENT_ENTRY_REPLACE && event != FIB_EVENT_ENTRY_APPEND)
		return NOTIFY_DONE;
	if (info->family == AF_INET)
		put4(own, container_of(info, struct fib_entry_notifier_info,
				       info));
	else if (info->family == AF_INET6)
		put6(own, container_of(info, struct fib6_entry_notifier_info,
				       info));
	return NOTIFY_DONE;
}

static void free_own(struct halb_own *own)
{
	kvfree_rcu(own->probe, rcu);
	kfree_rcu(own, rcu);
}

static struct halb_own *create(struct halb_net *hn, u32 room)
{
	struct halb_own *own = kzalloc(sizeof(*own), GFP_KERNEL_ACCOUNT);

	if (!own)
		return NULL;
	own->probe = halb_probe_create(room, false);
	if (!own->probe) {
		kfree(own);
		return NULL;
	}
	own->room = room;
	own->net = hn;
	own->block.notifier_call = route_event;
	return own;
}

/* With room for twice what the present one has. */
static u32 needed(const struct halb_own *old)
{
	u32 used = old ? atomic_read(&old->used) : 0;

	return max(2 * used, HALB_OWN_ROOM_MIN);
}

/*
 * The first one, or a larger one, which hears of changes before it takes the
 * old one's place; filled in one walk through the routing tables. Takes the
 * RTNL lock: never under the netns' mutex, which events of devices ask for
 * under that lock.
 */
static void renew(struct work_struct *work)
{
	struct halb_net *hn = container_of(work, struct halb_net, own_work);
	struct halb_own *own, *old;

	/* only this work, and the end of the netns, change it */
	old = rcu_dereference_protected(hn->own, true);
	if (READ_ONCE(hn->closing) || (old && !is_full(old)))
		return;
	own = create(hn, needed(old));
	if (!own)
		return;
	if (register_fib_notifier(hn->net, &own->block, NULL, NULL)) {
		free_own(own);
		return;
	}
	rcu_assign_pointer(hn->own, own);
	if (old) {
		unregister_fib_notifier(hn->net, &old->block);
		free_own(old);
	}
}

/**
 * halb_own_start - sees to it that own addresses are known
 * @hn: netns
 *
 * Begun with the first service, and until then and when it fails (for want of
 * memory, or because the routing tables change all the time) each new flow's
 * source is looked up. Context: any.
 */
void halb_own_start(struct halb_net *hn)
{
	if (!rcu_access_pointer(hn->own))
		queue_work(halb_wq, &hn->own_work);
}

void halb_own_init(struct halb_net *hn)
{
	INIT_WORK(&hn->own_work, renew);
}

/**
 * halb_own_stop - the end
 * @hn: netns, @halb_net.closing set, hooks gone
 *
 * Context: process, without the netns' mutex and the RTNL lock.
 */
void halb_own_stop(struct halb_net *hn)
{
	struct halb_own *own;

	cancel_work_sync(&hn->own_work);
	own = rcu_dereference_protected(hn->own, true);
	if (!own)
		return;
	unregister_fib_notifier(hn->net, &own->block);
	/* the last route may have started it once more, for nothing */
	cancel_work_sync(&hn->own_work);
	RCU_INIT_POINTER(hn->own, NULL);
	free_own(own);
}
